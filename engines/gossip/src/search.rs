//! Finding how a node is reached: remembered, or asked over the overlay.
//!
//! ```text
//!  Find ──► known and fresh, or no way to ask ──► Found
//!   └─────► ask at 0, 1 and 2 s ──► answered ──► Found
//!                  └─ 4 s ──► known, if not fresh: Found; else NotFound
//! ```

use alloc::vec::Vec;
use core::time::Duration;

use words::{Deadline, LinkId, NodeId, Time};

use crate::frame::Remote;
use crate::spread::Peer;
use crate::{Authority, Gossip, Output, Refused, Why};

/// When a node is asked, after the search began.
const ASKS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(2)];
/// When the search ends.
const PATIENCE: Duration = Duration::from_secs(4);
/// Most nodes sought at once.
const SEARCHES: usize = 256;

/// A node that is sought.
#[derive(Debug)]
pub(crate) struct Search {
    /// For which links.
    links: Vec<LinkId>,
    began: Time,
    /// How often it was asked.
    asked: usize,
}

impl Search {
    /// Returns when something is to be done.
    fn due(&self) -> Time {
        self.began + ASKS.get(self.asked).copied().unwrap_or(PATIENCE)
    }
}

impl<A: Authority> Gossip<A> {
    /// Seeks how `node` is reached, for `link`.
    pub(crate) fn find(&mut self, link: LinkId, node: NodeId, now: Time) {
        if node == self.me {
            self.say(Output::NotFound(link));
            return;
        }
        let wall = self.wall(now);
        let known = self.contacts.get(node).filter(|known| wall <= known.expires);
        if known.is_some_and(|known| known.is_fresh(now, wall) || self.neighbours.is_empty()) {
            self.settle(link, node, now);
        } else if let Some(search) = self.searches.get_mut(&node) {
            search.links.push(link);
        } else if self.searches.len() >= SEARCHES {
            self.counters.refuse(&Refused::Busy);
            self.settle(link, node, now);
        } else {
            let links = [link].into();
            self.searches.insert(node, Search { links, began: now, asked: 0 });
            self.search(now);
        }
    }

    /// Asks whom it is time to ask, and ends the searches that took too long.
    pub(crate) fn search(&mut self, now: Time) {
        let due = |search: &Search| search.due() <= now;
        let nodes: Vec<NodeId> =
            self.searches.iter().filter(|(_, s)| due(s)).map(|(node, _)| *node).collect();
        for node in nodes {
            self.pursue(node, now);
        }
    }

    fn pursue(&mut self, node: NodeId, now: Time) {
        let Some(search) = self.searches.get_mut(&node) else { return };
        if search.asked == ASKS.len() {
            self.conclude(node, now);
            return;
        }
        // However late we wake, a node is asked once for it.
        while search.asked < ASKS.len() && search.due() <= now {
            search.asked += 1;
        }
        if let Some(ask) = self.myself.as_deref().map(Remote::Ask) {
            let ask = ask.encode();
            self.counters.asked += 1;
            self.say(Output::Overlay(node, ask));
        }
    }

    /// Ends a search with what is now known.
    pub(crate) fn conclude(&mut self, node: NodeId, now: Time) {
        let Some(search) = self.searches.remove(&node) else { return };
        for link in search.links {
            self.settle(link, node, now);
        }
    }

    /// Tells what is known of a node, unless its certificate is over.
    fn settle(&mut self, link: LinkId, node: NodeId, now: Time) {
        let wall = self.wall(now);
        let Some(known) = self.contacts.get(node).filter(|known| wall <= known.expires) else {
            self.say(Output::NotFound(link));
            return;
        };
        let peer = Peer { serial: known.serial, expires: known.expires };
        let mut contact = known.contact.clone();
        self.lan.prefer(&mut contact);
        let found = Output::Found(link, contact);
        self.meet_at(link, peer);
        self.say(found);
    }

    /// Forgets that a link sought somebody.
    pub(crate) fn abandon(&mut self, link: LinkId) {
        self.knocks.abandon(link);
        self.searches.retain(|_, search| {
            search.links.retain(|sought| *sought != link);
            !search.links.is_empty()
        });
    }

    pub(crate) fn seeks(&self, node: NodeId) -> bool {
        self.searches.contains_key(&node)
    }

    pub(crate) fn search_deadline(&self) -> Option<Deadline<Why>> {
        let deadlines = self.searches.iter();
        let deadlines =
            deadlines.map(|(node, search)| Deadline { at: search.due(), why: Why::Search(*node) });
        deadlines.min_by_key(|deadline| deadline.at)
    }
}
