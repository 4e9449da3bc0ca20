//! Whether the other end is alive, and how far it is.

use core::time::Duration;

use words::Time;

use crate::Settings;

/// How many probes must stay unanswered before silence is held against the other end.
const UNANSWERED: u8 = 2;

/// How long it then still has: what waits in a socket while we slept is not silence.
const GRACE: Duration = Duration::from_millis(500);

/// The signs of life of one link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pulse {
    heard: Time,
    probed: Time,
    unanswered: u8,
    /// When the last of the probes that count stayed unanswered.
    suspected: Time,
    round_trip: Option<Duration>,
}

impl Pulse {
    /// Returns the pulse of a link that comes up.
    pub(crate) const fn new(now: Time) -> Self {
        Self { heard: now, probed: now, unanswered: 0, suspected: now, round_trip: None }
    }

    /// Notes that the other end said something.
    pub(crate) const fn heard(&mut self, now: Time) {
        self.heard = now;
        self.unanswered = 0;
    }

    /// Notes that we probe now, and returns the token of the probe.
    pub(crate) const fn probe(&mut self, now: Time) -> u64 {
        self.probed = now;
        if self.unanswered < UNANSWERED {
            self.unanswered += 1;
            self.suspected = now;
        }
        now.as_micros()
    }

    /// Notes the answer to a probe; only the latest measures the round trip.
    pub(crate) fn echoed(&mut self, token: u64, now: Time) -> Option<Duration> {
        if token == self.probed.as_micros() {
            self.round_trip = Some(now.since(self.probed));
        }
        self.round_trip
    }

    /// Returns the latest round trip measured from this end.
    pub(crate) const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Tells whether nothing was heard for clearly longer than a probe's time.
    pub(crate) fn is_doubtful(&self, now: Time, settings: &Settings) -> bool {
        now >= self.doubt(settings)
    }

    /// Returns when a link that is silent is probed out of turn, and then often: one
    /// lost answer must not look like death.
    pub(crate) fn nudge(&self, settings: &Settings) -> Time {
        self.doubt(settings).max(self.probed + settings.probe / 4)
    }

    fn doubt(&self, settings: &Settings) -> Time {
        self.heard + settings.probe.saturating_mul(3) / 2
    }

    /// Returns when the link is dead if nothing more is heard; `None` while too few
    /// probes are unanswered to tell.
    pub(crate) fn death(&self, settings: &Settings) -> Option<Time> {
        let silent = self.heard + settings.silence;
        (self.unanswered >= UNANSWERED).then(|| silent.max(self.suspected + GRACE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(n: u64) -> Time {
        Time::from_micros(n * 1_000_000)
    }

    #[test]
    fn silence_is_death_only_after_unanswered_probes() {
        let settings = Settings::default();
        let mut pulse = Pulse::new(second(0));
        pulse.probe(second(1));
        assert_eq!(pulse.death(&settings), None);
        pulse.probe(second(2));
        assert_eq!(pulse.death(&settings), Some(Time::from_micros(3_500_000)));
        pulse.heard(second(3));
        assert_eq!(pulse.death(&settings), None);
    }

    #[test]
    fn a_machine_that_slept_listens_before_it_judges() {
        let settings = Settings::default();
        let mut pulse = Pulse::new(second(0));
        pulse.probe(second(1));
        pulse.probe(second(60));
        pulse.probe(second(61));
        assert_eq!(pulse.death(&settings), Some(Time::from_micros(60_500_000)));
    }

    #[test]
    fn only_the_latest_probe_measures() {
        let mut pulse = Pulse::new(second(0));
        let old = pulse.probe(second(1));
        let new = pulse.probe(second(2));
        assert_eq!(pulse.echoed(old, second(3)), None);
        assert_eq!(pulse.echoed(new, second(3)), Some(Duration::from_secs(1)));
    }
}
