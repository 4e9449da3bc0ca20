//! What the TLVs of one packet inherit from those before (RFC 8966 §4.5).

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::{self, Encoding};
use super::subtlv::SubTlvs;
use super::{Malformed, RouterId};

/// The router-id, next hops and default prefixes in force at one place of a packet.
///
/// Empty when a packet begins. The next hops are then the sender itself: `None` here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    pub(super) router: Option<RouterId>,
    pub(super) hop4: Option<Ipv4Addr>,
    pub(super) hop6: Option<Ipv6Addr>,
    pub(super) default4: Option<Vec<u8>>,
    pub(super) default6: Option<Vec<u8>>,
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
        SubTlvs::decode("Router-Id", rest)?.understood("Router-Id")?;
        Ok(())
    }

    /// Takes in the body of a Next Hop TLV.
    ///
    /// ```text
    ///  Type = 7 │ Length │ AE │ Reserved │ Next hop …
    /// ```
    ///
    /// # Errors
    ///
    /// [`Malformed::Short`], [`Malformed::Encoding`], [`Malformed::Wildcard`]; those of
    /// sub-TLVs, after the next hop has taken force.
    pub(super) fn next_hop(&mut self, body: &[u8]) -> Result<(), Malformed> {
        let short = Malformed::Short { what: HOP, got: body.len(), needed: 2 };
        let ([encoding, _], rest) = body.split_first_chunk::<2>().ok_or(short)?;
        let encoding = Encoding::decode(HOP, *encoding)?;
        let (hop, rest) = address::address(HOP, encoding, rest)?;
        match hop.ok_or(Malformed::Wildcard { what: HOP })? {
            IpAddr::V4(hop) => self.hop4 = Some(hop),
            IpAddr::V6(hop) => self.hop6 = Some(hop),
        }
        SubTlvs::decode(HOP, rest)?.understood(HOP)?;
        Ok(())
    }

    /// Returns the octets that an update of this encoding may leave out.
    pub(super) fn default_of(&self, encoding: Encoding) -> Option<&[u8]> {
        match encoding {
            Encoding::V4 => self.default4.as_deref(),
            Encoding::V6 => self.default6.as_deref(),
            Encoding::Wildcard | Encoding::LinkLocal => None,
        }
    }

    /// Lets `octets`, the whole range of an update, be left out by those after it.
    pub(super) fn set_default(&mut self, encoding: Encoding, octets: &[u8]) {
        match encoding {
            Encoding::V4 => self.default4 = Some(address::padded::<4>(octets).to_vec()),
            Encoding::V6 => self.default6 = Some(address::padded::<16>(octets).to_vec()),
            Encoding::Wildcard | Encoding::LinkLocal => {}
        }
    }
}

/// Returns the body of a Next Hop TLV.
pub(super) fn encode_next_hop(hop: IpAddr) -> Vec<u8> {
    let (encoding, octets) = address::encode_address(Some(hop));
    let mut body = Vec::with_capacity(18);
    body.extend([encoding, 0]);
    body.extend(octets);
    body
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
            state.next_hop(&encode_next_hop(hop)).unwrap();
        }
        assert_eq!(state.hop4.map(IpAddr::from), Some(hops[0]));
        assert_eq!(state.hop6.map(IpAddr::from), Some(hops[1]));
        assert_eq!(state.next_hop(&[0, 0]), Err(Malformed::Wildcard { what: HOP }));
    }

    #[test]
    fn a_router_id_not_spoken_still_takes_force() {
        let mut state = State::default();
        let mut body = RouterId([5; 8]).encode().to_vec();
        body.extend([250, 0]);
        assert_eq!(state.router_id(&body), Err(Malformed::Mandatory { what: "Router-Id" }));
        assert_eq!(state.router, Some(RouterId([5; 8])));
        assert_eq!(state.router_id(&[0; 10]), Err(Malformed::RouterId));
        assert_eq!(state.router, None);
    }
}
