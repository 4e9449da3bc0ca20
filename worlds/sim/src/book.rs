//! The book of births and deaths.

use std::collections::BTreeMap;
use std::time::Duration;

use arrows::Event;
use words::{LinkId, Time};

/// What happened to arrows.
#[derive(Debug, Default)]
pub(crate) struct Book {
    /// Arrows that were drawn, by what the draw was owed to.
    pub(crate) drawn: BTreeMap<&'static str, u64>,
    /// Arrows that came to life.
    pub(crate) opened: u64,
    /// Arrows that died, by what of.
    pub(crate) died: BTreeMap<&'static str, u64>,
    /// Dials that were turned away, by why.
    pub(crate) refused: BTreeMap<&'static str, u64>,
    /// What the sentences were owed to.
    pub(crate) condemned: BTreeMap<&'static str, u64>,
    /// How long the drains took that are over.
    pub(crate) drains: Vec<Duration>,
    /// The age of the oldest arrow that died.
    pub(crate) oldest: Duration,
    /// Arrows that live.
    living: BTreeMap<(usize, LinkId), Life>,
}

/// An arrow that came to life.
#[derive(Clone, Copy, Debug)]
struct Life {
    since: Time,
    condemned: Option<Time>,
}

impl Book {
    /// Takes down what happened to an arrow of `node`.
    pub(crate) fn write(&mut self, node: usize, event: &Event, now: Time) {
        match *event {
            Event::Born { of, .. } => *self.drawn.entry(of.name()).or_default() += 1,
            Event::Opened { link, .. } => {
                self.opened += 1;
                self.living.insert((node, link), Life { since: now, condemned: None });
            }
            Event::Draining { link, of, .. } => {
                *self.condemned.entry(of.name()).or_default() += 1;
                if let Some(life) = self.living.get_mut(&(node, link)) {
                    life.condemned = Some(now);
                }
            }
            Event::Died { link, of, .. } => {
                *self.died.entry(of.name()).or_default() += 1;
                self.bury(node, link, now);
            }
            Event::TurnedAway { of, .. } => *self.refused.entry(of.name()).or_default() += 1,
            // That a drain was cut short shows in what its arrow died of.
            Event::Accepted { .. }
            | Event::Parted { .. }
            | Event::Suspected { .. }
            | Event::Trusted { .. }
            | Event::Overstayed { .. }
            | Event::Garbled { .. } => {}
        }
    }

    fn bury(&mut self, node: usize, link: LinkId, now: Time) {
        let Some(life) = self.living.remove(&(node, link)) else { return };
        self.oldest = self.oldest.max(now.since(life.since));
        self.drains.extend(life.condemned.map(|since| now.since(since)));
    }

    /// Forgets the arrows of a node that died with it.
    pub(crate) fn forget(&mut self, node: usize) {
        self.living.retain(|(owner, _), _| *owner != node);
    }

    /// Returns the age of the oldest arrow there ever was, dead or alive.
    pub(crate) fn oldest(&self, now: Time) -> Duration {
        let ages = self.living.values().map(|life| now.since(life.since));
        ages.fold(self.oldest, Duration::max)
    }

    /// Returns how long the longest drain took, or takes already.
    pub(crate) fn longest_drain(&self, now: Time) -> Duration {
        let open = self.living.values().filter_map(|life| life.condemned);
        open.map(|since| now.since(since))
            .chain(self.drains.iter().copied())
            .max()
            .unwrap_or_default()
    }

    /// Returns how many arrows live.
    pub(crate) fn living(&self) -> usize {
        self.living.len()
    }
}
