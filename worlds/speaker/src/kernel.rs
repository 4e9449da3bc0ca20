//! What the kernel's table holds of ours, and what it should: the changes between the two.
//!
//! ```text
//!   want ─► wanted ─┐
//!                   ├─ queue ─► batch ─► (the kernel) ─► done ─► installed, failed ─► retry
//!   found, lost ────┘
//! ```
//!
//! Routes of a former life stay until the speaker has spoken of their range, or until the
//! mesh has settled: a restart interrupts nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::RangeInclusive;

use babel::Key;
use linux::{Change, KernelRoute};

use self::ledger::{Ledger, Number, Range};

mod ledger;

/// The protocol number of Babel's routes (`RTPROT_BABEL`).
pub(crate) const BABEL: u8 = 42;

/// What tells routes of one table apart for the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    key: Key,
    metric: u32,
}

/// What the kernel's table should hold of ours, and what it does.
#[derive(Debug, Default)]
pub(crate) struct Kernel {
    table: u32,
    ledger: Ledger,
    /// What a former life left, and the speaker has not spoken of.
    former: BTreeSet<Slot>,
    /// Where routes of others are.
    taken: BTreeSet<Slot>,
    /// The ranges to be looked at, each once.
    queue: VecDeque<Number>,
    /// What each change of the latest batch is about.
    batch: Vec<Number>,
    failed: BTreeMap<Key, String>,
}

impl Kernel {
    /// Returns an empty account of `table`.
    pub(crate) fn of(table: u32) -> Self {
        Self { table, ledger: Ledger::of(table), ..Self::default() }
    }

    /// Lets this be the route to its range; `None` lets there be none.
    pub(crate) fn want(&mut self, key: Key, route: Option<&KernelRoute>) {
        if !self.former.is_empty() {
            let spoken: Vec<Slot> = self.former.range(slots(key)).copied().collect();
            for slot in spoken {
                self.former.remove(&slot);
            }
        }
        self.queue.extend(self.ledger.want(key, route));
    }

    /// Takes in the whole table, as the kernel lists it; `newborn` if the speaker has said
    /// nothing yet, so that what is ours there is of a former life.
    pub(crate) fn found_all(&mut self, routes: &[KernelRoute], newborn: bool) {
        self.look_at(self.ledger.all_installed());
        self.look_at(self.ledger.all_wanted());
        self.ledger.forget_installed();
        self.taken.clear();
        let former = std::mem::take(&mut self.former);
        let table = self.table;
        for route in routes.iter().filter(|route| route.table == table) {
            self.found(route);
            let slot = slot_of(route);
            if route.protocol == BABEL && (newborn || former.contains(&slot)) {
                self.former.insert(slot);
            }
        }
    }

    /// Takes in that a route is there, whoever made it.
    pub(crate) fn found(&mut self, route: &KernelRoute) {
        if route.table != self.table {
            return;
        }
        let slot = slot_of(route);
        self.look_at([slot.key]);
        if route.protocol == BABEL {
            self.taken.remove(&slot);
            self.ledger.put(slot, route);
        } else {
            self.ledger.remove(slot);
            self.former.remove(&slot);
            self.taken.insert(slot);
        }
    }

    /// Takes in that a route is there no more.
    pub(crate) fn lost(&mut self, route: &KernelRoute) {
        if route.table != self.table {
            return;
        }
        let slot = slot_of(route);
        if self.taken.remove(&slot) || self.ledger.remove(slot) {
            self.former.remove(&slot);
            self.look_at([slot.key]);
        }
    }

    /// The mesh has settled: what a former life left, and nobody spoke of, may go.
    pub(crate) fn settle(&mut self) {
        let former = std::mem::take(&mut self.former);
        self.look_at(former.into_iter().map(|slot| slot.key));
    }

    /// Tries again what failed.
    pub(crate) fn retry(&mut self) {
        let failed: Vec<Key> = self.failed.keys().copied().collect();
        self.look_at(failed);
    }

    /// Nothing is wanted any more.
    pub(crate) fn clear(&mut self) {
        self.ledger.want_nothing();
        self.former.clear();
        self.look_at(self.ledger.all_installed());
    }

    /// Returns at most `most` changes, or a few more, that bring the kernel nearer to what is
    /// wanted; none if it holds that.
    pub(crate) fn batch(&mut self, most: usize) -> Vec<Change> {
        let mut changes = Vec::new();
        self.batch.clear();
        while changes.len() < most
            && let Some(number) = self.queue.pop_front()
        {
            let (key, range) = self.ledger.dequeue(number);
            if !self.failed.is_empty() {
                self.failed.remove(&key);
            }
            self.changes_of(key, range, &mut changes);
            self.batch.resize(changes.len(), number);
        }
        changes
    }

    /// Lets ranges be looked at in a later batch.
    fn look_at(&mut self, keys: impl IntoIterator<Item = Key>) {
        for key in keys {
            self.queue.extend(self.ledger.enqueue(key));
        }
    }

    fn changes_of(&mut self, key: Key, range: Range, changes: &mut Vec<Change>) {
        if self.taken.is_empty() {
            if let Some(route) = self.ledger.missing(key, range) {
                return changes.push(Change::Put(route));
            }
            if self.former.is_empty() && self.ledger.is_settled(range) {
                return;
            }
        }
        let wanted = self.ledger.wanted(key);
        let kept = wanted.as_ref().map(slot_of);
        if let Some((route, slot)) = wanted.zip(kept) {
            if self.taken.contains(&slot) {
                self.failed.insert(key, TAKEN.to_owned());
            } else if self.ledger.installed_at(slot).as_ref() != Some(&route) {
                changes.push(Change::Put(route));
            }
        }
        let surplus = self.ledger.installed_to(key).into_iter();
        let surplus =
            surplus.filter(|(slot, _)| Some(*slot) != kept && !self.former.contains(slot));
        changes.extend(surplus.map(|(_, route)| Change::Remove(route)));
    }

    /// Takes in what became of the latest batch: which of its changes failed, and why. Since
    /// then other routes may have been wanted, and nothing else may have happened.
    pub(crate) fn done(&mut self, changes: &[Change], failures: &BTreeMap<usize, String>) {
        let numbers = std::mem::take(&mut self.batch);
        for (n, (change, number)) in changes.iter().zip(&numbers).enumerate() {
            let (Change::Put(route) | Change::Remove(route)) = change;
            let slot = slot_of(route);
            match (failures.get(&n), change) {
                (Some(why), _) => {
                    self.failed.insert(slot.key, why.clone());
                }
                (None, Change::Put(_)) => self.ledger.put_at(*number, slot, route),
                (None, Change::Remove(_)) => {
                    self.ledger.remove(slot);
                }
            }
        }
        self.batch = numbers;
    }

    /// Tells whether the route to `key` is in the kernel as it is wanted.
    pub(crate) fn holds(&self, key: Key) -> bool {
        let wanted = self.ledger.wanted(key);
        wanted
            .is_some_and(|route| self.ledger.installed_at(slot_of(&route)).as_ref() == Some(&route))
    }

    /// Returns how many routes of ours the kernel holds.
    pub(crate) const fn installed(&self) -> usize {
        self.ledger.installed()
    }

    /// Returns how many routes of a former life are kept.
    pub(crate) fn former(&self) -> usize {
        self.former.len()
    }

    /// Returns how many ranges wait to be looked at.
    pub(crate) fn queue(&self) -> usize {
        self.queue.len()
    }

    /// Returns what failed, and why.
    pub(crate) fn failed(&self) -> impl Iterator<Item = (Key, &str)> {
        self.failed.iter().map(|(key, why)| (*key, why.as_str()))
    }
}

const TAKEN: &str = "another program has a route to this range with the same metric; give ours \
                     another one with `metric`, or a table of its own with `table`";

fn slot_of(route: &KernelRoute) -> Slot {
    Slot { key: Key::from_to(route.from, route.to), metric: route.metric }
}

/// Returns all slots of a range.
fn slots(key: Key) -> RangeInclusive<Slot> {
    Slot { key, metric: 0 }..=Slot { key, metric: u32::MAX }
}

#[cfg(test)]
mod tests;
