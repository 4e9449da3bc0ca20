//! Stories of ends that lie: what they do is bounded, said by name, and survived.

use alloc::collections::BTreeMap;

use super::draining::{accepted, condemned, keep};
use super::*;

fn garbled(said: &[Output]) -> Vec<Malformed> {
    let garbled = |event| {
        let Event::Garbled { of, .. } = event else { return None };
        Some(of)
    };
    events(said).into_iter().filter_map(garbled).collect()
}

fn holdouts(said: &[Output]) -> Vec<Holdout> {
    let by = |event| {
        let Event::Overstayed { by, .. } = event else { return None };
        Some(by)
    };
    events(said).into_iter().filter_map(by).collect()
}

#[test]
fn who_agrees_to_a_drain_and_never_leaves_is_cut_at_the_limit_and_named() {
    let (mut arrows, link, round) = condemned(3);
    arrows.handle(Input::Usage(link, 0), round);
    let all = keep(&mut arrows, link, Frame::Draining(7), round + 59 * MINUTE);
    assert!(deaths(&all).is_empty());
    let all = keep(&mut arrows, link, Frame::Draining(7), round + 60 * MINUTE);
    assert_eq!((deaths(&all), holdouts(&all)), (vec![Death::Overdue], vec![Holdout::NeverLeft]));
    let last = [told(link, Frame::Farewell), Output::Close(link)];
    assert!(all.contains(&last[0]) && all.contains(&last[1]), "{all:?}");
}

#[test]
fn who_never_says_that_it_knows_of_a_drain_is_cut_at_the_limit_and_named() {
    let (mut arrows, link, round) = condemned(3);
    arrows.handle(Input::Usage(link, 0), round);
    let all = keep(&mut arrows, link, Frame::Echo(1), round + 60 * MINUTE);
    assert_eq!((deaths(&all), holdouts(&all)), (vec![Death::Overdue], vec![Holdout::Unaware]));
}

#[test]
fn who_says_it_left_and_goes_on_sending_is_cut_at_the_limit_and_named() {
    let (mut arrows, link, round) = condemned(3);
    arrows.handle(Input::Usage(link, 0), round);
    let (mut all, mut clock) = (said(&mut arrows), round);
    while deaths(&all).is_empty() {
        clock = clock + SECOND / 2;
        assert!(clock <= round + 60 * MINUTE);
        arrows.handle(Input::Carried(link), clock);
        hear(&mut arrows, link, Frame::Left, clock);
        all.extend(said(&mut arrows));
    }
    assert_eq!((deaths(&all), holdouts(&all)), (vec![Death::Overdue], vec![Holdout::KeptSending]));
    assert!(!all.contains(&Output::Leave(link)), "routing was never told that all had left");
}

#[test]
fn who_never_answers_a_goodbye_is_cut_at_the_limit_and_named() {
    let (mut arrows, link, round) = condemned(3);
    arrows.handle(Input::Usage(link, 0), round);
    let all = keep(&mut arrows, link, Frame::Left, round + 60 * MINUTE);
    assert_eq!((deaths(&all), holdouts(&all)), (vec![Death::Drained], vec![Holdout::NoAnswer]));
}

#[test]
fn that_we_ourselves_overstay_is_said_as_well() {
    let (mut arrows, link, round) = condemned(3);
    let all = keep(&mut arrows, link, Frame::Left, round + 60 * MINUTE);
    assert_eq!((deaths(&all), holdouts(&all)), (vec![Death::Overdue], vec![Holdout::Ourselves]));
}

#[test]
fn an_owner_that_condemns_and_never_closes_is_cut_a_minute_after_the_longest_limit() {
    let (mut arrows, link) = accepted();
    arrows.handle(Input::Usage(link, 2), at(1));
    hear(&mut arrows, link, Frame::Drain, at(1));
    let all = keep(&mut arrows, link, Frame::Drain, at(1) + 60 * MINUTE + 59 * SECOND);
    assert!(deaths(&all).is_empty(), "the owner has its hour");
    let all = keep(&mut arrows, link, Frame::Drain, at(1) + 61 * MINUTE);
    assert_eq!((deaths(&all), holdouts(&all)), (vec![Death::Overdue], vec![Holdout::NeverClosed]));
    assert!(all.contains(&told(link, Frame::Farewell)));
}

#[test]
fn nobody_drains_or_ends_a_link_it_does_not_own() {
    let mut arrows = settled(3, seats(3));
    let before: Vec<_> = arrows.arrows().collect();
    for word in [Frame::Drain, Frame::Goodbye] {
        hear(&mut arrows, LinkId(1), word, at(1));
        let misplaced = Malformed::Misplaced(word.kind());
        assert_eq!(garbled(&said(&mut arrows)), vec![misplaced]);
    }
    assert_eq!(arrows.arrows().collect::<Vec<_>>(), before);

    let (mut arrows, link) = accepted();
    let before: Vec<_> = arrows.arrows().collect();
    for word in [Frame::Draining(0), Frame::Left, Frame::GoodbyeAck] {
        hear(&mut arrows, link, word, at(1));
        let misplaced = Malformed::Misplaced(word.kind());
        assert_eq!(garbled(&said(&mut arrows)), vec![misplaced]);
    }
    assert_eq!(arrows.arrows().collect::<Vec<_>>(), before);
}

#[test]
fn an_answer_to_what_was_never_said_changes_nothing_and_is_counted() {
    let mut arrows = settled(3, seats(3));
    let before: Vec<_> = arrows.arrows().collect();
    for word in [Frame::Draining(5), Frame::Left, Frame::GoodbyeAck] {
        hear(&mut arrows, LinkId(1), word, at(1));
        let untimely = Malformed::Untimely(word.kind());
        assert_eq!(garbled(&said(&mut arrows)), vec![untimely]);
    }
    assert_eq!(arrows.arrows().collect::<Vec<_>>(), before);

    let (mut arrows, link, round) = condemned(3);
    hear(&mut arrows, link, Frame::GoodbyeAck, round);
    let outputs = said(&mut arrows);
    assert_eq!(garbled(&outputs), vec![Malformed::Untimely(Frame::GoodbyeAck.kind())]);
    assert!(deaths(&outputs).is_empty(), "we said no goodbye");
}

#[test]
fn whatever_is_said_by_one_link_no_other_hears_it() {
    let mut arrows = settled(3, seats(3));
    let link = LinkId::theirs(0);
    arrows.handle(Input::Request(link, node(9)), at(1));
    arrows.handle(Input::Up(link, node(9)), at(1));
    said(&mut arrows);
    let ours = |arrows: &Arrows| arrows.arrows().filter(|view| view.ours).collect::<Vec<_>>();
    let before = ours(&arrows);
    for word in [Frame::Drain, Frame::Left, Frame::Goodbye, Frame::GoodbyeAck, Frame::Farewell] {
        hear(&mut arrows, link, word, at(1));
        hear(&mut arrows, LinkId(77), word, at(1));
        hear(&mut arrows, LinkId::theirs(77), word, at(1));
    }
    assert_eq!(ours(&arrows), before);
    let of_others = said(&mut arrows).into_iter().filter(|output| {
        matches!(output, Output::Send(to, _) | Output::Close(to) | Output::Shun(to) if *to != link)
    });
    assert_eq!(of_others.collect::<Vec<_>>(), vec![]);
}

#[test]
fn a_flood_of_words_is_answered_in_part_and_the_link_lives() {
    let mut arrows = settled(3, seats(3));
    let link = LinkId(1);
    for n in 0..10_000 {
        let clock = at(1) + Duration::from_micros(100 * n);
        hear(&mut arrows, link, Frame::Probe(n), clock);
    }
    let outputs = said(&mut arrows);
    let echoes = outputs.iter().filter(|it| matches!(it, Output::Send(..))).count();
    assert!((500..800).contains(&echoes), "{echoes} of 10 000 in a second");
    let floods = garbled(&outputs).iter().filter(|of| **of == Malformed::Flood).count();
    assert!(floods > 9_200, "{floods}");
    assert!(deaths(&outputs).is_empty());
    hear(&mut arrows, link, Frame::Probe(1), at(3));
    assert!(said(&mut arrows).contains(&told(link, Frame::Echo(1))), "a second later");
}

#[test]
fn a_node_that_dials_without_end_is_refused_at_once_and_bound_to_one_link() {
    let mut arrows = newcomer(seats(10));
    let mut refusals = BTreeMap::<_, u32>::new();
    for n in 0..10_000 {
        let clock = at(1) + Duration::from_micros(100 * u64::from(n));
        let link = LinkId::theirs(n);
        arrows.handle(Input::Request(link, node(7)), clock);
        for output in said(&mut arrows) {
            if let Output::Accept(link) = output {
                arrows.handle(Input::Up(link, node(7)), clock);
            }
            if let Output::Refuse(refused, of) = output {
                assert_eq!(refused, link, "each is answered at once");
                *refusals.entry(of).or_default() += 1;
            }
        }
        assert!(arrows.arrows().count() <= 1);
    }
    assert_eq!(refusals.keys().copied().collect::<Vec<_>>(), [Refusal::Linked, Refusal::Often]);
    assert!(refusals[&Refusal::Often] > 9_980, "{refusals:?}");
}

/// It makes links and drops them: each time a handshake, keys and a link that dies.
#[test]
fn a_node_that_dials_and_drops_is_let_in_twice_a_second_at_most() {
    let mut arrows = newcomer(seats(10));
    let mut accepted = 0;
    for n in 0..10_000 {
        let clock = at(1) + Duration::from_millis(u64::from(n));
        let link = LinkId::theirs(n);
        arrows.handle(Input::Request(link, node(7)), clock);
        accepted += said(&mut arrows).iter().filter(|it| matches!(it, Output::Accept(_))).count();
        arrows.handle(Input::Down(link), clock);
    }
    assert!((10..=30).contains(&accepted), "{accepted} in ten seconds");
}

#[test]
fn ten_thousand_nodes_that_dial_at_once_get_the_seats_there_are_and_a_word() {
    let mut arrows = settled(10, seats(10));
    let (mut accepted, mut full) = (0, 0);
    for n in 0..10_000_u32 {
        arrows.handle(Input::Request(LinkId::theirs(n), node(1_000 + u128::from(n))), at(2));
        for output in said(&mut arrows) {
            accepted += u32::from(matches!(output, Output::Accept(_)));
            full += u32::from(matches!(output, Output::Refuse(_, Refusal::Full | Refusal::Often)));
        }
    }
    assert_eq!((accepted, full), (20, 9_980));
    assert_eq!(arrows.arrows().count(), 10 + 20);
    assert_eq!(count(&arrows, State::Live), 10, "none of ours is touched");
}
