//! What happens to interfaces, addresses and routes, told by the kernel as it happens.
#![expect(unsafe_code, reason = "a socket filter is set by address")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums are the kernel's, which grow; what we do not know, we did not ask for"
)]

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr;

use netlink_packet_core::NetlinkPayload;
use netlink_packet_route::RouteNetlinkMessage;
use nix::errno::Errno;

use crate::links::{interface_address, is_of_link, link_state};
use crate::route_message::heard;
use crate::talk::{Talk, remedy};
use crate::{Error, KernelRoute, LinkState, RouteTables};

/// What the kernel may hold for us, octets: a few thousand notices.
const ROOM: usize = 4 << 20;

/// How many datagrams one reading takes at most.
const AT_ONCE: usize = 1024;

/// What we ask to hear of: the kernel's `RTNLGRP_…`.
const GROUPS: [u32; 5] = [
    libc::RTNLGRP_LINK,
    libc::RTNLGRP_IPV4_IFADDR,
    libc::RTNLGRP_IPV6_IFADDR,
    libc::RTNLGRP_IPV4_ROUTE,
    libc::RTNLGRP_IPV6_ROUTE,
];

/// Something that happened.
///
/// The kernel is silent about IPv4 routes that vanish because their interface went down or
/// away: [`Link`](Self::Link) or [`LinkGone`](Self::LinkGone) says it for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An interface is new, or something about it changed: told as often as the kernel likes.
    Link(LinkState),
    /// The interface of this number is gone.
    LinkGone(u32),
    /// The interface of this number has this address, of this length, or (`true`) has it no
    /// more. An address is not told while the kernel still looks for duplicates of it.
    Address(u32, IpAddr, u8, bool),
    /// A route is there, in place of the one with its range, table and metric if there was
    /// one, or (`true`) is gone.
    Route(KernelRoute, bool),
    /// More happened than the kernel could hold for us: read everything again.
    Overrun,
}

/// Tells what happens in the network namespace in which it was opened.
#[derive(Debug)]
pub struct Watch(Talk);

impl Watch {
    /// Begins to listen, in the network namespace of the calling thread. What happened before
    /// is not told: list it after this.
    ///
    /// # Errors
    ///
    /// If the process has too many open files or netlink is forbidden to it.
    pub fn open() -> Result<Self, Error> {
        let mut talk = Talk::open()?;
        talk.subscribe(&GROUPS, ROOM)
            .map_err(|error| Error::new("watch the network", error).advised(remedy))?;
        Ok(Self(talk))
    }

    /// Hears no more of what these change: at thousands of routes a second, that would only
    /// crowd out what others change.
    ///
    /// # Errors
    ///
    /// If the kernel has no socket filters.
    pub fn ignore(&mut self, ours: [&RouteTables; 2]) -> Result<(), Error> {
        set_filter(&self.0, ours.map(RouteTables::port))
            .map_err(|errno| Error::new("filter what is watched", errno))
    }

    /// Returns what happened since, oldest first; nothing if nothing did. Never waits.
    ///
    /// At most a thousand or so; if there is more, it stays readable.
    ///
    /// # Errors
    ///
    /// Those of a socket somebody broke.
    pub fn read(&mut self) -> Result<Vec<Notice>, Error> {
        let mut notices = Vec::new();
        for _ in 0..AT_ONCE {
            match self.0.receive() {
                Ok(()) => notices.extend(self.0.heard().filter_map(|told| notice(told.payload))),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    notices.push(Notice::Overrun);
                }
                Err(error) => return Err(Error::new("watch the network", error).advised(remedy)),
            }
        }
        Ok(notices)
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn notice(payload: NetlinkPayload<RouteNetlinkMessage>) -> Option<Notice> {
    let told = match payload {
        NetlinkPayload::InnerMessage(told) => told,
        NetlinkPayload::Overrun(_) => return Some(Notice::Overrun),
        _ => return None,
    };
    Some(match &told {
        RouteNetlinkMessage::NewLink(link) => Notice::Link(link_state(link)?),
        RouteNetlinkMessage::DelLink(link) if is_of_link(link) => {
            Notice::LinkGone(link.header.index)
        }
        RouteNetlinkMessage::NewAddress(address) => {
            let own = interface_address(address).filter(|own| !own.tentative)?;
            Notice::Address(own.index, own.address, own.length, false)
        }
        RouteNetlinkMessage::DelAddress(address) => {
            let own = interface_address(address)?;
            Notice::Address(own.index, own.address, own.length, true)
        }
        RouteNetlinkMessage::NewRoute(route) => Notice::Route(heard(route)?, false),
        RouteNetlinkMessage::DelRoute(route) => Notice::Route(heard(route)?, true),
        _ => return None,
    })
}

/// Makes the kernel drop what it would tell about wishes of the sockets of these numbers.
fn set_filter(socket: &impl AsRawFd, [one, other]: [u32; 2]) -> Result<(), Errno> {
    /// Where the header of a message says who wished it.
    const WISHED_BY: u32 = 12;
    const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
    const IF_EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    const RETURN: u16 = 0x06; // BPF_RET | BPF_K
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut steps = [
        step(LOAD, 0, 0, WISHED_BY),
        // It loads as the network writes numbers; the header has them as the machine does.
        step(IF_EQUAL, 1, 0, one.to_be()),
        step(IF_EQUAL, 0, 1, other.to_be()),
        step(RETURN, 0, 0, 0),
        step(RETURN, 0, 0, u32::MAX),
    ];
    let program = libc::sock_fprog { len: 5, filter: steps.as_mut_ptr() };
    let length = u32::try_from(size_of_val(&program)).unwrap_or(0);
    // SAFETY: the option is a program of five steps, which live through the call; pointer and
    // lengths are theirs.
    Errno::result(unsafe {
        let program = ptr::from_ref(&program).cast();
        let (level, option) = (libc::SOL_SOCKET, libc::SO_ATTACH_FILTER);
        libc::setsockopt(socket.as_raw_fd(), level, option, program, length)
    })
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use netlink_packet_route::AddressFamily;
    use netlink_packet_route::link::{LinkAttribute, LinkMessage};

    fn link(family: AddressFamily) -> LinkMessage {
        let mut link = LinkMessage::default();
        link.header.interface_family = family;
        link.header.index = 7;
        link.attributes = vec![LinkAttribute::IfName("none7".into()), LinkAttribute::Mtu(1500)];
        link
    }

    fn told(message: RouteNetlinkMessage) -> Option<Notice> {
        notice(NetlinkPayload::InnerMessage(message))
    }

    #[test]
    fn an_interface_that_leaves_a_bridge_is_not_gone() {
        let [plain, bridge] = [AddressFamily::Unspec, AddressFamily::Bridge].map(link);
        assert_eq!(told(RouteNetlinkMessage::DelLink(plain.clone())), Some(Notice::LinkGone(7)));
        assert_eq!(told(RouteNetlinkMessage::DelLink(bridge.clone())), None);
        assert!(matches!(
            told(RouteNetlinkMessage::NewLink(plain)),
            Some(Notice::Link(LinkState { index: 7, mtu: 1500, up: false, .. }))
        ));
        assert_eq!(told(RouteNetlinkMessage::NewLink(bridge)), None);
    }

    #[test]
    fn one_aspect_of_an_interface_is_not_its_state() {
        let mut radio = link(AddressFamily::Unspec);
        radio.attributes.pop();
        assert_eq!(told(RouteNetlinkMessage::NewLink(radio)), None);
    }
}
