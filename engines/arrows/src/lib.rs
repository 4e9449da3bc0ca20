//! The life of our arrows, and of the links that others opened to us.
//!
//! ```text
//!             chance draws            found, carrier drawn          carrier up
//!  free seat ──────────────► Seeking ───────────────────► Opening ─────────────► Live
//!      ▲                        │ not found                  │ refused, too late   │
//!      │ the seat rests         ▼                            ▼                     │ condemned
//!      ◄───────────────────── closed ◄───────────────────────◄──── silent ◄────────┤ by chance
//!      ▲                                                             ▲             ▼
//!      │ the successor is drawn when the drain begins                └──────── Draining
//!      ◄─────────────────────────────────────────────────────────────────────────  │
//!                      closed ◄─── both ends have left it, or the limit is reached ◄┘
//! ```
//!
//! No state leads back. A link which somebody else owns begins at Opening (accepted),
//! and drains when its owner says so: only the owner of an arrow condemns it.
//!
//! The two ends agree before they close, over a carrier that may lose what they say
//! (`wire.rs` has the words). Both shun the link; routing leaves it at both ends.
//!
//! ```text
//!   owner                                    acceptor
//!     │ condemned ── Drain ─────────────────► │ shuns too
//!     │ ◄───────────────── Draining(routes) ──│ while it has routes over it
//!     │ ◄───────────────────────────── Left ──│ no route, nothing crosses
//!     │ left too: routing forgets the link    │
//!     │ ─── Goodbye ────────────────────────► │ still left
//!     │ ◄─────────────────────── GoodbyeAck ──│ closes
//!     │ closes                                │
//! ```
//!
//! This engine decides *when*; whom and which is for [`principles`].
#![no_std]

extern crate alloc;

mod agreement;
mod callers;
mod doors;
mod health;
mod io;
mod known;
mod lan;
mod leaving;
mod life;
mod links;
mod overdue;
mod pulse;
mod seats;
mod settings;
mod trip;
mod view;
mod wire;

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use principles::exceptions::FailingCarrier;
use words::{Deadline, Dice, Engine, LinkId, NodeId, Time, next_said};

pub use io::{Death, Event, Holdout, Input, Output, Refusal, Why};
pub use principles::{Cause, Drawn, Traits};
pub use settings::Settings;
pub use view::{State, View};
pub use wire::Malformed;

use callers::Callers;
use health::Flaps;
use known::Known;
use lan::Lan;
use life::Link;
use links::Links;
use seats::Resting;

/// All links of one node in one mesh, from birth to death.
#[derive(Debug)]
pub struct Arrows {
    me: NodeId,
    settings: Settings,
    dice: Dice,
    known: Known,
    lan: Lan,
    links: Links,
    failing: FailingCarrier,
    flaps: Flaps,
    /// What each link costs for what we carry for others.
    load: Duration,
    callers: Callers,
    /// Seats whose dial failed.
    resting: Vec<Resting>,
    next_link: u32,
    /// What the numbers of two of our arrows, one after the other, differ by.
    step: u32,
    next_round: Time,
    /// When the links are probed next; `None` while there is none.
    next_probe: Option<Time>,
    /// When free seats are drawn next; `None` while nothing could have changed.
    next_draw: Option<Time>,
    /// Nobody is drawn.
    holds: bool,
    /// When we say farewell on every link, once we are told to stop.
    leaving: Option<Time>,
    /// When we close them, once that is said.
    closing: Option<Time>,
    /// When we were last told anything.
    last: Time,
    outputs: VecDeque<Output>,
}

impl Engine for Arrows {
    type Input<'a> = Input<'a>;
    type Output = Output;
    type Why = Why;

    fn handle(&mut self, input: Input<'_>, now: Time) {
        self.awake(now);
        self.inform(input, now);
        self.expire(now);
        self.part(now);
        self.probe(now);
        self.agree(now);
        self.renew(now);
        self.fill_seats(now);
        self.links.note(&self.settings, now);
    }

    fn poll(&mut self) -> Option<Output> {
        next_said(&mut self.outputs)
    }

    fn deadline(&self) -> Option<Deadline<Why>> {
        let round = Deadline { at: self.next_round, why: Why::Round };
        let round = self.leaving.is_none().then_some(round);
        let farewell = self.closing.or(self.leaving).filter(|at| *at > self.last);
        let farewell = farewell.map(|at| Deadline { at, why: Why::Farewell });
        let draw = self.next_draw.map(|at| Deadline { at, why: Why::Draw });
        let probe = self.next_probe.map(|at| Deadline { at, why: Why::Probe });
        let resting = self.resting.iter().map(|seat| seat.until).chain(self.lan.resting());
        let retry = resting.map(|at| Deadline { at, why: Why::Retry });
        let all = round.into_iter().chain(farewell).chain(draw).chain(probe).chain(retry);
        all.chain(self.links.deadline()).min_by_key(|deadline| deadline.at)
    }
}

impl Arrows {
    /// Returns the arrows of node `me`, which has none yet.
    ///
    /// The first round comes after half a period at least and a whole one at most, so
    /// that nodes started together are not renewed together.
    pub fn new(settings: Settings, me: NodeId, seed: [u8; 32], now: Time) -> Self {
        let mut dice = Dice::of(seed, "arrows");
        let half = settings.round() / 2;
        Self {
            me,
            next_round: now + half + dice.within(half),
            settings,
            dice,
            known: Known::default(),
            lan: Lan::default(),
            links: Links::default(),
            failing: FailingCarrier::default(),
            flaps: Flaps::default(),
            load: Duration::ZERO,
            callers: Callers::default(),
            resting: Vec::new(),
            next_link: 0,
            step: 1,
            next_probe: None,
            next_draw: None,
            holds: false,
            leaving: None,
            closing: None,
            last: now,
            outputs: VecDeque::new(),
        }
    }

    /// Numbers the arrows from `first` on, each `step` more than the one before: where one node has
    /// arrows in several meshes, no two have one name. Before the first arrow only; a `step` of 0
    /// is taken as 1.
    #[must_use]
    pub fn numbered(mut self, first: u32, step: u32) -> Self {
        (self.next_link, self.step) = (first, step.max(1));
        self
    }

    /// Returns the number of the next arrow.
    pub const fn next_number(&self) -> u32 {
        self.next_link
    }

    /// Notes the time, and how long we overslept: that was nobody's silence.
    fn awake(&mut self, now: Time) {
        // Nothing was due before the last time we were told anything.
        if now.since(self.last) > pulse::LATE
            && let Some(due) = self.deadline()
        {
            let overslept = now.since(due.at);
            if overslept > pulse::LATE {
                self.links.all_mut().for_each(|link| link.pulse.slept(overslept, now));
            }
        }
        self.last = now;
    }

    fn inform(&mut self, input: Input<'_>, now: Time) {
        match input {
            Input::Reachable(node) => {
                if node != self.me && self.known.reachable(node) {
                    self.draw_soon(now);
                }
            }
            Input::Unreachable(node) => {
                self.known.unreachable(node);
                self.draw_soon(now);
            }
            Input::Guests(nodes) => {
                let others = nodes.iter().copied().filter(|node| *node != self.me).collect();
                if core::mem::replace(&mut self.known.guests, others) != self.known.guests {
                    self.draw_soon(now);
                }
            }
            Input::Described(node, traits) => self.known.described(node, traits),
            Input::Delay(node, delay) => self.known.measured(node, delay),
            Input::Bootstrap(nodes) => {
                self.known.named = nodes.to_vec();
                self.draw_soon(now);
            }
            Input::Introduced(node) => {
                self.known.introduced = Some(node);
                self.draw_soon(now);
            }
            Input::OnLan(node) => self.on_lan(node, now),
            Input::OffLan(node) => self.off_lan(node),
            Input::Found(link, carriers) => self.found(link, carriers, now),
            Input::NotFound(link) => self.not_found(link, now),
            Input::Request(link, from) => self.requested(link, from, now),
            Input::Up(link, node) => self.up(link, node, now),
            Input::Down(link) => self.down(link, now),
            Input::Refused(link, _) => self.refused(link, now),
            Input::Usage(link, used_by) => self.used(link, used_by),
            Input::Carried(link) => self.carried(link, now),
            Input::Traffic(all) => self.crossed(all, now),
            Input::Load(costs) => self.bear(costs, now),
            Input::Frame(link, octets) => self.frame(link, octets, now),
            Input::Settings(settings) => self.retune(settings, now),
            Input::Banish(link) => self.banish(link, now),
            Input::Elsewhere(node) => {
                self.known.elsewhere(node);
                self.off_lan(node);
            }
            Input::Yield(node) => {
                self.known.elsewhere(node);
                self.off_lan(node);
                self.give_up(node, now);
            }
            Input::Try(drawn) => self.try_one(drawn, now),
            Input::Hold(holds) => self.hold(holds, now),
            Input::HandOver(link) => self.hand_over(link, now),
            Input::TakeOver(link, from) => self.take_over(link, from, now),
            Input::Dismiss(link) => self.dismiss(link, now),
            Input::Leave => self.leave(now),
            Input::Wake => {}
        }
    }

    /// The carrier made a link.
    fn up(&mut self, id: LinkId, node: NodeId, now: Time) {
        let Some(link) = self.links.get_mut(&id) else {
            return self.say(Output::Close(id));
        };
        if link.peer != node {
            return self.close(id, Death::Unborn, now);
        }
        if !link.opened(now) {
            return;
        }
        let (owned, took) = (link.owned, now.since(link.born));
        self.next_probe = self.next_probe.or(Some(now + self.settings.probe));
        match owned {
            Some(owned) => self.arrow_up(id, node, owned, took),
            None => self.say(Output::Event(Event::Accepted { link: id, from: node })),
        }
        if self.leaving.is_some() {
            self.say(Output::Shun(id));
        }
        self.assess(id, now);
    }

    /// The carrier lost a link, or never made it: it needs no closing.
    fn down(&mut self, id: LinkId, now: Time) {
        let Some(link) = self.links.get(&id) else { return };
        let heard_farewell = self.closing.is_some() && link.is_up();
        let of = if heard_farewell { Death::Left } else { agreement::silent_death(link) };
        self.bury(id, of, now);
    }

    fn banish(&mut self, id: LinkId, now: Time) {
        let Some(link) = self.links.get(&id) else { return };
        let of = if link.is_up() { Death::Banished } else { Death::Unborn };
        self.close(id, of, now);
    }

    fn used(&mut self, id: LinkId, used_by: u32) {
        if let Some(link) = self.links.get_mut(&id) {
            link.used_by = used_by;
        }
    }

    fn carried(&mut self, id: LinkId, now: Time) {
        if let Some(drain) = self.links.get_mut(&id).and_then(Link::drain) {
            drain.crossed = now;
        }
    }

    /// Does what is due to single links: ends those whose time is up, nudges the silent.
    fn expire(&mut self, now: Time) {
        loop {
            self.links.note(&self.settings, now);
            if self.links.deadline().is_none_or(|first| first.at > now) {
                return;
            }
            let mut due: Vec<_> = (self.links.iter())
                .filter_map(|(id, link)| link.deadline(*id, &self.settings))
                .filter(|deadline| deadline.at <= now + pulse::TOGETHER)
                .collect();
            if due.iter().all(|deadline| deadline.at > now) {
                // What is due is that payload has been quiet for long enough.
                self.links.touch_all();
                return;
            }
            due.retain(|it| it.at <= now || matches!(it.why, Why::Nudge(_)));
            for deadline in due {
                self.enact(deadline.why, now);
            }
        }
    }

    fn enact(&mut self, due: Why, now: Time) {
        match due {
            Why::Patience(id) => self.close(id, Death::Unborn, now),
            Why::Silence(id) => self.fell_silent(id, now),
            Why::Suspicion(id) => self.turn(id, now),
            Why::Nudge(id) => self.nudge(id, now),
            Why::DrainLimit(id) => self.limit_reached(id, now),
            Why::Round | Why::Draw | Why::Retry | Why::Probe | Why::Quiet(_) | Why::Farewell => {}
        }
    }

    fn fell_silent(&mut self, id: LinkId, now: Time) {
        if let Some(of) = self.links.get(&id).map(agreement::silent_death) {
            self.close(id, of, now);
        }
    }

    /// Closes a link, and forgets it.
    fn close(&mut self, id: LinkId, of: Death, now: Time) {
        if self.links.contains_key(&id) {
            self.say(Output::Close(id));
            self.bury(id, of, now);
        }
    }

    /// Forgets a link, and tells what it died of.
    fn bury(&mut self, id: LinkId, of: Death, now: Time) {
        let Some(link) = self.links.remove(&id) else { return };
        let (peer, age) = (link.peer, now.since(link.born));
        if of == Death::Lost {
            self.flaps.note(peer, now);
        }
        match link.owned {
            Some(owned) => {
                let (cause, sentence) = (owned.cause, link.sentence());
                self.free_seat(&link, of, now);
                let died = Event::Died { link: id, to: peer, of, age, cause, sentence };
                self.say(Output::Event(died));
            }
            None => self.say(Output::Event(Event::Parted { link: id, from: peer, of, age })),
        }
        self.draw_soon(now);
    }

    fn say(&mut self, output: Output) {
        self.outputs.push_back(output);
    }
}

#[cfg(test)]
mod tests;
