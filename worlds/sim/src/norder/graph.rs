//! Links with their meshes and costs, and the paths over those on which a prefix passes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::land::Land;
use crate::number::small;

/// All links, each end with its own.
#[derive(Debug)]
pub(super) struct Graph {
    /// Where the links of each node begin.
    first: Vec<u32>,
    ends: Vec<End>,
}

/// A link, as one of its ends sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) to: u32,
    pub(super) mesh: u32,
    pub(super) cost: u16,
}

/// No next hop.
pub(super) const NONE: u32 = u32::MAX;

/// The best paths of all nodes to one prefix.
#[derive(Debug)]
pub(super) struct Forest {
    /// The next hop of each node; [`NONE`] at the origins and where there is no path.
    pub(super) next: Vec<u32>,
    /// The cost of each path; [`NONE`] where there is none.
    pub(super) cost: Vec<u32>,
    /// The nodes that have a path, the nearest first.
    pub(super) near: Vec<u32>,
}

/// On which links a prefix passes.
pub(super) struct Pass<'a> {
    /// For each mesh, whether it passes on its links.
    pub(super) scope: &'a [bool],
    /// Nodes that refuse it, because they are inside.
    pub(super) refuse: &'a [bool],
    /// Where it begins: a node, and the mesh on whose links it tells it.
    pub(super) origins: &'a [(u32, u32)],
    /// What each node adds to the cost of its links; empty for nothing.
    pub(super) charge: &'a [u32],
}

impl Graph {
    /// Returns the graph of these links: both ends, and the mesh.
    pub(super) fn of(
        nodes: usize,
        links: impl Iterator<Item = (u32, u32, u32)> + Clone,
        land: &Land,
    ) -> Self {
        let mut first = vec![0_u32; nodes + 1];
        for (a, b, _) in links.clone() {
            for end in [a, b] {
                if let Some(count) = first.get_mut(end as usize + 1) {
                    *count += 1;
                }
            }
        }
        let mut sum = 0;
        for count in &mut first {
            sum += *count;
            *count = sum;
        }
        let mut free = first.clone();
        let mut ends = vec![End { to: NONE, mesh: NONE, cost: 0 }; sum as usize];
        for (a, b, mesh) in links {
            let cost = land.cost(a as usize, b as usize);
            for (here, to) in [(a, b), (b, a)] {
                let Some(at) = free.get_mut(here as usize) else { continue };
                if let Some(end) = ends.get_mut(*at as usize) {
                    *end = End { to, mesh, cost };
                }
                *at += 1;
            }
        }
        Self { first, ends }
    }

    pub(super) const fn links(&self) -> usize {
        self.ends.len() / 2
    }

    /// Returns the links of a node.
    pub(super) fn of_node(&self, node: u32) -> &[End] {
        let bound = |node: usize| self.first.get(node).copied().unwrap_or(0) as usize;
        self.ends.get(bound(node as usize)..bound(node as usize + 1)).unwrap_or_default()
    }

    /// Returns the best paths to a prefix, from every node to which it comes.
    pub(super) fn forest(&self, pass: &Pass<'_>) -> Forest {
        let nodes = self.first.len() - 1;
        let mut forest =
            Forest { next: vec![NONE; nodes], cost: vec![NONE; nodes], near: Vec::new() };
        let mut ahead = BinaryHeap::new();
        let mut begin: Vec<u32> = pass.origins.iter().map(|(node, _)| *node).collect();
        begin.sort_unstable();
        begin.dedup();
        for node in &begin {
            if let Some(cost) = forest.cost.get_mut(*node as usize) {
                *cost = 0;
            }
            forest.near.push(*node);
        }
        for (node, mesh) in pass.origins {
            let ends = self.of_node(*node).iter().filter(|end| end.mesh == *mesh);
            for end in ends {
                forest.offer(pass, (*node, 0), end, &mut ahead);
            }
        }
        while let Some(Reverse((cost, node))) = ahead.pop() {
            if forest.cost.get(node as usize) != Some(&cost) {
                continue;
            }
            forest.near.push(node);
            for end in self.of_node(node) {
                forest.offer(pass, (node, cost), end, &mut ahead);
            }
        }
        forest
    }

    /// Returns the parts that hang together by the links that `holds`, as a number for each node.
    pub(super) fn parts(&self, holds: impl Fn(u32, &End) -> bool) -> Vec<u32> {
        let nodes = self.first.len() - 1;
        let mut part = vec![NONE; nodes];
        let mut ahead = Vec::new();
        for node in 0..small(nodes) {
            if part.get(node as usize) != Some(&NONE) {
                continue;
            }
            ahead.push(node);
            while let Some(here) = ahead.pop() {
                let Some(own) = part.get_mut(here as usize).filter(|own| **own == NONE) else {
                    continue;
                };
                *own = node;
                ahead.extend(
                    self.of_node(here).iter().filter(|end| holds(here, end)).map(|end| end.to),
                );
            }
        }
        part
    }
}

type Ahead = BinaryHeap<Reverse<(u32, u32)>>;

impl Forest {
    /// A node tells one neighbour of its path.
    fn offer(&mut self, pass: &Pass<'_>, (from, so_far): (u32, u32), end: &End, ahead: &mut Ahead) {
        let there = end.to as usize;
        let passes = pass.scope.get(end.mesh as usize) == Some(&true);
        if !passes || pass.refuse.get(there) == Some(&true) {
            return;
        }
        // Each node adds its own charge to its links, whichever way it then takes.
        let charge = pass.charge.get(there).copied().unwrap_or(0);
        let cost = so_far + u32::from(end.cost) + charge;
        if let Some(best) = self.cost.get_mut(there).filter(|best| cost < **best) {
            *best = cost;
            if let Some(next) = self.next.get_mut(there) {
                *next = from;
            }
            ahead.push(Reverse((cost, end.to)));
        }
    }

    /// Tells whether a node has a path.
    pub(super) fn reaches(&self, node: u32) -> bool {
        self.cost.get(node as usize).is_some_and(|cost| *cost != NONE)
    }

    pub(super) fn next(&self, node: u32) -> Option<u32> {
        self.next.get(node as usize).copied().filter(|next| *next != NONE)
    }
}
