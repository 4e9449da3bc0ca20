//! What neighbours say, one arm per TLV (RFC 8966 §3).

use core::net::{IpAddr, Ipv6Addr};

use words::Time;

use crate::candidates::{Candidates, Slot};
use crate::wire::{Ihu, Packet, Tlv};
use crate::{Ignored, Interface, Speaker};

impl<C: Candidates> Speaker<C> {
    /// Takes in a packet.
    pub(crate) fn heard(&mut self, interface: Interface, from: Ipv6Addr, octets: &[u8], now: Time) {
        self.counters.packets_in += 1;
        let packet = match Packet::decode(octets) {
            Ok(packet) => packet,
            Err(malformed) => return self.counters.pass_over(malformed.reason()),
        };
        let greets = || packet.tlvs().any(|tlv| matches!(tlv, Ok(Tlv::Hello(_))));
        let known = self.neighbour_at(interface, from, false);
        let known = known.or_else(|_| self.neighbour_at(interface, from, greets()));
        let slot = match known {
            Ok(slot) => slot,
            Err(reason) => return self.ignore(reason),
        };
        let (mut sent, mut echo, mut greets) = (None, None, false);
        let mut tlvs = packet.tlvs();
        while let Some(tlv) = tlvs.next() {
            // By reference: an update is large, and there are many.
            match &tlv {
                Ok(Tlv::Update(update)) if update.key.is_none() && greets => {
                    self.began(slot, now);
                }
                Ok(Tlv::Update(update)) => self.updated(slot, update, tlvs.extras(), now),
                Ok(Tlv::Hello(hello)) => {
                    greets = true;
                    sent = hello.sent.or(sent);
                    self.greeted(slot, hello, now);
                }
                Ok(Tlv::Ihu(ihu)) if self.is_about_us(interface, ihu) => {
                    echo = ihu.echo.or(echo);
                    self.heard_by(slot, ihu, now);
                }
                Ok(Tlv::Ihu(_)) => {}
                Ok(Tlv::AckRequest(ask)) => self.owe_ack(slot, *ask),
                Ok(Tlv::Ack(ack)) => self.acknowledged(slot, ack.opaque),
                Ok(Tlv::RouteRequest(ask)) => self.route_requested(slot, ask.key, now),
                Ok(Tlv::SeqnoRequest(ask)) => self.seqno_requested(slot, ask, now),
                Err(malformed) => self.counters.pass_over(malformed.reason()),
            }
        }
        // Once for the whole packet, so that a new link is never taken for one without delay.
        self.timed(slot, echo.zip(sent), now);
        self.review(slot, now);
    }

    /// Takes in, with a greeting, that the neighbour begins and nothing of before is true.
    ///
    /// What a neighbour of our kind told before it was greeted anew was dropped then; if it has
    /// told something since, this word was overtaken by it.
    fn began(&mut self, slot: Slot, now: Time) {
        if self.neighbours.get(slot).is_some_and(|it| it.frugal && it.began_lately(now)) {
            return self.ignore(Ignored::Late);
        }
        self.retracted_all(slot, now);
    }

    /// Tells whether a report of reception is about us.
    fn is_about_us(&self, interface: Interface, ihu: &Ihu) -> bool {
        let Some(port) = self.interfaces.get(&interface) else { return false };
        let ours = port.profile.address;
        let same = |to: IpAddr| to == IpAddr::V6(ours);
        port.profile.lone || ours.is_unspecified() || ihu.to.is_none_or(same)
    }

    pub(crate) fn ignore(&mut self, reason: Ignored) {
        self.counters.pass_over(reason.reason());
    }
}
