//! What becomes of a packet.

use alloc::vec::Vec;

use words::LinkId;

use crate::icmp::{self, Problem};
use crate::{Ends, Ipv4, Ipv6, Payload, Table, Target, mss};

/// Where a packet comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// From our own kernel, which is the same node: it ages its packets itself.
    Kernel,
    /// From the other end of a link.
    Link(LinkId),
    /// From this crate: an ICMP answer looking for its way. It is never answered.
    Here,
}

/// What is to be done with a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Give it to our own kernel.
    Deliver,
    /// The same, for the kernel to send it on out of the network.
    LetOut,
    /// Send it by this link.
    Send(LinkId),
    /// The same, of a packet that our own kernel has for others: we are the way out by which it comes
    /// in.
    LetIn(LinkId),
    /// Drop it, and send this packet instead, judged as [`Where::Here`].
    Answer(Why, Vec<u8>),
    /// Drop it.
    Drop(Why),
}

/// Why a packet is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Neither IPv6 nor IPv4, not of the length it says, or with a wrong header checksum.
    Malformed,
    /// From or to an address that means nothing beyond one machine or link.
    Martian,
    /// Came by a link for us, from an address that is ours.
    Spoofed,
    /// Came from our own kernel, to an address that is ours.
    Loop,
    /// Out of hops.
    Expired,
    /// No range holds its destination, or one says there is no way.
    NoRoute,
    /// Longer than a link carries.
    TooLong,
}

impl Why {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 7] = [
        Self::Malformed,
        Self::Martian,
        Self::Spoofed,
        Self::Loop,
        Self::Expired,
        Self::NoRoute,
        Self::TooLong,
    ];

    /// Returns its name, for counters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Martian => "martian",
            Self::Spoofed => "spoofed",
            Self::Loop => "loop",
            Self::Expired => "expired",
            Self::NoRoute => "no-route",
            Self::TooLong => "too-long",
        }
    }
}

/// Decides what becomes of one packet; to be sent, it is aged in place.
///
/// Shape: `packet` is one whole IP packet and nothing else. It changes only if the
/// verdict is [`Verdict::Send`] or [`Verdict::LetIn`].
///
/// Source: RFC 8200, RFC 1812 §5, RFC 4443.
pub fn judge(packet: &mut [u8], table: &Table, from: Where) -> Verdict {
    match packet.first().map(|first| first >> 4) {
        Some(6) => judge_as::<Ipv6>(packet, table, from),
        Some(4) => judge_as::<Ipv4>(packet, table, from),
        Some(_) | None => Verdict::Drop(Why::Malformed),
    }
}

fn judge_as<P: Payload>(packet: &mut [u8], table: &Table, from: Where) -> Verdict {
    let Ends { source, destination } = match P::ends(packet) {
        Ok(ends) => ends,
        Err(why) => return Verdict::Drop(why),
    };
    let (target, local) = (table.route(source, destination), Some(Target::Local));
    let to_kernel = target == local || target == Some(Target::Exit);
    match from {
        // Only what would be delivered. In transit it may be a packet of our own that comes
        // back, because the next hop changed its mind while it was under way: it goes on.
        Where::Link(_) if to_kernel && table.lookup(source) == local => {
            return Verdict::Drop(Why::Spoofed);
        }
        Where::Kernel if to_kernel => return Verdict::Drop(Why::Loop),
        Where::Kernel | Where::Link(_) | Where::Here => {}
    }
    let sent = match target {
        Some(Target::Local) => return Verdict::Deliver,
        // What leaves the network is aged by our kernel, which sends it on.
        Some(Target::Exit) => return Verdict::LetOut,
        Some(Target::Link(link)) => send::<P>(packet, table, from).map(|()| link),
        Some(Target::Unreachable) | None => Err(Why::NoRoute),
    };
    let comes_in = || from == Where::Kernel && table.lets_out() && table.lookup(source) != local;
    match sent {
        Ok(link) if comes_in() => Verdict::LetIn(link),
        Ok(link) => Verdict::Send(link),
        Err(why) => refuse(packet, table, from, why),
    }
}

/// Makes a packet ready for the next hop.
fn send<P: Payload>(packet: &mut [u8], table: &Table, from: Where) -> Result<(), Why> {
    if packet.len() > usize::from(table.own().mtu) {
        return Err(Why::TooLong);
    }
    match from {
        Where::Link(_) => P::age(packet)?,
        Where::Kernel => mss::clamp(packet, table.own().mtu),
        Where::Here => {}
    }
    Ok(())
}

fn refuse(packet: &[u8], table: &Table, from: Where, why: Why) -> Verdict {
    let problem = match why {
        Why::Expired => Problem::Expired,
        Why::NoRoute => Problem::NoRoute,
        Why::TooLong => Problem::TooLong,
        Why::Malformed | Why::Martian | Why::Spoofed | Why::Loop => return Verdict::Drop(why),
    };
    let told = match from {
        Where::Kernel | Where::Link(_) => icmp::about(packet, problem, table.own()),
        Where::Here => None,
    };
    told.map_or(Verdict::Drop(why), |answer| Verdict::Answer(why, answer))
}
