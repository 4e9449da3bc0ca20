//! Values as people write them: spans, moments, router-ids, sockets.

use std::fmt;
use std::marker::PhantomData;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use babel::RouterId;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use toml::value::{Datetime, Offset};
use words::{Wall, read_span, write_span};

/// A span of time: a whole number and its unit, as `250ms`, `4s`, `5m`, `1h`, `2d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// A moment of the calendar, as `2026-01-31T12:00:00Z` (RFC 3339).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Wall);

/// Where babeld's text protocol is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Socket {
    /// A Unix socket.
    Path(PathBuf),
    /// A TCP port of `::1`.
    Port(u16),
}

/// The router-id of this speaker, of eight octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name(pub RouterId);

impl FromStr for Span {
    type Err = String;

    /// Reads a span of time.
    ///
    /// # Errors
    ///
    /// A sentence that names the units, for anything else.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no time; use a number and ms, s, m, h or d, as 4s");
        read_span(text).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_span(self.0, f)
    }
}

impl FromStr for Moment {
    type Err = String;

    /// Reads a moment with its offset from UTC.
    ///
    /// # Errors
    ///
    /// A sentence that gives the form, for anything else.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no moment; use UTC, as 2026-01-31T12:00:00Z");
        let read: Datetime = text.parse().map_err(|_| wrong())?;
        seconds(&read).map(|second| Self(Wall(second))).ok_or_else(wrong)
    }
}

/// Returns the seconds since 1970; `None` without date, time or offset, or before.
fn seconds(read: &Datetime) -> Option<u64> {
    let (date, time, offset) = (read.date?, read.time?, read.offset?);
    let minutes = match offset {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(minutes),
    };
    let day = days(i64::from(date.year), i64::from(date.month), i64::from(date.day));
    let minute = i64::from(time.hour) * 60 + i64::from(time.minute) - minutes;
    let second = i64::from(time.second.unwrap_or(0));
    u64::try_from(day * 86_400 + minute * 60 + second).ok()
}

/// Returns the days from 1970-01-01 to a day of the calendar.
///
/// Years are counted from March here, so that the leap day is the last one.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year / 4 - year / 100 + year / 400;
    year * 365 + leaps + (153 * month + 2) / 5 + day - 1 - 719_468
}

impl FromStr for Name {
    type Err = String;

    /// Reads eight octets in hexadecimal, with or without colons, or an IPv4 address, which
    /// makes the last four.
    ///
    /// # Errors
    ///
    /// A sentence that gives the form, for anything else.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no router-id; use eight octets, not all 00 and not all ff, \
                 as 02:11:22:ff:fe:33:44:55"
            )
        };
        let number = if let Ok(address) = text.parse::<Ipv4Addr>() {
            u64::from(address.to_bits())
        } else {
            let digits: String = text.chars().filter(|c| *c != ':').collect();
            let whole = digits.len() == 16 && digits.chars().all(|c| c.is_ascii_hexdigit());
            let number = whole.then(|| u64::from_str_radix(&digits, 16).ok());
            number.flatten().ok_or_else(wrong)?
        };
        let id = RouterId(number.to_be_bytes());
        if id.is_legal() { Ok(Self(id)) } else { Err(wrong()) }
    }
}

/// As the text protocol writes it: eight octets between colons.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = self.0.0.map(|octet| format!("{octet:02x}"));
        f.write_str(&octets.join(":"))
    }
}

impl FromStr for Socket {
    type Err = String;

    /// Reads a port or an absolute path.
    ///
    /// # Errors
    ///
    /// A sentence that gives both forms, for anything else.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with('/') {
            return Ok(Self::Path(text.into()));
        }
        let port = text.parse().ok().filter(|port| *port != 0);
        port.map(Self::Port).ok_or_else(|| {
            format!(
                "`{text}` is no socket; use a path that begins with /, or a port of ::1, as 33123"
            )
        })
    }
}

/// Accepts text of the form that `T` reads.
struct Text<T>(PhantomData<T>, &'static str);

impl<T: FromStr<Err = String>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "text, as \"{}\"", self.1)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        number.to_string().parse().map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Text(PhantomData, "4s"))
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Text(PhantomData, "02:11:22:ff:fe:33:44:55"))
    }
}

impl<'de> Deserialize<'de> for Socket {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Text(PhantomData, "/run/babeld.sock"))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Calendar)
    }
}

/// Accepts a moment, quoted or as TOML has it.
struct Calendar;

impl<'de> Visitor<'de> for Calendar {
    type Value = Moment;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a moment, as 2026-01-31T12:00:00Z")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Moment, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Moment, A::Error> {
        let read = Datetime::deserialize(MapAccessDeserializer::new(map))?;
        read.to_string().parse().map_err(A::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_their_unit() {
        assert_eq!("4s".parse(), Ok(Span(Duration::from_secs(4))));
        assert_eq!("90s".parse::<Span>().unwrap().to_string(), "90s");
        for wrong in ["", "4", "s", "4 parsecs", "-3s", "99999999999999999999s"] {
            assert!(wrong.parse::<Span>().unwrap_err().contains("as 4s"), "{wrong}");
        }
    }

    #[test]
    fn a_moment_is_read_as_the_calendar_writes_it() {
        for second in [0, 951_782_399, 951_868_800, 1_763_839_419, 4_107_542_400] {
            let text = Wall(second).to_string();
            assert_eq!(text.parse(), Ok(Moment(Wall(second))), "{text}");
        }
        let abroad = "2025-11-22T20:23:39+01:00".parse();
        assert_eq!(abroad, Ok(Moment(Wall(1_763_839_419))));
        for wrong in ["tomorrow", "2026-01-31", "2026-01-31T12:00:00", "1950-01-01T00:00:00Z"] {
            assert!(wrong.parse::<Moment>().unwrap_err().contains("use UTC"), "{wrong}");
        }
    }

    #[test]
    fn a_router_id_is_eight_octets_or_an_address() {
        let name: Name = "02:11:22:ff:fe:33:44:55".parse().unwrap();
        assert_eq!(name.to_string(), "02:11:22:ff:fe:33:44:55");
        assert_eq!("021122fffe334455".parse(), Ok(name));
        assert_eq!("0211:22ff:fe33:4455".parse(), Ok(name));
        assert_eq!("10.0.0.1".parse::<Name>().unwrap().to_string(), "00:00:00:00:0a:00:00:01");
        for wrong in ["", "1", "00:00:00:00:00:00:00:00", "ffffffffffffffff", "0.0.0.0", "+1"] {
            assert!(wrong.parse::<Name>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_socket_is_a_path_or_a_port() {
        assert_eq!("/run/b".parse(), Ok(Socket::Path("/run/b".into())));
        assert_eq!("33123".parse(), Ok(Socket::Port(33123)));
        for wrong in ["0", "70000", "run/b", ""] {
            assert!(wrong.parse::<Socket>().is_err(), "{wrong}");
        }
    }
}
