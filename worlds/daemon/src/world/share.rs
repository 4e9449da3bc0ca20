//! Our share in beacons: a secret that is promised in one epoch and revealed in the next.
//!
//! ```text
//!  epoch e      promise the secret of e + 2 ─► registry ─► document of e + 1 has the promise
//!  epoch e + 1  reveal it ───────────────────► registry ─► beacon of e + 2 is made with it
//! ```
//!
//! The secret of an epoch is our key's signature of its number, folded: nobody else can tell it, and
//! nothing has to be kept. Keys whose signatures differ each time promise in vain.

use order::Reveal;

use super::World;

impl World {
    /// Promises and reveals, once in each epoch, if the beacon draws us.
    pub(super) fn share(&mut self) {
        let Some(meshes) = self.node.meshes() else { return };
        let (epoch, me) = (&meshes.epoch, self.node.me());
        let (number, (last, revealed)) = (epoch.number, self.times.shared);
        if number == last {
            return;
        }
        let is_in = epoch.reveals.iter().any(|reveal| reveal.node == me);
        let left_out = revealed && number == last.saturating_add(1) && !is_in;
        let secret = |of: u64| Some(Reveal { node: me, secret: self.identity.secret(of)? });
        let promised = secret(number.saturating_add(1));
        let reveal = promised.filter(|reveal| epoch.promised(reveal).is_ok());
        let due = number.saturating_add(2);
        let offers = reveal.is_some() || meshes.roster.may_share(me, &epoch.beacon());
        let promise = secret(due).filter(|_| offers).map(|reveal| reveal.commitment(due).hash);
        self.times.shared = (number, reveal.is_some() && promise.is_some());
        if left_out {
            self.tally.note("beacon-without-us");
            tracing::warn!(
                number,
                "the registry made a beacon without what this node revealed, or never got it"
            );
        }
        if let Some(promise) = promise {
            self.registrar.share(number, promise, reveal.map(|reveal| reveal.secret));
        }
    }
}
