//! The Update TLV (RFC 8966 §4.6.9, RFC 9079 §4, RFC 9229 §2.2).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |   Type = 8    |    Length     |       AE      |P|R|  Flags    |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |     Plen      |    Omitted    |            Interval           |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |             Seqno             |            Metric             |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |      Prefix, less the omitted octets ...        a source prefix may follow
//! ```

use core::net::IpAddr;
use core::time::Duration;

use words::Prefix;

use super::address::{self, Encoding};
use super::buffer::Buffer;
use super::state::State;
use super::subtlv::{self, SubTlvs};
use super::{Interval, Malformed, RouterId};
use crate::{Family, Key, Metric, Seqno};

/// "My route to this range is now so long", or gone if the metric is infinite.
///
/// Which router and which next hop a retraction is about is of no matter: as read, it has
/// neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// What it is about; `None` only to retract everything.
    pub key: Option<Key>,
    /// Who originates it.
    pub router: Option<RouterId>,
    /// The age of the route, as its originator counts.
    pub seqno: Seqno,
    /// The sender's metric.
    pub metric: Metric,
    /// Time until it will be said again, at most.
    pub next: Duration,
    /// The next hop; `None` for the sender of the packet itself, at its IPv6 address.
    ///
    /// An IPv6 next hop of an IPv4 range is that of RFC 9229.
    pub hop: Option<IpAddr>,
}

impl Update {
    /// Reads the body of an update, with its sub-TLVs, under what is in force; and returns the
    /// optional sub-TLVs that are not known here.
    ///
    /// The router-id and the default prefix that it sets take force even if the update itself
    /// is then refused, so that those after it are read as they were written.
    ///
    /// # Errors
    ///
    /// One [`Malformed`] for each rule of RFC 8966 §4.6.9 that it breaks; those of sub-TLVs.
    #[inline]
    pub(super) fn decode<'a>(
        body: &'a [u8],
        state: &mut State,
    ) -> Result<(Self, &'a [u8]), Malformed> {
        let short = Malformed::Short { what: WHAT, got: body.len(), needed: 10 };
        let (fixed, after) = body.split_first_chunk::<10>().ok_or(short)?;
        let [encoding, ..] = *fixed;
        match Encoding::decode(WHAT, encoding)? {
            // Nearly all: asked once here, not at each step.
            Encoding::V6 => Self::decode_as(Encoding::V6, fixed, (body, after), state),
            other @ (Encoding::Wildcard
            | Encoding::V4
            | Encoding::LinkLocal
            | Encoding::V4ViaV6) => Self::decode_as(other, fixed, (body, after), state),
        }
    }

    /// Reads an update of this encoding: its fixed part, and what follows.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "one copy for an encoding that is known, one for all")]
    fn decode_as<'a>(
        encoding: Encoding,
        fixed: &[u8; 10],
        (body, after): (&[u8], &'a [u8]),
        state: &mut State,
    ) -> Result<(Self, &'a [u8]), Malformed> {
        let [_, flags, length, omitted, i0, i1, s0, s1, m0, m1] = *fixed;
        let (bits, rest) = bits(encoding, (length, omitted), (body, after), state)?;
        if flags & PREFIX != 0 {
            state.set_default(encoding, bits);
        }
        if flags & ROUTER != 0 {
            state.router = router_in(encoding, bits);
        }
        let prefix = encoding.range(WHAT, length, bits)?;
        let (key, extras) = if rest.is_empty() {
            (prefix.map(Key::to), rest)
        } else {
            let subs = SubTlvs::decode(WHAT, rest)?;
            (subs.key(WHAT, encoding, prefix)?, subs.extras)
        };
        let interval = Interval::from_wire(u16::from_be_bytes([i0, i1]));
        let mut update = Self {
            key,
            router: None,
            seqno: Seqno(u16::from_be_bytes([s0, s1])),
            metric: Metric(u16::from_be_bytes([m0, m1])),
            next: interval.ok_or(Malformed::NoInterval { what: WHAT })?.into(),
            hop: None,
        };
        if update.metric.is_finite() {
            update.hop = match encoding {
                Encoding::V4 => Some(state.hop4.ok_or(Malformed::NoNextHop)?.into()),
                Encoding::V6 | Encoding::LinkLocal | Encoding::V4ViaV6 => {
                    state.hop6.map(IpAddr::from)
                }
                Encoding::Wildcard => return Err(Malformed::Wildcard { what: WHAT }),
            };
            update.router = Some(state.router.ok_or(Malformed::NoRouterId)?);
        }
        Ok((update, extras))
    }

    /// Writes the body: the `omitted` first octets of the range left out, and the range made
    /// the default. `named` if the range says the router-id.
    pub(super) fn encode(self, omitted: u8, named: bool, body: &mut Buffer) {
        let [i0, i1] = Interval::from(self.next).to_wire().to_be_bytes();
        let [s0, s1] = self.seqno.0.to_be_bytes();
        let [m0, m1] = self.metric.0.to_be_bytes();
        let encoding = self.encoding().to_wire();
        let Some(key) = self.key else {
            return body.put(&[encoding, 0, 0, 0, i0, i1, s0, s1, m0, m1]);
        };
        let (length, bits) = address::on_wire(key.prefix);
        let flags = if named { PREFIX | ROUTER } else { PREFIX };
        body.put(&[encoding, flags, length, omitted, i0, i1, s0, s1, m0, m1]);
        address::put_range(length, bits, omitted, body);
        subtlv::put_source(key, body);
    }

    /// Returns the encoding that it is written in.
    pub(super) fn encoding(&self) -> Encoding {
        let Some(key) = self.key else { return Encoding::Wildcard };
        match (key.family(), self.hop) {
            (Family::V6, _) => Encoding::V6,
            (Family::V4, Some(IpAddr::V4(_))) => Encoding::V4,
            (Family::V4, None) if !self.metric.is_finite() => Encoding::V4,
            (Family::V4, None | Some(IpAddr::V6(_))) => Encoding::V4ViaV6,
        }
    }

    /// Tells whether its range says its router-id.
    pub(super) fn is_named(&self) -> bool {
        let Some(key) = self.key else { return false };
        let long = key.family() == Family::V6 && key.prefix.length() > 64;
        long && !key.is_source_specific()
            && self.router == router_in(Encoding::V6, key.prefix.bits())
            && self.router.is_some()
    }
}

/// Returns the range as a number, the omitted octets put back, and what follows it; from the
/// whole body, and what of it follows the fixed part.
#[inline(always)]
#[expect(clippy::inline_always, reason = "see `decode_as`")]
fn bits<'a>(
    encoding: Encoding,
    (length, omitted): (u8, u8),
    (body, after): (&[u8], &'a [u8]),
    state: &State,
) -> Result<(u128, &'a [u8]), Malformed> {
    let refused = Malformed::Length { what: WHAT };
    let end = encoding.octets(WHAT, length)?;
    let needed = end.checked_sub(omitted).ok_or(refused)?;
    let short = Malformed::Short { what: WHAT, got: after.len(), needed: usize::from(needed) };
    let rest = after.get(usize::from(needed)..).ok_or(short)?;
    let own = last(body.get(..body.len() - rest.len()).unwrap_or_default(), needed);
    let own = own.checked_shl(128 - u32::from(end) * 8).unwrap_or(0);
    let default = match omitted {
        0 => 0,
        _ => {
            Prefix::new(state.default_of(encoding).ok_or(Malformed::NoDefault)?, omitted * 8).bits()
        }
    };
    Ok((encoding.masked(length, default | own), rest))
}

/// Returns the number in the last `count` octets, 16 at most, of a body that has ten more.
///
/// In one step, together with some of those before them: one by one would take half of the time
/// that all of the update takes.
#[inline(always)]
#[expect(clippy::inline_always, reason = "see `decode_as`")]
fn last(octets: &[u8], count: u8) -> u128 {
    let number = match count {
        0..=8 => octets.last_chunk().map_or(0, |last| u128::from(u64::from_be_bytes(*last))),
        _ => octets.last_chunk().map_or(0, |last| u128::from_be_bytes(*last)),
    };
    number & u128::MAX.checked_shr(128 - u32::from(count.min(16)) * 8).unwrap_or(0)
}

/// Returns the router-id that is in an address: its last 8 octets (rule U6).
fn router_in(encoding: Encoding, bits: u128) -> Option<RouterId> {
    let bits = match encoding {
        Encoding::V6 => bits,
        Encoding::LinkLocal => bits >> 64,
        Encoding::V4 | Encoding::V4ViaV6 => bits >> 96,
        Encoding::Wildcard => return None,
    };
    let [_, _, _, _, _, _, _, _, id @ ..] = bits.to_be_bytes();
    Some(RouterId(id)).filter(|id| id.is_legal())
}

const WHAT: &str = "Update";
const PREFIX: u8 = 0x80;
const ROUTER: u8 = 0x40;
