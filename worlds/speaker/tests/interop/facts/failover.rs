//! A way is lost and another is found: through a third, in time, and without a loop.

use std::time::{Duration, Instant};

use super::{Fact, PATIENCE, seconds};
use crate::island::Node;
use crate::speakers::Make::{self, Babeld, Bird, Frr, Ours};
use crate::speakers::field;
use crate::stage::{Path, Stage};

/// Greetings that may be missing when a neighbour counts as lost.
const GREETINGS: f64 = 2.6;

/// Between two greetings of who falls silent: so long that one greeting more is more than
/// [`GRACE`].
const HELLO: Duration = Duration::from_secs(4);

/// What a machine with other work may add to any time.
const GRACE: Duration = Duration::from_secs(1);

pub(super) fn facts() -> Vec<Fact> {
    vec![
        Fact::new("ours_goes_by_bird_when_its_link_to_frr_is_cut", &[Ours, Bird, Frr], |stage| {
            triangle(stage, [Ours, Frr, Bird])
        }),
        Fact::new("ours_goes_by_babeld_when_its_link_to_bird_is_cut", &[Ours, Babeld, Bird], |s| {
            triangle(s, [Ours, Bird, Babeld])
        }),
        Fact::new(
            "babeld_and_bird_go_by_ours_when_their_link_is_cut",
            &[Ours, Babeld, Bird],
            |s| triangle(s, [Babeld, Bird, Ours]),
        ),
        Fact::new("bird_and_frr_go_by_ours_when_their_link_is_cut", &[Ours, Bird, Frr], |stage| {
            triangle(stage, [Bird, Frr, Ours])
        }),
        Fact::new("ours_goes_by_frr_when_its_link_to_babeld_is_cut", &[Ours, Babeld, Frr], |s| {
            triangle(s, [Ours, Babeld, Frr])
        }),
        Fact::new(
            "babeld_and_ours_go_by_bird_when_their_link_is_cut",
            &[Ours, Babeld, Bird],
            |s| triangle(s, [Babeld, Ours, Bird]),
        ),
        Fact::new("a_silent_babeld_is_missed_in_time", &[Ours, Babeld, Bird], |stage| {
            silence(stage, Babeld, Bird)
        }),
        Fact::new("a_silent_bird_is_missed_in_time", &[Ours, Babeld, Bird], |stage| {
            silence(stage, Bird, Babeld)
        }),
        Fact::new("a_silent_frr_is_missed_in_time", &[Ours, Frr, Bird], |stage| {
            silence(stage, Frr, Bird)
        }),
        Fact::new("a_next_hop_is_changed_without_loss", &[Ours, Babeld, Bird], switch),
    ]
}

/// The first loses its cable to the second, and reaches it by the third.
fn triangle(stage: &mut Stage, makes: [Make; 3]) -> String {
    let [a, b, c] = stage.machines(makes);
    for (one, other) in [(a, b), (b, c), (c, a)] {
        stage.cable(one, other);
    }
    stage.start_all();
    let straight = |stage: &Stage, from, to| stage.path(from, to) == Path::Arrives(vec![from, to]);
    stage.until(PATIENCE, "straight ways", |stage| {
        straight(stage, a, b) && straight(stage, b, a) && straight(stage, c, a)
    });
    stage.unplug(a, b);
    let began = Instant::now();
    let around = |from, to| Path::Arrives(vec![from, c, to]);
    let mut looped = false;
    while stage.path(a, b) != around(a, b) || stage.path(b, a) != around(b, a) {
        // Two looks at routes that change may make a loop of what never was one.
        let loops = [(a, b), (b, a)].map(|(from, to)| stage.path(from, to));
        let loops = loops.iter().any(|path| matches!(path, Path::Loops(_)));
        assert!(!(loops && looped), "packets go round: {:?}", stage.path(a, b));
        looped = loops;
        assert!(began.elapsed() < PATIENCE, "no way round after {PATIENCE:?}");
        std::thread::sleep(crate::island::LOOK);
    }
    format!("0 wrong routes, round after {}", seconds(began.elapsed()))
}

/// A neighbour is lost without a word, while a worse way that may be taken is known.
fn silence(stage: &mut Stage, lost: Make, other: Make) -> String {
    let [a, b, c] = stage.machines([Ours, lost, other]);
    stage.wire(a, b);
    stage.cable(b, c);
    stage.cable(c, a);
    // Dearer than what the third tells, so that its way is one to take at once.
    stage.price(a, b, 150);
    stage.setting(b).hello = HELLO;
    stage.start_all();
    stage.until(PATIENCE, "both ways", |stage| {
        stage.next(a, &b.own6()) == Some(b) && offers(stage, a, c, &b.own6())
    });
    stage.weather(a, b).lose(1000);
    let began = Instant::now();
    let missed = stage.until(PATIENCE, "it is missed", |stage| !near(stage, a, b));
    stage.until(PATIENCE, "the other way", |stage| {
        stage.next(a, &b.own6()) == Some(c) && stage.next(a, &b.own4()) == Some(c)
    });
    let (all, greetings) = (began.elapsed(), missed.as_secs_f64() / HELLO.as_secs_f64());
    let after = all.saturating_sub(missed);
    assert!(missed < HELLO.mul_f64(GREETINGS) + GRACE, "missed after {greetings:.2} greetings");
    assert!(after < Duration::from_secs(1) + GRACE, "the other way {} later", seconds(after));
    format!("missed after {greetings:.2} greetings, rerouted {} later", seconds(after))
}

/// Tells whether a machine's daemon can use its neighbour.
fn near(stage: &Stage, at: Node, neighbour: Node) -> bool {
    let said = stage.dump(at).unwrap_or_default();
    let address = neighbour.link_local();
    let lines = said.lines().filter(|line| line.starts_with("add neighbour "));
    let mut lines = lines.filter(|line| field(line, "address") == Some(&address));
    lines.any(|line| field(line, "cost").is_some_and(|cost| cost != "65535"))
}

/// Tells whether a machine's daemon has heard of a way to `to` by `neighbour`.
fn offers(stage: &Stage, at: Node, neighbour: Node, to: &str) -> bool {
    let said = stage.dump(at).unwrap_or_default();
    let (prefix, via) = (format!("{to}/128"), neighbour.link_local());
    let mut lines = said.lines().filter(|line| line.starts_with("add route "));
    lines.any(|line| field(line, "prefix") == Some(&prefix) && field(line, "via") == Some(&via))
}

/// Two ways to one machine; the better one becomes the worse while packets flow.
fn switch(stage: &mut Stage) -> String {
    let [a, b, c, d] = stage.machines([Ours, Bird, Babeld, Bird]);
    for (one, other) in [(a, c), (c, b), (a, d), (d, b)] {
        stage.cable(one, other);
    }
    // Worse, but better than what we have ever told: a way to take at once.
    stage.price(d, b, 150);
    stage.start_all();
    stage.until(PATIENCE, "two ways", |stage| {
        let offered = |by| offers(stage, a, by, &b.own6());
        offered(c) && offered(d)
    });
    let better = stage
        .until(PATIENCE, "the better of two ways", |stage| stage.next(a, &b.own6()) == Some(c));
    let flow = stage.flow(a, b, Duration::from_millis(1));
    stage.price(c, b, 1000);
    stage.follow(b);
    let took = stage.until(PATIENCE, "the other way", |stage| stage.next(a, &b.own6()) == Some(d));
    std::thread::sleep(Duration::from_millis(300));
    let told = flow.end();
    assert_eq!(told.lost, 0, "{told:?}");
    let gap = told.gap.as_secs_f64() * 1000.0;
    let (better, took, sent) = (seconds(better), seconds(took), told.sent);
    format!(
        "better way {better} after it was told; worse after {took}, 0 of {sent} lost, gap {gap:.0} ms"
    )
}
