//! Interfaces and their addresses, as the kernel lists them.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums are the kernel's, which grow; what we do not know, we did not ask for"
)]

use std::net::IpAddr;
use std::path::Path;

use netlink_packet_route::address::{
    AddressAttribute, AddressFlags, AddressHeaderFlags, AddressMessage, AddressScope,
};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use crate::Error;
use crate::talk::{Talk, remedy};

/// An interface and the state it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "flags of the kernel's, each by itself")]
pub struct LinkState {
    /// The kernel's number of it, never 0 and not soon used again.
    pub index: u32,
    /// Its name, which can change.
    pub name: String,
    /// It is set up, and its other end is there as far as it can tell.
    pub up: bool,
    /// The longest packet, octets.
    pub mtu: u32,
    /// It leads back to ourselves.
    pub loopback: bool,
    /// It has one other end, not many: a tunnel.
    pub point_to_point: bool,
    /// It is radio. Looked for in `/sys`, which tells of the network namespace it was mounted
    /// in: false in others.
    pub wireless: bool,
}

/// An address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterfaceAddress {
    /// The kernel's number of the interface.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
    /// How many bits of it name the network of the link, 0 to 32 or 0 to 128.
    pub length: u8,
    /// It cannot be used: the kernel still looks for a duplicate, or has found one.
    pub tentative: bool,
    /// It means something on this link only.
    pub link_local: bool,
}

/// Returns the interfaces of the network namespace of the calling thread.
///
/// # Errors
///
/// If netlink is forbidden to the process, or the kernel does not answer.
pub fn links() -> Result<Vec<LinkState>, Error> {
    let question = RouteNetlinkMessage::GetLink(LinkMessage::default());
    let listed = Talk::open()?.list(&question, |answer| match answer {
        RouteNetlinkMessage::NewLink(link) => link_state(&link),
        _ => None,
    });
    listed.map_err(|error| Error::new("list the interfaces", error).advised(remedy))
}

/// Returns the addresses, of both families, of all interfaces of the network namespace of the
/// calling thread.
///
/// # Errors
///
/// As [`links`].
pub fn addresses() -> Result<Vec<InterfaceAddress>, Error> {
    let question = RouteNetlinkMessage::GetAddress(AddressMessage::default());
    let listed = Talk::open()?.list(&question, |answer| match answer {
        RouteNetlinkMessage::NewAddress(address) => interface_address(&address),
        _ => None,
    });
    listed.map_err(|error| Error::new("list the addresses", error).advised(remedy))
}

/// Tells whether a message is about an interface as such, not about its part in a bridge.
pub(crate) fn is_of_link(message: &LinkMessage) -> bool {
    message.header.interface_family == AddressFamily::Unspec
}

/// Reads an interface; `None` if the message tells of one aspect of it only, as those of
/// bridges and of radio do.
pub(crate) fn link_state(message: &LinkMessage) -> Option<LinkState> {
    let flags = message.header.flags;
    let mut state = LinkState {
        index: message.header.index,
        name: String::new(),
        up: flags.contains(LinkFlags::Up | LinkFlags::Running),
        mtu: 0,
        loopback: flags.contains(LinkFlags::Loopback),
        point_to_point: flags.contains(LinkFlags::Pointopoint),
        wireless: false,
    };
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => state.name.clone_from(name),
            LinkAttribute::Mtu(mtu) => state.mtu = *mtu,
            _ => {}
        }
    }
    let about = Path::new("/sys/class/net").join(&state.name);
    state.wireless = ["wireless", "phy80211"].iter().any(|sign| about.join(sign).exists());
    (is_of_link(message) && state.mtu > 0).then_some(state)
}

/// Reads an address; `None` if there is none in it.
pub(crate) fn interface_address(message: &AddressMessage) -> Option<InterfaceAddress> {
    let header = &message.header;
    let unusable = AddressHeaderFlags::Tentative | AddressHeaderFlags::Dadfailed;
    let mut tentative = header.flags.intersects(unusable);
    let (mut local, mut other) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Local(own) => local = Some(*own),
            AddressAttribute::Address(address) => other = Some(*address),
            AddressAttribute::Flags(flags) => {
                let unusable = AddressFlags::Tentative | AddressFlags::Dadfailed;
                tentative = flags.intersects(unusable);
            }
            _ => {}
        }
    }
    // On a link with one other end, the second is the address of that end.
    let address = local.or(other)?;
    Some(InterfaceAddress {
        index: header.index,
        address,
        length: header.prefix_len,
        tentative,
        link_local: header.scope == AddressScope::Link,
    })
}
