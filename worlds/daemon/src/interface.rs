//! The node's network interface: `re6st0`, its addresses, and the way into the mesh.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use linux::{Destination, Netlink, Queues, Tun};
use node::Ipv4;
use words::{Ipv4Plan, NodeId, Prefix};

/// Why the interface cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Failed {
    /// The kernel refused something.
    #[error(transparent)]
    Kernel(#[from] linux::Error),
    /// Another interface already reaches addresses of the network.
    #[error(
        "the network {network} overlaps {other}, which the interface {device} already reaches; remove that route or address, or the machine would lose one of the two"
    )]
    Overlap {
        /// The network we would route into the mesh.
        network: Prefix,
        /// What is there.
        other: Destination,
        /// The interface where it goes.
        device: String,
    },
}

/// The interface, once it is there.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    index: u32,
    name: String,
}

impl Device {
    /// Returns the kernel's number of it.
    pub(crate) const fn index(&self) -> u32 {
        self.index
    }

    /// Returns its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Gives the interface the first address of our part of the IPv4 range, and sends the rest
    /// of the range to it.
    ///
    /// # Errors
    ///
    /// [`Failed`], with its remedy.
    pub(crate) fn give(&self, ipv4: Ipv4) -> Result<(), Failed> {
        let mut netlink = Netlink::open()?;
        refuse_overlap(&mut netlink, ipv4.network)?;
        let Some(own) = Ipv4Plan::address(ipv4.own).map(IpAddr::V4) else { return Ok(()) };
        netlink.add_address(self.index, Destination::only(own))?;
        Ok(netlink.set_route(ipv4.network.into(), self.index, Some(own))?)
    }

    /// Takes that away again.
    ///
    /// # Errors
    ///
    /// [`Failed::Kernel`]; what can be taken away is.
    pub(crate) fn take(&self, ipv4: Ipv4) -> Result<(), Failed> {
        let mut netlink = Netlink::open()?;
        let route = netlink.delete_route(ipv4.network.into(), self.index);
        if let Some(own) = Ipv4Plan::address(ipv4.own) {
            netlink.remove_address(self.index, Destination::only(own.into()))?;
        }
        Ok(route?)
    }
}

/// Makes the interface `name`: gives it the node's address and sends the network's
/// addresses to it.
///
/// It vanishes, with its address and route, when the returned [`Tun`] is dropped.
///
/// # Errors
///
/// [`Failed`], with its remedy.
pub(crate) fn open(
    name: &str,
    me: NodeId,
    network: Prefix,
    mtu: u16,
) -> Result<(Tun, Device), Failed> {
    let mut netlink = Netlink::open()?;
    refuse_overlap(&mut netlink, network)?;
    let tun = Tun::open(name, Queues::One)?;
    let device = netlink.index(tun.name())?;
    netlink.set_mtu(device, mtu)?;
    netlink.set_quiet(device)?;
    netlink.set_up(device)?;
    let own = IpAddr::V6(me.address());
    netlink.add_address(device, Destination::only(own))?;
    netlink.set_route(Destination::from(network), device, Some(own))?;
    let name = tun.name().to_owned();
    Ok((tun, Device { index: device, name }))
}

/// Refuses a network whose addresses the machine already reaches elsewhere.
///
/// A default route, or another that holds the network and more, is no obstacle: ours
/// is more specific. One inside the network would take its part away from the mesh.
fn refuse_overlap(netlink: &mut Netlink, network: Prefix) -> Result<(), Failed> {
    for route in netlink.routes()? {
        let Some(device) = route.device else { continue };
        if network.covers(route.destination.into()) {
            return Err(Failed::Overlap {
                network,
                other: route.destination,
                device: name_of(device),
            });
        }
    }
    Ok(())
}

/// Returns the name of an interface, or its number if it has just gone.
fn name_of(device: u32) -> String {
    let name = nix::net::if_::if_indextoname(device);
    name.map_or_else(|_| device.to_string(), |name| name.to_string_lossy().into_owned())
}

/// Returns where others may reach UDP `port` of this machine: the addresses of its
/// interfaces, those of the whole Internet first, without those inside `network`.
pub(crate) fn endpoints(network: Prefix, port: u16) -> Vec<SocketAddr> {
    let interfaces = match nix::ifaddrs::getifaddrs() {
        Ok(interfaces) => interfaces,
        Err(error) => {
            tracing::warn!(%error, "the addresses of this machine cannot be read; set `endpoints`");
            return Vec::new();
        }
    };
    let addresses = interfaces.filter_map(|interface| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
    });
    let mut found: Vec<_> = addresses.filter(|address| is_reachable(*address, network)).collect();
    found.sort_by_key(|address| is_private(*address));
    found.dedup();
    found.truncate(gossip::Contact::ENDPOINTS);
    found.into_iter().map(|address| SocketAddr::new(address, port)).collect()
}

/// Returns the addresses from which this machine reaches the Internet, as its routes are now:
/// of IPv6 and of IPv4, where there is a way at all. Nothing is sent.
pub(crate) fn sources() -> [Option<IpAddr>; 2] {
    let through = |here: &str, there: &str| {
        let socket = UdpSocket::bind(here).ok()?;
        socket.connect(there).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    // Addresses for documentation (RFC 3849, RFC 5737): of nobody, so on no special route.
    [through("[::]:0", "[2001:db8::1]:9"), through("0.0.0.0:0", "192.0.2.1:9")]
}

/// Tells whether others may reach this address at all, and not through the mesh.
pub(crate) fn is_reachable(address: IpAddr, network: Prefix) -> bool {
    match address {
        IpAddr::V4(v4) => !(v4.is_loopback() || v4.is_link_local() || v4.is_unspecified()),
        IpAddr::V6(v6) => {
            let local = v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unspecified();
            !local && !network.contains(v6)
        }
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_others_can_reach_are_told() {
        let network: Prefix = "fd00:42::/48".parse().unwrap();
        let told = |text: &str| is_reachable(text.parse().unwrap(), network);
        assert!(told("203.0.113.7") && told("192.168.1.2") && told("2001:db8::1"));
        assert!(!told("127.0.0.1") && !told("fe80::1") && !told("fd00:42:0:1::1"));
        assert!(is_private("10.0.0.1".parse().unwrap()));
    }
}
