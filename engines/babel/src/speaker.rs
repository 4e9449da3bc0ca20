//! The speaker: what it remembers, and the order in which it does things.
//!
//! ```text
//!  Packet ─► wire ─► heard ─► learn ─► select ─► announce ─► journal ─► packets ─► Packet
//!                               │         ├─ feasibility                  ▲
//!                               │         └─ request ─────────────────────┘
//!                               └─ age (time)          Route, Usage ◄─ settle
//! ```

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use words::{Deadline, Dice, Engine, Time};

use crate::agenda::{Agenda, Timer};
use crate::candidates::{Candidates, Columns, Slot, Stamp};
use crate::feasibility::Sources;
use crate::few::Few;
use crate::gather::Gather;
use crate::interface::Port;
use crate::intern::{Router, Routers};
use crate::journal::Journal;
use crate::neighbour::Neighbours;
use crate::request::Requests;
use crate::rows::{RowId, Rows};
use crate::{Counters, Input, Interface, Key, Output, RouterId, Seqno, Settings};

/// Why the speaker wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// To greet its neighbours.
    Hello,
    /// To notice that a neighbour is silent.
    Neighbour,
    /// To tell all its routes again.
    Update,
    /// To tell what changed.
    Triggered,
    /// To repeat what was not acknowledged.
    Resend,
    /// To drop an old route, or to hold a lost one no longer.
    Expiry,
    /// To repeat a request.
    Request,
    /// To look again whether a route is better elsewhere.
    Restless,
    /// To forget old sources.
    Garbage,
}

/// A Babel speaker. See [`Input`] and [`Output`] for its words.
///
/// `C` is how the routes of neighbours are kept: all of them, unless a simulation is short of
/// memory, see [`TopK`](crate::TopK).
#[derive(Clone, Debug)]
pub struct Speaker<C = Columns> {
    pub(crate) settings: Settings,
    /// Our name, by its number.
    pub(crate) us: Router,
    pub(crate) seqno: Seqno,
    pub(crate) born: Time,
    /// When something last happened.
    pub(crate) heard_at: Time,
    /// The same, as routes are stamped with it.
    pub(crate) stamp: Stamp,
    pub(crate) dice: Dice,
    pub(crate) agenda: Agenda,
    pub(crate) gather: Gather,
    pub(crate) interfaces: Few<Interface, Port>,
    pub(crate) neighbours: Neighbours,
    pub(crate) own: BTreeMap<Key, RowId>,
    pub(crate) routers: Routers,
    pub(crate) rows: Rows,
    pub(crate) candidates: C,
    /// Next hops that are not the neighbours themselves.
    pub(crate) hops: BTreeMap<(RowId, Slot), IpAddr>,
    pub(crate) sources: Sources,
    pub(crate) requests: Requests,
    pub(crate) journal: Journal,
    /// Ranges that no shorter range may take yet, and until when at most.
    pub(crate) holds: BTreeMap<RowId, Time>,
    /// Ranges to be looked at again soon.
    pub(crate) restless: Vec<RowId>,
    /// Ranges of which the world may have to be told.
    pub(crate) touched: Vec<RowId>,
    /// Neighbours with something that must leave now.
    pub(crate) ready: BTreeSet<Slot>,
    /// Interfaces on which everybody must be greeted now.
    pub(crate) greet: BTreeSet<Interface>,
    pub(crate) said: VecDeque<Output>,
    pub(crate) counters: Counters,
    /// The world ends: nothing is said any more.
    pub(crate) is_over: bool,
}

impl<C: Candidates> Speaker<C> {
    /// Returns a speaker without interfaces or ranges.
    ///
    /// If the settings name no sequence number, it begins anywhere: if it is older than the one
    /// of a former life, the neighbours' first seqno request puts it right (rule S6).
    pub fn new(settings: Settings, seed: [u8; 32], now: Time) -> Self {
        let mut dice = Dice::of(seed, "babel");
        let mut name = settings.router_id;
        while !name.is_legal() {
            name = RouterId(dice.bits().to_be_bytes());
        }
        let seqno = settings.seqno.unwrap_or(Seqno(anywhere(&mut dice)));
        let mut routers = Routers::new(dice.bits());
        let us = routers.intern(name);
        let rows = Rows::new(dice.bits());
        let mut agenda = Agenda::default();
        agenda.set(Timer::Garbage, now + GARBAGE);
        Self {
            settings: settings.clamped(),
            us,
            seqno,
            born: now,
            heard_at: now,
            stamp: Stamp(0),
            dice,
            agenda,
            interfaces: Few::new(),
            neighbours: Neighbours::default(),
            own: BTreeMap::new(),
            routers,
            rows,
            candidates: C::default(),
            hops: BTreeMap::new(),
            sources: Sources::default(),
            requests: Requests::default(),
            journal: Journal::default(),
            holds: BTreeMap::new(),
            restless: Vec::new(),
            touched: Vec::new(),
            gather: Gather::default(),
            ready: BTreeSet::new(),
            greet: BTreeSet::new(),
            said: VecDeque::new(),
            counters: Counters::default(),
            is_over: false,
        }
    }

    /// Does what is due.
    fn advance(&mut self, now: Time) {
        while let Some(timer) = self.agenda.due(now) {
            match timer {
                Timer::Hello(interface) => self.greet_due(interface, now),
                Timer::Court(interface) => self.court(interface, now),
                Timer::Silence(slot, stream) => self.missed(slot, stream, now),
                Timer::Deaf(slot) => self.deaf(slot, now),
                Timer::Update(slot) => self.refresh(slot, now),
                Timer::Flush => self.flush(now),
                Timer::Acks => self.acknowledge(now),
                Timer::Pace(slot) => self.is_ready(slot),
                Timer::Again(slot) => self.tell_again(slot, now),
                Timer::Resend(slot, opaque) => self.resend(slot, opaque),
                Timer::Expiry(slot) => self.expire(slot, now),
                Timer::Request(row, router) => self.repeat_request(row, router, now),
                Timer::Hold => self.release_holds(now),
                Timer::Restless => self.look_again(now),
                Timer::Garbage => self.collect_garbage(now),
            }
        }
    }

    /// Lets the neighbour be told now what it is owed.
    pub(crate) fn is_ready(&mut self, slot: Slot) {
        self.ready.insert(slot);
    }

    /// Returns a time a little shorter than `most`: jitter never breaks a promise.
    pub(crate) fn shortened(&mut self, most: Duration) -> Duration {
        most.saturating_sub(self.dice.within(most / 4))
    }
}

impl<C: Candidates> Engine for Speaker<C> {
    type Input<'a> = Input<'a>;
    type Output = Output;
    type Why = Why;

    fn handle(&mut self, input: Input<'_>, now: Time) {
        if self.is_over {
            return;
        }
        self.heard_at = now;
        self.stamp = Stamp::of(now.since(self.born));
        match input {
            Input::Up(interface, profile) => self.up(interface, profile, now),
            Input::Down(interface) => self.down(interface, now),
            Input::Charge(interface, cost) => self.charge(interface, cost, now),
            Input::Announce(key, metric) => self.announce_own(key, metric, now),
            Input::Withdraw(key) => self.withdraw_own(key, now),
            Input::Policy(policy, change) => self.judge_by(policy, change.as_ref(), now),
            Input::Packet { interface, from, octets } => self.heard(interface, from, octets, now),
            Input::Farewell => return self.say_farewell(),
            Input::Wake => {}
        }
        self.advance(now);
        self.settle();
        self.write_packets(now);
    }

    fn poll(&mut self) -> Option<Output> {
        let next = self.said.pop_front();
        if next.is_none() && self.said.capacity() > CALM {
            self.said = VecDeque::new();
        }
        next
    }

    fn deadline(&self) -> Option<Deadline<Why>> {
        self.agenda.first()
    }
}

/// Returns any number of 16 bits.
pub(crate) fn anywhere(dice: &mut Dice) -> u16 {
    u16::try_from(dice.below(0x1_0000)).unwrap_or(0)
}

/// Room for so much to say is kept when all is said.
const CALM: usize = 8;
/// How often old sources are looked for.
pub(crate) const GARBAGE: Duration = Duration::from_mins(1);
