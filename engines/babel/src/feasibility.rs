//! What keeps Babel free of loops (RFC 8966 §3.5.1).
//!
//! The best distance that we ever announced for a source bounds what we may believe about
//! it. It is written down before an update leaves, never raised, and forgotten only long
//! after nobody can still believe us. That of the router in use is in the [row](crate::rows);
//! those of the others, seldom any, are here.

use alloc::collections::BTreeMap;

use crate::candidates::Stamp;
use crate::intern::Router;
use crate::rows::RowId;
use crate::{Metric, Seqno};

/// The best we ever announced for one source: nothing worse may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distance {
    /// Age of that announcement.
    pub seqno: Seqno,
    /// Its metric.
    pub metric: Metric,
}

impl Distance {
    /// Tells whether an update may be believed without risk of a loop.
    ///
    /// True for a retraction, for a newer `seqno`, and for the same `seqno` with a
    /// strictly smaller metric; the metric is the neighbour's, before our link cost.
    ///
    /// Source: RFC 8966 §3.5.1.
    pub const fn admits(self, said: Self) -> bool {
        !said.metric.is_finite()
            || said.seqno.newer_than(self.seqno)
            || (said.seqno.0 == self.seqno.0 && said.metric.0 < self.metric.0)
    }
}

/// A distance, and when we last announced the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) distance: Distance,
    pub(crate) announced: Stamp,
}

impl Source {
    /// Returns what is remembered once `said` was announced too.
    ///
    /// Source: RFC 8966 §3.7.3.
    pub(crate) const fn after(self, said: Distance, now: Stamp) -> Self {
        let distance = if self.distance.admits(said) { said } else { self.distance };
        Self { distance, announced: now }
    }
}

/// The source table, but for the sources in use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources(BTreeMap<(RowId, Router), Source>);

impl Sources {
    /// Returns what is remembered of a source.
    pub(crate) fn get(&self, row: RowId, router: Router) -> Option<Source> {
        self.0.get(&(row, router)).copied()
    }

    /// Takes out what is remembered of a source.
    pub(crate) fn take(&mut self, row: RowId, router: Router) -> Option<Source> {
        self.0.remove(&(row, router))
    }

    /// Remembers a source.
    pub(crate) fn put(&mut self, row: RowId, router: Router, source: Source) {
        self.0.insert((row, router), source);
    }

    /// Returns how many sources of this range are remembered here.
    pub(crate) fn of_row(&self, row: RowId) -> usize {
        self.0.range((row, Router(0))..=(row, Router(u32::MAX))).count()
    }

    /// Forgets the sources that were announced more than `age` seconds ago; returns their
    /// ranges.
    pub(crate) fn forget(&mut self, age: u16, now: Stamp) -> alloc::vec::Vec<RowId> {
        let mut gone = alloc::vec::Vec::new();
        self.0.retain(|(row, _), source| {
            let keep = source.announced.age(now) <= age;
            if !keep {
                gone.push(*row);
            }
            keep
        });
        gone
    }

    /// Notes the routers that are named here.
    pub(crate) fn mark(&self, used: &mut [bool]) {
        for (_, router) in self.0.keys() {
            if let Some(used) = used.get_mut(router.0 as usize) {
                *used = true;
            }
        }
    }

    /// Gives the routers their new numbers.
    pub(crate) fn renumber(&mut self, new: impl Fn(Router) -> Router) {
        let all = core::mem::take(&mut self.0);
        self.0 = all.into_iter().map(|((row, it), source)| ((row, new(it)), source)).collect();
    }

    /// Returns how many sources are remembered here.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seqno: u16, metric: u16) -> Distance {
        Distance { seqno: Seqno(seqno), metric: Metric(metric) }
    }

    #[test]
    fn f2_only_what_is_strictly_better_is_believed() {
        let ours = at(1, 300);
        assert!(!ours.admits(at(1, 300)));
        assert!(ours.admits(at(1, 299)));
        assert!(ours.admits(at(2, 9000)));
        assert!(!ours.admits(at(0, 1)));
        assert!(ours.admits(at(0, 0xffff)));
    }

    #[test]
    fn f1_the_best_is_kept_until_it_is_old() {
        let (row, router) = (RowId(1), Router(1));
        let mut sources = Sources::default();
        let source = Source { distance: at(1, 300), announced: Stamp(0) };
        sources.put(row, router, source.after(at(1, 900), Stamp(9)));
        assert_eq!(sources.get(row, router).map(|it| it.distance), Some(at(1, 300)));
        assert_eq!(sources.forget(5, Stamp(14)), []);
        assert_eq!(sources.forget(5, Stamp(15)), [row]);
        assert_eq!(sources.len(), 0);
    }
}
