//! Learning, expiry, hold, selection (rules T).

use super::*;

#[test]
fn t1_an_unknown_retraction_is_ignored() {
    let mut bench = Bench::lan(1);
    bench.say(A, &[retraction(P1)]);
    assert_eq!((bench.speaker.routes().count(), bench.told(P1)), (0, Vec::new()));
    bench.pass(ms(2_000));
    assert_eq!(bench.metrics(A, P1), []);
}

#[test]
fn t1_the_same_range_of_two_neighbours_is_two_routes() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.say(B, &[offer(P1, 1, 50)]);
    assert_eq!(bench.speaker.routes().count(), 2);
    bench.say(A, &[retraction(P1)]);
    assert_eq!(bench.route(B, key(P1)).unwrap().refmetric, Metric(50));
}

#[test]
fn t1_an_unfeasible_stranger_is_kept_for_starvation() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 5, 100)]);
    bench.pass(ms(300));
    bench.say(B, &[offer(P1, 5, 4_000)]);
    assert!(!bench.route(B, key(P1)).unwrap().feasible);
    assert_eq!(bench.selected(P1), Some((A, 196)));
}

#[test]
fn t2_an_unfeasible_update_of_the_selected_route_is_ignored_and_asked_about() {
    let mut bench = Bench::lan(2);
    let spoken = Update { next: ms(10_000), ..route(P1, 5, 100) };
    bench.say(A, &[Tlv::Update(spoken)]);
    bench.pass(ms(300));
    bench.clear();
    let (start, worse) = (bench.now, Update { metric: Metric(4_000), ..spoken });
    bench.say(A, &[Tlv::Update(worse)]);
    assert_eq!((bench.selected(P1), bench.told(P1)), (Some((A, 196)), Vec::new()));
    assert_eq!(bench.counted("unfeasible"), 1);
    let (at, ask) = bench.asked(A)[0];
    assert_eq!((at, ask.seqno, ask.router, ask.hops), (start, Seqno(6), FAR, 64));
    assert_eq!(bench.asked(B), []);
    // Nobody answers: what is not told again expires, whatever else is told.
    for _ in 0..45 {
        bench.pass(ms(1_000));
        bench.say(A, &[Tlv::Update(worse)]);
    }
    assert_eq!(bench.selected(P1), None);
}

#[test]
fn t2_what_is_not_selected_or_of_another_router_is_replaced() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 5, 100)]);
    bench.say(B, &[offer(P1, 5, 150)]);
    bench.pass(ms(300));
    bench.say(B, &[offer(P1, 4, 700)]);
    assert_eq!(bench.route(B, key(P1)).unwrap().refmetric, Metric(700));
    bench.say(A, &[Tlv::Update(Update { router: Some(ELSE), ..route(P1, 3, 4_000) })]);
    let view = bench.route(A, key(P1)).unwrap();
    assert_eq!((view.router_id, view.refmetric), (ELSE, Metric(4_000)));
}

#[test]
fn t2_what_is_refused_ends_what_was_told_before() {
    let mut bench = Bench::lan(2);
    let by = |router, seqno| {
        let (key, router, seqno) = (Some(key(P1)), Some(router), Seqno(seqno));
        Tlv::Update(Update { key, router, seqno, metric: Metric(100), next: ms(4_000), hop: None })
    };
    bench.say(A, &[by(FAR, 5)]);
    assert_eq!(bench.selected(P1), Some((A, 196)));
    // What it has now came from us: to follow what it had would lead packets in a circle.
    bench.say(A, &[by(NAME, 6)]);
    assert_eq!((bench.selected(P1), bench.counted("echo")), (None, 1));
    bench.say(A, &[by(FAR, 6)]);
    assert_eq!(bench.selected(P1), Some((A, 196)));
}

#[test]
fn t2_a_finite_update_renews_and_a_changed_interval_counts() {
    let mut bench = Bench::lan(1);
    let spoken = route(P1, 5, 100);
    bench.say(A, &[Tlv::Update(Update { next: ms(4_000), ..spoken })]);
    bench.say(A, &[Tlv::Update(Update { next: ms(100_000), ..spoken })]);
    bench.pass(Duration::from_mins(5));
    assert_eq!(bench.selected(P1), Some((A, 196)));
}

#[test]
fn t3_an_expired_route_is_retracted_and_then_flushed() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[Tlv::Update(Update { next: ms(4_000), ..route(P1, 5, 100) })]);
    bench.pass(ms(14_000));
    assert_eq!(bench.selected(P1), Some((A, 196)));
    bench.clear();
    bench.pass(ms(3_000));
    assert_eq!(bench.route(A, key(P1)).unwrap().metric, Metric::INFINITE);
    assert_eq!((bench.told(P1), bench.selected(P1)), ([Way::Unreachable].into(), None));
    bench.pass(ms(18_000));
    assert_eq!(bench.route(A, key(P1)), None);
}

#[test]
fn t4_a_lost_route_is_held_and_no_shorter_one_takes_it() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 5, 100), offer("::/0", 5, 100)]);
    bench.pass(ms(300));
    bench.clear();
    let start = bench.now;
    bench.say(A, &[retraction(P1)]);
    bench.pass(ms(30_000));
    let ways: Vec<_> = bench.ways.iter().filter(|(_, it, _)| *it == key(P1)).collect();
    assert_eq!((ways[0].0, ways[0].2, ways.len()), (start, Way::Unreachable, 2));
    // Nobody acknowledged: until everybody has ceased to believe us.
    assert_eq!((ways[1].0.since(start), ways[1].2), (ms(14_000), Way::Gone));
    assert_eq!(bench.selected("::/0"), Some((A, 196)));
}

#[test]
fn t4_a_hold_ends_with_another_route() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 5, 100)]);
    bench.pass(ms(300));
    bench.clear();
    bench.say(A, &[retraction(P1)]);
    bench.pass(ms(2_000));
    bench.say(B, &[offer(P1, 6, 300)]);
    bench.pass(ms(60_000));
    assert_eq!(bench.told(P1), [Way::Unreachable, bench.through(B)]);
}

#[test]
fn t4_a_hold_ends_when_all_have_acknowledged() {
    let mut bench = Bench::lan(2);
    bench.probes.iter_mut().for_each(|probe| probe.acks = true);
    bench.say(A, &[offer(P1, 5, 100)]);
    bench.pass(ms(300));
    bench.clear();
    let start = bench.now;
    bench.say(A, &[retraction(P1)]);
    bench.pass(ms(1_000));
    assert_eq!(bench.told(P1), [Way::Unreachable, Way::Gone]);
    assert!(bench.ways[1].0.since(start) <= ms(200));
}

#[test]
fn t4_a_hold_lasts_while_one_has_not_acknowledged() {
    let mut bench = Bench::lan(3);
    bench.say(A, &[offer(P1, 5, 100)]);
    bench.pass(ms(10_000));
    bench.clear();
    bench.say(A, &[retraction(P1)]);
    bench.pass(ms(2_000));
    // C never acknowledges; B does, when it is told again.
    bench.probes[B].acks = true;
    bench.pass(ms(8_000));
    assert!(bench.neighbour(B).unwrap().acknowledges);
    assert_eq!(bench.told(P1), [Way::Unreachable]);
    bench.pass(ms(10_000));
    assert_eq!(bench.told(P1), [Way::Unreachable, Way::Gone]);
}

#[test]
fn t5_a_newer_number_alone_moves_nothing() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.clear();
    bench.say(B, &[offer(P1, 2, 100)]);
    bench.pass(ms(30_000));
    assert_eq!((bench.told(P1), bench.selected(P1)), (Vec::new(), Some((A, 196))));
}

#[test]
fn t5_a_much_better_one_is_taken_at_once_and_a_little_better_one_later() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 1, 500)]);
    bench.say(B, &[offer(P1, 1, 435)]);
    assert_eq!(bench.selected(P1), Some((B, 531)));
    bench.say(A, &[offer(P1, 1, 400)]);
    assert_eq!(bench.selected(P1), Some((B, 531)));
    bench.pass(ms(3_000));
    assert_eq!(bench.selected(P1), Some((B, 531)));
    bench.pass(ms(12_000));
    assert_eq!(bench.selected(P1), Some((A, 496)));
}

#[test]
fn t5_jitter_moves_no_route() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 1, 500)]);
    bench.clear();
    for n in 0..100 {
        // Never lower for longer than a look at it lasts.
        bench.say(B, &[offer(P1, 2 + n, if n % 2 == 0 { 450 } else { 550 })]);
        bench.pass(ms(4_000));
    }
    assert_eq!((bench.told(P1), bench.selected(P1)), (Vec::new(), Some((A, 596))));
}

#[test]
fn t5_nothing_infinite_or_unfeasible_is_ever_selected() {
    let mut bench = Bench::lan(3);
    let mut dice = words::Dice::of([7; 32], "routes");
    for _ in 0..2_000 {
        let probe = dice.below(3);
        let seqno = u16::try_from(dice.below(4)).unwrap();
        let metric = u16::try_from(dice.below(0x1_0000)).unwrap();
        let router = if dice.below(2) == 0 { FAR } else { ELSE };
        let text = if dice.below(2) == 0 { P1 } else { P2 };
        let update = Update { router: Some(router), ..route(text, seqno, metric) };
        match dice.below(8) {
            0 => bench.say(probe, &[retraction(text)]),
            1 => bench.say(probe, &[hears_us(Cost(metric), ms(3_000))]),
            _ => bench.say(probe, &[Tlv::Update(update)]),
        }
        bench.pass(ms(u64::try_from(dice.below(500)).unwrap()));
        for view in bench.speaker.selected() {
            assert!(view.feasible && view.metric.is_finite(), "{view:?}");
        }
    }
}

#[test]
fn t6_metrics_end_at_infinity() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 1, 0xfffe)]);
    assert_eq!(bench.selected(P1), None);
    for metric in [0, 1, 30_000, 65_000, 65_400, 0xfff0] {
        bench.say(A, &[offer(P1, 1, metric)]);
        let selected = bench.selected(P1);
        assert!(selected.is_none_or(|(_, ours)| ours > metric), "{selected:?}");
    }
}

/// Lets the second range cost all there is.
#[derive(Debug)]
struct Dear;

impl crate::Policy for Dear {
    fn import(&self, _: crate::Place, to: Key, _: RouterId) -> Option<Metric> {
        Some(if to == key(P2) { Metric::INFINITE } else { Metric(7) })
    }
}

#[test]
fn t6_what_the_policy_adds_ends_at_infinity_too() {
    let settings = Settings { policy: alloc::sync::Arc::new(Dear), ..settings() };
    let mut bench = Bench::with(profile(), settings, &[(WIRE, 0x50)]);
    bench.say(A, &[offer(P1, 1, 100), offer(P2, 1, 100)]);
    assert_eq!((bench.selected(P1), bench.selected(P2)), (Some((A, 203)), None));
    assert_eq!(bench.counted("policy"), 1);
    bench.say(A, &[offer(P1, 1, 0xfff9)]);
    assert_eq!(bench.selected(P1), None);
}

#[test]
fn t7_ranges_that_are_never_routed() {
    let mut bench = Bench::lan(1);
    let never = [
        "fe80::/64",
        "fe80::/10",
        "ff00::/8",
        "ff02::/16",
        "::1/128",
        "127.0.0.1/32",
        "127.0.0.0/8",
        "0.0.0.0/32",
        "224.0.0.0/4",
        "239.1.0.0/16",
    ];
    for (text, count) in never.into_iter().zip(1..) {
        let update = route(text, 1, 100);
        bench.say(A, &[Tlv::Update(update)]);
        let hop = key(text).prefix.first().to_ipv4_mapped().map(|_| IpAddr::from([10, 0, 0, 9]));
        bench.say(A, &[Tlv::Update(Update { hop, ..update })]);
        assert_eq!(bench.counted("martian"), count * 2, "{text}");
    }
    assert_eq!(bench.speaker.routes().count(), 0);
    for text in
        ["::/0", "0.0.0.0/0", "fc00::/7", "fec0::/10", "::2/128", "126.0.0.0/8", "0.0.0.0/31"]
    {
        bench.say(A, &[offer(text, 1, 100)]);
        assert!(bench.selected(text).is_some(), "{text}");
    }
}
