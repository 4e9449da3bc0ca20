//! The ranges that are known, one row each of 56 octets, and the way from a range to its row.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use hashbrown::HashTable;
use words::Prefix;

use crate::candidates::{Slot, Stamp, grow};
use crate::feasibility::{Distance, Source};
use crate::intern::{Router, hash};
use crate::{Key, Metric, Seqno};

/// A range, by the number of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowId(pub(crate) u32);

/// Who has the route in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Best {
    /// Nobody.
    None,
    /// We do: the range is ours.
    Ours,
    /// This neighbour.
    Through(Slot),
}

/// What the world was told last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Gone,
    Unreachable,
    Through(Slot),
}

/// All that is known about one range, but for what neighbours told of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    bits: [u8; 16],
    /// The router whose distance is `fd`.
    fd_router: Router,
    /// The router of the route as last put in the journal.
    pub(crate) router: Router,
    /// Where in the journal it is; see there.
    pub(crate) place: u32,
    /// Which row came after this one in the last packet that told it.
    pub(crate) hint: u32,
    length: u8,
    flags: u8,
    source: u16,
    best: u16,
    told: u16,
    /// The neighbour that told of the range before anybody else.
    by: u16,
    /// The metric of the route in use.
    pub(crate) metric: Metric,
    /// The metric as last put in the journal: what neighbours are told while it is not lower
    /// than the true one.
    pub(crate) out: Metric,
    fd_seqno: Seqno,
    fd_metric: Metric,
    fd_stamp: Stamp,
}

impl Row {
    const VOID: Self = Self {
        bits: [0; 16],
        fd_router: Router::NONE,
        router: Router::NONE,
        place: u32::MAX,
        hint: 0,
        length: 0,
        flags: 0,
        source: 0,
        best: NOBODY,
        told: NOBODY,
        by: NOBODY,
        metric: Metric::INFINITE,
        out: Metric::INFINITE,
        fd_seqno: Seqno(0),
        fd_metric: Metric::INFINITE,
        fd_stamp: Stamp(0),
    };

    /// It waits to be settled with the world.
    pub(crate) const TOUCHED: u8 = 1;
    /// No shorter range may take its packets yet.
    pub(crate) const HELD: u8 = 2;
    /// It is on the list of those that are looked at again soon.
    pub(crate) const RESTLESS: u8 = 4;
    /// A better route was there when it was last looked at.
    pub(crate) const TEMPTED: u8 = 8;
    /// Its metric had left the one announced when it was last looked at.
    pub(crate) const DRIFTED: u8 = 16;
    /// Its next hop's address may have changed.
    pub(crate) const MOVED: u8 = 32;
    /// It is in use; others are free for a new range.
    const THERE: u8 = 64;

    pub(crate) const fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Sets a flag or not; returns whether it was set.
    pub(crate) const fn set(&mut self, flag: u8, on: bool) -> bool {
        let was = self.flags & flag != 0;
        self.flags = if on { self.flags | flag } else { self.flags & !flag };
        was
    }

    #[inline]
    pub(crate) const fn best(&self) -> Best {
        match self.best {
            NOBODY => Best::None,
            US => Best::Ours,
            slot => Best::Through(Slot(slot)),
        }
    }

    /// Selects a route, and notes its metric.
    pub(crate) const fn select(&mut self, best: Best, metric: Metric) {
        self.best = match best {
            Best::None => NOBODY,
            Best::Ours => US,
            Best::Through(slot) => slot.0,
        };
        self.metric = metric;
    }

    #[inline]
    pub(crate) const fn told(&self) -> Told {
        match self.told {
            NOBODY => Told::Gone,
            US => Told::Unreachable,
            slot => Told::Through(Slot(slot)),
        }
    }

    pub(crate) const fn tell(&mut self, told: Told) {
        self.told = match told {
            Told::Gone => NOBODY,
            Told::Unreachable => US,
            Told::Through(slot) => slot.0,
        };
    }

    /// Returns which neighbour, if it is still there, the row is there for.
    pub(crate) const fn brought_by(&self) -> Option<Slot> {
        if self.by == NOBODY { None } else { Some(Slot(self.by)) }
    }

    /// Notes which neighbour the row is there for.
    pub(crate) const fn bring(&mut self, by: Option<Slot>) {
        self.by = match by {
            Some(slot) => slot.0,
            None => NOBODY,
        };
    }

    /// Returns the router whose source is in the row, with what is remembered of it.
    #[inline]
    pub(crate) fn source(&self) -> Option<(Router, Source)> {
        let distance = Distance { seqno: self.fd_seqno, metric: self.fd_metric };
        let source = Source { distance, announced: self.fd_stamp };
        (self.fd_router != Router::NONE).then_some((self.fd_router, source))
    }

    /// Puts a source into the row, or none; returns the one that was there.
    pub(crate) fn put_source(&mut self, put: Option<(Router, Source)>) -> Option<(Router, Source)> {
        let before = self.source();
        self.fd_router = put.map_or(Router::NONE, |(router, _)| router);
        if let Some((_, Source { distance, announced })) = put {
            (self.fd_seqno, self.fd_metric) = (distance.seqno, distance.metric);
            self.fd_stamp = announced;
        }
        before
    }

    fn renumber(&mut self, new: &impl Fn(Router) -> Router) {
        self.fd_router = new(self.fd_router);
        self.router = new(self.router);
    }
}

/// All ranges that are known.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    all: Vec<Row>,
    index: HashTable<u32>,
    key: u64,
    free: Vec<u32>,
    /// The ranges of senders, seldom any: the first is everybody.
    sources: Vec<Prefix>,
    /// Rows in the order of their keys, unless new ones came since.
    order: Vec<RowId>,
    is_ordered: bool,
}

impl Rows {
    /// Returns no rows, whose index nobody can foresee who does not know `key`.
    pub(crate) fn new(key: u64) -> Self {
        Self {
            all: Vec::new(),
            index: HashTable::new(),
            key,
            free: Vec::new(),
            sources: [Prefix::ALL].into(),
            order: Vec::new(),
            is_ordered: true,
        }
    }

    /// Returns the row; an empty one for a number that is not in use.
    #[inline]
    pub(crate) fn get(&self, row: RowId) -> &Row {
        self.all.get(row.0 as usize).unwrap_or(&Row::VOID)
    }

    /// Returns the row, to change it.
    #[inline]
    pub(crate) fn get_mut(&mut self, row: RowId) -> Option<&mut Row> {
        self.all.get_mut(row.0 as usize)
    }

    /// Notes which row followed which in what a neighbour tells.
    #[inline]
    pub(crate) fn follow(&mut self, before: RowId, row: RowId) {
        if let Some(before) = self.get_mut(before)
            && before.hint != row.0
        {
            before.hint = row.0;
        }
    }

    /// Returns what the row is about.
    pub(crate) fn key(&self, row: RowId) -> Key {
        let row = self.get(row);
        let source = self.sources.get(usize::from(row.source)).copied();
        Key {
            prefix: Prefix::new(u128::from_be_bytes(row.bits), row.length),
            source: source.unwrap_or(Prefix::ALL),
        }
    }

    /// Returns the row of a key. Quick if it is the one that `hint` foretells.
    #[inline]
    pub(crate) fn find(&self, key: Key, hint: RowId) -> Option<RowId> {
        let source = self.source(key.source)?;
        let foretold = RowId(self.get(hint).hint);
        if self.is_of(foretold.0, key.prefix, source) {
            return Some(foretold);
        }
        let hash = self.hash(key.prefix, source);
        let found = self.index.find(hash, |row| self.is_of(*row, key.prefix, source));
        found.copied().map(RowId)
    }

    /// Returns the row of a key, which it gets if it has none; `None` if there are too many.
    pub(crate) fn intern(&mut self, key: Key) -> Option<RowId> {
        if let Some(row) = self.find(key, RowId(0)) {
            return Some(row);
        }
        let source = self.intern_source(key.source)?;
        let number = match self.free.pop() {
            Some(number) => number,
            None => u32::try_from(self.all.len()).ok()?,
        };
        let (bits, length) = (key.prefix.bits().to_be_bytes(), key.prefix.length());
        let flags = Row::THERE;
        let row = Row { bits, length, source, flags, hint: number, ..Row::VOID };
        match self.all.get_mut(number as usize) {
            Some(place) => *place = row,
            None => grow(&mut self.all, number as usize, row),
        }
        let hash = self.hash(key.prefix, source);
        let Self { all: rows, index, key, .. } = self;
        index.insert_unique(hash, number, |row| rehash(*key, rows, *row));
        self.is_ordered = false;
        Some(RowId(number))
    }

    /// Forgets a row. Nothing may name it any more.
    pub(crate) fn free(&mut self, row: RowId) {
        let it = *self.get(row);
        if !it.is(Row::THERE) {
            return;
        }
        let hash = rehash(self.key, &self.all, row.0);
        if let Ok(entry) = self.index.find_entry(hash, |number| *number == row.0) {
            entry.remove();
        }
        if let Some(place) = self.all.get_mut(row.0 as usize) {
            *place = Row::VOID;
        }
        self.free.push(row.0);
        self.is_ordered = false;
    }

    /// Returns the numbers of all rows, in the order of numbers.
    pub(crate) fn ids(&self) -> impl Iterator<Item = RowId> + use<'_> {
        let there = (0..).zip(&self.all).filter(|(_, row)| row.is(Row::THERE));
        there.map(|(number, _)| RowId(number))
    }

    /// Returns one more than the highest number of a row.
    pub(crate) fn end(&self) -> u32 {
        u32::try_from(self.all.len()).unwrap_or(u32::MAX)
    }

    /// Returns how many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len() - self.free.len()
    }

    /// Brings the rows in the order of their keys.
    pub(crate) fn sort(&mut self) {
        if self.is_ordered {
            return;
        }
        let mut order = Vec::with_capacity(self.len());
        order.extend(self.ids());
        order.sort_unstable_by_key(|row| self.key(*row));
        self.order = order;
        self.is_ordered = true;
    }

    /// Returns the rows after `after` in the order of their keys, as they were last sorted.
    pub(crate) fn after(&self, after: Option<Key>) -> &[RowId] {
        let before = |row: &RowId| after.is_some_and(|after| self.key(*row) <= after);
        let start = self.order.partition_point(before);
        self.order.get(start..).unwrap_or(&[])
    }

    /// Returns the rows of all ranges inside this one, itself included, whatever their senders.
    pub(crate) fn inside(&self, range: Key) -> Vec<RowId> {
        self.ids().filter(|row| range.covers(self.key(*row))).collect()
    }

    /// Forgets who told of ranges first where that was this neighbour, which is gone.
    pub(crate) fn part_from(&mut self, slot: Slot) {
        for row in &mut self.all {
            if row.brought_by() == Some(slot) {
                row.bring(None);
            }
        }
    }

    /// Notes the routers that are named here.
    pub(crate) fn mark(&self, used: &mut [bool]) {
        for router in self.all.iter().flat_map(|row| [row.fd_router, row.router]) {
            if let Some(used) = used.get_mut(router.0 as usize) {
                *used = true;
            }
        }
    }

    /// Gives the routers their new numbers.
    pub(crate) fn renumber(&mut self, new: impl Fn(Router) -> Router) {
        self.all.iter_mut().for_each(|row| row.renumber(&new));
    }

    #[inline]
    fn is_of(&self, row: u32, prefix: Prefix, source: u16) -> bool {
        self.all.get(row as usize).is_some_and(|row| {
            row.length == prefix.length()
                && row.source == source
                && row.is(Row::THERE)
                && row.bits == prefix.bits().to_be_bytes()
        })
    }

    #[inline]
    fn source(&self, source: Prefix) -> Option<u16> {
        let number = self.sources.iter().position(|it| *it == source)?;
        u16::try_from(number).ok()
    }

    /// Returns the number of a range of senders; `None` if there are too many.
    fn intern_source(&mut self, source: Prefix) -> Option<u16> {
        if let Some(number) = self.source(source) {
            return Some(number);
        }
        if self.sources.len() >= usize::from(MAX_SOURCES) {
            self.drop_sources();
        }
        let number = u16::try_from(self.sources.len()).ok().filter(|it| *it < MAX_SOURCES)?;
        self.sources.push(source);
        Some(number)
    }

    /// Forgets ranges of senders that no row has.
    fn drop_sources(&mut self) {
        let mut numbers = BTreeMap::from([(0, 0)]);
        let mut kept = alloc::vec![Prefix::ALL];
        let ids: Vec<RowId> = self.ids().collect();
        for row in ids {
            let source = self.get(row).source;
            let prefix = self.key(row).source;
            let number = *numbers.entry(source).or_insert_with(|| {
                kept.push(prefix);
                u16::try_from(kept.len() - 1).unwrap_or(0)
            });
            if let Some(row) = self.all.get_mut(row.0 as usize) {
                row.source = number;
            }
        }
        self.sources = kept;
        let Self { all: rows, index, key, .. } = self;
        let all: Vec<u32> = index.drain().collect();
        for row in all {
            index.insert_unique(rehash(*key, rows, row), row, |row| rehash(*key, rows, *row));
        }
    }

    fn hash(&self, prefix: Prefix, source: u16) -> u64 {
        hash_of(self.key, prefix.bits().to_be_bytes(), prefix.length(), source)
    }
}

fn rehash(key: u64, rows: &[Row], row: u32) -> u64 {
    let row = rows.get(row as usize).unwrap_or(&Row::VOID);
    hash_of(key, row.bits, row.length, row.source)
}

fn hash_of(key: u64, bits: [u8; 16], length: u8, source: u16) -> u64 {
    let [s0, s1] = source.to_be_bytes();
    hash(hash(key, &bits), &[length, s0, s1])
}

const NOBODY: u16 = 0xffff;
const US: u16 = 0xfffe;
/// Ranges of senders that are known at most at the same time.
const MAX_SOURCES: u16 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u128) -> Key {
        Key::to(Prefix::new((0xfd00 << 112) | (n << 64), 64))
    }

    #[test]
    fn a_row_is_small() {
        assert!(size_of::<Row>() <= 56, "{}", size_of::<Row>());
    }

    #[test]
    fn a_range_is_found_by_hint_and_by_hash_until_it_is_freed() {
        let mut rows = Rows::new(3);
        let ids: Vec<RowId> = (0..1000).map(|n| rows.intern(key(n)).unwrap()).collect();
        assert_eq!(rows.find(key(77), RowId(0)), Some(ids[77]));
        rows.get_mut(ids[5]).unwrap().hint = ids[6].0;
        assert_eq!(rows.find(key(6), ids[5]), Some(ids[6]));
        rows.free(ids[77]);
        assert_eq!((rows.find(key(77), RowId(0)), rows.len()), (None, 999));
        assert_eq!(rows.intern(key(5000)), Some(ids[77]));
        rows.sort();
        let after: Vec<Key> = rows.after(Some(key(998))).iter().map(|row| rows.key(*row)).collect();
        assert_eq!(after, [key(999), key(5000)]);
    }

    #[test]
    fn ranges_of_senders_come_and_go() {
        let mut rows = Rows::new(3);
        let specific = |n: u128| Key::from_to(Prefix::new(n << 64, 64), key(1).prefix);
        let kept = rows.intern(specific(1)).unwrap();
        for n in 2..10_000 {
            let row = rows.intern(specific(n)).unwrap();
            rows.free(row);
        }
        assert_eq!(rows.find(specific(1), RowId(0)), Some(kept));
        assert_eq!(rows.key(kept), specific(1));
        assert_eq!(rows.find(key(1), RowId(0)), None);
    }
}
