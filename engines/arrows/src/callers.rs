//! How often one node may ask us for links.

use alloc::collections::BTreeMap;

use words::{Bucket, NodeId, Time};

/// Nodes that asked of late, and are remembered one by one.
const NODES: usize = 1024;

/// Requests of one node: so many at once, and so many a second. An honest one asks twice a
/// second at most, when all that it dials fails at once.
const BURST: u32 = 10;
const RATE: u32 = 2;

/// Who asked for a link of late. It remembers how often, for seconds, and nothing else.
#[derive(Clone, Debug, Default)]
pub(crate) struct Callers(BTreeMap<NodeId, Bucket>);

impl Callers {
    /// Tells whether `node` may ask once more.
    pub(crate) fn may_ask(&mut self, node: NodeId, now: Time) -> bool {
        if self.0.len() >= NODES && !self.0.contains_key(&node) {
            self.0.retain(|_, bucket| !bucket.is_full(now));
            if self.0.len() >= NODES {
                return false;
            }
        }
        self.0.entry(node).or_insert_with(|| Bucket::new(BURST, RATE)).take(now)
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use words::Prefix;

    use super::*;

    #[test]
    fn each_node_may_ask_so_often_and_what_is_remembered_is_bounded() {
        let node = |n: usize| NodeId(Prefix::new((n as u128) << 64, 64));
        let mut callers = Callers::default();
        let asked = (0..100).filter(|_| callers.may_ask(node(0), Time::ZERO)).count();
        assert_eq!(asked, 10);
        let others = (1..10_000).filter(|n| callers.may_ask(node(*n), Time::ZERO)).count();
        assert_eq!((others, callers.0.len()), (NODES - 1, NODES));
        let later = Time::ZERO + Duration::from_secs(1);
        assert!(callers.may_ask(node(10_001), later), "those that asked once are forgotten");
        assert_eq!(callers.0.len(), 2, "the one that asked too often is not");
    }
}
