//! Stories of changes of the mesh map other than the split of one mesh among others, while elections go
//! on every few seconds: a network of one mesh falls into two, two meshes become one, meshes are grouped.

use std::collections::BTreeSet;
use std::vec::Vec;

use gossip::{Meshes, Parameters};
use order::{Chain, Change, Member, MeshMap, Phase, Plan, Roster};
use words::{Prefix, Wall};

use super::mesh::orders::Circling;
use super::mesh::{Mesh, NETWORK, name};
use super::*;

pub(super) const EPOCH: Duration = Duration::from_secs(5);
/// How often what happens is looked at.
pub(super) const STEP: Duration = Duration::from_millis(20);

pub(super) struct Story {
    pub(super) mesh: Mesh,
    pub(super) meshes: Meshes,
    chain: Chain,
    epochs: u32,
    /// Pairs and moments without a path.
    pub(super) cut: usize,
    /// Packets that circle.
    circling: Vec<Circling>,
}

impl Story {
    /// Returns a network of `nodes` that is divided in this map, or about to be.
    fn new(nodes: usize, seed: u8, map: MeshMap) -> Self {
        Self::with(nodes, seed, map, (2, 12), 7 * SECOND)
    }

    /// The same, with so many slots of each mesh at least, held for so many epochs, and such rounds.
    pub(super) fn with(
        nodes: usize,
        seed: u8,
        map: MeshMap,
        (least, tenure): (u16, u16),
        period: Duration,
    ) -> Self {
        let chain = Chain::new([seed; 32], 100);
        let mut meshes = Meshes::of(map, Wall(2_000), chain.part(0).unwrap());
        meshes.epoch.length = EPOCH;
        let member = |n| Member { node: name(n), since: 0, declared: 100, attested: Vec::new() };
        meshes.roster = Roster::of((0..nodes).map(member));
        (meshes.rules.least, meshes.rules.tenure) = (least, tenure);
        let hasty = Parameters { period, ..Parameters::default() };
        let mesh = Mesh::with(nodes, seed, &hasty);
        Self { mesh, meshes, chain, epochs: 0, cut: 0, circling: Vec::new() }
    }

    /// Returns a network that has been one mesh for a while.
    fn whole(nodes: usize, seed: u8) -> Self {
        Self::whole_with(nodes, seed, (2, 12), 7 * SECOND)
    }

    fn whole_with(nodes: usize, seed: u8, slots: (u16, u16), period: Duration) -> Self {
        let mut story = Self::with(nodes, seed, MeshMap::whole(NETWORK), slots, period);
        story.mesh.run(20 * SECOND);
        story.meshes.epoch.began = Wall(2_020);
        assert_eq!(story.mesh.unreachable_pairs(), 0);
        story
    }

    /// Lets an epoch pass that node `at` hears of first, and looks at what happens.
    pub(super) fn epoch_at(&mut self, at: usize, mut look: impl FnMut(&Mesh)) {
        self.mesh.divide_at(at, &self.meshes);
        for _ in 0..EPOCH.as_millis() / STEP.as_millis() {
            self.mesh.run(STEP);
            self.look();
            look(&self.mesh);
        }
        self.epochs += 1;
        let part = self.chain.part(self.epochs).unwrap();
        self.meshes.epoch = self.meshes.epoch.next(part, &[]).unwrap();
        self.go_on();
    }

    /// Counts who is cut off. Where several told of a range that all withdraw, packets may circle for a
    /// moment: those that arrive by the routes of when they come to the next node are late, not lost.
    pub(super) fn look(&mut self) {
        let (lost, circling) = self.mesh.lost_and_circling();
        let new = circling.into_iter().map(|(from, to)| self.mesh.sent_now(from, to));
        let all = self.circling.drain(..).chain(new).collect();
        let (left, over) = self.mesh.follow_up(all);
        (self.circling, self.cut) = (left, self.cut + lost + over);
    }

    pub(super) fn epochs(&mut self, count: usize) {
        (0..count).for_each(|_| self.epoch_at(0, |_| ()));
    }

    /// Puts the new map in the document when it is in force, as a registry does.
    fn go_on(&mut self) {
        let number = self.meshes.epoch.number;
        if let Some(plan) = self.meshes.plan.take_if(|plan| plan.phase(number) == Phase::Done) {
            self.meshes.map = plan.map(&self.meshes.map, number).unwrap();
        }
    }

    /// Announces a change of the map.
    pub(super) fn change(&mut self, change: Change) {
        self.meshes.plan = Some(Plan { change, epoch: self.meshes.epoch.number });
    }

    pub(super) fn homes(&self) -> BTreeSet<Prefix> {
        let there = |n: &usize| self.mesh.nodes[*n].is_some();
        (0..self.mesh.nodes.len()).filter(there).map(|n| self.mesh.node(n).home()).collect()
    }
}

#[test]
fn a_network_of_one_mesh_is_divided_while_nobody_is_cut_off() {
    for seed in [3, 8, 10, 15, 22, 24] {
        let mut story = Story::whole(16, seed);
        story.change(Change::Split(NETWORK));
        story.epochs(9);
        assert_eq!(story.cut, 0, "pairs and moments without a path, with seed {seed}");
        assert_eq!(story.homes().len(), 2, "with seed {seed}");
    }
}

#[test]
fn a_network_is_divided_while_rounds_are_in_step_with_epochs() {
    for (seed, slots) in [(2, (10, 12)), (3, (10, 12)), (7, (10, 12)), (22, (2, 12))] {
        let mut story = Story::whole_with(16, seed, slots, EPOCH);
        story.change(Change::Split(NETWORK));
        story.epochs(9);
        assert_eq!(story.cut, 0, "pairs and moments without a path, with seed {seed}");
    }
}

/// Where epochs take seconds, a node now and then has no path for a moment: it turns to another border node that
/// told a shorter way within the minute, and Babel waits for a newer number. That stays as rare as it is.
#[test]
fn of_many_divisions_few_have_a_moment_without_a_path() {
    let (mut cut, mut moments) = (0, 0);
    for seed in 1..=20 {
        let mut story = Story::whole_with(16, seed, (10, 12), EPOCH);
        story.change(Change::Split(NETWORK));
        story.epochs(9);
        cut += story.cut;
        moments += 16 * 15 * 9 * EPOCH.as_millis() / STEP.as_millis();
    }
    assert!(cut * 1_000_000 < 2 * usize::try_from(moments).unwrap(), "{cut} of {moments}");
}

#[test]
fn a_node_that_slept_through_the_division_of_the_network_finds_its_half() {
    let mut story = Story::whole(16, 3);
    story.mesh.sleep([5], 28 * SECOND);
    story.change(Change::Split(NETWORK));
    story.epochs(9);
    assert_eq!(story.mesh.unreachable_pairs(), 0);
    assert_eq!(story.homes().len(), 2);
}

/// Returns the map of four quarters, or of two and the upper half.
pub(super) fn parts(count: usize) -> MeshMap {
    let quarters = MeshMap::even(NETWORK, &[2]).unwrap();
    let upper = MeshMap::even(NETWORK, &[1]).unwrap().meshes()[1];
    let three = quarters.meshes()[..2].iter().copied().chain([upper]).collect();
    if count == 4 { quarters } else { MeshMap::new(NETWORK, [three].into()).unwrap() }
}

pub(super) fn lower() -> Prefix {
    MeshMap::even(NETWORK, &[1]).unwrap().meshes()[0]
}

impl Story {
    /// Returns a network that has been divided in this map for a while.
    fn divided(nodes: usize, seed: u8, map: MeshMap) -> Self {
        Self::new(nodes, seed, map).settled()
    }

    /// Lets it go on until all is well.
    pub(super) fn settled(mut self) -> Self {
        self.epochs(5);
        assert_eq!(self.mesh.unreachable_pairs(), 0);
        self.cut = 0;
        self
    }

    /// Lets the change happen, and what follows from it.
    pub(super) fn pass(&mut self, change: Change) {
        self.change(change);
        self.epochs(9);
    }
}

#[test]
fn the_last_two_meshes_become_one_while_nobody_is_cut_off() {
    for seed in [3, 8, 10, 15, 22, 24] {
        let mut story = Story::divided(16, seed, MeshMap::even(NETWORK, &[1]).unwrap());
        story.pass(Change::Merge(NETWORK));
        assert_eq!(story.cut, 0, "pairs and moments without a path, with seed {seed}");
        assert_eq!(story.homes(), BTreeSet::from([NETWORK]));
        for n in 0..16 {
            let node = story.mesh.node(n);
            assert_eq!((node.routing().routes().count(), node.services().count()), (15, 1), "{n}");
        }
    }
}

#[test]
fn two_of_three_meshes_become_one_while_nobody_is_cut_off() {
    for seed in [3, 8, 10, 15, 22, 24] {
        let mut story = Story::divided(16, seed, parts(3));
        story.pass(Change::Merge(lower()));
        assert_eq!(story.cut, 0, "pairs and moments without a path, with seed {seed}");
        assert_eq!(story.homes().len(), 2);
        let gone = parts(3).meshes()[0];
        assert!(story.mesh.who_has(gone.into()).is_empty(), "nobody knows the half any more");
    }
}

#[test]
fn while_two_meshes_move_together_arrows_lead_into_both() {
    let mut story = Story::divided(16, 3, parts(3));
    story.change(Change::Merge(lower()));
    story.epochs(1);
    let between = |mesh: &Mesh| {
        let at_home =
            (0..16).step_by(2).flat_map(|n| mesh.node(n).arrows().arrows().map(move |it| (n, it)));
        at_home.filter(|(n, it)| !mesh.node(*n).home().covers(it.node.0)).count()
    };
    let before = between(&story.mesh);
    story.epochs(1);
    let moving = between(&story.mesh);
    assert!(story.homes().len() == 3 && moving > before + 4, "{before}, then {moving}");
}

#[test]
fn a_node_that_slept_while_its_mesh_merged_finds_the_others() {
    let mut story = Story::divided(16, 3, parts(3));
    story.mesh.sleep([4], 25 * SECOND);
    story.pass(Change::Merge(lower()));
    story.epochs(2);
    assert_eq!(story.mesh.unreachable_pairs(), 0);
    assert_eq!(story.mesh.node(4).home(), lower());
}

#[test]
fn one_mesh_becomes_two_and_one_again() {
    let mut story = Story::whole(16, 8);
    story.pass(Change::Split(NETWORK));
    story.pass(Change::Merge(NETWORK));
    story.pass(Change::Split(NETWORK));
    assert_eq!(story.cut, 0, "pairs and moments without a path");
    assert_eq!(story.homes().len(), 2);
}

#[test]
fn meshes_are_grouped_while_nobody_is_cut_off() {
    for seed in [3, 8, 10, 15, 22, 24] {
        let mut story = Story::divided(16, seed, parts(4));
        story.pass(Change::Raise(NETWORK.length() + 1));
        assert_eq!(story.cut, 0, "pairs and moments without a path, with seed {seed}");
        assert_eq!(story.mesh.node(0).map().unwrap().order(), 3);
        // Of the other group, its range is all that is known.
        let far = parts(4).meshes()[2];
        let inside = |n: &usize| lower().covers(name(*n).0);
        let know: Vec<usize> = story.mesh.who_has(far.into()).into_iter().filter(inside).collect();
        let serve = |n: &usize| story.mesh.node(*n).services().any(|it| !lower().covers(it.mesh));
        assert!(know.iter().all(serve), "{know:?} know {far}, with seed {seed}");
    }
}
