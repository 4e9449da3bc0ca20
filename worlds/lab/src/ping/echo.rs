//! The ping itself: an ICMP echo over IPv6 that carries who asks whom.
//!
//! ```text
//! type | code | checksum (by the kernel) | identifier | sequence |
//! "re6stlab" | from u16 | to u16 | number u32
//! ```
//!
//! Source: RFC 4443 §4.

use crate::internet::HostId;

/// A ping of one pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Echo {
    /// Who asks.
    pub(crate) from: HostId,
    /// Who is asked.
    pub(crate) to: HostId,
    /// The number of the ping within its pair; it wraps.
    pub(crate) number: u32,
}

/// Octets of a ping.
pub(crate) const LENGTH: usize = 24;

const REQUEST: u8 = 128;
const REPLY: u8 = 129;
const LABEL: [u8; 8] = *b"re6stlab";

impl Echo {
    /// Returns the request, its checksum left to the kernel.
    pub(crate) fn request(self) -> [u8; LENGTH] {
        let [_, _, n2, n3] = self.number.to_be_bytes();
        let [f0, f1] = self.from.0.to_be_bytes();
        let mut octets = [0; LENGTH];
        let parts = [
            &[REQUEST, 0, 0, 0, f0, f1, n2, n3],
            &LABEL[..],
            &[f0, f1],
            &self.to.0.to_be_bytes(),
            &self.number.to_be_bytes(),
        ];
        for (to, from) in octets.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        octets
    }

    /// Reads the answer to a ping of ours; `None` for all else that a raw socket hears.
    pub(crate) fn answer(octets: &[u8]) -> Option<Self> {
        let fixed = octets.first_chunk::<LENGTH>()?;
        let [kind, _, _, _, _, _, _, _, label @ .., f0, f1, t0, t1, n0, n1, n2, n3] = *fixed;
        (kind == REPLY && label == LABEL).then_some(Self {
            from: HostId(u16::from_be_bytes([f0, f1])),
            to: HostId(u16::from_be_bytes([t0, t1])),
            number: u32::from_be_bytes([n0, n1, n2, n3]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_tells_which_ping_it_answers() {
        let echo = Echo { from: HostId(3), to: HostId(300), number: 70_000 };
        let mut octets = echo.request();
        assert_eq!(Echo::answer(&octets), None, "a request is no answer");
        octets[0] = REPLY;
        assert_eq!(Echo::answer(&octets), Some(echo));
        assert_eq!(Echo::answer(&octets[..LENGTH - 1]), None);
        octets[8] = b'x';
        assert_eq!(Echo::answer(&octets), None, "somebody else's");
    }
}
