//! Addresses and ranges under an address encoding (RFC 8966 §4.1.4, §4.1.5).

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use words::Prefix;

use super::Malformed;

/// A range of IPv4 addresses, as the wire has it; nothing here routes it yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range4 {
    /// The first address.
    pub first: Ipv4Addr,
    /// How many bits are fixed, 0 to 32.
    pub length: u8,
}

/// What an update or a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// Everything (address encoding 0).
    All,
    /// A range of IPv4 (address encoding 1).
    V4(Range4),
    /// A range of IPv6 (address encodings 2 and 3).
    V6(Prefix),
}

/// An address encoding that is spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Wildcard,
    V4,
    V6,
    LinkLocal,
}

impl Encoding {
    /// Reads the octet, found in the TLV called `what`.
    ///
    /// # Errors
    ///
    /// [`Malformed::Encoding`] for one that is not spoken here; the TLV is ignored.
    pub(super) const fn decode(what: &'static str, octet: u8) -> Result<Self, Malformed> {
        match octet {
            0 => Ok(Self::Wildcard),
            1 => Ok(Self::V4),
            2 => Ok(Self::V6),
            3 => Ok(Self::LinkLocal),
            _ => Err(Malformed::Encoding { what }),
        }
    }

    /// Returns how many octets a range of `length` bits has before any is omitted.
    ///
    /// # Errors
    ///
    /// [`Malformed::Length`] if the encoding has no such range.
    pub(super) fn octets(self, what: &'static str, length: u8) -> Result<usize, Malformed> {
        let octets = usize::from(length).div_ceil(8);
        match self {
            Self::Wildcard if length == 0 => Ok(0),
            Self::V4 if length <= 32 => Ok(octets),
            Self::V6 if length <= 128 => Ok(octets),
            Self::LinkLocal if (64..=128).contains(&length) => Ok(octets - 8),
            Self::Wildcard | Self::V4 | Self::V6 | Self::LinkLocal => {
                Err(Malformed::Length { what })
            }
        }
    }

    /// Returns the range of the `length` first bits of `octets`; missing ones are zero.
    pub(super) fn range(self, length: u8, octets: &[u8]) -> Range {
        match self {
            Self::Wildcard => Range::All,
            Self::V4 => {
                let bits = u32::from_be_bytes(padded(octets));
                let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
                Range::V4(Range4 { first: Ipv4Addr::from_bits(bits & mask), length })
            }
            Self::V6 => Range::V6(Prefix::new(u128::from_be_bytes(padded(octets)), length)),
            Self::LinkLocal => {
                let host = u64::from_be_bytes(padded(octets));
                Range::V6(Prefix::new(LINK_LOCAL | u128::from(host), length))
            }
        }
    }
}

impl Range {
    /// Returns the octet of the address encoding, the length in bits and the octets.
    pub(super) fn encode(self) -> (u8, u8, Vec<u8>) {
        let cut = |octets: &[u8], length: u8| {
            octets.iter().take(usize::from(length).div_ceil(8)).copied().collect()
        };
        match self {
            Self::All => (0, 0, Vec::new()),
            Self::V4(Range4 { first, length }) => (1, length, cut(&first.octets(), length)),
            Self::V6(prefix) => {
                (2, prefix.length(), cut(&prefix.bits().to_be_bytes(), prefix.length()))
            }
        }
    }
}

/// Reads an address of this encoding, and returns what follows it.
///
/// `None` for the wildcard encoding, which has no octets.
///
/// # Errors
///
/// [`Malformed::Short`] if `octets` ends before the address does.
pub(super) fn address<'a>(
    what: &'static str,
    encoding: Encoding,
    octets: &'a [u8],
) -> Result<(Option<IpAddr>, &'a [u8]), Malformed> {
    let short = |needed| Malformed::Short { what, got: octets.len(), needed };
    match encoding {
        Encoding::Wildcard => Ok((None, octets)),
        Encoding::V4 => {
            let (octets, rest) = octets.split_first_chunk::<4>().ok_or(short(4))?;
            Ok((Some(Ipv4Addr::from(*octets).into()), rest))
        }
        Encoding::V6 => {
            let (octets, rest) = octets.split_first_chunk::<16>().ok_or(short(16))?;
            Ok((Some(Ipv6Addr::from(*octets).into()), rest))
        }
        Encoding::LinkLocal => {
            let (octets, rest) = octets.split_first_chunk::<8>().ok_or(short(8))?;
            let bits = LINK_LOCAL | u128::from(u64::from_be_bytes(*octets));
            Ok((Some(Ipv6Addr::from_bits(bits).into()), rest))
        }
    }
}

/// Returns the octet of the address encoding and the octets of an address.
pub(super) fn encode_address(address: Option<IpAddr>) -> (u8, Vec<u8>) {
    match address {
        None => (0, Vec::new()),
        Some(IpAddr::V4(address)) => (1, address.octets().to_vec()),
        Some(IpAddr::V6(address)) if address.to_bits() >> 64 == LINK_LOCAL >> 64 => {
            (3, address.octets().into_iter().skip(8).collect())
        }
        Some(IpAddr::V6(address)) => (2, address.octets().to_vec()),
    }
}

/// Returns `octets`, cut or filled with zeros to `N`.
pub(super) fn padded<const N: usize>(octets: &[u8]) -> [u8; N] {
    let mut filled = [0; N];
    filled.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
    filled
}

const LINK_LOCAL: u128 = 0xfe80 << 112;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_go_both_ways() {
        let prefix: Prefix = "fd00:1:2:4000::/50".parse().unwrap();
        let (octet, length, octets) = Range::V6(prefix).encode();
        assert_eq!((octet, length, octets.len()), (2, 50, 7));
        assert_eq!(Encoding::V6.range(length, &octets), Range::V6(prefix));
        let v4 = Range4 { first: Ipv4Addr::new(10, 1, 0, 0), length: 16 };
        let (_, length, octets) = Range::V4(v4).encode();
        assert_eq!(Encoding::V4.range(length, &octets), Range::V4(v4));
    }

    #[test]
    fn bits_past_the_length_are_cleared() {
        assert_eq!(Encoding::V6.range(4, &[0xff]), Range::V6("f000::/4".parse().unwrap()));
        let v4 = Range4 { first: Ipv4Addr::UNSPECIFIED, length: 0 };
        assert_eq!(Encoding::V4.range(0, &[9]), Range::V4(v4));
    }

    #[test]
    fn link_local_addresses_are_short() {
        let address: IpAddr = "fe80::7".parse().unwrap();
        let (octet, octets) = encode_address(Some(address));
        assert_eq!((octet, octets.len()), (3, 8));
        let read = super::address("IHU", Encoding::LinkLocal, &octets);
        assert_eq!(read, Ok((Some(address), &[][..])));
    }

    #[test]
    fn impossible_lengths_are_refused() {
        for (encoding, length) in [
            (Encoding::V4, 33),
            (Encoding::V6, 129),
            (Encoding::Wildcard, 1),
            (Encoding::LinkLocal, 10),
        ] {
            let refused = Err(Malformed::Length { what: "Update" });
            assert_eq!(encoding.octets("Update", length), refused);
        }
    }
}
