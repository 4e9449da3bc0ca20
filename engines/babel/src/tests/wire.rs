//! Packets: vectors, compression, and bytes that are not Babel.

use alloc::vec;
use core::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::wire::{
    Ack, AckRequest, Builder, Echo, Hello, Ihu, Malformed, Packet, Range, Range4, RouteRequest,
    SeqnoRequest, Tlv, Update,
};
use crate::{Cost, Metric, RouterId, Seqno};

fn read(octets: &[u8]) -> Vec<Result<Tlv, Malformed>> {
    Packet::decode(octets).unwrap().tlvs().collect()
}

fn update(prefix: &str, router: u8, metric: u16) -> Tlv {
    Tlv::Update(Update {
        range: Range::V6(prefix.parse().unwrap()),
        router: Some(RouterId([router; 8])),
        seqno: Seqno(3),
        metric: Metric(metric),
        next: Duration::from_secs(16),
        hop: None,
    })
}

#[test]
fn a_hello_and_an_ihu_as_babeld_sends_them() {
    let octets = [
        42, 2, 0, 30, // header
        4, 12, 0, 0, 0x12, 0x34, 0x01, 0x90, 3, 4, 0, 0, 0, 9, // Hello with a timestamp
        5, 14, 3, 0, 0, 96, 0x04, 0xb0, 0, 0, 0, 0, 0, 0, 0, 7, // IHU to fe80::7
        0, 1, 1, // trailer: padding
    ];
    let next = Some(Duration::from_secs(4));
    let hello = Hello { seqno: Seqno(0x1234), next, unicast: false, sent: Some(9) };
    let to = Some("fe80::7".parse().unwrap());
    let ihu = Ihu { to, rxcost: Cost(96), next: Duration::from_secs(12), echo: None };
    assert_eq!(read(&octets), [Ok(Tlv::Hello(hello)), Ok(Tlv::Ihu(ihu))]);
}

#[test]
fn updates_share_router_ids_and_octets() {
    let mut builder = Builder::new(1200);
    let updates = [
        update("fd00:1:2:3::/64", 1, 96),
        update("fd00:1:2:4::/64", 1, 200),
        update("fd00:1:2:5::/64", 2, 200),
        update("fd00::/8", 2, 65_534),
    ];
    for update in &updates {
        assert!(builder.push(update, 8));
    }
    let octets = builder.finish();
    // 2 router-ids of 12; an update of 20, two of 13 (7 octets omitted), one of 12.
    assert_eq!(octets.len(), 4 + 24 + 20 + 13 + 13 + 12);
    assert_eq!(read(&octets), updates.map(Ok));
}

#[test]
fn a_packet_ends_before_it_is_too_long() {
    let mut builder = Builder::new(60);
    let mut count = 1;
    while builder.push(&update(&alloc::format!("fd00:{count}::/64"), count, 9), 8) {
        count += 1;
    }
    let octets = builder.finish();
    assert!(count > 1 && octets.len() <= 52);
    assert_eq!(read(&octets).len(), usize::from(count) - 1);
}

#[test]
fn a_bad_frame_is_refused_and_a_bad_tlv_is_passed_over() {
    assert_eq!(Packet::decode(&[42, 2, 0]), Err(Malformed::Header));
    assert_eq!(Packet::decode(&[42, 3, 0, 0]), Err(Malformed::Header));
    let truncated = Malformed::Truncated { said: 5, got: 1 };
    assert_eq!(Packet::decode(&[42, 2, 0, 5, 0]), Err(truncated));
    // Unknown TLV, short Ack, padding, Ack, then one that runs past the end.
    let octets = [42, 2, 0, 16, 200, 1, 9, 3, 1, 0, 1, 1, 0, 0, 3, 2, 0, 7, 4, 90];
    let short = Malformed::Short { what: "Acknowledgment", got: 1, needed: 2 };
    let overrun = Malformed::Overrun { what: "packet" };
    assert_eq!(read(&octets), [Err(short), Ok(Tlv::Ack(Ack { opaque: 7 })), Err(overrun)]);
}

fn range() -> impl Strategy<Value = Range> {
    prop_oneof![
        (any::<u128>(), 0_u8..=128).prop_map(|(bits, len)| Range::V6(Prefix::new(bits, len))),
        (any::<u32>(), 0_u8..=32).prop_map(|(bits, length)| {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            Range::V4(Range4 { first: (bits & mask).into(), length })
        }),
    ]
}

fn router() -> impl Strategy<Value = RouterId> {
    (1..u64::MAX).prop_map(|id| RouterId(id.to_be_bytes()))
}

fn centiseconds() -> impl Strategy<Value = Duration> {
    (1_u64..=65_535).prop_map(|cs| Duration::from_millis(cs * 10))
}

fn an_update() -> impl Strategy<Value = Tlv> {
    let fields = (range(), router(), any::<u16>(), 0_u16..0xffff, centiseconds(), any::<bool>());
    fields.prop_map(|(range, router, seqno, metric, next, far)| {
        let hop: Option<IpAddr> = match range {
            Range::V4(_) => Some([192, 0, 2, u8::from(far)].into()),
            // A next hop once said stays in force, so a mix of both is not one packet.
            Range::All | Range::V6(_) => None,
        };
        let (router, seqno, metric) = (Some(router), Seqno(seqno), Metric(metric));
        Tlv::Update(Update { range, router, seqno, metric, next, hop })
    })
}

fn a_tlv() -> impl Strategy<Value = Tlv> {
    prop_oneof![
        (any::<u16>(), centiseconds())
            .prop_map(|(opaque, within)| Tlv::AckRequest(AckRequest { opaque, within })),
        any::<u16>().prop_map(|opaque| Tlv::Ack(Ack { opaque })),
        (any::<u16>(), proptest::option::of(centiseconds()), any::<bool>(), any::<Option<u32>>())
            .prop_map(|(seqno, next, unicast, sent)| {
                Tlv::Hello(Hello { seqno: Seqno(seqno), next, unicast, sent })
            }),
        (any::<Option<IpAddr>>(), any::<u16>(), centiseconds(), any::<Option<(u32, u32)>>())
            .prop_map(|(to, rxcost, next, echo)| {
                let echo = echo.map(|(origin, received)| Echo { origin, received });
                Tlv::Ihu(Ihu { to, rxcost: Cost(rxcost), next, echo })
            }),
        an_update(),
        range().prop_map(|range| Tlv::RouteRequest(RouteRequest { range })),
        (range(), any::<u16>(), 1_u8.., router()).prop_map(|(range, seqno, hops, router)| {
            Tlv::SeqnoRequest(SeqnoRequest { range, seqno: Seqno(seqno), hops, router })
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(tlvs in proptest::collection::vec(a_tlv(), 0..40)) {
        let mut builder = Builder::new(9000);
        for tlv in &tlvs {
            prop_assert!(builder.push(tlv, 0));
        }
        let back: Vec<Tlv> = read(&builder.finish()).into_iter().map(Result::unwrap).collect();
        prop_assert_eq!(back, tlvs);
    }

    #[test]
    fn no_octets_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut octets = vec![42, 2];
        octets.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        octets.extend(&body);
        read(&octets);
        let mut world = World::new(1, 1);
        world.tell(0, Input::Up(LinkId(0)));
        world.tell(0, Input::Frame(LinkId(0), &octets));
        world.tell(0, Input::Frame(LinkId(0), &body));
    }

    #[test]
    fn no_tlvs_make_it_panic(tlvs in proptest::collection::vec(a_tlv(), 0..20)) {
        let mut builder = Builder::new(9000);
        for tlv in &tlvs {
            prop_assert!(builder.push(tlv, 0));
        }
        let octets = builder.finish();
        let mut world = World::new(1, 1);
        world.tell(0, Input::Up(LinkId(0)));
        world.tell(0, Input::Frame(LinkId(0), &octets));
        world.run(Duration::from_mins(5));
    }
}
