//! The Internet between the nodes: how long a packet takes, and whether it arrives.

use std::time::Duration;

use words::{Dice, Time};

use crate::places::Places;

/// How good the Internet is, everywhere alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// How many packets in a million get lost.
    pub loss: u32,
    /// Mean of what a packet takes longer than half of the round trip.
    pub jitter: Duration,
    /// What a node sends at most, in bits per second; `None` is no limit.
    pub rate: Option<u64>,
    /// Hundredths of the nodes that are behind NAT: they open arrows, and accept none.
    pub nat: u16,
}

/// The Internet between the nodes.
#[derive(Debug)]
pub(crate) struct Terrain {
    places: Places,
    quality: Quality,
    alive: Vec<bool>,
    /// Whether the nodes are behind NAT.
    hidden: Vec<bool>,
    /// Pairs between which nothing passes, a bit each.
    cut: Vec<u64>,
    /// When the line of each node will have sent what waits.
    lines: Vec<Time>,
    dice: Dice,
}

/// What one tunnel adds to a round trip: twice the work of two ends.
///
/// Source: the study of the mesh, 0.3 ms for each traversal.
pub(crate) const TUNNEL: Duration = Duration::from_micros(300);
/// What a line holds: so much time of sending; what is more is lost.
const BUFFER: Duration = Duration::from_millis(100);

impl Terrain {
    /// Returns the Internet between these places; nobody is alive yet.
    pub(crate) fn new(places: Places, quality: Quality, seed: [u8; 32]) -> Self {
        let count = places.matrix.places();
        let mut dice = Dice::of(seed, "nat");
        let behind = count * usize::from(quality.nat.min(100)) / 100;
        let mut hidden = vec![false; count];
        for node in dice.draw(&mut (0..count).collect(), behind) {
            if let Some(hidden) = hidden.get_mut(node) {
                *hidden = true;
            }
        }
        Self {
            alive: vec![false; count],
            hidden,
            cut: vec![0; (count * count).div_ceil(64)],
            lines: vec![Time::ZERO; count],
            dice: Dice::of(seed, "packets"),
            places,
            quality,
        }
    }

    /// Returns where the nodes are.
    pub(crate) const fn places(&self) -> &Places {
        &self.places
    }

    /// Returns how many nodes there are, dead or alive.
    pub(crate) const fn count(&self) -> usize {
        self.alive.len()
    }

    /// Returns the living.
    pub(crate) fn living(&self) -> impl Iterator<Item = usize> {
        self.alive.iter().enumerate().filter(|(_, alive)| **alive).map(|(node, _)| node)
    }

    /// Tells whether `node` lives.
    pub(crate) fn lives(&self, node: usize) -> bool {
        self.alive.get(node) == Some(&true)
    }

    /// A node starts, or dies.
    pub(crate) fn live(&mut self, node: usize, lives: bool) {
        if let Some(alive) = self.alive.get_mut(node) {
            *alive = lives;
        }
    }

    /// Returns the round trip between two nodes, tunnels left out.
    pub(crate) fn round_trip(&self, a: usize, b: usize) -> Option<Duration> {
        self.places.matrix.round_trip(a, b)
    }

    /// Tells whether packets pass directly between two nodes.
    pub(crate) fn passes(&self, a: usize, b: usize) -> bool {
        let alive = self.lives(a) && self.lives(b);
        alive && !self.is_cut(a, b) && self.round_trip(a, b).is_some()
    }

    /// Tells whether `from` can open a link to `to`.
    pub(crate) fn admits(&self, from: usize, to: usize) -> bool {
        self.passes(from, to) && self.hidden.get(to) == Some(&false)
    }

    /// Cuts two nodes from each other.
    pub(crate) fn cut(&mut self, a: usize, b: usize) {
        for (word, bit) in [self.bit(a, b), self.bit(b, a)] {
            if let Some(word) = self.cut.get_mut(word) {
                *word |= bit;
            }
        }
    }

    /// Ends all cuts.
    pub(crate) fn heal(&mut self) {
        self.cut.fill(0);
    }

    fn is_cut(&self, a: usize, b: usize) -> bool {
        let (word, bit) = self.bit(a, b);
        self.cut.get(word).is_some_and(|word| word & bit != 0)
    }

    const fn bit(&self, a: usize, b: usize) -> (usize, u64) {
        let place = a * self.alive.len() + b;
        (place / 64, 1 << (place % 64))
    }

    /// Draws when a packet of so many octets that `from` sends through a tunnel to `to` now
    /// arrives; `None` if it does not.
    pub(crate) fn carry(
        &mut self,
        from: usize,
        to: usize,
        octets: usize,
        now: Time,
    ) -> Option<Time> {
        if !self.passes(from, to) {
            return None;
        }
        let delay = (self.round_trip(from, to)? + TUNNEL) / 2;
        let Quality { loss, jitter, rate, .. } = self.quality;
        if loss > 0 && self.dice.below(1_000_000) < loss as usize {
            return None;
        }
        let jitter = match jitter {
            Duration::ZERO => Duration::ZERO,
            mean => Duration::from_secs_f64(earth::exponential(mean.as_secs_f64(), &mut self.dice)),
        };
        let left = rate.map_or(Some(now), |rate| self.queue(from, octets, rate, now))?;
        Some(left + delay + jitter)
    }

    /// Returns when the line of `from` will have sent `octets` more; `None` if it is full.
    fn queue(&mut self, from: usize, octets: usize, rate: u64, now: Time) -> Option<Time> {
        let line = self.lines.get_mut(from)?;
        if line.since(now) > BUFFER {
            return None;
        }
        let us = (octets as u64 * 8_000_000).div_ceil(rate.max(1));
        *line = now.max(*line) + Duration::from_micros(us);
        Some(*line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Rtt;

    fn terrain(quality: Quality) -> Terrain {
        let places = Places::new(&Rtt::Cities, Some(10), [1; 32]).unwrap();
        let mut terrain = Terrain::new(places, quality, [1; 32]);
        (0..10).for_each(|node| terrain.live(node, true));
        terrain
    }

    #[test]
    fn a_packet_takes_half_of_a_round_trip() {
        let mut terrain = terrain(Quality::default());
        let half = (terrain.round_trip(2, 7).unwrap() + TUNNEL) / 2;
        assert_eq!(terrain.carry(2, 7, 100, Time::ZERO), Some(Time::ZERO + half));
    }

    #[test]
    fn nothing_passes_a_cut_nor_the_dead() {
        let mut terrain = terrain(Quality::default());
        terrain.cut(3, 4);
        assert_eq!(terrain.carry(4, 3, 100, Time::ZERO), None);
        assert!(terrain.passes(3, 5));
        terrain.heal();
        assert!(terrain.passes(3, 4));
        terrain.live(3, false);
        assert!(!terrain.passes(3, 4) && !terrain.passes(4, 3));
    }

    #[test]
    fn who_is_behind_nat_is_not_called() {
        let terrain = terrain(Quality { nat: 20, ..Quality::default() });
        let callable = (1..10).filter(|to| terrain.admits(0, *to)).count();
        assert!((7..=8).contains(&callable), "{callable}");
    }

    #[test]
    fn a_full_line_loses_what_is_more() {
        let mut terrain = terrain(Quality { rate: Some(1_000_000), ..Quality::default() });
        let sent = (0..100).filter_map(|_| terrain.carry(0, 1, 1_250, Time::ZERO)).count();
        assert_eq!(sent, 11, "10 ms each, until more than 100 ms wait");
    }

    #[test]
    fn loss_is_what_was_ordered() {
        let mut terrain = terrain(Quality { loss: 250_000, ..Quality::default() });
        let lost = (0..10_000).filter(|_| terrain.carry(0, 1, 9, Time::ZERO).is_none()).count();
        assert!((2_300..2_700).contains(&lost), "{lost}");
    }
}
