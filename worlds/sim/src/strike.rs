//! Faults, done.

use words::Dice;

use crate::fault::What;
use crate::world::{Citizen, World};

impl<E: Citizen> World<E> {
    /// Does what is to go wrong; `dice` draw whom it hits.
    pub(crate) fn strike(&mut self, what: &What, dice: &mut Dice) {
        match what {
            What::Kill(share) => {
                let mut living: Vec<_> = self.terrain.living().collect();
                let count = living.len() * usize::from(*share) / 100;
                for node in dice.draw(&mut living, count) {
                    self.kill(node);
                }
            }
            What::KillBest(share) => self.kill_best(usize::from(*share)),
            What::CutPairs(share) => self.cut_where(usize::from(*share), dice, |_, _| true),
            What::Filter(country, share) => {
                let places = self.terrain.places();
                let (inside, of) = (places.group(country), places.of.clone());
                let is_in = |node: usize| of.get(node).copied() == inside;
                self.cut_where(usize::from(*share), dice, |a, b| is_in(a) != is_in(b));
            }
            What::KillCountry(country) => {
                let places = self.terrain.places();
                let inside = places.group(country);
                let of = places.of.iter().enumerate();
                let all: Vec<_> =
                    of.filter(|(_, of)| Some(**of) == inside).map(|(node, _)| node).collect();
                for node in all {
                    self.kill(node);
                }
            }
            What::KillRegistry => self.registry = false,
            What::Heal => self.terrain.heal(),
        }
    }

    /// Kills those with the most links.
    fn kill_best(&mut self, share: usize) {
        let mut degrees = vec![0_usize; self.terrain.count()];
        for (a, b) in self.links() {
            for node in [a, b] {
                if let Some(degree) = degrees.get_mut(node) {
                    *degree += 1;
                }
            }
        }
        let mut living: Vec<_> = self.terrain.living().collect();
        living.sort_by_key(|node| std::cmp::Reverse(degrees.get(*node).copied()));
        living.truncate(living.len() * share / 100);
        for node in living {
            self.kill(node);
        }
    }

    /// Cuts these hundredths of the pairs that `fit`, each by drawing.
    fn cut_where(&mut self, share: usize, dice: &mut Dice, fits: impl Fn(usize, usize) -> bool) {
        for a in 0..self.terrain.count() {
            for b in (0..a).filter(|b| fits(a, *b)) {
                if dice.below(100) < share {
                    self.terrain.cut(a, b);
                }
            }
        }
        self.hush();
    }
}
