//! TCP segments that fit the way.

use crate::{checksum, ipv4, ipv6};

const TCP: u8 = 6;
const SYN: u8 = 0x02;
/// Octets of a TCP header without options.
const HEADER: usize = 20;

/// Lowers the segment size that a TCP SYN asks for to what packets of `mtu` octets hold.
///
/// A network behind us may drop the "packet too big" that would else tell the sender;
/// then a large answer would never arrive. Other packets are left as they are.
///
/// Source: RFC 9293 §3.7.1, the option; RFC 4459 §3.2, the practice.
pub(crate) fn clamp(packet: &mut [u8], mtu: u16) {
    let (upper, headers) = match packet.first().map(|first| first >> 4) {
        Some(6) => (ipv6::upper(packet), ipv6::HEADER),
        _ => (ipv4::upper(packet), ipv4::HEADER),
    };
    let Some((TCP, segment)) = upper else { return };
    let start = packet.len() - segment.len();
    let headers = u16::try_from(headers + HEADER).unwrap_or(u16::MAX);
    if let Some(segment) = packet.get_mut(start..) {
        let _changed = clamp_segment(segment, mtu.saturating_sub(headers));
    }
}

fn clamp_segment(segment: &mut [u8], most: u16) -> Option<()> {
    let fixed = segment.first_chunk::<HEADER>()?;
    let [.., offset, flags, _, _, c0, c1, _, _] = *fixed;
    if flags & SYN == 0 {
        return None;
    }
    let at = find(segment.get(..usize::from(offset >> 4) * 4)?)?;
    let field = segment.get_mut(at..at + 2)?.first_chunk_mut::<2>()?;
    let asked = u16::from_be_bytes(*field);
    if asked <= most {
        return None;
    }
    *field = most.to_be_bytes();
    // At an odd place, the octets count in the other halves of two words.
    let (was, is) =
        if at % 2 == 0 { (asked, most) } else { (asked.swap_bytes(), most.swap_bytes()) };
    let sum = checksum::renewed(u16::from_be_bytes([c0, c1]), was, is);
    segment.get_mut(16..18)?.copy_from_slice(&sum.to_be_bytes());
    Some(())
}

/// Finds the value of the segment size option (kind 2, length 4) in a TCP header.
fn find(header: &[u8]) -> Option<usize> {
    let mut at = HEADER;
    loop {
        match *header.get(at..)? {
            [2, 4, _, _, ..] => return Some(at + 2),
            [0, ..] | [] => return None,
            [1, ..] => at += 1,
            [_, length, ..] if length >= 2 => at += usize::from(length),
            [_, ..] => return None,
        }
    }
}
