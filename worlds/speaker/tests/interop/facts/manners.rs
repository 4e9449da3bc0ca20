//! What ours puts on the wire, octet by octet, beside a daemon with much to be told.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Fact, PATIENCE};
use crate::babel::{HEADERS, PORT, is_babel, items_of};
use crate::island::Link;
use crate::setting::{Algorithm, Key};
use crate::speakers::Make::{Babeld, Ours};
use crate::stage::Stage;

/// Addresses that do not fit into one packet together.
const MANY: u16 = 300;

/// The longest packet of the link, octets.
const MTU: u16 = 1280;

pub(super) fn facts() -> Vec<Fact> {
    vec![
        Fact::new("packets_of_ours_are_as_the_rfc_says", &[Ours, Babeld], |stage| {
            manners(stage, &[])
        }),
        Fact::new("signed_packets_of_ours_are_as_the_rfc_says", &[Ours, Babeld], |stage| {
            manners(stage, &[Key::new(Algorithm::HmacSha256, "0123456789abcdef0123456789abcdef")])
        }),
    ]
}

fn manners(stage: &mut Stage, keys: &[Key]) -> String {
    let [a, b] = stage.machines([Ours, Babeld]);
    stage.links(Link { mtu: MTU, ..Link::USUAL });
    stage.wire(a, b);
    stage.island(a).crowd(MANY);
    let signed = !keys.is_empty();
    stage.all_settings(|setting| setting.keys = keys.to_vec());
    stage.start_all();
    stage.until(PATIENCE, "the last of many routes", |stage| {
        stage.next(b, &a.another(MANY)).is_some()
    });
    stage.never(Duration::from_secs(5), "a route is lost", |stage| !stage.knows(b, a));
    stage.end(a);
    let (mut count, mut longest, mut kinds) = (0, 0, BTreeMap::new());
    for packet in stage.weather(a, b).seen(0).iter().filter(|packet| is_babel(packet)) {
        look(packet, signed, &mut kinds);
        count += 1;
        longest = longest.max(packet.len());
    }
    assert!(kinds.contains_key(&4) && kinds.contains_key(&8), "greetings and updates: {kinds:?}");
    format!("{count} packets, {longest} octets at most, {kinds:?} items by type")
}

/// Looks at one packet, and counts its items by type.
fn look(packet: &[u8], signed: bool, kinds: &mut BTreeMap<u8, usize>) {
    let link_local = |address: &[u8]| address[..2] == [0xfe, 0x80];
    assert_eq!(packet[6], 17, "no part of a longer one");
    assert_eq!(packet[7], 1, "its hop limit");
    assert!(link_local(&packet[8..24]), "its source");
    let group = packet[24..26] == [0xff, 0x02];
    assert!(group || link_local(&packet[24..40]), "its destination");
    assert_eq!(packet[40..42], PORT.to_be_bytes(), "its source port");
    assert!(packet.len() <= usize::from(MTU), "{} octets", packet.len());
    let body = &packet[HEADERS..];
    assert_eq!(body[..2], [42, 2], "magic and version");
    let [items, trailer] = items_of(packet);
    assert!(trailer.iter().all(|(kind, _)| *kind == 16), "nothing but signatures in the trailer");
    assert_eq!(trailer.len(), usize::from(signed), "one signature for each key");
    let counters = items.iter().filter(|(kind, _)| *kind == 17).count();
    assert_eq!(counters, usize::from(signed), "one counter, if signed");
    for (kind, body) in items {
        // An Acknowledgment Request, a Hello, an IHU and an Update have it in the same place.
        let promises = [2, 4, 5, 8].contains(&kind);
        assert!(!promises || body[4..6] != [0, 0], "the interval of an item of type {kind}");
        *kinds.entry(kind).or_default() += 1;
    }
}
