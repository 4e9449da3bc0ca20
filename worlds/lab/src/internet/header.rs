//! What the way of a packet depends on, in either family.

use std::net::{IpAddr, Ipv6Addr};

use super::packet::Reading;

/// The header of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Who sent it.
    pub(super) source: IpAddr,
    /// To whom.
    pub(super) destination: IpAddr,
    /// The protocol number.
    pub(super) number: u8,
    /// The ports of sender and receiver, where an IPv6 packet has any.
    pub(super) ports: Option<(u16, u16)>,
}

impl Header {
    /// Reads the header of `packet`; `None` if it is of neither family, or cut short.
    ///
    /// Source: RFC 8200 §3; of extension headers, the fragment header (§4.5) is known.
    pub(super) fn of(packet: &[u8]) -> Option<Self> {
        if let Some(four) = Reading::of(packet) {
            let (source, destination) = (four.source.into(), four.destination.into());
            return Some(Self { source, destination, number: four.number, ports: None });
        }
        let (fixed, rest) = packet.split_first_chunk::<40>()?;
        let [first, _, _, _, _, _, next, _, addresses @ ..] = *fixed;
        let (source, destination) = addresses.split_first_chunk::<16>()?;
        let destination = destination.first_chunk::<16>()?;
        if first >> 4 != 6 {
            return None;
        }
        let number = if next == FRAGMENT { *rest.first()? } else { next };
        let ports = rest.first_chunk::<4>().filter(|_| next == TCP || next == UDP);
        let ports =
            ports.map(|[a, b, c, d]| (u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d])));
        Some(Self {
            source: Ipv6Addr::from(*source).into(),
            destination: Ipv6Addr::from(*destination).into(),
            number,
            ports,
        })
    }
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const FRAGMENT: u8 = 44;

#[cfg(test)]
mod tests {
    use super::super::packet::samples::udp;
    use super::*;

    #[test]
    fn both_families_are_read_and_neither_when_cut_short() {
        let mut six = vec![0x60, 0, 0, 0, 0, 8, 17, 64];
        six.extend("2001:db8::1".parse::<Ipv6Addr>().unwrap().octets());
        six.extend("2001:db8::2".parse::<Ipv6Addr>().unwrap().octets());
        six.extend([0x18, 0xb6, 0, 9, 0, 8, 0, 0]);
        let read = Header::of(&six).unwrap();
        assert_eq!(read.destination, "2001:db8::2".parse::<IpAddr>().unwrap());
        assert_eq!((read.number, read.ports), (17, Some((6326, 9))));
        assert_eq!(Header::of(&six[..39]), None);

        let four = udp(([192, 0, 2, 1].into(), 7), ([192, 0, 2, 2].into(), 9), b"hello");
        let read = Header::of(&four).unwrap();
        assert_eq!((read.source, read.number), (IpAddr::from([192, 0, 2, 1]), 17));
        assert_eq!(Header::of(&[]), None);
    }
}
