//! The pace: how many requests a source may make, and how many strangers it may send.
//!
//! Each source has a bucket of requests that fills with time. Full buckets are forgotten,
//! and so is everybody when there are too many sources: memory is bounded.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::gate::Source;
use crate::settings::Limits;

/// Most sources that are remembered.
const SOURCES: usize = 10_000;

const HOUR: Duration = Duration::from_hours(1);

/// Who may ask now.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Time that one request takes in the long run.
    each: Duration,
    /// How far ahead of that a source may be.
    credit: Duration,
    /// When each source has paid for all of its requests.
    paid: BTreeMap<Source, Instant>,
}

impl Pace {
    /// Returns the pace of requests.
    pub(crate) fn of_requests(limits: Limits) -> Self {
        let each = Duration::from_secs(1) / limits.requests_per_second.max(1);
        Self { each, credit: each * limits.burst, paid: BTreeMap::new() }
    }

    /// Returns the pace of enrolments without an invitation: some at once, then as many in
    /// each hour.
    pub(crate) fn of_strangers(limits: Limits) -> Self {
        let each = HOUR / limits.strangers_per_hour.max(1);
        Self { each, credit: HOUR, paid: BTreeMap::new() }
    }

    /// Counts a request, and tells whether it may be answered.
    pub(crate) fn admits(&mut self, source: Source, now: Instant) -> bool {
        if self.paid.len() >= SOURCES {
            self.paid.retain(|_, paid| *paid > now);
        }
        if self.paid.len() >= SOURCES {
            self.paid.clear();
        }
        let paid = self.paid.entry(source).or_insert(now);
        let next = (*paid).max(now) + self.each;
        if next.saturating_duration_since(now) > self.credit {
            return false;
        }
        *paid = next;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_borne_and_then_a_pace_for_each_source() {
        let limits = Limits { burst: 3, requests_per_second: 2, ..Limits::default() };
        let mut pace = Pace::of_requests(limits);
        let (one, other) = (Source::of([192, 0, 2, 1].into()), Source::of([192, 0, 2, 2].into()));
        let start = Instant::now();
        let answers: Vec<_> = (0..5).map(|_| pace.admits(one, start)).collect();
        assert_eq!(answers, [true, true, true, false, false]);
        assert!(pace.admits(other, start));
        let later = start + Duration::from_millis(500);
        assert!(pace.admits(one, later) && !pace.admits(one, later));
    }

    #[test]
    fn strangers_come_a_few_in_each_hour() {
        for most in [1, 5, 7] {
            let limits = Limits { strangers_per_hour: most, ..Limits::default() };
            let mut pace = Pace::of_strangers(limits);
            let (one, other) =
                (Source::of([192, 0, 2, 1].into()), Source::of([192, 0, 2, 2].into()));
            let start = Instant::now();
            let mut let_in = |at| (0..20).filter(|_| pace.admits(one, at)).count();
            assert_eq!((let_in(start), let_in(start + HOUR / (2 * most))), (most as usize, 0));
            assert_eq!(let_in(start + HOUR), most as usize);
            assert!(pace.admits(other, start));
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut pace = Pace::of_requests(Limits::default());
        let start = Instant::now();
        for n in 0..30_000_u32 {
            assert!(pace.admits(Source::of(n.to_be_bytes().into()), start));
        }
        assert!(pace.paid.len() <= SOURCES);
    }
}
