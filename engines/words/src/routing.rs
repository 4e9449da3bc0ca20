//! What the node and its routing protocol say to each other.

use alloc::vec::Vec;
use core::time::Duration;

use crate::{Engine, LinkId, Prefix};

/// A routing protocol: any engine that speaks these words.
///
/// Nothing to implement. Babel speaks them, a simulator's oracle speaks them.
pub trait Routing: for<'a> Engine<Input<'a> = Input<'a>, Output = Output> {}

impl<R: for<'a> Engine<Input<'a> = Input<'a>, Output = Output>> Routing for R {}

/// What routing is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The link came up.
    Up(LinkId),
    /// The link went away: nothing was or will be received through it any more.
    Down(LinkId),
    /// Make the link look very bad, in both directions, so that routes leave it.
    ///
    /// For ever: a shunned link is closed some day, never restored.
    Shun(LinkId),
    /// Treat the link as if a round trip over it took so much longer than it does, in both
    /// directions; replaces what was said before. A shunned link stays shunned.
    Charge(LinkId, Duration),
    /// Announce this range to all neighbours, as ours.
    Announce(Prefix),
    /// Announce this range no longer.
    Withdraw(Prefix),
    /// Octets of the protocol came in through the link.
    Frame(LinkId, &'a [u8]),
    /// Nothing but time passed.
    Wake,
}

/// What routing says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send these octets of the protocol through the link.
    Send(LinkId, Vec<u8>),
    /// The range is now reached through this link, or no longer at all.
    ///
    /// Said once for each change, never for our own ranges.
    Route(Prefix, Option<LinkId>),
    /// This many ranges are now reached through the link.
    Usage(LinkId, u32),
}
