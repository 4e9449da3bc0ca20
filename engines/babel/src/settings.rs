//! What the operator decides, for all interfaces.

use alloc::sync::Arc;
use alloc::vec::Vec;

use words::Prefix;

use crate::policy::{Open, Policy};
use crate::{RouterId, Seqno};

/// How a speaker behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name, unique in the network. All zeros or all ones are illegal on the wire: one
    /// is then drawn from the seed.
    pub router_id: RouterId,
    /// Its sequence number; a former life's, plus one, if that is known. `None` draws one, and
    /// neighbours put it right.
    pub seqno: Option<Seqno>,
    /// Ranges inside which routes are believed; empty means everywhere.
    pub accept: Vec<Prefix>,
    /// Lengths of prefixes that are believed, at least and at most.
    pub lengths: (u8, u8),
    /// Routes to parts of our own ranges are believed, as longer prefixes are in a site. Where
    /// each range belongs to one node, they are lies.
    pub parts_of_ours: bool,
    /// What is let in and out.
    pub policy: Arc<dyn Policy>,
    /// Routes kept per neighbour; those beyond are ignored and counted.
    pub max_routes_per_neighbour: usize,
    /// Router-ids remembered per range besides the one in use.
    pub max_sources_per_range: usize,
    /// Requests answered per neighbour and second; twice as many at once.
    pub max_requests_per_second: u32,
    /// Neighbours that prove to be speakers of this kind are not told again what they cannot
    /// use, see [`wire::Hello::frugal`](crate::wire::Hello::frugal).
    pub frugal: bool,
}

impl Default for Settings {
    /// Believes everything, within limits that fit a hundred thousand routes.
    fn default() -> Self {
        Self {
            router_id: RouterId([0; 8]),
            seqno: None,
            accept: Vec::new(),
            lengths: (0, 128),
            parts_of_ours: true,
            policy: Arc::new(Open),
            max_routes_per_neighbour: 200_000,
            max_sources_per_range: 16,
            max_requests_per_second: 100,
            frugal: true,
        }
    }
}

impl Settings {
    /// Tells whether a route to `prefix` may be believed, whoever tells it.
    pub(crate) fn believes(&self, prefix: Prefix) -> bool {
        let inside = self.accept.is_empty() || self.accept.iter().any(|all| all.covers(prefix));
        let (least, most) = self.lengths;
        inside && (least..=most).contains(&prefix.length())
    }

    /// Returns the same, every number in its bounds.
    pub(crate) fn clamped(mut self) -> Self {
        self.max_requests_per_second = self.max_requests_per_second.max(1);
        self.max_sources_per_range = self.max_sources_per_range.max(1);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_node_s_prefix_and_the_whole_network_are_not_believed() {
        let prefix = |text: &str| text.parse::<Prefix>().unwrap();
        let accept = [prefix("fd00:42::/48")].into();
        let settings = Settings { accept, lengths: (64, 64), ..Settings::default() };
        assert!(settings.believes(prefix("fd00:42:0:7::/64")));
        for other in ["fd00:42:0:7::1/128", "fd00:42:0:7:8000::/65", "fd00:42::/48", "fd01::/64"] {
            assert!(!settings.believes(prefix(other)), "{other}");
        }
        assert!(Settings::default().believes(prefix("fd00:42:0:7::1/128")));
    }
}
