//! This node's own way out of the network, through exits.
//!
//! What the kernel has no better route for than a default route goes to `re6st0`, while an exit
//! is reached. The tunnels themselves do not, nor what goes to the registry: they are the way.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use linux::{Change, Detour, KernelRoute, RouteTables, Via};
use words::routing::Range;
use words::{Ipv4Plan, LinkId, NodeId, Prefix, Time};

use super::World;

/// The kernel's table of what goes out through exits.
pub(crate) const TABLE: u32 = 6326;
/// What the tunnels' packets are marked with, so that they do not.
pub(crate) const MARK: u32 = 6326;
/// How long the way stays when no exit is reached: another may be found in a moment, and who
/// goes out through exits does not want to go elsewhere meanwhile.
const GRACE: Duration = Duration::from_secs(30);

/// What is known of exits, and what the kernel was told.
#[derive(Debug, Default)]
pub(crate) struct WayOut {
    /// The rules of the kernel, by family (IPv4: true); none unless this node uses exits.
    detours: BTreeMap<bool, Detour>,
    /// Ways out that routing knows.
    reached: BTreeSet<Range>,
    /// The exit that the configuration names, to be left by rather than by the nearest.
    named: Option<NodeId>,
    /// Families whose default route leads to `re6st0`, and when it is to go.
    open: BTreeMap<bool, Option<Time>>,
}

impl WayOut {
    /// Has the kernel ask a table of ours for ways out.
    ///
    /// # Errors
    ///
    /// The kernel's, with the remedy.
    pub(crate) fn start() -> Result<Self, linux::Error> {
        let detour = |four| Ok((four, Detour::start(four, TABLE, MARK)?));
        let detours = [true, false].into_iter().map(detour).collect::<Result<_, linux::Error>>()?;
        Ok(Self { detours, ..Self::default() })
    }

    /// Returns the same, with the exit that the configuration names.
    pub(crate) fn naming(self, named: Option<NodeId>) -> Self {
        Self { named, ..self }
    }

    /// Returns the exit that the configuration names.
    pub(super) const fn named(&self) -> Option<NodeId> {
        self.named
    }

    /// Tells whether packets of this machine leave through exits, by family.
    pub(super) fn is_open(&self, four: bool) -> bool {
        self.open.contains_key(&four)
    }

    /// Returns the families whose packets leave through exits, for status.
    pub(super) fn families(&self) -> impl Iterator<Item = &'static str> {
        self.open.keys().map(|four| if *four { "ipv4" } else { "ipv6" })
    }

    /// Returns when a way is to be closed.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.open.values().flatten().copied().min()
    }
}

impl World {
    /// Takes in that a way out was found, or lost.
    pub(super) fn note_way_out(&mut self, range: Range, link: Option<LinkId>) {
        if range.to != Prefix::ALL && range.to != Prefix::ALL_IPV4 {
            return;
        }
        if link.is_some() {
            self.way_out.reached.insert(range);
        } else {
            self.way_out.reached.remove(&range);
        }
        self.review_way_out();
    }

    /// Opens and closes our own ways out, as things are now.
    pub(super) fn review_way_out(&mut self) {
        let now = self.clock.now();
        let users: Vec<bool> = self.way_out.detours.keys().copied().collect();
        for four in users {
            let reached = self.is_reached(four);
            match (reached, self.way_out.open.get(&four).copied()) {
                (true, None) => self.open_way_out(four),
                (true, Some(Some(_))) => _ = self.way_out.open.insert(four, None),
                (false, Some(None)) => _ = self.way_out.open.insert(four, Some(now + GRACE)),
                (false, Some(Some(end))) if now >= end => self.close_way_out(four),
                (true, Some(None)) | (false, None | Some(Some(_))) => {}
            }
        }
    }

    /// Tells whether there is a way out for packets of ours.
    fn is_reached(&self, four: bool) -> bool {
        let own = self.own_address(four);
        let for_us = |range: &Range| {
            (range.to == Prefix::ALL_IPV4) == four
                && own.is_some_and(|own| range.from.contains(own))
        };
        self.way_out.reached.iter().any(for_us)
    }

    /// Returns our own address of a family, as ranges hold it.
    pub(super) fn own_address(&self, four: bool) -> Option<Ipv6Addr> {
        if four {
            Some(Ipv4Plan::address(self.ipv4?.own)?.to_ipv6_mapped())
        } else {
            Some(self.node.me().address())
        }
    }

    /// Forgets the way out by IPv4, whose address goes.
    pub(super) fn forget_ipv4_way_out(&mut self) {
        if self.way_out.is_open(true) {
            self.close_way_out(true);
        }
    }

    /// Spares these addresses of the registry from going out through exits.
    pub(super) fn spare(&mut self, registry: &[IpAddr]) {
        for detour in self.way_out.detours.values_mut() {
            if let Err(error) = detour.spare(registry) {
                tracing::warn!(%error, "the registry is asked through exits");
            }
        }
    }

    fn open_way_out(&mut self, four: bool) {
        let Some(route) = self.default_route(four) else { return };
        if four && let Err(error) = loosen() {
            tracing::warn!(%error, "tunnels may not be heard while packets leave through exits");
        }
        match set(Change::Put(route)) {
            Ok(()) => {
                self.way_out.open.insert(four, None);
                tracing::info!(ipv4 = four, "what has no other way leaves through an exit");
            }
            Err(error) => {
                self.tally.note("way-out-failed");
                tracing::warn!(%error, "nothing leaves through exits");
            }
        }
    }

    fn close_way_out(&mut self, four: bool) {
        self.way_out.open.remove(&four);
        let removed = self.default_route(four).map_or(Ok(()), |route| set(Change::Remove(route)));
        if let Err(error) = removed {
            tracing::warn!(%error, "the default route to the mesh is not removed");
        }
        tracing::warn!(ipv4 = four, "no exit is reached: packets leave as they did before");
    }

    /// The default route to the mesh; `None` if we have no address that could go there.
    fn default_route(&self, four: bool) -> Option<KernelRoute> {
        let (to, own, hop) = if four {
            let own = Ipv4Plan::address(self.ipv4?.own)?;
            (Prefix::ALL_IPV4, IpAddr::V4(own), IpAddr::V4(Ipv4Addr::UNSPECIFIED))
        } else {
            let own = self.node.me().address();
            (Prefix::ALL, IpAddr::V6(own), IpAddr::V6(Ipv6Addr::UNSPECIFIED))
        };
        let via = Via::Hop { device: self.device.index(), address: hop, onlink: false };
        Some(KernelRoute {
            to,
            from: Prefix::ALL,
            via,
            table: TABLE,
            metric: METRIC,
            protocol: STATIC,
            preferred_source: Some(own),
        })
    }
}

fn set(change: Change) -> Result<(), linux::Error> {
    let failed = RouteTables::open()?.apply(&[change]);
    failed.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
}

/// Lets tunnels be heard by the interfaces that default routes lead to: answers to them would
/// now leave elsewhere, were they not marked.
fn loosen() -> Result<(), linux::Error> {
    let routes = linux::Netlink::open()?.routes()?;
    let defaults = routes.into_iter().filter(|route| route.destination.length == 0);
    for device in defaults.filter_map(|route| route.device) {
        if let Ok(name) = nix::net::if_::if_indextoname(device) {
            linux::sysctl::loosen(&name.to_string_lossy())?;
        }
    }
    Ok(())
}

const METRIC: u32 = 1024;
/// `RTPROT_STATIC`: made by the operator, whose will the configuration is.
const STATIC: u8 = 4;
