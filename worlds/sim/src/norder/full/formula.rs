//! The tables that nodes must have: what the filter lets come to members of their meshes.

use std::collections::BTreeMap;

use order::Memberships;
use order::border::admit;

use super::tables::{Name, Tables};
use crate::norder::web::Web;
use crate::number::small;

/// The tables that nodes must have, by the meshes that they are members of.
#[derive(Debug)]
pub(super) struct Formula {
    /// Which of the tables each node must have.
    of: Vec<u32>,
    tables: Vec<Vec<Name>>,
}

impl Formula {
    /// Returns the tables of this web, with those border nodes.
    pub(super) fn new(web: &Web, border: &BTreeMap<u32, Memberships>, names: &Tables) -> Self {
        let mut known: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
        let (mut of, mut tables) = (Vec::with_capacity(web.nodes()), Vec::new());
        for node in 0..web.nodes() {
            let ours = web.memberships_by(border, node);
            let meshes: Vec<u32> = ours.meshes().map(|mesh| web.mesh_number(mesh)).collect();
            let number = *known.entry(meshes).or_insert_with(|| {
                tables.push(table(web, names, &ours));
                small(tables.len() - 1)
            });
            of.push(number);
        }
        Self { of, tables }
    }

    /// Tells whether the lines of a node's table are exactly those that it must have: its own is
    /// none of them, and the dead are nobody's.
    pub(super) fn is_met(
        &self,
        node: usize,
        lines: impl Iterator<Item = Name>,
        is_alive: impl Fn(usize) -> bool,
    ) -> bool {
        let wanted = self.of.get(node).and_then(|number| self.tables.get(*number as usize));
        let wanted = wanted.map_or(&[][..], Vec::as_slice).iter().copied();
        lines.eq(wanted.filter(|name| {
            let other = *name as usize;
            other != node && (other >= self.of.len() || is_alive(other))
        }))
    }
}

/// Returns what a table of a member of these meshes leads to, in order, members among it.
fn table(web: &Web, names: &Tables, ours: &Memberships) -> Vec<Name> {
    let comes =
        |range| ours.meshes().any(|link| admit(&web.map, ours, (range, false), link).is_ok());
    let ranges = web.map.cuts().iter().flatten().filter(|range| comes(**range));
    let mut lines: Vec<Name> = ranges.filter_map(|range| names.range(*range)).collect();
    lines.extend(ours.meshes().flat_map(|mesh| web.inside_of(mesh)));
    lines.sort_unstable();
    lines.dedup();
    lines
}
