//! What a configuration says, and what is refused or held.

use super::*;

#[test]
fn nothing_said_is_a_whole_configuration() {
    let config = Config::parse("").unwrap();
    assert_eq!((config.interface(), config.port()), ("re6st0", 6326));
}

#[test]
fn all_that_can_be_said() {
    let text = r#"
        interface = "mesh0"
        port = 7000
        endpoints = ["203.0.113.9:7000", "[2001:db8::9]:7000"]
        country = "FR"
        [arrows]
        count = 8
        round = "10s"
        share = "50%"
        limit = "30m"
        most_used = "10%"
        well_known = "0%"
        neighbourhood = "20%"
        accept = 10
        [[ensure]]
        at_least = 1
        country = "CN"
        [lan]
        announce = false
        arrows = 2
        interfaces = ["eth0", "wlan0"]
        [exit]
        ipv4 = true
        ipv6 = true
        interface = "eth0"
        from = ["10.42.8.0/21", "fd00:42::/49"]
        masquerade = false
        private = true
        probe = ["192.0.2.1:443"]
    "#;
    let config = Config::parse(text).unwrap();
    let exit = config.exit.unwrap();
    assert_eq!((exit.from.len(), exit.probe.len(), exit.masquerade), (2, 1, false));
    assert!(Config::parse("use_exits = true").unwrap().use_exits);
    let named = Config::parse("use_exits = true\nprefer_exit = \"fd00:42:0:7::/64\"").unwrap();
    assert_eq!(named.prefer_exit, Some("fd00:42:0:7::/64".parse().unwrap()));
    assert_eq!(config.arrows.round, Some(Span(Duration::from_secs(10))));
    assert_eq!(config.arrows.share, Some(Percent(50)));
    assert_eq!(config.ensure.len(), 1);
}

#[test]
fn what_is_wrong_is_named_with_its_remedy() {
    let wrong = [
        ("intreface = \"x\"", "unknown field `intreface`"),
        ("[arrows]\nround = \"5 parsecs\"", "ms, s, m, h or d"),
        ("[arrows]\nround = 300", "expected text, as \"5m\""),
        ("[arrows]\nshare = \"130%\"", "0% to 100%"),
        ("port = 70000", "0 to 65535"),
        ("port = \"6326\"", "a whole number"),
        ("country = \"france\"", "two capital letters"),
        ("[[ensure]]\nat_least = 1", "either a country or a carrier"),
        ("[[ensure]]\nat_least = 1\ncarrier = \"pigeon\"", "no carrier of this program; use udp"),
        ("[[ensure]]\nat_least = 1\ncarrier = \"tls\"", "`tls` is no carrier of this program"),
        ("[lan]\ninterfaces = [\"\"]", "ip -br link"),
        ("prefer_exit = \"fd00::/64\"", "use_exits = true too"),
        ("use_exits = true\nprefer_exit = \"node7\"", "`node7`"),
        ("[exit]", "ipv4 = true"),
        ("[exit]\nipv4 = true\nfrom = [\"10.0.0.1/8\"]", "clear them"),
        ("[exit]\nipv4 = true\nfrom = [\"10.1.0.0/16\", \"10.2.0.0/16\"]", "each family"),
        ("use_exits = true\n[exit]\nipv4 = true", "goes out by itself"),
        ("bootstrap = [\"!\"]", "re6st introduction"),
        ("bootstrap = [\"AAAA\"]", "is no introduction"),
        ("bootstrap = [7]", "expected text"),
        ("endpoints = [\"nowhere\"]", "as 203.0.113.5:6326"),
        ("endpoints = [\"[::]:6326\"]", "as 203.0.113.5:6326"),
        ("endpoints = [\"203.0.113.9:0\"]", "and a port"),
        (&format!("endpoints = [{}]", "\"[::1]:1\",".repeat(9)), "the best 8"),
    ];
    for (text, remedy) in wrong {
        let error = Config::parse(text).unwrap_err();
        assert!(error.contains(remedy), "{text}: {error}");
    }
}

#[test]
fn what_is_out_of_bounds_is_held_and_the_bounds_are_named() {
    let all = |text: &str| Config::parse(text).unwrap();
    for (key, given, held) in [
        ("count", "0", "1 to 100, so 1 holds"),
        ("count", "300", "1 to 100, so 100 holds"),
        ("count", "-3", "1 to 100, so 1 holds"),
        ("round", "\"61m\"", "1s to 1h, so 1h holds"),
        ("round", "\"1ms\"", "1s to 1h, so 1s holds"),
        ("limit", "\"2h\"", "1s to 1h, so 1h holds"),
        ("limit", "\"0ms\"", "1s to 1h, so 1s holds"),
        ("share", "\"0%\"", "1% to 100%, so 1% holds"),
        ("most_used", "\"50%\"", "0% to 20%, so 20% holds"),
        ("well_known", "\"31%\"", "0% to 30%, so 30% holds"),
        ("neighbourhood", "\"100%\"", "0% to 20%, so 20% holds"),
        ("accept", "0", "1 to 10, so 1 holds"),
        ("accept", "11", "1 to 10, so 10 holds"),
    ] {
        let config = all(&format!("[arrows]\n{key} = {given}"));
        let given = given.trim_matches('"');
        let objection = format!("arrows.{key}: {given} is out of bounds; {held}");
        assert_eq!(config.objections(), [objection]);
    }
    let rule = "[[ensure]]\nat_least = 9\ncountry = \"CN\"\n";
    let config = all(&rule.repeat(9));
    assert_eq!((config.ensure.len(), config.ensure[7].at_least), (8, 3));
    assert_eq!(config.objections().len(), 9, "one rule too many, and eight that ask too much");
    let lan = all("[lan]\narrows = 99");
    let objection = "lan.arrows: 99 is out of bounds; 0 to 8, so 8 holds";
    assert_eq!((lan.objections()[0].as_str(), lan.lan.arrows), (objection, 8));
    let able = all("capacity = 0");
    let objection = "capacity: 0 is out of bounds; 1 to 100000, so 1 holds";
    assert_eq!((able.objections()[0].as_str(), able.capacity), (objection, Some(1)));
    let fast = all("uplink = 100001");
    let objection = "uplink: 100001 is out of bounds; 1 to 100000, so 100000 holds";
    assert_eq!((fast.objections()[0].as_str(), fast.uplink), (objection, Some(100_000)));
    assert!(all("[arrows]\ncount = 100\nlimit = \"1h\"").objections().is_empty());
}

#[test]
fn what_is_accepted_is_what_engines_do() {
    use principles::exceptions::{Ensure, Rule, SmallMesh};

    let rule = |at_least| Rule { at_least, ensure: Ensure::Country(*b"CN") };
    let most = vec![rule(3); RULES];
    assert_eq!(SmallMesh::new(most.clone()).rules(), most);
    assert_ne!(SmallMesh::new([rule(4)]).rules(), [rule(4)]);
    assert_eq!(SmallMesh::new(vec![rule(1); RULES + 1]).rules().len(), RULES);
    let (least, most) = gossip::Parameters::ACCEPTANCE;
    assert_eq!(ACCEPT, (least.into(), most.into()));
}
