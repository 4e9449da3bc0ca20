//! Intervals and margins that others see (rules C).

use super::sending::quiet;
use super::*;

/// Returns the costs that a probe was told of our reception, and when.
pub(super) fn reports(bench: &Bench, probe: usize) -> Vec<(Time, Ihu)> {
    let address = bench.probes[probe].address;
    let about = |word: Word| {
        if let Tlv::Ihu(ihu) = word.tlv
            && ihu.to == Some(IpAddr::V6(address))
        {
            Some((word.at, ihu))
        } else {
            None
        }
    };
    bench.heard(probe).into_iter().filter_map(about).collect()
}

/// Returns the greetings, and when each was said.
pub(super) fn greetings(bench: &Bench) -> Vec<(Time, Hello)> {
    let about =
        |word: &Word| if let Tlv::Hello(hello) = word.tlv { Some((word.at, hello)) } else { None };
    bench.said.iter().filter_map(about).collect()
}

#[test]
fn c1_jitter_only_shortens() {
    let mut bench = Bench::silent(profile(), settings(), &[(WIRE, 0x50)]);
    bench.pass(ms(30_000));
    bench.clear();
    bench.pass(ms(8_000_000));
    let said = greetings(&bench);
    assert!(said.len() > 8_000);
    for pair in said.windows(2) {
        let gap = pair[1].0.since(pair[0].0);
        assert!((ms(750)..=ms(1_000)).contains(&gap), "{gap:?}");
        assert_eq!(pair[1].1.seqno, pair[0].1.seqno.plus(1));
    }
}

#[test]
fn c2_a_greeting_is_missed_after_one_and_a_half_intervals() {
    let mut bench = Bench::lan(1);
    bench.probes[A].greets = false;
    bench.greet(A);
    bench.say(A, &[unicast_greeting(1, Some(ms(60_000)))]);
    let mut misses = Vec::new();
    for n in 1..=45 {
        bench.pass(ms(100));
        let lately = bench.neighbour(A).unwrap().reach.trailing_zeros() as usize;
        if lately > misses.len() {
            misses.push(n * 100);
        }
    }
    assert_eq!(misses, [1_500, 2_500, 3_500, 4_500]);
}

#[test]
fn c3_silence_is_noticed_within_two_and_six_tenths() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.say(B, &[offer(P1, 1, 150)]);
    bench.probes[A].greets = false;
    bench.greet(A);
    bench.pass(ms(2_600));
    assert_eq!((bench.cost(A), bench.selected(P1)), (Cost::INFINITE, Some((B, 246))));
}

#[test]
fn c4_reception_is_reported_each_third_greeting() {
    let places: Vec<_> = (0..30).map(|n| (WIRE, 0x50 + n)).collect();
    for count in [1, 30] {
        let mut bench = Bench::with(profile(), settings(), &places[..count]);
        let start = bench.now;
        bench.pass(ms(30_000));
        for probe in 0..count {
            let mut last = start;
            for (at, ihu) in reports(&bench, probe) {
                assert!(at.since(last) <= ms(3_000), "{:?}", at.since(last));
                assert_eq!((ihu.rxcost, ihu.next), (Cost(96), ms(3_000)));
                last = at;
            }
            assert!(bench.ago(last) <= ms(3_000));
        }
    }
}

#[test]
fn c16_a_wired_link_costs_96() {
    let bench = Bench::lan(1);
    let view = bench.neighbour(A).unwrap();
    assert_eq!((view.rxcost, view.txcost, view.cost), (Cost(96), Cost(96), Cost(96)));
}

#[test]
fn c5_who_acknowledges_hears_seldom() {
    let profile = Profile { address: US, hello: ms(1_000), ..Profile::LAN };
    let mut bench = Bench::with(profile, settings(), &[(WIRE, 0x50), (WIRE, 0x51)]);
    bench.probes[B].acks = true;
    bench.tell(Input::Announce(key(P1), Metric(0)));
    bench.pass(ms(20_000));
    bench.clear();
    bench.pass(Duration::from_mins(40));
    let promised = |probe| bench.updates(probe, key(P1)).last().unwrap().1.next;
    assert_eq!((promised(A), promised(B)), (ms(16_000), ms(640_000)));
    assert!((150..=201).contains(&bench.metrics(A, P1).len()));
    assert!((4..=6).contains(&bench.metrics(B, P1).len()));
}

#[test]
fn c13_who_never_acknowledges_hears_of_the_end_three_times() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.pass(ms(20_000));
    bench.clear();
    bench.say(A, &[retraction(P1)]);
    bench.pass(ms(120_000));
    assert!((3..=5).contains(&bench.metrics(B, P1).len()), "{:?}", bench.metrics(B, P1));
}

#[test]
fn c14_news_is_an_eighth() {
    let table = [
        (0, 64, false),
        (0, 65, true),
        (511, 575, false),
        (511, 576, true),
        (512, 448, false),
        (512, 577, true),
        (1_000, 1_125, false),
        (1_000, 1_126, true),
        (1_000, 875, false),
        (1_000, 874, true),
    ];
    for (before, now, is_news) in table {
        let mut bench = quiet(1);
        bench.tell(Input::Announce(key(P1), Metric(before)));
        bench.pass(ms(30_000));
        bench.clear();
        bench.tell(Input::Announce(key(P1), Metric(now)));
        bench.pass(ms(1_000));
        assert_eq!(!bench.metrics(A, P1).is_empty(), is_news, "{before} {now}");
    }
}
