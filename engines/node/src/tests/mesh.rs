//! A mesh in memory: links with a delay, carriers that always open, no clock but ours.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec;
use alloc::vec::Vec;
use core::net::{Ipv6Addr, SocketAddr};
use core::time::Duration;

use babel::Babel;
use gossip::{
    Authority, Contact, Document, Endpoint, Gossip, Identity, Introduction, Meshes, Parameters,
    PublicKey, Refused, SignedDocument,
};
use words::frame::Kind;
use words::routing::Range;
use words::{Carrier, Carriers, Dice, Engine, LinkId, NodeId, Prefix, Time, Wall};

use crate::{Event, Input, Ipv4, Local, Node, Output, babel_settings};

pub(super) mod orders;

/// The last second of every certificate.
const EXPIRES: Wall = Wall(3_000_000_000);

/// Believes every certificate of its own making: prefix and serial, in clear.
#[derive(Debug)]
pub(super) struct Trusting;

impl Authority for Trusting {
    fn certificate(&self, der: &[u8], now: Wall) -> Result<Identity, Refused> {
        if now > EXPIRES {
            return Err(Refused::Expired { since: EXPIRES });
        }
        let (bits, serial) = der.split_first_chunk::<16>().unwrap();
        let serial = u64::from_be_bytes(serial.try_into().unwrap());
        let node = NodeId(Prefix::new(u128::from_be_bytes(*bits), 64));
        Ok(Identity { node, serial, key: PublicKey(vec![]), expires: EXPIRES })
    }

    fn signature(&self, _: &PublicKey, _: &[u8], _: &[u8]) -> bool {
        true
    }

    fn document(&self, _: &[u8], _: &[u8]) -> bool {
        true
    }
}

pub(super) type Whole = Node<Babel, Trusting>;

/// What is to happen, and to whom.
#[derive(Clone, Debug)]
enum Entry {
    Wake(usize),
    Ask(usize, LinkId, usize, Vec<u8>),
    Up(usize, LinkId),
    Frame(usize, LinkId, Vec<u8>),
    Overlay(usize, Ipv6Addr, Vec<u8>),
    Bootstrap(usize),
}

pub(super) struct Mesh {
    pub(super) now: Time,
    pub(super) nodes: Vec<Option<Whole>>,
    /// Each end of a link, and the other.
    ends: BTreeMap<(usize, LinkId), (usize, LinkId)>,
    /// Ends that are open.
    open: BTreeSet<(usize, LinkId)>,
    routes: Vec<BTreeMap<Range, LinkId>>,
    /// The IPv4 addresses of each node.
    pub(super) ipv4: Vec<Option<Ipv4>>,
    agenda: BTreeMap<(Time, u64), Entry>,
    entries: u64,
    inbound: u32,
    dice: Dice,
    deaths: u32,
    /// Arrows drawn, by what the draw was owed to.
    drawn: BTreeMap<&'static str, u32>,
    digest: u64,
    parameters: Parameters,
    meshes: Option<Meshes>,
    version: u64,
    /// Links refused or closed because their nodes were not elected.
    pub(super) strangers: u32,
    /// Links that waited for a newer document.
    pub(super) waits: u32,
    /// Nobody answers for the registry.
    registry_away: bool,
    /// What is sent between nodes below this number and others is lost.
    divided: usize,
    /// Pairs of nodes between which what is sent is lost.
    cuts: BTreeSet<(usize, usize)>,
    /// Nodes that sleep, and until when.
    asleep: BTreeMap<usize, Time>,
    /// Nodes that gossip comes to late, and until when it waits.
    late: BTreeMap<usize, Time>,
    /// Frames that each node sent, and links that it dialled.
    sent: Vec<u32>,
    dialled: Vec<u32>,
    /// Since when each node was woken without a pause, and how often.
    woken: Vec<(Time, u32)>,
}

pub(super) const NETWORK: Prefix = Prefix::new(0xfd00_0042_0000_0000_0000_0000_0000_0000, 48);

/// Returns the name of a node: even ones are in the lower half of the network, odd ones in the
/// upper; of each half, every other one in its lower half.
pub(super) fn name(n: usize) -> NodeId {
    let half = (n as u128 % 2) << 79 | (n as u128 / 2 % 2) << 78;
    NodeId(Prefix::new(NETWORK.bits() | half | ((n as u128 + 1) << 64), 64))
}

fn introduction(n: usize) -> Vec<u8> {
    shown(n, Wall(1_000), false)
}

fn shown(n: usize, issued: Wall, escaped: bool) -> Vec<u8> {
    let address = SocketAddr::from(([203, 0, 113, u8::try_from(n).unwrap()], 6326));
    let contact = Contact {
        node: name(n),
        issued,
        key: [u8::try_from(n).unwrap(); 32],
        endpoints: vec![Endpoint { carrier: Carrier::Udp, address }],
        carriers: Carriers::of([Carrier::Udp]),
        country: None,
        capacity: None,
        escaped,
        merges: false,
    };
    let mut certificate = name(n).0.bits().to_be_bytes().to_vec();
    certificate.extend((n as u64 + 100).to_be_bytes());
    let contact = contact.encode().unwrap();
    Introduction { certificate, contact, signature: vec![] }.encode().unwrap()
}

impl Mesh {
    pub(super) fn new(count: usize, seed: u8) -> Self {
        Self::with(count, seed, &Parameters::default())
    }

    pub(super) fn with(count: usize, seed: u8, parameters: &Parameters) -> Self {
        let mut mesh = Self {
            now: Time::ZERO,
            nodes: Vec::new(),
            ends: BTreeMap::new(),
            open: BTreeSet::new(),
            routes: vec![BTreeMap::new(); count],
            ipv4: vec![None; count],
            agenda: BTreeMap::new(),
            entries: 0,
            inbound: 0,
            dice: Dice::of([seed; 32], "mesh"),
            deaths: 0,
            drawn: BTreeMap::new(),
            digest: 0,
            parameters: parameters.clone(),
            meshes: None,
            version: 1,
            strangers: 0,
            waits: 0,
            registry_away: false,
            divided: 0,
            cuts: BTreeSet::new(),
            asleep: BTreeMap::new(),
            late: BTreeMap::new(),
            sent: vec![0; count],
            dialled: vec![0; count],
            woken: vec![(Time::ZERO, 0); count],
        };
        let born = (0..count).map(|n| Some(mesh.newborn(n, seed))).collect();
        mesh.nodes = born;
        (0..count).for_each(|n| mesh.begin(n, Wall(2_000)));
        mesh
    }

    fn newborn(&self, n: usize, seed: u8) -> Whole {
        let mut own = [seed; 32];
        own[0] = u8::try_from(n).unwrap();
        let local = Local::new(name(n), Carriers::of([Carrier::Udp]));
        let router_id = name(n).routing_name();
        let babel = Babel::new(babel_settings(NETWORK, 64, router_id), own, self.now);
        let gossip = Gossip::new(NETWORK, name(n), Trusting, own, self.now);
        Node::new(local, babel, gossip, own, self.now)
    }

    /// Tells a node that was just born what it is told first.
    fn begin(&mut self, n: usize, wall: Wall) {
        self.feed(n, Input::Calendar(wall));
        self.feed(n, Input::Myself(&introduction(n)));
        self.feed(n, Input::Index(u32::try_from(n).unwrap() + 1));
        let document = self.document(Vec::new());
        self.feed(n, Input::Document(&document));
    }

    fn document(&self, revoked: Vec<u64>) -> Vec<u8> {
        let document = Document {
            network: NETWORK,
            version: self.version,
            issued: Wall(1_000),
            parameters: self.parameters.clone(),
            revoked,
            meshes: self.meshes.clone(),
        };
        SignedDocument { bytes: document.encode().unwrap(), signature: vec![] }.encode().unwrap()
    }

    pub(super) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(((at, _), _)) = self.agenda.first_key_value() {
            if *at > end {
                break;
            }
            let ((at, _), entry) = self.agenda.pop_first().unwrap();
            self.now = at;
            self.enact(entry);
        }
        self.now = end;
    }

    fn enact(&mut self, entry: Entry) {
        let (Entry::Wake(n) | Entry::Up(n, _) | Entry::Bootstrap(n)) = entry else {
            return self.arrive(entry);
        };
        // Who sleeps does it later.
        match self.asleep.get(&n).copied() {
            Some(until) if self.now < until => self.plan(until, entry),
            Some(_) | None => self.arrive(entry),
        }
    }

    fn arrive(&mut self, entry: Entry) {
        match entry {
            Entry::Wake(n) => {
                let due = self.nodes[n].as_ref().and_then(Engine::deadline);
                if due.is_some_and(|due| due.at <= self.now) {
                    self.notice(n);
                    // As the daemon does: what crossed links is told before.
                    self.feed(n, Input::Traffic(&[]));
                    self.feed(n, Input::Wake);
                }
            }
            Entry::Ask(_, _, to, _) if !self.is_awake(to) => {}
            Entry::Ask(from, link, to, shown) => {
                self.inbound += 1;
                let theirs = LinkId::theirs(self.inbound);
                self.ends.insert((from, link), (to, theirs));
                self.ends.insert((to, theirs), (from, link));
                let key = [u8::try_from(from).unwrap(); 32];
                self.feed(to, Input::Request { link: theirs, key, introduction: &shown });
            }
            Entry::Up(n, link) => {
                if self.ends.contains_key(&(n, link)) {
                    self.open.insert((n, link));
                    self.feed(n, Input::Up(link));
                }
            }
            Entry::Frame(n, link, frame) if self.waits(n, &frame) => {
                let until = self.late.get(&n).copied().unwrap_or(self.now);
                self.plan(until, Entry::Frame(n, link, frame));
            }
            Entry::Frame(n, link, frame) => {
                if self.open.contains(&(n, link)) && self.is_awake(n) {
                    self.feed(n, Input::Frame(link, &frame));
                }
            }
            Entry::Overlay(n, from, words) => self.feed(n, Input::Overlay(from, &words)),
            Entry::Bootstrap(n) => {
                let other = self.dice.below(self.nodes.len());
                if other != n {
                    self.feed(n, Input::Bootstrap(&[introduction(other)]));
                }
            }
        }
    }

    pub(super) fn feed(&mut self, n: usize, input: Input<'_>) {
        let now = self.now;
        let Some(node) = &mut self.nodes[n] else { return };
        node.handle(input, now);
        let said: VecDeque<_> = core::iter::from_fn(|| node.poll()).collect();
        if let Some(due) = node.deadline() {
            self.plan(due.at.max(now + Duration::from_micros(1)), Entry::Wake(n));
        }
        for output in said {
            self.perform(n, output);
        }
    }

    fn perform(&mut self, n: usize, output: Output) {
        let later = self.now + delay(n);
        match output {
            Output::Open { link, to, introduction, .. } => {
                let to = (0..self.nodes.len()).find(|other| name(*other) == to).unwrap();
                self.dialled[n] += 1;
                if self.nodes[to].is_some() && !self.is_cut(n, to) {
                    self.plan(later, Entry::Ask(n, link, to, introduction));
                }
            }
            Output::Accept(link) => {
                let (other, theirs) = self.ends[&(n, link)];
                self.plan(self.now, Entry::Up(n, link));
                self.plan(later, Entry::Up(other, theirs));
            }
            Output::Refuse(link, reason) => {
                if let Some((other, theirs)) = self.ends.remove(&(n, link)) {
                    self.ends.remove(&(other, theirs));
                    self.feed(other, Input::Refused(theirs, reason));
                }
            }
            Output::Close(link) => {
                self.open.remove(&(n, link));
                self.ends.remove(&(n, link));
            }
            Output::Send(link, frame) => {
                self.digest = digest(self.digest, &frame);
                self.sent[n] += 1;
                if let Some((other, theirs)) = self.ends.get(&(n, link)).copied()
                    && !self.is_cut(n, other)
                {
                    self.plan(later, Entry::Frame(other, theirs, frame));
                }
            }
            Output::Overlay(to, words) => {
                if let Some(other) = self.walk(n, to) {
                    self.plan(later, Entry::Overlay(other, name(n).address(), words));
                }
            }
            Output::Route(range, Some(link)) => _ = self.routes[n].insert(range, link),
            Output::Route(range, None) => _ = self.routes[n].remove(&range),
            Output::Ipv4(ours) => self.ipv4[n] = ours,
            Output::Escape(escaped) => {
                let issued = Wall(2_000).plus(self.now.since(Time::ZERO));
                self.feed(n, Input::Myself(&shown(n, issued, escaped)));
            }
            Output::AskRegistry if self.registry_away => {}
            Output::AskRegistry => self.plan(later, Entry::Bootstrap(n)),
            Output::Event(event) => self.happened(&event),
            Output::Redial { .. }
            | Output::Nearer { .. }
            | Output::Beckon { .. }
            | Output::Seen(_)
            | Output::Closed(_)
            | Output::Watch(_)
            | Output::Attested { .. }
            | Output::SaveDocument(_)
            | Output::SaveContacts(_) => {}
        }
    }

    fn happened(&mut self, event: &Event) {
        match event {
            Event::Arrows(arrows::Event::Died { of, .. }) if of.was_alive() => self.deaths += 1,
            Event::Arrows(arrows::Event::Born { of, .. }) => {
                *self.drawn.entry(of.name()).or_default() += 1;
            }
            Event::Waits { .. } => self.waits += 1,
            Event::NotAdmitted { .. } | Event::Expelled { .. } => self.strangers += 1,
            Event::Arrows(_)
            | Event::Gossip(_)
            | Event::NoIpv4 { .. }
            | Event::Entered { .. }
            | Event::Left { .. }
            | Event::Escaped(_)
            | Event::SeeksRefuge { .. }
            | Event::Refugee { .. }
            | Event::UnknownFrame(_) => {}
        }
    }

    fn plan(&mut self, at: Time, entry: Entry) {
        self.entries += 1;
        self.agenda.insert((at, self.entries), entry);
    }

    fn is_cut(&self, a: usize, b: usize) -> bool {
        (a < self.divided) != (b < self.divided) || self.cuts.contains(&(a.min(b), a.max(b)))
    }

    fn is_awake(&self, n: usize) -> bool {
        self.asleep.get(&n).is_none_or(|until| *until <= self.now)
    }

    /// Tells whether a frame is gossip for a node that hears it late.
    fn waits(&self, n: usize, frame: &[u8]) -> bool {
        let is_late = self.late.get(&n).is_some_and(|until| *until > self.now);
        is_late && frame.first().copied() == Kind::Gossip.octet()
    }

    /// Follows the routes from node `n` to `address`, hop by hop.
    fn walk(&self, n: usize, address: Ipv6Addr) -> Option<usize> {
        self.trace(n, address).filter(|at| name(*at).address() == address)
    }

    /// The same, up to where it is after so many hops that it circles, if it does.
    fn trace(&self, n: usize, address: Ipv6Addr) -> Option<usize> {
        let mut at = n;
        for _ in 0..32 {
            if name(at).address() == address {
                return Some(at);
            }
            at = self.hop(at, address)?;
        }
        Some(at)
    }

    /// Returns where a packet to `address` goes from node `n`, if it does not end there.
    fn hop(&self, n: usize, address: Ipv6Addr) -> Option<usize> {
        let holds = self.routes[n].iter().filter(|(range, _)| range.to.contains(address));
        let (_, link) = holds.max_by_key(|(range, _)| range.to.length())?;
        let (other, theirs) = self.ends.get(&(n, *link))?;
        let arrives = self.open.contains(&(*other, *theirs)) && !self.is_cut(n, *other);
        arrives.then_some(*other)
    }

    pub(super) fn unreachable_pairs(&self) -> usize {
        self.unreachable_pairs_but(usize::MAX)
    }

    pub(super) fn unreachable_pairs_but(&self, out: usize) -> usize {
        let alive = || (0..self.nodes.len()).filter(|n| self.nodes[*n].is_some() && *n != out);
        let pairs = alive().flat_map(|a| alive().map(move |b| (a, b)));
        pairs.filter(|(a, b)| self.walk(*a, name(*b).address()).is_none()).count()
    }

    pub(super) fn links_of(&self, n: usize) -> usize {
        self.open.range((n, LinkId(0))..=(n, LinkId(u32::MAX))).count()
    }

    pub(super) fn who_routes_to(&self, n: usize) -> Vec<usize> {
        (0..self.nodes.len()).filter(|a| self.routes[*a].contains_key(&name(n).0.into())).collect()
    }

    /// Returns the nodes that have a route to this very range.
    pub(super) fn who_has(&self, range: Range) -> Vec<usize> {
        (0..self.nodes.len()).filter(|n| self.routes[*n].contains_key(&range)).collect()
    }

    /// Follows the routes to `range` from node `n`, to whoever has none.
    pub(super) fn follow(&self, n: usize, range: Range) -> usize {
        let mut at = n;
        for _ in 0..32 {
            let Some(link) = self.routes[at].get(&range) else { return at };
            at = self.ends[&(at, *link)].0;
        }
        panic!("a loop from {n} for {range}")
    }

    pub(super) fn tell(&mut self, n: usize, input: Input<'_>) {
        self.feed(n, input);
    }

    pub(super) fn passed_over(&self, n: usize, reason: &str) -> u64 {
        let babel = self.nodes[n].as_ref().unwrap().routing();
        babel.counters().passed_over.get(reason).copied().unwrap_or(0)
    }

    pub(super) fn deaths(&self) -> u32 {
        self.deaths
    }

    pub(super) fn drawn(&self, cause: &str) -> u32 {
        self.drawn.get(cause).copied().unwrap_or(0)
    }

    pub(super) fn digest(&self) -> u64 {
        self.digest
    }

    pub(super) fn sent(&self, n: usize) -> u32 {
        self.sent[n]
    }

    pub(super) fn dialled(&self, n: usize) -> u32 {
        self.dialled[n]
    }

    pub(super) fn node(&self, n: usize) -> &Whole {
        self.nodes[n].as_ref().unwrap()
    }
}

/// Returns how long what a node says takes to its neighbours.
fn delay(n: usize) -> Duration {
    Duration::from_millis(20 + 7 * (n as u64 % 5))
}

/// Returns what stands for all frames so far, and this one.
fn digest(before: u64, frame: &[u8]) -> u64 {
    let mix = |digest: u64, octet: &u8| (digest ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3);
    frame.iter().fold(before, mix)
}
