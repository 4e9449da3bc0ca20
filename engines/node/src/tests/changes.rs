//! Stories of changes of the mesh map other than the split of one mesh among others, while elections go
//! on every few seconds: a network of one mesh falls into two.

use std::collections::BTreeSet;
use std::vec::Vec;

use gossip::{Meshes, Parameters};
use order::{Chain, Change, Member, MeshMap, Plan, Roster};
use words::{Prefix, Wall};

use super::mesh::{Mesh, NETWORK, name};
use super::*;

const EPOCH: Duration = Duration::from_secs(5);
/// How often what happens is looked at.
const STEP: Duration = Duration::from_millis(20);

struct Story {
    mesh: Mesh,
    meshes: Meshes,
    chain: Chain,
    epochs: u32,
    /// Pairs and moments without a path.
    cut: usize,
}

impl Story {
    /// Returns a network of `nodes` that is divided in this map, or about to be.
    fn new(nodes: usize, seed: u8, map: MeshMap) -> Self {
        let chain = Chain::new([seed; 32], 100);
        let mut meshes = Meshes::of(map, Wall(2_000), chain.part(0).unwrap());
        meshes.epoch.length = EPOCH;
        let member = |n| Member { node: name(n), since: 0, declared: 100, attested: Vec::new() };
        meshes.roster = Roster::of((0..nodes).map(member));
        meshes.rules.least = 2;
        let hasty = Parameters { period: 7 * SECOND, ..Parameters::default() };
        let mesh = Mesh::with(nodes, seed, &hasty);
        Self { mesh, meshes, chain, epochs: 0, cut: 0 }
    }

    /// Returns a network that has been one mesh for a while.
    fn whole(nodes: usize, seed: u8) -> Self {
        let mut story = Self::new(nodes, seed, MeshMap::whole(NETWORK));
        story.mesh.run(20 * SECOND);
        story.meshes.epoch.began = Wall(2_020);
        assert_eq!(story.mesh.unreachable_pairs(), 0);
        story
    }

    /// Lets an epoch pass that node `at` hears of first, and looks at what happens.
    fn epoch_at(&mut self, at: usize, mut look: impl FnMut(&Mesh)) {
        self.mesh.divide_at(at, &self.meshes);
        for _ in 0..EPOCH.as_millis() / STEP.as_millis() {
            self.mesh.run(STEP);
            self.cut += self.mesh.unreachable_pairs();
            look(&self.mesh);
        }
        self.epochs += 1;
        let part = self.chain.part(self.epochs).unwrap();
        self.meshes.epoch = self.meshes.epoch.next(part, &[]).unwrap();
        self.go_on();
    }

    fn epochs(&mut self, count: usize) {
        (0..count).for_each(|_| self.epoch_at(0, |_| ()));
    }

    /// Puts the new map in the document, once it is in force: as a registry does.
    fn go_on(&mut self) {
        let number = self.meshes.epoch.number;
        if let Some(plan) = self.meshes.plan.take_if(|plan| plan.epoch + 2 < number) {
            self.meshes.map = plan.map(&self.meshes.map, number).unwrap();
        }
    }

    /// Announces a change of the map.
    fn change(&mut self, change: Change) {
        self.meshes.plan = Some(Plan { change, epoch: self.meshes.epoch.number });
    }

    fn homes(&self) -> BTreeSet<Prefix> {
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
fn a_node_that_slept_through_the_division_of_the_network_finds_its_half() {
    let mut story = Story::whole(16, 3);
    story.mesh.sleep([5], 28 * SECOND);
    story.change(Change::Split(NETWORK));
    story.epochs(9);
    assert_eq!(story.mesh.unreachable_pairs(), 0);
    assert_eq!(story.homes().len(), 2);
}
