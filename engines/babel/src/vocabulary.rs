//! What a speaker is told, and what it says.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};

use crate::{Change, Cost, Key, Metric, Policy, Profile};

/// An interface on which Babel is spoken. The world numbers them, and reuses no number while
/// the speaker knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interface(pub u32);

/// What a speaker is told.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// Speak on this interface. On one that is up already: from now on in this way; neighbours
    /// and routes stay.
    Up(Interface, Profile),
    /// The interface is gone: nothing was or will be received through it any more.
    Down(Interface),
    /// Let all links through this interface cost so much more than they do, in both directions;
    /// replaces what was said before. Shunning is [`Cost::SHUNNED`].
    Charge(Interface, Cost),
    /// Announce this range as ours, at this metric; replaces the metric if it is already.
    Announce(Key, Metric),
    /// Announce it no longer.
    Withdraw(Key),
    /// Let this in and out from now on. What was let in and no longer is, is dropped, and all
    /// neighbours are asked for their routes again; what they were told stays until it changes. If it
    /// is known what changes, only that is looked at, and asked for.
    Policy(Arc<dyn Policy>, Option<Change>),
    /// A packet came in, from port 6696 of an address on the link; the world has checked that
    /// (rule P1), and authenticated it where that is asked for.
    Packet {
        /// Where.
        interface: Interface,
        /// The sender's address; on a [`lone`](Profile::lone) interface it is of no matter.
        from: Ipv6Addr,
        /// Its octets, from the Babel header on.
        octets: &'a [u8],
    },
    /// The world ends: say that all our routes are gone. Nothing is said after that.
    Farewell,
    /// Nothing but time passed.
    Wake,
}

/// What a speaker says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a packet.
    Packet {
        /// Where.
        interface: Interface,
        /// To whom; `None` for everybody on the interface (`ff02::1:6`).
        to: Option<Ipv6Addr>,
        /// Its octets, from the Babel header on.
        octets: Vec<u8>,
    },
    /// Packets to this range now go this way. Said once for each change, never for our own.
    Route(Key, Way),
    /// This many selected routes now lead through the interface.
    Usage(Interface, u32),
}

/// Which way the packets to a range go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To a neighbour.
    Through(Hop),
    /// Nowhere, and no shorter range may take them: the route was lost a moment ago, and
    /// somebody may still send us what we would send back (RFC 8966 §3.5.4).
    Unreachable,
    /// As if the range had never been heard of.
    Gone,
}

/// A next hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop {
    /// Where.
    pub interface: Interface,
    /// The router's address there: that of the neighbour, unless its update named another.
    /// Unspecified on a [`lone`](Profile::lone) interface.
    pub address: IpAddr,
}
