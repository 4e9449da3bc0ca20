//! The forwarding tables of all nodes, as their routing tells them.

use std::collections::{BTreeMap, BTreeSet};

use order::MeshMap;
use words::routing::Range;
use words::{LinkId, NodeId, Prefix};

use crate::norder::web::Web;
use crate::number::small;

/// A prefix, as tables name it: a node by its number, and past those each range.
pub(super) type Name = u32;

/// The forwarding tables of all nodes.
#[derive(Debug)]
pub(super) struct Tables {
    ranges: BTreeMap<Prefix, Name>,
    /// How long ranges are.
    lengths: BTreeSet<u8>,
    of: Vec<Table>,
    /// To what packets may take another way than when it was last asked, if anybody asks.
    news: Option<BTreeSet<Name>>,
    /// Lines that were written for what is neither a node nor a range.
    strange: u64,
}

/// The table of one node.
#[derive(Clone, Debug, Default)]
struct Table {
    /// In order.
    lines: Vec<(Name, LinkId)>,
    /// What leads nowhere unless a line is longer.
    closed: Vec<Name>,
}

/// Where a table sends a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Through(LinkId),
    /// To a range of the node's own, in which it does not know the destination; or nowhere at all.
    Nowhere,
}

impl Tables {
    /// Returns the tables of this web's nodes, empty.
    pub(super) fn new(web: &Web) -> Self {
        let of = vec![Table::default(); web.nodes()];
        let mut tables =
            Self { ranges: BTreeMap::new(), lengths: BTreeSet::new(), of, news: None, strange: 0 };
        tables.know(&web.map);
        tables
    }

    /// Gives names to the ranges of another map; those that have one keep it.
    pub(super) fn know(&mut self, map: &MeshMap) {
        let all: BTreeSet<Prefix> = map.cuts().iter().flatten().copied().collect();
        for range in all {
            let next = small(self.of.len() + self.ranges.len());
            self.ranges.entry(range).or_insert(next);
            self.lengths.insert(range.length());
        }
    }

    /// Returns to what packets may take another way than when this was last asked; `None` the first
    /// time.
    pub(super) fn news(&mut self) -> Option<BTreeSet<Name>> {
        self.news.replace(BTreeSet::new())
    }

    /// From now on nobody asks for news.
    pub(super) fn forget_news(&mut self) {
        self.news = None;
    }

    /// One end of a link came up, or is gone: all that leads through it may go another way.
    pub(super) fn link_changed(&mut self, node: usize, link: LinkId) {
        let Some(news) = &mut self.news else { return };
        let lines = self.of.get(node).map_or(&[][..], |table| &table.lines);
        news.extend(lines.iter().filter(|(_, via)| *via == link).map(|(name, _)| *name));
    }

    /// Returns the name of a range.
    pub(super) fn range(&self, range: Prefix) -> Option<Name> {
        self.ranges.get(&range).copied()
    }

    fn name(&self, web: &Web, range: Range) -> Option<Name> {
        let plain = range == range.to.into();
        let name = || self.range(range.to).or_else(|| web.find(NodeId(range.to)).map(small));
        plain.then(name).flatten()
    }

    /// Routing of `node` says where packets for `range` go.
    pub(super) fn set(&mut self, web: &Web, node: usize, range: Range, via: Option<LinkId>) {
        let name = self.name(web, range);
        let (Some(name), Some(table)) = (name, self.of.get_mut(node)) else {
            self.strange += 1;
            return;
        };
        if let Some(news) = &mut self.news {
            news.insert(name);
        }
        match (table.lines.binary_search_by_key(&name, |(known, _)| *known), via) {
            (Ok(place), Some(link)) => {
                if let Some(line) = table.lines.get_mut(place) {
                    line.1 = link;
                }
            }
            (Ok(place), None) => drop(table.lines.remove(place)),
            (Err(place), Some(link)) => table.lines.insert(place, (name, link)),
            (Err(_), None) => {}
        }
    }

    /// These ranges lead nowhere from `node`, unless a longer one is routed.
    pub(super) fn close(&mut self, node: usize, ranges: &[Prefix]) {
        let closed: Vec<Name> = ranges.iter().filter_map(|range| self.range(*range)).collect();
        if let (Some(news), Some(table)) = (&mut self.news, self.of.get(node)) {
            news.extend(table.closed.iter().chain(&closed));
        }
        if let Some(table) = self.of.get_mut(node) {
            table.closed = closed;
        }
    }

    /// Forgets the table of a node that died.
    pub(super) fn clear(&mut self, node: usize) {
        if let Some(table) = self.of.get_mut(node) {
            *table = Table::default();
        }
    }

    /// Returns what the lines of a node's table lead to, in order.
    pub(super) fn lines(&self, node: usize) -> impl Iterator<Item = Name> {
        let lines = self.of.get(node).map_or(&[][..], |table| &table.lines);
        lines.iter().map(|(name, _)| *name)
    }

    /// Returns how many lines were written for what is neither a node nor a range.
    pub(super) const fn strange(&self) -> u64 {
        self.strange
    }

    /// Returns where `node` sends a packet, by the longest match: of the names that hold its
    /// destination, the narrowest first.
    pub(super) fn next(&self, node: usize, names: &[Name]) -> Next {
        let Some(table) = self.of.get(node) else { return Next::Nowhere };
        for name in names {
            if table.closed.contains(name) {
                return Next::Nowhere;
            }
            if let Ok(place) = table.lines.binary_search_by_key(name, |(known, _)| *known)
                && let Some((_, link)) = table.lines.get(place)
            {
                return Next::Through(*link);
            }
        }
        Next::Nowhere
    }

    /// Returns the names that hold a node, the narrowest first.
    pub(super) fn names(&self, web: &Web, node: usize) -> Vec<Name> {
        let name = web.name(node).0;
        let around = self.lengths.iter().rev().map(|length| Prefix::new(name.bits(), *length));
        let ranges = around.filter_map(|range| self.range(range));
        std::iter::once(small(node)).chain(ranges).collect()
    }
}
