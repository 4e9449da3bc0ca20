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

/// The document of a network of two meshes.
fn divided(version: u64) -> Vec<u8> {
    let map = order::MeshMap::even(NETWORK, &[1]).unwrap();
    let meshes = Some(crate::Meshes::of(map, NOW, [0; 32]));
    signed(&Document { meshes, ..document(version, Vec::new()) })
}

/// A node in a network of two meshes, whose calendar says this, with links of nodes 1 to `count`.
fn among(count: usize, calendar: Wall) -> Gossip<Fake> {
    let mut node = Gossip::new(NETWORK, name(0), Fake, [7; 32], Time::ZERO);
    node.handle(Input::Calendar(calendar), Time::ZERO);
    node.handle(Input::Document(&divided(1)), Time::ZERO);
    for n in 1..=count {
        let link = LinkId::theirs(u32::try_from(n).unwrap());
        node.handle(Input::LinkUp(link, name(n)), Time::ZERO);
    }
    said(&mut node);
    node
}

/// Lets the other end of link `n` tell what its calendar says; returns what is said of the date.
fn told(node: &mut Gossip<Fake>, n: u32, wall: Wall, now: Time) -> Vec<Output> {
    told_on(node, LinkId::theirs(n), wall, now)
}

fn told_on(node: &mut Gossip<Fake>, link: LinkId, wall: Wall, now: Time) -> Vec<Output> {
    let word = [&[6][..], &wall.0.to_be_bytes()].concat();
    node.handle(Input::Frame(link, &word), now);
    of_the_date(said(node))
}

/// Returns what is said of the date.
fn of_the_date(said: Vec<Output>) -> Vec<Output> {
    let overruled = |it: &Output| matches!(it, Output::Event(Event::DateOverruled { .. }));
    said.into_iter().filter(|it| *it == Output::Dated || overruled(it)).collect()
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
    assert_eq!(told(&mut node, 1, NOW, Time::ZERO), [], "one against one");
    assert_eq!(told(&mut node, 2, NOW, Time::ZERO), [overruled, Output::Dated], "at once");
    // Two liars, and one of them twice, are fewer than the honest ones.
    for (n, wall) in [(3, Wall(5)), (4, NOW), (5, Wall(u64::MAX)), (5, Wall(7))] {
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
    let jumped = |minute| NOW.plus(HOUR + Duration::from_mins(minute));
    assert_eq!(dates(&said), [jumped(1), jumped(11)], "and again ten minutes later");
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
    node.handle(Input::Document(&divided(2)), Time::ZERO);
    assert_eq!(dates(&said(&mut node)), [NOW, NOW], "to each, once it is divided");
}

#[test]
fn in_one_mesh_nobody_sets_the_date() {
    let mut node = neighbours();
    node.handle(Input::LinkUp(LinkId::theirs(2), name(2)), Time::ZERO);
    for n in 1..=2 {
        assert_eq!(told(&mut node, n, NOW.plus(HOUR), Time::ZERO), []);
    }
    let later = Time::ZERO + Duration::from_mins(1);
    let minute = NOW.plus(Duration::from_mins(1));
    node.handle(Input::Calendar(minute), later);
    assert_eq!((of_the_date(said(&mut node)), node.date(later)), (vec![], minute));
    // Once it is divided, what was said counts.
    node.handle(Input::Document(&divided(2)), later);
    assert!(said(&mut node).contains(&Output::Dated));
    assert_eq!(node.date(later), minute.plus(HOUR));
}

/// Two neighbours, who are most, say another date 64 times a second.
#[test]
fn who_tells_dates_without_end_changes_the_date_once_a_minute_at_most() {
    let mut node = among(2, NOW);
    told(&mut node, 1, Wall(1), Time::ZERO);
    let at_once = told(&mut node, 2, Wall(1), Time::ZERO);
    let overruled = Output::Event(Event::DateOverruled { calendar: NOW, date: Wall(1) });
    assert_eq!(at_once, [overruled, Output::Dated], "the first word on a link");
    let mut heard = Vec::new();
    for minute in 1..=10 {
        for tick in 1..3_840 {
            let now = Time::ZERO + Duration::from_mins(minute - 1) + tick * HOUR / 230_400;
            for n in 1..=2 {
                let wall = if tick % 2 == 0 { Wall(1) } else { Wall(u64::MAX) };
                heard.extend(told(&mut node, n, wall, now));
            }
        }
        let since = Duration::from_mins(minute);
        node.handle(Input::Calendar(NOW.plus(since)), Time::ZERO + since);
        heard.extend(of_the_date(said(&mut node)));
    }
    let (set, logged): (Vec<_>, Vec<_>) = heard.iter().partition(|it| **it == Output::Dated);
    assert!((1..=10).contains(&set.len()), "set {} times in ten minutes", set.len());
    // Between two lies that are far apart, ours is the median for a moment.
    assert!(logged.len() <= 5, "logged {} times in ten minutes", logged.len());
}

#[test]
fn what_neighbours_say_later_counts_at_once_if_the_date_was_not_set_just_now() {
    let mut node = among(2, NOW);
    for n in 1..=2 {
        told(&mut node, n, NOW, Time::ZERO);
    }
    // Their calendars jumped, and ours did not: all go by one date again before our calendar is told.
    let (later, ahead) = (Time::ZERO + Duration::from_secs(90), NOW.plus(YEAR));
    assert_eq!(told(&mut node, 1, ahead, later), []);
    assert!(told(&mut node, 2, ahead, later).contains(&Output::Dated));
    assert_eq!(node.date(later), ahead);
}

#[test]
fn who_dials_us_has_no_voice_where_three_of_our_arrows_told_a_date() {
    let ahead = NOW.plus(YEAR);
    let mut node = among(20, NOW);
    for n in 30..33 {
        node.handle(Input::LinkUp(LinkId::ours(n), name(30)), Time::ZERO);
        told_on(&mut node, LinkId::ours(n), NOW, Time::ZERO);
    }
    for n in 40..42 {
        let node_of = name(usize::try_from(n).unwrap());
        node.handle(Input::LinkUp(LinkId::ours(n), node_of), Time::ZERO);
        told_on(&mut node, LinkId::ours(n), NOW, Time::ZERO);
    }
    for n in 1..=20 {
        assert_eq!(
            told(&mut node, n, ahead, Time::ZERO),
            [],
            "20 that dialled us, against 3 drawn"
        );
    }
    assert_eq!(node.date(Time::ZERO), NOW);
    // One of three goes away: two are too few to leave all the others out.
    node.handle(Input::LinkDown(LinkId::ours(40)), Time::ZERO);
    let later = Time::ZERO + Duration::from_mins(1);
    node.handle(Input::Calendar(NOW.plus(Duration::from_mins(1))), later);
    assert_eq!(node.date(later), ahead.plus(Duration::from_mins(1)));
}

#[test]
fn half_against_half_the_date_stays_as_it_is() {
    let mut node = among(3, NOW);
    assert_eq!(told(&mut node, 1, Wall(1), Time::ZERO), [], "one whose clock begins in 1970");
    let minute = Duration::from_mins(1);
    node.handle(Input::Calendar(NOW.plus(minute)), Time::ZERO + minute);
    assert_eq!(node.date(Time::ZERO + minute), NOW.plus(minute));
    told(&mut node, 2, NOW.plus(HOUR), Time::ZERO + minute);
    told(&mut node, 3, NOW.plus(HOUR), Time::ZERO + minute);
    assert_eq!(node.date(Time::ZERO + minute), NOW.plus(minute), "1970, ours, and two of later");
    // It goes by what most say, and goes on so when half of them are left.
    let mut node = among(2, NOW);
    for n in 1..=2 {
        told(&mut node, n, NOW.plus(HOUR), Time::ZERO);
    }
    node.handle(Input::LinkDown(LinkId::theirs(1)), Time::ZERO);
    node.handle(Input::Calendar(NOW.plus(minute)), Time::ZERO + minute);
    assert_eq!(node.date(Time::ZERO + minute), NOW.plus(HOUR + minute));
}

#[test]
fn steps_that_add_up_are_told_and_all_is_told_again_after_ten_minutes() {
    let mut node = among(1, NOW);
    let at = |minute: u64, off: u64| NOW.plus(Duration::from_secs(60 * minute + off));
    let mut heard = Vec::new();
    for minute in 1..=24 {
        let off = 4 * minute.min(3);
        node.handle(Input::Calendar(at(minute, off)), Time::ZERO + Duration::from_mins(minute));
        heard.extend(dates(&said(&mut node)));
    }
    assert_eq!(
        heard,
        [at(2, 8), at(12, 12), at(22, 12)],
        "off by 8 s; then what may have been lost"
    );
}

#[test]
fn that_most_say_another_date_is_said_again_once_it_was_otherwise() {
    let mut node = among(2, NOW);
    let mut all = Vec::new();
    for minute in 0..40_u64 {
        let now = Time::ZERO + Duration::from_mins(minute);
        let right = NOW.plus(Duration::from_mins(minute));
        // Ten minutes each.
        let wall = if (minute / 10).is_multiple_of(2) { right.plus(HOUR) } else { right };
        for n in 1..=2 {
            all.extend(told(&mut node, n, wall, now));
        }
        node.handle(Input::Calendar(right), now);
        all.extend(of_the_date(said(&mut node)));
    }
    assert_eq!(all.iter().filter(|it| **it == Output::Dated).count(), 4, "there and back, twice");
    assert_eq!(all.len(), 6, "and said twice: {all:?}");
}
