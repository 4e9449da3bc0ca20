//! Time as engines know it: a number that arrives with each input.

use core::fmt;
use core::ops::Add;
use core::time::Duration;

/// A moment, in microseconds since its world began.
///
/// Monotonic within one world, meaningless across two. Calendar time (for
/// certificates) is another type, so the two cannot be mixed up.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// The beginning of the world.
    pub const ZERO: Self = Self(0);

    /// Returns the moment `us` microseconds after the beginning.
    pub const fn from_micros(us: u64) -> Self {
        Self(us)
    }

    /// Returns the microseconds elapsed since the beginning.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Returns whichever of the two comes first.
    #[must_use]
    pub const fn or_earlier(self, other: Self) -> Self {
        if other.0 < self.0 { other } else { self }
    }

    /// Returns the time elapsed since `earlier`, or zero if that is yet to come.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
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
        let (s, ms) = (self.0 / 1_000_000, self.0 / 1_000 % 1_000);
        write!(f, "{s}.{ms:03}s")
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
