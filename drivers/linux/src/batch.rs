//! Buffers for many datagrams, made once and reused.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV6};

use nix::sys::socket::SockaddrIn6;

/// The most datagrams of one call.
pub const BATCH: usize = 32;

/// The longest datagram received, octets; longer ones are dropped.
pub const LARGEST: usize = 2048;

/// Datagrams received by one call. Made once and reused: 64 KiB.
#[derive(Debug)]
pub struct Batch {
    pub(crate) octets: Box<[[u8; LARGEST]]>,
    pub(crate) lengths: [usize; BATCH],
    pub(crate) from: [libc::sockaddr_in6; BATCH],
    pub(crate) filled: usize,
}

impl Batch {
    /// Makes an empty batch.
    pub fn new() -> Self {
        Self {
            octets: vec![[0; LARGEST]; BATCH].into_boxed_slice(),
            lengths: [0; BATCH],
            from: [NOWHERE; BATCH],
            filled: 0,
        }
    }

    /// Returns each datagram with where it came from.
    pub fn datagrams(&mut self) -> impl Iterator<Item = (SocketAddr, &mut [u8])> {
        let each = self.octets.iter_mut().zip(&self.lengths).zip(&self.from).take(self.filled);
        each.filter_map(|((octets, &length), from)| {
            Some((address(from), octets.get_mut(..length)?))
        })
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

/// Datagrams to be sent by one call. Made once and reused.
#[derive(Debug)]
pub struct Burst {
    pub(crate) slots: Vec<Datagram>,
    pub(crate) filled: usize,
}

#[derive(Debug)]
pub(crate) struct Datagram {
    pub(crate) to: SocketAddr,
    pub(crate) octets: Vec<u8>,
}

impl Burst {
    /// Makes an empty burst.
    pub const fn new() -> Self {
        Self { slots: Vec::new(), filled: 0 }
    }

    /// Tells whether there is no room for one more: send it first.
    pub const fn is_full(&self) -> bool {
        self.filled >= BATCH
    }

    /// Tells whether there is nothing to send.
    pub const fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Adds a datagram to `to`, which `write` writes into an empty vector, and tells whether
    /// it was added: not if `write` returns `None`.
    ///
    /// A full burst takes more, and needs more calls to be sent.
    pub fn push(&mut self, to: SocketAddr, write: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> bool {
        if self.slots.len() <= self.filled {
            self.slots.push(Datagram { to, octets: Vec::with_capacity(LARGEST) });
        }
        let Some(slot) = self.slots.get_mut(self.filled) else { return false };
        slot.to = to;
        slot.octets.clear();
        let added = write(&mut slot.octets).is_some();
        self.filled += usize::from(added);
        added
    }
}

impl Default for Burst {
    fn default() -> Self {
        Self::new()
    }
}

/// An IPv4 address in IPv6 clothes becomes IPv4.
pub(crate) fn plain(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V6(six) => match six.ip().to_ipv4_mapped() {
            Some(four) => (four, six.port()).into(),
            None => address,
        },
        SocketAddr::V4(_) => address,
    }
}

/// Reads the address the kernel wrote: the room is that of an IPv6 address, which is
/// larger than an IPv4 one and begins as it does.
fn address(told: &libc::sockaddr_in6) -> SocketAddr {
    if i32::from(told.sin6_family) == libc::AF_INET {
        // In sockaddr_in, the address lies where sockaddr_in6 has its flow label.
        let four = Ipv4Addr::from(told.sin6_flowinfo.to_ne_bytes());
        return (four, u16::from_be(told.sin6_port)).into();
    }
    let six = SockaddrIn6::from(*told);
    plain(SocketAddrV6::new(six.ip(), six.port(), 0, six.scope_id()).into())
}

const NOWHERE: libc::sockaddr_in6 = libc::sockaddr_in6 {
    sin6_family: 0,
    sin6_port: 0,
    sin6_flowinfo: 0,
    sin6_addr: libc::in6_addr { s6_addr: [0; 16] },
    sin6_scope_id: 0,
};
