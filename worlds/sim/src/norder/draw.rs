//! The arrows of all nodes, each in one mesh, drawn by the principles.

use principles::exceptions::WellKnown;
use principles::selection::{Bends, Candidate, Prospects, Traits, choose};
use words::{Dice, NodeId};

use super::land::Land;
use super::options::NorderOptions;
use super::web::Web;
use crate::number::small;

/// One arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrow {
    pub(super) owner: u32,
    pub(super) to: u32,
    /// The number of the mesh that it belongs to.
    pub(super) mesh: u32,
}

impl Arrow {
    /// Returns its ends and its mesh.
    pub(super) const fn link(&self) -> (u32, u32, u32) {
        (self.owner, self.to, self.mesh)
    }
}

/// How the arrows of one mesh are drawn.
pub(super) struct Urns<'a> {
    land: &'a Land,
    web: &'a Web,
    seats: usize,
    /// Links that a node accepts, and a well-known one.
    accept: (usize, usize),
    bends: Bends,
}

impl<'a> Urns<'a> {
    pub(super) fn new(options: &NorderOptions, land: &'a Land, web: &'a Web) -> Self {
        let seats = usize::from(options.arrows);
        let bends = Bends { well_known: WellKnown::new(options.well_known), ..Bends::default() };
        let hubs = seats * usize::from(options.hubs);
        Self { land, web, seats, accept: (2 * seats, hubs), bends }
    }

    /// Returns the members of a mesh, as candidates.
    pub(super) fn candidates(&self, mesh: usize) -> Vec<Candidate> {
        let each = self.web.each();
        let candidate = |node| {
            let traits = Traits { well_known: self.is_known(node), ..Traits::default() };
            Candidate { node: self.web.name(node), traits, delay: None }
        };
        (mesh * each..(mesh + 1) * each).map(candidate).collect()
    }

    /// Chooses the destination of one arrow among the candidates, none of whom is at the other
    /// end of a link already.
    pub(super) fn choose(&self, candidates: &[Candidate], dice: &mut Dice) -> Option<NodeId> {
        let prospects = Prospects {
            candidates,
            alone: false,
            named: &[],
            introduced: None,
            held: &[],
            seats: self.seats,
        };
        choose(&prospects, &self.bends, dice).map(|drawn| drawn.item)
    }

    /// Tells whether a node that accepted so many links accepts one more.
    fn accepts(&self, node: usize, accepted: usize) -> bool {
        accepted < if self.is_known(node) { self.accept.1 } else { self.accept.0 }
    }

    /// Well-known nodes are only where the exception is on.
    fn is_known(&self, node: usize) -> bool {
        self.bends.well_known != WellKnown::new(words::Share::percent(0))
            && self.land.is_known(node)
    }

    /// Draws the arrows of all members of one mesh, and of its guests.
    fn mesh(&self, mesh: usize, guests: &[u32], dice: &mut Dice) -> Vec<Arrow> {
        let all = Members::new(self.candidates(mesh), guests, self);
        // Who is linked with whom, by places in the list of all.
        let mut near: Vec<Vec<u32>> = vec![Vec::new(); all.list.len()];
        let mut accepted = vec![0_usize; all.list.len()];
        let mut arrows = Vec::new();
        for (place, (owner, _)) in all.list.iter().enumerate() {
            let mut left = all.not_near(place, near.get(place));
            let mut drawn = 0;
            while drawn < self.seats {
                let Some(chosen) = self.choose(&left, dice) else { break };
                left.retain(|candidate| candidate.node != chosen);
                let there = all.place(chosen);
                let Some((to, _)) = all.list.get(there) else { break };
                let Some(count) = accepted.get_mut(there) else { break };
                if !self.accepts(*to as usize, *count) {
                    continue;
                }
                *count += 1;
                drawn += 1;
                arrows.push(Arrow { owner: *owner, to: *to, mesh: small(mesh) });
                if let Some(near) = near.get_mut(there) {
                    near.push(small(place));
                }
            }
        }
        arrows
    }
}

/// The members of one mesh and its guests, in the order of their names: who serves in a mesh is one
/// of those who can be called in it, for everybody can see that it was elected to.
struct Members {
    list: Vec<(u32, Candidate)>,
}

impl Members {
    fn new(members: Vec<Candidate>, guests: &[u32], urns: &Urns<'_>) -> Self {
        let number = |candidate: Candidate| (urns.web.number_of(candidate.node), candidate);
        let mut list: Vec<_> = members.into_iter().map(number).collect();
        list.extend(guests.iter().map(|guest| {
            let node = *guest as usize;
            let traits = Traits { well_known: urns.is_known(node), ..Traits::default() };
            (*guest, Candidate { node: urns.web.name(node), traits, delay: None })
        }));
        list.sort_by_key(|(_, candidate)| candidate.node);
        list.dedup_by_key(|(node, _)| *node);
        Self { list }
    }

    /// Returns whom the one at this place may call: neither itself nor who called it.
    fn not_near(&self, place: usize, near: Option<&Vec<u32>>) -> Vec<Candidate> {
        let mut taken = vec![false; self.list.len()];
        for own in near.into_iter().flatten().copied().chain([small(place)]) {
            if let Some(taken) = taken.get_mut(own as usize) {
                *taken = true;
            }
        }
        let left = self.list.iter().zip(&taken).filter(|(_, taken)| !**taken);
        left.map(|((_, candidate), _)| *candidate).collect()
    }

    fn place(&self, node: NodeId) -> usize {
        self.list.binary_search_by_key(&node, |(_, candidate)| candidate.node).unwrap_or(0)
    }
}

/// Draws the arrows of all nodes: as many in each mesh that a node is a member of.
pub(super) fn arrows(
    options: &NorderOptions,
    land: &Land,
    web: &Web,
    seed: [u8; 32],
) -> Vec<Arrow> {
    let urns = Urns::new(options, land, web);
    let mut guests: Vec<Vec<u32>> = vec![Vec::new(); web.meshes().len()];
    for (node, ours) in web.border() {
        for mesh in ours.foreign() {
            if let Some(guests) = guests.get_mut(web.mesh_number(*mesh) as usize) {
                guests.push(*node);
            }
        }
    }
    let mut dice = Dice::of(seed, "arrows");
    let meshes = guests.iter().enumerate();
    meshes.flat_map(|(mesh, guests)| urns.mesh(mesh, guests, &mut dice)).collect()
}
