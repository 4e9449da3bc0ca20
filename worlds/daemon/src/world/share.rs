//! Our share in beacons: a secret that is promised in one epoch and revealed in the next.
//!
//! ```text
//!  epoch e      promise the secret of e + 2 ─► registry ─► document of e + 1 has the promise
//!  epoch e + 1  reveal it ───────────────────► registry ─► beacon of e + 2 is made with it
//! ```
//!
//! The secret of an epoch is our key's signature of its number, folded: nobody else can tell it, and
//! nothing has to be kept. Keys whose signatures differ each time promise in vain.

use order::{Epoch, Reveal};
use words::NodeId;

use super::World;

impl World {
    /// Promises and reveals, once in each epoch, if the beacon draws us.
    pub(super) fn share(&mut self) {
        let Some(meshes) = self.node.meshes() else { return };
        let (epoch, me) = (&meshes.epoch, self.node.me());
        let number = epoch.number;
        if number == self.times.shared {
            return;
        }
        let left_out = is_left_out(epoch, me, self.times.revealed);
        let secret = |of: u64| Some(Reveal { node: me, secret: self.identity.secret(of)? });
        let promised = secret(number.saturating_add(1));
        let reveal = promised.filter(|reveal| epoch.promised(reveal).is_ok());
        let due = number.saturating_add(2);
        let offers = reveal.is_some() || meshes.roster.may_share(me, &epoch.beacon());
        let promise = secret(due).filter(|_| offers).map(|reveal| reveal.commitment(due).hash);
        self.times.shared = number;
        if left_out {
            self.tally.note("beacon-without-us");
            tracing::warn!(
                number,
                "the registry made a beacon without what this node revealed, though it said that it has it"
            );
        }
        if let Some(promise) = promise {
            self.registrar.share(number, promise, reveal.map(|reveal| reveal.secret));
        }
    }
}

/// Tells whether the beacon of `epoch` lacks what we revealed in the epoch before, as the registry
/// acknowledged. A word that was lost on its way, or an epoch that the registry slept through, is nobody's
/// fault.
fn is_left_out(epoch: &Epoch, me: NodeId, revealed: Option<u64>) -> bool {
    let is_in = epoch.reveals.iter().any(|reveal| reveal.node == me);
    revealed.is_some() && revealed == epoch.number.checked_sub(1) && !is_in
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use words::{Prefix, Wall};

    use super::*;

    #[test]
    fn only_who_was_heard_can_be_left_out() {
        let node = |n: u128| NodeId(Prefix::new(n << 64, 64));
        let mut epoch = Epoch::first(Wall(0), Duration::from_hours(1), [1; 32]);
        epoch.number = 7;
        epoch.reveals = vec![Reveal { node: node(2), secret: [2; 32] }];
        let left_out = |n, revealed| is_left_out(&epoch, node(n), revealed);
        assert!(left_out(1, Some(6)));
        assert!(!left_out(2, Some(6)), "it is in");
        assert!(!left_out(1, None), "the registry never got it");
        assert!(!left_out(1, Some(5)), "the registry slept through an epoch");
    }
}
