//! What the operator decides, for all interfaces.

use alloc::sync::Arc;

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
    /// Routes to parts of our own ranges are believed, as longer prefixes are in a site. Where
    /// each range belongs to one node, they are lies.
    pub parts_of_ours: bool,
    /// What is let in and out.
    pub policy: Arc<dyn Policy>,
    /// Routes kept per neighbour, and ranges remembered because it told of them first; those
    /// beyond are ignored and counted.
    pub max_routes_per_neighbour: usize,
    /// Ranges remembered of all neighbours together; those beyond are ignored and counted. Each
    /// takes 56 octets, and some more per neighbour.
    pub max_ranges: usize,
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
            parts_of_ours: true,
            policy: Arc::new(Open),
            max_routes_per_neighbour: 200_000,
            max_ranges: 1_000_000,
            max_sources_per_range: 16,
            max_requests_per_second: 100,
            frugal: true,
        }
    }
}

impl Settings {
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
    fn numbers_of_nothing_are_held_at_one() {
        let none = Settings {
            max_requests_per_second: 0,
            max_sources_per_range: 0,
            ..Settings::default()
        };
        let held = none.clamped();
        assert_eq!((held.max_requests_per_second, held.max_sources_per_range), (1, 1));
    }
}
