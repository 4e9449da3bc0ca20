//! Arrows to nodes on the same LAN, besides those of the seats.

use std::collections::BTreeSet;

use principles::exceptions::SameLan;

use super::*;

/// Node 50 with `seats` seats, which hears the nodes 1 to `heard` on its LAN and knows nobody else.
fn on_a_lan(seats: usize, heard: u128) -> Arrows {
    let mut arrows = newcomer(Settings { seats, ..Settings::default() });
    for n in 1..=heard {
        arrows.handle(Input::OnLan(node(n)), Time::ZERO);
    }
    arrows
}

fn besides(arrows: &Arrows) -> Vec<View> {
    let by_lan = |view: &View| view.cause.is_some_and(SameLan::owes);
    arrows.arrows().filter(by_lan).collect()
}

fn live(views: &[View]) -> usize {
    views.iter().filter(|view| view.state == State::Live).count()
}

#[test]
fn who_is_heard_on_the_lan_is_linked_and_takes_no_seat() {
    let mut arrows = on_a_lan(10, 3);
    live_until(&mut arrows, at(1));
    let linked: BTreeSet<NodeId> = besides(&arrows).iter().map(|view| view.node).collect();
    assert_eq!(linked, BTreeSet::from([1, 2, 3].map(node)));
    for n in 11..=30 {
        arrows.handle(Input::Reachable(node(n)), at(2));
    }
    live_until(&mut arrows, at(4));
    assert_eq!(
        (live(&besides(&arrows)), arrows.arrows().count()),
        (3, 13),
        "ten by chance besides"
    );
}

#[test]
fn of_many_on_the_lan_a_few_are_drawn() {
    let mut arrows = on_a_lan(10, 100);
    live_until(&mut arrows, at(1));
    assert_eq!(live(&besides(&arrows)), 4);
    let mut few = on_a_lan(1, 100);
    live_until(&mut few, at(1));
    assert_eq!(live(&besides(&few)), 1, "never more than half the seats, rounded up");
}

#[test]
fn who_is_linked_already_is_not_dialled_again() {
    let mut arrows = newcomer(seats(10));
    arrows.handle(Input::Request(LinkId::theirs(0), node(1)), Time::ZERO);
    arrows.handle(Input::Up(LinkId::theirs(0), node(1)), Time::ZERO);
    arrows.handle(Input::OnLan(node(1)), at(1));
    arrows.handle(Input::OnLan(node(50)), at(1));
    live_until(&mut arrows, at(2));
    assert!(besides(&arrows).is_empty(), "neither it nor ourselves");
    arrows.handle(Input::Down(LinkId::theirs(0)), at(2));
    live_until(&mut arrows, at(3));
    assert_eq!(live(&besides(&arrows)), 1, "once its link is gone, it is");
}

#[test]
fn they_die_by_chance_as_all_do_and_the_next_opens_beside() {
    let mut arrows = on_a_lan(4, 1);
    live_until(&mut arrows, at(1));
    let mut condemned = 0;
    for minute in 1..=60 {
        let said = live_until(&mut arrows, at(minute * 60));
        condemned +=
            events(&said).iter().filter(|event| matches!(event, Event::Draining { .. })).count();
        assert!(live(&besides(&arrows)) >= 1, "minute {minute}");
    }
    assert!(condemned >= 10, "{condemned} rounds in an hour");
}

#[test]
fn who_does_not_answer_is_left_alone_for_a_while() {
    let mut arrows = on_a_lan(10, 1);
    let mut dials = 0;
    for second in 0..120 {
        alone_until(&mut arrows, at(second));
        dials += sought(&said(&mut arrows)).len();
    }
    assert!((2..=8).contains(&dials), "{dials} dials in two minutes");
    arrows.handle(Input::OffLan(node(1)), at(121));
    alone_until(&mut arrows, at(400));
    said(&mut arrows);
    assert!(besides(&arrows).is_empty());
}

#[test]
fn who_went_into_another_mesh_is_no_neighbour_any_more() {
    let mut arrows = on_a_lan(10, 2);
    arrows.handle(Input::Elsewhere(node(1)), Time::ZERO);
    live_until(&mut arrows, at(1));
    let linked: Vec<NodeId> = besides(&arrows).iter().map(|view| view.node).collect();
    assert_eq!(linked, [node(2)]);
}

#[test]
fn switched_off_it_draws_nobody() {
    let selection = principles::selection::Bends {
        same_lan: SameLan::new(0),
        ..principles::selection::Bends::default()
    };
    let mut arrows = newcomer(Settings { selection, ..Settings::default() });
    arrows.handle(Input::OnLan(node(1)), Time::ZERO);
    live_until(&mut arrows, at(5));
    assert_eq!(arrows.arrows().count(), 0);
}
