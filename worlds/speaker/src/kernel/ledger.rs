//! Routes, wanted and installed, in fifty octets a range: the ranges are many, the ways few.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;
use std::num::NonZeroU16;

use babel::Key;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use linux::{KernelRoute, Via};
use words::Prefix;

use super::Slot;

/// The routes of one table, wanted and installed.
///
/// Ranges have lines in the order in which they came, which is that in which the kernel is told
/// of them: what is done next lies next to what was done last.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    table: u32,
    ranges: Vec<Range>,
    /// The numbers of the lines, by key.
    index: HashTable<u32>,
    /// The numbers of the lines that are free.
    free: Vec<u32>,
    hasher: RandomState,
    /// Installed routes besides the one in its range's line: of another metric, seldom any.
    more: BTreeMap<Slot, Line>,
    ways: Vec<Way>,
    /// The way that was looked for last: the next route often goes there too.
    latest: usize,
    installed: usize,
}

/// A range, by the number of its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(u32);

/// A key, without gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Packed([u8; 16], u8, [u8; 16], u8);

/// A route, but for its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    metric: u32,
    /// One more than the place of its way.
    way: NonZeroU16,
}

/// What is known of one range.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Range {
    key: Packed,
    /// The line is in use.
    there: bool,
    /// It waits to be looked at.
    queued: bool,
    wanted: Option<Line>,
    installed: Option<Line>,
}

/// What many routes have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Way {
    via: Via,
    protocol: u8,
    preferred_source: Option<IpAddr>,
}

impl Ledger {
    /// Returns an empty ledger of `table`.
    pub(super) fn of(table: u32) -> Self {
        Self { table, ..Self::default() }
    }

    /// Notes which route is wanted to a range, `None` for none, and that the range waits to be
    /// looked at; returns its number if it did not yet.
    pub(super) fn want(&mut self, key: Key, route: Option<&KernelRoute>) -> Option<Number> {
        let wanted = route.and_then(|route| self.line(route));
        let (number, range) = self.range_mut(key)?;
        range.wanted = wanted;
        (!std::mem::replace(&mut range.queued, true)).then_some(number)
    }

    /// Notes that a range waits to be looked at; returns its number if it did not yet.
    pub(super) fn enqueue(&mut self, key: Key) -> Option<Number> {
        let (number, range) = self.range_mut(key)?;
        (!std::mem::replace(&mut range.queued, true)).then_some(number)
    }

    /// Looks at a range that waited.
    pub(super) fn dequeue(&mut self, Number(number): Number) -> (Key, Range) {
        let Some(range) = self.ranges.get_mut(number as usize) else {
            return (unpack(Packed::default()), Range::default());
        };
        range.queued = false;
        let it = *range;
        self.tidy(number);
        (unpack(it.key), it)
    }

    /// Returns the route that is wanted to a range.
    pub(super) fn wanted(&self, key: Key) -> Option<KernelRoute> {
        self.route(key, self.range(key)?.wanted?)
    }

    /// Tells whether just the route that is wanted is installed: the usual case, at a glance.
    pub(super) fn is_settled(&self, range: Range) -> bool {
        range.wanted == range.installed && self.more.is_empty()
    }

    /// Returns the route that is wanted to a range where none is installed, at a glance; `None`
    /// in any other case.
    pub(super) fn missing(&self, key: Key, range: Range) -> Option<KernelRoute> {
        let bare = range.installed.is_none() && self.more.is_empty();
        self.route(key, range.wanted.filter(|_| bare)?)
    }

    /// Returns all ranges to which a route is wanted.
    pub(super) fn all_wanted(&self) -> Vec<Key> {
        let wanted = self.ranges.iter().filter(|range| range.wanted.is_some());
        wanted.map(|range| unpack(range.key)).collect()
    }

    /// Notes that no route is wanted any more.
    pub(super) fn want_nothing(&mut self) {
        self.ranges.iter_mut().for_each(|range| range.wanted = None);
        self.tidy_all();
    }

    /// Notes that a route is installed.
    pub(super) fn put(&mut self, slot: Slot, route: &KernelRoute) {
        if let Some((number, _)) = self.range_mut(slot.key) {
            self.put_at(number, slot, route);
        }
    }

    /// Notes that a route is installed to the range of this number.
    pub(super) fn put_at(&mut self, Number(number): Number, slot: Slot, route: &KernelRoute) {
        let Some(line) = self.line(route) else { return };
        let Some(range) = self.ranges.get_mut(number as usize) else { return };
        let is_there = match range.installed {
            Some(other) if other.metric != slot.metric => self.more.insert(slot, line).is_some(),
            before => {
                range.installed = Some(line);
                before.is_some()
            }
        };
        self.installed += usize::from(!is_there);
    }

    /// Notes that no route is installed there; returns whether one was.
    pub(super) fn remove(&mut self, slot: Slot) -> bool {
        let mut was = self.more.remove(&slot).is_some();
        if let Some(number) = self.find(pack(slot.key))
            && let Some(range) = self.ranges.get_mut(number as usize)
            && range.installed.is_some_and(|line| line.metric == slot.metric)
        {
            range.installed = None;
            was = true;
            self.tidy(number);
        }
        self.installed -= usize::from(was);
        was
    }

    /// Returns the route that is installed there.
    pub(super) fn installed_at(&self, slot: Slot) -> Option<KernelRoute> {
        let in_line = self.range(slot.key).and_then(|range| range.installed);
        let line = in_line.filter(|line| line.metric == slot.metric);
        self.route(slot.key, line.or_else(|| self.more.get(&slot).copied())?)
    }

    /// Returns all routes that are installed to a range.
    pub(super) fn installed_to(&self, key: Key) -> Vec<(Slot, KernelRoute)> {
        let in_line = self.range(key).and_then(|range| range.installed);
        let more = (!self.more.is_empty()).then(|| self.more.range(super::slots(key)));
        let more = more.into_iter().flatten().map(|(_, line)| *line);
        let lines = in_line.into_iter().chain(more);
        let entry = |line: Line| Some((Slot { key, metric: line.metric }, self.route(key, line)?));
        lines.filter_map(entry).collect()
    }

    /// Returns all ranges to which routes are installed.
    pub(super) fn all_installed(&self) -> Vec<Key> {
        let there = self.ranges.iter().filter(|range| range.installed.is_some());
        there.map(|range| unpack(range.key)).chain(self.more.keys().map(|slot| slot.key)).collect()
    }

    /// Forgets what is installed.
    pub(super) fn forget_installed(&mut self) {
        self.ranges.iter_mut().for_each(|range| range.installed = None);
        self.tidy_all();
        self.more.clear();
        self.installed = 0;
    }

    /// Returns how many routes are installed.
    pub(super) const fn installed(&self) -> usize {
        self.installed
    }

    fn range(&self, key: Key) -> Option<&Range> {
        self.ranges.get(self.find(pack(key))? as usize)
    }

    fn find(&self, key: Packed) -> Option<u32> {
        let same = |number: &u32| self.ranges.get(*number as usize).is_some_and(|it| it.key == key);
        self.index.find(hash(&self.hasher, key), same).copied()
    }

    /// Returns the line of a range, which it gets if it has none; `None` if there are 2^32.
    fn range_mut(&mut self, key: Key) -> Option<(Number, &mut Range)> {
        let key = pack(key);
        let number = match self.find(key) {
            Some(number) => number,
            None => self.enter(key)?,
        };
        Some((Number(number), self.ranges.get_mut(number as usize)?))
    }

    fn enter(&mut self, key: Packed) -> Option<u32> {
        let number = if let Some(number) = self.free.pop() {
            number
        } else {
            let number = u32::try_from(self.ranges.len()).ok()?;
            self.ranges.push(Range::default());
            number
        };
        *self.ranges.get_mut(number as usize)? = Range { key, there: true, ..Range::default() };
        let Self { ranges, index, hasher, .. } = self;
        let key_of = |number: &u32| ranges.get(*number as usize).map(|it| it.key);
        let again = |number: &u32| hash(hasher, key_of(number).unwrap_or_default());
        index.insert_unique(hash(hasher, key), number, again);
        Some(number)
    }

    /// Frees a line that says nothing.
    fn tidy(&mut self, number: u32) {
        let Some(range) = self.ranges.get_mut(number as usize).filter(|it| it.is_idle()) else {
            return;
        };
        let key = std::mem::take(range).key;
        if let Ok(entry) = self.index.find_entry(hash(&self.hasher, key), |it| *it == number) {
            entry.remove();
        }
        self.free.push(number);
    }

    fn tidy_all(&mut self) {
        for number in 0..u32::try_from(self.ranges.len()).unwrap_or(u32::MAX) {
            self.tidy(number);
        }
    }

    /// Returns the line of a route; `None` if there are far too many ways.
    fn line(&mut self, route: &KernelRoute) -> Option<Line> {
        let KernelRoute { via, protocol, preferred_source, metric, .. } = *route;
        let way = Way { via, protocol, preferred_source };
        if self.ways.get(self.latest) != Some(&way) {
            self.latest = self.place(way);
        }
        let number = u16::try_from(self.latest + 1).ok()?;
        Some(Line { metric, way: NonZeroU16::new(number)? })
    }

    /// Returns the place of a way, which it gets if it has none.
    fn place(&mut self, way: Way) -> usize {
        let known = self.ways.iter().position(|it| *it == way);
        known.unwrap_or_else(|| {
            if self.ways.len() >= MANY {
                self.drop_ways();
            }
            self.ways.push(way);
            self.ways.len() - 1
        })
    }

    /// Forgets the ways that no route takes.
    fn drop_ways(&mut self) {
        let before = std::mem::take(&mut self.ways);
        let mut numbers = BTreeMap::new();
        let in_ranges =
            self.ranges.iter_mut().flat_map(|range| [&mut range.wanted, &mut range.installed]);
        for line in in_ranges.flatten().chain(self.more.values_mut()) {
            line.way = *numbers.entry(line.way).or_insert_with(|| {
                self.ways.extend(before.get(line.place()).copied());
                u16::try_from(self.ways.len()).ok().and_then(NonZeroU16::new).unwrap_or(line.way)
            });
        }
    }

    fn route(&self, key: Key, line: Line) -> Option<KernelRoute> {
        let Way { via, protocol, preferred_source } = *self.ways.get(line.place())?;
        let (to, from, table, metric) = (key.prefix, key.source, self.table, line.metric);
        Some(KernelRoute { to, from, via, table, metric, protocol, preferred_source })
    }
}

impl Line {
    fn place(self) -> usize {
        usize::from(self.way.get()) - 1
    }
}

impl Range {
    const fn is_idle(&self) -> bool {
        self.there && self.wanted.is_none() && self.installed.is_none() && !self.queued
    }
}

fn hash(hasher: &RandomState, Packed(to, to_length, from, from_length): Packed) -> u64 {
    let mut state = hasher.build_hasher();
    state.write_u128(u128::from_ne_bytes(to));
    if from_length > 0 {
        state.write_u128(u128::from_ne_bytes(from));
    }
    state.write_u16(u16::from_ne_bytes([to_length, from_length]));
    state.finish()
}

const fn pack(key: Key) -> Packed {
    let Key { prefix, source } = key;
    let (to, from) = (prefix.bits().to_be_bytes(), source.bits().to_be_bytes());
    Packed(to, prefix.length(), from, source.length())
}

const fn unpack(Packed(to, to_length, from, from_length): Packed) -> Key {
    let source = Prefix::new(u128::from_be_bytes(from), from_length);
    Key::from_to(source, Prefix::new(u128::from_be_bytes(to), to_length))
}

/// So many ways are looked through for those out of use.
const MANY: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn route(n: u16, device: u32) -> KernelRoute {
        let to = Prefix::new(u128::from(n) << 64, 64);
        let via = Via::Hop { device, address: "fe80::2".parse().unwrap(), onlink: false };
        let (from, metric) = (Prefix::ALL, 4242);
        KernelRoute { to, from, via, table: 254, metric, protocol: 42, preferred_source: None }
    }

    #[test]
    fn a_range_takes_little_room() {
        assert!(size_of::<Range>() + size_of::<u32>() * 2 <= 60, "{}", size_of::<Range>());
    }

    #[test]
    fn ways_out_of_use_are_forgotten_and_the_others_stay() {
        let mut ledger = Ledger::of(254);
        let key = |n: u16| Key::to(route(n, 0).to);
        for device in 0..5_000 {
            let n = u16::try_from(device % 50).unwrap();
            ledger.want(key(n), Some(&route(n, device)));
        }
        assert!(ledger.ways.len() <= MANY);
        for n in 0..50 {
            assert_eq!(ledger.wanted(key(n)), Some(route(n, 4_950 + u32::from(n))));
        }
        ledger.want_nothing();
        for number in 0..50 {
            assert!(ledger.dequeue(Number(number)).1.wanted.is_none());
        }
        assert!(ledger.all_wanted().is_empty() && ledger.index.is_empty());
        assert_eq!(ledger.free.len(), ledger.ranges.len());
    }
}
