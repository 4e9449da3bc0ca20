//! The alarm: nodes know a document that these rows do not, as after a restored backup.
//!
//! Nodes refuse every version that they had, so whatever such a registry signs is in vain,
//! revocations above all. Questions for the document are not signed: what they say is a
//! reason to wake the operator, never to change anything.

use std::time::{Duration, Instant};

/// Shortest time between two alarms.
const PAUSE: Duration = Duration::from_mins(1);

/// When it last rang.
#[derive(Debug, Default)]
pub(crate) struct Alarm(Option<Instant>);

impl Alarm {
    /// Takes in that somebody has version `theirs`; tells whether to cry out now.
    pub(crate) fn rings(&mut self, theirs: u64, ours: u64, now: Instant) -> bool {
        let rang = self.0.is_some_and(|at| now.saturating_duration_since(at) < PAUSE);
        let rings = ours < theirs && !rang;
        if rings {
            self.0 = Some(now);
        }
        rings
    }
}

/// Tells the operator what happened, and the remedy.
pub(crate) fn cry(theirs: u64, ours: u64) {
    let above = theirs.saturating_add(1);
    tracing::error!(
        theirs,
        ours,
        "a node has a newer network document than this registry: if registry.db was restored \
         from a backup, nodes refuse whatever is signed now, revocations too; copy document.cbor \
         from the state directory of a node you trust, whose `re6st status` tells the highest \
         version, and run `re6st registry restore document.cbor`; only if no node has one, and \
         the network is one mesh, run `re6st registry parameters --at-least-version {above}`, \
         and revoke again whoever was revoked since the backup"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rings_for_versions_above_ours_once_a_minute() {
        let (mut alarm, start) = (Alarm::default(), Instant::now());
        assert!(!alarm.rings(0, 7, start) && !alarm.rings(7, 7, start));
        assert!(alarm.rings(8, 7, start));
        assert!(!alarm.rings(9, 7, start + Duration::from_secs(59)));
        assert!(alarm.rings(9, 7, start + PAUSE));
        assert!(!alarm.rings(9, 9, start + 3 * PAUSE));
    }
}
