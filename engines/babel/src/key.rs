//! What a route leads to: a range of addresses, and the senders it is for (RFC 9079 §3).

use core::fmt;
use core::net::Ipv4Addr;
use core::str::FromStr;

use words::{Prefix, PrefixError};

/// The destinations of a route, and the sources whose packets may follow it.
///
/// IPv4 ranges are inside `::ffff:0:0/96`, as everywhere in this program: 10.0.0.0/8 is
/// `::ffff:10.0.0.0/104`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The range that the route leads to.
    pub prefix: Prefix,
    /// The range of senders that the route is for; [`Prefix::ALL`] for everybody.
    pub source: Prefix,
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Key {
    /// Returns the key of a route that everybody's packets may follow.
    pub const fn to(prefix: Prefix) -> Self {
        Self { prefix, source: Prefix::ALL }
    }

    /// Returns the key of the IPv4 range of the `length` first bits of `first`.
    pub const fn to_v4(first: Ipv4Addr, length: u8) -> Self {
        Self::to(mapped(first, length))
    }

    /// Returns the key of a route to `prefix` for packets from `source`.
    pub const fn from_to(source: Prefix, prefix: Prefix) -> Self {
        Self { prefix, source }
    }

    /// Returns the family of its addresses.
    pub const fn family(self) -> Family {
        if V4.covers(self.prefix) { Family::V4 } else { Family::V6 }
    }

    /// Tells whether only some senders' packets may follow it.
    pub const fn is_source_specific(self) -> bool {
        self.source.length() > 0
    }
}

/// Returns the first address and the length of an IPv4 range; `None` of an IPv6 one.
pub fn unmapped(prefix: Prefix) -> Option<(Ipv4Addr, u8)> {
    if !V4.covers(prefix) {
        return None;
    }
    Some((prefix.first().to_ipv4_mapped()?, prefix.length() - V4.length()))
}

/// Returns an IPv4 range as this program knows it. A `length` over 32 means 32.
pub const fn mapped(first: Ipv4Addr, length: u8) -> Prefix {
    let length = if length > 32 { 32 } else { length };
    Prefix::new(first.to_ipv6_mapped().to_bits(), V4.length() + length)
}

/// Every IPv4 address.
const V4: Prefix = Prefix::new(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped().to_bits(), 96);

fn show(f: &mut fmt::Formatter<'_>, prefix: Prefix) -> fmt::Result {
    match unmapped(prefix) {
        Some((first, length)) => write!(f, "{first}/{length}"),
        None => write!(f, "{prefix}"),
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, self.prefix)?;
        if self.is_source_specific() {
            f.write_str(" from ")?;
            show(f, self.source)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The IPv6 range is wrong.
    #[error(transparent)]
    V6(#[from] PrefixError),
    /// Not of the form `a.b.c.d/length`.
    #[error("expected an IPv4 range such as 10.0.0.0/8, with no bit set past its /length")]
    V4,
    /// The range and the source are of two families.
    #[error("the range and its source are not both IPv4 or both IPv6")]
    Families,
}

impl FromStr for Key {
    type Err = KeyError;

    /// Reads `range` or `range from range`, as [`Display`](fmt::Display) writes it.
    ///
    /// # Errors
    ///
    /// [`KeyError`], each with its remedy.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let Some((prefix, source)) = text.split_once(" from ") else {
            return Ok(Self::to(range(text)?));
        };
        let (prefix, source) = (range(prefix)?, range(source)?);
        let key = Self::from_to(source, prefix);
        if key.family() == Self::to(source).family() { Ok(key) } else { Err(KeyError::Families) }
    }
}

/// Reads a range of either family.
///
/// # Errors
///
/// [`KeyError::V6`] if there is a colon in `text`, else [`KeyError::V4`].
pub fn range(text: &str) -> Result<Prefix, KeyError> {
    let text = text.trim();
    if text.contains(':') {
        return Ok(text.parse()?);
    }
    let (first, length) = text.split_once('/').ok_or(KeyError::V4)?;
    let first: Ipv4Addr = first.parse().map_err(|_| KeyError::V4)?;
    let length: u8 = length.parse().map_err(|_| KeyError::V4)?;
    let prefix = mapped(first, length);
    let whole = length <= 32 && prefix.first() == first.to_ipv6_mapped();
    if whole { Ok(prefix) } else { Err(KeyError::V4) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn text_goes_both_ways() {
        for text in
            ["2001:db8::/32", "10.0.0.0/8", "0.0.0.0/0", "::/0 from fd00::/8", "::ffff:0.0.0.0/95"]
        {
            let Ok(key) = text.parse::<Key>() else { continue };
            assert_eq!(key.to_string(), text);
        }
        assert_eq!("10.0.0.0/8".parse::<Key>().unwrap().family(), Family::V4);
        assert_eq!("::/0".parse::<Key>().unwrap().family(), Family::V6);
        for bad in ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0", "x"] {
            assert_eq!(bad.parse::<Key>(), Err(KeyError::V4), "{bad}");
        }
        assert_eq!("::/0 from 10.0.0.0/8".parse::<Key>(), Err(KeyError::Families));
    }
}
