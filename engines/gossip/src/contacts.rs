//! The contacts that we know, and how well.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use words::{NodeId, Time, Wall};

use crate::Contact;

/// How long a contact is believed without asking again.
const FRESH: Duration = Duration::from_hours(1);

/// A contact that was checked.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// What the node says.
    pub(crate) contact: Contact,
    /// The encoded introduction that proves it.
    pub(crate) introduction: Vec<u8>,
    /// Number of its certificate.
    pub(crate) serial: u64,
    /// Last second of its certificate.
    pub(crate) expires: Wall,
    /// When the node itself, or the registry, last told it; `None` if only the disk did.
    pub(crate) heard: Option<Time>,
}

impl Known {
    /// Tells whether the contact need not be asked for again.
    pub(crate) fn is_fresh(&self, now: Time, wall: Wall) -> bool {
        let heard = self.heard.is_some_and(|heard| now.since(heard) < FRESH);
        heard || wall.since(self.contact.issued) < FRESH
    }
}

/// What a contact was to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Learnt {
    /// New, or newer than what we knew.
    News,
    /// What we knew, told again; or older.
    Old,
}

/// Contacts by node, at most so many.
#[derive(Debug)]
pub(crate) struct Contacts {
    known: BTreeMap<NodeId, Known>,
    /// Nodes, the least recently told of first.
    order: BTreeSet<(u64, NodeId)>,
    told: BTreeMap<NodeId, u64>,
    count: u64,
    limit: usize,
}

impl Contacts {
    pub(crate) fn new(limit: usize) -> Self {
        let (known, order, told) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        Self { known, order, told, count: 0, limit }
    }

    /// Keeps a contact, unless a newer one is known; the oldest makes room.
    ///
    /// One dated after the `latest` that can be believed now was learnt while the calendar was
    /// wrong, and gives way to any other.
    pub(crate) fn learn(&mut self, node: NodeId, told: Known, latest: Wall) -> Learnt {
        self.touch(node);
        let learnt = match self.known.get_mut(&node) {
            Some(known)
                if told.contact.issued < known.contact.issued && known.contact.issued <= latest =>
            {
                Learnt::Old
            }
            Some(known) if told.introduction == known.introduction => {
                known.heard = known.heard.max(told.heard);
                Learnt::Old
            }
            Some(_) | None => {
                self.known.insert(node, told);
                Learnt::News
            }
        };
        if self.known.len() > self.limit
            && let Some((_, oldest)) = self.order.first().copied()
        {
            self.forget(oldest);
        }
        learnt
    }

    pub(crate) fn get(&self, node: NodeId) -> Option<&Known> {
        self.known.get(&node)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Known> {
        self.known.values()
    }

    /// Forgets those that are not to be kept, and tells whether there were any.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Known) -> bool) -> bool {
        let gone: Vec<NodeId> =
            (self.known.iter()).filter(|(_, known)| !keep(known)).map(|(node, _)| *node).collect();
        for node in &gone {
            self.forget(*node);
        }
        !gone.is_empty()
    }

    /// Puts a node last among those to be forgotten.
    fn touch(&mut self, node: NodeId) {
        self.count += 1;
        if let Some(before) = self.told.insert(node, self.count) {
            self.order.remove(&(before, node));
        }
        self.order.insert((self.count, node));
    }

    fn forget(&mut self, node: NodeId) {
        self.known.remove(&node);
        if let Some(told) = self.told.remove(&node) {
            self.order.remove(&(told, node));
        }
    }
}
