//! Where slots lead: on its ring, from each mesh to the next.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use words::Prefix;

use crate::MeshMap;
use crate::hash::{hash, luck, octets};

/// Rings as far as they were asked for: who comes after whom among the ranges of one parent.
#[derive(Debug, Default)]
pub(crate) struct Rings(BTreeMap<([u8; 32], Option<Prefix>), BTreeMap<Prefix, Prefix>>);

impl Rings {
    /// Returns where slot `number` of `mesh` leads, by the beacon it was drawn with: on its ring, from
    /// `range`, which is the mesh or a group around it, to the next, and there to one of the
    /// meshes inside. `None` without others.
    pub(crate) fn target(
        &mut self,
        map: &MeshMap,
        (mesh, range): (Prefix, Prefix),
        (beacon, number): (&[u8; 32], usize),
    ) -> Option<Prefix> {
        let ring = hash(*b"ring    ", &[beacon, &(number as u64).to_be_bytes()]);
        let mut target = self.next(ring, map, range)?;
        // Meshes of one group lead to different meshes of the next, as far as there are.
        let place = || {
            let mut group = map.children(map.parent(mesh)?);
            group.position(|child| child == mesh)
        };
        while !map.is_mesh(target) {
            let inside: Vec<_> = map.children(target).collect();
            let shift = luck(hash(*b"descend ", &[&ring, &octets(target)]));
            let count = (inside.len() as u64).max(1);
            let nth = (shift % count + place().unwrap_or(0) as u64) % count;
            target = *inside.get(usize::try_from(nth).ok()?)?;
        }
        Some(target)
    }

    /// Returns the range after `range` on a ring over it and its siblings; `None` without any.
    fn next(&mut self, ring: [u8; 32], map: &MeshMap, range: Prefix) -> Option<Prefix> {
        let parent = map.parent(range);
        let after = self.0.entry((ring, parent)).or_insert_with(|| {
            let all = parent.into_iter().flat_map(|parent| map.children(parent));
            let place = |range: Prefix| (hash(*b"place   ", &[&ring, &octets(range)]), range);
            let mut places: Vec<_> = all.map(place).collect();
            places.sort_unstable();
            let following = places.iter().cycle().skip(1);
            places.iter().zip(following).map(|((_, range), (_, next))| (*range, *next)).collect()
        });
        after.get(&range).copied().filter(|next| *next != range)
    }
}
