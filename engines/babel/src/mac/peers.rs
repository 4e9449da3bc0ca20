//! What is remembered of neighbours (RFC 8967 §3.2, §4.4).

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

use words::Time;

use super::refused::Refused;
use super::window::{Stale, Window};

/// Neighbours remembered at once.
pub(super) const MOST: usize = 1024;
/// A neighbour of whom nothing was let in for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_mins(5);
/// So often those to be forgotten are looked for.
const SWEEP: Duration = Duration::from_mins(1);
/// A challenge must be answered within this time.
const VALID: Duration = Duration::from_secs(30);
/// Time between two challenges to a neighbour, and between two replies to one.
const PACE: Duration = Duration::from_millis(300);
/// Challenges to a neighbour that may still be answered: round trips up to eight times the pace
/// succeed, however much the neighbour says meanwhile.
const CHALLENGES: usize = 8;

/// A number that was never used before.
pub(super) type Nonce = [u8; 16];

/// What is remembered of a neighbour, as seen from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeighbourView {
    /// Its address.
    pub address: Ipv6Addr,
    /// Its index, 0 to 32 octets; `None` as long as it has not replied to a challenge.
    pub index: Option<Vec<u8>>,
    /// The highest counter of its unicast packets.
    pub unicast: Option<u32>,
    /// The highest counter of its multicast packets.
    pub multicast: Option<u32>,
    /// The name of the key that fitted last, unless it is gone.
    pub key: Option<String>,
    /// When a packet was last let in, or else when it was first heard.
    pub heard: Time,
}

/// All neighbours that have shown a key.
#[derive(Debug)]
pub(super) struct Peers {
    by_address: BTreeMap<Ipv6Addr, Peer>,
    swept: Time,
}

/// One neighbour that has shown a key.
#[derive(Debug)]
pub(super) struct Peer {
    /// The number of the key that fitted last.
    pub(super) key: Option<usize>,
    /// When a packet was last let in, or else when it was first heard.
    heard: Time,
    proven: Option<Proven>,
    /// Challenges that may still be answered, the latest at the end.
    challenges: Vec<(Time, Nonce)>,
    challenged: Option<Time>,
    replied: Option<Time>,
}

/// A neighbour that replied to a challenge.
#[derive(Debug)]
struct Proven {
    index: Vec<u8>,
    /// Unicast and multicast packets overtake each other where receivers sleep (RFC 9467 §3.1).
    unicast: Window,
    multicast: Window,
}

impl Peers {
    /// Returns an empty memory.
    pub(super) const fn new(now: Time) -> Self {
        Self { by_address: BTreeMap::new(), swept: now }
    }

    /// Returns the number of the key that fitted last.
    pub(super) fn key(&self, address: Ipv6Addr) -> Option<usize> {
        self.by_address.get(&address)?.key
    }

    /// Returns what is remembered of a neighbour that has just shown a key.
    ///
    /// # Errors
    ///
    /// [`Refused::Crowd`] if all there is room for have replied to challenges.
    pub(super) fn entry(&mut self, address: Ipv6Addr, now: Time) -> Result<&mut Peer, Refused> {
        if !self.by_address.contains_key(&address) {
            self.sweep(now);
            if self.by_address.len() >= MOST {
                self.make_room()?;
            }
        }
        let peer = self.by_address.entry(address).or_insert_with(|| Peer::new(now));
        if peer.is_forgotten(now) {
            *peer = Peer::new(now);
        }
        Ok(peer)
    }

    /// Gives each its key's number in another ring.
    pub(super) fn renumber(&mut self, number: impl Fn(usize) -> Option<usize>) {
        for peer in self.by_address.values_mut() {
            peer.key = peer.key.and_then(&number);
        }
    }

    /// Returns all, in the order of their addresses.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Ipv6Addr, &Peer)> {
        self.by_address.iter().map(|(address, peer)| (*address, peer))
    }

    /// Forgets who is to be forgotten, at times.
    fn sweep(&mut self, now: Time) {
        if now.since(self.swept) >= SWEEP || self.by_address.len() >= MOST {
            self.by_address.retain(|_, peer| !peer.is_forgotten(now));
            self.swept = now;
        }
    }

    /// Forgets one that never replied to a challenge: old packets, said again by somebody, make
    /// such.
    fn make_room(&mut self) -> Result<(), Refused> {
        let unproven = self.by_address.iter().filter(|(_, peer)| peer.proven.is_none());
        let oldest = unproven.min_by_key(|(_, peer)| peer.heard).map(|(address, _)| *address);
        self.by_address.remove(&oldest.ok_or(Refused::Crowd)?);
        Ok(())
    }
}

impl Peer {
    const fn new(now: Time) -> Self {
        Self {
            key: None,
            heard: now,
            proven: None,
            challenges: Vec::new(),
            challenged: None,
            replied: None,
        }
    }

    /// Tells whether it counts as unknown. What it says in vain does not keep it
    /// (RFC 8967 §4.4).
    fn is_forgotten(&self, now: Time) -> bool {
        now.since(self.heard) >= FORGOTTEN
    }

    /// Takes the right to reply to a challenge, if it has not been used a moment ago.
    pub(super) fn may_reply(&mut self, now: Time) -> bool {
        at_pace(&mut self.replied, now)
    }

    /// Takes the right to challenge, if it has not been used a moment ago.
    pub(super) fn may_challenge(&mut self, now: Time) -> bool {
        at_pace(&mut self.challenged, now)
    }

    /// Remembers a challenge.
    pub(super) fn challenge(&mut self, nonce: Nonce, now: Time) {
        self.challenges.retain(|(since, _)| now.since(*since) < VALID);
        if self.challenges.len() >= CHALLENGES {
            self.challenges.remove(0);
        }
        self.challenges.push((now, nonce));
    }

    /// Tells whether `nonce` is that of a challenge, and in time. If so, all challenges are over.
    pub(super) fn answers(&mut self, nonce: &[u8], now: Time) -> bool {
        let mut valid = self.challenges.iter().filter(|(since, _)| now.since(*since) < VALID);
        let answers = valid.any(|(_, expected)| expected == nonce);
        if answers {
            self.challenges.clear();
        }
        answers
    }

    /// Believes what came with the reply to a challenge.
    pub(super) fn prove(&mut self, counter: u32, index: &[u8], now: Time) {
        let window = Window::from(counter);
        self.proven = Some(Proven { index: index.to_vec(), unicast: window, multicast: window });
        self.heard = now;
    }

    /// Lets a counter in, once.
    ///
    /// # Errors
    ///
    /// [`Refused::Unproven`] if this is not the index of who replied to a challenge,
    /// [`Refused::Replayed`], [`Refused::Late`].
    pub(super) fn admit(
        &mut self,
        counter: u32,
        index: &[u8],
        multicast: bool,
        now: Time,
    ) -> Result<(), Refused> {
        let proven = self.proven.as_mut().filter(|proven| proven.index == index);
        let proven = proven.ok_or(Refused::Unproven)?;
        let window = if multicast { &mut proven.multicast } else { &mut proven.unicast };
        window.admit(counter).map_err(|stale| match stale {
            Stale::Seen => Refused::Replayed,
            Stale::Old => Refused::Late,
        })?;
        self.heard = now;
        Ok(())
    }

    /// Returns what can be seen of it from outside.
    pub(super) fn view(&self, address: Ipv6Addr, key: Option<&str>) -> NeighbourView {
        let proven = self.proven.as_ref();
        NeighbourView {
            address,
            index: proven.map(|proven| proven.index.clone()),
            unicast: proven.map(|proven| proven.unicast.top()),
            multicast: proven.map(|proven| proven.multicast.top()),
            key: key.map(String::from),
            heard: self.heard,
        }
    }
}

/// Tells whether the pace allows something that was last done at `last`, and notes it if so.
fn at_pace(last: &mut Option<Time>, now: Time) -> bool {
    let may = last.is_none_or(|last| now.since(last) >= PACE);
    if may {
        *last = Some(now);
    }
    may
}
