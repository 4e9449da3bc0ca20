//! A mesh that is split while its arrows are renewed.

use order::{Change, MeshMap, Plan};
use principles::destruction::{self, Standing, condemn};
use principles::selection::{self, Candidate, Prospects, Traits, choose};
use words::{Dice, LinkId, NodeId, Prefix, Share, Time};

use super::report;
use super::web::NETWORK;
use crate::number::{rounded, share, small};

/// Rounds of an epoch: an hour, five minutes each.
const ROUNDS: usize = 12;
/// The epoch in which the split is announced.
const ANNOUNCED: u64 = 10;

/// Lets a mesh of so many nodes be split: in the epoch in which it moves, condemned arrows are
/// replaced by ones inside the own half, so that each half hangs together before it stands alone.
pub fn split(nodes: usize, arrows: u16, seed: u64) -> report::Split {
    let mut luck = [13; 32];
    for (octet, own) in luck.iter_mut().zip(seed.to_le_bytes()) {
        *octet ^= own;
    }
    let mut mesh = Mesh::new(nodes, usize::from(arrows), luck);
    let map = MeshMap::whole(NETWORK);
    let plan = Plan { change: Change::Split(NETWORK), epoch: ANNOUNCED };
    let mut across = vec![mesh.across()];
    let mut apart = 0;
    for _ in 0..ROUNDS {
        mesh.renew(&plan, ANNOUNCED + 1);
        across.push(mesh.across());
        apart += usize::from(!mesh.halves_hang_together());
    }
    let done = plan.map(&map, ANNOUNCED + 2);
    let home = |node: NodeId| done.as_ref().ok().and_then(|map| map.home(node));
    let drew = |node: NodeId| plan.territory(NETWORK, node, ANNOUNCED + 1);
    let astray = mesh.names.iter().filter(|name| home(**name) != Some(drew(**name)));
    report::Split {
        nodes,
        rounds: ROUNDS,
        across_share: across,
        rounds_apart: apart,
        astray: astray.count(),
        halves: [0, 1].map(|half| mesh.names.iter().filter(|name| half_of(**name) == half).count()),
    }
}

/// The nodes of one mesh, and their arrows.
struct Mesh {
    names: Vec<NodeId>,
    /// The destinations of each node's arrows.
    arrows: Vec<Vec<u32>>,
    seats: usize,
    dice: Dice,
}

impl Mesh {
    fn new(nodes: usize, seats: usize, luck: [u8; 32]) -> Self {
        let mut dice = Dice::of(luck, "split");
        let name = |dice: &mut Dice| {
            let place = u128::from(dice.bits()) << 64 >> NETWORK.length();
            NodeId(Prefix::new(NETWORK.bits() | place, 64))
        };
        let mut names: Vec<NodeId> = (0..nodes).map(|_| name(&mut dice)).collect();
        names.sort_unstable();
        names.dedup();
        let mut mesh = Self { arrows: vec![Vec::new(); names.len()], names, seats, dice };
        for node in 0..mesh.names.len() {
            mesh.fill(node, NETWORK);
        }
        mesh
    }

    /// Draws arrows for the free seats of a node, inside `territory`.
    fn fill(&mut self, node: usize, territory: Prefix) {
        let held: Vec<u32> = self.arrows.get(node).cloned().unwrap_or_default();
        let is_free = |other: usize| other != node && !held.contains(&small(other));
        let mut left: Vec<Candidate> = (self.names.iter().enumerate())
            .filter(|(other, name)| territory.covers(name.0) && is_free(*other))
            .map(|(_, name)| Candidate { node: *name, traits: Traits::default(), delay: None })
            .collect();
        for _ in held.len()..self.seats {
            let prospects = Prospects {
                candidates: &left,
                alone: false,
                named: &[],
                introduced: None,
                held: &[],
                seats: self.seats,
            };
            let drawn = choose(&prospects, &selection::Bends::default(), &mut self.dice);
            let Some(drawn) = drawn else { break };
            left.retain(|candidate| candidate.node != drawn.item);
            let there = small(self.names.binary_search(&drawn.item).unwrap_or(0));
            if let Some(arrows) = self.arrows.get_mut(node) {
                arrows.push(there);
            }
        }
    }

    /// One round: each node condemns a share of its arrows, and draws successors.
    fn renew(&mut self, plan: &Plan, epoch: u64) {
        for node in 0..self.names.len() {
            let Some(name) = self.names.get(node).copied() else { continue };
            let arrows = self.arrows.get(node).map_or(0, Vec::len);
            let standing: Vec<_> = (0..small(arrows))
                .map(|place| Standing { link: LinkId::ours(place), used_by: 0 })
                .collect();
            let bends = destruction::Bends::default();
            let condemned =
                condemn(&standing, Share::percent(30), &bends, Time::ZERO, &mut self.dice);
            let mut places: Vec<u32> = condemned.iter().map(|dies| dies.link.0).collect();
            places.sort_unstable();
            if let Some(arrows) = self.arrows.get_mut(node) {
                for place in places.into_iter().rev() {
                    arrows.swap_remove(place as usize);
                }
            }
            self.fill(node, plan.territory(NETWORK, name, epoch));
        }
    }

    /// Returns the share of the arrows between the halves.
    fn across(&self) -> f64 {
        let half = |node: usize| self.names.get(node).map_or(0, |name| half_of(*name));
        let all = self.arrows.iter().enumerate();
        let leads = all.flat_map(|(node, to)| to.iter().map(move |to| (node, *to as usize)));
        let across = leads.clone().filter(|(a, b)| half(*a) != half(*b)).count();
        rounded(share(across, leads.count()))
    }

    /// Tells whether each half is in one piece by its own arrows.
    fn halves_hang_together(&self) -> bool {
        let half = |node: usize| self.names.get(node).map_or(0, |name| half_of(*name));
        let mut near: Vec<Vec<usize>> = vec![Vec::new(); self.names.len()];
        for (node, arrows) in self.arrows.iter().enumerate() {
            for to in arrows.iter().map(|to| *to as usize).filter(|to| half(*to) == half(node)) {
                for (here, there) in [(node, to), (to, node)] {
                    if let Some(near) = near.get_mut(here) {
                        near.push(there);
                    }
                }
            }
        }
        [0, 1].into_iter().all(|wanted| {
            let members = (0..self.names.len()).filter(|node| half(*node) == wanted);
            let mut ahead: Vec<usize> = members.clone().take(1).collect();
            let mut seen = vec![false; self.names.len()];
            while let Some(node) = ahead.pop() {
                let Some(seen) = seen.get_mut(node).filter(|seen| !**seen) else { continue };
                *seen = true;
                ahead.extend(near.get(node).into_iter().flatten());
            }
            members.clone().all(|node| seen.get(node) == Some(&true))
        })
    }
}

/// Returns the half of the network that a node is in.
const fn half_of(node: NodeId) -> u8 {
    let next = 127 - NETWORK.length();
    (node.0.bits() >> next & 1) as u8
}
