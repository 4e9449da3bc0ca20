//! What a route leads to: a range of addresses, and the senders it is for (RFC 9079 §3).

use core::fmt;
use core::net::Ipv4Addr;
use core::str::FromStr;

use words::routing::Range;
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
        Self::to(Prefix::ipv4(first, length))
    }

    /// Returns the key of a route to `prefix` for packets from `source`.
    pub const fn from_to(source: Prefix, prefix: Prefix) -> Self {
        Self { prefix, source }
    }

    /// Tells whether all that `other` is for is its matter too; a key covers itself.
    pub const fn covers(self, other: Self) -> bool {
        self.prefix.covers(other.prefix) && self.source.covers(other.source)
    }

    /// Returns the family of its addresses.
    pub const fn family(self) -> Family {
        if Prefix::ALL_IPV4.covers(self.prefix) { Family::V4 } else { Family::V6 }
    }

    /// Tells whether only some senders' packets may follow it.
    pub const fn is_source_specific(self) -> bool {
        self.source.length() > 0
    }
}

impl From<Range> for Key {
    fn from(range: Range) -> Self {
        Self::from_to(range.from, range.to)
    }
}

impl From<Key> for Range {
    fn from(key: Key) -> Self {
        Self { to: key.prefix, from: key.source }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Range::from(*self), f)
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
    let six = text.contains(':');
    text.parse().map_err(|error| if six { KeyError::V6(error) } else { KeyError::V4 })
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
