//! How far the other end is, how much that varies, and how many probes get lost.

use core::time::Duration;

use words::{Micros, Time};

/// How long an answer may take before any was measured.
///
/// Source: RFC 6298 §2.1.
const UNMEASURED: Duration = Duration::from_secs(1);

/// The least that an answer may be late: this much may pass in the queues of two machines.
const MARGIN: Duration = Duration::from_millis(20);

/// How many measures it takes to know a link.
const KNOWN: u8 = 16;

/// How many probes may be under way of which the answers still measure.
const UNDER_WAY: usize = 16;

/// No answer that takes longer measures: so long a token is known by its last half.
const LONGEST: Duration = Duration::from_micros(u32::MAX as u64);

/// Share of probes lost that a link is believed to have before it is known: a quarter.
const CAUTION: u16 = 1 << 14;

/// The measures of one link, from probes and their answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trip {
    smoothed: Micros,
    variation: Micros,
    /// Of no meaning before any was measured.
    latest: Micros,
    /// The last halves of the tokens of the last probes that have no answer yet; 0 is none.
    tokens: [u32; UNDER_WAY],
    /// Share of the probes that had no answer, in 65536ths, smoothed.
    lost: u16,
    /// How many measures there were, up to [`KNOWN`].
    measures: u8,
    next: usize,
}

impl Trip {
    /// Returns the measures of a link that is new.
    pub(crate) const fn new() -> Self {
        Self {
            smoothed: Micros::ZERO,
            variation: Micros::ZERO,
            latest: Micros::ZERO,
            tokens: [0; UNDER_WAY],
            lost: CAUTION,
            measures: 0,
            next: 0,
        }
    }

    /// Notes that a probe leaves now, and returns its token.
    ///
    /// The sixteenth before it, if it has no answer yet, is taken for lost.
    pub(crate) fn sends(&mut self, now: Time) -> u64 {
        let token = now.as_micros();
        let place = self.tokens.get_mut(self.next);
        let place = place.map(|place| core::mem::replace(place, half(token)));
        self.next = (self.next + 1) % UNDER_WAY;
        if place.is_some_and(|unanswered| unanswered != 0) {
            self.lost = (self.lost - self.lost / 8).saturating_add(1 << 13);
        }
        token
    }

    /// Notes an answer; returns what it measures, `None` if it is to no probe that is under way.
    ///
    /// Source: RFC 6298 §2.
    pub(crate) fn answered(&mut self, token: u64, now: Time) -> Option<Duration> {
        let measured = now.since(Time::from_micros(token));
        // Of all tokens with this half, only one is of the last 71 minutes.
        if token > now.as_micros() || measured > LONGEST {
            return None;
        }
        let half = half(token);
        let place = self.tokens.iter_mut().find(|sent| **sent == half && half != 0)?;
        *place = 0;
        self.lost -= self.lost / 8;
        if self.measures == 0 {
            (self.smoothed, self.variation) = (measured.into(), (measured / 2).into());
        } else {
            let off = measured.abs_diff(self.smoothed());
            self.variation = ((3 * Duration::from(self.variation) + off) / 4).into();
            self.smoothed = ((7 * self.smoothed() + measured) / 8).into();
        }
        self.measures = (self.measures + 1).min(KNOWN);
        self.latest = measured.into();
        self.latest()
    }

    /// Returns the latest round trip measured.
    pub(crate) fn latest(&self) -> Option<Duration> {
        (self.measures > 0).then(|| self.latest.into())
    }

    /// Returns the smoothed round trip; zero before any was measured.
    pub(crate) fn smoothed(&self) -> Duration {
        self.smoothed.into()
    }

    /// Tells whether enough was measured to rely on it.
    pub(crate) const fn is_known(&self) -> bool {
        self.measures >= KNOWN
    }

    /// Returns how long an answer may take.
    pub(crate) fn timeout(&self) -> Duration {
        if self.measures == 0 {
            return UNMEASURED;
        }
        self.smoothed() + MARGIN.max(4 * Duration::from(self.variation))
    }

    /// Returns how many probes in a row must be without an answer to be so sure that it is not
    /// chance: to one in 2 to the power of `bits`.
    pub(crate) fn probes_for(&self, bits: u8) -> u8 {
        let [share, _] = self.lost.to_be_bytes();
        let each = u8::try_from(share.leading_zeros()).unwrap_or(0);
        bits.div_ceil(each.clamp(1, 6))
    }
}

/// Returns the last half of a token.
fn half(token: u64) -> u32 {
    u32::try_from(token & u64::from(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn at(ms: u64) -> Time {
        Time::from_micros(ms * 1_000)
    }

    /// Probes every 100 ms from `from` on, each answered after `trip`.
    fn answered(trip: &mut Trip, from: u64, count: u64, took: u64) {
        for n in 0..count {
            let token = trip.sends(at(from + n * 100));
            assert!(trip.answered(token, at(from + n * 100 + took)).is_some());
        }
    }

    #[test]
    fn a_steady_link_is_waited_for_little_longer_than_it_takes() {
        let mut trip = Trip::new();
        assert_eq!(trip.timeout(), ms(1_000));
        answered(&mut trip, 100, 1, 80);
        assert_eq!((trip.timeout(), trip.is_known()), (ms(240), false));
        answered(&mut trip, 200, 40, 80);
        assert_eq!((trip.timeout(), trip.is_known()), (ms(100), true));
    }

    #[test]
    fn a_link_that_varies_is_waited_for_longer() {
        let mut trip = Trip::new();
        for n in 0..40 {
            answered(&mut trip, 100 + n * 1_000, 1, if n % 2 == 0 { 60 } else { 100 });
        }
        let timeout = trip.timeout();
        assert!(ms(140) < timeout && timeout < ms(180), "{timeout:?}");
    }

    #[test]
    fn only_the_answer_to_a_probe_of_ours_measures_and_once() {
        let mut trip = Trip::new();
        let (first, second) = (trip.sends(at(100)), trip.sends(at(200)));
        assert_eq!(trip.answered(first + 1, at(210)), None, "never sent");
        assert_eq!(trip.answered(second, at(250)), Some(ms(50)));
        assert_eq!(trip.answered(second, at(260)), None, "twice");
        assert_eq!(trip.answered(first, at(260)), Some(ms(160)), "late, and true");
        assert_eq!(trip.answered(0, at(300)), None);
        let third = trip.sends(at(400));
        assert_eq!(trip.answered(third + (1 << 32), at(500)), None, "of the future");
        assert_eq!(trip.answered(third, at(6_000_000)), None, "an hour and more ago");
        assert_eq!(trip.answered(third, at(450)), Some(ms(50)));
    }

    #[test]
    fn a_link_that_loses_all_is_believed_to_lose_nearly_all_and_recovers() {
        let mut trip = Trip::new();
        for n in 1..=200 {
            let before = trip.lost;
            trip.sends(at(n * 100));
            assert!(trip.lost >= before, "with one more lost, {} after {before}", trip.lost);
        }
        assert!(trip.lost > 65_000, "of 65536 probes, {} are lost", trip.lost);
        assert_eq!(trip.probes_for(18), 18, "so many without an answer still tell little");
        answered(&mut trip, 100_000, 60, 20);
        assert!(trip.lost < 6_554, "{} of 65536 once all are answered", trip.lost);
        assert_eq!(trip.probes_for(18), 3);
    }

    #[test]
    fn the_more_gets_lost_the_more_must_be_lost_to_tell_anything() {
        let mut trip = Trip::new();
        assert_eq!(trip.probes_for(18), 18, "not known yet");
        answered(&mut trip, 100, 60, 20);
        assert_eq!(trip.probes_for(18), 3);
        for n in 0..200 {
            let token = trip.sends(at(10_000 + n * 100));
            if n % 2 == 0 {
                trip.answered(token, at(10_020 + n * 100));
            }
        }
        assert!(trip.probes_for(18) >= 9, "{}", trip.probes_for(18));
    }
}
