//! The guard of one interface.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::Ipv6Addr;

use words::{Time, Wall};

use super::fresh::Fresh;
use super::key::Key;
use super::key_ring::KeyRing;
use super::peers::{MOST, NeighbourView, Nonce, Peers};
use super::pseudo_header::Covered;
use super::refused::Refused;
use super::tlv::{self, Cut, HEADER, PREFACE};

/// Octets of our own index. Eight of chance are enough: an index used twice under one key would
/// let old packets in again.
const INDEX: usize = 8;
/// Octets of a packet counter and its index, as a TLV.
const COUNTER: usize = PREFACE + 4 + INDEX;

/// What a guard is to do.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The keys.
    pub keys: KeyRing,
    /// Let in only what a key and a challenge have shown to be right. Otherwise everything is
    /// let in, what would be refused is counted, and packets are signed all the same, so that
    /// neighbours can get their keys one after the other (RFC 8967 §5).
    pub require: bool,
}

/// Running totals since the guard was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets that were sealed, ours among them.
    pub sealed: u64,
    /// Packets sealed while no key signed: nobody who requires a MAC lets them in.
    pub unsigned: u64,
    /// Packets let in, those counted in `suffered` among them.
    pub opened: u64,
    /// Challenges made.
    pub challenges: u64,
    /// Challenges that were answered in time.
    pub answered: u64,
    /// Replies to challenges of others.
    pub replies: u64,
    /// Packets refused, by [`Refused::reason`].
    pub refused: BTreeMap<&'static str, u64>,
    /// Packets let in only because nothing is required, by [`Refused::reason`].
    pub suffered: BTreeMap<&'static str, u64>,
}

/// A packet that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Who sent it.
    pub from: Ipv6Addr,
    /// The address it was sent to: one of ours, or a multicast one.
    pub to: Ipv6Addr,
    /// Its octets, from the Babel header to the end of the trailer.
    pub octets: &'a [u8],
}

/// Signs what an interface sends, and judges what it receives.
#[derive(Debug)]
pub struct Guard {
    keys: KeyRing,
    require: bool,
    own: Ipv6Addr,
    fresh: Fresh,
    index: [u8; INDEX],
    /// The counter of the next packet.
    pub(super) counter: u32,
    peers: Peers,
    due: BTreeMap<Ipv6Addr, Due>,
    counters: Counters,
}

/// What is to be said to a neighbour at once.
#[derive(Debug, Default)]
struct Due {
    challenge: Option<Nonce>,
    reply: Option<Vec<u8>>,
}

impl Guard {
    /// Returns the guard of the interface whose address is `own`: that from which its packets
    /// leave.
    ///
    /// `seed` is 256 bits of true entropy that no other guard, and none before a restart, ever
    /// had; the index of this guard and the nonces of its challenges are derived from it.
    pub fn new(settings: Settings, own: Ipv6Addr, seed: [u8; 32], now: Time) -> Self {
        let mut fresh = Fresh::new(seed);
        let index = fresh_index(&mut fresh);
        Self {
            keys: settings.keys,
            require: settings.require,
            own,
            fresh,
            index,
            counter: 0,
            peers: Peers::new(now),
            due: BTreeMap::new(),
            counters: Counters::default(),
        }
    }

    /// Goes on with other settings. Neighbours, index and counter are kept.
    pub fn rekey(&mut self, settings: Settings) {
        let old = core::mem::replace(&mut self.keys, settings.keys);
        self.require = settings.require;
        let keys = &self.keys;
        self.peers.renumber(|number| keys.find(old.get(number)?.name()));
    }

    /// Returns the octets to be kept free in each packet that is to be sealed: they suffice for
    /// every packet from now on, until there are other keys.
    pub fn room(&self, wall: Wall) -> usize {
        COUNTER + self.keys.room(wall)
    }

    /// Returns a packet with its counter and its MACs, ready to be sent to `to`.
    ///
    /// `octets` is a whole packet without a trailer, of at most 65 535 octets less
    /// [`room`](Self::room); anything else is returned as it came. Seal packets in the order in
    /// which they leave, each once, and do not send one twice.
    pub fn seal(&mut self, to: Ipv6Addr, mut octets: Vec<u8>, wall: Wall) -> Vec<u8> {
        let length = octets.len().checked_sub(HEADER).map(|body| body + COUNTER);
        let Some(length) = length.and_then(|length| u16::try_from(length).ok()) else {
            return octets;
        };
        if let Some([_, _, l0, l1]) = octets.first_chunk_mut::<HEADER>() {
            [*l0, *l1] = length.to_be_bytes();
        }
        let counter = self.count();
        tlv::put_counter(&mut octets, counter.0, &counter.1);
        let covered = Covered { from: self.own, to, octets: &octets };
        let macs: Vec<_> = self.keys.signing(wall).map(|key| key.mac(covered)).collect();
        for mac in &macs {
            tlv::put_mac(&mut octets, mac);
        }
        self.counters.sealed += 1;
        self.counters.unsigned += u64::from(macs.is_empty());
        octets
    }

    /// Judges a packet that came in.
    ///
    /// `Ok`: the speaker may be told of it, whole as it came; it passes over what is for us.
    /// Then, and also after an error, [`poll`](Self::poll).
    ///
    /// # Errors
    ///
    /// [`Refused`]: drop the packet. It is counted already.
    pub fn open(&mut self, datagram: Datagram<'_>, now: Time, wall: Wall) -> Result<(), Refused> {
        let refused = self.judge(datagram, now, wall).err();
        if let Some(refused) = refused {
            let suffer = !self.require && !matches!(refused, Refused::Unreadable | Refused::Echo);
            let counters = &mut self.counters;
            let to = if suffer { &mut counters.suffered } else { &mut counters.refused };
            *to.entry(refused.reason()).or_default() += 1;
            if !suffer {
                return Err(refused);
            }
        }
        self.counters.opened += 1;
        Ok(())
    }

    /// Returns a packet of our own, sealed, and the unicast address to send it to: a challenge,
    /// the reply to one, or both.
    pub fn poll(&mut self, wall: Wall) -> Option<(Ipv6Addr, Vec<u8>)> {
        let (to, due) = self.due.pop_first()?;
        let mut octets = Vec::from(tlv::header());
        if let Some(nonce) = due.challenge {
            tlv::put_challenge(&mut octets, &nonce);
            self.counters.challenges += 1;
        }
        if let Some(nonce) = due.reply {
            tlv::put_reply(&mut octets, &nonce);
            self.counters.replies += 1;
        }
        Some((to, self.seal(to, octets, wall)))
    }

    /// Returns the running totals.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Returns the neighbours that have shown a key, in the order of their addresses.
    pub fn neighbours(&self) -> impl Iterator<Item = NeighbourView> {
        self.peers.iter().map(|(address, peer)| {
            let key = peer.key.and_then(|number| self.keys.get(number));
            peer.view(address, key.map(Key::name))
        })
    }

    /// Judges a packet, in the order of RFC 8967 §4.3.
    fn judge(&mut self, datagram: Datagram<'_>, now: Time, wall: Wall) -> Result<(), Refused> {
        let Datagram { from, to, octets } = datagram;
        let cut = Cut::of(octets).ok_or(Refused::Unreadable)?;
        if from == self.own {
            return Err(Refused::Echo);
        }
        cut.macs().next().ok_or(Refused::Unsigned)?;
        let covered = Covered { from, to, octets: cut.covered };
        let key = self.keys.fits(covered, &cut.macs(), self.peers.key(from), wall);
        let key = key.ok_or(Refused::WrongMac)?;
        let peer = self.peers.entry(from, now)?;
        peer.key = Some(key);
        // A challenge to many would make everybody answer at once (§4.3.1.2).
        if let Some(nonce) = cut.challenge().filter(|_| !to.is_multicast())
            && peer.may_reply(now)
        {
            due_to(&mut self.due, from, |due| due.reply = Some(nonce.to_vec()));
        }
        let answered = cut.replies().any(|nonce| peer.answers(nonce, now));
        let (counter, index) = cut.counter().ok_or(Refused::NoCounter)?;
        if answered {
            peer.prove(counter, index, now);
            self.counters.answered += 1;
            return Ok(());
        }
        let admitted = peer.admit(counter, index, to.is_multicast(), now);
        if admitted == Err(Refused::Unproven) && peer.may_challenge(now) {
            let nonce = self.fresh.draw();
            peer.challenge(nonce, now);
            due_to(&mut self.due, from, |due| due.challenge = Some(nonce));
        }
        admitted
    }

    /// Returns the counter of the next packet, and its index. A counter that has come to its
    /// end begins again under a new index (§4.2).
    fn count(&mut self) -> (u32, [u8; INDEX]) {
        let now = (self.counter, self.index);
        if let Some(next) = self.counter.checked_add(1) {
            self.counter = next;
        } else {
            self.counter = 0;
            self.index = fresh_index(&mut self.fresh);
        }
        now
    }
}

/// Notes what is to be said to a neighbour; nothing, if so much waits to be polled.
fn due_to(due: &mut BTreeMap<Ipv6Addr, Due>, to: Ipv6Addr, note: impl FnOnce(&mut Due)) {
    if due.len() < MOST || due.contains_key(&to) {
        note(due.entry(to).or_default());
    }
}

/// Draws an index.
fn fresh_index(fresh: &mut Fresh) -> [u8; INDEX] {
    let mut index = [0; INDEX];
    index.iter_mut().zip(fresh.draw()).for_each(|(to, from)| *to = from);
    index
}
