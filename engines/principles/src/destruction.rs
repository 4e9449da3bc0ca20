//! Principle 2: arrows are destroyed at random.

use alloc::vec::Vec;
use core::time::Duration;

use words::{Dice, LinkId, Share, Time};

use crate::exceptions::{InUse, MostUsed};
use crate::{Cause, Drawn, Urn};

/// The longest time between two rounds that any configuration can ask for.
///
/// The seed has 5 minutes; a configuration of days would be immortality by another name.
pub const LONGEST_PERIOD: Duration = Duration::from_hours(1);

/// The exceptions which may bend destruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bends {
    /// Arrows in use are drained before they are closed.
    pub in_use: InUse,
    /// The most used arrows die less often.
    pub most_used: MostUsed,
}

/// One arrow, as exceptions may see it.
///
/// There is no metric, latency or place here, and there must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The arrow.
    pub link: LinkId,
    /// How many destinations are routed through it now.
    pub used_by: u32,
}

/// How a condemned arrow dies. There is no pardon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sentence {
    /// Close it.
    Now,
    /// Make routing leave it, then close it; at the latest at `until`, used or not.
    Drain {
        /// The end, whatever happens.
        until: Time,
    },
}

/// One arrow that must die, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condemned {
    /// The arrow.
    pub link: LinkId,
    /// How it dies.
    pub sentence: Sentence,
    /// What it is owed to: chance, or the exception that spared another in its stead.
    pub cause: Cause,
}

/// Condemns a `share` of our `arrows`, rounded up: at least one if there is any.
///
/// Called once a round.
///
/// Source: seed, "About the random destruction of arrows" (there: 30 % every 5 minutes).
pub fn condemn(
    arrows: &[Standing],
    share: Share,
    bends: &Bends,
    now: Time,
    dice: &mut Dice,
) -> Vec<Condemned> {
    condemn_some(arrows, share.at_least(arrows.len()).max(1), bends, now, dice)
}

/// Condemns `count` of our `arrows`, or all if there are fewer.
///
/// For seats that a change of parameters takes away: they too go by drawing.
pub fn condemn_some(
    arrows: &[Standing],
    count: usize,
    bends: &Bends,
    now: Time,
    dice: &mut Dice,
) -> Vec<Condemned> {
    let mut urn = Urn::of(arrows.iter().map(|arrow| arrow.link));
    bends.most_used.bend(&mut urn, arrows);
    let drawn = urn.draw(count, dice);
    let sentence = |link| bends.in_use.sentence(link, arrows, now);
    let condemned = |Drawn { item: link, cause }: Drawn<LinkId>| {
        let sentence = sentence(link);
        Condemned { link, sentence, cause }
    };
    drawn.into_iter().map(condemned).collect()
}
