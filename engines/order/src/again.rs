//! A race that was run before is run again only where its end can be another.
//!
//! Who held a slot holds it still if all of them run as they did, and nobody who runs now and did not,
//! or ran otherwise, comes in before the last of them. In an epoch a twelfth of the slots is drawn
//! anew and few members come, go or change, so that most races need a look at those few.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::iter::Peekable;

use words::NodeId;

use crate::race::{Lot, Race, Seats, is_ahead};
use crate::{Election, Slot};

/// An earlier election, and who held the slots of one mesh by it.
#[derive(Debug)]
pub(crate) struct Before<'a> {
    pub(crate) election: Election<'a>,
    pub(crate) slots: Vec<Slot>,
}

impl<'a> Before<'a> {
    /// Returns what is known of the races of `now` by those of then.
    pub(crate) fn race<'r>(self, now: &'r Race) -> Known<'a, 'r> {
        let Self { election, slots } = self;
        let mesh = slots.first().map(|slot| slot.mesh);
        let members = mesh.map(|mesh| election.roster().inside(mesh)).unwrap_or_default();
        let then = Race::of(members, election.rules().seats);
        let is_new = |node: &NodeId| then.runner(*node) != now.runner(*node);
        let all = if then.runners() == now.runners() { &[] } else { now.runners() };
        let changed = all.iter().map(|runner| runner.node).filter(is_new).collect();
        let slots = slots.into_iter().peekable();
        Known {
            election,
            slots,
            now,
            then,
            changed,
            seats: Seats::default(),
            freed: BTreeSet::new(),
        }
    }
}

/// The races of a mesh in an earlier election, beside those of now.
pub(crate) struct Known<'a, 'r> {
    election: Election<'a>,
    slots: Peekable<alloc::vec::IntoIter<Slot>>,
    now: &'r Race,
    then: Race,
    /// Those who run now, and did not, or otherwise.
    changed: BTreeSet<NodeId>,
    /// The seats of then.
    seats: Seats,
    /// Those who had all the slots they might hold by then, and have not now.
    freed: BTreeSet<NodeId>,
}

impl Known<'_, '_> {
    /// Returns who holds a slot, if it is certain without a race. Slots are asked for in the order of
    /// their numbers.
    pub(crate) fn same(
        &mut self,
        number: usize,
        lot: Lot<'_>,
        seats: &Seats,
    ) -> Option<Vec<NodeId>> {
        while let Some(passed) = self.slots.next_if(|slot| slot.number < number) {
            self.took_then(passed.holders.first().copied(), seats);
        }
        let slot = self.slots.next_if(|slot| slot.number == number)?;
        let winner = slot.holders.first().copied();
        let certain = self.is_certain(&slot, lot, seats);
        self.took_then(winner, seats);
        certain.then_some(slot.holders)
    }

    /// Notes who won the slot now.
    pub(crate) fn took(&mut self, winner: Option<NodeId>, seats: &Seats) {
        self.look(winner, seats);
    }

    fn took_then(&mut self, winner: Option<NodeId>, seats: &Seats) {
        if let Some(winner) = winner {
            self.seats.take(winner);
        }
        self.look(winner, seats);
    }

    /// Looks anew whether a member could not run then and can now.
    fn look(&mut self, node: Option<NodeId>, seats: &Seats) {
        let Some(node) = node else { return };
        let was_full = self.then.runner(node).is_some_and(|runner| self.seats.is_full(runner));
        let is_free = self.now.runner(node).is_some_and(|runner| !seats.is_full(runner));
        if was_full && is_free {
            self.freed.insert(node);
        } else {
            self.freed.remove(&node);
        }
    }

    fn is_certain(&self, slot: &Slot, lot: Lot<'_>, seats: &Seats) -> bool {
        let (election, race) = (&self.election, self.now);
        let each = election.rules().slots(self.then.len());
        if !election.is_same_lot(slot, each, lot) {
            return false;
        }
        let stays = |node: &NodeId| {
            let runner = race.runner(*node);
            !self.changed.contains(node) && runner.is_some_and(|runner| !seats.is_full(runner))
        };
        if !slot.holders.iter().all(stays) {
            return false;
        }
        let challengers = self.changed.union(&self.freed).filter_map(|node| race.runner(*node));
        let mut challengers = challengers.filter(|runner| !seats.is_full(runner));
        let Some(challenger) = challengers.next() else { return true };
        // All who could run hold it, if they are few.
        let last = slot.holders.get(Slot::HOLDERS - 1).and_then(|last| race.runner(*last));
        let Some(last) = last.map(|last| last.rank(lot)) else { return false };
        let mut challengers = core::iter::once(challenger).chain(challengers);
        !challengers.any(|runner| is_ahead(&runner.rank(lot), &last))
    }
}
