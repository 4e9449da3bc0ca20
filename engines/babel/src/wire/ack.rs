//! The Acknowledgment Request and Acknowledgment TLVs (RFC 8966 §4.6.3, §4.6.4).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |   Type = 2    |    Length     |          Reserved             |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |            Opaque             |          Interval             |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |   Type = 3    |    Length     |            Opaque             |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```

use core::time::Duration;

use super::buffer::Buffer;
use super::subtlv::SubTlvs;
use super::{Interval, Malformed};

/// "Tell me that this packet arrived."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckRequest {
    /// What the answer must repeat.
    pub opaque: u16,
    /// Time within which the answer must leave.
    pub within: Duration,
}

/// "It arrived."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// What the request said.
    pub opaque: u16,
}

impl AckRequest {
    /// Reads the body of a request, with its sub-TLVs.
    ///
    /// # Errors
    ///
    /// [`Malformed::Short`] below 6 octets, [`Malformed::NoInterval`] for a zero interval;
    /// those of sub-TLVs.
    pub(super) fn decode(body: &[u8]) -> Result<Self, Malformed> {
        let short = Malformed::Short { what: WHAT, got: body.len(), needed: 6 };
        let (fixed, rest) = body.split_first_chunk::<6>().ok_or(short)?;
        let [_, _, o0, o1, i0, i1] = *fixed;
        let interval = Interval::from_wire(u16::from_be_bytes([i0, i1]));
        let within = interval.ok_or(Malformed::NoInterval { what: WHAT })?.into();
        SubTlvs::decode(WHAT, rest)?.understood(WHAT)?;
        Ok(Self { opaque: u16::from_be_bytes([o0, o1]), within })
    }

    /// Writes the body.
    pub(super) fn encode(self, body: &mut Buffer) {
        let [o0, o1] = self.opaque.to_be_bytes();
        let [i0, i1] = Interval::from(self.within).to_wire().to_be_bytes();
        body.put(&[0, 0, o0, o1, i0, i1]);
    }
}

impl Ack {
    /// Reads the body of an answer, with its sub-TLVs.
    ///
    /// # Errors
    ///
    /// [`Malformed::Short`] below 2 octets; those of sub-TLVs.
    pub(super) fn decode(body: &[u8]) -> Result<Self, Malformed> {
        let short = Malformed::Short { what: "Acknowledgment", got: body.len(), needed: 2 };
        let (opaque, rest) = body.split_first_chunk::<2>().ok_or(short)?;
        SubTlvs::decode("Acknowledgment", rest)?.understood("Acknowledgment")?;
        Ok(Self { opaque: u16::from_be_bytes(*opaque) })
    }

    /// Writes the body.
    pub(super) fn encode(self, body: &mut Buffer) {
        body.put(&self.opaque.to_be_bytes());
    }
}

const WHAT: &str = "Acknowledgment Request";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let request = AckRequest { opaque: 0x1234, within: Duration::from_secs(2) };
        let mut body = Buffer::new(6);
        request.encode(&mut body);
        assert_eq!(body.octets(), [0, 0, 0x12, 0x34, 0, 200]);
        assert_eq!(AckRequest::decode(body.octets()), Ok(request));
        let ack = Ack { opaque: 0x1234 };
        let mut body = Buffer::new(2);
        ack.encode(&mut body);
        assert_eq!(Ack::decode(body.octets()), Ok(ack));
    }

    #[test]
    fn an_answer_takes_time() {
        let zero = [0, 0, 1, 2, 0, 0];
        assert_eq!(AckRequest::decode(&zero), Err(Malformed::NoInterval { what: WHAT }));
    }
}
