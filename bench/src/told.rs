//! What neighbours tell: ranges, their router-ids and metrics.

use std::time::Duration;

use babel::wire::{RouterId, Update};
use babel::{Key, Metric, Seqno};
use words::Prefix;

/// The ranges that all neighbours of one run tell, and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    /// How many neighbours there are.
    pub(crate) neighbours: u32,
    /// How many ranges each tells: the same as all others, but for `apart`.
    pub(crate) routes: u32,
    /// Each neighbour tells ranges of its own.
    pub(crate) apart: bool,
    /// Time between greetings.
    pub(crate) hello: Duration,
    /// Time between full updates.
    pub(crate) update: Duration,
}

impl Told {
    /// Returns the first seqno of all ranges.
    pub(crate) const SEQNO: Seqno = Seqno(7);

    /// Returns what neighbour `number` says of its range `index`.
    pub(crate) fn update(&self, number: u32, index: u32, seqno: Seqno) -> Update {
        let node = self.node(number, index);
        Update {
            key: Some(Key::to(self.range(number, index))),
            router: Some(RouterId((0x0200_0000_0000_0000 | u64::from(node)).to_be_bytes())),
            seqno,
            metric: self.metric(number, index),
            next: self.update,
            hop: None,
        }
    }

    /// Returns range `index` of neighbour `number`.
    pub(crate) fn range(&self, number: u32, index: u32) -> Prefix {
        Prefix::new(FIRST | u128::from(self.node(number, index)) << 64, 64)
    }

    /// Returns the index of the range of `key`, if neighbour `number` tells it.
    pub(crate) fn index(&self, number: u32, key: Key) -> Option<u32> {
        let node = u32::try_from((key.prefix.bits() ^ FIRST) >> 64).ok()?;
        let index = node.checked_sub(self.node(number, 0))?;
        let whole = key.prefix.length() == 64 && !key.is_source_specific();
        (index < self.routes && whole).then_some(index)
    }

    /// Returns how many ranges there are in all.
    pub(crate) fn all(&self) -> u32 {
        if self.apart { self.neighbours * self.routes } else { self.routes }
    }

    /// Tells whether the routes to be seen in a kernel include one to `prefix`.
    pub(crate) fn has(prefix: u128, length: u8) -> bool {
        prefix >> 96 == FIRST >> 96 && length == 64
    }

    fn node(&self, number: u32, index: u32) -> u32 {
        if self.apart { number * self.routes + index } else { index }
    }

    /// Every neighbour is the best for its share of the ranges, by so much that no hysteresis
    /// keeps another; and the others are feasible beside it, so that nobody has to ask for newer
    /// routes when it is lost.
    fn metric(&self, number: u32, index: u32) -> Metric {
        if self.apart || (index + number).is_multiple_of(self.neighbours) {
            return Metric(200);
        }
        Metric(280 + u16::try_from((index + 2 * number) % 14).unwrap_or(0))
    }
}

const FIRST: u128 = 0x2001_0db8 << 96;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(apart: bool) -> Told {
        let (hello, update) = (Duration::from_secs(4), Duration::from_secs(16));
        Told { neighbours: 20, routes: 100, apart, hello, update }
    }

    #[test]
    fn each_range_has_one_best_neighbour_and_the_others_are_feasible_beside_it() {
        let told = told(false);
        for index in 0..told.routes {
            let metrics: Vec<u16> =
                (0..20).map(|number| told.update(number, index, Told::SEQNO).metric.0).collect();
            let best = *metrics.iter().min().unwrap();
            assert_eq!(metrics.iter().filter(|metric| **metric == best).count(), 1);
            // The daemon tells the best one on at its metric and the cost of a wire.
            assert!(metrics.iter().all(|metric| *metric < best + 96), "{metrics:?}");
            assert!(metrics.iter().all(|metric| *metric == best || *metric > best + 64));
        }
    }

    #[test]
    fn a_range_is_known_by_its_key_to_who_tells_it() {
        for apart in [false, true] {
            let told = told(apart);
            let key = Key::to(told.range(3, 42));
            assert_eq!(told.index(3, key), Some(42));
            assert_eq!(told.index(4, key).is_some(), !apart);
            assert_eq!(told.index(3, Key::to(Prefix::ALL)), None);
        }
    }
}
