//! Where a newcomer lives: in the smaller of two meshes, both drawn.

use words::{Dice, Prefix};

use crate::{MeshMap, Roster};

/// Returns the mesh of a newcomer: the one with fewer members of two that are drawn among all.
///
/// So composition is random, nobody chooses its mesh, and sizes stay close to each other. Its place
/// inside is drawn by whoever hands out prefixes, uniformly among those that are free.
///
/// Source: seed, "randomly selected nodes"; principle P3.
pub fn place(map: &MeshMap, members: impl Fn(Prefix) -> usize, dice: &mut Dice) -> Prefix {
    let meshes = map.meshes();
    let mut draw = || meshes.get(dice.below(meshes.len())).copied().unwrap_or(map.network());
    let (one, other) = (draw(), draw());
    if members(other) < members(one) { other } else { one }
}

impl Roster {
    /// Returns how many members are inside `range`.
    pub fn count(&self, range: Prefix) -> usize {
        self.inside(range).len()
    }
}
