//! Routes as rtnetlink writes them.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums are the kernel's, which grow; what we do not know, we do not make"
)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteProtocol, RouteScope,
    RouteType, RouteVia,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use words::Prefix;

use crate::{KernelRoute, Via};

/// The interface of the kernel's unreachable IPv6 routes: `lo` is 1 in every namespace.
const LOOPBACK: u32 = 1;

/// Where the octets of the range are in a [`message`]: after the headers of netlink (16), of
/// the route (12) and of the attribute (4).
pub(crate) const RANGE_AT: usize = 16 + 12 + 4;

/// Writes a route to be removed: all that tells it from one that took its place.
///
/// For IPv6, the kernel compares neither the kind nor the lack of a next hop, so both are
/// written in a way it does compare.
pub(crate) fn removal(route: &KernelRoute) -> RouteMessage {
    let mut message = message(route);
    if !route.is_ipv4() {
        match route.via {
            Via::Hop { address, .. } if address.is_unspecified() => {
                message.attributes.push(RouteAttribute::Gateway(unspecified(false).into()));
            }
            Via::Unreachable => message.attributes.push(RouteAttribute::Oif(LOOPBACK)),
            Via::Hop { .. } | Via::Other => {}
        }
    }
    message
}

/// Writes a route to be put.
pub(crate) fn message(route: &KernelRoute) -> RouteMessage {
    let four = route.is_ipv4();
    let mut message = RouteMessage::default();
    let header = &mut message.header;
    header.address_family = if four { AddressFamily::Inet } else { AddressFamily::Inet6 };
    header.destination_prefix_length = length(route.to, four);
    header.table = RouteHeader::RT_TABLE_UNSPEC;
    header.protocol = RouteProtocol::from(route.protocol);
    let attributes = &mut message.attributes;
    attributes.reserve(8);
    // First, so that it is at `RANGE_AT`.
    attributes.push(RouteAttribute::Destination(first(route.to, four).into()));
    attributes.push(RouteAttribute::Table(route.table));
    attributes.push(RouteAttribute::Priority(route.metric));
    if route.from != Prefix::ALL && !four {
        header.source_prefix_length = route.from.length();
        attributes.push(RouteAttribute::Source(first(route.from, four).into()));
    }
    if let Some(own) = route.preferred_source {
        attributes.push(RouteAttribute::PrefSource(own.into()));
    }
    match route.via {
        Via::Hop { device, address, onlink } => {
            header.kind = RouteType::Unicast;
            attributes.push(RouteAttribute::Oif(device));
            if onlink {
                header.flags = RouteFlags::Onlink;
            }
            if let Some(hop) = hop(address, four) {
                attributes.push(hop);
            } else if four {
                header.scope = RouteScope::Link;
            }
        }
        Via::Unreachable => header.kind = RouteType::Unreachable,
        Via::Other => header.scope = RouteScope::NoWhere,
    }
    message
}

/// Asks for the routes of one family, those of one table if the kernel can sort them.
pub(crate) fn question(family: AddressFamily, table: Option<u32>) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header.address_family = family;
    message.attributes.extend(table.map(RouteAttribute::Table));
    message
}

/// Reads an answer to a question; `None` if it is no route.
pub(crate) fn answered(answer: &RouteNetlinkMessage) -> Option<KernelRoute> {
    match answer {
        RouteNetlinkMessage::NewRoute(route) => heard(route),
        _ => None,
    }
}

/// Reads a route; `None` if it is of neither family, or of the kernel's cache.
pub(crate) fn heard(message: &RouteMessage) -> Option<KernelRoute> {
    let header = &message.header;
    let four = match header.address_family {
        AddressFamily::Inet => true,
        AddressFamily::Inet6 => false,
        _ => return None,
    };
    if header.flags.contains(RouteFlags::Cloned) {
        return None;
    }
    let mut route = KernelRoute {
        to: range(unspecified(four), header.destination_prefix_length),
        from: Prefix::ALL,
        via: Via::Other,
        table: header.table.into(),
        metric: 0,
        protocol: header.protocol.into(),
        preferred_source: None,
    };
    let (mut device, mut address, mut plainly) = (None, unspecified(four), true);
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(to) => {
                route.to = range(plain(to)?, header.destination_prefix_length);
            }
            RouteAttribute::Source(from) => {
                route.from = range(plain(from)?, header.source_prefix_length);
            }
            RouteAttribute::Oif(index) => device = Some(*index),
            RouteAttribute::Gateway(by) => address = plain(by)?,
            RouteAttribute::Via(RouteVia::Inet6(by)) => address = (*by).into(),
            RouteAttribute::Table(table) => route.table = *table,
            RouteAttribute::Priority(metric) => route.metric = *metric,
            RouteAttribute::PrefSource(own) => route.preferred_source = plain(own),
            RouteAttribute::MultiPath(_)
            | RouteAttribute::NhId(_)
            | RouteAttribute::Encap(_)
            | RouteAttribute::Via(_) => plainly = false,
            _ => {}
        }
    }
    route.via = match (header.kind, device) {
        (RouteType::Unreachable, _) => Via::Unreachable,
        (RouteType::Unicast, Some(device)) if plainly => {
            let onlink = header.flags.contains(RouteFlags::Onlink);
            Via::Hop { device, address, onlink }
        }
        _ => Via::Other,
    };
    Some(route)
}

/// How the next hop of a route is written; not at all where the range is on the link.
fn hop(address: IpAddr, four: bool) -> Option<RouteAttribute> {
    match address {
        _ if address.is_unspecified() => None,
        IpAddr::V6(six) if four => Some(RouteAttribute::Via(six.into())),
        _ => Some(RouteAttribute::Gateway(address.into())),
    }
}

const fn unspecified(four: bool) -> IpAddr {
    if four { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) }
}

/// The length of a range as its family counts it.
const fn length(range: Prefix, four: bool) -> u8 {
    if four { range.length().saturating_sub(Prefix::ALL_IPV4.length()) } else { range.length() }
}

/// The first address of a range, in its family.
fn first(range: Prefix, four: bool) -> IpAddr {
    let first = range.first();
    match first.to_ipv4_mapped() {
        Some(plain) if four => plain.into(),
        _ => first.into(),
    }
}

/// The range of the `length` first bits of an address.
fn range(address: IpAddr, length: u8) -> Prefix {
    match address {
        IpAddr::V4(four) => Prefix::ipv4(four, length),
        IpAddr::V6(six) => Prefix::new(six.to_bits(), length),
    }
}

const fn plain(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(four) => Some(IpAddr::V4(*four)),
        RouteAddress::Inet6(six) => Some(IpAddr::V6(*six)),
        _ => None,
    }
}
