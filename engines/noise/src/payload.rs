//! What the two Noise messages carry.
//!
//! ```text
//!  initiation │ stamp 8 │ flags 1 │ previous 4 │ introduction …
//!  response   │ verdict 1 │ code 1 │ flags 1 │ observed address 16, port 2 │ introduction …
//! ```
//!
//! Numbers are big-endian. Flag 1: AES-256-GCM is fast here.

use alloc::vec::Vec;
use core::net::{Ipv6Addr, SocketAddr};

use crate::Reason;

/// The longest introduction a handshake carries, in octets.
pub const LONGEST_INTRODUCTION: usize = 1100;

const AES: u8 = 1;

/// What the first message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Initiation<'a> {
    /// Microseconds of the initiator's calendar; each is higher than the one before.
    pub(crate) stamp: u64,
    pub(crate) aes: bool,
    /// The responder's index of the session that this one replaces; 0 if none.
    pub(crate) previous: u32,
    /// Who the initiator is; empty if a session is replaced.
    pub(crate) introduction: &'a [u8],
}

impl<'a> Initiation<'a> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(13 + self.introduction.len());
        octets.extend(self.stamp.to_be_bytes());
        octets.push(flags(self.aes));
        octets.extend(self.previous.to_be_bytes());
        octets.extend(self.introduction);
        octets
    }

    pub(crate) fn decode(octets: &'a [u8]) -> Result<Self, Reason> {
        let (stamp, rest) = octets.split_first_chunk().ok_or(Reason::Malformed)?;
        let (&flags, rest) = rest.split_first().ok_or(Reason::Malformed)?;
        let (previous, introduction) = rest.split_first_chunk().ok_or(Reason::Malformed)?;
        Ok(Self {
            stamp: u64::from_be_bytes(*stamp),
            aes: flags & AES != 0,
            previous: u32::from_be_bytes(*previous),
            introduction: bounded(introduction)?,
        })
    }
}

/// What the responder decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Here is the session.
    Accepted,
    /// No, for the reason of this number, which is the node's.
    Refused(u8),
    /// The session to be replaced is not known here, nor is its link.
    Forgotten,
}

/// What the second message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Response<'a> {
    pub(crate) verdict: Verdict,
    pub(crate) aes: bool,
    /// Where the responder saw the initiation come from.
    pub(crate) observed: SocketAddr,
    /// Who the responder is; empty if it refuses or a session is replaced.
    pub(crate) introduction: &'a [u8],
}

impl<'a> Response<'a> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (verdict, code) = match self.verdict {
            Verdict::Accepted => (0, 0),
            Verdict::Refused(code) => (1, code),
            Verdict::Forgotten => (2, 0),
        };
        let mut octets = Vec::with_capacity(21 + self.introduction.len());
        octets.extend([verdict, code, flags(self.aes)]);
        octets.extend(wide(self.observed).octets());
        octets.extend(self.observed.port().to_be_bytes());
        octets.extend(self.introduction);
        octets
    }

    pub(crate) fn decode(octets: &'a [u8]) -> Result<Self, Reason> {
        let (&[verdict, code, flags], rest) =
            octets.split_first_chunk().ok_or(Reason::Malformed)?;
        let (address, rest) = rest.split_first_chunk::<16>().ok_or(Reason::Malformed)?;
        let (port, introduction) = rest.split_first_chunk().ok_or(Reason::Malformed)?;
        let verdict = match verdict {
            0 => Verdict::Accepted,
            1 => Verdict::Refused(code),
            2 => Verdict::Forgotten,
            _ => return Err(Reason::Malformed),
        };
        let address = Ipv6Addr::from(*address).to_canonical();
        Ok(Self {
            verdict,
            aes: flags & AES != 0,
            observed: SocketAddr::new(address, u16::from_be_bytes(*port)),
            introduction: bounded(introduction)?,
        })
    }
}

const fn flags(aes: bool) -> u8 {
    if aes { AES } else { 0 }
}

const fn bounded(introduction: &[u8]) -> Result<&[u8], Reason> {
    if introduction.len() > LONGEST_INTRODUCTION {
        return Err(Reason::Malformed);
    }
    Ok(introduction)
}

/// Returns the address as 128 bits, an IPv4 one mapped.
pub(crate) const fn wide(address: SocketAddr) -> Ipv6Addr {
    match address {
        SocketAddr::V4(v4) => v4.ip().to_ipv6_mapped(),
        SocketAddr::V6(v6) => *v6.ip(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_initiation_goes_both_ways() {
        let said = Initiation { stamp: 77, aes: true, previous: 9, introduction: b"me" };
        assert_eq!(Initiation::decode(&said.encode()), Ok(said));
    }

    #[test]
    fn a_response_goes_both_ways_for_each_verdict_and_family() {
        for verdict in [Verdict::Accepted, Verdict::Refused(7), Verdict::Forgotten] {
            for observed in ["192.0.2.1:1", "[2001:db8::1]:65535"] {
                let observed = observed.parse().unwrap();
                let said = Response { verdict, aes: false, observed, introduction: b"you" };
                assert_eq!(Response::decode(&said.encode()), Ok(said));
            }
        }
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets in prop::collection::vec(any::<u8>(), 0..1300)) {
            let _ = Initiation::decode(&octets);
            let _ = Response::decode(&octets);
        }
    }
}
