//! How a document spreads: from neighbour to neighbour, over links that lose words.
//!
//! A node tells its version when a link comes up and when it rises, again and again
//! until the neighbour is as far. Who lags fetches, from one neighbour at a time.
//!
//! ```text
//!  lagging          ahead
//!     │ ◄── Version ── │   again after 1, 2, 4 … 60 s
//!     │ ─── Fetch ───► │   8 chunks at a time, again after 1 s of silence
//!     │ ◄── Chunk ──── │
//!     │ ─── Version ─► │   and to all other neighbours
//! ```

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use words::{Bucket, Deadline, LinkId, Micros, NodeId, Time, Wall};

use crate::calendar::Dates;
use crate::frame::{CHUNK, Word};
use crate::transfer::{Added, BATCH, Transfer};
use crate::{Authority, COMPANY, Event, Gossip, Malformed, Output, Refused, Why};

/// First and longest wait before a version is told again.
const TELL: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// How long a neighbour that lied, or kept silent, is not asked.
const DISTRUST: (Duration, Duration) = (Duration::from_mins(1), Duration::from_secs(10));
/// Links whose peers are remembered before they come up.
const MEETINGS: usize = 1024;

/// What ties a link's peer to the network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Number of its certificate.
    pub(crate) serial: u64,
    /// Last second of its certificate.
    pub(crate) expires: Wall,
}

/// The other end of a link.
#[derive(Debug)]
pub(crate) struct Neighbour {
    pub(crate) node: NodeId,
    /// `None` if nobody introduced it: then its link came up without us.
    pub(crate) peer: Option<Peer>,
    /// Its link is about to be closed.
    pub(crate) banished: bool,
    /// What the two ends said of their calendars.
    pub(crate) dates: Dates,
    /// The version it said it has.
    knows: u64,
    tell: Time,
    wait: Micros,
    /// Not asked before.
    trusted: Time,
    /// How often it lied or kept silent; who did so less is asked first.
    failures: u32,
    work: Bucket,
}

impl Neighbour {
    /// Returns the version that it said it has.
    pub(crate) const fn knows(&self) -> u64 {
        self.knows
    }
}

impl<A: Authority> Gossip<A> {
    /// Remembers who is met on a link that may come up.
    pub(crate) fn meet_at(&mut self, link: LinkId, peer: Peer) {
        self.met.retain(|(met, _)| *met != link);
        if self.met.len() >= MEETINGS {
            self.met.pop_front();
        }
        self.met.push_back((link, peer));
    }

    pub(crate) fn link_up(&mut self, link: LinkId, node: NodeId, now: Time) {
        let met = self.met.iter().position(|(met, _)| *met == link);
        let met = met.and_then(|at| self.met.remove(at)).map(|(_, peer)| peer);
        let known = self.contacts.get(node);
        let known = known.map(|known| Peer { serial: known.serial, expires: known.expires });
        let neighbour = Neighbour {
            node,
            peer: met.or(known),
            banished: false,
            dates: Dates::default(),
            knows: 0,
            tell: now,
            wait: TELL.0.into(),
            trusted: now,
            failures: 0,
            work: Bucket::new(128, 64),
        };
        self.neighbours.insert(link, Box::new(neighbour));
        self.tell(link, now);
        self.tell_date(link, now);
        self.tell_escapes_to(link, now);
        self.banish(now);
    }

    /// Ties the links to a node, which nobody had introduced, to its certificate.
    pub(crate) fn tie(&mut self, node: NodeId, peer: Peer) {
        let of = |neighbour: &&mut Box<Neighbour>| neighbour.node == node;
        for neighbour in self.neighbours.values_mut().filter(of) {
            neighbour.peer.get_or_insert(peer);
        }
    }

    pub(crate) fn link_down(&mut self, link: LinkId, now: Time) {
        self.met.retain(|(met, _)| *met != link);
        self.abandon(link);
        self.owe_no_escapes(link);
        if self.neighbours.remove(&link).is_none() {
            return;
        }
        if self.transfer.as_ref().is_some_and(|transfer| transfer.link == link) {
            self.transfer = None;
            self.fetch(now);
        }
        if self.neighbours.len() + 1 == COMPANY {
            self.became_lonely(now);
        }
        if self.neighbours.is_empty() {
            self.lost_company(now);
        }
    }

    /// Takes in a word through a link.
    pub(crate) fn frame(&mut self, link: LinkId, octets: &[u8], now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        if neighbour.banished {
            return;
        }
        if !neighbour.work.take(now) {
            self.counters.refuse(&Refused::Busy);
            return;
        }
        match Word::decode(octets) {
            Ok(Word::Version { mine, yours }) => self.told(link, mine, yours, now),
            Ok(Word::Fetch { version, first, count }) => {
                self.serve(link, version, (first, count), now);
            }
            Ok(Word::Chunk { version, total, index, octets }) => {
                self.received((link, version, index), total, octets, now);
            }
            Ok(Word::Escape(octets)) => {
                if let Err(why) = self.heard_escape(link, octets, now) {
                    self.counters.refuse(&why);
                }
            }
            Ok(Word::Train(train)) => self.train_by(link, train, now),
            Ok(Word::Date(wall)) => self.heard_date(link, wall, now),
            Err(malformed) => self.counters.refuse(&malformed.into()),
        }
    }

    /// Notes which version a neighbour has, and corrects what it thinks of ours.
    fn told(&mut self, link: LinkId, theirs: u64, ours: u64, now: Time) {
        if let Some(neighbour) = self.neighbours.get_mut(&link) {
            neighbour.knows = theirs;
        }
        if ours != self.version() {
            self.tell(link, now);
        }
        self.fetch(now);
    }

    /// Tells a neighbour our version.
    fn tell(&mut self, link: LinkId, now: Time) {
        let mine = self.version();
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        neighbour.tell = now + neighbour.wait.into();
        let word = Word::Version { mine, yours: neighbour.knows };
        self.say(Output::Send(link, word.encode()));
    }

    /// Tells all neighbours that our version has risen.
    pub(crate) fn tell_all(&mut self, now: Time) {
        let links: Vec<LinkId> = self.lagging().map(|(link, _)| link).collect();
        for link in links {
            if let Some(neighbour) = self.neighbours.get_mut(&link) {
                neighbour.wait = TELL.0.into();
            }
            self.tell(link, now);
        }
    }

    /// Tells those again who should have answered by now.
    pub(crate) fn tell_again(&mut self, now: Time) {
        let due = self.lagging().filter(|(_, neighbour)| neighbour.tell <= now);
        let due: Vec<LinkId> = due.map(|(link, _)| link).collect();
        for link in due {
            if let Some(neighbour) = self.neighbours.get_mut(&link) {
                neighbour.wait = (Duration::from(neighbour.wait) * 2).min(TELL.1).into();
            }
            self.tell(link, now);
        }
    }

    /// Returns the neighbours that are not as far as we are, for all that we know.
    fn lagging(&self) -> impl Iterator<Item = (LinkId, &Neighbour)> {
        let ours = self.version();
        let all = self.neighbours.iter().map(|(link, neighbour)| (*link, &**neighbour));
        all.filter(move |(_, neighbour)| neighbour.knows < ours && !neighbour.banished)
    }

    /// Sends chunks of our document; who asks for another version is told ours.
    fn serve(&mut self, link: LinkId, version: u64, (first, count): (u16, u8), now: Time) {
        let Some((_, signed)) = self.document.as_ref().filter(|(ours, _)| ours.version == version)
        else {
            self.tell(link, now);
            return;
        };
        let total = u32::try_from(signed.len()).unwrap_or(u32::MAX);
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        let asked = (first..=u16::MAX).zip(signed.chunks(CHUNK).skip(usize::from(first)));
        let mut words = Vec::new();
        for (index, octets) in asked.take(usize::from(count.min(BATCH))) {
            if !neighbour.work.take(now) {
                break;
            }
            words.push(Word::Chunk { version, total, index, octets }.encode());
        }
        self.outputs.extend(words.into_iter().map(|word| Output::Send(link, word)));
    }

    /// Fetches from the most reliable neighbour, among these the farthest ahead, unless
    /// we fetch already.
    pub(crate) fn fetch(&mut self, now: Time) {
        if self.transfer.is_some() {
            return;
        }
        let ahead = self.ahead().filter(|(_, neighbour)| neighbour.trusted <= now);
        let best = ahead.min_by_key(|(_, n)| (n.failures, core::cmp::Reverse(n.knows)));
        let Some((link, neighbour)) = best else { return };
        self.transfer = Some(Transfer::new(link, neighbour.knows, now));
        self.request(now);
    }

    /// Returns the neighbours that say they have a newer document.
    fn ahead(&self) -> impl Iterator<Item = (LinkId, &Neighbour)> {
        let ours = self.version();
        let all = self.neighbours.iter().map(|(link, neighbour)| (*link, &**neighbour));
        all.filter(move |(_, neighbour)| ours < neighbour.knows && !neighbour.banished)
    }

    /// Asks for the next chunks.
    fn request(&mut self, now: Time) {
        let Some(transfer) = &mut self.transfer else { return };
        let (link, version, first) = (transfer.link, transfer.version, transfer.request(now));
        let word = Word::Fetch { version, first, count: BATCH };
        self.say(Output::Send(link, word.encode()));
    }

    /// Adds a chunk, if it is of the document we fetch.
    fn received(
        &mut self,
        (link, version, index): (LinkId, u64, u16),
        total: u32,
        octets: &[u8],
        now: Time,
    ) {
        let ours = |at: &&mut Transfer| (at.link, at.version) == (link, version);
        let Some(transfer) = self.transfer.as_mut().filter(ours) else { return };
        match transfer.add(index, total, octets, now) {
            Added::Broken => self.distrust(link, Malformed::Form { what: "chunk" }.into(), now),
            Added::Wait => {}
            Added::Next => self.request(now),
            Added::Whole => self.complete(now),
        }
    }

    /// Reads a document that came in whole.
    fn complete(&mut self, now: Time) {
        let Some(transfer) = self.transfer.take() else { return };
        let (link, version) = (transfer.link, transfer.version);
        let octets = transfer.into_octets();
        match self.read(&octets) {
            Ok(document) if document.version == version => {
                self.adopt(document, &octets, now);
            }
            Ok(_) => {
                let why = Malformed::Value { what: "network document", field: "version" };
                self.distrust(link, why.into(), now);
            }
            Err(why) => self.distrust(link, why, now),
        }
        self.fetch(now);
    }

    /// Drops what a neighbour sends, and does not ask it again for a while.
    fn distrust(&mut self, link: LinkId, why: Refused, now: Time) {
        self.counters.refuse(&why);
        self.say(Output::Event(Event::DocumentRefused { from: Some(link), why }));
        self.pass_over(link, DISTRUST.0, now);
    }

    fn pass_over(&mut self, link: LinkId, wait: Duration, now: Time) {
        self.transfer = None;
        if let Some(neighbour) = self.neighbours.get_mut(&link) {
            neighbour.trusted = now + wait;
            neighbour.failures = neighbour.failures.saturating_add(1);
        }
    }

    /// Asks again for chunks that did not come, or asks somebody else.
    pub(crate) fn fetch_again(&mut self, now: Time) {
        if let Some(transfer) = self.transfer.as_mut().filter(|transfer| transfer.retry() <= now) {
            let link = transfer.link;
            if transfer.may_try_again() {
                self.request(now);
            } else {
                self.pass_over(link, DISTRUST.1, now);
            }
        }
        self.fetch(now);
    }

    /// Stops fetching what we now have by other ways.
    pub(crate) fn stop_fetching(&mut self) {
        let ours = self.version();
        if self.transfer.as_ref().is_some_and(|transfer| transfer.version <= ours) {
            self.transfer = None;
        }
    }

    pub(crate) fn spread_deadline(&self) -> Option<Deadline<Why>> {
        let tell = self.lagging();
        let tell = tell.map(|(link, n)| Deadline { at: n.tell, why: Why::Tell(link) });
        let tell = tell.min_by_key(|deadline| deadline.at);
        let fetch = match &self.transfer {
            Some(transfer) => Some(transfer.retry()),
            None => self.ahead().map(|(_, neighbour)| neighbour.trusted).min(),
        };
        Deadline::earlier(tell, fetch.map(|at| Deadline { at, why: Why::Fetch }))
    }
}
