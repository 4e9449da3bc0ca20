//! Stories of calendars that jump: what is signed is judged by them, and no link dies of them.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use words::{Engine, LinkId, Time, Wall};

use super::net::*;
use crate::{Event, Gossip, Input, Output};

const HOUR: Duration = Duration::from_hours(1);
const YEAR: Duration = Duration::from_hours(365 * 24);
const LINK: LinkId = LinkId::theirs(1);

/// Node 0, with a link of node 1, whose certificate is good for a month.
fn neighbours() -> Gossip<Fake> {
    let mut node = node(0);
    let shown = introduction(1, &contact(1, NOW), NOW.plus(30 * 24 * HOUR));
    node.handle(Input::Judge(LINK, &shown, contact(1, NOW).key), Time::ZERO);
    node.handle(Input::LinkUp(LINK, name(1)), Time::ZERO);
    said(&mut node);
    node
}

fn jumps(said: &[Output]) -> usize {
    let jumped = |it: &&Output| matches!(it, Output::Event(Event::CalendarJumped { .. }));
    said.iter().filter(jumped).count()
}

fn banished(said: &[Output]) -> bool {
    said.contains(&Output::Banish(LINK))
}

/// Tells the calendar each minute, `off` for `wrong` of them; returns all that was said.
fn minutes(
    node: &mut Gossip<Fake>,
    wrong: u64,
    all: u64,
    off: impl Fn(Wall) -> Wall,
) -> Vec<Output> {
    let mut outputs = Vec::new();
    for minute in 1..=all {
        let since = Duration::from_mins(minute);
        let right = NOW.plus(since);
        let wall = if minute <= wrong { off(right) } else { right };
        node.handle(Input::Calendar(wall), Time::ZERO + since);
        outputs.extend(said(node));
    }
    outputs
}

#[test]
fn a_calendar_that_jumps_ahead_and_comes_back_ends_no_link_and_is_told() {
    let mut node = neighbours();
    let said = minutes(&mut node, 10, 60, |right| right.plus(YEAR));
    assert_eq!((banished(&said), jumps(&said)), (false, 2), "there and back");
}

#[test]
fn a_calendar_that_jumps_ahead_and_stays_is_believed() {
    let mut node = neighbours();
    let said = minutes(&mut node, 14, 14, |right| right.plus(YEAR));
    assert!(!banished(&said), "not at once");
    let mut node = neighbours();
    let said = minutes(&mut node, 60, 60, |right| right.plus(YEAR));
    assert_eq!((banished(&said), jumps(&said)), (true, 1));
}

#[test]
fn a_calendar_that_jumps_back_ends_no_link() {
    let mut node = neighbours();
    let said = minutes(&mut node, 30, 60, |_| Wall(100));
    assert_eq!((banished(&said), jumps(&said)), (false, 2));
}

#[test]
fn a_calendar_that_slews_or_a_machine_that_slept_has_not_jumped() {
    let mut node = neighbours();
    let said = minutes(&mut node, 60, 60, |right| right.plus(Duration::from_mins(4)));
    assert_eq!((banished(&said), jumps(&said)), (false, 0));
    // Asleep for three hours: both clocks went on.
    let later = Duration::from_hours(4);
    node.handle(Input::Calendar(NOW.plus(later)), Time::ZERO + later);
    assert_eq!(jumps(&super::net::said(&mut node)), 0);
}

#[test]
fn a_revoked_node_is_out_whatever_the_calendar_does() {
    let mut node = neighbours();
    node.handle(Input::Calendar(NOW.plus(YEAR)), Time::ZERO + HOUR);
    node.handle(Input::Document(&signed(&document(2, vec![serial(1)]))), Time::ZERO + HOUR);
    assert!(banished(&said(&mut node)));
}

/// All clocks were a year ahead: what was learnt then must not outlive that.
#[test]
fn what_was_said_on_a_wrong_date_gives_way_once_the_date_is_right() {
    let mut node = node(0);
    let ahead = NOW.plus(YEAR);
    node.handle(Input::Calendar(ahead), Time::ZERO);
    let wrong = introduction(1, &contact(1, ahead), Wall(u64::MAX));
    node.handle(Input::Judge(LINK, &wrong, contact(1, NOW).key), Time::ZERO);
    assert_eq!(node.contact(name(1)).map(|contact| contact.issued), Some(ahead));

    node.handle(Input::Calendar(NOW), Time::ZERO + HOUR);
    let right = introduction(1, &contact(1, NOW), Wall(u64::MAX));
    node.handle(Input::Judge(LINK, &right, contact(1, NOW).key), Time::ZERO + HOUR);
    assert_eq!(node.contact(name(1)).map(|contact| contact.issued), Some(NOW));
    let older = introduction(1, &contact(1, Wall(NOW.0 - 9)), Wall(u64::MAX));
    node.handle(Input::Judge(LINK, &older, contact(1, NOW).key), Time::ZERO + HOUR);
    assert_eq!(node.contact(name(1)).map(|contact| contact.issued), Some(NOW), "newest of right");
}

/// Asleep for a day: what was due many times is done once.
#[test]
fn a_machine_that_slept_asks_the_registry_once() {
    let mut node = neighbours();
    let day = Time::ZERO + 24 * HOUR;
    node.handle(Input::Wake, day);
    let asked = said(&mut node).into_iter().filter(|said| *said == Output::AskRegistry).count();
    assert_eq!(asked, 1);
    assert!(node.deadline().unwrap().at > day);
}
