//! Two guards of Babel, and a wire between them that repeats, spoils and invents.

use std::collections::{BTreeSet, VecDeque};
use std::net::Ipv6Addr;
use std::time::Duration;

use babel::mac::{Algorithm, Datagram, Guard, Key, KeyRing, Settings, Span};
use words::{Time, Wall};

use crate::Script;
use crate::script::put;

pub(super) const ALL: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 6);
pub(super) const HERE: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0xa);
pub(super) const THERE: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0xb);

/// Steps of a story at most: longer ones say nothing new.
const STEPS: usize = 300;

/// Guards of both ends, and what is on its way.
struct Wire {
    ends: [Guard; 2],
    /// How often an end was born.
    lives: u8,
    waiting: VecDeque<Packet>,
    /// Header and body of all that was let in, and to whom it went.
    opened: BTreeSet<(Ipv6Addr, Vec<u8>)>,
    now: Time,
}

/// A packet on its way.
#[derive(Clone)]
struct Packet {
    /// The end that hears it: 0 or 1.
    end: usize,
    to: Ipv6Addr,
    octets: Vec<u8>,
    /// What its MACs cover, as it left.
    signed: Vec<u8>,
}

impl Packet {
    fn new(end: usize, to: Ipv6Addr, octets: Vec<u8>) -> Self {
        Self { end, to, signed: covered(&octets).to_vec(), octets }
    }
}

/// Reads a story.
pub(super) fn guards(octets: &[u8]) {
    let mut script = Script::new(octets);
    let mut wire = Wire {
        ends: [born(0, 1), born(1, 2)],
        lives: 2,
        waiting: VecDeque::new(),
        opened: BTreeSet::new(),
        now: Time::ZERO,
    };
    for _ in 0..STEPS {
        if script.is_over() {
            break;
        }
        let (what, end) = (script.octet(), usize::from(script.octet() % 2));
        match what % 8 {
            0 => wire.say(end, script.octets()),
            1 | 2 => wire.deliver(),
            3 => wire.repeat(),
            4 => wire.spoil(&mut script),
            5 => wire.invent(end, script.octets()),
            6 => wire.change(end, script.octet()),
            _ => wire.now = wire.now + Duration::from_millis(u64::from(script.number())),
        }
    }
}

/// Stories in which both ends come to believe each other, and one where they start again.
pub(super) fn stories() -> Vec<Vec<u8>> {
    let hello = [42, 2, 0, 8, 4, 6, 0, 0, 0, 1, 1, 144];
    let mut greetings = Vec::new();
    for end in [0, 1, 0, 1] {
        greetings.extend([0, end]);
        put(&mut greetings, &hello);
        greetings.extend([1, 0, 1, 0, 1, 0, 7, 0, 1, 0x90]);
    }
    let again = [&greetings[..], &[6, 0, 3], &greetings, &[3, 0, 1, 0]].concat();
    let mut spoilt = greetings.clone();
    spoilt.extend([0, 0]);
    put(&mut spoilt, &[&hello[..2], &[0, 13], &hello[4..], &[18, 3, 1, 2, 3]].concat());
    spoilt.extend([3, 0, 4, 0, 0, 9, 1, 1, 0, 1, 0, 6, 1, 1, 5, 0]);
    put(&mut spoilt, &[&[42, 2, 0, 0, 16, 16][..], &[0; 16]].concat());
    vec![greetings, again, spoilt]
}

impl Wire {
    const fn at(end: usize) -> Ipv6Addr {
        if end == 0 { HERE } else { THERE }
    }

    /// One end sends a packet that anybody wrote.
    fn say(&mut self, end: usize, octets: &[u8]) {
        let to = if octets.len().is_multiple_of(2) { ALL } else { Self::at(1 - end) };
        let Some(guard) = self.ends.get_mut(end) else { return };
        let room = guard.room(Wall(0));
        let sealed = guard.seal(to, octets.to_vec(), Wall(0));
        let added = sealed.len() - octets.len();
        assert!(added == room || added == 0, "{added} octets more, {room} expected");
        self.waiting.push_back(Packet::new(1 - end, to, sealed));
    }

    /// The first packet arrives.
    fn deliver(&mut self) {
        let Some(packet) = self.waiting.pop_front() else { return };
        let from = Self::at(1 - packet.end);
        let datagram = Datagram { from, to: packet.to, octets: &packet.octets };
        let Some(guard) = self.ends.get_mut(packet.end) else { return };
        if guard.open(datagram, self.now, Wall(0)).is_ok() {
            assert!(covered(&packet.octets) == packet.signed, "a changed packet was let in");
            let new = self.opened.insert((packet.to, packet.signed));
            assert!(new, "a packet was let in twice");
        }
        let answer = guard.poll(Wall(0));
        assert!(guard.poll(Wall(0)).is_none(), "one packet has two answers");
        assert!(guard.neighbours().count() <= 1, "somebody was invented");
        if let Some((to, octets)) = answer {
            assert!(to == from, "an answer to somebody else");
            self.waiting.push_back(Packet::new(1 - packet.end, to, octets));
        }
    }

    /// The first packet will arrive twice.
    fn repeat(&mut self) {
        if let Some(packet) = self.waiting.front().cloned() {
            self.waiting.push_back(packet);
        }
    }

    /// One octet of the first packet changes.
    fn spoil(&mut self, script: &mut Script<'_>) {
        let (place, change) = (usize::from(script.number()), script.octet());
        let Some(packet) = self.waiting.front_mut() else { return };
        let place = place % packet.octets.len().max(1);
        if let Some(octet) = packet.octets.get_mut(place) {
            *octet ^= change;
        }
    }

    /// A packet without a MAC that fits comes in.
    fn invent(&mut self, end: usize, octets: &[u8]) {
        let Some(guard) = self.ends.get_mut(end) else { return };
        let before: Vec<_> = guard.neighbours().collect();
        let datagram = Datagram { from: Self::at(1 - end), to: ALL, octets };
        assert!(guard.open(datagram, self.now, Wall(0)).is_err(), "an invented packet was let in");
        assert!(guard.poll(Wall(0)).is_none(), "an invented packet was answered");
        assert!(guard.neighbours().eq(before), "an invented packet left something behind");
    }

    /// An end gets other keys, or starts again.
    fn change(&mut self, end: usize, how: u8) {
        self.lives = self.lives.saturating_add(1);
        let Some(guard) = self.ends.get_mut(end) else { return };
        match how % 4 {
            0..3 => guard.rekey(settings(how % 4)),
            _ if self.lives < u8::MAX => *guard = born(end, self.lives),
            _ => {}
        }
    }
}

/// Returns header and body, as the header says; nothing if there is less.
fn covered(octets: &[u8]) -> &[u8] {
    let Some([_, _, l0, l1]) = octets.first_chunk::<4>() else { return &[] };
    let length = 4 + usize::from(u16::from_be_bytes([*l0, *l1]));
    octets.get(..length).unwrap_or_default()
}

/// Returns a guard that starts.
fn born(end: usize, life: u8) -> Guard {
    Guard::new(settings(0), Wire::at(end), [life; 32], Time::ZERO)
}

/// Returns one of three sets of keys: two, or either of them.
pub(super) fn settings(which: u8) -> Settings {
    let key = |name, algorithm, secret: &[u8]| {
        Key::new(name, algorithm, secret, Span::ALWAYS, Span::ALWAYS).ok()
    };
    let one = key("one", Algorithm::HmacSha256, b"0123456789abcdef").filter(|_| which != 1);
    let two = key("two", Algorithm::Blake2s128, b"fedcba9876543210").filter(|_| which != 2);
    let keys = KeyRing::new(one.into_iter().chain(two).collect()).unwrap_or_default();
    Settings { keys, require: true }
}
