//! The speaker, as seen from outside.

use alloc::vec::Vec;
use core::time::Duration;

use crate::candidates::{Candidate, Candidates, Slot};
use crate::rows::{Best, RowId};
use crate::{
    Counters, Hop, Interface, Key, Metric, NeighbourView, RouteView, RouterId, Seqno, Speaker,
};

impl<C: Candidates> Speaker<C> {
    /// Returns all routes that neighbours told, selected or not, in the order of their keys.
    /// Retracted ones are among them, with infinite metrics, for as long as they are held.
    pub fn routes(&self) -> impl Iterator<Item = RouteView> {
        self.sorted().into_iter().flat_map(|row| self.told_of(row))
    }

    /// Returns the routes with this key that neighbours told, selected or not.
    pub fn routes_to(&self, key: Key) -> impl Iterator<Item = RouteView> {
        self.rows.find(key, RowId(0)).into_iter().flat_map(|row| self.told_of(row))
    }

    /// Returns the selected routes, in the order of their keys, with their alternates.
    pub fn selected(&self) -> impl Iterator<Item = RouteView> {
        self.sorted().into_iter().filter_map(|row| {
            let Best::Through(slot) = self.rows.get(row).best() else { return None };
            let candidate = self.candidates.get(row, slot)?;
            let alternates = self.alternates(row, slot);
            Some(RouteView { alternates, ..self.view(row, slot, candidate)? })
        })
    }

    /// Returns the neighbours as they were at the last input, by interface and address.
    pub fn neighbours(&self) -> impl Iterator<Item = NeighbourView> {
        let mut counts = alloc::collections::BTreeMap::<Slot, u32>::new();
        for row in self.rows.ids() {
            if let Best::Through(slot) = self.rows.get(row).best() {
                *counts.entry(slot).or_default() += 1;
            }
        }
        let slots = self.interfaces.values().flat_map(|port| port.neighbours.values().copied());
        slots.filter_map(move |slot| self.neighbour_view(slot, counts.get(&slot).copied()))
    }

    /// Returns the ranges announced as ours, in order.
    pub fn announced(&self) -> impl Iterator<Item = (Key, Metric)> {
        self.own.iter().map(|(key, row)| (*key, self.rows.get(*row).metric))
    }

    /// Returns how many selected routes lead through the interface, as the world was told.
    pub fn usage(&self, interface: Interface) -> u32 {
        self.interfaces.get(&interface).map_or(0, |port| port.usage)
    }

    /// Returns our name.
    pub fn router_id(&self) -> RouterId {
        self.routers.name(self.us)
    }

    /// Returns our own sequence number.
    pub const fn seqno(&self) -> Seqno {
        self.seqno
    }

    /// Returns how many sources are remembered for feasibility.
    pub fn sources(&self) -> usize {
        let inline = self.rows.ids().filter(|row| self.rows.get(*row).source().is_some());
        self.sources.len() + inline.count()
    }

    /// Returns the running totals.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    fn told_of(&self, row: RowId) -> Vec<RouteView> {
        let mut views = Vec::new();
        self.candidates.each(row, |slot, candidate| {
            views.extend(self.view(row, slot, candidate));
        });
        views
    }

    fn sorted(&self) -> Vec<RowId> {
        let mut rows: Vec<RowId> = self.rows.ids().collect();
        rows.sort_unstable_by_key(|row| self.rows.key(*row));
        rows
    }

    fn view(&self, row: RowId, slot: Slot, candidate: &Candidate) -> Option<RouteView> {
        let age = candidate.stamp.age(self.stamp);
        Some(RouteView {
            key: self.rows.key(row),
            hop: self.hop(row, slot)?,
            neighbour: self.neighbours.get(slot)?.address,
            metric: candidate.refmetric.through(self.cost(slot)),
            refmetric: candidate.refmetric,
            seqno: candidate.seqno,
            router_id: self.routers.name(candidate.router()),
            age: Duration::from_secs(u64::from(age)),
            feasible: self.admits(row, candidate.router(), candidate.distance()),
            selected: self.rows.get(row).best() == Best::Through(slot),
            alternates: Vec::new(),
        })
    }

    fn alternates(&self, row: RowId, best: Slot) -> Vec<(Hop, Metric)> {
        let mut found = Vec::new();
        self.candidates.each(row, |slot, candidate| {
            let metric = candidate.refmetric.through(self.cost(slot));
            let usable = slot != best && metric.is_finite();
            if usable && self.admits(row, candidate.router(), candidate.distance()) {
                found.extend(self.hop(row, slot).map(|hop| (hop, metric)));
            }
        });
        found.sort_unstable_by_key(|(hop, metric)| (*metric, *hop));
        found
    }

    fn neighbour_view(&self, slot: Slot, selected: Option<u32>) -> Option<NeighbourView> {
        let neighbour = self.neighbours.get(slot)?;
        let port = self.interfaces.get(&neighbour.interface)?;
        if !neighbour.is_known() && !port.profile.lone {
            return None;
        }
        Some(NeighbourView {
            interface: neighbour.interface,
            address: neighbour.address,
            reach: neighbour.multicast.map_or(0, |(history, _)| history.bits()),
            unicast_reach: neighbour.unicast.map_or(0, |(history, _)| history.bits()),
            rxcost: neighbour.rxcost(&port.profile, port.charge),
            txcost: neighbour.txcost,
            cost: neighbour.cost,
            rtt: neighbour.rtt(self.heard_at),
            charge: port.charge,
            routes: u32::try_from(self.candidates.told_by(slot)).unwrap_or(u32::MAX),
            selected: selected.unwrap_or(0),
            acknowledges: neighbour.acknowledges,
        })
    }
}
