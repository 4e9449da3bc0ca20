//! The goals of a mesh of order 1, each with its bound and its figure.
//!
//! ```text
//! cargo run --release -p sim --example goals             all of them: some minutes
//! cargo run --release -p sim --example goals -- --short  those that take half a minute
//! cargo run --release -p sim --example goals -- G2 G9    only these
//! ```
//!
//! They are about 490 hosts of a testbed, whose round trips are read from the folder
//! `shared/latency` next to the project. Where it is absent, everything is skipped. Ends with 1
//! if a goal is missed.

use std::cell::OnceCell;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use sim::{Blow, Known, Options, Report, Routing, Rtt, Rule};

/// One goal.
struct Goal {
    name: &'static str,
    /// It takes half a minute at most.
    short: bool,
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
    /// The seed's rule for a third of a day, which several goals look at.
    long: OnceCell<Report>,
}

/// A third of a day, in minutes.
const LONG: u64 = 480;

const GOALS: [Goal; 10] = [
    Goal { name: "G1", short: true, check: random_mesh },
    Goal { name: "G2", short: false, check: seed_mesh },
    Goal { name: "G3", short: false, check: node_loss },
    Goal { name: "G4", short: false, check: pair_loss },
    Goal { name: "G5", short: false, check: attack },
    Goal { name: "G6", short: false, check: filter },
    Goal { name: "G7", short: true, check: controls },
    Goal { name: "G8", short: false, check: draining },
    Goal { name: "G9", short: false, check: exposure },
    Goal { name: "G10", short: true, check: isolation },
];

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/latency");
    let rtt = PathBuf::from(folder).join("planetlab490.rtt16");
    if !rtt.exists() {
        println!("goals: skipped, no shared/latency/planetlab490.rtt16 next to the project");
        return ExitCode::SUCCESS;
    }
    let bench = Bench { rtt, long: OnceCell::new() };
    let wanted = |goal: &&Goal| match asked.first().map(String::as_str) {
        None => true,
        Some("--short") => goal.short,
        Some(_) => asked.iter().any(|name| name == goal.name),
    };
    let mut missed = 0;
    println!("{:<5} {:<62} {:>14} {:>10}", "goal", "what", "bound", "figure");
    for goal in GOALS.iter().filter(wanted) {
        for row in (goal.check)(&bench) {
            let met = if row.met { "met" } else { "MISSED" };
            println!(
                "{:<5} {:<62} {:>14} {:>10}  {met}",
                goal.name, row.what, row.bound, row.figure
            );
            missed += usize::from(!row.met);
        }
    }
    println!("goals: {missed} missed");
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Bench {
    /// Lets a rule run for so many minutes, under these faults.
    fn run(&self, rule: Rule, minutes: u64, faults: &[&str]) -> Report {
        let faults = faults.iter().filter_map(|fault| fault.parse().ok()).collect();
        Self::simulate(&Options { faults, ..self.options(rule, minutes) })
    }

    /// The seed's rule for a third of a day.
    fn long(&self) -> &Report {
        self.long.get_or_init(|| self.run(Rule::Seed, LONG, &[]))
    }

    /// The same, where well-known nodes are these and accept ten links for each arrow.
    fn hubs(&self, known: Known) -> Report {
        Self::simulate(&Options { known, hubs: 10, ..self.options(Rule::Seed, LONG) })
    }

    fn options(&self, rule: Rule, minutes: u64) -> Options {
        Options {
            rule,
            rtt: Rtt::File(self.rtt.clone()),
            span: Duration::from_mins(minutes),
            routing: Some(Routing::Oracle),
            ..Options::default()
        }
    }

    fn simulate(options: &Options) -> Report {
        match sim::run(options) {
            Ok(report) => report,
            Err(error) => {
                eprintln!("goals: {error:#}");
                std::process::exit(2);
            }
        }
    }

    /// The same, for a quarter of an hour past the fault; returns what it did.
    fn blow(&self, rule: Rule, fault: &str) -> Blow {
        let report = self.run(rule, 55, &[fault]);
        report.faults.first().cloned().unwrap_or_default()
    }
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

/// What a figure that was never taken shows as.
fn later(share: Option<f64>) -> f64 {
    share.unwrap_or(f64::NAN)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
const fn real(count: u64) -> f64 {
    count as f64
}

fn random_mesh(bench: &Bench) -> Vec<Row> {
    let report = bench.run(Rule::Random, 60, &[]);
    vec![
        row("random: stretch", 1.14..=1.25, report.stretch.mean),
        row("random: hops", 3.3..=3.7, report.hops.mean),
        row("random: longest path, in hops", 8.0..=10.0, real(report.hops.max as u64)),
        row("random: pairs without a path", 0.0..=0.0, report.reach.disconnected_share),
    ]
}

fn seed_mesh(bench: &Bench) -> Vec<Row> {
    // As in datacenters: near to all others, and accepting ten links for each arrow.
    let hubs = bench.hubs(Known::Central);
    let anybody = bench.hubs(Known::Drawn);
    let report = bench.long();
    let faster = |report: &Report| report.stretch.faster_than_direct_share;
    let mut rows = vec![
        row("seed, 8 h, hubs: stretch", 0.98..=1.07, hubs.stretch.mean),
        row("seed, 8 h, hubs: pairs faster than directly", at_least(0.33), faster(&hubs)),
        row("seed, 8 h, hubs are anybody: pairs faster", at_most(0.33), faster(&anybody)),
        row("seed, 8 h: stretch", 0.98..=1.1, report.stretch.mean),
        row("seed, 8 h: pairs faster than directly", at_least(0.2), faster(report)),
        row("seed, 8 h: pairs without a path", 0.0..=0.0, report.reach.disconnected_share),
    ];
    rows.extend(drains(&hubs));
    rows.extend(exposures("seed, hubs", &hubs));
    rows
}

fn draining(bench: &Bench) -> Vec<Row> {
    drains(bench.long())
}

fn drains(report: &Report) -> Vec<Row> {
    let draining = &report.draining;
    let of =
        |what: &str| format!("seed, {} h, {} drains: {what}", report.hours, draining.condemned);
    let cuts = draining.cuts.map_or(f64::NAN, real);
    vec![
        row(of("cuts"), 0.0..=0.0, cuts),
        row(of("forced closings"), 0.0..=0.0, real(draining.forced)),
        row(of("mean, in rounds"), at_most(1.0), draining.mean_s / report.round_s),
        row(of("longest, in limits of 60 min"), at_most(1.0), draining.longest_s / 3600.0),
        row(of("watched pairs cut"), 0.0..=0.0, real(report.flows.cuts as u64)),
    ]
}

fn node_loss(bench: &Bench) -> Vec<Row> {
    let mut rows = Vec::new();
    for (rule, most) in [(Rule::Random, 0.01..=0.04), (Rule::Seed, 0.02..=0.06)] {
        let of = |what: &str| format!("{rule}, {what}");
        let half = bench.blow(rule, "kill 50%@40m").trials.unwrap_or_default();
        rows.push(row(
            of("50 % killed: trials in which all hang together"),
            at_least(0.95),
            half.whole_share,
        ));
        let blow = bench.blow(rule, "kill 80%@40m");
        let trials = blow.trials.clone().unwrap_or_default();
        rows.push(row(of("80 % killed: pairs without links"), most, trials.disconnected_share));
        let then = later(blow.one_round_later_share);
        rows.push(row(of("80 % killed: pairs without a path one round later"), 0.0..=0.0, then));
    }
    rows
}

fn pair_loss(bench: &Bench) -> Vec<Row> {
    let both = [Rule::Random, Rule::Seed].into_iter();
    both.map(|rule| {
        let trials = bench.blow(rule, "cut-pairs 80%@40m").trials.unwrap_or_default();
        row(
            format!("{rule}, 80 % of the pairs cut: pairs without links"),
            0.01..=0.06,
            trials.disconnected_share,
        )
    })
    .collect()
}

fn attack(bench: &Bench) -> Vec<Row> {
    let what = |rule: Rule| format!("{rule}, best connected 50 % killed: pairs without links");
    let figure = |rule| bench.blow(rule, "kill-best 50%@40m").disconnected_share;
    vec![
        row(what(Rule::Random), 0.0..=0.0, figure(Rule::Random)),
        row(what(Rule::Seed), at_most(0.02), figure(Rule::Seed)),
    ]
}

fn filter(bench: &Bench) -> Vec<Row> {
    let blow = bench.blow(Rule::Seed, "filter 6 99%@40m");
    vec![
        row(
            "seed, a country 99 % filtered: pairs without links",
            at_most(0.15),
            blow.disconnected_share,
        ),
        row(
            "the same, pairs without a path two rounds later",
            0.0..=0.0,
            later(blow.two_rounds_later_share),
        ),
    ]
}

fn controls(bench: &Bench) -> Vec<Row> {
    let cut = |rule, minutes| bench.run(rule, minutes, &[]).reach.disconnected_share;
    vec![
        row("nearest, no fault: pairs without a path", at_least(0.4), cut(Rule::Nearest, 30)),
        row("best, 4 h, no fault: pairs without a path", at_least(0.4), cut(Rule::Best, 240)),
    ]
}

fn exposure(bench: &Bench) -> Vec<Row> {
    let used = bench.run(Rule::KeepUsed, LONG, &[]);
    let mut rows = Vec::from(exposures("seed", bench.long()));
    rows.extend([
        row("keep-used, 8 h: the same, last 4 h", at_least(0.01), used.flows.exposed_late_share),
        row("keep-used, 8 h: paths unchanged", at_least(0.6), used.flows.unchanged_share),
        row(
            "regions, best connected 40 % killed: pairs without links",
            at_least(0.4),
            bench.blow(Rule::Regions, "kill-best 40%@40m").disconnected_share,
        ),
    ]);
    rows
}

/// Who could be listened to almost always: nobody, neither in all of the time nor once the mesh
/// is as it stays.
fn exposures(rule: &str, report: &Report) -> [Row; 2] {
    let flows = &report.flows;
    [
        row(
            format!("{rule}, 8 h: pairs exposed to 5 % of the nodes 95 % of the time"),
            0.0..=0.0,
            flows.exposed_share,
        ),
        row(format!("{rule}, 8 h: the same, last 4 h"), 0.0..=0.0, flows.exposed_late_share),
    ]
}

fn isolation(bench: &Bench) -> Vec<Row> {
    // The share killed to the power of our arrows, times what the arrows of others leave out.
    let theory = 0.8_f64.powi(10) * (-10.0 * 0.2_f64).exp();
    let trials = bench.blow(Rule::Random, "kill 80%@40m").trials.unwrap_or_default();
    let against = trials.isolated_share / theory;
    vec![row("random, 80 % killed: isolated, in what theory says", 0.7..=1.3, against)]
}
