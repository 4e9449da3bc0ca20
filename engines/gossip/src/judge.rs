//! Whom to believe, and what is learnt from it.

use alloc::vec::Vec;
use core::net::Ipv6Addr;

use words::{Bucket, LinkId, NodeId, Time};

use crate::contacts::{Checked, Known, Learnt};
use crate::frame::Remote;
use crate::spread::Peer;
use crate::{
    APART, Authority, Believed, Claim, Contact, Event, Gossip, Introduction, Output, Refused,
    believe,
};

/// Senders over the overlay whose work is bounded one by one.
const SENDERS: usize = 1024;

impl<A: Authority> Gossip<A> {
    /// Judges who asks for a link.
    pub(crate) fn judge(&mut self, link: LinkId, octets: &[u8], key: [u8; 32], now: Time) {
        let split = Claim::detach(octets).map_err(Refused::from);
        let judged = split.and_then(|(introduction, claim)| {
            let (node, peer) = self.meet(&introduction, key, now)?;
            self.meet_at(link, peer);
            Ok((node, claim))
        });
        if let Err(why) = &judged {
            self.counters.refuse(why);
        }
        self.say(Output::Judged(link, judged));
    }

    fn meet(&mut self, octets: &[u8], key: [u8; 32], now: Time) -> Result<(NodeId, Peer), Refused> {
        let fits = |contact: &Contact| {
            if contact.key == key { Ok(()) } else { Err(Refused::WrongKey) }
        };
        let mut known = self.believe_stranger(octets, fits, now)?;
        known.heard = Some(now);
        let peer = Peer { serial: known.serial, expires: known.expires };
        Ok((self.learn(known, now), peer))
    }

    /// Takes in a word over the overlay.
    pub(crate) fn overlay(&mut self, from: Ipv6Addr, datagram: &[u8], now: Time) {
        let heard = self.heard_of_trains(from, datagram, now);
        let heard = heard.unwrap_or_else(|| self.hear_overlay(from, datagram, now));
        if let Err(why) = heard {
            self.counters.refuse(&why);
        }
    }

    fn hear_overlay(&mut self, from: Ipv6Addr, datagram: &[u8], now: Time) -> Result<(), Refused> {
        let word = Remote::decode(datagram);
        if !word.as_ref().is_ok_and(|word| self.is_of_guest(from, *word))
            && !self.may_ask(from, now)
        {
            return Err(Refused::Busy);
        }
        match word? {
            Remote::Ask(introduction) => {
                let asker = self.heard_from(from, introduction, now)?;
                self.answer(asker);
            }
            Remote::Answer(introduction) => {
                let node = read(introduction)?.node;
                if !self.seeks(node) && !self.knocks.at(node) {
                    return Err(Refused::Unasked);
                }
                self.heard_from(from, introduction, now)?;
                self.tell_dialling(node);
            }
            Remote::Knock(token, introduction) => {
                let asker = self.heard_from(from, introduction, now)?;
                self.knocked(asker, token, now)?;
            }
            Remote::Out(introduction) => {
                let guest = self.heard_from(from, introduction, now)?;
                self.give_token(guest);
            }
            Remote::Token(token) => self.take_token(from, token)?,
            Remote::OutBy(token, introduction) => {
                let guest = self.heard_from(from, introduction, now)?;
                self.host(guest, token, introduction, now)?;
            }
            // Of those whom it concerns it was taken in before.
            Remote::Train(_) | Remote::Offer { .. } | Remote::Begin { .. } => {
                return Err(Refused::Unasked);
            }
        }
        Ok(())
    }

    /// Tells a node how we are reached.
    pub(crate) fn answer(&mut self, asker: NodeId) {
        if let Some(answer) = self.myself.as_deref().map(Remote::Answer) {
            let answer = answer.encode();
            self.counters.answered += 1;
            self.say(Output::Overlay(asker, answer));
        }
    }

    /// Learns what the node at the address `from` says of itself.
    fn heard_from(
        &mut self,
        from: Ipv6Addr,
        introduction: &[u8],
        now: Time,
    ) -> Result<NodeId, Refused> {
        let fits = |contact: &Contact| {
            if contact.node.0.contains(from) { Ok(()) } else { Err(Refused::Spoofed) }
        };
        let mut known = self.believe_stranger(introduction, fits, now)?;
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
        let mut nodes = self.learn_all(named, Some(now), now);
        let Some((first, others)) = nodes.split_first() else { return };
        let first = *first;
        self.peers = others.iter().copied().collect();
        self.next_peer = Some(now + APART);
        if self.neighbours.is_empty() {
            // Whom the registry names may be out of reach, and who is in reach be remembered.
            let others = self.remembered().into_iter().filter(|node| !nodes.contains(node));
            nodes.extend(others.collect::<Vec<_>>());
        }
        self.say(Output::Bootstrap(nodes));
        self.say(Output::Introduced(first));
    }

    /// Learns what can be believed, and returns whom it is about.
    fn learn_all(&mut self, all: &[Vec<u8>], heard: Option<Time>, now: Time) -> Vec<NodeId> {
        let mut nodes = Vec::new();
        for octets in all {
            match self.believe_other(octets, now) {
                Ok(known) => nodes.push(self.learn(Known { heard, ..known }, now)),
                Err(why) => self.counters.refuse(&why),
            }
        }
        nodes
    }

    /// Takes in what we show of ourselves.
    pub(crate) fn introduce(&mut self, myself: Vec<u8>, now: Time) {
        let mut escaping = None;
        match self.check(&myself, now) {
            Ok(known) if known.contact.node == self.me => {
                self.serial = Some(known.serial);
                escaping = Some(known);
            }
            Ok(known) => {
                let (certificate, contact) = (known.contact.node, self.me);
                let why = Refused::WrongNode { certificate, contact };
                self.say(Output::Event(Event::MyselfRefused { why }));
            }
            Err(Refused::Revoked { serial }) => self.serial = Some(serial),
            Err(why) => self.say(Output::Event(Event::MyselfRefused { why })),
        }
        self.myself = Some(myself);
        if let Some(known) = escaping {
            self.escape_ourselves(&known.contact, known.serial, now);
        }
        self.lament();
    }

    /// Checks an introduction that a stranger shows, if what it claims `fits`.
    ///
    /// Cryptography for strangers is bounded. What needs none is not: octets that we checked
    /// before, and what is refused without it. So strangers without certificates cannot
    /// keep those away whom we know.
    pub(crate) fn believe_stranger(
        &mut self,
        octets: &[u8],
        fits: impl FnOnce(&Contact) -> Result<(), Refused>,
        now: Time,
    ) -> Result<Known, Refused> {
        let claimed = read(octets)?;
        fits(&claimed)?;
        if claimed.node == self.me {
            return Err(Refused::Ourselves);
        }
        if let Some(known) = self.recall(&claimed, octets, now) {
            return Ok(known);
        }
        if self.strangers.take(now) { self.check(octets, now) } else { Err(Refused::Busy) }
    }

    /// Checks an introduction of somebody else.
    fn believe_other(&self, octets: &[u8], now: Time) -> Result<Known, Refused> {
        let claimed = read(octets)?;
        if claimed.node == self.me {
            return Err(Refused::Ourselves);
        }
        self.recall(&claimed, octets, now).map_or_else(|| self.check(octets, now), Ok)
    }

    /// Returns what we know, if these very octets were checked before and are still valid.
    fn recall(&self, claimed: &Contact, octets: &[u8], now: Time) -> Option<Known> {
        let known = self.contacts.get(claimed.node)?;
        let same = *known.introduction == *octets && self.wall(now) <= known.expires;
        same.then(|| Known { heard: None, ..known.clone() })
    }

    /// Checks an introduction: all that makes it believed, and that it is not revoked.
    fn check(&self, octets: &[u8], now: Time) -> Result<Known, Refused> {
        let Believed { contact, serial, expires } =
            believe(&self.authority, self.network, octets, self.wall(now))?;
        if self.is_revoked(serial) {
            return Err(Refused::Revoked { serial });
        }
        let checked = Checked { contact, introduction: octets.into(), serial, expires };
        Ok(Known { checked: self.authority.share(checked), heard: None })
    }

    /// Keeps what was believed, and tells who seeks it.
    pub(crate) fn learn(&mut self, known: Known, now: Time) -> NodeId {
        let node = known.contact.node;
        let contact = known.contact.clone();
        let heard = known.heard.is_some();
        self.tie(node, Peer { serial: known.serial, expires: known.expires });
        let latest = self.wall(now).plus(believe::AHEAD);
        if self.contacts.learn(node, known, latest) == Learnt::News {
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

/// Returns what an introduction claims; nothing is checked.
pub(crate) fn read(octets: &[u8]) -> Result<Contact, Refused> {
    Ok(Contact::decode(&Introduction::decode(octets)?.contact)?)
}
