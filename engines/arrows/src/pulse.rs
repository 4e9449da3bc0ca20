//! Whether the other end is alive.
//!
//! ```text
//!             silent though it should answer        still silent
//!   trusted ─────────────────────────────► suspect ─────────────► dead
//!      ▲                                    │   ▲
//!      └──── heard, and a second of calm ◄──┘───┘ silent again
//! ```
//!
//! A suspect link is only expensive: routing leaves it at once where it can, and comes back if
//! it was wrong. So suspicion may be quick, and death need not be hasty.
//!
//! All that comes from the other end is a sign of life, payload too. A link that carries
//! payload and falls silent is probed soon and often; one that carries none, seldom. What is
//! lost by chance is told from silence by how much the link loses and varies: see
//! [`Trip`].

use core::time::Duration;

use words::Time;

use crate::Settings;
use crate::trip::Trip;

/// How many probes must stay unanswered before silence is held against the other end.
const UNANSWERED: u8 = 2;

/// How long it then still has: what waits in a socket while we slept is not silence.
const GRACE: Duration = Duration::from_millis(500);

/// A link that carries payload is probed when it has been silent for this long.
const QUICK: Duration = Duration::from_millis(50);

/// How soon a probe without an answer is repeated; on long ways, an eighth of them.
const AGAIN: Duration = Duration::from_millis(25);

/// For how long after its last payload a link is probed as one that carries some.
const BUSY: Duration = Duration::from_secs(1);

/// How sure we are that silence is no chance, as powers of two: one in a quarter of a million
/// to suspect, one in 2^48 to bury.
const SUSPICION: u8 = 18;
const CERTAINTY: u8 = 48;

/// How long a suspect that is silent has at least, besides four times what an answer takes.
const REPRIEVE: Duration = Duration::from_millis(500);

/// How long a suspect that is heard again must not fall silent to be trusted again.
const CALM: Duration = Duration::from_secs(1);

/// Waking up later than this, we were starved or asleep, and heard nobody meanwhile.
pub(crate) const LATE: Duration = Duration::from_millis(30);

/// Links that are to be probed within this time are probed together: few wake-ups.
pub(crate) const TOGETHER: Duration = Duration::from_millis(10);

/// The signs of life of one link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pulse {
    heard: Time,
    probed: Time,
    /// When payload crossed last, either way.
    carried: Option<Time>,
    /// How many probes were sent since the other end was heard.
    unanswered: u8,
    /// When the first of them left, the one that makes silence count, the one that makes the
    /// link suspect, and the one that leaves no doubt.
    first: Time,
    counted: Option<Time>,
    enough: Option<Time>,
    certain: Option<Time>,
    /// Until then we listen to what waited while we slept.
    listens: Time,
    trust: Trust,
    trip: Trip,
}

/// What we think of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    Trusted,
    /// Silent, though it should have answered.
    Suspect,
    /// It was suspect, and was heard again at that time.
    Calming(Time),
}

/// What time alone changes about a link that is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It becomes suspect.
    Suspicion,
    /// It is trusted again.
    Calm,
}

impl Pulse {
    /// Returns the pulse of a link that comes up.
    pub(crate) const fn new(now: Time) -> Self {
        Self {
            heard: now,
            probed: now,
            carried: None,
            unanswered: 0,
            first: now,
            counted: None,
            enough: None,
            certain: None,
            listens: now,
            trust: Trust::Trusted,
            trip: Trip::new(),
        }
    }

    /// Notes that the other end said something.
    pub(crate) fn heard(&mut self, at: Time) {
        if at < self.heard {
            return;
        }
        self.heard = at;
        if self.unanswered > 0 && at < self.first {
            // It was said before we asked.
            return;
        }
        self.unanswered = 0;
        (self.counted, self.enough, self.certain) = (None, None, None);
        if self.trust == Trust::Suspect {
            self.trust = Trust::Calming(at);
        }
    }

    /// Notes that payload crossed the link.
    pub(crate) fn carried(&mut self, at: Time) {
        self.carried = self.carried.max(Some(at));
    }

    /// Notes that we probe now, and returns the token of the probe.
    pub(crate) fn probe(&mut self, now: Time) -> u64 {
        self.probed = now;
        self.unanswered = self.unanswered.saturating_add(1);
        if self.unanswered == 1 {
            self.first = now;
        }
        let reached =
            |count: u8, at: Option<Time>| at.or_else(|| (self.unanswered >= count).then_some(now));
        let marks = (
            reached(UNANSWERED, self.counted),
            reached(self.trip.probes_for(SUSPICION), self.enough),
            reached(self.trip.probes_for(CERTAINTY), self.certain),
        );
        (self.counted, self.enough, self.certain) = marks;
        self.trip.sends(now)
    }

    /// Notes the answer to a probe, and returns the round trip that it measures.
    pub(crate) fn echoed(&mut self, token: u64, now: Time) -> Option<Duration> {
        self.trip.answered(token, now)
    }

    /// Notes that we were not awake for so long until now: whoever spoke meanwhile may not
    /// have been heard yet.
    pub(crate) fn slept(&mut self, span: Duration, now: Time) {
        let later = |at: Time| (at + span).or_earlier(now);
        self.heard = later(self.heard);
        self.first = later(self.first);
        for mark in [&mut self.counted, &mut self.enough, &mut self.certain] {
            *mark = mark.map(later);
        }
        self.listens = now + span.min(GRACE);
    }

    /// Returns the latest round trip measured from this end.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.trip.latest()
    }

    /// Tells whether nothing was heard for clearly longer than a probe's time.
    pub(crate) fn is_doubtful(&self, now: Time, settings: &Settings) -> bool {
        now >= self.doubt(settings)
    }

    /// Tells whether routing should avoid the link.
    pub(crate) fn is_suspect(&self) -> bool {
        self.trust != Trust::Trusted
    }

    /// Returns when the link is probed out of turn: soon where payload crosses, and often while
    /// a probe has no answer. One lost answer must not look like death.
    pub(crate) fn nudge(&self, settings: &Settings, ours: bool) -> Time {
        let latest = self.heard.max(self.probed);
        let carried = self.carried.filter(|at| latest.since(*at) < 3 * settings.probe);
        let Some(carried) = carried else {
            let measure = self.probed + self.measure(settings, 16 * settings.probe);
            return measure.or_earlier(self.seldom(settings));
        };
        if self.unanswered > 0 && latest.since(carried) < BUSY {
            return self.probed + self.again(settings);
        }
        let quick = QUICK.min(settings.probe / 2);
        // The longer ago the payload, the less often.
        let pace = quick.max(latest.since(carried) / 3);
        // Who owns the link is a little quicker, so that the other need not.
        let pace = if ours { pace } else { pace * 3 / 2 };
        let measure = self.probed + self.measure(settings, settings.probe * 3 / 2);
        (latest + pace).or_earlier(measure).or_earlier(self.seldom(settings))
    }

    /// Returns how long after a probe another one measures: `known`, once the link is. The
    /// owner probes once a second in any case.
    fn measure(&self, settings: &Settings, known: Duration) -> Duration {
        if self.trip.is_known() { known } else { settings.probe / 8 }
    }

    /// Returns when a link that carries nothing is probed out of turn.
    fn seldom(&self, settings: &Settings) -> Time {
        let doubt = self.doubt(settings);
        let overdue = self.first + self.trip.timeout();
        if self.unanswered > 0 && overdue < doubt {
            overdue.max(self.probed + self.again(settings))
        } else {
            doubt.max(self.probed + settings.probe / 4)
        }
    }

    /// Returns how soon a probe without an answer is repeated.
    fn again(&self, settings: &Settings) -> Duration {
        if self.certain.is_some() {
            settings.probe / 4
        } else {
            AGAIN.max(self.trip.smoothed() / 8)
        }
    }

    fn doubt(&self, settings: &Settings) -> Time {
        self.heard + settings.probe.saturating_mul(3) / 2
    }

    /// Returns what time alone changes next about our trust, and when.
    pub(crate) fn turn(&self) -> Option<(Time, Turn)> {
        let suspicion = || {
            let at = self.enough? + self.trip.timeout();
            Some((at.max(self.listens), Turn::Suspicion))
        };
        match self.trust {
            Trust::Trusted => suspicion(),
            Trust::Suspect => None,
            Trust::Calming(heard) => suspicion().or_else(|| Some((heard + CALM, Turn::Calm))),
        }
    }

    /// Turns as [`turn`](Self::turn) said.
    pub(crate) const fn turned(&mut self, turn: Turn) {
        self.trust = match turn {
            Turn::Suspicion => Trust::Suspect,
            Turn::Calm => Trust::Trusted,
        };
    }

    /// Returns when the link is dead if nothing more is heard; `None` while too few
    /// probes are unanswered to tell.
    pub(crate) fn death(&self, settings: &Settings) -> Option<Time> {
        let slow = self.counted? + GRACE;
        let slow = slow.max(self.heard + settings.silence);
        let patience = 4 * self.trip.timeout() + REPRIEVE;
        let fast = self.certain.map(|at| at + patience);
        let death = fast.map_or(slow, |fast| fast.or_earlier(slow));
        Some(death.max(self.listens))
    }
}

#[cfg(test)]
mod tests;
