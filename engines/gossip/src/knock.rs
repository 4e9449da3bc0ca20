//! Nodes that cannot be dialled from outside, and are asked over the mesh to come and meet us.
//!
//! ```text
//!   A: dial unanswered ─► Knock ═ over the mesh ═► B: checks who asks ─► Beckon, at A's endpoints
//!   A: dials there ◄─ Heard ◄═ over the mesh ═ Answer ◄┘
//! ```
//!
//! Nobody can have us send to strangers: we beckon to the endpoints that the asker itself has
//! signed, a few small datagrams each time, to each node and to all together only so often.

use alloc::collections::BTreeMap;

use words::{Bucket, LinkId, NodeId, Time};

use crate::frame::Remote;
use crate::{Authority, Gossip, Output, Refused};

/// Nodes that may knock one by one at a time.
const KNOCKING: usize = 256;

/// Whom we knock at, and who knocks here.
#[derive(Debug)]
pub(crate) struct Knocks {
    /// Nodes that we dial in vain, for which link.
    ours: BTreeMap<NodeId, LinkId>,
    /// How often each node may have us beckon, and all together.
    each: BTreeMap<NodeId, Bucket>,
    all: Bucket,
}

impl Knocks {
    pub(crate) fn new() -> Self {
        Self { ours: BTreeMap::new(), each: BTreeMap::new(), all: Bucket::new(40, 10) }
    }

    /// Tells whether we dial that node in vain.
    pub(crate) fn at(&self, node: NodeId) -> bool {
        self.ours.contains_key(&node)
    }

    /// Forgets that a link was dialled in vain.
    pub(crate) fn abandon(&mut self, link: LinkId) {
        self.ours.retain(|_, dialled| *dialled != link);
    }

    /// Tells whether we beckon to `node` once more.
    fn may(&mut self, node: NodeId, now: Time) -> bool {
        if self.each.len() >= KNOCKING && !self.each.contains_key(&node) {
            self.each.retain(|_, bucket| !bucket.is_full(now));
            if self.each.len() >= KNOCKING {
                return false;
            }
        }
        let each = self.each.entry(node).or_insert_with(|| Bucket::new(4, 1));
        each.take(now) && self.all.take(now)
    }
}

impl<A: Authority> Gossip<A> {
    /// Asks a node that does not answer our dial to beckon.
    pub(crate) fn knock(&mut self, link: LinkId, node: NodeId, token: u32) {
        let Some(word) = self.myself.as_deref().map(|myself| Remote::Knock(token, myself)) else {
            return;
        };
        if self.neighbours.is_empty() || node == self.me {
            return;
        }
        let word = word.encode();
        self.knocks.ours.insert(node, link);
        self.counters.knocked += 1;
        self.say(Output::Overlay(node, word));
    }

    /// A node, already known to be what it says, dials us in vain.
    pub(crate) fn knocked(&mut self, asker: NodeId, token: u32, now: Time) -> Result<(), Refused> {
        if !self.knocks.may(asker, now) {
            return Err(Refused::Busy);
        }
        let Some(contact) = self.contact(asker).cloned() else { return Ok(()) };
        self.counters.beckoned += 1;
        self.say(Output::Beckon(contact, token));
        self.answer(asker);
        Ok(())
    }

    /// Tells who dials `node` in vain what it has just said of itself.
    pub(crate) fn tell_dialling(&mut self, node: NodeId) {
        if let Some(link) = self.knocks.ours.remove(&node)
            && let Some(contact) = self.contact(node).cloned()
        {
            self.say(Output::Heard(link, contact));
        }
    }
}
