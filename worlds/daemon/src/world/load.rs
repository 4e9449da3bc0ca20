//! What this node carries for others, beside what it is able to.

use std::time::Duration;

use node::Input;
use words::{Dice, NodeId, Time};

use super::World;

/// How often the node is told: a moment longer than it takes one such word.
const EVERY: Duration = Duration::from_secs(61);

/// Octets in a second for each Mbit/s.
const OCTETS: u64 = 125_000;

/// Of what a node is able to carry, one part in so many is usual. From three such parts on its links
/// look longer.
const USUAL: u64 = 10;

/// Returns when a node looks for the first time: a minute to two after it started, drawn with its prefix.
///
/// Nodes that started together and all looked at the same moment would send each other what they carry
/// to and fro: all paths leave the busiest for the next one, which then is the busiest.
fn first(me: NodeId) -> Duration {
    let mut seed = [0; 32];
    for (octet, of) in seed.iter_mut().zip(me.0.bits().to_be_bytes()) {
        *octet = of;
    }
    EVERY + Dice::of(seed, "load").within(EVERY)
}

impl World {
    /// Tells the node how much it carries, if the configuration says how much it is able to.
    pub(super) fn tell_load_if_due(&mut self, now: Time) {
        let (since, before) = self.times.load;
        let elapsed = now.since(since);
        let is_first = since == self.times.started;
        let every = if is_first { first(self.node.me()) } else { EVERY };
        let Some(capacity) = self.identity.capacity.filter(|_| elapsed >= every) else { return };
        let relayed = self.plane.relayed();
        self.times.load = (now, relayed);
        let able = u64::from(capacity).saturating_mul(OCTETS).saturating_mul(elapsed.as_secs());
        let (carried, usual) = (relayed.saturating_sub(before), (able / USUAL).max(1));
        self.tell(&Input::Relayed { carried, usual });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use words::Prefix;

    use super::*;

    #[test]
    fn nodes_that_started_together_look_at_different_moments_of_a_minute() {
        let node = |n: u128| NodeId(Prefix::new(0xfd42 << 112 | n << 64, 64));
        let looks: Vec<Duration> = (0..60).map(|n| first(node(n))).collect();
        assert!(looks.iter().all(|at| (EVERY..2 * EVERY).contains(at)));
        let tens: BTreeSet<u64> = looks.iter().map(|at| at.as_secs() / 10).collect();
        assert!(tens.len() >= 6, "{tens:?}");
        assert_eq!(first(node(7)), first(node(7)));
    }
}
