//! Which of a neighbour's greetings arrived (RFC 8966 App. A.1).

use crate::Seqno;

/// The last sixteen greetings of one stream, the latest in the lowest bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct History {
    heard: u16,
    expected: Seqno,
}

impl History {
    /// Returns the history of a stream whose first greeting is `seqno`.
    ///
    /// As if the one before had arrived too: the link was just set up by a handshake, so
    /// there is no reason for doubt, and a new link must be of use at once.
    pub(crate) const fn starting(seqno: Seqno) -> Self {
        Self { heard: 0b11, expected: seqno.plus(1) }
    }

    /// Takes in the greeting `seqno`; returns false if its sender must have restarted.
    ///
    /// Source: RFC 8966 App. A.1, a jump of more than 16 either way.
    pub(crate) fn hear(&mut self, seqno: Seqno) -> bool {
        let ahead = seqno.ahead_of(self.expected);
        let steps = u32::from(ahead.unsigned_abs());
        if steps > 16 {
            return false;
        }
        // Behind: the sender is slower than its promise; ahead: some were lost.
        let shifted =
            if ahead < 0 { self.heard.checked_shr(steps) } else { self.heard.checked_shl(steps) };
        self.heard = shifted.unwrap_or(0) << 1 | 1;
        self.expected = seqno.plus(1);
        true
    }

    /// Notes that the expected greeting did not come.
    pub(crate) const fn miss(&mut self) {
        self.heard <<= 1;
        self.expected = self.expected.plus(1);
    }

    /// Tells whether two of the last three arrived. Source: RFC 8966 App. A.2.1.
    pub(crate) const fn is_up(self) -> bool {
        (self.heard & 0b111).count_ones() >= 2
    }

    /// Tells whether none of the last three arrived.
    pub(crate) const fn is_silent(self) -> bool {
        self.heard.trailing_zeros() >= 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_three_keep_a_link_up() {
        let mut history = History::starting(Seqno(0xffff));
        history.miss();
        assert!(history.is_up());
        history.miss();
        assert!(!history.is_up() && !history.is_silent());
        assert!(history.hear(Seqno(2)) && !history.is_up());
        assert!(history.hear(Seqno(3)) && history.is_up());
    }

    #[test]
    fn a_late_greeting_undoes_the_miss() {
        let mut history = History::starting(Seqno(5));
        history.miss();
        history.miss();
        assert!(history.hear(Seqno(6)) && history.is_up());
    }

    #[test]
    fn three_misses_are_silence_and_a_jump_is_a_restart() {
        let mut history = History::starting(Seqno(5));
        (0..3).for_each(|_| history.miss());
        assert!(history.is_silent());
        assert!(!history.hear(Seqno(900)));
        assert!(!history.hear(Seqno(65_000)));
    }
}
