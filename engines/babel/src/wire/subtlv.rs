//! What may follow the fixed part of a TLV (RFC 8966 §4.4, RFC 9079 §7, RFC 9616 §4).
//!
//! ```text
//! Type │ Length │ octets …            type 0 is a single octet, without a length
//!  128 │ Length │ Source Plen │ Source Prefix …
//! ```
//!
//! Types from 128 up are mandatory: a speaker that does not know one ignores the whole TLV.

use words::Prefix;

use super::Malformed;
use super::address::{self, Encoding};
use super::buffer::Buffer;
use crate::Key;

/// The sub-TLVs of one TLV that are spoken here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SubTlvs<'a> {
    /// The first timestamp sub-TLV, as octets: 4 in a Hello, 8 in an IHU.
    pub(super) timestamp: Option<&'a [u8]>,
    /// The sender says of itself that it is frugal.
    pub(super) frugal: bool,
    /// From the first optional one that we do not know to the end of the last.
    pub(super) extras: &'a [u8],
    /// The last source prefix, as octets.
    source: Option<&'a [u8]>,
    /// There is more than one source prefix.
    sources: bool,
    /// There is a mandatory one that we do not know.
    mandatory: bool,
}

impl<'a> SubTlvs<'a> {
    /// Reads all of `all`, which follows the fixed part of the TLV called `what`.
    ///
    /// # Errors
    ///
    /// [`Malformed::Overrun`] if one runs past the end.
    pub(super) fn decode(what: &'static str, all: &'a [u8]) -> Result<Self, Malformed> {
        let mut found = Self::default();
        let mut rest = all;
        let mut first_extra = None;
        while let [kind, after @ ..] = rest {
            if *kind == PAD1 {
                rest = after;
                continue;
            }
            let overrun = Malformed::Overrun { what };
            let (length, after) = after.split_first().ok_or(overrun)?;
            let (body, after) = after.split_at_checked(usize::from(*length)).ok_or(overrun)?;
            match *kind {
                PADN => {}
                TIMESTAMP => found.timestamp = found.timestamp.or(Some(body)),
                SENDER => found.frugal |= body.first().is_some_and(|flags| flags & FRUGAL != 0),
                SOURCE => {
                    found.sources |= found.source.is_some();
                    found.source = Some(body);
                }
                UNKNOWN_MANDATORY.. => found.mandatory = true,
                _ => {
                    let first = *first_extra.get_or_insert(all.len() - rest.len());
                    found.extras = all.get(first..all.len() - after.len()).unwrap_or_default();
                }
            }
            rest = after;
        }
        Ok(found)
    }

    /// Returns what was found, if nothing mandatory is unknown; a source prefix is, where
    /// there is no range.
    ///
    /// # Errors
    ///
    /// [`Malformed::Mandatory`] otherwise.
    pub(super) const fn understood(self, what: &'static str) -> Result<Self, Malformed> {
        if self.mandatory || self.source.is_some() {
            Err(Malformed::Mandatory { what })
        } else {
            Ok(self)
        }
    }

    /// Returns the key of a TLV about `prefix`, which it said in this `encoding`; `None` for
    /// everything.
    ///
    /// # Errors
    ///
    /// [`Malformed::Mandatory`]; [`Malformed::Sources`] for two source prefixes,
    /// [`Malformed::SourceOfAll`] for one of everything, [`Malformed::SourceLength`] and
    /// [`Malformed::Mapped`] for one that cannot be.
    pub(super) fn key(
        self,
        what: &'static str,
        encoding: Encoding,
        prefix: Option<Prefix>,
    ) -> Result<Option<Key>, Malformed> {
        if self.mandatory {
            return Err(Malformed::Mandatory { what });
        }
        let Some(source) = self.source else { return Ok(prefix.map(Key::to)) };
        if self.sources {
            return Err(Malformed::Sources { what });
        }
        let prefix = prefix.ok_or(Malformed::SourceOfAll { what })?;
        Ok(Some(Key::from_to(source_prefix(what, encoding, source)?, prefix)))
    }
}

/// Reads a source prefix. It is whole, even in a TLV about a short link-local range.
fn source_prefix(what: &'static str, encoding: Encoding, body: &[u8]) -> Result<Prefix, Malformed> {
    let refused = Malformed::SourceLength { what };
    let encoding = if encoding == Encoding::LinkLocal { Encoding::V6 } else { encoding };
    let (length, octets) = body.split_first().ok_or(refused)?;
    let needed = encoding.octets(what, *length).map_err(|_| refused)?;
    let octets = octets.get(..usize::from(needed)).ok_or(refused)?;
    let source = encoding.range(what, *length, address::number(octets))?;
    source.filter(|_| *length > 0).ok_or(refused)
}

/// Writes the source prefix of `key`, if its route is for some senders only.
pub(super) fn put_source(key: Key, body: &mut Buffer) {
    let (length, bits) = address::on_wire(key.source);
    if length > 0 {
        body.item(SOURCE, |sub| {
            sub.put(&[length]);
            address::put_range(length, bits, 0, sub);
        });
    }
}

const PAD1: u8 = 0;
const PADN: u8 = 1;
/// The type of the timestamp sub-TLV. Source: RFC 9616 §4.
pub(super) const TIMESTAMP: u8 = 3;
/// The type of the sub-TLV in which the sender of a Hello speaks of itself; experimental.
pub(super) const SENDER: u8 = 113;
/// The flag in it: [`Hello::frugal`](super::Hello::frugal).
pub(super) const FRUGAL: u8 = 1;
/// The type of the source prefix sub-TLV, the first of the mandatory ones. Source: RFC 9079 §7.
const SOURCE: u8 = 128;
const UNKNOWN_MANDATORY: u8 = SOURCE + 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_ones_are_passed_over() {
        let rest = [0, 1, 2, 0, 0, 77, 1, 9, 3, 4, 1, 2, 3, 4];
        let found = SubTlvs::decode("Hello", &rest).unwrap();
        assert_eq!(found.timestamp, Some(&[1, 2, 3, 4][..]));
        assert!(!found.mandatory);
    }

    #[test]
    fn a_mandatory_one_is_seen() {
        for octets in [&[200, 0][..], &[128, 2, 8, 0xfd]] {
            let found = SubTlvs::decode("Hello", octets).unwrap();
            assert_eq!(found.understood("Hello"), Err(Malformed::Mandatory { what: "Hello" }));
        }
    }

    #[test]
    fn none_may_run_past_the_end() {
        let overrun = Err(Malformed::Overrun { what: "Hello" });
        assert_eq!(SubTlvs::decode("Hello", &[77]), overrun);
        assert_eq!(SubTlvs::decode("Hello", &[77, 2, 0]), overrun);
    }

    #[test]
    fn the_extras_run_from_the_first_unknown_one_to_the_last() {
        let octets = [0, 1, 1, 0, 112, 1, 5, 3, 1, 9, 112, 0, 1, 0, 0];
        let found = SubTlvs::decode("Update", &octets).unwrap();
        assert_eq!(found.extras, [112, 1, 5, 3, 1, 9, 112, 0]);
        assert_eq!(SubTlvs::decode("Update", &octets[..4]).unwrap().extras, [0; 0]);
    }
}
