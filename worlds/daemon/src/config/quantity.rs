//! Numbers with their units, as people write them.

use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use words::{Prefix, read_span, write_span};

/// A span of time: a whole number and its unit, as `250ms`, `10s`, `5m`, `1h`, `2d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// A share: a whole number of hundredths, as `30%`; 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(pub u8);

impl FromStr for Span {
    type Err = String;

    /// Reads a span of time.
    ///
    /// # Errors
    ///
    /// A sentence that names the units, for anything else.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no time; use a number and ms, s, m, h or d, as 5m");
        read_span(text).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_span(self.0, f)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(percent) = self;
        write!(f, "{percent}%")
    }
}

impl FromStr for Percent {
    type Err = String;

    /// Reads a share.
    ///
    /// # Errors
    ///
    /// A sentence that gives the form, for anything else.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('%').and_then(|number| number.trim().parse().ok());
        let percent = number.filter(|percent: &u8| *percent <= 100);
        percent.map(Self).ok_or_else(|| format!("`{text}` is no share; use 0% to 100%, as 30%"))
    }
}

/// A place where others reach us: an address that is somebody's, and a port.
struct Place(SocketAddr);

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = text.parse().ok().filter(|at: &SocketAddr| {
            at.port() != 0 && !at.ip().is_unspecified() && !at.ip().is_multicast()
        });
        place.map(Self).ok_or_else(|| {
            format!(
                "`{text}` is no endpoint; use an address of this machine and a port, \
                 as 203.0.113.5:6326 or [2001:db8::5]:6326"
            )
        })
    }
}

/// Reads endpoints.
pub(super) fn places<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<SocketAddr>, D::Error> {
    let places = Vec::<Place>::deserialize(from)?;
    Ok(places.into_iter().map(|Place(at)| at).collect())
}

/// Reads ranges of addresses.
pub(super) fn ranges<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Prefix>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    let read =
        |text: String| text.parse().map_err(|wrong| D::Error::custom(format!("`{text}`: {wrong}")));
    texts.into_iter().map(read).collect()
}

/// Reads the range of a node.
pub(super) fn node<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Prefix>, D::Error> {
    let text = String::deserialize(from)?;
    let read = text.parse().map_err(|wrong| D::Error::custom(format!("`{text}`: {wrong}")));
    read.map(Some)
}

/// Reads a port.
pub(super) fn port<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u16>, D::Error> {
    from.deserialize_i64(Whole { low: 0, high: u16::MAX }).map(Some)
}

/// Reads a whole number that may be left out; its bounds are not looked at here.
pub(super) fn some_whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    whole(from).map(Some)
}

/// Reads a whole number; its bounds are not looked at here.
pub(super) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    from.deserialize_i64(Any)
}

/// Accepts any whole number.
struct Any;

impl Visitor<'_> for Any {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, given: i64) -> Result<i64, E> {
        Ok(given)
    }

    fn visit_u64<E: Error>(self, given: u64) -> Result<i64, E> {
        Ok(i64::try_from(given).unwrap_or(i64::MAX))
    }
}

/// Accepts a whole number between two bounds, which belong to it.
struct Whole {
    low: u16,
    high: u16,
}

impl Visitor<'_> for Whole {
    type Value = u16;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number, {} to {}", self.low, self.high)
    }

    fn visit_i64<E: Error>(self, given: i64) -> Result<u16, E> {
        let Self { low, high } = self;
        let number = u16::try_from(given).ok().filter(|number| (low..=high).contains(number));
        number.ok_or_else(|| E::custom(format!("{given} is out of bounds; use {low} to {high}")))
    }

    fn visit_u64<E: Error>(self, given: u64) -> Result<u16, E> {
        self.visit_i64(i64::try_from(given).unwrap_or(i64::MAX))
    }
}

/// Accepts text only, and says so when it gets a bare number.
pub(super) struct Text<T>(PhantomData<T>, &'static str);

impl<T> Text<T> {
    /// Accepts text like this example.
    pub(super) const fn like(example: &'static str) -> Self {
        Self(PhantomData, example)
    }
}

impl<T: FromStr<Err = String>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "text, as \"{}\"", self.1)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text::like("5m"))
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text::like("30%"))
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text::like("203.0.113.5:6326"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_go_both_ways() {
        for text in ["250ms", "10s", "5m", "1h", "2d"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("90s".parse::<Span>().unwrap().to_string(), "90s");
        for wrong in ["", "5", "m", "5 parsecs", "-3s", "99999999999999999999s"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_has_its_sign() {
        assert_eq!("30%".parse(), Ok(Percent(30)));
        assert!("30".parse::<Percent>().is_err() && "101%".parse::<Percent>().is_err());
    }
}
