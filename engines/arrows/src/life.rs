//! One link: an arrow of ours, or a link that somebody else owns.

use core::time::Duration;

use principles::exceptions::{InUse, SameLan};
use principles::{Cause, Drawn};
use words::{Bucket, Carrier, Deadline, LinkId, NodeId, Time};

use crate::health::Health;
use crate::pulse::Pulse;
use crate::{Settings, Why};

/// One link, from birth to death.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// Who is at the other end.
    pub(crate) peer: NodeId,
    pub(crate) born: Time,
    pub(crate) used_by: u32,
    /// How many routes use it at the other end: of an arrow, what we heard; of a link of others,
    /// what we said of ours.
    pub(crate) uses: u32,
    /// When that was said; of an arrow of ours, when it was born.
    pub(crate) told: Time,
    pub(crate) life: Life,
    pub(crate) pulse: Pulse,
    /// What it loses, and what routing was told that it costs therefore.
    pub(crate) health: Health,
    /// How many words we still take in from the other end.
    pub(crate) words: Bucket,
    /// What only the owner knows; `None` if the other end owns the link.
    pub(crate) owned: Option<Owned>,
}

/// What the owner of an arrow remembers of its birth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owned {
    pub(crate) cause: Cause,
    pub(crate) carrier: Option<Drawn<Carrier>>,
    /// How many dials of the seat failed just before.
    pub(crate) tries: u8,
}

/// Where a link is in its life; no state leads back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Life {
    /// Somebody is asked how to reach the node. Arrows only.
    Seeking { give_up: Time },
    /// The carrier is at work.
    Opening { give_up: Time },
    /// The link is up.
    Live,
    /// The link is condemned.
    Draining(Drain),
}

/// The last days of a link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drain {
    pub(crate) since: Time,
    /// What the owner decided; `None` at the other end.
    pub(crate) verdict: Option<Verdict>,
    /// Whether the arrow was unused when it was condemned, and still is.
    pub(crate) unused: bool,
    /// When payload crossed last, or when we began to watch.
    pub(crate) crossed: Time,
    /// What we last said of our own side.
    pub(crate) said: Said,
    /// What the other end last said of its side. Owner only.
    pub(crate) other: Other,
}

/// What the owner of a condemned arrow knows of its sentence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    /// The end, whatever happens.
    pub(crate) until: Time,
    /// What the sentence is owed to.
    pub(crate) of: Cause,
}

/// How far we are with leaving a draining link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// That it drains.
    Draining,
    /// That we have left it. Not the owner's word; may be taken back.
    Left,
    /// The owner's last word: routing has forgotten the link.
    Goodbye,
}

/// What the other end last said of a draining link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Other {
    /// Nothing yet: it may not know.
    Unaware,
    /// It still has this many routes over it, or payload just crossed.
    Using(u32),
    /// It has left, said at that time.
    Left(Time),
}

/// Words of one link: so many at once, and so many a second. Probes and their answers are
/// by far the most of them.
const WORDS: (u32, u32) = (500, 200);

/// How long a link may drain that somebody else condemned: a minute more than any owner may
/// give it, so that it is the owner who closes it.
const GIVEN: Duration = Duration::from_secs(InUse::LONGEST.as_secs() + 60);

impl Link {
    /// Returns how many words we take in from one end.
    pub(crate) fn words() -> Bucket {
        Bucket::new(WORDS.0, WORDS.1)
    }

    /// A draining arrow frees its seat at once: its successor opens before it leaves. One to a
    /// node on the same LAN has none.
    pub(crate) fn takes_a_seat(&self) -> bool {
        self.owned.is_some_and(|owned| !SameLan::owes(owned.cause)) && !self.is_draining()
    }

    /// Tells whether it is an arrow besides the seats, to a node on the same LAN.
    pub(crate) fn is_besides(&self) -> bool {
        self.owned.is_some_and(|owned| SameLan::owes(owned.cause)) && !self.is_draining()
    }

    pub(crate) const fn is_draining(&self) -> bool {
        matches!(self.life, Life::Draining(_))
    }

    /// Tells whether the carrier made it.
    pub(crate) const fn is_up(&self) -> bool {
        matches!(self.life, Life::Live | Life::Draining(_))
    }

    /// Starts the link's life; only a birth, never a way back to life.
    ///
    /// Returns whether the link was about to open.
    pub(crate) fn opened(&mut self, now: Time) -> bool {
        match self.life {
            Life::Opening { .. } => {
                self.life = Life::Live;
                self.pulse = Pulse::new(now);
                true
            }
            Life::Seeking { .. } | Life::Live | Life::Draining(_) => false,
        }
    }

    /// Starts the link's end, by our `verdict` if we own it.
    ///
    /// Returns whether the link was live.
    pub(crate) fn condemned(&mut self, verdict: Option<Verdict>, unused: bool, now: Time) -> bool {
        match self.life {
            Life::Live => {
                let (said, other) = (Said::Draining, Other::Unaware);
                let drain = Drain { since: now, verdict, unused, crossed: now, said, other };
                self.life = Life::Draining(drain);
                true
            }
            Life::Seeking { .. } | Life::Opening { .. } | Life::Draining(_) => false,
        }
    }

    /// Returns the drain, if it is draining.
    pub(crate) const fn drain(&mut self) -> Option<&mut Drain> {
        match &mut self.life {
            Life::Draining(drain) => Some(drain),
            Life::Seeking { .. } | Life::Opening { .. } | Life::Live => None,
        }
    }

    /// Returns what its sentence is owed to, if we condemned it.
    pub(crate) fn sentence(&self) -> Option<Cause> {
        match &self.life {
            Life::Draining(drain) => drain.verdict.map(|verdict| verdict.of),
            Life::Seeking { .. } | Life::Opening { .. } | Life::Live => None,
        }
    }

    /// Tells whether this end has left a draining link: no route, and no payload for a while.
    pub(crate) fn has_left(&self, now: Time, quiet: Duration) -> bool {
        match &self.life {
            Life::Draining(drain) => self.used_by == 0 && now >= drain.crossed + quiet,
            Life::Seeking { .. } | Life::Opening { .. } | Life::Live => false,
        }
    }

    /// Returns when time alone will change this link.
    pub(crate) fn deadline(&self, link: LinkId, settings: &Settings) -> Option<Deadline<Why>> {
        let silence = || {
            let ours = self.owned.is_some();
            let nudge = Deadline { at: self.pulse.nudge(settings, ours), why: Why::Nudge(link) };
            let death = self.pulse.death(settings);
            let death = death.map(|at| Deadline { at, why: Why::Silence(link) });
            let turn = self.pulse.turn();
            let turn = turn.map(|(at, _)| Deadline { at, why: Why::Suspicion(link) });
            Deadline::earlier(Deadline::earlier(death, turn), Some(nudge))
        };
        match &self.life {
            Life::Seeking { give_up } | Life::Opening { give_up } => {
                Some(Deadline { at: *give_up, why: Why::Patience(link) })
            }
            Life::Live => silence(),
            Life::Draining(drain) => {
                let at = drain.verdict.map_or(drain.since + GIVEN, |verdict| verdict.until);
                Deadline::earlier(Some(Deadline { at, why: Why::DrainLimit(link) }), silence())
            }
        }
    }

    /// Returns when this end will have left a draining link, if nothing happens.
    pub(crate) fn quiet(&self, link: LinkId, settings: &Settings) -> Option<Deadline<Why>> {
        match &self.life {
            Life::Draining(drain) if self.used_by == 0 && drain.said == Said::Draining => {
                Some(Deadline { at: drain.crossed + settings.quiet, why: Why::Quiet(link) })
            }
            Life::Seeking { .. } | Life::Opening { .. } | Life::Live | Life::Draining(_) => None,
        }
    }
}
