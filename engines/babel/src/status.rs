//! What can be seen from outside.

use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

use crate::{Cost, Hop, Interface, Key, Metric, RouterId, Seqno};

/// A route that a neighbour told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteView {
    /// Where it leads.
    pub key: Key,
    /// Its next hop.
    pub hop: Hop,
    /// The address of the neighbour that told it.
    pub neighbour: Ipv6Addr,
    /// Our metric: the neighbour's, and the link's cost.
    pub metric: Metric,
    /// The neighbour's metric.
    pub refmetric: Metric,
    /// The route's age, as its source counts.
    pub seqno: Seqno,
    /// Its source.
    pub router_id: RouterId,
    /// Time since the neighbour last told it, in whole seconds.
    pub age: Duration,
    /// It may be selected without risk of a loop.
    pub feasible: bool,
    /// It is the one in use.
    pub selected: bool,
    /// For a selected route: the other hops that could be used at once, with their metrics,
    /// best first. Empty for others.
    pub alternates: Vec<(Hop, Metric)>,
}

/// A neighbour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeighbourView {
    /// Where.
    pub interface: Interface,
    /// Its address there; unspecified on a lone interface.
    pub address: Ipv6Addr,
    /// Which of its last sixteen multicast greetings arrived, the latest in the lowest bit.
    pub reach: u16,
    /// The same of its unicast greetings.
    pub unicast_reach: u16,
    /// What receiving costs us, as we tell the neighbour.
    pub rxcost: Cost,
    /// What receiving costs the neighbour, as it tells us.
    pub txcost: Cost,
    /// The link's cost in use; infinite if it cannot be used.
    pub cost: Cost,
    /// The smoothed round trip, if it was measured in the last three minutes.
    pub rtt: Option<Duration>,
    /// What the world adds to the cost.
    pub charge: Cost,
    /// How many routes it told.
    pub routes: u32,
    /// How many selected routes lead through it.
    pub selected: u32,
    /// It acknowledges what it is told, and is told the rest seldom.
    pub acknowledges: bool,
}
