//! Stories of packets, and laws over all octets.

use alloc::vec;
use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use words::routing::Range;
use words::{LinkId, Prefix};

use crate::{Own, Table, Target, Verdict, Where, Why, checksum, judge, mapped};

const IN: Where = Where::Link(LinkId::theirs(1));
const OUT: LinkId = LinkId::ours(2);

#[test]
fn a_packet_in_transit_loses_a_hop_and_goes_on() {
    for mut packet in [udp6(PEER, FAR, 64, 8), udp4([10, 0, 1, 9], [10, 0, 2, 9], 64, 8)] {
        let before = packet.clone();
        assert_eq!(judge(&mut packet, &table(), IN), Verdict::Send(OUT));
        assert_eq!(hops(&packet), hops(&before) - 1);
        assert!(is_right(&packet));
    }
}

#[test]
fn a_packet_for_us_is_delivered_as_it_is() {
    let mut packet = udp6(PEER, OURS, 1, 8);
    let before = packet.clone();
    assert_eq!(judge(&mut packet, &table(), IN), Verdict::Deliver);
    assert_eq!(packet, before);
}

#[test]
fn our_own_kernel_ages_its_packets_itself() {
    let mut packet = udp6(OURS, FAR, 64, 8);
    assert_eq!(judge(&mut packet, &table(), Where::Kernel), Verdict::Send(OUT));
    assert_eq!(hops(&packet), 64);
}

#[test]
fn a_packet_that_leaves_the_network_is_let_out_to_be_sent_on() {
    let table = exit();
    let judge = |from, way| judge(&mut udp6(from, "2001:db8::9", 64, 8), &table, way);
    assert_eq!(judge(PEER, IN), Verdict::LetOut);
    assert!(matches!(judge("2001:db8::7", IN), Verdict::Answer(Why::NoRoute, _)), "no member");
    assert_eq!(judge(OURS, IN), Verdict::Drop(Why::Spoofed));
    assert_eq!(judge(OURS, Where::Kernel), Verdict::Drop(Why::Loop));
}

#[test]
fn what_an_exit_lets_in_is_told_from_what_is_its_own() {
    let judged = |from, way| judge(&mut udp6(from, FAR, 64, 8), &exit(), way);
    assert_eq!(judged("2001:db8::9", Where::Kernel), Verdict::LetIn(OUT));
    assert_eq!(judged(OURS, Where::Kernel), Verdict::Send(OUT));
    assert_eq!(judged(PEER, IN), Verdict::Send(OUT));
    let four = |from| judge(&mut udp4(from, [10, 0, 2, 9], 64, 8), &exit(), Where::Kernel);
    assert_eq!(four([192, 0, 2, 9]), Verdict::LetIn(OUT));
    assert_eq!(four([10, 0, 3, 1]), Verdict::Send(OUT));
    let mut elsewhere = udp6("2001:db8::9", FAR, 64, 8);
    let verdict = judge(&mut elsewhere, &table(), Where::Kernel);
    assert_eq!(verdict, Verdict::Send(OUT), "who is no exit carries nothing in");
}

/// Routes changed behind a packet of ours: the next hop sends it back, and it goes on.
#[test]
fn what_comes_back_to_us_on_its_way_elsewhere_goes_on() {
    let mut packet = udp6(OURS, FAR, 64, 8);
    assert_eq!(judge(&mut packet, &table(), IN), Verdict::Send(OUT));
    assert_eq!(hops(&packet), 63);
}

#[test]
fn what_comes_to_us_from_us_is_dropped() {
    let drop = |from, to, way| judge(&mut udp6(from, to, 64, 8), &table(), way);
    assert_eq!(drop(OURS, "fd00:0:0:1::77", Where::Kernel), Verdict::Drop(Why::Loop));
    assert_eq!(drop(OURS, OURS, IN), Verdict::Drop(Why::Spoofed));
    assert_eq!(drop("fe80::1", "ff02::2", Where::Kernel), Verdict::Drop(Why::Martian));
    assert_eq!(drop("::", FAR, IN), Verdict::Drop(Why::Martian));
    assert_eq!(drop("::ffff:10.0.1.9", FAR, IN), Verdict::Drop(Why::Martian));
    assert_eq!(judge(&mut [], &table(), IN), Verdict::Drop(Why::Malformed));
}

#[test]
fn an_expired_packet_is_answered_to_its_source() {
    let (_, answer) = answered(&mut udp6(PEER, FAR, 1, 8), IN, Why::Expired);
    assert_eq!((answer[40], answer[41]), (3, 0));
    assert_eq!(answer[48..], udp6(PEER, FAR, 1, 8));
    let four = udp4([10, 0, 1, 9], [10, 0, 2, 9], 1, 8);
    let (verdict, answer) = answered(&mut four.clone(), IN, Why::Expired);
    assert_eq!((answer[20], answer[21]), (11, 0));
    assert_eq!(answer[12..16], [192, 0, 0, 8]);
    assert_eq!(answer[28..], four);
    assert_eq!(verdict, Verdict::Send(LinkId::theirs(1)));
}

#[test]
fn a_destination_without_route_is_told_as_such() {
    let (_, answer) = answered(&mut udp6(PEER, "2001:db8::1", 64, 8), IN, Why::NoRoute);
    assert_eq!((answer[40], answer[41]), (1, 0));
    let mut own = udp6(OURS, "2001:db8::1", 64, 8);
    let (verdict, _) = answered(&mut own, Where::Kernel, Why::NoRoute);
    assert_eq!(verdict, Verdict::Deliver);
    let four = &mut udp4([10, 0, 1, 9], [192, 0, 2, 9], 64, 8);
    assert_eq!(answered(four, IN, Why::NoRoute).1[20..22], [3, 0]);
}

#[test]
fn a_packet_too_long_is_told_what_fits() {
    let (_, answer) = answered(&mut udp6(PEER, FAR, 64, 1400), IN, Why::TooLong);
    assert_eq!((answer[40], &answer[44..48]), (2, &1420_u32.to_be_bytes()[..]));
    assert_eq!(answer.len(), 1280);
    let (_, answer) = answered(&mut udp4([10, 0, 1, 9], [10, 0, 2, 9], 64, 1500), IN, Why::TooLong);
    assert_eq!((&answer[20..22], &answer[26..28]), (&[3, 4][..], &1420_u16.to_be_bytes()[..]));
    assert_eq!(answer.len(), 576);
}

#[test]
fn errors_are_not_answered_and_echoes_are() {
    let mut echo = udp6(PEER, FAR, 1, 8);
    (echo[6], echo[40]) = (58, 128);
    answered(&mut echo.clone(), IN, Why::Expired);
    echo[40] = 1;
    assert_eq!(judge(&mut echo, &table(), IN), Verdict::Drop(Why::Expired));
    echo[40] = 128;
    assert_eq!(judge(&mut echo, &table_without_links(), Where::Here), Verdict::Drop(Why::NoRoute));
    let mut four = udp4([10, 0, 1, 9], [10, 0, 2, 9], 1, 8);
    (four[9], four[20]) = (1, 11);
    crate::ipv4::seal(&mut four[..20]);
    assert_eq!(judge(&mut four, &table(), IN), Verdict::Drop(Why::Expired));
}

#[test]
fn a_syn_asks_for_segments_that_fit() {
    for (mut packet, most) in [(syn6(&[2, 4, 0x05, 0xb4]), 1360), (syn4(&[2, 4, 0x05, 0xb4]), 1380)]
    {
        assert!(is_right(&packet));
        assert_eq!(judge(&mut packet, &table(), Where::Kernel), Verdict::Send(OUT));
        let at = packet.len() - 2;
        assert_eq!(packet[at..], u16::to_be_bytes(most));
        assert!(is_right(&packet), "{packet:?}");
    }
    let mut odd = syn6(&[1, 2, 4, 0xff, 0xff, 0, 0, 0]);
    judge(&mut odd, &table(), Where::Kernel);
    assert_eq!(odd[63..65], 1360_u16.to_be_bytes());
    assert!(is_right(&odd));
    let mut small = syn6(&[2, 4, 0x04, 0x00]);
    let before = small.clone();
    judge(&mut small, &table(), Where::Kernel);
    assert_eq!(small, before);
}

proptest! {
    #[test]
    fn no_octets_make_us_panic(
        mut packet in prop::collection::vec(any::<u8>(), 0..200),
        first in prop::sample::select(vec![0x45_u8, 0x4f, 0x60, 0x00]),
        kernel in any::<bool>(),
    ) {
        if let Some(octet) = packet.first_mut() {
            *octet = first;
        }
        judge(&mut packet, &table(), if kernel { Where::Kernel } else { IN });
    }

    #[test]
    fn no_fit_packet_makes_us_panic_and_each_hop_counts(
        four in any::<bool>(), life in any::<u8>(), next in any::<u8>(),
        body in prop::collection::vec(any::<u8>(), 8..120),
    ) {
        let mut packet = if four {
            udp4([10, 0, 1, 9], [10, 0, 2, 9], life, body.len() - 8)
        } else {
            udp6(PEER, FAR, life, body.len() - 8)
        };
        let header = packet.len() - body.len();
        packet[header..].copy_from_slice(&body);
        packet[if four { 9 } else { 6 }] = next;
        if four {
            crate::ipv4::seal(&mut packet[..20]);
        }
        judge(&mut packet.clone(), &table(), Where::Kernel);
        match judge(&mut packet, &table(), IN) {
            Verdict::Send(_) => {
                prop_assert_eq!(hops(&packet), life - 1);
                prop_assert!(!four || checksum::sum(&[&packet[..20]]) == 0xffff);
            }
            Verdict::Answer(why, mut answer) => {
                prop_assert_eq!((why, life <= 1), (Why::Expired, true));
                prop_assert!(is_right(&answer));
                let way = judge(&mut answer, &table(), Where::Here);
                prop_assert_eq!(way, Verdict::Send(LinkId::theirs(1)));
            }
            Verdict::Drop(why) => prop_assert_eq!((why, life <= 1), (Why::Expired, true)),
            Verdict::Deliver | Verdict::LetOut | Verdict::LetIn(_) => {
                prop_assert!(false, "it is neither for us nor of an exit");
            }
        }
    }
}

const OURS: &str = "fd00:0:0:1::1";
const PEER: &str = "fd00:0:0:2::1";
const FAR: &str = "fd00:0:0:3::1";

fn table() -> Table {
    let four = |net: [u8; 4]| Prefix::new(mapped(Ipv4Addr::from(net)).to_bits(), 96 + 24);
    let ranges = vec![
        ("fd00:0:0:1::/64".parse().unwrap(), Target::Local),
        ("fd00:0:0:2::/64".parse().unwrap(), Target::Link(LinkId::theirs(1))),
        ("fd00:0:0:3::/64".parse().unwrap(), Target::Link(OUT)),
        (four([10, 0, 1, 0]), Target::Link(LinkId::theirs(1))),
        (four([10, 0, 2, 0]), Target::Link(OUT)),
    ];
    Table::new(own(), ranges)
}

/// The table of an exit, with addresses of its own.
fn exit() -> Table {
    let four = |net: [u8; 4]| Prefix::new(mapped(Ipv4Addr::from(net)).to_bits(), 96 + 24);
    let out = |from: &str| Range { to: Prefix::ALL, from: from.parse().unwrap() };
    let own_range: Prefix = "fd00:0:0:1::/64".parse().unwrap();
    let far: Prefix = "fd00:0:0:3::/64".parse().unwrap();
    let ranges = [
        (out("fd00::/48"), Target::Exit),
        (own_range.into(), Target::Local),
        (four([10, 0, 3, 0]).into(), Target::Local),
        (far.into(), Target::Link(OUT)),
        (four([10, 0, 2, 0]).into(), Target::Link(OUT)),
    ];
    Table::new(own(), ranges)
}

fn table_without_links() -> Table {
    Table::new::<Prefix>(own(), [])
}

fn own() -> Own {
    Own { ipv6: OURS.parse().unwrap(), ipv4: None, mtu: 1420 }
}

/// The answer, judged for its own way, and found right.
fn answered(packet: &mut [u8], from: Where, why: Why) -> (Verdict, Vec<u8>) {
    let before = packet.to_vec();
    let Verdict::Answer(reason, mut answer) = judge(packet, &table(), from) else {
        panic!("not answered")
    };
    assert_eq!((packet.to_vec(), reason), (before, why));
    assert!(is_right(&answer));
    (judge(&mut answer, &table(), Where::Here), answer)
}

fn udp6(source: &str, destination: &str, hops: u8, length: usize) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0, 0, 0, 17, hops];
    packet[4..6].copy_from_slice(&u16::try_from(length + 8).unwrap().to_be_bytes());
    packet.extend(source.parse::<Ipv6Addr>().unwrap().octets());
    packet.extend(destination.parse::<Ipv6Addr>().unwrap().octets());
    packet.resize(40 + 8 + length, 0);
    packet
}

fn udp4(source: [u8; 4], destination: [u8; 4], life: u8, length: usize) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, life, 17, 0, 0];
    packet[2..4].copy_from_slice(&u16::try_from(length + 28).unwrap().to_be_bytes());
    packet.extend(source);
    packet.extend(destination);
    crate::ipv4::seal(&mut packet);
    packet.resize(20 + 8 + length, 0);
    packet
}

/// A SYN with options, at the end of a UDP packet's header.
fn syn(mut packet: Vec<u8>, options: &[u8]) -> Vec<u8> {
    let start = packet.len() - 20 - options.len();
    let segment = &mut packet[start..];
    segment[12] = u8::try_from((20 + options.len()) / 4).unwrap() << 4;
    segment[13] = 0x02;
    segment[20..].copy_from_slice(options);
    let sum = transport_sum(&packet);
    packet[start + 16..start + 18].copy_from_slice(&(!sum).to_be_bytes());
    packet
}

fn syn6(options: &[u8]) -> Vec<u8> {
    let mut packet = udp6(OURS, FAR, 64, 12 + options.len());
    packet[6] = 6;
    syn(packet, options)
}

fn syn4(options: &[u8]) -> Vec<u8> {
    let mut packet = udp4([10, 0, 1, 1], [10, 0, 2, 9], 64, 12 + options.len());
    packet[9] = 6;
    crate::ipv4::seal(&mut packet[..20]);
    syn(packet, options)
}

fn hops(packet: &[u8]) -> u8 {
    if packet[0] >> 4 == 6 { packet[7] } else { packet[8] }
}

/// The checksum over pseudo-header and upper protocol, its field included.
fn transport_sum(packet: &[u8]) -> u16 {
    let (addresses, upper, next) = match packet[0] >> 4 {
        6 => (&packet[8..40], &packet[40..], packet[6]),
        _ => (&packet[12..20], &packet[20..], packet[9]),
    };
    let length = u16::try_from(upper.len()).unwrap().to_be_bytes();
    // ICMPv4 alone has no pseudo-header.
    let pseudo = [addresses, &[0, next][..], &length[..]].concat();
    checksum::sum(&[if next == 1 { &[] } else { &pseudo[..] }, upper])
}

/// Tells whether the checksums of a packet are right; those of UDP are not filled in here.
fn is_right(packet: &[u8]) -> bool {
    let next = if packet[0] >> 4 == 6 { packet[6] } else { packet[9] };
    let header = packet[0] >> 4 == 6 || checksum::sum(&[&packet[..20]]) == 0xffff;
    header && (next == 17 || transport_sum(packet) == 0xffff)
}
