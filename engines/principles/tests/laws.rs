//! The product keeps the laws, with every exception on.

use core::time::Duration;

use principles::destruction::Standing;
use principles::exceptions::{
    Ensure, InUse, MostUsed, Neighbourhood, Rule, SameLan, SmallMesh, WellKnown,
};
use principles::selection::{Bends, Candidate, Held, Prospects, choose};
use principles::{Cause, Drawn, Traits, destruction, law};
use words::{Dice, LinkId, NodeId, Prefix, Share, Time};

fn node(n: usize) -> NodeId {
    NodeId(Prefix::new((n as u128) << 64, 64))
}

/// Nodes `0..count`, the first ones well known, one in ten in China, the low ones near.
fn candidates(count: usize, well_known: usize) -> Vec<Candidate> {
    let candidate = |n: usize| Candidate {
        node: node(n),
        traits: Traits {
            country: Some(if n % 10 == 9 { *b"CN" } else { *b"FR" }),
            well_known: n < well_known,
            ..Traits::default()
        },
        delay: Some(Duration::from_millis(n as u64)),
    };
    (0..count).map(candidate).collect()
}

/// Chooses `seats` nodes, one after the other, as a node that starts does.
fn choose_all(
    known: &[Candidate],
    seats: usize,
    bends: &Bends,
    dice: &mut Dice,
) -> Vec<Drawn<NodeId>> {
    let mut left = known.to_vec();
    let (mut held, mut drawn): (Vec<Held>, Vec<_>) = (Vec::new(), Vec::new());
    while drawn.len() < seats {
        let prospects = Prospects {
            candidates: &left,
            alone: known.is_empty(),
            named: &[],
            introduced: None,
            held: &held,
            seats,
        };
        let Some(next) = choose(&prospects, bends, dice) else { break };
        let Some(at) = left.iter().position(|c| c.node == next.item) else { break };
        let traits = left.swap_remove(at).traits;
        held.push(Held { traits, carrier: None, cause: next.cause });
        drawn.push(next);
    }
    drawn
}

/// Every exception to selection, each at its bound.
fn all_bends() -> Bends {
    Bends {
        well_known: WellKnown::default(),
        small_mesh: SmallMesh::new([Rule { at_least: 1, ensure: Ensure::Country(*b"CN") }]),
        neighbourhood: Neighbourhood::new(Share::percent(20), 8),
        same_lan: SameLan::default(),
    }
}

/// How far `counts` are from `expected` each: the chi-square statistic.
fn chi_square(counts: &[u32], expected: f64) -> f64 {
    counts.iter().map(|n| (f64::from(*n) - expected).powi(2) / expected).sum()
}

#[test]
fn every_arrow_dies() {
    let (mut dice, bends) = (law::dice(), destruction::Bends::default());
    let condemn = |arrows: &[_]| {
        let condemned =
            destruction::condemn(arrows, Share::percent(30), &bends, Time::ZERO, &mut dice);
        condemned.into_iter().map(|c| c.link).collect()
    };
    assert_eq!(law::mortality(1_000, condemn), Ok(()));
}

#[test]
fn every_arrow_dies_whatever_the_configuration_says() {
    let mut dice = law::dice();
    let most_used = MostUsed::new(Share::percent(100), u32::MAX);
    let bends = destruction::Bends { most_used, ..destruction::Bends::default() };
    let condemn = |arrows: &[_]| {
        let condemned =
            destruction::condemn(arrows, Share::percent(0), &bends, Time::ZERO, &mut dice);
        condemned.into_iter().map(|c| c.link).collect()
    };
    assert_eq!(law::mortality(2_000, condemn), Ok(()));
}

#[test]
fn a_round_takes_its_share_rounded_up() {
    let (mut dice, bends) = (law::dice(), destruction::Bends::default());
    for (arrows, dead) in [(0, 0), (1, 1), (2, 1), (10, 3), (11, 4)] {
        let standing: Vec<_> =
            (0..arrows).map(|n| Standing { link: LinkId(n), used_by: n }).collect();
        let condemned =
            destruction::condemn(&standing, Share::percent(30), &bends, Time::ZERO, &mut dice);
        assert_eq!(condemned.len(), dead);
    }
}

#[test]
fn every_node_is_reached() {
    let (mut dice, bends) = (law::dice(), all_bends());
    let known = candidates(200, 4);
    let names: Vec<_> = known.iter().map(|c| c.node).collect();
    let choose =
        |_: &[NodeId]| choose_all(&known, 10, &bends, &mut dice).iter().map(|d| d.item).collect();
    assert_eq!(law::reach(600, &names, choose), Ok(()));
}

#[test]
fn most_decisions_are_owed_to_chance() {
    let (mut dice, bends) = (law::dice(), all_bends());
    let known = candidates(1_000, 50);
    let causes: Vec<_> = (0..500)
        .flat_map(|_| choose_all(&known, 10, &bends, &mut dice))
        .map(|drawn| drawn.cause)
        .collect();
    assert_eq!(law::minority(causes.iter().copied()), Ok(()));
    for name in ["chance", "well-known", "small-mesh", "neighbourhood"] {
        assert!(causes.iter().any(|cause| cause.name() == name), "{name} never acted");
    }
}

/// Everything at its bound at once: eight rules of three arrows for the same few nodes,
/// most of whom are not well known.
#[test]
fn chance_decides_most_with_every_exception_at_its_bound() {
    let rule = |n: u8| Rule { at_least: 200, ensure: Ensure::Country([b'A', b'A' + n]) };
    let bends = Bends {
        well_known: WellKnown::new(Share::percent(100)),
        small_mesh: SmallMesh::new((0..30).map(rule)),
        neighbourhood: Neighbourhood::new(Share::percent(100), 16),
        same_lan: SameLan::new(100),
    };
    for (count, well_known) in [(1_000, 50), (1_000, 1), (100, 5), (60, 20), (30, 1), (20, 2)] {
        let mut dice = law::dice();
        let mut known = candidates(count, well_known);
        for (n, candidate) in known.iter_mut().enumerate() {
            // One node in a hundred for each rule, one at least.
            let country = u8::try_from(n * 7 % 100).unwrap_or(100);
            candidate.traits.country = (country < 8).then_some([b'A', b'A' + country]);
        }
        for seats in [4, 10] {
            let causes: Vec<_> = (0..2_000 / seats)
                .flat_map(|_| choose_all(&known, seats, &bends, &mut dice))
                .map(|drawn| drawn.cause)
                .collect();
            assert_eq!(law::minority(causes), Ok(()), "{seats} of {count}, {well_known} known");
        }
    }
}

#[test]
fn what_is_asked_for_beyond_a_bound_is_the_bound() {
    let percent = Share::percent;
    assert_eq!(WellKnown::new(percent(31)), WellKnown::new(percent(30)));
    assert_eq!(MostUsed::new(percent(21), 10), MostUsed::new(percent(20), 9));
    assert_eq!(Neighbourhood::new(percent(21), 17), Neighbourhood::new(percent(20), 16));
    assert_eq!(Neighbourhood::new(percent(5), 0), Neighbourhood::new(percent(5), 2));
    assert_eq!(InUse::new(Duration::ZERO).limit(), Duration::from_secs(1));
    assert_eq!(InUse::new(Duration::from_secs(3_601)).limit(), InUse::LONGEST);
    let rule = |at_least| Rule { at_least, ensure: Ensure::Country(*b"CN") };
    assert_eq!(SmallMesh::new([rule(4); 9]), SmallMesh::new([rule(3); 8]));
}

#[test]
fn most_deaths_are_owed_to_chance_whatever_is_sheltered() {
    let mut dice = law::dice();
    let most_used = MostUsed::new(Share::percent(100), u32::MAX);
    let bends = destruction::Bends { most_used, ..destruction::Bends::default() };
    for arrows in 1..30 {
        let standing: Vec<_> =
            (0..arrows).map(|n| Standing { link: LinkId(n), used_by: n }).collect();
        for share in [1, 30, 60] {
            let causes: Vec<_> = (0..500)
                .flat_map(|_| {
                    let share = Share::percent(share);
                    destruction::condemn(&standing, share, &bends, Time::ZERO, &mut dice)
                })
                .map(|condemned| condemned.cause)
                .collect();
            assert_eq!(law::minority(causes), Ok(()), "{share} % of {arrows}");
        }
    }
}

#[test]
fn three_arrows_of_ten_at_most_are_owed_to_the_well_known() {
    let (mut dice, bends) = (law::dice(), Bends::default());
    let known = candidates(1_000, 50);
    let by_chance = (0..500)
        .flat_map(|_| choose_all(&known, 10, &bends, &mut dice))
        .filter(|drawn| drawn.cause == Cause::Chance)
        .count();
    assert!((3_500..3_900).contains(&by_chance), "{by_chance} of 5000");
}

/// Fifty nodes, 100 000 draws: chi-square of 49 degrees passes 85.4 once in a thousand.
#[test]
fn selection_without_exceptions_is_uniform() {
    let (mut dice, bends) = (law::dice(), Bends::default());
    let known = candidates(50, 0);
    let mut counts = vec![0; 50];
    for drawn in (0..10_000).flat_map(|_| choose_all(&known, 10, &bends, &mut dice)) {
        counts[known.iter().position(|c| c.node == drawn.item).unwrap()] += 1;
    }
    let statistic = chi_square(&counts, 2_000.0);
    assert!(statistic < 85.4, "{statistic}: {counts:?}");
}

/// With the well-known exception, each class is uniform in itself and has its share.
#[test]
fn selection_is_uniform_within_the_exceptions_bounds() {
    let (mut dice, bends) = (law::dice(), Bends::default());
    let known = candidates(50, 5);
    let mut counts = vec![0; 50];
    for drawn in (0..100_000).flat_map(|_| choose_all(&known, 1, &bends, &mut dice)) {
        counts[known.iter().position(|c| c.node == drawn.item).unwrap()] += 1;
    }
    let (members, others) = counts.split_at(5);
    // 45 others keep 45 balls; the members hold 19, rounded down.
    let members_hold = 19.0 / 64.0;
    // 4 degrees: 18.5 once in a thousand; 44 degrees: 78.7.
    let one = chi_square(members, 100_000.0 * members_hold / 5.0);
    let other = chi_square(others, 100_000.0 * (1.0 - members_hold) / 45.0);
    assert!(one < 18.5 && other < 78.7, "{one} {other}: {counts:?}");
}

/// Ten arrows, three die a round: each as likely, and the sheltered ones less.
#[test]
fn destruction_is_uniform_within_the_exceptions_bounds() {
    let mut dice = law::dice();
    let mut deaths = |bends: &destruction::Bends| {
        let standing: Vec<_> =
            (0..10).map(|n| Standing { link: LinkId(n), used_by: 10 - n }).collect();
        let mut counts = vec![0; 10];
        for _ in 0..20_000 {
            let share = Share::percent(30);
            for dead in destruction::condemn(&standing, share, bends, Time::ZERO, &mut dice) {
                counts[dead.link.0 as usize] += 1;
            }
        }
        counts
    };
    let off = MostUsed::new(Share::percent(0), 0);
    let plain = deaths(&destruction::Bends { most_used: off, ..destruction::Bends::default() });
    // 9 degrees: 27.9 once in a thousand.
    assert!(chi_square(&plain, 6_000.0) < 27.9, "{plain:?}");

    let bent = deaths(&destruction::Bends::default());
    let (sheltered, others) = bent.split_at(2);
    let mean = f64::from(others.iter().sum::<u32>()) / 8.0;
    assert!(chi_square(others, mean) < 24.3, "{bent:?}");
    for deaths in sheltered {
        assert!((1_000..3_000).contains(deaths), "a quarter of the odds, not none: {bent:?}");
    }
}
