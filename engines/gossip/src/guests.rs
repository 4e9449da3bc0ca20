//! Guests of an exit: nodes that named it, and leave the network by it rather than by the nearest.
//!
//! ```text
//!   guest: Out ─► exit: who is it? Token ─► guest: OutBy, every 20 s ─► exit: Guest ─ 65 s of silence ─► GuestLeft
//! ```
//!
//! Introductions are no secret, and a member could write any address as that of the sender: the
//! token goes to the node that is said to ask, so who is not on the way to it cannot make it a guest.
//! It is no more secret than the dice: who has a recording of the exit's run knows all of its tokens.
//! Words with the token are heard however many others came in the guest's name: who can write its
//! address cannot use up its share of words and so end its stay.
//!
//! The exit announces a way out for each guest by itself, which is nearer than that for all to
//! whoever looks for the longest match. So if it goes, its guests are with all others.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

use words::{Deadline, Dice, NodeId, Time};

use crate::frame::Remote;
use crate::{Authority, Gossip, Introduction, Output, Refused, Why};

/// How often the exit is told that we named it.
const AGAIN: Duration = Duration::from_secs(20);

/// How long a guest is one after it said so: two words may be lost.
const LIFE: Duration = Duration::from_secs(65);

/// Most guests of one exit: each is a route in all tables.
pub(crate) const GUESTS: usize = 64;

/// Whom we named, and who named us.
#[derive(Debug)]
pub(crate) struct Guests {
    host: Option<NodeId>,
    next: Option<Time>,
    /// What the exit that we named gave us to say.
    token: Option<u64>,
    /// The exit may answer once to what we said last.
    asked: bool,
    /// What the tokens that we give are made of.
    secret: [u8; 32],
    /// When each guest last said that it is one.
    heard: BTreeMap<NodeId, Time>,
}

impl Guests {
    /// Returns those of a node that named nobody and was named by nobody.
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        let mut dice = Dice::of(seed, "guests");
        let mut secret = [0; 32];
        for part in secret.chunks_exact_mut(8) {
            part.copy_from_slice(&dice.bits().to_be_bytes());
        }
        let (host, next, token, asked, heard) = (None, None, None, false, BTreeMap::new());
        Self { host, next, token, asked, secret, heard }
    }

    /// Returns the token of a guest: nobody else can tell it, and nothing of it is kept.
    fn token_of(&self, NodeId(guest): NodeId) -> u64 {
        let mut seed = self.secret;
        for (octet, of) in seed.iter_mut().zip(guest.bits().to_be_bytes()) {
            *octet ^= of;
        }
        Dice::of(seed, "token").bits()
    }

    /// Returns when the exit is told again, or a guest forgotten.
    pub(crate) fn deadline(&self) -> Option<Deadline<Why>> {
        let silent = self.heard.values().min().map(|heard| *heard + LIFE);
        let at = silent.into_iter().chain(self.next).min()?;
        Some(Deadline { at, why: Why::Guests })
    }
}

impl<A: Authority> Gossip<A> {
    /// Tells whether a word has the token that we gave to the node at this address: then it is of its own
    /// and not counted among what others may have said in its name.
    pub(crate) fn is_of_guest(&self, from: Ipv6Addr, word: Remote<'_>) -> bool {
        let Remote::OutBy(token, introduction) = word else { return false };
        let node = crate::judge::read(introduction).map(|contact| contact.node);
        node.is_ok_and(|node| node.0.contains(from) && self.guests.token_of(node) == token)
    }

    /// Takes in which exit we would leave by, or that it is reached again.
    pub(crate) fn name_host(&mut self, host: Option<NodeId>, now: Time) {
        let host = host.filter(|host| *host != self.me);
        if host != self.guests.host {
            self.guests.token = None;
        }
        (self.guests.host, self.guests.next) = (host, host.map(|_| now));
    }

    /// Tells the exit that we named it, and forgets guests who did not say so of late.
    pub(crate) fn keep_house(&mut self, now: Time) {
        if let Some(host) =
            self.guests.host.filter(|_| self.guests.next.is_some_and(|at| at <= now))
        {
            self.guests.next = Some(now + AGAIN);
            self.guests.asked = true;
            self.ask_host(host);
        }
        let over = |heard: Time| now.since(heard) >= LIFE;
        let gone = self.guests.heard.extract_if(.., |_, heard| over(*heard));
        let gone: Vec<NodeId> = gone.map(|(guest, _)| guest).collect();
        for guest in gone {
            self.say(Output::GuestLeft(guest));
        }
    }

    /// Tells the exit that we named it.
    fn ask_host(&mut self, host: NodeId) {
        let word = self.myself.as_deref().map(|myself| match self.guests.token {
            Some(token) => Remote::OutBy(token, myself).encode(),
            None => Remote::Out(myself).encode(),
        });
        if let Some(word) = word.filter(|_| !self.neighbours.is_empty()) {
            self.say(Output::Overlay(host, word));
        }
    }

    /// The exit that we named wants to hear that again, with a token; at once, but once for each
    /// time that we told it.
    pub(crate) fn take_token(&mut self, from: Ipv6Addr, token: u64) -> Result<(), Refused> {
        let host = self.guests.host.filter(|NodeId(host)| host.contains(from));
        let asked = core::mem::take(&mut self.guests.asked);
        let host = host.filter(|_| asked).ok_or(Refused::Unasked)?;
        self.guests.token = Some(token);
        self.ask_host(host);
        Ok(())
    }

    /// Gives a node that would leave the network by us the token to say so with.
    pub(crate) fn give_token(&mut self, guest: NodeId) {
        let token = Remote::Token(self.guests.token_of(guest)).encode();
        self.say(Output::Overlay(guest, token));
    }

    /// A node, already known to be what it says, would leave the network by us. Is the token not the
    /// one we gave it, as after a new start of ours, it is given it again.
    pub(crate) fn host(
        &mut self,
        guest: NodeId,
        token: u64,
        introduction: &[u8],
        now: Time,
    ) -> Result<(), Refused> {
        if token != self.guests.token_of(guest) {
            self.give_token(guest);
            return Ok(());
        }
        let guests = &mut self.guests.heard;
        if guests.len() >= GUESTS && !guests.contains_key(&guest) {
            return Err(Refused::Busy);
        }
        if guests.insert(guest, now).is_none() {
            let certificate = Introduction::decode(introduction)?.certificate;
            let index = self.authority.index(&certificate, self.wall(now));
            self.say(Output::Guest(guest, index));
        }
        Ok(())
    }
}
