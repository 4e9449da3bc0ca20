//! What can be seen from outside.

use alloc::vec::Vec;
use core::time::Duration;

use words::{LinkId, Prefix};

use crate::{Babel, Cost, Counters, Metric, RouterId, Seqno};

/// A selected route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteView {
    /// The range.
    pub prefix: Prefix,
    /// The link to its next hop.
    pub link: LinkId,
    /// Our metric: the neighbour's, and the link's cost.
    pub metric: Metric,
    /// The neighbour's metric.
    pub refmetric: Metric,
    /// The route's age, as its source counts.
    pub seqno: Seqno,
    /// Its source.
    pub router_id: RouterId,
    /// The other links that could be used at once, with their metrics, best first.
    pub alternates: Vec<(LinkId, Metric)>,
}

/// The neighbour at the other end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeighbourView {
    /// The link.
    pub link: LinkId,
    /// What receiving costs us, as we tell the neighbour.
    pub rxcost: Cost,
    /// What receiving costs the neighbour, as it tells us.
    pub txcost: Cost,
    /// The link's cost in use; infinite if it cannot be used.
    pub cost: Cost,
    /// The smoothed round trip, if it was measured in the last three minutes.
    pub rtt: Option<Duration>,
    /// We shun it.
    pub shunned: bool,
    /// How many selected routes lead through it.
    pub selected: u32,
}

impl Babel {
    /// Returns the selected routes, in the order of their ranges.
    pub fn routes(&self) -> impl Iterator<Item = RouteView> {
        self.table.entries().filter_map(|(prefix, entry)| {
            let link = entry.selected?;
            let route = entry.candidates.get(&link)?;
            let others = entry.candidates.iter().filter(|(other, _)| **other != link);
            let mut alternates: Vec<_> = others
                .filter(|(_, it)| self.is_feasible(prefix, it))
                .map(|(other, it)| (*other, it.refmetric.through(self.cost(*other))))
                .filter(|(_, metric)| metric.is_finite())
                .collect();
            alternates.sort_unstable_by_key(|(other, metric)| (*metric, *other));
            Some(RouteView {
                prefix,
                link,
                metric: route.refmetric.through(self.cost(link)),
                refmetric: route.refmetric,
                seqno: route.seqno,
                router_id: route.router,
                alternates,
            })
        })
    }

    /// Returns the neighbours as they were at the last input, in the order of their links.
    pub fn neighbours(&self) -> impl Iterator<Item = NeighbourView> {
        let now = self.heard_at;
        self.neighbours.iter().map(move |(link, neighbour)| NeighbourView {
            link: *link,
            rxcost: neighbour.rxcost(),
            txcost: neighbour.txcost,
            cost: neighbour.cost,
            rtt: neighbour.rtt(now),
            shunned: neighbour.shunned,
            selected: self.usage.get(link).copied().unwrap_or(0),
        })
    }

    /// Returns the ranges announced as ours, in order.
    pub fn announced(&self) -> impl Iterator<Item = Prefix> {
        self.own.iter().copied()
    }

    /// Returns our name.
    pub const fn router_id(&self) -> RouterId {
        self.router
    }

    /// Returns our own sequence number.
    pub const fn seqno(&self) -> Seqno {
        self.seqno
    }

    /// Returns how many sources are remembered for feasibility.
    pub fn sources(&self) -> usize {
        self.sources.len()
    }

    /// Returns the running totals.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }
}
