//! The virtual world of whole nodes in many meshes: who hears what, and when.
//!
//! A packet takes half of the round trip over its tunnel. The carrier's handshake is one round trip;
//! the registry answers in a tenth of a second, and names some of those that started, for each mesh
//! that a node may serve in. That the other end of a link is gone, nodes find out by their probes.

mod lies;
mod perform;
mod registry;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use arrows::Death;
use node::Input;
use words::{Dice, Engine, LinkId, Prefix, Time};

pub(super) use lies::{Lies, Outlet};

use super::setting::{Citizen, Setting, introduction};
use super::tables::{Name, Next, Tables};
use crate::agenda::Agenda;
use crate::norder::land::Land;
use crate::norder::wall::Wall;
use crate::norder::web::Web;
use crate::number::small;
use crate::setting::{CALENDAR, key};

/// What is to happen. Nodes are told by their numbers.
#[derive(Debug)]
enum Entry {
    /// A node starts.
    Start(u32),
    /// A node asked to be woken.
    Wake(u32),
    /// A call arrives: whose, by which of its links, at whom, and what it shows.
    Call(u32, LinkId, u32, Box<[u8]>),
    /// The answer to a call arrives: why it was refused, if it was.
    Answered(u32, LinkId, Option<u8>),
    /// A frame arrives.
    Frame(u32, LinkId, Box<[u8]>),
    /// A datagram arrives over the mesh: at whom, from whom.
    Overlay(u32, u32, Box<[u8]>),
    /// The registry's answer arrives.
    Named(u32),
}

/// One end of a link, as the carrier has it.
#[derive(Clone, Copy, Debug)]
struct End {
    peer: u32,
    theirs: LinkId,
    open: bool,
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// How often anything happened to a node.
    pub(super) events: u64,
    /// What was sent through links, by the part that spoke.
    pub(super) routing: Sent,
    pub(super) arrows: Sent,
    pub(super) gossip: Sent,
    /// Datagrams of gossip that found no way.
    pub(super) astray: u64,
    /// Arrows that came to life, and that died after that.
    pub(super) opened: u64,
    pub(super) died: u64,
    /// Links that died because the other end was silent.
    pub(super) lost: u64,
    /// Nodes that began to serve in a foreign mesh, and that ended to.
    pub(super) entered: u64,
    pub(super) left: u64,
    /// Requests of nodes that were not elected to the mesh, and links that were closed for it.
    pub(super) not_elected: u64,
    pub(super) expelled: u64,
    /// Nodes that escaped, and that came back.
    pub(super) escaped: u64,
    pub(super) came_back: u64,
    /// How often nodes sought refuge.
    pub(super) sought: u64,
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sent {
    pub(super) frames: u64,
    /// With all headers.
    pub(super) octets: u64,
}

impl Sent {
    /// Takes in one more frame, of so many octets.
    fn add(&mut self, octets: usize) {
        self.frames += 1;
        self.octets += (octets + OVERHEAD) as u64;
    }
}

/// The virtual world.
pub(super) struct World<'a> {
    pub(super) now: Time,
    /// The network in the epoch that the registry told last.
    pub(super) web: Rc<Web>,
    land: &'a Land,
    pub(super) setting: Setting,
    /// When the registry's epoch ends; `None` as long as it tells of no other.
    pub(super) epoch_ends: Option<Time>,
    pub(super) tables: Tables,
    pub(super) counts: Counts,
    citizens: Vec<Option<Citizen>>,
    /// When each node is woken next.
    planned: Vec<Option<Time>>,
    ends: Vec<BTreeMap<LinkId, End>>,
    /// How often each node was called.
    calls: Vec<u32>,
    /// Who ever started, of each mesh that there was as the network began.
    joined: Vec<Vec<u32>>,
    /// What blocks pairs of nodes, if anything does.
    pub(super) wall: Option<Wall>,
    /// Who lies, if anybody does.
    pub(super) lies: Lies,
    /// Whether nobody hears of nodes that escape, nor of those that seek refuge: negative controls.
    pub(super) silent: (bool, bool),
    /// What each node shows of itself.
    introductions: Vec<Vec<u8>>,
    agenda: Agenda<Entry>,
    said: Vec<node::Output>,
    dice: Dice,
}

/// All nodes start within this time.
const STARTS: Duration = Duration::from_secs(10);
/// What the registry takes to answer.
const REGISTRY: Duration = Duration::from_millis(100);
/// How many nodes of a mesh the registry names at once, as many as the daemon asks for.
const NAMED: usize = 5;
/// How many nodes of the whole network it names besides.
const ANYWHERE: usize = 10;
/// What the carrier adds to a frame, with the headers below it, in octets.
const OVERHEAD: usize = 80;
/// No packet goes over more links.
const LONGEST: usize = 64;

impl<'a> World<'a> {
    /// Returns a world in which all nodes are about to start.
    pub(super) fn new(
        (web, land): (Web, &'a Land),
        setting: Setting,
        seed: [u8; 32],
    ) -> anyhow::Result<Self> {
        let nodes = web.nodes();
        let introductions: anyhow::Result<_> =
            (0..nodes).map(|node| introduction((node, web.name(node)), CALENDAR, false)).collect();
        let mut world = Self {
            now: Time::ZERO,
            land,
            setting,
            epoch_ends: None,
            tables: Tables::new(&web),
            counts: Counts::default(),
            citizens: (0..nodes).map(|_| None).collect(),
            planned: vec![None; nodes],
            ends: vec![BTreeMap::new(); nodes],
            calls: vec![0; nodes],
            joined: vec![Vec::new(); web.meshes().len()],
            web: Rc::new(web),
            wall: None,
            lies: Lies::default(),
            silent: (false, false),
            introductions: introductions?,
            agenda: Agenda::new(),
            said: Vec::new(),
            dice: Dice::of(seed, "whole world"),
        };
        for node in 0..small(nodes) {
            let at = Time::ZERO + world.dice.within(STARTS);
            world.agenda.plan(at, Entry::Start(node));
        }
        Ok(world)
    }

    /// Lets everything happen until `end`.
    pub(super) fn run(&mut self, end: Time) {
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
            Entry::Call(from, link, to, shown) => self.call((from, link), to, &shown),
            Entry::Answered(node, link, why) if Lies::is_besides(link) => {
                self.answered(node, link, why);
            }
            Entry::Frame(node, link, frame) if Lies::is_besides(link) => {
                self.overhear(node, link, &frame);
            }
            Entry::Answered(node, link, None) => self.up(node, link),
            Entry::Answered(node, link, Some(why)) => {
                if self.take_end(node, link).is_some() {
                    self.tell(node, Input::Refused(link, why));
                }
            }
            Entry::Frame(node, link, frame) => {
                if self.end(node, link).is_some_and(|end| end.open) {
                    self.tell(node, Input::Frame(link, &frame));
                }
            }
            Entry::Overlay(node, from, words) => {
                let from = self.web.name(from as usize).address();
                self.tell(node, Input::Overlay(from, &words));
            }
            Entry::Named(node) => self.name_some(node),
        }
    }

    fn start(&mut self, node: u32) {
        let (number, mesh) = (node as usize, self.web.home(node as usize));
        if let Some(joined) = self.joined.get_mut(mesh) {
            joined.push(node);
        }
        let citizen = self.setting.born(number, self.web.name(number), self.now);
        if let Some(place) = self.citizens.get_mut(number) {
            *place = Some(citizen);
        }
        self.tell(node, Input::Calendar(CALENDAR.plus(self.now.since(Time::ZERO))));
        let shown = self.introduction(node);
        self.tell(node, Input::Myself(&shown));
        let document = self.setting.document().to_vec();
        self.tell(node, Input::Document(&document));
    }

    fn wake(&mut self, node: u32) {
        let (now, number) = (self.now, node as usize);
        let planned = self.planned.get_mut(number).and_then(|at| at.take_if(|at| *at == now));
        if planned.is_none() {
            return;
        }
        let due = self.citizen(number).and_then(Engine::deadline);
        match due {
            Some(due) if due.at <= now => self.tell(node, Input::Wake),
            Some(due) => self.wake_at(node, due.at),
            None => {}
        }
    }

    fn wake_at(&mut self, node: u32, at: Time) {
        let at = at.max(self.now + Duration::from_micros(1));
        let Some(planned) = self.planned.get_mut(node as usize) else { return };
        if planned.is_none_or(|planned| at < planned) {
            *planned = Some(at);
            self.agenda.plan(at, Entry::Wake(node));
        }
    }

    /// Somebody is called.
    fn call(&mut self, (from, link): (u32, LinkId), to: u32, shown: &[u8]) {
        let gone = !self.lives(to as usize) || self.end(from, link).is_none();
        if gone || self.is_blocked(from, to) {
            return;
        }
        let Some(calls) = self.calls.get_mut(to as usize) else { return };
        *calls += 1;
        let theirs = LinkId::theirs(*calls);
        self.put_end(from, link, End { peer: to, theirs, open: false });
        self.put_end(to, theirs, End { peer: from, theirs: link, open: false });
        let key = key(from as usize);
        self.tell(to, Input::Request { link: theirs, key, introduction: shown });
    }

    /// The carrier has made a link, as one end sees it.
    fn up(&mut self, node: u32, link: LinkId) {
        let ends = self.ends.get_mut(node as usize);
        let Some(end) = ends.and_then(|ends| ends.get_mut(&link)) else { return };
        end.open = true;
        let (peer, theirs) = (end.peer, end.theirs);
        self.tables.link_changed(peer as usize, theirs);
        self.tell(node, Input::Up(link));
    }

    /// The registry names some of those that ever started, dead or alive, in each mesh that the
    /// node draws in or may serve in.
    fn name_some(&mut self, node: u32) {
        let mut named = Vec::new();
        let own = self.setting.territory(self.web.name(node as usize));
        let ranges: Vec<Prefix> = std::iter::once(own).chain(self.web.offices(node)).collect();
        for range in ranges {
            let there = self.joined_in(range).filter(|other| *other != node);
            let mut all: Vec<u32> = there.collect();
            named.extend(self.dice.draw(&mut all, NAMED));
        }
        // And some of all: a node that is cut off from its mesh has nobody else to call.
        let others = self.joined.iter().flatten().copied().filter(|other| *other != node);
        let mut others: Vec<u32> = others.collect();
        named.extend(self.dice.draw(&mut others, ANYWHERE));
        let named: Vec<_> = named.into_iter().map(|other| self.introduction(other)).collect();
        if !named.is_empty() {
            self.tell(node, Input::Bootstrap(&named));
        }
    }

    /// Returns who ever started inside of a range.
    fn joined_in(&self, range: Prefix) -> impl Iterator<Item = u32> {
        let covers = move |node: u32| range.covers(self.web.name(node as usize).0);
        let is_near = move |mesh: &&Vec<u32>| {
            // All of them are in one mesh of the first map.
            mesh.first().is_some_and(|first| {
                let home = self.web.first_home(*first as usize);
                home.covers(range) || range.covers(home)
            })
        };
        let near = self.joined.iter().filter(is_near).flatten().copied();
        near.filter(move |node| covers(*node))
    }

    /// Tells whether nothing passes between two nodes.
    pub(super) fn is_blocked(&self, a: u32, b: u32) -> bool {
        self.wall.as_ref().is_some_and(|wall| wall.is_blocked(a, b))
    }

    /// A node says anew what it shows of itself.
    fn escape(&mut self, node: u32, escaped: bool) {
        if self.silent.0 {
            return;
        }
        let (number, wall) = (node as usize, CALENDAR.plus(self.now.since(Time::ZERO)));
        let shown = introduction((number, self.web.name(number)), wall, escaped);
        let Ok(shown) = shown else { return };
        if let Some(place) = self.introductions.get_mut(number) {
            place.clone_from(&shown);
        }
        self.tell(node, Input::Myself(&shown));
    }

    pub(super) fn introduction(&self, node: u32) -> Vec<u8> {
        self.introductions.get(node as usize).cloned().unwrap_or_default()
    }

    /// Tells a node something, and does what it says.
    pub(super) fn tell(&mut self, node: u32, input: Input<'_>) {
        let now = self.now;
        let citizen = self.citizens.get_mut(node as usize).and_then(Option::as_mut);
        let Some(citizen) = citizen else { return };
        self.counts.events += 1;
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
    }

    /// Kills a node: nobody hears from it again.
    pub(super) fn kill(&mut self, node: usize) {
        if let Some(place) = self.citizens.get_mut(node) {
            *place = None;
        }
        if let Some(ends) = self.ends.get_mut(node) {
            ends.clear();
        }
        self.tables.clear(node);
    }

    /// Returns a node, if it lives.
    pub(super) fn citizen(&self, node: usize) -> Option<&Citizen> {
        self.citizens.get(node).and_then(Option::as_ref)
    }

    /// Tells whether a node lives.
    pub(super) fn lives(&self, node: usize) -> bool {
        self.citizen(node).is_some()
    }

    fn end(&self, node: u32, link: LinkId) -> Option<End> {
        self.ends.get(node as usize)?.get(&link).copied()
    }

    fn put_end(&mut self, node: u32, link: LinkId, end: End) {
        if let Some(ends) = self.ends.get_mut(node as usize) {
            ends.insert(link, end);
        }
    }

    fn take_end(&mut self, node: u32, link: LinkId) -> Option<End> {
        let end = self.ends.get_mut(node as usize)?.remove(&link)?;
        self.tables.link_changed(node as usize, link);
        self.tables.link_changed(end.peer as usize, end.theirs);
        Some(end)
    }

    /// Returns how many links there are of which both ends are open.
    pub(super) fn links(&self) -> usize {
        let open = |end: &&End| {
            end.open && self.end(end.peer, end.theirs).is_some_and(|theirs| theirs.open)
        };
        self.ends.iter().flat_map(BTreeMap::values).filter(open).count() / 2
    }

    /// Returns where a packet at `node` goes next, by the names that hold its destination.
    pub(super) fn next(&self, node: u32, names: &[Name]) -> Option<u32> {
        let Next::Through(link) = self.tables.next(node as usize, names) else { return None };
        let end = self.end(node, link).filter(|end| end.open)?;
        let whole = self.end(end.peer, end.theirs).is_some_and(|theirs| theirs.open);
        let passes = whole && self.lives(end.peer as usize) && !self.is_blocked(node, end.peer);
        passes.then_some(end.peer)
    }

    /// Returns the nodes on the way from `from` to `to`, both included; `None` if there is none.
    pub(super) fn walk(&self, from: u32, to: u32) -> Option<Vec<u32>> {
        let (way, arrives) = self.way(from, to);
        arrives.then_some(way)
    }

    /// Returns the nodes that a packet comes to, the first included, and whether it arrives.
    pub(super) fn way(&self, from: u32, to: u32) -> (Vec<u32>, bool) {
        let names = self.tables.names(&self.web, to as usize);
        let (mut way, mut at) = (vec![from], from);
        while at != to && way.len() <= LONGEST {
            let Some(next) = self.next(at, &names) else { break };
            at = next;
            way.push(at);
        }
        let arrives = at == to && way.len() <= LONGEST;
        (way, arrives)
    }

    /// Returns when what is sent through a tunnel now arrives.
    pub(super) fn arrival(&self, from: u32, to: u32, now: Time) -> Time {
        let trip = self.land.tunnel(from as usize, to as usize);
        now + Duration::from_micros(u64::from(trip)) / 2
    }

    /// Takes down what happened to an arrow or a link.
    fn note(&mut self, event: &arrows::Event) {
        let counts = &mut self.counts;
        match event {
            arrows::Event::Opened { .. } => counts.opened += 1,
            arrows::Event::Died { of, .. } | arrows::Event::Parted { of, .. } => {
                counts.lost += u64::from(*of == Death::Lost);
                let was_ours = matches!(event, arrows::Event::Died { .. });
                counts.died += u64::from(was_ours && of.was_alive());
            }
            arrows::Event::Born { .. }
            | arrows::Event::Draining { .. }
            | arrows::Event::TurnedAway { .. }
            | arrows::Event::Accepted { .. }
            | arrows::Event::Suspected { .. }
            | arrows::Event::Trusted { .. }
            | arrows::Event::Overstayed { .. }
            | arrows::Event::Garbled { .. } => {}
        }
    }
}
