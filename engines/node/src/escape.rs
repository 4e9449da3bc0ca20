//! A node that is cut off from most of its mesh: it escapes, and others let it.
//!
//! ```text
//!  no quorum at home for a while ─► Escape(true) ─► world signs it ─► gossip ─► the whole network
//!        its own prefix passes on all links        ◄── admitted ◄── Escaped(node) ◄──┘
//!        the range of its mesh is taken from outside, by all who escaped, and leads there
//! ```
//!
//! When, says [`order::Escape`]; what passes where, [`order::border`]: with the prefix of who escaped
//! as it is everywhere, and the own range of who does not reach most of it as if it were another.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use gossip::Authority;
use words::routing::{Admission, Routing, Scope};
use words::{Names, NodeId, Prefix, Time};

use crate::division::Division;
use crate::{Event, Node, Output};

/// Longest and shortest time without quorum after which a node escapes: an interval in which routing
/// tells everything again, less where elections are quick. Twice as long after the quorum is back, it
/// comes back.
const PATIENCE: (Duration, Duration) = (Duration::from_mins(1), Duration::from_secs(10));
/// How often who escaped says so again: well before others forget it.
const AGAIN: Duration = Duration::from_mins(10);
/// How long news of others are gathered: with each change of what passes, all neighbours are asked for the
/// ranges concerned.
const GATHER: Duration = Duration::from_secs(1);
/// How long the prefix of who came back still passes: whoever escapes and comes back without end causes the
/// network work once in this time. For so long it is one more line of tables.
pub(crate) const LINGER: Duration = Duration::from_mins(5);

impl Division {
    /// Returns what passes on links of a mesh because nodes escaped: their prefixes, if they are listed
    /// and named by themselves; and the ranges that are [`rescued`](Self::rescued), on links inside of them.
    pub(crate) fn passing_escapes(&self, mesh: Prefix, on: Scope) -> Vec<Admission> {
        let Some(meshes) = &self.meshes else { return Vec::new() };
        let exactly = |inside: Prefix, by: Names| {
            let (length, by) = (inside.length(), Some(by));
            Admission { on, inside, length, from: None, by, farther: 0 }
        };
        let is_foreign =
            |node: &&NodeId| !mesh.covers(node.0) && meshes.roster.get(**node).is_some();
        let nodes = self.escaped.iter().chain(self.back.keys()).filter(is_foreign);
        let nodes = nodes.map(|node| exactly(node.0, Names::of([*node])));
        let own = self.rescued().into_iter().filter(|range| range.covers(mesh));
        nodes.chain(own.map(|range| exactly(range, self.tellers.of(range)))).collect()
    }

    /// Returns the ranges around our meshes whose nodes are farther than the ranges: of which we do not
    /// reach most, once we escaped, or who is at home there did.
    ///
    /// Who was cut off with us in a foreign mesh, or has us as refugee, is our way to the larger part of
    /// it, or we theirs.
    pub(crate) fn rescued(&self) -> BTreeSet<Prefix> {
        let has_escaped = |mesh: &Prefix| self.escaped.iter().any(|node| mesh.covers(node.0));
        let home = self.escape.is_escaped().then_some(self.home);
        let abroad = self.stays.values().map(|stay| stay.mesh).chain(self.havens());
        let meshes = home.into_iter().chain(abroad.filter(has_escaped));
        let ranges = meshes.flat_map(|mesh| self.ranges(mesh));
        ranges.filter(|range| !self.holds(*range, &self.groups)).collect()
    }
}

impl<R: Routing, A: Authority> Node<R, A> {
    /// Tells whether we escaped.
    pub const fn has_escaped(&self) -> bool {
        self.division.escape.is_escaped()
    }

    /// Returns the nodes that escaped, as far as we know.
    pub fn escaped(&self) -> impl Iterator<Item = NodeId> {
        self.division.escaped.iter().copied()
    }

    /// Looks whether we are cut off from most of our mesh. Who is not listed is not counted, nor let pass.
    pub(crate) fn look_at_escape(&mut self, now: Time) {
        self.let_pass(now);
        let me = self.me;
        let Some(meshes) = &self.division.meshes else { return };
        let patience = (meshes.epoch.length / 2).clamp(PATIENCE.1, PATIENCE.0);
        let is_listed = meshes.roster.get(me).is_some();
        let whole = self.division.quorum.holds() || !is_listed;
        let before = self.division.escape.is_escaped();
        self.division.escape.set_update(patience);
        let escaped = self.division.escape.look(whole, now);
        let again = self.division.plead.take_if(|at| *at <= now).is_some();
        if before != escaped || (again && escaped) {
            self.division.plead = escaped.then_some(now + AGAIN);
            self.say(Output::Escape(escaped));
        }
        if before != escaped {
            self.say(Output::Event(Event::Escaped(escaped)));
        }
        let rescued = self.division.rescued();
        if self.division.rescued_before != rescued {
            self.division.rescued_before = rescued;
            self.admit(now);
        }
    }

    /// Lets the prefix of a node that escaped pass, or no longer.
    pub(crate) fn let_escape(&mut self, node: NodeId, escaped: bool, now: Time) {
        let (all, back) = (&mut self.division.escaped, &mut self.division.back);
        if !escaped {
            if all.remove(&node) {
                back.insert(node, now + LINGER);
            }
        } else if all.insert(node) && back.remove(&node).is_none() {
            self.division.gathers.get_or_insert(now + GATHER);
        }
    }

    /// Lets those pass of whom we heard a moment ago.
    fn let_pass(&mut self, now: Time) {
        let gone = self.division.back.extract_if(.., |_, until| *until <= now).count();
        if self.division.gathers.take_if(|at| *at <= now).is_some() || gone > 0 {
            self.admit(now);
        }
    }
}
