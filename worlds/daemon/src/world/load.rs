//! What this node carries for others, beside what it is able to.

use std::time::Duration;

use node::Input;
use words::Time;

use super::World;

/// How often the node is told: a moment longer than it takes one such word.
const EVERY: Duration = Duration::from_secs(61);

/// Octets in a second for each Mbit/s.
const OCTETS: u64 = 125_000;

/// Of what a node is able to carry, one part in so many is usual. From three such parts on its links
/// look longer.
const USUAL: u64 = 10;

impl World {
    /// Tells the node how much it carries, if the configuration says how much it is able to.
    pub(super) fn tell_load_if_due(&mut self, now: Time) {
        let (since, before) = self.times.load;
        let elapsed = now.since(since);
        let Some(capacity) = self.identity.capacity.filter(|_| elapsed >= EVERY) else { return };
        let relayed = self.plane.relayed();
        self.times.load = (now, relayed);
        let able = u64::from(capacity).saturating_mul(OCTETS).saturating_mul(elapsed.as_secs());
        let (carried, usual) = (relayed.saturating_sub(before), (able / USUAL).max(1));
        self.tell(&Input::Relayed { carried, usual });
    }
}
