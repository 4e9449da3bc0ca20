//! Who is heard, and how well (rules N).

use super::numbers::{greetings, reports};
use super::*;
use crate::Kind;

#[test]
fn n1_only_a_greeting_makes_a_neighbour() {
    let mut bench = Bench::lan(1);
    let stranger = bench.add(WIRE, link_local(0x60));
    bench.say(stranger, &[hears_us(Cost(96), ms(3_000)), offer(P1, 1, 100)]);
    assert_eq!(bench.neighbour(stranger), None);
    assert_eq!((bench.counted("stranger"), bench.route(stranger, key(P1))), (1, None));
    bench.say(stranger, &[greeting(1, Some(ms(1_000)))]);
    assert!(bench.neighbour(stranger).is_some());
    bench.pass(ms(3_600));
    assert_eq!(bench.neighbour(stranger), None);
}

#[test]
fn n1_the_same_address_on_another_network_is_another_neighbour() {
    let mut bench = Bench::with(profile(), settings(), &[(WIRE, 0x50), (OTHER, 0x50)]);
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.say(B, &[offer(P1, 1, 50)]);
    assert_eq!((bench.neighbour(A).unwrap().routes, bench.neighbour(B).unwrap().routes), (1, 1));
    assert_eq!(bench.speaker.routes().count(), 2);
}

#[test]
fn n1_a_neighbour_that_says_goodbye_by_silence_takes_its_routes_with_it() {
    let mut bench = Bench::lan(3);
    bench.say(A, &[offer(P1, 1, 100), offer(P2, 1, 100)]);
    bench.say(B, &[offer(P1, 1, 150)]);
    bench.pass(ms(300));
    bench.clear();
    bench.probes[A].greets = false;
    bench.pass(ms(4_000));
    assert_eq!((bench.neighbour(A), bench.route(A, key(P1))), (None, None));
    assert_eq!(bench.told(P1), [bench.through(B)]);
    assert_eq!(bench.told(P2), [Way::Unreachable]);
}

#[test]
fn n2_the_two_streams_are_counted_apart() {
    let mut bench = Bench::lan(1);
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.probes[A].greets = false;
    for n in 0..6 {
        let ihu = hears_us(Cost(96), ms(3_000));
        bench.say(A, &[unicast_greeting(7 + n, Some(ms(1_000))), ihu]);
        bench.pass(ms(1_000));
    }
    let view = bench.neighbour(A).unwrap();
    assert_eq!((view.reach & 0b1111, view.unicast_reach), (0, 0b11_1111));
    assert_eq!(bench.selected(P1), Some((A, 196)));
}

#[test]
fn n2_a_jump_of_seventeen_forgets_and_sixteen_does_not() {
    for (ahead, forgets) in [(16, false), (17, true), (-16, false), (-17, true)] {
        let mut bench = Bench::lan(1);
        for _ in 0..20 {
            bench.greet(A);
        }
        bench.say(A, &[offer(P1, 1, 100)]);
        bench.clear();
        let seqno = bench.probes[A].hello.0.wrapping_add_signed(ahead);
        bench.say(A, &[greeting(seqno, Some(ms(1_000)))]);
        assert_eq!(bench.route(A, key(P1)).is_none(), forgets, "{ahead}");
        let wants = bench.wanted(A).iter().any(|(_, key)| key.is_none());
        assert_eq!(wants, forgets, "{ahead}");
        if ahead > 0 {
            assert_eq!(bench.neighbour(A).unwrap().reach, 1);
            assert_eq!((bench.cost(A), bench.selected(P1)), (Cost::INFINITE, None));
            assert_eq!(reports(&bench, A)[0].1.rxcost, Cost::INFINITE);
        }
        if ahead == 16 {
            bench.say(A, &[greeting(seqno.wrapping_add(1), Some(ms(1_000)))]);
            assert_eq!((bench.cost(A), bench.selected(P1)), (Cost(96), Some((A, 196))));
        }
    }
}

#[test]
fn n2_late_greetings_undo_the_misses() {
    let mut bench = Bench::lan(1);
    bench.probes[A].greets = false;
    let before = bench.neighbour(A).unwrap().reach;
    bench.pass(ms(2_600));
    assert_eq!(bench.neighbour(A).unwrap().reach & 0b11, 0);
    bench.greet(A);
    assert_eq!(bench.neighbour(A).unwrap().reach, before << 1 | 1);
}

#[test]
fn n3_a_greeting_without_interval_touches_no_timer() {
    let mut bench = Bench::lan(1);
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.probes[A].greets = false;
    bench.greet(A);
    bench.pass(ms(1_400));
    let next = bench.probes[A].hello.0;
    bench.say(A, &[greeting(next, None), unicast_greeting(4_000, None)]);
    bench.pass(ms(50));
    assert_eq!(bench.neighbour(A).unwrap().reach & 0b11, 0b11);
    bench.pass(ms(51));
    assert_eq!(bench.neighbour(A).unwrap().reach & 0b111, 0b110);
    assert_eq!(bench.selected(P1), Some((A, 196)));
}

#[test]
fn n3_greetings_without_interval_keep_no_dead_neighbour() {
    for greeting in [greeting, unicast_greeting] {
        let mut bench = Bench::silent(profile(), settings(), &[(WIRE, 0x50)]);
        bench.say(A, &[greeting(1, None), hears_us(Cost(96), ms(600_000))]);
        bench.say(A, &[greeting(2, None)]);
        assert!(bench.neighbour(A).is_some());
        bench.pass(Duration::from_mins(20));
        assert_eq!(bench.neighbour(A), None);
    }
}

#[test]
fn n4_multicast_greetings_alone_make_a_link() {
    let mut bench = Bench::silent(profile(), settings(), &[(WIRE, 0x50)]);
    bench.greet(A);
    assert_eq!(bench.cost(A), Cost::INFINITE);
    bench.greet(A);
    assert_eq!(bench.cost(A), Cost(96));
}

#[test]
fn n4_two_misses_of_three_are_infinite() {
    let mut bench = Bench::lan(1);
    bench.probes[A].greets = false;
    bench.greet(A);
    bench.pass(ms(2_499));
    assert_eq!(bench.cost(A), Cost(96));
    bench.clear();
    bench.pass(ms(1));
    assert_eq!(bench.cost(A), Cost::INFINITE);
    assert_eq!(reports(&bench, A).first().unwrap().1.rxcost, Cost::INFINITE);
}

#[test]
fn n4_losses_cost_on_wireless() {
    let wireless = Profile { kind: Kind::Wireless, ..profile() };
    let mut bench = Bench::with(wireless, settings(), &[(WIRE, 0x50)]);
    assert_eq!(bench.cost(A), Cost(256));
    // Half of them arrive, both ways: four transmissions.
    bench.probes[A].greets = false;
    bench.probes[A].rxcost = 512;
    for n in 0..64 {
        match n % 4 {
            0 | 1 => bench.greet(A),
            _ => bench.probes[A].hello = bench.probes[A].hello.plus(1),
        }
        bench.pass(ms(1_000));
        assert!(n < 16 || (850..=1_200).contains(&bench.cost(A).0), "{:?}", bench.cost(A));
    }
    bench.pass(ms(10_000));
    assert_eq!(bench.neighbour(A), None);
}

#[test]
fn n5_no_ihu_no_cost() {
    let mut bench = Bench::silent(profile(), settings(), &[(WIRE, 0x50), (WIRE, 0x51)]);
    for n in 0..3 {
        bench.say(A, &[greeting(n, Some(ms(60_000))), offer(P1, 1, 100)]);
    }
    assert_eq!((bench.cost(A), bench.selected(P1)), (Cost::INFINITE, None));
    assert!(bench.route(A, key(P1)).is_some());
    let about =
        |to, rxcost| Tlv::Ihu(Ihu { to, rxcost: Cost(rxcost), next: ms(3_000), echo: None });
    bench.say(A, &[about(Some(IpAddr::V6(link_local(0x51))), 96)]);
    assert_eq!(bench.cost(A), Cost::INFINITE);
    bench.say(A, &[about(None, 0)]);
    assert_eq!((bench.cost(A), bench.selected(P1)), (Cost(96), Some((A, 196))));
    bench.pass(ms(10_400));
    assert_eq!(bench.cost(A), Cost(96));
    bench.pass(ms(200));
    assert_eq!((bench.cost(A), bench.selected(P1)), (Cost::INFINITE, None));
    bench.say(A, &[about(Some(IpAddr::V6(US)), 96)]);
    assert_eq!(bench.cost(A), Cost(96));
    bench.say(A, &[about(Some(IpAddr::V6(US)), 0xffff)]);
    assert_eq!((bench.cost(A), bench.selected(P1)), (Cost::INFINITE, None));
}

#[test]
fn n6_a_longer_interval_is_said_with_a_greeting_at_once() {
    let mut bench = Bench::lan(1);
    bench.pass(ms(10_500));
    bench.clear();
    bench.tell(Input::Up(WIRE, Profile { hello: ms(4_000), ..profile() }));
    let said = greetings(&bench);
    assert_eq!(said.len(), 1);
    assert_eq!((said[0].0, said[0].1.next), (bench.now, Some(ms(4_000))));
    bench.pass(ms(3_999));
    assert!(greetings(&bench)[1].1.next == Some(ms(4_000)));
}

#[test]
fn n7_a_new_cost_moves_only_the_routes_of_that_link() {
    let mut bench = Bench::lan(2);
    let ranges: Vec<_> = (0..200).map(|n| alloc::format!("2001:db8:7:{n:x}::/64")).collect();
    for (n, range) in ranges.iter().enumerate() {
        bench.say(n % 2, &[offer(range, 1, 100)]);
        bench.say(1 - n % 2, &[offer(range, 1, 180)]);
    }
    bench.pass(ms(1_000));
    bench.clear();
    let before = bench.speaker.counters().route_changes;
    bench.say(A, &[hears_us(Cost(1_000), ms(3_000))]);
    assert_eq!(bench.speaker.counters().route_changes - before, 100);
    assert!(bench.ways.iter().all(|(_, _, way)| *way == bench.through(B)));
    assert!(bench.speaker.selected().all(|view| view.neighbour == bench.probes[B].address));
}
