//! Exception: able nodes have more balls in the election of border nodes.

use super::{Exception, Principle};
use crate::election::Balls;

/// See [`super::ALL`].
pub(super) static CAPACITY: Exception = Exception {
    name: "capacity",
    bends: Principle::Election,
    because: "a home line that carries the traffic between two meshes is soon full",
    does: "gives able nodes more balls and weak ones fewer in the election of border nodes, by what \
           others attest, for the slots that are not the principle's own",
    never: "makes a node that cannot be elected, one that always is, nor touches the slots of \
            which each member has one ball",
    bound: "a quarter to four balls; 70 % of the slots at most",
    test: "a_capacity_is_worth_a_quarter_to_four_balls",
};

/// The balls of a member by its capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity;

impl Capacity {
    /// Returns the balls of a member that is able to carry `able`, in a mesh whose members'
    /// median is `median`, in the same unit. Without a median all have one.
    pub fn balls(able: u32, median: u32) -> Balls {
        match (u64::from(able) * 256).checked_div(u64::from(median)) {
            Some(parts) => Balls::held(parts),
            None => Balls::ONE,
        }
    }

    /// Returns how many of `slots` are the principle's own, where each member has one ball: three
    /// of ten, rounded up.
    pub const fn untouched(slots: usize) -> usize {
        words::Share::percent(30).at_least(slots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capacity_is_worth_a_quarter_to_four_balls() {
        assert_eq!(Capacity::balls(100, 100), Balls::ONE);
        assert_eq!(Capacity::balls(1, 100), Balls::LEAST);
        assert_eq!(Capacity::balls(0, 100), Balls::LEAST);
        assert_eq!(Capacity::balls(u32::MAX, 1), Balls::MOST);
        assert_eq!(Capacity::balls(7, 0), Balls::ONE);
        assert!(Capacity::balls(150, 100) > Balls::ONE);
        assert_eq!(Capacity::balls(399, 100).whole(), 3);
        assert_eq!((Capacity::untouched(10), Capacity::untouched(1)), (3, 1));
    }
}
