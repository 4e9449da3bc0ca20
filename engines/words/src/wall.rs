//! Calendar time, for certificates and signed statements only.

use core::fmt;
use core::time::Duration;

/// A moment of the calendar, in seconds since 1970-01-01 UTC.
///
/// It may jump when somebody sets the clock, so no timer is built on it but that of epochs in the
/// registry's silence, by the date that neighbours share. It does not convert to
/// [`Time`](crate::Time): the two cannot be mixed up.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall(pub u64);

impl Wall {
    /// Returns the moment `after` this one, whole seconds.
    #[must_use]
    pub const fn plus(self, after: Duration) -> Self {
        Self(self.0.saturating_add(after.as_secs()))
    }

    /// Returns the time from `earlier` to this moment, or zero if that is yet to come.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Debug for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0)
    }
}

/// As people read it: `2026-11-22T19:35:53Z`, always UTC (RFC 3339).
impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0 / DAY);
        let second = self.0 % DAY;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// Seconds of a day; the calendar of computers has no leap seconds.
const DAY: u64 = 86_400;

/// Returns year, month and day of the month, `days` after 1970-01-01.
///
/// Years are counted from March here, so that the leap day is the last one.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms",
/// `civil_from_days`.
const fn date(days: u64) -> (u64, u64, u64) {
    // From 0000-03-01; 146 097 days are 400 years, the calendar's whole cycle.
    let days = days + 719_468;
    let (cycle, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Five months from March are 153 days, and so are the next five.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let january = month >= 10;
    let month = if january { month - 9 } else { month + 3 };
    (cycle * 400 + year + january as u64, month, day)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn people_read_dates() {
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_763_839_419, "2025-11-22T19:23:39Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Wall(seconds).to_string(), date);
        }
    }

    #[test]
    fn every_day_has_its_date_and_the_next_follows_it() {
        let mut before = date(0);
        for days in 1..200_000 {
            let (year, month, day) = date(days);
            let next_day = (year, month, day) == (before.0, before.1, before.2 + 1);
            let next_month = day == 1 && (year, month) == (before.0, before.1 + 1);
            let next_year = (month, day) == (1, 1) && (year, before.1) == (before.0 + 1, 12);
            assert!(next_day || next_month || next_year, "{before:?}, {year}-{month}-{day}");
            let long = next_day || before.2 >= 28;
            assert!(long && month <= 12 && day <= 31);
            before = (year, month, day);
        }
    }

    #[test]
    fn any_octets_make_a_date() {
        assert!(!Wall(u64::MAX).to_string().is_empty());
    }
}
