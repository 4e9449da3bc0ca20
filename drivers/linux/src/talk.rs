//! The one way we talk with rtnetlink: say something, listen to the end of the answer.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums are the kernel's, which grow; what we do not know, we did not ask for"
)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::sys::socket::{setsockopt, sockopt};

use crate::Error;

/// The longest datagram the kernel sends us, octets: it cuts its lists at half of that.
const LONGEST: usize = 64 << 10;

/// How often a list is asked for that changed while it was read.
const TRIES: usize = 8;

/// A netlink socket of the network namespace in which it was opened.
#[derive(Debug)]
pub(crate) struct Talk {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
    port: u32,
}

impl Talk {
    /// Opens the socket, in the network namespace of the calling thread.
    pub(crate) fn open() -> Result<Self, Error> {
        let open = || {
            let mut socket = Socket::new(NETLINK_ROUTE)?;
            let port = socket.bind_auto()?.port_number();
            socket.connect(&SocketAddr::new(0, 0))?;
            // Wishes: an error without what we said, and lists filtered by the kernel.
            let _ = socket.set_cap_ack(true);
            let _ = socket.set_netlink_get_strict_chk(true);
            Ok(Self { socket, sequence: 0, buffer: Vec::with_capacity(LONGEST), port })
        };
        open().map_err(|error: io::Error| {
            Error::new("open a netlink socket", error).advised(|errno| match errno {
                libc::EAFNOSUPPORT | libc::EPERM => {
                    "the sandbox forbids netlink (systemd: RestrictAddressFamilies=AF_NETLINK)"
                }
                errno => crate::poll::too_many_files(errno),
            })
        })
    }

    /// The number by which the kernel tells whose wish a change was.
    pub(crate) const fn port(&self) -> u32 {
        self.port
    }

    /// Asks to hear what happens to `groups`, with room for `room` octets of it; reading never
    /// waits from then on.
    pub(crate) fn subscribe(&mut self, groups: &[u32], room: usize) -> io::Result<()> {
        if setsockopt(self, sockopt::RcvBufForce, &room).is_err() {
            let _ = setsockopt(self, sockopt::RcvBuf, &room);
        }
        self.socket.set_non_blocking(true)?;
        groups.iter().try_for_each(|&group| self.socket.add_membership(group))
    }

    /// Says one thing and returns what the kernel answered.
    pub(crate) fn ask(
        &mut self,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> io::Result<Vec<RouteNetlinkMessage>> {
        let mut answers = Vec::new();
        self.converse(message, flags, &mut |answer| answers.push(answer))?;
        Ok(answers)
    }

    /// Returns what `wanted` makes of each entry of the list that `question` asks for.
    ///
    /// A list that changed while the kernel told it may lack entries: it is asked for again,
    /// a few times.
    pub(crate) fn list<T>(
        &mut self,
        question: &RouteNetlinkMessage,
        wanted: impl Fn(RouteNetlinkMessage) -> Option<T>,
    ) -> io::Result<Vec<T>> {
        for _ in 0..TRIES {
            let mut listed = Vec::new();
            let mut hear = |answer| listed.extend(wanted(answer));
            if self.converse(question.clone(), NLM_F_DUMP, &mut hear)? {
                return Ok(listed);
            }
        }
        Err(io::Error::from_raw_os_error(libc::EAGAIN))
    }

    /// Says several things at once, the messages of `octets`, and returns which of them were
    /// refused, by position. The last alone is asked to be acknowledged: refusals come anyway,
    /// and in order.
    pub(crate) fn say(&mut self, octets: &mut [u8]) -> io::Result<Vec<(usize, io::Error)>> {
        let first = self.sequence.wrapping_add(1);
        let mut rest = &mut *octets;
        while !rest.is_empty() {
            self.sequence = self.sequence.wrapping_add(1);
            let (message, after) = rest.split_at_mut(length(rest));
            let ack = if after.is_empty() { NLM_F_ACK } else { 0 };
            stamp(message, self.sequence, ack);
            rest = after;
        }
        let mut refused = Vec::new();
        if octets.is_empty() {
            return Ok(refused);
        }
        self.socket.send(octets, 0)?;
        let last = self.sequence;
        loop {
            self.receive()?;
            for message in Messages(&self.buffer) {
                let number = message.header.sequence_number;
                let NetlinkPayload::Error(error) = message.payload else { continue };
                let position = usize::try_from(number.wrapping_sub(first)).unwrap_or(usize::MAX);
                if error.code.is_some() && number.wrapping_sub(first) <= last.wrapping_sub(first) {
                    refused.push((position, error.to_io()));
                }
                if number == last {
                    return Ok(refused);
                }
            }
        }
    }

    /// Says one thing and listens until it is answered; tells whether the answer is whole.
    fn converse(
        &mut self,
        message: RouteNetlinkMessage,
        flags: u16,
        hear: &mut dyn FnMut(RouteNetlinkMessage),
    ) -> io::Result<bool> {
        let mut octets = Vec::new();
        append(&mut octets, message, NLM_F_ACK | flags);
        self.sequence = self.sequence.wrapping_add(1);
        stamp(&mut octets, self.sequence, 0);
        self.socket.send(&octets, 0)?;
        let mut whole = true;
        loop {
            self.receive()?;
            for message in Messages(&self.buffer) {
                if message.header.sequence_number != self.sequence {
                    continue;
                }
                whole &= message.header.flags & NLM_F_DUMP_INTR == 0;
                match message.payload {
                    NetlinkPayload::InnerMessage(answer) => hear(answer),
                    NetlinkPayload::Error(error) if error.code.is_some() => {
                        return Err(error.to_io());
                    }
                    NetlinkPayload::Done(done) if done.code < 0 => {
                        return Err(io::Error::from_raw_os_error(-done.code));
                    }
                    NetlinkPayload::Error(_) | NetlinkPayload::Done(_) => return Ok(whole),
                    _ => {}
                }
            }
        }
    }

    /// Takes in one datagram; its messages are [`heard`](Self::heard) then.
    pub(crate) fn receive(&mut self) -> io::Result<()> {
        loop {
            self.buffer.clear();
            match self.socket.recv(&mut self.buffer, 0) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(_) => return Ok(()),
            }
        }
    }

    /// The messages of the datagram received last.
    pub(crate) fn heard(&self) -> impl Iterator<Item = NetlinkMessage<RouteNetlinkMessage>> {
        Messages(&self.buffer)
    }
}

impl AsFd for Talk {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Talk {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.socket.as_raw_fd()
    }
}

/// The messages of a datagram; those of a kind we do not know are passed over, for nothing we
/// asked for is in them.
struct Messages<'a>(&'a [u8]);

impl Iterator for Messages<'_> {
    type Item = NetlinkMessage<RouteNetlinkMessage>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.0.is_empty() {
            let message = NetlinkMessage::deserialize(self.0);
            self.0 = skipped(self.0);
            if let Ok(message) = message {
                return Some(message);
            }
        }
        None
    }
}

/// What follows the first message of a datagram.
fn skipped(datagram: &[u8]) -> &[u8] {
    datagram.get(length(datagram)..).unwrap_or_default()
}

/// The octets of the first message of a datagram, with what fills the gap to the next: each
/// begins on a multiple of 4.
fn length(datagram: &[u8]) -> usize {
    let length = datagram.first_chunk().map_or(0, |length| u32::from_ne_bytes(*length));
    let length = usize::try_from(length).unwrap_or(usize::MAX).max(4);
    length.checked_next_multiple_of(4).unwrap_or(usize::MAX).min(datagram.len())
}

/// Adds a request to a datagram, to be numbered later.
pub(crate) fn append(octets: &mut Vec<u8>, message: RouteNetlinkMessage, flags: u16) {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | flags;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::from(message));
    message.finalize();
    let (start, length) = (octets.len(), message.buffer_len());
    octets.resize(start + length.next_multiple_of(4), 0);
    if let Some(room) = octets.get_mut(start..start + length) {
        message.serialize(room);
    }
}

/// Numbers a message, and adds to its flags.
fn stamp(message: &mut [u8], sequence: u32, more: u16) {
    let Some([_, _, _, _, _, _, f0, f1, s0, s1, s2, s3, ..]) = message.first_chunk_mut::<16>()
    else {
        return;
    };
    [*f0, *f1] = (u16::from_ne_bytes([*f0, *f1]) | more).to_ne_bytes();
    [*s0, *s1, *s2, *s3] = sequence.to_ne_bytes();
}

/// What to do about a refusal of rtnetlink.
pub(crate) fn remedy(errno: i32) -> &'static str {
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
        libc::ENETUNREACH | libc::EHOSTUNREACH => {
            "the next hop is not on the link: give the interface an address of its network, or \
             say that it is on the link"
        }
        libc::EINVAL => "an address or a length the interface cannot have",
        libc::EAGAIN => "it changes faster than it can be listed: ask again later",
        libc::ENOBUFS | libc::ENOMEM => "the kernel has no memory for it: raise net.core.rmem_max",
        libc::EEXIST => "the name or the route is taken: remove the other first",
        _ => "",
    }
}
