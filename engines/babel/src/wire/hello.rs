//! The Hello TLV (RFC 8966 §4.6.5), its timestamp (RFC 9616 §4.1), and what is said of the
//! sender.
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
//! | 113 (sender)  |       1       |           0 |F|
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```

use core::time::Duration;

use super::buffer::Buffer;
use super::subtlv::{FRUGAL, SENDER, SubTlvs, TIMESTAMP};
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
    /// The sender keeps track of what neighbours told it, and need not be told again what it
    /// cannot use.
    ///
    /// On the wire: an optional sub-TLV of the experimental type 113 with one octet of flags,
    /// the lowest bit (F) set. Speakers that do not know it pass over it.
    pub frugal: bool,
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
            frugal: subs.frugal,
        })
    }

    /// Writes the body.
    pub(super) fn encode(self, body: &mut Buffer) {
        let flags = if self.unicast { UNICAST } else { 0 };
        let interval = self.next.map_or(0, |next| Interval::from(next).to_wire());
        body.put(&flags.to_be_bytes());
        body.put(&self.seqno.0.to_be_bytes());
        body.put(&interval.to_be_bytes());
        if let Some(sent) = self.sent {
            body.item(TIMESTAMP, |sub| sub.put(&sent.to_be_bytes()));
        }
        if self.frugal {
            body.item(SENDER, |sub| sub.put(&[FRUGAL]));
        }
    }
}

const WHAT: &str = "Hello";
const UNICAST: u16 = 0x8000;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn reads_a_scheduled_hello() {
        let hello = Hello::decode(&[0, 0, 0, 9, 0x01, 0x90]).unwrap();
        assert_eq!(hello.seqno, Seqno(9));
        assert_eq!(hello.next, Some(Duration::from_secs(4)));
        assert_eq!((hello.sent, hello.frugal), (None, false));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let (seqno, sent) = (Seqno(65_535), Some(7));
        let hello = Hello { seqno, next: None, unicast: true, sent, frugal: true };
        let mut body = Buffer::new(100);
        hello.encode(&mut body);
        let octets = [0x80, 0, 0xff, 0xff, 0, 0, 3, 4, 0, 0, 0, 7, 113, 1, 1];
        assert_eq!(body.octets(), octets);
        assert_eq!(Hello::decode(body.octets()), Ok(hello));
    }

    #[test]
    fn other_things_said_of_the_sender_are_ignored() {
        for (said, frugal) in
            [(&[113, 0][..], false), (&[113, 1, 2], false), (&[113, 2, 3, 9], true)]
        {
            let mut body = vec![0, 0, 0, 9, 0, 1];
            body.extend(said);
            assert_eq!(Hello::decode(&body).unwrap().frugal, frugal);
        }
    }

    #[test]
    fn refuses_a_short_one() {
        let short = Malformed::Short { what: "Hello", got: 5, needed: 6 };
        assert_eq!(Hello::decode(&[0; 5]), Err(short));
    }
}
