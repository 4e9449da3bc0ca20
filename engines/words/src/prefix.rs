//! Ranges of IPv6 addresses.

use core::fmt;
use core::net::Ipv6Addr;
use core::str::FromStr;

/// A range of addresses: the `length` first bits of an address.
///
/// The bits past `length` are zero, always: two equal ranges are equal values.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    bits: u128,
    length: u8,
}

impl Prefix {
    /// Every address: the default route.
    pub const ALL: Self = Self { bits: 0, length: 0 };

    /// Returns the range of the `length` first bits of `bits`; the others are cleared.
    ///
    /// A `length` over 128 means 128.
    pub const fn new(bits: u128, length: u8) -> Self {
        let length = if length > 128 { 128 } else { length };
        Self { bits: bits & Self::mask(length), length }
    }

    /// Returns the first address of the range, as a number.
    pub const fn bits(self) -> u128 {
        self.bits
    }

    /// Returns how many bits are fixed, 0 to 128.
    pub const fn length(self) -> u8 {
        self.length
    }

    /// Returns the first address of the range.
    pub const fn first(self) -> Ipv6Addr {
        Ipv6Addr::from_bits(self.bits)
    }

    /// Tells whether `address` is in the range.
    pub const fn contains(self, address: Ipv6Addr) -> bool {
        address.to_bits() & Self::mask(self.length) == self.bits
    }

    /// Tells whether all of `other` is in the range; a range covers itself.
    pub const fn covers(self, other: Self) -> bool {
        self.length <= other.length && other.bits & Self::mask(self.length) == self.bits
    }

    const fn mask(length: u8) -> u128 {
        match length {
            0 => 0,
            n => u128::MAX << (128 - n as u32),
        }
    }
}

/// Text that is not an IPv6 range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrefixError {
    /// Not of the form `address/length`.
    #[error("expected an IPv6 range such as 2001:db8:42::/48")]
    Form,
    /// The address has bits past the length.
    #[error("the address has bits set past its /length; clear them")]
    HostBits,
}

impl FromStr for Prefix {
    type Err = PrefixError;

    /// Reads `address/length`.
    ///
    /// # Errors
    ///
    /// [`PrefixError::Form`] for other text or a length over 128;
    /// [`PrefixError::HostBits`] if bits past the length are set.
    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let (address, length) = text.split_once('/').ok_or(PrefixError::Form)?;
        let address: Ipv6Addr = address.parse().map_err(|_| PrefixError::Form)?;
        let length: u8 = length.parse().map_err(|_| PrefixError::Form)?;
        if length > 128 {
            return Err(PrefixError::Form);
        }
        let prefix = Self::new(address.to_bits(), length);
        if prefix.bits == address.to_bits() { Ok(prefix) } else { Err(PrefixError::HostBits) }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first(), self.length)
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
    fn a_range_covers_itself_and_what_is_inside() {
        let network: Prefix = "fd00:1:2::/48".parse().unwrap();
        let node: Prefix = "fd00:1:2:3::/64".parse().unwrap();
        assert!(network.covers(node) && network.covers(network) && !node.covers(network));
        assert!(Prefix::ALL.covers(network));
        assert!(node.contains("fd00:1:2:3::7".parse().unwrap()));
        assert!(!node.contains("fd00:1:2:4::7".parse().unwrap()));
    }
}
