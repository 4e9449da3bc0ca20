//! Links that are up, and their sessions.
//!
//! ```text
//!  session   installed ─ proven ─ replaced ─► fading ── 60 s ─► retired
//!                └─────────── closed ───────► lingering ─ 5 s ──► retired
//! ```
//!
//! The owner of a link knows when it has new keys, and lets the old ones fade
//! then. The acceptor does not know whether its answer arrived: a session is
//! proven once a packet of it was opened, or a new initiation names it as the
//! newest that the owner has. Only then the ones before fade; so nobody who
//! repeats or holds back datagrams ends a session that works.

use alloc::vec::Vec;
use core::net::SocketAddr;

use words::{LinkId, Time};

use crate::handshake::Handshake;
use crate::place::is_place;
use crate::{Event, Keys, Noise, Output, Reason, Settings, Why, mask_key};

/// A link with at least one session.
pub(crate) struct Link {
    pub(crate) peer: [u8; 32],
    /// Where the other end was last.
    pub(crate) to: SocketAddr,
    /// Our index of the newest session.
    local: u32,
    /// Our index of the newest session that the other end is sure to have; 0 if none.
    proven: u32,
    /// The stamp of the other end's newest initiation; 0 on links of ours.
    pub(crate) stamp: u64,
    /// Their index of the newest session.
    pub(crate) remote: u32,
    /// When the newest session began.
    since: Time,
    ours: bool,
    /// Whether the other end was heard; always so on links of ours.
    heard: bool,
    /// When the owner asks for new keys.
    rekey: Time,
    /// Whether it is asking.
    pub(crate) rekeying: bool,
    /// Until when it is not tried again whether the other end is nearer.
    pub(crate) settled: Time,
    /// Until when packets from elsewhere do not move it: the other end may yet have to hear that we
    /// are nearer.
    pub(crate) steady: Time,
}

impl Link {
    /// Returns the next moment at which something is due.
    pub(crate) fn due(&self, settings: &Settings) -> Time {
        let limit = if self.heard { settings.expire } else { settings.confirm };
        let end = self.since + limit;
        if self.wants_keys() { end.or_earlier(self.rekey) } else { end }
    }

    pub(crate) fn wants_keys(&self) -> bool {
        self.ours && !self.rekeying
    }

    pub(crate) const fn view(&self, link: LinkId) -> View {
        View { link, peer: self.peer, to: self.to, since: self.since, up: self.heard }
    }
}

/// One link, for status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The link.
    pub link: LinkId,
    /// The static key of the other end.
    pub peer: [u8; 32],
    /// Where the other end was last.
    pub to: SocketAddr,
    /// When its newest keys were made.
    pub since: Time,
    /// Whether the link is up.
    pub up: bool,
}

/// The two ends of a session to be.
pub(crate) struct Ends {
    pub(crate) local: u32,
    pub(crate) remote: u32,
    pub(crate) peer: [u8; 32],
    pub(crate) aes: bool,
    pub(crate) initiator: bool,
}

/// What a handshake ended with.
pub(crate) struct Agreed {
    pub(crate) keys: Keys,
    /// The static key of the other end.
    pub(crate) peer: [u8; 32],
    /// Where it is.
    pub(crate) to: SocketAddr,
    /// The stamp of its initiation; 0 if it was ours.
    pub(crate) stamp: u64,
}

impl Noise {
    /// Returns the keys that a handshake ended with.
    pub(crate) fn keys(&self, handshake: Handshake, ends: &Ends) -> Keys {
        let split = handshake.split();
        let (there, back) = &*split;
        let (send, receive) = if ends.initiator { (there, back) } else { (back, there) };
        Keys {
            local: ends.local,
            remote: ends.remote,
            send: *send,
            receive: *receive,
            aes: ends.aes,
            mask_out: mask_key(&ends.peer),
            mask_in: mask_key(&self.identity.public),
            initiator: ends.initiator,
        }
    }

    /// Gives a link its first keys, or new ones. Only a packet of the link moves it: the
    /// datagrams of a handshake may come from who only passes them on.
    pub(crate) fn establish(&mut self, link: LinkId, agreed: Agreed, now: Time) {
        let Agreed { keys, peer, to, stamp } = agreed;
        let ours = link.is_ours();
        let rekey = self.some_time(self.settings.rekey, self.settings.rekey_jitter, now);
        let (local, remote) = (keys.local, keys.remote);
        let before = self.links.remove(&link);
        let to = before.as_ref().map_or(to, |before| before.to);
        let settled = before.as_ref().map_or(now, |before| before.settled);
        let steady = before.as_ref().map_or(now, |before| before.steady);
        let state = Link {
            peer,
            to,
            local,
            proven: if ours { local } else { before.as_ref().map_or(0, |before| before.proven) },
            stamp,
            remote,
            since: now,
            ours,
            heard: ours || before.as_ref().is_some_and(|before| before.heard),
            rekey,
            rekeying: false,
            settled,
            steady,
        };
        self.links.insert(link, state);
        self.sessions.insert(local, link);
        self.say(Output::Install { link, keys, to });
        if let Some(before) = before {
            if ours {
                self.fading.insert(before.local, now + self.settings.fade);
            }
            let after = now.since(before.since);
            self.say(Output::Event(Event::Rekeyed { link, after }));
        }
    }

    /// Makes way for a session that replaces `previous`: those that the owner never had
    /// are retired.
    ///
    /// An owner names the newest session it has. Any other name but the newest two is old.
    pub(crate) fn supersede(
        &mut self,
        link: LinkId,
        previous: u32,
        now: Time,
    ) -> Result<(), Reason> {
        let state = self.links.get(&link).ok_or(Reason::Unexpected)?;
        if previous != state.proven && previous != state.local {
            return Err(Reason::Replayed);
        }
        self.prove(link, previous, now);
        for index in self.sessions_of(link) {
            if index != previous && !self.fading.contains_key(&index) {
                self.retire_now(index);
            }
        }
        Ok(())
    }

    /// The plane opened a packet of this session.
    pub(crate) fn heard(&mut self, link: LinkId, receiver: u32, now: Time) {
        if self.sessions.get(&receiver) == Some(&link) && !self.fading.contains_key(&receiver) {
            self.prove(link, receiver, now);
        }
        self.up(link);
    }

    /// The other end has the keys of this session: those before it fade.
    fn prove(&mut self, link: LinkId, proven: u32, now: Time) {
        let Some(state) = self.links.get_mut(&link) else { return };
        if state.proven == proven {
            return;
        }
        state.proven = proven;
        let newest = state.local;
        for index in self.sessions_of(link) {
            if index != proven && index != newest && !self.fading.contains_key(&index) {
                self.fading.insert(index, now + self.settings.fade);
            }
        }
    }

    /// The other end of a link was heard.
    fn up(&mut self, link: LinkId) {
        if let Some(state) = self.links.get_mut(&link)
            && !state.heard
        {
            state.heard = true;
            self.say(Output::Up { link, introduction: Vec::new() });
        }
    }

    pub(crate) fn moved(&mut self, link: LinkId, to: SocketAddr, now: Time) {
        self.up(link);
        let Some(state) = self.links.get_mut(&link) else { return };
        if state.to == to || !is_place(to, self.settings.network) {
            return;
        }
        if now < state.steady {
            // Said all the same: who told us of a packet tells us of the next one too.
            let to = state.to;
            return self.say(Output::Redirect { link, to });
        }
        state.to = to;
        for dial in self.dials.values_mut().filter(|dial| dial.link == link) {
            dial.lead([to].into());
        }
        self.say(Output::Redirect { link, to });
    }

    /// Ends a link as the node wishes; what is on its way may still arrive.
    pub(crate) fn close(&mut self, link: LinkId, now: Time) {
        self.hang_up(link);
        self.links.remove(&link);
        for index in self.sessions_of(link) {
            self.sessions.remove(&index);
            self.fading.insert(index, now + self.settings.linger);
        }
    }

    /// Ends a link for a reason of our own.
    pub(crate) fn lose(&mut self, link: LinkId, why: Why) {
        self.hang_up(link);
        self.links.remove(&link);
        for index in self.sessions_of(link) {
            self.retire_now(index);
        }
        self.say(Output::Down(link, why));
    }

    /// Asks for new keys, or gives links up, if it is time.
    pub(crate) fn expire_links(&mut self, now: Time) {
        let due: Vec<_> = (self.links.iter())
            .filter(|(_, state)| state.due(&self.settings) <= now)
            .map(|(link, state)| (*link, state.heard, state.since + self.settings.expire <= now))
            .collect();
        for (link, heard, expired) in due {
            match (heard, expired) {
                (false, _) => self.lose(link, Why::Unconfirmed),
                (true, true) => self.lose(link, Why::Expired),
                (true, false) => self.rekey(link, now),
            }
        }
    }

    /// Asks for new keys of all links of ours, but those that ask already.
    pub(crate) fn rekey_all(&mut self, now: Time) {
        let ours: Vec<_> = self
            .links
            .iter()
            .filter(|(_, state)| state.wants_keys())
            .map(|(link, _)| *link)
            .collect();
        for link in ours {
            self.rekey(link, now);
        }
    }

    /// Retires the sessions whose time is up.
    pub(crate) fn retire(&mut self, now: Time) {
        let due: Vec<_> =
            self.fading.iter().filter(|(_, at)| **at <= now).map(|(index, _)| *index).collect();
        for index in due {
            self.retire_now(index);
        }
    }

    fn retire_now(&mut self, receiver: u32) {
        self.sessions.remove(&receiver);
        self.fading.remove(&receiver);
        self.say(Output::Retire { receiver });
    }

    fn sessions_of(&self, wanted: LinkId) -> Vec<u32> {
        let of_link = self.sessions.iter().filter(|(_, link)| **link == wanted);
        of_link.map(|(index, _)| *index).collect()
    }
}
