//! The Update TLV (RFC 8966 §4.6.9).
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
//! |      Prefix, less the omitted octets ...
//! ```

use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use super::address::{self, Encoding, Range};
use super::state::State;
use super::subtlv::SubTlvs;
use super::{Interval, Malformed, RouterId};
use crate::{Metric, Seqno};

/// "My route to this range is now so long", or gone if the metric is infinite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// The range; [`Range::All`] only to retract everything.
    pub range: Range,
    /// Who originates it; a retraction may leave it out.
    pub router: Option<RouterId>,
    /// The age of the route, as its originator counts.
    pub seqno: Seqno,
    /// The sender's metric.
    pub metric: Metric,
    /// Time until it will be said again, at most.
    pub next: Duration,
    /// The next hop; `None` for the sender of the packet itself.
    pub hop: Option<IpAddr>,
}

impl Update {
    /// Reads the body of an update, with its sub-TLVs, under what is in force.
    ///
    /// The router-id and the default prefix that it sets take force even if the update itself
    /// is then refused, so that those after it are read as they were written.
    ///
    /// # Errors
    ///
    /// The rules U1 to U5 of RFC 8966 §4.6.9, one [`Malformed`] each.
    pub(super) fn decode(body: &[u8], state: &mut State) -> Result<Self, Malformed> {
        let short = Malformed::Short { what: WHAT, got: body.len(), needed: 10 };
        let (fixed, rest) = body.split_first_chunk::<10>().ok_or(short)?;
        let [encoding, flags, length, omitted, i0, i1, s0, s1, m0, m1] = *fixed;
        let encoding = Encoding::decode(WHAT, encoding)?;
        let (octets, rest) = octets(encoding, length, usize::from(omitted), rest, state)?;
        if flags & PREFIX != 0 {
            state.set_default(encoding, &octets);
        }
        if flags & ROUTER != 0 {
            state.router = router_in(encoding, &octets);
        }
        SubTlvs::decode(WHAT, rest)?.understood(WHAT)?;
        let interval = Interval::from_wire(u16::from_be_bytes([i0, i1]));
        let update = Self {
            range: encoding.range(length, &octets),
            router: state.router,
            seqno: Seqno(u16::from_be_bytes([s0, s1])),
            metric: Metric(u16::from_be_bytes([m0, m1])),
            next: interval.ok_or(Malformed::NoInterval { what: WHAT })?.into(),
            hop: match encoding {
                Encoding::V4 => state.hop4.map(IpAddr::from),
                Encoding::V6 | Encoding::LinkLocal => state.hop6.map(IpAddr::from),
                Encoding::Wildcard => None,
            },
        };
        update.checked()
    }

    /// Returns the body to write: the `omitted` first octets of the range left out, and
    /// the range made the default.
    pub(super) fn encode(self, omitted: usize) -> Vec<u8> {
        let (encoding, length, octets) = self.range.encode();
        let flags = if self.range == Range::All { 0 } else { PREFIX };
        let mut body = Vec::with_capacity(26);
        body.extend([encoding, flags, length, u8::try_from(omitted).unwrap_or(0)]);
        body.extend(Interval::from(self.next).to_wire().to_be_bytes());
        body.extend(self.seqno.0.to_be_bytes());
        body.extend(self.metric.0.to_be_bytes());
        body.extend(octets.into_iter().skip(omitted));
        body
    }

    fn checked(self) -> Result<Self, Malformed> {
        if !self.metric.is_finite() {
            return Ok(self);
        }
        match self.range {
            Range::All => Err(Malformed::Wildcard { what: WHAT }),
            Range::V4(_) if self.hop.is_none() => Err(Malformed::NoNextHop),
            Range::V4(_) | Range::V6(_) if self.router.is_none() => Err(Malformed::NoRouterId),
            Range::V4(_) | Range::V6(_) => Ok(self),
        }
    }
}

/// Returns all octets of the range, the omitted ones put back, and what follows them.
fn octets<'a>(
    encoding: Encoding,
    length: u8,
    omitted: usize,
    rest: &'a [u8],
    state: &State,
) -> Result<(Vec<u8>, &'a [u8]), Malformed> {
    let whole = encoding.octets(WHAT, length)?;
    let needed = whole.checked_sub(omitted).ok_or(Malformed::Length { what: WHAT })?;
    let short = Malformed::Short { what: WHAT, got: rest.len(), needed };
    let (own, rest) = rest.split_at_checked(needed).ok_or(short)?;
    let mut octets = Vec::with_capacity(16);
    if omitted > 0 {
        let default = state.default_of(encoding).ok_or(Malformed::NoDefault)?;
        octets.extend(default.iter().take(omitted));
    }
    octets.extend(own);
    Ok((octets, rest))
}

/// Returns the router-id that is in an address: its last 8 octets (rule U6).
fn router_in(encoding: Encoding, octets: &[u8]) -> Option<RouterId> {
    let id = match encoding {
        Encoding::Wildcard => return None,
        Encoding::V4 => u64::from(u32::from_be_bytes(address::padded(octets))),
        Encoding::V6 => u64::from_be_bytes(address::padded(octets.get(8..).unwrap_or(&[]))),
        Encoding::LinkLocal => u64::from_be_bytes(address::padded(octets)),
    };
    Some(RouterId(id.to_be_bytes())).filter(|id| id.is_legal())
}

const WHAT: &str = "Update";
const PREFIX: u8 = 0x80;
const ROUTER: u8 = 0x40;

#[cfg(test)]
#[path = "update_tests.rs"]
mod tests;
