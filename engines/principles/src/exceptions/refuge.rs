//! Exception: who finds no arrows at home tries anybody in the whole network.

use words::{Dice, NodeId};

use super::{Exception, Principle};
use crate::{Cause, Drawn, Urn};

/// See [`super::ALL`].
pub(super) static REFUGE: Exception = Exception {
    name: "refuge",
    bends: Principle::Selection,
    because: "behind a filter that blocks nearly all, the few nodes that can still be reached \
              may not be of one's own mesh",
    does: "tries arrows to nodes drawn among all of the network by chance, \
           after a whole period with fewer than 3 links at home, or in which a node that escaped reached \
           some mesh by no way",
    never: "takes a seat or a ball from the arrows at home, opens more arrows than are missing there \
            (one, if none is), tries on once there are enough, nor changes how its arrows die",
    bound: "5 tries for each missing arrow and period",
    test: "tries_five_for_each_missing_arrow_and_none_with_three",
};

/// A few tries among all of the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refuge;

impl Refuge {
    /// Links at home with which nobody seeks refuge.
    pub const ENOUGH: usize = 3;
    /// Tries in each period for each arrow that is missing.
    pub const TRIES: usize = 5;

    /// Tells whether so many `links` at home are enough for who has so many `seats`. None are that lead
    /// to others who are cut off as well only: where we escaped and some mesh is not `reached`, by any way.
    pub const fn is_home(links: usize, seats: usize, reached: bool) -> bool {
        let enough = if seats < Self::ENOUGH { seats } else { Self::ENOUGH };
        reached && links >= enough
    }

    /// Returns how many arrows of refuge may be open at once: those that are missing at home; one for
    /// who has all there and is cut off with the others; none for who has enough.
    pub const fn room(links: usize, seats: usize, reached: bool) -> usize {
        match seats.saturating_sub(links) {
            _ if Self::is_home(links, seats, reached) => 0,
            0 => 1,
            missing => missing,
        }
    }

    /// Returns how many nodes may be tried in a period; 0 for who has enough at home.
    pub const fn tries(links: usize, seats: usize, reached: bool) -> usize {
        Self::TRIES.saturating_mul(Self::room(links, seats, reached))
    }

    /// Draws `count` of the nodes of the `network`, one ball each.
    pub fn choose(
        network: impl IntoIterator<Item = NodeId>,
        count: usize,
        dice: &mut Dice,
    ) -> impl Iterator<Item = Drawn<NodeId>> {
        // An urn of its own: whoever is in it takes no ball from the nodes at home.
        let mut urn = Urn::of([]);
        network.into_iter().for_each(|node| urn.admit(node, &REFUGE));
        urn.draw(count, dice).into_iter()
    }

    /// Tells whether an arrow is owed to this exception.
    pub fn owes(cause: Cause) -> bool {
        matches!(cause, Cause::Exception(exception) if *exception == REFUGE)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;

    use super::*;
    use words::Prefix;

    fn node(n: u64) -> NodeId {
        NodeId(Prefix::new(u128::from(n) << 64, 64))
    }

    #[test]
    fn tries_five_for_each_missing_arrow_and_none_with_three() {
        let tries: [usize; 5] = [0, 1, 2, 3, 10].map(|links| Refuge::tries(links, 10, true));
        assert_eq!(tries, [50, 45, 40, 0, 0]);
        let few = [(2, 2), (1, 2), (0, 0)].map(|(links, seats)| Refuge::tries(links, seats, true));
        assert_eq!(few, [0, 5, 0]);
    }

    #[test]
    fn links_to_who_is_cut_off_as_well_are_not_enough() {
        let tries: [usize; 5] = [0, 3, 9, 10, 20].map(|links| Refuge::tries(links, 10, false));
        assert_eq!(tries, [50, 35, 5, 5, 5]);
        assert_eq!([3, 10].map(|links| Refuge::room(links, 10, false)), [7, 1]);
        assert!(!Refuge::is_home(10, 10, false) && Refuge::is_home(10, 10, true));
    }

    #[test]
    fn whom_it_draws_is_chance_and_is_owed_to_it() {
        let mut dice = Dice::of([7; 32], "refuge");
        let mut drawn = BTreeMap::<NodeId, u32>::new();
        for _ in 0..4_000 {
            let two: Vec<_> = Refuge::choose((1..=8).map(node), 2, &mut dice).collect();
            assert!(two.len() == 2 && two[0].item != two[1].item);
            for one in two {
                assert!(Refuge::owes(one.cause) && one.cause.name() == "refuge");
                *drawn.entry(one.item).or_default() += 1;
            }
        }
        assert!(drawn.len() == 8 && drawn.values().all(|n| (900..1_100).contains(n)), "{drawn:?}");
        assert_eq!(Refuge::choose((1..=3).map(node), 9, &mut dice).count(), 3);
        assert!(!Refuge::owes(Cause::Chance));
    }
}
