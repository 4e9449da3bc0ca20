//! Names for things.

use core::fmt;

use crate::Prefix;

/// A node of the mesh, named by the IPv6 prefix that its certificate gives it.
///
/// Routing announces that prefix, so the nodes that routing knows and the nodes
/// that can be drawn are the same names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub Prefix);

impl NodeId {
    /// Returns the node's own address: its prefix, zeros, and a final 1.
    ///
    /// A prefix of 128 bits is the address itself.
    ///
    /// Source: classic profile, network ‖ prefix ‖ 0…01.
    pub const fn address(self) -> core::net::Ipv6Addr {
        let last = if self.0.length() < 128 { 1 } else { 0 };
        core::net::Ipv6Addr::from_bits(self.0.bits() | last)
    }

    /// Returns the node's name in the routing protocol: the first 8 octets of its prefix, and
    /// what lies beyond them folded in. Whoever hears it knows whose announcement it is.
    ///
    /// Different for the nodes of one network, if the part of their prefixes past 64 bits is
    /// no longer than the prefix of the network.
    pub const fn routing_name(self) -> [u8; 8] {
        let bits = self.0.bits();
        let folded = (bits >> 64) ^ bits;
        let [_, _, _, _, _, _, _, _, name @ ..] = folded.to_be_bytes();
        name
    }
}

/// A link between this node and a neighbour, as this node numbers it.
///
/// Never reused during the life of an engine, so that a late event about a dead
/// link cannot be mistaken for one about its successor. Links that we opened and
/// links that others opened have separate numbers, because two engines hand them
/// out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);

const THEIRS: u32 = 0x8000_0000;

impl LinkId {
    /// Returns the name of the `n`th link that we opened (an arrow of ours).
    ///
    /// `n` is below 2^31; higher bits are ignored.
    pub const fn ours(n: u32) -> Self {
        Self(n & !THEIRS)
    }

    /// Returns the name of the `n`th link that somebody opened to us.
    ///
    /// `n` is below 2^31; higher bits are ignored.
    pub const fn theirs(n: u32) -> Self {
        Self(n | THEIRS)
    }

    /// Tells whether we opened the link, and so own the arrow.
    pub const fn is_ours(self) -> bool {
        self.0 & THEIRS == 0
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.is_ours() { "out" } else { "in" };
        write!(f, "{side}{}", self.0 & !THEIRS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn links_of_both_sides_never_share_a_name() {
        assert_ne!(LinkId::ours(3), LinkId::theirs(3));
        assert!(LinkId::ours(3).is_ours() && !LinkId::theirs(3).is_ours());
        assert_eq!(LinkId::theirs(3).to_string(), "in3");
    }

    #[test]
    fn a_node_answers_at_the_first_address_of_its_prefix() {
        let node = NodeId("2001:db8:42:7::/64".parse().unwrap());
        assert_eq!(node.address().to_string(), "2001:db8:42:7::1");
        assert_eq!(node.routing_name(), [0x20, 1, 0xd, 0xb8, 0, 0x42, 0, 7]);
        let whole = NodeId("2001:db8::9/128".parse().unwrap());
        assert_eq!(whole.address().to_string(), "2001:db8::9");
    }
}
