//! All links and all shortest paths, as nobody inside the mesh sees them.
//!
//! Each node's table has one cell for each destination: how far, and by which link. What
//! changes is mended where it changes (Ramalingam and Reps, "An incremental algorithm for a
//! generalization of the shortest-path problem", 1996), so that a link more or less costs what
//! it moves, and not all paths anew.

mod mend;
mod news;

use std::collections::BTreeMap;
use std::time::Duration;

use babel::{Cost, Ramp};
use words::{LinkId, Prefix};

use crate::number::small;
use mend::Scratch;
use news::Desk;

pub(crate) use news::News;

/// No link: the destination is ourselves, or out of reach.
const NONE: u32 = u32::MAX;
/// Out of reach.
const FAR: u32 = u32::MAX;

/// What shunning costs, as with Babel: more than any other charge.
const SHUNNED: u32 = Cost::SHUNNED.0 as u32;

/// All links and all paths.
#[derive(Debug)]
pub(crate) struct Chart {
    names: Vec<Prefix>,
    edges: Vec<Edge>,
    /// Edges that nobody has any more.
    spare: Vec<u32>,
    /// What each node has: its links by their names.
    ends: Vec<BTreeMap<LinkId, u32>>,
    /// The usable links of each node.
    near: Vec<Vec<Hop>>,
    /// The tables of all nodes, one after the other.
    cells: Vec<Cell>,
    desks: Vec<Desk>,
    /// Nodes that should hear their news soon.
    urgent: Vec<u32>,
    scratch: Scratch,
    /// Links of draining arrows that were taken away while paths still led through them.
    cuts: u64,
}

/// A link, with its two ends.
#[derive(Clone, Copy, Debug)]
struct Edge {
    ends: [End; 2],
    /// What its round trip costs.
    length: u32,
    shunned: bool,
    usable: bool,
}

/// One end of a link.
#[derive(Clone, Copy, Debug)]
struct End {
    node: u32,
    link: LinkId,
    up: bool,
    /// What the end has it cost besides.
    charge: u32,
    /// The end has not forgotten it.
    held: bool,
    /// How many paths lead through the link from this end.
    uses: u32,
    /// The node has not heard the latest number of uses.
    stale: bool,
}

/// A usable link, as one of its ends sees it.
#[derive(Clone, Copy, Debug)]
struct Hop {
    to: u32,
    edge: u32,
    cost: u32,
}

/// How a node reaches a destination.
#[derive(Clone, Copy, Debug)]
struct Cell {
    distance: u32,
    via: u32,
}

impl Cell {
    const FAR: Self = Self { distance: FAR, via: NONE };
}

impl Chart {
    /// Returns the chart of nodes with these prefixes and no link.
    pub(crate) fn new(names: Vec<Prefix>) -> Self {
        let count = names.len();
        let mut cells = vec![Cell::FAR; count * count];
        for cell in cells.iter_mut().step_by(count + 1) {
            cell.distance = 0;
        }
        Self {
            edges: Vec::new(),
            spare: Vec::new(),
            ends: vec![BTreeMap::new(); count],
            near: vec![Vec::new(); count],
            cells,
            desks: vec![Desk::default(); count],
            urgent: Vec::new(),
            scratch: Scratch::new(count),
            cuts: 0,
            names,
        }
    }

    /// Notes which two ends are one link, and its round trip. It is not up yet.
    pub(crate) fn tie(&mut self, ends: [(usize, LinkId); 2], round_trip: Duration) {
        let cost = Cost::NOMINAL.plus(Ramp::PLANET.cost(round_trip));
        let end = |(node, link): (usize, LinkId)| End {
            node: small(node),
            link,
            up: false,
            charge: 0,
            held: true,
            uses: 0,
            stale: false,
        };
        let [one, other] = ends;
        let edge = Edge {
            ends: [end(one), end(other)],
            length: u32::from(cost.0),
            shunned: false,
            usable: false,
        };
        let number = self.spare.pop().unwrap_or(small(self.edges.len()));
        match self.edges.get_mut(number as usize) {
            Some(spare) => *spare = edge,
            None => self.edges.push(edge),
        }
        for (node, link) in ends {
            if let Some(mine) = self.ends.get_mut(node) {
                mine.insert(link, number);
            }
        }
    }

    /// One end says that the link is up.
    pub(crate) fn up(&mut self, node: usize, link: LinkId) {
        let Some((number, edge)) = self.edge_mut(node, link) else { return };
        if let Some(end) = edge.end_mut(node) {
            end.up = true;
        }
        if !edge.usable && edge.ends.iter().all(|end| end.up && end.held) {
            edge.usable = true;
            self.open(number);
        }
    }

    /// One end takes the link away.
    pub(crate) fn down(&mut self, node: usize, link: LinkId) {
        let Some(number) = self.ends.get_mut(node).and_then(|mine| mine.remove(&link)) else {
            return;
        };
        let Some(edge) = self.edges.get_mut(number as usize) else { return };
        if let Some(end) = edge.end_mut(node) {
            end.held = false;
        }
        let (in_use, gone) = (edge.is_used(), edge.ends.iter().all(|end| !end.held));
        if std::mem::take(&mut edge.usable) {
            self.cuts += u64::from(edge.shunned && in_use);
            self.shut(number);
        }
        if gone {
            self.spare.push(number);
        }
    }

    /// One end makes the link look bad to all.
    pub(crate) fn shun(&mut self, node: usize, link: LinkId) {
        let Some((number, edge)) = self.edge_mut(node, link) else { return };
        if std::mem::replace(&mut edge.shunned, true) {
            return;
        }
        self.reprice(node, link, SHUNNED);
        // Who has none of its paths there must hear so as well.
        for at in self.both_ends(number) {
            self.hurry(at);
        }
    }

    /// One end has the link look as if a round trip over it took so much longer, to all.
    pub(crate) fn charge(&mut self, node: usize, link: LinkId, delay: Duration) {
        self.reprice(node, link, u32::from(Ramp::PLANET.charge(delay).0));
    }

    /// One end has the link cost so much besides its round trip. Of both ends, the one that
    /// asks for more prevails.
    fn reprice(&mut self, node: usize, link: LinkId, charge: u32) {
        let Some((number, edge)) = self.edge_mut(node, link) else { return };
        let before = edge.cost();
        // Who has shunned it does so for ever.
        if let Some(end) = edge.end_mut(node).filter(|end| end.charge < SHUNNED) {
            end.charge = charge;
        }
        let after = edge.cost();
        if !edge.usable || after == before {
            return;
        }
        self.price(number, after);
        if after > before {
            self.lengthen(number);
        } else {
            self.shorten(number);
        }
    }

    /// Returns where a packet at `node` for `to` goes next.
    pub(crate) fn next(&self, node: usize, to: usize) -> Option<usize> {
        let via = self.cell(node, to).via;
        Some(self.edges.get(via as usize)?.other(node))
    }

    /// Returns how many links of draining arrows were taken away while in use.
    pub(crate) const fn cuts(&self) -> u64 {
        self.cuts
    }

    fn edge_mut(&mut self, node: usize, link: LinkId) -> Option<(u32, &mut Edge)> {
        let number = *self.ends.get(node)?.get(&link)?;
        self.edges.get_mut(number as usize).map(|edge| (number, edge))
    }

    fn both_ends(&self, number: u32) -> [usize; 2] {
        let edge = self.edges.get(number as usize);
        edge.map_or([0, 0], |edge| edge.ends.map(|end| end.node as usize))
    }

    fn cell(&self, node: usize, to: usize) -> Cell {
        self.cells.get(node * self.names.len() + to).copied().unwrap_or(Cell::FAR)
    }

    /// The link can be used from now on.
    fn open(&mut self, number: u32) {
        let Some(edge) = self.edges.get(number as usize).copied() else { return };
        for [here, there] in [[0, 1], [1, 0]].map(|order| order.map(|side| edge.at(side))) {
            if let Some(near) = self.near.get_mut(here) {
                near.push(Hop { to: small(there), edge: number, cost: edge.cost() });
            }
        }
        self.shorten(number);
    }

    /// The link cannot be used any more.
    fn shut(&mut self, number: u32) {
        for node in self.both_ends(number) {
            if let Some(near) = self.near.get_mut(node) {
                near.retain(|hop| hop.edge != number);
            }
        }
        self.lengthen(number);
    }

    /// Both ends of the link look at this cost from now on.
    fn price(&mut self, number: u32, cost: u32) {
        for node in self.both_ends(number) {
            let near = self.near.get_mut(node).into_iter().flatten();
            for hop in near.filter(|hop| hop.edge == number) {
                hop.cost = cost;
            }
        }
    }
}

impl Edge {
    /// Returns what the link costs now, either way.
    fn cost(&self) -> u32 {
        let charges = self.ends.iter().map(|end| end.charge);
        self.length + charges.max().unwrap_or(0)
    }

    fn at(&self, side: usize) -> usize {
        self.ends.get(side).map_or(0, |end| end.node as usize)
    }

    fn end_mut(&mut self, node: usize) -> Option<&mut End> {
        self.ends.iter_mut().find(|end| end.node as usize == node)
    }

    fn other(&self, node: usize) -> usize {
        let [one, other] = self.ends;
        if one.node as usize == node { other.node as usize } else { one.node as usize }
    }

    fn is_used(&self) -> bool {
        self.ends.iter().any(|end| end.uses > 0)
    }
}

#[cfg(test)]
mod tests;
