//! Chance keeps its word: a million draws for each law, judged by chi-square.
//!
//! Seeds are fixed, so a verdict can be replayed. A statistic is refused when chance alone would
//! be as far off less than once in a thousand runs; the tail is computed, and checked against
//! the tables. Expected shares are worked out here by hand from what PRINCIPLES.md says, and not
//! by the code under judgement.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
#![expect(clippy::cast_precision_loss, reason = "the numbers of these tests are small")]

use std::collections::BTreeMap;
use std::time::Duration;

use principles::destruction::{self, Standing};
use principles::exceptions::{
    Ensure, FailingCarrier, InUse, MostUsed, Neighbourhood, Rule, SameLan, SmallMesh, WellKnown,
};
use principles::selection::{Bends, Candidate, Held, Prospects, choose, choose_carrier};
use principles::{Cause, Drawn, Traits};
use words::{Carrier, Carriers, Dice, LinkId, NodeId, Prefix, Share, Time};

const DRAWS: u32 = 1_000_000;

/// Chance alone is as far off so seldom: then it was not chance.
const SIGNIFICANCE: f64 = 0.001;

/// Returns the probability that a chi-square of so many `degrees` passes `statistic`.
///
/// Upper regularized incomplete gamma, by series below its middle and by continued fraction
/// above: Press et al., "Numerical Recipes", §6.2.
fn tail(degrees: usize, statistic: f64) -> f64 {
    let (a, x) = (degrees as f64 / 2.0, statistic / 2.0);
    let weight = (a * x.ln() - x - ln_gamma(degrees)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-15 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return 1.0 - weight * sum;
    }
    let (mut bottom, mut up, mut down) = (x + 1.0 - a, 1e300, 1.0 / (x + 1.0 - a));
    let mut fraction = down;
    for i in 1..10_000 {
        let by = -f64::from(i) * (f64::from(i) - a);
        bottom += 2.0;
        down = 1.0 / (by * down + bottom);
        up = bottom + by / up;
        fraction *= down * up;
        if (down * up - 1.0).abs() < 1e-15 {
            break;
        }
    }
    weight * fraction
}

/// The logarithm of gamma of half of `doubled`, by its recursion.
fn ln_gamma(doubled: usize) -> f64 {
    let first = if doubled.is_multiple_of(2) { 0.0 } else { std::f64::consts::PI.sqrt().ln() };
    let from = if doubled.is_multiple_of(2) { 2 } else { 1 };
    first + (from..doubled).step_by(2).map(|n| (n as f64 / 2.0).ln()).sum::<f64>()
}

#[test]
fn the_tail_is_that_of_the_tables() {
    // NIST/SEMATECH e-Handbook, 1.3.6.7.4: critical values at 0.001.
    for (degrees, critical) in [(1, 10.828), (4, 18.467), (9, 27.877), (49, 85.351), (99, 148.230)]
    {
        let tail = tail(degrees, critical);
        assert!((tail - 0.001).abs() < 2e-6, "{degrees}: {tail}");
    }
}

/// Judges `counts` by the `weights` they are expected in, each of any scale.
///
/// `spread` is how much less they vary than independent draws do: 1 if they are independent,
/// (n - k)/(n - 1) if k of n are drawn at a time and none twice.
fn fits<K: Ord + Copy + std::fmt::Debug>(
    counts: &BTreeMap<K, u32>,
    weights: &BTreeMap<K, f64>,
    spread: f64,
) {
    let drawn: f64 = counts.values().copied().map(f64::from).sum();
    let whole: f64 = weights.values().sum();
    assert!(counts.keys().all(|key| weights.contains_key(key)), "who may not be drawn was");
    let off = weights.iter().map(|(key, weight)| {
        let expected = drawn * weight / whole;
        let count = f64::from(counts.get(key).copied().unwrap_or(0));
        (count - expected).powi(2) / expected
    });
    let statistic = off.sum::<f64>() / spread;
    let tail = tail(weights.len() - 1, statistic);
    assert!(tail > SIGNIFICANCE, "{statistic} is chance once in {}: {counts:?}", 1.0 / tail);
}

/// Counts what `draw` draws, a million times.
fn counted<K: Ord>(mut draw: impl FnMut() -> K) -> BTreeMap<K, u32> {
    let mut counts = BTreeMap::new();
    for _ in 0..DRAWS {
        *counts.entry(draw()).or_default() += 1;
    }
    counts
}

fn weights<K: Ord>(all: impl IntoIterator<Item = (K, f64)>) -> BTreeMap<K, f64> {
    all.into_iter().collect()
}

fn node(n: usize) -> NodeId {
    NodeId(Prefix::new((n as u128) << 64, 64))
}

fn number(node: NodeId) -> usize {
    usize::try_from(node.0.bits() >> 64).unwrap()
}

/// Nodes `0..count`: the first `known` are well known, the last `chinese` are in China, and
/// the delay to each rises with its number.
fn candidates(count: usize, known: usize, chinese: usize) -> Vec<Candidate> {
    let candidate = |n: usize| Candidate {
        node: node(n),
        traits: Traits {
            country: Some(if n + chinese >= count { *b"CN" } else { *b"FR" }),
            well_known: n < known,
            ..Traits::default()
        },
        delay: Some(Duration::from_millis(n as u64 + 1)),
    };
    (0..count).map(candidate).collect()
}

fn among(candidates: &[Candidate]) -> Prospects<'_> {
    let (named, held) = (&[][..], &[][..]);
    Prospects { candidates, alone: false, named, introduced: None, held, seats: 10 }
}

/// Draws a million first arrows, and counts where they point.
fn pointed(prospects: &Prospects<'_>, bends: &Bends, seed: u8) -> BTreeMap<usize, u32> {
    let mut dice = Dice::of([seed; 32], "chance");
    counted(|| number(choose(prospects, bends, &mut dice).unwrap().item))
}

fn small_mesh(rules: usize, at_least: u8) -> SmallMesh {
    SmallMesh::new(vec![Rule { at_least, ensure: Ensure::Country(*b"CN") }; rules])
}

#[test]
fn dice_have_no_favourite_face() {
    for faces in [2, 3, 10, 97] {
        let mut dice = Dice::of([21; 32], "chance");
        let counts = counted(|| dice.below(faces));
        fits(&counts, &weights((0..faces).map(|n| (n, 1.0))), 1.0);
    }
    // A draw of three of six: each of the 120 orders as likely.
    let mut dice = Dice::of([22; 32], "chance");
    let counts = counted(|| dice.draw(&mut (0..6).collect(), 3));
    let keys: BTreeMap<usize, u32> = counts.values().copied().enumerate().collect();
    assert_eq!(keys.len(), 120);
    fits(&keys, &weights((0..120).map(|n| (n, 1.0))), 1.0);
}

#[test]
fn every_node_is_drawn_alike_where_no_exception_is_owed_anything() {
    let known = candidates(50, 0, 0);
    let counts = pointed(&among(&known), &Bends::default(), 1);
    fits(&counts, &weights((0..50).map(|n| (n, 1.0))), 1.0);
}

/// Ten seats filled one after the other: nobody twice, and everybody alike.
#[test]
fn every_node_is_drawn_alike_for_all_seats_of_a_node() {
    let (mut dice, bends) = (Dice::of([2; 32], "chance"), Bends::default());
    let mut counts = BTreeMap::new();
    for _ in 0..DRAWS / 10 {
        let mut left = candidates(30, 0, 0);
        for _ in 0..10 {
            let drawn = choose(&among(&left), &bends, &mut dice).unwrap().item;
            left.retain(|candidate| candidate.node != drawn);
            *counts.entry(number(drawn)).or_default() += 1;
        }
    }
    fits(&counts, &weights((0..30).map(|n| (n, 1.0))), 20.0 / 29.0);
}

#[test]
fn who_is_named_is_drawn_alike_and_only_by_who_knows_nobody() {
    let named: Vec<_> = (0..7).map(node).collect();
    let nobody = Prospects { alone: true, named: &named, ..among(&[]) };
    let counts = pointed(&nobody, &Bends::default(), 3);
    fits(&counts, &weights((0..7).map(|n| (n, 1.0))), 1.0);

    let known = candidates(20, 0, 0);
    let named: Vec<_> = (100..107).map(node).collect();
    let somebody = Prospects { named: &named, ..among(&known) };
    let counts = pointed(&somebody, &Bends::default(), 4);
    fits(&counts, &weights((0..20).map(|n| (n, 1.0))), 1.0);
}

#[test]
fn the_registrys_peer_is_drawn_as_often_as_any_other() {
    let known = candidates(19, 0, 0);
    for introduced in [node(19), node(3)] {
        let prospects = Prospects { introduced: Some(introduced), ..among(&known) };
        let counts = pointed(&prospects, &Bends::default(), 5);
        let all = if introduced == node(19) { 20 } else { 19 };
        fits(&counts, &weights((0..all).map(|n| (n, 1.0))), 1.0);
    }
}

#[test]
fn the_well_known_hold_three_balls_in_ten_however_much_is_asked_for() {
    let known = candidates(20, 2, 0);
    // 18 others keep 18 balls. The two hold 7 of 25, rounded down.
    let expected = weights((0..20).map(|n| (n, if n < 2 { 7.0 / 2.0 } else { 1.0 })));
    for (share, seed) in [(30, 6), (100, 7)] {
        let well_known = WellKnown::new(Share::percent(share));
        let bends = Bends { well_known, ..Bends::default() };
        fits(&pointed(&among(&known), &bends, seed), &expected, 1.0);
    }
    // A tenth is what two of twenty have already.
    let well_known = WellKnown::new(Share::percent(10));
    let bends = Bends { well_known, ..Bends::default() };
    let counts = pointed(&among(&known), &bends, 8);
    fits(&counts, &weights((0..20).map(|n| (n, 1.0))), 1.0);
}

#[test]
fn an_ensure_rule_holds_three_balls_for_four_of_chances_however_many_there_are() {
    let known = candidates(20, 0, 2);
    // Half of the urn would be 16 balls more; 15 is what exceptions may add to 20.
    let each = 1.0 + 15.0 / 2.0;
    let expected = weights((0..20).map(|n| (n, if n < 18 { 1.0 } else { each })));
    for (rules, at_least, seed) in [(1, 1, 9), (30, 200, 10)] {
        let bends = Bends { small_mesh: small_mesh(rules, at_least), ..Bends::default() };
        fits(&pointed(&among(&known), &bends, seed), &expected, 1.0);
    }
}

#[test]
fn a_rule_that_is_met_by_its_arrows_changes_no_draw() {
    let known = candidates(20, 0, 2);
    let traits = Traits { country: Some(*b"CN"), ..Traits::default() };
    let held = [Held { traits, carrier: Some(Carrier::Udp), cause: Cause::Chance }; 3];
    let prospects = Prospects { held: &held, ..among(&known) };
    // 200 is clamped to three.
    let bends = Bends { small_mesh: small_mesh(1, 200), ..Bends::default() };
    let counts = pointed(&prospects, &bends, 11);
    fits(&counts, &weights((0..20).map(|n| (n, 1.0))), 1.0);
}

#[test]
fn the_nearest_of_a_few_holds_one_ball_in_five_and_the_few_are_random() {
    let known = candidates(24, 0, 0);
    for (share, few, seed) in [(20, 8, 12), (100, 1_000, 13)] {
        let neighbourhood = Neighbourhood::new(Share::percent(share), few);
        let bends = Bends { neighbourhood, ..Bends::default() };
        let few = few.min(16);
        // 23 others; a fifth of the urn is 5 balls, of which one is its own. The node of rank
        // r is the nearest if it is among the few and the nearer ones are not.
        let mut nobody_nearer = 1.0;
        let expected = (0..24).map(|rank: usize| {
            let left = (24 - rank) as f64;
            let is_nearest = nobody_nearer * few as f64 / left;
            nobody_nearer *= ((24 - rank).saturating_sub(few)) as f64 / left;
            (rank, 1.0 + 4.0 * is_nearest)
        });
        let expected = weights(expected);
        fits(&pointed(&among(&known), &bends, seed), &expected, 1.0);
    }
}

#[test]
fn near_arrows_that_hold_their_share_of_the_seats_change_no_draw() {
    let known = candidates(20, 0, 0);
    let greedy = Neighbourhood::new(Share::percent(100), 16);
    let bends = Bends { neighbourhood: greedy, ..Bends::default() };
    let mut dice = Dice::of([15; 32], "chance");
    let near = core::iter::repeat_with(|| choose(&among(&known), &bends, &mut dice).unwrap())
        .find(|drawn| drawn.cause != Cause::Chance)
        .unwrap();
    let held = [Held { traits: Traits::default(), carrier: None, cause: near.cause }; 2];
    let prospects = Prospects { held: &held, ..among(&known) };
    let counts = pointed(&prospects, &bends, 16);
    fits(&counts, &weights((0..20).map(|n| (n, 1.0))), 1.0);
}

/// All exceptions to selection, each asked for more than it may have.
fn greedy() -> Bends {
    Bends {
        well_known: WellKnown::new(Share::percent(100)),
        small_mesh: small_mesh(30, 200),
        neighbourhood: Neighbourhood::new(Share::percent(100), 1_000),
        same_lan: SameLan::new(100),
    }
}

#[test]
fn all_exceptions_together_leave_chance_its_four_of_seven_and_it_draws_alike() {
    for (count, well_known, chinese, seed) in [(20, 2, 3, 17), (12, 1, 1, 18)] {
        let known = candidates(count, well_known, chinese);
        let introduced = Some(node(count));
        let prospects = Prospects { introduced, ..among(&known) };
        let (mut dice, bends) = (Dice::of([seed; 32], "chance"), greedy());
        let mut by_chance = BTreeMap::new();
        let mut bent = 0.0;
        for _ in 0..DRAWS {
            let Drawn { item, cause } = choose(&prospects, &bends, &mut dice).unwrap();
            if cause == Cause::Chance {
                *by_chance.entry(number(item)).or_default() += 1;
            } else {
                bent += 1.0;
            }
        }
        // Where chance decided, nobody was preferred: and it decided about every one.
        fits(&by_chance, &weights((0..count).map(|n| (n, 1.0))), 1.0);
        let (share, draws) = (bent / f64::from(DRAWS), f64::from(DRAWS));
        let most = (count * 3 / 4) as f64 / (count + count * 3 / 4) as f64;
        let luck = 3.3 * (most * (1.0 - most) / draws).sqrt();
        assert!((share - most).abs() < luck, "{share} of the draws are bent, not {most}");
    }
}

/// Counts which of ten arrows dies, one at a time; the first are used most.
fn died(bends: &destruction::Bends, share: Share, seed: u8) -> BTreeMap<u32, u32> {
    let mut dice = Dice::of([seed; 32], "chance");
    let arrows: Vec<_> = (0..10).map(|n| Standing { link: LinkId(n), used_by: 10 - n }).collect();
    counted(|| {
        let dead = destruction::condemn(&arrows, share, bends, Time::ZERO, &mut dice);
        assert_eq!(dead.len(), 1);
        dead[0].link.0
    })
}

fn sheltering(share: u16, extra: u32) -> destruction::Bends {
    let most_used = MostUsed::new(Share::percent(share), extra);
    destruction::Bends { most_used, ..destruction::Bends::default() }
}

#[test]
fn every_arrow_dies_alike_where_none_is_sheltered() {
    let expected = weights((0..10).map(|n| (n, 1.0)));
    for (bends, share, seed) in [
        (sheltering(0, 3), 10, 23),
        // A share of nothing still takes one.
        (sheltering(0, 0), 0, 25),
        // What is granted to arrows in use is time, not odds.
        (destruction::Bends { in_use: InUse::new(Duration::MAX), ..sheltering(0, 0) }, 10, 26),
    ] {
        fits(&died(&bends, Share::percent(share), seed), &expected, 1.0);
    }
}

/// Three of ten die in a round: each of the 120 companies of three as often.
#[test]
fn every_three_arrows_die_together_alike() {
    let mut dice = Dice::of([27; 32], "chance");
    let arrows: Vec<_> = (0..10).map(|n| Standing { link: LinkId(n), used_by: n }).collect();
    let bends = sheltering(0, 0);
    let counts = counted(|| {
        let share = Share::percent(30);
        let dead = destruction::condemn(&arrows, share, &bends, Time::ZERO, &mut dice);
        dead.iter().fold(0_u32, |dead, one| dead | 1 << one.link.0)
    });
    let threes = (0..1_u32 << 10).filter(|set| set.count_ones() == 3);
    fits(&counts, &weights(threes.map(|set| (set, 1.0))), 1.0);
}

#[test]
fn the_most_used_die_less_within_the_bound_and_the_others_alike() {
    for (share, extra, others, seed) in
        [(20, 3, 4.0, 28), (100, 9, 10.0, 29), (100, u32::MAX, 10.0, 30)]
    {
        // Two of ten are sheltered, whatever share is asked for: each keeps its one ball.
        let expected = weights((0..10).map(|n| (n, if n < 2 { 1.0 } else { others })));
        let counts = died(&sheltering(share, extra), Share::percent(10), seed);
        fits(&counts, &expected, 1.0);
    }
}

fn carriers(common: Carriers, failing: &FailingCarrier, rules: &SmallMesh) -> BTreeMap<u8, u32> {
    let bends = Bends { small_mesh: rules.clone(), ..Bends::default() };
    let mut dice = Dice::of([31; 32], "chance");
    counted(|| choose_carrier(common, &[], failing, &bends, &mut dice).unwrap().item as u8)
}

fn failing(failures: &[(Carrier, u32)]) -> FailingCarrier {
    let mut failing = FailingCarrier::default();
    for (carrier, times) in failures {
        (0..*times).for_each(|_| failing.failed(*carrier));
    }
    failing
}

#[test]
fn every_carrier_is_drawn_alike_where_none_fails() {
    let common = Carriers::of(Carrier::ALL);
    let alike = weights(common.iter().map(|carrier| (carrier as u8, 1.0)));
    let none = SmallMesh::default();
    fits(&carriers(common, &FailingCarrier::default(), &none), &alike, 1.0);
    let all: Vec<_> = Carrier::ALL.into_iter().map(|carrier| (carrier, 1_000)).collect();
    fits(&carriers(common, &failing(&all), &none), &alike, 1.0);
}

#[test]
fn a_failing_carrier_is_drawn_less_within_the_bound_and_never_never() {
    let common = Carriers::of([Carrier::Udp, Carrier::Tls, Carrier::Gre]);
    let [udp, tls, gre] = [Carrier::Udp, Carrier::Tls, Carrier::Gre].map(|carrier| carrier as u8);
    let none = SmallMesh::default();
    for failures in [9, 1_000_000] {
        // The worst has its own ball, the others up to nine more.
        let failing = failing(&[(Carrier::Udp, failures), (Carrier::Tls, 4)]);
        let expected = weights([(udp, 1.0), (tls, 6.0), (gre, 10.0)]);
        fits(&carriers(common, &failing, &none), &expected, 1.0);
    }
}

#[test]
fn a_carrier_that_is_asked_for_holds_half_and_one_that_fails_besides_is_not_lost() {
    let common = Carriers::of([Carrier::Udp, Carrier::Tls, Carrier::Gre]);
    let [udp, tls, gre] = [Carrier::Udp, Carrier::Tls, Carrier::Gre].map(|carrier| carrier as u8);
    let rule = Rule { at_least: 200, ensure: Ensure::Carrier(Carrier::Tls) };
    let rules = SmallMesh::new([rule; 30]);
    let expected = weights([(udp, 1.0), (tls, 2.0), (gre, 1.0)]);
    fits(&carriers(common, &FailingCarrier::default(), &rules), &expected, 1.0);
    // Nine balls each are more than the rule may still add to.
    let failing = failing(&[(Carrier::Udp, 1_000)]);
    let expected = weights([(udp, 1.0), (tls, 10.0), (gre, 10.0)]);
    fits(&carriers(common, &failing, &rules), &expected, 1.0);
}
