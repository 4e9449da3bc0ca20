//! The Hello TLV (RFC 8966 §4.6.5) and its timestamp (RFC 9616 §4.1).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |   Type = 4    |    Length     |            Flags              |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |            Seqno              |          Interval             |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! | 3 (timestamp) |       4       |   Sent, microseconds, 32 bits
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```

use alloc::vec::Vec;
use core::time::Duration;

use super::subtlv::{SubTlvs, TIMESTAMP};
use super::{Interval, Malformed};
use crate::Seqno;

/// "I am here", with a promise of when it will be said again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Counts this sender's Hellos, so that lost ones show.
    pub seqno: Seqno,
    /// Time until the next; `None` if this one was not scheduled.
    pub next: Option<Duration>,
    /// Sent to us alone rather than to the link.
    pub unicast: bool,
    /// The sender's clock as the packet left, in microseconds, modulo 2^32.
    pub sent: Option<u32>,
}

impl Hello {
    /// Reads the body of a Hello, with its sub-TLVs.
    ///
    /// Shape: `body` starts after Type and Length; 6 octets, then sub-TLVs. A timestamp
    /// shorter than 4 is as none.
    ///
    /// Units: centiseconds on the wire, [`Duration`] here.
    ///
    /// # Errors
    ///
    /// [`Malformed::Short`] below 6 octets; those of sub-TLVs. Unknown flags are ignored, as
    /// the RFC asks.
    ///
    /// Source: RFC 8966 §4.6.5.
    pub(super) fn decode(body: &[u8]) -> Result<Self, Malformed> {
        let short = Malformed::Short { what: WHAT, got: body.len(), needed: 6 };
        let (fixed, rest) = body.split_first_chunk::<6>().ok_or(short)?;
        let [f0, f1, s0, s1, i0, i1] = *fixed;
        let interval = Interval::from_wire(u16::from_be_bytes([i0, i1]));
        let subs = SubTlvs::decode(WHAT, rest)?.understood(WHAT)?;
        let sent = subs.timestamp.and_then(|octets| octets.first_chunk::<4>());
        Ok(Self {
            seqno: Seqno(u16::from_be_bytes([s0, s1])),
            next: interval.map(Duration::from),
            unicast: u16::from_be_bytes([f0, f1]) & UNICAST != 0,
            sent: sent.map(|octets| u32::from_be_bytes(*octets)),
        })
    }

    /// Returns the body to write.
    pub(super) fn encode(self) -> Vec<u8> {
        let flags = if self.unicast { UNICAST } else { 0 };
        let interval = self.next.map_or(0, |next| Interval::from(next).to_wire());
        let mut body = Vec::with_capacity(12);
        body.extend(flags.to_be_bytes());
        body.extend(self.seqno.0.to_be_bytes());
        body.extend(interval.to_be_bytes());
        if let Some(sent) = self.sent {
            body.extend([TIMESTAMP, 4]);
            body.extend(sent.to_be_bytes());
        }
        body
    }
}

const WHAT: &str = "Hello";
const UNICAST: u16 = 0x8000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_scheduled_hello() {
        let hello = Hello::decode(&[0, 0, 0, 9, 0x01, 0x90]).unwrap();
        assert_eq!(hello.seqno, Seqno(9));
        assert_eq!(hello.next, Some(Duration::from_secs(4)));
        assert_eq!(hello.sent, None);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let hello = Hello { seqno: Seqno(65_535), next: None, unicast: true, sent: Some(7) };
        assert_eq!(hello.encode(), [0x80, 0, 0xff, 0xff, 0, 0, 3, 4, 0, 0, 0, 7]);
        assert_eq!(Hello::decode(&hello.encode()), Ok(hello));
    }

    #[test]
    fn refuses_a_short_one() {
        let short = Malformed::Short { what: "Hello", got: 5, needed: 6 };
        assert_eq!(Hello::decode(&[0; 5]), Err(short));
    }
}
