//! What PCP and NAT-PMP say, octet for octet.
//!
//! ```text
//!  PCP      2 │ 1 │ 0 0 │ lifetime 4 │ own address 16 │ nonce 12 │ 17 │ 0 0 0 │
//!           port 2 │ outside port 2 │ outside address 16
//!           answers: 2 │ 0x81 │ 0 │ result │ lifetime 4 │ epoch 4 │ 0 12 │ nonce … as above
//!  NAT-PMP  0 │ 0                                        what is your address?
//!           answers: 0 │ 0x80 │ result 2 │ epoch 4 │ address 4
//!           0 │ 1 │ 0 0 │ port 2 │ outside port 2 │ lifetime 4
//!           answers: 0 │ 0x81 │ result 2 │ epoch 4 │ port 2 │ outside port 2 │ lifetime 4
//! ```
//!
//! Source: RFC 6887 §7, §11.1; RFC 6886 §3.2, §3.3.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The protocol number of UDP.
const UDP: u8 = 17;

/// An answer of a router; nothing is checked but its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// NAT-PMP: its address outside.
    Address(Ipv4Addr),
    /// NAT-PMP: this port of ours is reached at this one outside, for so many seconds.
    Port {
        /// Ours.
        own: u16,
        /// Outside.
        outside: u16,
        /// Seconds.
        lifetime: u32,
    },
    /// PCP: the mapping that was asked for with this nonce.
    Mapped {
        /// As it was asked for.
        nonce: [u8; 12],
        /// Our port.
        own: u16,
        /// Where it is reached; not IPv4 if the router says so.
        outside: (Option<Ipv4Addr>, u16),
        /// Seconds.
        lifetime: u32,
    },
    /// No, for the reason of this number.
    No {
        /// Of which version: 0 is NAT-PMP, 2 is PCP.
        version: u8,
        /// The result code.
        reason: u16,
    },
}

impl Answer {
    /// Reads an answer of either protocol; `None` for anything else.
    pub fn read(octets: &[u8]) -> Option<Self> {
        match octets {
            [0, _, a, b, ..] if [*a, *b] != [0, 0] => {
                Some(Self::No { version: 0, reason: u16::from_be_bytes([*a, *b]) })
            }
            [0, 0x80, _, _, _, _, _, _, a, b, c, d, ..] => {
                Some(Self::Address(Ipv4Addr::new(*a, *b, *c, *d)))
            }
            [0, 0x81, _, _, _, _, _, _, o0, o1, p0, p1, l0, l1, l2, l3, ..] => Some(Self::Port {
                own: u16::from_be_bytes([*o0, *o1]),
                outside: u16::from_be_bytes([*p0, *p1]),
                lifetime: u32::from_be_bytes([*l0, *l1, *l2, *l3]),
            }),
            [2, 0x81, _, reason, ..] if *reason != 0 => {
                Some(Self::No { version: 2, reason: u16::from(*reason) })
            }
            [2, 0x81, ..] => Self::mapped(octets),
            _ => None,
        }
    }

    fn mapped(octets: &[u8]) -> Option<Self> {
        let (header, body) = octets.split_first_chunk::<24>()?;
        let [_, _, _, _, l0, l1, l2, l3, ..] = *header;
        let (nonce, body) = body.split_first_chunk::<12>()?;
        let (fixed, address) = body.split_first_chunk::<8>()?;
        let [protocol, _, _, _, o0, o1, p0, p1] = *fixed;
        let address = Ipv6Addr::from(*address.first_chunk::<16>()?).to_ipv4_mapped();
        (protocol == UDP).then_some(Self::Mapped {
            nonce: *nonce,
            own: u16::from_be_bytes([o0, o1]),
            outside: (address, u16::from_be_bytes([p0, p1])),
            lifetime: u32::from_be_bytes([l0, l1, l2, l3]),
        })
    }
}

/// Returns a PCP request for a mapping; a lifetime of 0 takes it away.
pub(crate) fn pcp(own: Ipv4Addr, port: u16, nonce: [u8; 12], lifetime: u32) -> Vec<u8> {
    let mut octets = vec![2, 1, 0, 0];
    octets.extend(lifetime.to_be_bytes());
    octets.extend(own.to_ipv6_mapped().octets());
    octets.extend(nonce);
    octets.extend([UDP, 0, 0, 0]);
    octets.extend(port.to_be_bytes());
    octets.extend(if lifetime == 0 { 0 } else { port }.to_be_bytes());
    octets.extend(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped().octets());
    octets
}

/// The NAT-PMP question for the router's address outside.
pub(crate) const PMP_ADDRESS: [u8; 2] = [0, 0];

/// Returns a NAT-PMP request for a UDP mapping; a lifetime of 0 takes it away.
pub(crate) fn pmp(port: u16, lifetime: u32) -> Vec<u8> {
    let mut octets = vec![0, 1, 0, 0];
    octets.extend(port.to_be_bytes());
    octets.extend(if lifetime == 0 { 0 } else { port }.to_be_bytes());
    octets.extend(lifetime.to_be_bytes());
    octets
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn answers_are_read_as_the_standards_draw_them() {
        let address = [0, 0x80, 0, 0, 0, 0, 0, 9, 203, 0, 113, 5];
        assert_eq!(Answer::read(&address), Some(Answer::Address([203, 0, 113, 5].into())));
        let port = [0, 0x81, 0, 0, 0, 0, 0, 9, 0x18, 0xb6, 0, 80, 0, 0, 0x0e, 0x10];
        let read = Answer::Port { own: 6326, outside: 80, lifetime: 3600 };
        assert_eq!(Answer::read(&port), Some(read));
        let no = Answer::No { version: 0, reason: 1 };
        assert_eq!(Answer::read(&[0, 0x81, 0, 1, 0, 0, 0, 9]), Some(no));
        let no = Answer::No { version: 2, reason: 8 };
        assert_eq!(Answer::read(&[2, 0x81, 0, 8]), Some(no));

        let mut mapped = pcp([192, 168, 1, 2].into(), 6326, [7; 12], 3600);
        assert_eq!(mapped.len(), 60);
        mapped[1] = 0x81;
        mapped[42..44].copy_from_slice(&[0, 80]);
        mapped[44..60].copy_from_slice(&Ipv4Addr::new(203, 0, 113, 5).to_ipv6_mapped().octets());
        let read = Answer::Mapped {
            nonce: [7; 12],
            own: 6326,
            outside: (Some([203, 0, 113, 5].into()), 80),
            lifetime: 3600,
        };
        assert_eq!(Answer::read(&mapped), Some(read));
        for cut in 0..60 {
            assert!(Answer::read(&mapped[..cut]).is_none(), "{cut}");
        }
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = Answer::read(&octets);
        }
    }
}
