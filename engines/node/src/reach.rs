//! How much of a range we reach: most of it, and for how long not more.

use core::time::Duration;

use order::Quorum;
use words::Time;

/// How long nothing new must have come before we tell others of a range: from then on we use what
/// is inside of it only, and all of that must be there.
const SETTLING: Duration = Duration::from_secs(1);

/// What we reach of a range: of a mesh its nodes, of a group the ranges in it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reach {
    quorum: Quorum,
    /// How many we reached when we last looked.
    reached: usize,
    /// Of how many.
    listed: usize,
    /// Since when not more.
    since: Time,
    /// Whether we were settled at any time since the quorum began.
    was_settled: bool,
}

impl Reach {
    /// Takes in how many of the `listed` ones we reach.
    pub(crate) fn look(&mut self, reached: usize, listed: usize, now: Time) {
        if reached > self.reached {
            self.since = now;
        }
        (self.reached, self.listed) = (reached, listed);
        if reached >= listed {
            self.since = Time::ZERO;
        }
        let holds = self.quorum.look(reached, listed);
        self.was_settled = holds && (self.was_settled || self.is_settled(now));
    }

    /// Tells whether we reach most.
    pub(crate) const fn holds(&self) -> bool {
        self.quorum.holds()
    }

    /// Tells whether we know the range well enough to begin to tell others of it.
    pub(crate) fn is_settled(&self, now: Time) -> bool {
        self.quorum.holds() && now >= self.settles()
    }

    /// Returns from when on nothing new came for long enough, if nothing does until then.
    pub(crate) fn settles(&self) -> Time {
        self.since + SETTLING
    }

    /// Tells whether others may be told: from when we knew it well, for as long as we reach most.
    pub(crate) const fn tells(&self) -> bool {
        self.was_settled
    }

    /// Returns when time alone settles it.
    pub(crate) fn deadline(&self) -> Option<Time> {
        (self.quorum.holds() && !self.was_settled).then(|| self.settles())
    }

    /// Returns how many are reached, and of how many.
    pub(crate) const fn counts(&self) -> (usize, usize) {
        (self.reached, self.listed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn it_is_told_once_settled_and_until_the_quorum_is_lost() {
        let mut reach = Reach::default();
        reach.look(1, 3, at(10));
        assert!(!reach.holds() && reach.deadline().is_none());
        reach.look(2, 3, at(11));
        assert!(reach.holds() && !reach.tells());
        assert_eq!(reach.deadline(), Some(at(12)));
        reach.look(2, 3, at(12));
        assert!(reach.tells() && reach.deadline().is_none());
        // One more came: known well already, so nothing is taken back.
        reach.look(3, 3, at(13));
        reach.look(2, 3, at(14));
        reach.look(3, 3, at(15));
        assert!(reach.tells());
        reach.look(1, 3, at(16));
        assert!(!reach.tells() && !reach.holds());
    }

    #[test]
    fn what_is_whole_need_not_settle() {
        let mut reach = Reach::default();
        reach.look(3, 3, at(10));
        assert!(reach.tells());
        assert_eq!(reach.counts(), (3, 3));
    }
}
