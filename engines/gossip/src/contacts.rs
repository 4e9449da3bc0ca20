//! The contacts that we know, and how well.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::ops::Deref;
use core::time::Duration;

use words::{NodeId, Time, Wall};

use crate::Contact;

/// How long a contact is believed without asking again.
const FRESH: Duration = Duration::from_hours(1);

/// An introduction that was checked, and what it says. Nothing of it changes, so all who know it may
/// share one copy ([`Authority::share`](crate::Authority::share)).
#[derive(Debug, PartialEq, Eq)]
pub struct Checked {
    /// What the node says.
    pub contact: Contact,
    /// The encoded introduction that proves it.
    pub introduction: Box<[u8]>,
    /// Number of its certificate.
    pub serial: u64,
    /// Last second of its certificate.
    pub expires: Wall,
}

/// A contact that was checked.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// What was checked.
    pub(crate) checked: Arc<Checked>,
    /// When the node itself, or the registry, last told it; `None` if only the disk did.
    pub(crate) heard: Option<Time>,
}

impl Deref for Known {
    type Target = Checked;

    fn deref(&self) -> &Checked {
        &self.checked
    }
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
    /// With the number of the word that last told of each. In order of these numbers they are only
    /// looked at where there are too many: seldom, and by few nodes.
    known: BTreeMap<NodeId, (Known, u64)>,
    count: u64,
    limit: usize,
}

impl Contacts {
    pub(crate) fn new(limit: usize) -> Self {
        Self { known: BTreeMap::new(), count: 0, limit }
    }

    /// Keeps a contact, unless a newer one is known; the oldest makes room.
    ///
    /// One dated after the `latest` that can be believed now was learnt while the calendar was
    /// wrong, and gives way to any other.
    pub(crate) fn learn(&mut self, node: NodeId, told: Known, latest: Wall) -> Learnt {
        self.count += 1;
        let learnt = if let Some((known, place)) = self.known.get_mut(&node) {
            *place = self.count;
            known.renew(told, latest)
        } else {
            self.known.insert(node, (told, self.count));
            Learnt::News
        };
        if self.known.len() > self.limit {
            let oldest = self.known.iter().min_by_key(|(_, (_, told))| *told);
            if let Some(oldest) = oldest.map(|(node, _)| *node) {
                self.known.remove(&oldest);
            }
        }
        learnt
    }

    pub(crate) fn get(&self, node: NodeId) -> Option<&Known> {
        self.known.get(&node).map(|(known, _)| known)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Known> {
        self.known.values().map(|(known, _)| known)
    }

    /// Forgets those that are not to be kept, and tells whether there were any.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Known) -> bool) -> bool {
        let before = self.known.len();
        self.known.retain(|_, (known, _)| keep(known));
        self.known.len() < before
    }
}

impl Known {
    /// Takes in what is told of the same node, unless a newer word is known.
    fn renew(&mut self, told: Self, latest: Wall) -> Learnt {
        if told.contact.issued < self.contact.issued && self.contact.issued <= latest {
            return Learnt::Old;
        }
        if told.introduction == self.introduction {
            self.heard = self.heard.max(told.heard);
            return Learnt::Old;
        }
        *self = told;
        Learnt::News
    }
}
