//! Exception: an arrow in use is drained before it is closed.

use core::time::Duration;

use words::{LinkId, Time};

use super::{Exception, Principle};
use crate::destruction::{Sentence, Standing};

/// See [`super::ALL`].
pub(super) static IN_USE: Exception = Exception {
    name: "in-use",
    bends: Principle::Destruction,
    because: "closing a used arrow cuts its users off until routing reacts, about a minute",
    does: "makes the arrow look bad to routing, closes it once routing has left",
    never: "spares the arrow: at the limit it is closed, used or not",
    bound: "60 min by default and at most, 1 s at least",
    test: "an_arrow_in_use_gets_time_and_never_more_than_the_limit",
};

/// How long a condemned arrow may take to empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InUse {
    limit: Duration,
}

impl InUse {
    /// The longest limit; seed: "ex. 60 minutes".
    pub const LONGEST: Duration = Duration::from_hours(1);

    /// Returns the exception with this `limit` from sentence to forced end.
    ///
    /// Clamped to 1 s at least and [`Self::LONGEST`] at most.
    pub fn new(limit: Duration) -> Self {
        Self { limit: limit.clamp(Duration::from_secs(1), Self::LONGEST) }
    }

    /// Returns the time from sentence to forced end.
    pub const fn limit(self) -> Duration {
        self.limit
    }

    pub(crate) fn sentence(self, link: LinkId, arrows: &[Standing], now: Time) -> Sentence {
        let in_use = arrows.iter().any(|arrow| arrow.link == link && arrow.used_by > 0);
        if in_use { Sentence::Drain { until: now + self.limit } } else { Sentence::Now }
    }
}

impl Default for InUse {
    fn default() -> Self {
        Self::new(Duration::from_hours(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_in_use_gets_time_and_never_more_than_the_limit() {
        let arrows = [(0, 0), (1, 7)].map(|(n, used_by)| Standing { link: LinkId(n), used_by });
        let sentence = |bend: InUse, n| bend.sentence(LinkId(n), &arrows, Time::ZERO);
        let hour = Time::ZERO + Duration::from_hours(1);

        assert_eq!(sentence(InUse::default(), 0), Sentence::Now);
        assert_eq!(sentence(InUse::default(), 1), Sentence::Drain { until: hour });

        let for_ever = InUse::new(Duration::MAX);
        let until = Time::ZERO + InUse::LONGEST;
        assert_eq!(sentence(for_ever, 1), Sentence::Drain { until });
    }
}
