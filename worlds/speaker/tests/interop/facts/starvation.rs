//! Only ways are left that may not be taken; the origin is asked through daemons of all makes
//! for a number that frees them.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Instant;

use super::{Fact, PATIENCE, seconds};
use crate::babel::{REQUEST, UPDATE, is_babel, items_of};
use crate::island::Node;
use crate::speakers::Make::{self, Babeld, Bird, Frr, Ours};
use crate::stage::{Path, Stage};

/// Less than any link costs: with such a metric, who tells of a range has it itself.
const OWN: u16 = 64;

pub(super) fn facts() -> Vec<Fact> {
    const ALL: [Make; 4] = [Ours, Babeld, Bird, Frr];
    vec![
        Fact::new("ours_asks_through_bird_and_frr_and_babeld_answers", &ALL, |stage| {
            ring(stage, [Ours, Bird, Frr, Babeld])
        }),
        Fact::new("babeld_asks_through_frr_and_ours_and_bird_answers", &ALL, |stage| {
            ring(stage, [Babeld, Frr, Ours, Bird])
        }),
        Fact::new("bird_asks_through_ours_and_babeld_and_frr_answers", &ALL, |stage| {
            ring(stage, [Bird, Ours, Babeld, Frr])
        }),
        Fact::new("bird_asks_through_babeld_and_frr_and_ours_answers", &ALL, |stage| {
            ring(stage, [Bird, Babeld, Frr, Ours])
        }),
        Fact::new("frr_asks_through_bird_and_ours_and_babeld_answers", &ALL, |stage| {
            ring(stage, [Frr, Bird, Ours, Babeld])
        }),
        Fact::new("frr_asks_through_ours_and_babeld_and_bird_answers", &ALL, |stage| {
            ring(stage, [Frr, Ours, Babeld, Bird])
        }),
    ]
}

/// A ring of four: the first loses its cable to the last, and the long way round is worse
/// than anything it has ever told. The last wire of that way shows who asks for what, and what
/// the answer is.
fn ring(stage: &mut Stage, makes: [Make; 4]) -> String {
    let [asks, second, third, answers] = stage.machines(makes);
    for (one, other) in [(asks, second), (second, third), (answers, asks)] {
        stage.cable(one, other);
    }
    stage.wire(third, answers);
    stage.price(third, answers, 250);
    stage.start_all();
    let old = quiet(stage, [asks, third, answers]);
    stage.unplug(asks, answers);
    let round = Path::Arrives(vec![asks, second, third, answers]);
    let took = stage.until(PATIENCE, "the long way", |stage| stage.path(asks, answers) == round);
    let asked = asked(stage, third, answers);
    let mut newer = told(stage, third, answers);
    newer.retain(|it| *it != old);
    assert!(asked.contains(&old.wrapping_add(1)), "{old} was known, and asked for: {asked:?}");
    assert_eq!(newer, [old.wrapping_add(1)], "{old} was known, and one more is the answer");
    format!("free after {}, by {} instead of {old}", seconds(took), newer[0])
}

/// Waits until for two full updates nobody has left its straight way and the origin has told
/// of no other number; then no table has a number that another has not seen. Returns it.
fn quiet(stage: &mut Stage, [asks, third, answers]: [Node; 3]) -> u16 {
    let settled = 2 * stage.setting(answers).update;
    let (since, number) = (Cell::new(Instant::now()), Cell::new(None));
    let straight =
        |stage: &Stage, from| stage.path(from, answers) == Path::Arrives(vec![from, answers]);
    stage.until(2 * PATIENCE, "straight ways, and one number", |stage| {
        let last = told(stage, third, answers).last().copied().or(number.get());
        if last != number.replace(last) || !straight(stage, asks) || !straight(stage, third) {
            since.set(Instant::now());
        }
        last.is_some() && since.get().elapsed() > settled
    });
    stage.weather(third, answers).seen(0);
    number.get().expect("it was waited for")
}

/// Returns the numbers with which `origin` has told of its own IPv6 address on the wire since
/// it was looked at last, in order, those that repeat the one before left out.
fn told(stage: &Stage, other: Node, origin: Node) -> Vec<u16> {
    let mut numbers = Vec::new();
    for packet in stage.weather(other, origin).seen(1).iter().filter(|packet| is_babel(packet)) {
        for (kind, body) in items_of(packet)[0].iter().copied() {
            let at = |place: usize| u16::from_be_bytes([body[place], body[place + 1]]);
            // A host address of IPv6, of which a part may be left out.
            if kind == UPDATE && body[0] == 2 && body[2] == 128 && at(8) < OWN {
                numbers.push(at(6));
            }
        }
    }
    numbers.dedup();
    numbers
}

/// Returns the numbers that `origin` was asked for on the wire, for either of its own
/// addresses: it has one number for both.
fn asked(stage: &Stage, other: Node, origin: Node) -> BTreeSet<u16> {
    let six: Ipv6Addr = origin.own6().parse().expect("an address");
    let four: Ipv4Addr = origin.own4().parse().expect("an address");
    let mut numbers = BTreeSet::new();
    for packet in stage.weather(other, origin).seen(0).iter().filter(|packet| is_babel(packet)) {
        for (kind, body) in items_of(packet)[0].iter().copied() {
            let own = |range: &[u8]| range == six.octets() || range == four.octets();
            if kind == REQUEST && own(&body[14..]) {
                numbers.insert(u16::from_be_bytes([body[2], body[3]]));
            }
        }
    }
    numbers
}
