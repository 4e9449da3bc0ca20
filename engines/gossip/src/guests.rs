//! Guests of an exit: nodes that named it, and leave the network by it rather than by the nearest.
//!
//! ```text
//!   guest: Out, every 20 s, over the mesh ─► exit: who is it? ─► Guest ─ 65 s of silence ─► GuestLeft
//! ```
//!
//! The exit announces a way out for each guest by itself, which is nearer than that for all to
//! whoever looks for the longest match. So if it goes, its guests are with all others.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use words::{Deadline, NodeId, Time};

use crate::frame::Remote;
use crate::{Authority, Gossip, Introduction, Output, Refused, Why};

/// How often the exit is told that we named it.
const AGAIN: Duration = Duration::from_secs(20);

/// How long a guest is one after it said so: two words may be lost.
const LIFE: Duration = Duration::from_secs(65);

/// Most guests of one exit: each is a route in all tables.
pub(crate) const GUESTS: usize = 64;

/// Whom we named, and who named us.
#[derive(Debug, Default)]
pub(crate) struct Guests {
    host: Option<NodeId>,
    next: Option<Time>,
    /// When each guest last said that it is one.
    heard: BTreeMap<NodeId, Time>,
}

impl Guests {
    /// Returns when the exit is told again, or a guest forgotten.
    pub(crate) fn deadline(&self) -> Option<Deadline<Why>> {
        let silent = self.heard.values().min().map(|heard| *heard + LIFE);
        let at = silent.into_iter().chain(self.next).min()?;
        Some(Deadline { at, why: Why::Guests })
    }
}

impl<A: Authority> Gossip<A> {
    /// Takes in which exit we would leave by, or that it is reached again.
    pub(crate) fn name_host(&mut self, host: Option<NodeId>, now: Time) {
        let host = host.filter(|host| *host != self.me);
        (self.guests.host, self.guests.next) = (host, host.map(|_| now));
    }

    /// Tells the exit that we named it, and forgets guests who did not say so of late.
    pub(crate) fn keep_house(&mut self, now: Time) {
        if let Some(host) =
            self.guests.host.filter(|_| self.guests.next.is_some_and(|at| at <= now))
        {
            self.guests.next = Some(now + AGAIN);
            let word = self.myself.as_deref().map(|myself| Remote::Out(myself).encode());
            if let Some(word) = word.filter(|_| !self.neighbours.is_empty()) {
                self.say(Output::Overlay(host, word));
            }
        }
        let over = |heard: Time| now.since(heard) >= LIFE;
        let gone = self.guests.heard.extract_if(.., |_, heard| over(*heard));
        let gone: Vec<NodeId> = gone.map(|(guest, _)| guest).collect();
        for guest in gone {
            self.say(Output::GuestLeft(guest));
        }
    }

    /// A node, already known to be what it says, would leave the network by us.
    pub(crate) fn host(
        &mut self,
        guest: NodeId,
        introduction: &[u8],
        now: Time,
    ) -> Result<(), Refused> {
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
