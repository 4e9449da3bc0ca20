//! The one neighbour at the other end of a link (RFC 8966 §3.4, RFC 9616 §3).
//!
//! ```text
//!  Up ─► courted ─ its Hello ─► heard ─ its IHU ─► usable ◄─► shunned
//!           ▲                     │                  │
//!           └──── 3 of 3 lost ────┴──────────────────┘     Down ends all
//! ```

use alloc::collections::BTreeMap;
use core::time::Duration;

use words::{Prefix, Time};

use crate::agenda::Stream;
use crate::history::History;
use crate::outbox::{Due, Outbox, Said};
use crate::wire::{Echo, Hello, Ihu};
use crate::{Cost, Seqno};

/// All that is known of a neighbour, and all that it is owed.
#[derive(Clone, Debug)]
pub(crate) struct Neighbour {
    /// Shunned by us, for ever.
    pub(crate) shunned: bool,
    /// The link's cost in use; follows the measured one with some inertia.
    pub(crate) cost: Cost,
    /// What the neighbour says its reception costs.
    pub(crate) txcost: Cost,
    /// What we last said our reception costs.
    pub(crate) told: Cost,
    /// How often it may still be greeted sooner than the others.
    pub(crate) courting: u8,
    /// The number of our next Hello.
    pub(crate) hello: Seqno,
    /// What must be sent.
    pub(crate) out: Outbox,
    /// The finite routes that it believes we have.
    pub(crate) sent: BTreeMap<Prefix, Said>,
    /// The packets that it has not acknowledged.
    pub(crate) window: BTreeMap<u16, BTreeMap<Prefix, Due>>,
    /// The newest of those packets that tells each range.
    pub(crate) newest: BTreeMap<Prefix, u16>,
    /// It has acknowledged something, so it will acknowledge whatever reaches it.
    pub(crate) acknowledges: bool,
    /// Routes that it may still believe, and until when: their ends were told in vain.
    pub(crate) lost: BTreeMap<Prefix, Time>,
    /// The name of the next packet to be acknowledged.
    pub(crate) opaque: u16,
    /// When it was last told everything.
    pub(crate) dumped: Option<Time>,
    /// How many requests it may make.
    pub(crate) allowance: Allowance,
    multicast: Option<(History, Option<Duration>)>,
    unicast: Option<(History, Option<Duration>)>,
    rtt: Option<(Duration, Time)>,
    echo: Option<(Echo, Time)>,
}

impl Neighbour {
    /// Returns a neighbour of which nothing is known, greeted first with `hello`.
    pub(crate) fn new(hello: Seqno, opaque: u16) -> Self {
        Self {
            shunned: false,
            cost: Cost::INFINITE,
            txcost: Cost::INFINITE,
            told: Cost::INFINITE,
            courting: COURTING,
            hello,
            out: Outbox::default(),
            sent: BTreeMap::new(),
            window: BTreeMap::new(),
            newest: BTreeMap::new(),
            acknowledges: false,
            lost: BTreeMap::new(),
            opaque,
            dumped: None,
            allowance: Allowance::default(),
            multicast: None,
            unicast: None,
            rtt: None,
            echo: None,
        }
    }

    /// Takes in a greeting; returns what it tells of its sender.
    pub(crate) fn hear(&mut self, hello: &Hello, now: Time) -> Greeting {
        if let Some(origin) = hello.sent {
            self.echo = Some((Echo { origin, received: clock(now) }, now));
        }
        let known = self.multicast.is_some() || self.unicast.is_some();
        let stream = self.stream(if hello.unicast { Stream::Unicast } else { Stream::Multicast });
        let kept = stream.as_mut().is_none_or(|(history, _)| history.hear(hello.seqno));
        let (_, promised) = stream.get_or_insert((History::starting(hello.seqno), None));
        *promised = hello.next.or(*promised);
        match (known, kept) {
            (false, _) => Greeting::First,
            (true, true) => Greeting::Next,
            (true, false) => Greeting::Restarted,
        }
    }

    /// Notes a greeting that did not come; returns how long to wait for the next.
    pub(crate) fn miss(&mut self, stream: Stream) -> Option<Duration> {
        let (history, promised) = self.stream(stream).as_mut()?;
        history.miss();
        *promised
    }

    /// Forgets all that was learnt from the neighbour, and what it was told.
    ///
    /// It may still believe what it was told: that is owed to it, once it is usable.
    pub(crate) fn forget(&mut self) {
        let (shunned, acknowledges) = (self.shunned, self.acknowledges);
        let mut out = core::mem::take(&mut self.out);
        for prefix in self.sent.keys().chain(self.newest.keys()).chain(self.lost.keys()) {
            out.owe_again(*prefix, Due { asked: false, tries: 1 });
        }
        *self = Self { shunned, out, acknowledges, ..Self::new(self.hello, self.opaque) };
    }

    /// Takes in one round trip: what the neighbour echoed, and when it sent that.
    ///
    /// Nonsense is passed over: more than ten minutes, or an answer older than its question.
    ///
    /// Source: RFC 9616 §3.2; smoothed by 42/256 as babeld does.
    pub(crate) fn time(&mut self, echo: Echo, sent: u32, now: Time) {
        let whole = clock(now).wrapping_sub(echo.origin);
        let waited = sent.wrapping_sub(echo.received);
        if whole > 600_000_000 || waited > whole {
            return;
        }
        let sample = Duration::from_micros(u64::from(whole - waited));
        let smooth = self.rtt(now).map_or(sample, |rtt| (rtt * 214 + sample * 42) / 256);
        self.rtt = Some((smooth, now));
    }

    /// Returns the smoothed round trip, if one was measured in the last three minutes.
    pub(crate) fn rtt(&self, now: Time) -> Option<Duration> {
        let (rtt, at) = self.rtt?;
        (now.since(at) < RTT_LIFE).then_some(rtt)
    }

    /// Tells whether no stream has had a greeting lately.
    pub(crate) fn is_silent(&self) -> bool {
        self.histories().all(History::is_silent)
    }

    /// Tells whether the link can carry packets both ways.
    pub(crate) const fn is_usable(&self) -> bool {
        self.cost.is_finite()
    }

    /// Returns what receiving from the neighbour costs.
    pub(crate) fn rxcost(&self) -> Cost {
        let up = self.histories().any(History::is_up);
        match (up, self.shunned) {
            (false, _) => Cost::INFINITE,
            (true, false) => Cost::NOMINAL,
            (true, true) => Cost::NOMINAL.plus(Cost::SHUNNED),
        }
    }

    /// Returns the link's cost as measured now.
    ///
    /// The worse of both directions, so that it does not matter which end shuns or whether
    /// both do; plus the delay.
    pub(crate) fn measured(&self, now: Time) -> Cost {
        let base = self.rxcost().max(self.txcost);
        let delay = self.rtt(now).map_or(Cost(0), Cost::of_delay);
        base.plus(delay)
    }

    /// Returns the greeting to send now, and what is heard of the neighbour, if anything.
    pub(crate) fn greet(&mut self, every: Duration, now: Time) -> (Hello, Option<Ihu>) {
        let seqno = self.hello;
        self.hello = seqno.plus(1);
        let sent = Some(clock(now));
        let hello = Hello { seqno, next: Some(every), unicast: false, sent };
        let known = self.multicast.is_some() || self.unicast.is_some();
        self.told = self.rxcost();
        let echo = self.echo.filter(|(_, at)| now.since(*at) < ECHO_LIFE).map(|(echo, _)| echo);
        let ihu = Ihu { to: None, rxcost: self.told, next: every * 3, echo };
        (hello, known.then_some(ihu))
    }

    fn histories(&self) -> impl Iterator<Item = History> {
        [self.multicast, self.unicast].into_iter().flatten().map(|(history, _)| history)
    }

    const fn stream(&mut self, stream: Stream) -> &mut Option<(History, Option<Duration>)> {
        match stream {
            Stream::Multicast => &mut self.multicast,
            Stream::Unicast => &mut self.unicast,
        }
    }
}

/// What a greeting tells of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    First,
    Next,
    Restarted,
}

/// Requests that a neighbour may still make: so many a second, twice as many at once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowance {
    used: u32,
    since: Time,
}

impl Allowance {
    /// Takes one of `rate` per second; returns false if none is left.
    pub(crate) fn take(&mut self, rate: u32, now: Time) -> bool {
        let passed = now.since(self.since);
        let back = u128::from(rate) * passed.as_millis() / 1000;
        if back > 0 {
            self.used = self.used.saturating_sub(u32::try_from(back).unwrap_or(u32::MAX));
            self.since = now;
        }
        let left = self.used < rate.saturating_mul(2);
        self.used += u32::from(left);
        left
    }
}

/// Returns our clock as the wire has it: microseconds, modulo 2^32.
#[expect(clippy::cast_possible_truncation, reason = "the wire's clock wraps; RFC 9616 §3.1")]
const fn clock(now: Time) -> u32 {
    now.as_micros() as u32
}

const COURTING: u8 = 16;
const RTT_LIFE: Duration = Duration::from_mins(3);
const ECHO_LIFE: Duration = Duration::from_mins(10);

#[cfg(test)]
#[path = "tests/neighbour.rs"]
mod tests;
