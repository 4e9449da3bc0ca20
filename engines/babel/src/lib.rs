//! The Babel speaker (RFC 8966) with delays in its metric (RFC 9616), as a pure engine.
//!
//! Each [`LinkId`] is an interface with exactly one neighbour at its other end,
//! so unicast and multicast are the same thing here. The packets it says are whole Babel
//! packets; what carries them is the world's business.
//!
//! ```text
//!  Frame ─► wire ─► heard ─► table ─► select ─► announce ─► outbox ─► packets ─► Send
//!                              │         ├─ feasibility       ▲
//!                              │         └─ request ──────────┘
//!                              └─ expiry (agenda)        Route, Usage ◄─ settle
//! ```
//!
//! Two rules keep it free of loops, whatever is lost or late: nothing unfeasible or infinite
//! is ever selected, and the source table is written before an update leaves.
#![no_std]

extern crate alloc;

mod agenda;
mod announce;
mod counters;
mod feasibility;
mod heard;
mod history;
mod links;
pub mod mac;
mod metric;
mod neighbour;
mod outbox;
mod packets;
mod request;
mod select;
mod seqno;
mod settings;
mod status;
mod table;
pub mod wire;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::time::Duration;

use words::routing::{Input, Output};
use words::{Deadline, Dice, Engine, LinkId, Prefix, Time};

pub use counters::{Counters, Ignored};
pub use feasibility::Distance;
pub use metric::{Cost, Metric};
pub use seqno::Seqno;
pub use settings::Settings;
pub use status::{NeighbourView, RouteView};
pub use wire::RouterId;

use agenda::{Agenda, Timer};
use feasibility::Sources;
use neighbour::Neighbour;
use request::Requests;
use table::Table;

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
    /// To drop an old route.
    Expiry,
    /// To repeat a request.
    Request,
    /// To forget old sources.
    Garbage,
}

/// A Babel speaker. See the [crate] for its shape, [`words::routing`] for its words.
#[derive(Clone, Debug)]
pub struct Babel {
    settings: Settings,
    router: RouterId,
    seqno: Seqno,
    born: Time,
    /// When something last happened.
    heard_at: Time,
    dice: Dice,
    agenda: Agenda,
    neighbours: BTreeMap<LinkId, Neighbour>,
    own: BTreeSet<Prefix>,
    table: Table,
    sources: Sources,
    requests: Requests,
    /// Ranges whose selection may have changed since the world was last told.
    touched: BTreeSet<Prefix>,
    /// Links with something that must leave now.
    ready: BTreeSet<LinkId>,
    /// What the world was told: routes, and how many through each link.
    installed: BTreeMap<Prefix, LinkId>,
    usage: BTreeMap<LinkId, u32>,
    said: VecDeque<Output>,
    counters: Counters,
}

impl Babel {
    /// Returns a speaker without links or ranges.
    ///
    /// The sequence number begins anywhere: if it is older than the one of a former life, the
    /// neighbours' first seqno request puts it right.
    pub fn new(settings: Settings, seed: [u8; 32], now: Time) -> Self {
        let mut dice = Dice::of(seed, "babel");
        let mut router = RouterId(settings.router_id);
        while !router.is_legal() {
            router = RouterId(dice.bits().to_be_bytes());
        }
        let mut babel = Self {
            settings: settings.clamped(),
            router,
            seqno: Seqno(anywhere(&mut dice)),
            born: now,
            heard_at: now,
            dice,
            agenda: Agenda::default(),
            neighbours: BTreeMap::new(),
            own: BTreeSet::new(),
            table: Table::default(),
            sources: Sources::default(),
            requests: Requests::default(),
            touched: BTreeSet::new(),
            ready: BTreeSet::new(),
            installed: BTreeMap::new(),
            usage: BTreeMap::new(),
            said: VecDeque::new(),
            counters: Counters::default(),
        };
        babel.agenda.set(Timer::Garbage, now + GARBAGE);
        babel
    }

    /// Does what is due.
    fn advance(&mut self, now: Time) {
        while let Some(timer) = self.agenda.due(now) {
            match timer {
                Timer::Hello => self.greet_all(now),
                Timer::Court(link) => self.court(link, now),
                Timer::Silence(link, stream) => self.missed(link, stream, now),
                Timer::Deaf(link) => self.deaf(link, now),
                Timer::Update => self.refresh_all(now),
                Timer::Flush => self.flush(),
                Timer::Resend(link, opaque) => self.resend(link, opaque, now),
                Timer::Expiry(prefix, link) => self.aged(prefix, link, now),
                Timer::Request(prefix, router) => self.repeat_request(prefix, router, now),
                Timer::Garbage => self.forget_sources(now),
            }
        }
    }

    /// Forgets sources that nobody can believe any more (rule F3).
    fn forget_sources(&mut self, now: Time) {
        let age = (self.settings.update * 4).max(SOURCE_LIFE);
        self.sources.forget(age, now);
        self.requests.forget(now);
        self.agenda.set(Timer::Garbage, now + GARBAGE);
    }

    /// Tells the world which routes and usages are no longer as it was told.
    fn settle(&mut self) {
        if self.touched.is_empty() {
            return;
        }
        let before_all = self.usage.clone();
        let mut used = BTreeSet::new();
        for prefix in core::mem::take(&mut self.touched) {
            let link = self.table.selected(prefix).map(|(link, _)| link);
            let before = self.installed.get(&prefix).copied();
            self.table.tidy(prefix);
            if link == before {
                continue;
            }
            if let Some(before) = before {
                self.installed.remove(&prefix);
                if let Some(count) = self.usage.get_mut(&before) {
                    *count = count.saturating_sub(1);
                }
            }
            if let Some(link) = link {
                self.installed.insert(prefix, link);
                *self.usage.entry(link).or_default() += 1;
            }
            used.extend(before.into_iter().chain(link));
            self.counters.route_changes += 1;
            self.said.push_back(Output::Route(prefix, link));
        }
        for link in used {
            let count = self.usage.get(&link).copied().unwrap_or(0);
            if count == 0 {
                self.usage.remove(&link);
            }
            if count != before_all.get(&link).copied().unwrap_or(0) {
                self.said.push_back(Output::Usage(link, count));
            }
        }
    }

    /// Returns a time a little shorter than `most`: jitter never breaks a promise.
    fn shortened(&mut self, most: Duration) -> Duration {
        most.saturating_sub(self.dice.within(most / 4))
    }
}

impl Engine for Babel {
    type Input<'a> = Input<'a>;
    type Output = Output;
    type Why = Why;

    fn handle(&mut self, input: Input<'_>, now: Time) {
        self.heard_at = now;
        match input {
            Input::Up(link) => self.up(link, now),
            Input::Down(link) => self.down(link, now),
            Input::Shun(link) => self.shun(link, now),
            Input::Announce(prefix) => self.announce_own(prefix, now),
            Input::Withdraw(prefix) => self.withdraw_own(prefix, now),
            Input::Frame(link, octets) => self.heard(link, octets, now),
            Input::Wake => {}
        }
        self.advance(now);
        self.settle();
        self.write_packets(now);
    }

    fn poll(&mut self) -> Option<Output> {
        self.said.pop_front()
    }

    fn deadline(&self) -> Option<Deadline<Why>> {
        self.agenda.first()
    }
}

/// Returns any number of 16 bits.
fn anywhere(dice: &mut Dice) -> u16 {
    u16::try_from(dice.below(0x1_0000)).unwrap_or(0)
}

const GARBAGE: Duration = Duration::from_mins(1);
/// Source: RFC 8966 App. B, three minutes; at least 3.5 of our update intervals.
const SOURCE_LIFE: Duration = Duration::from_mins(3);

#[cfg(test)]
mod tests;
