//! What is said unasked (rules S, P9).

use super::*;

/// Returns a speaker that repeats nothing for ten minutes, with probes on one network.
pub(super) fn quiet(count: u16) -> Bench {
    let profile = Profile { update: Duration::from_mins(10), ..profile() };
    let places: Vec<_> = (0..count).map(|n| (WIRE, 0x50 + n)).collect();
    let mut bench = Bench::with(profile, settings(), &places);
    bench.pass(ms(10_000));
    bench.clear();
    bench
}

#[test]
fn p9_what_is_urgent_leaves_in_a_fifth_of_a_second_and_the_rest_in_half_a_greeting() {
    let mut bench = quiet(2);
    bench.say(A, &[offer(P1, 1, 100), offer(P2, 1, 100)]);
    bench.pass(ms(500));
    assert_eq!((bench.metrics(B, P1), bench.metrics(B, P2)), ([196].into(), [196].into()));
    bench.pass(ms(30_000));
    bench.clear();
    bench.say(A, &[retraction(P1)]);
    bench.pass(ms(20));
    bench.say(A, &[offer(P2, 1, 10)]);
    bench.pass(ms(180));
    let packets: Vec<_> = bench
        .heard(B)
        .into_iter()
        .filter_map(|word| if let Tlv::Update(_) = word.tlv { Some(word.packet) } else { None })
        .collect();
    assert_eq!((packets.len(), packets[0] == packets[1]), (2, true));
    assert_eq!((bench.metrics(B, P1), bench.metrics(B, P2)), ([0xffff].into(), [106].into()));
}

#[test]
fn p9_many_changes_leave_in_many_breaths() {
    let mut bench = quiet(2);
    let ranges: Vec<_> = (0..3_000).map(|n| alloc::format!("2001:db8:7:{n:x}::/64")).collect();
    let all: Vec<_> = ranges.iter().map(|range| offer(range, 1, 100)).collect();
    for part in all.chunks(1_000) {
        bench.say(A, part);
    }
    bench.pass(ms(500));
    let told = bench.heard(B).iter().filter(|it| matches!(it.tlv, Tlv::Update(_))).count();
    assert_eq!(told, 3_000);
    let mut breaths = alloc::collections::BTreeMap::<Time, alloc::collections::BTreeSet<_>>::new();
    for word in bench.heard(B) {
        breaths.entry(word.at).or_default().insert(word.packet);
    }
    assert!(breaths.len() > 1 && breaths.values().all(|packets| packets.len() <= 33));
}

#[test]
fn p9_what_is_lost_is_said_to_all_who_acknowledge_late_or_never() {
    let mut bench = quiet(2);
    bench.probes[B].acks = false;
    let told = |n: u64, metric: u16| {
        let router = Some(RouterId((0xaabb_0000_0000_0000 | n).to_be_bytes()));
        let key = Some(key(&alloc::format!("2001:db8:7:{n:x}::/64")));
        let (seqno, metric, next) = (Seqno(1), Metric(metric), ms(600_000));
        Tlv::Update(Update { key, router, seqno, metric, next, hop: None })
    };
    // Each has a name of its own: some two hundred packets.
    for metric in [100, 0xffff] {
        bench.clear();
        let all: Vec<_> = (0..10_000).map(|n| told(n, metric)).collect();
        all.chunks(1_000).for_each(|part| bench.say(A, part));
        bench.pass(ms(500));
        let words = bench.heard(B).into_iter();
        let said = words.filter(|it| matches!(it.tlv, Tlv::Update(_))).count();
        assert!(said >= 10_000, "{said} routes with the metric {metric} were said");
        bench.pass(ms(30_000));
    }
}

#[test]
fn s1_everything_is_told_once_an_interval() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.pass(ms(5_000));
    bench.clear();
    let start = bench.now;
    bench.pass(ms(60_000));
    for (text, router, seqno, metric) in [(OWN, NAME, 100, 0), (P1, FAR, 1, 196)] {
        let mut last = start;
        for (at, update) in bench.updates(B, key(text)) {
            assert!(at.since(last) <= ms(4_000), "{:?}", at.since(last));
            assert_eq!((update.router, update.seqno), (Some(router), Seqno(seqno)));
            assert_eq!((update.metric, update.next), (Metric(metric), ms(4_000)));
            last = at;
        }
        assert!(bench.ago(last) <= ms(4_000));
    }
}

#[test]
fn s1_a_range_of_ours_has_the_metric_that_it_was_given() {
    let mut bench = Bench::lan(1);
    bench.tell(Input::Announce(key(P1), Metric(300)));
    bench.pass(ms(200));
    assert_eq!(bench.metrics(A, P1), [300]);
    bench.tell(Input::Announce(key(P1), Metric(900)));
    bench.clear();
    bench.pass(ms(200));
    assert_eq!(bench.metrics(A, P1), [900]);
    bench.clear();
    bench.tell(Input::Announce(key(P1), Metric(901)));
    bench.pass(ms(4_000));
    assert_eq!(bench.metrics(A, P1).last(), Some(&901));
}

#[test]
fn s2_another_router_is_told_at_once_and_reliably() {
    let mut bench = quiet(2);
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.pass(ms(20_000));
    bench.clear();
    let start = bench.now;
    bench.say(A, &[Tlv::Update(Update { router: Some(ELSE), ..route(P1, 7, 100) })]);
    bench.pass(ms(20_000));
    let updates = bench.updates(B, key(P1));
    assert!(updates[0].0.since(start) <= ms(200));
    assert!(updates.iter().all(|(_, it)| (it.router, it.seqno) == (Some(ELSE), Seqno(7))));
    assert!((3..=5).contains(&updates.len()), "{updates:?}");
}

#[test]
fn s2_an_end_is_told_at_once_and_reliably() {
    for acks in [false, true] {
        let mut bench = quiet(2);
        bench.probes[B].acks = acks;
        bench.say(A, &[offer(P1, 1, 100)]);
        bench.pass(ms(20_000));
        bench.clear();
        let start = bench.now;
        bench.say(A, &[retraction(P1)]);
        bench.pass(ms(20_000));
        let updates = bench.updates(B, key(P1));
        assert!(updates[0].0.since(start) <= ms(200));
        assert!(updates.iter().all(|(_, it)| !it.metric.is_finite()));
        let copies = if acks { 1..=1 } else { 3..=5 };
        assert!(copies.contains(&updates.len()), "{updates:?}");
    }
}

#[test]
fn s2_a_newer_number_alone_is_told_nobody() {
    let mut bench = quiet(2);
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.pass(ms(20_000));
    bench.clear();
    bench.say(A, &[offer(P1, 2, 100)]);
    bench.pass(ms(20_000));
    assert_eq!((bench.metrics(B, P1), bench.told(P1)), (Vec::new(), Vec::new()));
}

#[test]
fn s2_another_next_hop_alone_is_told_nobody() {
    let mut bench = quiet(2);
    let through = |last| Update { hop: Some(IpAddr::V6(link_local(last))), ..route(P1, 1, 100) };
    bench.say(A, &[Tlv::Update(through(0x70))]);
    bench.pass(ms(20_000));
    bench.clear();
    bench.say(A, &[Tlv::Update(through(0x71))]);
    bench.pass(ms(20_000));
    let hop = crate::Hop { interface: WIRE, address: IpAddr::V6(link_local(0x71)) };
    assert_eq!((bench.metrics(B, P1), bench.told(P1)), (Vec::new(), [Way::Through(hop)].into()));
}

#[test]
fn s2_small_changes_wait() {
    let mut bench = quiet(2);
    bench.say(A, &[offer(P1, 1, 500)]);
    bench.pass(ms(20_000));
    bench.clear();
    bench.say(A, &[offer(P1, 1, 560)]);
    bench.pass(ms(4_000));
    assert_eq!(bench.metrics(B, P1), []);
    bench.pass(ms(12_000));
    assert_eq!(bench.metrics(B, P1).first(), Some(&656));
}

#[test]
fn s3_who_is_starved_asks_three_times() {
    let mut bench = Bench::lan(3);
    bench.say(A, &[offer(P1, 5, 100)]);
    bench.pass(ms(300));
    bench.say(B, &[offer(P1, 5, 4_000)]);
    bench.say(C, &[offer(P1, 4, 50)]);
    bench.pass(ms(10_000));
    bench.clear();
    let start = bench.now;
    bench.say(A, &[retraction(P1)]);
    bench.pass(ms(60_000));
    assert_eq!((bench.asked(A), bench.selected(P1)), (Vec::new(), None));
    for probe in [B, C] {
        let asked = bench.asked(probe);
        let times: Vec<_> = asked.iter().map(|(at, _)| at.since(start)).collect();
        assert_eq!(times, [ms(0), ms(2_000), ms(6_000)]);
        let what = |ask: &SeqnoRequest| (ask.seqno, ask.router, ask.hops, ask.key);
        assert!(asked.iter().all(|(_, ask)| what(ask) == (Seqno(6), FAR, 64, key(P1))));
    }
}

#[test]
fn s3_who_comes_while_nobody_was_left_to_ask_is_asked_at_once() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 5, 100)]);
    bench.pass(ms(300));
    // Its route is too far to be believed, is asked about, and ends: from then on, nobody hears.
    bench.say(A, &[offer(P1, 5, 4_000)]);
    bench.pass(ms(100));
    bench.say(A, &[retraction(P1)]);
    for wait in [1_000, 5_000] {
        bench.pass(ms(wait));
        bench.clear();
        let start = bench.now;
        bench.say(B, &[offer(P1, 5, 4_000)]);
        assert_eq!(bench.asked(B).first().map(|(at, _)| *at), Some(start), "{wait}");
        bench.say(B, &[retraction(P1)]);
        bench.pass(Duration::from_mins(1));
        bench.say(A, &[offer(P1, 5, 4_000)]);
        bench.pass(ms(100));
        bench.say(A, &[retraction(P1)]);
    }
}

#[test]
fn s3_asking_ends_with_a_feasible_route() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 5, 100)]);
    bench.pass(ms(300));
    bench.say(B, &[offer(P1, 5, 4_000)]);
    bench.pass(ms(12_000));
    bench.say(A, &[retraction(P1)]);
    bench.pass(ms(1_000));
    bench.say(B, &[offer(P1, 6, 4_000)]);
    assert_eq!(bench.selected(P1), Some((B, 4_096)));
    bench.clear();
    bench.pass(ms(20_000));
    assert_eq!(bench.asked(B), []);
}

#[test]
fn s3_a_much_better_unfeasible_route_is_asked_for_once() {
    let mut bench = Bench::lan(3);
    bench.say(A, &[offer(P1, 5, 100)]);
    bench.pass(ms(300));
    bench.say(B, &[offer(P1, 5, 300)]);
    bench.pass(ms(12_000));
    bench.clear();
    let start = bench.now;
    bench.probes[A].rxcost = 3_000;
    bench.greet(A);
    let asked = bench.asked(B);
    assert_eq!((asked.len(), asked[0].0, asked[0].1.seqno), (1, start, Seqno(6)));
    assert_eq!((bench.asked(A), bench.asked(C)), (Vec::new(), Vec::new()));
    assert_eq!(bench.selected(P1), Some((A, 3_100)));
    bench.say(B, &[offer(P1, 6, 300)]);
    assert_eq!(bench.selected(P1), Some((B, 396)));
}

#[test]
fn s4_a_route_about_to_expire_is_asked_about() {
    let mut bench = Bench::lan(2);
    let start = bench.now;
    bench.say(A, &[Tlv::Update(Update { next: ms(4_000), ..route(P1, 5, 100) })]);
    bench.say(B, &[Tlv::Update(Update { next: ms(4_000), ..route(P1, 5, 150) })]);
    bench.clear();
    bench.pass(ms(13_500));
    let wanted = bench.wanted(A);
    assert_eq!((wanted.len(), wanted[0].1), (1, Some(key(P1))));
    assert!((ms(9_000)..=ms(12_000)).contains(&wanted[0].0.since(start)));
    assert_eq!(bench.wanted(B), []);
}

#[test]
fn s5_no_route_goes_back_where_it_came_from() {
    let mut bench = Bench::lan(2);
    bench.say(B, &[offer(P1, 1, 900)]);
    bench.pass(ms(10_000));
    assert_eq!(bench.metrics(B, P1), []);
    assert_eq!(bench.metrics(A, P1).first(), Some(&996));
    bench.probes[A].acks = true;
    bench.pass(ms(5_000));
    bench.clear();
    // A was told of it; now it leads through A.
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.pass(ms(60_000));
    assert_eq!(bench.metrics(A, P1), [0xffff]);
    assert_eq!(bench.metrics(B, P1).first(), Some(&196));
}

#[test]
fn s5_without_split_horizon_it_does() {
    let profile = Profile { split_horizon: false, ..profile() };
    let mut bench = Bench::with(profile, settings(), &[(WIRE, 0x50)]);
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.pass(ms(300));
    assert_eq!(bench.metrics(A, P1), [196]);
}

#[test]
fn s6_our_number_rises_by_one_for_a_request_and_never_by_itself() {
    let mut bench = Bench::lan(2);
    bench.pass(Duration::from_hours(24));
    assert_eq!(bench.speaker.seqno(), Seqno(100));
    for (wanted, ours) in [(100, 100), (101, 101), (101, 101), (99, 101), (102, 102)] {
        bench.say(A, &[seqno_request(OWN, NAME, wanted, 64)]);
        assert_eq!(bench.speaker.seqno(), Seqno(ours));
    }
    bench.say(A, &[seqno_request(OWN, ELSE, 200, 64)]);
    bench.say(A, &[seqno_request(P1, NAME, 200, 64)]);
    assert_eq!(bench.speaker.seqno(), Seqno(102));
}

#[test]
fn s6_a_former_number_is_gone_on_from() {
    let bench = Bench::with(profile(), settings(), &[(WIRE, 0x50)]);
    assert_eq!(bench.speaker.seqno(), Seqno(100));
    // Without a memory, the first request tells what it was.
    let forgetful = Settings { seqno: None, ..settings() };
    let mut bench = Bench::with(profile(), forgetful, &[(WIRE, 0x50)]);
    let wanted = bench.speaker.seqno().plus(3_000);
    bench.say(A, &[seqno_request(OWN, NAME, wanted.0, 64)]);
    assert_eq!(bench.speaker.seqno(), wanted);
}
