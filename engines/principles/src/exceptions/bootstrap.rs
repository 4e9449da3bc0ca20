//! Exception: while nobody is known, call someone specified.

use words::NodeId;

use super::{Exception, Principle};
use crate::Urn;
use crate::selection::Prospects;

/// See [`super::ALL`].
pub(super) static BOOTSTRAP: Exception = Exception {
    name: "bootstrap",
    bends: Principle::Selection,
    because: "a node that knows nobody has nobody to draw, \
              and two islands that know nobody of each other would never meet again",
    does: "puts the specified nodes in an empty urn; \
           besides, one random peer named by the registry is always one more candidate",
    never: "puts a specified node in the urn once any node is known, \
            nor gives the registry's peer a second ball",
    bound: "one ball each",
    test: "acts_on_an_empty_urn_only",
};

/// The nodes to call while nobody is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bootstrap;

impl Bootstrap {
    pub(crate) fn bend(urn: &mut Urn<NodeId>, prospects: &Prospects<'_>) {
        if urn.is_empty() && prospects.alone {
            for node in prospects.named {
                urn.admit(*node, &BOOTSTRAP);
            }
        }
        if let Some(peer) = prospects.introduced {
            urn.admit(peer, &BOOTSTRAP);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use words::Prefix;

    fn node(n: u128) -> NodeId {
        NodeId(Prefix::new(n << 64, 64))
    }

    fn prospects(alone: bool, named: &[NodeId], introduced: Option<NodeId>) -> Prospects<'_> {
        Prospects { candidates: &[], alone, named, introduced, held: &[], seats: 10 }
    }

    #[test]
    fn acts_on_an_empty_urn_only() {
        let named = [node(9), node(9)];

        let mut nobody = Urn::of([]);
        Bootstrap::bend(&mut nobody, &prospects(true, &named, None));
        assert_eq!((nobody.holds(node(9)), nobody.total()), (true, 1));

        let mut somebody = Urn::of([node(1)]);
        Bootstrap::bend(&mut somebody, &prospects(false, &named, None));
        assert!(!somebody.holds(node(9)));

        let mut neighbours_only = Urn::of([]);
        Bootstrap::bend(&mut neighbours_only, &prospects(false, &named, None));
        assert!(neighbours_only.is_empty());
    }

    #[test]
    fn the_registrys_peer_is_one_more_candidate() {
        let mut urn = Urn::of([node(1), node(2)]);
        Bootstrap::bend(&mut urn, &prospects(false, &[], Some(node(5))));
        assert_eq!((urn.holds(node(5)), urn.total()), (true, 3));

        let mut known = Urn::of([node(1), node(5)]);
        Bootstrap::bend(&mut known, &prospects(false, &[], Some(node(5))));
        assert_eq!(known.total(), 2);
    }
}
