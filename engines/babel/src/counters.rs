//! What is counted.

use alloc::collections::BTreeMap;

/// Running totals since the engine began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets taken in.
    pub packets_in: u64,
    /// Packets said.
    pub packets_out: u64,
    /// Octets said.
    pub octets_out: u64,
    /// Updates understood.
    pub updates_in: u64,
    /// Updates said.
    pub updates_out: u64,
    /// Seqno requests of our own said, repetitions included.
    pub requests_out: u64,
    /// Seqno requests passed on for others.
    pub requests_forwarded: u64,
    /// Packets that nobody acknowledged in time, and were said again.
    pub resent: u64,
    /// Changes of selected routes told to the world.
    pub route_changes: u64,
    /// What was passed over, by reason: those of
    /// [`Malformed::reason`](crate::wire::Malformed::reason) and [`Ignored::reason`].
    pub passed_over: BTreeMap<&'static str, u64>,
}

impl Counters {
    pub(crate) fn pass_over(&mut self, reason: &'static str) {
        *self.passed_over.entry(reason).or_default() += 1;
    }
}

/// Why something well-formed was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Ignored {
    /// A packet of an interface that is not up.
    NoInterface,
    /// A packet of a neighbour that never greeted.
    Stranger,
    /// One neighbour too many on this interface.
    Crowd,
    /// That a neighbour begins, after it told what is true now.
    Late,
    /// A range that is never routed: link-local, multicast, loopback.
    Martian,
    /// A range that is ours, or inside ours.
    Ours,
    /// A route that began with us.
    Echo,
    /// A part of a range that is ours, where there are none.
    Outside,
    /// A route that the policy keeps out.
    Policy,
    /// One route too many of this neighbour.
    Full,
    /// One router-id too many for this range.
    Sources,
    /// Not passed over, but worth counting: a seqno more than 100 ahead of the last.
    Jump,
    /// A next hop that packets cannot be sent to: of a family not spoken on the interface.
    NextHop,
    /// An unfeasible update of the selected route: a newer one was asked for.
    Unfeasible,
    /// A request too many of this neighbour.
    Throttled,
    /// A request that we can neither answer nor pass on.
    DeadEnd,
}

impl Ignored {
    /// Returns the name of the reason, as in counters.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NoInterface => "no-interface",
            Self::Stranger => "stranger",
            Self::Crowd => "crowd",
            Self::Late => "late",
            Self::Martian => "martian",
            Self::Ours => "ours",
            Self::Echo => "echo",
            Self::Outside => "outside",
            Self::Policy => "policy",
            Self::Full => "full",
            Self::Sources => "sources",
            Self::Jump => "seqno-jump",
            Self::NextHop => "next-hop",
            Self::Unfeasible => "unfeasible",
            Self::Throttled => "throttled",
            Self::DeadEnd => "dead-end",
        }
    }
}
