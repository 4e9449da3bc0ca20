//! Who may tell of which range, by an election.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use words::{NodeId, Prefix};

use crate::{Election, MeshMap, Slot};

impl Election<'_> {
    /// Returns for each range the nodes that may tell of it: those that a slot, won or next in line
    /// for, makes members of a mesh inside it and of one outside, where the range is known: inside
    /// its parent. A range that nobody may tell of is left out.
    ///
    /// Everybody computes the same from the network document, so that a range told by anybody else
    /// can be refused.
    ///
    /// Takes time linear in all slots × the members of their meshes.
    pub fn tellers(&self) -> BTreeMap<Prefix, BTreeSet<NodeId>> {
        tellers(self.map(), |mesh| self.slots(mesh))
    }
}

/// Returns who may tell of which range, where these are the slots of each mesh.
pub(crate) fn tellers(
    map: &MeshMap,
    slots: impl Fn(Prefix) -> Vec<Slot>,
) -> BTreeMap<Prefix, BTreeSet<NodeId>> {
    let mut memberships: BTreeMap<NodeId, Vec<Prefix>> = BTreeMap::new();
    for mesh in map.meshes() {
        for slot in slots(*mesh) {
            for holder in slot.holders {
                memberships.entry(holder).or_insert_with(|| [*mesh].into()).push(slot.target);
            }
        }
    }
    let mut tellers: BTreeMap<Prefix, BTreeSet<NodeId>> = BTreeMap::new();
    for (node, meshes) in &memberships {
        for range in meshes.iter().flat_map(|mesh| map.chain(*mesh)) {
            let Some(parent) = map.parent(range) else { continue };
            let is_beside = |mesh: &Prefix| parent.covers(*mesh) && !range.covers(*mesh);
            if meshes.iter().any(is_beside) {
                tellers.entry(range).or_default().insert(*node);
            }
        }
    }
    tellers
}
