//! Calendar time, for certificates and signed statements only.

use core::fmt;
use core::time::Duration;

/// A moment of the calendar, in seconds since 1970-01-01 UTC.
///
/// It may jump when somebody sets the clock, so no timer is built on it. It does
/// not convert to [`Time`](crate::Time): the two cannot be mixed up.
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
