//! Each parameter of a network has its bounds: what lies outside is brought back, and named.

use std::time::Duration;

use gossip::Parameters;
use words::Share;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// A change that puts one parameter out of its bounds, what is said, and what it becomes.
type Case = (fn(&mut Parameters), &'static str, fn(&Parameters) -> bool);

const CASES: [Case; 24] = [
    (|p| p.arrows = 0, "arrows must be 1 to 100", |p| p.arrows == 1),
    (|p| p.arrows = 101, "arrows must be 1 to 100", |p| p.arrows == 100),
    (|p| p.period = SECOND / 2, "round must be 1s to 1h", |p| p.period == SECOND),
    (|p| p.period = HOUR + SECOND, "round must be 1s to 1h", |p| p.period == HOUR),
    (|p| p.share = Share::percent(0), "share must be 1% to 100%", |p| p.share == Share::percent(1)),
    (|p| p.limit = Duration::ZERO, "limit must be 1s to 1h", |p| p.limit == SECOND),
    (|p| p.limit = Duration::MAX, "limit must be 1s to 1h", |p| p.limit == HOUR),
    (
        |p| p.most_used = Share::percent(21),
        "most-used must be 0% to 20%",
        |p| p.most_used == Share::percent(20),
    ),
    (
        |p| p.well_known_share = Share::percent(31),
        "well-known-share must be 0% to 30%",
        |p| p.well_known_share == Share::percent(30),
    ),
    (
        |p| p.neighbourhood = Share::percent(21),
        "neighbourhood must be 0% to 20%",
        |p| p.neighbourhood == Share::percent(20),
    ),
    (|p| p.acceptance = 0, "acceptance must be 1 to 10", |p| p.acceptance == 1),
    (|p| p.acceptance = 11, "acceptance must be 1 to 10", |p| p.acceptance == 10),
    (|p| p.patience = SECOND / 2, "patience must be 1s to 1m", |p| p.patience == SECOND),
    (|p| p.patience = MINUTE + SECOND, "patience must be 1s to 1m", |p| p.patience == MINUTE),
    (|p| p.quiet = Duration::ZERO, "quiet must be 100ms to 1m", |p| p.quiet == SECOND / 10),
    (|p| p.quiet = HOUR, "quiet must be 100ms to 1m", |p| p.quiet == MINUTE),
    (|p| p.probe = Duration::ZERO, "probe must be 100ms to 1m", |p| p.probe == SECOND / 10),
    (|p| p.probe = HOUR, "probe must be 100ms to 1m", |p| p.probe == MINUTE),
    (|p| p.silence = SECOND, "silence must be 2s to 5m", |p| p.silence == 2 * SECOND),
    (|p| p.silence = HOUR, "silence must be 2s to 5m", |p| p.silence == 5 * MINUTE),
    // Too large for the wire are the largest there are.
    (|p| p.arrows = u16::MAX, "arrows must be 1 to 100", |p| p.arrows == 100),
    (|p| p.acceptance = u16::MAX, "acceptance must be 1 to 10", |p| p.acceptance == 10),
    (|p| p.period = Duration::MAX, "round must be 1s to 1h", |p| p.period == HOUR),
    (|p| p.silence = Duration::MAX, "silence must be 2s to 5m", |p| p.silence == 5 * MINUTE),
];

#[test]
fn each_parameter_is_brought_inside_its_bounds_and_the_bounds_are_named() {
    for (change, said, held) in CASES {
        let mut wild = Parameters::default();
        change(&mut wild);
        let name = said.split_whitespace().next().unwrap_or_default();
        assert!(wild.objections().iter().any(|objection| objection == said), "{said}");
        assert_eq!(wild.objection(name).as_deref(), Some(said));
        let (clamped, named) = wild.clamped();
        assert!(held(&clamped) && named.contains(&name), "{said}: {clamped:?}");
        assert_eq!(clamped.objection(name), None);
    }
}
