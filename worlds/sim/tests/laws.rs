//! What a simulated mesh must show, on places of our own making.
#![expect(clippy::expect_used, reason = "a test may panic")]

use std::time::Duration;

use sim::{Options, Quality, Report, Routing, Rule};

fn options(nodes: usize, minutes: u64) -> Options {
    Options {
        nodes: Some(nodes),
        span: Duration::from_mins(minutes),
        routing: Some(Routing::Oracle),
        ..Options::default()
    }
}

/// Runs, and leaves out what the run itself cost.
fn run(options: &Options) -> Report {
    let report = sim::run(options).expect("the options are sound");
    Report { run: sim::Cost::default(), ..report }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let of = |seed, routing| run(&Options { seed, routing: Some(routing), ..options(8, 5) });
    for routing in [Routing::Oracle, Routing::Babel] {
        assert_eq!(of(1, routing), of(1, routing));
        assert_ne!(of(1, routing).arrows, of(2, routing).arrows);
    }
}

#[test]
fn renewal_cuts_nobody_off_and_no_arrow_is_beyond_the_law() {
    // Well-known nodes take all who draw them, so that no seat rests after a refusal at the end.
    let report = run(&Options { hubs: 10, ..options(80, 90) });
    assert_eq!((report.draining.cuts, report.draining.forced), (Some(0), 0));
    assert_eq!((report.flows.cuts, report.reach.disconnected_share), (0, 0.0));
    assert!(report.draining.condemned > 3_000, "{}", report.draining.condemned);
    assert!(report.draining.longest_s < 300.0, "{} s", report.draining.longest_s);
    assert_eq!(report.arrows.alive_at_end / 80, 10);
}

#[test]
fn babel_itself_loses_no_path_in_renewals() {
    let asked =
        Options { routing: Some(Routing::Babel), round: Duration::from_mins(1), ..options(16, 8) };
    let report = run(&asked);
    assert_eq!(report.routing, "babel");
    assert_eq!((report.flows.cuts, report.reach.disconnected_share), (0, 0.0));
    assert!(report.draining.condemned > 200, "{}", report.draining.condemned);
}

#[test]
fn sixty_of_a_hundred_die_and_the_rest_is_whole_two_rounds_later_without_a_registry() {
    let faults = ["kill-registry@30m", "kill 60%@31m"].map(|fault| fault.parse().unwrap());
    let report = run(&Options { faults: faults.into(), ..options(100, 45) });
    let [_, killed] = report.faults.as_slice() else { panic!("{:?}", report.faults) };
    assert_eq!(killed.alive, 40);
    assert_eq!(killed.two_rounds_later_share, Some(0.0));
    assert!(report.reach.disconnected_at_end_share < 1e-9, "{:?}", report.reach);
}

#[test]
fn a_filtered_country_is_whole_again_two_rounds_later() {
    let faults = vec!["filter FR 99%@30m".parse().unwrap()];
    let report = run(&Options { faults, ..options(120, 45) });
    let [filtered] = report.faults.as_slice() else { panic!("{:?}", report.faults) };
    assert!(filtered.direct_disconnected_share > 0.05, "{filtered:?}");
    assert_eq!(filtered.two_rounds_later_share, Some(0.0));
}

#[test]
fn the_nearest_alone_are_no_mesh_where_random_ones_are() {
    let cut = |rule| run(&Options { rule, arrows: 4, ..options(300, 30) }).reach.disconnected_share;
    let (nearest, random) = (cut(Rule::Nearest), cut(Rule::Random));
    assert!(nearest > 0.05, "only {nearest} of the pairs are cut off without any fault");
    assert!(random < 0.001, "{random}");
}

#[test]
fn a_bad_internet_and_nat_leave_the_mesh_whole() {
    let quality =
        Quality { loss: 10_000, jitter: Duration::from_millis(5), rate: Some(10_000_000), nat: 30 };
    let report = run(&Options { quality, ..options(40, 30) });
    assert!(report.reach.disconnected_at_end_share < 1e-9, "{:?}", report.reach);
    assert!(report.arrows.alive_at_end > 300, "{}", report.arrows.alive_at_end);
}

#[test]
fn the_mesh_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mesh.svg");
    run(&Options { svg: Some(path.clone()), ..options(10, 10) });
    let picture = std::fs::read_to_string(path).unwrap();
    assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
    assert_eq!(picture.matches("<circle").count(), 10);
    assert!(picture.matches("<path").count() > 30);
}
