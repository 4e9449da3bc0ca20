//! The Route Request and Seqno Request TLVs (RFC 8966 §4.6.10, §4.6.11).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |   Type = 9    |    Length     |      AE       |     Plen      |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |     Prefix ...
//!
//! |   Type = 10   |    Length     |      AE       |     Plen      |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |             Seqno             |  Hop Count    |   Reserved    |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                      Router-Id, 8 octets                      |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |     Prefix ...
//! ```

use alloc::vec::Vec;

use super::address::{Encoding, Range};
use super::subtlv::SubTlvs;
use super::{Malformed, RouterId};
use crate::Seqno;

/// "Tell me your route to this range", or to all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteRequest {
    /// The range; [`Range::All`] asks for everything.
    pub range: Range,
}

/// "Get me a route to this range that is at least as new as this."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeqnoRequest {
    /// The range, never [`Range::All`].
    pub range: Range,
    /// The number that is wanted, or a newer one.
    pub seqno: Seqno,
    /// How many more hops the request may travel, at least 1.
    pub hops: u8,
    /// Who must raise its number.
    pub router: RouterId,
}

impl RouteRequest {
    /// Reads the body of a route request, with its sub-TLVs.
    ///
    /// # Errors
    ///
    /// [`Malformed::Short`], [`Malformed::Encoding`], [`Malformed::Length`]; those of
    /// sub-TLVs.
    pub(super) fn decode(body: &[u8]) -> Result<Self, Malformed> {
        let short = Malformed::Short { what: ROUTE, got: body.len(), needed: 2 };
        let ([encoding, length], rest) = body.split_first_chunk::<2>().ok_or(short)?;
        let range = range(ROUTE, *encoding, *length, rest)?;
        Ok(Self { range })
    }

    /// Returns the body to write.
    pub(super) fn encode(self) -> Vec<u8> {
        let (encoding, length, octets) = self.range.encode();
        let mut body = Vec::with_capacity(18);
        body.extend([encoding, length]);
        body.extend(octets);
        body
    }
}

impl SeqnoRequest {
    /// Reads the body of a seqno request, with its sub-TLVs.
    ///
    /// # Errors
    ///
    /// As [`RouteRequest::decode`]; [`Malformed::Wildcard`] for everything,
    /// [`Malformed::HopCount`] for no hop left, [`Malformed::RouterId`] for an illegal one.
    pub(super) fn decode(body: &[u8]) -> Result<Self, Malformed> {
        let short = Malformed::Short { what: SEQNO, got: body.len(), needed: 14 };
        let (fixed, rest) = body.split_first_chunk::<14>().ok_or(short)?;
        let [encoding, length, s0, s1, hops, _, router @ ..] = *fixed;
        let range = range(SEQNO, encoding, length, rest)?;
        let router = RouterId(router);
        if range == Range::All {
            return Err(Malformed::Wildcard { what: SEQNO });
        }
        if hops == 0 {
            return Err(Malformed::HopCount);
        }
        if !router.is_legal() {
            return Err(Malformed::RouterId);
        }
        Ok(Self { range, seqno: Seqno(u16::from_be_bytes([s0, s1])), hops, router })
    }

    /// Returns the body to write.
    pub(super) fn encode(self) -> Vec<u8> {
        let (encoding, length, octets) = self.range.encode();
        let mut body = Vec::with_capacity(30);
        body.extend([encoding, length]);
        body.extend(self.seqno.0.to_be_bytes());
        body.extend([self.hops, 0]);
        body.extend(self.router.0);
        body.extend(octets);
        body
    }
}

/// Reads a range that is not compressed, and the sub-TLVs after it.
fn range(what: &'static str, encoding: u8, length: u8, rest: &[u8]) -> Result<Range, Malformed> {
    let encoding = Encoding::decode(what, encoding)?;
    let needed = encoding.octets(what, length)?;
    let short = Malformed::Short { what, got: rest.len(), needed };
    let (octets, rest) = rest.split_at_checked(needed).ok_or(short)?;
    SubTlvs::decode(what, rest)?.understood(what)?;
    Ok(encoding.range(length, octets))
}

const ROUTE: &str = "Route Request";
const SEQNO: &str = "Seqno Request";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let prefix = "fd00:1:2:3::/64".parse().unwrap();
        for range in [Range::All, Range::V6(prefix)] {
            let request = RouteRequest { range };
            assert_eq!(RouteRequest::decode(&request.encode()), Ok(request));
        }
        let range = Range::V6(prefix);
        let request = SeqnoRequest { range, seqno: Seqno(7), hops: 64, router: RouterId([3; 8]) };
        assert_eq!(SeqnoRequest::decode(&request.encode()), Ok(request));
    }

    #[test]
    fn a_seqno_request_is_about_one_range_and_has_hops_left() {
        let mut body = [0; 14];
        assert_eq!(SeqnoRequest::decode(&body), Err(Malformed::Wildcard { what: SEQNO }));
        body[0] = 2;
        assert_eq!(SeqnoRequest::decode(&body), Err(Malformed::HopCount));
        body[4] = 1;
        assert_eq!(SeqnoRequest::decode(&body), Err(Malformed::RouterId));
    }

    #[test]
    fn a_source_specific_request_is_left_alone() {
        let body = [2, 8, 0xfd, 128, 2, 8, 0xfd];
        assert_eq!(RouteRequest::decode(&body), Err(Malformed::Mandatory { what: ROUTE }));
    }
}
