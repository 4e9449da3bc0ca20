//! Stories of a mesh of four that falls into two of two, with two more of four beside it, while
//! elections go on every few seconds.

use std::collections::BTreeSet;
use std::vec::Vec;

use arrows::State;
use gossip::{Meshes, Parameters};
use order::{Chain, Change, Member, MeshMap, Plan, Roster};
use words::{Prefix, Wall};

use super::mesh::{Mesh, NETWORK, name};
use super::*;

const NODES: usize = 16;
const EPOCH: Duration = Duration::from_secs(5);
/// How often what happens is looked at.
const STEP: Duration = Duration::from_millis(20);

/// The nodes that there are: all even ones, and the first odd ones.
fn is_there(n: usize) -> bool {
    n.is_multiple_of(2) || n < 8
}

/// Returns the upper half of the network, with the odd nodes.
fn upper() -> Prefix {
    MeshMap::even(NETWORK, &[1]).unwrap().meshes()[1]
}

struct Story {
    mesh: Mesh,
    meshes: Meshes,
    chain: Chain,
    epochs: u32,
}

impl Story {
    fn new(seed: u8) -> Self {
        let chain = Chain::new([seed; 32], 100);
        let quarters = MeshMap::even(NETWORK, &[2]).unwrap();
        let cut = quarters.meshes()[..2].iter().copied().chain([upper()]).collect();
        let map = MeshMap::new(NETWORK, [cut].into()).unwrap();
        let mut meshes = Meshes::of(map, Wall(2_000), chain.part(0).unwrap());
        meshes.epoch.length = EPOCH;
        let member = |n| Member { node: name(n), since: 0, declared: 100, attested: Vec::new() };
        meshes.roster = Roster::of((0..NODES).filter(|n| is_there(*n)).map(member));
        meshes.rules.least = 2;
        let hasty = Parameters { period: EPOCH, ..Parameters::default() };
        let mut mesh = Mesh::with(NODES, seed, &hasty);
        (0..NODES).filter(|n| !is_there(*n)).for_each(|n| mesh.kill(n));
        Self { mesh, meshes, chain, epochs: 0 }
    }

    /// Lets an epoch pass, and looks at what happens.
    fn epoch(&mut self, mut look: impl FnMut(&Mesh)) {
        self.mesh.divide_in(&self.meshes);
        for _ in 0..EPOCH.as_millis() / STEP.as_millis() {
            self.mesh.run(STEP);
            look(&self.mesh);
        }
        self.epochs += 1;
        let part = self.chain.part(self.epochs).unwrap();
        self.meshes.epoch = self.meshes.epoch.next(part, &[]).unwrap();
    }

    /// Lets the upper mesh be split from the next epoch on.
    fn split(&mut self) {
        let change = Change::Split(upper());
        self.meshes.plan = Some(Plan { change, epoch: self.meshes.epoch.number });
    }
}

#[test]
fn a_small_mesh_is_split_while_border_nodes_change_and_nobody_is_cut_off() {
    for seed in [3, 9, 10, 15, 22, 24] {
        let mut story = Story::new(seed);
        (0..4).for_each(|_| story.epoch(|_| ()));
        assert_eq!(story.mesh.unreachable_pairs(), 0);
        story.split();
        let mut cut = 0;
        for _ in 0..9 {
            story.epoch(|mesh| cut += mesh.unreachable_pairs());
        }
        assert_eq!(cut, 0, "pairs and moments without a path, with seed {seed}");
    }
}

#[test]
fn who_goes_on_in_a_half_has_arrows_of_its_own_there_before_the_stay_in_the_whole_ends() {
    let mut story = Story::new(3);
    (0..4).for_each(|_| story.epoch(|_| ()));
    story.split();
    (0..2).for_each(|_| story.epoch(|_| ()));
    let (mut both, mut idle, mut seen) = (BTreeSet::new(), Vec::new(), 0);
    let is_half = |mesh: Prefix| upper().covers(mesh) && mesh != upper();
    let is_up = |one: arrows::View| matches!(one.state, State::Live | State::Draining);
    for _ in 0..5 {
        story.epoch(|mesh| {
            for n in (0..NODES).filter(|n| is_there(*n)) {
                let services: Vec<_> = mesh.node(n).services().skip(1).collect();
                let half = services.iter().find(|it| is_half(it.mesh));
                let Some(half) = half.filter(|it| it.phase == "serving") else { continue };
                if services.iter().any(|it| it.mesh == upper()) {
                    seen += usize::from(both.insert(n));
                } else if both.remove(&n) && !(half.quorum && half.arrows.arrows().any(is_up)) {
                    idle.push(n);
                }
            }
        });
    }
    assert!(seen > 0 && both.is_empty(), "{seen} were in both, {both:?} never left the whole");
    assert!(idle.is_empty(), "{idle:?} left the whole too early");
}

#[test]
fn who_is_elected_tells_of_ranges_once_others_had_time_to_hear_of_it() {
    let mut story = Story::new(3);
    story.meshes.rules.tenure = 1;
    (0..4).for_each(|_| story.epoch(|_| ()));
    let stays = |mesh: &Mesh, but: &str| -> BTreeSet<(usize, Prefix)> {
        let alive = (0..NODES).filter(|n| is_there(*n));
        let all = alive.flat_map(|n| mesh.node(n).services().skip(1).map(move |it| (n, it)));
        all.filter(|(_, it)| it.phase != but).map(|(n, it)| (n, it.mesh)).collect()
    };
    let mut began = 0;
    for _ in 0..6 {
        let (before, since) = (stays(&story.mesh, ""), story.mesh.now);
        story.epoch(|mesh| {
            let news = stays(mesh, "joining").difference(&before).count();
            began += news;
            assert!(news == 0 || mesh.now >= since + SECOND, "{news} at {:?}", mesh.now);
        });
    }
    assert!(began > 0, "somebody is elected");
}
