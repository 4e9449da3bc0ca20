//! What is written is read back, whatever it is; and no octets make the reader panic.

use core::net::IpAddr;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use words::Prefix;

use super::*;
use crate::wire::{Ack, AckRequest, Builder, Echo, Hello, Ihu, RouteRequest, SeqnoRequest};
use crate::{Cost, Family, Key};

fn v6() -> impl Strategy<Value = Prefix> {
    // A few that share their first octets, and that say router-ids.
    let near = (0_u128..4, 0_u128..4, 60_u8..=128)
        .prop_map(|(net, host, length)| Prefix::new(0xfd << 120 | net << 64 | host, length));
    let any = (any::<u128>(), 0_u8..=128).prop_map(|(bits, length)| Prefix::new(bits, length));
    prop_oneof![near, any].prop_filter("stands for IPv4", |it| Key::to(*it).family() == Family::V6)
}

fn v4() -> impl Strategy<Value = Prefix> {
    let near = (0_u32..1024).prop_map(|bits| 10 << 24 | bits << 8);
    (prop_oneof![near, any::<u32>()], 0_u8..=32)
        .prop_map(|(bits, length)| Prefix::ipv4(bits.into(), length))
}

fn key() -> impl Strategy<Value = Key> {
    let of_v6 = (option::of(v6()), v6());
    let of_v4 = (option::of(v4()), v4());
    prop_oneof![of_v6, of_v4].prop_map(|(source, prefix)| {
        let none = |source: &Prefix| source.as_ipv4().is_none_or(|(_, len)| len > 0);
        Key::from_to(source.filter(none).unwrap_or(Prefix::ALL), prefix)
    })
}

fn router() -> impl Strategy<Value = RouterId> {
    prop_oneof![1..4_u64, 1..u64::MAX].prop_map(|id| RouterId(id.to_be_bytes()))
}

fn centiseconds() -> impl Strategy<Value = Duration> {
    (1_u64..=65_535).prop_map(|cs| Duration::from_millis(cs * 10))
}

fn an_update() -> impl Strategy<Value = Tlv> {
    let fields = (key(), router(), any::<u16>(), 0_u16..0xffff, centiseconds(), 0_u8..5);
    fields.prop_map(|(key, router, seqno, metric, next, hop)| {
        let hop: Option<IpAddr> = match hop {
            0 => Some("fe80::9".parse().unwrap()),
            1 => Some("fd00::9".parse().unwrap()),
            2 | 3 if key.family() == Family::V4 => Some([192, 0, 2, hop].into()),
            _ => None,
        };
        let (key, router, seqno, metric) = (Some(key), Some(router), Seqno(seqno), Metric(metric));
        Tlv::Update(Update { key, router, seqno, metric, next, hop })
    })
}

fn a_retraction() -> impl Strategy<Value = Tlv> {
    (option::of(key()), any::<u16>(), centiseconds()).prop_map(|(key, seqno, next)| {
        let (seqno, metric) = (Seqno(seqno), Metric::INFINITE);
        Tlv::Update(Update { key, router: None, seqno, metric, next, hop: None })
    })
}

fn a_greeting() -> impl Strategy<Value = Tlv> {
    let flags = any::<(bool, bool)>();
    let hello = (any::<u16>(), option::of(centiseconds()), flags, any::<Option<u32>>());
    let hello = hello.prop_map(|(seqno, next, (unicast, frugal), sent)| {
        Tlv::Hello(Hello { seqno: Seqno(seqno), next, unicast, sent, frugal })
    });
    let ihu = (any::<Option<IpAddr>>(), any::<u16>(), centiseconds(), any::<Option<(u32, u32)>>());
    let ihu = ihu.prop_map(|(to, rxcost, next, echo)| {
        let echo = echo.map(|(origin, received)| Echo { origin, received });
        Tlv::Ihu(Ihu { to, rxcost: Cost(rxcost), next, echo })
    });
    prop_oneof![hello, ihu]
}

fn a_tlv() -> impl Strategy<Value = Tlv> {
    prop_oneof![
        (any::<u16>(), centiseconds())
            .prop_map(|(opaque, within)| Tlv::AckRequest(AckRequest { opaque, within })),
        any::<u16>().prop_map(|opaque| Tlv::Ack(Ack { opaque })),
        a_greeting(),
        an_update(),
        an_update(),
        a_retraction(),
        option::of(key()).prop_map(|key| Tlv::RouteRequest(RouteRequest { key })),
        (key(), any::<u16>(), 1_u8.., router()).prop_map(|(key, seqno, hops, router)| {
            Tlv::SeqnoRequest(SeqnoRequest { key, seqno: Seqno(seqno), hops, router })
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(tlvs in vec(a_tlv(), 0..40), most in 120_usize..1500) {
        let mut back = Vec::new();
        let mut builder = Builder::new(most);
        for tlv in &tlvs {
            if !builder.push(tlv, 0) {
                let full = core::mem::replace(&mut builder, Builder::new(most)).finish();
                prop_assert!(full.len() <= most);
                back.extend(read(&full).into_iter().map(Result::unwrap));
                prop_assert!(builder.push(tlv, 0));
            }
        }
        back.extend(read(&builder.finish()).into_iter().map(Result::unwrap));
        prop_assert_eq!(back, tlvs);
    }

    #[test]
    fn no_octets_make_it_panic(body in vec(any::<u8>(), 0..300)) {
        read(&packet(&[&body]));
    }

    #[test]
    fn no_tlv_body_makes_it_panic(
        kind in 2_u8..=10,
        encoding in 0_u8..=4,
        body in vec(any::<u8>(), 0..60),
    ) {
        let body = [&[encoding], &body[..]].concat();
        let length = u8::try_from(body.len()).unwrap();
        read(&packet(&[ROUTER, HOP4, &[kind, length], &body]));
    }

    #[test]
    fn no_change_of_an_octet_makes_it_panic(
        tlvs in vec(a_tlv(), 1..10),
        places in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut builder = Builder::new(9000);
        let _full = tlvs.iter().all(|tlv| builder.push(tlv, 0));
        let mut octets = builder.finish();
        for (place, octet) in places {
            let place = place.index(octets.len() - 4);
            octets[4 + place] = octet;
        }
        read(&octets);
    }
}
