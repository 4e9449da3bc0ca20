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

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use principles::election::{Balls, Finish, first};
use principles::exceptions::Capacity;
use words::{NodeId, Prefix, Share};

use crate::hash::{hash, luck, octets, of_member};
use crate::roster::median;
use crate::{Epoch, Member, MeshMap, Refused, Roster};

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

    /// Returns the slots of `mesh`, in the order of their numbers. None for what is no mesh, and
    /// at levels where there is nowhere to go.
    ///
    /// Takes time linear in slots × members.
    pub fn slots(&self, mesh: Prefix) -> Vec<Slot> {
        if !self.map.is_mesh(mesh) {
            return Vec::new();
        }
        let race = Race::of(self.roster.inside(mesh), self.rules.seats);
        let each = self.rules.slots(race.members.len());
        let mut held = BTreeMap::new();
        let levels = self.map.chain(mesh).enumerate();
        let mut slots = Vec::new();
        for (level, range) in levels {
            for place in 0..each {
                let number = level * each + place;
                let (drawn, beacon) = (self.drawn(number), self.beacon(number));
                let Some(target) = self.target(mesh, range, number) else { break };
                let free = place < Capacity::untouched(each);
                let key = slot_key(&beacon, mesh, number);
                let holders = race.run((&key, drawn), free, &held);
                if let Some(winner) = holders.first() {
                    *held.entry(*winner).or_insert(0) += 1;
                }
                slots.push(Slot { number, mesh, target, holders });
            }
        }
        slots
    }

    /// Returns the slots that `node` has won; its duties in this epoch.
    ///
    /// # Errors
    ///
    /// [`Refused::Outside`] for a node that is in no mesh.
    pub fn duties(&self, node: NodeId) -> Result<Vec<Slot>, Refused> {
        let home = self.map.home(node).ok_or(Refused::Outside { node })?;
        let mut slots = self.slots(home);
        slots.retain(|slot| slot.winner() == Some(node));
        Ok(slots)
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

    /// Returns where a slot of `mesh` leads: on its ring, from `range`, which is the mesh or a
    /// group around it, to the next, and there to one of the meshes inside. `None` without others.
    fn target(&self, mesh: Prefix, range: Prefix, number: usize) -> Option<Prefix> {
        let ring = ring_key(&self.beacon(number), number);
        let mut target = next_on_ring(&ring, self.map, range)?;
        // Meshes of one group lead to different meshes of the next, as far as there are.
        let place = self.map.parent(mesh).map_or(0, |group| {
            self.map.children(group).position(|child| child == mesh).unwrap_or(0)
        });
        while !self.map.is_mesh(target) {
            let inside: Vec<_> = self.map.children(target).collect();
            let shift = luck(hash(*b"descend ", &[&ring, &octets(target)]));
            let count = inside.len() as u64;
            let nth = (shift % count.max(1) + place as u64) % count.max(1);
            target = *inside.get(usize::try_from(nth).ok()?)?;
        }
        Some(target)
    }
}

/// Returns the range after `range` on a ring over it and its siblings.
fn next_on_ring(ring: &[u8; 32], map: &MeshMap, range: Prefix) -> Option<Prefix> {
    let place = |range: Prefix| (hash(*b"place   ", &[ring, &octets(range)]), range);
    let own = place(range);
    let (mut next, mut lowest) = (None, None);
    for sibling in map.siblings(range).map(place) {
        if sibling > own && next.is_none_or(|best| sibling < best) {
            next = Some(sibling);
        }
        if lowest.is_none_or(|best| sibling < best) {
            lowest = Some(sibling);
        }
    }
    next.or(lowest).map(|(_, range)| range)
}

fn ring_key(beacon: &[u8; 32], number: usize) -> [u8; 32] {
    hash(*b"ring    ", &[beacon, &(number as u64).to_be_bytes()])
}

fn slot_key(beacon: &[u8; 32], mesh: Prefix, number: usize) -> [u8; 32] {
    hash(*b"slot    ", &[beacon, &octets(mesh), &(number as u64).to_be_bytes()])
}

/// A member as it runs.
struct Runner {
    node: NodeId,
    /// Since which epoch it is listed.
    since: u64,
    /// What its capacity is worth.
    balls: Balls,
    /// The slots that it may hold.
    seats: u16,
}

/// The members of a mesh, as they run for its slots.
struct Race {
    members: Vec<Runner>,
}

impl Race {
    fn of(members: &[Member], seats: u16) -> Self {
        let known = |member: &Member| member.able().unwrap_or(member.declared);
        let median = median(members.iter().map(known).collect()).unwrap_or(0);
        let entry = |member: &Member| {
            // What nobody attests may be little, and is never much.
            let able = member.able().unwrap_or_else(|| member.declared.min(median));
            let balls = Capacity::balls(able, median);
            let seats = balls.whole().clamp(1, seats);
            Runner { node: member.node, since: member.since, balls, seats }
        };
        Self { members: members.iter().map(entry).collect() }
    }

    /// Returns who finishes first, and the next ones, among those who may hold one more slot that
    /// was `drawn` in this epoch.
    ///
    /// Those who were listed by then cannot have chosen their luck, so the others come after them,
    /// whoever was listed earlier first: they serve where else nobody could, as in a network that
    /// has just begun.
    fn run(
        &self,
        (key, drawn): (&[u8; 32], u64),
        free: bool,
        held: &BTreeMap<NodeId, u16>,
    ) -> Vec<NodeId> {
        let mut ahead: Vec<(u64, (Finish, NodeId))> = Vec::with_capacity(Slot::HOLDERS + 1);
        for Runner { node, since, balls, seats } in &self.members {
            if held.get(node).is_some_and(|held| held >= seats) {
                continue;
            }
            let balls = if free { Balls::ONE } else { *balls };
            let late = if *since < drawn { 0 } else { *since };
            let entry = (late, (Finish::of(of_member(key, *node), balls), *node));
            let is_ahead = |other: &(u64, _)| {
                other.0.cmp(&late).then_with(|| first(&other.1, &entry.1)).is_lt()
            };
            let at = ahead.partition_point(is_ahead);
            if at < Slot::HOLDERS {
                ahead.insert(at, entry);
                ahead.truncate(Slot::HOLDERS);
            }
        }
        ahead.into_iter().map(|(_, (_, node))| node).collect()
    }
}
