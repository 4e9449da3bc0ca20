//! What the world is told of the routes in use.

use alloc::collections::BTreeMap;
use core::net::IpAddr;

use crate::candidates::{Candidates, Slot};
use crate::rows::{Best, Row, RowId, Told};
use crate::{Hop, Interface, Output, Speaker, Way};

impl<C: Candidates> Speaker<C> {
    /// Tells the world which routes and usages are no longer as it was told.
    pub(crate) fn settle(&mut self) {
        if self.touched.is_empty() {
            return;
        }
        let mut usage = BTreeMap::new();
        for row in core::mem::take(&mut self.touched) {
            self.settle_row(row, &mut usage);
        }
        for (interface, change) in usage {
            let Some(port) = self.interfaces.get_mut(&interface) else { continue };
            if change != 0 {
                port.usage = port.usage.saturating_add_signed(change);
                self.said.push_back(Output::Usage(interface, port.usage));
            }
        }
    }

    fn settle_row(&mut self, row: RowId, usage: &mut BTreeMap<Interface, i32>) {
        let Some(it) = self.rows.get_mut(row) else { return };
        it.set(Row::TOUCHED, false);
        let moved = it.set(Row::MOVED, false);
        let before = it.told();
        let after = match it.best() {
            Best::Through(slot) => Told::Through(slot),
            Best::None if it.is(Row::HELD) => Told::Unreachable,
            Best::None | Best::Ours => Told::Gone,
        };
        it.tell(after);
        if before == after && !(moved && matches!(after, Told::Through(_))) {
            return;
        }
        for (told, change) in [(before, -1), (after, 1)] {
            if let Told::Through(slot) = told
                && let Some(neighbour) = self.neighbours.get(slot)
            {
                *usage.entry(neighbour.interface).or_default() += change;
            }
        }
        let way = match after {
            Told::Gone => Way::Gone,
            Told::Unreachable => Way::Unreachable,
            Told::Through(slot) => match self.hop(row, slot) {
                Some(hop) => Way::Through(hop),
                None => return,
            },
        };
        self.counters.route_changes += 1;
        self.said.push_back(Output::Route(self.rows.key(row), way));
    }

    /// Returns the next hop of a neighbour's route.
    pub(crate) fn hop(&self, row: RowId, slot: Slot) -> Option<Hop> {
        let neighbour = self.neighbours.get(slot)?;
        let own = || IpAddr::V6(neighbour.address);
        let address = self.hops.get(&(row, slot)).copied().unwrap_or_else(own);
        Some(Hop { interface: neighbour.interface, address })
    }
}
