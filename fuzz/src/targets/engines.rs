//! Engines, told stories: words of neighbours, links that come and go, time that passes.

use std::net::SocketAddr;
use std::time::Duration;

use arrows::Arrows;
use babel::Babel;
use gossip::{Authority, Gossip, Identity, PublicKey, Refused};
use node::{Local, Node, babel_settings};
use noise::Noise;
use words::{Carrier, Carriers, LinkId, NodeId, Prefix, Time, Wall, routing};

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
        let input = match what % 14 {
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
    let mut engine = Babel::new(babel_settings(NETWORK, [1; 8]), SEED, Time::ZERO);
    told(&mut engine, routing::Input::Announce(ME.0), Time::ZERO);
    let mut now = Time::ZERO;
    for _ in 0..STEPS {
        if script.is_over() {
            break;
        }
        let (what, at) = (script.octet(), link(script.octet()));
        let input = match what % 8 {
            0 => routing::Input::Up(at),
            1 => routing::Input::Down(at),
            2 => routing::Input::Shun(at),
            3 | 4 => routing::Input::Frame(at, script.octets()),
            5 => routing::Input::Announce(peer(script.octet()).0),
            6 => routing::Input::Withdraw(peer(script.octet()).0),
            _ => {
                now = passes(&mut script, now);
                routing::Input::Wake
            }
        };
        told(&mut engine, input, now);
        rested(&mut engine, || routing::Input::Wake, now);
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
        let some;
        let input = match what % 12 {
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
    let at = |port| SocketAddr::from(([192, 0, 2, 1], port));
    let carrier = |number: u8| {
        let settings = noise::Settings::default();
        Noise::new([number; 32], [number + 10; 32], settings, ISSUED, Time::ZERO)
    };
    let mut ends = [carrier(1), carrier(2)];
    let keys = ends.each_ref().map(Noise::public);
    let mut waiting: Vec<(usize, Vec<u8>)> = Vec::new();
    let mut now = Time::ZERO;
    let mut opened = 0;
    for _ in 0..STEPS {
        if script.is_over() {
            break;
        }
        let (what, side) = (script.octet(), usize::from(script.octet() % 2));
        let other = 1 - side;
        let from = at(u16::try_from(other).unwrap_or_default());
        let mut bytes = Vec::new();
        let input = match what % 8 {
            0 => {
                opened += 1;
                let endpoints = &[at(u16::try_from(other).unwrap_or_default())];
                let peer = keys.get(other).copied().unwrap_or_default();
                heard(
                    &mut ends,
                    side,
                    noise::Input::Open { link: LinkId::ours(opened), peer, endpoints },
                    now,
                    &mut waiting,
                );
                continue;
            }
            1 | 2 if !waiting.is_empty() => {
                let (to, datagram) = waiting.remove(0);
                bytes.extend(datagram);
                heard(
                    &mut ends,
                    to,
                    noise::Input::Datagram { from, bytes: &bytes },
                    now,
                    &mut waiting,
                );
                continue;
            }
            3 if !waiting.is_empty() => {
                let number = usize::from(script.octet()) % waiting.len();
                if let Some((_, datagram)) = waiting.get_mut(number) {
                    let place = usize::from(script.number()) % datagram.len().max(1);
                    if let Some(octet) = datagram.get_mut(place) {
                        *octet ^= script.octet();
                    }
                }
                continue;
            }
            4 => {
                bytes.extend(script.octets());
                noise::Input::Datagram { from, bytes: &bytes }
            }
            5 => noise::Input::Close(link(script.octet())),
            6 => noise::Input::Moved(link(script.octet()), from),
            _ => {
                now = passes(&mut script, now);
                noise::Input::Wake
            }
        };
        heard(&mut ends, side, input, now, &mut waiting);
    }
}

/// Tells one end something, accepts whoever asks, and puts what it sends on the wire.
fn heard(
    ends: &mut [Noise; 2],
    side: usize,
    input: noise::Input<'_>,
    now: Time,
    waiting: &mut Vec<(usize, Vec<u8>)>,
) {
    let Some(end) = ends.get_mut(side) else { return };
    let mut said = told(end, input, now);
    said.extend(rested(end, || noise::Input::Wake, now));
    let mut next = 0;
    while let Some(output) = said.get(next) {
        next += 1;
        match output {
            noise::Output::Transmit { bytes, .. } => {
                assert!(bytes.len() <= noise::LONGEST, "a datagram of {} octets", bytes.len());
                waiting.push((1 - side, bytes.clone()));
            }
            noise::Output::Request { link, .. } => {
                let more = told(end, noise::Input::Accept(*link), now);
                said.extend(more);
            }
            noise::Output::Install { .. }
            | noise::Output::Up { .. }
            | noise::Output::Down(..)
            | noise::Output::Refused(..)
            | noise::Output::Redirect { .. }
            | noise::Output::Retire { .. }
            | noise::Output::Event(_) => {}
        }
    }
}

/// A whole node, and all that can be told to it from outside.
pub(super) fn node(octets: &[u8]) {
    let mut script = Script::new(octets);
    let routing = Babel::new(babel_settings(NETWORK, [1; 8]), SEED, Time::ZERO);
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
        let some;
        let input = match what % 11 {
            0 => node::Input::Request { link: at, key: [9; 32], introduction: script.octets() },
            1 => node::Input::Up(at),
            2 => node::Input::Down(at),
            3 => node::Input::Refused(at, script.octet()),
            4 | 5 => node::Input::Frame(at, script.octets()),
            6 => node::Input::Overlay(who.address(), script.octets()),
            7 => node::Input::Carried(at),
            8 => node::Input::Document(script.octets()),
            9 => {
                some = [script.octets().to_vec()];
                node::Input::Bootstrap(&some)
            }
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
