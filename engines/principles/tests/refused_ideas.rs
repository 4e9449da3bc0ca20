//! Tempting ideas, kept with the law each one breaks.
//!
//! Every one of them has looked practical to someone. Before you add it, read its
//! test. The first six are the seed's own lists of "typical wrong ideas".

use principles::destruction::Standing;
use principles::law::{self, Broken};
use principles::selection::{Bends, Candidate, Prospects, choose};
use principles::{Cause, Traits};
use words::{LinkId, NodeId, Prefix};

fn known(count: u128) -> Vec<NodeId> {
    (0..count).map(|n| NodeId(Prefix::new(n << 64, 64))).collect()
}

/// Some property of a node that comes in four kinds.
fn kind(node: NodeId) -> u128 {
    (node.0.bits() >> 64) % 4
}

/// What becomes of reach if we only draw among nodes of our own kind.
fn grouped_by(kind: fn(NodeId) -> u128) -> Result<(), Broken> {
    let mut dice = law::dice();
    law::reach(1_000, &known(40), |known| {
        let mut mine: Vec<_> = known.iter().copied().filter(|node| kind(*node) == 0).collect();
        dice.draw(&mut mine, 5)
    })
}

/// How good an arrow's metric is: an arrow of the first round is the best there is.
fn metric(link: LinkId) -> u32 {
    10 + link.0
}

/// How many nodes were never chosen; none if another law was broken, or no law.
fn missed(verdict: Result<(), Broken>) -> usize {
    let Err(Broken::Reach(missed)) = verdict else { return 0 };
    missed.len()
}

/// "Group nodes per region to achieve scalability or performance."
#[test]
fn group_nodes_per_region() {
    let region = kind;
    assert_eq!(missed(grouped_by(region)), 30);
}

/// "Group nodes per telecommunication provider to achieve scalability or performance."
#[test]
fn group_nodes_per_provider() {
    let provider = |node: NodeId| kind(node) / 2;
    assert_eq!(missed(grouped_by(provider)), 20);
}

/// "Group nodes per type of usage (email, http, hdfs) to achieve scalability or performance."
#[test]
fn group_nodes_per_usage() {
    let usage = |node: NodeId| (kind(node) + 1) % 4;
    assert_eq!(missed(grouped_by(usage)), 30);
}

/// "Only destroy arrows that are not being used."
#[test]
fn only_destroy_unused_arrows() {
    let condemn = |arrows: &[Standing]| {
        let unused = arrows.iter().filter(|arrow| arrow.used_by == 0);
        unused.map(|arrow| arrow.link).take(3).collect()
    };
    assert_eq!(law::mortality(1_000, condemn), Err(Broken::Mortality(LinkId(0))));
}

/// "Only destroy arrows with bad metrics."
#[test]
fn only_destroy_arrows_with_bad_metrics() {
    let condemn = |arrows: &[Standing]| {
        let mut links: Vec<_> = arrows.iter().map(|arrow| arrow.link).collect();
        links.sort_by_key(|link| core::cmp::Reverse(metric(*link)));
        links.into_iter().take(3).collect()
    };
    assert_eq!(law::mortality(1_000, condemn), Err(Broken::Mortality(LinkId(0))));
}

/// "Never destroy arrows with good metrics", and draw among the rest.
#[test]
fn never_destroy_arrows_with_good_metrics() {
    let mut dice = law::dice();
    let condemn = |arrows: &[Standing]| {
        let bad = arrows.iter().map(|arrow| arrow.link).filter(|link| metric(*link) > 12);
        let mut bad: Vec<_> = bad.collect();
        dice.draw(&mut bad, 3)
    };
    assert_eq!(law::mortality(1_000, condemn), Err(Broken::Mortality(LinkId(0))));
}

/// "Select the best tunnels rather than following randomness."
#[test]
fn select_the_best() {
    let delay = |node: &NodeId| node.0.bits();
    let verdict = law::reach(1_000, &known(40), |known| {
        let mut best = known.to_vec();
        best.sort_by_key(delay);
        best.truncate(10);
        best
    });
    assert_eq!(missed(verdict), 30);
}

/// "Preserve the best tunnels rather than taking random destruction decisions": keep the
/// best seven, and throw away the three others.
#[test]
fn keep_the_best() {
    let condemn = |arrows: &[Standing]| {
        let mut links: Vec<_> = arrows.iter().map(|arrow| arrow.link).collect();
        links.sort_by_key(|link| metric(*link));
        links.split_off(7)
    };
    assert_eq!(law::mortality(1_000, condemn), Err(Broken::Mortality(LinkId(0))));
}

/// "Destroy the least used arrow each time": practical, and no draw any more.
#[test]
fn always_destroy_the_least_used_arrow() {
    let condemn = |arrows: &[Standing]| {
        let least = arrows.iter().min_by_key(|arrow| arrow.used_by);
        least.map(|arrow| arrow.link).into_iter().collect()
    };
    assert_eq!(law::mortality(1_000, condemn), Err(Broken::Mortality(LinkId(0))));
}

/// "Pardon an arrow that is still in use at the limit": condemned, and back to life.
#[test]
fn pardon_what_is_still_in_use() {
    let mut dice = law::dice();
    let condemn = |arrows: &[Standing]| {
        let mut drawn: Vec<_> = arrows.to_vec();
        let drawn = dice.draw(&mut drawn, 3);
        drawn.into_iter().filter(|arrow| arrow.used_by == 0).map(|arrow| arrow.link).collect()
    };
    assert_eq!(law::mortality(1_000, condemn), Err(Broken::Mortality(LinkId(0))));
}

/// "Keep calling the specified nodes, they are reliable": an exception turned into a rule.
#[test]
fn always_call_the_specified_nodes() {
    let (mut dice, specified) = (law::dice(), known(2));
    let decide = |_| {
        let prospects = Prospects {
            candidates: &[],
            alone: true,
            named: &specified,
            introduced: None,
            held: &[],
            seats: 10,
        };
        choose(&prospects, &Bends::default(), &mut dice).map(|drawn| drawn.cause)
    };
    let causes: Vec<_> = (0..100).filter_map(decide).collect();
    assert_eq!(law::minority(causes), Err(Broken::Minority { bent: 100, of: 100 }));

    // What the exception really does: it falls silent as soon as anyone is known.
    let somebody =
        known(1).into_iter().map(|node| Candidate { node, traits: Traits::default(), delay: None });
    let somebody: Vec<_> = somebody.collect();
    let prospects = Prospects {
        candidates: &somebody,
        alone: false,
        named: &specified,
        introduced: None,
        held: &[],
        seats: 10,
    };
    let drawn = choose(&prospects, &Bends::default(), &mut law::dice());
    assert_eq!(drawn.map(|drawn| drawn.cause), Some(Cause::Chance));
}
