//! The IHU ("I heard you") TLV (RFC 8966 §4.6.6) and its timestamps (RFC 9616 §4.2).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |   Type = 5    |    Length     |       AE      |    Reserved   |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |            Rxcost             |          Interval             |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |       Address (as AE says) ...
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! | 3 (timestamp) |       8       |   Origin, 32 bits │ Received, 32 bits
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```

use core::net::IpAddr;
use core::time::Duration;

use super::address::{self, Encoding};
use super::buffer::Buffer;
use super::subtlv::{SubTlvs, TIMESTAMP};
use super::{Interval, Malformed};
use crate::Cost;

/// "I hear you, and hearing you costs me this."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ihu {
    /// Whom it is said to; `None` for the only neighbour of the link.
    pub to: Option<IpAddr>,
    /// What it costs the sender to receive; infinite if it hears nothing.
    pub rxcost: Cost,
    /// Time until it will be said again.
    pub next: Duration,
    /// When the last Hello was sent and received, so that a round trip can be told.
    pub echo: Option<Echo>,
}

/// The last Hello's way to the sender of an IHU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// Our clock as our Hello left, in microseconds, modulo 2^32.
    pub origin: u32,
    /// The other's clock as it arrived, in microseconds, modulo 2^32.
    pub received: u32,
}

impl Ihu {
    /// Reads the body of an IHU, with its sub-TLVs.
    ///
    /// # Errors
    ///
    /// [`Malformed::Short`] below 6 octets or in the address, [`Malformed::NoInterval`] for
    /// a zero interval, [`Malformed::Encoding`]; those of sub-TLVs.
    pub(super) fn decode(body: &[u8]) -> Result<Self, Malformed> {
        let short = Malformed::Short { what: WHAT, got: body.len(), needed: 6 };
        let (fixed, rest) = body.split_first_chunk::<6>().ok_or(short)?;
        let [encoding, _, r0, r1, i0, i1] = *fixed;
        let encoding = Encoding::decode(WHAT, encoding)?;
        let (to, rest) = encoding.address(WHAT, rest)?;
        let interval = Interval::from_wire(u16::from_be_bytes([i0, i1]));
        let next = interval.ok_or(Malformed::NoInterval { what: WHAT })?.into();
        let subs = SubTlvs::decode(WHAT, rest)?.understood(WHAT)?;
        let echo = subs.timestamp.and_then(Echo::decode);
        Ok(Self { to, rxcost: Cost(u16::from_be_bytes([r0, r1])), next, echo })
    }

    /// Writes the body.
    pub(super) fn encode(self, body: &mut Buffer) {
        body.put(&[address::encoding_of(self.to).to_wire(), 0]);
        body.put(&self.rxcost.0.to_be_bytes());
        body.put(&Interval::from(self.next).to_wire().to_be_bytes());
        address::put_address(self.to, body);
        if let Some(echo) = self.echo {
            body.item(TIMESTAMP, |sub| {
                sub.put(&echo.origin.to_be_bytes());
                sub.put(&echo.received.to_be_bytes());
            });
        }
    }
}

impl Echo {
    fn decode(octets: &[u8]) -> Option<Self> {
        let [o0, o1, o2, o3, r0, r1, r2, r3] = *octets.first_chunk::<8>()?;
        let origin = u32::from_be_bytes([o0, o1, o2, o3]);
        Some(Self { origin, received: u32::from_be_bytes([r0, r1, r2, r3]) })
    }
}

const WHAT: &str = "IHU";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let echo = Some(Echo { origin: 1, received: 2 });
        for to in [None, Some("fe80::1".parse().unwrap()), Some("192.0.2.1".parse().unwrap())] {
            let next = Duration::from_secs(12);
            let ihu = Ihu { to, rxcost: Cost(96), next, echo };
            let mut body = Buffer::new(100);
            ihu.encode(&mut body);
            assert_eq!(Ihu::decode(body.octets()), Ok(ihu));
        }
    }

    #[test]
    fn it_must_promise_something() {
        let refused = Err(Malformed::NoInterval { what: WHAT });
        assert_eq!(Ihu::decode(&[0, 0, 0, 96, 0, 0]), refused);
    }

    #[test]
    fn an_address_cut_short_is_refused() {
        let short = Malformed::Short { what: WHAT, got: 2, needed: 8 };
        assert_eq!(Ihu::decode(&[3, 0, 0, 96, 0, 1, 9, 9]), Err(short));
    }
}
