//! The laws: what must hold whatever exceptions are added.
//!
//! Each law takes the decision as a closure, so it judges the product, a change
//! under review, and the refused ideas, with the same ruler.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use words::{Dice, LinkId, NodeId};

use crate::Cause;
use crate::destruction::Standing;

/// A law that does not hold, with the witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// This arrow outlived half the play.
    Mortality(LinkId),
    /// These nodes were never chosen.
    Reach(Vec<NodeId>),
    /// So many decisions, of so many, were not chance's.
    Minority {
        /// Decisions owed to an exception.
        bent: usize,
        /// All decisions.
        of: usize,
    },
}

/// Mortality: every arrow is condemned some day, however loved.
///
/// Plays `rounds` rounds over ten arrows of which the first is always the most
/// used, the last five are never used, and the dead are replaced. An arrow keeps its
/// place for life, so the place stands for whatever an idea may love it for.
///
/// # Errors
///
/// [`Broken::Mortality`] with an arrow that outlived half the play.
pub fn mortality(
    rounds: u32,
    mut condemn: impl FnMut(&[Standing]) -> Vec<LinkId>,
) -> Result<(), Broken> {
    let mut arrows: Vec<_> = (0..10).map(|n| (LinkId(n), 0)).collect();
    let mut next = 10;
    for round in 0..rounds {
        let standing: Vec<_> = (arrows.iter().enumerate())
            .map(|(place, (link, _))| Standing { link: *link, used_by: usage(place) })
            .collect();
        for dead in condemn(&standing) {
            for arrow in arrows.iter_mut().filter(|(link, _)| *link == dead) {
                *arrow = (LinkId(next), round);
                next += 1;
            }
        }
    }
    let eternal = arrows.into_iter().find(|(_, born)| rounds - born > rounds / 2);
    eternal.map_or(Ok(()), |(link, _)| Err(Broken::Mortality(link)))
}

/// Reach: every known node is chosen some day, however plain, far or foreign.
///
/// # Errors
///
/// [`Broken::Reach`] with the nodes of `known` that `rounds` choices left out.
pub fn reach(
    rounds: u32,
    known: &[NodeId],
    mut choose: impl FnMut(&[NodeId]) -> Vec<NodeId>,
) -> Result<(), Broken> {
    let mut chosen: BTreeMap<NodeId, u32> = known.iter().map(|node| (*node, 0)).collect();
    for _ in 0..rounds {
        for node in choose(known) {
            chosen.entry(node).and_modify(|times| *times += 1);
        }
    }
    let missed: Vec<_> =
        chosen.into_iter().filter(|(_, times)| *times == 0).map(|(node, _)| node).collect();
    if missed.is_empty() { Ok(()) } else { Err(Broken::Reach(missed)) }
}

/// Minority: exceptions stay exceptions, chance decides more often than all of them.
///
/// About which node an arrow points to, where anybody is known, and which arrow dies.
///
/// # Errors
///
/// [`Broken::Minority`] if half or more of `decisions` are not chance's.
pub fn minority(decisions: impl IntoIterator<Item = Cause>) -> Result<(), Broken> {
    let (mut bent, mut of) = (0, 0);
    for cause in decisions {
        of += 1;
        bent += usize::from(cause != Cause::Chance);
    }
    if bent * 2 < of || of == 0 { Ok(()) } else { Err(Broken::Minority { bent, of }) }
}

/// Returns dice for judging a law: fixed, so that a verdict can be replayed.
pub fn dice() -> Dice {
    Dice::of([0; 32], "law")
}

/// Returns how used the arrow at this place is: 40, 30, 20, 10, and then never.
fn usage(place: usize) -> u32 {
    u32::try_from(40_usize.saturating_sub(10 * place)).unwrap_or(0)
}
