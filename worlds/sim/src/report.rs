//! The report: one line of JSON that says how the run went.

use std::collections::BTreeMap;

use serde::Serialize;

/// How a run went. The keys and their order are those that readers rely on; new ones are
/// added at the end.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// How many nodes were started.
    pub nodes: usize,
    /// How many arrows each was to have.
    pub arrows_per_node: u16,
    /// By which rule.
    pub rule: String,
    /// How paths were found.
    pub routing: String,
    /// Virtual hours.
    pub hours: f64,
    /// Seconds between two rounds.
    pub round_s: f64,
    /// What repeats the run.
    pub seed: u64,
    /// Round trips over the mesh, compared with direct ones.
    pub stretch: Stretch,
    /// Links on a path.
    pub hops: Hops,
    /// Who reaches whom.
    pub reach: Reach,
    /// Births and deaths.
    pub arrows: Arrows,
    /// The last days of arrows in use.
    pub draining: Draining,
    /// The pairs that were watched all the time.
    pub flows: Flows,
    /// How transit is spread over the nodes.
    pub load: Load,
    /// What went wrong by order.
    pub faults: Vec<Blow>,
    /// What the simulation itself cost.
    pub run: Run,
}

/// Round trips over the mesh, compared with direct ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Stretch {
    /// Mean round trip over the mesh, in mean direct round trips.
    pub mean: f64,
    /// What 95 % of the pairs do not exceed, each in its own direct round trip.
    pub p95: f64,
    /// Share of the pairs that are faster over the mesh than directly.
    pub faster_than_direct_share: f64,
}

/// Links on a path.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Hops {
    /// On average.
    pub mean: f64,
    /// What 95 % of the paths do not exceed.
    pub p95: usize,
    /// On the longest, in the median survey.
    pub max: usize,
}

/// Who reaches whom.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reach {
    /// Share of the ordered pairs without a path, at worst, before the first fault.
    pub disconnected_share: f64,
    /// The same at the end, after all faults.
    pub disconnected_at_end_share: f64,
    /// Nodes at the end that live and reach nobody.
    pub isolated_at_end: usize,
    /// Nodes at the end that live.
    pub alive_at_end: usize,
}

/// Births and deaths.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Arrows {
    /// How many were drawn.
    pub drawn: u64,
    /// How many came to life.
    pub opened: u64,
    /// How many died, those included that never came to life.
    pub died: u64,
    /// How many live at the end.
    pub alive_at_end: usize,
    /// Share of the draws owed to chance, and to no exception.
    pub chance_share: f64,
    /// The age of the oldest there ever was, in seconds.
    pub oldest_s: f64,
    /// Draws, by what they are owed to.
    pub by_cause: BTreeMap<String, u64>,
    /// Deaths, by what of.
    pub by_death: BTreeMap<String, u64>,
    /// Dials that were turned away, by why.
    pub by_refusal: BTreeMap<String, u64>,
}

/// The last days of arrows in use.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Draining {
    /// How many were condemned.
    pub condemned: u64,
    /// Links taken away by a drain while paths led through them; only the oracle can tell.
    pub cuts: Option<u64>,
    /// Arrows closed at the limit, used or not.
    pub forced: u64,
    /// How long a drain takes, in seconds.
    pub mean_s: f64,
    /// How long 95 % of the drains take at most.
    pub p95_s: f64,
    /// How long the longest took, or takes already at the end.
    pub longest_s: f64,
}

/// The pairs that were watched all the time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Flows {
    /// How many.
    pub pairs: usize,
    /// How often it was looked whether one is whole, before the first fault.
    pub looks: usize,
    /// How often one that was whole was not at the next look.
    pub cuts: usize,
    /// Share of the looks that found none whole.
    pub broken_share: f64,
    /// Share of the paths that are the same one round later.
    pub unchanged_share: f64,
    /// Share of the pairs, over ten adversaries with 5 % of the nodes each, whose path leads
    /// through the adversary 95 % of the time.
    pub exposed_share: f64,
    /// The same in the second half of the time before the first fault, when arrows have found
    /// their places.
    pub exposed_late_share: f64,
}

/// How transit is spread over the nodes, if all pairs send alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Load {
    /// Share that the busiest 5 % of the nodes carry.
    pub busiest_5_percent_share: f64,
    /// What the busiest node carries, in means.
    pub peak: f64,
}

/// What went wrong by order.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Blow {
    /// The fault as it was typed.
    pub fault: String,
    /// Nodes that live after it.
    pub alive: usize,
    /// Share of the survivors' pairs without a direct way on the Internet.
    pub direct_disconnected_share: f64,
    /// Share of the survivors' pairs between which no links are left, before any new arrow.
    pub disconnected_share: f64,
    /// Survivors without any link, before any new arrow.
    pub isolated: usize,
    /// Share of the pairs without a path one round later; `null` past the end.
    pub one_round_later_share: Option<f64>,
    /// The same two rounds later.
    pub two_rounds_later_share: Option<f64>,
    /// The same fault, imagined 200 times just before; `null` if chance has no part in it.
    pub trials: Option<Trials>,
}

/// A fault that was imagined 200 times.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Trials {
    /// Share of the trials in which the survivors' links hang together.
    pub whole_share: f64,
    /// Survivors' pairs between which no links are left, on average.
    pub disconnected_share: f64,
    /// Survivors without any link, on average.
    pub isolated_share: f64,
}

/// What the simulation itself cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Run {
    /// Seconds of real time.
    pub seconds: f64,
    /// Virtual time passed in one second.
    pub speed: f64,
    /// How often anything happened to a node.
    pub events: u64,
    /// The same in one second.
    pub events_per_s: f64,
    /// Most memory that was resident, in octets for each node.
    pub bytes_per_node: u64,
    /// Seconds of one processor's time.
    pub processor_s: f64,
    /// Virtual time passed in one second of processor time.
    pub processor_speed: f64,
    /// The same in the second half of the virtual time, when the mesh is as it stays.
    pub steady_speed: f64,
    /// Events in one second of processor time.
    pub events_per_processor_s: f64,
}
