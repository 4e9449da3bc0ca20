//! Which packet counters have been seen (RFC 9467 §3.2).
//!
//! ```text
//!   top-63 … top-3 top-2 top-1 top
//!      1   …   1     0     1    1        seen: a late packet may still fill the gap
//! ```

/// How far behind the highest counter a packet may be.
const WIDTH: u32 = u64::BITS;

/// The highest counter, and which of the 63 below it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    top: u32,
    /// Bit n: `top - n` came.
    seen: u64,
}

/// Why a counter is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stale {
    /// It came before.
    Seen,
    /// It is too far behind to say whether it came before.
    Old,
}

impl Window {
    /// Returns the window after a challenge was answered with this counter.
    ///
    /// All that was before counts as seen: it may have been accepted under the same index
    /// before we forgot it.
    pub(super) const fn from(top: u32) -> Self {
        Self { top, seen: u64::MAX }
    }

    /// Returns the highest counter that was let in.
    pub(super) const fn top(&self) -> u32 {
        self.top
    }

    /// Lets a counter in, once.
    pub(super) fn admit(&mut self, counter: u32) -> Result<(), Stale> {
        if let Some(ahead) = counter.checked_sub(self.top).filter(|ahead| *ahead > 0) {
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.top = counter;
            return Ok(());
        }
        let behind = self.top.abs_diff(counter);
        if behind >= WIDTH {
            return Err(Stale::Old);
        }
        let bit = 1 << behind;
        if self.seen & bit != 0 {
            return Err(Stale::Seen);
        }
        self.seen |= bit;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_before_the_challenge_is_not_let_in() {
        let mut window = Window::from(100);
        assert_eq!(window.admit(100), Err(Stale::Seen));
        assert_eq!(window.admit(99), Err(Stale::Seen));
        assert_eq!(window.admit(36), Err(Stale::Old));
        assert_eq!(window.admit(0), Err(Stale::Old));
        assert_eq!(window.admit(101), Ok(()));
        assert_eq!(window.admit(101), Err(Stale::Seen));
    }

    #[test]
    fn a_gap_is_filled_once_and_only_while_the_window_covers_it() {
        let mut window = Window::from(0);
        assert_eq!(window.admit(64), Ok(()));
        assert_eq!(window.admit(1), Ok(()));
        assert_eq!(window.admit(1), Err(Stale::Seen));
        assert_eq!(window.admit(65), Ok(()));
        assert_eq!(window.admit(1), Err(Stale::Old));
        assert_eq!(window.admit(2), Ok(()));
        assert_eq!(window.admit(u32::MAX), Ok(()));
        assert_eq!(window.admit(66), Err(Stale::Old));
        assert_eq!(window.admit(u32::MAX - 63), Ok(()));
        assert_eq!(window.top(), u32::MAX);
    }

    proptest! {
        #[test]
        fn no_counter_is_let_in_twice(
            first in 0_u32..200,
            counters in proptest::collection::vec(0_u32..400, 0..300),
        ) {
            let mut window = Window::from(first);
            let mut seen: BTreeSet<u32> = (0..=first).collect();
            for counter in counters {
                let highest = *seen.last().unwrap();
                let new = !seen.contains(&counter) && counter + 64 > highest;
                prop_assert_eq!(window.admit(counter).is_ok(), new);
                if new {
                    seen.insert(counter);
                }
            }
        }
    }
}
