//! Shares of a whole.

/// A share of a whole, from nothing to all of it, in thousandths.
///
/// Rounding is part of the meaning, so there is no plain `of`:
/// **a principle rounds up, an exception rounds down.** A principle with one
/// arrow left still applies to it; an exception never gets a seat it was not
/// fully owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u16);

impl Share {
    /// Returns `percent` hundredths of a whole; more than 100 means all of it.
    pub const fn percent(percent: u16) -> Self {
        Self(if percent > 100 { 1000 } else { percent * 10 })
    }

    /// Returns the share in hundredths, rounded down, 0 to 100.
    pub const fn as_percent(self) -> u16 {
        self.0 / 10
    }

    /// Returns this share of `whole`, rounded up: for principles.
    pub const fn at_least(self, whole: usize) -> usize {
        whole.saturating_mul(self.0 as usize).div_ceil(1000)
    }

    /// Returns this share of `whole`, rounded down: for exceptions.
    pub const fn at_most(self, whole: usize) -> usize {
        whole.saturating_mul(self.0 as usize) / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    #[test]
    fn principles_round_up_and_exceptions_round_down() {
        let third = Share::percent(30);
        assert_eq!((third.at_least(1), third.at_most(1)), (1, 0));
        assert_eq!((third.at_least(10), third.at_most(10)), (3, 3));
        assert_eq!((third.at_least(11), third.at_most(11)), (4, 3));
    }
}
