//! A change of the mesh map, in phases, without renumbering anybody.
//!
//! ```text
//! epoch e      announced     everybody knows
//! epoch e + 1  moving        arrows are drawn as in the new map; the filter is that of the old one
//! epoch e + 2  done          the new map is in force
//! ```
//!
//! A mesh is split by the next bit of its addresses. While it moves, new arrows stay inside each
//! half, so that renewal alone takes the old ones away, and everybody still knows everybody: each
//! half is connected in itself before the halves stop telling each other's nodes. Two halves merge
//! the other way round: while they move, each node draws arrows in both, as members of both do;
//! then the filter lets all nodes of both pass. One more order needs no moving: nodes know the same
//! meshes as before, and then drop those of other groups for one range.

use alloc::vec::Vec;

use words::{NodeId, Prefix};

use crate::map::halves;
use crate::{Memberships, MeshMap, Refused};

/// What changes in a mesh map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// This mesh falls into its two halves.
    Split(Prefix),
    /// The two halves of this range become one mesh.
    Merge(Prefix),
    /// One more cut, above all others: groups of this length, or single meshes that are wider.
    Raise(u8),
}

/// How far a change has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Known, and nothing else yet.
    Announced,
    /// Arrows are drawn as in the new map.
    Moving,
    /// The new map is in force.
    Done,
}

/// A change that is announced, in the network document beside the map that it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What changes.
    pub change: Change,
    /// The epoch in which it was announced.
    pub epoch: u64,
}

impl Plan {
    /// Octets of a plan, after its epoch.
    const OCTETS: usize = 26;

    /// Returns how far the change has come in an epoch.
    pub const fn phase(&self, epoch: u64) -> Phase {
        match epoch.saturating_sub(self.epoch) {
            0 => Phase::Announced,
            1 => Phase::Moving,
            _ => Phase::Done,
        }
    }

    /// Returns the map in force in an epoch, if `old` was when the change was announced.
    ///
    /// # Errors
    ///
    /// [`Refused::Change`] if the change does not fit the map.
    pub fn map(&self, old: &MeshMap, epoch: u64) -> Result<MeshMap, Refused> {
        match self.phase(epoch) {
            Phase::Announced | Phase::Moving => Ok(old.clone()),
            Phase::Done => old.changed(self.change),
        }
    }

    /// Returns the range inside which a node draws the arrows of its home in an epoch, if its home
    /// in the old map is `home`: half of it while it is split, both halves while they merge.
    pub fn territory(&self, home: Prefix, node: NodeId, epoch: u64) -> Prefix {
        if self.phase(epoch) != Phase::Moving {
            return home;
        }
        match self.change {
            Change::Split(mesh) if mesh == home => half_of(mesh, node).unwrap_or(home),
            Change::Merge(range) if range.covers(home) => range,
            Change::Split(_) | Change::Merge(_) | Change::Raise(_) => home,
        }
    }

    /// Returns the range whose two halves move together in an epoch.
    pub fn merging(&self, epoch: u64) -> Option<Prefix> {
        match self.change {
            Change::Merge(range) if self.phase(epoch) == Phase::Moving => Some(range),
            Change::Split(_) | Change::Merge(_) | Change::Raise(_) => None,
        }
    }

    /// Returns the octets of the plan: 0, 1 or 2 for the change, its range, and the epoch.
    pub fn encode(&self) -> Vec<u8> {
        let (kind, range) = match self.change {
            Change::Split(mesh) => (0, mesh),
            Change::Merge(range) => (1, range),
            Change::Raise(length) => (2, Prefix::new(0, length)),
        };
        let mut octets = alloc::vec![kind];
        octets.extend(crate::hash::octets(range));
        octets.extend(self.epoch.to_be_bytes());
        octets
    }

    /// Reads a plan.
    ///
    /// # Errors
    ///
    /// [`Refused::Octets`], for other octets than [`encode`](Self::encode) writes.
    pub fn decode(octets: &[u8]) -> Result<Self, Refused> {
        let wrong = Refused::Octets { what: "plan of the mesh map" };
        let octets: &[u8; Self::OCTETS] = octets.try_into().map_err(|_| wrong)?;
        let [kind, rest @ ..] = octets;
        let (range, epoch) = rest.split_at(17);
        let (address, length) = range.split_at(16);
        let bits = u128::from_be_bytes(address.try_into().map_err(|_| wrong)?);
        let [length] = length else { return Err(wrong) };
        let range = Prefix::new(bits, *length);
        if range.bits() != bits || range.length() != *length {
            return Err(wrong);
        }
        let change = match kind {
            0 => Change::Split(range),
            1 => Change::Merge(range),
            2 if bits == 0 => Change::Raise(*length),
            _ => return Err(wrong),
        };
        let epoch = u64::from_be_bytes(epoch.try_into().map_err(|_| wrong)?);
        Ok(Self { change, epoch })
    }
}

/// Returns the half of `mesh` that a node is in.
fn half_of(mesh: Prefix, node: NodeId) -> Option<Prefix> {
    halves(mesh).into_iter().find(|half| half.covers(node.0))
}

/// Returns the mesh that a link between two nodes belongs to, by their memberships: the home of
/// both, else the home of one that the other serves in, else a mesh that both serve in; of several
/// the first in the order of addresses. `None` if they share none: the link has to go.
pub fn mesh_of_link(one: &Memberships, other: &Memberships) -> Option<Prefix> {
    let homes = one.home().min(other.home())..=one.home().max(other.home());
    let homes = [*homes.start(), *homes.end()].into_iter();
    let foreign = one.foreign().iter().copied();
    homes.chain(foreign).find(|mesh| one.is_member(*mesh) && other.is_member(*mesh))
}

/// What sizes of meshes make a change due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// How many members a mesh should have: 2 to 10 000.
    pub target: usize,
    /// The longest range that still has room for the nodes of a mesh: none longer comes of a split.
    pub longest: u8,
    /// Whether meshes may merge: not while a node does not know how.
    pub may_merge: bool,
}

impl Sizes {
    /// Returns the change that is due, if any: the largest mesh above one and a half of the target
    /// is split, of those whose halves have room; else the smallest two halves that together are
    /// below half of it merge, if meshes may; else, with more than twice as many ranges in the widest cut as the
    /// target, the order is raised. One at a time.
    pub fn due(self, map: &MeshMap, members: impl Fn(Prefix) -> usize) -> Option<Change> {
        let split = (map.meshes().iter())
            .map(|mesh| (members(*mesh), *mesh))
            .filter(|(size, mesh)| size * 2 > self.target * 3 && self.has_room(*mesh))
            .max_by_key(|(size, mesh)| (*size, core::cmp::Reverse(*mesh)))
            .map(|(_, mesh)| Change::Split(mesh));
        let merge = || self.may_merge.then(|| self.merge(map, members)).flatten();
        split.or_else(merge).or_else(|| self.raise(map))
    }

    /// Tells whether the halves of a mesh have room for nodes.
    const fn has_room(self, mesh: Prefix) -> bool {
        mesh.length() < self.longest
    }

    fn merge(self, map: &MeshMap, members: impl Fn(Prefix) -> usize) -> Option<Change> {
        let pairs = map.meshes().iter().zip(map.meshes().iter().skip(1));
        let halves = pairs.filter_map(|(low, high)| {
            let range = above(*low)?;
            let is_pair = halves(range) == [*low, *high];
            let fits = || map.changed(Change::Merge(range)).is_ok();
            (is_pair && fits()).then(|| (members(*low) + members(*high), range))
        });
        let (size, range) = halves.min()?;
        (size * 2 < self.target).then_some(Change::Merge(range))
    }

    fn raise(self, map: &MeshMap) -> Option<Change> {
        let widest = map.cuts().first()?;
        if widest.len() <= 2 * self.target {
            return None;
        }
        // As many groups as there are ranges in each.
        let bits = widest.len().ilog2() / 2;
        let length = map.network().length() + u8::try_from(bits).ok()?;
        map.changed(Change::Raise(length)).ok().map(|_| Change::Raise(length))
    }
}

/// Returns the range of which `range` is a half.
fn above(range: Prefix) -> Option<Prefix> {
    Some(Prefix::new(range.bits(), range.length().checked_sub(1)?))
}

impl MeshMap {
    /// Returns the map after a change.
    ///
    /// # Errors
    ///
    /// [`Refused::Change`] if there is no such mesh, or its half is not one; another [`Refused`] if
    /// the new map would be none.
    pub fn changed(&self, change: Change) -> Result<Self, Refused> {
        let cuts = self.cuts().to_vec();
        let new = match change {
            Change::Split(mesh) => split(self, cuts, mesh)?,
            Change::Merge(range) => merge(cuts, range)?,
            Change::Raise(length) => raise(self, cuts, length)?,
        };
        Self::new(self.network(), new)
    }
}

fn split(
    map: &MeshMap,
    mut cuts: Vec<Vec<Prefix>>,
    mesh: Prefix,
) -> Result<Vec<Vec<Prefix>>, Refused> {
    let unknown = Refused::Change { range: mesh, why: "it is no mesh" };
    if cuts.is_empty() && mesh == map.network() {
        // The first split makes order 2 of order 1.
        cuts.push(alloc::vec![mesh]);
    }
    let meshes = cuts.last_mut().ok_or(unknown)?;
    let at = meshes.binary_search(&mesh).map_err(|_| unknown)?;
    meshes.splice(at..=at, halves(mesh));
    Ok(cuts)
}

fn merge(mut cuts: Vec<Vec<Prefix>>, range: Prefix) -> Result<Vec<Vec<Prefix>>, Refused> {
    let change = |why| Refused::Change { range, why };
    let meshes = cuts.last().ok_or(change("there is one mesh only"))?;
    if place_of_halves(meshes, range).is_none() {
        return Err(change("its halves are no meshes"));
    }
    // Two meshes that are a group each are one group then.
    for cut in &mut cuts {
        if let Some(low) = place_of_halves(cut, range) {
            cut.splice(low..=low + 1, [range]);
        }
    }
    // One mesh alone is order 1.
    if cuts.last().is_some_and(|meshes| meshes.len() == 1) {
        cuts.clear();
    }
    Ok(cuts)
}

/// Returns where in a cut the two halves of a range are, if both are.
fn place_of_halves(cut: &[Prefix], range: Prefix) -> Option<usize> {
    let [lower, upper] = halves(range);
    let low = cut.binary_search(&lower).ok()?;
    (cut.get(low + 1) == Some(&upper)).then_some(low)
}

fn raise(
    map: &MeshMap,
    mut cuts: Vec<Vec<Prefix>>,
    length: u8,
) -> Result<Vec<Vec<Prefix>>, Refused> {
    let network = map.network();
    let change = |why| Refused::Change { range: network, why };
    let widest = cuts.first().ok_or(change("there is one mesh only"))?;
    if length <= network.length() {
        return Err(change("groups must be longer than the network"));
    }
    let mut groups: Vec<_> = (widest.iter())
        .map(
            |range| {
                if range.length() > length { Prefix::new(range.bits(), length) } else { *range }
            },
        )
        .collect();
    groups.dedup();
    if groups.len() == widest.len() {
        return Err(change("groups of this length would hold one range each"));
    }
    cuts.insert(0, groups);
    Ok(cuts)
}
