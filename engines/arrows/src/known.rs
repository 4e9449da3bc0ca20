//! The nodes that may be drawn, and what exceptions may know of them.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use principles::Traits;
use principles::selection::Candidate;
use words::NodeId;

/// The nodes we heard of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    nodes: BTreeMap<NodeId, Node>,
    /// Nodes that routing reaches.
    reachable: usize,
    /// Nodes that serve in the mesh and are at home elsewhere.
    pub(crate) guests: BTreeSet<NodeId>,
    /// Nodes named to begin with.
    pub(crate) named: Vec<NodeId>,
    /// The registry's random peer.
    pub(crate) introduced: Option<NodeId>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    reachable: bool,
    described: bool,
    traits: Traits,
    delay: Option<Duration>,
}

impl Known {
    /// Notes that routing reaches `node`; returns whether that is news.
    pub(crate) fn reachable(&mut self, node: NodeId) -> bool {
        let entry = self.nodes.entry(node).or_default();
        let news = !entry.reachable;
        entry.reachable = true;
        self.reachable += usize::from(news);
        news
    }

    /// Notes that routing reaches `node` no longer; what describes it is kept.
    pub(crate) fn unreachable(&mut self, node: NodeId) {
        let Some(entry) = self.nodes.get_mut(&node) else { return };
        self.reachable -= usize::from(entry.reachable);
        entry.reachable = false;
        entry.delay = None;
        if !entry.described {
            self.nodes.remove(&node);
        }
    }

    /// Notes that `node` is no candidate any more.
    pub(crate) fn elsewhere(&mut self, node: NodeId) {
        self.unreachable(node);
        self.named.retain(|named| *named != node);
        self.introduced = self.introduced.filter(|peer| *peer != node);
    }

    /// Notes what exceptions may know of `node`.
    pub(crate) fn described(&mut self, node: NodeId, traits: Traits) {
        let entry = self.nodes.entry(node).or_default();
        entry.traits = traits;
        entry.described = true;
    }

    /// Notes the round trip to `node`, if routing reaches it.
    pub(crate) fn measured(&mut self, node: NodeId, delay: Duration) {
        if let Some(entry) = self.nodes.get_mut(&node).filter(|entry| entry.reachable) {
            entry.delay = Some(delay);
        }
    }

    /// Returns what exceptions may know of `node`; the default if nothing is known.
    pub(crate) fn traits(&self, node: NodeId) -> Traits {
        self.nodes.get(&node).map(|entry| entry.traits).unwrap_or_default()
    }

    /// Returns the nodes that routing reaches, in order.
    pub(crate) fn reached(&self) -> impl Iterator<Item = NodeId> {
        self.nodes.iter().filter(|(_, entry)| entry.reachable).map(|(node, _)| *node)
    }

    /// Returns how many nodes routing reaches.
    pub(crate) const fn reach(&self) -> usize {
        self.reachable
    }

    /// Tells whether routing reaches `node`.
    pub(crate) fn is_reached(&self, node: NodeId) -> bool {
        self.nodes.get(&node).is_some_and(|entry| entry.reachable)
    }

    /// Tells whether routing reaches nobody at all.
    pub(crate) const fn nobody(&self) -> bool {
        self.reachable == 0
    }

    /// Returns the nodes which routing reaches, but those `taken`; and guests, once it reaches anybody
    /// who could ask them.
    pub(crate) fn candidates(&self, taken: &BTreeSet<NodeId>) -> Vec<Candidate> {
        let free = |(node, entry): &(&NodeId, &Node)| entry.reachable && !taken.contains(node);
        let reached = self.nodes.iter().filter(free).map(|(node, entry)| Candidate {
            node: *node,
            traits: entry.traits,
            delay: entry.delay,
        });
        let comes = |node: &&NodeId| !taken.contains(node) && !self.is_reached(**node);
        let guests = self.guests.iter().filter(|_| !self.nobody()).filter(comes);
        let guests =
            guests.map(|node| Candidate { node: *node, traits: self.traits(*node), delay: None });
        reached.chain(guests).collect()
    }
}
