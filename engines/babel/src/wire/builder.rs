//! A packet, written from front to back (RFC 8966 §4.2, §4.5).

use alloc::vec::Vec;
use core::net::IpAddr;

use super::address::{self, Encoding};
use super::buffer::Buffer;
use super::state::encode_next_hop;
use super::{MAGIC, RouterId, Tlv, Update, VERSION, tlv};

/// Writes one packet, no longer than it may be.
///
/// Shortens updates by what earlier ones of the packet said: the router-id, the next hop, and
/// the octets that their ranges have in common.
#[derive(Clone, Debug)]
pub struct Builder {
    buffer: Buffer,
    said: Said,
}

/// What is in force at the end of what was written.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    router: Option<RouterId>,
    hop4: Option<IpAddr>,
    hop6: Option<IpAddr>,
    default4: Range,
    default6: Range,
    default4_via6: Range,
}

/// The octets of a range.
#[derive(Clone, Copy, Debug, Default)]
struct Range {
    bits: u128,
    octets: u8,
}

impl Builder {
    /// Returns an empty packet of at most `most` octets, header included.
    ///
    /// Units: octets; at least the 4 of the header, at most 65539 (64 KiB of body besides).
    pub fn new(most: usize) -> Self {
        let mut buffer = Buffer::new(most.clamp(HEADER, HEADER + usize::from(u16::MAX)));
        buffer.put(&[MAGIC, VERSION, 0, 0]);
        Self { buffer, said: Said::default() }
    }

    /// Tells whether nothing was written yet.
    pub const fn is_empty(&self) -> bool {
        self.len() == HEADER
    }

    /// Returns how long the packet is up to now, in octets, header included.
    pub const fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Writes `tlv`, if it leaves `spare` octets free after it.
    ///
    /// Returns whether it is dealt with; if not, nothing was written, and it belongs in the
    /// next packet: there was no room, or an update is about a route through the sender itself
    /// after the packet has named another IPv6 next hop.
    ///
    /// What Babel cannot say is dealt with by silence: a range and a source of two families,
    /// an illegal router-id, a request that has no hops left, and a finite update of everything,
    /// of nobody, or of an IPv6 range through an IPv4 next hop.
    #[must_use]
    pub fn push(&mut self, tlv: &Tlv, spare: usize) -> bool {
        if !tlv.can_be_said() {
            return true;
        }
        let (mark, kept) = (self.buffer.len(), self.said);
        let buffer = &mut self.buffer;
        let mut fits = true;
        match *tlv {
            Tlv::AckRequest(ask) => buffer.item(tlv::ACK_REQUEST, |body| ask.encode(body)),
            Tlv::Ack(ack) => buffer.item(tlv::ACK, |body| ack.encode(body)),
            Tlv::Hello(hello) => buffer.item(tlv::HELLO, |body| hello.encode(body)),
            Tlv::Ihu(ihu) => buffer.item(tlv::IHU, |body| ihu.encode(body)),
            Tlv::Update(update) => fits = self.update(update),
            Tlv::RouteRequest(ask) => buffer.item(tlv::ROUTE_REQUEST, |body| ask.encode(body)),
            Tlv::SeqnoRequest(ask) => buffer.item(tlv::SEQNO_REQUEST, |body| ask.encode(body)),
        }
        if fits && !self.buffer.is_over(spare) {
            return true;
        }
        self.buffer.cut(mark);
        self.said = kept;
        false
    }

    /// Returns the packet.
    pub fn finish(mut self) -> Vec<u8> {
        let body = u16::try_from(self.buffer.len() - HEADER).unwrap_or(u16::MAX);
        self.buffer.set(2, &body.to_be_bytes());
        self.buffer.into_octets()
    }

    /// Writes an update, and before it what must be in force; false if that cannot be.
    fn update(&mut self, update: Update) -> bool {
        let mut named = false;
        if update.metric.is_finite() {
            if !self.hop(&update) {
                return false;
            }
            if let Some(router) = update.router.filter(|_| update.router != self.said.router) {
                named = update.is_named();
                if !named {
                    self.buffer.item(tlv::ROUTER_ID, |body| router.encode(body));
                }
                self.said.router = Some(router);
            }
        } else if self.said.router.is_none()
            && let Some(router) = update.router
        {
            // Retractions need none, but FRR 8.4 drops those before any.
            self.buffer.item(tlv::ROUTER_ID, |body| router.encode(body));
            self.said.router = Some(router);
        }
        let omitted = self.said.compress(&update);
        self.buffer.item(tlv::UPDATE, |body| update.encode(omitted, named, body));
        true
    }

    /// Puts the next hop of `update` in force; false if another one has to stay.
    fn hop(&mut self, update: &Update) -> bool {
        let Some(hop) = update.hop else { return self.said.hop6.is_none() };
        let in_force = if hop.is_ipv4() { &mut self.said.hop4 } else { &mut self.said.hop6 };
        if *in_force != Some(hop) {
            *in_force = Some(hop);
            self.buffer.item(tlv::NEXT_HOP, |body| encode_next_hop(hop, body));
        }
        true
    }
}

impl Said {
    /// Returns how many octets of the range of `update` the default says already, and makes
    /// that range the default.
    fn compress(&mut self, update: &Update) -> u8 {
        let Some(key) = update.key else { return 0 };
        let (length, bits) = address::on_wire(key.prefix);
        let range = Range { bits, octets: length.div_ceil(8) };
        let default = match update.encoding() {
            Encoding::V4 => &mut self.default4,
            Encoding::V6 => &mut self.default6,
            Encoding::V4ViaV6 => &mut self.default4_via6,
            Encoding::Wildcard | Encoding::LinkLocal => return 0,
        };
        let before = core::mem::replace(default, range);
        let same = (before.bits ^ bits).leading_zeros() / 8;
        u8::try_from(same).unwrap_or(0).min(before.octets).min(range.octets)
    }
}

const HEADER: usize = 4;
