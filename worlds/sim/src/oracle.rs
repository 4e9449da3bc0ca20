//! A routing protocol that knows everything: the shortest paths, at once, for free.
//!
//! It speaks the words of [`words::routing`], as Babel does, so that the very same node runs
//! on both. Each node has an [`Oracle`]; all of them look at one [`Chart`].
//!
//! What it says of paths is what a node decides by: how many lead through a link, and whether
//! a destination is reached. By which of its links is said when that begins, and not at each
//! change: the way itself is on the chart. It says so whenever it is told anything, and has its
//! world wake it if the news are about a draining link or about reach.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::rc::Rc;

use words::routing::{Input, Output};
use words::{Deadline, Engine, NodeId, Prefix, Time};

use crate::chart::{Chart, News};

/// The network of all simulations: a private /32, with room for all nodes.
pub(crate) const NETWORK: Prefix = Prefix::new(0xfd00_0042_0000_0000_0000_0000_0000_0000, 32);

/// Returns the name of the `n`th node.
pub(crate) const fn name(n: usize) -> NodeId {
    NodeId(Prefix::new(NETWORK.bits() | ((n as u128 + 1) << 64), 64))
}

/// Returns which node has this address or prefix: the inverse of [`name`].
pub(crate) fn number(bits: u128) -> Option<usize> {
    let within = (bits & !NETWORK.bits()) >> 64;
    usize::try_from(within).ok()?.checked_sub(1)
}

/// The paths of one node.
#[derive(Debug)]
pub(crate) struct Oracle {
    node: usize,
    chart: Rc<RefCell<Chart>>,
    said: VecDeque<Output>,
}

impl Oracle {
    /// Returns what tells the `node`th node its paths.
    pub(crate) const fn new(node: usize, chart: Rc<RefCell<Chart>>) -> Self {
        Self { node, chart, said: VecDeque::new() }
    }
}

impl Engine for Oracle {
    type Input<'a> = Input<'a>;
    type Output = Output;
    type Why = Infallible;

    fn handle(&mut self, input: Input<'_>, _: Time) {
        let mut chart = self.chart.borrow_mut();
        match input {
            Input::Up(link, _) => chart.up(self.node, link),
            Input::Down(link) => chart.down(self.node, link),
            Input::Shun(link) => chart.shun(self.node, link),
            Input::Charge(link, delay) => chart.charge(self.node, link, delay),
            // The chart knows who has which range, nobody lies, and nothing is spoken.
            Input::Announce(_)
            | Input::Demote(_)
            | Input::Withdraw(_)
            | Input::Admit(_)
            | Input::Frame(..)
            | Input::Wake => {}
        }
        self.said.extend(chart.news(self.node).into_iter().map(|news| match news {
            News::Uses(link, uses) => Output::Usage(link, uses),
            News::Way(to, link) => Output::Route(to.into(), link),
        }));
    }

    fn poll(&mut self) -> Option<Output> {
        self.said.pop_front()
    }

    fn deadline(&self) -> Option<Deadline<Infallible>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_go_both_ways() {
        for n in [0, 1, 489, 99_999] {
            assert_eq!(number(name(n).0.bits()), Some(n));
            assert_eq!(number(name(n).address().to_bits()), Some(n));
        }
        assert_eq!(number(NETWORK.bits()), None);
    }
}
