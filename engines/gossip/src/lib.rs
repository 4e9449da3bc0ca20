//! Who tells what to whom: the network document and the contacts of nodes.
//!
//! - The **document** is the authority's; the newest one spreads from neighbour to
//!   neighbour, and says who is no longer of the network.
//! - A **contact** is a node's own; it is shown in handshakes, told by the registry,
//!   and asked from the node itself over the overlay.
//!
//! ```text
//!  disk, registry ──► Document ──► read ──► adopt ──► Parameters, Banish, tell all
//!  neighbours ──────► Version, Fetch, Chunk ──┘
//!
//!  disk, registry, handshakes, overlay ──► check ──► learn ──► Described, Found
//! ```
//!
//! This engine knows no cryptography: an [`Authority`] answers its questions.
#![no_std]

extern crate alloc;

mod attest;
mod authority;
mod believe;
mod calendar;
mod claim;
mod codec;
mod contact;
mod contacts;
mod document;
mod escapes;
mod frame;
mod guests;
mod introduction;
mod io;
mod judge;
mod knock;
mod lan;
mod meshes;
mod parameters;
mod refused;
mod rule;
mod search;
mod spread;
mod transfer;
mod witness;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use words::{Bucket, Deadline, Dice, Engine, LinkId, NodeId, Prefix, Time, next_said};

pub use authority::{Authority, Identity, PublicKey};
pub use believe::{Believed, believe};
pub use calendar::{Calendar, Jump};
pub use claim::{Claim, Standing};
pub use contact::{Contact, Endpoint};
pub use contacts::Checked;
pub use document::{Document, SignedDocument};
pub use introduction::Introduction;
pub use io::{Counters, Event, Input, Output, Why};
pub use lan::Announcement;
pub use meshes::Meshes;
pub use parameters::Parameters;
pub use refused::{Malformed, Refused};

use attest::Attest;
use contacts::Contacts;
use escapes::Escapes;
use guests::Guests;
use knock::Knocks;
use lan::Lan;
use search::Search;
use spread::{Neighbour, Peer};
use transfer::Transfer;
use witness::Witnesses;

/// Most contacts that a node remembers.
const CONTACTS: usize = 2000;
/// Shortest wait before the registry is asked again: after the start, and after the last
/// link went away. Each wait is twice the one before.
const FIRST: Duration = Duration::from_secs(1);
/// Longest wait before the registry is asked again, while we have few links or none: they may be
/// those of an island.
const ALONE: Duration = Duration::from_mins(1);
/// Longest wait before the registry is asked again, while we have links.
const ROUTINE: Duration = Duration::from_mins(5);
/// So many links are no longer few: an island of eight nodes has less, and who keeps four arrows
/// in a mesh of many has as many.
const COMPANY: usize = 8;
/// While links are few, those whom the registry named, and then those whom we remember, are
/// introduced one after the other: as fast as the free seats of a node can be dialled in vain.
const APART: Duration = Duration::from_secs(4);
/// Least time between two savings of the contacts, and wait for more to save.
const SAVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(5));

/// What one node knows of the network and of other nodes.
#[derive(Debug)]
pub struct Gossip<A> {
    network: Prefix,
    me: NodeId,
    authority: A,
    dice: Dice,
    calendar: Calendar,
    /// We said that we go by another date than our calendar's, and still do.
    overruled: bool,
    /// The document in force, and its signed octets.
    document: Option<(Document, Arc<[u8]>)>,
    revoked: BTreeSet<u64>,
    neighbours: BTreeMap<LinkId, Box<Neighbour>>,
    transfer: Option<Transfer>,
    contacts: Contacts,
    searches: BTreeMap<NodeId, Search>,
    knocks: Knocks,
    lan: Lan,
    escapes: Escapes,
    guests: Guests,
    attest: Attest,
    /// When the word that is told next was read.
    read: Option<Time>,
    witnesses: Witnesses,
    /// Peers of links that may come up, the oldest first.
    met: VecDeque<(LinkId, Peer)>,
    /// Our own introduction, and the number of its certificate.
    myself: Option<Vec<u8>>,
    serial: Option<u64>,
    lamented: Option<u64>,
    /// How much work all strangers together may cause, and each over the overlay.
    strangers: Bucket,
    senders: BTreeMap<u128, Bucket>,
    next_ask: Time,
    wait: Duration,
    /// Whom the registry named besides the first, and when the next of them is introduced.
    peers: VecDeque<NodeId>,
    next_peer: Option<Time>,
    next_save: Option<Time>,
    last_save: Time,
    /// When time alone changes something, as of the last time we were told anything.
    due: Option<Deadline<Why>>,
    counters: Counters,
    outputs: VecDeque<Output>,
}

impl<A: Authority> Engine for Gossip<A> {
    type Input<'a> = Input<'a>;
    type Output = Output;
    type Why = Why;

    fn handle(&mut self, input: Input<'_>, now: Time) {
        match input {
            Input::Calendar(wall) => self.calendar_said(wall, now),
            Input::LinkUp(link, node) => self.link_up(link, node, now),
            Input::LinkDown(link) => self.link_down(link, now),
            Input::Read(at) => {
                self.read = Some(at);
                return;
            }
            Input::Frame(link, octets) => self.frame(link, octets, now),
            Input::Overlay(from, datagram) => self.overlay(from, datagram, now),
            Input::Find(link, node) => self.find(link, node, now),
            Input::Knock(link, node, token) => self.knock(link, node, token),
            Input::Observed(node, at) => self.witnesses.note(node, at, now),
            Input::Roamed => {
                self.witnesses.forget();
                self.leave_lan();
            }
            Input::Host(host) => self.name_host(host, now),
            Input::OnLan(at, introduction) => self.heard_on_lan(at, introduction, now),
            Input::Judge(link, octets, key) => self.judge(link, octets, key, now),
            Input::Document(octets) => self.offered(octets, now),
            Input::Contacts(kept) => self.remember(kept, now),
            Input::Bootstrap(named) => self.bootstrap(named, now),
            Input::Myself(introduction) => self.introduce(introduction, now),
            Input::Wake => {}
        }
        self.read = None;
        self.tell_seen(now);
        self.forget_silent(now);
        self.keep_house(now);
        self.search(now);
        self.fetch_again(now);
        self.tell_again(now);
        self.banish(now);
        self.ask_registry(now);
        self.introduce_next(now);
        self.save(now);
        self.pass_escapes_on(now);
        self.attest(now);
        self.due = self.next_due();
    }

    fn poll(&mut self) -> Option<Output> {
        next_said(&mut self.outputs)
    }

    fn deadline(&self) -> Option<Deadline<Why>> {
        self.due
    }
}

impl<A: Authority> Gossip<A> {
    /// Returns what the node `me` of `network` knows at first: nothing.
    ///
    /// It asks the registry at once. No certificate is valid before
    /// [`Input::Calendar`] is told.
    pub fn new(network: Prefix, me: NodeId, authority: A, seed: [u8; 32], now: Time) -> Self {
        Self {
            network,
            me,
            authority,
            dice: Dice::of(seed, "gossip"),
            calendar: Calendar::new(now),
            overruled: false,
            document: None,
            revoked: BTreeSet::new(),
            neighbours: BTreeMap::new(),
            transfer: None,
            contacts: Contacts::new(CONTACTS),
            searches: BTreeMap::new(),
            knocks: Knocks::new(),
            lan: Lan::new(),
            escapes: Escapes::default(),
            guests: Guests::new(seed),
            attest: Attest::new(seed),
            read: None,
            witnesses: Witnesses::default(),
            met: VecDeque::new(),
            myself: None,
            serial: None,
            lamented: None,
            strangers: Bucket::new(500, 200),
            senders: BTreeMap::new(),
            next_ask: now,
            wait: FIRST,
            peers: VecDeque::new(),
            next_peer: None,
            next_save: None,
            last_save: now,
            due: Some(Deadline { at: now, why: Why::AskRegistry }),
            counters: Counters::default(),
            outputs: VecDeque::new(),
        }
    }

    fn next_due(&self) -> Option<Deadline<Why>> {
        let ask = Deadline { at: self.next_ask, why: Why::AskRegistry };
        let save = self.next_save.map(|at| Deadline { at, why: Why::Save });
        let peer = self.next_peer.map(|at| Deadline { at, why: Why::Introduce });
        let others =
            [save, peer, self.search_deadline(), self.spread_deadline(), self.expiry_deadline()];
        let rest = [self.lan.deadline(), self.guests.deadline(), self.escapes.deadline()];
        let others = others.into_iter().chain(rest);
        let others = others.chain([self.attest.deadline()]);
        others.fold(Some(ask), Deadline::earlier)
    }

    /// Returns the addresses of the network.
    pub const fn network(&self) -> Prefix {
        self.network
    }

    /// Returns the document in force.
    pub fn document(&self) -> Option<&Document> {
        self.document.as_ref().map(|(document, _)| document)
    }

    /// Holds the election that follows from a network document: see [`Authority::elected`].
    pub fn elected(
        &self,
        source: order::Source,
        last: Option<&order::Outcome>,
    ) -> Arc<order::Elected> {
        self.authority.elected(source, last)
    }

    /// Returns what we show of ourselves, encoded, once we know it.
    pub fn myself(&self) -> Option<&[u8]> {
        self.myself.as_deref()
    }

    /// Returns the version of the document in force; 0 if there is none.
    pub fn version(&self) -> u64 {
        self.document().map_or(0, |document| document.version)
    }

    /// Returns the version of the document that the other end of a link said it has: 0 if it has none,
    /// or has not said; `None` if the link is not up.
    pub fn version_of(&self, link: LinkId) -> Option<u64> {
        self.neighbours.get(&link).map(|neighbour| neighbour.knows())
    }

    /// Returns the contacts that we know, in the order of their nodes.
    pub fn contacts(&self) -> impl Iterator<Item = &Contact> {
        self.contacts.iter().map(|known| &known.contact)
    }

    /// Returns what a node says of itself, if we know it.
    pub fn contact(&self, node: NodeId) -> Option<&Contact> {
        self.contacts.get(node).map(|known| &known.contact)
    }

    /// Returns how often things happened.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Asks the registry when it is time: soon at first, then ever less often.
    ///
    /// Company does not end the questions: two nodes that met each other first are an
    /// island until the registry names them somebody else.
    fn ask_registry(&mut self, now: Time) {
        if now < self.next_ask {
            return;
        }
        self.say(Output::AskRegistry);
        let most = if self.is_lonely() { ALONE } else { ROUTINE };
        self.ask_in(self.wait.min(most), now);
        self.wait = (self.wait * 2).min(ROUTINE);
    }

    /// Tells whether we have so few links that all may be those of an island.
    fn is_lonely(&self) -> bool {
        self.neighbours.len() < COMPANY
    }

    /// Our last link went away. Whom we remember is called again, as after a start, for what ended
    /// all links may have ended the way to the registry too.
    fn lost_company(&mut self, now: Time) {
        let nodes = self.remembered();
        if !nodes.is_empty() {
            self.say(Output::Bootstrap(nodes));
        }
        self.wait = FIRST;
        self.ask_in(self.wait, now);
    }

    /// Few links are left: the registry is asked sooner, and others are introduced.
    fn became_lonely(&mut self, now: Time) {
        self.next_ask = self.next_ask.or_earlier(now + self.dice.within(ALONE));
        self.next_peer.get_or_insert(now + APART);
    }

    /// Introduces the next of those whom the registry named, or whom we remember, while links are
    /// few: of an island behind a filter, few can reach whom chance names.
    fn introduce_next(&mut self, now: Time) {
        if self.next_peer.is_none_or(|at| now < at) {
            return;
        }
        if self.peers.is_empty() && self.is_lonely() {
            let mut all = self.remembered();
            let count = all.len();
            self.peers = self.dice.draw(&mut all, count).into();
        }
        let next = self.peers.pop_front().filter(|_| self.is_lonely());
        self.next_peer = next.is_some().then_some(now + APART);
        if let Some(peer) = next {
            self.say(Output::Introduced(peer));
        }
    }

    /// Returns all nodes whose contacts we know, but ourselves.
    fn remembered(&self) -> Vec<NodeId> {
        let all = self.contacts.iter().map(|known| known.contact.node);
        all.filter(|node| *node != self.me).collect()
    }

    /// Sets when the registry is asked, and spreads the questions of many nodes.
    fn ask_in(&mut self, wait: Duration, now: Time) {
        self.next_ask = now + wait + self.dice.within(wait / 4);
    }

    /// Has the contacts kept soon, not too often.
    fn want_saving(&mut self, now: Time) {
        let earliest = self.last_save + SAVE.0;
        let soon = now + SAVE.1;
        self.next_save.get_or_insert(if earliest < soon { soon } else { earliest });
    }

    fn save(&mut self, now: Time) {
        if self.next_save.is_some_and(|at| at <= now) {
            self.next_save = None;
            self.last_save = now;
            let kept = self.contacts.iter().map(|known| known.introduction.to_vec()).collect();
            self.say(Output::SaveContacts(kept));
        }
    }

    fn say(&mut self, output: Output) {
        self.outputs.push_back(output);
    }
}

#[cfg(test)]
mod tests;
