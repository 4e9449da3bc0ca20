//! What the emulated Internet reads and rewrites in IPv4 packets.
//!
//! ```text
//!  0               8               16                              31
//! |version| length |               | total length                  |
//! | identification                 |flags| fragment offset         |
//! | time to live   | protocol      | header checksum               |
//! | source address                                                 |
//! | destination address                                            |
//! | options … | TCP, UDP: source port, destination port …          |
//! |           | ICMP: type, code, checksum, identifier …           |
//! ```
//!
//! Addresses and ports are changed in place and checksums adjusted by the difference,
//! so that a packet which was damaged stays damaged.
//!
//! Source: RFC 791 §3.1, RFC 792, RFC 768, RFC 9293 §3.1, RFC 1624.

use std::net::Ipv4Addr;

/// What a packet carries, as far as NAT can tell flows apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protocol {
    /// ICMP echo; the identifier serves as the port of who asks.
    Echo,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// One end of a flow: address and port.
pub(crate) type End = (Ipv4Addr, u16);

/// What is in a packet, past its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A part of a flow between two ports.
    Flow {
        /// Of which protocol.
        protocol: Protocol,
        /// Port of the sender.
        from: u16,
        /// Port of the receiver.
        to: u16,
        /// It ends the flow (TCP with FIN or RST).
        last: bool,
    },
    /// An ICMP error; the packet it is about starts at this octet.
    Error(usize),
    /// A later fragment, another protocol, or other ICMP.
    Other,
}

/// The reading of one IPv4 packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Who sent it.
    pub(crate) source: Ipv4Addr,
    /// To whom.
    pub(crate) destination: Ipv4Addr,
    /// The protocol number of its header.
    pub(crate) number: u8,
    /// What it carries.
    pub(crate) content: Content,
    transport: usize,
}

/// Which end of a packet is rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The sender's.
    Source,
    /// The receiver's.
    Destination,
}

/// Protocol number of ICMP.
const ICMP: u8 = 1;
/// Protocol number of TCP.
const TCP: u8 = 6;
/// Protocol number of UDP.
pub(crate) const UDP: u8 = 17;

impl Reading {
    /// Reads the header of `packet`; `None` if it is no IPv4 packet.
    ///
    /// Shape: the 20 octets of the fixed header must be there, and the options that the
    /// header announces. The transport header may be cut short, as in an ICMP error; the
    /// content is then [`Content::Other`].
    pub(crate) fn of(packet: &[u8]) -> Option<Self> {
        let fixed = packet.first_chunk::<20>()?;
        let [first, _, _, _, _, _, f0, f1, _, number, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
            *fixed;
        let transport = usize::from(first & 0x0f) * 4;
        if first >> 4 != 4 || transport < 20 || packet.len() < transport {
            return None;
        }
        let later = u16::from_be_bytes([f0, f1]) & 0x1fff != 0;
        let body = packet.get(transport..).unwrap_or_default();
        let content = if later { Content::Other } else { content(number, body, transport) };
        let source = Ipv4Addr::new(s0, s1, s2, s3);
        let destination = Ipv4Addr::new(d0, d1, d2, d3);
        Some(Self { source, destination, number, content, transport })
    }

    /// Gives one side of `packet`, which this is the reading of, another address and port.
    ///
    /// The port is left alone where that side has none.
    pub(crate) fn rewrite(&self, packet: &mut [u8], side: Side, (address, port): End) {
        let at = match side {
            Side::Source => 12,
            Side::Destination => 16,
        };
        let before = word(packet, at).zip(word(packet, at + 2));
        let [a, b, c, d] = address.octets();
        let after = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let Some(before) = before else { return };
        put(packet, at, after.0);
        put(packet, at + 2, after.1);
        adjust(packet, 10, &[(before.0, after.0), (before.1, after.1)], false);

        let pseudo = [(before.0, after.0), (before.1, after.1)];
        let Content::Flow { protocol, from, to, .. } = self.content else { return };
        let old = match side {
            Side::Source => from,
            Side::Destination => to,
        };
        let [first, second] = pseudo;
        match protocol {
            Protocol::Udp => {
                put(packet, self.port_at(side), port);
                adjust(packet, self.transport + 6, &[first, second, (old, port)], true);
            }
            Protocol::Tcp => {
                put(packet, self.port_at(side), port);
                adjust(packet, self.transport + 16, &[first, second, (old, port)], false);
            }
            Protocol::Echo if old != 0 => {
                put(packet, self.transport + 4, port);
                adjust(packet, self.transport + 2, &[(old, port)], false);
            }
            Protocol::Echo => {}
        }
    }

    /// Computes the ICMP checksum of `packet`, which this is the reading of, anew.
    pub(crate) fn reseal(&self, packet: &mut [u8]) {
        put(packet, self.transport + 2, 0);
        let sum = checksum(packet.get(self.transport..).unwrap_or_default());
        put(packet, self.transport + 2, sum);
    }

    const fn port_at(&self, side: Side) -> usize {
        match side {
            Side::Source => self.transport,
            Side::Destination => self.transport + 2,
        }
    }
}

fn content(number: u8, body: &[u8], transport: usize) -> Content {
    let Some([b0, b1, b2, b3, b4, b5, _, _]) = body.first_chunk::<8>().copied() else {
        return Content::Other;
    };
    let (first, second) = (u16::from_be_bytes([b0, b1]), u16::from_be_bytes([b2, b3]));
    let identifier = u16::from_be_bytes([b4, b5]);
    let flow = |protocol, from, to, last| Content::Flow { protocol, from, to, last };
    match (number, b0) {
        (UDP, _) => flow(Protocol::Udp, first, second, false),
        (TCP, _) => {
            let flags = body.get(13).copied().unwrap_or(0);
            flow(Protocol::Tcp, first, second, flags & 0b101 != 0)
        }
        (ICMP, 8) => flow(Protocol::Echo, identifier, 0, false),
        (ICMP, 0) => flow(Protocol::Echo, 0, identifier, false),
        (ICMP, 3 | 4 | 11 | 12) => Content::Error(transport + 8),
        _ => Content::Other,
    }
}

/// Returns the Internet checksum of `octets`.
///
/// Source: RFC 1071.
pub(crate) fn checksum(octets: &[u8]) -> u16 {
    let mut pairs = octets.chunks_exact(2);
    let mut sum: u32 = 0;
    for pair in &mut pairs {
        sum += pair.first_chunk().map_or(0, |pair| u32::from(u16::from_be_bytes(*pair)));
    }
    sum += pairs.remainder().first().map_or(0, |last| u32::from(*last) << 8);
    !fold(sum)
}

/// Adjusts the checksum at octet `at` to words that changed.
///
/// `optional`: zero means that there is none (UDP), so it stays zero and never becomes it.
///
/// Source: RFC 1624 §3, equation 3.
fn adjust(packet: &mut [u8], at: usize, changes: &[(u16, u16)], optional: bool) {
    let Some(old) = word(packet, at) else { return };
    if optional && old == 0 {
        return;
    }
    let sum = changes
        .iter()
        .fold(u32::from(!old), |sum, (before, after)| sum + u32::from(!before) + u32::from(*after));
    let new = !fold(sum);
    put(packet, at, if optional && new == 0 { 0xffff } else { new });
}

fn fold(sum: u32) -> u16 {
    let once = (sum & 0xffff) + (sum >> 16);
    let twice = (once & 0xffff) + (once >> 16);
    u16::try_from(twice).unwrap_or(u16::MAX)
}

fn word(packet: &[u8], at: usize) -> Option<u16> {
    packet.get(at..)?.first_chunk().map(|pair| u16::from_be_bytes(*pair))
}

fn put(packet: &mut [u8], at: usize, value: u16) {
    if let Some(pair) = packet.get_mut(at..).and_then(|tail| tail.first_chunk_mut()) {
        *pair = value.to_be_bytes();
    }
}

#[cfg(test)]
pub(super) mod samples {
    //! Packets for tests, made the long way.
    use super::*;

    /// An IPv4 packet of `number` with `body`, checksums right.
    pub(in super::super) fn ipv4(from: Ipv4Addr, to: Ipv4Addr, number: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(20 + body.len()).unwrap();
        let mut packet = vec![0x45, 0, 0, 0, 0, 7, 0x40, 0, 64, number, 0, 0];
        packet[2..4].copy_from_slice(&length.to_be_bytes());
        packet.extend(from.octets());
        packet.extend(to.octets());
        let sum = checksum(&packet);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        packet.extend(body);
        seal(&mut packet);
        packet
    }

    pub(in super::super) fn udp(from: End, to: End, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(8 + payload.len()).unwrap();
        let mut body = Vec::new();
        for word in [from.1, to.1, length, 0] {
            body.extend(word.to_be_bytes());
        }
        body.extend(payload);
        ipv4(from.0, to.0, UDP, &body)
    }

    pub(in super::super) fn tcp(from: End, to: End, flags: u8) -> Vec<u8> {
        let mut body = vec![0; 20];
        body[0..2].copy_from_slice(&from.1.to_be_bytes());
        body[2..4].copy_from_slice(&to.1.to_be_bytes());
        (body[12], body[13]) = (0x50, flags);
        ipv4(from.0, to.0, TCP, &body)
    }

    pub(in super::super) fn icmp(from: Ipv4Addr, to: Ipv4Addr, kind: u8, rest: &[u8]) -> Vec<u8> {
        let mut body = vec![kind, 0, 0, 0];
        body.extend(rest);
        ipv4(from, to, ICMP, &body)
    }

    /// Puts the right transport checksum into `packet`.
    fn seal(packet: &mut [u8]) {
        let (at, pseudo) = match packet[9] {
            UDP => (26, true),
            TCP => (36, true),
            _ => (22, false),
        };
        packet[at..at + 2].copy_from_slice(&[0, 0]);
        let sum = transport_sum(packet, pseudo);
        packet[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }

    fn transport_sum(packet: &[u8], pseudo: bool) -> u16 {
        let mut octets = Vec::new();
        if pseudo {
            octets.extend(&packet[12..20]);
            octets.extend([0, packet[9]]);
            octets.extend(u16::try_from(packet.len() - 20).unwrap().to_be_bytes());
        }
        octets.extend(&packet[20..]);
        checksum(&octets)
    }

    /// Tells whether both checksums of `packet` are right.
    pub(in super::super) fn sound(packet: &[u8]) -> bool {
        let pseudo = matches!(packet[9], UDP | TCP);
        checksum(&packet[..20]) == 0 && transport_sum(packet, pseudo) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{icmp, sound, tcp, udp};
    use super::*;
    use proptest::prelude::*;

    const A: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 2);
    const B: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);
    const NEW: End = (Ipv4Addr::new(198, 51, 100, 77), 40_001);

    #[test]
    fn a_rewritten_packet_is_sound_and_reads_as_rewritten() {
        for packet in [udp((A, 5000), (B, 53), b"odd"), tcp((A, 5000), (B, 443), 2)] {
            for side in [Side::Source, Side::Destination] {
                let mut packet = packet.clone();
                assert!(sound(&packet));
                Reading::of(&packet).unwrap().rewrite(&mut packet, side, NEW);
                assert!(sound(&packet), "{side:?}");
                let now = Reading::of(&packet).unwrap();
                let Content::Flow { from, to, .. } = now.content else { panic!() };
                match side {
                    Side::Source => assert_eq!((now.source, from), NEW),
                    Side::Destination => assert_eq!((now.destination, to), NEW),
                }
            }
        }
    }

    #[test]
    fn the_identifier_of_an_echo_is_its_port() {
        let mut asked = icmp(A, B, 8, &[0x12, 0x34, 0, 1, 9, 9]);
        let flow = Content::Flow { protocol: Protocol::Echo, from: 0x1234, to: 0, last: false };
        let reading = Reading::of(&asked).unwrap();
        assert_eq!(reading.content, flow);
        reading.rewrite(&mut asked, Side::Source, NEW);
        assert!(sound(&asked));
        assert_eq!(&asked[24..26], &40_001_u16.to_be_bytes());
    }

    #[test]
    fn a_missing_udp_checksum_stays_missing() {
        let mut packet = udp((A, 1), (B, 2), b"x");
        packet[26..28].copy_from_slice(&[0, 0]);
        Reading::of(&packet).unwrap().rewrite(&mut packet, Side::Source, NEW);
        assert_eq!(&packet[26..28], &[0, 0]);
    }

    #[test]
    fn a_later_fragment_has_no_ports() {
        let mut packet = udp((A, 1), (B, 2), b"x");
        packet[7] = 185;
        assert_eq!(Reading::of(&packet).unwrap().content, Content::Other);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Some(first) = bytes.first_mut() {
                *first = 0x40 | (*first & 0x0f);
            }
            if let Some(reading) = Reading::of(&bytes) {
                reading.rewrite(&mut bytes, Side::Source, NEW);
                reading.rewrite(&mut bytes, Side::Destination, NEW);
                reading.reseal(&mut bytes);
            }
        }

        #[test]
        fn any_rewriting_keeps_the_packet_sound(
            ports in any::<(u16, u16, u16)>(),
            address in any::<u32>(),
            payload in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut packet = udp((A, ports.0), (B, ports.1), &payload);
            let new = (Ipv4Addr::from_bits(address), ports.2);
            let had_one = packet[26..28] != [0, 0];
            Reading::of(&packet).unwrap().rewrite(&mut packet, Side::Source, new);
            prop_assert!(!had_one || sound(&packet));
        }
    }
}
