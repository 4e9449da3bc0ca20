//! The goals of meshes of meshes, each with its bound and its figure.
//!
//! ```text
//! cargo run --release -p sim --example norder_goals             all of them: an hour and more
//! cargo run --release -p sim --example norder_goals -- --short  those that take a minute
//! cargo run --release -p sim --example norder_goals -- H3 H6    only these
//! ```
//!
//! Round trips are those between 222 cities, read from the folder `shared/latency` next to the
//! project; where it is absent, goals that take them are skipped. Ends with 1 if a goal is missed, with 2
//! if one could not be judged.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use sim::Rtt;
use sim::norder::{
    Filtered, Full, Lines, Norder, NorderOptions, Remapped, Trouble, Whole, full, grow, lie, rings,
    simulate, split,
};
use words::Share;

/// One goal.
struct Goal {
    name: &'static str,
    /// It takes some seconds.
    short: bool,
    /// It takes round trips between cities.
    far: bool,
    check: fn(&Bench) -> Vec<Row>,
}

/// One figure, beside its bound.
struct Row {
    what: String,
    bound: String,
    figure: String,
    met: bool,
}

/// What all goals are run on.
struct Bench {
    rtt: PathBuf,
}

const GOALS: [Goal; 16] = [
    Goal { name: "H1", short: true, far: true, check: tables },
    Goal { name: "H2", short: true, far: true, check: paths },
    Goal { name: "H3", short: false, far: true, check: million },
    Goal { name: "H3b", short: false, far: true, check: million_by_order_two },
    Goal { name: "H4", short: true, far: true, check: load },
    Goal { name: "H5", short: true, far: true, check: loss },
    Goal { name: "H6", short: true, far: true, check: filter },
    Goal { name: "H7", short: true, far: false, check: election },
    Goal { name: "H8", short: true, far: false, check: sizes },
    Goal { name: "H9", short: true, far: false, check: splits },
    Goal { name: "H10", short: true, far: false, check: expansion },
    Goal { name: "full", short: true, far: true, check: whole_of_two_hundred },
    Goal { name: "split", short: true, far: false, check: split_whole },
    Goal { name: "merge", short: true, far: false, check: merge_whole },
    Goal { name: "liars", short: true, far: false, check: liars_whole },
    Goal { name: "full10k", short: false, far: true, check: whole_of_ten_thousand },
];

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/latency");
    let rtt = PathBuf::from(folder).join("wonder222.rtt16");
    let is_known = |name: &&String| *name == "--short" || GOALS.iter().any(|it| it.name == **name);
    if let Some(name) = asked.iter().find(|name| !is_known(name)) {
        let names: Vec<&str> = GOALS.iter().map(|goal| goal.name).collect();
        eprintln!("norder_goals: `{name}` is no goal; use --short, or some of {}", names.join(" "));
        return ExitCode::from(2);
    }
    let bench = Bench { rtt };
    let all = asked.is_empty();
    let shorts = asked.iter().any(|name| name == "--short");
    let is_named = |goal: &Goal| asked.iter().any(|name| name == goal.name);
    let wanted = |goal: &&Goal| all || (shorts && goal.short) || is_named(goal);
    let mut missed = 0;
    println!("{:<5} {:<72} {:>14} {:>12}", "goal", "what", "bound", "figure");
    for goal in GOALS.iter().filter(wanted) {
        if goal.far && !bench.rtt.exists() {
            let why = "skipped, no shared/latency/wonder222.rtt16 next to the project";
            println!("{:<5} {why}", goal.name);
            continue;
        }
        for row in (goal.check)(&bench) {
            let met = if row.met { "met" } else { "MISSED" };
            let Row { what, bound, figure, .. } = row;
            println!("{:<5} {what:<72} {bound:>14} {figure:>12}  {met}", goal.name);
            missed += usize::from(!row.met);
        }
    }
    println!("norder_goals: {missed} missed");
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Bench {
    /// Returns the usual options: order 2, 100 meshes of 100 nodes.
    fn options(&self) -> NorderOptions {
        NorderOptions { rtt: Rtt::File(self.rtt.clone()), ..NorderOptions::default() }
    }

    /// Simulates, or ends everything.
    fn run(options: &NorderOptions) -> Norder {
        simulate(options).unwrap_or_else(|error| give_up(&format!("{error:#}")))
    }

    /// Simulates with these faults.
    fn with(&self, faults: &[&str], change: impl Fn(&mut NorderOptions)) -> Norder {
        let parsed =
            |fault: &&str| fault.parse().unwrap_or_else(|error| give_up(&format!("{error}")));
        let troubles = faults.iter().map(parsed).collect();
        let mut options = NorderOptions { troubles, sampled: Some(1), ..self.options() };
        change(&mut options);
        Self::run(&options)
    }
}

/// Ends everything: what cannot be judged is not met.
fn give_up(why: &str) -> ! {
    eprintln!("norder_goals: {why}");
    std::process::exit(2);
}

/// Returns what a report has to have, or ends everything.
fn told<T>(figure: Option<T>, what: &str) -> T {
    figure.unwrap_or_else(|| give_up(&format!("no {what} in the report")))
}

/// Starts a whole network cold, with the product's engines in every node.
fn whole(bench: &Bench, (meshes, each): (usize, usize)) -> Vec<Row> {
    let options = NorderOptions { meshes, each, ..bench.options() };
    let report =
        full(&options, Whole::default()).unwrap_or_else(|error| give_up(&format!("{error:#}")));
    let lines = |found: Option<Lines>, wanted: usize| {
        let exact = found.is_some_and(|it| (it.least, it.most) == (wanted, wanted));
        f64::from(u8::from(!exact))
    };
    let (plain, border) = (each + meshes - 1, 2 * each + meshes - 2);
    let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let (nodes, octets) = (report.nodes, report.cost.bytes_per_node);
    let seconds = report.cost.seconds;
    vec![
        row(format!("{nodes} whole nodes: other tables"), 0.0..=0.0, count(report.wrong_tables)),
        row(format!("tables of {plain}: wrong"), 0.0..=0.0, lines(report.tables.plain, plain)),
        row(format!("of {border}: wrong"), 0.0..=0.0, lines(report.tables.border, border)),
        row("walks that do not arrive", 0.0..=0.0, count(report.paths.failed)),
        row("virtual seconds from a cold start", at_most(60.0), report.converged_s.unwrap_or(1e9)),
        row(
            format!("kB of memory for each node (the run took {seconds:.0} s)"),
            at_most(1000.0),
            f64::from(u32::try_from(octets).unwrap_or(u32::MAX)) / 1000.0,
        ),
    ]
}

fn whole_of_two_hundred(bench: &Bench) -> Vec<Row> {
    whole(bench, (10, 20))
}

fn whole_of_ten_thousand(bench: &Bench) -> Vec<Row> {
    whole(bench, (100, 100))
}

/// Lets a whole network of five meshes of 20 nodes be divided otherwise, with an election each minute.
fn remap(fault: &str, told: impl Fn(Full) -> Option<Remapped>) -> Vec<Row> {
    let troubles = fault.parse().map(|trouble| vec![trouble]);
    let troubles = troubles.unwrap_or_else(|error| give_up(&format!("{error}")));
    let options = NorderOptions { meshes: 5, each: 20, troubles, ..NorderOptions::default() };
    let (epoch, round) = (Duration::from_mins(1), Duration::from_secs(15));
    let whole = Whole { epoch, round, ..Whole::default() };
    let report = full(&options, whole).unwrap_or_else(|error| give_up(&format!("{error:#}")));
    let it = self::told(told(report), "change of the map");
    let what = |text: &str| format!("{fault}, 100 whole nodes: {text}");
    vec![
        row(
            what("share of the walks that are lost, in millionths"),
            at_most(20.0),
            1e6 * it.lost_share,
        ),
        row(
            what("longest time in which a pair is cut off, in ms"),
            at_most(500.0),
            f64::from(u32::try_from(it.longest_ms).unwrap_or(u32::MAX)),
        ),
        row(
            what("virtual seconds until all tables are those of the new map"),
            at_most(45.0),
            it.exact_s.unwrap_or(1e9),
        ),
    ]
}

fn split_whole(_: &Bench) -> Vec<Row> {
    remap("split", |report| report.divided.into_iter().next())
}

fn merge_whole(_: &Bench) -> Vec<Row> {
    remap("merge", |report| report.merged.into_iter().next())
}

/// Lets a tenth of the members of a whole network lie about all they can.
fn liars_whole(_: &Bench) -> Vec<Row> {
    let troubles = vec![Trouble::Liars(Share::percent(10))];
    let options = NorderOptions { meshes: 10, each: 20, troubles, ..NorderOptions::default() };
    let report =
        full(&options, Whole::default()).unwrap_or_else(|error| give_up(&format!("{error:#}")));
    let it = told(report.liars.into_iter().next(), "liars");
    let [refugees, members] = it.attracted[..] else { give_up("nobody was drawn to liars") };
    let what = |text: &str| format!("10 % liars of 200 whole nodes: {text}");
    let great = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let drawn = refugees.drawn_share - refugees.before_share;
    vec![
        row(what("slots, in those due"), at_most(1.1), it.elected_share / it.due_share),
        row(what("the same, unbounded (refused)"), at_least(5.0), it.uncapped_share / it.due_share),
        row(
            what("share passed over of what is not theirs"),
            at_least(0.99),
            great(it.passed_over) / great(it.told),
        ),
        row(what("nodes with another document"), 0.0..=0.0, real(it.other_documents)),
        row(what("seconds with other tables"), 0.0..=0.0, great(it.wrong_s)),
        row(what("walks of others lost, in millionths"), at_most(20.0), 1e6 * it.lost_share),
        row(what("longest time, in ms"), at_most(500.0), great(it.longest_ms)),
        row(what("as refugees: more walks drawn"), at_most(0.05), drawn),
        row(what("as refugees: walks lost"), 0.0..=0.0, refugees.most_lost_share),
        row(what("in their own meshes: drawn (to compare)"), at_least(0.5), members.drawn_share),
        row(
            what("seconds until all is well after that"),
            at_most(30.0),
            members.whole_s.unwrap_or(1e9),
        ),
    ]
}

/// Returns the options with what buys the delay back: 20 arrows, a fifth of the nodes at the
/// border, well-known nodes.
fn rich(options: NorderOptions) -> NorderOptions {
    let (border, well_known) = (Share::percent(20), Share::percent(30));
    NorderOptions { arrows: 20, border, well_known, ..options }
}

fn row(what: impl Display, bounds: RangeInclusive<f64>, figure: f64) -> Row {
    let (least, most) = (bounds.start(), bounds.end());
    let bound = match (least.is_finite(), most.is_finite()) {
        (true, true) if most - least < 1e-9 => format!("{least}"),
        (true, false) => format!("at least {least}"),
        (false, _) => format!("at most {most}"),
        (true, true) => format!("{least} to {most}"),
    };
    let met = bounds.contains(&figure);
    Row { what: what.to_string(), bound, figure: format!("{figure:.4}"), met }
}

const fn at_least(least: f64) -> RangeInclusive<f64> {
    least..=f64::INFINITY
}

const fn at_most(most: f64) -> RangeInclusive<f64> {
    f64::NEG_INFINITY..=most
}

fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The shortest and the longest table of a kind, both exactly as the formula says.
fn exactly(of: &str, lines: usize, found: Option<Lines>) -> Vec<Row> {
    let found = found.unwrap_or(Lines { nodes: 0, least: 0, most: 0 });
    let what = |which: &str| format!("{which} table of {} {of}", found.nodes);
    let wanted = real(lines)..=real(lines);
    vec![
        row(what("shortest"), wanted.clone(), real(found.least)),
        row(what("longest"), wanted, real(found.most)),
    ]
}

fn tables(bench: &Bench) -> Vec<Row> {
    let report = bench.with(&[], |_| {});
    let (nodes, meshes) = (report.nodes_per_mesh, report.meshes);
    let mut rows =
        exactly("plain nodes, order 2, n + M - 1", nodes + meshes - 1, report.tables.plain);
    let border = 2 * nodes + meshes - 2;
    rows.extend(exactly("border nodes, 2n + M - 2", border, report.tables.border));
    rows
}

fn paths(bench: &Bench) -> Vec<Row> {
    let report = Bench::run(&NorderOptions { sampled: Some(300), ..bench.options() });
    let flat = told(report.flat, "flat mesh");
    let more = Bench::run(&rich(bench.options()));
    vec![
        row("10 000 nodes, order 2: hops", 6.5..=7.5, report.paths.hops_mean),
        row("the same: stretch", 2.1..=2.4, report.paths.stretch),
        row("the same: in flat stretch", at_most(1.35), report.paths.stretch / flat.stretch),
        row("the same: failed walks", 0.0..=0.0, real(report.paths.failed)),
        row(
            "20 arrows, 20 % at the border, 30 % well known: stretch",
            at_most(1.65),
            more.paths.stretch,
        ),
    ]
}

fn million(bench: &Bench) -> Vec<Row> {
    let third = NorderOptions { order: 3, groups: 100, ..bench.options() };
    let report = Bench::run(&third);
    let more = Bench::run(&rich(third));
    let tables = report.tables;
    let mut rows = exactly("plain nodes, a million, order 3", 298, tables.plain);
    rows.extend(exactly("border nodes inside their group", 397, tables.border));
    rows.extend(exactly("border nodes to another group", 496, tables.border_of_another_group));
    rows.extend([
        row("a million, order 3: hops", 11.0..=12.5, report.paths.hops_mean),
        row("the same: stretch", 2.9..=3.4, report.paths.stretch),
        row("the same: failed walks", 0.0..=0.0, real(report.paths.failed)),
        row("20 arrows, 20 %, 30 % well known: stretch", at_most(2.3), more.paths.stretch),
        row("the same: failed walks", 0.0..=0.0, real(more.paths.failed)),
    ]);
    rows
}

fn million_by_order_two(bench: &Bench) -> Vec<Row> {
    let options = NorderOptions { meshes: 1000, each: 1000, ..bench.options() };
    let report = Bench::run(&options);
    vec![
        row("a million, order 2: stretch", at_most(2.8), report.paths.stretch),
        row("the same: failed walks", 0.0..=0.0, real(report.paths.failed)),
    ]
}

fn load(bench: &Bench) -> Vec<Row> {
    let of = |border| {
        let options = NorderOptions {
            border: Share::percent(border),
            gain: Some(order::Load::GAIN),
            sampled: Some(300),
            ..bench.options()
        };
        let report = Bench::run(&options);
        (told(report.load, "load"), told(report.load_with_term, "load with the term"))
    };
    let ((tenth, term), (fifth, _)) = (of(10), of(20));
    vec![
        row("transit of border nodes, a tenth of all, in means", 4.5..=5.7, tenth.border_mean),
        row("transit of border nodes, a fifth of all, in means", at_most(3.5), fifth.border_mean),
        row("busiest node with the load term, in means", at_most(15.0), term.most),
        row("the same without (to compare)", at_least(15.0), tenth.most),
        row(
            "round trip with it, in those without",
            at_most(1.07),
            term.round_trip_ms / tenth.round_trip_ms,
        ),
        row(
            "share of all transit at the busiest node, with the load term",
            at_most(0.0015),
            term.busiest_share,
        ),
        row("the same without (to compare)", at_least(0.0015), tenth.busiest_share),
    ]
}

fn loss(bench: &Bench) -> Vec<Row> {
    let report = bench.with(&["lose-border 70%"], |_| {});
    let lost = told(report.lost.first().copied(), "lost pairs");
    vec![row("70 % of the border nodes die: pairs lost", at_most(0.02), lost.lost_share)]
}

fn filter(bench: &Bench) -> Vec<Row> {
    let run = |without| {
        let report = bench.with(&["filter 99.8%"], |options| {
            (options.no_quorum, options.no_refuge) = without;
        });
        told(report.filtered.into_iter().next(), "filtered country")
    };
    let after = |filtered: &Filtered, rounds: usize| {
        filtered.lost_share.get(rounds).copied().unwrap_or(f64::NAN)
    };
    let (all, none) = (run((false, false)), run((true, true)));
    let no_quorum = run((true, false));
    let what = |text: &str| format!("a country of {} filtered by 99.8 %, {text}", all.inside);
    vec![
        row(what("at once: pairs lost"), at_least(0.5), after(&all, 0)),
        row(what("2 rounds later: pairs lost"), 0.0..=0.0, after(&all, 2)),
        row(what("nothing of it, 2 rounds later"), at_least(0.2), after(&none, 2)),
        row(what("refugees without quorum, 2 rounds later"), at_least(0.2), after(&no_quorum, 2)),
    ]
}

fn election(_: &Bench) -> Vec<Row> {
    let share = 0.1;
    let liars = lie(Share::percent(10), 1);
    let rings = rings(7, 1).unwrap_or_else(|error| give_up(&format!("{error:#}")));
    let one = real(rings.rings)..=real(rings.rings);
    vec![
        row(
            "10 % liars, attested: slots in their share",
            at_most(1.0),
            liars.attested_share / share,
        ),
        row("the same, all believed, bounded", at_most(2.1), liars.unattested_share / share),
        row(
            "the same, all believed, unbounded (refused)",
            at_least(5.0),
            liars.uncapped_share / share,
        ),
        row("guests of a mesh, fewest", one.clone(), real(rings.least_guests)),
        row("guests of a mesh, most", one, real(rings.most_guests)),
    ]
}

fn sizes(_: &Bench) -> Vec<Row> {
    let sizes = grow(1_000_000, 1000, 1);
    let of = |what: &str| format!("a million join, meshes of 1000: {what} of {}", sizes.meshes);
    vec![
        row(of("smallest"), at_least(0.7), real(sizes.least) / 1000.0),
        row(of("largest"), at_most(1.5), real(sizes.most) / 1000.0),
    ]
}

fn splits(_: &Bench) -> Vec<Row> {
    let runs: Vec<_> = (1..=10).map(|seed| split(200, 10, seed)).collect();
    let apart: usize = runs.iter().map(|run| run.rounds_apart).sum();
    let astray: usize = runs.iter().map(|run| run.astray).sum();
    let last = runs
        .iter()
        .map(|run| told(run.across_share.last(), "arrows across"))
        .fold(0.0, |a: f64, b| a.max(*b));
    vec![
        row("10 splits of 200 nodes: rounds in which a half was apart", 0.0..=0.0, real(apart)),
        row("the same: nodes at home elsewhere than they drew arrows", 0.0..=0.0, real(astray)),
        row("the same: arrows across after an hour, at most", at_most(0.06), last),
    ]
}

fn expansion(_: &Bench) -> Vec<Row> {
    let rings = rings(7, 1).unwrap_or_else(|error| give_up(&format!("{error:#}")));
    let what =
        format!("{} meshes, {} rings: second eigenvalue, in the least", rings.meshes, rings.rings);
    vec![row(what, 0.95..=1.05, rings.second / rings.ramanujan)]
}
