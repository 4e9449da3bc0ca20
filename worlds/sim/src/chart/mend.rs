//! Mending the paths after one link changed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Cell, Chart, FAR, NONE};
use crate::number::small;

/// Room that every mending uses anew.
#[derive(Debug)]
pub(super) struct Scratch {
    /// In which mending a node was last found to have lost its path.
    lost: Vec<u32>,
    mending: u32,
    queue: BinaryHeap<Reverse<(u32, u32)>>,
    list: Vec<u32>,
}

impl Scratch {
    pub(super) fn new(nodes: usize) -> Self {
        Self { lost: vec![0; nodes], mending: 0, queue: BinaryHeap::new(), list: Vec::new() }
    }

    fn begin(&mut self) {
        if self.mending == u32::MAX {
            self.lost.fill(0);
            self.mending = 0;
        }
        self.mending += 1;
        self.list.clear();
        self.queue.clear();
    }

    /// Notes that `node` has lost its path; returns whether that is news.
    fn lose(&mut self, node: usize) -> bool {
        let Some(lost) = self.lost.get_mut(node) else { return false };
        let news = *lost != self.mending;
        *lost = self.mending;
        if news {
            self.list.push(small(node));
        }
        news
    }

    fn has_lost(&self, node: usize) -> bool {
        self.lost.get(node) == Some(&self.mending)
    }
}

impl Chart {
    /// A link is new: whoever is nearer through it goes through it.
    pub(super) fn shorten(&mut self, number: u32) {
        let Some(edge) = self.edges.get(number as usize) else { return };
        let (a, b, cost) = (edge.at(0), edge.at(1), edge.cost());
        for to in 0..self.names.len() {
            let (from_a, from_b) = (self.cell(a, to).distance, self.cell(b, to).distance);
            let (node, distance) = if from_a.saturating_add(cost) < from_b {
                (b, from_a + cost)
            } else if from_b.saturating_add(cost) < from_a {
                (a, from_b + cost)
            } else {
                continue;
            };
            let mut scratch = std::mem::replace(&mut self.scratch, Scratch::new(0));
            scratch.begin();
            self.set(node, to, Cell { distance, via: number });
            scratch.queue.push(Reverse((distance, small(node))));
            self.spread(to, &mut scratch);
            self.scratch = scratch;
        }
    }

    /// A link is worse or gone: who went through it finds another way.
    pub(super) fn lengthen(&mut self, number: u32) {
        for end in self.both_ends(number) {
            for to in 0..self.names.len() {
                if self.cell(end, to).via == number {
                    self.detour(end, to);
                }
            }
        }
    }

    /// Finds new paths to `to` for `root`, and for all whose path led through it.
    fn detour(&mut self, root: usize, to: usize) {
        let mut scratch = std::mem::replace(&mut self.scratch, Scratch::new(0));
        scratch.begin();
        scratch.lose(root);
        let mut seen = 0;
        while let Some(node) = scratch.list.get(seen).map(|node| *node as usize) {
            seen += 1;
            for hop in self.near.get(node).into_iter().flatten() {
                if self.cell(hop.to as usize, to).via == hop.edge {
                    scratch.lose(hop.to as usize);
                }
            }
        }
        for index in 0..scratch.list.len() {
            let Some(node) = scratch.list.get(index).map(|node| *node as usize) else { break };
            let best = self.best(node, to, &scratch);
            self.set(node, to, best);
            if best.distance != FAR {
                scratch.queue.push(Reverse((best.distance, small(node))));
            }
        }
        self.spread(to, &mut scratch);
        self.scratch = scratch;
    }

    /// Returns the best way to `to` through a neighbour that has not lost its own.
    fn best(&self, node: usize, to: usize, scratch: &Scratch) -> Cell {
        let mut best = Cell::FAR;
        for hop in self.near.get(node).into_iter().flatten() {
            let next = hop.to as usize;
            if scratch.has_lost(next) {
                continue;
            }
            let distance = self.cell(next, to).distance.saturating_add(hop.cost);
            if distance < best.distance {
                best = Cell { distance, via: hop.edge };
            }
        }
        best
    }

    /// Tells neighbours of those in the queue, as long as it makes them nearer.
    fn spread(&mut self, to: usize, scratch: &mut Scratch) {
        while let Some(Reverse((distance, node))) = scratch.queue.pop() {
            let node = node as usize;
            if self.cell(node, to).distance != distance {
                continue;
            }
            for index in 0.. {
                let hop = self.near.get(node).and_then(|near| near.get(index)).copied();
                let Some(hop) = hop else { break };
                let (next, distance) = (hop.to as usize, distance.saturating_add(hop.cost));
                if distance < self.cell(next, to).distance {
                    self.set(next, to, Cell { distance, via: hop.edge });
                    scratch.queue.push(Reverse((distance, hop.to)));
                }
            }
        }
    }

    /// Writes a cell, and notes whom it is news to.
    fn set(&mut self, node: usize, to: usize, cell: Cell) {
        let at = node * self.names.len() + to;
        let Some(place) = self.cells.get_mut(at) else { return };
        let before = std::mem::replace(place, cell);
        if before.via == cell.via {
            return;
        }
        self.count(node, before.via, false);
        self.count(node, cell.via, true);
        if before.via == NONE || cell.via == NONE {
            self.flipped(node, to);
        }
    }

    /// One path more or less leads through a link.
    fn count(&mut self, node: usize, number: u32, more: bool) {
        let Some(edge) = self.edges.get_mut(number as usize) else { return };
        let shunned = edge.shunned;
        let Some(end) = edge.end_mut(node) else { return };
        end.uses = if more { end.uses + 1 } else { end.uses.saturating_sub(1) };
        if !std::mem::replace(&mut end.stale, true) {
            self.note(node, number);
        }
        if shunned {
            self.hurry(node);
        }
    }
}
