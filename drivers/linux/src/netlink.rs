//! Interfaces, addresses and routes of the kernel, asked for by rtnetlink.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums are the kernel's, which grow; what we do not know, we did not ask for"
)]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_REPLACE, NLM_F_REQUEST, NetlinkHeader,
    NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::address::{
    AddressAttribute, AddressHeaderFlags, AddressMessage, AddressScope,
};
use netlink_packet_route::link::{
    AfSpecInet6, AfSpecUnspec, In6AddrGenMode, LinkAttribute, LinkFlags, LinkMessage,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use words::Prefix;

use crate::Error;

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
        Self { address: prefix.first().into(), length: prefix.length() }
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
pub struct Netlink {
    socket: Socket,
    sequence: u32,
}

impl Netlink {
    /// Opens the conversation, in the network namespace of the calling thread.
    ///
    /// # Errors
    ///
    /// If the process has too many open files or netlink is forbidden to it.
    pub fn open() -> Result<Self, Error> {
        let open = || {
            let mut socket = Socket::new(NETLINK_ROUTE)?;
            socket.bind_auto()?;
            socket.connect(&SocketAddr::new(0, 0))?;
            Ok(socket)
        };
        let socket = open().map_err(|error: io::Error| {
            Error::new("open a netlink socket", error).advised(|errno| match errno {
                libc::EAFNOSUPPORT | libc::EPERM => {
                    "the sandbox forbids netlink (systemd: RestrictAddressFamilies=AF_NETLINK)"
                }
                errno => crate::poll::too_many_files(errno),
            })
        })?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Returns the kernel's number of the interface `name`.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn index(&mut self, name: &str) -> Result<u32, Error> {
        let mut message = LinkMessage::default();
        message.attributes.push(LinkAttribute::IfName(name.into()));
        let found = self.ask(RouteNetlinkMessage::GetLink(message), 0);
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
        let mut message = AddressMessage::default();
        message.header.family = family(own.address);
        message.header.prefix_len = own.length;
        message.header.index = device;
        message.header.scope = AddressScope::Universe;
        if own.address.is_ipv6() {
            message.header.flags = AddressHeaderFlags::Nodad;
        }
        message.attributes =
            vec![AddressAttribute::Local(own.address), AddressAttribute::Address(own.address)];
        let flags = NLM_F_CREATE | NLM_F_REPLACE;
        self.change(
            format!("add the address {own}"),
            RouteNetlinkMessage::NewAddress(message),
            flags,
        )
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
        let answers = self
            .ask(RouteNetlinkMessage::GetRoute(RouteMessage::default()), NLM_F_DUMP)
            .map_err(|error| Error::new("list the routes", error))?;
        let routes = answers.into_iter().filter_map(|answer| match answer {
            RouteNetlinkMessage::NewRoute(route) => listed(&route),
            _ => None,
        });
        Ok(routes.collect())
    }

    fn change(
        &mut self,
        doing: impl Into<String>,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> Result<(), Error> {
        let done = self.ask(message, flags);
        done.map(drop).map_err(|error| Error::new(doing, error).advised(remedy))
    }

    /// Says one thing and listens until the kernel has answered it.
    fn ask(
        &mut self,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> io::Result<Vec<RouteNetlinkMessage>> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        header.sequence_number = self.sequence;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::from(message));
        message.finalize();
        let mut octets = vec![0; message.buffer_len()];
        message.serialize(&mut octets);
        self.socket.send(&octets, 0)?;
        let mut answers = Vec::new();
        loop {
            let (datagram, _) = self.socket.recv_from_full()?;
            if self.listen(&datagram, &mut answers)? {
                return Ok(answers);
            }
        }
    }

    /// Takes in one datagram of the kernel's; tells whether the answer is complete.
    fn listen(&self, datagram: &[u8], answers: &mut Vec<RouteNetlinkMessage>) -> io::Result<bool> {
        let mut rest = datagram;
        while !rest.is_empty() {
            let Ok(message) = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest) else {
                // A message of a kind we do not know: nothing we asked for is in it.
                rest = skipped(rest);
                continue;
            };
            rest = skipped(rest);
            if message.header.sequence_number != self.sequence {
                continue;
            }
            match message.payload {
                NetlinkPayload::InnerMessage(answer) => answers.push(answer),
                NetlinkPayload::Error(error) if error.code.is_some() => return Err(error.to_io()),
                NetlinkPayload::Error(_) | NetlinkPayload::Done(_) => return Ok(true),
                _ => {}
            }
        }
        Ok(false)
    }
}

/// What follows the first message of a datagram; each begins on a multiple of 4.
fn skipped(datagram: &[u8]) -> &[u8] {
    let length = datagram.first_chunk().map_or(0, |length| u32::from_ne_bytes(*length));
    let length = usize::try_from(length).unwrap_or(0).next_multiple_of(4).max(4);
    datagram.get(length..).unwrap_or_default()
}

const fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
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

fn remedy(errno: i32) -> &'static str {
    match errno {
        libc::EPERM => {
            "this needs the right CAP_NET_ADMIN: run as root, or let systemd grant it \
             (AmbientCapabilities=CAP_NET_ADMIN)"
        }
        libc::EACCES | libc::EOPNOTSUPP | libc::EAFNOSUPPORT => {
            "IPv6 is off here: sysctl net.ipv6.conf.all.disable_ipv6=0"
        }
        libc::ENODEV => "the interface is gone: has another program deleted it?",
        libc::ENETDOWN => "the interface is down: set it up first",
        libc::EINVAL => "an address or a length the interface cannot have",
        _ => "",
    }
}
