//! Work is only done for strangers while there are few of them; else for those
//! who show that they hear what is sent to their address.
//!
//! ```text
//!   calm: work on all ──more than N in a second──► flooded: cookie or nothing
//!     ▲                                               │
//!     └───────────── a second of no more than N ──────┘
//! ```
//!
//! Source: the `WireGuard` paper, §5.3.

use alloc::collections::BTreeMap;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use words::Time;

use crate::hash::{hash, same};
use crate::payload::wide;
use crate::secrets::Secrets;
use crate::wire::Cookie;

const SECOND: Duration = Duration::from_secs(1);

/// How long a cookie secret is given out; it is honoured as long again.
const SECRET_LIFE: Duration = Duration::from_mins(2);

/// How many sources are served in one second of flood.
const SOURCES: usize = 1024;

/// What to do with an initiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Read it.
    Work,
    /// Send this cookie, and forget it.
    Ask(Cookie),
    /// Forget it.
    Drop,
}

/// Counts strangers, makes and checks cookies.
pub(crate) struct Guard {
    /// The cookie secret now, and the one before.
    secrets: [[u8; 32]; 2],
    secret_until: Time,
    second: Time,
    /// Initiations of this second that nobody accepted.
    arrived: u32,
    /// Those that were accepted, and are not counted in `arrived` therefore.
    forgiven: u32,
    /// Whether the second before had too many.
    flooded: bool,
    /// Initiations with a good cookie in this second, by source.
    served: BTreeMap<[u8; 8], u32>,
}

impl Guard {
    pub(crate) fn new(secrets: &mut Secrets, now: Time) -> Self {
        Self {
            secrets: [secrets.draw(), secrets.draw()],
            secret_until: now + SECRET_LIFE,
            second: now,
            arrived: 0,
            forgiven: 0,
            flooded: false,
            served: BTreeMap::new(),
        }
    }

    /// Judges an initiation from `from` with `cookie`, where `calm` are no flood.
    ///
    /// Under flood, one source (an IPv4 address or an IPv6 /64) is served a tenth
    /// of `calm` a second, whatever cookies it shows.
    pub(crate) fn admit(&mut self, from: SocketAddr, cookie: &Cookie, calm: u32) -> Admission {
        self.arrived = self.arrived.saturating_add(1);
        if !self.flooded(calm) {
            return Admission::Work;
        }
        if !self.secrets.iter().any(|secret| same(&bake(secret, from), cookie)) {
            let [newest, _] = &self.secrets;
            return Admission::Ask(bake(newest, from));
        }
        if self.served.len() >= SOURCES && !self.served.contains_key(&source(from)) {
            return Admission::Drop;
        }
        let served = self.served.entry(source(from)).or_default();
        *served = served.saturating_add(1);
        if *served <= (calm / 10).max(1) { Admission::Work } else { Admission::Drop }
    }

    /// Begins a new second, or a new secret, if it is time.
    pub(crate) fn turn(&mut self, calm: u32, secrets: &mut Secrets, now: Time) {
        let elapsed = now.since(self.second);
        if elapsed >= SECOND {
            self.flooded = self.arrived > calm && elapsed < 2 * SECOND;
            self.second = now;
            self.arrived = 0;
            self.forgiven = 0;
            self.served.clear();
        }
        if now >= self.secret_until {
            let [newest, _] = self.secrets;
            let idle = now.since(self.secret_until) >= SECRET_LIFE;
            let before = if idle { secrets.draw() } else { newest };
            self.secrets = [secrets.draw(), before];
            self.secret_until = now + SECRET_LIFE;
        }
    }

    /// Takes one of this second's initiations out of the count: it was no flood. So many as
    /// are `calm` are, and no more: who makes links only to make them is a flood as well.
    pub(crate) const fn accepted(&mut self, calm: u32) {
        if self.forgiven < calm {
            self.forgiven += 1;
            self.arrived = self.arrived.saturating_sub(1);
        }
    }

    /// Tells whether more than `calm` strangers come a second.
    pub(crate) const fn flooded(&self, calm: u32) -> bool {
        self.flooded || self.arrived > calm
    }
}

/// Returns the cookie of an address under one secret.
fn bake(secret: &[u8; 32], from: SocketAddr) -> Cookie {
    let tag = hash("re6st cookie", &[secret, &wide(from).octets(), &from.port().to_be_bytes()]);
    tag.first_chunk().copied().unwrap_or_default()
}

/// Returns what one owner of addresses has in common.
fn source(from: SocketAddr) -> [u8; 8] {
    match from.ip().to_canonical() {
        IpAddr::V4(v4) => u64::from(v4.to_bits()).to_be_bytes(),
        IpAddr::V6(v6) => v6.octets().first_chunk().copied().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Cookie = [0; 16];

    fn guard() -> Guard {
        Guard::new(&mut Secrets::new([1; 32]), Time::ZERO)
    }

    fn from(host: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, host], 7))
    }

    /// Floods the guard, and returns the cookie it asks of `host`.
    fn asked(guard: &mut Guard, host: u8) -> Cookie {
        let last = (0..11).map(|_| guard.admit(from(host), &NONE, 10)).last();
        match last {
            Some(Admission::Ask(cookie)) => cookie,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn few_strangers_need_no_cookie() {
        let mut guard = guard();
        assert!((0..10).all(|host| guard.admit(from(host), &NONE, 10) == Admission::Work));
        assert!(!guard.flooded(10));
    }

    #[test]
    fn under_flood_a_cookie_serves_its_own_address_only() {
        let mut guard = guard();
        let cookie = asked(&mut guard, 1);
        assert_eq!(guard.admit(from(1), &cookie, 10), Admission::Work);
        assert!(matches!(guard.admit(from(2), &cookie, 10), Admission::Ask(_)));
        assert_eq!(guard.admit(from(1), &cookie, 10), Admission::Drop, "a tenth of 10 each");
    }

    #[test]
    fn a_cookie_is_good_for_two_lives_of_its_secret_at_most() {
        let mut secrets = Secrets::new([2; 32]);
        let mut guard = guard();
        let cookie = asked(&mut guard, 1);
        let mut shown = |guard: &mut Guard, minutes| {
            guard.turn(10, &mut secrets, Time::ZERO + Duration::from_mins(minutes));
            asked(guard, 9);
            guard.admit(from(1), &cookie, 10)
        };
        assert_eq!(shown(&mut guard, 2), Admission::Work);
        assert!(matches!(shown(&mut guard, 4), Admission::Ask(_)));
    }

    #[test]
    fn who_is_accepted_is_no_flood_unless_without_end() {
        let mut guard = guard();
        let calm = (0..).take_while(|_| {
            let admission = guard.admit(from(1), &NONE, 10);
            guard.accepted(10);
            admission == Admission::Work
        });
        assert_eq!(calm.take(1_000).count(), 20, "twice as many as are calm");
    }

    #[test]
    fn after_a_quiet_second_all_is_calm_again() {
        let mut secrets = Secrets::new([2; 32]);
        let mut guard = guard();
        asked(&mut guard, 1);
        guard.turn(10, &mut secrets, Time::ZERO + SECOND);
        assert!(guard.flooded(10));
        guard.turn(10, &mut secrets, Time::ZERO + 2 * SECOND);
        assert!(!guard.flooded(10));
    }
}
