//! A network in memory: links with a delay and losses, and an authority that anybody can read.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

use words::{Carrier, Carriers, Dice, Engine, LinkId, NodeId, Prefix, Time, Wall};

use crate::{
    Authority, Contact, Document, Endpoint, Gossip, Identity, Input, Introduction, Output,
    Parameters, PublicKey, Refused, SignedDocument,
};

pub(super) const NETWORK: Prefix = Prefix::new(0xfd00_0042 << 96, 48);
pub(super) const NOW: Wall = Wall(1_800_000_000);
pub(super) const DELAY: Duration = Duration::from_millis(50);

/// Certificates are `CA`, serial, last second and prefix, in clear.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fake;

impl Authority for Fake {
    fn certificate(&self, der: &[u8], now: Wall) -> Result<Identity, Refused> {
        let rest = der.strip_prefix(b"CA").ok_or(Refused::OtherAuthority)?;
        let (serial, rest) = rest.split_first_chunk::<8>().ok_or(Refused::Unreadable)?;
        let (expires, bits) = rest.split_first_chunk::<8>().ok_or(Refused::Unreadable)?;
        let bits: [u8; 16] = bits.try_into().map_err(|_| Refused::Unreadable)?;
        let expires = Wall(u64::from_be_bytes(*expires));
        if expires < now {
            return Err(Refused::Expired { since: expires });
        }
        let node = NodeId(Prefix::new(u128::from_be_bytes(bits), 64));
        let serial = u64::from_be_bytes(*serial);
        Ok(Identity { node, serial, key: PublicKey(bits.to_vec()), expires })
    }

    fn signature(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        sign(&key.0, message) == signature
    }

    fn document(&self, message: &[u8], signature: &[u8]) -> bool {
        sign(b"CA", message) == signature
    }
}

fn sign(key: &[u8], message: &[u8]) -> Vec<u8> {
    let octets = key.iter().chain(message);
    let fold = |hash: u64, octet: &u8| (hash ^ u64::from(*octet)).wrapping_mul(0x100_0000_01b3);
    octets.fold(0xcbf2_9ce4_8422_2325, fold).to_be_bytes().to_vec()
}

pub(super) fn name(n: usize) -> NodeId {
    NodeId(Prefix::new(NETWORK.bits() | ((n as u128 + 1) << 64), 64))
}

pub(super) fn serial(n: usize) -> u64 {
    n as u64 + 100
}

pub(super) fn contact(n: usize, issued: Wall) -> Contact {
    let octet = u8::try_from(n % 256).unwrap();
    let address = ([203, 0, 113, octet], 6326).into();
    Contact {
        node: name(n),
        issued,
        key: [octet; 32],
        endpoints: vec![Endpoint { carrier: Carrier::Udp, address }],
        carriers: Carriers::of([Carrier::Udp]),
        country: None,
        capacity: None,
        escaped: false,
        merges: false,
    }
}

/// Introduces `contact` with the certificate of node `n`.
pub(super) fn introduction(n: usize, contact: &Contact, expires: Wall) -> Vec<u8> {
    let bits = name(n).0.bits().to_be_bytes();
    let mut certificate = b"CA".to_vec();
    certificate.extend(serial(n).to_be_bytes());
    certificate.extend(expires.0.to_be_bytes());
    certificate.extend(bits);
    let contact = contact.encode().unwrap();
    let signature = sign(&bits, &Contact::signed(&contact));
    Introduction { certificate, contact, signature }.encode().unwrap()
}

/// What node `n` says of itself, said just now.
pub(super) fn myself(n: usize) -> Vec<u8> {
    introduction(n, &contact(n, NOW), Wall(u64::MAX))
}

pub(super) fn document(version: u64, revoked: Vec<u64>) -> Document {
    Document {
        network: NETWORK,
        version,
        issued: NOW,
        parameters: Parameters::default(),
        revoked,
        meshes: None,
    }
}

pub(super) fn signed(document: &Document) -> Vec<u8> {
    let bytes = document.encode().unwrap();
    let signature = sign(b"CA", &Document::signed(&bytes));
    SignedDocument { bytes, signature }.encode().unwrap()
}

/// A node that knows the time and itself, and has asked the registry.
pub(super) fn node(n: usize) -> Gossip<Fake> {
    let mut seed = [7; 32];
    seed[0] = u8::try_from(n % 256).unwrap();
    let mut node = Gossip::new(NETWORK, name(n), Fake, seed, Time::ZERO);
    node.handle(Input::Calendar(NOW), Time::ZERO);
    node.handle(Input::Myself(myself(n)), Time::ZERO);
    assert_eq!(said(&mut node), [Output::AskRegistry]);
    node
}

pub(super) fn said(node: &mut Gossip<Fake>) -> Vec<Output> {
    core::iter::from_fn(|| node.poll()).collect()
}

enum Entry {
    Frame(usize, LinkId, Vec<u8>),
    Overlay(usize, Ipv6Addr, Vec<u8>),
}

pub(super) struct Net {
    pub(super) now: Time,
    pub(super) nodes: Vec<Gossip<Fake>>,
    /// Everything that was said, by whom, but what was sent.
    pub(super) said: Vec<(Time, usize, Output)>,
    ends: BTreeMap<(usize, LinkId), (usize, LinkId)>,
    agenda: BTreeMap<(Time, u64), Entry>,
    /// When each node wants to be woken.
    wakes: BTreeSet<(Time, usize)>,
    wake: Vec<Time>,
    entries: u64,
    links: u32,
    loss: usize,
    dice: Dice,
    /// How long each word of a node takes on its line, and when the line is free.
    lines: BTreeMap<usize, (Duration, Time)>,
}

impl Net {
    /// Returns `count` nodes without links; `loss` per cent of the words will be lost.
    pub(super) fn new(count: usize, loss: usize, seed: u8) -> Self {
        let mut net = Self {
            now: Time::ZERO,
            nodes: (0..count).map(node).collect(),
            said: Vec::new(),
            ends: BTreeMap::new(),
            agenda: BTreeMap::new(),
            wakes: BTreeSet::new(),
            wake: vec![Time::ZERO; count],
            entries: 0,
            links: 0,
            loss,
            dice: Dice::of([seed; 32], "net"),
            lines: BTreeMap::new(),
        };
        (0..count).for_each(|n| net.listen(n));
        net
    }

    /// Opens `arrows` links from every node to nodes drawn at random.
    pub(super) fn mesh(&mut self, arrows: usize) {
        let count = self.nodes.len();
        for n in 0..count {
            for _ in 0..arrows {
                let to = (n + 1 + self.dice.below(count - 1)) % count;
                self.join(n, to);
            }
        }
    }

    pub(super) fn join(&mut self, a: usize, b: usize) -> (LinkId, LinkId) {
        let ends = (LinkId::ours(self.links), LinkId::theirs(self.links));
        self.links += 1;
        self.ends.insert((a, ends.0), (b, ends.1));
        self.ends.insert((b, ends.1), (a, ends.0));
        self.feed(a, Input::Bootstrap(&[myself(b)]));
        self.feed(a, Input::Find(ends.0, name(b)));
        self.feed(b, Input::Judge(ends.1, &myself(a), contact(a, NOW).key));
        self.feed(a, Input::LinkUp(ends.0, name(b)));
        self.feed(b, Input::LinkUp(ends.1, name(a)));
        ends
    }

    pub(super) fn feed(&mut self, n: usize, input: Input<'_>) {
        self.nodes[n].handle(input, self.now);
        self.listen(n);
    }

    /// Lets `duration` pass.
    pub(super) fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let wake = *self.wakes.first().unwrap();
            let next = self.agenda.first_key_value().map(|(key, _)| *key);
            if let Some(key) = next.filter(|key| key.0 <= wake.0 && key.0 <= end) {
                self.now = key.0;
                let entry = self.agenda.remove(&key).unwrap();
                self.deliver(entry);
            } else if wake.0 <= end {
                self.now = self.now.max(wake.0);
                self.feed(wake.1, Input::Wake);
            } else {
                self.now = end;
                return;
            }
        }
    }

    pub(super) fn outputs(&self, n: usize) -> impl Iterator<Item = &Output> {
        self.said.iter().filter(move |(_, who, _)| *who == n).map(|(_, _, output)| output)
    }

    pub(super) fn everybody_has(&self, version: u64) -> bool {
        self.nodes.iter().all(|node| node.version() == version)
    }

    fn deliver(&mut self, entry: Entry) {
        match entry {
            Entry::Frame(to, link, octets) => self.feed(to, Input::Frame(link, &octets)),
            Entry::Overlay(to, from, octets) => self.feed(to, Input::Overlay(from, &octets)),
        }
    }

    fn listen(&mut self, n: usize) {
        self.wakes.remove(&(self.wake[n], n));
        self.wake[n] = self.nodes[n].deadline().unwrap().at;
        self.wakes.insert((self.wake[n], n));
        for output in said(&mut self.nodes[n]) {
            if let Output::Send(link, octets) = output {
                if let Some((to, link)) = self.ends.get(&(n, link)).copied() {
                    self.post(n, Entry::Frame(to, link, octets));
                }
            } else if let Output::Overlay(to, octets) = output {
                if let Some(to) = (0..self.nodes.len()).find(|at| name(*at) == to) {
                    self.post(n, Entry::Overlay(to, name(n).address(), octets));
                }
            } else {
                if let Output::Banish(link) = &output {
                    self.cut(n, *link);
                }
                self.said.push((self.now, n, output));
            }
        }
    }

    fn cut(&mut self, n: usize, link: LinkId) {
        let Some((other, theirs)) = self.ends.remove(&(n, link)) else { return };
        self.ends.remove(&(other, theirs));
        self.feed(n, Input::LinkDown(link));
        self.feed(other, Input::LinkDown(theirs));
    }

    /// Gives a node a line on which each word takes so long.
    pub(super) fn lay(&mut self, n: usize, each: Duration) {
        self.lines.insert(n, (each, Time::ZERO));
    }

    fn post(&mut self, from: usize, entry: Entry) {
        let now = self.now;
        let left = self.lines.get_mut(&from).map_or(now, |(each, free)| {
            *free = now.max(*free) + *each;
            *free
        });
        if self.dice.below(100) >= self.loss {
            self.entries += 1;
            self.agenda.insert((left + DELAY, self.entries), entry);
        }
    }
}
