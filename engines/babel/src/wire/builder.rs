//! A packet, written from front to back (RFC 8966 §4.2, §4.5).

use alloc::vec;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::address::Range;
use super::state::encode_next_hop;
use super::{MAGIC, RouterId, Tlv, Update, VERSION, tlv};

/// Writes one packet, no longer than it may be.
///
/// Shortens updates by what earlier ones of the packet said: the router-id, the next hop, and
/// the octets that their ranges have in common.
#[derive(Clone, Debug)]
pub struct Builder {
    octets: Vec<u8>,
    most: usize,
    router: Option<RouterId>,
    hop4: Option<IpAddr>,
    hop6: Option<IpAddr>,
    default4: Vec<u8>,
    default6: Vec<u8>,
}

impl Builder {
    /// Returns an empty packet of at most `most` octets, header included.
    ///
    /// Units: octets, at most 65539 (64 KiB of body and the header).
    pub fn new(most: usize) -> Self {
        Self {
            octets: vec![MAGIC, VERSION, 0, 0],
            most: most.min(HEADER + usize::from(u16::MAX)),
            router: None,
            hop4: None,
            hop6: None,
            default4: Vec::new(),
            default6: Vec::new(),
        }
    }

    /// Tells whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.octets.len() == HEADER
    }

    /// Writes `tlv`, if it leaves `spare` octets free after it.
    ///
    /// Returns whether there was room; if not, nothing was written.
    #[must_use]
    pub fn push(&mut self, tlv: &Tlv, spare: usize) -> bool {
        let mark = self.octets.len();
        let kept = (self.router, self.hop4, self.hop6);
        let whole = match tlv {
            Tlv::AckRequest(ask) => self.write(tlv::ACK_REQUEST, &ask.encode()),
            Tlv::Ack(ack) => self.write(tlv::ACK, &ack.encode()),
            Tlv::Hello(hello) => self.write(tlv::HELLO, &hello.encode()),
            Tlv::Ihu(ihu) => self.write(tlv::IHU, &ihu.encode()),
            Tlv::Update(update) => self.update(*update),
            Tlv::RouteRequest(ask) => self.write(tlv::ROUTE_REQUEST, &ask.encode()),
            Tlv::SeqnoRequest(ask) => self.write(tlv::SEQNO_REQUEST, &ask.encode()),
        };
        if whole && self.octets.len() + spare <= self.most {
            if let Tlv::Update(update) = tlv {
                self.remember(update.range);
            }
            return true;
        }
        self.octets.truncate(mark);
        (self.router, self.hop4, self.hop6) = kept;
        false
    }

    /// Returns the packet.
    pub fn finish(mut self) -> Vec<u8> {
        let body = u16::try_from(self.octets.len() - HEADER).unwrap_or(u16::MAX);
        if let Some(length) = self.octets.get_mut(2..HEADER) {
            length.copy_from_slice(&body.to_be_bytes());
        }
        self.octets
    }

    fn update(&mut self, update: Update) -> bool {
        let mut whole = true;
        if update.metric.is_finite() && update.router != self.router {
            if let Some(router) = update.router {
                whole &= self.write(tlv::ROUTER_ID, &router.encode());
            }
            self.router = update.router;
        }
        if let Some(hop) = update.hop {
            let in_force = if hop.is_ipv4() { &mut self.hop4 } else { &mut self.hop6 };
            if *in_force != Some(hop) {
                *in_force = Some(hop);
                whole &= self.write(tlv::NEXT_HOP, &encode_next_hop(hop));
            }
        }
        let omitted = self.omitted(update.range);
        whole && self.write(tlv::UPDATE, &update.encode(omitted))
    }

    /// Returns how many octets of `range` the default says already.
    fn omitted(&self, range: Range) -> usize {
        let (_, _, octets) = range.encode();
        let default = match range {
            Range::All => return 0,
            Range::V4(_) => &self.default4,
            Range::V6(_) => &self.default6,
        };
        default.iter().zip(&octets).take_while(|(a, b)| a == b).count()
    }

    fn remember(&mut self, range: Range) {
        let (_, _, octets) = range.encode();
        match range {
            Range::All => {}
            Range::V4(_) => self.default4 = octets,
            Range::V6(_) => self.default6 = octets,
        }
    }

    /// Writes type, length and body; not a body of more than 255 octets.
    fn write(&mut self, kind: u8, body: &[u8]) -> bool {
        let Ok(length) = u8::try_from(body.len()) else { return false };
        self.octets.extend([kind, length]);
        self.octets.extend(body);
        true
    }
}

const HEADER: usize = 4;
