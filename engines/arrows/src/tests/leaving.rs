//! Stories of a node that stops, told from either end.

use super::*;

const FAREWELL: Duration = Duration::from_millis(1_200);
const LINGER: Duration = Duration::from_millis(200);

/// A node with two live arrows of its own, and a link that node 70 opened to it.
fn in_the_middle() -> Arrows {
    let mut arrows = settled(2, seats(2));
    arrows.handle(Input::Request(LinkId::theirs(0), node(70)), at(1));
    arrows.handle(Input::Up(LinkId::theirs(0), node(70)), at(1));
    said(&mut arrows);
    arrows
}

fn all_three() -> [LinkId; 3] {
    [LinkId(0), LinkId(1), LinkId::theirs(0)]
}

#[test]
fn a_node_that_leaves_shuns_every_link_and_wants_no_more() {
    let mut arrows = in_the_middle();
    arrows.handle(Input::Leave, at(2));
    assert_eq!(said(&mut arrows)[..3], all_three().map(Output::Shun));

    arrows.handle(Input::Reachable(node(9)), at(2));
    arrows.handle(Input::Down(LinkId(0)), at(2));
    arrows.handle(Input::Settings(&seats(9)), at(2));
    arrows.handle(Input::Wake, at(3));
    assert!(sought(&said(&mut arrows)).is_empty(), "no seat is drawn any more");

    let late = LinkId::theirs(1);
    arrows.handle(Input::Request(late, node(71)), at(3));
    assert!(said(&mut arrows).contains(&Output::Refuse(late, Refusal::Leaving)));
}

#[test]
fn links_that_come_up_while_we_leave_are_shunned_too() {
    let mut arrows = newcomer(seats(1));
    let (ours, theirs) = (LinkId(0), LinkId::theirs(0));
    arrows.handle(Input::Reachable(node(7)), Time::ZERO);
    arrows.handle(Input::Wake, at(1));
    arrows.handle(Input::Found(ours, Carriers::of(UDP)), at(1));
    arrows.handle(Input::Request(theirs, node(8)), at(1));
    arrows.handle(Input::Leave, at(1));
    assert!(!said(&mut arrows).iter().any(|output| matches!(output, Output::Shun(_))));
    for (link, peer) in [(ours, node(7)), (theirs, node(8))] {
        arrows.handle(Input::Up(link, peer), at(2));
        assert!(said(&mut arrows).contains(&Output::Shun(link)));
    }
    arrows.handle(Input::Wake, at(1) + FAREWELL);
    arrows.handle(Input::Wake, at(1) + FAREWELL + LINGER);
    assert_eq!(deaths(&said(&mut arrows)), [Death::Left; 2]);
}

#[test]
fn every_link_is_closed_with_a_farewell_once_routes_had_time() {
    let mut arrows = in_the_middle();
    arrows.handle(Input::Leave, at(2));
    let early = live_until(&mut arrows, at(3));
    assert!(deaths(&early).is_empty());

    let outputs = live_until(&mut arrows, at(2) + FAREWELL);
    let last: Vec<_> = outputs.into_iter().chain(said(&mut arrows)).collect();
    for link in all_three() {
        let parting = [Output::Leave(link), told(link, Frame::Farewell)];
        assert!(last.windows(2).any(|pair| pair == parting), "{link:?}: {last:?}");
    }
    assert!(deaths(&last).is_empty(), "what others sent before they hear it is still carried");

    let outputs = live_until(&mut arrows, at(2) + FAREWELL + LINGER);
    let last: Vec<_> = outputs.into_iter().chain(said(&mut arrows)).collect();
    assert!(all_three().iter().all(|link| last.contains(&Output::Close(*link))), "{last:?}");
    assert_eq!(deaths(&last), [Death::Left; 3]);
    assert_eq!(arrows.arrows().count(), 0);
    arrows.handle(Input::Wake, at(4));
    assert_eq!(arrows.deadline(), None, "nothing is left to do");
}

#[test]
fn who_closes_at_our_farewell_was_not_lost() {
    let mut arrows = in_the_middle();
    arrows.handle(Input::Leave, at(2));
    arrows.handle(Input::Wake, at(2) + FAREWELL);
    said(&mut arrows);
    for link in all_three() {
        arrows.handle(Input::Down(link), at(2) + FAREWELL);
    }
    assert_eq!(deaths(&said(&mut arrows)), [Death::Left; 3]);
    arrows.handle(Input::Wake, at(5));
    assert_eq!(arrows.deadline(), None, "nothing is left to do");
}

#[test]
fn a_second_word_to_leave_closes_at_once() {
    let mut arrows = in_the_middle();
    arrows.handle(Input::Leave, at(2));
    arrows.handle(Input::Leave, at(2));
    assert_eq!(deaths(&said(&mut arrows)), [Death::Left; 3]);
}

#[test]
fn what_is_not_open_yet_is_given_up() {
    let mut arrows = newcomer(seats(2));
    arrows.handle(Input::Reachable(node(7)), Time::ZERO);
    arrows.handle(Input::Reachable(node(8)), Time::ZERO);
    arrows.handle(Input::Wake, at(1));
    arrows.handle(Input::Found(LinkId(0), Carriers::of(UDP)), at(1));
    said(&mut arrows);
    arrows.handle(Input::Leave, at(1));
    assert_eq!(deaths(&said(&mut arrows)), [Death::Surplus], "it was only sought");
    arrows.handle(Input::Wake, at(1) + FAREWELL);
    let outputs = said(&mut arrows);
    assert_eq!(deaths(&outputs), [Death::Surplus], "it was opening");
    assert!(!outputs.contains(&told(LinkId(0), Frame::Farewell)));
}

#[test]
fn either_end_closes_at_the_others_farewell() {
    let mut arrows = in_the_middle();
    for link in all_three() {
        hear(&mut arrows, link, Frame::Farewell, at(2));
        let outputs = said(&mut arrows);
        assert_eq!(outputs[0], Output::Close(link));
        assert_eq!(deaths(&outputs), [Death::Left]);
        assert!(sought(&outputs).is_empty(), "first routing must hear that it is gone");
    }
    arrows.handle(Input::Unreachable(node(1)), at(2));
    arrows.handle(Input::Wake, at(3));
    assert_eq!(sought(&said(&mut arrows)).len(), 1, "a successor is drawn");
}

#[test]
fn an_arrow_that_drains_while_we_leave_is_closed_with_the_others() {
    let mut arrows = settled(1, seats(1));
    arrows.handle(Input::Usage(LinkId(0), 1), at(1));
    arrows.handle(Input::Unreachable(node(1)), at(1));
    let round = arrows.next_round();
    live_until(&mut arrows, round);
    said(&mut arrows);
    assert_eq!(count(&arrows, State::Draining), 1);
    arrows.handle(Input::Leave, round);
    assert!(!said(&mut arrows).contains(&Output::Shun(LinkId(0))), "it is shunned already");
    arrows.handle(Input::Wake, round + FAREWELL);
    arrows.handle(Input::Wake, round + FAREWELL + LINGER);
    assert_eq!(deaths(&said(&mut arrows)), [Death::Left]);
}
