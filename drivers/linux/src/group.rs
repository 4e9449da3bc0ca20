//! A UDP socket for a protocol between neighbours: it knows by which interface each datagram
//! came and says by which each goes.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv6Addr, SocketAddrV6, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    self, AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockProtocol,
    SockType, SockaddrIn6, bind, recvmsg, sendmsg, setsockopt, sockopt,
};

use crate::Error;
use crate::udp::{enlarge, set_option};

/// The hop limit of what we send: neighbours only (RFC 8966, section 4).
const NEIGHBOURS_ONLY: libc::c_int = 1;

/// Class selector 6, network control (RFC 2474, RFC 4594), as the traffic class has it.
const NETWORK_CONTROL: libc::c_int = 0xc0;

/// A datagram that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The interface it came by, as the kernel numbers it.
    pub interface: u32,
    /// Who sent it; the scope is the interface where it is link-local.
    pub from: SocketAddrV6,
    /// Whom it was for: a group we joined, or an address of ours.
    pub to: Ipv6Addr,
    /// How many hops it had left when it came, 0 to 255. From a neighbour that speaks as we
    /// do, 1.
    pub hop_limit: u8,
    /// How many octets of the buffer it takes.
    pub length: usize,
}

/// A UDP socket of IPv6, on all interfaces, that multicasts.
///
/// What it sends reaches neighbours only, takes precedence over payload in queues, and does
/// not come back to it. Nothing of it waits.
#[derive(Debug)]
pub struct Group {
    socket: UdpSocket,
    control: Vec<u8>,
}

impl Group {
    /// Binds `port` on all IPv6 addresses of the network namespace of the calling thread, for
    /// us alone; 0 takes a free one. Babel's is 6696.
    ///
    /// # Errors
    ///
    /// The port is in use or reserved, or IPv6 is off.
    pub fn open(port: u16) -> Result<Self, Error> {
        Self::bind(port, false)
    }

    /// Binds `port` as [`open`](Self::open), together with others who do the same: each hears
    /// what is sent to groups that it joined.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn share(port: u16) -> Result<Self, Error> {
        Self::bind(port, true)
    }

    fn bind(port: u16, shared: bool) -> Result<Self, Error> {
        let doing = || format!("bind UDP port {port} of IPv6");
        let socket =
            bound(port, shared).map_err(|errno| Error::new(doing(), errno).advised(remedy))?;
        let control = nix::cmsg_space!(libc::in6_pktinfo, libc::c_int);
        Ok(Self { socket: socket.into(), control })
    }

    /// Returns the port it is bound to.
    ///
    /// # Errors
    ///
    /// None that a bound socket knows.
    pub fn port(&self) -> Result<u16, Error> {
        let local = self.socket.local_addr();
        local.map(|own| own.port()).map_err(|error| Error::new("read the port of a socket", error))
    }

    /// Takes in what is sent to `group` on an interface; no harm if it does already.
    ///
    /// # Errors
    ///
    /// No such interface, it has no IPv6, or the kernel's limit of groups is reached.
    pub fn join(&self, interface: u32, group: Ipv6Addr) -> Result<(), Error> {
        let joined = self.socket.join_multicast_v6(&group, interface);
        let doing = || format!("join {group} on interface {interface}");
        unless(joined, &[libc::EADDRINUSE])
            .map_err(|error| Error::new(doing(), error).advised(remedy))
    }

    /// Takes in no more what is sent to `group` on an interface; no harm if it did not. To be
    /// called for an interface that is gone too: the kernel remembers, and counts it.
    ///
    /// # Errors
    ///
    /// Those of a socket somebody broke.
    pub fn leave(&self, interface: u32, group: Ipv6Addr) -> Result<(), Error> {
        let left = self.socket.leave_multicast_v6(&group, interface);
        let doing = || format!("leave {group} on interface {interface}");
        unless(left, &[libc::EADDRNOTAVAIL, libc::ENODEV])
            .map_err(|error| Error::new(doing(), error).advised(remedy))
    }

    /// Reads the next datagram into `buffer`; `None` if none waits.
    ///
    /// One that is longer than `buffer` is dropped.
    pub fn receive(&mut self, buffer: &mut [u8]) -> Option<Received> {
        loop {
            match self.receive_one(buffer) {
                Ok(Some(received)) => return Some(received),
                // Too long, or of an error that some earlier datagram caused: it is taken.
                Ok(None) | Err(Errno::EINTR | Errno::ECONNREFUSED | Errno::EHOSTUNREACH) => {}
                Err(_) => return None,
            }
        }
    }

    fn receive_one(&mut self, buffer: &mut [u8]) -> nix::Result<Option<Received>> {
        let fd = self.socket.as_raw_fd();
        let mut room = [IoSliceMut::new(buffer)];
        let control = Some(self.control.as_mut_slice());
        let told = recvmsg::<SockaddrIn6>(fd, &mut room, control, MsgFlags::MSG_DONTWAIT)?;
        let (mut by, mut hop_limit) = (None, None);
        for said in told.cmsgs()? {
            if let ControlMessageOwned::Ipv6PacketInfo(info) = said {
                by = Some((info.ipi6_ifindex, Ipv6Addr::from(info.ipi6_addr.s6_addr)));
            } else if let ControlMessageOwned::Ipv6HopLimit(limit) = said {
                hop_limit = u8::try_from(limit).ok();
            }
        }
        let cut = told.flags.contains(MsgFlags::MSG_TRUNC);
        let received = |from: SockaddrIn6| {
            let (interface, to) = by?;
            let from = from.into();
            Some(Received { interface, from, to, hop_limit: hop_limit?, length: told.bytes })
        };
        Ok(told.address.filter(|_| !cut).and_then(received))
    }

    /// Sends a datagram by an interface; `source`, an address of that interface, says who it
    /// is from, and none lets the kernel choose.
    ///
    /// # Errors
    ///
    /// No room in the queue ([`WouldBlock`](std::io::ErrorKind::WouldBlock)), no such
    /// interface or it is down, `source` is not ours there, or the datagram is too long.
    pub fn send(
        &self,
        interface: u32,
        source: Option<Ipv6Addr>,
        to: SocketAddrV6,
        datagram: &[u8],
    ) -> Result<(), Error> {
        let source = source.unwrap_or(Ipv6Addr::UNSPECIFIED).octets();
        let info = libc::in6_pktinfo {
            ipi6_addr: libc::in6_addr { s6_addr: source },
            ipi6_ifindex: interface,
        };
        let to = SockaddrIn6::from(SocketAddrV6::new(*to.ip(), to.port(), 0, interface));
        let (octets, said) = ([IoSlice::new(datagram)], [ControlMessage::Ipv6PacketInfo(&info)]);
        let fd = self.socket.as_raw_fd();
        loop {
            return match sendmsg(fd, &octets, &said, MsgFlags::MSG_DONTWAIT, Some(&to)) {
                Ok(_) => Ok(()),
                Err(Errno::EINTR) => continue,
                Err(errno) => {
                    let doing = format!("send to {to} by interface {interface}");
                    Err(Error::new(doing, errno).advised(remedy))
                }
            };
        }
    }
}

impl AsFd for Group {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Opens, prepares and binds the socket.
fn bound(port: u16, shared: bool) -> nix::Result<OwnedFd> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let family = AddressFamily::Inet6;
    let socket = socket::socket(family, SockType::Datagram, flags, SockProtocol::Udp)?;
    setsockopt(&socket, sockopt::Ipv6V6Only, &true)?;
    setsockopt(&socket, sockopt::ReuseAddr, &shared)?;
    setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
    setsockopt(&socket, sockopt::Ipv6RecvHopLimit, &true)?;
    setsockopt(&socket, sockopt::Ipv6Ttl, &NEIGHBOURS_ONLY)?;
    setsockopt(&socket, sockopt::Ipv6MulticastHops, &NEIGHBOURS_ONLY)?;
    setsockopt(&socket, sockopt::Ipv6TClass, &NETWORK_CONTROL)?;
    set_option(&socket, libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_LOOP, 0)?;
    // Else we would hear groups that other programs joined on interfaces that are not ours.
    // Kernels before 4.20 do not know it.
    let _ = set_option(&socket, libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_ALL, 0);
    enlarge(&socket);
    let all = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, port, 0, 0);
    bind(socket.as_raw_fd(), &SockaddrIn6::from(all))?;
    Ok(socket)
}

/// What came of it, if not one of the errors that mean that it was so already.
fn unless(done: io::Result<()>, already: &[i32]) -> io::Result<()> {
    done.or_else(|error| match error.raw_os_error() {
        Some(errno) if already.contains(&errno) => Ok(()),
        _ => Err(error),
    })
}

fn remedy(errno: i32) -> &'static str {
    match errno {
        libc::EADDRINUSE => {
            "another program has that port, perhaps another Babel daemon (babeld, BIRD, FRR) or \
             a second copy of this one: stop it (ss -ulpn shows it) or choose another port"
        }
        libc::EACCES => "ports below 1024 need the right CAP_NET_BIND_SERVICE: choose a higher one",
        libc::EAFNOSUPPORT => "IPv6 is off here: sysctl net.ipv6.conf.all.disable_ipv6=0",
        libc::EADDRNOTAVAIL => "the interface has no such address, or has it not yet",
        libc::ENODEV | libc::ENXIO => "the interface is gone: has another program deleted it?",
        libc::ENETDOWN | libc::ENETUNREACH => {
            "the interface is down or has no link-local address: set it up first"
        }
        libc::ENOMEM | libc::ENOBUFS => {
            "the kernel has no room for so many groups of one socket: raise net.core.optmem_max"
        }
        libc::EMSGSIZE => "send less at once",
        errno => crate::poll::too_many_files(errno),
    }
}
