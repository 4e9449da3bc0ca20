//! What a neighbour is owed, until a packet takes it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use words::Prefix;

use crate::{Metric, RouterId, Seqno};

/// Everything that waits for the next packets to one neighbour.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    /// Greet, and tell what is heard.
    pub(crate) hello: bool,
    /// Acknowledge these packets.
    pub(crate) acks: Vec<u16>,
    /// Ask for these routes; `None` for all.
    pub(crate) routes: BTreeSet<Option<Prefix>>,
    /// Ask for these numbers, with so many hops.
    pub(crate) seqnos: BTreeMap<(Prefix, RouterId), (Seqno, u8)>,
    /// Tell these routes, reliably.
    pub(crate) updates: BTreeMap<Prefix, Due>,
    /// Tell all routes, once.
    pub(crate) refresh: bool,
}

impl Outbox {
    /// Owes a route again that was told in vain: now even if there is none.
    pub(crate) fn owe_again(&mut self, prefix: Prefix, due: Due) {
        let owed = self.updates.entry(prefix).or_insert(due);
        owed.asked |= due.asked;
        owed.tries = owed.tries.max(1);
    }

    /// Takes out what may leave: no route while the neighbour is not `usable`.
    pub(crate) fn take(&mut self, usable: bool) -> Self {
        let mut taken = core::mem::take(self);
        if !usable {
            self.updates = core::mem::take(&mut taken.updates);
        }
        taken
    }
}

/// Why a route must be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Due {
    /// The neighbour asked: it gets an answer whatever that is.
    pub(crate) asked: bool,
    /// How often it was told in vain.
    pub(crate) tries: u8,
}

/// A finite route as it was last told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) router: RouterId,
    pub(crate) seqno: Seqno,
    pub(crate) metric: Metric,
}
