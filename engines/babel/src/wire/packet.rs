//! A packet, read from front to back (RFC 8966 §4.2).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |  Magic = 42   |  Version = 2  |          Body length          |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |      Body: TLVs ...           |     Trailer: padding, MAC ...
//! ```

use super::state::State;
use super::{
    Ack, AckRequest, Hello, Ihu, MAGIC, Malformed, RouteRequest, SeqnoRequest, Tlv, Update,
};
use super::{VERSION, tlv};

/// A packet whose frame is right; its TLVs are yet to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    body: &'a [u8],
    trailer: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads the header of `octets`, a whole packet.
    ///
    /// # Errors
    ///
    /// [`Malformed::Header`], or [`Malformed::Truncated`] if the body ends too soon.
    pub fn decode(octets: &'a [u8]) -> Result<Self, Malformed> {
        let ([magic, version, l0, l1], rest) =
            octets.split_first_chunk::<4>().ok_or(Malformed::Header)?;
        if (*magic, *version) != (MAGIC, VERSION) {
            return Err(Malformed::Header);
        }
        let said = usize::from(u16::from_be_bytes([*l0, *l1]));
        let truncated = Malformed::Truncated { said, got: rest.len() };
        let (body, trailer) = rest.split_at_checked(said).ok_or(truncated)?;
        Ok(Self { body, trailer })
    }

    /// Returns its TLVs, in order.
    ///
    /// Those of types that are not spoken here are passed over, and so are those of
    /// authentication (RFC 8967 §4), which is checked before.
    pub fn tlvs(self) -> Tlvs<'a> {
        Tlvs { rest: self.body, state: State::default(), extras: &[] }
    }

    /// Returns the TLVs of its body, as octets.
    pub const fn body(self) -> &'a [u8] {
        self.body
    }

    /// Returns what follows the body, as octets. Only padding and MACs mean something there.
    pub const fn trailer(self) -> &'a [u8] {
        self.trailer
    }
}

/// The TLVs of a packet, each with what it inherits from those before.
///
/// An error concerns one TLV; go on with the next.
#[derive(Clone, Debug)]
pub struct Tlvs<'a> {
    rest: &'a [u8],
    state: State,
    extras: &'a [u8],
}

impl<'a> Tlvs<'a> {
    /// Returns the optional sub-TLVs, unknown here, of the update that was returned last; empty
    /// if it has none, or if what was returned last is no update.
    ///
    /// Shape: octets, type and length of a sub-TLV first; from the first unknown one to the end
    /// of the last, with whatever is between them.
    pub const fn extras(&self) -> &'a [u8] {
        self.extras
    }

    /// Reads one body; `None` if it says nothing by itself.
    fn read(&mut self, kind: u8, body: &'a [u8]) -> Option<Result<Tlv, Malformed>> {
        Some(match kind {
            tlv::ACK_REQUEST => AckRequest::decode(body).map(Tlv::AckRequest),
            tlv::ACK => Ack::decode(body).map(Tlv::Ack),
            tlv::HELLO => Hello::decode(body).map(Tlv::Hello),
            tlv::IHU => Ihu::decode(body).map(Tlv::Ihu),
            tlv::ROUTER_ID => Err(self.state.router_id(body).err()?),
            tlv::NEXT_HOP => Err(self.state.next_hop(body).err()?),
            tlv::UPDATE => Update::decode(body, &mut self.state).map(|(update, extras)| {
                self.extras = extras;
                Tlv::Update(update)
            }),
            tlv::ROUTE_REQUEST => RouteRequest::decode(body).map(Tlv::RouteRequest),
            tlv::SEQNO_REQUEST => SeqnoRequest::decode(body).map(Tlv::SeqnoRequest),
            _ => return None,
        })
    }
}

impl Iterator for Tlvs<'_> {
    type Item = Result<Tlv, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.extras = &[];
        loop {
            let (kind, after) = self.rest.split_first()?;
            if *kind == tlv::PAD1 {
                self.rest = after;
                continue;
            }
            let whole = after
                .split_first()
                .and_then(|(length, after)| after.split_at_checked(usize::from(*length)));
            let Some((body, after)) = whole else {
                self.rest = &[];
                return Some(Err(Malformed::Overrun { what: "packet" }));
            };
            self.rest = after;
            if let Some(read) = self.read(*kind, body) {
                return Some(read);
            }
        }
    }
}
