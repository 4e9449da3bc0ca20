//! The race for one slot: each member's finish is its luck, sooner the more balls it has.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use principles::election::{Balls, Finish, first};
use principles::exceptions::Capacity;
use words::NodeId;

use crate::hash::of_member;
use crate::roster::median;
use crate::{Member, Slot};

/// What is raced for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lot<'k> {
    /// The luck of the slot.
    pub(crate) key: &'k [u8; 32],
    /// The epoch in which it was drawn.
    pub(crate) drawn: u64,
    /// Whether each member has one ball.
    pub(crate) free: bool,
}

/// The slots that members hold so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seats(BTreeMap<NodeId, u16>);

impl Seats {
    /// Notes one more slot of a member.
    pub(crate) fn take(&mut self, node: NodeId) {
        *self.0.entry(node).or_insert(0) += 1;
    }

    /// Tells whether a member holds as many as it may.
    pub(crate) fn is_full(&self, runner: &Runner) -> bool {
        self.0.get(&runner.node).is_some_and(|held| *held >= runner.seats)
    }
}

/// A member as it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Runner {
    pub(crate) node: NodeId,
    /// Since which epoch it is listed.
    since: u64,
    /// What its capacity is worth.
    balls: Balls,
    /// The slots that it may hold.
    seats: u16,
}

/// Where a runner comes in, the lowest first: those who were listed when the slot was drawn, as 0,
/// before the others, by the epoch since which they are; then by their finish.
pub(crate) type Rank = (u64, (Finish, NodeId));

impl Runner {
    fn late(&self, lot: Lot<'_>) -> u64 {
        if self.since < lot.drawn { 0 } else { self.since }
    }

    const fn balls(&self, lot: Lot<'_>) -> Balls {
        if lot.free { Balls::ONE } else { self.balls }
    }

    /// Returns where it comes in.
    pub(crate) fn rank(&self, lot: Lot<'_>) -> Rank {
        let finish = Finish::of(of_member(lot.key, self.node), self.balls(lot));
        (self.late(lot), (finish, self.node))
    }

    /// Returns where it comes in, if it may be before `last`.
    fn rank_before(&self, lot: Lot<'_>, last: Option<&Rank>) -> Option<Rank> {
        let Some((late, (finish, _))) = last else { return Some(self.rank(lot)) };
        if self.late(lot) > *late {
            return None;
        }
        // A logarithm costs as much as the luck; for most runners a look at its size will do.
        let luck = of_member(lot.key, self.node);
        let hopeless = *late == self.late(lot) && Finish::soonest(luck, self.balls(lot)) > *finish;
        let rank = || (self.late(lot), (Finish::of(luck, self.balls(lot)), self.node));
        (!hopeless).then(rank)
    }
}

/// Tells whether `a` comes in before `b`.
pub(crate) fn is_ahead(a: &Rank, b: &Rank) -> bool {
    a.0.cmp(&b.0).then_with(|| first(&a.1, &b.1)).is_lt()
}

/// The members of a mesh, as they run for its slots.
#[derive(Debug)]
pub(crate) struct Race {
    /// In the order of their prefixes.
    runners: Vec<Runner>,
}

impl Race {
    /// Returns the race of these members, of which one may hold so many slots.
    pub(crate) fn of(members: &[Member], seats: u16) -> Self {
        let known = |member: &Member| member.able().unwrap_or(member.declared);
        let median = median(members.iter().map(known).collect()).unwrap_or(0);
        let entry = |member: &Member| {
            // What nobody attests may be little, and is never much.
            let able = member.able().unwrap_or_else(|| member.declared.min(median));
            let balls = Capacity::balls(able, median);
            let seats = balls.whole().clamp(1, seats);
            Runner { node: member.node, since: member.since, balls, seats }
        };
        Self { runners: members.iter().map(entry).collect() }
    }

    /// Returns how many run.
    pub(crate) const fn len(&self) -> usize {
        self.runners.len()
    }

    /// Returns all who run, in the order of their prefixes.
    pub(crate) fn runners(&self) -> &[Runner] {
        &self.runners
    }

    /// Returns how a member runs.
    pub(crate) fn runner(&self, node: NodeId) -> Option<&Runner> {
        let at = self.runners.binary_search_by_key(&node, |runner| runner.node).ok()?;
        self.runners.get(at)
    }

    /// Returns who finishes first, and the next ones, among those who may hold one more slot.
    ///
    /// Those who were listed when the slot was drawn cannot have chosen their luck, so the others
    /// come after them, whoever was listed earlier first: they serve where else nobody could, as in
    /// a network that has just begun.
    pub(crate) fn run(&self, lot: Lot<'_>, seats: &Seats) -> Vec<NodeId> {
        let mut ahead: Vec<Rank> = Vec::with_capacity(Slot::HOLDERS + 1);
        for runner in self.runners.iter().filter(|runner| !seats.is_full(runner)) {
            let last = ahead.get(Slot::HOLDERS - 1);
            let Some(rank) = runner.rank_before(lot, last) else { continue };
            let at = ahead.partition_point(|other| is_ahead(other, &rank));
            if at < Slot::HOLDERS {
                ahead.insert(at, rank);
                ahead.truncate(Slot::HOLDERS);
            }
        }
        ahead.into_iter().map(|(_, (_, node))| node).collect()
    }
}

#[cfg(test)]
mod tests {
    use words::{Dice, Prefix};

    use super::*;

    #[test]
    fn the_first_are_those_of_all_ranks_in_order() {
        let mut dice = Dice::of([3; 32], "members");
        for round in 0..200_u8 {
            let count = dice.bits() % 30;
            let member = |n: u64, dice: &mut Dice| Member {
                node: NodeId(Prefix::new(u128::from(n) << 64, 64)),
                since: dice.bits() % 4,
                declared: u32::try_from(dice.bits() % 900).unwrap(),
                attested: alloc::vec![u32::try_from(dice.bits() % 900).unwrap()],
            };
            let members: Vec<Member> = (0..count).map(|n| member(n, &mut dice)).collect();
            let race = Race::of(&members, 2);
            let mut seats = Seats::default();
            members.iter().take(5).for_each(|member| seats.take(member.node));
            let lot = Lot { key: &[round; 32], drawn: 2, free: round % 2 == 0 };
            let runners = race.runners().iter().filter(|runner| !seats.is_full(runner));
            let mut all: Vec<Rank> = runners.map(|runner| runner.rank(lot)).collect();
            all.sort_unstable();
            let first: Vec<NodeId> = all.iter().take(4).map(|(_, (_, node))| *node).collect();
            assert_eq!(race.run(lot, &seats), first);
        }
    }
}
