//! A neighbour: how well it is heard, and what it is owed (RFC 8966 §3.4, RFC 9616 §3).
//!
//! ```text
//!  its Hello ─► heard ─ its IHU ─► usable
//!                 ▲                  │
//!                 └── 2 of 3 lost ───┘     3 of 3 lost: forgotten
//! ```

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

use words::Time;
use words::routing::Scope;

use crate::agenda::Stream;
use crate::candidates::{Hold, Slot, grow};
use crate::flight::Flight;
use crate::history::History;
use crate::links::held;
use crate::outbox::{Dump, Haste, Outbox, Said};
use crate::profile::{Kind, Profile, Ramp};
use crate::rare::Rare;
use crate::rest::Resting;
use crate::rows::RowId;
use crate::wire::{Echo, Hello, Interval};
use crate::{Cost, Interface, Place};

/// All that is known of a neighbour, and all that it is owed.
#[derive(Clone, Debug)]
pub(crate) struct Neighbour {
    pub(crate) interface: Interface,
    /// That of its interface, so that no update has to look there.
    pub(crate) scope: Scope,
    pub(crate) address: Ipv6Addr,
    /// The link's cost in use; follows the measured one with some inertia.
    pub(crate) cost: Cost,
    /// What the neighbour says its reception costs.
    pub(crate) txcost: Cost,
    /// What we last said our reception costs.
    pub(crate) told_rxcost: Cost,
    /// It keeps track of what it told us, and needs not hear what it cannot use.
    pub(crate) frugal: bool,
    /// It has acknowledged something, so it will acknowledge whatever reaches it.
    pub(crate) acknowledges: bool,
    /// Alone at the other end of a link, and of our kind.
    pub(crate) alone: bool,
    /// What must be sent.
    pub(crate) out: Rare<Outbox>,
    /// Whether anything of that, or of the journal, presses.
    pub(crate) haste: Haste,
    /// What it was last told of each range.
    pub(crate) said: Vec<Said>,
    /// The ranges of which it may know less than is true now.
    pub(crate) resting: Resting,
    /// Up to which place of the journal it was told.
    pub(crate) place: u32,
    /// The full telling that is under way.
    pub(crate) dump: Option<Box<Dump>>,
    /// When it was last told everything.
    pub(crate) dumped: Option<Time>,
    /// Since when it may lack something that rests, or asked for everything in vain.
    pub(crate) lacks: Option<Time>,
    /// What it was told, and what was asked of it, and it may not know yet.
    pub(crate) flight: Rare<Flight>,
    /// The name of the last packet to be acknowledged; never 0.
    pub(crate) opaque: u16,
    /// How many requests it may make.
    pub(crate) allowance: Allowance,
    /// How many ranges are known because it told of them first, whether it still does or not.
    pub(crate) brought: u32,
    /// The row of the last update heard: the next one is probably the one after it.
    pub(crate) last_heard: RowId,
    /// How soon it last promised to repeat a route.
    promised: Duration,
    /// How long that is believed.
    hold: Hold,
    /// When its first greeting came, in its present life.
    pub(crate) met: Option<Time>,
    /// When it was last given up or began again.
    pub(crate) forgotten: Option<Time>,
    pub(crate) multicast: Option<Greetings>,
    pub(crate) unicast: Option<Greetings>,
    rtt: Option<(Duration, Time)>,
    echo: Option<(Echo, Time)>,
}

impl Neighbour {
    /// Returns a neighbour of which nothing is known.
    pub(crate) fn new(Place { interface, scope }: Place, address: Ipv6Addr, opaque: u16) -> Self {
        Self {
            interface,
            scope,
            address,
            cost: Cost::INFINITE,
            txcost: Cost::INFINITE,
            told_rxcost: Cost::INFINITE,
            frugal: false,
            acknowledges: false,
            alone: false,
            out: Rare::default(),
            haste: Haste::None,
            said: Vec::new(),
            resting: Resting::default(),
            place: 0,
            dump: None,
            dumped: None,
            lacks: None,
            flight: Rare::default(),
            opaque,
            allowance: Allowance::default(),
            brought: 0,
            last_heard: RowId(0),
            met: None,
            forgotten: None,
            promised: Duration::ZERO,
            hold: Hold::of(1),
            multicast: None,
            unicast: None,
            rtt: None,
            echo: None,
        }
    }

    /// Returns where it is.
    pub(crate) const fn place(&self) -> Place {
        Place { interface: self.interface, scope: self.scope }
    }

    /// Takes in a greeting; returns what it tells of its sender.
    pub(crate) fn hear(&mut self, hello: &Hello, trusted: bool, now: Time) -> Greeting {
        if let Some(origin) = hello.sent {
            self.echo = Some((Echo { origin, received: clock(now) }, now));
        }
        self.frugal |= hello.frugal;
        self.alone = self.frugal && trusted;
        let known = self.is_known();
        let stream = self.stream(if hello.unicast { Stream::Unicast } else { Stream::Multicast });
        let kept = stream.as_mut().is_none_or(|(history, _)| history.hear(hello.seqno));
        let first = || (History::starting(hello.seqno, trusted), None);
        let (_, promised) = stream.get_or_insert_with(first);
        *promised = hello.next.map(Interval::from).or(*promised);
        match (known, kept) {
            (false, _) => Greeting::First,
            (true, true) => Greeting::Next,
            (true, false) => Greeting::Restarted,
        }
    }

    /// Notes a greeting that did not come; returns how long to wait for the next.
    ///
    /// A stream that never promised one has ended.
    pub(crate) fn miss(&mut self, stream: Stream) -> Option<Duration> {
        let place = self.stream(stream);
        let (history, promised) = place.as_mut()?;
        history.miss();
        let next = *promised;
        if next.is_none() {
            *place = None;
        }
        next.map(Duration::from)
    }

    /// Forgets all that was learnt from the neighbour, but not what it was told: it may still
    /// believe that.
    pub(crate) fn forget(&mut self, now: Time) {
        let fresh = Self::new(self.place(), self.address, self.opaque);
        let (said, forgotten) = (core::mem::take(&mut self.said), Some(now));
        let resting = core::mem::take(&mut self.resting);
        let (acknowledges, place) = (self.acknowledges, self.place);
        *self = Self { acknowledges, said, resting, place, forgotten, ..fresh };
    }

    /// Tells whether its first greeting came a moment ago.
    pub(crate) fn began_lately(&self, now: Time) -> bool {
        self.met.is_some_and(|at| now.since(at) < OVERTAKING)
    }

    /// Tells whether it may still believe something that it was told.
    pub(crate) fn may_believe(&self) -> bool {
        self.said.iter().any(|said| said.is_route() || said.is_doubtful())
    }

    /// Takes in one round trip: what the neighbour echoed, and when it sent that.
    ///
    /// Nonsense is passed over: more than ten minutes, or an answer older than its question.
    ///
    /// Source: RFC 9616 §3.2 (rules K2, K3).
    pub(crate) fn time(&mut self, echo: Echo, sent: u32, ramp: Ramp, now: Time) {
        let whole = clock(now).wrapping_sub(echo.origin);
        let waited = sent.wrapping_sub(echo.received);
        if whole > 600_000_000 || waited > whole {
            return;
        }
        let sample = Duration::from_micros(u64::from(whole - waited));
        let new = u32::from(ramp.decay.min(256));
        let mix = |rtt: Duration| (rtt * (256 - new) + sample * new) / 256;
        self.rtt = Some((self.rtt(now).map_or(sample, mix), now));
    }

    /// Returns the smoothed round trip, if one was measured in the last three minutes.
    pub(crate) fn rtt(&self, now: Time) -> Option<Duration> {
        let (rtt, at) = self.rtt?;
        (now.since(at) < RTT_LIFE).then_some(rtt)
    }

    /// Returns what to echo of the neighbour's clock, if that is not too long ago.
    pub(crate) fn echo(&self, now: Time) -> Option<Echo> {
        self.echo.filter(|(_, at)| now.since(*at) < ECHO_LIFE).map(|(echo, _)| echo)
    }

    /// Tells whether it was ever greeted by the neighbour.
    pub(crate) const fn is_known(&self) -> bool {
        self.multicast.is_some() || self.unicast.is_some()
    }

    /// Tells whether no stream has had a greeting lately.
    pub(crate) fn is_silent(&self, kind: Kind) -> bool {
        self.histories().all(|history| history.is_silent(kind))
    }

    /// Tells whether the link can carry packets both ways.
    pub(crate) const fn is_usable(&self) -> bool {
        self.cost.is_finite()
    }

    /// Returns what receiving from the neighbour costs, with what the world adds.
    ///
    /// Source: RFC 8966 App. A.2.1 for wired links, A.2.2 for wireless ones (rule N4).
    pub(crate) fn rxcost(&self, profile: &Profile, charge: Cost) -> Cost {
        let own = match profile.kind {
            Kind::Wired if self.histories().any(History::is_up) => profile.cost,
            Kind::Wired => Cost::INFINITE,
            Kind::Wireless => {
                let most = self.histories().map(History::share).max().unwrap_or(0);
                expected_transmissions(most)
            }
        };
        own.plus(charge)
    }

    /// Returns the link's cost as measured now.
    ///
    /// On a wired link the worse of both directions, so that it does not matter which end is
    /// charged or whether both are; on a wireless one the product of the chances. Plus the delay.
    pub(crate) fn measured(&self, profile: &Profile, charge: Cost, now: Time) -> Cost {
        let rxcost = self.rxcost(profile, charge);
        let base = match profile.kind {
            Kind::Wired => rxcost.max(self.txcost),
            Kind::Wireless if !rxcost.is_finite() || !self.txcost.is_finite() => Cost::INFINITE,
            Kind::Wireless => {
                let product = u32::from(self.txcost.0.max(256)) * u32::from(rxcost.0) / 256;
                Cost(u16::try_from(product).unwrap_or(Cost::INFINITE.0 - 1))
            }
        };
        let delay = profile.delay.zip(self.rtt(now));
        base.plus(delay.map_or(Cost(0), |(ramp, rtt)| ramp.cost(rtt)))
    }

    /// Returns what the neighbour was last told of a range.
    pub(crate) fn said(&self, row: RowId) -> Said {
        self.said.get(row.0 as usize).copied().unwrap_or(Said::NOTHING)
    }

    /// Notes what it is told of a range.
    pub(crate) fn say(&mut self, row: RowId, said: Said) {
        self.resting.set(row, false);
        let row = row.0 as usize;
        grow(&mut self.said, row, Said::NOTHING);
        if let Some(place) = self.said.get_mut(row) {
            *place = said;
        }
    }

    /// Returns how long a route is believed that is promised again after `next`: as a rule what
    /// was promised the last time.
    #[inline]
    pub(crate) fn believed(&mut self, next: Duration) -> Hold {
        if self.promised != next {
            let seconds = held(next).as_millis().div_ceil(1000);
            self.hold = Hold::of(u16::try_from(seconds).unwrap_or(u16::MAX));
            self.promised = next;
        }
        self.hold
    }

    /// Tells whether what does not press may wait for our next greeting, and go with it: only if
    /// that goes to this neighbour alone, which acknowledges it; and not between the scopes of a
    /// divided network, where memberships change in steps shorter than a greeting.
    pub(crate) fn is_patient(&self) -> bool {
        self.alone && self.acknowledges && self.scope == Scope::EVERYWHERE
    }

    /// Returns how soon everything is told again.
    pub(crate) const fn interval(&self, profile: &Profile) -> Duration {
        if self.acknowledges { profile.long_update } else { profile.update }
    }

    /// Tells whether a stream says when its next greeting comes.
    pub(crate) fn promises(&self, stream: Stream) -> bool {
        let stream = match stream {
            Stream::Multicast => self.multicast,
            Stream::Unicast => self.unicast,
        };
        stream.is_some_and(|(_, promised)| promised.is_some())
    }

    /// Returns the histories that tell something: those of streams which promise greetings, or
    /// all if none does. One that promises nothing never misses any.
    fn histories(&self) -> impl Iterator<Item = History> {
        let any = self.promises(Stream::Multicast) || self.promises(Stream::Unicast);
        let streams = [self.multicast, self.unicast].into_iter().flatten();
        let told = streams.filter(move |(_, promised)| promised.is_some() || !any);
        told.map(|(history, _)| history)
    }

    const fn stream(&mut self, stream: Stream) -> &mut Option<Greetings> {
        match stream {
            Stream::Multicast => &mut self.multicast,
            Stream::Unicast => &mut self.unicast,
        }
    }
}

/// Which greetings of a stream arrived, and how soon the next was promised.
pub(crate) type Greetings = (History, Option<Interval>);

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

/// The neighbours, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Neighbours(Vec<Option<Neighbour>>);

impl Neighbours {
    /// Adds a neighbour; `None` if there are far too many.
    pub(crate) fn add(&mut self, neighbour: Neighbour) -> Option<Slot> {
        let free = self.0.iter().position(Option::is_none).unwrap_or(self.0.len());
        let slot = u16::try_from(free).ok().filter(|slot| *slot < MOST)?;
        grow(&mut self.0, free, None);
        if let Some(place) = self.0.get_mut(free) {
            *place = Some(neighbour);
        }
        Some(Slot(slot))
    }

    /// Removes a neighbour.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<Neighbour> {
        self.0.get_mut(usize::from(slot.0))?.take()
    }

    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> Option<&Neighbour> {
        self.0.get(usize::from(slot.0))?.as_ref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Neighbour> {
        self.0.get_mut(usize::from(slot.0))?.as_mut()
    }

    /// Returns all, in the order of their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &Neighbour)> {
        (0..).map(Slot).zip(&self.0).filter_map(|(slot, it)| Some((slot, it.as_ref()?)))
    }

    /// Returns all, to change them.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (Slot, &mut Neighbour)> {
        (0..).map(Slot).zip(&mut self.0).filter_map(|(slot, it)| Some((slot, it.as_mut()?)))
    }
}

/// Returns our clock as the wire has it: microseconds, modulo 2^32.
#[expect(clippy::cast_possible_truncation, reason = "the wire's clock wraps; RFC 9616 §3.1")]
pub(crate) const fn clock(now: Time) -> u32 {
    now.as_micros() as u32
}

/// Returns the expected number of transmissions, in 256ths, when `share` of 256 arrive.
fn expected_transmissions(share: u16) -> Cost {
    match share {
        0 => Cost::INFINITE,
        share => Cost(u16::try_from(0x1_0000 / u32::from(share)).unwrap_or(Cost::INFINITE.0)),
    }
}

/// Numbers from here on mean something else in a row.
const MOST: u16 = 0xff00;
/// How late a packet may be.
const OVERTAKING: Duration = Duration::from_secs(10);
const RTT_LIFE: Duration = Duration::from_mins(3);
/// An older reading of the clock says nothing about now.
const ECHO_LIFE: Duration = Duration::from_mins(10);
