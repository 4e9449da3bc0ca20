//! The urn from which chance draws.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use words::{Dice, Share};

use crate::exceptions::Exception;

/// Candidates, each with at least one ball.
///
/// Balls can be added, in the name of an exception; they cannot be removed.
#[derive(Clone, Debug)]
pub struct Urn<T> {
    balls: Vec<Balls<T>>,
}

#[derive(Clone, Debug)]
struct Balls<T> {
    item: T,
    count: u32,
    cause: Cause,
}

/// One candidate that came out of the urn, and whose ball it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn<T> {
    /// The candidate.
    pub item: T,
    /// Whose ball was drawn: chance's own, or one an exception had added.
    pub cause: Cause,
}

/// What a decision is owed to; counted in production, so that drift shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The ball every candidate has.
    Chance,
    /// A ball added by this exception.
    Exception(&'static Exception),
}

impl Cause {
    /// Returns its name, as in metrics and logs: `chance`, or the exception's own.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chance => "chance",
            Self::Exception(exception) => exception.name,
        }
    }
}

impl<T: Copy + Ord> Urn<T> {
    /// Returns an urn with one ball for each of `candidates`.
    pub fn of(candidates: impl IntoIterator<Item = T>) -> Self {
        let one = |item| Balls { item, count: 1, cause: Cause::Chance };
        Self { balls: candidates.into_iter().map(one).collect() }
    }

    /// Adds `count` balls for `item` in the name of `exception`.
    ///
    /// `item` need not be in the urn yet.
    pub fn add(&mut self, item: T, count: u32, exception: &'static Exception) {
        if count > 0 {
            self.balls.push(Balls { item, count, cause: Cause::Exception(exception) });
        }
    }

    /// Adds balls for `group`, so that together they hold at most `share` of the urn,
    /// rounded down: possibly none.
    ///
    /// Each member gains the same number, and the odd balls go to members drawn by
    /// `dice`. What they hold already counts. A share of all the urn cannot be reached
    /// by adding, so then nothing is added. The members of `group` are distinct.
    pub fn favour(
        &mut self,
        group: &[T],
        share: Share,
        exception: &'static Exception,
        dice: &mut Dice,
    ) {
        let room = self.room(group, share);
        let each = room.checked_div(group.len()).unwrap_or(0);
        for item in group {
            self.add(*item, u32::try_from(each).unwrap_or(u32::MAX), exception);
        }
        for item in dice.draw(&mut group.to_vec(), room.checked_rem(group.len()).unwrap_or(0)) {
            self.add(item, 1, exception);
        }
    }

    /// Returns how many balls `group` may gain and still hold at most `share`.
    fn room(&self, group: &[T], share: Share) -> usize {
        let own = self.held_by(group);
        let (others, part) = (self.total().saturating_sub(own), share.at_most(1000));
        let most = others.saturating_mul(part).checked_div(1000 - part).unwrap_or(0);
        most.saturating_sub(own)
    }

    fn held_by(&self, group: &[T]) -> usize {
        let group: BTreeSet<_> = group.iter().collect();
        let theirs = self.balls.iter().filter(|balls| group.contains(&balls.item));
        theirs.map(|balls| balls.count as usize).sum()
    }

    /// Draws up to `count` distinct candidates, each ball equally likely.
    ///
    /// The urn is used up: what is drawn next is drawn from a new one.
    pub fn draw(mut self, count: usize, dice: &mut Dice) -> Vec<Drawn<T>> {
        let mut drawn = Vec::new();
        while drawn.len() < count {
            let Some(next) = self.draw_one(dice) else { break };
            self.balls.retain(|balls| balls.item != next.item);
            drawn.push(next);
        }
        drawn
    }

    /// Draws one candidate, each ball equally likely; `None` from an empty urn.
    pub fn draw_one(&self, dice: &mut Dice) -> Option<Drawn<T>> {
        let mut ball = dice.below(self.total());
        self.balls.iter().find_map(|balls| {
            let hit = ball < balls.count as usize;
            ball = ball.saturating_sub(balls.count as usize);
            hit.then_some(Drawn { item: balls.item, cause: balls.cause })
        })
    }

    /// Tells whether `item` has a ball.
    pub fn holds(&self, item: T) -> bool {
        self.balls.iter().any(|balls| balls.item == item)
    }

    /// Tells whether no candidate came.
    pub fn is_empty(&self) -> bool {
        self.balls.is_empty()
    }

    /// Returns the number of balls, of all candidates together.
    pub fn total(&self) -> usize {
        self.balls.iter().map(|balls| balls.count as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exceptions::ALL;

    #[test]
    fn a_favoured_group_holds_its_share_and_no_more() {
        let mut dice = Dice::of([3; 32], "urn");
        let mut urn = Urn::of(0..100);
        urn.favour(&[0, 1], Share::percent(30), ALL[0], &mut dice);
        // 98 others keep 98 balls; 2 members hold 42 of the 140.
        assert_eq!((urn.held_by(&[0, 1]), urn.total()), (42, 140));

        let mut odd = Urn::of(0..100);
        odd.favour(&[0, 1, 2, 3, 4, 5, 6, 7], Share::percent(30), ALL[0], &mut dice);
        assert_eq!(odd.total(), 92 + 39);
    }

    #[test]
    fn a_group_that_holds_more_than_its_share_gains_and_loses_nothing() {
        let mut dice = Dice::of([3; 32], "urn");
        let mut urn = Urn::of(0..4);
        urn.favour(&[0, 1], Share::percent(30), ALL[0], &mut dice);
        assert_eq!(urn.total(), 4);
        urn.favour(&[], Share::percent(30), ALL[0], &mut dice);
        urn.favour(&[0], Share::percent(100), ALL[0], &mut dice);
        assert_eq!(urn.total(), 4);
    }

    #[test]
    fn a_draw_is_without_repetition() {
        let mut dice = Dice::of([3; 32], "urn");
        let mut urn = Urn::of(0..5);
        urn.add(2, 50, ALL[0]);
        let mut drawn: Vec<_> = urn.draw(9, &mut dice).into_iter().map(|d| d.item).collect();
        drawn.sort_unstable();
        assert_eq!(drawn, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn nothing_comes_out_of_an_empty_urn() {
        let mut dice = Dice::of([3; 32], "urn");
        assert_eq!(Urn::<u32>::of([]).draw_one(&mut dice), None);
    }
}
