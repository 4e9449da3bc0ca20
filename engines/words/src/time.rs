//! Time as engines know it: a number that arrives with each input.

use core::fmt;
use core::num::NonZeroU64;
use core::ops::Add;
use core::time::Duration;

/// A moment, in microseconds since its world began.
///
/// Monotonic within one world, meaningless across two. Calendar time (for
/// certificates) is another type, so the two cannot be mixed up.
///
/// An `Option` of it is no larger: engines keep very many moments that may not be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(NonZeroU64);

impl Time {
    /// The beginning of the world.
    pub const ZERO: Self = Self(NonZeroU64::MIN);

    /// Returns the moment `us` microseconds after the beginning; in the last one of half a million
    /// years, a microsecond early.
    pub const fn from_micros(us: u64) -> Self {
        Self(NonZeroU64::MIN.saturating_add(us))
    }

    /// Returns the microseconds elapsed since the beginning.
    pub const fn as_micros(self) -> u64 {
        self.0.get() - 1
    }

    /// Returns whichever of the two comes first.
    #[must_use]
    pub const fn or_earlier(self, other: Self) -> Self {
        if other.0.get() < self.0.get() { other } else { self }
    }

    /// Returns the time elapsed since `earlier`, or zero if that is yet to come.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.get().saturating_sub(earlier.0.get()))
    }
}

impl Default for Time {
    fn default() -> Self {
        Self::ZERO
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, after: Duration) -> Self {
        let us = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(us))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (s, ms) = (self.as_micros() / 1_000_000, self.as_micros() / 1_000 % 1_000);
        write!(f, "{s}.{ms:03}s")
    }
}

/// A span of time where very many are kept, in four octets: whole microseconds, 71 minutes at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Micros(u32);

impl Micros {
    /// No time at all.
    pub const ZERO: Self = Self(0);
}

impl From<Duration> for Micros {
    /// What is longer than 71 minutes is taken for these; parts of a microsecond are cut off.
    fn from(span: Duration) -> Self {
        Self(u32::try_from(span.as_micros()).unwrap_or(u32::MAX))
    }
}

impl From<Micros> for Duration {
    fn from(span: Micros) -> Self {
        Self::from_micros(span.0.into())
    }
}

/// The next moment an engine must be woken, and the reason.
///
/// The reason costs nothing and answers, in one log line, the question every
/// event loop ends up asking: what keeps waking us?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline<Why> {
    /// When to call `handle` with a wake-up.
    pub at: Time,
    /// What will then be due.
    pub why: Why,
}

impl<Why> Deadline<Why> {
    /// Returns whichever of the two comes first; `a` if they come together.
    pub fn earlier(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(if b.at < a.at { b } else { a }),
            (a, b) => a.or(b),
        }
    }

    /// Returns the same deadline, its reason told in the words of the whole.
    pub fn because<Whole>(self, whole: impl FnOnce(Why) -> Whole) -> Deadline<Whole> {
        Deadline { at: self.at, why: whole(self.why) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_moment_costs_nothing_and_each_moment_comes_back() {
        assert_eq!(size_of::<Option<Time>>(), size_of::<u64>());
        for us in [0, 1, 1 << 40, u64::MAX - 1] {
            assert_eq!(Time::from_micros(us).as_micros(), us);
        }
        assert!(Time::default() == Time::ZERO && Time::ZERO < Time::from_micros(1));
        assert_eq!(Time::from_micros(7).since(Time::from_micros(4)), Duration::from_micros(3));
        assert!(Time::from_micros(u64::MAX) > Time::from_micros(u64::MAX - 2));
    }

    #[test]
    fn a_span_in_four_octets_is_cut_to_microseconds_and_is_never_too_long() {
        assert_eq!(size_of::<Micros>(), 4);
        let back = |span: Duration| Duration::from(Micros::from(span));
        assert_eq!(back(Duration::from_nanos(7_999)), Duration::from_micros(7));
        assert_eq!(back(Duration::from_hours(9)), Duration::from_micros(u32::MAX.into()));
    }
}
