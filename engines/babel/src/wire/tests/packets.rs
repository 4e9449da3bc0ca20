//! The rules P2 to P8: frames, TLVs, sub-TLVs, and what is in force.

use super::*;
use crate::Cost;
use crate::wire::{Ack, Builder, Echo, Hello, Ihu};

const ACK: &[u8] = &[3, 2, 0, 7];
const ACK_7: Result<Tlv, Malformed> = Ok(Tlv::Ack(Ack { opaque: 7 }));

#[test]
fn a_hello_and_an_ihu_as_babeld_sends_them() {
    let octets = [
        42, 2, 0, 30, // header
        4, 12, 0, 0, 0x12, 0x34, 0x01, 0x90, 3, 4, 0, 0, 0, 9, // Hello with a timestamp
        5, 14, 3, 0, 0, 96, 0x04, 0xb0, 0, 0, 0, 0, 0, 0, 0, 7, // IHU to fe80::7
    ];
    let next = Some(Duration::from_secs(4));
    let seqno = Seqno(0x1234);
    let hello = Hello { seqno, next, unicast: false, sent: Some(9), frugal: false };
    let to = Some("fe80::7".parse().unwrap());
    let ihu = Ihu { to, rxcost: Cost(96), next: Duration::from_secs(12), echo: None };
    assert_eq!(read(&octets), [Ok(Tlv::Hello(hello)), Ok(Tlv::Ihu(ihu))]);
}

#[test]
fn p2_another_magic_or_version_is_not_babel() {
    for octets in [&[][..], &[42, 2, 0], &[42, 3, 0, 0], &[43, 2, 0, 0]] {
        assert_eq!(Packet::decode(octets), Err(Malformed::Header));
    }
}

#[test]
fn p2_a_body_longer_than_the_datagram_drops_the_packet() {
    let truncated = Malformed::Truncated { said: 5, got: 4 };
    assert_eq!(Packet::decode(&[42, 2, 0, 5, 3, 2, 0, 7]), Err(truncated));
}

#[test]
fn p2_the_trailer_is_kept_apart() {
    let octets = [packet(&[ACK]), ACK.to_vec()].concat();
    let packet = Packet::decode(&octets).unwrap();
    assert_eq!((packet.body(), packet.trailer()), (ACK, ACK));
    assert_eq!(read(&octets), [ACK_7]);
}

#[test]
fn p3_a_packet_of_any_size_is_read() {
    let many = alloc::vec![ACK; 16_383];
    let octets = packet(&many);
    assert_eq!(octets.len(), 65_536);
    assert_eq!(read(&octets).len(), 16_383);
}

#[test]
fn p3_a_packet_ends_before_it_is_too_long() {
    let mut builder = Builder::new(60);
    let mut count = 1;
    while builder.push(&Tlv::Update(update(&alloc::format!("fd00:{count}::/64"), 9)), 8) {
        count += 1;
    }
    assert!(count > 1 && builder.len() <= 52);
    let octets = builder.finish();
    assert_eq!(octets.capacity(), 60);
    assert_eq!(read(&octets).len(), count - 1);
}

#[test]
fn p4_unknown_tlvs_are_passed_over() {
    // Padding of one octet and of several, authentication (RFC 8967), and one not assigned.
    let others: [&[u8]; 8] = [
        &[0],
        &[1, 2, 0, 0],
        &[16, 1, 9],
        &[17, 4, 0, 0, 0, 1],
        &[18, 1, 9],
        &[19, 1, 9],
        &[200, 1, 9],
        &[255, 0],
    ];
    let packet: Vec<&[u8]> = others.into_iter().chain([ACK]).collect();
    assert_eq!(tlvs(&packet), [ACK_7]);
}

#[test]
fn p4_a_short_tlv_is_ignored_and_the_next_one_read() {
    for (kind, what, needed) in [
        (2, "Acknowledgment Request", 6),
        (3, "Acknowledgment", 2),
        (4, "Hello", 6),
        (5, "IHU", 6),
        (6, "Router-Id", 10),
        (7, "Next Hop", 2),
        (8, "Update", 10),
        (9, "Route Request", 2),
        (10, "Seqno Request", 14),
    ] {
        let short = Err(Malformed::Short { what, got: 1, needed });
        assert_eq!(tlvs(&[&[kind, 1, 0], ACK]), [short, ACK_7]);
    }
}

#[test]
fn p4_what_is_longer_has_sub_tlvs() {
    assert_eq!(tlvs(&[&[3, 5, 0, 7, 112, 1, 9]]), [ACK_7]);
    let overrun = Err(Malformed::Overrun { what: "Acknowledgment" });
    assert_eq!(tlvs(&[&[3, 5, 0, 7, 112, 9, 9], ACK]), [overrun, ACK_7]);
}

#[test]
fn p4_a_tlv_that_runs_past_the_body_ends_it() {
    let overrun = Err(Malformed::Overrun { what: "packet" });
    assert_eq!(tlvs(&[ACK, &[4, 90, 0]]), [ACK_7, overrun]);
    assert_eq!(tlvs(&[ACK, &[4]]), [ACK_7, overrun]);
}

#[test]
fn p5_an_unknown_mandatory_sub_tlv_ignores_the_tlv() {
    for (tlv, what) in [
        (&[2, 8, 0, 0, 0, 7, 0, 9, 240, 0][..], "Acknowledgment Request"),
        (&[3, 4, 0, 7, 240, 0], "Acknowledgment"),
        (&[4, 8, 0, 0, 0, 1, 0, 9, 240, 0], "Hello"),
        (&[5, 8, 0, 0, 0, 96, 0, 9, 240, 0], "IHU"),
        (&[9, 4, 0, 0, 240, 0], "Route Request"),
    ] {
        assert_eq!(tlvs(&[tlv, ACK]), [Err(Malformed::Mandatory { what }), ACK_7]);
    }
}

#[test]
fn p5_what_an_ignored_tlv_sets_is_in_force() {
    let router = [&[6, 12], &ROUTER[2..], &[240, 0]].concat();
    let hop = [&[7, 8], &HOP4[2..], &[240, 0]].concat();
    // It sets the default and the router-id, and has an unknown mandatory sub-TLV.
    let mut octets = Vec::from([0xfd; 16]);
    octets.extend([240, 0]);
    let refused = said([2, 0xc0, 128, 0], 96, &octets);
    let after = said([2, 0, 72, 8], 96, &[1]);
    let read = tlvs(&[&router, &hop, &said([1, 0, 8, 0], 96, &[10]), &refused, &after]);
    let mandatory = |what| Err(Malformed::Mandatory { what });
    let via = Some([192, 0, 2, 1].into());
    let whose = Some(RouterId([0xfd; 8]));
    let key = "fdfd:fdfd:fdfd:fdfd:100::/72";
    assert_eq!(
        read,
        [
            mandatory("Router-Id"),
            mandatory("Next Hop"),
            Ok(Tlv::Update(Update { hop: via, ..update("10.0.0.0/8", 96) })),
            mandatory("Update"),
            Ok(Tlv::Update(Update { router: whose, ..update(key, 96) })),
        ]
    );
}

#[test]
fn p6_nothing_is_in_force_in_the_next_packet() {
    let first = [ROUTER, HOP4, &said([2, 0x80, 16, 0], 96, &[0xfd, 1])];
    assert!(tlvs(&first).iter().all(Result::is_ok));
    assert_eq!(tlvs(&[&said([2, 0, 16, 1], 96, &[2])]), [Err(Malformed::NoDefault)]);
    assert_eq!(tlvs(&[&said([2, 0, 8, 0], 96, &[1])]), [Err(Malformed::NoRouterId)]);
    assert_eq!(tlvs(&[ROUTER, &said([1, 0, 8, 0], 96, &[10])]), [Err(Malformed::NoNextHop)]);
}

#[test]
fn p6_each_encoding_has_its_own_default() {
    let default1 = said([1, 0x80, 24, 0], 0xffff, &[10, 1, 1]);
    let default2 = said([2, 0x80, 24, 0], 0xffff, &[0xfd, 2, 2]);
    let default4 = said([4, 0x80, 24, 0], 0xffff, &[10, 4, 4]);
    let after = |encoding| said([encoding, 0, 24, 2], 0xffff, &[9]);
    let all = [&default1[..], &default2, &default4, &after(1), &after(2), &after(4)];
    let retraction = |key| Ok(Tlv::Update(update(key, 0xffff)));
    assert_eq!(
        tlvs(&all)[3..],
        [retraction("10.1.9.0/24"), retraction("fd02:900::/24"), retraction("10.4.9.0/24"),]
    );
    for (one, other) in [(&default1, 2), (&default1, 4), (&default2, 1), (&default4, 1)] {
        assert_eq!(tlvs(&[one, &after(other)])[1], Err(Malformed::NoDefault));
    }
}

#[test]
fn p6_link_local_ranges_are_not_compressed() {
    let whole = said([3, 0x80, 80, 0], 0xffff, &[1, 2]);
    let compressed = said([3, 0, 80, 1], 0xffff, &[2]);
    let read = tlvs(&[&whole, &compressed]);
    assert_eq!(read[0], Ok(Tlv::Update(update("fe80:0:0:0:102::/80", 0xffff))));
    assert_eq!(read[1], Err(Malformed::NoDefault));
}

#[test]
fn p6_ranges_without_the_flag_set_no_default() {
    let unset = said([2, 0, 16, 0], 0xffff, &[0xfd, 1]);
    assert_eq!(tlvs(&[&unset, &said([2, 0, 16, 1], 0xffff, &[2])])[1], Err(Malformed::NoDefault));
}

#[test]
fn p7_an_unknown_encoding_is_passed_over() {
    for (tlv, what) in [
        (&said([5, 0, 16, 0], 96, &[0xfd, 1])[..], "Update"),
        (&[5, 6, 5, 0, 0, 96, 0, 9], "IHU"),
        (&[7, 2, 5, 0], "Next Hop"),
        (&[9, 2, 255, 0], "Route Request"),
        (&[10, 14, 5, 0, 0, 1, 9, 0, 1, 1, 1, 1, 1, 1, 1, 1], "Seqno Request"),
        // IPv4 with an IPv6 next hop is of ranges, not of addresses (RFC 9229 §2).
        (&[5, 10, 4, 0, 0, 96, 0, 9, 192, 0, 2, 1], "IHU"),
        (&[7, 6, 4, 0, 192, 0, 2, 1], "Next Hop"),
    ] {
        assert_eq!(tlvs(&[tlv, ACK]), [Err(Malformed::Encoding { what }), ACK_7]);
    }
}

#[test]
fn p8_reserved_bits_and_fields_are_ignored() {
    let read = tlvs(&[
        &[2, 6, 9, 9, 0, 7, 0, 9],
        &[4, 6, 0x7f, 0xff, 0, 1, 0, 9],
        &[5, 6, 0, 9, 0, 96, 0, 9],
        &[6, 10, 9, 9, 7, 7, 7, 7, 7, 7, 7, 7],
        &[7, 6, 1, 9, 192, 0, 2, 1],
        &said([1, 0x3f, 8, 0], 96, &[10]),
        &[10, 15, 2, 8, 0, 1, 9, 9, 1, 1, 1, 1, 1, 1, 1, 1, 0xfd],
    ]);
    assert_eq!(read.len(), 5);
    assert!(read.iter().all(Result::is_ok));
    assert!(matches!(read[1], Ok(Tlv::Hello(Hello { unicast: false, .. }))));
    assert!(matches!(read[3], Ok(Tlv::Update(Update { router: Some(RouterId([7, ..])), .. }))));
    // A default is set by one bit alone.
    let unset = said([2, 0x3f, 16, 0], 0xffff, &[0xfd, 1]);
    assert_eq!(tlvs(&[&unset, &said([2, 0, 16, 1], 96, &[2])])[1], Err(Malformed::NoDefault));
}

#[test]
fn p8_reserved_fields_are_written_as_zeros() {
    let mut builder = Builder::new(1200);
    let ihu = Ihu {
        to: None,
        rxcost: Cost(96),
        next: Duration::from_secs(1),
        echo: Some(Echo { origin: 1, received: 2 }),
    };
    assert!(builder.push(&Tlv::Ihu(ihu), 0));
    assert!(builder.push(&Tlv::Update(update("fd00::/8", 9)), 0));
    let octets = builder.finish();
    assert_eq!(octets[4..12], [5, 16, 0, 0, 0, 96, 0, 100]);
    assert_eq!(octets[22..26], [6, 10, 0, 0]);
    assert_eq!(octets[34..38], [8, 11, 2, 0x80]);
}
