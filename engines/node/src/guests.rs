//! Ways out of the network: for all, and for the guests who named us.

use alloc::collections::{BTreeMap, BTreeSet};

use gossip::Authority;
use words::routing::{self, Range, Routing};
use words::{NodeId, Prefix, Time};

use crate::Node;

/// What we announce besides our own addresses.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    /// For all.
    open: BTreeSet<Range>,
    /// Who named us, with the index of its certificate.
    guests: BTreeMap<NodeId, Option<u32>>,
    /// For guests, as announced.
    theirs: BTreeSet<Range>,
}

impl<R: Routing, A: Authority> Node<R, A> {
    /// Returns the nodes that named us as their exit, in order.
    pub fn guests(&self) -> impl Iterator<Item = NodeId> {
        self.ways.guests.keys().copied()
    }

    /// Announces a way out, or another range.
    pub(crate) fn open_way(&mut self, range: Range, now: Time) {
        self.routing.handle(routing::Input::Announce(range), now);
        self.ways.open.insert(range);
        self.serve_guests(now);
    }

    /// Announces it no longer.
    pub(crate) fn close_way(&mut self, range: Range, now: Time) {
        self.routing.handle(routing::Input::Withdraw(range), now);
        self.ways.open.remove(&range);
        self.serve_guests(now);
    }

    /// A node named us.
    pub(crate) fn guest_came(&mut self, guest: NodeId, index: Option<u32>, now: Time) {
        self.ways.guests.insert(guest, index);
        self.serve_guests(now);
    }

    /// It does so no longer.
    pub(crate) fn guest_left(&mut self, guest: NodeId, now: Time) {
        self.ways.guests.remove(&guest);
        self.serve_guests(now);
    }

    /// Announces for guests what is open to all, for each by itself, and nothing else.
    pub(crate) fn serve_guests(&mut self, now: Time) {
        let ways = self.ways.open.iter().flat_map(|way| {
            self.ways.guests.iter().filter_map(|(guest, index)| self.own_way(*way, *guest, *index))
        });
        let ways: BTreeSet<Range> = ways.collect();
        for gone in self.ways.theirs.difference(&ways) {
            self.routing.handle(routing::Input::Withdraw(*gone), now);
        }
        for new in ways.difference(&self.ways.theirs) {
            self.routing.handle(routing::Input::Announce(*new), now);
        }
        self.ways.theirs = ways;
    }

    /// Returns a way out for one guest, if `way` is one that lets it out.
    fn own_way(&self, way: Range, guest: NodeId, index: Option<u32>) -> Option<Range> {
        let from = match way.to {
            Prefix::ALL => guest.0,
            Prefix::ALL_IPV4 => self.parameters.ipv4?.part(index?)?,
            _ => return None,
        };
        way.from.covers(from).then_some(Range { to: way.to, from })
    }
}
