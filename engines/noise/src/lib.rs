//! Our own carrier: handshakes and the life of sessions, over UDP datagrams.
//!
//! ```text
//!  owner            Open ─► initiation ─► … ─► response ─► Up ══ 2 min ══► initiation …
//!                                │              ▲           ║ keys
//!  acceptor                      └► Request ─ Accept       Up (once heard)
//!                                       └──── Refuse ─► response that says no
//! ```
//!
//! The handshake is `Noise_IK_25519_ChaChaPoly_BLAKE2s`. A link lives through
//! many sessions: its owner asks for new [`Keys`] every two minutes, both ends
//! [`Output::Install`] them beside the old ones, and each goes on sending with
//! the newest that the other is sure to have. Two nodes that call each other at
//! once have two links; which one lives is not for the carrier to say. Nor is
//! liveness: the node probes its links.
//!
//! What shows on the wire is in [`wire`], what the two messages carry in
//! [`payload`], who is worked for in [`guard`]. Packets of sessions never come
//! here: a driver seals and opens them with the [`Keys`], and asks a [`Window`]
//! about replays.
//!
//! An initiation is sent again as it is, sealed anew: late answers still fit,
//! and the acceptor knows it again without doing its work twice.
#![no_std]
#![expect(rustdoc::private_intra_doc_links, reason = "the map is for those who read the code")]

extern crate alloc;

mod answer;
mod beckon;
mod counters;
mod dial;
mod guard;
mod handshake;
mod hash;
mod io;
mod keys;
mod link;
mod payload;
mod place;
mod secrets;
mod settings;
mod stamps;
mod window;
mod wire;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

use words::{Deadline, Engine, LinkId, Time, Wall};

use answer::{AHEAD, Answer};
pub use beckon::BECKONED;
use beckon::Beckon;
pub use counters::{Counters, Reason};
use dial::Dial;
use guard::Guard;
pub use io::{Due, Event, Input, Output, Why};
use keys::Identity;
pub use keys::{Keys, mask_key, public_key};
use link::Link;
pub use link::View;
pub use payload::LONGEST_INTRODUCTION;
use secrets::Secrets;
pub use settings::Settings;
use stamps::Stamps;
pub use window::Window;
pub use wire::LONGEST;
use wire::{Hello, HelloKey, Kind};

/// How long a calendar that leapt by more than a day must stay there to be followed.
const HELD: Duration = Duration::from_mins(5);

/// All links of one node over our own carrier.
pub struct Noise {
    identity: Identity,
    /// Opens handshakes that are meant for us.
    hello: HelloKey,
    secrets: Secrets,
    settings: Settings,
    introduction: Vec<u8>,
    /// The calendar, in microseconds, at the beginning of the world's time; lowered by more
    /// than a day, or not at all.
    epoch: u64,
    /// Since when the calendar says that this is wrong by more than a day.
    leapt: Option<Time>,
    /// The last stamp given out.
    stamp: u64,
    /// The number of the next link that somebody opens to us.
    next_theirs: u32,
    links: BTreeMap<LinkId, Link>,
    /// Handshakes of ours, by the local index they would have.
    dials: BTreeMap<u32, Dial>,
    /// Handshakes of others, by a hash of their initiation.
    answers: BTreeMap<[u8; 32], Answer>,
    /// Nodes that dial us in vain, and are shown where we are.
    beckons: Vec<Beckon>,
    /// Sessions of links, by local index; those of closed links are in `fading` only.
    sessions: BTreeMap<u32, LinkId>,
    /// Sessions to be retired, and when.
    fading: BTreeMap<u32, Time>,
    stamps: Stamps,
    guard: Guard,
    counters: Counters,
    said: VecDeque<Output>,
}

impl Engine for Noise {
    type Input<'a> = Input<'a>;
    type Output = Output;
    type Why = Due;

    fn handle(&mut self, input: Input<'_>, now: Time) {
        match input {
            Input::Open { link, peer, endpoints, introduction } => {
                self.open(link, peer, (endpoints, introduction), now);
            }
            Input::Accept(link) => self.accept(link, now),
            Input::Refuse(link, code) => self.refuse(link, code, now),
            Input::Close(link) => self.close(link, now),
            Input::Datagram { from, bytes } => {
                if let Err(reason) = self.datagram(from, bytes, now) {
                    self.counters.count(reason);
                }
            }
            Input::Heard { link, receiver } => self.heard(link, receiver, now),
            Input::Calendar(wall) => self.date(wall, now),
            Input::Moved(link, to) => self.moved(link, to, now),
            Input::Endpoints { link, endpoints } => self.redial(link, endpoints, now),
            Input::Beckon { peer, token, endpoints } => self.beckon(&peer, token, endpoints, now),
            Input::Roamed => self.rekey_all(now),
            Input::Nearer { link, at } => self.nearer(link, at, now),
            Input::Introduction(introduction) => self.introduce(introduction),
            Input::Wake => {}
        }
        self.expire_dials(now);
        self.beckon_again(now);
        self.expire_answers(now);
        self.expire_links(now);
        self.retire(now);
    }

    fn poll(&mut self) -> Option<Output> {
        self.said.pop_front()
    }

    fn deadline(&self) -> Option<Deadline<Due>> {
        let dials = self.dials.values().map(|dial| Deadline {
            at: dial.next.or_earlier(dial.until),
            why: Due::Dial(dial.link),
        });
        let answers =
            self.answers.values().map(|answer| Deadline { at: answer.until(), why: Due::Answer });
        let beckons =
            self.beckons.iter().map(|beckon| Deadline { at: beckon.next, why: Due::Beckon });
        let links = (self.links.iter())
            .map(|(link, state)| Deadline { at: state.due(&self.settings), why: Due::Link(*link) });
        let fading =
            self.fading.iter().map(|(index, at)| Deadline { at: *at, why: Due::Retire(*index) });
        let all = dials.chain(answers).chain(beckons).chain(links).chain(fading);
        all.min_by_key(|deadline| deadline.at)
    }
}

impl Noise {
    /// Returns the carrier of a node that has no link yet.
    ///
    /// `private` is its static X25519 key. `seed` is 32 octets of true entropy,
    /// never used again: ephemeral keys grow from it. `calendar` is the time at
    /// `now`: others compare it with what we said before a restart, so a node
    /// whose calendar went back is not answered until it has caught up, or
    /// [`Input::Calendar`] has put it right.
    pub fn new(
        private: [u8; 32],
        seed: [u8; 32],
        settings: Settings,
        calendar: Wall,
        now: Time,
    ) -> Self {
        let identity = Identity::new(private);
        let mut secrets = Secrets::new(seed);
        Self {
            hello: HelloKey::of(&identity.public),
            identity,
            introduction: Vec::new(),
            epoch: epoch(calendar, now),
            leapt: None,
            stamp: 0,
            next_theirs: 0,
            links: BTreeMap::new(),
            dials: BTreeMap::new(),
            answers: BTreeMap::new(),
            beckons: Vec::new(),
            sessions: BTreeMap::new(),
            fading: BTreeMap::new(),
            stamps: Stamps::new(settings.callers),
            guard: Guard::new(&mut secrets, now),
            secrets,
            settings,
            counters: Counters::default(),
            said: VecDeque::new(),
        }
    }

    /// Returns our static public key.
    pub const fn public(&self) -> [u8; 32] {
        self.identity.public
    }

    /// Returns how often which handshake datagrams were not followed.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Returns the links that have a session, for status.
    pub fn links(&self) -> impl Iterator<Item = View> {
        self.links.iter().map(|(link, state)| state.view(*link))
    }

    /// Takes in a datagram that is not of a session.
    fn datagram(&mut self, from: SocketAddr, bytes: &[u8], now: Time) -> Result<(), Reason> {
        wire::plausible(bytes.len())?;
        let Some(plain) = self.hello.open(bytes, &[]) else {
            return self.cookie(from, bytes, now);
        };
        let hello = Hello::decode(&plain)?;
        match hello.kind {
            Kind::Initiation => self.initiation(from, &hello, wire::nonce(bytes), now),
            Kind::Response => self.response(from, &hello, now),
            Kind::Beckon => self.beckoned(from, &hello, now),
            Kind::Cookie => Err(Reason::Malformed),
        }
    }

    /// Takes in what the calendar says.
    ///
    /// What we say of the time must only rise, or those who noted it take us for an old call;
    /// but what is more than a day ahead is refused by all whose calendars are right. So a
    /// small step back is never followed, and a leap of more than a day only if it stays; but
    /// at once if it is ahead and nobody has believed us yet, as at the start of a machine
    /// that does not know the time.
    fn date(&mut self, wall: Wall, now: Time) {
        let said = epoch(wall, now);
        let leapt = said.abs_diff(self.epoch) > AHEAD;
        let since = self.leapt.filter(|_| leapt).unwrap_or(now);
        self.leapt = leapt.then_some(since);
        let unproven = said > self.epoch && self.links.is_empty();
        if leapt && (unproven || now.since(since) >= HELD) {
            (self.epoch, self.stamp, self.leapt) = (said, 0, None);
        } else if !leapt {
            self.epoch = self.epoch.max(said);
        }
    }

    fn introduce(&mut self, introduction: Vec<u8>) {
        if introduction.len() > LONGEST_INTRODUCTION {
            let got = introduction.len();
            self.say(Output::Event(Event::IntroductionTooLong { got }));
        } else {
            self.introduction = introduction;
        }
    }

    /// Returns the calendar, in microseconds.
    const fn stamp_at(&self, now: Time) -> u64 {
        self.epoch.saturating_add(now.as_micros())
    }

    fn say(&mut self, said: Output) {
        self.said.push_back(said);
    }

    /// Returns an index that no session and no handshake of ours has.
    fn free_index(&mut self) -> u32 {
        loop {
            let [.., a, b, c, d] = self.secrets.bits().to_be_bytes();
            let index = u32::from_be_bytes([a, b, c, d]);
            let taken = self.dials.contains_key(&index)
                || self.sessions.contains_key(&index)
                || self.fading.contains_key(&index);
            if index != 0 && !taken {
                return index;
            }
        }
    }

    /// Returns a moment `after` now, or up to `jitter` later.
    fn some_time(&mut self, after: Duration, jitter: Duration, now: Time) -> Time {
        now + after + self.secrets.within(jitter)
    }
}

/// Returns the calendar, in microseconds, at the beginning of the world's time.
const fn epoch(calendar: Wall, now: Time) -> u64 {
    calendar.0.saturating_mul(1_000_000).saturating_sub(now.as_micros())
}

impl fmt::Debug for Noise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (links, dials) = (self.links.len(), self.dials.len());
        write!(f, "Noise {{ links: {links}, dials: {dials}, answers: {} }}", self.answers.len())
    }
}

#[cfg(test)]
mod tests;
