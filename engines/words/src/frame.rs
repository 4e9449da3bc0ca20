//! What travels inside a link: the first octet tells payload from control.
//!
//! ```text
//!  0x4_ IPv4 packet │ 0x6_ IPv6 packet │ 0x01 routing │ 0x02 arrows │ 0x03 gossip
//! ```
//!
//! An empty frame only says that its sender is alive.

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An IPv4 packet, from its first octet.
    Ipv4,
    /// An IPv6 packet, from its first octet.
    Ipv6,
    /// A packet of the routing protocol, after the octet.
    Routing,
    /// A word of one arrow's end to the other's, after the octet.
    Arrows,
    /// A word of gossip, after the octet.
    Gossip,
}

impl Kind {
    /// The octet before a control frame; `None` for payload, which has its own.
    pub const fn octet(self) -> Option<u8> {
        match self {
            Self::Routing => Some(1),
            Self::Arrows => Some(2),
            Self::Gossip => Some(3),
            Self::Ipv4 | Self::Ipv6 => None,
        }
    }

    /// Reads what `frame` is, and returns it with what follows the control octet.
    ///
    /// `None` for an empty frame or an unknown octet, which is dropped and counted.
    pub const fn of(frame: &[u8]) -> Option<(Self, &[u8])> {
        match frame {
            [0x40..=0x4f, ..] => Some((Self::Ipv4, frame)),
            [0x60..=0x6f, ..] => Some((Self::Ipv6, frame)),
            [1, rest @ ..] => Some((Self::Routing, rest)),
            [2, rest @ ..] => Some((Self::Arrows, rest)),
            [3, rest @ ..] => Some((Self::Gossip, rest)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn what_is_marked_is_recognised() {
        for kind in [Kind::Routing, Kind::Arrows, Kind::Gossip] {
            let frame = [kind.octet().unwrap(), 9];
            assert_eq!(Kind::of(&frame), Some((kind, &[9][..])));
        }
        assert_eq!(Kind::of(&[0x60, 1]), Some((Kind::Ipv6, &[0x60, 1][..])));
        assert_eq!(Kind::of(&[]), None);
        assert_eq!(Kind::of(&[0xff]), None);
    }
}
