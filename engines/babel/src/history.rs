//! Which of a neighbour's greetings arrived (RFC 8966 App. A.1).

use crate::Seqno;
use crate::profile::Kind;

/// The last sixteen greetings of one stream, the latest in the lowest bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct History {
    heard: u16,
    expected: Seqno,
    /// How many of the sixteen there have been so far.
    length: u8,
}

impl History {
    /// Returns the history of a stream whose first greeting is `seqno`.
    ///
    /// If the neighbour is `trusted`, as if the one before had arrived too: the link was just
    /// set up by a handshake, so there is no reason for doubt, and it must be of use at once.
    pub(crate) const fn starting(seqno: Seqno, trusted: bool) -> Self {
        let heard = if trusted { 0b11 } else { 0b1 };
        Self { heard, expected: seqno.plus(1), length: 1 }
    }

    /// Takes in the greeting `seqno`; returns false if its sender must have restarted.
    ///
    /// Source: RFC 8966 App. A.1, a jump of more than 16 either way (rule N2).
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
        self.length = self.length.saturating_add(1).min(16);
        true
    }

    /// Notes that the expected greeting did not come.
    pub(crate) fn miss(&mut self) {
        self.heard <<= 1;
        self.expected = self.expected.plus(1);
        self.length = self.length.saturating_add(1).min(16);
    }

    /// Tells whether two of the last three arrived. Source: RFC 8966 App. A.2.1.
    pub(crate) const fn is_up(self) -> bool {
        (self.heard & 0b111).count_ones() >= 2
    }

    /// Tells whether so many in a row have not arrived by now that there is nobody.
    ///
    /// Three on wires; twelve where losses are what is measured, for half of the greetings may
    /// be lost there all the time.
    pub(crate) const fn is_silent(self, kind: Kind) -> bool {
        let most = match kind {
            Kind::Wired => 3,
            Kind::Wireless => 12,
        };
        self.heard.trailing_zeros() >= most
    }

    /// Returns the share of greetings that arrived lately, of 256; 0 of who is silent.
    ///
    /// The later half counts double. Source: RFC 8966 App. A.2.2 leaves the weights open.
    pub(crate) fn share(self) -> u16 {
        if self.is_silent(Kind::Wireless) {
            return 0;
        }
        let window = u16::MAX >> (16 - u32::from(self.length.clamp(3, 16)));
        let weigh = |bits: u16| (bits & 0xff).count_ones() * 2 + (bits >> 8).count_ones();
        let (heard, all) = (weigh(self.heard & window), weigh(window));
        u16::try_from(heard * 256 / all.max(1)).unwrap_or(256)
    }

    /// Returns the sixteen bits.
    pub(crate) const fn bits(self) -> u16 {
        self.heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starting(seqno: u16) -> History {
        History::starting(Seqno(seqno), true)
    }

    #[test]
    fn n4_two_of_three_keep_a_link_up() {
        let mut history = starting(0xffff);
        history.miss();
        assert!(history.is_up());
        history.miss();
        assert!(!history.is_up() && !history.is_silent(Kind::Wired));
        assert!(history.hear(Seqno(2)) && !history.is_up());
        assert!(history.hear(Seqno(3)) && history.is_up());
    }

    #[test]
    fn a_stranger_must_be_heard_twice() {
        let mut history = History::starting(Seqno(5), false);
        assert!(!history.is_up());
        assert!(history.hear(Seqno(6)) && history.is_up());
    }

    #[test]
    fn n2_a_late_greeting_undoes_the_miss() {
        let mut history = starting(5);
        history.miss();
        history.miss();
        assert!(history.hear(Seqno(6)) && history.is_up());
    }

    #[test]
    fn n2_three_misses_are_silence_and_a_jump_is_a_restart() {
        let mut history = starting(5);
        (0..3).for_each(|_| history.miss());
        assert!(history.is_silent(Kind::Wired) && !history.is_silent(Kind::Wireless));
        assert!(!history.hear(Seqno(900)));
        assert!(!history.hear(Seqno(65_000)));
    }

    #[test]
    fn a_share_is_of_the_greetings_there_were() {
        let mut history = starting(0);
        (1..40).for_each(|n| assert!(history.hear(Seqno(n))));
        assert_eq!(history.share(), 256);
        history.miss();
        assert!((225..256).contains(&history.share()), "{}", history.share());
    }
}
