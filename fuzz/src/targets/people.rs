//! What people write and copy: configurations, invitations, files.

use std::time::Duration;

use crypto::Fingerprint;
use daemon::Config;
use registry::{Invitation, Settings, Token};
use sim::{Fault, Matrix};
use words::{Prefix, Wall};

/// The configuration of a node.
pub(super) fn config(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    if let Err(why) = Config::parse(&text) {
        assert!(!why.is_empty(), "an error without a word");
    }
}

/// A prefix, as text.
pub(super) fn prefix(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    if let Ok(prefix) = text.parse::<Prefix>() {
        assert_eq!(prefix.to_string().parse(), Ok(prefix), "two prefixes have one name");
        assert!(prefix.contains(prefix.first()), "{prefix} does not hold its first address");
    }
}

/// An invitation.
pub(super) fn invitation(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    if let Ok(invitation) = text.parse::<Invitation>() {
        let again = invitation.to_string().parse();
        assert_eq!(again, Ok(invitation), "writing loses something");
    }
}

/// The settings of a registry.
pub(super) fn settings(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    if let Err(why) = Settings::parse(&text) {
        assert!(!why.is_empty(), "an error without a word");
    }
}

/// The file in which a node keeps contacts.
pub(super) fn contacts_file(octets: &[u8]) {
    let read = daemon::contacts::decode(octets);
    let length: usize = read.iter().map(Vec::len).sum();
    assert!(length <= octets.len(), "more is read than there is");
}

/// A file of round trips.
pub(super) fn round_trips(octets: &[u8]) {
    match Matrix::decode(octets) {
        Ok(matrix) => {
            let again = Matrix::decode(&matrix.encode());
            assert_eq!(again, Ok(matrix.clone()), "writing loses something");
            let last = matrix.places() - 1;
            assert_eq!(matrix.round_trip(0, last), matrix.round_trip(last, 0));
        }
        Err(why) => assert!(!why.to_string().is_empty(), "an error without a word"),
    }
}

/// A fault of a simulation.
pub(super) fn fault(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    if let Ok(fault) = text.parse::<Fault>() {
        let again = fault.to_string().parse::<Fault>();
        assert!(again.is_ok_and(|again| again.what == fault.what), "writing loses something");
    }
}

/// Files of round trips: of three places, and of two that nobody measured.
pub(super) fn all_round_trips() -> Vec<Vec<u8>> {
    let mut three = Matrix::new(3);
    three.set(0, 1, Duration::from_millis(80));
    three.set(2, 1, Duration::from_micros(12_300));
    vec![three.encode(), Matrix::new(2).encode()]
}

/// A fault of each kind.
pub(super) fn faults() -> Vec<Vec<u8>> {
    let all = [
        "kill 50%@1h",
        "kill-best 5%@90m",
        "cut-pairs 80%@10s",
        "filter CN 99%@2h",
        "kill-country 6@1h",
        "kill-registry@30m",
        "heal@3h",
    ];
    all.map(|text| text.as_bytes().to_vec()).into()
}

/// Invitations, right and of another version.
pub(super) fn invitations() -> Vec<Vec<u8>> {
    let invitation = Invitation {
        addresses: vec!["203.0.113.5:8443".to_owned(), "[2001:db8::5]:8443".to_owned()],
        fingerprint: Fingerprint([3; 32]),
        token: Token([9; 16]),
        expires: Wall(1_800_000_000),
    };
    let line = invitation.to_string();
    vec![line.clone().into_bytes(), line.replace("re6st1", "re6st2").into_bytes()]
}

/// Settings that say everything.
pub(super) fn all_settings() -> Vec<Vec<u8>> {
    let whole = r#"listen = "[::]:8443"
public = ["registry.example.org:8443", "203.0.113.5:8443"]
anonymous = true
certificate_days = 30
[limits]
connections = 10
connections_per_source = 5
held = 5
held_per_source = 2
burst = 4
requests_per_second = 2
strangers_per_hour = 1
patience_seconds = 3
"#;
    vec![whole.into()]
}

/// A file of two introductions.
pub(super) fn contacts_files() -> Vec<Vec<u8>> {
    vec![vec![0, 3, 1, 2, 3, 0, 1, 9]]
}

/// A configuration that says everything, and one that says nothing.
pub(super) fn configs() -> Vec<Vec<u8>> {
    let whole = r#"interface = "mesh0"
port = 7000
endpoints = ["203.0.113.9:7000", "[2001:db8::9]:7000"]
country = "FR"
uplink = 20
[arrows]
count = 8
round = "10s"
share = "50%"
limit = "30m"
most_used = "10%"
well_known = "0%"
neighbourhood = "20%"
[[ensure]]
at_least = 1
country = "CN"
[[ensure]]
at_least = 1
carrier = "udp"
"#;
    vec![whole.into(), Vec::new()]
}

/// Prefixes long, short and wrong.
pub(super) fn prefixes() -> Vec<Vec<u8>> {
    let all = ["fd12:3456:789a:2a::/64", "::/0", "2001:db8::9/128", "fd00::1/8", "10.0.0.0/8", "x"];
    all.iter().map(|text| text.as_bytes().to_vec()).collect()
}
