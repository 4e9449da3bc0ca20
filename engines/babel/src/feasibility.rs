//! What keeps Babel free of loops (RFC 8966 §3.5.1).
//!
//! The best distance that we ever announced for a source bounds what we may believe about
//! it. It is written down before an update leaves, never raised, and forgotten only long
//! after nobody can still believe us.

use alloc::collections::BTreeMap;
use core::time::Duration;

use words::{Prefix, Time};

use crate::{Metric, RouterId, Seqno};

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
    /// strictly smaller `metric`; `metric` is the neighbour's, before our link cost.
    ///
    /// Source: RFC 8966 §3.5.1.
    pub fn admits(self, seqno: Seqno, metric: Metric) -> bool {
        metric == Metric::INFINITE
            || seqno.newer_than(self.seqno)
            || (seqno == self.seqno && metric < self.metric)
    }
}

/// The source table: one distance for each (range, router) that we announced.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources(BTreeMap<(Prefix, RouterId), Source>);

#[derive(Clone, Copy, Debug)]
struct Source {
    distance: Distance,
    announced: Time,
}

impl Sources {
    /// Returns the distance of the source, if we announced it and did not forget.
    pub(crate) fn distance(&self, prefix: Prefix, router: RouterId) -> Option<Distance> {
        self.0.get(&(prefix, router)).map(|source| source.distance)
    }

    /// Tells whether what a neighbour says about the source may be believed.
    pub(crate) fn admit(&self, prefix: Prefix, router: RouterId, said: Distance) -> bool {
        let ours = self.distance(prefix, router);
        ours.is_none_or(|ours| ours.admits(said.seqno, said.metric))
    }

    /// Notes that we are about to announce `said`, a finite distance.
    ///
    /// Source: RFC 8966 §3.7.3.
    pub(crate) fn announce(&mut self, prefix: Prefix, router: RouterId, said: Distance, now: Time) {
        let fresh = Source { distance: said, announced: now };
        let source = self.0.entry((prefix, router)).or_insert(fresh);
        source.announced = now;
        if source.distance.admits(said.seqno, said.metric) {
            source.distance = said;
        }
    }

    /// Forgets the sources that we have not announced for `age`.
    pub(crate) fn forget(&mut self, age: Duration, now: Time) {
        self.0.retain(|_, source| now.since(source.announced) < age);
    }

    /// Returns how many sources are remembered.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTER: RouterId = RouterId([1; 8]);

    fn at(seqno: u16, metric: u16) -> Distance {
        Distance { seqno: Seqno(seqno), metric: Metric(metric) }
    }

    #[test]
    fn only_what_is_strictly_better_is_believed() {
        let mut sources = Sources::default();
        assert!(sources.admit(Prefix::ALL, ROUTER, at(1, 500)));
        sources.announce(Prefix::ALL, ROUTER, at(1, 300), Time::ZERO);
        assert!(!sources.admit(Prefix::ALL, ROUTER, at(1, 300)));
        assert!(sources.admit(Prefix::ALL, ROUTER, at(1, 299)));
        assert!(sources.admit(Prefix::ALL, ROUTER, at(2, 9000)));
        assert!(!sources.admit(Prefix::ALL, ROUTER, at(0, 1)));
        assert!(sources.admit(Prefix::ALL, ROUTER, at(0, 0xffff)));
    }

    #[test]
    fn the_best_is_kept_until_it_is_old() {
        let mut sources = Sources::default();
        sources.announce(Prefix::ALL, ROUTER, at(1, 300), Time::ZERO);
        sources.announce(Prefix::ALL, ROUTER, at(1, 900), Time::from_micros(9));
        assert_eq!(sources.distance(Prefix::ALL, ROUTER), Some(at(1, 300)));
        sources.forget(Duration::from_micros(5), Time::from_micros(13));
        assert_eq!(sources.len(), 1);
        sources.forget(Duration::from_micros(5), Time::from_micros(14));
        assert_eq!(sources.len(), 0);
    }
}
