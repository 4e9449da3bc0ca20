//! Whom to believe, and what is learnt from it.

use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

use words::{LinkId, NodeId, Time};

use crate::bucket::Bucket;
use crate::contacts::{Known, Learnt};
use crate::frame::Remote;
use crate::spread::Peer;
use crate::{Authority, Contact, Event, Gossip, Introduction, Output, Refused};

/// How far ahead of our calendar a statement may be dated.
const AHEAD: Duration = Duration::from_hours(24);

/// Senders over the overlay whose work is bounded one by one.
const SENDERS: usize = 1024;

impl<A: Authority> Gossip<A> {
    /// Judges who asks for a link.
    pub(crate) fn judge(&mut self, link: LinkId, octets: &[u8], key: [u8; 32], now: Time) {
        let judged = self.meet(octets, key, now).map(|(node, peer)| {
            self.meet_at(link, peer);
            node
        });
        if let Err(why) = &judged {
            self.counters.refuse(why);
        }
        self.say(Output::Judged(link, judged));
    }

    fn meet(&mut self, octets: &[u8], key: [u8; 32], now: Time) -> Result<(NodeId, Peer), Refused> {
        if !self.strangers.take(now) {
            return Err(Refused::Busy);
        }
        let mut known = self.believe(octets, now)?;
        if known.contact.key != key {
            return Err(Refused::WrongKey);
        }
        known.heard = Some(now);
        let peer = Peer { serial: known.serial, expires: known.expires };
        Ok((self.learn(known, now), peer))
    }

    /// Takes in a word over the overlay.
    pub(crate) fn overlay(&mut self, from: Ipv6Addr, datagram: &[u8], now: Time) {
        if let Err(why) = self.hear_overlay(from, datagram, now) {
            self.counters.refuse(&why);
        }
    }

    fn hear_overlay(&mut self, from: Ipv6Addr, datagram: &[u8], now: Time) -> Result<(), Refused> {
        if !self.may_ask(from, now) || !self.strangers.take(now) {
            return Err(Refused::Busy);
        }
        match Remote::decode(datagram)? {
            Remote::Ask(introduction) => {
                let asker = self.heard_from(from, introduction, now)?;
                if let Some(answer) = self.myself.as_deref().map(Remote::Answer) {
                    let answer = answer.encode();
                    self.counters.answered += 1;
                    self.say(Output::Overlay(asker, answer));
                }
            }
            Remote::Answer(introduction) => {
                let claimed = Contact::decode(&Introduction::decode(introduction)?.contact)?;
                if !self.seeks(claimed.node) {
                    return Err(Refused::Unasked);
                }
                self.heard_from(from, introduction, now)?;
            }
        }
        Ok(())
    }

    /// Learns what the node at the address `from` says of itself.
    fn heard_from(
        &mut self,
        from: Ipv6Addr,
        introduction: &[u8],
        now: Time,
    ) -> Result<NodeId, Refused> {
        let mut known = self.believe(introduction, now)?;
        if !known.contact.node.0.contains(from) {
            return Err(Refused::Spoofed);
        }
        known.heard = Some(now);
        Ok(self.learn(known, now))
    }

    /// Bounds what one sender may ask, whatever address of its /64 it takes.
    fn may_ask(&mut self, from: Ipv6Addr, now: Time) -> bool {
        let sender = from.to_bits() >> 64;
        if self.senders.len() >= SENDERS && !self.senders.contains_key(&sender) {
            self.senders.retain(|_, bucket| !bucket.is_full(now));
            if self.senders.len() >= SENDERS {
                return false;
            }
        }
        self.senders.entry(sender).or_insert_with(|| Bucket::new(10, 2)).take(now)
    }

    /// Takes in the introductions that were kept on disk.
    pub(crate) fn remember(&mut self, kept: &[Vec<u8>], now: Time) {
        let nodes = self.learn_all(kept, None, now);
        if !nodes.is_empty() {
            self.say(Output::Bootstrap(nodes));
        }
    }

    /// Takes in the registry's introductions, the first of which it drew at random.
    pub(crate) fn bootstrap(&mut self, named: &[Vec<u8>], now: Time) {
        let nodes = self.learn_all(named, Some(now), now);
        let Some(first) = nodes.first().copied() else { return };
        self.say(Output::Bootstrap(nodes));
        self.say(Output::Introduced(first));
    }

    /// Learns what can be believed, and returns whom it is about.
    fn learn_all(&mut self, all: &[Vec<u8>], heard: Option<Time>, now: Time) -> Vec<NodeId> {
        let mut nodes = Vec::new();
        for octets in all {
            match self.believe(octets, now) {
                Ok(known) => nodes.push(self.learn(Known { heard, ..known }, now)),
                Err(why) => self.counters.refuse(&why),
            }
        }
        nodes
    }

    /// Takes in what we show of ourselves.
    pub(crate) fn introduce(&mut self, myself: Vec<u8>, now: Time) {
        match self.check(&myself, now) {
            Ok(known) if known.contact.node == self.me => self.serial = Some(known.serial),
            Ok(known) => {
                let (certificate, contact) = (known.contact.node, self.me);
                let why = Refused::WrongNode { certificate, contact };
                self.say(Output::Event(Event::MyselfRefused { why }));
            }
            Err(Refused::Revoked { serial }) => self.serial = Some(serial),
            Err(why) => self.say(Output::Event(Event::MyselfRefused { why })),
        }
        self.myself = Some(myself);
        self.lament();
    }

    /// Checks an introduction of somebody else.
    fn believe(&self, octets: &[u8], now: Time) -> Result<Known, Refused> {
        let known = self.check(octets, now)?;
        if known.contact.node == self.me { Err(Refused::Ourselves) } else { Ok(known) }
    }

    /// Checks an introduction: certificate, revocation, signature, names and date.
    fn check(&self, octets: &[u8], now: Time) -> Result<Known, Refused> {
        let shown = Introduction::decode(octets)?;
        let contact = Contact::decode(&shown.contact)?;
        let wall = self.wall(now);
        // The very octets that we checked before need no cryptography again.
        if let Some(known) = self.contacts.get(contact.node)
            && known.introduction == octets
            && wall <= known.expires
        {
            return Ok(Known { heard: None, ..known.clone() });
        }
        let identity = self.authority.certificate(&shown.certificate, wall)?;
        if self.is_revoked(identity.serial) {
            return Err(Refused::Revoked { serial: identity.serial });
        }
        if !self.network.covers(identity.node.0) {
            return Err(Refused::OutsideNetwork);
        }
        let message = Contact::signed(&shown.contact);
        if !self.authority.signature(&identity.key, &message, &shown.signature) {
            return Err(Refused::Signature);
        }
        if identity.node != contact.node {
            let (certificate, contact) = (identity.node, contact.node);
            return Err(Refused::WrongNode { certificate, contact });
        }
        if wall.plus(AHEAD) < contact.issued {
            return Err(Refused::Future { issued: contact.issued });
        }
        let (serial, expires) = (identity.serial, identity.expires);
        Ok(Known { contact, introduction: octets.to_vec(), serial, expires, heard: None })
    }

    /// Keeps what was believed, and tells who seeks it.
    fn learn(&mut self, known: Known, now: Time) -> NodeId {
        let node = known.contact.node;
        let contact = known.contact.clone();
        let heard = known.heard.is_some();
        self.tie(node, Peer { serial: known.serial, expires: known.expires });
        if self.contacts.learn(node, known) == Learnt::News {
            self.counters.contacts += 1;
            self.want_saving(now);
            self.say(Output::Described(node, contact));
        }
        if heard {
            self.conclude(node, now);
        }
        node
    }
}
