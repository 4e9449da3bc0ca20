//! Being dialled from behind a filter: we send first, so that the dial gets in.
//!
//! ```text
//!   A dials B, whose NAT lets in only who was sent something:
//!
//!   A ── initiation ─────────────────────────────────────────► x B's NAT
//!   A ── "beckon" ─► … over the mesh … ──────────────────────►   B
//!   A ◄──────────────────────────────────────────── beckon ───── B   opens B's NAT
//!   A ── initiation ─────────────────────────────────────────►   B
//! ```
//!
//! A beckon is a handshake datagram without a Noise message; it names the dial by its token
//! and proves nothing. If A is behind NAT too, its initiations have opened that for B.
//!
//! Source: RFC 5128 §3.3 (UDP hole punching).

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use words::Time;

use crate::place::is_place;
use crate::wire::{Cookie, Hello, HelloKey, Kind};
use crate::{Noise, Output, Reason};

/// To how many endpoints of one node we beckon.
pub const BECKONED: usize = 4;

/// When we beckon again: the first may be lost, or come before the dial opened the way.
const AGAIN: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(700)];

/// How many nodes are beckoned to at a time.
const MOST: usize = 32;

/// A node that dials us in vain.
pub(crate) struct Beckon {
    to: HelloKey,
    token: u32,
    endpoints: Vec<SocketAddr>,
    /// How often we beckoned.
    times: usize,
    /// When we beckon next.
    pub(crate) next: Time,
}

impl Noise {
    /// Shows the node of the key `peer` where we are.
    pub(crate) fn beckon(
        &mut self,
        peer: &[u8; 32],
        token: u32,
        endpoints: &[SocketAddr],
        now: Time,
    ) {
        if self.beckons.len() >= MOST {
            return self.counters.count(Reason::Crowded);
        }
        let network = self.settings.network;
        let endpoints = endpoints.iter().filter(|at| is_place(**at, network));
        let endpoints = endpoints.take(BECKONED).copied().collect();
        let to = HelloKey::of(peer);
        self.beckons.push(Beckon { to, token, endpoints, times: 0, next: now });
    }

    /// Beckons to those whose time has come, and forgets whom we beckoned to enough.
    pub(crate) fn beckon_again(&mut self, now: Time) {
        let mut beckons = core::mem::take(&mut self.beckons);
        for beckon in beckons.iter_mut().filter(|beckon| beckon.next <= now) {
            self.show(beckon);
            let wait = AGAIN.get(beckon.times).copied().unwrap_or_default();
            beckon.next = now + wait;
            beckon.times += 1;
        }
        beckons.retain(|beckon| beckon.times <= AGAIN.len());
        self.beckons = beckons;
    }

    fn show(&mut self, beckon: &Beckon) {
        let hello = Hello {
            kind: Kind::Beckon,
            sender: 0,
            receiver: beckon.token,
            cookie: Cookie::default(),
            message: &[],
        };
        for to in &beckon.endpoints {
            if let Some(bytes) = beckon.to.seal(&hello, &[], &mut self.secrets) {
                self.say(Output::Transmit { to: *to, bytes });
            }
        }
    }
}
