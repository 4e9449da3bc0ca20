//! A network that grows: newcomers are placed, and meshes that grew too large are split.

use std::collections::BTreeMap;

use order::{Change, MeshMap, place};
use serde::Serialize;
use words::{Dice, NodeId, Prefix};

use super::web::NETWORK;

/// How large meshes became.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// Meshes at the end.
    pub meshes: usize,
    /// Members of the smallest.
    pub least: usize,
    /// What 5 % of the meshes do not exceed.
    pub p5: usize,
    /// What 95 % do not exceed.
    pub p95: usize,
    /// Members of the largest.
    pub most: usize,
    /// Splits on the way.
    pub splits: usize,
}

/// Lets a network grow to so many nodes, with meshes of about `target`; looks at the sizes at the
/// end.
pub fn grow(nodes: usize, target: usize, seed: u64) -> Sizes {
    let mut map = MeshMap::whole(NETWORK);
    let mut luck = [11; 32];
    for (octet, own) in luck.iter_mut().zip(seed.to_le_bytes()) {
        *octet ^= own;
    }
    let mut dice = Dice::of(luck, "growth");
    let mut members: BTreeMap<Prefix, Vec<NodeId>> = BTreeMap::from([(NETWORK, Vec::new())]);
    let mut splits = 0;
    let due = order::Sizes { target, longest: 58, may_merge: true };
    for _ in 0..nodes {
        let size =
            |members: &BTreeMap<Prefix, Vec<NodeId>>, mesh| members.get(&mesh).map_or(0, Vec::len);
        let home = place(&map, |mesh| size(&members, mesh), &mut dice);
        let place =
            u128::from(dice.bits()) << 64 & !(u128::MAX << (128 - u32::from(home.length())));
        let newcomer = NodeId(Prefix::new(home.bits() | place, 64));
        members.entry(home).or_default().push(newcomer);
        // Nothing else can have become due: one mesh is larger, all others are as before.
        if size(&members, home) * 2 <= target * 3 {
            continue;
        }
        let Some(change) = due.due(&map, |mesh| size(&members, mesh)) else { continue };
        let (Change::Split(mesh), Ok(new)) = (change, map.changed(change)) else { continue };
        for node in members.remove(&mesh).unwrap_or_default() {
            if let Some(home) = new.home(node) {
                members.entry(home).or_default().push(node);
            }
        }
        map = new;
        splits += 1;
    }
    let mut sizes: Vec<usize> = members.values().map(Vec::len).collect();
    sizes.sort_unstable();
    let at = |hundredths| crate::number::percentile(&sizes, hundredths);
    Sizes {
        meshes: sizes.len(),
        least: sizes.first().copied().unwrap_or(0),
        p5: at(5),
        p95: at(95),
        most: at(100),
        splits,
    }
}
