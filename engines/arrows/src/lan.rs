//! Arrows to nodes on the same LAN, besides those of the seats.
//!
//! ```text
//!   heard ─► linked already? ─ no ─► drawn among all who are heard ─► an arrow as any other
//!                                        ▲      │ condemned with the others, by chance
//!                                        └──────┘ its successor opens beside it
//! ```
//!
//! Whom and how many is for [`SameLan`].

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use principles::exceptions::SameLan;
use words::{NodeId, Time};

use crate::Arrows;
use crate::life::Link;

/// Who is heard on the LAN, and when one of them is dialled again after a dial failed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lan {
    nodes: BTreeSet<NodeId>,
    resting: Option<Time>,
    /// How many dials failed in a row.
    tries: u8,
}

impl Lan {
    /// Returns when one is dialled again, if a dial failed.
    pub(crate) const fn resting(&self) -> Option<Time> {
        self.resting
    }

    /// Tells whether dials that failed have rested.
    pub(crate) fn rested(&self, now: Time) -> bool {
        self.resting.is_some_and(|until| until <= now)
    }

    /// Notes that a dial failed: nobody is dialled before `until`.
    pub(crate) fn rest(&mut self, until: Time) {
        self.resting = Some(until);
        self.tries = self.tries.saturating_add(1);
    }

    /// Notes that a dial worked.
    pub(crate) const fn worked(&mut self) {
        self.tries = 0;
    }
}

impl Arrows {
    /// A node was heard on the LAN.
    pub(crate) fn on_lan(&mut self, node: NodeId, now: Time) {
        if node != self.me && self.lan.nodes.insert(node) {
            self.draw_soon(now);
        }
    }

    /// A node is on the LAN no longer; a link with it may go on.
    pub(crate) fn off_lan(&mut self, node: NodeId) {
        self.lan.nodes.remove(&node);
    }

    /// Opens arrows to nodes on the LAN, as many as there may be.
    pub(crate) fn draw_on_lan(&mut self, now: Time) {
        if self.lan.resting.is_some_and(|until| now < until) {
            return;
        }
        self.lan.resting = None;
        let most = self.settings.selection.same_lan.besides(self.settings.seats);
        let taken = self.links.values().filter(|link| link.is_besides()).count();
        for _ in taken..most {
            let free: Vec<_> = self.unlinked_on_lan().collect();
            let Some(drawn) = SameLan::choose(free, &mut self.dice) else { return };
            self.seek(drawn, self.lan.tries, now);
        }
    }

    /// Returns the nodes on the LAN with which we have no link, or only one of ours that drains:
    /// the other end takes another one beside it.
    fn unlinked_on_lan(&self) -> impl Iterator<Item = NodeId> {
        let ours = |link: &Link| link.owned.is_some() && link.is_draining();
        let free = move |node: &NodeId| {
            let with_it = || self.links.values().filter(|link| link.peer == *node);
            with_it().count() < 2 && with_it().all(ours)
        };
        self.lan.nodes.iter().copied().filter(free)
    }
}
