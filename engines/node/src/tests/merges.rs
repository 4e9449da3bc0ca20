//! Stories of two meshes that become one where everybody serves between them, rounds are in step with
//! epochs, news come late or not at all.

use std::collections::BTreeSet;

use order::{Change, MeshMap};
use words::Wall;

use super::changes::{EPOCH, STEP, Story, lower, parts};
use super::mesh::NETWORK;
use super::*;

/// Returns two meshes, of which few nodes serve, others in each epoch.
fn two(seed: u8, slots: (u16, u16), period: Duration) -> Story {
    let halves = MeshMap::even(NETWORK, &[1]).unwrap();
    Story::with(16, seed, halves, slots, period).settled()
}

/// Lets some nodes hear of what comes now up to this much later than others, none of them node 0.
fn delay_some(story: &mut Story, seed: u8, epoch: u64, most: u64) {
    let mut dice = Dice::of([seed; 32], "late");
    (0..epoch).for_each(|_| _ = dice.bits());
    for n in (1..16).filter(|n| (u64::from(seed) + epoch + n).is_multiple_of(4)) {
        let span = Duration::from_millis(dice.below(usize::try_from(most).unwrap()) as u64);
        story.mesh.delay_news(usize::try_from(n).unwrap(), span);
    }
}

#[test]
fn who_served_in_the_other_half_leaves_it_once_routes_have_left() {
    for (seed, slots) in [(8, (2, 1)), (10, (2, 1)), (16, (10, 1)), (22, (10, 12))] {
        let mut story = two(seed, slots, EPOCH);
        story.pass(Change::Merge(NETWORK));
        assert_eq!(story.cut, 0, "pairs and moments without a path, with seed {seed}");
        let serves = |n: &usize| story.mesh.node(*n).services().count() > 1;
        assert_eq!((0..16).find(serves), None, "all links of stays are gone, with seed {seed}");
    }
}

#[test]
fn who_served_in_the_other_half_draws_all_its_nodes_at_home() {
    let mut story = two(3, (10, 12), 7 * SECOND);
    let served = (0..16).filter(|n| story.mesh.node(*n).services().count() > 1).count();
    assert!(served > 8, "only {served} serve");
    story.pass(Change::Merge(NETWORK));
    for n in 0..16 {
        assert_eq!(story.mesh.node(n).arrows().reach(), 15, "of which {n} may draw");
    }
}

#[test]
fn a_merge_that_nodes_learn_of_seconds_apart_cuts_nobody_off() {
    let both = |seed| (seed, two(seed, (2, 1), 7 * SECOND), NETWORK);
    let of_three = Story::with(16, 7, parts(3), (10, 1), 7 * SECOND).settled();
    let stories = [8, 10, 16, 24].map(both).into_iter().chain([(7, of_three, lower())]);
    for (seed, mut story, range) in stories {
        story.change(Change::Merge(range));
        for epoch in 0..9 {
            delay_some(&mut story, seed, epoch, 2_500);
            story.epochs(1);
        }
        assert_eq!(story.cut, 0, "pairs and moments without a path, with seed {seed}");
        assert!(story.homes().contains(&range), "with seed {seed}");
    }
}

#[test]
fn a_merge_goes_on_while_the_registry_is_away() {
    for seed in [3, 22] {
        let mut story = Story::with(16, seed, parts(3), (10, 12), 7 * SECOND).settled();
        story.change(Change::Merge(lower()));
        story.mesh.divide_in(&story.meshes);
        story.mesh.run(SECOND);
        story.mesh.lose_the_registry();
        let wall = Wall(2_000).plus(story.mesh.now.since(Time::ZERO));
        (0..16).for_each(|n| story.mesh.date(n, wall));
        for _ in 0..65_000 / STEP.as_millis() {
            story.mesh.run(STEP);
            story.look();
        }
        assert_eq!(story.cut, 0, "pairs and moments without a path, with seed {seed}");
        let upper = parts(3).meshes()[2];
        assert_eq!(story.homes(), BTreeSet::from([lower(), upper]));
    }
}

#[test]
fn the_last_two_meshes_of_a_network_that_was_grouped_become_one() {
    let groups = MeshMap::even(NETWORK, &[1, 0]).unwrap();
    let mut story = Story::with(16, 3, groups, (2, 12), 7 * SECOND).settled();
    story.pass(Change::Merge(NETWORK));
    assert_eq!(story.cut, 0, "pairs and moments without a path");
    assert_eq!(story.homes(), BTreeSet::from([NETWORK]));
}

#[test]
fn a_half_that_is_a_mesh_again_has_links_of_its_own() {
    let mut story = Story::with(16, 8, parts(3), (10, 1), 7 * SECOND).settled();
    story.pass(Change::Merge(lower()));
    story.pass(Change::Split(lower()));
    assert_eq!(story.cut, 0, "pairs and moments without a path");
    for n in 0..16 {
        let division = &story.mesh.node(n).division;
        let all: BTreeSet<_> = division.scopes.values().collect();
        assert_eq!(all.len(), division.scopes.len(), "each mesh that {n} was in has its own");
    }
}
