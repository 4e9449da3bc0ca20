//! Exception: nodes on the same LAN are linked, besides those whom chance draws.

use words::{Dice, NodeId};

use super::{Exception, Principle};
use crate::{Cause, Drawn, Urn};

/// See [`super::ALL`].
pub(super) static SAME_LAN: Exception = Exception {
    name: "same-lan",
    bends: Principle::Selection,
    because: "two machines on one wire would talk by way of the world, \
              and not at all once the way to the Internet is cut",
    does: "opens a few arrows besides the seats to nodes that are heard on the same LAN, \
           drawn among these by chance",
    never: "takes a seat or a ball from chance, draws a node that is linked already, \
            nor changes how its arrows die",
    bound: "4 arrows by default, 8 at most, and half as many as there are seats, rounded up",
    test: "never_has_more_arrows_than_half_the_seats",
};

/// So many arrows to nodes on the same LAN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SameLan {
    arrows: usize,
}

impl SameLan {
    /// The most arrows that it may have.
    pub const MOST: usize = 8;

    /// Returns the exception with so many `arrows`, clamped to [`Self::MOST`]; 0 turns it off.
    pub fn new(arrows: usize) -> Self {
        Self { arrows: arrows.min(Self::MOST) }
    }

    /// Returns how many arrows it may have besides so many `seats`.
    pub fn besides(self, seats: usize) -> usize {
        self.arrows.min(seats.div_ceil(2))
    }

    /// Tells whether an arrow is owed to this exception, and so takes no seat.
    pub fn owes(cause: Cause) -> bool {
        matches!(cause, Cause::Exception(exception) if *exception == SAME_LAN)
    }

    /// Draws one of the nodes `heard` on the same LAN, one ball each; `None` if there is none.
    pub fn choose(
        heard: impl IntoIterator<Item = NodeId>,
        dice: &mut Dice,
    ) -> Option<Drawn<NodeId>> {
        // An urn of its own: whoever is in it takes no ball from the nodes of the other.
        let mut urn = Urn::of([]);
        heard.into_iter().for_each(|node| urn.admit(node, &SAME_LAN));
        urn.draw_one(dice)
    }
}

impl Default for SameLan {
    fn default() -> Self {
        Self::new(4)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use super::*;
    use words::Prefix;

    fn node(n: u64) -> NodeId {
        NodeId(Prefix::new(u128::from(n) << 64, 64))
    }

    #[test]
    fn never_has_more_arrows_than_half_the_seats() {
        let greedy = SameLan::new(100);
        let many: [usize; 6] = [0, 1, 2, 5, 10, 100].map(|seats| greedy.besides(seats));
        assert_eq!(many, [0, 1, 1, 3, 5, SameLan::MOST]);
        assert_eq!((SameLan::default().besides(10), SameLan::new(0).besides(10)), (4, 0));
    }

    #[test]
    fn whom_it_draws_is_chance_and_is_owed_to_it() {
        let mut dice = Dice::of([7; 32], "lan");
        let mut drawn = BTreeMap::<NodeId, u32>::new();
        for _ in 0..4_000 {
            let one = SameLan::choose((1..=4).map(node), &mut dice).unwrap();
            assert!(SameLan::owes(one.cause) && one.cause.name() == "same-lan");
            *drawn.entry(one.item).or_default() += 1;
        }
        assert!(drawn.len() == 4 && drawn.values().all(|n| (900..1_100).contains(n)), "{drawn:?}");
        assert!(SameLan::choose([], &mut dice).is_none());
        assert!(!SameLan::owes(Cause::Chance));
    }
}
