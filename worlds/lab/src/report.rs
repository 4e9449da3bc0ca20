//! The report: one line of JSON that says how the run went.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::ensured::Ensured;
use crate::flood::Flooded;
use crate::internet::{Dropped, HostId, Model};
use crate::lan::Lan;
use crate::load::Load;
use crate::meshes::Divided;
use crate::ping::Sum;
use crate::tcp::Tcp;
use crate::watch::{Expelled, Seen};

/// How a run went. The keys and their order are those that readers rely on; new ones are
/// added at the end.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Nodes that were started.
    pub nodes: u16,
    /// Ordered pairs of nodes that were there at the end.
    pub pairs: usize,
    /// Those of them whose pings were answered at the end.
    pub reachable_pairs: usize,
    /// Seconds from the start of the nodes until every pair had had a ping answered.
    pub first_full_mesh_s: Option<f64>,
    /// The pings.
    pub pings: Pings,
    /// The arrows of all nodes.
    pub arrows: Arrows,
    /// Round trips over the mesh, in round trips of the emulated Internet itself.
    pub stretch: Stretch,
    /// Resident memory of a node, in MB (10^6 octets): mean at the end, and the most ever.
    pub rss_mb: Spread,
    /// Share of one processor that a node used from its start to the end.
    pub cpu_share: Spread,
    /// What repeats the emulated Internet of this run.
    pub seed: u64,
    /// Seconds from the start of the nodes to the end.
    pub seconds: f64,
    /// Time between two pings of a pair, in milliseconds.
    pub ping_interval_ms: f64,
    /// Nodes that were killed by order.
    pub killed: usize,
    /// Nodes that died unasked.
    pub died_unasked: usize,
    /// Nodes that were put out of the network.
    pub revoked: Vec<Revoked>,
    /// Packets that the emulated Internet carried.
    pub packets: u64,
    /// Packets that it dropped, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Packets that the nodes lost themselves, by reason.
    pub lost_by_nodes: BTreeMap<String, u64>,
    /// The first pings that were lost, at most 20.
    pub lost_pings: Vec<LostPing>,
    /// The nodes behind NAT.
    pub nat: Nat,
    /// What nodes sent out of the mesh, through exits.
    pub outside: Outside,
    /// Faults that were carried out, each of a storm for itself.
    pub faults: usize,
    /// The times that pairs were without an answer, if pings were lost in them.
    pub gaps_ms: Gaps,
    /// Seconds from the last time that nodes were killed or restarted until every pair of those
    /// that were there had been answered again.
    pub full_again_s: Option<f64>,
    /// Packets of control, each second, that a node sent: its own and those it passed on.
    pub control_packets_per_s: Spread,
    /// The same in kilobits.
    pub control_kbit_per_s: Spread,
    /// The TCP connections through the mesh.
    pub tcp: Tcp,
    /// The meshes of a divided network.
    pub divided: Divided,
    /// The nodes on the LAN.
    pub lan: Lan,
    /// Ordered pairs of nodes that were there at the end, of which the first says why its packets
    /// to the second go the way they go.
    pub explained: usize,
    /// What payload beyond what lines carry did to probes and links.
    pub flood: Flooded,
    /// Rules that ensure an arrow.
    pub ensured: Ensured,
    /// How often nodes noticed that their calendar had been set.
    pub calendar_jumps: u64,
    /// What nodes carried for others.
    pub load: Load,
}

/// Nodes behind NAT, and their links with each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Nat {
    /// Pairs of nodes that are both behind NAT.
    pub pairs: usize,
    /// Those of them that had a link with each other, seen once a second.
    pub direct: usize,
}

/// Pings to a server outside of the mesh, through exits.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outside {
    /// Nodes that send them, and were there at the end.
    pub pairs: usize,
    /// Those of them whose pings were answered at the end.
    pub reachable_pairs: usize,
    /// The pings.
    pub pings: Pings,
    /// How many packets reached the server, by the host that they came from: only exits, if
    /// nothing leaves by another way.
    pub by_host: BTreeMap<String, u64>,
    /// The nodes that send them.
    pub users: Vec<Leaver>,
}

/// A node that leaves the mesh by exits.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Leaver {
    /// Its number.
    pub node: u16,
    /// The exit to which its median round trip over the mesh is the shortest.
    pub nearest: Option<u16>,
    /// That round trip, to each exit that is there, in milliseconds.
    pub rtt_ms: BTreeMap<String, f64>,
    /// By which exits it left, one after the other.
    pub left_by: Vec<LeftBy>,
}

/// The exit that a node leaves by from some moment on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LeftBy {
    /// Since when, in seconds since the nodes' start, to half a second.
    pub at_s: f64,
    /// Its number; none if the node had no way out.
    pub exit: Option<u16>,
}

/// How long pairs were without an answer, in milliseconds, each time that pings were lost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Gaps {
    /// How many such times there were, of all pairs.
    pub count: usize,
    /// What half of them do not exceed.
    pub p50: f64,
    /// What 90 % do not exceed.
    pub p90: f64,
    /// What 99 % do not exceed.
    pub p99: f64,
    /// The longest.
    pub max: f64,
    /// How many there were up to each of these lengths, and longer than the one before; `more` is
    /// those beyond the last.
    pub histogram: BTreeMap<String, usize>,
}

/// The bounds of the histogram of gaps, in milliseconds.
const BOUNDS: [u32; 9] = [50, 100, 200, 300, 500, 1_000, 2_000, 4_000, 10_000];

impl Gaps {
    /// Returns the distribution of gaps of these lengths.
    pub(crate) fn of(lengths: impl Iterator<Item = Duration>) -> Self {
        let mut all: Vec<f64> = lengths.map(ms).collect();
        all.sort_by(f64::total_cmp);
        let mut histogram = BTreeMap::new();
        for length in &all {
            let bound = BOUNDS.iter().find(|bound| *length <= f64::from(**bound));
            let name = bound.map_or("more".to_owned(), |bound| format!("{bound:05}"));
            *histogram.entry(name).or_default() += 1;
        }
        let at = |percent| rank(&all, percent);
        let (p50, p90, p99, max) = (at(50), at(90), at(99), at(100));
        Self { count: all.len(), p50, p90, p99, max, histogram }
    }
}

/// Returns what `percent` of the sorted `values` do not exceed; zero if there are none.
fn rank(values: &[f64], percent: usize) -> f64 {
    let rank = (values.len() * percent).div_ceil(100).saturating_sub(1);
    rounded(values.get(rank).copied().unwrap_or(0.0))
}

/// A ping that was lost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LostPing {
    /// Number of the node that sent it.
    pub from: u16,
    /// Number of the node that it was sent to.
    pub to: u16,
    /// When it was sent, in seconds since the nodes' start.
    pub at_s: f64,
}

/// Pings between all pairs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Pings {
    /// How many counted.
    pub sent: u64,
    /// How many of them had no answer within 3 s.
    pub lost: u64,
    /// Longest time of any pair without an answered ping, in milliseconds.
    pub longest_gap_ms: f64,
    /// How many of those lost were sent before every pair had had an answer.
    pub lost_at_first: u64,
}

/// Arrows of all nodes, those that were killed included.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Arrows {
    /// How many came to life.
    pub born: u64,
    /// How many died.
    pub died: u64,
    /// Age of the oldest, in seconds.
    pub oldest_s: f64,
    /// How many, by cause.
    pub by_cause: BTreeMap<String, u64>,
}

/// Round trips over the mesh, in round trips of the emulated Internet itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Stretch {
    /// The mean over all pairs.
    pub mean: f64,
    /// What 95 % of the pairs do not exceed.
    pub p95: f64,
    /// Share of the pairs that are faster over the mesh.
    pub faster_than_direct_share: f64,
}

/// Mean and maximum over the nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The maximum.
    pub max: f64,
}

/// How a node went that was put out of the network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Revoked {
    /// Its number.
    pub node: u16,
    /// Seconds until no other node had a link or a route to it.
    pub out_after_s: Option<f64>,
    /// It was out, and was seen again.
    pub came_back: bool,
}

impl Report {
    /// Tells whether all pairs were reachable at the end, but those that were cut apart.
    pub const fn complete(&self) -> bool {
        self.pairs > 0 && self.reachable_pairs + self.lan.apart == self.pairs
    }
}

impl Nat {
    /// Returns what was seen of the nodes behind NAT.
    pub(crate) fn of(seen: &BTreeMap<HostId, Seen>) -> Self {
        let hidden: Vec<&Seen> = seen.values().filter(|seen| seen.hidden).collect();
        let mut nat = Self::default();
        for (n, one) in hidden.iter().enumerate() {
            for other in hidden.iter().skip(n + 1) {
                let linked = |a: &Seen, b: &Seen| {
                    b.status.prefix.is_some_and(|prefix| a.linked.contains(&prefix))
                };
                nat.pairs += 1;
                nat.direct += usize::from(linked(one, other) || linked(other, one));
            }
        }
        nat
    }
}

impl Pings {
    /// Returns the pings of `sum`.
    pub(crate) fn of(sum: &Sum) -> Self {
        Self {
            sent: sum.sent,
            lost: sum.lost,
            longest_gap_ms: ms(sum.longest_gap),
            lost_at_first: sum.lost_at_first,
        }
    }
}

/// Sums what all nodes lost, by reason.
pub(crate) fn losses(seen: &BTreeMap<HostId, Seen>) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::<String, u64>::new();
    for (reason, count) in seen.values().flat_map(|seen| &seen.status.lost) {
        *all.entry(reason.clone()).or_default() += count;
    }
    all
}

impl Arrows {
    /// Sums the arrows of all nodes.
    pub(crate) fn of(seen: &BTreeMap<HostId, Seen>) -> Self {
        let mut all = Self::default();
        for arrows in seen.values().map(|seen| &seen.status.arrows) {
            all.born += arrows.born;
            all.died += arrows.died;
            all.oldest_s = all.oldest_s.max(rounded(arrows.oldest_s));
            for (cause, count) in &arrows.by_cause {
                *all.by_cause.entry(cause.clone()).or_default() += count;
            }
        }
        all
    }
}

impl Stretch {
    /// Compares the median round trips of pairs with those of the `model`.
    pub(crate) fn of(medians: &[((HostId, HostId), Duration)], model: &Model) -> Self {
        let ratio = |((a, b), over): &((HostId, HostId), Duration)| {
            over.as_secs_f64() / model.round_trip(*a, *b).as_secs_f64().max(1e-6)
        };
        Self::from_ratios(medians.iter().map(ratio).collect())
    }

    fn from_ratios(mut ratios: Vec<f64>) -> Self {
        ratios.sort_by(f64::total_cmp);
        let faster = ratios.iter().filter(|ratio| **ratio < 1.0).count();
        Self {
            mean: Spread::of(&ratios).mean,
            p95: rank(&ratios, 95),
            faster_than_direct_share: rounded(share(faster, ratios.len())),
        }
    }
}

impl Spread {
    /// Returns the spread of `values`; zeros if there are none.
    pub(crate) fn of(values: &[f64]) -> Self {
        let sum: f64 = values.iter().sum();
        let mean = sum * share(1, values.len());
        Self { mean: rounded(mean), max: rounded(values.iter().copied().fold(0.0, f64::max)) }
    }
}

impl From<&Expelled> for Revoked {
    fn from(expelled: &Expelled) -> Self {
        Self {
            node: expelled.node.0,
            out_after_s: expelled.out_after.map(|after| rounded(after.as_secs_f64())),
            came_back: expelled.came_back,
        }
    }
}

/// Returns the drops by their names.
pub(crate) fn named(drops: &BTreeMap<Dropped, u64>) -> BTreeMap<String, u64> {
    drops.iter().map(|(why, count)| (format!("{why:?}").to_lowercase(), *count)).collect()
}

/// Returns octets in MB.
pub(crate) fn mb(octets: u64) -> f64 {
    f64::from(u32::try_from(octets / 1_000).unwrap_or(u32::MAX)) / 1_000.0
}

/// Returns a time in milliseconds, to the microsecond.
pub(crate) fn ms(time: Duration) -> f64 {
    rounded(time.as_secs_f64() * 1_000.0)
}

/// Cuts what nobody reads: three digits are kept.
pub(crate) fn rounded(value: f64) -> f64 {
    // Adding zero turns the -0 of an empty sum into 0.
    (value * 1_000.0).round() / 1_000.0 + 0.0
}

fn share(part: usize, whole: usize) -> f64 {
    let float = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if whole == 0 { 0.0 } else { float(part) / float(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_the_keys_that_readers_rely_on_in_their_order() {
        let line = serde_json::to_string(&Report::default()).unwrap();
        let expected = concat!(
            r#"{"nodes":0,"pairs":0,"reachable_pairs":0,"first_full_mesh_s":null,"#,
            r#""pings":{"sent":0,"lost":0,"longest_gap_ms":0.0,"lost_at_first":0},"#,
            r#""arrows":{"born":0,"died":0,"oldest_s":0.0,"by_cause":{}},"#,
            r#""stretch":{"mean":0.0,"p95":0.0,"faster_than_direct_share":0.0},"#,
            r#""rss_mb":{"mean":0.0,"max":0.0},"cpu_share":{"mean":0.0,"max":0.0},"#,
        );
        assert!(line.starts_with(expected), "{line}");
        assert!(!line.contains('\n'));
    }

    /// The names of all values in `value`, as docs/lab.md writes them.
    fn keys(value: &serde_json::Value, name: &str) -> Vec<String> {
        if let Some(fields) = value.as_object().filter(|fields| !fields.is_empty()) {
            let dot = if name.is_empty() { "" } else { "." };
            fields.iter().flat_map(|(key, of)| keys(of, &format!("{name}{dot}{key}"))).collect()
        } else if let Some(all) = value.as_array().filter(|all| !all.is_empty()) {
            all.iter().flat_map(|of| keys(of, &format!("{name}[]"))).collect()
        } else {
            vec![name.to_owned()]
        }
    }

    #[test]
    fn the_document_has_every_key() {
        let document = include_str!("../../../docs/lab.md");
        let report = Report {
            revoked: vec![Revoked { node: 1, out_after_s: None, came_back: false }],
            lost_pings: vec![LostPing::default()],
            outside: Outside {
                users: vec![Leaver { left_by: vec![LeftBy::default()], ..Leaver::default() }],
                ..Outside::default()
            },
            ..Report::default()
        };
        let keys = keys(&serde_json::to_value(report).unwrap(), "");
        assert!(keys.contains(&"revoked[].node".to_owned()), "{keys:?}");
        let told = |key: &&String| document.contains(&format!("\n| `{key}` |"));
        let missing: Vec<&String> = keys.iter().filter(|key| !told(key)).collect();
        assert!(missing.is_empty(), "not in docs/lab.md: {missing:?}");
    }

    #[test]
    fn only_all_pairs_are_complete() {
        let report =
            |pairs, reachable_pairs| Report { pairs, reachable_pairs, ..Report::default() };
        assert!(report(132, 132).complete());
        assert!(!report(132, 131).complete() && !report(0, 0).complete());
    }

    #[test]
    fn stretch_counts_pairs_not_milliseconds() {
        let mut ratios = vec![1.0; 90];
        ratios.extend([0.5; 5]);
        ratios.extend([3.0; 5]);
        let stretch = Stretch::from_ratios(ratios);
        assert_eq!(stretch, Stretch { mean: 1.075, p95: 1.0, faster_than_direct_share: 0.05 });
        assert_eq!(Stretch::from_ratios(Vec::new()), Stretch::default());
    }

    #[test]
    fn gaps_are_ranked_and_sorted_into_bounds() {
        let gaps = Gaps::of((1..=100).map(|n| Duration::from_millis(n * 10)));
        let expected = (100, 500.0, 900.0, 990.0, 1_000.0);
        assert_eq!((gaps.count, gaps.p50, gaps.p90, gaps.p99, gaps.max), expected);
        let counts = ["00050", "00100", "00200", "00300", "00500", "01000"];
        assert!(gaps.histogram.keys().eq(counts.iter()));
        assert!(gaps.histogram.values().eq([5, 5, 10, 10, 20, 50].iter()));
        assert_eq!(Gaps::of(std::iter::once(Duration::from_secs(11))).histogram["more"], 1);
        assert_eq!(Gaps::of(std::iter::empty()), Gaps::default());
    }

    #[test]
    fn a_spread_of_nothing_is_zero() {
        assert_eq!(Spread::of(&[]), Spread::default());
        assert_eq!(Spread::of(&[1.0, 2.0, 6.0]), Spread { mean: 3.0, max: 6.0 });
        assert!((mb(12_345_678) - 12.345).abs() < 1e-9);
    }
}
