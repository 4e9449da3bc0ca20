//! Some pairs, watched all the time: are they cut, do their paths change, and who could listen?

use std::collections::BTreeSet;

use words::Dice;

use crate::number::share;
use crate::world::{Citizen, World};

/// Some pairs that are watched.
#[derive(Debug)]
pub(crate) struct Flows {
    pairs: Vec<Flow>,
    /// Groups of nodes that could belong to one adversary.
    rogues: Vec<BTreeSet<usize>>,
    looks: usize,
    broken: usize,
    /// How often a path that was there is gone.
    cuts: usize,
    compared: usize,
    unchanged: usize,
}

/// One pair.
#[derive(Debug)]
struct Flow {
    from: usize,
    to: usize,
    whole: bool,
    /// The path of the last round.
    path: Vec<usize>,
    /// Which adversaries had a node on the path in each round, a bit each.
    listened: Vec<u16>,
}

/// What was seen of the pairs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) pairs: usize,
    pub(crate) looks: usize,
    pub(crate) cuts: usize,
    /// Share of the looks that found no path.
    pub(crate) broken: f64,
    /// Share of the paths that are the same one round later.
    pub(crate) unchanged: f64,
    /// Share of the pairs which an adversary sees almost always.
    pub(crate) exposed: f64,
    /// The same in the second half of the rounds, when the mesh is as it stays.
    pub(crate) exposed_late: f64,
}

/// How many pairs are watched.
const PAIRS: usize = 300;
/// How many adversaries are imagined: at most as many as a mask has bits.
const ROGUES: usize = 10;
/// Each of them has one node in so many.
const ROGUE: usize = 20;
/// Almost always, in hundredths.
const ALMOST: usize = 95;

impl Flows {
    /// Draws pairs among so many nodes, and adversaries.
    pub(crate) fn draw(nodes: usize, seed: [u8; 32]) -> Self {
        let mut dice = Dice::of(seed, "flows");
        let mut pairs = Vec::new();
        while pairs.len() < PAIRS && nodes > 1 {
            let (from, to) = (dice.below(nodes), dice.below(nodes));
            if from != to {
                let (path, listened) = (Vec::new(), Vec::new());
                pairs.push(Flow { from, to, whole: false, path, listened });
            }
        }
        let mut dice = Dice::of(seed, "adversaries");
        let rogues = (0..ROGUES)
            .map(|_| dice.draw(&mut (0..nodes).collect(), nodes / ROGUE).into_iter().collect())
            .collect();
        Self { pairs, rogues, looks: 0, broken: 0, cuts: 0, compared: 0, unchanged: 0 }
    }

    /// Looks whether packets get through.
    pub(crate) fn look<E: Citizen>(&mut self, world: &World<E>) {
        for flow in &mut self.pairs {
            if !world.terrain.lives(flow.from) || !world.terrain.lives(flow.to) {
                continue;
            }
            let whole = world.walk(flow.from, flow.to).is_some();
            self.looks += 1;
            self.broken += usize::from(!whole);
            self.cuts += usize::from(flow.whole && !whole);
            flow.whole = whole;
        }
    }

    /// Compares all paths with those of the last round.
    pub(crate) fn compare<E: Citizen>(&mut self, world: &World<E>) {
        for flow in &mut self.pairs {
            let Some(path) = world.walk(flow.from, flow.to) else { continue };
            if !flow.path.is_empty() {
                self.compared += 1;
                self.unchanged += usize::from(flow.path == path);
            }
            let relays = path.get(1..path.len().saturating_sub(1)).unwrap_or_default();
            let listens = |rogues: &BTreeSet<_>| relays.iter().any(|relay| rogues.contains(relay));
            let all = self.rogues.iter().enumerate();
            let mask = all.map(|(n, rogues)| u16::from(listens(rogues)) << n).sum();
            flow.listened.push(mask);
            flow.path = path;
        }
    }

    /// Returns what was seen.
    pub(crate) fn seen(&self) -> Seen {
        let exposed = |rounds: fn(&Flow) -> &[u16]| {
            let all = self.pairs.iter().map(|flow| heard_by(rounds(flow))).sum();
            share(all, self.pairs.len() * ROGUES)
        };
        Seen {
            pairs: self.pairs.len(),
            looks: self.looks,
            cuts: self.cuts,
            broken: share(self.broken, self.looks),
            unchanged: share(self.unchanged, self.compared),
            exposed: exposed(|flow| &flow.listened),
            exposed_late: exposed(|flow| late(&flow.listened)),
        }
    }
}

/// Returns the second half of the rounds, and the one in the middle.
fn late(rounds: &[u16]) -> &[u16] {
    rounds.get(rounds.len() / 2..).unwrap_or_default()
}

/// Returns how many adversaries had a node on the path in almost all of these rounds.
fn heard_by(rounds: &[u16]) -> usize {
    let heard = |rogue: &usize| {
        let in_rounds = rounds.iter().filter(|mask| **mask >> rogue & 1 == 1).count();
        !rounds.is_empty() && in_rounds * 100 >= rounds.len() * ALMOST
    };
    (0..ROGUES).filter(heard).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_on_the_path_in_nineteen_rounds_of_twenty_listens() {
        let mut rounds = vec![0b101; 19];
        rounds.push(0b001);
        assert_eq!(heard_by(&rounds), 2);
        rounds.push(0b001);
        assert_eq!(heard_by(&rounds), 1, "the third adversary missed two of 21");
        assert_eq!((heard_by(&[]), heard_by(&[0; 9])), (0, 0));
    }

    #[test]
    fn what_comes_to_stay_is_seen_late() {
        let mut rounds = vec![0; 10];
        rounds.extend([1; 10]);
        assert_eq!((heard_by(&rounds), heard_by(late(&rounds))), (0, 1));
    }
}
