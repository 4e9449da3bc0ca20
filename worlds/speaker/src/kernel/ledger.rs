//! Routes, wanted and installed, in fifty octets a range: the ranges are many, the ways few.

use std::collections::{BTreeMap, HashMap};

use babel::Key;
use linux::{KernelRoute, Via};
use std::net::IpAddr;
use words::Prefix;

use super::Slot;

/// The routes of one table, wanted and installed.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    table: u32,
    ranges: HashMap<Packed, Range>,
    /// Installed routes besides the one in its range's line: of another metric, seldom any.
    more: BTreeMap<Slot, Line>,
    ways: Vec<Way>,
    installed: usize,
}

/// A key, without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Packed([u8; 16], u8, [u8; 16], u8);

/// A route, but for its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    metric: u32,
    way: u16,
}

#[derive(Clone, Copy, Debug, Default)]
struct Range {
    wanted: Option<Line>,
    installed: Option<Line>,
}

/// What many routes have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// Notes which route is wanted to a range; `None` for none.
    pub(super) fn want(&mut self, key: Key, route: Option<&KernelRoute>) {
        match route.and_then(|route| self.line(route)) {
            None => {
                if let Some(range) = self.ranges.get_mut(&pack(key)) {
                    range.wanted = None;
                    self.tidy(key);
                }
            }
            wanted => self.ranges.entry(pack(key)).or_default().wanted = wanted,
        }
    }

    /// Returns the route that is wanted to a range.
    pub(super) fn wanted(&self, key: Key) -> Option<KernelRoute> {
        self.route(key, self.ranges.get(&pack(key))?.wanted?)
    }

    /// Tells whether just the route that is wanted is installed: the usual case, at a glance.
    pub(super) fn is_settled(&self, key: Key) -> bool {
        let range = self.ranges.get(&pack(key)).copied().unwrap_or_default();
        range.wanted == range.installed && self.more.is_empty()
    }

    /// Returns the route that is wanted to a range where none is installed, at a glance; `None`
    /// in any other case.
    pub(super) fn missing(&self, key: Key) -> Option<KernelRoute> {
        let range = self.ranges.get(&pack(key))?;
        let bare = range.installed.is_none() && self.more.is_empty();
        self.route(key, range.wanted.filter(|_| bare)?)
    }

    /// Returns all ranges to which a route is wanted.
    pub(super) fn all_wanted(&self) -> Vec<Key> {
        let wanted = self.ranges.iter().filter(|(_, range)| range.wanted.is_some());
        wanted.map(|(key, _)| unpack(*key)).collect()
    }

    /// Notes that no route is wanted any more.
    pub(super) fn want_nothing(&mut self) {
        self.ranges.values_mut().for_each(|range| range.wanted = None);
        self.ranges.retain(|_, range| range.installed.is_some());
    }

    /// Notes that a route is installed.
    pub(super) fn put(&mut self, slot: Slot, route: &KernelRoute) {
        let Some(line) = self.line(route) else { return };
        let range = self.ranges.entry(pack(slot.key)).or_default();
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
        if let Some(range) = self.ranges.get_mut(&pack(slot.key))
            && range.installed.is_some_and(|line| line.metric == slot.metric)
        {
            range.installed = None;
            was = true;
        }
        self.installed -= usize::from(was);
        self.tidy(slot.key);
        was
    }

    /// Returns the route that is installed there.
    pub(super) fn installed_at(&self, slot: Slot) -> Option<KernelRoute> {
        let in_line = self.ranges.get(&pack(slot.key)).and_then(|range| range.installed);
        let line = in_line.filter(|line| line.metric == slot.metric);
        self.route(slot.key, line.or_else(|| self.more.get(&slot).copied())?)
    }

    /// Returns all routes that are installed to a range.
    pub(super) fn installed_to(&self, key: Key) -> Vec<(Slot, KernelRoute)> {
        let in_line = self.ranges.get(&pack(key)).and_then(|range| range.installed);
        let more = (!self.more.is_empty()).then(|| self.more.range(super::slots(key)));
        let more = more.into_iter().flatten().map(|(_, line)| *line);
        let lines = in_line.into_iter().chain(more);
        let entry = |line: Line| Some((Slot { key, metric: line.metric }, self.route(key, line)?));
        lines.filter_map(entry).collect()
    }

    /// Returns all ranges to which routes are installed.
    pub(super) fn all_installed(&self) -> Vec<Key> {
        let there = self.ranges.iter().filter(|(_, range)| range.installed.is_some());
        there.map(|(key, _)| unpack(*key)).chain(self.more.keys().map(|slot| slot.key)).collect()
    }

    /// Forgets what is installed.
    pub(super) fn forget_installed(&mut self) {
        self.ranges.values_mut().for_each(|range| range.installed = None);
        self.ranges.retain(|_, range| range.wanted.is_some());
        self.more.clear();
        self.installed = 0;
    }

    /// Returns how many routes are installed.
    pub(super) const fn installed(&self) -> usize {
        self.installed
    }

    fn tidy(&mut self, key: Key) {
        let empty = |range: &Range| range.wanted.is_none() && range.installed.is_none();
        if self.ranges.get(&pack(key)).is_some_and(empty) {
            self.ranges.remove(&pack(key));
        }
    }

    /// Returns the line of a route; `None` if there are far too many ways.
    fn line(&mut self, route: &KernelRoute) -> Option<Line> {
        let KernelRoute { via, protocol, preferred_source, metric, .. } = *route;
        let way = Way { via, protocol, preferred_source };
        let known = self.ways.iter().position(|it| *it == way);
        let number = known.unwrap_or_else(|| {
            if self.ways.len() >= MANY {
                self.drop_ways();
            }
            self.ways.push(way);
            self.ways.len() - 1
        });
        Some(Line { metric, way: u16::try_from(number).ok()? })
    }

    /// Forgets the ways that no route takes.
    fn drop_ways(&mut self) {
        let before = std::mem::take(&mut self.ways);
        let mut numbers = BTreeMap::new();
        let in_ranges =
            self.ranges.values_mut().flat_map(|range| [&mut range.wanted, &mut range.installed]);
        for line in in_ranges.flatten().chain(self.more.values_mut()) {
            line.way = *numbers.entry(line.way).or_insert_with(|| {
                self.ways.extend(before.get(usize::from(line.way)).cloned());
                u16::try_from(self.ways.len() - 1).unwrap_or(u16::MAX)
            });
        }
    }

    fn route(&self, key: Key, line: Line) -> Option<KernelRoute> {
        let Way { via, protocol, preferred_source } = self.ways.get(usize::from(line.way))?.clone();
        let (to, from, table, metric) = (key.prefix, key.source, self.table, line.metric);
        Some(KernelRoute { to, from, via, table, metric, protocol, preferred_source })
    }
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
        assert!(size_of::<Packed>() + size_of::<Range>() <= 60);
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
        assert!(ledger.all_wanted().is_empty() && ledger.ranges.is_empty());
    }
}
