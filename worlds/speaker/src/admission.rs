//! Which datagrams are Babel packets of a neighbour: the checks before any octet is read.

use std::fmt;
use std::net::Ipv6Addr;

/// What is known of a datagram besides its octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// Who sent it.
    pub(crate) from: Ipv6Addr,
    /// From which port.
    pub(crate) port: u16,
    /// To which address of ours, or which group.
    pub(crate) to: Ipv6Addr,
    /// How many hops it had left.
    pub(crate) hops: u8,
}

/// Why a datagram is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refusal {
    /// It comes from beyond the link.
    Distant,
    /// It comes from another port than the protocol's.
    Port,
    /// It was for a group or an address that is not Babel's business.
    Address,
    /// It is our own, heard again.
    Own,
    /// It came by an interface on which we do not speak.
    Interface,
}

impl Refusal {
    /// The name, as in counters.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Distant => "source-not-link-local",
            Self::Port => "source-port",
            Self::Address => "destination",
            Self::Own => "own",
            Self::Interface => "interface",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

/// The group of all Babel routers on a link (RFC 8966 §5).
pub(crate) const GROUP: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 6);

/// Returns the sender of a datagram that came to `port` on an interface whose link-local
/// address is `own`.
///
/// A link-local source never crossed a router, so that any hop limit but 0 will do: most
/// daemons send 1, some more. Source: RFC 8966 §4 (ignored silently: a source that is not
/// link-local, a source port that is not the protocol's).
///
/// # Errors
///
/// [`Refusal`], for the counters.
pub(crate) fn admit(envelope: Envelope, port: u16, own: Ipv6Addr) -> Result<Ipv6Addr, Refusal> {
    let Envelope { from, port: source, to, hops } = envelope;
    if !from.is_unicast_link_local() {
        return Err(Refusal::Distant);
    }
    if source != port {
        return Err(Refusal::Port);
    }
    if to != GROUP && !to.is_unicast_link_local() {
        return Err(Refusal::Address);
    }
    // A hop limit of 0 never arrives by a network: somebody on this machine forged it.
    if hops == 0 {
        return Err(Refusal::Distant);
    }
    if from == own { Err(Refusal::Own) } else { Ok(from) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    const PEER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);
    const GOOD: Envelope = Envelope { from: PEER, port: 6696, to: GROUP, hops: 1 };

    #[test]
    fn a_neighbour_on_the_link_is_heard() {
        assert_eq!(admit(GOOD, 6696, OWN), Ok(PEER));
        assert_eq!(admit(Envelope { to: OWN, ..GOOD }, 6696, OWN), Ok(PEER));
        assert_eq!(admit(Envelope { hops: 255, ..GOOD }, 6696, OWN), Ok(PEER));
    }

    #[test]
    fn what_comes_from_beyond_the_link_is_not() {
        for from in ["2001:db8::1", "::1", "::ffff:10.0.0.1", "::"] {
            let envelope = Envelope { from: from.parse().unwrap(), ..GOOD };
            assert_eq!(admit(envelope, 6696, OWN), Err(Refusal::Distant), "{from}");
        }
    }

    #[test]
    fn the_source_port_is_the_protocol_s() {
        assert_eq!(admit(Envelope { port: 40_000, ..GOOD }, 6696, OWN), Err(Refusal::Port));
        assert_eq!(admit(Envelope { port: 40_000, ..GOOD }, 40_000, OWN), Ok(PEER));
    }

    #[test]
    fn our_own_packets_and_those_for_other_addresses_are_ignored() {
        assert_eq!(admit(Envelope { from: OWN, ..GOOD }, 6696, OWN), Err(Refusal::Own));
        let to = "2001:db8::1".parse().unwrap();
        assert_eq!(admit(Envelope { to, ..GOOD }, 6696, OWN), Err(Refusal::Address));
        let to = "ff02::1".parse().unwrap();
        assert_eq!(admit(Envelope { to, ..GOOD }, 6696, OWN), Err(Refusal::Address));
    }
}
