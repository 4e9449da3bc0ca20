//! Ranges of addresses, of both families.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

/// A range of addresses: the `length` first bits of an address.
///
/// The bits past `length` are zero, always: two equal ranges are equal values. A range of
/// IPv4 addresses is one inside `::ffff:0:0/96`: 10.0.0.0/8 is `::ffff:10.0.0.0/104`, and is
/// read and written as 10.0.0.0/8.
///
/// In order of their addresses, the longer one after the shorter one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// In network order, and as octets: tables of very many ranges need not align them.
    bits: [u8; 16],
    length: u8,
}

impl Prefix {
    /// Every address: the default route.
    pub const ALL: Self = Self::new(0, 0);
    /// Every IPv4 address: the default route of IPv4.
    pub const ALL_IPV4: Self = Self::new(0xffff_0000_0000, 96);

    /// Returns the range of the `length` first bits of `bits`; the others are cleared.
    ///
    /// A `length` over 128 means 128.
    pub const fn new(bits: u128, length: u8) -> Self {
        let length = if length > 128 { 128 } else { length };
        Self { bits: (bits & Self::mask(length)).to_be_bytes(), length }
    }

    /// Returns the IPv4 range of the `length` first bits of `first`; the others are cleared.
    ///
    /// A `length` over 32 means 32.
    pub const fn ipv4(first: Ipv4Addr, length: u8) -> Self {
        let length = if length > 32 { 32 } else { length };
        Self::new(first.to_ipv6_mapped().to_bits(), Self::ALL_IPV4.length + length)
    }

    /// Returns the first address and the length of an IPv4 range; `None` of an IPv6 one.
    pub fn as_ipv4(self) -> Option<(Ipv4Addr, u8)> {
        let length = self.length.checked_sub(Self::ALL_IPV4.length)?;
        Some((self.first().to_ipv4_mapped()?, length))
    }

    /// Returns the first address of the range, as a number.
    pub const fn bits(self) -> u128 {
        u128::from_be_bytes(self.bits)
    }

    /// Returns how many bits are fixed, 0 to 128.
    pub const fn length(self) -> u8 {
        self.length
    }

    /// Returns the first address of the range.
    pub const fn first(self) -> Ipv6Addr {
        Ipv6Addr::from_bits(self.bits())
    }

    /// Tells whether `address` is in the range.
    pub const fn contains(self, address: Ipv6Addr) -> bool {
        address.to_bits() & Self::mask(self.length) == self.bits()
    }

    /// Tells whether all of `other` is in the range; a range covers itself.
    pub const fn covers(self, other: Self) -> bool {
        self.length <= other.length && other.bits() & Self::mask(self.length) == self.bits()
    }

    const fn mask(length: u8) -> u128 {
        match length {
            0 => 0,
            n => u128::MAX << (128 - n as u32),
        }
    }
}

/// Text that is not a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrefixError {
    /// Not of the form `address/length`.
    #[error("expected a range such as 2001:db8:42::/48 or 10.42.0.0/16")]
    Form,
    /// The address has bits past the length.
    #[error("the address has bits set past its /length; clear them")]
    HostBits,
}

impl FromStr for Prefix {
    type Err = PrefixError;

    /// Reads `address/length`, of either family.
    ///
    /// # Errors
    ///
    /// [`PrefixError::Form`] for other text or a length that the family has not;
    /// [`PrefixError::HostBits`] if bits past the length are set.
    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let (address, length) = text.split_once('/').ok_or(PrefixError::Form)?;
        let length: u8 = length.parse().map_err(|_| PrefixError::Form)?;
        let (address, most, prefix) = match address.parse().map_err(|_| PrefixError::Form)? {
            IpAddr::V4(four) => (four.to_ipv6_mapped(), 32, Self::ipv4(four, length)),
            IpAddr::V6(six) => (six, 128, Self::new(six.to_bits(), length)),
        };
        if length > most {
            return Err(PrefixError::Form);
        }
        if prefix.bits() == address.to_bits() { Ok(prefix) } else { Err(PrefixError::HostBits) }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_ipv4() {
            Some((first, length)) => write!(f, "{first}/{length}"),
            None => write!(f, "{}/{}", self.first(), self.length),
        }
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn text_goes_both_ways() {
        let prefix: Prefix = "fd00:1:2::/48".parse().unwrap();
        assert_eq!(prefix.to_string(), "fd00:1:2::/48");
        assert_eq!("fd00:1:2::1/48".parse::<Prefix>(), Err(PrefixError::HostBits));
        assert_eq!("fd00::".parse::<Prefix>(), Err(PrefixError::Form));
        assert_eq!("fd00::/129".parse::<Prefix>(), Err(PrefixError::Form));
    }

    #[test]
    fn a_range_of_ipv4_is_written_as_one_and_is_inside_ipv6() {
        let prefix: Prefix = "10.42.0.0/16".parse().unwrap();
        assert_eq!((prefix.to_string().as_str(), prefix.length()), ("10.42.0.0/16", 112));
        assert_eq!(prefix, Prefix::ipv4(Ipv4Addr::new(10, 42, 3, 4), 16));
        assert_eq!(prefix.as_ipv4(), Some((Ipv4Addr::new(10, 42, 0, 0), 16)));
        assert!(Prefix::ALL_IPV4.covers(prefix));
        assert_eq!("0.0.0.0/0".parse(), Ok(Prefix::ALL_IPV4));
        assert_eq!("10.42.0.1/16".parse::<Prefix>(), Err(PrefixError::HostBits));
        assert_eq!("10.0.0.0/33".parse::<Prefix>(), Err(PrefixError::Form));
        for six in ["::/0", "::fffe:0:0/95", "fd00::/8"] {
            let six: Prefix = six.parse().unwrap();
            assert_eq!(six.as_ipv4(), None);
        }
    }

    #[test]
    fn ranges_are_small_and_in_order_of_their_addresses() {
        assert_eq!(size_of::<Prefix>(), 17);
        let text = ["::/0", "10.0.0.0/8", "fd00::/16", "fd00::/48", "fd00:1::/32", "fe80::/10"];
        let all = text.map(|text| text.parse::<Prefix>().unwrap());
        assert!(all.is_sorted());
    }

    #[test]
    fn a_range_covers_itself_and_what_is_inside() {
        let network: Prefix = "fd00:1:2::/48".parse().unwrap();
        let node: Prefix = "fd00:1:2:3::/64".parse().unwrap();
        assert!(network.covers(node) && network.covers(network) && !node.covers(network));
        assert!(Prefix::ALL.covers(network));
        assert!(node.contains("fd00:1:2:3::7".parse().unwrap()));
        assert!(!node.contains("fd00:1:2:4::7".parse().unwrap()));
    }
}
