//! The addresses and ways that payload has here besides the node's own prefix.

use forward::Target;
use node::Ipv4;
use words::Ipv4Plan;

use super::World;

impl World {
    /// Lets these IPv4 addresses be ours, instead of those before.
    ///
    /// Where the kernel refuses them, the node carries the IPv4 of others all the same.
    pub(super) fn set_ipv4(&mut self, ours: Option<Ipv4>) {
        self.forget_ipv4_way_out();
        if let Some(before) = self.ipv4.take() {
            self.plane.set_fixed(before.own.into(), None);
            self.plane.set_fixed(before.network.into(), None);
            if let Err(error) = self.device.take(before) {
                tracing::debug!(%error, "the IPv4 address of before is not taken away");
            }
        }
        self.plane.set_ipv4(ours.and_then(|it| Ipv4Plan::address(it.own)));
        let Some(ours) = ours else { return self.review_exit() };
        self.plane.set_fixed(ours.own.into(), Some(Target::Local));
        self.plane.set_fixed(ours.network.into(), Some(Target::Unreachable));
        self.ipv4 = Some(ours);
        match self.device.give(ours) {
            Ok(()) => tracing::info!(range = %ours.own, "the node has IPv4 addresses"),
            Err(error) => {
                self.tally.note("ipv4-refused");
                tracing::warn!(%error, "the node goes on without IPv4 of its own");
            }
        }
        self.review_way_out();
        self.review_exit();
    }
}
