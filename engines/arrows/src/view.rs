//! The links as they stand, for status and for tests.

use core::time::Duration;

use principles::Cause;
use words::{Carrier, LinkId, NodeId, Time};

use crate::Arrows;
use crate::life::{Life, Link};

/// One link, as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The link.
    pub link: LinkId,
    /// Who is at the other end.
    pub node: NodeId,
    /// Where it is in its life.
    pub state: State,
    /// When it was drawn, or accepted.
    pub since: Time,
    /// How many destinations routing reaches through it, from this end.
    pub used_by: u32,
    /// Whether it is an arrow of ours; otherwise the other end owns it.
    pub ours: bool,
    /// What its choice was owed to; the owner alone knows.
    pub cause: Option<Cause>,
    /// Its carrier; the owner knows, once it is drawn.
    pub carrier: Option<Carrier>,
    /// What the draw of its carrier was owed to.
    pub carrier_cause: Option<Cause>,
    /// The latest round trip measured from this end; the owner probes always.
    pub round_trip: Option<Duration>,
    /// Whether it is silent though its other end should have answered.
    pub suspect: bool,
    /// How many of a million packets of the other end did not come, smoothed.
    pub lost_ppm: u32,
    /// What routing was told that it costs besides its delay.
    pub charge: Duration,
    /// When a draining arrow is closed, used or not; the owner alone knows.
    pub until: Option<Time>,
}

/// Where a link is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Drawn: somebody is asked how to reach the node.
    Seeking,
    /// The carrier is at work.
    Opening,
    /// Up.
    Live,
    /// Condemned: routes are leaving it.
    Draining,
}

impl State {
    /// Returns its name, as in status and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seeking => "seeking",
            Self::Opening => "opening",
            Self::Live => "live",
            Self::Draining => "draining",
        }
    }
}

impl Arrows {
    /// Returns the links as they stand: our arrows, then those that others own.
    pub fn arrows(&self) -> impl Iterator<Item = View> {
        self.links.iter().map(|(id, link)| view(*id, link))
    }

    /// Tells whether a link is one of these, whatever its state.
    pub fn has(&self, link: LinkId) -> bool {
        self.links.contains_key(&link)
    }

    /// Returns the nodes that routing reaches, as it said, in order.
    pub fn reachable(&self) -> impl Iterator<Item = NodeId> {
        self.known.reached()
    }

    /// Returns the nodes that serve in the mesh and are at home in others, as told, in order.
    pub fn guests(&self) -> impl Iterator<Item = NodeId> {
        self.known.guests.iter().copied()
    }

    /// Returns how many nodes routing reaches.
    pub const fn reach(&self) -> usize {
        self.known.reach()
    }

    /// Tells whether routing reaches `node`.
    pub fn reaches(&self, node: NodeId) -> bool {
        self.known.is_reached(node)
    }

    /// Returns when the next round is.
    pub const fn next_round(&self) -> Time {
        self.next_round
    }
}

fn view(id: LinkId, link: &Link) -> View {
    let (state, until) = match &link.life {
        Life::Seeking { .. } => (State::Seeking, None),
        Life::Opening { .. } => (State::Opening, None),
        Life::Live => (State::Live, None),
        Life::Draining(drain) => (State::Draining, drain.verdict.map(|verdict| verdict.until)),
    };
    View {
        link: id,
        node: link.peer,
        state,
        since: link.born,
        used_by: link.used_by,
        ours: link.owned.is_some(),
        cause: link.owned.map(|owned| owned.cause),
        carrier: link.owned.and_then(|owned| owned.carrier).map(|by| by.item),
        carrier_cause: link.owned.and_then(|owned| owned.carrier).map(|by| by.cause),
        round_trip: link.pulse.round_trip(),
        suspect: link.pulse.is_suspect(),
        lost_ppm: link.health.lost_ppm(),
        charge: link.health.charge(),
        until,
    }
}
