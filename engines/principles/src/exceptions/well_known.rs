//! Exception: well known nodes hold a share of the balls.

use alloc::vec::Vec;

use words::{Dice, NodeId, Share};

use super::{Exception, Principle};
use crate::Urn;
use crate::selection::Prospects;

/// See [`super::ALL`].
pub(super) static WELL_KNOWN: Exception = Exception {
    name: "well-known",
    bends: Principle::Selection,
    because: "behind a filter, chance may need an hour to find one arrow that works; \
              nodes in well known datacenters mostly do",
    does: "adds balls for the well-known nodes among the candidates, up to a share of the urn",
    never: "takes a ball from anyone, invites a node that routing does not know, \
            nor passes its share",
    bound: "30 % of the balls by default and at most, rounded down",
    test: "holds_its_share_and_no_more",
};

/// The share of the balls that well-known nodes hold, when any is a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WellKnown {
    share: Share,
}

impl WellKnown {
    /// Returns the exception with this `share` of all balls.
    ///
    /// Clamped to 30 %: in simulation a dose of 60 % lets whoever kills the best
    /// connected nodes cut nine pairs out of ten. Nothing turns it off.
    pub fn new(share: Share) -> Self {
        Self { share: share.min(Share::percent(30)) }
    }

    pub(crate) fn bend(self, urn: &mut Urn<NodeId>, prospects: &Prospects<'_>, dice: &mut Dice) {
        let members: Vec<_> = (prospects.candidates.iter())
            .filter(|candidate| candidate.traits.well_known)
            .map(|candidate| candidate.node)
            .collect();
        urn.favour(&members, self.share, &WELL_KNOWN, dice);
    }
}

impl Default for WellKnown {
    /// Seed: 30 %.
    fn default() -> Self {
        Self::new(Share::percent(30))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selection::{Candidate, Traits};
    use words::Prefix;

    fn total(bend: WellKnown, members: usize, of: usize) -> usize {
        let candidate = |n: usize| Candidate {
            node: NodeId(Prefix::new((n as u128) << 64, 64)),
            traits: Traits { well_known: n < members, ..Traits::default() },
            delay: None,
        };
        let candidates: Vec<_> = (0..of).map(candidate).collect();
        let mut urn = Urn::of(candidates.iter().map(|c| c.node));
        let prospects = Prospects {
            candidates: &candidates,
            alone: false,
            named: &[],
            introduced: None,
            held: &[],
            seats: 10,
        };
        bend.bend(&mut urn, &prospects, &mut Dice::of([4; 32], "known"));
        urn.total()
    }

    #[test]
    fn holds_its_share_and_no_more() {
        // 98 others keep 98 balls; 2 members hold 42 of the 140.
        assert_eq!(total(WellKnown::default(), 2, 100), 140);
        assert_eq!(total(WellKnown::new(Share::percent(100)), 2, 100), 140);
    }

    #[test]
    fn does_nothing_where_it_is_owed_nothing() {
        assert_eq!(total(WellKnown::default(), 0, 100), 100);
        assert_eq!(total(WellKnown::default(), 50, 100), 100);
        assert_eq!(total(WellKnown::default(), 1, 1), 1);
        assert_eq!(total(WellKnown::new(Share::percent(0)), 1, 100), 100);
    }
}
