//! Stories of nodes whose calendars are wrong, in a network of two meshes that elects border nodes anew each
//! minute: with the registry, and without it.

use std::collections::BTreeSet;
use std::vec::Vec;

use gossip::{Meshes, Parameters};
use words::Wall;

use super::mesh::Mesh;
use super::meshes::{chain, divided};
use super::*;

const NODES: usize = 16;
const MINUTE: Duration = Duration::from_mins(1);
const DAY: i64 = 86_400;

/// A network, and how far the calendar of each node is off.
struct Story {
    mesh: Mesh,
    meshes: Meshes,
    off: Vec<i64>,
    /// Pairs and seconds without a path.
    cut: usize,
}

impl Story {
    /// Returns a network that has lived for a minute, all calendars right.
    fn new() -> Self {
        let hasty = Parameters { period: 20 * SECOND, ..Parameters::default() };
        let mut mesh = Mesh::with(NODES, 1, &hasty);
        let mut meshes = divided(&chain());
        meshes.epoch.length = MINUTE;
        mesh.divide_in(&meshes);
        let mut story = Self { mesh, meshes, off: std::vec![0; NODES], cut: 0 };
        story.minute();
        story.cut = 0;
        story
    }

    fn wall(&self, n: usize) -> Wall {
        let right = 2_000 + self.mesh.now.since(Time::ZERO).as_secs();
        Wall(right.checked_add_signed(self.off[n]).unwrap_or(1))
    }

    /// Lets a minute pass, in which all nodes are told what their calendars say, each at its own moment.
    fn minute(&mut self) {
        for second in 0..60 {
            let told = (0..NODES).filter(|n| n * 60 / NODES == second);
            told.for_each(|n| self.mesh.date(n, self.wall(n)));
            self.mesh.run(SECOND);
            self.cut += self.mesh.unreachable_pairs();
        }
    }

    /// Lets an epoch begin that the registry tells, and a minute pass.
    fn epoch(&mut self) {
        let index = u32::try_from(self.meshes.epoch.number).unwrap();
        self.meshes.epoch = self.meshes.epoch.next(chain().part(index).unwrap(), &[]).unwrap();
        self.mesh.divide_in(&self.meshes);
        self.minute();
    }

    /// Returns the epochs by which nodes go.
    fn epochs(&self) -> BTreeSet<u64> {
        (0..NODES).filter_map(|n| Some(self.mesh.node(n).epoch()?.number)).collect()
    }

    /// Starts a node anew, whose calendar is off by so much.
    fn restart(&mut self, n: usize, off: i64) {
        self.off[n] = off;
        self.mesh.restart(n, self.wall(n));
    }
}

#[test]
fn a_node_whose_calendar_is_days_off_holds_the_elections_that_all_hold() {
    let mut story = Story::new();
    for (n, off) in [(2, 5 * DAY), (5, -5 * DAY), (6, 3 * 3600), (11, 70 * DAY)] {
        story.restart(n, off);
    }
    story.epoch();
    story.cut = 0;
    for epoch in 3..6 {
        story.epoch();
        assert_eq!(story.epochs(), BTreeSet::from([epoch]), "the registry is there");
    }
    // Epochs end by dates that are a second or two apart: they are looked at in the middle.
    story.mesh.run(MINUTE / 2);
    for _ in 6..16 {
        story.minute();
        assert_eq!(story.epochs().len(), 1, "{:?} while it is silent", story.epochs());
    }
    assert!(story.epochs() > BTreeSet::from([12]), "elections go on: {:?}", story.epochs());
    // It is back: its next epoch is one that nodes may follow by themselves already.
    story.meshes.epoch = story.meshes.epoch.at(story.wall(0));
    story.meshes.epoch = story.meshes.epoch.anchored([9; 32], &[]);
    story.mesh.divide_in(&story.meshes);
    story.minute();
    assert_eq!(story.epochs(), BTreeSet::from([story.meshes.epoch.number]));
    assert_eq!(story.cut, 0, "pairs and seconds without a path");
}

#[test]
fn calendars_that_are_seconds_apart_cost_no_path_while_the_registry_is_silent() {
    let mut story = Story::new();
    for n in 0..NODES {
        story.restart(n, i64::try_from(n * 7 % 10).unwrap());
        story.mesh.run(5 * SECOND);
    }
    story.minute();
    story.cut = 0;
    for _ in 0..12 {
        story.minute();
    }
    assert!(story.epochs() > BTreeSet::from([10]), "elections go on: {:?}", story.epochs());
    assert_eq!(story.cut, 0, "pairs and seconds without a path");
}

#[test]
fn a_calendar_that_jumps_while_the_registry_is_silent_changes_no_election() {
    let mut story = Story::new();
    for minute in 0..40_u8 {
        // One is off for ever, one comes and goes, and one ticks between days.
        story.off[3] = 9 * DAY;
        story.off[8] = if (10..15).contains(&minute) { -DAY } else { 0 };
        story.off[13] = DAY * i64::from(minute % 3);
        story.minute();
        assert_eq!(story.epochs().len(), 1, "{:?} in minute {minute}", story.epochs());
    }
    assert!(story.epochs() > BTreeSet::from([38]), "elections go on: {:?}", story.epochs());
    assert_eq!(story.cut, 0, "pairs and seconds without a path");
}

#[test]
fn who_starts_with_an_old_document_and_a_wrong_calendar_learns_the_date_from_neighbours() {
    let mut story = Story::new();
    for _ in 0..6 {
        story.minute();
    }
    assert_eq!(story.cut, 0, "pairs and seconds without a path");
    story.restart(4, 3 * DAY);
    story.restart(9, -3 * DAY);
    let all = story.epochs();
    assert!(all.len() > 1, "by their own calendars they go by others: {all:?}");
    story.mesh.run(20 * SECOND);
    assert_eq!(story.epochs().len(), 1, "{:?}", story.epochs());
    assert_eq!(story.mesh.unreachable_pairs(), 0);
}

#[test]
fn all_calendars_may_jump_and_elections_stay_one() {
    let mut story = Story::new();
    story.off = std::vec![DAY; NODES];
    for _ in 0..30 {
        story.minute();
        assert_eq!(story.epochs().len(), 1, "{:?}", story.epochs());
    }
    // It is believed in the end: they were paused, and their clocks with them.
    assert!(story.epochs() > BTreeSet::from([1_400]), "{:?}", story.epochs());
    assert_eq!(story.cut, 0, "pairs and seconds without a path");
}
