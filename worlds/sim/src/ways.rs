//! Where packets go next: what routing has told the nodes, or the chart itself.

use std::cell::RefCell;
use std::rc::Rc;

use words::LinkId;
use words::routing::Range;

use crate::chart::Chart;
use crate::oracle::{name, number};

/// Where packets go next.
#[derive(Debug)]
pub(crate) enum Ways {
    /// As on the chart of the oracle.
    Chart(Rc<RefCell<Chart>>),
    /// As each node's routing has told its world.
    Tables(Tables),
}

/// The forwarding tables of all nodes, one after the other.
#[derive(Debug)]
pub(crate) struct Tables {
    nodes: usize,
    links: Vec<LinkId>,
}

/// No link has this name: it would be the last that somebody else opens.
const NOWHERE: LinkId = LinkId::theirs(u32::MAX);

impl Tables {
    /// Returns the tables of so many nodes, empty.
    pub(crate) fn new(nodes: usize) -> Self {
        Self { nodes, links: vec![NOWHERE; nodes * nodes] }
    }

    fn set(&mut self, node: usize, range: Range, link: Option<LinkId>) {
        let to = number(range.to.bits()).filter(|to| *to < self.nodes);
        let Some(to) = to.filter(|to| range == name(*to).0.into()) else { return };
        if let Some(place) = self.links.get_mut(node * self.nodes + to) {
            *place = link.unwrap_or(NOWHERE);
        }
    }

    fn get(&self, node: usize, to: usize) -> Option<LinkId> {
        self.links.get(node * self.nodes + to).copied().filter(|link| *link != NOWHERE)
    }

    fn clear(&mut self, node: usize) {
        let row = self.links.iter_mut().skip(node * self.nodes).take(self.nodes);
        row.for_each(|link| *link = NOWHERE);
    }
}

impl Ways {
    /// Routing of `node` says where packets for `range` go, which is of one node.
    pub(crate) fn set(&mut self, node: usize, range: Range, link: Option<LinkId>) {
        match self {
            Self::Tables(tables) => tables.set(node, range, link),
            Self::Chart(_) => {}
        }
    }

    /// A node died, and its table with it.
    pub(crate) fn clear(&mut self, node: usize) {
        match self {
            Self::Tables(tables) => tables.clear(node),
            Self::Chart(_) => {}
        }
    }

    /// Returns where a packet at `node` for `to` goes next; `peer` names the other end of a link.
    pub(crate) fn next(
        &self,
        node: usize,
        to: usize,
        peer: impl Fn(LinkId) -> Option<usize>,
    ) -> Option<usize> {
        match self {
            Self::Chart(chart) => chart.borrow().next(node, to),
            Self::Tables(tables) => tables.get(node, to).and_then(peer),
        }
    }

    /// Returns the chart, if there is one.
    pub(crate) const fn chart(&self) -> Option<&Rc<RefCell<Chart>>> {
        match self {
            Self::Chart(chart) => Some(chart),
            Self::Tables(_) => None,
        }
    }
}
