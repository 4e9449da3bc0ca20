//! What the builder leaves out, and what it leaves for the next packet.

use core::net::IpAddr;

use super::*;
use crate::wire::{Builder, RouteRequest, SeqnoRequest};

fn named(key: &str, router: u8) -> Update {
    Update { router: Some(RouterId([router; 8])), ..update(key, 96) }
}

fn via(key: &str, hop: &str) -> Update {
    let hop: Option<IpAddr> = Some(hop.parse().unwrap());
    Update { hop, ..update(key, 96) }
}

/// Writes all of them in one packet, and reads them again.
fn written(updates: &[Update]) -> Vec<u8> {
    let mut builder = Builder::new(1200);
    for update in updates {
        assert!(builder.push(&Tlv::Update(*update), 8));
    }
    let octets = builder.finish();
    let expected: Vec<_> = updates.iter().map(|update| Ok(Tlv::Update(*update))).collect();
    assert_eq!(read(&octets), expected);
    octets
}

#[test]
fn updates_share_router_ids_and_octets() {
    let octets = written(&[
        named("fd00:1:2:3::/64", 1),
        named("fd00:1:2:4::/64", 1),
        named("fd00:1:2:5::/64", 2),
        named("fd00::/8", 2),
        named("fd00:1::/32", 2),
    ]);
    // 2 router-ids of 12; an update of 20, two of 13 (7 octets omitted), one of 12, and one of
    // 15: only the octet that the one before it said itself is omitted.
    assert_eq!(octets.len(), 4 + 24 + 20 + 13 + 13 + 12 + 15);
}

#[test]
fn ranges_are_compressed_by_encoding() {
    let octets = written(&[
        update("10.1.1.0/24", 0xffff),
        update("fd00:1::/32", 0xffff),
        update("10.1.2.0/24", 0xffff),
        update("fd00:2::/32", 0xffff),
    ]);
    assert_eq!(octets.len(), 4 + 15 + 16 + 13 + 13);
    let octets = written(&[
        via("10.1.1.0/24", "192.0.2.1"),
        update("10.1.2.0/24", 96),
        via("10.1.3.0/24", "192.0.2.1"),
        update("10.1.4.0/24", 96),
    ]);
    // A router-id and a next hop, then for both encodings one range that is whole.
    assert_eq!(octets.len(), 4 + 12 + 8 + 15 + 15 + 13 + 13);
}

#[test]
fn ranges_with_a_source_are_compressed_as_well() {
    let octets = written(&[
        update("fd00:1::/32 from fc00::/8", 0xffff),
        update("fd00:1::/32 from fc00:1::/32", 0xffff),
        update("fd00:1::/32", 0xffff),
    ]);
    assert_eq!(octets.len(), 4 + (16 + 4) + (12 + 7) + 12);
}

#[test]
fn an_address_says_the_router_id_if_it_can() {
    let id = RouterId([0, 0, 0, 1, 0, 0, 0, 0]);
    let own = Update { router: Some(id), ..update("fd00::1:0:0/128", 96) };
    let longer = Update { router: Some(id), ..update("fd00::1:0:0/96", 96) };
    let other = Update { router: Some(id), ..update("fd00::2:0:0/96", 96) };
    let sourced = Update { router: Some(id), ..update("fd00::1:0:0/96 from fc00::/8", 96) };
    assert_eq!(written(&[own]).len(), 4 + 28);
    assert_eq!(written(&[longer])[4..8], [8, 22, 2, 0xc0]);
    assert_eq!(written(&[longer, other])[31], 0x80, "said once is enough");
    assert_eq!(written(&[other]).len(), 4 + 12 + 24);
    assert_eq!(written(&[sourced])[4], 6);
    let zeros = Update { router: Some(RouterId([1; 8])), ..update("fd00::/128", 96) };
    assert_eq!(written(&[zeros])[4], 6);
}

#[test]
fn a_retraction_puts_nothing_in_force() {
    let gone = Update { hop: Some([192, 0, 2, 1].into()), ..named("10.0.0.0/8", 1) };
    let gone = Update { metric: Metric::INFINITE, ..gone };
    let mut builder = Builder::new(1200);
    assert!(builder.push(&Tlv::Update(gone), 0));
    assert_eq!(read(&builder.finish()), [Ok(Tlv::Update(update("10.0.0.0/8", 0xffff)))]);
}

#[test]
fn the_sender_is_the_next_hop_before_another_is() {
    let mut builder = Builder::new(1200);
    let own = Tlv::Update(update("fd00::/8", 96));
    assert!(builder.push(&own, 0));
    assert!(builder.push(&Tlv::Update(via("fd01::/16", "fe80::9")), 0));
    let length = builder.len();
    assert!(!builder.push(&own, 0), "in the next packet");
    assert!(!builder.push(&Tlv::Update(update("10.0.0.0/8", 96)), 0), "in the next packet");
    assert_eq!(builder.len(), length);
    assert!(builder.push(&Tlv::Update(update("fd00::/8", 0xffff)), 0), "has no next hop");
    assert!(builder.push(&Tlv::Update(via("10.0.0.0/8", "192.0.2.1")), 0));
    assert!(read(&builder.finish()).iter().all(Result::is_ok));
}

#[test]
fn what_finds_no_room_leaves_no_trace() {
    let first = via("fd00:1:2:3::/64", "fe80::9");
    let second = Update { router: Some(RouterId([9; 8])), ..via("fd00:1:2:4::/64", "fe80::8") };
    let mut builder = Builder::new(4 + 12 + 12 + 20 + 20);
    assert!(builder.push(&Tlv::Update(first), 0));
    assert!(!builder.push(&Tlv::Update(second), 0));
    let third = via("fd00:1:2:5::/64", "fe80::9");
    assert!(builder.push(&Tlv::Update(third), 7));
    assert!(!builder.push(&Tlv::Update(third), 0));
    let octets = builder.finish();
    assert_eq!((octets.len(), octets.capacity()), (4 + 12 + 12 + 20 + 13, 68));
    assert_eq!(read(&octets), [Ok(Tlv::Update(first)), Ok(Tlv::Update(third))]);
}

#[test]
fn what_cannot_be_said_is_dealt_with_by_silence() {
    let crossed =
        crate::Key::from_to("fd00::/8".parse().unwrap(), words::Prefix::ipv4([10; 4].into(), 8));
    let finite = update("fd00::/8", 96);
    let request = SeqnoRequest {
        key: "fd00::/8".parse().unwrap(),
        seqno: Seqno(1),
        hops: 1,
        router: RouterId([1; 8]),
    };
    let mut builder = Builder::new(1200);
    for tlv in [
        Tlv::Update(Update { key: None, ..finite }),
        Tlv::Update(Update { router: None, ..finite }),
        Tlv::Update(Update { router: Some(RouterId([0; 8])), ..finite }),
        Tlv::Update(via("fd00::/8", "192.0.2.1")),
        Tlv::Update(Update { key: Some(crossed), ..finite }),
        Tlv::Update(Update { key: Some(crossed), metric: Metric::INFINITE, ..finite }),
        Tlv::RouteRequest(RouteRequest { key: Some(crossed) }),
        Tlv::SeqnoRequest(SeqnoRequest { key: crossed, ..request }),
        Tlv::SeqnoRequest(SeqnoRequest { hops: 0, ..request }),
        Tlv::SeqnoRequest(SeqnoRequest { router: RouterId([255; 8]), ..request }),
    ] {
        assert!(builder.push(&tlv, 0) && builder.is_empty(), "{tlv:?}");
    }
}
