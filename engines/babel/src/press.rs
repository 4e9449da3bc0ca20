//! Fills packets, one after the other.

use alloc::vec::Vec;
use core::time::Duration;

use crate::outbox::Carried;
use crate::wire::{AckRequest, Builder, Tlv};

/// Packets in the making.
#[derive(Debug)]
pub(crate) struct Press {
    most: usize,
    builder: Option<Builder>,
    /// What the present packet must be acknowledged for.
    carried: Vec<Carried>,
    opaque: u16,
    quick: bool,
    /// The packets that are made.
    pub(crate) done: Vec<Printed>,
}

/// A packet, and if it asks to be acknowledged: its name, and what it tells.
pub(crate) type Printed = (Vec<u8>, Option<(u16, Vec<Carried>)>);

impl Press {
    /// Returns an empty press for packets of `most` octets; the last one to be acknowledged was
    /// named `opaque`. Those who read them acknowledge at once if they are `quick`.
    pub(crate) fn new(most: usize, opaque: u16, quick: bool) -> Self {
        let (carried, done) = (Vec::new(), Vec::new());
        Self { most, builder: None, carried, opaque: named(opaque), quick, done }
    }

    /// Returns the name that the present packet has, or would have.
    pub(crate) const fn opaque(&self) -> u16 {
        self.opaque
    }

    /// Returns within what time acknowledgments are asked for: some daemons send them together
    /// with the next packet that is due anyway.
    pub(crate) const fn ack_within(&self) -> Duration {
        if self.quick { QUICKLY } else { SOON }
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

    /// Ends the present packet, if anything is in it.
    pub(crate) fn turn(&mut self) {
        let Some(mut builder) = self.builder.take() else { return };
        let carried = core::mem::take(&mut self.carried);
        let mut asked = None;
        if !carried.is_empty() {
            let ask = AckRequest { opaque: self.opaque, within: self.ack_within() };
            let _ = builder.push(&Tlv::AckRequest(ask), 0);
            asked = Some((self.opaque, carried));
            self.opaque = named(self.opaque.wrapping_add(1));
        }
        self.done.push((builder.finish(), asked));
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
const QUICKLY: Duration = Duration::from_millis(100);
const SOON: Duration = Duration::from_secs(2);
