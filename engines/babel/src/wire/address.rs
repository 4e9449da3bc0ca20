//! Addresses and ranges under an address encoding (RFC 8966 §4.1.4, §4.1.5, RFC 9229 §4).
//!
//! The octets of a range travel as a number: its first octet is the most significant of 16,
//! whatever the encoding, and those that are not there are zero.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use words::Prefix;

use super::Malformed;
use super::buffer::Buffer;
use crate::{Family, Key};

/// An address encoding that is spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Wildcard,
    V4,
    V6,
    LinkLocal,
    /// IPv4 with an IPv6 next hop; of ranges only.
    V4ViaV6,
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
            4 => Ok(Self::V4ViaV6),
            _ => Err(Malformed::Encoding { what }),
        }
    }

    /// Returns the octet to write.
    pub(super) const fn to_wire(self) -> u8 {
        match self {
            Self::Wildcard => 0,
            Self::V4 => 1,
            Self::V6 => 2,
            Self::LinkLocal => 3,
            Self::V4ViaV6 => 4,
        }
    }

    /// Returns how many octets a range of `length` bits has before any is omitted.
    ///
    /// # Errors
    ///
    /// [`Malformed::Length`] if the encoding has no such range.
    #[inline]
    pub(super) const fn octets(self, what: &'static str, length: u8) -> Result<u8, Malformed> {
        let octets = length.div_ceil(8);
        match (self, length) {
            (Self::Wildcard, 0) | (Self::V4 | Self::V4ViaV6, 0..=32) | (Self::V6, 0..=128) => {
                Ok(octets)
            }
            (Self::LinkLocal, 64..=128) => Ok(octets - 8),
            (Self::Wildcard | Self::V4 | Self::V4ViaV6 | Self::V6 | Self::LinkLocal, _) => {
                Err(Malformed::Length { what })
            }
        }
    }

    /// Returns `bits` without those past the first `length` of the range, which are to be
    /// ignored.
    #[inline]
    pub(super) const fn masked(self, length: u8, bits: u128) -> u128 {
        let length = match self {
            Self::LinkLocal => length.saturating_sub(64),
            Self::Wildcard | Self::V4 | Self::V6 | Self::V4ViaV6 => length,
        };
        Prefix::new(bits, length).bits()
    }

    /// Returns the range of the `length` first bits of `bits`; `None` for everything.
    ///
    /// # Errors
    ///
    /// [`Malformed::Mapped`] for an IPv6 range that stands for IPv4 in this program.
    #[inline]
    pub(super) fn range(
        self,
        what: &'static str,
        length: u8,
        bits: u128,
    ) -> Result<Option<Prefix>, Malformed> {
        match self {
            Self::Wildcard => Ok(None),
            Self::V4 | Self::V4ViaV6 => {
                Ok(Some(Prefix::new(MAPPED | bits >> 96, length.saturating_add(96))))
            }
            Self::V6 if length >= 96 && bits >> 32 == MAPPED >> 32 => {
                Err(Malformed::Mapped { what })
            }
            Self::V6 => Ok(Some(Prefix::new(bits, length))),
            Self::LinkLocal => Ok(Some(Prefix::new(LINK_LOCAL | bits >> 64, length))),
        }
    }

    /// Reads an address of this encoding, and returns what follows it.
    ///
    /// `None` for the wildcard encoding, which has no octets.
    ///
    /// # Errors
    ///
    /// [`Malformed::Short`] if `octets` ends before the address does,
    /// [`Malformed::Encoding`] if the encoding has no addresses.
    pub(super) fn address<'a>(
        self,
        what: &'static str,
        octets: &'a [u8],
    ) -> Result<(Option<IpAddr>, &'a [u8]), Malformed> {
        let short = |needed| Malformed::Short { what, got: octets.len(), needed };
        match self {
            Self::Wildcard => Ok((None, octets)),
            Self::V4 => {
                let (octets, rest) = octets.split_first_chunk::<4>().ok_or(short(4))?;
                Ok((Some(Ipv4Addr::from(*octets).into()), rest))
            }
            Self::V6 => {
                let (octets, rest) = octets.split_first_chunk::<16>().ok_or(short(16))?;
                Ok((Some(Ipv6Addr::from(*octets).into()), rest))
            }
            Self::LinkLocal => {
                let (octets, rest) = octets.split_first_chunk::<8>().ok_or(short(8))?;
                let bits = LINK_LOCAL | u128::from(u64::from_be_bytes(*octets));
                Ok((Some(Ipv6Addr::from_bits(bits).into()), rest))
            }
            Self::V4ViaV6 => Err(Malformed::Encoding { what }),
        }
    }
}

/// Returns the encoding of an address.
pub(super) fn encoding_of(address: Option<IpAddr>) -> Encoding {
    match address {
        None => Encoding::Wildcard,
        Some(IpAddr::V4(_)) => Encoding::V4,
        Some(IpAddr::V6(address)) if address.to_bits() >> 64 == LINK_LOCAL >> 64 => {
            Encoding::LinkLocal
        }
        Some(IpAddr::V6(_)) => Encoding::V6,
    }
}

/// Writes the octets of an address, under the encoding that [`encoding_of`] returns.
pub(super) fn put_address(address: Option<IpAddr>, buffer: &mut Buffer) {
    match address {
        None => {}
        Some(IpAddr::V4(address)) => buffer.put(&address.octets()),
        Some(IpAddr::V6(address)) => {
            let octets = address.octets();
            let first =
                if encoding_of(Some(address.into())) == Encoding::LinkLocal { 8 } else { 0 };
            buffer.put(octets.get(first..).unwrap_or_default());
        }
    }
}

/// Returns the length and the octets of a range, as its own family counts them.
pub(super) const fn on_wire(prefix: Prefix) -> (u8, u128) {
    match Key::to(prefix).family() {
        Family::V4 => (prefix.length().saturating_sub(96), prefix.bits() << 96),
        Family::V6 => (prefix.length(), prefix.bits()),
    }
}

/// Writes those octets of a range of `length` bits that are not `omitted`.
pub(super) fn put_range(length: u8, bits: u128, omitted: u8, buffer: &mut Buffer) {
    let range = usize::from(omitted)..usize::from(length.div_ceil(8));
    buffer.put(bits.to_be_bytes().get(range).unwrap_or_default());
}

/// Reads the first 16 octets, or as many as there are and zeros.
#[inline]
pub(super) fn number(octets: &[u8]) -> u128 {
    if let Some(whole) = octets.first_chunk::<16>() {
        return u128::from_be_bytes(*whole);
    }
    match octets.split_first_chunk::<8>() {
        Some((high, low)) => {
            u128::from(u64::from_be_bytes(*high)) << 64 | u128::from(up_to_eight(low))
        }
        None => u128::from(up_to_eight(octets)) << 64,
    }
}

fn up_to_eight(octets: &[u8]) -> u64 {
    let join = |number: u64, octet: &u8| number << 8 | u64::from(*octet);
    let short = 8_usize.saturating_sub(octets.len());
    let shift = u32::try_from(short * 8).unwrap_or(0);
    octets.iter().take(8).fold(0, join).checked_shl(shift).unwrap_or(0)
}

const LINK_LOCAL: u128 = 0xfe80 << 112;
/// The start of the addresses that stand for IPv4.
const MAPPED: u128 = 0xffff << 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::range;

    const WHAT: &str = "Update";

    #[test]
    fn ranges_go_both_ways() {
        for (encoding, text) in [
            (Encoding::V6, "fd00:1:2:4000::/50"),
            (Encoding::V6, "::/0"),
            (Encoding::V4, "10.1.0.0/16"),
            (Encoding::V4ViaV6, "0.0.0.0/0"),
        ] {
            let prefix = range(text).unwrap();
            let (length, bits) = on_wire(prefix);
            let mut buffer = Buffer::new(100);
            put_range(length, bits, 0, &mut buffer);
            assert_eq!(Ok(buffer.len()), encoding.octets(WHAT, length).map(usize::from));
            let bits = number(buffer.octets());
            assert_eq!(encoding.range(WHAT, length, bits), Ok(Some(prefix)));
        }
    }

    #[test]
    fn bits_past_the_length_are_cleared() {
        let all_ones = number(&[0xff; 16]);
        let read = |encoding: Encoding, length| encoding.range(WHAT, length, all_ones);
        assert_eq!(read(Encoding::V6, 4), Ok(Some(range("f000::/4").unwrap())));
        assert_eq!(read(Encoding::V4, 0), Ok(Some(range("0.0.0.0/0").unwrap())));
        assert_eq!(Encoding::LinkLocal.masked(68, all_ones), 0xf << 124);
    }

    #[test]
    fn link_local_ranges_and_addresses_are_short() {
        let bits = number(&[7]);
        let read = Encoding::LinkLocal.range(WHAT, 72, bits);
        assert_eq!(read, Ok(Some(range("fe80::700:0:0:0/72").unwrap())));
        let address: Option<IpAddr> = Some("fe80::7".parse().unwrap());
        let mut buffer = Buffer::new(100);
        put_address(address, &mut buffer);
        assert_eq!((encoding_of(address), buffer.len()), (Encoding::LinkLocal, 8));
        assert_eq!(Encoding::LinkLocal.address("IHU", buffer.octets()), Ok((address, &[][..])));
    }

    #[test]
    fn no_ipv6_range_is_taken_for_ipv4() {
        let bits = MAPPED | 7;
        let refused = Err(Malformed::Mapped { what: WHAT });
        assert_eq!(Encoding::V6.range(WHAT, 128, bits), refused);
        assert_eq!(Encoding::V6.range(WHAT, 96, bits), refused);
        assert!(Encoding::V6.range(WHAT, 95, bits).is_ok());
    }

    #[test]
    fn impossible_lengths_are_refused() {
        for (encoding, length) in [
            (Encoding::V4, 33),
            (Encoding::V4ViaV6, 33),
            (Encoding::V6, 129),
            (Encoding::Wildcard, 1),
            (Encoding::LinkLocal, 10),
        ] {
            assert_eq!(encoding.octets(WHAT, length), Err(Malformed::Length { what: WHAT }));
        }
    }
}
