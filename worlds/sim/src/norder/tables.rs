//! How many lines the tables have: what the filter lets come to a node.

use order::border::admit;
use words::{Dice, Prefix};

use super::Scene;
use super::report::Tables;
use super::ways::some;

/// Nodes that are looked at, at most: all of a smaller network.
const NODES: usize = 2_000;

/// Looks at the tables of all nodes, or of some.
pub(super) fn look(scene: &Scene<'_>) -> Tables {
    let web = scene.web;
    let mut dice = Dice::of(scene.seed, "tables");
    let mut nodes = some(web.nodes().min(NODES), web.nodes(), &mut dice);
    // Border nodes are few: as many of them as well.
    let border: Vec<usize> = web.border().keys().map(|node| *node as usize).collect();
    let more = some(border.len().min(NODES), border.len(), &mut dice);
    nodes.extend(more.into_iter().filter_map(|index| border.get(index).copied()));
    let mut tables = Tables { looked_at: nodes.len(), ..Tables::default() };
    for node in nodes {
        tables.add(&web.map, &web.memberships(node), lines(scene, node));
    }
    tables
}

/// Counts the prefixes that the filter lets come to a node on any of its links.
///
/// The nodes of one mesh have all the same answer: one of them is asked for.
fn lines(scene: &Scene<'_>, node: usize) -> usize {
    let web = scene.web;
    let ours = web.memberships(node);
    let comes = |prefix: Prefix| {
        ours.meshes().any(|link| admit(&web.map, &ours, (prefix, false), link).is_ok())
    };
    let ranges = web.map.cuts().iter().flatten().filter(|range| comes(**range)).count();
    let meshes = 0..web.meshes().len();
    let known = meshes.filter(|mesh| comes(web.name(mesh * web.each()).0)).count();
    ranges + known * web.each()
}
