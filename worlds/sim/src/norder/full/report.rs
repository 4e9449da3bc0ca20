//! The figures of a whole network, one line of JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::norder::{Paths, Tables};

/// What was measured of a network in which all nodes run the whole protocol. The keys and their
/// order are those that readers rely on; new ones are added at the end.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Full {
    /// How many nodes there are.
    pub nodes: usize,
    /// 1 for one mesh, 2 for a mesh of meshes, 3 for a mesh of those.
    pub order: usize,
    /// How many meshes there are, of all groups.
    pub meshes: usize,
    /// Nodes of each mesh.
    pub nodes_per_mesh: usize,
    /// Arrows that each node keeps in each of its meshes.
    pub arrows_per_node: u16,
    /// Share of the nodes that were elected to serve as border nodes.
    pub border_share: f64,
    /// What repeats the run.
    pub seed: u64,
    /// Whether in the end all tables were as the formula says, and all walks arrived.
    pub converged: bool,
    /// Since when they were, in virtual seconds from the first start on; `null` if they were not.
    pub converged_s: Option<f64>,
    /// Virtual seconds that were simulated.
    pub virtual_s: f64,
    /// Nodes whose table is not exactly what the filter lets come to a member of its meshes.
    pub wrong_tables: usize,
    /// Lines of the nodes' tables, as their routing told them.
    pub tables: Tables,
    /// Walks between drawn nodes, by the tables of the nodes on the way.
    pub paths: Paths,
    /// Links whose two ends are open.
    pub links: usize,
    /// What the protocols said.
    pub traffic: Traffic,
    /// What the run cost.
    pub cost: Cost,
    /// Border nodes that died once all was well, one fault after the other.
    pub lost: Vec<Lost>,
    /// Countries that were filtered once all was well, one after the other.
    pub besieged: Vec<Besieged>,
    /// Meshes that were split once all was well, one after the other.
    pub divided: Vec<Remapped>,
    /// Meshes that became one, one pair after the other.
    pub merged: Vec<Remapped>,
    /// Members that lied once all was well; what they carry they lied about from the beginning.
    pub liars: Vec<Lied>,
}

/// Members that lied, and what became of the others.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Lied {
    /// How many lied.
    pub liars: usize,
    /// What each declared, in Mbit/s.
    pub declared: u32,
    /// Their share of what all carry together in truth.
    pub capacity_share: f64,
    /// Slots of the network, and how many of them they won.
    pub slots: usize,
    /// See `slots`.
    pub won: usize,
    /// Their share of the slots of 20 elections with other beacons: as the product counts, …
    pub elected_share: f64,
    /// … if they did not lie, …
    pub due_share: f64,
    /// … if all were believed, …
    pub believed_share: f64,
    /// … and without bounds as well.
    pub uncapped_share: f64,
    /// Virtual seconds in which they said what is refused, and those in which some table of the others was not
    /// exactly as it must be.
    pub watched_s: f64,
    /// See `watched_s`.
    pub wrong_s: u64,
    /// Nodes of the others whose table was not, in the end.
    pub wrong_tables: usize,
    /// Pairs of the others that were watched.
    pub pairs: usize,
    /// Walks of these, one of each pair in 20 ms.
    pub walks: u64,
    /// Walks that did not arrive, and their share.
    pub lost: u64,
    /// See `lost`.
    pub lost_share: f64,
    /// Pairs of which walks were lost, and the longest time in which all of one were, in milliseconds.
    pub lost_pairs: usize,
    /// See `lost_pairs`.
    pub longest_ms: u64,
    /// Routes that liars told the others and may not tell, and those that the others passed over.
    pub told: u64,
    /// See `told`.
    pub passed_over: u64,
    /// Links that liars asked for where they were not elected to; those that were let in, by which nothing is
    /// believed of them or as refugees; and why others were refused.
    pub asked: u64,
    /// See `asked`.
    pub let_in: u64,
    /// See `asked`.
    pub refused: BTreeMap<&'static str, u64>,
    /// Documents that liars offered, and why they were refused.
    pub offered: u64,
    /// See `offered`.
    pub documents_refused: BTreeMap<&'static str, u64>,
    /// Nodes of the others that went by another document than the one in force or the one before, in the end.
    pub other_documents: usize,
    /// What they drew to themselves after that.
    pub attracted: Vec<Attracted>,
}

/// Members that said that all they know is next to them, and what they drew to themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Attracted {
    /// Whether they said it in foreign meshes, on links on which they were let in as refugees.
    pub refugees: bool,
    /// On how many links.
    pub links: usize,
    /// Share of the walks between the others that led by a liar before.
    pub before_share: f64,
    /// The same after a minute: what these could read, delay or drop.
    pub drawn_share: f64,
    /// Share of the walks that did not arrive then, though liars drop nothing; and the most in any second.
    pub lost_share: f64,
    /// See `lost_share`.
    pub most_lost_share: f64,
    /// Nodes of the others whose table was not exactly as it must be then.
    pub wrong_tables: usize,
    /// After how many seconds all was well again, once they said it no more; `null` if not in time.
    pub whole_s: Option<f64>,
}

/// A mesh that was split, or two that became one, and what became of the walks meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Remapped {
    /// The range of the mesh that was split, or of the one that two became.
    pub range: String,
    /// Nodes of each half.
    pub halves: [usize; 2],
    /// Length of an epoch, and time between two renewals, in seconds.
    pub epoch_s: f64,
    /// See `epoch_s`.
    pub round_s: f64,
    /// Virtual seconds from the announcement to the end.
    pub watched_s: f64,
    /// Pairs of nodes that were watched.
    pub pairs: usize,
    /// Walks of these, one of each pair in 20 ms.
    pub walks: u64,
    /// Walks that did not arrive, and their share.
    pub lost: u64,
    /// See `lost`.
    pub lost_share: f64,
    /// Of the lost ones, those of the first epoch, in which nothing moves but for renewal.
    pub lost_at_rest: u64,
    /// Pairs of which walks were lost, and the longest time in which all of one were, in milliseconds.
    pub lost_pairs: usize,
    /// See `lost_pairs`.
    pub longest_ms: u64,
    /// When the first walk was lost, and the last one, in seconds from the moment in which the new map
    /// is in force; below 0 before that; `null` if none was.
    pub first_lost_s: Option<f64>,
    /// See `first_lost_s`.
    pub last_lost_s: Option<f64>,
    /// Walks that circled for a moment, and did or did not arrive.
    pub circled: u64,
    /// After how many seconds from that moment all tables were exactly as the new map has it; `null` if
    /// they were not in time.
    pub exact_s: Option<f64>,
    /// Lines of all tables before.
    pub before: Tables,
    /// Lines of all tables in the end.
    pub after: Tables,
}

/// A country that was filtered, and what became of the walks across its border.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Besieged {
    /// Its name.
    pub country: String,
    /// Nodes inside.
    pub inside: usize,
    /// Share of the pairs across that were blocked for good.
    pub blocked_share: f64,
    /// Pairs across that were not: with few, nobody may find them, with none nothing helps.
    pub open_pairs: usize,
    /// Whether nodes were heard that escaped, and that sought refuge.
    pub escape: bool,
    /// See `escape`.
    pub refuge: bool,
    /// Share of the walks across that did not arrive at that moment.
    pub lost_share: f64,
    /// After how many virtual seconds all arrived for good; `null` if they did not in time.
    pub whole_s: Option<f64>,
    /// Share that did not arrive in the end.
    pub lost_in_the_end: f64,
    /// How many nodes escaped, and how often nodes sought refuge.
    pub escaped: u64,
    /// See `escaped`.
    pub sought_refuge: u64,
}

/// Border nodes that died at once, and what became of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Lost {
    /// How many there were.
    pub border_nodes: usize,
    /// How many died.
    pub died: usize,
    /// Share of the walks between survivors that did not arrive at that moment.
    pub lost_share: f64,
    /// After how many virtual seconds all walks arrived for good; `null` if they did not in time.
    pub whole_s: Option<f64>,
    /// After how many all tables were as the formula says, with the next in line serving in the
    /// stead of the dead; `null` if they were not in time.
    pub exact_s: Option<f64>,
}

/// What the protocols said, from the first start on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Traffic {
    /// Arrows that came to life.
    pub opened: u64,
    /// Arrows that died after that.
    pub died: u64,
    /// Links that died because their other end was silent.
    pub lost: u64,
    /// Nodes that began to serve in a foreign mesh.
    pub entered: u64,
    /// Nodes that ended to.
    pub left: u64,
    /// Requests of nodes that were not elected to the mesh.
    pub not_elected: u64,
    /// Links that were closed for that reason later.
    pub expelled: u64,
    /// Babel.
    pub routing: Words,
    /// Probes, and agreements about arrows.
    pub arrows: Words,
    /// The network document, and questions for contacts, on each link of their way.
    pub gossip: Words,
    /// Datagrams of gossip that found no way.
    pub astray: u64,
    /// Lines of tables for what is neither a node nor a range.
    pub strange: u64,
}

/// What one part of the nodes said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Words {
    /// Frames through links.
    pub frames: u64,
    /// What a node sent on average, with all headers, in thousands of bits in a second.
    pub kbit_per_s: f64,
}

/// What a run cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// Seconds that it took.
    pub seconds: f64,
    /// Seconds that it was on a processor.
    pub processor_s: f64,
    /// How often anything happened to a node.
    pub events: u64,
    /// The same for each second on a processor.
    pub events_per_processor_s: f64,
    /// Most memory that was resident, in octets for each node.
    pub bytes_per_node: u64,
    /// Most memory that was resident, in millions of octets.
    pub resident_mb: u64,
}
