//! Principle 1: arrows are chosen at random.

use core::time::Duration;

use words::{Carrier, Carriers, Dice, NodeId};

use crate::exceptions::{Bootstrap, FailingCarrier, Neighbourhood, SameLan, SmallMesh, WellKnown};
use crate::{Cause, Drawn, Urn};

/// The exceptions which may bend selection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bends {
    /// Nodes which hold a share of the balls.
    pub well_known: WellKnown,
    /// The user's `ensure` rules.
    pub small_mesh: SmallMesh,
    /// Seats for near nodes; off by default.
    pub neighbourhood: Neighbourhood,
    /// Arrows besides the seats, to nodes on the same LAN.
    pub same_lan: SameLan,
}

/// What an exception may know about a node. The principle reads none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// The country the node says it is in, two capital ASCII letters (ISO 3166).
    pub country: Option<[u8; 2]>,
    /// The tunnel technologies it accepts.
    pub carriers: Carriers,
    /// Whether the network document or the configuration names it as well known.
    pub well_known: bool,
}

/// A node that may be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The node.
    pub node: NodeId,
    /// What exceptions may see of it; the default while nothing is known.
    pub traits: Traits,
    /// The round trip to it, if it was measured; only `neighbourhood` may look.
    pub delay: Option<Duration>,
}

/// An arrow we have, open or about to open, as exceptions may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Of the node it points to.
    pub traits: Traits,
    /// The carrier it has, if it was drawn already.
    pub carrier: Option<Carrier>,
    /// What its choice was owed to.
    pub cause: Cause,
}

/// Whom we may call, and what we hold already.
///
/// Neither ourselves nor anyone at the other end of a link of ours is in
/// `candidates`, `named` or `introduced`; but where nobody else is left, those of our
/// arrows that drain are.
#[derive(Clone, Copy, Debug)]
pub struct Prospects<'a> {
    /// The nodes routing knows.
    pub candidates: &'a [Candidate],
    /// Whether routing knows nobody at all, not even our neighbours.
    pub alone: bool,
    /// Nodes which the configuration or the registry names to begin with.
    pub named: &'a [NodeId],
    /// The random peer which the registry named, if any.
    pub introduced: Option<NodeId>,
    /// The arrows which take a seat at present.
    pub held: &'a [Held],
    /// How many seats there are.
    pub seats: usize,
}

/// Chooses the node to which one arrow is opened; `None` if there is nobody to call.
///
/// Source: seed, "About the random selection of arrows".
pub fn choose(prospects: &Prospects<'_>, bends: &Bends, dice: &mut Dice) -> Option<Drawn<NodeId>> {
    let mut urn = Urn::of(prospects.candidates.iter().map(|candidate| candidate.node));
    Bootstrap::bend(&mut urn, prospects);
    bends.well_known.bend(&mut urn, prospects, dice);
    bends.neighbourhood.bend(&mut urn, prospects, dice);
    bends.small_mesh.bend(&mut urn, prospects, dice);
    urn.draw_one(dice)
}

/// Chooses the carrier of one arrow among those both sides have; `None` if they share none.
///
/// `held` are our other arrows; `failing` counts what failed lately.
///
/// Source: seed, "tunnel technology can be changed" and the story of the filtered carrier.
pub fn choose_carrier(
    common: Carriers,
    held: &[Held],
    failing: &FailingCarrier,
    bends: &Bends,
    dice: &mut Dice,
) -> Option<Drawn<Carrier>> {
    let mut urn = Urn::of(common.iter());
    failing.bend(&mut urn, common);
    bends.small_mesh.bend_carrier(&mut urn, common, held, dice);
    urn.draw_one(dice)
}
