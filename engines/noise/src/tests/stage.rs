//! Carriers, a network between them, and a plane that only counts.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use words::{Engine, LinkId, Time, Wall};

use crate::{Input, Keys, Noise, Output, Settings, Why};

pub(super) const SECOND: Duration = Duration::from_secs(1);

/// One way of the network, unless a story says otherwise.
pub(super) const DELAY: Duration = Duration::from_millis(40);

/// What the nodes say to requests.
pub(super) enum Policy {
    Accept,
    Refuse(u8),
    Silence,
    /// Yes to the nodes of the stage, no to all others.
    KnowNodes,
}

/// What is on its way.
#[derive(Clone, Debug)]
pub(super) struct Packet {
    at: Time,
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) body: Body,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    Hello(Vec<u8>),
    /// A packet of the session of this index.
    Frame(u32),
}

/// When the copies of a packet arrive; none if it is lost.
pub(super) type Fate = Box<dyn FnMut(&Packet) -> Vec<Duration>>;

pub(super) struct Stage {
    pub(super) now: Time,
    pub(super) nodes: Vec<Noise>,
    /// What each said, but for datagrams.
    pub(super) said: Vec<Vec<Output>>,
    /// The datagrams each sent.
    pub(super) sent: Vec<Vec<Vec<u8>>>,
    /// Installed sessions of each, by local index, with their order and whether heard.
    pub(super) plane: Vec<BTreeMap<u32, Session>>,
    /// Frames that arrived and opened with nothing, of each.
    pub(super) lost: Vec<usize>,
    pub(super) policy: Policy,
    pub(super) fate: Fate,
    /// Another address of a node.
    pub(super) also: Option<(SocketAddr, usize)>,
    /// Whether what came last came there: what is answered goes from there.
    there: bool,
    wire: Vec<Packet>,
    installed: usize,
}

pub(super) struct Session {
    link: LinkId,
    keys: Keys,
    to: SocketAddr,
    order: usize,
    heard: bool,
}

/// Where node `n` is.
pub(super) fn address(n: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, u8::try_from(n).unwrap()], 6326))
}

/// A node of the test: its number is its key and its luck.
pub(super) fn node(n: usize, settings: Settings, calendar: u64, now: Time) -> Noise {
    let n = u8::try_from(n).unwrap();
    let mut noise = Noise::new([n + 1; 32], [n + 101; 32], settings, Wall(calendar), now);
    noise.handle(Input::Introduction(alloc::format!("node {n}").into_bytes()), now);
    noise
}

impl Stage {
    pub(super) fn new(nodes: usize) -> Self {
        Self::of(vec![Settings::default(); nodes])
    }

    pub(super) fn of(settings: Vec<Settings>) -> Self {
        let count = settings.len();
        let nodes = settings.into_iter().enumerate();
        Self {
            now: Time::ZERO,
            nodes: nodes.map(|(n, s)| node(n, s, 1_700_000_000, Time::ZERO)).collect(),
            said: vec![Vec::new(); count],
            sent: vec![Vec::new(); count],
            plane: (0..count).map(|_| BTreeMap::new()).collect(),
            lost: vec![0; count],
            policy: Policy::Accept,
            fate: Box::new(|_| vec![DELAY]),
            also: None,
            there: false,
            wire: Vec::new(),
            installed: 0,
        }
    }

    pub(super) fn open(&mut self, node: usize, link: LinkId, to: usize) {
        let peer = self.nodes[to].public();
        self.tell(node, Input::Open { link, peer, endpoints: &[address(to)], introduction: &[] });
    }

    pub(super) fn tell(&mut self, node: usize, input: Input<'_>) {
        self.nodes[node].handle(input, self.now);
        self.listen(node);
    }

    /// Lets time pass, and everything that is due in it happen.
    pub(super) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(next) = self.next().filter(|next| *next <= end) {
            self.now = next;
            self.deliver();
            for node in 0..self.nodes.len() {
                if self.nodes[node].deadline().is_some_and(|deadline| deadline.at <= next) {
                    self.tell(node, Input::Wake);
                }
            }
        }
        self.now = end;
    }

    fn next(&self) -> Option<Time> {
        let deadlines = self.nodes.iter().filter_map(|node| Some(node.deadline()?.at));
        deadlines.chain(self.wire.iter().map(|packet| packet.at)).min().map(|at| at.max(self.now))
    }

    fn deliver(&mut self) {
        let now = self.now;
        let due: Vec<_> = self.wire.extract_if(.., |packet| packet.at <= now).collect();
        for Packet { from, to, body, .. } in due {
            let also = self.also.filter(|(at, _)| *at == to).map(|(_, node)| node);
            let node = (0..self.nodes.len()).find(|n| address(*n) == to).or(also);
            let Some(node) = node else { continue };
            self.there = also.is_some();
            match body {
                Body::Hello(bytes) => self.tell(node, Input::Datagram { from, bytes: &bytes }),
                Body::Frame(index) => self.frame_came(node, index),
            }
            self.there = false;
        }
    }

    fn frame_came(&mut self, node: usize, index: u32) {
        match self.plane[node].get_mut(&index) {
            Some(session) => {
                session.heard = true;
                let link = session.link;
                self.tell(node, Input::Heard { link, receiver: index });
            }
            None => self.lost[node] += 1,
        }
    }

    fn listen(&mut self, node: usize) {
        while let Some(said) = self.nodes[node].poll() {
            match &said {
                Output::Transmit { to, bytes } => {
                    self.sent[node].push(bytes.clone());
                    let there = self.also.filter(|_| self.there).map(|(at, _)| at);
                    let from = there.unwrap_or_else(|| address(node));
                    self.send(from, *to, Body::Hello(bytes.clone()));
                    continue;
                }
                Output::Request { link, key, .. } => {
                    let link = *link;
                    let known = self.nodes.iter().any(|node| node.public() == *key);
                    match self.policy {
                        Policy::Accept => self.nodes[node].handle(Input::Accept(link), self.now),
                        Policy::Refuse(code) => {
                            self.nodes[node].handle(Input::Refuse(link, code), self.now);
                        }
                        Policy::KnowNodes if known => {
                            self.nodes[node].handle(Input::Accept(link), self.now);
                        }
                        Policy::KnowNodes => {
                            self.nodes[node].handle(Input::Refuse(link, 4), self.now);
                        }
                        Policy::Silence => {}
                    }
                }
                Output::Install { link, keys, to } => {
                    self.installed += 1;
                    let (order, keys) = (self.installed, keys.clone());
                    let session = Session { link: *link, keys, to: *to, order, heard: false };
                    self.plane[node].insert(session.keys.local, session);
                }
                Output::Up { link, .. } if link.is_ours() => self.frame(node, *link),
                Output::Retire { receiver } => {
                    assert!(self.plane[node].remove(receiver).is_some(), "retired twice");
                }
                Output::Up { .. }
                | Output::Down(..)
                | Output::Refused(..)
                | Output::Redirect { .. }
                | Output::Observed { .. }
                | Output::Unanswered { .. }
                | Output::Event(_) => {}
            }
            self.said[node].push(said);
        }
    }

    /// Sends a frame through the newest session that may be sent through.
    pub(super) fn frame(&mut self, node: usize, link: LinkId) {
        let sessions = self.plane[node].values().filter(|session| session.link == link);
        let ready = sessions.filter(|session| session.keys.initiator || session.heard);
        let newest = ready.max_by_key(|session| session.order);
        if let Some((to, index)) = newest.map(|session| (session.to, session.keys.remote)) {
            self.send(address(node), to, Body::Frame(index));
        }
    }

    fn send(&mut self, from: SocketAddr, to: SocketAddr, body: Body) {
        let packet = Packet { at: self.now, from, to, body };
        for delay in (self.fate)(&packet) {
            self.wire.push(Packet { at: self.now + delay, ..packet.clone() });
        }
    }

    /// Returns the newest keys of a link.
    pub(super) fn keys(&self, node: usize, link: LinkId) -> &Keys {
        let sessions = self.plane[node].values().filter(|session| session.link == link);
        &sessions.max_by_key(|session| session.order).expect("a session").keys
    }

    pub(super) fn is_up(&self, node: usize, wanted: LinkId) -> bool {
        let up = self.said[node]
            .iter()
            .any(|said| matches!(said, Output::Up { link, .. } if *link == wanted));
        up && !self.downs(node).iter().any(|(link, _)| *link == wanted)
    }

    pub(super) fn ups(&self, node: usize) -> usize {
        self.said[node].iter().filter(|said| matches!(said, Output::Up { .. })).count()
    }

    pub(super) fn requests(&self, node: usize) -> usize {
        self.said[node].iter().filter(|said| matches!(said, Output::Request { .. })).count()
    }

    pub(super) fn downs(&self, node: usize) -> Vec<(LinkId, Why)> {
        let downs = self.said[node].iter().filter_map(|said| {
            let Output::Down(link, why) = said else { return None };
            Some((*link, *why))
        });
        downs.collect()
    }
}
