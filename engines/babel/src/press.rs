//! Fills packets, one after the other.

use alloc::vec::Vec;
use core::time::Duration;

use crate::Key;
use crate::flight::Carried;
use crate::outbox::Asked;
use crate::wire::{AckRequest, Builder, Tlv};

/// Packets in the making.
#[derive(Debug)]
pub(crate) struct Press {
    most: usize,
    builder: Option<Builder>,
    /// What the present packet must be acknowledged for.
    carried: Vec<Carried>,
    asked: Asked,
    opaque: u16,
    /// Within what time acknowledgments are asked for.
    pub(crate) ack_within: Duration,
    /// The packets that are made.
    pub(crate) done: Vec<Printed>,
}

/// A packet, and what it must be acknowledged for.
pub(crate) type Printed = (Vec<u8>, Option<Claim>);

/// What a packet must be acknowledged for.
#[derive(Debug)]
pub(crate) struct Claim {
    /// Its name.
    pub(crate) opaque: u16,
    /// What it tells.
    pub(crate) carried: Vec<Carried>,
    /// What it asks for.
    pub(crate) asked: Asked,
}

impl Claim {
    /// Returns how often that was said in vain.
    pub(crate) fn tries(&self) -> u8 {
        let told = self.carried.iter().map(|it| it.tries);
        let asked = (!self.asked.routes.is_empty()).then_some(self.asked.tries);
        told.chain(asked).min().unwrap_or(0)
    }
}

impl Press {
    /// Returns an empty press for packets of `most` octets; the last one to be acknowledged was
    /// named `opaque`. Acknowledgments are asked for within `ack_within`.
    pub(crate) fn new(most: usize, opaque: u16, ack_within: Duration) -> Self {
        let (carried, done) = (Vec::new(), Vec::new());
        let (asked, opaque) = (Asked::default(), named(opaque));
        Self { most, builder: None, carried, asked, opaque, ack_within, done }
    }

    /// Returns the name that the present packet has, or would have.
    pub(crate) const fn opaque(&self) -> u16 {
        self.opaque
    }

    /// Writes a TLV.
    pub(crate) fn put(&mut self, tlv: &Tlv) {
        if !self.try_put(tlv) {
            self.turn();
            // An empty packet has room for any one TLV: 512 octets at least.
            let _ = self.try_put(tlv);
        }
    }

    /// Writes a TLV into a packet that must be acknowledged.
    pub(crate) fn put_reliably(&mut self, tlv: &Tlv, carried: Carried) {
        self.put(tlv);
        self.carried.push(carried);
    }

    /// Writes a request for a route, or for all, into a packet that must be acknowledged.
    pub(crate) fn ask_reliably(&mut self, tlv: &Tlv, key: Option<Key>, tries: u8) {
        self.put(tlv);
        self.asked.routes.insert(key);
        self.asked.tries = tries;
    }

    /// Ends the present packet, if anything is in it.
    pub(crate) fn turn(&mut self) {
        let Some(mut builder) = self.builder.take() else { return };
        let carried = core::mem::take(&mut self.carried);
        let asked = core::mem::take(&mut self.asked);
        let mut claim = None;
        if !carried.is_empty() || !asked.routes.is_empty() {
            let ask = AckRequest { opaque: self.opaque, within: self.ack_within };
            let _ = builder.push(&Tlv::AckRequest(ask), 0);
            claim = Some(Claim { opaque: self.opaque, carried, asked });
            self.opaque = named(self.opaque.wrapping_add(1));
        }
        self.done.push((builder.finish(), claim));
    }

    fn try_put(&mut self, tlv: &Tlv) -> bool {
        let builder = self.builder.get_or_insert_with(|| Builder::new(self.most));
        builder.push(tlv, ACK_ROOM)
    }
}

/// Returns a name for a packet, which is never 0.
const fn named(opaque: u16) -> u16 {
    if opaque == 0 { 1 } else { opaque }
}

/// Octets of an acknowledgment request, kept free in every packet.
const ACK_ROOM: usize = 8;
