//! What may be believed (rules F), seen from outside.

use super::*;

/// Returns a speaker that has told everybody of a route of A at (`seqno`, `metric`).
fn told(seqno: u16, metric: u16) -> Bench {
    let mut bench = Bench::lan(3);
    bench.say(A, &[offer(P1, seqno, metric)]);
    bench.pass(ms(300));
    assert_eq!(bench.selected(P1), Some((A, metric + 96)));
    bench
}

/// Tells whether B's route could be selected.
fn is_feasible(bench: &Bench, probe: usize) -> bool {
    bench.route(probe, key(P1)).unwrap().feasible
}

#[test]
fn f1_numbers_wrap() {
    let mut bench = told(65_535, 100);
    bench.say(B, &[offer(P1, 65_534, 1)]);
    assert!(!is_feasible(&bench, B));
    bench.say(B, &[offer(P1, 0, 60_000)]);
    assert!(is_feasible(&bench, B));
    bench.say(B, &[offer(P1, 32_767, 1)]);
    assert!(!is_feasible(&bench, B));
}

#[test]
fn f2_equal_is_not_better() {
    let mut bench = told(1, 100);
    for (seqno, metric, feasible) in [(1, 196, false), (1, 195, true), (2, 9_999, true)] {
        bench.say(B, &[offer(P1, seqno, metric)]);
        assert_eq!(is_feasible(&bench, B), feasible, "{seqno} {metric}");
    }
    bench.say(A, &[retraction(P1)]);
    assert_eq!(bench.selected(P1), Some((B, 9_999 + 96)));
    bench.say(B, &[retraction(P1)]);
    assert_eq!(bench.selected(P1), None);
}

#[test]
fn f2_our_own_cost_makes_nothing_unfeasible() {
    let mut bench = told(1, 100);
    bench.probes[A].rxcost = 5_000;
    bench.pass(ms(2_000));
    bench.say(A, &[offer(P1, 1, 100)]);
    assert_eq!(bench.selected(P1), Some((A, 5_100)));
    assert_eq!(bench.counted("unfeasible"), 0);
}

#[test]
fn f3_our_own_range_is_believed_of_nobody_even_long_after() {
    let mut bench = Bench::lan(2);
    let echo =
        |seqno, metric| Tlv::Update(Update { router: Some(NAME), ..route(OWN, seqno, metric) });
    bench.say(A, &[echo(100, 96)]);
    bench.tell(Input::Withdraw(key(OWN)));
    bench.say(A, &[echo(100, 96)]);
    bench.say(A, &[echo(101, 96)]);
    assert_eq!((bench.selected(OWN), bench.counted("ours") + bench.counted("echo")), (None, 3));
}

#[test]
fn f3_the_distance_is_noted_before_the_update_leaves() {
    let mut bench = Bench::lan(2);
    bench.say(A, &[offer(P1, 1, 100)]);
    // Nothing was said yet: anything goes.
    bench.say(B, &[offer(P1, 1, 9_000)]);
    assert!(is_feasible(&bench, B) && bench.speaker.sources() == 1);
    bench.clear();
    while bench.metrics(B, P1).is_empty() {
        assert!(is_feasible(&bench, B));
        bench.pass(ms(1));
    }
    assert_eq!((bench.metrics(B, P1)[0], is_feasible(&bench, B)), (196, false));
    assert_eq!(bench.speaker.sources(), 2);
}

/// Lets A's route go, and returns the times at which B's was asked after, and could be selected.
fn outlived(long_update: Duration, times: &[u64]) -> Vec<bool> {
    let profile = Profile { long_update, ..profile() };
    let mut bench = Bench::with(profile, settings(), &[(WIRE, 0x50), (WIRE, 0x51)]);
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.pass(ms(300));
    bench.say(A, &[retraction(P1)]);
    let start = bench.now;
    let mut feasible = Vec::new();
    for at in times {
        while bench.ago(start) < Duration::from_secs(*at) {
            bench.say(B, &[offer(P1, 1, 300)]);
            bench.pass(ms(1_000));
        }
        feasible.push(is_feasible(&bench, B));
    }
    feasible
}

#[test]
fn f3_a_distance_outlives_the_belief_in_it() {
    let short = outlived(Duration::from_secs(16), &[170, 179, 245]);
    assert_eq!(short, [false, false, true]);
    let long = outlived(Duration::from_mins(10), &[179, 2_220, 2_310]);
    assert_eq!(long, [false, false, true]);
}

#[test]
fn f3_each_finite_repetition_prolongs_a_distance() {
    let profile = Profile { long_update: ms(16_000), ..profile() };
    let mut bench = Bench::with(profile, settings(), &[(WIRE, 0x50), (WIRE, 0x51)]);
    bench.say(A, &[offer(P1, 1, 100)]);
    bench.pass(Duration::from_secs(500));
    bench.say(A, &[retraction(P1)]);
    bench.pass(Duration::from_secs(170));
    bench.say(B, &[offer(P1, 1, 300)]);
    assert!(!is_feasible(&bench, B));
}

#[test]
fn f4_nothing_lower_leaves_later() {
    for seed in 0..20 {
        let mut bench = Bench::lan(3);
        let mut dice = words::Dice::of([seed; 32], "feasibility");
        for _ in 0..150 {
            let probe = dice.below(3);
            let seqno = u16::try_from(dice.below(3)).unwrap();
            let metric = u16::try_from(dice.below(2_000)).unwrap();
            match dice.below(5) {
                0 => bench.say(probe, &[retraction(P1)]),
                1 => bench.say(probe, &[hears_us(Cost(96 + metric), ms(3_000))]),
                _ => bench.say(probe, &[offer(P1, seqno, metric)]),
            }
            bench.pass(ms(u64::try_from(dice.below(300)).unwrap()));
            if let Some(view) = bench.speaker.selected().find(|view| view.key == key(P1)) {
                assert!(view.feasible && view.metric.is_finite());
            }
        }
        // Whatever was told at any time bounds what may be selected ever after.
        let mut best: Option<crate::Distance> = None;
        for word in &bench.said {
            let Tlv::Update(update) = word.tlv else { continue };
            if update.key == Some(key(P1)) && update.metric.is_finite() {
                let said = crate::Distance { seqno: update.seqno, metric: update.metric };
                best = Some(best.filter(|best| !best.admits(said)).unwrap_or(said));
            }
        }
        let Some(best) = best else { continue };
        for view in bench.speaker.routes().filter(|view| view.metric.is_finite()) {
            let its = crate::Distance { seqno: view.seqno, metric: view.refmetric };
            assert!(!view.feasible || best.admits(its), "{seed}: {view:?}");
        }
    }
}
