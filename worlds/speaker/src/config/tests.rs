//! What a configuration may say, and what is said of one that is wrong.

use super::*;
use crate::rule::Verdict;

fn with_interface(text: &str) -> Result<Config, String> {
    Config::parse(&format!("{text}\n[interface.eth0]\n"))
}

#[test]
fn an_interface_is_a_whole_configuration() {
    let config = with_interface("").unwrap();
    assert_eq!((config.port(), config.table()), (6696, 254));
    assert_eq!(config.control(), Path::new("/run/re6st-babel.sock"));
    assert!(Config::parse("").unwrap_err().contains("-i"));
}

#[test]
fn all_that_can_be_said() {
    let text = r#"
        router-id = "02:11:22:ff:fe:33:44:55"
        port = 6697
        control = "/run/a.sock"
        babeld-socket = 33123
        state = "/var/lib/a"
        table = 42
        metric = 1024
        max-routes = 1000
        preferred-source = ["10.0.0.1", "fd00::1"]
        keep-routes = true
        [default]
        hello = "2s"
        keys = ["old", "new"]
        [interface.eth0]
        kind = "wireless"
        update = "8s"
        cost = 300
        split-horizon = true
        v4-via-v6 = false
        [interface.wg0]
        kind = "tunnel"
        rtt = { min = "5ms", max = "300ms", penalty = 1000, decay = 64 }
        keys = []
        [[key]]
        id = "old"
        algorithm = "blake2s128"
        secret = "00112233445566778899aabbccddeeff"
        accept-until = 2027-01-01T00:00:00Z
        [[key]]
        id = "new"
        algorithm = "hmac-sha256"
        secret-file = "/etc/babel.key"
        sign-from = "2026-12-01T00:00:00Z"
        [[redistribute]]
        prefix = "10.0.0.0/8"
        le = 24
        protocol = "static"
        metric = 128
        [[redistribute]]
        local = true
        [[filter]]
        way = "in"
        prefix = "fd00::/8"
        action = "deny"
        [[filter]]
        way = "install"
        interface = "wg0"
        metric = 2048
    "#;
    let config = Config::parse(text).unwrap();
    assert_eq!(config.speak("eth0").hello, Some("2s".parse().unwrap()));
    assert_eq!(config.speak("eth0").keys.unwrap(), ["old", "new"]);
    assert_eq!(config.speak("wg0").keys.unwrap(), Vec::<String>::new());
    assert_eq!(config.keys[0].accept_until.unwrap().0.to_string(), "2027-01-01T00:00:00Z");
    assert_eq!((config.babeld_socket, config.max_routes), (Some(Socket::Port(33123)), Some(1000)));
    assert_eq!(config.redistribute[0].rule.protocol, Some(4));
    assert_eq!(config.filters[0].rule.verdict, Verdict::Deny);
    assert_eq!(config.filters[1].rule.verdict, Verdict::Allow(Some(2048)));
}

#[test]
fn what_is_wrong_is_named_with_its_remedy() {
    let wrong = [
        ("ruoter-id = 1", "unknown field `ruoter-id`"),
        ("router-id = \"7\"", "as 02:11:22:ff:fe:33:44:55"),
        ("port = 0", "leave it out"),
        ("max-routes = 0", "use 1 or more"),
        ("max-ranges = 0", "use 1 or more"),
        ("table = 255", "use 254"),
        ("preferred-source = [\"fd00::1\", \"fd00::2\"]", "one IPv4 and one IPv6"),
        ("babeld-socket = \"run\"", "begins with /"),
        ("[default]\nhello = \"4\"", "ms, s, m, h or d, as 4s"),
        ("[default]\nhello = 4", "as 4s"),
        ("[default]\nhello = \"1ms\"", "interface.eth0.hello: 1ms is out of bounds"),
        ("[default]\nupdate = \"1h\"", "10ms to 650s"),
        ("[default]\ncost = 0", "1 to 65534"),
        ("[default]\nkind = \"pigeon\"", "`wired`, `wireless`, `tunnel`"),
        ("[default]\nrtt = { min = \"9s\" }", "raise max"),
        ("[default]\nrtt = { decay = 0 }", "1 to 256"),
        ("[default]\nkeys = [\"k\"]", "add [[key]] with id = \"k\""),
        ("[interface.\"a b\"]", "`ip link` lists"),
        ("[[key]]\nid = \"k\"\nalgorithm = \"rot13\"", "expected `hmac-sha256` or `blake2s128`"),
        ("[[key]]\nid = \"k\"\nalgorithm = \"blake2s128\"", "either secret or secret-file"),
        ("[[key]]\nid = \"k\"\nalgorithm = \"blake2s128\"\nsecret = \"0\"", "rand -hex"),
        (
            "[[key]]\nid = \"k\"\nalgorithm = \"blake2s128\"\nsecret = \"00\"\n\
             sign-from = 2027-01-01T00:00:00Z\nsign-until = 2026-01-01T00:00:00Z",
            "sign-until is not after sign-from",
        ),
        ("[[filter]]\nprefix = \"::/0\"", "add way"),
        ("[[filter]]\nway = \"in\"\nprefix = \"10.0.0.0\"", "such as 10.0.0.0/8"),
        ("[[filter]]\nway = \"in\"\nprefix = \"10.0.0.0/8\"\nge = 64", "0 to 32"),
        ("[[filter]]\nway = \"in\"\nge = 64\nle = 32", "swap them"),
        ("[[filter]]\nway = \"in\"\naction = \"deny\"\nmetric = 1", "take it out"),
        ("[[filter]]\nway = \"in\"\nprotocol = \"static\"", "[[redistribute]] only"),
        ("[[filter]]\nway = \"in\"\nprefix = \"::/0\"\nsource = \"10.0.0.0/8\"", "both IPv6"),
        ("[[redistribute]]\nway = \"in\"", "[[filter]] only"),
        ("[[redistribute]]\nprotocol = \"magic\"", "one of redirect, kernel"),
        ("[[redistribute]]\nmetric = 65535", "0 to 65534"),
        ("[[redistribute]]\nlocal = true\nprotocol = 4", "addresses have none"),
    ];
    for (text, remedy) in wrong {
        let error = with_interface(text).unwrap_err();
        assert!(error.contains(remedy), "{text}: {error}");
    }
}

#[test]
fn the_example_for_operators_is_a_configuration() {
    let page = include_str!("../../../../docs/babel.md");
    let (_, after) = page.split_once("```toml\n").unwrap();
    let (example, _) = after.split_once("```").unwrap();
    let config = Config::parse(example).unwrap();
    let used = config.speak("wg0").keys.unwrap();
    let there: Vec<String> = config.keys.iter().map(|key| key.id.clone()).collect();
    assert_eq!(used, there, "each of its keys is shown, and used");
}

#[test]
fn a_secret_that_a_start_could_not_read_is_told_of_before() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    let text = format!(
        "[[key]]\nid = 'a'\nalgorithm = 'blake2s128'\nsecret-file = '{}'\n",
        file.display()
    );
    let config = with_interface(&text).unwrap();
    let error = config.check_secrets().unwrap_err();
    assert!(error.contains("secret") && error.contains("may read"), "{error}");
    std::fs::write(&file, "no digits\n").unwrap();
    assert!(config.check_secrets().unwrap_err().contains("openssl"));
    std::fs::write(&file, "00112233445566778899aabbccddeeff\n").unwrap();
    assert_eq!(config.check_secrets(), Ok(()));
}

#[test]
fn an_error_of_the_file_names_its_line() {
    let text = "port = 6696\n\n[[filter]]\nway = \"in\"\nprefix = \"10.0.0.1/8\"\n";
    let error = with_interface(text).unwrap_err();
    assert!(error.contains("line 3") && error.contains("10.0.0.1/8"), "{error}");
}

#[test]
fn what_is_typed_goes_before_what_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("babel.toml");
    std::fs::write(&file, "port = 1\ntable = 7\n[[redistribute]]\nlocal = true\n[interface.a]\n")
        .unwrap();
    let typed = Typed {
        config: Some(file.clone()),
        interfaces: vec!["b".into()],
        port: Some(2),
        redistribute: vec!["10.0.0.0/8 deny".parse().unwrap()],
        ..Typed::default()
    };
    let config = Config::read(&typed).unwrap();
    assert_eq!((config.port(), config.table()), (2, 7));
    assert_eq!(config.interfaces.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(config.redistribute[0].rule.verdict, Verdict::Deny);

    std::fs::write(&file, "prot = 1\n").unwrap();
    let error = Config::read(&typed).unwrap_err().to_string();
    assert!(error.contains("babel.toml") && error.contains("line 1"), "{error}");
}

#[test]
fn a_rule_is_typed_as_one_line() {
    let rule: Redistribute = "local fd00::/8 ge 64 interface lo metric 9".parse().unwrap();
    assert!(rule.local);
    assert_eq!((rule.rule.ge, rule.rule.le), (Some(64), None));
    assert_eq!(rule.rule.interface.as_deref(), Some("lo"));
    assert_eq!(rule.rule.verdict, Verdict::Allow(Some(9)));
    let rule: Redistribute = "protocol static".parse().unwrap();
    assert_eq!((rule.local, rule.rule.protocol), (false, Some(4)));
    for wrong in ["", "everything", "ge", "ge x", "local ge 200", "10.0.0.1/8", "metric 65535"] {
        assert!(wrong.parse::<Redistribute>().is_err(), "{wrong}");
    }
}
