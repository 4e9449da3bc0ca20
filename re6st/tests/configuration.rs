//! Configurations and command lines that are wrong: each is refused with its remedy.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses what it needs")]
mod common;

use common::home::Home;
use common::machine::Machine;
use common::town::Town;
use common::{command, patiently, re6st};

/// What is out of bounds, and the words that say so and what holds instead.
const BEYOND: [(&str, &str); 12] = [
    ("[arrows]\nround = \"0s\"", "arrows.round: 0ms is out of bounds; 1s to 1h, so 1s holds"),
    ("[arrows]\nround = \"1d\"", "arrows.round: 1d is out of bounds; 1s to 1h, so 1h holds"),
    ("[arrows]\nlimit = \"2h\"", "arrows.limit: 2h is out of bounds; 1s to 1h, so 1h holds"),
    ("[arrows]\nshare = \"0%\"", "arrows.share: 0% is out of bounds; 1% to 100%, so 1% holds"),
    ("[arrows]\nmost_used = \"21%\"", "21% is out of bounds; 0% to 20%, so 20% holds"),
    ("[arrows]\nwell_known = \"31%\"", "31% is out of bounds; 0% to 30%, so 30% holds"),
    ("[arrows]\nneighbourhood = \"21%\"", "21% is out of bounds; 0% to 20%, so 20% holds"),
    ("[arrows]\ncount = 0", "arrows.count: 0 is out of bounds; 1 to 100, so 1 holds"),
    ("[arrows]\ncount = 300", "arrows.count: 300 is out of bounds; 1 to 100, so 100 holds"),
    ("[arrows]\ncount = -3", "arrows.count: -3 is out of bounds; 1 to 100, so 1 holds"),
    ("[arrows]\naccept = 11", "arrows.accept: 11 is out of bounds; 1 to 10, so 10 holds"),
    (
        "[[ensure]]\nat_least = 4\ncountry = \"CN\"",
        "ensure.at_least: 4 is out of bounds; 1 to 3, so 3 holds",
    ),
];

/// What is wrong, and the words that say so and what to do.
const WRONG: [(&str, &[&str]); 20] = [
    ("intreface = \"x\"", &["line 1", "unknown field `intreface`", "expected one of", "interface"]),
    ("[arows]\ncount = 3", &["unknown field `arows`", "arrows"]),
    ("[arrows]\ncuont = 3", &["unknown field `cuont`", "count"]),
    ("[[ensure]]\nat_least = 1\ncontry = \"FR\"", &["unknown field `contry`", "country"]),
    ("[arrows]\nround = 300", &["integer `300`", "expected text, as \"5m\""]),
    ("[arrows]\nround = \"5 parsecs\"", &["line 2", "`5 parsecs` is no time", "ms, s, m, h or d"]),
    ("[arrows]\nround = \"99999999999999999999d\"", &["is no time"]),
    ("[arrows]\nshare = 0.3", &["expected text, as \"30%\""]),
    ("[arrows]\nshare = \"130%\"", &["`130%` is no share", "0% to 100%"]),
    ("port = 70000", &["70000 is out of bounds", "0 to 65535"]),
    ("port = \"6326\"", &["string \"6326\"", "a whole number"]),
    ("interface = \"much too long a name\"", &["interface", "1 to 15 letters"]),
    ("country = \"France\"", &["country", "`France`", "two capital letters"]),
    ("[[ensure]]\nat_least = 1", &["ensure", "either a country or a carrier"]),
    ("[[ensure]]\nat_least = 1\ncarrier = \"pigeon\"", &["`pigeon` is no carrier", "udp"]),
    ("[[ensure]]\nat_least = 1\ncarrier = \"tls\"", &["`tls` is no carrier", "udp"]),
    ("endpoints = [\"nowhere\"]", &["`nowhere` is no endpoint", "as 203.0.113.5:6326"]),
    ("endpoints = [\"0.0.0.0:6326\"]", &["is no endpoint", "an address of this machine"]),
    ("bootstrap = [\"AAAA\"]", &["line 1", "`AAAA…` is no introduction", "`re6st introduction`"]),
    ("port =", &["line 1"]),
];

#[test]
fn check_names_what_is_wrong_and_the_remedy() {
    let home = Home::empty();
    let file = home.folder().join("wrong.toml");
    let name = file.to_str().unwrap();
    for (text, words) in WRONG {
        std::fs::write(&file, text).unwrap();
        let said = re6st(&["check", name]);
        said.refused(words);
        said.refused(&[name]);
    }
    std::fs::write(&file, "port = 7000\n[arrows]\ncount = 3\n").unwrap();
    assert!(re6st(&["check", name]).well().contains("nothing is wrong"));
}

#[test]
fn check_names_the_bounds_of_what_is_held_at_them() {
    let home = Home::empty();
    let file = home.folder().join("beyond.toml");
    for (text, words) in BEYOND {
        std::fs::write(&file, text).unwrap();
        let said = re6st(&["check", file.to_str().unwrap()]).well();
        assert!(said.contains(words), "no {words:?} in: {said}");
        assert!(said.contains("it can be used, with 1 held at bounds"), "{said}");
    }
}

#[test]
fn parameters_of_the_network_are_held_at_their_bounds_and_the_bounds_are_named() {
    let home = Home::empty();
    let public = ["registry", "init", "--directory", home.path(), "--public", "127.0.0.1:8443"];
    let said = re6st(&[&public[..], &["--arrows", "0", "--limit", "2h"]].concat());
    assert!(said.err.contains("arrows must be 1 to 100, and is held there"), "{said:?}");
    assert!(said.err.contains("limit must be 1s to 1h, and is held there"), "{said:?}");
    said.well();
    let change = ["registry", "parameters", "--directory", home.path()];
    let said = re6st(&[&change[..], &["--neighbourhood", "21%"]].concat());
    assert!(said.err.contains("neighbourhood must be 0% to 20%, and is held there"), "{said:?}");
    assert!(said.well().contains("version 2"));
    let said = re6st(&[&change[..], &["--neighbourhood", "20%"]].concat());
    assert!(!said.err.contains("held"), "{said:?}");
    said.well();
}

#[test]
fn what_changes_in_the_map_of_meshes_is_shown_for_people_and_programs() {
    let home = Home::empty();
    let (init, meshes) = (["registry", "init"], ["registry", "meshes"]);
    let registry = |words: &[&str]| re6st(&[words, &["--directory", home.path()]].concat()).well();
    let order = ["--order", "2", "--meshes", "4", "--network", "fd00:42::/48"];
    registry(&[&init[..], &order, &["--public", "127.0.0.1:8443"]].concat());
    let show = || registry(&[&meshes[..], &["show"]].concat());
    assert!(!show().contains("in force"), "nothing changes yet");
    registry(&[&meshes[..], &["merge", "fd00:42::/49"]].concat());
    let shown = show();
    assert!(shown.contains("the halves of fd00:42::/49 become one mesh: announced"), "{shown}");
    let shown = registry(&[&meshes[..], &["show", "--json"]].concat());
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let plan = &shown["plan"];
    assert_eq!((&plan["change"], &plan["range"]), (&"merge".into(), &"fd00:42::/49".into()));
    assert_eq!(plan["phase"], "announced");
}

#[test]
fn a_node_does_not_start_with_what_check_refuses() {
    let home = Home::new();
    for (text, words) in WRONG.into_iter().step_by(5) {
        home.write("re6st.toml", text);
        let said = re6st(&["up", "--state", home.path()]);
        said.refused(words);
        said.refused(&["re6st.toml"]);
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_named() {
    let home = Home::new();
    let (missing, folder) = (home.file("none.toml"), home.folder().to_str().unwrap());
    let missing = missing.to_str().unwrap();
    re6st(&["check", missing]).refused(&[missing, "No such file", "name a text file"]);
    re6st(&["check", folder]).refused(&["directory", "name a text file"]);
    let up = |file| re6st(&["up", "--state", home.path(), "--config", file]);
    up(missing).refused(&[missing, "No such file"]);
    up(folder).refused(&[folder, "a file is wanted here"]);
    home.write("re6st.toml", b"\xff\xfe\x00");
    let file = home.file("re6st.toml");
    re6st(&["check", file.to_str().unwrap()]).refused(&["UTF-8", "name a text file"]);
    re6st(&["up", "--state", home.path()]).refused(&["re6st.toml is not text", "UTF-8"]);
}

#[test]
fn what_is_typed_wrong_changes_nothing() {
    let home = Home::empty();
    let init = |more: &[&str]| {
        let base = ["registry", "init", "--directory", home.path()];
        re6st(&base.iter().chain(more).copied().collect::<Vec<_>>())
    };
    init(&[]).refused(&["--public"]);
    let public = ["--public", "127.0.0.1:8443"];
    let wrong: [(&[&str], &[&str]); 8] = [
        (&["--public", "nowhere"], &["\"nowhere\" is no HOST:PORT", "203.0.113.5:8443"]),
        (&["--network", "rubbish"], &["'rubbish'", "a range such as"]),
        (&["--network", "fe80::/48"], &["cannot be a network", "a /16 to a /60"]),
        (&["--uses", "0"], &["'--uses <USES>'", "1.."]),
        (&["--lifetime", "0s"], &["0ms is out of bounds", "1s to 3650d"]),
        (&["--lifetime", "5"], &["`5` is no time", "as 5m"]),
        (&["--share", "130%"], &["`130%` is no share", "0% to 100%"]),
        (&["--well-known", "fd00:42::/48"], &["is no prefix of a node", "registry nodes"]),
    ];
    for (more, words) in wrong {
        init(&[&public, more].concat()).refused(words);
        assert!(!home.state.exists(), "{more:?}");
    }
    let join =
        |more: &[&str]| re6st(&[&["join", "re6st1:x", "--state", home.path()], more].concat());
    join(&["--country", "fr"]).refused(&["`fr` is no country", "two capital letters"]);
    join(&["--endpoint", "here"]).refused(&["'here'", "--endpoint"]);
    assert!(!home.state.exists());
}

#[test]
fn a_recording_that_is_none_is_refused() {
    let home = Home::empty();
    let file = home.folder().join("recording");
    let name = file.to_str().unwrap();
    for garbage in [&b"{}\n"[..], b"\xff\xff\n", b"", b"{\"re6st\":2}\n"] {
        std::fs::write(&file, garbage).unwrap();
        re6st(&["replay", name]).refused(&["line 1", "re6st up --record"]);
    }
}

#[test]
fn a_registry_is_not_served_with_wrong_settings() {
    let town = Town::new();
    let file = town.directory().join("registry.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    for (more, words) in [
        ("anonimous = true", ["registry.toml", "unknown field `anonimous`"]),
        ("certificate_days = 0", ["certificate_days", "1 to 3650"]),
        ("[limits]\nheld = 0", ["0 would keep everybody out", "1 or more"]),
    ] {
        std::fs::write(&file, format!("{good}{more}\n")).unwrap();
        town.does(&["serve"]).refused(&words);
    }
}

#[test]
fn output_that_goes_nowhere_is_no_panic() {
    let home = Home::new();
    home.write("re6st.toml", "");
    let file = home.file("re6st.toml");
    let check = ["check", file.to_str().unwrap()];
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = command(&check).stdout(full()).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success() && !said.contains("panicked"), "{said}");
    assert!(said.contains("No space left") && said.contains("make room"), "{said}");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = command(&check).stdout(writer).output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
    let ended = command(&["check", "/nowhere"]).stderr(full()).status().unwrap();
    assert_eq!(ended.code(), Some(1));
}

#[test]
fn a_log_on_a_full_disk_stops_no_node() {
    let Some(machine) = Machine::private() else { return };
    let home = Home::new();
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "exec \"$0\" \"$@\" 2> /dev/full", env!("CARGO_BIN_EXE_re6st")]);
    let _node = machine.start(shell.args(["up", "--state", home.path()]));
    assert!(patiently(|| home.status()["uptime_s"].as_f64() > Some(1.0)));
}
