//! The election of border nodes: a public draw that every node computes alike.
//!
//! A mesh has *slots*. The winner of a slot serves in the slot's target, a foreign mesh, for as many
//! epochs as the tenure is; the slots of a mesh are drawn anew in turn, so that in each epoch only a
//! few change hands.
//!
//! ```text
//!  level 0   slots 0, 1, …       rings over the meshes of the group
//!  level 1   slots m, m + 1, …   rings over the groups around, and there to one of the meshes
//! ```
//!
//! Each slot has a *ring*: all meshes in an order drawn by the beacon. It leads from each mesh to
//! the next, so that each mesh has exactly one guest by each ring, the meshes are always connected,
//! and one mesh more or less changes two links of a ring.
//!
//! Source: seed, "a share (ex. 10 %) of nodes that is also part of another mesh".

use alloc::vec::Vec;

use principles::exceptions::Capacity;
use words::{NodeId, Prefix, Share};

use crate::again::Before;
use crate::hash::{hash, octets};
use crate::race::{Lot, Race, Seats};
use crate::rings::Rings;
use crate::{Epoch, MeshMap, Refused, Roster};

/// How many border nodes a network has, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Share of the members of a mesh that serve at each level: 1 to 50 %; seed: 10 %.
    pub share: Share,
    /// Slots of a mesh at each level at least: 1 to 100; default: 10, so that 20 links or more lead
    /// out of a mesh.
    pub least: u16,
    /// Epochs that a slot is held: 1 to 48; default: 12.
    pub tenure: u16,
    /// Slots that one member may hold, if its capacity is worth as many balls: 1 to 4; default: 2,
    /// with which it is a member of three meshes and its table four times that of one.
    pub seats: u16,
}

impl Default for Rules {
    fn default() -> Self {
        Self { share: Share::percent(10), least: 10, tenure: 12, seats: 2 }
    }
}

impl Rules {
    /// Returns the rules inside their bounds.
    #[must_use]
    pub fn clamped(self) -> Self {
        Self {
            share: self.share.clamp(Share::percent(1), Share::percent(50)),
            least: self.least.clamp(1, 100),
            tenure: self.tenure.clamp(1, 48),
            seats: self.seats.clamp(1, 4),
        }
    }

    /// Returns how many slots a mesh of `members` has at each level.
    pub fn slots(&self, members: usize) -> usize {
        self.share.at_least(members).max(usize::from(self.least))
    }
}

/// One slot of a mesh, and who holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its number among all slots of its mesh.
    pub number: usize,
    /// The mesh whose members serve.
    pub mesh: Prefix,
    /// Where they serve.
    pub target: Prefix,
    /// The winner, then those who serve in its stead while it is silent, at most
    /// [`Slot::HOLDERS`]; none if each member holds as many slots as it may.
    pub holders: Vec<NodeId>,
}

impl Slot {
    /// The winner and its substitutes.
    pub const HOLDERS: usize = 4;

    /// Returns the winner.
    pub fn winner(&self) -> Option<NodeId> {
        self.holders.first().copied()
    }

    /// Returns who serves, if `silent` are not heard of: the winner, or the first substitute that
    /// is. A node is silent once routing has not known it for [`Slot::SILENCE`].
    pub fn serving(&self, silent: impl Fn(NodeId) -> bool) -> Option<NodeId> {
        self.holders.iter().copied().find(|node| !silent(*node))
    }

    /// How long a winner may be silent before its substitute serves.
    pub const SILENCE: core::time::Duration = core::time::Duration::from_mins(1);
}

/// An election: everything that it depends on is in the network document.
#[derive(Clone, Copy, Debug)]
pub struct Election<'a> {
    map: &'a MeshMap,
    roster: &'a Roster,
    epoch: &'a Epoch,
    rules: Rules,
}

impl<'a> Election<'a> {
    /// Returns the election of this epoch. Rules are held inside their bounds.
    pub fn new(map: &'a MeshMap, roster: &'a Roster, epoch: &'a Epoch, rules: Rules) -> Self {
        Self { map, roster, epoch, rules: rules.clamped() }
    }

    /// Returns the map that it is held on.
    pub(crate) const fn map(&self) -> &MeshMap {
        self.map
    }

    /// Returns the roster that it is held on.
    pub(crate) const fn roster(&self) -> &Roster {
        self.roster
    }

    /// Returns the epoch in which it is held.
    pub(crate) const fn epoch(&self) -> &Epoch {
        self.epoch
    }

    /// Returns its rules, inside their bounds.
    pub(crate) const fn rules(&self) -> Rules {
        self.rules
    }

    /// Returns the slots of `mesh`, in the order of their numbers. None for what is no mesh, and
    /// at levels where there is nowhere to go.
    ///
    /// Takes time linear in slots × (members + meshes). [`Outcome`](crate::Outcome) is quicker where
    /// many meshes, or one election after the other, are asked for.
    pub fn slots(&self, mesh: Prefix) -> Vec<Slot> {
        self.slots_after(mesh, &mut Rings::default(), None)
    }

    /// Returns the same from what is known already: rings, and the race of an earlier election.
    pub(crate) fn slots_after(
        &self,
        mesh: Prefix,
        rings: &mut Rings,
        before: Option<Before<'_>>,
    ) -> Vec<Slot> {
        if !self.map.is_mesh(mesh) {
            return Vec::new();
        }
        let race = Race::of(self.roster.inside(mesh), self.rules.seats);
        let each = self.rules.slots(race.len());
        let mut seats = Seats::default();
        let mut known = before.map(|before| before.race(&race));
        let mut slots = Vec::new();
        for (level, range) in self.map.chain(mesh).enumerate() {
            for place in 0..each {
                let number = level * each + place;
                let beacon = self.beacon(number);
                let Some(target) = rings.target(self.map, (mesh, range), (&beacon, number)) else {
                    break;
                };
                let free = place < Capacity::untouched(each);
                let key = slot_key(&beacon, mesh, number);
                let lot = Lot { key: &key, drawn: self.drawn(number), free };
                let same = known.as_mut().and_then(|it| it.same(number, lot, &seats));
                let holders = same.unwrap_or_else(|| race.run(lot, &seats));
                if let Some(winner) = holders.first() {
                    seats.take(*winner);
                }
                if let Some(known) = &mut known {
                    known.took(holders.first().copied(), &seats);
                }
                slots.push(Slot { number, mesh, target, holders });
            }
        }
        slots
    }

    /// Checks a node's claim that it may serve in `mesh`, as the winner of a slot or a substitute,
    /// and returns how many come before it: 0 for the winner.
    ///
    /// # Errors
    ///
    /// [`Refused::Outside`] for a node that is in no mesh, [`Refused::NotElected`] for one that was
    /// not elected to.
    pub fn verify(&self, node: NodeId, mesh: Prefix) -> Result<usize, Refused> {
        let home = self.map.home(node).ok_or(Refused::Outside { node })?;
        let rank = |slot: Slot| slot.holders.iter().position(|holder| *holder == node);
        let there = self.slots(home).into_iter().filter(|slot| slot.target == mesh);
        there.filter_map(rank).min().ok_or(Refused::NotElected { node, mesh })
    }

    /// Tells whether a slot of this election, of a mesh with `each` at a level, is raced for as
    /// `lot` says.
    pub(crate) fn is_same_lot(&self, slot: &Slot, each: usize, lot: Lot<'_>) -> bool {
        let (number, beacon) = (slot.number, self.beacon(slot.number));
        let free = number % each.max(1) < Capacity::untouched(each);
        (self.drawn(number), free) == (lot.drawn, lot.free)
            && slot_key(&beacon, slot.mesh, number) == *lot.key
    }

    /// Returns the epoch in which a slot was drawn last.
    fn drawn(&self, number: usize) -> u64 {
        let (now, tenure) = (self.epoch.number, u64::from(self.rules.tenure));
        let turn = number as u64 % tenure;
        let since = (now + tenure - turn) % tenure;
        now.saturating_sub(since)
    }

    /// Returns the luck of a slot: the beacon of the epoch in which it was drawn last.
    fn beacon(&self, number: usize) -> [u8; 32] {
        self.epoch.beacon_of(self.drawn(number)).0
    }
}

fn slot_key(beacon: &[u8; 32], mesh: Prefix, number: usize) -> [u8; 32] {
    hash(*b"slot    ", &[beacon, &octets(mesh), &(number as u64).to_be_bytes()])
}
