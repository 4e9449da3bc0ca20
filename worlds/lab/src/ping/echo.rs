//! The ping itself: an ICMP echo that carries who asks whom.
//!
//! ```text
//! type | code | checksum (of IPv6, by the kernel) | identifier | sequence |
//! "re6stlab" | from u16 | to u16 | number u32
//! ```
//!
//! Source: RFC 4443 §4, RFC 792.

use super::Ip;
use crate::internet::{HostId, checksum};

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

const LABEL: [u8; 8] = *b"re6stlab";

impl Echo {
    /// Returns the request; its checksum over IPv6 is left to the kernel.
    pub(crate) fn request(self, ip: Ip) -> [u8; LENGTH] {
        let kind = match ip {
            Ip::V4 => 8,
            Ip::V6 => 128,
        };
        let [_, _, n2, n3] = self.number.to_be_bytes();
        let [f0, f1] = self.from.0.to_be_bytes();
        let mut octets = [0; LENGTH];
        let parts = [
            &[kind, 0, 0, 0, f0, f1, n2, n3],
            &LABEL[..],
            &[f0, f1],
            &self.to.0.to_be_bytes(),
            &self.number.to_be_bytes(),
        ];
        for (to, from) in octets.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        if ip == Ip::V4 {
            let sum = checksum(&octets).to_be_bytes();
            let field = octets.iter_mut().skip(2).zip(sum);
            field.for_each(|(to, from)| *to = from);
        }
        octets
    }

    /// Reads the answer to a ping of ours; `None` for all else that a raw socket hears, which
    /// of IPv4 begins with the header.
    pub(crate) fn answer(octets: &[u8], ip: Ip) -> Option<Self> {
        let (octets, reply) = match ip {
            Ip::V4 => (octets.get(usize::from(octets.first()? & 15) * 4..)?, 0),
            Ip::V6 => (octets, 129),
        };
        let fixed = octets.first_chunk::<LENGTH>()?;
        let [kind, _, _, _, _, _, _, _, label @ .., f0, f1, t0, t1, n0, n1, n2, n3] = *fixed;
        (kind == reply && label == LABEL).then_some(Self {
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
        let mut octets = echo.request(Ip::V6);
        let answer = |octets: &[u8]| Echo::answer(octets, Ip::V6);
        assert_eq!(answer(&octets), None, "a request is no answer");
        octets[0] = 129;
        assert_eq!(answer(&octets), Some(echo));
        assert_eq!(answer(&octets[..LENGTH - 1]), None);
        octets[8] = b'x';
        assert_eq!(answer(&octets), None, "somebody else's");
    }

    #[test]
    fn an_answer_of_ipv4_comes_with_its_header() {
        let echo = Echo { from: HostId(3), to: HostId(300), number: 70_000 };
        let mut octets = echo.request(Ip::V4);
        assert_eq!(checksum(&octets), 0);
        octets[0] = 0;
        let mut packet = vec![0x46; 24];
        packet.extend(octets);
        assert_eq!(Echo::answer(&packet, Ip::V4), Some(echo));
        assert_eq!(Echo::answer(&packet[..20], Ip::V4), None);
        assert_eq!(Echo::answer(&[], Ip::V4), None);
    }
}
