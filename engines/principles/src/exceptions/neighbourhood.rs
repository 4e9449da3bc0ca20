//! Exception, off by default: some seats for nodes that are near.

use alloc::vec::Vec;

use words::{Dice, NodeId, Share};

use super::{Exception, Principle};
use crate::selection::Prospects;
use crate::{Cause, Urn};

/// See [`super::ALL`].
pub(super) static NEIGHBOURHOOD: Exception = Exception {
    name: "neighbourhood",
    bends: Principle::Selection,
    because: "where most traffic is local, a few near arrows save users a detour",
    does: "adds balls for the lowest delay among a few random candidates, \
           while near arrows hold less than their share of the seats",
    never: "acts unless it was switched on, looks at all candidates at once, \
            nor changes how its arrows die",
    bound: "off by default; at most 20 % of the seats and of the balls, rounded down; \
            among 2 to 16 candidates",
    test: "never_passes_its_share_of_the_seats",
};

/// The share of the seats for the nearest of a few random candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbourhood {
    share: Share,
    among: usize,
}

impl Neighbourhood {
    /// Returns the exception with this `share` of the seats, each to the lowest delay
    /// `among` so many random candidates.
    ///
    /// Clamped to 20 %, and to 2 to 16 candidates. Nothing turns it off.
    pub fn new(share: Share, among: usize) -> Self {
        Self { share: share.min(Share::percent(20)), among: among.clamp(2, 16) }
    }

    /// Tells whether it may act at all.
    pub fn is_on(self) -> bool {
        self.share > Share::percent(0)
    }

    pub(crate) fn bend(self, urn: &mut Urn<NodeId>, prospects: &Prospects<'_>, dice: &mut Dice) {
        if !self.is_on() || near(prospects) >= self.share.at_most(prospects.seats) {
            return;
        }
        let mut measured: Vec<_> = (prospects.candidates.iter())
            .filter_map(|candidate| Some((candidate.delay?, candidate.node)))
            .collect();
        let few = dice.draw(&mut measured, self.among);
        if let Some((_, nearest)) = few.into_iter().min() {
            urn.favour(&[nearest], self.share, &NEIGHBOURHOOD, dice);
        }
    }
}

impl Default for Neighbourhood {
    /// Off.
    fn default() -> Self {
        Self::new(Share::percent(0), 8)
    }
}

/// Returns how many of our arrows are owed to this exception.
fn near(prospects: &Prospects<'_>) -> usize {
    let near = |cause| matches!(cause, Cause::Exception(e) if *e == NEIGHBOURHOOD);
    prospects.held.iter().filter(|arrow| near(arrow.cause)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selection::{Candidate, Held, Traits};
    use core::time::Duration;
    use words::Prefix;

    fn node(n: u64) -> NodeId {
        NodeId(Prefix::new(u128::from(n) << 64, 64))
    }

    fn urn_with(bend: Neighbourhood, held: &[Held], delays: bool) -> Urn<NodeId> {
        let candidate = |n| Candidate {
            node: node(n),
            traits: Traits::default(),
            delay: delays.then(|| Duration::from_millis(10 + n)),
        };
        let candidates: Vec<_> = (0..100).map(candidate).collect();
        let mut urn = Urn::of(candidates.iter().map(|c| c.node));
        let (named, introduced) = (&[][..], None);
        let prospects =
            Prospects { candidates: &candidates, alone: false, named, introduced, held, seats: 10 };
        bend.bend(&mut urn, &prospects, &mut Dice::of([5; 32], "near"));
        urn
    }

    #[test]
    fn never_passes_its_share_of_the_seats() {
        let greedy = Neighbourhood::new(Share::percent(90), 8);
        let near = Held {
            traits: Traits::default(),
            carrier: None,
            cause: Cause::Exception(&NEIGHBOURHOOD),
        };
        // 99 others keep 99 balls; one holds 24 of 123.
        assert_eq!(urn_with(greedy, &[near], true).total(), 123);
        assert_eq!(urn_with(greedy, &[near, near], true).total(), 100);
    }

    #[test]
    fn is_off_by_default_and_where_no_delay_is_known() {
        assert_eq!(urn_with(Neighbourhood::default(), &[], true).total(), 100);
        let on = Neighbourhood::new(Share::percent(20), 8);
        assert_eq!(urn_with(on, &[], false).total(), 100);
    }
}
