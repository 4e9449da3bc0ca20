//! The virtual world: its nodes, their links, and what happens next.
//!
//! Whoever lives here speaks the words of [`node`]: a real node, or one that follows a rule
//! which the product refuses. The carrier's handshake is one round trip; the registry answers
//! in a tenth of a second and names a few of those that ever started.

mod perform;

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::time::Duration;

use node::{Input, Output};
use words::{Dice, Engine, LinkId, Time};

use crate::agenda::Agenda;
use crate::book::Book;
use crate::oracle::name;
use crate::setting::{CALENDAR, Setting, key};
use crate::terrain::{TUNNEL, Terrain};
use crate::ways::Ways;

/// Whoever lives in the world: any engine with the words of a node.
pub(crate) trait Citizen: for<'a> Engine<Input<'a> = Input<'a>, Output = Output> {}

impl<E: for<'a> Engine<Input<'a> = Input<'a>, Output = Output>> Citizen for E {}

/// What is to happen.
#[derive(Debug)]
enum Entry {
    /// A node starts.
    Start(usize),
    /// A node asked to be woken.
    Wake(usize),
    /// A node should hear its news.
    News(usize),
    /// A call arrives: whose, by which of its links, at whom.
    Call(usize, LinkId, usize),
    /// The answer to a call arrives.
    Answered(usize, LinkId, Answer),
    /// A frame arrives.
    Frame(usize, LinkId, Vec<u8>),
    /// A datagram arrives over the mesh.
    Overlay(usize, Ipv6Addr, Vec<u8>),
    /// The registry's answer arrives.
    Named(usize),
    /// Somebody who says nothing any more has been silent for too long.
    Silence(usize, LinkId),
}

/// The answer to a call.
#[derive(Debug)]
enum Answer {
    Yes,
    No(u8),
}

/// One end of a link, as the carrier has it.
#[derive(Clone, Copy, Debug)]
struct End {
    peer: usize,
    theirs: LinkId,
    open: bool,
}

/// How a world is made.
pub(crate) struct Making<E> {
    pub(crate) terrain: Terrain,
    pub(crate) ways: Ways,
    pub(crate) setting: Setting,
    /// Makes the node of that number.
    pub(crate) born: Born<E>,
    /// After how long the world itself tells a node that the other end of a link is silent;
    /// `None` if nodes find that out.
    pub(crate) pulse: Option<Duration>,
    pub(crate) seed: [u8; 32],
}

/// What makes the node of a number.
pub(crate) type Born<E> = Box<dyn Fn(&Setting, usize, Time) -> E>;

/// The virtual world.
pub(crate) struct World<E> {
    pub(crate) now: Time,
    pub(crate) terrain: Terrain,
    pub(crate) ways: Ways,
    pub(crate) book: Book,
    pub(crate) setting: Setting,
    /// How often anything happened to a node.
    pub(crate) events: u64,
    /// Whether the registry answers.
    pub(crate) registry: bool,
    born: Born<E>,
    pulse: Option<Duration>,
    citizens: Vec<Option<E>>,
    /// When each node is woken next.
    planned: Vec<Option<Time>>,
    ends: Vec<BTreeMap<LinkId, End>>,
    /// How often each node was called.
    calls: Vec<u32>,
    /// Who ever started.
    joined: Vec<usize>,
    agenda: Agenda<Entry>,
    said: Vec<Output>,
    dice: Dice,
}

/// All nodes start within this time.
const STARTS: Duration = Duration::from_mins(1);
/// What the registry takes to answer.
const REGISTRY: Duration = Duration::from_millis(100);
/// How many nodes the registry names at once.
const NAMED: usize = 3;
/// What routing takes to move paths, where an oracle tells them.
const SETTLE: Duration = Duration::from_millis(250);

impl<E: Citizen> World<E> {
    /// Returns a world in which all nodes are about to start.
    pub(crate) fn new(making: Making<E>) -> Self {
        let Making { terrain, ways, setting, born, pulse, seed } = making;
        let count = terrain.count();
        let mut world = Self {
            now: Time::ZERO,
            terrain,
            ways,
            book: Book::default(),
            setting,
            events: 0,
            registry: true,
            born,
            pulse,
            citizens: (0..count).map(|_| None).collect(),
            planned: vec![None; count],
            ends: vec![BTreeMap::new(); count],
            calls: vec![0; count],
            joined: Vec::new(),
            agenda: Agenda::new(),
            said: Vec::new(),
            dice: Dice::of(seed, "world"),
        };
        for node in 0..count {
            let at = Time::ZERO + world.dice.within(STARTS);
            world.agenda.plan(at, Entry::Start(node));
        }
        world
    }

    /// Lets everything happen until `end`.
    pub(crate) fn run(&mut self, end: Time) {
        while let Some((at, entry)) = self.agenda.next(end) {
            self.now = at;
            self.enact(entry);
        }
        self.now = self.now.max(end);
    }

    fn enact(&mut self, entry: Entry) {
        match entry {
            Entry::Start(node) => self.start(node),
            Entry::Wake(node) => self.wake(node),
            Entry::News(node) => self.tell(node, Input::Wake),
            Entry::Call(from, link, to) => self.call(from, link, to),
            Entry::Answered(node, link, Answer::Yes) => self.up(node, link),
            Entry::Answered(node, link, Answer::No(why)) => {
                if self.ends.get_mut(node).is_some_and(|ends| ends.remove(&link).is_some()) {
                    self.tell(node, Input::Refused(link, why));
                }
            }
            Entry::Frame(node, link, frame) => {
                if self.end(node, link).is_some_and(|end| end.open) {
                    self.tell(node, Input::Frame(link, &frame));
                }
            }
            Entry::Overlay(node, from, words) => self.tell(node, Input::Overlay(from, &words)),
            Entry::Named(node) => self.name_some(node),
            Entry::Silence(node, link) => {
                if self.ends.get_mut(node).is_some_and(|ends| ends.remove(&link).is_some()) {
                    self.tell(node, Input::Down(link));
                }
            }
        }
    }

    fn start(&mut self, node: usize) {
        self.terrain.live(node, true);
        self.joined.push(node);
        let citizen = (self.born)(&self.setting, node, self.now);
        if let Some(place) = self.citizens.get_mut(node) {
            *place = Some(citizen);
        }
        self.tell(node, Input::Calendar(CALENDAR));
        let shown = self.introduction(node);
        self.tell(node, Input::Myself(&shown));
        let document = self.setting.document.clone();
        self.tell(node, Input::Document(&document));
    }

    fn wake(&mut self, node: usize) {
        let now = self.now;
        let planned = self.planned.get_mut(node).and_then(|at| at.take_if(|at| *at == now));
        if planned.is_none() {
            return;
        }
        let due = self.citizens.get(node).and_then(Option::as_ref).and_then(Engine::deadline);
        match due {
            Some(due) if due.at <= now => self.tell(node, Input::Wake),
            Some(due) => self.wake_at(node, due.at),
            None => {}
        }
    }

    fn wake_at(&mut self, node: usize, at: Time) {
        let at = at.max(self.now + Duration::from_micros(1));
        let Some(planned) = self.planned.get_mut(node) else { return };
        if planned.is_none_or(|planned| at < planned) {
            *planned = Some(at);
            self.agenda.plan(at, Entry::Wake(node));
        }
    }

    /// Somebody is called.
    fn call(&mut self, from: usize, link: LinkId, to: usize) {
        if !self.terrain.admits(from, to) || self.end(from, link).is_none() {
            return;
        }
        let Some(calls) = self.calls.get_mut(to) else { return };
        *calls += 1;
        let theirs = LinkId::theirs(*calls);
        self.connect((from, link), (to, theirs));
        let (key, shown) = (key(from), self.introduction(from));
        self.tell(to, Input::Request { link: theirs, key, introduction: &shown });
    }

    fn connect(&mut self, one: (usize, LinkId), other: (usize, LinkId)) {
        for ((node, link), (peer, theirs)) in [(one, other), (other, one)] {
            if let Some(ends) = self.ends.get_mut(node) {
                ends.insert(link, End { peer, theirs, open: false });
            }
        }
    }

    /// The carrier has made a link, as one end sees it.
    fn up(&mut self, node: usize, link: LinkId) {
        let Some(end) = self.ends.get_mut(node).and_then(|ends| ends.get_mut(&link)) else {
            return;
        };
        end.open = true;
        let (peer, theirs) = (end.peer, end.theirs);
        self.tell(node, Input::Up(link));
        // The other end may have given up meanwhile.
        if self.end(peer, theirs).is_none() || !self.terrain.passes(node, peer) {
            self.fall_silent(node, link);
        }
    }

    /// The other end of a link says nothing from now on.
    fn fall_silent(&mut self, node: usize, link: LinkId) {
        if let Some(pulse) = self.pulse {
            self.agenda.plan(self.now + pulse, Entry::Silence(node, link));
        }
    }

    /// The registry names some of those that ever started, dead or alive.
    fn name_some(&mut self, node: usize) {
        let mut all: Vec<_> = self.joined.iter().copied().filter(|other| *other != node).collect();
        let named = self.dice.draw(&mut all, NAMED);
        let named: Vec<_> = named.into_iter().map(|other| self.introduction(other)).collect();
        if !named.is_empty() {
            self.tell(node, Input::Bootstrap(&named));
        }
    }

    fn introduction(&self, node: usize) -> Vec<u8> {
        self.setting.introductions.get(node).cloned().unwrap_or_default()
    }

    /// Tells a node something, and does what it says.
    fn tell(&mut self, node: usize, input: Input<'_>) {
        let now = self.now;
        let Some(citizen) = self.citizens.get_mut(node).and_then(Option::as_mut) else { return };
        self.events += 1;
        citizen.handle(input, now);
        let mut said = std::mem::take(&mut self.said);
        said.extend(std::iter::from_fn(|| citizen.poll()));
        if let Some(due) = citizen.deadline() {
            self.wake_at(node, due.at);
        }
        for output in said.drain(..) {
            self.perform(node, output);
        }
        self.said = said;
        let urgent = self.ways.chart().map(|chart| chart.borrow_mut().urgent());
        for other in urgent.into_iter().flatten() {
            self.agenda.plan(self.now + SETTLE, Entry::News(other));
        }
    }

    fn end(&self, node: usize, link: LinkId) -> Option<End> {
        self.ends.get(node)?.get(&link).copied()
    }

    /// Returns where a packet at `node` for `to` goes next, if it gets there.
    pub(crate) fn next(&self, node: usize, to: usize) -> Option<usize> {
        let open = |link| self.end(node, link).filter(|end| end.open).map(|end| end.peer);
        self.ways.next(node, to, open).filter(|next| self.terrain.passes(node, *next))
    }

    /// Returns the nodes on the way from `from` to `to`, both included; `None` if there is none.
    pub(crate) fn walk(&self, from: usize, to: usize) -> Option<Vec<usize>> {
        let mut way = vec![from];
        let mut at = from;
        while at != to {
            at = self.next(at, to)?;
            way.push(at);
            if way.len() > LONGEST {
                return None;
            }
        }
        Some(way)
    }

    /// Returns the round trip over one hop; zero if it is not known.
    pub(crate) fn hop(&self, a: usize, b: usize) -> Duration {
        self.terrain.round_trip(a, b).map_or(Duration::ZERO, |time| time + TUNNEL)
    }

    /// Returns the pairs of nodes that have a link which works, the smaller number first.
    pub(crate) fn links(&self) -> impl Iterator<Item = (usize, usize)> {
        let all = self.ends.iter().enumerate();
        let open = all.flat_map(|(node, ends)| ends.values().map(move |end| (node, *end)));
        let works = open.filter(|(node, end)| {
            let theirs = self.end(end.peer, end.theirs).is_some_and(|theirs| theirs.open);
            *node < end.peer && end.open && theirs && self.terrain.passes(*node, end.peer)
        });
        works.map(|(node, end)| (node, end.peer))
    }

    /// Kills a node: nobody hears from it again.
    pub(crate) fn kill(&mut self, node: usize) {
        self.terrain.live(node, false);
        if let Some(citizen) = self.citizens.get_mut(node) {
            *citizen = None;
        }
        self.ways.clear(node);
        self.book.forget(node);
        self.hush();
    }

    /// Has the links fall silent over which nothing passes any more.
    pub(crate) fn hush(&mut self) {
        let mut silent = Vec::new();
        for (node, ends) in
            self.ends.iter().enumerate().filter(|(node, _)| self.terrain.lives(*node))
        {
            let cut = ends.iter().filter(|(_, end)| !self.terrain.passes(node, end.peer));
            silent.extend(cut.map(|(link, _)| (node, *link)));
        }
        for (node, link) in silent {
            self.fall_silent(node, link);
        }
    }
}

/// A packet does not live longer.
const LONGEST: usize = 64;

/// Returns the address of a node inside the mesh.
fn address(node: usize) -> Ipv6Addr {
    name(node).address()
}
