//! A moment of which there may be none, in eight octets.

use core::num::NonZeroU64;

use words::Time;

/// A moment; an `Option` of it is no larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(NonZeroU64);

impl Moment {
    /// Returns when that was; a microsecond early in the last one of half a million years.
    pub(crate) const fn time(self) -> Time {
        Time::from_micros(self.0.get() - 1)
    }
}

impl From<Time> for Moment {
    fn from(at: Time) -> Self {
        Self(NonZeroU64::MIN.saturating_add(at.as_micros()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_costs_nothing_and_each_moment_comes_back() {
        assert_eq!(size_of::<Option<Moment>>(), size_of::<Time>());
        for us in [0, 1, 1 << 40, u64::MAX - 1] {
            assert_eq!(Moment::from(Time::from_micros(us)).time(), Time::from_micros(us));
        }
    }
}
