//! Datagrams that are no packets of a neighbour make none, whoever wrote them, and are counted.

use std::collections::BTreeMap;
use std::net::{Ipv6Addr, SocketAddrV6, UdpSocket};
use std::time::Duration;

use super::{Fact, PATIENCE};
use crate::babel::PORT;
use crate::island::Node;
use crate::speakers::Make::Ours;
use crate::stage::Stage;

/// The group of all that speak.
const GROUP: &str = "ff02::1:6";

pub(super) fn facts() -> Vec<Fact> {
    vec![Fact::new("a_datagram_with_a_wrong_envelope_makes_no_neighbour", &[Ours], envelopes)]
}

/// A machine without a daemon sends one good greeting from wrong places, then from a right one.
fn envelopes(stage: &mut Stage) -> String {
    let [a, b] = stage.machines([Ours, Ours]);
    stage.cable(a, b);
    stage.start(a);
    stage.until(PATIENCE, "it speaks", |stage| {
        stage.file(a, "ours.ctl").exists() && stage.status(a)["interfaces"][0]["up"] == true
    });
    let (near, far) = (b.link_local(), b.own6());
    let wrong = [
        ("source-port", near.as_str(), PORT + 1, GROUP.to_owned()),
        ("source-port", near.as_str(), PORT + 1, a.link_local()),
        ("source-not-link-local", far.as_str(), PORT, GROUP.to_owned()),
        ("source-not-link-local", far.as_str(), PORT, a.link_local()),
    ];
    let mut expected = BTreeMap::new();
    for (reason, from, port, to) in wrong {
        *expected.entry(reason).or_insert(0) += 1;
        send(stage, [a, b], (from, port), &to);
        stage.until(PATIENCE, reason, |stage| {
            stage.status(a)["counters"]["ignored"][reason] == expected[reason]
        });
        assert_eq!(neighbours(stage, a), 0, "{reason}, to {to}");
    }
    send(stage, [a, b], (&near, PORT), GROUP);
    stage.until(PATIENCE, "a right one makes a neighbour", |stage| neighbours(stage, a) == 1);
    let ignored = &stage.status(a)["counters"]["ignored"];
    assert_eq!(*ignored, serde_json::json!(expected), "and nothing else is ignored");
    stage.never(Duration::from_millis(200), "it ends", |stage| neighbours(stage, a) != 1);
    format!("ignored: {expected:?}")
}

fn neighbours(stage: &Stage, at: Node) -> usize {
    stage.status(at)["neighbours"].as_array().map_or(0, Vec::len)
}

/// Sends a Hello to `to` from an address and a port of the second machine, by its only cable.
fn send(stage: &Stage, [a, b]: [Node; 2], (from, port): (&str, u16), to: &str) {
    const HELLO: [u8; 12] = [42, 2, 0, 8, 4, 6, 0, 0, 0, 1, 1, 144];
    let island = stage.island(b);
    let index = island.ip(&format!("-o link show {}", b.towards(a)));
    let index = index.split(':').next().and_then(|it| it.parse().ok()).expect("an interface");
    let address = |text: &str| text.parse::<Ipv6Addr>().expect("an address");
    let (from, to) = (address(from), SocketAddrV6::new(address(to), PORT, 0, index));
    let scope = if from.is_unicast_link_local() { index } else { 0 };
    let sent = island
        .namespace
        .run(|| UdpSocket::bind(SocketAddrV6::new(from, port, 0, scope))?.send_to(&HELLO, to));
    assert_eq!(sent.expect("we may enter").expect("an open way"), HELLO.len());
}
