//! Two meshes that become one: what they have in common before they are, and what goes on afterwards.
//!
//! ```text
//!  moving   nodes of both halves are told on the links of both, links between them are made
//!  done     the whole is home; who served in a half goes on in the whole, and tells of both
//!  later    nobody is told of the halves any more
//! ```
//!
//! When, says [`order::Plan`].

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use gossip::Authority;
use words::routing::Routing;
use words::{Engine, NodeId, Prefix, Time};

use crate::division::Division;
use crate::{Node, Output};

impl Division {
    /// Returns the widest range around a mesh whose nodes are told on its links: more than itself
    /// while it is split, or merges.
    pub(crate) fn wide(&self, mesh: Prefix) -> Prefix {
        let before = self.before(mesh).map(|(_, old)| old);
        let now = self.map.as_ref().and_then(|map| map.mesh_of(mesh.first()));
        let all = [before, now, self.merging].into_iter().flatten();
        let around = all.filter(|range| range.covers(mesh));
        around.min_by_key(|range| range.length()).unwrap_or(mesh)
    }

    /// Returns the range of which all nodes may have links with us at home: both halves, while they
    /// merge.
    pub(crate) fn common(&self) -> Prefix {
        self.merging.filter(|range| range.covers(self.home)).unwrap_or(self.home)
    }

    /// Lets us go on in the whole of each mesh that was merged, if we served in a half: by the same
    /// arrows, on links of the same scope. Who served in both leaves one of them, as one does. Returns
    /// which half each was, and that our home was `home`.
    pub(crate) fn follow_merges(&mut self, home: Prefix) -> BTreeMap<Prefix, Prefix> {
        let mut was = BTreeMap::from([(self.home, home)]);
        let Some(map) = &self.map else { return was };
        for stay in self.stays.values_mut().filter(|stay| stay.is_serving()) {
            let half = stay.mesh;
            let whole = map.mesh_of(half.first()).filter(|it| *it != half && it.covers(half));
            let Some(whole) = whole.filter(|whole| !was.contains_key(whole)) else { continue };
            was.insert(whole, half);
            stay.mesh = whole;
            self.service.rename(half, whole);
            if let Some(scope) = self.scopes.get(&half).copied() {
                self.scopes.insert(whole, scope);
            }
        }
        was
    }

    /// Tells whether a range is that of a mesh which was merged some time ago: others know the whole
    /// by now, and who knows the half only hears that it is no more before it would not believe it.
    pub(crate) fn is_over(&self, range: Prefix) -> bool {
        let merged = self.map.as_ref().is_some_and(|map| {
            let mesh = map.mesh_of(range.first());
            !map.is_range(range) && mesh.is_some_and(|mesh| mesh.covers(range) && mesh != range)
        });
        merged && self.overlap.as_ref().is_some_and(|overlap| overlap.is_far)
    }
}

impl<R: Routing, A: Authority> Node<R, A> {
    /// Lets us draw a node of the mesh that ours begins to merge with, which routing may not know yet: one
    /// that we know of, and then one that the registry names.
    pub(crate) fn meet_sibling(&mut self, now: Time) {
        let (home, common) = (self.division.home, self.division.common());
        if common == home {
            return;
        }
        let there = |node: &NodeId| common.covers(node.0) && !home.covers(node.0);
        let known: Vec<NodeId> =
            self.gossip.contacts().map(|contact| contact.node).filter(there).collect();
        if !known.is_empty()
            && let Some(node) = known.get(self.division.dice.below(known.len()))
        {
            self.arrows.handle(arrows::Input::Introduced(*node), now);
        }
        self.say(Output::AskRegistry);
    }
}
