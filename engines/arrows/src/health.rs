//! What a link loses, how often it comes and goes, what we carry, and what routing is told that
//! this costs.
//!
//! All of it is told as delay, so that it adds to the delay that routing measures itself:
//!
//! | what | costs | at most |
//! |---|---|---|
//! | packets that do not come, beyond one in 400 | 50 ms for each in a hundred | 850 ms |
//! | coming and going, from the second time on | 100 ms each time, half of it after each minute | 600 ms |
//! | both together | | 850 ms |
//! | what we carry for others, on all links alike, as the node says | besides | 400 ms |
//! | being suspect | 1.2 s besides: routes leave at once for whatever is better | |
//!
//! It is a cost and nothing else: no urn of [`principles`] knows of it, a link that costs much
//! is neither condemned nor spared for it, and one that is shunned stays shunned.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use words::{LinkId, Micros, NodeId, Time, Traffic};

use crate::life::Life;
use crate::pulse::Turn;
use crate::{Arrows, Event, Output};

/// How many packets it takes to say anything about loss.
const SAMPLE: u32 = 64;
/// What is lost by all links now and then, in 65536ths.
const USUAL: u32 = 65_536 / 400;
/// What losing everything would cost.
const LOSS: Duration = Duration::from_secs(5);
/// The most that a link costs which is not suspect.
const MOST: Duration = Duration::from_millis(850);
/// What being suspect costs besides: more than any way around.
const SUSPECT: Duration = Duration::from_millis(1_200);
/// What it costs to come and go once more, and how soon half of it is forgotten.
const FLAP: Duration = Duration::from_millis(100);
const HALF_LIFE: Duration = Duration::from_mins(1);
/// The most that coming and going costs; one time is free.
const MOST_FLAPS: Duration = Duration::from_millis(600);
/// The most that what we carry for others adds.
const MOST_LOAD: Duration = Duration::from_millis(400);
/// How many nodes are remembered to have come and gone.
const REMEMBERED: usize = 1024;
/// Routing is told of changes beyond this, and beyond a quarter of what it was told.
const NEWS: Duration = Duration::from_millis(12);

/// What a link loses, and what routing was told that it costs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Health {
    sent: u32,
    came: u32,
    /// Share of the packets that did not come, in 65536ths, smoothed.
    lost: u32,
    told: Micros,
    /// And besides, for what we carry for others.
    load: Micros,
}

impl Health {
    /// Notes how many packets the other end sent, and how many came. Tells whether that says
    /// anything new.
    fn counted(&mut self, sent: u32, came: u32) -> bool {
        self.sent = self.sent.saturating_add(sent);
        self.came = self.came.saturating_add(came.min(sent));
        if self.sent < SAMPLE {
            return false;
        }
        let missing = u64::from(self.sent - self.came) * 65_536 / u64::from(self.sent);
        let missing = u32::try_from(missing).unwrap_or(65_536);
        self.lost = (7 * self.lost + missing) / 8;
        (self.sent, self.came) = (0, 0);
        true
    }

    /// Returns what is lost, in parts of a million.
    pub(crate) fn lost_ppm(&self) -> u32 {
        u32::try_from(u64::from(self.lost) * 1_000_000 / 65_536).unwrap_or(1_000_000)
    }

    /// Returns what routing was told that the link costs.
    pub(crate) fn charge(&self) -> Duration {
        Duration::from(self.told) + self.load.into()
    }

    /// Returns what its losses cost.
    fn cost(&self) -> Duration {
        LOSS * self.lost.saturating_sub(USUAL) / 65_536
    }

    /// Notes what the link costs now, by itself and for what we carry, which is damped already, and
    /// tells whether that is news for routing.
    fn is_news(&mut self, costs: Duration, load: Duration) -> bool {
        let (told, load) = (Duration::from(self.told), Micros::from(load));
        let margin = NEWS.max(told / 4);
        let ends = costs == Duration::ZERO && told != Duration::ZERO;
        let news = ends || costs.abs_diff(told) > margin || load != self.load;
        if news {
            (self.told, self.load) = (costs.into(), load);
        }
        news
    }
}

/// The nodes to which links came and went.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flaps(BTreeMap<NodeId, Flap>);

/// How much is held against a node, as of a moment.
#[derive(Clone, Copy, Debug)]
struct Flap {
    penalty: Duration,
    at: Time,
}

impl Flap {
    /// Returns what is left of the penalty: half of it after each half-life, on a straight line
    /// in between.
    fn left(&self, now: Time) -> Duration {
        let age = now.since(self.at).as_micros();
        let lives = age / HALF_LIFE.as_micros();
        let Some(whole) = u32::try_from(lives).ok().and_then(|lives| 1_u32.checked_shl(lives))
        else {
            return Duration::ZERO;
        };
        let left = self.penalty / whole;
        let since = u32::try_from(age % HALF_LIFE.as_micros() / 1_000).unwrap_or(0);
        left.saturating_sub(left / 2 * since / 60_000)
    }
}

impl Flaps {
    /// Notes that a link to `node` was lost, or was silent and came back.
    pub(crate) fn note(&mut self, node: NodeId, now: Time) {
        self.0.retain(|_, flap| flap.left(now) > FLAP / 16);
        let before = self.0.get(&node).map_or(Duration::ZERO, |flap| flap.left(now));
        let penalty = (before + FLAP).min(MOST_FLAPS + FLAP);
        if self.0.len() < REMEMBERED || self.0.contains_key(&node) {
            self.0.insert(node, Flap { penalty, at: now });
        }
    }

    /// Returns what it costs to come and go as often as the links to `node` did.
    fn cost(&self, node: NodeId, now: Time) -> Duration {
        let left = self.0.get(&node).map_or(Duration::ZERO, |flap| flap.left(now));
        left.saturating_sub(FLAP)
    }
}

impl Arrows {
    /// Takes in what crossed links.
    pub(crate) fn crossed(&mut self, all: &[Traffic], now: Time) {
        for traffic in all {
            let Some(link) = self.links.get_mut(&traffic.link).filter(|link| link.is_up()) else {
                continue;
            };
            link.pulse.heard(traffic.heard.or_earlier(now));
            if let Some(at) = traffic.carried {
                link.pulse.carried(at.or_earlier(now));
            }
            if link.health.counted(traffic.sent, traffic.came) {
                self.assess(traffic.link, now);
            }
        }
    }

    /// Takes in what our links cost for what we carry for others.
    pub(crate) fn bear(&mut self, costs: Duration, now: Time) {
        self.load = costs.min(MOST_LOAD);
        let all: Vec<LinkId> = self.links.iter().map(|(id, _)| *id).collect();
        for id in all {
            self.assess(id, now);
        }
    }

    /// Tells routing what a link costs, if that has changed.
    pub(crate) fn assess(&mut self, id: LinkId, now: Time) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if !matches!(link.life, Life::Live) {
            return;
        }
        let own = (link.health.cost() + self.flaps.cost(link.peer, now)).min(MOST);
        let suspicion = if link.pulse.is_suspect() { SUSPECT } else { Duration::ZERO };
        if link.health.is_news(own + suspicion, self.load) {
            self.say(Output::Charge(id, own + suspicion + self.load));
        }
    }

    /// A link becomes suspect, or is trusted again.
    pub(crate) fn turn(&mut self, id: LinkId, now: Time) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let Some((_, turn)) = link.pulse.turn().filter(|(at, _)| *at <= now) else { return };
        let was_suspect = link.pulse.is_suspect();
        link.pulse.turned(turn);
        let node = link.peer;
        match turn {
            Turn::Suspicion if was_suspect => self.flaps.note(node, now),
            Turn::Suspicion => self.say(Output::Event(Event::Suspected { link: id, node })),
            Turn::Calm => {
                self.flaps.note(node, now);
                self.say(Output::Event(Event::Trusted { link: id, node }));
            }
        }
        self.assess(id, now);
    }
}

#[cfg(test)]
mod tests;
