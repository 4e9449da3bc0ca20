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
    rounds: usize,
    /// In how many rounds a node of each adversary was on the path.
    exposed: Vec<usize>,
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
}

/// How many pairs are watched.
const PAIRS: usize = 300;
/// How many adversaries are imagined.
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
                let exposed = vec![0; ROGUES];
                let path = Vec::new();
                pairs.push(Flow { from, to, whole: false, path, rounds: 0, exposed });
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
            flow.rounds += 1;
            let relays = path.get(1..path.len().saturating_sub(1)).unwrap_or_default();
            for (rogues, exposed) in self.rogues.iter().zip(&mut flow.exposed) {
                *exposed += usize::from(relays.iter().any(|relay| rogues.contains(relay)));
            }
            flow.path = path;
        }
    }

    /// Returns what was seen.
    pub(crate) fn seen(&self) -> Seen {
        let often =
            |flow: &Flow, exposed: usize| flow.rounds > 0 && exposed * 100 >= flow.rounds * ALMOST;
        let exposed = self
            .pairs
            .iter()
            .flat_map(|flow| flow.exposed.iter().map(|exposed| often(flow, *exposed)));
        let exposed = exposed.filter(|exposed| *exposed).count();
        Seen {
            pairs: self.pairs.len(),
            looks: self.looks,
            cuts: self.cuts,
            broken: share(self.broken, self.looks),
            unchanged: share(self.unchanged, self.compared),
            exposed: share(exposed, self.pairs.len() * ROGUES),
        }
    }
}
