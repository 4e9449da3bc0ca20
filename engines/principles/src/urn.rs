//! The urn from which chance draws.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use words::{Carrier, Dice, Share};

use crate::exceptions::Exception;

/// Candidates, each with at least one ball.
///
/// Balls can be added, in the name of an exception; they cannot be removed. All
/// exceptions together can add three for each four of chance's own, and no more.
#[derive(Clone, Debug)]
pub struct Urn<T> {
    balls: Vec<Balls<T>>,
    /// Those who are drawn less, because all others have [`Kind::Shelter`] balls.
    spared: BTreeSet<T>,
}

#[derive(Clone, Debug)]
struct Balls<T> {
    item: T,
    count: u32,
    kind: Kind,
}

/// Whose balls they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The one that every candidate has.
    Own,
    /// Added to draw this candidate more.
    Added(&'static Exception),
    /// Added alike to all but the spared.
    Shelter(&'static Exception),
}

/// The most balls that each of the others gets so that a few are spared.
const MOST_SHELTER: u32 = 9;

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
        let one = |item| Balls { item, count: 1, kind: Kind::Own };
        let balls = candidates.into_iter().map(one).collect();
        Self { balls, spared: BTreeSet::new() }
    }

    /// Puts in one ball for `item`, if it has none, in the name of `exception`.
    ///
    /// Where chance has balls, exceptions never have more than it. Where it has none,
    /// because nobody is known, whoever is named comes in.
    pub fn admit(&mut self, item: T, exception: &'static Exception) {
        let own = self.own();
        if !self.holds(item) && (own == 0 || self.added() < own) {
            self.balls.push(Balls { item, count: 1, kind: Kind::Added(exception) });
        }
    }

    /// Adds `extra` balls for all but `spared`, so that these are drawn less.
    ///
    /// Clamped to 9 balls. Nothing is added unless the spared are few: less than half.
    /// That a ball so added is drawn is no decision of the exception: any of the others
    /// is as likely as before. Only if chance alone would have hit one of the spared is it the
    /// cause, so it bends a smaller share of the decisions than the spared are of all.
    pub fn shelter(&mut self, spared: &[T], extra: u32, exception: &'static Exception) {
        let few = spared.len().saturating_mul(2) < self.own();
        if spared.is_empty() || !few || !self.spared.is_empty() {
            return;
        }
        self.spared = spared.iter().copied().collect();
        let others: Vec<_> = (self.balls.iter())
            .filter(|balls| balls.kind == Kind::Own && !self.spared.contains(&balls.item))
            .map(|balls| balls.item)
            .collect();
        let (count, kind) = (extra.min(MOST_SHELTER), Kind::Shelter(exception));
        self.balls.extend(others.into_iter().map(|item| Balls { item, count, kind }));
    }

    /// Adds balls for `group`, so that together they hold at most `share` of the urn,
    /// rounded down: possibly none, and never more than is left to exceptions.
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
        let room = self.room(group, share).min(self.left());
        let each = room.checked_div(group.len()).unwrap_or(0);
        for item in group {
            self.add(*item, each, exception);
        }
        for item in dice.draw(&mut group.to_vec(), room.checked_rem(group.len()).unwrap_or(0)) {
            self.add(item, 1, exception);
        }
    }

    fn add(&mut self, item: T, count: usize, exception: &'static Exception) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        if count > 0 {
            self.balls.push(Balls { item, count, kind: Kind::Added(exception) });
        }
    }

    /// Returns how many balls exceptions may still add: three for each four of chance's,
    /// rounded down, so that chance decides more often than all of them.
    fn left(&self) -> usize {
        (self.own().saturating_mul(3) / 4).saturating_sub(self.added())
    }

    fn own(&self) -> usize {
        self.balls.iter().filter(|balls| balls.kind == Kind::Own).count()
    }

    fn added(&self) -> usize {
        let added = self.balls.iter().filter(|balls| matches!(balls.kind, Kind::Added(_)));
        added.map(|balls| balls.count as usize).sum()
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
        let drawn = self.balls.iter().find(|balls| {
            let hit = ball < balls.count as usize;
            ball = ball.saturating_sub(balls.count as usize);
            hit
        })?;
        let cause = match drawn.kind {
            Kind::Added(exception) => Cause::Exception(exception),
            Kind::Shelter(exception) if self.would_hit_spared(dice) => Cause::Exception(exception),
            Kind::Own | Kind::Shelter(_) => Cause::Chance,
        };
        Some(Drawn { item: drawn.item, cause })
    }

    /// Asks chance alone, for the books: would it have drawn one of the spared?
    fn would_hit_spared(&self, dice: &mut Dice) -> bool {
        let nth = dice.below(self.own());
        let hit = self.balls.iter().filter(|balls| balls.kind == Kind::Own).nth(nth);
        hit.is_some_and(|balls| self.spared.contains(&balls.item))
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

/// What only the draw of a carrier has: a carrier is how an arrow is opened, not where it
/// points, so here an exception may outweigh chance. There is no such thing for nodes and links.
impl Urn<Carrier> {
    /// Adds `count` balls for `carrier` in the name of `exception`, 9 at most.
    pub fn outweigh(&mut self, carrier: Carrier, count: u8, exception: &'static Exception) {
        self.add(carrier, usize::from(count.min(9)), exception);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exceptions::ALL;

    #[test]
    fn no_crowd_of_exceptions_adds_more_than_three_balls_for_four_of_chances() {
        let mut dice = Dice::of([3; 32], "urn");
        for size in 0..40 {
            let mut urn = Urn::of(0..size);
            for (n, exception) in (0..).zip(ALL.iter().cycle().take(50)) {
                urn.favour(&[n % 7, 20], Share::percent(90), exception, &mut dice);
            }
            let own = urn.own();
            assert!(urn.added() * 4 <= own * 3, "{} of {own}", urn.added());
        }
    }

    #[test]
    fn chance_is_never_outnumbered_by_those_who_are_admitted() {
        let mut urn = Urn::of(0..3);
        (0..20).for_each(|n| urn.admit(n, ALL[0]));
        assert_eq!((urn.own(), urn.added()), (3, 3));
        let mut nobody = Urn::of([]);
        (0..20).for_each(|n| nobody.admit(n, ALL[0]));
        assert_eq!((nobody.total(), nobody.holds(0)), (20, true));
    }

    #[test]
    fn shelter_is_for_few_and_bends_less_than_their_share() {
        let mut dice = Dice::of([3; 32], "urn");
        let mut many = Urn::of(0..4);
        many.shelter(&[0, 1], 3, ALL[0]);
        assert_eq!(many.total(), 4, "half is not few");

        let mut urn = Urn::of(0..10);
        urn.shelter(&[0, 1], 1_000, ALL[0]);
        urn.shelter(&[2, 3], 1_000, ALL[0]);
        assert_eq!(urn.total(), 10 + 8 * 9, "9 at most, and once");
        let bent = (0..10_000)
            .filter_map(|_| urn.draw_one(&mut dice))
            .filter(|drawn| drawn.cause != Cause::Chance)
            .inspect(|drawn| assert!(drawn.item > 1))
            .count();
        // 72 balls of 82 are added, and of ten draws chance alone hits the spared twice.
        assert!((1_600..1_900).contains(&bent), "{bent}");
    }

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
        urn.favour(&[2], Share::percent(40), ALL[0], &mut dice);
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
