//! The figures of a mesh of meshes, one line of JSON.

use order::{Memberships, MeshMap};
use serde::Serialize;

use super::{Liars, Lie};

/// What was measured. The keys and their order are those that readers rely on; new ones are added
/// at the end.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Norder {
    /// How many nodes there are.
    pub nodes: usize,
    /// 1 for one mesh, 2 for a mesh of meshes, 3 for a mesh of those.
    pub order: usize,
    /// How many meshes there are, of all groups.
    pub meshes: usize,
    /// Nodes of each mesh.
    pub nodes_per_mesh: usize,
    /// Arrows of each node in each of its meshes.
    pub arrows_per_node: u16,
    /// Share of the nodes that serve as border nodes.
    pub border_share: f64,
    /// Links of all nodes.
    pub links: usize,
    /// What repeats the run.
    pub seed: u64,
    /// Lines of the nodes' tables.
    pub tables: Tables,
    /// Walks between drawn nodes.
    pub paths: Paths,
    /// The same over one mesh of as many nodes, with ten arrows each, if it was built.
    pub flat: Option<Paths>,
    /// How transit is spread, if all pairs send alike; `null` above 20 000 nodes.
    pub load: Option<Load>,
    /// The same with the load term, where it was asked for.
    pub load_with_term: Option<Load>,
    /// Border nodes that died.
    pub lost: Vec<Loss>,
    /// Countries that were filtered.
    pub filtered: Vec<Filtered>,
    /// Members who lied in the election.
    pub liars: Vec<Liars>,
    /// Meshes that were split.
    pub split: Vec<Split>,
    /// Seconds that it took.
    pub seconds: f64,
}

/// How many lines tables have, at least and at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Lines {
    /// Nodes that were looked at.
    pub nodes: usize,
    /// The shortest table.
    pub least: usize,
    /// The longest.
    pub most: usize,
}

impl Lines {
    /// Takes in the table of one more node.
    pub(super) fn add(lines: &mut Option<Self>, count: usize) {
        let all = lines.get_or_insert(Self { nodes: 0, least: count, most: count });
        all.nodes += 1;
        all.least = all.least.min(count);
        all.most = all.most.max(count);
    }
}

/// Lines of the nodes' tables, ourselves included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tables {
    /// Nodes that were looked at.
    pub looked_at: usize,
    /// Of nodes at home.
    pub plain: Option<Lines>,
    /// Of border nodes that serve in a mesh of their own group.
    pub border: Option<Lines>,
    /// Of border nodes that serve in a mesh of another group.
    pub border_of_another_group: Option<Lines>,
    /// Of border nodes that serve in several meshes.
    pub several: Option<Lines>,
}

impl Tables {
    /// Takes in the table of one more node, which has these memberships.
    pub(super) fn add(&mut self, map: &MeshMap, ours: &Memberships, lines: usize) {
        let group = map.parent(ours.home()).unwrap_or(map.network());
        let outside = ours.foreign().iter().any(|mesh| !group.covers(*mesh));
        let kind = match (ours.foreign().len(), outside) {
            (0, _) => &mut self.plain,
            (1, false) => &mut self.border,
            (1, true) => &mut self.border_of_another_group,
            (_, _) => &mut self.several,
        };
        Lines::add(kind, lines);
    }
}

/// Walks by longest match between drawn nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Paths {
    /// How many.
    pub walks: usize,
    /// How many did not arrive.
    pub failed: usize,
    /// Links of a path, on average.
    pub hops_mean: f64,
    /// What 95 % of the paths do not exceed.
    pub hops_p95: usize,
    /// The longest.
    pub hops_max: usize,
    /// Mean round trip, in milliseconds.
    pub round_trip_ms: f64,
    /// The same in mean direct round trips.
    pub stretch: f64,
}

/// How transit is spread over the nodes, in means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Load {
    /// Of border nodes that serve inside their group.
    pub border_mean: f64,
    /// Of those that serve in another group.
    pub border_of_another_group_mean: f64,
    /// Of all others.
    pub plain_mean: f64,
    /// What 99 % of the nodes do not exceed.
    pub p99: f64,
    /// Of the busiest node.
    pub most: f64,
    /// Share of all transit that the busiest node carries.
    pub busiest_share: f64,
    /// Mean round trip, in milliseconds.
    pub round_trip_ms: f64,
}

/// What became of the survivors when border nodes died, before any election.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Loss {
    /// How many there were.
    pub border_nodes: usize,
    /// How many died.
    pub died: usize,
    /// Pairs of survivors that were looked at.
    pub pairs: usize,
    /// Share of them without a path.
    pub lost_share: f64,
}

/// What a filter around a country did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Filtered {
    /// The country.
    pub country: String,
    /// Its nodes.
    pub inside: usize,
    /// Share of the pairs across the border that are blocked.
    pub blocked_share: f64,
    /// Whether the quorum and the escape were on.
    pub quorum: bool,
    /// Whether refugees were.
    pub refuge: bool,
    /// Pairs across the border that were looked at each time.
    pub pairs: usize,
    /// Share of them without a path at once, then at the end of each round.
    pub lost_share: Vec<f64>,
    /// Nodes that escaped, at the same times.
    pub escaped: Vec<usize>,
    /// Nodes that look for arrows in the whole network, at the same times.
    pub refugees: Vec<usize>,
}

/// A mesh that was split while its arrows were renewed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Split {
    /// Nodes of the mesh.
    pub nodes: usize,
    /// Rounds in which arrows moved.
    pub rounds: usize,
    /// Share of the arrows that lead into the other half: before, then after each round.
    pub across_share: Vec<f64>,
    /// Rounds after which one of the halves did not hang together.
    pub rounds_apart: usize,
    /// Nodes whose home in the new map is not the range in which they drew arrows meanwhile.
    pub astray: usize,
    /// Nodes of both halves.
    pub halves: [usize; 2],
}

impl Liars {
    /// Returns what one way of counting gave.
    pub fn of(&self, lie: Lie) -> f64 {
        match lie {
            Lie::Attested => self.attested_share,
            Lie::Unattested => self.unattested_share,
            Lie::Uncapped => self.uncapped_share,
        }
    }
}
