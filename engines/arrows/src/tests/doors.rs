//! Stories of links that others open to us.

use super::*;

fn request(arrows: &mut Arrows, n: u32, from: NodeId, now: Time) -> Option<Refusal> {
    let link = LinkId::theirs(n);
    arrows.handle(Input::Request(link, from), now);
    let outputs = said(arrows);
    assert!(outputs.contains(&Output::Accept(link)) != outputs.iter().any(is_refusal));
    outputs.into_iter().find_map(|output| {
        let Output::Refuse(_, why) = output else { return None };
        Some(why)
    })
}

fn is_refusal(output: &Output) -> bool {
    matches!(output, Output::Refuse(..))
}

/// Our arrow to node `n` is being dialled since second 1.
fn dialling(n: u128) -> Arrows {
    let mut arrows = newcomer(seats(1));
    arrows.handle(Input::Reachable(node(n)), Time::ZERO);
    arrows.handle(Input::Wake, at(1));
    arrows.handle(Input::Found(LinkId(0), Carriers::of(UDP)), at(1));
    said(&mut arrows);
    arrows
}

#[test]
fn links_are_accepted_up_to_the_limit() {
    let mut arrows = newcomer(Settings { acceptance: 2, ..seats(1) });
    for n in 0..2 {
        assert_eq!(request(&mut arrows, n, node(1 + u128::from(n)), at(1)), None);
    }
    assert_eq!(request(&mut arrows, 2, node(9), at(1)), Some(Refusal::Full));

    arrows.handle(Input::Up(LinkId::theirs(0), node(1)), at(1));
    let accepted = Event::Accepted { link: LinkId::theirs(0), from: node(1) };
    assert_eq!(said(&mut arrows), vec![Output::Event(accepted)]);

    // A draining link makes room.
    hear(&mut arrows, LinkId::theirs(0), Frame::Drain, at(1));
    said(&mut arrows);
    assert_eq!(request(&mut arrows, 3, node(9), at(1)), None);
}

#[test]
fn a_link_that_other_arrows_take_over_goes_on_there_and_is_forgotten_here() {
    let link = LinkId::theirs(0);
    let (mut home, mut abroad) = (newcomer(seats(1)), newcomer(seats(1)));
    assert_eq!(request(&mut home, 0, node(1), at(1)), None);
    home.handle(Input::Up(link, node(1)), at(1));
    said(&mut home);
    home.handle(Input::HandOver(link), at(2));
    let outputs = said(&mut home);
    assert!(matches!(outputs[..], [Output::Event(Event::Parted { of: Death::Moved, .. })]));
    assert_eq!(home.arrows().count(), 0);

    abroad.handle(Input::TakeOver(link, node(1)), at(2));
    assert_eq!(said(&mut abroad), [], "it was accepted long ago");
    abroad.handle(Input::Up(link, node(1)), at(2));
    let accepted = Event::Accepted { link, from: node(1) };
    assert_eq!(said(&mut abroad), vec![Output::Event(accepted)]);
    // A second one is closed, and not refused: it is up.
    abroad.handle(Input::TakeOver(LinkId::theirs(1), node(1)), at(2));
    assert_eq!(said(&mut abroad).first(), Some(&Output::Close(LinkId::theirs(1))));
}

#[test]
fn draining_links_cannot_pile_up_for_ever() {
    let mut arrows = newcomer(Settings { acceptance: 1, ..seats(1) });
    for n in 0..2 {
        let (link, from) = (LinkId::theirs(n), node(1 + u128::from(n)));
        assert_eq!(request(&mut arrows, n, from, at(1)), None);
        arrows.handle(Input::Up(link, from), at(1));
        hear(&mut arrows, link, Frame::Drain, at(1));
        said(&mut arrows);
    }
    assert_eq!(request(&mut arrows, 2, node(9), at(1)), Some(Refusal::Full));
}

#[test]
fn a_second_link_between_two_nodes_is_refused() {
    let mut arrows = settled(1, seats(1));
    assert_eq!(request(&mut arrows, 0, node(1), at(1)), Some(Refusal::Linked));
    assert_eq!(request(&mut arrows, 1, node(50), at(1)), Some(Refusal::Identity), "ourselves");
}

#[test]
fn beside_one_of_its_links_that_drains_a_node_may_open_another() {
    let mut arrows = newcomer(seats(1));
    let links = [LinkId::theirs(0), LinkId::theirs(1)];
    for (n, link) in (0..).zip(links) {
        assert_eq!(request(&mut arrows, n, node(7), at(1)), None);
        arrows.handle(Input::Up(link, node(7)), at(1));
        said(&mut arrows);
        assert_eq!(request(&mut arrows, 5 + n, node(7), at(1)), Some(Refusal::Linked));
        hear(&mut arrows, link, Frame::Drain, at(1));
        said(&mut arrows);
    }
    assert_eq!(request(&mut arrows, 8, node(7), at(1)), Some(Refusal::Linked), "two are enough");
}

#[test]
fn a_node_that_fell_silent_and_dials_again_is_let_in() {
    let mut arrows = settled(1, seats(1));
    alone_until(&mut arrows, at(3));
    said(&mut arrows);
    assert_eq!(request(&mut arrows, 0, node(1), at(3)), None);
    assert_eq!(count(&arrows, State::Live), 0);
    assert_eq!(count(&arrows, State::Opening), 1);
}

#[test]
fn of_two_dials_that_cross_the_smaller_names_wins() {
    // Node 7 is smaller than us, node 70 greater.
    let mut smaller = dialling(7);
    smaller.handle(Input::Request(LinkId::theirs(0), node(7)), at(2));
    let outputs = said(&mut smaller);
    assert_eq!(deaths(&outputs), vec![Death::Crossed]);
    assert!(outputs.contains(&Output::Accept(LinkId::theirs(0))));

    let mut greater = dialling(70);
    assert_eq!(request(&mut greater, 0, node(70), at(2)), Some(Refusal::Crossed));
    assert_eq!(count(&greater, State::Opening), 1);
}

#[test]
fn one_that_dials_in_vain_does_not_insist() {
    let mut arrows = dialling(70);
    assert_eq!(request(&mut arrows, 0, node(70), at(5)), None);
}

#[test]
fn one_that_only_seeks_gives_way() {
    let mut arrows = newcomer(seats(1));
    arrows.handle(Input::Reachable(node(70)), Time::ZERO);
    arrows.handle(Input::Wake, at(1));
    said(&mut arrows);
    assert_eq!(request(&mut arrows, 0, node(70), at(1)), None);
    // What was sought and found too late opens nothing.
    arrows.handle(Input::Found(LinkId(0), Carriers::of(UDP)), at(1));
    assert!(said(&mut arrows).is_empty());
}

#[test]
fn an_accepted_link_that_never_comes_up_is_forgotten() {
    let mut arrows = newcomer(seats(1));
    assert_eq!(request(&mut arrows, 0, node(7), at(1)), None);
    arrows.handle(Input::Wake, at(16));
    assert_eq!(deaths(&said(&mut arrows)), vec![Death::Unborn]);
    assert_eq!(arrows.arrows().count(), 0);
}

#[test]
fn a_link_nobody_asked_for_is_closed() {
    let mut arrows = newcomer(seats(1));
    arrows.handle(Input::Up(LinkId::theirs(8), node(7)), at(1));
    assert_eq!(said(&mut arrows), vec![Output::Close(LinkId::theirs(8))]);
}

#[test]
fn a_link_that_never_answered_is_dead_after_three_seconds_and_a_half() {
    let (mut arrows, up) = (newcomer(seats(1)), Time::from_micros(250_000));
    arrows.handle(Input::Reachable(node(1)), Time::ZERO);
    arrows.handle(Input::Wake, up);
    arrows.handle(Input::Found(LinkId(0), Carriers::of(UDP)), up);
    arrows.handle(Input::Up(LinkId(0), node(1)), up);
    said(&mut arrows);
    let mut clock = up;
    let mut outputs = Vec::new();
    while deaths(&outputs).is_empty() {
        clock = arrows.deadline().unwrap().at;
        arrows.handle(Input::Wake, clock);
        outputs = said(&mut arrows);
    }
    assert_eq!(deaths(&outputs), vec![Death::Lost]);
    assert!(outputs.contains(&Output::Close(LinkId(0))));
    // It came up at 0.25 s, and was never heard.
    assert_eq!(clock, Time::from_micros(3_750_000));
}

#[test]
fn probes_are_echoed_and_measure_the_round_trip() {
    let mut arrows = settled(1, seats(1));
    let link = LinkId(0);
    hear(&mut arrows, link, Frame::Probe(77), at(1));
    assert_eq!(said(&mut arrows), vec![told(link, Frame::Echo(77))]);

    let probe = arrows.deadline().unwrap();
    assert_eq!(probe.why, Why::Nudge(link), "a young link is measured");
    arrows.handle(Input::Wake, probe.at);
    let token = probe.at.as_micros();
    assert_eq!(said(&mut arrows), vec![told(link, Frame::Probe(token))]);
    hear(&mut arrows, link, Frame::Echo(token), probe.at + SECOND / 20);
    assert_eq!(arrows.arrows().next().unwrap().round_trip, Some(SECOND / 20));
}

#[test]
fn rubbish_is_counted_and_changes_nothing() {
    let mut arrows = settled(1, seats(1));
    let link = LinkId(0);
    arrows.handle(Input::Frame(link, &[200, 1]), at(1));
    hear(&mut arrows, link, Frame::Drain, at(1));
    let garbled = |of| Output::Event(Event::Garbled { link, of });
    let expected =
        vec![garbled(Malformed::Unknown(200)), garbled(Malformed::Misplaced(Frame::Drain.kind()))];
    assert_eq!(said(&mut arrows), expected);
    assert_eq!(count(&arrows, State::Live), 1);
}

#[test]
fn refusals_have_numbers_that_go_both_ways() {
    for number in 0..=255 {
        assert_eq!(u8::from(Refusal::from(number)), number);
    }
}
