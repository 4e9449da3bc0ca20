//! Source prefixes (RFC 9079), and sub-TLVs that are for others.

use super::*;
use crate::wire::RouteRequest;

const SOURCE: &[u8] = &[128, 2, 8, 0xfc];

/// Returns what is read of an update of `fd00::/8`, or of 10.0.0.0/8, with these sub-TLVs.
fn with(encoding: u8, subs: &[u8]) -> Result<Tlv, Malformed> {
    let first = if encoding == 2 { 0xfd } else { 10 };
    let octets = [&[first], subs].concat();
    tlvs(&[ROUTER, HOP4, &said([encoding, 0, 8, 0], 0xffff, &octets)]).remove(0)
}

#[test]
fn updates_and_requests_have_a_source() {
    let retraction = |key| Ok(Tlv::Update(update(key, 0xffff)));
    assert_eq!(with(2, SOURCE), retraction("fd00::/8 from fc00::/8"));
    for encoding in [1, 4] {
        let v4 = with(encoding, &[128, 3, 16, 192, 168]);
        assert_eq!(v4, retraction("10.0.0.0/8 from 192.168.0.0/16"));
    }
    let key = Some("::/0 from fc00::/8".parse().unwrap());
    let ask = [9, 6, 2, 0, 128, 2, 8, 0xfc];
    assert_eq!(tlvs(&[&ask]), [Ok(Tlv::RouteRequest(RouteRequest { key }))]);
    let mut ask = Vec::from([10, 18, 2, 0, 0, 1, 9, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
    ask.extend(SOURCE);
    assert!(matches!(tlvs(&[&ask])[..], [Ok(Tlv::SeqnoRequest(ask))] if Some(ask.key) == key));
}

#[test]
fn bits_past_the_length_of_a_source_are_ignored() {
    let read = with(2, &[128, 2, 4, 0xff]);
    assert_eq!(read, Ok(Tlv::Update(update("fd00::/8 from f000::/4", 0xffff))));
}

#[test]
fn a_source_is_of_the_family_of_its_range() {
    let refused = Err(Malformed::SourceLength { what: "Update" });
    for (encoding, subs) in [
        (2, &[128, 1, 0][..]),
        (2, &[128, 0]),
        (2, &[128, 2, 16, 0xfc]),
        (2, &[128, 2, 129, 0xfc]),
        (1, &[128, 6, 33, 10, 0, 0, 0, 0]),
        (4, &[128, 1, 0]),
    ] {
        assert_eq!(with(encoding, subs), refused);
    }
    let mut mapped = Vec::from([128, 13, 96]);
    mapped.extend([0; 10]);
    mapped.extend([0xff, 0xff]);
    assert_eq!(with(2, &mapped), Err(Malformed::Mapped { what: "Update" }));
}

#[test]
fn there_is_one_source() {
    let twice = [SOURCE, SOURCE].concat();
    assert_eq!(with(2, &twice), Err(Malformed::Sources { what: "Update" }));
}

#[test]
fn everything_has_no_source() {
    let all = said([0, 0, 0, 0], 0xffff, SOURCE);
    assert_eq!(tlvs(&[&all]), [Err(Malformed::SourceOfAll { what: "Update" })]);
    let ask = [9, 6, 0, 0, 128, 2, 8, 0xfc];
    assert_eq!(tlvs(&[&ask]), [Err(Malformed::SourceOfAll { what: "Route Request" })]);
}

#[test]
fn nothing_else_has_a_source() {
    for (tlv, what) in [
        (&[3, 6, 0, 7, 128, 2, 8, 0xfc][..], "Acknowledgment"),
        (&[4, 10, 0, 0, 0, 1, 0, 9, 128, 2, 8, 0xfc], "Hello"),
        (&[7, 10, 1, 0, 192, 0, 2, 1, 128, 2, 8, 0xfc], "Next Hop"),
    ] {
        assert_eq!(tlvs(&[tlv]), [Err(Malformed::Mandatory { what })]);
    }
}

#[test]
fn p5_an_update_ignored_for_its_source_still_sets_the_default() {
    let refused = said([2, 0x80, 16, 0], 96, &[0xfd, 1, 128, 1, 0]);
    let next = said([2, 0, 24, 2], 96, &[9]);
    assert_eq!(
        tlvs(&[ROUTER, &refused, &next]),
        [
            Err(Malformed::SourceLength { what: "Update" }),
            Ok(Tlv::Update(update("fd01:900::/24", 96))),
        ]
    );
}

#[test]
fn unknown_sub_tlvs_of_the_last_update_can_be_had() {
    let octets = packet(&[
        ROUTER,
        &said([2, 0, 8, 0], 96, &[0xfd, 1, 0, 112, 2, 5, 6]),
        &[3, 4, 0, 7, 112, 0],
        &said([2, 0, 8, 0], 96, &[0xfd, 111, 0, 128, 2, 8, 0xfc, 112, 0, 0]),
        &said([2, 0, 8, 0], 96, &[0xfd, 112, 0, 240, 0]),
        &said([2, 0, 8, 0], 96, &[0xfd]),
    ]);
    let mut tlvs = Packet::decode(&octets).unwrap().tlvs();
    let mut all = Vec::new();
    while tlvs.next().is_some() {
        all.push(tlvs.extras());
    }
    let both: &[u8] = &[111, 0, 128, 2, 8, 0xfc, 112, 0];
    assert_eq!(all, [&[112, 2, 5, 6], &[][..], both, &[], &[]]);
    assert!(tlvs.extras().is_empty());
}
