//! Small networks in which every node runs the whole protocol, from a cold start.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use sim::norder::{Cost, Full, Lines, NorderOptions, Whole, full};

fn run(change: impl Fn(&mut NorderOptions)) -> Full {
    let mut options = NorderOptions { meshes: 3, each: 8, ..NorderOptions::default() };
    change(&mut options);
    full(&options, Whole::default()).unwrap()
}

fn exactly(lines: usize, found: Option<Lines>) {
    let found = found.unwrap();
    assert_eq!((found.least, found.most), (lines, lines));
}

#[test]
fn from_a_cold_start_all_tables_are_as_the_formula_says_and_all_walks_arrive() {
    let report = run(|_| {});
    assert!(report.converged, "{report:?}");
    assert_eq!((report.wrong_tables, report.paths.failed), (0, 0));
    exactly(8 + 3 - 1, report.tables.plain);
    exactly(2 * 8 + 3 - 2, report.tables.border);
    assert_eq!(report.tables.looked_at, 24);
    assert!(report.paths.walks > 500);
    assert_eq!(report.traffic.strange, 0);
}

#[test]
fn at_order_three_border_nodes_to_another_group_know_its_meshes_too() {
    let report = run(|options| (options.order, options.groups, options.each) = (3, 3, 4));
    assert!(report.converged, "{report:?}");
    exactly(4 + 2 + 2, report.tables.plain);
    exactly(2 * 4 + 1 + 2, report.tables.border);
    exactly(2 * 4 + 2 + 2 + 1, report.tables.border_of_another_group);
}

#[test]
fn the_same_seed_is_the_same_run() {
    let figures = |seed| Full { cost: Cost::default(), ..run(|options| options.seed = seed) };
    assert_eq!(figures(3), figures(3));
    assert_ne!(figures(3).traffic, figures(4).traffic);
}

#[test]
fn a_network_that_has_no_time_is_not_said_to_be_well() {
    let options = NorderOptions { meshes: 3, each: 8, ..NorderOptions::default() };
    let whole = Whole { within: std::time::Duration::from_secs(10), progress: false };
    let report = full(&options, whole).unwrap();
    assert!(!report.converged && report.converged_s.is_none(), "{report:?}");
    assert!(report.virtual_s < 11.0);
}

#[test]
fn what_only_sampled_paths_have_is_refused_with_the_remedy() {
    let refusal = |change: fn(&mut NorderOptions)| {
        let mut options = NorderOptions { meshes: 3, each: 8, ..NorderOptions::default() };
        change(&mut options);
        full(&options, Whole::default()).unwrap_err().to_string()
    };
    let gain = refusal(|options| options.gain = Some(60));
    assert!(gain.contains("--load-gain is for sampled paths; leave it or --full out"), "{gain}");
    let many = refusal(|options| (options.meshes, options.each) = (1000, 1000));
    assert!(many.contains("use 200000 at most"), "{many}");
}
