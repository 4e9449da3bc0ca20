//! Whom each refused rule wants, and whom it wants no more.

use std::collections::BTreeSet;
use std::time::Duration;

use words::LinkId;
use words::routing::Routing;

use super::{Control, Life};
use crate::rule::Rule;

/// Gateways of a country.
const GATEWAYS: usize = 3;
/// Among how many random nodes, for each seat, the best are looked for in a round.
const SAMPLE: usize = 3;
/// Of those who keep the most used, which share goes, in hundredths: the seed's.
const EXPLORE: usize = 30;

impl<R: Routing> Control<R> {
    /// Returns how many links of others are accepted: gateways take all.
    pub(super) fn room(&self) -> usize {
        let gateway = self.habits.rule == Rule::Regions && self.is_gateway(self.me);
        if gateway { usize::MAX } else { self.habits.seats * 2 }
    }

    /// Returns our arrows that the rule ends in this round.
    pub(super) fn unwanted(&self) -> Vec<LinkId> {
        let live = self.links.iter().filter(|(_, link)| link.ours && link.life == Life::Live);
        let mut live: Vec<_> = live.map(|(id, link)| (*id, *link)).collect();
        match self.habits.rule {
            Rule::KeepUsed => {
                live.sort_by_key(|(id, link)| (link.uses, *id));
                live.truncate((live.len() * EXPLORE).div_ceil(100));
            }
            Rule::Best => {
                let better = self.better();
                live.retain(|(_, link)| !better.contains(&link.peer));
            }
            Rule::Seed | Rule::Random | Rule::Nearest | Rule::Regions => live.clear(),
        }
        live.into_iter().map(|(id, _)| id).collect()
    }

    /// Returns to whom new arrows are opened now.
    pub(super) fn wanted(&mut self) -> Vec<usize> {
        let seated = self.links.values().filter(|link| link.ours && link.is_seated()).count();
        let free = self.habits.seats.saturating_sub(seated);
        let mut all = self.strangers();
        match self.habits.rule {
            Rule::Seed | Rule::Random | Rule::KeepUsed => self.dice.draw(&mut all, free),
            Rule::Best => {
                let better = self.better();
                // What was looked at now is not looked at again.
                self.dice.bits();
                all.retain(|peer| better.contains(peer));
                all
            }
            Rule::Nearest => {
                let nearest = self.nearest(all.iter().copied());
                all.retain(|peer| nearest.contains(peer));
                all
            }
            Rule::Regions => self.neighbours(all, free),
        }
    }

    /// The rule of regions: one's country at random, and gateways to all other gateways.
    fn neighbours(&mut self, all: Vec<usize>, free: usize) -> Vec<usize> {
        let (home, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|peer| self.group(*peer) == self.group(self.me));
        let mut home = home;
        let mut wanted = self.dice.draw(&mut home, free);
        if self.is_gateway(self.me) {
            wanted.extend(others.into_iter().filter(|peer| self.is_gateway(*peer)));
        }
        wanted
    }

    /// Returns everybody with whom we have no link, and who has not just refused.
    fn strangers(&self) -> Vec<usize> {
        let linked: BTreeSet<_> = self.links.values().map(|link| link.peer).collect();
        let all = 0..self.habits.places.matrix.places();
        let free = |peer: &usize| !linked.contains(peer) && !self.failed.contains(peer);
        all.filter(|peer| *peer != self.me).filter(free).collect()
    }

    /// Returns the nearest of our peers and of some random others.
    fn better(&self) -> BTreeSet<usize> {
        let mut dice = self.dice.clone();
        let some = dice.draw(&mut self.strangers(), SAMPLE * self.habits.seats);
        self.nearest(some.into_iter())
    }

    /// Returns the nearest of `others` and of our peers, as many as we have seats.
    fn nearest(&self, others: impl Iterator<Item = usize>) -> BTreeSet<usize> {
        let peers = self.links.values().filter(|link| link.is_seated()).map(|link| link.peer);
        let mut all: Vec<_> = others.chain(peers).collect();
        all.sort_by_key(|peer| (self.distance(*peer), *peer));
        all.dedup();
        all.into_iter().take(self.habits.seats).collect()
    }

    fn distance(&self, peer: usize) -> Duration {
        self.habits.places.matrix.round_trip(self.me, peer).unwrap_or(Duration::MAX)
    }

    fn group(&self, node: usize) -> Option<usize> {
        self.habits.places.of.get(node).copied()
    }

    /// The first few nodes of each country are its gateways.
    fn is_gateway(&self, node: usize) -> bool {
        let of = self.habits.places.of.iter().take(node);
        of.filter(|group| Some(**group) == self.group(node)).count() < GATEWAYS
    }
}
