//! Stories of guards that talk, of what is said again, and of packets of other speakers.

extern crate std;

mod captures;
mod keys;
mod limits;
mod random;
mod replay;
mod talk;

use alloc::vec;
use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

use words::{Time, Wall};

use super::*;
use crate::wire::{MAGIC, VERSION};

/// Everybody (RFC 8966 §4).
const ALL: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 6);
const A: Ipv6Addr = link_local(0xa);
const B: Ipv6Addr = link_local(0xb);

const fn link_local(host: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, host)
}

/// A packet of one greeting.
fn hello() -> Vec<u8> {
    vec![MAGIC, VERSION, 0, 8, 4, 6, 0, 0, 0, 1, 1, 144]
}

fn key(name: &str, algorithm: Algorithm, secret: &[u8]) -> Key {
    Key::new(name, algorithm, secret, Span::ALWAYS, Span::ALWAYS).unwrap()
}

/// Settings that require a MAC.
fn with(keys: impl Into<Vec<Key>>) -> Settings {
    Settings { keys: KeyRing::new(keys.into()).unwrap(), require: true }
}

/// One key that everybody has.
fn common() -> Settings {
    with([key("common", Algorithm::HmacSha256, b"0123456789abcdef")])
}

/// A moment, so many milliseconds after the beginning.
fn ms(after: u64) -> Time {
    Time::ZERO + Duration::from_millis(after)
}

/// A guard at a place, and what it thinks the time is.
struct Side {
    at: Ipv6Addr,
    guard: Guard,
    wall: Wall,
}

impl Side {
    fn new(at: Ipv6Addr, settings: Settings) -> Self {
        Self::born(at, settings, 1)
    }

    /// After the `life`th start.
    fn born(at: Ipv6Addr, settings: Settings, life: u8) -> Self {
        let mut seed = [life; 32];
        seed[..16].copy_from_slice(&at.octets());
        Self { at, guard: Guard::new(settings, at, seed, Time::ZERO), wall: Wall(1000) }
    }

    fn seal(&mut self, to: Ipv6Addr) -> Vec<u8> {
        self.guard.seal(to, hello(), self.wall)
    }

    fn open(
        &mut self,
        from: Ipv6Addr,
        to: Ipv6Addr,
        octets: &[u8],
        now: Time,
    ) -> Result<(), Refused> {
        self.guard.open(Datagram { from, to, octets }, now, self.wall)
    }

    /// All it wants to say by itself.
    fn said(&mut self) -> Vec<(Ipv6Addr, Vec<u8>)> {
        core::iter::from_fn(|| self.guard.poll(self.wall)).collect()
    }

    fn refused(&self, refused: Refused) -> u64 {
        self.guard.counters().refused.get(refused.reason()).copied().unwrap_or(0)
    }
}

/// One side greets everybody; both say what they want to, until nothing is left.
///
/// Returns what became of the greeting.
fn greet(from: &mut Side, to: &mut Side, now: Time) -> Result<(), Refused> {
    let greeting = from.seal(ALL);
    let opened = to.open(from.at, ALL, &greeting, now);
    settle(from, to, now);
    opened
}

/// Both sides say to each other what they want to, until nothing is left.
fn settle(one: &mut Side, other: &mut Side, now: Time) {
    for _ in 0..10 {
        for (to, octets) in other.said() {
            assert_eq!(to, one.at);
            let _ = one.open(other.at, to, &octets, now);
        }
        for (to, octets) in one.said() {
            assert_eq!(to, other.at);
            let _ = other.open(one.at, to, &octets, now);
        }
    }
    assert!(one.said().is_empty() && other.said().is_empty(), "they talk for ever");
}

/// Two sides that know each other.
fn acquainted(settings: &Settings) -> (Side, Side) {
    let (mut a, mut b) = (Side::new(A, settings.clone()), Side::new(B, settings.clone()));
    let _ = greet(&mut a, &mut b, Time::ZERO);
    let _ = greet(&mut b, &mut a, Time::ZERO);
    assert_eq!(greet(&mut a, &mut b, Time::ZERO), Ok(()));
    assert_eq!(greet(&mut b, &mut a, Time::ZERO), Ok(()));
    (a, b)
}
