//! What the node and its routing protocol say to each other.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::{Engine, LinkId, Names, Prefix};

/// A routing protocol: any engine that speaks these words.
///
/// Nothing to implement. Babel speaks them, a simulator's oracle speaks them.
pub trait Routing: for<'a> Engine<Input<'a> = Input<'a>, Output = Output> {}

impl<R: for<'a> Engine<Input<'a> = Input<'a>, Output = Output>> Routing for R {}

/// What a route leads to, and the senders whose packets may follow it.
///
/// Shape: both ranges are of one family, or `from` is [`Prefix::ALL`], which means anybody.
///
/// Source: RFC 9079 §3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    /// The destinations.
    pub to: Prefix,
    /// The senders; [`Prefix::ALL`] for anybody.
    pub from: Prefix,
}

impl From<Prefix> for Range {
    /// The range `to`, for anybody's packets.
    fn from(to: Prefix) -> Self {
        Self { to, from: Prefix::ALL }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to)?;
        if self.from == Prefix::ALL { Ok(()) } else { write!(f, " from {}", self.from) }
    }
}

impl fmt::Debug for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where an announcement may be told and believed: on links of one scope, a number of the
/// node's own for each mesh that it is in.
///
/// Everything is told on links of [`Scope::EVERYWHERE`], and what others say there is believed if
/// an admission everywhere lets it in. On links of another scope, what is told and what is believed
/// needs an admission of that scope, or one everywhere.
///
/// Source: seed, "2-order mesh": which ranges cross from one mesh to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(pub u16);

impl Scope {
    /// All links, and the scope of links where there is one mesh only.
    pub const EVERYWHERE: Self = Self(0);
}

/// Which announcements of others are believed: those of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// On links of this scope; [`Scope::EVERYWHERE`] for all.
    pub on: Scope,
    /// Destinations inside this range …
    pub inside: Prefix,
    /// … of exactly so many bits. IPv4 counts from 96.
    pub length: u8,
    /// For senders inside this range only; `None`: for anybody only.
    pub from: Option<Prefix>,
    /// Announced by one of these nodes; `None`: by anybody.
    pub by: Option<Names>,
    /// What is believed is taken as so much farther than it is said to be, in the unit of the
    /// routing protocol: 0, or what makes whoever has another way take that.
    pub farther: u16,
}

impl Admission {
    /// Tells whether it lets in the announcement of `range` by who calls himself `name`.
    pub fn admits(&self, range: Range, name: [u8; 8]) -> bool {
        let to = self.inside.covers(range.to) && range.to.length() == self.length;
        let from = match self.from {
            Some(from) => from.covers(range.from),
            None => range.from == Prefix::ALL,
        };
        to && from && self.by.as_ref().is_none_or(|by| by.contains(name))
    }
}

/// What routing is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The link came up. One that is up already is of this scope from now on: neighbours and what
    /// may be believed of them stay.
    Up(LinkId, Scope),
    /// The link went away: nothing was or will be received through it any more.
    Down(LinkId),
    /// Make the link look very bad, in both directions, so that routes leave it.
    ///
    /// For ever: a shunned link is closed some day, never restored.
    Shun(LinkId),
    /// Treat the link as if a round trip over it took so much longer than it does, in both
    /// directions; replaces what was said before. A shunned link stays shunned.
    Charge(LinkId, Duration),
    /// Announce this range to all neighbours who may hear it, as ours.
    Announce(Range),
    /// Announce this range, as ours but so far away that whoever knows another way takes that.
    Demote(Range),
    /// Announce this range no longer.
    Withdraw(Range),
    /// Believe from now on what any of these lets in, and nothing else, and tell nothing else on
    /// links that have a scope. What was believed and no longer is, is dropped, what was told and
    /// no longer may be, is taken back; neighbours are asked again for what now may be.
    Admit(&'a [Admission]),
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
    Route(Range, Option<LinkId>),
    /// This many ranges are now reached through the link.
    Usage(LinkId, u32),
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    use crate::NodeId;

    fn range(to: &str, from: &str) -> Range {
        Range { to: to.parse().unwrap(), from: from.parse().unwrap() }
    }

    #[test]
    fn a_range_says_for_whom_it_is() {
        assert_eq!(range("fd00::/64", "::/0").to_string(), "fd00::/64");
        let four = range("0.0.0.0/0", "10.42.0.0/16");
        assert_eq!(four.to_string(), "0.0.0.0/0 from 10.42.0.0/16");
    }

    #[test]
    fn only_what_is_of_the_kind_is_let_in() {
        let nodes = Admission {
            on: Scope::EVERYWHERE,
            inside: "fd00::/48".parse().unwrap(),
            length: 64,
            from: None,
            by: None,
            farther: 0,
        };
        let admits = |to, from| nodes.admits(range(to, from), [7; 8]);
        assert!(admits("fd00:0:0:1::/64", "::/0"));
        assert!(!admits("fd00:0:0:1::/64", "fd00::/48"), "for some senders only");
        assert!(!admits("fd00::/48", "::/0") && !admits("fd00:0:0:1::/65", "::/0"));
        assert!(!admits("fd01::/64", "::/0"));
    }

    #[test]
    fn a_default_route_is_let_in_from_those_who_may_only() {
        let exit = NodeId("fd00:0:0:7::/64".parse().unwrap());
        let exits = Admission {
            on: Scope::EVERYWHERE,
            inside: Prefix::ALL,
            length: 0,
            from: Some("fd00::/48".parse().unwrap()),
            by: Some(Names::of([exit])),
            farther: 0,
        };
        let default = range("::/0", "fd00::/48");
        assert!(exits.admits(default, exit.routing_name()));
        assert!(!exits.admits(default, [7; 8]));
        let others = [range("::/0", "::/0"), range("::/0", "fd00::/47")];
        assert!(others.iter().all(|other| !exits.admits(*other, exit.routing_name())));
    }
}
