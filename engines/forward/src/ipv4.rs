//! IPv4 as a payload.
//!
//! ```text
//!  0             8                16
//! ┌──────┬──────┬────────────────┬────────────────┐
//! │ 4·IHL│ DSCP │  total length  │ id (2 octets)  │
//! ├──────┴──────┼────────┬───────┼────────────────┤
//! │ flags·offset│  TTL   │ proto │ header checksum│
//! ├─────────────┴────────┴───────┴────────────────┤
//! │ source (4 octets), destination (4), options   │
//! └──────────────────────────────── RFC 791 §3.1 ─┘
//! ```

use core::net::Ipv4Addr;

use crate::{Ends, Payload, Why, checksum, mapped};

/// The IPv4 payload protocol. In the table, its addresses are `::ffff:a.b.c.d`.
#[derive(Clone, Copy, Debug)]
pub struct Ipv4;

/// Octets of a header without options.
pub(crate) const HEADER: usize = 20;

const TTL: usize = 8;
const CHECKSUM: usize = 10;

/// The fields of a header that we read.
pub(crate) struct Header {
    /// Octets of the whole packet, as it says.
    pub(crate) length: usize,
    /// Octets before the upper protocol: 20 to 60.
    pub(crate) before: usize,
    /// Where this fragment lies; 0 for a whole packet.
    pub(crate) offset: u16,
    /// What follows the header.
    pub(crate) next: u8,
    pub(crate) source: Ipv4Addr,
    pub(crate) destination: Ipv4Addr,
}

impl Payload for Ipv4 {
    fn ends(packet: &[u8]) -> Result<Ends, Why> {
        let header = header(packet).ok_or(Why::Malformed)?;
        let octets = packet.get(..header.before).ok_or(Why::Malformed)?;
        // RFC 1812 §5.2.2 lets a router skip none of these checks.
        if header.length != packet.len() || checksum::sum(&[octets]) != 0xffff {
            return Err(Why::Malformed);
        }
        if is_local(header.source) || is_local(header.destination) {
            return Err(Why::Martian);
        }
        Ok(Ends { source: mapped(header.source), destination: mapped(header.destination) })
    }

    fn age(packet: &mut [u8]) -> Result<(), Why> {
        let fields = packet.get_mut(TTL..).and_then(|tail| tail.first_chunk_mut::<4>());
        let [life, protocol, high, low] = fields.ok_or(Why::Malformed)?;
        if *life <= 1 {
            return Err(Why::Expired);
        }
        let was = u16::from_be_bytes([*life, *protocol]);
        *life -= 1;
        let is = u16::from_be_bytes([*life, *protocol]);
        let sum = checksum::renewed(u16::from_be_bytes([*high, *low]), was, is);
        [*high, *low] = sum.to_be_bytes();
        Ok(())
    }
}

/// Reads the header's fixed part.
pub(crate) fn header(packet: &[u8]) -> Option<Header> {
    let [first, _, l0, l1, _, _, f0, f1, _, next, _, _, addresses @ ..] =
        *packet.first_chunk::<HEADER>()?;
    let [s0, s1, s2, s3, d0, d1, d2, d3] = addresses;
    let before = usize::from(first & 0xf) * 4;
    if first >> 4 != 4 || before < HEADER || before > packet.len() {
        return None;
    }
    Some(Header {
        length: usize::from(u16::from_be_bytes([l0, l1])),
        before,
        offset: u16::from_be_bytes([f0, f1]) & 0x1fff,
        next,
        source: Ipv4Addr::new(s0, s1, s2, s3),
        destination: Ipv4Addr::new(d0, d1, d2, d3),
    })
}

/// Returns the upper protocol's number and octets; `None` for a fragment other than the
/// first.
pub(crate) fn upper(packet: &[u8]) -> Option<(u8, &[u8])> {
    let header = header(packet).filter(|header| header.offset == 0)?;
    Some((header.next, packet.get(header.before..)?))
}

/// Writes the right checksum into a header.
pub(crate) fn seal(header: &mut [u8]) {
    if let Some(field) = header.get_mut(CHECKSUM..CHECKSUM + 2) {
        field.fill(0);
    }
    let sum = !checksum::sum(&[header]);
    if let Some(field) = header.get_mut(CHECKSUM..CHECKSUM + 2) {
        field.copy_from_slice(&sum.to_be_bytes());
    }
}

/// Tells whether an address means nothing beyond one machine or link.
const fn is_local(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    first == 0
        || address.is_loopback()
        || address.is_multicast()
        || address.is_link_local()
        || address.is_broadcast()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet() -> [u8; 20] {
        let mut packet = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        seal(&mut packet);
        packet
    }

    #[test]
    fn the_checksum_stays_true_as_the_packet_ages() {
        let mut packet = packet();
        for left in (1..64).rev() {
            Ipv4::age(&mut packet).unwrap();
            assert_eq!(packet[8], left);
            Ipv4::ends(&packet).unwrap();
        }
        assert_eq!(Ipv4::age(&mut packet), Err(Why::Expired));
        assert_eq!(packet[8], 1);
    }

    #[test]
    fn a_wrong_checksum_or_length_is_refused() {
        let mut wrong = packet();
        wrong[10] ^= 1;
        assert_eq!(Ipv4::ends(&wrong), Err(Why::Malformed));
        assert_eq!(Ipv4::ends(&packet()[..19]), Err(Why::Malformed));
        let ends = Ipv4::ends(&packet()).unwrap();
        assert_eq!(ends.destination, mapped(Ipv4Addr::new(10, 0, 0, 2)));
    }
}
