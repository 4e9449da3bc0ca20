//! Interfaces, addresses and routes of the kernel, asked for by rtnetlink.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums are the kernel's, which grow; what we do not know, we did not ask for"
)]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use netlink_packet_route::address::{
    AddressAttribute, AddressHeaderFlags, AddressMessage, AddressScope,
};
use netlink_packet_route::link::{
    AfSpecInet6, AfSpecUnspec, In6AddrGenMode, InfoData, InfoKind, InfoVeth, LinkAttribute,
    LinkFlags, LinkInfo, LinkMessage,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use words::Prefix;

use crate::Error;
use crate::talk::{Talk, remedy};

/// A range of addresses of either family, as the kernel's routes name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Destination {
    /// The first address.
    pub address: IpAddr,
    /// How many bits are fixed: 0 to 32, or 0 to 128.
    pub length: u8,
}

impl Destination {
    /// Every IPv4 address: the default route.
    pub const ALL_IPV4: Self = Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), length: 0 };
    /// Every IPv6 address: the default route.
    pub const ALL_IPV6: Self = Self { address: IpAddr::V6(Ipv6Addr::UNSPECIFIED), length: 0 };

    /// Returns the range that holds `address` alone.
    pub const fn only(address: IpAddr) -> Self {
        let length = if address.is_ipv4() { 32 } else { 128 };
        Self { address, length }
    }
}

impl From<Prefix> for Destination {
    fn from(prefix: Prefix) -> Self {
        match prefix.as_ipv4() {
            Some((first, length)) => Self { address: first.into(), length },
            None => Self { address: prefix.first().into(), length: prefix.length() },
        }
    }
}

impl From<Destination> for Prefix {
    fn from(destination: Destination) -> Self {
        match destination.address {
            IpAddr::V4(first) => Self::ipv4(first, destination.length),
            IpAddr::V6(first) => Self::new(first.to_bits(), destination.length),
        }
    }
}

impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// A route of the kernel's main table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// What it is for.
    pub destination: Destination,
    /// The interface packets leave by, as the kernel numbers it.
    pub device: Option<u32>,
    /// The next hop, if it is not on the link itself.
    pub gateway: Option<IpAddr>,
}

/// A conversation with the kernel about the network namespace in which it was opened.
#[derive(Debug)]
pub struct Netlink(Talk);

impl Netlink {
    /// Opens the conversation, in the network namespace of the calling thread.
    ///
    /// # Errors
    ///
    /// If the process has too many open files or netlink is forbidden to it.
    pub fn open() -> Result<Self, Error> {
        Talk::open().map(Self)
    }

    /// Returns the kernel's number of the interface `name`.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn index(&mut self, name: &str) -> Result<u32, Error> {
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::IfName(name.into()));
        let found = self.0.ask(RouteNetlinkMessage::GetLink(message), 0);
        let failed = |error| Error::new(format!("find the interface {name}"), error);
        let answers = found.map_err(|error| failed(error).advised(remedy))?;
        let index = answers.into_iter().find_map(|answer| match answer {
            RouteNetlinkMessage::NewLink(link) => Some(link.header.index),
            _ => None,
        });
        index.ok_or_else(|| failed(io::Error::from_raw_os_error(libc::ENODEV)))
    }

    /// Sets an interface up.
    ///
    /// # Errors
    ///
    /// No such interface, or no right to.
    pub fn set_up(&mut self, device: u32) -> Result<(), Error> {
        let mut message = LinkMessage::default();
        message.header.index = device;
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        self.change("set an interface up", RouteNetlinkMessage::SetLink(message), 0)
    }

    /// Sets an interface down; the kernel forgets its routes.
    ///
    /// # Errors
    ///
    /// No such interface, or no right to.
    pub fn set_down(&mut self, device: u32) -> Result<(), Error> {
        let mut message = LinkMessage::default();
        message.header.index = device;
        message.header.change_mask = LinkFlags::Up;
        self.change("set an interface down", RouteNetlinkMessage::SetLink(message), 0)
    }

    /// Removes an interface, and the other end of it if it is a wire.
    ///
    /// # Errors
    ///
    /// No such interface, one that cannot be removed, or no right to.
    pub fn remove_interface(&mut self, device: u32) -> Result<(), Error> {
        let mut message = LinkMessage::default();
        message.header.index = device;
        self.change("remove an interface", RouteNetlinkMessage::DelLink(message), 0)
    }

    /// Keeps the kernel from giving an interface a link-local address, and so from sending
    /// anything there by itself. To be called before it is set up.
    ///
    /// # Errors
    ///
    /// No such interface, no right to, or IPv6 is off.
    pub fn set_quiet(&mut self, device: u32) -> Result<(), Error> {
        let mode = AfSpecInet6::AddrGenMode(In6AddrGenMode::None);
        let mut message = LinkMessage::default();
        message.header.index = device;
        message.attributes =
            vec![LinkAttribute::AfSpecUnspec(vec![AfSpecUnspec::Inet6(vec![mode])])];
        self.change("keep an interface quiet", RouteNetlinkMessage::SetLink(message), 0)
    }

    /// Makes two interfaces that are the ends of one wire: `near` here, `far` in the network
    /// namespace `there`.
    ///
    /// # Errors
    ///
    /// A name is taken, no right to in either namespace, or the kernel lacks `veth`.
    pub fn add_wire(&mut self, near: &str, far: &str, there: BorrowedFd<'_>) -> Result<(), Error> {
        let mut peer = LinkMessage::default();
        peer.attributes =
            vec![LinkAttribute::IfName(far.into()), LinkAttribute::NetNsFd(there.as_raw_fd())];
        let mut message = LinkMessage::default();
        message.attributes = vec![
            LinkAttribute::IfName(near.into()),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Veth),
                LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
            ]),
        ];
        let flags = NLM_F_CREATE | NLM_F_EXCL;
        let doing = format!("make a wire from {near} to {far}");
        self.change(doing, RouteNetlinkMessage::NewLink(message), flags)
    }

    /// Makes a bridge: what comes in by one of the interfaces that [`join`](Self::join) it goes out
    /// by the others.
    ///
    /// # Errors
    ///
    /// The name is taken, no right to, or the kernel lacks `bridge`.
    pub fn add_bridge(&mut self, name: &str) -> Result<(), Error> {
        let mut message = LinkMessage::default();
        message.attributes = vec![
            LinkAttribute::IfName(name.into()),
            LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::Bridge)]),
        ];
        let flags = NLM_F_CREATE | NLM_F_EXCL;
        self.change(format!("make the bridge {name}"), RouteNetlinkMessage::NewLink(message), flags)
    }

    /// Makes an interface a port of a bridge.
    ///
    /// # Errors
    ///
    /// No such interface or bridge, or no right to.
    pub fn join(&mut self, device: u32, bridge: u32) -> Result<(), Error> {
        let mut message = LinkMessage::default();
        message.header.index = device;
        message.attributes.push(LinkAttribute::Controller(bridge));
        let doing = "make an interface a port of a bridge";
        self.change(doing, RouteNetlinkMessage::SetLink(message), 0)
    }

    /// Sets the longest packet of an interface, octets.
    ///
    /// # Errors
    ///
    /// No such interface, no right to, or a length it cannot have.
    pub fn set_mtu(&mut self, device: u32, mtu: u16) -> Result<(), Error> {
        let mut message = LinkMessage::default();
        message.header.index = device;
        message.attributes.push(LinkAttribute::Mtu(mtu.into()));
        let doing = format!("set the longest packet of an interface to {mtu}");
        self.change(doing, RouteNetlinkMessage::SetLink(message), 0)
    }

    /// Gives an interface an address, with a route to the `length` first bits of it unless
    /// that is all of them; no harm if it has it already.
    ///
    /// Duplicates of an IPv6 address are not looked for: it can be bound and sent from at once,
    /// and the kernel takes in packets for it a moment later.
    ///
    /// # Errors
    ///
    /// No such interface, no right to, or IPv6 is off.
    pub fn add_address(&mut self, device: u32, own: Destination) -> Result<(), Error> {
        let mut message = address(device, own);
        message.header.scope = AddressScope::Universe;
        if own.address.is_ipv6() {
            message.header.flags = AddressHeaderFlags::Nodad;
        }
        let flags = NLM_F_CREATE | NLM_F_REPLACE;
        self.change(
            format!("add the address {own}"),
            RouteNetlinkMessage::NewAddress(message),
            flags,
        )
    }

    /// Takes an address away from an interface.
    ///
    /// # Errors
    ///
    /// It has none such (`EADDRNOTAVAIL`), or no right to.
    pub fn remove_address(&mut self, device: u32, own: Destination) -> Result<(), Error> {
        let message = RouteNetlinkMessage::DelAddress(address(device, own));
        self.change(format!("remove the address {own}"), message, 0)
    }

    /// Sends what goes to `destination` by `device`, instead of where it went before.
    ///
    /// Shape: `source` is the address our own packets leave with; none lets the kernel choose.
    ///
    /// # Errors
    ///
    /// No such interface or it is down, no right to, or `source` is not ours.
    pub fn set_route(
        &mut self,
        destination: Destination,
        device: u32,
        source: Option<IpAddr>,
    ) -> Result<(), Error> {
        let mut message = route(destination, device);
        message.attributes.extend(source.map(|own| RouteAttribute::PrefSource(own.into())));
        let flags = NLM_F_CREATE | NLM_F_REPLACE;
        let doing = format!("set the route to {destination}");
        self.change(doing, RouteNetlinkMessage::NewRoute(message), flags)
    }

    /// Removes the route to `destination` by `device`.
    ///
    /// # Errors
    ///
    /// There is none (`ESRCH`), or no right to.
    pub fn delete_route(&mut self, destination: Destination, device: u32) -> Result<(), Error> {
        let message = RouteNetlinkMessage::DelRoute(route(destination, device));
        self.change(format!("remove the route to {destination}"), message, 0)
    }

    /// Returns the routes of the main table, both families, as the kernel lists them.
    ///
    /// # Errors
    ///
    /// If the kernel does not answer.
    pub fn routes(&mut self) -> Result<Vec<Route>, Error> {
        let everything = RouteNetlinkMessage::GetRoute(RouteMessage::default());
        let listed = self.0.list(&everything, |answer| match answer {
            RouteNetlinkMessage::NewRoute(route) => listed(&route),
            _ => None,
        });
        listed.map_err(|error| Error::new("list the routes", error).advised(remedy))
    }

    fn change(
        &mut self,
        doing: impl Into<String>,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> Result<(), Error> {
        let done = self.0.ask(message, flags);
        done.map(drop).map_err(|error| Error::new(doing, error).advised(remedy))
    }
}

const fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

fn address(device: u32, own: Destination) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = family(own.address);
    message.header.prefix_len = own.length;
    message.header.index = device;
    message.attributes =
        vec![AddressAttribute::Local(own.address), AddressAttribute::Address(own.address)];
    message
}

fn route(destination: Destination, device: u32) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header.address_family = family(destination.address);
    message.header.destination_prefix_length = destination.length;
    message.header.table = RouteHeader::RT_TABLE_MAIN;
    message.header.protocol = RouteProtocol::Static;
    message.header.kind = RouteType::Unicast;
    message.header.scope =
        if destination.address.is_ipv4() { RouteScope::Link } else { RouteScope::Universe };
    if destination.length > 0 {
        message.attributes.push(RouteAttribute::Destination(destination.address.into()));
    }
    message.attributes.push(RouteAttribute::Oif(device));
    message
}

fn listed(route: &RouteMessage) -> Option<Route> {
    if route.header.table != RouteHeader::RT_TABLE_MAIN {
        return None;
    }
    let all = match route.header.address_family {
        AddressFamily::Inet => Destination::ALL_IPV4,
        AddressFamily::Inet6 => Destination::ALL_IPV6,
        _ => return None,
    };
    let mut listed = Route { destination: all, device: None, gateway: None };
    listed.destination.length = route.header.destination_prefix_length;
    for attribute in &route.attributes {
        match attribute {
            RouteAttribute::Destination(to) => listed.destination.address = plain(to)?,
            RouteAttribute::Oif(device) => listed.device = Some(*device),
            RouteAttribute::Gateway(by) => listed.gateway = plain(by),
            _ => {}
        }
    }
    Some(listed)
}

const fn plain(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(four) => Some(IpAddr::V4(*four)),
        RouteAddress::Inet6(six) => Some(IpAddr::V6(*six)),
        _ => None,
    }
}
