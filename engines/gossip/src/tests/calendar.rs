//! Stories of calendars that jump: what is signed is judged by them, and no link dies of them.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use words::{Engine, LinkId, Time, Wall};

use super::net::*;
use crate::{Document, Event, Gossip, Input, Output};

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

/// A node in a network of two meshes, whose calendar says this, with links of nodes 1 to `count`.
fn among(count: usize, calendar: Wall) -> Gossip<Fake> {
    let mut node = Gossip::new(NETWORK, name(0), Fake, [7; 32], Time::ZERO);
    node.handle(Input::Calendar(calendar), Time::ZERO);
    let map = order::MeshMap::even(NETWORK, &[1]).unwrap();
    let meshes = Some(crate::Meshes::of(map, NOW, [0; 32]));
    let divided = signed(&Document { meshes, ..document(1, Vec::new()) });
    node.handle(Input::Document(&divided), Time::ZERO);
    for n in 1..=count {
        let link = LinkId::theirs(u32::try_from(n).unwrap());
        node.handle(Input::LinkUp(link, name(n)), Time::ZERO);
    }
    said(&mut node);
    node
}

/// Lets the other end of link `n` tell what its calendar says; returns what is said of the date.
fn told(node: &mut Gossip<Fake>, n: u32, wall: Wall, now: Time) -> Vec<Output> {
    let word = [&[6][..], &wall.0.to_be_bytes()].concat();
    node.handle(Input::Frame(LinkId::theirs(n), &word), now);
    let overruled = |it: &Output| matches!(it, Output::Event(Event::DateOverruled { .. }));
    said(node).into_iter().filter(|it| *it == Output::Dated || overruled(it)).collect()
}

/// Returns what is told of our calendar.
fn dates(said: &[Output]) -> Vec<Wall> {
    let date = |it: &Output| {
        let Output::Send(_, word) = it else { return None };
        let (kind, date) = word.split_first()?;
        (*kind == 6).then(|| Wall(u64::from_be_bytes(date.try_into().unwrap())))
    };
    said.iter().filter_map(date).collect()
}

#[test]
fn a_date_that_most_neighbours_do_not_share_is_not_gone_by() {
    let ahead = NOW.plus(YEAR);
    let mut node = among(5, ahead);
    assert_eq!(node.date(Time::ZERO), ahead, "nobody said otherwise");
    let overruled = Output::Event(Event::DateOverruled { calendar: ahead, date: NOW });
    assert_eq!(told(&mut node, 1, NOW, Time::ZERO), [overruled, Output::Dated]);
    // Two liars, and one of them twice, are fewer than the honest ones.
    for (n, wall) in [(2, Wall(5)), (3, NOW), (4, NOW), (5, Wall(u64::MAX)), (5, Wall(7))] {
        told(&mut node, n, wall, Time::ZERO);
    }
    let later = Time::ZERO + 3 * HOUR;
    assert_eq!(node.date(later), NOW.plus(3 * HOUR), "it runs on by itself");
    // What neighbours hear is our calendar, and never what we made of theirs.
    node.handle(Input::LinkUp(LinkId::ours(9), name(9)), later);
    assert_eq!(dates(&said(&mut node)), [ahead.plus(3 * HOUR)]);
}

#[test]
fn a_date_a_moment_off_is_kept_and_every_node_has_one_voice() {
    let mut node = among(3, NOW);
    let moment = NOW.plus(Duration::from_secs(9));
    for n in 1..=3 {
        assert_eq!(told(&mut node, n, moment, Time::ZERO), []);
    }
    assert_eq!(node.date(Time::ZERO), NOW);
    let mut node = among(1, NOW);
    for n in 11..=14 {
        node.handle(Input::LinkUp(LinkId::theirs(n), name(1)), Time::ZERO);
        told(&mut node, n, NOW.plus(HOUR), Time::ZERO);
    }
    assert_eq!(node.date(Time::ZERO), NOW, "one neighbour alone does not set it ahead");
}

#[test]
fn a_jump_of_our_own_is_told_at_once_and_sets_the_date_later() {
    let mut node = among(1, NOW);
    let said = minutes(&mut node, 14, 14, |right| right.plus(HOUR));
    assert_eq!(dates(&said), [NOW.plus(HOUR + Duration::from_mins(1))]);
    let (at, right) = (Duration::from_mins(14), NOW.plus(Duration::from_mins(14)));
    assert_eq!(node.date(Time::ZERO + at), right, "it may come back");
    let mut node = among(1, NOW);
    minutes(&mut node, 60, 60, |right| right.plus(HOUR));
    assert_eq!(node.date(Time::ZERO + HOUR), NOW.plus(2 * HOUR), "it did not");
}

#[test]
fn in_one_mesh_nobody_tells_the_date() {
    let mut node = neighbours();
    node.handle(Input::LinkUp(LinkId::ours(9), name(9)), Time::ZERO);
    assert_eq!(dates(&said(&mut node)), []);
    let map = order::MeshMap::even(NETWORK, &[1]).unwrap();
    let meshes = Some(crate::Meshes::of(map, NOW, [0; 32]));
    let divided = signed(&Document { meshes, ..document(2, Vec::new()) });
    node.handle(Input::Document(&divided), Time::ZERO);
    assert_eq!(dates(&said(&mut node)), [NOW, NOW], "to each, once it is divided");
}
