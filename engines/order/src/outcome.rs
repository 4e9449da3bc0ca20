//! The outcome of an election in all meshes, kept, so that the next one follows from it cheaply.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use words::{NodeId, Prefix};

use crate::again::Before;
use crate::rings::Rings;
use crate::tellers::tellers;
use crate::{Election, Epoch, MeshMap, Refused, Roster, Rules, Slot};

/// Who holds which slot, in all meshes: the same as [`Election::slots`] says of each.
///
/// A slot takes 24 octets: the nodes are in the roster, and the meshes in the map.
#[derive(Clone, Debug)]
pub struct Outcome {
    map: MeshMap,
    roster: Roster,
    epoch: Epoch,
    rules: Rules,
    /// For each mesh of the map, in its order.
    held: Vec<Vec<Held>>,
}

/// One slot.
#[derive(Clone, Copy, Debug)]
struct Held {
    number: u32,
    /// Place of the target among the meshes of the map.
    target: u32,
    /// Places of the holders among the members of the mesh; [`NOBODY`] past the last.
    holders: [u32; Slot::HOLDERS],
}

const NOBODY: u32 = u32::MAX;

impl Outcome {
    /// Returns the outcome of an election. With the outcome of one `before` it, or after it, races
    /// are run again only where their end can be another.
    ///
    /// Takes time linear in (all slots, or those drawn anew) × the members of their meshes.
    pub fn of(election: Election<'_>, before: Option<&Self>) -> Self {
        let mut rings = Rings::default();
        let (map, roster) = (election.map(), election.roster());
        let held = map.meshes().iter().map(|mesh| {
            let known = before.and_then(|before| before.before(*mesh));
            let slots = election.slots_after(*mesh, &mut rings, known);
            let members = roster.inside(*mesh);
            slots.iter().map(|slot| Held::of(slot, map, members)).collect()
        });
        let held = held.collect();
        let (map, roster, epoch) = (map.clone(), roster.clone(), election.epoch().clone());
        Self { map, roster, epoch, rules: election.rules(), held }
    }

    /// Returns the election that it is the outcome of.
    pub fn election(&self) -> Election<'_> {
        Election::new(&self.map, &self.roster, &self.epoch, self.rules)
    }

    /// Returns the slots of a mesh, in the order of their numbers; none of what is no mesh.
    pub fn slots(&self, mesh: Prefix) -> Vec<Slot> {
        let at = self.map.meshes().binary_search(&mesh).ok();
        let held = at.and_then(|at| self.held.get(at)).map(Vec::as_slice).unwrap_or_default();
        let members = self.roster.inside(mesh);
        let node = |place: &u32| Some(members.get(usize::try_from(*place).ok()?)?.node);
        let target = |place: u32| self.map.meshes().get(usize::try_from(place).ok()?).copied();
        let slots = held.iter().filter_map(|it| {
            let holders = it.holders.iter().filter_map(node).collect();
            let number = usize::try_from(it.number).ok()?;
            Some(Slot { number, mesh, target: target(it.target)?, holders })
        });
        slots.collect()
    }

    /// Checks a node's claim that it may serve in `mesh`, as [`Election::verify`] does.
    ///
    /// # Errors
    ///
    /// As that.
    pub fn verify(&self, node: NodeId, mesh: Prefix) -> Result<usize, Refused> {
        let home = self.map.home(node).ok_or(Refused::Outside { node })?;
        let rank = |slot: Slot| slot.holders.iter().position(|holder| *holder == node);
        let there = self.slots(home).into_iter().filter(|slot| slot.target == mesh);
        there.filter_map(rank).min().ok_or(Refused::NotElected { node, mesh })
    }

    /// Returns for each mesh the nodes that serve there and are at home elsewhere: the winners of the
    /// slots that lead there. Nobody tells of the substitutes there.
    ///
    /// Takes time linear in all slots.
    pub fn guests(&self) -> BTreeMap<Prefix, BTreeSet<NodeId>> {
        let mut guests: BTreeMap<Prefix, BTreeSet<NodeId>> = BTreeMap::new();
        for (home, held) in self.map.meshes().iter().zip(&self.held) {
            let members = self.roster.inside(*home);
            let at = |place: u32| usize::try_from(place).ok();
            for it in held {
                let [winner, ..] = it.holders;
                let winner = at(winner).and_then(|place| members.get(place));
                let target = at(it.target).and_then(|place| self.map.meshes().get(place));
                if let (Some(winner), Some(target)) = (winner, target) {
                    guests.entry(*target).or_default().insert(winner.node);
                }
            }
        }
        guests
    }

    /// Returns who may tell of which range, as [`Election::tellers`] does.
    pub fn tellers(&self) -> BTreeMap<Prefix, BTreeSet<NodeId>> {
        tellers(&self.map, |mesh| self.slots(mesh))
    }

    fn before(&self, mesh: Prefix) -> Option<Before<'_>> {
        let slots = self.slots(mesh);
        (!slots.is_empty()).then(|| Before { election: self.election(), slots })
    }
}

impl Held {
    fn of(slot: &Slot, map: &MeshMap, members: &[crate::Member]) -> Self {
        let place = |at: usize| u32::try_from(at).unwrap_or(NOBODY);
        let of_node = |node| {
            let found = members.binary_search_by_key(node, |member| member.node);
            found.map_or(NOBODY, place)
        };
        let mut holders = [NOBODY; Slot::HOLDERS];
        holders.iter_mut().zip(&slot.holders).for_each(|(kept, node)| *kept = of_node(node));
        let target = map.meshes().binary_search(&slot.target).map_or(NOBODY, place);
        Self { number: place(slot.number), target, holders }
    }
}
