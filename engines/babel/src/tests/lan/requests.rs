//! What is answered (rules Q).

use alloc::sync::Arc;

use super::*;
use crate::{Place, Policy};

/// Keeps the second range from everybody.
#[derive(Debug)]
struct Secret;

impl Policy for Secret {
    fn export(&self, _: Place, to: Key, _: RouterId) -> Option<Metric> {
        (to != key(P2)).then_some(Metric::ZERO)
    }
}

#[test]
fn q1_an_exact_request_is_always_answered() {
    let settings = Settings { policy: Arc::new(Secret), ..settings() };
    let mut bench = Bench::with(profile(), settings, &[(WIRE, 0x50), (WIRE, 0x51)]);
    bench.say(A, &[offer(P1, 1, 100), offer(P2, 1, 100)]);
    bench.pass(ms(20_000));
    bench.probes[B].acks = true;
    let unknown = ["2001:db8:dead::/48", "fe80::/64", "2001:db8:1::/63", P2, "10.7.0.0/16"];
    let all = [(OWN, 0), (P1, 196)].into_iter().chain(unknown.map(|text| (text, 0xffff)));
    for (text, metric) in all {
        bench.clear();
        let asked = bench.now;
        bench.say(B, &[request(text)]);
        bench.pass(ms(500));
        let updates = bench.updates(B, key(text));
        assert_eq!(updates[0].1.metric, Metric(metric), "{text}");
        assert!(updates[0].0.since(asked) <= ms(500), "{text}");
        assert_eq!(bench.updates(A, key(text)), [], "{text}");
    }
}

#[test]
fn q1_who_does_not_say_that_it_hears_us_is_answered_too() {
    let mut bench = Bench::lan(1);
    let deaf = bench.add(WIRE, link_local(0x60));
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.say(deaf, &[greeting(1, Some(ms(60_000)))]);
    bench.pass(ms(10_000));
    bench.clear();
    bench.say(deaf, &[request(OWN), request(P1), request(P2)]);
    bench.pass(ms(500));
    let metrics = |text| bench.metrics(deaf, text);
    assert_eq!(
        (metrics(OWN), metrics(P1), metrics(P2)),
        ([0].into(), [196].into(), [0xffff].into())
    );
    bench.clear();
    bench.pass(ms(20_000));
    assert_eq!((bench.metrics(deaf, OWN), bench.metrics(deaf, P1)), (Vec::new(), Vec::new()));
}

#[test]
fn q2_everything_is_told_and_not_twice_in_a_breath() {
    let mut bench = Bench::lan(2);
    bench.probes[B].acks = true;
    let ranges: Vec<_> = (0..1_000).map(|n| alloc::format!("2001:db8:7:{n:x}::/64")).collect();
    let all: Vec<_> = ranges.iter().map(|range| offer(range, 1, 100)).collect();
    bench.say(A, &all);
    bench.pass(ms(10_000));
    let dumps = |bench: &Bench| bench.metrics(B, &ranges[500]).len();
    bench.clear();
    bench.say(B, &[request_all()]);
    bench.pass(ms(10));
    bench.say(B, &[request_all()]);
    bench.pass(ms(500));
    assert!(ranges.iter().all(|range| bench.metrics(B, range) == [196]));
    assert_eq!(bench.metrics(B, OWN), [0]);
    bench.pass(ms(2_000));
    bench.clear();
    bench.say(B, &[request_all()]);
    bench.pass(ms(500));
    assert_eq!(dumps(&bench), 1);
    bench.clear();
    for _ in 0..1_000 {
        bench.say(B, &[request_all()]);
        bench.pass(ms(10));
    }
    assert!((9..=11).contains(&dumps(&bench)), "{}", dumps(&bench));
}

/// Returns a speaker with the route of A in use at number 5, and that of C besides.
fn routed() -> Bench {
    let mut bench = Bench::lan(3);
    bench.say(A, &[offer(P1, 5, 100)]);
    bench.say(C, &[offer(P1, 5, 150)]);
    bench.pass(ms(12_000));
    bench.clear();
    bench
}

#[test]
fn q3_a_seqno_request_is_answered_by_whoever_can() {
    let mut bench = routed();
    for (text, router, seqno, answer) in
        [(P1, ELSE, 900, 5), (P1, FAR, 5, 5), (P1, FAR, 4, 5), (OWN, NAME, 101, 101)]
    {
        bench.clear();
        let start = bench.now;
        bench.say(B, &[seqno_request(text, router, seqno, 1)]);
        let (at, update) = bench.updates(B, key(text))[0];
        assert_eq!((at, update.seqno), (start, Seqno(answer)));
        assert!([A, B, C].iter().all(|probe| bench.asked(*probe).is_empty()));
    }
}

#[test]
fn q3_a_seqno_request_goes_on_to_one_neighbour() {
    // Who asks, who is asked: the next hop first, and never who asks.
    for (asker, asked) in [(B, A), (A, C), (C, A)] {
        let mut bench = routed();
        let start = bench.now;
        bench.say(asker, &[seqno_request(P1, FAR, 6, 2)]);
        let (at, ask) = bench.asked(asked)[0];
        assert_eq!((at, ask.seqno, ask.router, ask.hops), (start, Seqno(6), FAR, 1));
        let others = [A, B, C].into_iter().filter(|probe| *probe != asked);
        assert!(others.map(|probe| bench.asked(probe)).all(|asked| asked.is_empty()));
        assert_eq!(bench.speaker.counters().requests_forwarded, 1);
    }
}

#[test]
fn q3_a_request_goes_to_an_unfeasible_route_if_there_is_no_other() {
    let mut bench = routed();
    bench.say(C, &[offer(P1, 5, 4_000)]);
    bench.say(A, &[seqno_request(P1, FAR, 6, 2)]);
    assert_eq!(bench.asked(C)[0].1.hops, 1);
}

#[test]
fn q3_a_request_without_hops_or_without_a_way_ends_here() {
    let mut bench = routed();
    bench.say(B, &[seqno_request(P1, FAR, 6, 1)]);
    assert_eq!(bench.counted("dead-end"), 1);
    bench.say(B, &[seqno_request(P2, FAR, 6, 9)]);
    assert_eq!(bench.counted("dead-end"), 2);
    let range = [0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0];
    let body = [&[10, 22, 2, 64, 0, 6, 0, 0][..], &FAR.0, &range].concat();
    bench.octets(B, &body);
    assert_eq!(bench.counted("hop-count"), 1);
    assert!([A, B, C].iter().all(|probe| bench.asked(*probe).is_empty()));
}

#[test]
fn q4_the_same_request_goes_on_once_and_its_answer_returns_at_once() {
    let mut bench = Bench::lan(3);
    bench.say(A, &[offer(P1, 5, 100)]);
    bench.pass(ms(12_000));
    bench.clear();
    for probe in [B, B, C] {
        bench.say(probe, &[seqno_request(P1, FAR, 6, 9)]);
    }
    assert_eq!(bench.asked(A).len(), 1);
    bench.say(C, &[seqno_request(P1, FAR, 7, 9)]);
    assert_eq!((bench.asked(A).len(), bench.asked(A)[1].1.seqno), (2, Seqno(7)));
    bench.clear();
    let start = bench.now;
    bench.say(A, &[offer(P1, 7, 100)]);
    bench.pass(ms(200));
    for probe in [B, C] {
        let (at, update) = bench.updates(probe, key(P1))[0];
        assert_eq!((at, update.seqno), (start, Seqno(7)));
    }
    bench.clear();
    bench.pass(ms(10_000));
    assert_eq!(bench.asked(A), []);
}

#[test]
fn q4_a_request_that_nobody_answers_is_forgotten() {
    let mut bench = Bench::lan(3);
    bench.say(A, &[offer(P1, 5, 100)]);
    bench.pass(ms(12_000));
    bench.clear();
    bench.say(B, &[seqno_request(P1, FAR, 6, 9)]);
    bench.pass(ms(20_000));
    assert_eq!(bench.asked(A).len(), 3);
    bench.say(B, &[seqno_request(P1, FAR, 6, 9)]);
    assert_eq!(bench.asked(A).len(), 4);
}
