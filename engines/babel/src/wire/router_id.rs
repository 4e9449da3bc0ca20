//! The Router-Id TLV (RFC 8966 §4.6.7).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |   Type = 6    |    Length     |          Reserved             |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                      Router-Id, 8 octets                      |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```

use core::fmt;

use super::Malformed;
use super::buffer::Buffer;

/// The name of the speaker that originates a route.
///
/// Of any octets, but on the wire never all zeros or all ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouterId(pub [u8; 8]);

impl RouterId {
    /// Tells whether the name may be used on the wire. Source: RFC 8966 §4.1.3.
    pub const fn is_legal(self) -> bool {
        let number = u64::from_be_bytes(self.0);
        number != 0 && number != u64::MAX
    }

    /// Reads the body of a Router-Id, and returns what follows its fixed part.
    ///
    /// # Errors
    ///
    /// [`Malformed::Short`] below 10 octets, [`Malformed::RouterId`] for an illegal one.
    pub(super) fn decode(body: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let short = Malformed::Short { what: "Router-Id", got: body.len(), needed: 10 };
        let (fixed, rest) = body.split_first_chunk::<10>().ok_or(short)?;
        let [_, _, id @ ..] = *fixed;
        let id = Self(id);
        if id.is_legal() { Ok((id, rest)) } else { Err(Malformed::RouterId) }
    }

    /// Writes the body.
    pub(super) fn encode(self, body: &mut Buffer) {
        body.put(&[0, 0]);
        body.put(&self.0);
    }
}

impl fmt::Display for RouterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = u64::from_be_bytes(self.0);
        let word = |shift: u32| (number >> shift) & 0xffff;
        write!(f, "{:04x}:{:04x}:{:04x}:{:04x}", word(48), word(32), word(16), word(0))
    }
}

impl fmt::Debug for RouterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let id = RouterId([1, 2, 3, 4, 5, 6, 7, 8]);
        let mut body = Buffer::new(10);
        id.encode(&mut body);
        assert_eq!(RouterId::decode(body.octets()), Ok((id, &[][..])));
    }

    #[test]
    fn nobody_is_named_by_zeros_or_ones() {
        assert_eq!(RouterId::decode(&[0; 10]), Err(Malformed::RouterId));
        assert_eq!(RouterId::decode(&[255; 10]), Err(Malformed::RouterId));
        let short = Malformed::Short { what: "Router-Id", got: 9, needed: 10 };
        assert_eq!(RouterId::decode(&[1; 9]), Err(short));
    }
}
