//! The Route Request and Seqno Request TLVs (RFC 8966 §4.6.10, §4.6.11, RFC 9079 §4).
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
//! |     Prefix ...                   a source prefix may follow
//! ```

use super::address::{self, Encoding};
use super::buffer::Buffer;
use super::subtlv::{self, SubTlvs};
use super::{Malformed, RouterId};
use crate::{Family, Key, Seqno};

/// "Tell me your route to this range", or to all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteRequest {
    /// What it is about; `None` asks for everything.
    pub key: Option<Key>,
}

/// "Get me a route to this range that is at least as new as this."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeqnoRequest {
    /// What it is about.
    pub key: Key,
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
    /// [`Malformed::Short`], [`Malformed::Encoding`], [`Malformed::Length`],
    /// [`Malformed::Mapped`]; those of sub-TLVs.
    pub(super) fn decode(body: &[u8]) -> Result<Self, Malformed> {
        let short = Malformed::Short { what: ROUTE, got: body.len(), needed: 2 };
        let ([encoding, length], rest) = body.split_first_chunk::<2>().ok_or(short)?;
        Ok(Self { key: key(ROUTE, *encoding, *length, rest)? })
    }

    /// Writes the body.
    pub(super) fn encode(self, body: &mut Buffer) {
        let Some(key) = self.key else { return body.put(&[0, 0]) };
        body.put(&encoding_and_length(key));
        put_key(key, body);
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
        let key = key(SEQNO, encoding, length, rest)?;
        let key = key.ok_or(Malformed::Wildcard { what: SEQNO })?;
        let router = RouterId(router);
        if hops == 0 {
            return Err(Malformed::HopCount);
        }
        if !router.is_legal() {
            return Err(Malformed::RouterId);
        }
        Ok(Self { key, seqno: Seqno(u16::from_be_bytes([s0, s1])), hops, router })
    }

    /// Writes the body.
    pub(super) fn encode(self, body: &mut Buffer) {
        body.put(&encoding_and_length(self.key));
        body.put(&self.seqno.0.to_be_bytes());
        body.put(&[self.hops, 0]);
        body.put(&self.router.0);
        put_key(self.key, body);
    }
}

/// Reads a range that is not compressed, and the sub-TLVs after it.
fn key(
    what: &'static str,
    encoding: u8,
    length: u8,
    rest: &[u8],
) -> Result<Option<Key>, Malformed> {
    let encoding = Encoding::decode(what, encoding)?;
    let needed = usize::from(encoding.octets(what, length)?);
    let short = Malformed::Short { what, got: rest.len(), needed };
    let (octets, rest) = rest.split_at_checked(needed).ok_or(short)?;
    let prefix = encoding.range(what, length, address::number(octets))?;
    SubTlvs::decode(what, rest)?.key(what, encoding, prefix)
}

/// Returns the first two octets. Requests about IPv4 do not tell which next hop is wanted: they
/// use the encoding that everybody knows (RFC 9229 §2.3).
const fn encoding_and_length(key: Key) -> [u8; 2] {
    let (length, _) = address::on_wire(key.prefix);
    match key.family() {
        Family::V4 => [Encoding::V4.to_wire(), length],
        Family::V6 => [Encoding::V6.to_wire(), length],
    }
}

fn put_key(key: Key, body: &mut Buffer) {
    let (length, bits) = address::on_wire(key.prefix);
    address::put_range(length, bits, 0, body);
    subtlv::put_source(key, body);
}

const ROUTE: &str = "Route Request";
const SEQNO: &str = "Seqno Request";

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 4] =
        ["fd00:1:2:3::/64", "10.0.0.0/8", "::/0 from fd00::/8", "0.0.0.0/0 from 10.0.0.0/9"];

    #[test]
    fn what_is_written_is_read_back() {
        for key in KEYS.map(|key| key.parse().unwrap()) {
            let request = RouteRequest { key: Some(key) };
            let mut body = Buffer::new(100);
            request.encode(&mut body);
            assert_eq!(RouteRequest::decode(body.octets()), Ok(request));
            let request = SeqnoRequest { key, seqno: Seqno(7), hops: 64, router: RouterId([3; 8]) };
            let mut body = Buffer::new(100);
            request.encode(&mut body);
            assert_eq!(SeqnoRequest::decode(body.octets()), Ok(request));
        }
        let everything = RouteRequest { key: None };
        assert_eq!(RouteRequest::decode(&[0, 0]), Ok(everything));
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
    fn both_encodings_of_ipv4_ask_for_the_same() {
        let key = Some("10.0.0.0/8".parse().unwrap());
        for encoding in [1, 4] {
            assert_eq!(RouteRequest::decode(&[encoding, 8, 10]), Ok(RouteRequest { key }));
        }
        let mut body = Buffer::new(100);
        RouteRequest { key }.encode(&mut body);
        assert_eq!(body.octets(), [1, 8, 10]);
    }
}
