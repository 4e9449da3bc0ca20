//! The routes that neighbours told us, by range (RFC 8966 §3.5.3).

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use words::{LinkId, Prefix, Time};

use crate::feasibility::Distance;
use crate::{Metric, RouterId, Seqno};

/// One neighbour's route to one range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) router: RouterId,
    pub(crate) seqno: Seqno,
    /// The neighbour's own metric; infinite if it was retracted or is too old.
    pub(crate) refmetric: Metric,
    /// How soon the neighbour promised to repeat it.
    pub(crate) every: Duration,
    /// When it becomes too old.
    pub(crate) until: Time,
    /// The neighbour was asked to repeat it.
    pub(crate) nudged: bool,
}

impl Candidate {
    /// Returns what feasibility is judged by.
    pub(crate) const fn distance(&self) -> Distance {
        Distance { seqno: self.seqno, metric: self.refmetric }
    }
}

/// All that is known about one range.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub(crate) candidates: BTreeMap<LinkId, Candidate>,
    pub(crate) selected: Option<LinkId>,
}

/// All ranges that any neighbour told us about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    entries: BTreeMap<Prefix, Entry>,
    columns: BTreeMap<LinkId, BTreeSet<Prefix>>,
}

impl Table {
    /// Returns all ranges, in order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Prefix, &Entry)> {
        self.entries.iter().map(|(prefix, entry)| (*prefix, entry))
    }

    /// Returns what is known about `prefix`.
    pub(crate) fn entry(&self, prefix: Prefix) -> Option<&Entry> {
        self.entries.get(&prefix)
    }

    /// Returns the neighbour's route to `prefix`.
    pub(crate) fn candidate(&self, prefix: Prefix, link: LinkId) -> Option<&Candidate> {
        self.entries.get(&prefix)?.candidates.get(&link)
    }

    /// Returns the neighbour's route to `prefix`, to change it.
    pub(crate) fn candidate_mut(&mut self, prefix: Prefix, link: LinkId) -> Option<&mut Candidate> {
        self.entries.get_mut(&prefix)?.candidates.get_mut(&link)
    }

    /// Returns the selected route to `prefix`, with its link.
    pub(crate) fn selected(&self, prefix: Prefix) -> Option<(LinkId, &Candidate)> {
        let entry = self.entries.get(&prefix)?;
        let link = entry.selected?;
        Some((link, entry.candidates.get(&link)?))
    }

    /// Selects the route through `link`, or none.
    pub(crate) fn select(&mut self, prefix: Prefix, link: Option<LinkId>) {
        if let Some(entry) = self.entries.get_mut(&prefix) {
            entry.selected = link;
        }
    }

    /// Returns how many routes the neighbour told.
    pub(crate) fn told_by(&self, link: LinkId) -> usize {
        self.columns.get(&link).map_or(0, BTreeSet::len)
    }

    /// Returns the ranges that the neighbour told.
    pub(crate) fn column(&self, link: LinkId) -> BTreeSet<Prefix> {
        self.columns.get(&link).cloned().unwrap_or_default()
    }

    /// Returns the ranges inside `range`, itself included.
    pub(crate) fn inside(&self, range: Prefix) -> BTreeSet<Prefix> {
        let from = self.entries.range(range..).map(|(prefix, _)| *prefix);
        from.take_while(|prefix| range.covers(*prefix)).collect()
    }

    /// Adds the neighbour's route, or replaces it.
    pub(crate) fn put(&mut self, prefix: Prefix, link: LinkId, candidate: Candidate) {
        self.entries.entry(prefix).or_default().candidates.insert(link, candidate);
        self.columns.entry(link).or_default().insert(prefix);
    }

    /// Removes the neighbour's route; the entry stays until [`tidy`](Self::tidy).
    pub(crate) fn remove(&mut self, prefix: Prefix, link: LinkId) {
        if let Some(entry) = self.entries.get_mut(&prefix) {
            entry.candidates.remove(&link);
        }
        if let Some(column) = self.columns.get_mut(&link) {
            column.remove(&prefix);
            if column.is_empty() {
                self.columns.remove(&link);
            }
        }
    }

    /// Forgets the range if no neighbour has told it.
    pub(crate) fn tidy(&mut self, prefix: Prefix) {
        if self.entries.get(&prefix).is_some_and(|entry| entry.candidates.is_empty()) {
            self.entries.remove(&prefix);
        }
    }
}
