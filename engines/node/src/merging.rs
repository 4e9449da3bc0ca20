//! Two meshes that become one: what they have in common before they are, and what goes on afterwards.
//!
//! ```text
//!  moving   nodes of both halves are told on the links of both, links between them are made
//!  done     the whole is home; who served in a half goes on in the whole, and tells of both
//!  later    nobody is told of the halves any more
//! ```
//!
//! When, says [`order::Plan`].

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use gossip::Authority;
use order::Stage;
use words::routing::Routing;
use words::{Engine, NodeId, Prefix, Time};

use crate::division::Division;
use crate::overlap::Overlap;
use crate::stay::{Phase, Stay};
use crate::{Node, Output};

impl Division {
    /// Returns the widest range around a mesh whose nodes are told on its links: more than itself
    /// while it is split, or merges.
    pub(crate) fn wide(&self, mesh: Prefix) -> Prefix {
        let now = self.map.as_ref().and_then(|map| map.mesh_of(mesh.first()));
        let all = self.before(mesh).map(|(_, old)| old).chain(now).chain(self.merging);
        let around = all.filter(|range| range.covers(mesh));
        around.min_by_key(|range| range.length()).unwrap_or(mesh)
    }

    /// Returns the range of which all nodes may have links with us at home: both halves, while they
    /// merge.
    pub(crate) fn common(&self) -> Prefix {
        self.merging.filter(|range| range.covers(self.home)).unwrap_or(self.home)
    }

    /// Lets us go on in the whole of each mesh that was merged, if we served in a half: by the same
    /// arrows, on links of the same scope. Where both halves are ours, one of them the home `home` or not,
    /// what leads into the second is of no use any more. Returns which halves each was.
    pub(crate) fn follow_merges(
        &mut self,
        home: Prefix,
        settings: &arrows::Settings,
        now: Time,
    ) -> BTreeMap<Prefix, BTreeSet<Prefix>> {
        let mut was = BTreeMap::from([(self.home, BTreeSet::from([home]))]);
        let Some(map) = self.map.clone() else { return was };
        // Where we serve in both halves, the service that matters most goes on.
        let weight = |stay: &Stay| self.service.stage(stay.mesh).map_or(0, Stage::weight);
        let mut stays: Vec<(u32, u8)> =
            self.stays.iter().map(|(number, stay)| (*number, weight(stay))).collect();
        stays.sort_by_key(|(number, weight)| (core::cmp::Reverse(*weight), *number));
        for (number, _) in stays {
            let Some(stay) = self.stays.get_mut(&number) else { continue };
            let half = stay.mesh;
            let whole = map.mesh_of(half.first()).filter(|it| *it != half && it.covers(half));
            let Some(whole) = whole.filter(|_| stay.phase != Phase::Leaving) else { continue };
            let is_first = !was.contains_key(&whole);
            if stay.is_serving() {
                was.entry(whole).or_default().insert(half);
            }
            match (is_first, stay.is_serving()) {
                (true, true) => {
                    stay.mesh = whole;
                    self.service.rename(half, whole);
                    // The half is no mesh any more: if it is one again, it is another.
                    if let Some(scope) = self.scopes.remove(&half) {
                        self.scopes.insert(whole, scope);
                    }
                }
                (true, false) => {}
                (false, _) => {
                    stay.mesh = whole;
                    self.service.forget(half);
                    self.scopes.remove(&half);
                    stay.dissolve(settings, now);
                }
            }
        }
        was
    }

    /// Tells whether the nodes of a mesh are known by other links of ours than those of the stay `number`:
    /// it is one with another of our meshes, or is about to be.
    pub(crate) fn is_known_besides(&self, mesh: Prefix, number: u32) -> bool {
        let now = self.map.as_ref().and_then(|map| map.mesh_of(mesh.first()));
        let whole = self.merging.into_iter().chain(now);
        let whole = whole.filter(|range| *range != mesh && range.covers(mesh));
        whole.into_iter().any(|whole| {
            let others = self.stays.iter().filter(|(other, _)| **other != number);
            let others = others.filter(|(_, stay)| stay.is_serving()).map(|(_, stay)| stay.mesh);
            others.chain([self.home]).any(|other| whole.covers(other) && other != mesh)
        })
    }

    /// Lets the stays whose meshes became one with others have no seats, whatever all arrows were told.
    pub(crate) fn dissolve_merged(&mut self, settings: &arrows::Settings, now: Time) {
        for stay in self.stays.values_mut().filter(|stay| stay.phase == Phase::Merged) {
            stay.dissolve(settings, now);
        }
    }

    /// Tells whether a range is that of a mesh which was merged some time ago: others know the whole
    /// by now, and who knows the half only hears that it is no more before it would not believe it.
    pub(crate) fn is_over(&self, range: Prefix) -> bool {
        let merged = self.map.as_ref().is_some_and(|map| {
            let mesh = map.mesh_of(range.first());
            !map.is_range(range) && mesh.is_some_and(|mesh| mesh.covers(range) && mesh != range)
        });
        merged && self.overlap.as_ref().is_some_and(Overlap::is_far)
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
