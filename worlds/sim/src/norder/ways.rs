//! The way of packets: at each node the longest match, and of that the best path.

use std::collections::BTreeMap;

use words::{Dice, Prefix};

use super::Scene;
use super::draw::Arrow;
use super::graph::{Forest, Graph, Pass};
use super::land::Land;
use super::report::Paths;
use super::web::Web;
use crate::number::{great, mean, percentile, rounded, share, small};

/// One range on the way to a destination, the widest first; the last is the destination itself.
pub(super) struct Step {
    /// Who has a route of this length: members of a mesh inside this range.
    pub(super) within: Vec<bool>,
    pub(super) forest: Forest,
}

/// Who originates each range: a node, and the mesh on whose links.
pub(super) type Origins = BTreeMap<Prefix, Vec<(u32, u32)>>;

/// How paths are sought.
pub(super) struct Routing<'a> {
    pub(super) web: &'a Web,
    pub(super) graph: &'a Graph,
    pub(super) origins: &'a Origins,
    /// What each node adds to the cost of its links; empty for nothing.
    pub(super) charge: &'a [u32],
}

impl Routing<'_> {
    /// Returns the best paths to one prefix.
    pub(super) fn forest(&self, prefix: Prefix, origins: &[(u32, u32)], refuse: &[bool]) -> Forest {
        let scope = self.web.scope(prefix);
        self.graph.forest(&Pass { scope: &scope, refuse, origins, charge: self.charge })
    }

    /// Returns the best paths to a range, which members of it refuse.
    pub(super) fn to_range(&self, range: Prefix) -> Forest {
        let told = self.origins.get(&range).map_or(&[][..], Vec::as_slice);
        self.forest(range, told, &self.web.inside(range))
    }

    /// Returns the best paths inside its mesh to a node.
    pub(super) fn to_node(&self, node: usize) -> Forest {
        let mesh = small(self.web.home(node));
        self.forest(self.web.name(node).0, &[(small(node), mesh)], &[])
    }

    /// Returns the steps to a destination.
    pub(super) fn steps(&self, node: usize) -> Vec<Step> {
        let map = &self.web.map;
        let mut ranges: Vec<_> = map.chain(self.web.name(node).0).collect();
        ranges.reverse();
        let mut above = map.network();
        let mut steps = Vec::new();
        for range in ranges {
            steps.push(Step { within: self.web.inside(above), forest: self.to_range(range) });
            above = range;
        }
        steps.push(Step { within: self.web.inside(above), forest: self.to_node(node) });
        steps
    }
}

/// Returns the next hop toward the destination of these steps: by the longest match that the node
/// has. `None` if that leads nowhere.
pub(super) fn next(steps: &[Step], node: u32) -> Option<u32> {
    let longest = steps.iter().rev().find(|step| step.within.get(node as usize) == Some(&true))?;
    longest.forest.next(node)
}

/// Returns the nodes on the way from `source` to `to`, both included; `None` if the packet is lost.
pub(super) fn walk(steps: &[Step], source: usize, to: usize) -> Option<Vec<u32>> {
    let mut way = vec![small(source)];
    // Each step is free of circles, so no way is longer than all nodes at each of them.
    let most = steps.len() * steps.first()?.within.len();
    while *way.last()? != small(to) {
        way.push(next(steps, *way.last()?)?);
        if way.len() > most {
            return None;
        }
    }
    Some(way)
}

/// Draws different nodes.
pub(super) fn some(count: usize, of: usize, dice: &mut Dice) -> Vec<usize> {
    if count * 2 > of {
        return dice.draw(&mut (0..of).collect(), count);
    }
    let mut drawn = Vec::new();
    while drawn.len() < count {
        let node = dice.below(of);
        if !drawn.contains(&node) {
            drawn.push(node);
        }
    }
    drawn
}

/// What was measured of ways.
#[derive(Default)]
pub(super) struct Tally {
    hops: Vec<usize>,
    trips: Vec<f64>,
    direct: Vec<f64>,
    failed: usize,
}

impl Tally {
    /// Takes in one way; `None` for a packet that was lost.
    pub(super) fn add(&mut self, way: Option<Vec<u32>>, land: &Land) {
        let Some(way) = way else {
            self.failed += 1;
            return;
        };
        let (Some(from), Some(to)) = (way.first(), way.last()) else { return };
        let trip: u64 = (way.iter().zip(way.iter().skip(1)))
            .map(|(a, b)| u64::from(land.tunnel(*a as usize, *b as usize)))
            .sum();
        self.hops.push(way.len() - 1);
        self.trips.push(great(trip));
        self.direct.push(f64::from(land.round_trip(*from as usize, *to as usize)));
    }

    /// Returns what all of them come to.
    pub(super) fn paths(mut self) -> Paths {
        self.hops.sort_unstable();
        let sum: usize = self.hops.iter().sum();
        let mean_trip = mean(&self.trips);
        Paths {
            walks: self.hops.len() + self.failed,
            failed: self.failed,
            hops_mean: rounded(share(sum, self.hops.len())),
            hops_p95: percentile(&self.hops, 95),
            hops_max: percentile(&self.hops, 100),
            round_trip_ms: rounded(mean_trip / 1000.0),
            stretch: rounded(mean_trip / mean(&self.direct).max(1.0)),
        }
    }
}

/// Walks from drawn sources to drawn destinations.
pub(super) fn sample(scene: &Scene<'_>) -> Paths {
    let routing =
        Routing { web: scene.web, graph: scene.graph, origins: scene.web.origins(), charge: &[] };
    sample_by(scene, &routing)
}

/// The same, over other links or other costs.
pub(super) fn sample_by(scene: &Scene<'_>, routing: &Routing<'_>) -> Paths {
    let nodes = scene.web.nodes();
    let (to, from) = scene.options.sampled();
    let mut dice = Dice::of(scene.seed, "walks");
    let mut tally = Tally::default();
    for to in some(to, nodes, &mut dice) {
        let steps = routing.steps(to);
        for from in some(from, nodes, &mut dice).into_iter().filter(|from| *from != to) {
            tally.add(walk(&steps, from, to), scene.land);
        }
    }
    tally.paths()
}

/// Walks over one mesh of as many nodes, with ten arrows each, drawn uniformly.
pub(super) fn flat(scene: &Scene<'_>) -> Paths {
    let nodes = scene.web.nodes();
    let mut dice = Dice::of(scene.seed, "flat");
    let mut arrows = Vec::new();
    for owner in 0..nodes {
        for to in some(FLAT_ARROWS.min(nodes - 1), nodes, &mut dice) {
            if to != owner {
                arrows.push(Arrow { owner: small(owner), to: small(to), mesh: 0 });
            }
        }
    }
    let graph = Graph::of(nodes, arrows.iter().map(Arrow::link), scene.land);
    let (to, from) = scene.options.sampled();
    // The same pairs as over the meshes.
    let mut dice = Dice::of(scene.seed, "walks");
    let mut tally = Tally::default();
    for to in some(to, nodes, &mut dice) {
        let origins = [(small(to), 0)];
        let pass = Pass { scope: &[true], refuse: &[], origins: &origins, charge: &[] };
        let step = Step { within: vec![true; nodes], forest: graph.forest(&pass) };
        for from in some(from, nodes, &mut dice).into_iter().filter(|from| *from != to) {
            tally.add(walk(std::slice::from_ref(&step), from, to), scene.land);
        }
    }
    tally.paths()
}

/// Arrows of each node of the flat mesh that others are compared with.
const FLAT_ARROWS: usize = 10;
