//! What the TLVs of one packet inherit from those before (RFC 8966 §4.5), and the Next Hop TLV
//! (RFC 8966 §4.6.8).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |   Type = 7    |    Length     |      AE       |   Reserved    |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |      Next hop ...
//! ```

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::{self, Encoding};
use super::buffer::Buffer;
use super::subtlv::SubTlvs;
use super::{Malformed, RouterId};

/// The router-id, next hops and default prefixes in force at one place of a packet.
///
/// Empty when a packet begins. The next hops are then the sender itself: `None` here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    pub(super) router: Option<RouterId>,
    pub(super) hop4: Option<Ipv4Addr>,
    pub(super) hop6: Option<Ipv6Addr>,
    defaults: Defaults,
}

/// The octets that updates may leave out, one range for each encoding, as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Defaults {
    v4: Option<u128>,
    v6: Option<u128>,
    v4_via_v6: Option<u128>,
}

impl State {
    /// Takes in the body of a Router-Id TLV.
    ///
    /// # Errors
    ///
    /// As [`RouterId::decode`]: an illegal one ends the one in force, so that the updates
    /// after it are not booked to somebody else. A mandatory sub-TLV that is not spoken here
    /// is reported, after the router-id has taken force.
    pub(super) fn router_id(&mut self, body: &[u8]) -> Result<(), Malformed> {
        self.router = None;
        let (router, rest) = RouterId::decode(body)?;
        self.router = Some(router);
        // Nearly always: there is one before each update.
        if rest.is_empty() {
            return Ok(());
        }
        SubTlvs::decode("Router-Id", rest)?.understood("Router-Id")?;
        Ok(())
    }

    /// Takes in the body of a Next Hop TLV.
    ///
    /// # Errors
    ///
    /// [`Malformed::Short`], [`Malformed::Encoding`], [`Malformed::Wildcard`]; those of
    /// sub-TLVs, after the next hop has taken force.
    pub(super) fn next_hop(&mut self, body: &[u8]) -> Result<(), Malformed> {
        let short = Malformed::Short { what: HOP, got: body.len(), needed: 2 };
        let ([encoding, _], rest) = body.split_first_chunk::<2>().ok_or(short)?;
        let encoding = Encoding::decode(HOP, *encoding)?;
        let (hop, rest) = encoding.address(HOP, rest)?;
        match hop.ok_or(Malformed::Wildcard { what: HOP })? {
            IpAddr::V4(hop) => self.hop4 = Some(hop),
            IpAddr::V6(hop) => self.hop6 = Some(hop),
        }
        SubTlvs::decode(HOP, rest)?.understood(HOP)?;
        Ok(())
    }

    /// Returns the octets, as a number, that an update of this encoding may leave out.
    #[inline]
    pub(super) const fn default_of(&self, encoding: Encoding) -> Option<u128> {
        match encoding {
            Encoding::V4 => self.defaults.v4,
            Encoding::V6 => self.defaults.v6,
            Encoding::V4ViaV6 => self.defaults.v4_via_v6,
            Encoding::Wildcard | Encoding::LinkLocal => None,
        }
    }

    /// Lets the octets of `bits`, the range of an update, be left out by those after it.
    #[inline]
    pub(super) const fn set_default(&mut self, encoding: Encoding, bits: u128) {
        match encoding {
            Encoding::V4 => self.defaults.v4 = Some(bits),
            Encoding::V6 => self.defaults.v6 = Some(bits),
            Encoding::V4ViaV6 => self.defaults.v4_via_v6 = Some(bits),
            Encoding::Wildcard | Encoding::LinkLocal => {}
        }
    }
}

/// Writes the body of a Next Hop TLV.
pub(super) fn encode_next_hop(hop: IpAddr, body: &mut Buffer) {
    body.put(&[address::encoding_of(Some(hop)).to_wire(), 0]);
    address::put_address(Some(hop), body);
}

const HOP: &str = "Next Hop";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_hops_are_kept_per_family() {
        let mut state = State::default();
        let hops: [IpAddr; 2] = ["192.0.2.1".parse().unwrap(), "fe80::9".parse().unwrap()];
        for hop in hops {
            let mut body = Buffer::new(100);
            encode_next_hop(hop, &mut body);
            state.next_hop(body.octets()).unwrap();
        }
        assert_eq!(state.hop4.map(IpAddr::from), Some(hops[0]));
        assert_eq!(state.hop6.map(IpAddr::from), Some(hops[1]));
        assert_eq!(state.next_hop(&[0, 0]), Err(Malformed::Wildcard { what: HOP }));
        let of_ranges_only = Err(Malformed::Encoding { what: HOP });
        assert_eq!(state.next_hop(&[4, 0, 192, 0, 2, 1]), of_ranges_only);
    }

    #[test]
    fn a_router_id_not_spoken_still_takes_force() {
        let mut state = State::default();
        let mut body = [5; 12];
        body[10..].copy_from_slice(&[250, 0]);
        assert_eq!(state.router_id(&body), Err(Malformed::Mandatory { what: "Router-Id" }));
        assert_eq!(state.router, Some(RouterId([5; 8])));
        assert_eq!(state.router_id(&[0; 10]), Err(Malformed::RouterId));
        assert_eq!(state.router, None);
    }
}
