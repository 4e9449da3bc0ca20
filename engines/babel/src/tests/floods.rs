//! Floods: whatever comes, and however much of it, work and memory are bounded, and what was
//! known stays.

use core::net::Ipv6Addr;

use words::Dice;

use self::stand::{
    FAR, LAN, Probe, Stand, at, greeting, key, probe, profile, reception, route, update,
};
use super::*;
use crate::wire::{AckRequest, Builder, Echo, Hello, Ihu, RouteRequest, SeqnoRequest, Tlv, Update};
use crate::{Input, Key, Metric, Profile, Ramp, RouterId, Seqno};

pub(in crate::tests) mod stand;

const P: &str = "2001:db8:1::/64";

/// A speaker with two usable neighbours, of which the first has a route.
fn routed() -> Stand {
    let mut stand = Stand::among(&[probe(), probe()]);
    stand.say(0, &[route(P, 5, 100)]);
    stand.pass(ms(2_000));
    stand.forget();
    stand
}

/// The range of this number.
fn range(n: u32) -> Key {
    Key::to(Prefix::new((0x2001_0db9 << 96) | (u128::from(n) << 64), 64))
}

/// How many things were said in the last call, and how much is still owed to everybody.
fn owed(stand: &Stand) -> usize {
    let all = stand.speaker.neighbours.iter();
    all.map(|(_, it)| {
        let out = &it.out;
        let words = out.acks.len() + out.routes.len() + out.seqnos.len() + out.unknown.len();
        words + out.owed.len() + it.flight.told() + it.flight.packets()
    })
    .sum()
}

#[test]
fn g2_a_million_greetings_make_no_more_neighbours_than_may_be() {
    let mut stand = routed();
    let mut builder = Builder::new(1_200);
    assert!(builder.push(&greeting(7, false), 0));
    let octets = builder.finish();
    let packets = stand.speaker.counters().packets_out;
    for n in 0..1_000_000_u32 {
        let from = at(1_000 + n);
        stand.tell(Input::Packet { interface: LAN, from, octets: &octets });
        if n.is_multiple_of(100_000) {
            stand.pass(ms(1_000));
            assert!(stand.speaker.neighbours().count() <= 64);
        }
    }
    assert!(stand.passed_over("crowd") >= 1_000_000 - 10 * 64);
    let said = stand.speaker.counters().packets_out - packets;
    assert!(said < 2_000, "{said} packets");
    assert_eq!(stand.selected(P).unwrap().neighbour, at(0));
    // After a while of silence there is room again, and nothing is left.
    stand.pass(ms(8_000));
    assert_eq!(stand.speaker.neighbours().count(), 2);
    stand.say(9, &[greeting(1, false), reception(96)]);
    assert_eq!(stand.speaker.neighbours().count(), 3);
    assert!(stand.speaker.neighbours.iter().count() <= 3);
}

#[test]
fn g2_who_was_lost_leaves_its_place_to_who_is_new() {
    let mut stand = routed();
    stand.probes[1].greets = false;
    stand.pass(ms(10_000));
    assert_eq!(stand.speaker.neighbours().count(), 1);
    for n in 0..100 {
        stand.say(100 + n, &[greeting(1, false)]);
    }
    assert_eq!(stand.speaker.neighbours().count(), 64);
    assert_eq!(stand.speaker.neighbours.iter().count(), 64);
}

#[test]
fn g3_requests_are_answered_at_a_pace() {
    let mut stand = routed();
    let mut answers = 0;
    for n in 0..10_000_u32 {
        let seqno = Seqno(6);
        let ask = match n % 4 {
            0 => Tlv::RouteRequest(RouteRequest { key: None }),
            1 => Tlv::RouteRequest(RouteRequest { key: Some(key(P)) }),
            2 => Tlv::RouteRequest(RouteRequest { key: Some(range(n)) }),
            _ => Tlv::SeqnoRequest(SeqnoRequest { key: key(P), seqno, hops: 9, router: FAR }),
        };
        stand.say(1, &[ask]);
        stand.pass(Duration::from_micros(100));
        answers += stand.heard(1).iter().filter(|(_, it)| matches!(it, Tlv::Update(_))).count();
        assert!(owed(&stand) < 1_000);
        stand.forget();
    }
    assert!(stand.passed_over("throttled") >= 10_000 - 320);
    assert!(answers <= 400, "{answers} answers in a second");
    // Somebody else is heard all the same.
    stand.say(0, &[Tlv::RouteRequest(RouteRequest { key: Some(key("2001:db8:d::1/128")) })]);
    stand.pass(ms(200));
    assert_eq!(stand.updates(0, "2001:db8:d::1/128").len(), 1);
}

#[test]
fn g3_requests_of_others_that_wait_are_bounded() {
    let mut stand = Stand::among(&[probe(), probe()]);
    stand.speaker.settings.max_requests_per_second = 1_000_000;
    for first in (0..20_000).step_by(100) {
        let routes: Vec<Tlv> = (first..first + 100)
            .map(|n| Tlv::Update(Update { key: Some(range(n)), ..update(P, 5, 100) }))
            .collect();
        stand.say(0, &routes);
    }
    stand.pass(ms(5_000));
    for n in 0..20_000 {
        let (key, seqno) = (range(n), Seqno(6));
        stand.say(1, &[Tlv::SeqnoRequest(SeqnoRequest { key, seqno, hops: 9, router: FAR })]);
    }
    assert!(stand.passed_over("throttled") >= 20_000 - 4_096);
    assert!(stand.speaker.counters().requests_forwarded <= 4_096);
    stand.pass(ms(30_000));
    stand.say(1, &[route("2001:db8:77::/64", 1, 1)]);
    assert!(stand.selected("2001:db8:77::/64").is_some());
}

#[test]
fn g4_a_jump_of_a_number_is_counted_and_the_owner_recovers() {
    let mut stand = routed();
    stand.say(1, &[route(P, 30_005, 10)]);
    assert_eq!(stand.passed_over("seqno-jump"), 1);
    assert_eq!(stand.selected(P).unwrap().neighbour, at(1));
    stand.pass(ms(1_000));
    // The liar falls silent: what the owner says is older than what we told, so it is asked.
    stand.forget();
    stand.say(1, &[route(P, 0, 0xffff)]);
    stand.pass(ms(100));
    let asked = stand
        .heard(0)
        .into_iter()
        .find_map(|(_, it)| if let Tlv::SeqnoRequest(ask) = it { Some(ask.seqno) } else { None });
    assert_eq!(asked, Some(Seqno(30_006)));
    stand.say(0, &[route(P, 30_006, 100)]);
    assert_eq!(stand.selected(P).unwrap().neighbour, at(0));
}

#[test]
fn g4_many_sources_of_one_range_are_bounded() {
    let mut stand = routed();
    for n in 0..10_000_u64 {
        let router = Some(RouterId((0x4000_0000_0000_0000 + n).to_be_bytes()));
        stand.say(1, &[Tlv::Update(Update { router, ..update(P, 5, 1) })]);
        if n.is_multiple_of(10) {
            stand.pass(ms(100));
        }
    }
    assert!(stand.speaker.sources() <= 17 + 1, "{}", stand.speaker.sources());
    assert!(stand.passed_over("sources") > 5_000, "{}", stand.passed_over("sources"));
    assert!(stand.speaker.routers.len() < 10_000, "{}", stand.speaker.routers.len());
    assert!(stand.selected(P).is_some());
}

#[test]
fn g4_router_ids_within_a_minute_are_bounded() {
    let mut stand = Stand::among(&[probe(), probe()]);
    let mut most = 0;
    for n in 0..100_000_u64 {
        let router = Some(RouterId((0x4000_0000_0000_0000 + n).to_be_bytes()));
        let key = Some(range(u32::try_from(n % 7).unwrap()));
        stand.say(1, &[Tlv::Update(Update { key, router, ..update(P, 5, 100) })]);
        most = most.max(stand.speaker.routers.len());
    }
    assert!(most < 20_000, "{most} router-ids");
    stand.say(1, &[route(P, 1, 1)]);
    assert_eq!(stand.selected(P).unwrap().router_id, FAR);
}

#[test]
fn g5_ranges_beyond_the_limit_are_counted_and_those_before_stay() {
    let mut stand = routed();
    stand.speaker.settings.max_routes_per_neighbour = 1_000;
    for first in (0..100_000).step_by(100) {
        let routes: Vec<Tlv> = (first..first + 100)
            .map(|n| Tlv::Update(Update { key: Some(range(n)), ..update(P, 5, 100) }))
            .collect();
        stand.say(1, &routes);
    }
    assert_eq!(stand.speaker.neighbours().map(|view| view.routes).sum::<u32>(), 1_001);
    assert_eq!(stand.passed_over("full"), 99_000);
    assert!(stand.speaker.rows.len() <= 1_003);
    // Those that are known can be repeated, changed and taken back; then there is room.
    let told = |n, metric| {
        let router = Some(FAR).filter(|_| metric < 0xffff);
        let metric = Metric(metric);
        Tlv::Update(Update { key: Some(range(n)), router, metric, ..update(P, 6, 0) })
    };
    stand.say(1, &[told(3, 77)]);
    let view = |stand: &Stand, n| stand.speaker.selected().find(|view| view.key == range(n));
    assert_eq!(view(&stand, 3).unwrap().refmetric, Metric(77));
    stand.say(1, &[told(3, 0xffff)]);
    assert_eq!(view(&stand, 3), None);
    stand.pass(Duration::from_mins(75));
    stand.say(1, &[told(200_000, 5)]);
    assert!(view(&stand, 200_000).is_some());
    // Nothing of the flood is left when its sender is.
    stand.probes[1].greets = false;
    stand.pass(Duration::from_mins(90));
    assert!(stand.speaker.rows.len() < 10, "{} rows", stand.speaker.rows.len());
}

#[test]
fn g5_ranges_that_come_and_go_are_bounded() {
    let mut stand = routed();
    stand.speaker.settings.max_routes_per_neighbour = 1_000;
    for second in 0..300 {
        // Promised for a moment only: each is forgotten as a route soon, and others come.
        let routes: Vec<Tlv> = (second * 100..second * 100 + 100)
            .map(|n| Update { key: Some(range(n)), next: ms(10), ..update(P, 5, 100) })
            .map(Tlv::Update)
            .collect();
        stand.say(1, &routes);
        stand.pass(ms(1_000));
        assert!(stand.speaker.rows.len() <= 1_003, "{} ranges", stand.speaker.rows.len());
    }
    assert!(stand.passed_over("full") > 20_000, "{}", stand.passed_over("full"));
    // Nobody else has less room for it.
    let told = Update { key: Some(range(100_000)), ..update(P, 5, 100) };
    stand.say(0, &[Tlv::Update(told)]);
    assert!(stand.speaker.selected().any(|view| view.key == range(100_000)));
    // And what nobody can remember any more makes room.
    stand.pass(Duration::from_mins(90));
    stand.say(1, &[Tlv::Update(Update { key: Some(range(7)), ..told })]);
    assert!(stand.speaker.selected().any(|view| view.key == range(7)));
}

#[test]
fn g5_all_neighbours_together_have_a_limit_too() {
    let mut stand = routed();
    stand.speaker.settings.max_ranges = 10;
    let told = |n| Tlv::Update(Update { key: Some(range(n)), ..update(P, 5, 100) });
    for n in 0..20 {
        stand.say(n % 2, &[told(n)]);
    }
    assert_eq!(stand.speaker.rows.len(), 10);
    assert_eq!(stand.passed_over("full"), 12);
    // What one made known, the other may tell too.
    stand.say(1, &[told(0)]);
    assert_eq!(stand.passed_over("full"), 12);
}

#[test]
fn g6_padding_costs_its_octets() {
    let mut stand = routed();
    let body = |tlv: &[u8]| -> Vec<u8> {
        tlv.iter().copied().cycle().take(65_000 / tlv.len() * tlv.len()).collect()
    };
    for tlv in [&[0][..], &[1, 0], &[200, 0], &[4, 8, 0, 0, 0, 9, 0, 100, 1, 0]] {
        let body = body(tlv);
        let [l0, l1] = u16::try_from(body.len()).unwrap().to_be_bytes();
        stand.octets(1, &[&[42, 2, l0, l1], &body[..]].concat());
    }
    assert!(stand.said.len() < 20, "{}", stand.said.len());
    assert_eq!(stand.selected(P).unwrap().neighbour, at(0));
}

#[test]
fn g6_a_flood_of_acknowledgment_requests_is_answered_within_bounds() {
    let mut stand = routed();
    for _ in 0..20 {
        let asks: Vec<Tlv> = (0..3_000)
            .map(|opaque| Tlv::AckRequest(AckRequest { opaque, within: ms(10_000) }))
            .collect();
        stand.say(1, &asks);
        assert!(owed(&stand) < 4_000, "{} owed", owed(&stand));
    }
    let acks = stand.heard(1).iter().filter(|(_, it)| matches!(it, Tlv::Ack(_))).count();
    assert!(acks <= 20 * 3_000, "{acks} acknowledgments");
}

#[test]
fn g6_acknowledgments_of_nothing_do_nothing() {
    let mut stand = routed();
    let before = stand.speaker.neighbours().nth(1).unwrap();
    for opaque in 0..=u16::MAX {
        stand.say(1, &[Tlv::Ack(crate::wire::Ack { opaque })]);
    }
    assert_eq!(stand.said, []);
    assert_eq!(stand.speaker.neighbours().nth(1).unwrap(), before);
}

#[test]
fn g1_every_metric_and_number_is_learnt_as_it_is() {
    let mut stand = routed();
    for metric in 0..=u16::MAX {
        let seqno = 6 + metric / 16;
        stand.say(0, &[route(P, seqno, metric)]);
        let view = stand.route(0, P).unwrap();
        assert_eq!(view.refmetric, Metric(metric));
        assert_eq!(view.selected, view.metric.is_finite() && view.feasible);
        assert_eq!(stand.selected(P).is_some(), view.selected);
        assert!(owed(&stand) < 50);
    }
}

#[test]
fn g1_no_packet_changed_at_random_does_harm() {
    let mut stand = routed();
    let mut dice = Dice::of([3; 32], "spoilt");
    let mut builder = Builder::new(1_200);
    let words = [
        greeting(1_000, true),
        reception(96),
        route(P, 5, 100),
        route("10.0.0.0/8", 5, 100),
        route("2001:db8:2::/48 from 2001:db8::/32", 9, 1),
        Tlv::RouteRequest(RouteRequest { key: Some(key(P)) }),
        Tlv::SeqnoRequest(SeqnoRequest { key: key(P), seqno: Seqno(9), hops: 3, router: FAR }),
        Tlv::AckRequest(AckRequest { opaque: 7, within: ms(100) }),
    ];
    assert!(words.iter().all(|tlv| builder.push(tlv, 0)));
    let octets = builder.finish();
    for _ in 0..5_000 {
        let mut spoilt = octets.clone();
        for _ in 0..=dice.below(3) {
            let place = dice.below(spoilt.len());
            spoilt[place] = u8::try_from(dice.below(256)).unwrap();
        }
        let from: Ipv6Addr = at(u32::try_from(dice.below(3)).unwrap());
        stand.tell(Input::Packet { interface: LAN, from, octets: &spoilt });
        stand.pass(ms(dice.below(20) as u64));
        stand.forget();
        for view in stand.speaker.selected() {
            assert!(view.metric.is_finite() && view.feasible, "{view:?}");
        }
    }
    assert!(stand.speaker.rows.len() < 5_000);
    let reasons = &stand.speaker.counters().passed_over;
    assert!(reasons.len() > 8, "{reasons:?}");
}

/// A packet of these TLVs.
fn packet(body: &[u8]) -> Vec<u8> {
    let [l0, l1] = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[42, 2, l0, l1], body].concat()
}

#[test]
fn g1_every_bad_packet_is_counted_by_its_reason_and_moves_no_route() {
    let id = [6, 10, 0, 0, 5, 5, 5, 5, 5, 5, 5, 5];
    let named = |tlv: &[u8]| packet(&[&id, tlv].concat());
    let rows: [(&str, Vec<u8>); 26] = [
        ("header", [41, 2, 0, 0].into()),
        ("header", [42, 3, 0, 0].into()),
        ("header", [42, 2, 0].into()),
        ("truncated", [42, 2, 0, 9, 0].into()),
        ("overrun", packet(&[200, 9, 0])),
        ("overrun", packet(&[4, 8, 0, 0, 0, 9, 0, 100, 9, 9])),
        ("short", named(&[8, 9, 2, 0, 0, 0, 0, 100, 0, 5, 0])),
        ("short", packet(&[4, 5, 0, 0, 0, 9, 0])),
        ("mandatory-sub-tlv", packet(&[4, 8, 0, 0, 0, 9, 0, 100, 240, 0])),
        ("mandatory-sub-tlv", packet(&[9, 4, 0, 0, 240, 0])),
        ("no-interval", named(&[8, 10, 2, 0, 0, 0, 0, 0, 0, 5, 0, 1])),
        ("no-interval", packet(&[2, 6, 0, 0, 0, 9, 0, 0])),
        ("no-interval", packet(&[5, 6, 0, 0, 0, 96, 0, 0])),
        ("router-id", packet(&[6, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        ("router-id", packet(&[6, 10, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255])),
        ("address-encoding", named(&[8, 10, 5, 0, 0, 0, 0, 100, 0, 5, 0, 1])),
        ("prefix-length", named(&[8, 10, 2, 0, 129, 0, 0, 100, 0, 5, 0, 1])),
        ("prefix-length", named(&[8, 15, 1, 0, 33, 0, 0, 100, 0, 5, 0, 1, 10, 0, 0, 0, 0])),
        ("wildcard", named(&[8, 10, 0, 0, 0, 0, 0, 100, 0, 5, 0, 1])),
        ("no-default-prefix", named(&[8, 12, 2, 0, 64, 6, 0, 100, 0, 5, 0, 1, 9, 9])),
        ("no-router-id", packet(&[8, 12, 2, 0, 16, 0, 0, 100, 0, 5, 0, 1, 32, 1])),
        ("no-next-hop", named(&[8, 11, 1, 0, 8, 0, 0, 100, 0, 5, 0, 1, 10])),
        ("wildcard", packet(&[10, 14, 0, 0, 0, 5, 9, 0, 5, 5, 5, 5, 5, 5, 5, 5])),
        ("hop-count", packet(&[10, 16, 2, 16, 0, 5, 0, 0, 5, 5, 5, 5, 5, 5, 5, 5, 32, 1])),
        (
            "source-prefix-length",
            named(&[8, 15, 2, 0, 16, 0, 0, 100, 0, 5, 0, 1, 32, 1, 128, 1, 0]),
        ),
        ("source-prefix-of-wildcard", packet(&[9, 7, 0, 0, 128, 3, 16, 32, 1])),
    ];
    let stand = routed();
    let before: Vec<_> = stand.speaker.routes().collect();
    for (reason, octets) in rows {
        let mut stand = stand.clone();
        stand.octets(0, &octets);
        assert_eq!(stand.passed_over(reason), 1, "{reason}: {octets:?}");
        assert_eq!(stand.speaker.routes().collect::<Vec<_>>(), before, "{reason}");
        assert_eq!(stand.ways, []);
    }
}

#[test]
fn g6_who_claims_a_round_trip_of_minutes_is_waited_for_no_longer_than_others() {
    let far = Profile { delay: Some(Ramp::PLANET), ..profile() };
    let silent = Probe { acks: false, ..probe() };
    let mut stand = Stand::with(far, &[silent, probe()]);
    let (sent, minutes) = (1_000_000, 400_000_000);
    let Tlv::Hello(hello) = greeting(50, false) else { return };
    let Tlv::Ihu(ihu) = reception(96) else { return };
    let origin = u32::try_from(stand.now.as_micros()).unwrap().wrapping_sub(minutes);
    let echo = Some(Echo { origin, received: sent });
    let hello = Hello { sent: Some(sent), ..hello };
    stand.say(0, &[Tlv::Hello(hello), Tlv::Ihu(Ihu { echo, ..ihu })]);
    assert!(stand.speaker.neighbours().any(|it| it.rtt == Some(ms(400_000))));
    stand.say(1, &[route(P, 5, 100)]);
    stand.pass(ms(30_000));
    assert!(stand.speaker.counters().resent > 0, "nothing was said again in half a minute");
}

#[test]
fn g1_what_is_ignored_is_counted_by_its_reason() {
    let ours = Tlv::Update(Update { router: Some(RouterId([1; 8])), ..update(P, 9, 1) });
    let too_far = Tlv::Update(Update {
        hop: Some(core::net::IpAddr::V4(core::net::Ipv4Addr::LOCALHOST)),
        ..update("10.0.0.0/8", 5, 1)
    });
    let (key_of, seqno) = (key(P), Seqno(9));
    let ask = Tlv::SeqnoRequest(SeqnoRequest { key: key_of, seqno, hops: 1, router: FAR });
    let rows = [
        ("martian", route("fe80::/64", 5, 1)),
        ("ours", route("2001:db8:d::1/128", 5, 1)),
        ("echo", ours),
        ("next-hop", too_far),
        ("unfeasible", route(P, 5, 900)),
        ("seqno-jump", route(P, 500, 100)),
        ("dead-end", ask),
    ];
    for (reason, tlv) in rows {
        let mut stand = routed();
        // What was told before an echo would end with it: said by who told nothing.
        stand.say(u32::from(reason == "echo"), &[tlv]);
        assert_eq!(stand.passed_over(reason), 1, "{reason}");
        assert_eq!(stand.selected(P).unwrap().metric, Metric(196), "{reason}");
    }
    let mut stand = routed();
    stand.say(7, &[route(P, 5, 1)]);
    let (interface, from, octets) = (crate::Interface(9), at(0), [42, 2, 0, 0]);
    stand.tell(Input::Packet { interface, from, octets: &octets });
    assert_eq!((stand.passed_over("stranger"), stand.passed_over("no-interface")), (1, 1));
}
