//! The stay of a border node in one foreign mesh: its arrows there, from the first to the last.
//!
//! How far the service is says [`order::Service`]; when that is over, the stay still has to be left
//! without a packet lost:
//!
//! ```text
//!  In service ──over──► Withdrawn ──the way round is known──► Leaving ──no link is left──► (nothing)
//! ```
//!
//! We announce the mesh no longer, and hear from others where its range is, before our own links
//! into it are closed. Where the mesh became one with another of ours, or is about to, its nodes are
//! known by other links as well, and are not to be reached by a range:
//!
//! ```text
//!  In service ──its mesh is one with another of ours──► Merged ──each link drained──► (nothing)
//! ```

use core::time::Duration;

use arrows::{Arrows, State};
use gossip::Calendar;
use order::Stage;
use words::{Engine, Prefix, Time};

use crate::reach::Reach;

/// How long we have to hear from others where the mesh is.
const LEARNING: Duration = Duration::from_secs(1);
/// How long others have to hear of an election before who won tells by it: who did not refuses the
/// word, and loses the range if all its neighbours have taken it.
pub(crate) const NOTICE: Duration = Duration::from_secs(1);
/// The same where nobody hears of it, since the registry is silent: as far as the date of a node may be off
/// that of most before it is set. Who was elected before tells for twice as long.
pub(crate) const APART: Duration = Calendar::OFF;

/// Where a stay is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// As far as the service is.
    Serving(Stage),
    /// We announce nothing of the mesh any more, and learn its range from others, until then.
    Withdrawn(Time),
    /// The links into the mesh are being closed.
    Leaving,
    /// The mesh is one with another of ours: each link goes once routes have left it.
    Merged,
}

impl Phase {
    /// Returns its name, as in status.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Serving(Stage::Joining) => "joining",
            Self::Serving(Stage::Serving) => "serving",
            Self::Serving(Stage::Staying) => "staying",
            Self::Serving(Stage::Draining) => "draining",
            Self::Withdrawn(_) => "withdrawn",
            Self::Leaving => "leaving",
            Self::Merged => "merged",
        }
    }
}

/// A foreign mesh in which we have arrows.
#[derive(Debug)]
pub(crate) struct Stay {
    pub(crate) mesh: Prefix,
    pub(crate) arrows: Arrows,
    pub(crate) reach: Reach,
    pub(crate) phase: Phase,
    /// From when on others know that we were elected.
    known: Time,
}

impl Stay {
    /// Returns a stay that begins; from `known` on others know that we were elected.
    pub(crate) fn begin(mesh: Prefix, arrows: Arrows, known: Time) -> Self {
        let reach = Reach::default();
        Self { mesh, arrows, reach, phase: Phase::Serving(Stage::Joining), known }
    }

    /// Tells whether we know the mesh well enough to begin to tell others of it, and others may
    /// know that we shall.
    pub(crate) fn is_settled(&self, now: Time) -> bool {
        self.reach.is_settled(now) && now >= self.known
    }

    /// Tells whether we serve in the mesh and reach most of it.
    pub(crate) const fn holds(&self) -> bool {
        self.is_serving() && self.reach.holds()
    }

    /// Takes in how far the service is, `None` if it is over; returns whether the phase is another
    /// than before.
    pub(crate) fn review(&mut self, stage: Option<Stage>, now: Time) -> bool {
        let next = match (self.phase, stage) {
            (Phase::Serving(_), Some(stage)) => Phase::Serving(stage),
            (Phase::Serving(_), None) => Phase::Withdrawn(now + LEARNING),
            (Phase::Withdrawn(until), _) if until <= now => Phase::Leaving,
            (same @ (Phase::Withdrawn(_) | Phase::Leaving | Phase::Merged), _) => same,
        };
        core::mem::replace(&mut self.phase, next) != next
    }

    /// Tells whether any arrow of its own leads into the mesh. While a mesh is split, what is
    /// inside may be reached by those of another stay, which will end.
    pub(crate) fn is_linked(&self) -> bool {
        self.arrows.arrows().any(|arrow| matches!(arrow.state, State::Live | State::Draining))
    }

    /// Tells whether the service is still going on.
    pub(crate) const fn is_serving(&self) -> bool {
        matches!(self.phase, Phase::Serving(_))
    }

    /// Returns when time alone changes the phase, besides the service.
    pub(crate) fn deadline(&self) -> Option<Time> {
        match self.phase {
            Phase::Withdrawn(until) => Some(until),
            Phase::Serving(Stage::Joining) if self.reach.holds() => {
                Some(self.reach.settles().max(self.known))
            }
            Phase::Serving(_) | Phase::Leaving | Phase::Merged => None,
        }
    }

    /// Lets the arrows drain one by one, and draws no more: the principle that an arrow in use gets time
    /// decides how long each may. Told again, it changes nothing.
    pub(crate) fn dissolve(&mut self, settings: &arrows::Settings, now: Time) {
        self.phase = Phase::Merged;
        let none = arrows::Settings { seats: 0, ..settings.clone() };
        self.arrows.handle(arrows::Input::Settings(&none), now);
    }

    /// Tells whether nothing is left of it.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Leaving | Phase::Merged)
            && self.arrows.arrows().next().is_none()
    }

    /// Returns how the mesh is announced at home: `None` not at all, else whether as far away.
    pub(crate) const fn told(&self) -> Option<bool> {
        match self.phase {
            Phase::Serving(Stage::Draining) => Some(true),
            Phase::Serving(stage) if stage.tells() && self.reach.holds() => Some(false),
            Phase::Serving(_) | Phase::Withdrawn(_) | Phase::Leaving | Phase::Merged => None,
        }
    }
}
