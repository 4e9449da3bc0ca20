//! A neighbour's socket: Babel's port, on one interface.

use std::io;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use anyhow::{Context, Result};
use linux::Netlink;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockProtocol, SockType, SockaddrIn6, bind, setsockopt, socket, sockopt,
};

const PORT: u16 = 6696;
/// What the kernel may keep for us: nothing is to be lost on our side.
const ROOM: usize = 8 << 20;

/// A socket for all packets of one interface. It never waits.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: UdpSocket,
    device: u32,
}

impl Socket {
    /// Opens it on the interface `name` of the calling thread's namespace.
    ///
    /// # Errors
    ///
    /// No such interface, or rights are missing.
    pub(crate) fn open(name: &str) -> Result<Self> {
        let device = Netlink::open()?.index(name)?;
        let open = || -> io::Result<UdpSocket> {
            let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
            let protocol = SockProtocol::Udp;
            let fd = socket(AddressFamily::Inet6, SockType::Datagram, flags, protocol)?;
            setsockopt(&fd, sockopt::ReuseAddr, &true)?;
            setsockopt(&fd, sockopt::BindToDevice, &name.into())?;
            setsockopt(&fd, sockopt::RcvBufForce, &ROOM)?;
            setsockopt(&fd, sockopt::Ipv6Ttl, &1)?;
            let all = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, PORT, 0, 0);
            bind(fd.as_raw_fd(), &SockaddrIn6::from(all))?;
            let socket = UdpSocket::from(fd);
            socket.join_multicast_v6(&GROUP, device)?;
            socket.set_multicast_loop_v6(false)?;
            Ok(socket)
        };
        Ok(Self { socket: open().with_context(|| format!("open Babel's port on {name}"))?, device })
    }

    /// Sends `octets` to one address, or to everybody; what the kernel does not take is lost.
    pub(crate) fn send(&self, to: Option<Ipv6Addr>, octets: &[u8]) {
        let to = SocketAddrV6::new(to.unwrap_or(GROUP), PORT, 0, self.device);
        let _lost = self.socket.send_to(octets, to);
    }

    /// Returns the next packet that waits, and its sender.
    pub(crate) fn receive<'a>(&self, room: &'a mut [u8]) -> Option<(Ipv6Addr, &'a [u8])> {
        match self.socket.recv_from(room) {
            Ok((length, SocketAddr::V6(from))) => Some((*from.ip(), room.get(..length)?)),
            Ok((_, SocketAddr::V4(_))) | Err(_) => None,
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

const GROUP: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 6);
