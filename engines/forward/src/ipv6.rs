//! IPv6 as a payload.
//!
//! ```text
//!  0        4        8                16
//! ┌────────┬────────┬────────────────┬────────────────┐
//! │ 6 · class · flow label           │ payload length │
//! ├────────┬────────┼────────────────┴────────────────┤
//! │  next  │  hops  │ source (16 octets), destination (16 octets)
//! └────────┴────────┴──────────────── RFC 8200 §3 ────┘
//! ```
//! (the second row begins at octet 6)

use core::net::Ipv6Addr;

use crate::{Ends, Payload, Why};

/// The IPv6 payload protocol.
#[derive(Clone, Copy, Debug)]
pub struct Ipv6;

/// Octets of the fixed header.
pub(crate) const HEADER: usize = 40;

const HOP_LIMIT: usize = 7;

/// The fields of a fixed header that we read.
pub(crate) struct Header {
    /// Octets after the header, as the packet says.
    pub(crate) length: usize,
    /// What follows the header.
    pub(crate) next: u8,
    pub(crate) source: Ipv6Addr,
    pub(crate) destination: Ipv6Addr,
}

impl Payload for Ipv6 {
    fn ends(packet: &[u8]) -> Result<Ends, Why> {
        let (header, rest) = header(packet).ok_or(Why::Malformed)?;
        if rest.len() != header.length {
            return Err(Why::Malformed);
        }
        if is_local(header.source) || is_local(header.destination) {
            return Err(Why::Martian);
        }
        Ok(Ends { source: header.source, destination: header.destination })
    }

    fn age(packet: &mut [u8]) -> Result<(), Why> {
        let hops = packet.get_mut(HOP_LIMIT).ok_or(Why::Malformed)?;
        match *hops {
            0 | 1 => Err(Why::Expired),
            left => {
                *hops = left - 1;
                Ok(())
            }
        }
    }
}

/// Reads the fixed header, and returns it with what follows.
pub(crate) fn header(packet: &[u8]) -> Option<(Header, &[u8])> {
    let (fixed, rest) = packet.split_first_chunk::<HEADER>()?;
    let [first, _, _, _, length @ ..] = *fixed;
    let [l0, l1, next, _, addresses @ ..] = length;
    let (source, destination) = addresses.split_first_chunk::<16>()?;
    if first >> 4 != 6 {
        return None;
    }
    let header = Header {
        length: usize::from(u16::from_be_bytes([l0, l1])),
        next,
        source: Ipv6Addr::from(*source),
        destination: Ipv6Addr::from(*destination.first_chunk::<16>()?),
    };
    Some((header, rest))
}

/// Returns the upper protocol's number and octets, past the extension headers; `None` if
/// they are cut, or this is a fragment other than the first.
///
/// Source: RFC 8200 §4.
pub(crate) fn upper(packet: &[u8]) -> Option<(u8, &[u8])> {
    let (header, mut rest) = header(packet)?;
    let mut next = header.next;
    loop {
        let length = match next {
            HOP_BY_HOP | ROUTING | OPTIONS => usize::from(*rest.get(1)?) * 8 + 8,
            FRAGMENT => {
                let [_, _, high, low] = *rest.first_chunk::<4>()?;
                if u16::from_be_bytes([high, low]) >> 3 != 0 {
                    return None;
                }
                8
            }
            found => return Some((found, rest)),
        };
        next = *rest.first()?;
        rest = rest.get(length..)?;
    }
}

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const OPTIONS: u8 = 60;

/// Tells whether an address means nothing beyond one machine or link; IPv4 in IPv6
/// clothes is among them, since only our table dresses it so.
const fn is_local(address: Ipv6Addr) -> bool {
    address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || address.is_unicast_link_local()
        || address.to_ipv4_mapped().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_packet_is_left_as_it_is() {
        let mut packet = [0_u8; 40];
        (packet[0], packet[7]) = (0x60, 1);
        assert_eq!(Ipv6::age(&mut packet), Err(Why::Expired));
        assert_eq!(packet[7], 1);
    }

    #[test]
    fn both_ends_are_in_the_header_and_the_length_must_be_true() {
        let mut packet = [0_u8; 40];
        (packet[0], packet[8], packet[23], packet[24], packet[39]) = (0x60, 0xfd, 1, 0xfd, 9);
        let ends =
            Ends { source: "fd00::1".parse().unwrap(), destination: "fd00::9".parse().unwrap() };
        assert_eq!(Ipv6::ends(&packet), Ok(ends));
        assert_eq!(Ipv6::ends(&packet[..39]), Err(Why::Malformed));
        packet[5] = 1;
        assert_eq!(Ipv6::ends(&packet), Err(Why::Malformed));
    }

    #[test]
    fn what_is_for_one_link_stays_there() {
        let mut packet = [0_u8; 40];
        (packet[0], packet[8], packet[24]) = (0x60, 0xfd, 0xff);
        assert_eq!(Ipv6::ends(&packet), Err(Why::Martian));
    }

    #[test]
    fn the_upper_protocol_is_past_the_extension_headers() {
        let mut packet = [0_u8; 40 + 8 + 8 + 3];
        (packet[0], packet[6]) = (0x60, HOP_BY_HOP);
        (packet[40], packet[48], packet[56]) = (FRAGMENT, 58, 7);
        assert_eq!(upper(&packet), Some((58, &[7, 0, 0][..])));
        packet[51] = 8;
        assert_eq!(upper(&packet), None);
        packet[41] = 9;
        assert_eq!(upper(&packet), None);
    }
}
