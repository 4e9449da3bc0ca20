//! UDP datagrams, many per call.
#![expect(unsafe_code, reason = "recvmmsg and sendmmsg on buffers that we own and reuse")]

use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::{mem, ptr};

use nix::errno::Errno;
use nix::sys::socket::{
    self, AddressFamily, SockFlag, SockProtocol, SockType, SockaddrStorage, bind, setsockopt,
    sockopt,
};

use crate::batch::plain;
use crate::{BATCH, Batch, Burst, Error, LARGEST};

/// What the kernel may hold for us in each direction, octets.
const KERNEL_BUFFER: usize = 2 << 20;

/// The urgency of what is sent ahead: the highest that needs no right. Source: socket(7),
/// `SO_PRIORITY`.
const AHEAD: libc::c_int = 6;

/// A UDP socket for IPv4 and IPv6 alike.
///
/// IPv4 addresses are told and taken as IPv4, although one IPv6 socket serves both.
/// Sending and receiving never wait, and any number of threads may do them.
#[derive(Debug)]
pub struct Udp {
    socket: UdpSocket,
    six: bool,
    /// What bursts may fill of the kernel's buffer, octets; the rest is for single datagrams.
    share: usize,
}

impl Udp {
    /// Binds `port` on all addresses; 0 takes a free one.
    ///
    /// Where IPv6 is off, the socket serves IPv4 only.
    ///
    /// # Errors
    ///
    /// The port is in use or reserved.
    pub fn bind(port: u16) -> Result<Self, Error> {
        let all = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        match Self::bind_to(all) {
            Err(error) if no_ipv6(&error) => Self::bind_to((Ipv4Addr::UNSPECIFIED, port).into()),
            bound => bound,
        }
    }

    /// Binds one address; the unspecified IPv6 address means all addresses of both families.
    ///
    /// A datagram larger than the way allows is fragmented, not refused.
    ///
    /// # Errors
    ///
    /// The port is in use or reserved, or the address is not one of this machine.
    pub fn bind_to(address: SocketAddr) -> Result<Self, Error> {
        let six = address.is_ipv6();
        let open = || {
            let family = if six { AddressFamily::Inet6 } else { AddressFamily::Inet };
            let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
            let socket = socket::socket(family, SockType::Datagram, flags, SockProtocol::Udp)?;
            if six {
                setsockopt(&socket, sockopt::Ipv6V6Only, &false)?;
            }
            fragment(&socket, six);
            enlarge(&socket);
            bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
            Ok(socket)
        };
        let socket = open().map_err(|errno: Errno| {
            Error::new(format!("bind UDP {address}"), errno).advised(remedy)
        })?;
        let buffer = socket::getsockopt(&socket, sockopt::SndBuf).unwrap_or(KERNEL_BUFFER);
        Ok(Self { socket: socket.into(), six, share: buffer / 4 * 3 })
    }

    /// Returns the address it is bound to.
    ///
    /// # Errors
    ///
    /// None that a bound socket knows.
    pub fn local(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr().map(plain)
    }

    /// Marks all that is sent from now on, so that rules of the kernel can tell it apart.
    ///
    /// # Errors
    ///
    /// No right to (`CAP_NET_ADMIN`).
    pub fn mark(&self, mark: u32) -> io::Result<()> {
        Ok(setsockopt(&self.socket, sockopt::Mark, &mark)?)
    }

    /// Sends one datagram.
    ///
    /// # Errors
    ///
    /// What the kernel says about the destination: no route, no such family, no room.
    pub fn send_to(&self, to: SocketAddr, datagram: &[u8]) -> io::Result<()> {
        self.socket.send_to(datagram, self.fitted(to)).map(drop)
    }

    /// Sends one datagram ahead of bursts that wait in the queues of this machine, where these
    /// know of urgency (`pfifo_fast`, `prio` and others). Nothing of that is seen on the wire.
    ///
    /// What another thread sends in the same moment may be sent ahead as well.
    ///
    /// # Errors
    ///
    /// As [`send_to`](Self::send_to).
    pub fn send_ahead(&self, to: SocketAddr, datagram: &[u8]) -> io::Result<()> {
        // A wish: a kernel that refuses it sends all the same.
        let _ = set_option(&self.socket, libc::SOL_SOCKET, libc::SO_PRIORITY, AHEAD);
        let sent = self.send_to(to, datagram);
        let _ = set_option(&self.socket, libc::SOL_SOCKET, libc::SO_PRIORITY, 0);
        sent
    }

    /// Sends what is in `burst`, empties it, and returns how many datagrams the kernel
    /// did not take.
    ///
    /// A burst is not sent while three quarters of the kernel's buffer are full, so that single
    /// datagrams always find room.
    pub fn send(&self, burst: &mut Burst) -> usize {
        let mut first = 0;
        if self.waiting() > self.share {
            return mem::take(&mut burst.filled);
        }
        let mut lost = 0;
        while first < burst.filled {
            match self.send_some(burst, first) {
                Ok(sent) => first += sent,
                Err(Errno::EINTR) => {}
                // The error is about the first one: leave it out and go on.
                Err(_) => (first, lost) = (first + 1, lost + 1),
            }
        }
        burst.filled = 0;
        lost
    }

    /// Fills `batch` with what waits, and returns how many datagrams that is.
    ///
    /// # Errors
    ///
    /// Those of a socket somebody broke; an error some earlier datagram caused is skipped.
    pub fn receive(&self, batch: &mut Batch) -> io::Result<usize> {
        batch.filled = 0;
        match self.receive_some(batch) {
            Ok(filled) => {
                batch.filled = filled;
                Ok(filled)
            }
            Err(Errno::EAGAIN | Errno::EINTR | Errno::ECONNREFUSED) => Ok(0),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Returns how many octets wait in the queues of this machine, with what the kernel adds.
    fn waiting(&self) -> usize {
        let mut octets: libc::c_int = 0;
        // SAFETY: the kernel writes one integer, which outlives the call.
        let asked = unsafe {
            libc::ioctl(self.socket.as_raw_fd(), libc::TIOCOUTQ, ptr::from_mut(&mut octets))
        };
        Errno::result(asked).ok().and_then(|_| usize::try_from(octets).ok()).unwrap_or(0)
    }

    /// The address as our socket wants it.
    fn fitted(&self, to: SocketAddr) -> SocketAddr {
        match to {
            SocketAddr::V4(four) if self.six => {
                SocketAddrV6::new(four.ip().to_ipv6_mapped(), four.port(), 0, 0).into()
            }
            SocketAddr::V4(_) | SocketAddr::V6(_) => to,
        }
    }

    fn send_some(&self, burst: &Burst, first: usize) -> Result<usize, Errno> {
        let datagrams = burst.slots.get(first..burst.filled).unwrap_or_default();
        let addresses: [SockaddrStorage; BATCH] = std::array::from_fn(|at| {
            let to = datagrams.get(at).map_or(NOBODY, |datagram| datagram.to);
            SockaddrStorage::from(self.fitted(to))
        });
        let mut octets: [IoSlice<'_>; BATCH] = std::array::from_fn(|at| {
            IoSlice::new(datagrams.get(at).map_or(&[], |datagram| &datagram.octets))
        });
        let mut headers = [EMPTY; BATCH];
        for ((header, octets), address) in headers.iter_mut().zip(&mut octets).zip(&addresses) {
            header.msg_hdr.msg_name = ptr::from_ref(address).cast_mut().cast();
            header.msg_hdr.msg_namelen = socket::SockaddrLike::len(address);
            header.msg_hdr.msg_iov = ptr::from_mut(octets).cast();
            header.msg_hdr.msg_iovlen = 1;
        }
        let count = u32::try_from(datagrams.len().min(BATCH)).unwrap_or(0);
        // SAFETY: `count` headers are valid; the addresses and octets that they point to
        // outlive the call, are only read, and IoSlice has the layout of iovec.
        let sent =
            unsafe { libc::sendmmsg(self.socket.as_raw_fd(), headers.as_mut_ptr(), count, 0) };
        Errno::result(sent).map(|sent| usize::try_from(sent).unwrap_or(0))
    }

    fn receive_some(&self, batch: &mut Batch) -> Result<usize, Errno> {
        let mut octets: [libc::iovec; BATCH] = [NOTHING; BATCH];
        let mut headers = [EMPTY; BATCH];
        let buffers = batch.octets.iter_mut().zip(&mut batch.from);
        for ((header, iovec), (buffer, from)) in headers.iter_mut().zip(&mut octets).zip(buffers) {
            *iovec = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: LARGEST };
            header.msg_hdr.msg_name = ptr::from_mut(from).cast();
            header.msg_hdr.msg_namelen = ADDRESS_LENGTH;
            header.msg_hdr.msg_iov = ptr::from_mut(iovec);
            header.msg_hdr.msg_iovlen = 1;
        }
        // SAFETY: BATCH headers are valid; each points to a buffer of LARGEST octets and to
        // room for an address, all of which are ours alone during the call.
        let filled = unsafe {
            let count = u32::try_from(BATCH).unwrap_or(0);
            let (fd, none) = (self.socket.as_raw_fd(), ptr::null_mut());
            libc::recvmmsg(fd, headers.as_mut_ptr(), count, libc::MSG_DONTWAIT, none)
        };
        let filled = Errno::result(filled).map(|filled| usize::try_from(filled).unwrap_or(0))?;
        for (length, header) in batch.lengths.iter_mut().zip(&headers).take(filled) {
            let cut = header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
            *length = if cut { 0 } else { usize::try_from(header.msg_len).unwrap_or(0) };
        }
        Ok(filled)
    }
}

impl AsFd for Udp {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Lets the kernel fragment what is too large for the way, as long as nobody probes it.
fn fragment(socket: &impl AsRawFd, six: bool) {
    // Wishes: a kernel that refuses them costs nothing but large datagrams.
    let _ = set_option(socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_DONT);
    if six {
        let choice = libc::IPV6_PMTUDISC_DONT;
        let _ = set_option(socket, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, choice);
    }
}

/// Sets an option that is one integer.
pub(crate) fn set_option(
    socket: &impl AsRawFd,
    level: libc::c_int,
    option: libc::c_int,
    value: libc::c_int,
) -> nix::Result<()> {
    let length = u32::try_from(size_of_val(&value)).unwrap_or(0);
    // SAFETY: the pointer and length are those of one integer, which the kernel reads.
    let set = unsafe {
        let value = ptr::from_ref(&value).cast();
        libc::setsockopt(socket.as_raw_fd(), level, option, value, length)
    };
    Errno::result(set).map(drop)
}

/// Asks for large kernel buffers: by right if we have it, else up to the system's limit.
pub(crate) fn enlarge(socket: &impl AsFd) {
    if setsockopt(socket, sockopt::RcvBufForce, &KERNEL_BUFFER).is_err() {
        let _ = setsockopt(socket, sockopt::RcvBuf, &KERNEL_BUFFER);
    }
    if setsockopt(socket, sockopt::SndBufForce, &KERNEL_BUFFER).is_err() {
        let _ = setsockopt(socket, sockopt::SndBuf, &KERNEL_BUFFER);
    }
}

fn no_ipv6(error: &Error) -> bool {
    matches!(error.errno(), Some(libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL))
}

fn remedy(errno: i32) -> &'static str {
    match errno {
        libc::EADDRINUSE => {
            "another process has that port, perhaps a second copy of this program: stop it \
             (ss -ulpn shows it) or choose another port"
        }
        libc::EACCES => "ports below 1024 need the right CAP_NET_BIND_SERVICE: choose a higher one",
        libc::EADDRNOTAVAIL => "no interface of this machine has that address",
        libc::EAFNOSUPPORT => "this kernel has no such address family",
        errno => crate::poll::too_many_files(errno),
    }
}

const NOBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

const NOTHING: libc::iovec = libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 };

#[expect(clippy::cast_possible_truncation, reason = "28")]
const ADDRESS_LENGTH: u32 = size_of::<libc::sockaddr_in6>() as u32;

// SAFETY: a message header is integers and pointers, and all zeros is an empty one.
const EMPTY: libc::mmsghdr = unsafe { mem::zeroed() };

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn wait(udp: &Udp, batch: &mut Batch) -> Vec<(SocketAddr, Vec<u8>)> {
        crate::readable([udp.as_fd()], Some(Duration::from_secs(5))).unwrap();
        udp.receive(batch).unwrap();
        batch.datagrams().map(|(from, datagram)| (from, datagram.to_vec())).collect()
    }

    #[test]
    fn a_burst_arrives_as_a_batch_in_order() {
        let (a, b) = (Udp::bind(0).unwrap(), Udp::bind(0).unwrap());
        let to = SocketAddr::from(([127, 0, 0, 1], b.local().unwrap().port()));
        let from = SocketAddr::from(([127, 0, 0, 1], a.local().unwrap().port()));
        let mut burst = Burst::new();
        for n in 0..20_u8 {
            burst.push(to, |out| {
                out.resize(usize::from(n) + 1, n);
                Some(())
            });
        }
        burst.push(to, |_| None);
        assert_eq!(a.send(&mut burst), 0);
        assert!(burst.is_empty());
        let got = wait(&b, &mut Batch::new());
        let sent = (0..20_u8).map(|n| (from, vec![n; usize::from(n) + 1])).collect::<Vec<_>>();
        assert_eq!(got, sent);
    }

    #[test]
    fn both_families_share_a_socket() {
        let (a, b) = (Udp::bind(0).unwrap(), Udp::bind(0).unwrap());
        let port = b.local().unwrap().port();
        let mut batch = Batch::new();
        for to in [(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()] {
            let to: SocketAddr = to;
            if a.send_to(to, b"hello").is_err() {
                eprintln!("skipped: no {to} here");
                continue;
            }
            let got = wait(&b, &mut batch);
            assert_eq!(got.len(), 1);
            assert_eq!((got[0].0.ip(), &got[0].1[..]), (to.ip(), &b"hello"[..]));
        }
    }

    #[test]
    fn an_impossible_destination_costs_only_its_own_datagram() {
        let udp = Udp::bind_to((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let own = udp.local().unwrap();
        let mut burst = Burst::new();
        for to in [own, (Ipv6Addr::LOCALHOST, 9).into(), own] {
            burst.push(to, |out| {
                out.push(1);
                Some(())
            });
        }
        assert_eq!(udp.send(&mut burst), 1);
        assert_eq!(wait(&udp, &mut Batch::new()).len(), 2);
    }

    #[test]
    fn what_is_too_long_is_dropped_whole() {
        let udp = Udp::bind_to((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let own = udp.local().unwrap();
        udp.send_to(own, &[1; LARGEST + 1]).unwrap();
        udp.send_to(own, &[2; LARGEST]).unwrap();
        let got = wait(&udp, &mut Batch::new());
        assert_eq!(
            got.iter().map(|(_, datagram)| datagram.len()).collect::<Vec<_>>(),
            [0, LARGEST]
        );
    }

    #[test]
    fn a_port_in_use_is_told_with_its_remedy() {
        let first = Udp::bind(0).unwrap();
        let error = Udp::bind(first.local().unwrap().port()).unwrap_err().to_string();
        assert!(error.contains("in use") && error.contains("choose another port"), "{error}");
    }
}
