//! A LAN: the first nodes have a second interface, and a bridge between them. Neither the Internet
//! nor the registry is on it.
//!
//! ```text
//!   node 1    node 2    node 3
//!    lan0      lan0      lan0          no address but the link-local ones that kernels give
//!     └─────────┴─────────┘            a bridge, in a namespace of its own
//!               │
//!            stranger                  shows noise, and repeats what nodes show there
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv6Addr, SocketAddrV6};
use std::os::fd::AsFd;
use std::time::Duration;

use linux::{Group, Namespace, Netlink};
use serde::Serialize;
use words::Prefix;

use crate::hosts::Hosts;
use crate::internet::HostId;
use crate::report::{ms, rounded};
use crate::status;

/// The interface by which a host is on the LAN.
const INTERFACE: &str = "lan0";
/// The bridge.
const BRIDGE: &str = "bridge";

/// Where nodes announce themselves: no secret, so the stranger knows it.
const GROUP: Ipv6Addr = Ipv6Addr::new(0xff12, 0, 0, 0, 0, 0, 0x7265, 0x3673);
const PORT: u16 = 6328;
/// Time between two datagrams of the stranger.
const EVERY: Duration = Duration::from_millis(200);

/// Connects hosts, and has a stranger there; the LAN lives as long as what is returned.
///
/// # Errors
///
/// The kernel lacks bridges or wires.
pub(crate) fn connect(hosts: &[(HostId, &Namespace)]) -> anyhow::Result<Namespace> {
    let middle = Namespace::new()?;
    middle.run(|| {
        let mut netlink = Netlink::open()?;
        netlink.add_bridge(BRIDGE)?;
        let bridge = netlink.index(BRIDGE)?;
        for (host, namespace) in hosts {
            let port = format!("port{}", host.0);
            netlink.add_wire(&port, INTERFACE, namespace.as_fd())?;
            let port = netlink.index(&port)?;
            netlink.join(port, bridge)?;
            netlink.set_up(port)?;
        }
        netlink.set_up(bridge)
    })??;
    for (_, namespace) in hosts {
        namespace.run(|| {
            let mut netlink = Netlink::open()?;
            let device = netlink.index(INTERFACE)?;
            netlink.set_up(device)
        })??;
    }
    let (group, bridge) = middle.run(|| {
        let bridge = Netlink::open()?.index(BRIDGE)?;
        Ok::<_, linux::Error>((Group::open(PORT)?, bridge))
    })??;
    let builder = std::thread::Builder::new().name("stranger".to_owned());
    builder.spawn(move || be_strange(group, bridge))?;
    Ok(middle)
}

/// Shows all on the LAN what is no announcement, and again what others announced, until the
/// laboratory ends.
fn be_strange(mut group: Group, bridge: u32) {
    let mut heard = vec![0; 2048];
    let mut overheard = Vec::new();
    loop {
        std::thread::sleep(EVERY);
        // The kernel has no address there at first, and joins nothing.
        let _ = group.join(bridge, GROUP);
        while let Some(received) = group.receive(&mut heard) {
            overheard = heard.get(..received.length).unwrap_or_default().to_vec();
        }
        let to = SocketAddrV6::new(GROUP, PORT, 0, 0);
        let noise: Vec<u8> = (0..38).filter_map(|_| linux::seed().ok()).flatten().collect();
        for datagram in [&noise, &overheard] {
            // There may be no address to send from yet.
            let _ = group.send(bridge, None, to, datagram);
        }
    }
}

/// The nodes on the LAN, and their links with each other.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Lan {
    /// Ordered pairs of nodes that are both on the LAN, and were there at the end.
    pub pairs: usize,
    /// Those of them whose pings were answered at the end.
    pub reachable_pairs: usize,
    /// Those of them that had a link with each other by the LAN itself, at the end.
    pub direct: usize,
    /// Longest time of any of these pairs without an answered ping, in milliseconds.
    pub longest_gap_ms: f64,
    /// Mean of their median round trips, in milliseconds.
    pub rtt_ms: f64,
    /// Ordered pairs of a node on the LAN and one that is not, if the way between them was cut.
    pub apart: usize,
    /// Datagrams of a stranger on the LAN that nodes refused, by reason.
    pub refused: BTreeMap<String, u64>,
}

/// What is known of pairs of nodes.
pub(crate) struct Known<'a> {
    /// All that there are, once for each family.
    pub(crate) pairs: &'a [(HostId, HostId)],
    /// Those that reach each other.
    pub(crate) reached: &'a [(HostId, HostId)],
    /// Their median round trips.
    pub(crate) medians: &'a [((HostId, HostId), Duration)],
    /// The longest gap of pairs on the LAN.
    pub(crate) longest_gap: Duration,
}

impl Lan {
    /// Returns what was seen of the nodes on the LAN, each with its prefix; whether it was `cut` off.
    pub(crate) fn of(
        hosts: &Hosts,
        nodes: &[(HostId, Option<Prefix>)],
        cut: bool,
        known: &Known<'_>,
    ) -> Self {
        let on_lan: BTreeSet<HostId> = nodes.iter().map(|(node, _)| *node).collect();
        let inside = |(a, b): &(HostId, HostId)| on_lan.contains(a) && on_lan.contains(b);
        let across = |(a, b): &(HostId, HostId)| on_lan.contains(a) != on_lan.contains(b);
        let links = |node: HostId| status::linked_by_lan(&hosts.state(node)).unwrap_or_default();
        let linked: Vec<(HostId, BTreeSet<Prefix>)> =
            nodes.iter().map(|(node, _)| (*node, links(*node))).collect();
        let direct = |(node, to): &(HostId, BTreeSet<Prefix>)| {
            let others = nodes.iter().filter(|(other, _)| other != node);
            others.filter_map(|(_, prefix)| *prefix).filter(|prefix| to.contains(prefix)).count()
        };
        let medians = known.medians.iter().filter(|(pair, _)| inside(pair));
        let medians: Vec<f64> = medians.map(|(_, median)| median.as_secs_f64() * 1e3).collect();
        let count = u32::try_from(medians.len().max(1)).unwrap_or(u32::MAX);
        Self {
            pairs: known.pairs.iter().filter(|pair| inside(pair)).count(),
            reachable_pairs: known.reached.iter().filter(|pair| inside(pair)).count(),
            direct: linked.iter().map(direct).sum(),
            longest_gap_ms: ms(known.longest_gap),
            rtt_ms: rounded(medians.iter().sum::<f64>() / f64::from(count)),
            refused: refused(hosts, nodes),
            apart: if cut { known.pairs.iter().filter(|pair| across(pair)).count() } else { 0 },
        }
    }
}

/// Sums what nodes refused of what they heard on the LAN.
fn refused(hosts: &Hosts, nodes: &[(HostId, Option<Prefix>)]) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for (node, _) in nodes {
        for (why, count) in status::refused_on_lan(&hosts.state(*node)).unwrap_or_default() {
            *all.entry(why).or_default() += count;
        }
    }
    all
}
