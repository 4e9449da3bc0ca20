//! What a neighbour is owed, until a packet takes it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::rare::Void;
use crate::rows::RowId;
use crate::{Key, Metric, RouterId, Seqno};

/// Everything that waits for the next packets to one neighbour, but for what the journal holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    /// Tell it how well it is heard.
    pub(crate) ihu: bool,
    /// Acknowledge these packets.
    pub(crate) acks: Vec<u16>,
    /// They do not wait for our next greeting.
    pub(crate) acks_soon: bool,
    /// Ask for these routes, once; `None` for all.
    pub(crate) routes: BTreeSet<Option<Key>>,
    /// Ask for these routes until it acknowledges that.
    pub(crate) wanted: Asked,
    /// Ask for these numbers, with so many hops.
    pub(crate) seqnos: BTreeMap<(Key, RouterId), (Seqno, u8)>,
    /// It asked for these, and we know nothing of them.
    pub(crate) unknown: BTreeSet<Key>,
    /// Tell these routes, reliably, before all others.
    pub(crate) owed: BTreeMap<RowId, Due>,
}

/// Whether a neighbour must hear something before the next greeting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Haste {
    /// What it is owed may wait.
    #[default]
    None,
    /// Something of all presses.
    Presses,
}

impl Void for Outbox {
    const VOID: &'static Self = &Self {
        ihu: false,
        acks: Vec::new(),
        acks_soon: false,
        routes: BTreeSet::new(),
        wanted: Asked { routes: BTreeSet::new(), tries: 0 },
        seqnos: BTreeMap::new(),
        unknown: BTreeSet::new(),
        owed: BTreeMap::new(),
    };

    /// Tells whether nothing is owed.
    fn is_void(&self) -> bool {
        !self.ihu
            && self.acks.is_empty()
            && self.routes.is_empty()
            && self.wanted.routes.is_empty()
            && self.seqnos.is_empty()
            && self.unknown.is_empty()
            && self.owed.is_empty()
    }
}

/// Why a route must be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Due {
    /// The neighbour asked: it gets an answer whatever that is.
    pub(crate) asked: bool,
    /// It was told, and is told once more: an older word may have arrived after that.
    pub(crate) again: bool,
    /// How often it was told in vain.
    pub(crate) tries: u8,
}

/// Requests for routes that must be acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// `None` for all.
    pub(crate) routes: BTreeSet<Option<Key>>,
    /// How often they were made in vain.
    pub(crate) tries: u8,
}

/// A full telling, under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dump {
    /// The last range that was told.
    pub(crate) after: Option<Key>,
    /// Each packet is repeated until it is acknowledged.
    pub(crate) reliable: bool,
    /// It was told all before, and believes that: what rests is passed over.
    pub(crate) again: bool,
}

/// What a neighbour was last told of a range, in four octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// Infinite if it was told that there is none, or nothing.
    pub(crate) metric: Metric,
    /// The route's number; of no route, the name of the packet that said so and is not
    /// acknowledged yet, or 0.
    seqno: Seqno,
}

impl Said {
    /// Nothing, or nothing that is still believed.
    pub(crate) const NOTHING: Self = Self { metric: Metric::INFINITE, seqno: Seqno(0) };

    /// A route.
    pub(crate) const fn route(metric: Metric, seqno: Seqno) -> Self {
        Self { metric, seqno }
    }

    /// That there is none any more; `packet` said so.
    pub(crate) const fn end(packet: u16) -> Self {
        Self { metric: Metric::INFINITE, seqno: Seqno(packet) }
    }

    /// Tells whether the neighbour believes that we have a route.
    pub(crate) const fn is_route(self) -> bool {
        self.metric.is_finite()
    }

    /// Returns how far a route's number is ahead of the one that was told.
    pub(crate) const fn number_since(self, seqno: Seqno) -> i16 {
        seqno.ahead_of(self.seqno)
    }

    /// Tells whether it may still believe in a route whose end it was told.
    pub(crate) const fn is_doubtful(self) -> bool {
        !self.metric.is_finite() && self.seqno.0 != 0
    }
}
