//! Engines, told stories: words of neighbours, links that come and go, time that passes.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use arrows::Arrows;
use babel::Babel;
use gossip::{Authority, Gossip, Identity, PublicKey, Refused};
use node::{Local, Node, babel_settings};
use noise::Noise;
use words::{Carrier, Carriers, LinkId, NodeId, Prefix, Time, Traffic, Wall, routing};

use super::documents::{ISSUED, NETWORK};
use crate::Script;
use crate::told::{rested, told};

/// The seed of all dice.
pub(super) const SEED: [u8; 32] = [7; 32];

/// The node that is told stories.
const ME: NodeId = peer(0);

/// Steps of a story at most: longer ones say nothing new.
const STEPS: usize = 300;

/// Returns one of a few nodes.
pub(super) const fn peer(number: u8) -> NodeId {
    NodeId(Prefix::new(NETWORK.bits() | ((number % 16) as u128) << 64, 64))
}

/// Returns one of a few links, of both sides.
fn link(number: u8) -> LinkId {
    let index = u32::from(number % 8);
    if number & 8 == 0 { LinkId::ours(index) } else { LinkId::theirs(index) }
}

/// Believes certificates of three octets: number of the node, serial, anything; and every
/// signature that does not begin with 255.
#[derive(Debug)]
struct Credulous;

impl Authority for Credulous {
    fn certificate(&self, der: &[u8], now: Wall) -> Result<Identity, Refused> {
        let [number, serial, ..] = der else { return Err(Refused::Unreadable) };
        let expires = ISSUED.plus(Duration::from_secs(u64::from(*serial) * 100));
        if expires < now {
            return Err(Refused::Expired { since: expires });
        }
        let key = PublicKey(vec![*number]);
        Ok(Identity { node: peer(*number), serial: u64::from(*serial), key, expires })
    }

    fn signature(&self, _: &PublicKey, _: &[u8], signature: &[u8]) -> bool {
        signature.first() != Some(&255)
    }

    fn document(&self, _: &[u8], signature: &[u8]) -> bool {
        signature.first() != Some(&255)
    }
}

/// Reads how much time passes, at most a minute.
fn passes(script: &mut Script<'_>, now: Time) -> Time {
    now + Duration::from_millis(u64::from(script.number() % 60_000))
}

/// Reads what crossed a link, true or not.
fn traffic(script: &mut Script<'_>, link: LinkId, now: Time) -> Traffic {
    let heard = Time::from_micros(now.as_micros().saturating_sub(script.number().into()));
    let carried = script.octet().is_multiple_of(2).then_some(heard);
    let (sent, came) = (script.octet().into(), script.octet().into());
    Traffic { link, heard, carried, sent, came }
}

/// Arrows, and the words of the other ends.
pub(super) fn arrows(octets: &[u8]) {
    let mut script = Script::new(octets);
    let mut engine = Arrows::new(arrows::Settings::default(), ME, SEED, Time::ZERO);
    let mut now = Time::ZERO;
    for _ in 0..STEPS {
        if script.is_over() {
            break;
        }
        let (what, at, who) = (script.octet(), link(script.octet()), peer(script.octet()));
        let crossed;
        let input = match what % 15 {
            0 => arrows::Input::Reachable(who),
            1 => arrows::Input::Unreachable(who),
            2 => arrows::Input::Found(at, Carriers::of([Carrier::Udp])),
            3 => arrows::Input::NotFound(at),
            4 => arrows::Input::Request(at, who),
            5 => arrows::Input::Up(at, who),
            6 => arrows::Input::Down(at),
            7 => arrows::Input::Refused(at, script.octet().into()),
            8 => arrows::Input::Usage(at, u32::from(script.octet())),
            9 => arrows::Input::Carried(at),
            10 => arrows::Input::Banish(at),
            11 => arrows::Input::Introduced(who),
            12 => arrows::Input::Frame(at, script.octets()),
            13 => {
                crossed = [traffic(&mut script, at, now)];
                arrows::Input::Traffic(&crossed)
            }
            _ => {
                now = passes(&mut script, now);
                arrows::Input::Wake
            }
        };
        if who != ME {
            told(&mut engine, input, now);
        }
        rested(&mut engine, || arrows::Input::Wake, now);
        assert!(engine.arrows().all(|arrow| arrow.node != ME), "an arrow to ourselves");
    }
}

/// Babel, and packets of neighbours.
pub(super) fn babel(octets: &[u8]) {
    let mut script = Script::new(octets);
    let mut engine = Babel::new(babel_settings(NETWORK, 64, [1; 8]), SEED, Time::ZERO);
    told(&mut engine, routing::Input::Announce(ME.0.into()), Time::ZERO);
    let mut now = Time::ZERO;
    for _ in 0..STEPS {
        if script.is_over() {
            break;
        }
        let (what, at) = (script.octet(), link(script.octet()));
        let some;
        let input = match what % 10 {
            0 => routing::Input::Up(at, routing::Scope(0)),
            1 => routing::Input::Down(at),
            2 => routing::Input::Shun(at),
            3 | 4 => routing::Input::Frame(at, script.octets()),
            5 => routing::Input::Announce(range(script.octet())),
            6 => routing::Input::Withdraw(range(script.octet())),
            8 => routing::Input::Charge(at, Duration::from_millis(script.number().into())),
            7 => {
                let exits = vec![peer(script.octet())];
                let parameters = gossip::Parameters { exits, ..gossip::Parameters::default() };
                some = node::admissions(NETWORK, 64, &parameters);
                routing::Input::Admit(&some)
            }
            _ => {
                now = passes(&mut script, now);
                routing::Input::Wake
            }
        };
        told(&mut engine, input, now);
        rested(&mut engine, || routing::Input::Wake, now);
    }
}

/// The prefix of a node, or a way out of the network.
fn range(number: u8) -> routing::Range {
    if number % 4 == 3 {
        routing::Range { to: Prefix::ALL, from: NETWORK }
    } else {
        peer(number).0.into()
    }
}

/// Gossip, and everything that nodes and registry tell it.
pub(super) fn gossip(octets: &[u8]) {
    let mut script = Script::new(octets);
    let mut engine = Gossip::new(NETWORK, ME, Credulous, SEED, Time::ZERO);
    told(&mut engine, gossip::Input::Calendar(ISSUED), Time::ZERO);
    let mut now = Time::ZERO;
    let mut version = 0;
    for _ in 0..STEPS {
        if script.is_over() {
            break;
        }
        let (what, at, who) = (script.octet(), link(script.octet()), peer(script.octet()));
        if what >= 128 {
            told(&mut engine, gossip::Input::Read(Time::ZERO), now);
        }
        let some;
        let input = match what % 15 {
            11 => gossip::Input::Knock(at, who, script.number().into()),
            12 => gossip::Input::Observed(who, ([192, 0, 2, 1], script.number()).into()),
            13 => gossip::Input::Roamed,
            0 => gossip::Input::LinkUp(at, who),
            1 => gossip::Input::LinkDown(at),
            2 => gossip::Input::Frame(at, script.octets()),
            3 => gossip::Input::Overlay(who.address(), script.octets()),
            4 => gossip::Input::Find(at, who),
            5 => gossip::Input::Judge(at, script.octets(), [9; 32]),
            6 => gossip::Input::Document(script.octets()),
            7 | 8 => {
                some = [script.octets().to_vec(), script.octets().to_vec()];
                if what % 2 == 0 {
                    gossip::Input::Contacts(&some)
                } else {
                    gossip::Input::Bootstrap(&some)
                }
            }
            9 => gossip::Input::Myself(script.octets().to_vec()),
            10 => gossip::Input::Calendar(ISSUED.plus(Duration::from_secs(script.number().into()))),
            _ => {
                now = passes(&mut script, now);
                gossip::Input::Wake
            }
        };
        told(&mut engine, input, now);
        rested(&mut engine, || gossip::Input::Wake, now);
        assert!(version <= engine.version(), "an older document replaced a newer one");
        version = engine.version();
    }
}

/// Two carriers, and a wire between them that loses, repeats, spoils and invents.
pub(super) fn noise(octets: &[u8]) {
    let mut script = Script::new(octets);
    let mut wire = Wire::new();
    let mut now = Time::ZERO;
    for _ in 0..STEPS {
        if script.is_over() {
            break;
        }
        let (what, side) = (script.octet(), usize::from(script.octet() % 2));
        let from = Wire::at(1 - side);
        match what % 11 {
            8 => wire.beckon(side, script.number().into(), now),
            9 => wire.tell(side, noise::Input::Roamed, now),
            10 => {
                let (link, endpoints) = (link(script.octet()), &[from, Wire::at(side)]);
                wire.tell(side, noise::Input::Endpoints { link, endpoints }, now);
            }
            0 => wire.open(side, now),
            1 | 2 => wire.deliver(now),
            3 => wire.spoil(&mut script),
            4 => wire.tell(side, noise::Input::Datagram { from, bytes: script.octets() }, now),
            5 => wire.tell(side, noise::Input::Close(link(script.octet())), now),
            6 => wire.tell(side, noise::Input::Moved(link(script.octet()), from), now),
            _ => {
                now = passes(&mut script, now);
                wire.tell(side, noise::Input::Wake, now);
            }
        }
    }
}

/// Two carriers and what is on its way between them.
struct Wire {
    ends: [Noise; 2],
    /// Datagrams, and to which end.
    waiting: VecDeque<(usize, Vec<u8>)>,
    opened: u32,
    /// Of the last dial without an answer.
    token: Option<u32>,
}

impl Wire {
    fn new() -> Self {
        let carrier = |number: u8| {
            let settings = noise::Settings::default();
            Noise::new([number; 32], [number + 10; 32], settings, ISSUED, Time::ZERO)
        };
        Self { ends: [carrier(1), carrier(2)], waiting: VecDeque::new(), opened: 0, token: None }
    }

    /// Where one end is.
    fn at(side: usize) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 1 + u16::try_from(side).unwrap_or_default()))
    }

    /// One end opens a link to the other.
    fn open(&mut self, side: usize, now: Time) {
        self.opened += 1;
        let link = LinkId::ours(self.opened);
        let peer = self.ends.get(1 - side).map(Noise::public).unwrap_or_default();
        let endpoints = &[Self::at(1 - side)];
        self.tell(side, noise::Input::Open { link, peer, endpoints, introduction: &[] }, now);
    }

    /// One end beckons to the other.
    fn beckon(&mut self, side: usize, token: u32, now: Time) {
        let peer = self.ends.get(1 - side).map(Noise::public).unwrap_or_default();
        let token = self.token.unwrap_or(token);
        let endpoints = &[Self::at(1 - side)];
        self.tell(side, noise::Input::Beckon { peer, token, endpoints }, now);
    }

    /// The first datagram arrives.
    fn deliver(&mut self, now: Time) {
        if let Some((to, bytes)) = self.waiting.pop_front() {
            let datagram = noise::Input::Datagram { from: Self::at(1 - to), bytes: &bytes };
            self.tell(to, datagram, now);
        }
    }

    /// One octet of one datagram changes.
    fn spoil(&mut self, script: &mut Script<'_>) {
        let number = usize::from(script.octet()) % self.waiting.len().max(1);
        let place = usize::from(script.number());
        if let Some((_, datagram)) = self.waiting.get_mut(number) {
            let place = place % datagram.len().max(1);
            if let Some(octet) = datagram.get_mut(place) {
                *octet ^= script.octet();
            }
        }
    }

    /// Tells one end something, accepts whoever asks, and keeps what it sends.
    fn tell(&mut self, side: usize, input: noise::Input<'_>, now: Time) {
        let Some(end) = self.ends.get_mut(side) else { return };
        let mut said = VecDeque::from(told(end, input, now));
        said.extend(rested(end, || noise::Input::Wake, now));
        while let Some(output) = said.pop_front() {
            if let noise::Output::Transmit { bytes, .. } = output {
                assert!(bytes.len() <= noise::LONGEST, "a datagram of {} octets", bytes.len());
                self.waiting.push_back((1 - side, bytes));
            } else if let noise::Output::Unanswered { token, .. } = output {
                self.token = Some(token);
            } else if let noise::Output::Request { link, .. } = output {
                said.extend(told(end, noise::Input::Accept(link), now));
            }
        }
    }
}

/// A whole node, and all that can be told to it from outside.
pub(super) fn node(octets: &[u8]) {
    let mut script = Script::new(octets);
    let routing = Babel::new(babel_settings(NETWORK, 64, [1; 8]), SEED, Time::ZERO);
    let gossip = Gossip::new(NETWORK, ME, Credulous, SEED, Time::ZERO);
    let local = Local::new(ME, Carriers::of([Carrier::Udp]));
    let mut engine = Node::new(local, routing, gossip, SEED, Time::ZERO);
    told(&mut engine, node::Input::Calendar(ISSUED), Time::ZERO);
    let mut now = Time::ZERO;
    for _ in 0..STEPS {
        if script.is_over() {
            break;
        }
        let (what, at, who) = (script.octet(), link(script.octet()), peer(script.octet()));
        if what >= 128 {
            told(&mut engine, node::Input::Read(Time::ZERO), now);
        }
        let (some, crossed);
        let input = match what % 18 {
            14 => node::Input::Unanswered(at, script.number().into()),
            15 => node::Input::Observed(at, ([192, 0, 2, 1], script.number()).into()),
            16 => node::Input::Roamed,
            0 => node::Input::Request { link: at, key: [9; 32], introduction: script.octets() },
            1 => node::Input::Up(at),
            2 => node::Input::Down(at),
            3 => node::Input::Refused(at, script.octet()),
            4 | 5 => node::Input::Frame(at, script.octets()),
            6 => node::Input::Overlay(who.address(), script.octets()),
            7 => node::Input::Carried(at),
            8 => node::Input::Document(script.octets()),
            13 => {
                crossed = [traffic(&mut script, at, now)];
                node::Input::Traffic(&crossed)
            }
            9 => {
                some = [script.octets().to_vec()];
                node::Input::Bootstrap(&some)
            }
            10 => node::Input::Index(u32::from(script.octet())),
            11 => node::Input::Announce(range(script.octet())),
            12 => node::Input::Withdraw(range(script.octet())),
            _ => {
                now = passes(&mut script, now);
                node::Input::Wake
            }
        };
        let said = told(&mut engine, input, now);
        let calls_itself = |output: &node::Output| {
            matches!(output, node::Output::Open { to, .. } if *to == ME)
                || matches!(output, node::Output::Overlay(to, _) if *to == ME.address())
        };
        assert!(!said.iter().any(calls_itself), "it calls itself");
        rested(&mut engine, || node::Input::Wake, now);
    }
}
