//! Handshakes that others begin.
//!
//! ```text
//!  initiation ─► Asked ── Accept, Refuse ─► Given ── 15 s ─► forgotten
//!                  │ 5 s                      ▲ │ the same initiation
//!                  ▼                          │ ▼
//!               forgotten                 sent again
//! ```

use alloc::vec::Vec;
use core::net::SocketAddr;

use words::{LinkId, Time};

use crate::guard::Admission;
use crate::handshake::Handshake;
use crate::hash::hash;
use crate::link::{Agreed, Ends};
use crate::payload::{Initiation, Response, Verdict};
use crate::wire::{Cookie, Hello, HelloKey, Kind, Nonce};
use crate::{Event, Noise, Output, Reason, Why};

/// How far the calendar of a caller may be ahead of ours, in microseconds: a day. A stamp
/// further ahead, once noted, would lock its owner out as soon as its clock is put right.
pub(crate) const AHEAD: u64 = 24 * 3600 * 1_000_000;

/// What becomes of somebody's initiation.
pub(crate) enum Answer {
    /// The node considers it.
    Asked(Asked),
    /// It was answered.
    Given(Given),
}

impl Answer {
    /// Returns the link that stands or falls with it.
    pub(crate) const fn link(&self) -> Option<LinkId> {
        match self {
            Self::Asked(asked) => Some(asked.link),
            Self::Given(given) => given.link,
        }
    }

    /// Returns when it is forgotten.
    pub(crate) const fn until(&self) -> Time {
        match self {
            Self::Asked(asked) => asked.until,
            Self::Given(given) => given.until,
        }
    }
}

/// An initiation that was read and not answered.
pub(crate) struct Asked {
    link: LinkId,
    caller: Caller,
    until: Time,
}

/// Who called, and what it takes to answer.
struct Caller {
    handshake: Handshake,
    key: [u8; 32],
    from: SocketAddr,
    /// Their index.
    index: u32,
    /// Of their initiation.
    stamp: u64,
    aes: bool,
}

/// An answer, kept to be sent again: the first may be lost.
pub(crate) struct Given {
    /// The link that it gave keys to; none if it said no.
    link: Option<LinkId>,
    to: HelloKey,
    sender: u32,
    receiver: u32,
    message: Vec<u8>,
    until: Time,
}

impl Noise {
    /// Takes in somebody's initiation.
    pub(crate) fn initiation(
        &mut self,
        from: SocketAddr,
        hello: &Hello<'_>,
        nonce: Nonce,
        now: Time,
    ) -> Result<(), Reason> {
        let name = hash("re6st initiation", &[&hello.sender.to_be_bytes(), hello.message]);
        if self.answers.contains_key(&name) {
            self.repeat(&name, from);
            return Err(Reason::Repeated);
        }
        self.admit(from, hello, nonce, now)?;
        let mut handshake = Handshake::responder(&self.identity, self.secrets.fork())
            .map_err(|_| Reason::Forged)?;
        let payload = handshake.read(hello.message).map_err(|_| Reason::Forged)?;
        let initiation = Initiation::decode(&payload)?;
        let key = handshake.peer().ok_or(Reason::Forged)?;
        if key == self.identity.public {
            return Err(Reason::Ourselves);
        }
        let stamp = initiation.stamp;
        self.judge_stamp(&key, stamp, now)?;
        let aes = initiation.aes && self.settings.aes;
        let caller = Caller { handshake, key, from, index: hello.sender, stamp, aes };
        if initiation.previous == 0 {
            self.ask(name, caller, initiation.introduction, now);
            return Ok(());
        }
        self.renew(name, caller, initiation.previous, now)
    }

    /// Refuses initiations no newer than one that was accepted. Who has a link is
    /// remembered as long as it lives, however many others call.
    ///
    /// What was noted from more than a day ahead of the calendar was noted while the
    /// calendar was wrong: it is forgotten, or who called then could not call before that
    /// day. An old initiation may then be replayed once more: it costs an answer, and makes
    /// no link, because nobody else can make its keys.
    fn judge_stamp(&self, key: &[u8; 32], stamp: u64, now: Time) -> Result<(), Reason> {
        let latest = self.stamp_at(now).saturating_add(AHEAD);
        if stamp > latest {
            return Err(Reason::Ahead);
        }
        let of_links = self.links.values().filter(|link| link.peer == *key);
        let noted = of_links.map(|link| link.stamp).chain(self.stamps.newest(key));
        let newest = noted.filter(|noted| *noted <= latest).max();
        if newest.is_some_and(|newest| stamp <= newest) {
            return Err(Reason::Replayed);
        }
        Ok(())
    }

    /// Decides whether an initiation is worked on.
    fn admit(
        &mut self,
        from: SocketAddr,
        hello: &Hello<'_>,
        nonce: Nonce,
        now: Time,
    ) -> Result<(), Reason> {
        let calm = self.settings.calm;
        self.guard.turn(calm, &mut self.secrets, now);
        let before = self.guard.flooded(calm);
        let admission = self.guard.admit(from, &hello.cookie, calm);
        if self.guard.flooded(calm) && !before {
            self.say(Output::Event(Event::Flooded));
        }
        match admission {
            Admission::Work => self.make_room(),
            Admission::Drop => Err(Reason::Throttled),
            Admission::Ask(cookie) => {
                self.ask_cookie(from, hello.sender, cookie, nonce);
                Err(Reason::CookieAsked)
            }
        }
    }

    /// Makes room for one more; answers that were given go first.
    fn make_room(&mut self) -> Result<(), Reason> {
        if self.answers.len() < self.settings.pending {
            return Ok(());
        }
        let given = self.answers.iter().filter(|(_, answer)| matches!(answer, Answer::Given(_)));
        let oldest = given.min_by_key(|(_, answer)| answer.until()).map(|(name, _)| *name);
        let oldest = oldest.ok_or(Reason::Crowded)?;
        self.answers.remove(&oldest);
        Ok(())
    }

    fn ask_cookie(&mut self, to: SocketAddr, receiver: u32, cookie: Cookie, nonce: Nonce) {
        let hello = Hello { kind: Kind::Cookie, sender: 0, receiver, cookie, message: &[] };
        if let Some(bytes) = self.hello.seal(&hello, &nonce, &mut self.secrets) {
            self.say(Output::Transmit { to, bytes });
        }
    }

    /// Asks the node.
    fn ask(&mut self, name: [u8; 32], caller: Caller, introduction: &[u8], now: Time) {
        let link = self.next_theirs();
        let (from, key) = (caller.from, caller.key);
        let until = now + self.settings.consider;
        self.answers.insert(name, Answer::Asked(Asked { link, caller, until }));
        self.say(Output::Request { link, from, key, introduction: introduction.into() });
    }

    /// Returns a name for a link that nobody has; after 2^31 of them they come again.
    fn next_theirs(&mut self) -> LinkId {
        loop {
            let link = LinkId::theirs(self.next_theirs);
            self.next_theirs = self.next_theirs.wrapping_add(1);
            let asked = self.answers.values().any(|answer| answer.link() == Some(link));
            if !asked && !self.links.contains_key(&link) {
                return link;
            }
        }
    }

    /// Gives new keys to a link that lives, without asking the node again.
    fn renew(
        &mut self,
        name: [u8; 32],
        caller: Caller,
        previous: u32,
        now: Time,
    ) -> Result<(), Reason> {
        let link = self.sessions.get(&previous).copied().filter(|link| {
            let state = self.links.get(link);
            !link.is_ours() && state.is_some_and(|state| state.peer == caller.key)
        });
        let Some(link) = link else {
            self.give_no(name, caller, Verdict::Forgotten, now);
            return Ok(());
        };
        self.supersede(link, previous, now)?;
        self.guard.accepted(self.settings.calm);
        self.give_keys(name, link, caller, now);
        Ok(())
    }

    pub(crate) fn accept(&mut self, link: LinkId, now: Time) {
        match self.take_asked(link) {
            Some((name, caller)) => {
                self.guard.accepted(self.settings.calm);
                self.give_keys(name, link, caller, now);
            }
            None if self.links.contains_key(&link) => {}
            None => self.say(Output::Down(link, Why::TooLate)),
        }
    }

    pub(crate) fn refuse(&mut self, link: LinkId, code: u8, now: Time) {
        if let Some((name, caller)) = self.take_asked(link) {
            self.give_no(name, caller, Verdict::Refused(code), now);
        }
    }

    /// Forgets a request, and returns it.
    fn take_asked(&mut self, wanted: LinkId) -> Option<([u8; 32], Caller)> {
        let name = self.answers.iter().find_map(|(name, answer)| match answer {
            Answer::Asked(asked) if asked.link == wanted => Some(*name),
            Answer::Asked(_) | Answer::Given(_) => None,
        })?;
        match self.answers.remove(&name)? {
            Answer::Asked(asked) => Some((name, asked.caller)),
            Answer::Given(_) => None,
        }
    }

    /// Answers yes.
    fn give_keys(&mut self, name: [u8; 32], link: LinkId, mut caller: Caller, now: Time) {
        let local = self.free_index();
        let until = now + self.settings.remember();
        let first = !self.links.contains_key(&link);
        let response = Response {
            verdict: Verdict::Accepted,
            aes: self.settings.aes,
            observed: caller.from,
            introduction: if first { &self.introduction } else { &[] },
        };
        let Ok(message) = caller.handshake.write(&response.encode()) else {
            return self.lose(link, Why::Unreachable);
        };
        let Caller { handshake, key: peer, from, index: remote, stamp, aes } = caller;
        self.stamps.note(peer, stamp, self.stamp_at(now).saturating_add(AHEAD));
        self.give(
            name,
            Given {
                to: HelloKey::of(&peer),
                link: Some(link),
                sender: local,
                receiver: remote,
                message,
                until,
            },
        );
        let keys = self.keys(handshake, &Ends { local, remote, peer, aes, initiator: false });
        // First the keys, then the answer: the first packet may come right after it.
        self.establish(link, Agreed { keys, peer, to: from, stamp }, now);
        self.repeat(&name, from);
    }

    /// Answers no.
    fn give_no(&mut self, name: [u8; 32], mut caller: Caller, verdict: Verdict, now: Time) {
        let until = now + self.settings.remember();
        let aes = self.settings.aes;
        let response = Response { verdict, aes, observed: caller.from, introduction: &[] };
        if let Ok(message) = caller.handshake.write(&response.encode()) {
            let to = HelloKey::of(&caller.key);
            self.give(
                name,
                Given { to, link: None, sender: 0, receiver: caller.index, message, until },
            );
            self.repeat(&name, caller.from);
        }
    }

    /// Keeps an answer.
    fn give(&mut self, name: [u8; 32], given: Given) {
        self.answers.insert(name, Answer::Given(given));
    }

    /// Sends an answer that was given; one not given yet will come by itself.
    fn repeat(&mut self, name: &[u8; 32], to: SocketAddr) {
        match self.answers.get_mut(name) {
            Some(Answer::Given(given)) => {
                let hello = Hello {
                    kind: Kind::Response,
                    sender: given.sender,
                    receiver: given.receiver,
                    cookie: Cookie::default(),
                    message: &given.message,
                };
                let sealed = given.to.seal(&hello, &[], &mut self.secrets);
                if let Some(bytes) = sealed {
                    self.say(Output::Transmit { to, bytes });
                }
            }
            Some(Answer::Asked(asked)) => asked.caller.from = to,
            None => {}
        }
    }

    /// Forgets requests that nobody answered, and answers that nobody repeats.
    pub(crate) fn expire_answers(&mut self, now: Time) {
        let counters = &mut self.counters;
        self.answers.retain(|_, answer| {
            let alive = now < answer.until();
            if !alive && matches!(answer, Answer::Asked(_)) {
                counters.count(Reason::Unanswered);
            }
            alive
        });
    }
}
