//! What is taken away is gone everywhere, soon; and who comes back is welcome at once.

use std::time::{Duration, Instant};

use super::{Fact, PATIENCE, seconds};
use crate::babel::is_babel;
use crate::island::Node;
use crate::speakers::Make::{self, Babeld, Bird, Frr, Ours};
use crate::stage::Stage;

/// Less than any peer waits for a greeting that does not come.
const AT_ONCE: Duration = Duration::from_millis(1500);

/// Between two greetings of who dies and starts again.
const HELLO: Duration = Duration::from_secs(2);

/// Greetings that must be missing before any daemon misses a neighbour, at least.
const MISSED: f64 = 1.5;

pub(super) fn facts() -> Vec<Fact> {
    let mut all: Vec<Fact> =
        Fact::each("ours_killed_and_started_again_beside", &[Babeld, Bird, Frr], |stage, peer| {
            restart(stage, peer, true)
        })
        .collect();
    all.extend(Fact::each("ours_outlives_a_killed", &[Babeld, Bird, Frr], |stage, peer| {
        restart(stage, peer, false)
    }));
    let peers = [Babeld, Bird, Frr];
    all.extend(Fact::each("ours_takes_leave_of", &peers, leave));
    all.extend(Fact::each("ours_forgets_at_once_a_leaving", &peers, left));
    all.extend(Fact::each("an_address_of_ours_is_taken_back_from", &peers, |stage, peer| {
        retraction(stage, peer, true)
    }));
    // babeld 1.12 and FRR 8.4 retract another prefix than the one that disappeared.
    all.extend(Fact::each("an_address_is_taken_back_by", &[Bird], |stage, peer| {
        retraction(stage, peer, false)
    }));
    all.extend(Fact::each("what_its_origin_takes_back_is_passed_on_by", &peers, passed_on));
    all.push(Fact::new("both_who_announce_one_address_die", &[Ours, Babeld, Bird], anycast));
    all
}

fn pair(stage: &mut Stage, peer: Make) -> [Node; 2] {
    let [a, b] = stage.machines([Ours, peer]);
    stage.cable(a, b);
    stage.start_all();
    stage.converge(PATIENCE);
    [a, b]
}

/// One dies without a word and starts again before the other has missed it. News of both
/// after that show that each heard the other again.
fn restart(stage: &mut Stage, peer: Make, ours: bool) -> String {
    let [a, b] = stage.machines([Ours, peer]);
    let (dies, lives) = if ours { (a, b) } else { (b, a) };
    stage.wire(dies, lives);
    stage.setting(dies).hello = HELLO;
    stage.start_all();
    stage.converge(PATIENCE);
    let flows = [(a, b), (b, a)].map(|(from, to)| stage.flow(from, to, Duration::from_millis(5)));
    stage.kill(dies);
    stage.island(dies).add_own(2);
    let began = Instant::now();
    stage.weather(dies, lives).seen(0);
    stage.start(dies);
    let speaks = |stage: &Stage| stage.weather(dies, lives).seen(0).iter().any(|it| is_babel(it));
    stage.until(PATIENCE, "it speaks again", speaks);
    let silent = began.elapsed();
    assert!(silent < HELLO.mul_f64(MISSED), "the other may have missed it: {}", seconds(silent));
    for node in [a, b] {
        stage.island(node).add_own(3);
    }
    let news = |stage: &Stage, from, to: Node, last| stage.next(from, &to.another(last)).is_some();
    stage.until(PATIENCE, "news of both at the other", |stage| {
        news(stage, lives, dies, 2) && news(stage, a, b, 3) && news(stage, b, a, 3)
    });
    let took = began.elapsed();
    stage.until(PATIENCE, "the routes from before", |stage| stage.knows(a, b) && stage.knows(b, a));
    let [from_ours, to_ours] = flows.map(|flow| seconds(flow.end().gap));
    let (silent, took) = (seconds(silent), seconds(took));
    format!(
        "silent for {silent}, news after {took}; longest gap from ours {from_ours}, to ours {to_ours}"
    )
}

fn leave(stage: &mut Stage, peer: Make) -> String {
    let [a, b] = pair(stage, peer);
    let began = Instant::now();
    stage.end(a);
    stage.until(AT_ONCE, "no route to who has left", |stage| {
        stage.next(b, &a.own6()).is_none() && stage.next(b, &a.own4()).is_none()
    });
    let left = stage.next(a, &b.own6()).is_some() || stage.next(a, &b.own4()).is_some();
    assert!(!left, "and it has left nothing in its kernel");
    format!("forgotten after {}", seconds(began.elapsed()))
}

/// A wildcard retraction of another daemon's.
fn left(stage: &mut Stage, peer: Make) -> String {
    let [a, b] = pair(stage, peer);
    let began = Instant::now();
    stage.end(b);
    stage.until(AT_ONCE, "no route to who has left", |stage| {
        stage.next(a, &b.own6()).is_none() && stage.next(a, &b.own4()).is_none()
    });
    format!("forgotten after {}", seconds(began.elapsed()))
}

fn retraction(stage: &mut Stage, peer: Make, ours: bool) -> String {
    let [a, b] = pair(stage, peer);
    let (origin, other) = if ours { (a, b) } else { (b, a) };
    stage.island(origin).add_own(2);
    let known = |stage: &Stage| stage.next(other, &origin.another(2)).is_some();
    stage.until(PATIENCE, "one more address", known);
    stage.island(origin).remove_own(2);
    let took = stage.until(Duration::from_secs(5), "it is gone", |stage| !known(stage));
    stage.until(PATIENCE, "the others stay", |stage| stage.knows(other, origin));
    format!("gone after {}", seconds(took))
}

/// Between the origin and who listens, both ours, a daemon of another make passes on.
fn passed_on(stage: &mut Stage, peer: Make) -> String {
    let [origin, between, a] = stage.machines([Ours, peer, Ours]);
    stage.cable(origin, between);
    stage.cable(between, a);
    stage.island(origin).add_own(2);
    stage.start_all();
    let known = |stage: &Stage, at| stage.next(at, &origin.another(2)).is_some();
    stage.until(PATIENCE, "one more address at the far end", |stage| known(stage, a));
    stage.converge(PATIENCE);
    stage.island(origin).remove_own(2);
    // Less than the time after which a route that is not repeated is given up. The others are
    // there still, so that it did not go with a neighbour.
    let took = stage.until(Duration::from_secs(10), "it is gone, alone", |stage| {
        !known(stage, between) && !known(stage, a) && stage.knows(a, origin)
    });
    stage.never(Duration::from_secs(2), "it comes back", |stage| {
        known(stage, between) || known(stage, a)
    });
    format!("gone after {}", seconds(took))
}

/// Two at the ends of a row announce the same address and die together.
fn anycast(stage: &mut Stage) -> String {
    let [first, a, b, second] = stage.machines([Bird, Ours, Babeld, Bird]);
    for (one, other) in [(first, a), (a, b), (b, second)] {
        stage.cable(one, other);
    }
    let shared = "2001:db8:f::1";
    for node in [first, second] {
        stage.island(node).ip(&format!("-6 addr add {shared}/128 dev lo nodad"));
    }
    stage.start_all();
    stage.until(PATIENCE, "a route to the nearest", |stage| {
        stage.next(a, shared) == Some(first) && stage.next(b, shared) == Some(second)
    });
    stage.kill(first);
    stage.kill(second);
    let took = stage.until(PATIENCE, "no route to the dead", |stage| {
        stage.next(a, shared).is_none() && stage.next(b, shared).is_none()
    });
    stage.never(Duration::from_secs(2), "a route to the dead comes back", |stage| {
        stage.next(a, shared).is_some()
    });
    format!("nobody believes in it after {}", seconds(took))
}
