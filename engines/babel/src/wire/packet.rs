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
}

impl<'a> Packet<'a> {
    /// Reads the header of `octets`, a whole packet.
    ///
    /// What follows the body is the trailer. Only padding and MACs mean something there, and
    /// none is spoken here, so it is passed over.
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
        let body = rest.get(..said).ok_or(Malformed::Truncated { said, got: rest.len() })?;
        Ok(Self { body })
    }

    /// Returns its TLVs, in order.
    pub fn tlvs(self) -> Tlvs<'a> {
        Tlvs { rest: self.body, state: State::default() }
    }
}

/// The TLVs of a packet, each with what it inherits from those before.
///
/// An error concerns one TLV; go on with the next.
#[derive(Clone, Debug)]
pub struct Tlvs<'a> {
    rest: &'a [u8],
    state: State,
}

impl Tlvs<'_> {
    /// Reads one body; `None` if it says nothing by itself.
    fn read(&mut self, kind: u8, body: &[u8]) -> Option<Result<Tlv, Malformed>> {
        Some(match kind {
            tlv::ACK_REQUEST => {
                let read = AckRequest::decode(body);
                read.and_then(|(ask, rest)| plain(rest, Tlv::AckRequest(ask)))
            }
            tlv::ACK => Ack::decode(body).and_then(|(ack, rest)| plain(rest, Tlv::Ack(ack))),
            tlv::HELLO => Hello::decode(body).map(Tlv::Hello),
            tlv::IHU => Ihu::decode(body).map(Tlv::Ihu),
            tlv::ROUTER_ID => Err(self.state.router_id(body).err()?),
            tlv::NEXT_HOP => Err(self.state.next_hop(body).err()?),
            tlv::UPDATE => Update::decode(body, &mut self.state).map(Tlv::Update),
            tlv::ROUTE_REQUEST => RouteRequest::decode(body).map(Tlv::RouteRequest),
            tlv::SEQNO_REQUEST => SeqnoRequest::decode(body).map(Tlv::SeqnoRequest),
            _ => return None,
        })
    }
}

impl Iterator for Tlvs<'_> {
    type Item = Result<Tlv, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
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

/// Returns `tlv` if the sub-TLVs after its fixed part can be passed over.
fn plain(rest: &[u8], tlv: Tlv) -> Result<Tlv, Malformed> {
    super::subtlv::SubTlvs::decode("Acknowledgment", rest)?.understood("Acknowledgment")?;
    Ok(tlv)
}
