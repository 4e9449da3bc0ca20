//! Keeping the best few routes of each range selects what keeping all selects.

use words::Dice;

use super::model::net::{Net, interface};
use super::model::weather::Weather;
use super::model::{keys, settings_of};
use super::*;
use crate::candidates::{Candidates, Columns, TopK};
use crate::{Cost, Input, Key, Metric, Way};

/// A time in which everything is told again, whoever acknowledges.
const AGAIN: Duration = Duration::from_mins(25);

/// Builds a mesh, and lets the same things happen to it, whatever is kept.
fn story<C: Candidates>(
    seed: u8,
    count: usize,
    links: usize,
    pause: Duration,
) -> Vec<BTreeMap<Key, Way>> {
    let mut dice = Dice::of([seed; 32], "mesh");
    let mut net = Net::<C>::new(seed);
    for n in 0..count {
        net.add(settings_of(n, true));
        for key in keys(n) {
            net.announce(n, key, Metric::ZERO);
        }
    }
    let mut segments = Vec::new();
    for link in 0..links {
        let a = if link < count { link } else { dice.below(count) };
        let b = (a + 1 + if link < count { 0 } else { dice.below(count - 1) }) % count;
        // No two costs are alike, so that there is one best path.
        let cost = Cost(u16::try_from(100 + 37 * link + dice.below(30)).unwrap());
        let profile = Profile { cost, delay: None, ..Profile::TUNNEL };
        segments.push(net.join(&[a, b], profile, Weather::fair(ms(5))));
    }
    net.run(Duration::from_mins(3));
    let mut ways = Vec::new();
    for _ in 0..6 {
        let number = segments.swap_remove(dice.below(segments.len()));
        if dice.below(2) == 0 {
            net.cut(number);
        } else {
            let end = net.segments[number].ends[0];
            let cost = Cost(u16::try_from(500 + dice.below(3_000)).unwrap());
            net.tell(end, Input::Charge(interface(number), cost));
        }
        net.run(pause);
        for key in (0..count).flat_map(keys) {
            assert_eq!(net.unsettled(key, false), None, "seed {seed}");
        }
        ways.extend(net.nodes.iter().map(|node| node.ways.clone()));
    }
    ways
}

#[test]
fn x14_the_best_few_select_what_all_would() {
    for seed in 0..6 {
        // Somebody has more neighbours than routes are kept, so that some are not.
        let all = story::<Columns>(seed, 6, 12, AGAIN);
        assert_eq!(all, story::<TopK<3>>(seed, 6, 12, AGAIN), "seed {seed}");
    }
}

#[test]
fn x14_with_more_neighbours_than_are_kept_all_are_reached_after_failures() {
    for seed in 10..16 {
        story::<TopK<2>>(seed, 8, 26, Duration::from_mins(3));
    }
}
