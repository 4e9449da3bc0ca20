//! Stories of the last days of a link, told from either end.

use super::*;

/// One arrow, used by `used_by` destinations, condemned by its round; and that moment.
pub(super) fn condemned(used_by: u32) -> (Arrows, LinkId, Time) {
    let mut arrows = settled(1, seats(1));
    let link = LinkId(0);
    arrows.handle(Input::Usage(link, used_by), at(1));
    // So that no successor to the same node mixes in.
    arrows.handle(Input::Unreachable(node(1)), at(1));
    let round = arrows.next_round();
    let outputs = live_until(&mut arrows, round);
    let last = said(&mut arrows);
    let all: Vec<_> = outputs.into_iter().chain(last).collect();
    assert!(all.contains(&Output::Shun(link)) && all.contains(&Output::Watch(link)));
    assert!(all.contains(&told(link, Frame::Drain)));
    assert_eq!(count(&arrows, State::Draining), 1);
    (arrows, link, round)
}

/// Keeps the other end alive and saying `word` every half second until `until`.
pub(super) fn keep(arrows: &mut Arrows, link: LinkId, word: Frame, until: Time) -> Vec<Output> {
    let mut all = said(arrows);
    while arrows.last < until {
        let next = (arrows.last + SECOND / 2).or_earlier(until);
        hear(arrows, link, word, next);
        all.extend(said(arrows));
    }
    all
}

/// A link that node 7 opened to us, up since second 1.
pub(super) fn accepted() -> (Arrows, LinkId) {
    let (mut arrows, link) = (newcomer(seats(1)), LinkId::theirs(0));
    arrows.handle(Input::Request(link, node(7)), at(1));
    arrows.handle(Input::Up(link, node(7)), at(1));
    said(&mut arrows);
    (arrows, link)
}

#[test]
fn an_arrow_in_use_is_closed_when_both_ends_have_left_it() {
    let (mut arrows, link, round) = condemned(3);
    let all = keep(&mut arrows, link, Frame::Left, round + 10 * SECOND);
    assert!(deaths(&all).is_empty(), "we still use it");

    arrows.handle(Input::Usage(link, 0), round + 10 * SECOND);
    assert_eq!(said(&mut arrows)[..2], [Output::Leave(link), told(link, Frame::Goodbye)]);
    hear(&mut arrows, link, Frame::GoodbyeAck, round + 11 * SECOND);
    let outputs = said(&mut arrows);
    assert_eq!(outputs[0], Output::Close(link));
    assert_eq!(deaths(&outputs), vec![Death::Drained]);
}

#[test]
fn payload_that_still_crosses_keeps_the_link() {
    let (mut arrows, link, round) = condemned(3);
    arrows.handle(Input::Usage(link, 0), round);
    let mut clock = round;
    for _ in 0..20 {
        clock = clock + SECOND / 5;
        arrows.handle(Input::Carried(link), clock);
        hear(&mut arrows, link, Frame::Left, clock);
    }
    assert!(!said(&mut arrows).contains(&Output::Leave(link)));
    let quiet = arrows.deadline().unwrap();
    assert!(matches!(quiet.why, Why::Quiet(_) | Why::Probe));
    let all = keep(&mut arrows, link, Frame::Left, clock + SECOND);
    assert!(all.contains(&Output::Leave(link)));
}

#[test]
fn an_arrow_nobody_leaves_is_closed_at_the_limit() {
    let (mut arrows, link, round) = condemned(3);
    let limit = round + 60 * MINUTE;
    assert_eq!(arrows.arrows().next().unwrap().until, Some(limit));
    let all = keep(&mut arrows, link, Frame::Draining(1), limit + SECOND);
    assert_eq!(deaths(&all), vec![Death::Overdue]);
    assert!(all.contains(&told(link, Frame::Farewell)));
}

#[test]
fn an_unused_arrow_closes_after_a_brief_agreement() {
    let (mut arrows, link, round) = condemned(0);
    let all = keep(&mut arrows, link, Frame::Left, round + 2 * SECOND);
    assert!(all.contains(&Output::Leave(link)));
    hear(&mut arrows, link, Frame::GoodbyeAck, round + 2 * SECOND);
    assert_eq!(deaths(&said(&mut arrows)), vec![Death::Condemned]);
}

#[test]
fn an_unused_arrow_closes_within_seconds_even_without_an_answer() {
    let (mut arrows, link, round) = condemned(0);
    let all = keep(&mut arrows, link, Frame::Echo(1), round + 5 * SECOND);
    assert_eq!(deaths(&all), vec![Death::Condemned]);
}

#[test]
fn an_arrow_that_only_the_other_end_uses_is_in_use() {
    let (mut arrows, link, round) = condemned(0);
    let all = keep(&mut arrows, link, Frame::Draining(2), round + 30 * SECOND);
    assert!(deaths(&all).is_empty());
    assert_eq!(arrows.arrows().next().unwrap().until, Some(round + 60 * MINUTE));

    let all = keep(&mut arrows, link, Frame::Left, round + 31 * SECOND);
    assert!(all.contains(&told(link, Frame::Goodbye)));
    hear(&mut arrows, link, Frame::GoodbyeAck, round + 31 * SECOND);
    assert_eq!(deaths(&said(&mut arrows)), vec![Death::Drained]);
}

#[test]
fn a_late_opening_is_no_pardon() {
    let (mut arrows, link, round) = condemned(3);
    arrows.handle(Input::Up(link, node(1)), round);
    assert_eq!(arrows.arrows().next().unwrap().state, State::Draining);
}

#[test]
fn an_old_left_does_not_count() {
    let (mut arrows, link, round) = condemned(1);
    hear(&mut arrows, link, Frame::Left, round);
    let later = round + 3 * SECOND;
    hear(&mut arrows, link, Frame::Probe(1), later);
    arrows.handle(Input::Usage(link, 0), later);
    assert!(!said(&mut arrows).contains(&Output::Leave(link)));
    hear(&mut arrows, link, Frame::Left, later);
    assert!(said(&mut arrows).contains(&Output::Leave(link)));
}

#[test]
fn what_is_not_answered_is_said_again_each_second() {
    let (mut arrows, link, round) = condemned(3);
    let words = |arrows: &mut Arrows, frame: Frame, from: u32| {
        let all = keep(arrows, link, Frame::Echo(1), round + (from + 3) * SECOND);
        all.iter().filter(|output| **output == told(link, frame)).count()
    };
    assert_eq!(words(&mut arrows, Frame::Drain, 0), 3);
    hear(&mut arrows, link, Frame::Draining(1), round + 3 * SECOND);
    assert_eq!(words(&mut arrows, Frame::Drain, 3), 0, "answered");

    hear(&mut arrows, link, Frame::Left, round + 6 * SECOND);
    arrows.handle(Input::Usage(link, 0), round + 6 * SECOND);
    assert!(words(&mut arrows, Frame::Goodbye, 6) >= 3);
}

#[test]
fn a_peer_that_dies_while_draining_does_not_hold_the_link() {
    let (mut arrows, link, round) = condemned(3);
    alone_until(&mut arrows, round + 5 * SECOND);
    let outputs = said(&mut arrows);
    assert!(outputs.contains(&Output::Close(link)));
    assert_eq!(deaths(&outputs)[0], Death::Lost);
}

#[test]
fn the_limit_of_a_configuration_is_bounded() {
    let mut settings = seats(1);
    settings.destruction.in_use = InUse::new(1_000 * 60 * MINUTE);
    settings.share = Share::percent(0);
    settings.period = Duration::MAX;
    let mut arrows = settled(1, settings);
    let round = arrows.next_round();
    assert!(round <= at(3_601));
    arrows.handle(Input::Usage(LinkId(0), 3), at(1));
    live_until(&mut arrows, round);
    let until = arrows.arrows().next().unwrap().until;
    assert_eq!(until, Some(round + InUse::LONGEST), "an arrow always dies");
}

#[test]
fn the_acceptor_shuns_too_and_says_how_it_stands() {
    let (mut arrows, link) = accepted();
    arrows.handle(Input::Usage(link, 4), at(1));
    hear(&mut arrows, link, Frame::Drain, at(1));
    let expected = vec![Output::Shun(link), Output::Watch(link), told(link, Frame::Draining(4))];
    assert_eq!(said(&mut arrows), expected);
    hear(&mut arrows, link, Frame::Drain, at(1));
    assert_eq!(said(&mut arrows), vec![told(link, Frame::Draining(4))], "once is enough");
}

#[test]
fn the_acceptor_closes_on_goodbye_only_if_it_has_left() {
    let (mut arrows, link) = accepted();
    arrows.handle(Input::Usage(link, 1), at(1));
    hear(&mut arrows, link, Frame::Drain, at(2));
    arrows.handle(Input::Usage(link, 0), at(2));
    hear(&mut arrows, link, Frame::Probe(1), at(4));
    assert!(said(&mut arrows).contains(&told(link, Frame::Left)));

    arrows.handle(Input::Usage(link, 1), at(4));
    assert!(said(&mut arrows).contains(&told(link, Frame::Draining(1))), "a route came back");
    hear(&mut arrows, link, Frame::Goodbye, at(4));
    assert_eq!(said(&mut arrows), vec![told(link, Frame::Draining(1))]);

    arrows.handle(Input::Usage(link, 0), at(5));
    hear(&mut arrows, link, Frame::Goodbye, at(5));
    let outputs = said(&mut arrows);
    let close = [told(link, Frame::GoodbyeAck), Output::Close(link)];
    assert!(outputs.windows(2).any(|pair| pair == close), "{outputs:?}");
    assert_eq!(deaths(&outputs), vec![Death::Drained]);
}

#[test]
fn the_acceptor_never_condemns_and_closes_at_the_owners_farewell() {
    let (mut arrows, link) = accepted();
    arrows.handle(Input::Usage(link, 1), at(1));
    let all = keep(&mut arrows, link, Frame::Probe(1), at(4_000));
    assert!(!all.contains(&Output::Shun(link)));
    hear(&mut arrows, link, Frame::Drain, at(4_000));
    hear(&mut arrows, link, Frame::Farewell, at(4_000));
    assert_eq!(deaths(&said(&mut arrows)), vec![Death::Overdue]);
}

#[test]
fn the_owner_hears_how_much_the_other_end_uses_its_arrow() {
    let (mut arrows, link) = accepted();
    let ask = |arrows: &mut Arrows, used_by: u32, second: u64| {
        arrows.handle(Input::Usage(link, used_by), at(second));
        said(arrows);
        hear(arrows, link, Frame::Probe(second), at(second));
        let mut words = said(arrows);
        words.retain(|it| matches!(it, Output::Send(..)));
        assert_eq!(words.remove(0), told(link, Frame::Echo(second)));
        words
    };
    assert_eq!(ask(&mut arrows, 0, 2), []);
    assert_eq!(ask(&mut arrows, 80, 3), [told(link, Frame::Uses(80))]);
    assert_eq!(ask(&mut arrows, 85, 4), [], "about the same");
    assert_eq!(ask(&mut arrows, 80, 63), [told(link, Frame::Uses(80))], "the word may be lost");
    assert_eq!(ask(&mut arrows, 80, 64), []);
    assert_eq!(ask(&mut arrows, 0, 65), [told(link, Frame::Uses(0))]);
}

#[test]
fn an_arrow_is_in_use_before_its_drain_if_the_other_end_uses_it() {
    for (uses, patient) in [(0, false), (7, true)] {
        let mut arrows = settled(1, seats(1));
        let link = LinkId(0);
        hear(&mut arrows, link, Frame::Uses(uses), at(1));
        let round = arrows.next_round();
        live_until(&mut arrows, round);
        said(&mut arrows);
        let until = arrows.arrows().find(|view| view.link == link).unwrap().until.unwrap();
        assert_eq!(until > round + MINUTE, patient, "{uses}");
    }
}

#[test]
fn what_the_other_end_says_of_its_use_counts_no_more_than_there_are_nodes() {
    let mut arrows = settled(3, seats(3));
    hear(&mut arrows, LinkId(0), Frame::Uses(u32::MAX), at(1));
    arrows.handle(Input::Usage(LinkId(1), 4), at(1));
    let uses: Vec<_> = arrows.standing().iter().map(|one| one.used_by).collect();
    assert_eq!(uses, [3, 4, 0]);
}

#[test]
fn a_node_that_other_arrows_of_ours_draw_is_left_as_a_round_would_and_not_drawn_again() {
    let mut arrows = settled(3, seats(2));
    let ours: Vec<_> = arrows.arrows().map(|view| (view.link, view.node)).collect();
    let [(link, yielded), _] = ours[..] else { panic!("two arrows: {ours:?}") };
    arrows.handle(Input::Usage(link, 1), at(1));
    arrows.handle(Input::Yield(yielded), at(1));
    let outputs = live_until(&mut arrows, at(20));
    assert!(outputs.contains(&Output::Shun(link)) && outputs.contains(&told(link, Frame::Drain)));
    assert!(deaths(&outputs).is_empty(), "routing uses it");
    let drawn: Vec<_> = sought(&outputs).into_iter().map(|(_, node)| node).collect();
    assert_eq!(drawn.len(), 1, "its seat is free");
    assert_ne!(drawn[0], yielded);
}

#[test]
fn an_arrow_that_is_not_up_yet_is_given_up_where_others_of_ours_draw() {
    let mut arrows = newcomer(seats(1));
    arrows.handle(Input::Reachable(node(7)), Time::ZERO);
    arrows.handle(Input::Wake, at(1));
    arrows.handle(Input::Found(LinkId(0), Carriers::of(UDP)), at(1));
    said(&mut arrows);
    arrows.handle(Input::Yield(node(7)), at(1));
    let outputs = live_until(&mut arrows, at(20));
    assert_eq!((deaths(&outputs), sought(&outputs)), (vec![Death::Surplus], vec![]));
}

#[test]
fn beside_a_link_that_drains_its_owner_may_open_another() {
    let (mut arrows, link) = accepted();
    let second = LinkId::theirs(1);
    arrows.handle(Input::Request(second, node(7)), at(2));
    assert!(said(&mut arrows).contains(&Output::Refuse(second, Refusal::Linked)));
    hear(&mut arrows, link, Frame::Drain, at(3));
    let third = LinkId::theirs(2);
    arrows.handle(Input::Request(third, node(7)), at(3));
    assert!(said(&mut arrows).contains(&Output::Accept(third)));
}
