//! The map before the one in force, which passes the filter as well for a while.
//!
//! ```text
//!  both pass ──19 s──► what passes by the old one only looks far ──6 s──► (nothing)
//! ```

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use order::MeshMap;
use words::{Prefix, Time};

/// How long the map before passes the filter, when a mesh was split: who serves between the halves
/// is connected by then, and who served in it before has left.
const REMAPPING: Duration = Duration::from_secs(25);
/// From when on what passes by the old map only looks far away, so that whoever serves between the
/// halves takes the ways that stay.
const FADING: Duration = Duration::from_secs(19);
/// What makes a prefix look far away; the metric of Babel for a link that is shunned.
const FAR: u16 = 20_000;

/// The map before the one in force, and until when it passes the filter as well.
#[derive(Debug)]
pub(crate) struct Overlap {
    pub(crate) map: MeshMap,
    /// Which meshes were what in it: our home, and the meshes that we serve in. Of one that was merged,
    /// the halves where we were.
    pub(crate) was: BTreeMap<Prefix, BTreeSet<Prefix>>,
    is_far: bool,
    /// Since when the new one is in force.
    since: Time,
}

impl Overlap {
    /// Begins to let the map before pass.
    pub(crate) const fn begin(
        map: MeshMap,
        was: BTreeMap<Prefix, BTreeSet<Prefix>>,
        now: Time,
    ) -> Self {
        Self { map, was, is_far: false, since: now }
    }

    /// Tells whether what passes by the old map only looks far away: all had time to learn the new one.
    pub(crate) const fn is_far(&self) -> bool {
        self.is_far
    }

    /// Returns how much farther it looks, in the unit of metrics.
    pub(crate) const fn farther(&self) -> u16 {
        if self.is_far { FAR } else { 0 }
    }

    /// Lets it look far once it is time for that; tells whether it just began to.
    pub(crate) fn fade(&mut self, now: Time) -> bool {
        let begins = !self.is_far && self.since + FADING <= now;
        self.is_far |= begins;
        begins
    }

    /// Tells whether it is over.
    pub(crate) fn is_over(&self, now: Time) -> bool {
        self.since + REMAPPING <= now
    }

    /// Returns when it changes next.
    pub(crate) fn deadline(&self) -> Time {
        self.since + if self.is_far { REMAPPING } else { FADING }
    }
}
