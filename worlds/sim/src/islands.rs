//! What hangs together: the parts of the graph of links.

use words::Dice;

use crate::fault::What;
use crate::number::{real, share};
use crate::world::{Citizen, World};

/// How the living hang together, whatever routing knows of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Islands {
    /// Share of the ordered pairs between which there is no path.
    pub(crate) disconnected: f64,
    /// Nodes without any link.
    pub(crate) isolated: usize,
}

/// The same fault, imagined many times.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Trials {
    /// Share of the trials in which all survivors hang together.
    pub(crate) whole: f64,
    /// Mean share of the survivors' pairs between which there is no path.
    pub(crate) disconnected: f64,
    /// Mean share of the survivors without any link.
    pub(crate) isolated: f64,
}

/// How often a fault is imagined.
pub(crate) const TRIALS: usize = 200;

impl Islands {
    /// Looks at the links of a world.
    pub(crate) fn of<E: Citizen>(world: &World<E>) -> Self {
        let alive: Vec<bool> =
            (0..world.terrain.count()).map(|node| world.terrain.lives(node)).collect();
        Self::among(&alive, world.links())
    }

    /// Looks at the links between the `alive`.
    fn among(alive: &[bool], links: impl Iterator<Item = (usize, usize)>) -> Self {
        let lives = |node: usize| alive.get(node) == Some(&true);
        let mut roots: Vec<usize> = (0..alive.len()).collect();
        for (a, b) in links.filter(|(a, b)| lives(*a) && lives(*b)) {
            let (a, b) = (root(&mut roots, a), root(&mut roots, b));
            if let Some(place) = roots.get_mut(a) {
                *place = b;
            }
        }
        let mut sizes = vec![0_usize; roots.len()];
        for node in (0..alive.len()).filter(|node| lives(*node)) {
            let at = root(&mut roots, node);
            if let Some(size) = sizes.get_mut(at) {
                *size += 1;
            }
        }
        let living: usize = sizes.iter().sum();
        let connected: usize = sizes.iter().map(|size| size * size.saturating_sub(1)).sum();
        let pairs = living * living.saturating_sub(1);
        Self {
            disconnected: share(pairs - connected, pairs),
            isolated: sizes.iter().filter(|size| **size == 1).count(),
        }
    }
}

impl Trials {
    /// Imagines `what` many times, if chance decides whom it hits.
    pub(crate) fn of<E: Citizen>(world: &World<E>, what: &What, dice: &mut Dice) -> Option<Self> {
        let (nodes, pairs) = match what {
            What::Kill(percent) => (usize::from(*percent), 0),
            What::CutPairs(percent) => (0, usize::from(*percent)),
            What::KillBest(_)
            | What::Filter(..)
            | What::KillCountry(_)
            | What::KillRegistry
            | What::Heal => return None,
        };
        let links: Vec<_> = world.links().collect();
        let living: Vec<usize> = world.terrain.living().collect();
        let killed = living.len() * nodes / 100;
        let mut sum = Self::default();
        for _ in 0..TRIALS {
            let mut alive = vec![false; world.terrain.count()];
            let survivors = dice.draw(&mut living.clone(), living.len() - killed);
            for node in survivors {
                if let Some(alive) = alive.get_mut(node) {
                    *alive = true;
                }
            }
            let left = links.iter().copied().filter(|_| dice.below(100) >= pairs);
            let islands = Islands::among(&alive, left);
            sum.whole += if islands.disconnected > 0.0 { 0.0 } else { 1.0 };
            sum.disconnected += islands.disconnected;
            sum.isolated += share(islands.isolated, living.len() - killed);
        }
        let mean = |sum: f64| sum / real(TRIALS);
        Some(Self {
            whole: mean(sum.whole),
            disconnected: mean(sum.disconnected),
            isolated: mean(sum.isolated),
        })
    }
}

fn root(roots: &mut [usize], node: usize) -> usize {
    let mut at = node;
    while let Some(up) = roots.get(at).copied().filter(|up| *up != at) {
        let over = roots.get(up).copied().unwrap_or(up);
        if let Some(place) = roots.get_mut(at) {
            *place = over;
        }
        at = up;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn islands_are_what_links_leave_apart() {
        let alive = [true, true, true, true, false];
        let links = [(0, 1), (1, 4), (4, 2)];
        let islands = Islands::among(&alive, links.into_iter());
        // 0 and 1 have each other; of the 12 ordered pairs, 2 are connected.
        assert_eq!(islands.isolated, 2);
        assert!((islands.disconnected - 10.0 / 12.0).abs() < 1e-9);
        assert_eq!(Islands::among(&[true], [].into_iter()).isolated, 1);
    }
}
