//! Stories of two or more carriers, told under virtual time.

mod beckon;
mod hostile;
mod renewal;
mod stage;

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use words::LinkId;

use super::*;
use stage::{Body, Policy, SECOND, Stage};

const LINK: LinkId = LinkId::ours(0);
const THEIRS: LinkId = LinkId::theirs(0);

#[test]
fn a_link_comes_up_at_both_ends_with_the_same_keys() {
    let mut stage = Stage::new(2);
    stage.open(0, LINK, 1);
    stage.run(SECOND);
    let up = Output::Up { link: LINK, introduction: b"node 1".to_vec() };
    assert_eq!(stage.said[0].last(), Some(&up));
    let up = Output::Up { link: THEIRS, introduction: vec![] };
    assert_eq!(stage.said[1].last(), Some(&up));

    let (ours, theirs) = (stage.keys(0, LINK), stage.keys(1, THEIRS));
    assert_eq!((ours.local, ours.remote), (theirs.remote, theirs.local));
    assert_eq!((ours.send, ours.receive), (theirs.receive, theirs.send));
    assert_eq!((ours.mask_out, ours.mask_in), (theirs.mask_in, theirs.mask_out));
    assert_eq!(theirs.mask_in, mask_key(&stage.nodes[1].public()));
    assert!(ours.initiator && !theirs.initiator && ours.aes && theirs.aes);
    assert_ne!(ours.send, ours.receive);
}

#[test]
fn who_answers_has_the_keys_before_the_answer_goes() {
    let mut stage = Stage::new(2);
    stage.policy = Policy::Silence;
    stage.open(0, LINK, 1);
    stage.run(SECOND / 10);
    let now = stage.now;
    stage.nodes[1].handle(Input::Accept(THEIRS), now);
    assert!(matches!(stage.nodes[1].poll(), Some(Output::Install { .. })));
    assert!(matches!(stage.nodes[1].poll(), Some(Output::Transmit { .. })));
}

#[test]
fn the_node_is_asked_with_the_key_and_the_introduction() {
    let mut stage = Stage::new(2);
    stage.open(0, LINK, 1);
    stage.run(SECOND);
    let request = Output::Request {
        link: THEIRS,
        from: stage::address(0),
        key: stage.nodes[0].public(),
        introduction: b"node 0".to_vec(),
    };
    assert_eq!(stage.said[1].first(), Some(&request));
}

#[test]
fn aes_is_used_only_if_both_have_it() {
    for (ours, theirs) in [(true, false), (false, true), (false, false)] {
        let mut stage = Stage::of(vec![
            Settings { aes: ours, ..Settings::default() },
            Settings { aes: theirs, ..Settings::default() },
        ]);
        stage.open(0, LINK, 1);
        stage.run(SECOND);
        assert!(!stage.keys(0, LINK).aes && !stage.keys(1, THEIRS).aes);
    }
}

#[test]
fn a_lost_initiation_is_sent_again_within_two_seconds() {
    let mut stage = Stage::new(2);
    let mut first = true;
    stage.fate = alloc::boxed::Box::new(move |_| {
        let lost = core::mem::take(&mut first);
        if lost { vec![] } else { vec![stage::DELAY] }
    });
    stage.open(0, LINK, 1);
    stage.run(2 * SECOND);
    assert!(stage.is_up(0, LINK) && stage.is_up(1, THEIRS));
}

#[test]
fn a_lost_response_is_sent_again_and_the_node_is_asked_once() {
    let mut stage = Stage::new(2);
    let mut losses = 3;
    stage.fate = alloc::boxed::Box::new(move |packet| {
        if packet.from == stage::address(1) && losses > 0 {
            losses -= 1;
            return vec![];
        }
        vec![stage::DELAY]
    });
    stage.open(0, LINK, 1);
    stage.run(5 * SECOND);
    assert!(stage.is_up(0, LINK) && stage.is_up(1, THEIRS));
    assert_eq!(stage.requests(1), 1);
    assert_eq!(stage.nodes[1].counters().of(Reason::Repeated), 3);
}

#[test]
fn a_path_slower_than_the_retry_still_works() {
    let mut stage = Stage::new(2);
    stage.fate = alloc::boxed::Box::new(|_| vec![2 * SECOND]);
    stage.open(0, LINK, 1);
    stage.run(9 * SECOND);
    assert!(stage.is_up(0, LINK) && stage.is_up(1, THEIRS));
    assert_eq!(stage.requests(1), 1);
}

#[test]
fn loss_duplicates_and_disorder_make_one_link_and_no_other() {
    for seed in 0..6 {
        let mut stage = Stage::new(2);
        let mut dice = words::Dice::of([seed; 32], "network");
        stage.fate = alloc::boxed::Box::new(move |_| {
            (0..dice.below(4)).map(|_| dice.within(3 * SECOND)).collect()
        });
        stage.open(0, LINK, 1);
        stage.run(30 * SECOND);
        // Either both ends agree that it works, or none believes it does.
        let (ours, theirs) = (stage.is_up(0, LINK), stage.is_up(1, THEIRS));
        let ghosts = stage.downs(1).len();
        assert!(!theirs || ours, "seed {seed}");
        assert!(!ours || theirs || ghosts == 1, "seed {seed}");
        assert!(stage.requests(1) <= 1, "seed {seed}");
        for node in 0..2 {
            assert!(stage.ups(node) <= 1, "seed {seed}");
        }
    }
}

#[test]
fn endpoints_are_tried_in_turn() {
    let mut stage = Stage::new(2);
    let nowhere = "[2001:db8::dead]:1".parse().unwrap();
    let peer = stage.nodes[1].public();
    let endpoints = [nowhere, stage::address(1)];
    stage.tell(0, Input::Open { link: LINK, peer, endpoints: &endpoints, introduction: &[] });
    stage.run(2 * SECOND);
    assert!(stage.is_up(0, LINK) && stage.is_up(1, THEIRS));
}

#[test]
fn a_node_that_does_not_answer_is_given_up_after_ten_seconds() {
    let mut stage = Stage::new(2);
    stage.fate = alloc::boxed::Box::new(|_| vec![]);
    stage.open(0, LINK, 1);
    stage.run(Duration::from_millis(9_900));
    assert!(stage.downs(0).is_empty());
    stage.run(Duration::from_millis(200));
    assert_eq!(stage.downs(0), [(LINK, Why::Silent)]);
    assert!((7..=10).contains(&stage.sent[0].len()), "{} initiations", stage.sent[0].len());
}

#[test]
fn a_node_without_an_address_or_with_an_impossible_key_is_given_up_at_once() {
    let mut stage = Stage::new(2);
    let peer = stage.nodes[1].public();
    stage.tell(0, Input::Open { link: LINK, peer, endpoints: &[], introduction: &[] });
    let other = LinkId::ours(1);
    let endpoints = [stage::address(1)];
    stage.tell(
        0,
        Input::Open { link: other, peer: [0; 32], endpoints: &endpoints, introduction: &[] },
    );
    assert_eq!(stage.downs(0), [(LINK, Why::Unreachable), (other, Why::Unreachable)]);
}

#[test]
fn a_refusal_is_told_with_its_number_and_makes_no_session() {
    let mut stage = Stage::new(2);
    stage.policy = Policy::Refuse(42);
    stage.open(0, LINK, 1);
    stage.run(20 * SECOND);
    assert!(stage.said[0].contains(&Output::Refused(LINK, 42)));
    assert!(stage.plane[0].is_empty() && stage.plane[1].is_empty());
    assert!(stage.downs(0).is_empty() && stage.downs(1).is_empty());
}

#[test]
fn a_refusal_that_got_lost_is_said_again() {
    let mut stage = Stage::new(2);
    stage.policy = Policy::Refuse(1);
    let mut losses = 1;
    stage.fate = alloc::boxed::Box::new(move |packet| {
        let lost = packet.from == stage::address(1) && losses > 0;
        losses -= i32::from(lost);
        if lost { vec![] } else { vec![stage::DELAY] }
    });
    stage.open(0, LINK, 1);
    stage.run(3 * SECOND);
    assert!(stage.said[0].contains(&Output::Refused(LINK, 1)));
    assert_eq!(stage.requests(1), 1);
}

#[test]
fn a_request_nobody_answers_is_forgotten_and_a_late_yes_is_too_late() {
    let mut stage = Stage::new(2);
    stage.policy = Policy::Silence;
    stage.open(0, LINK, 1);
    stage.run(6 * SECOND);
    assert_eq!(stage.nodes[1].counters().of(Reason::Unanswered), 1);
    stage.tell(1, Input::Accept(THEIRS));
    assert_eq!(stage.downs(1), [(THEIRS, Why::TooLate)]);
}

#[test]
fn a_slow_yes_is_in_time() {
    let mut stage = Stage::new(2);
    stage.policy = Policy::Silence;
    stage.open(0, LINK, 1);
    stage.run(4 * SECOND);
    stage.tell(1, Input::Accept(THEIRS));
    stage.run(SECOND);
    assert!(stage.is_up(0, LINK) && stage.is_up(1, THEIRS));
}

#[test]
fn an_initiator_that_is_never_heard_leaves_no_link() {
    let mut stage = Stage::new(2);
    stage.fate = alloc::boxed::Box::new(|packet| match packet.body {
        Body::Hello(_) => vec![stage::DELAY],
        Body::Frame(_) => vec![],
    });
    stage.open(0, LINK, 1);
    stage.run(11 * SECOND);
    assert_eq!(stage.downs(1), [(THEIRS, Why::Unconfirmed)]);
    assert_eq!(stage.ups(1), 0);
    assert!(stage.plane[1].is_empty());
}

#[test]
fn two_nodes_that_call_each_other_have_two_links() {
    let mut stage = Stage::new(2);
    stage.open(0, LINK, 1);
    stage.open(1, LINK, 0);
    stage.run(SECOND);
    for node in 0..2 {
        assert!(stage.is_up(node, LINK) && stage.is_up(node, THEIRS));
        assert_eq!(stage.plane[node].len(), 2);
    }
}

#[test]
fn a_closed_link_still_receives_for_five_seconds() {
    let mut stage = Stage::new(2);
    stage.open(0, LINK, 1);
    stage.run(SECOND);
    let session = stage.keys(0, LINK).local;
    stage.tell(0, Input::Close(LINK));
    stage.run(Duration::from_millis(4_900));
    assert!(stage.plane[0].contains_key(&session));
    stage.run(Duration::from_millis(200));
    assert!(!stage.plane[0].contains_key(&session));
    assert!(stage.downs(0).is_empty() && stage.nodes[0].deadline().is_none());
}

#[test]
fn an_answer_is_not_said_again_once_its_link_is_closed() {
    let mut stage = Stage::new(2);
    stage.fate = alloc::boxed::Box::new(|packet| {
        if packet.from == stage::address(1) { vec![] } else { vec![stage::DELAY] }
    });
    stage.open(0, LINK, 1);
    stage.run(SECOND / 2);
    stage.tell(1, Input::Close(THEIRS));
    stage.fate = alloc::boxed::Box::new(|_| vec![stage::DELAY]);
    stage.run(11 * SECOND);
    assert_eq!(stage.downs(0), [(LINK, Why::Silent)]);
    assert!(stage.plane[1].is_empty());
}

#[test]
fn a_call_that_is_closed_calls_no_more() {
    let mut stage = Stage::new(2);
    stage.fate = alloc::boxed::Box::new(|_| vec![]);
    stage.open(0, LINK, 1);
    stage.tell(0, Input::Close(LINK));
    stage.run(30 * SECOND);
    assert_eq!(stage.sent[0].len(), 1);
    assert!(stage.downs(0).is_empty());
}

#[test]
fn an_introduction_too_long_is_not_taken() {
    let mut stage = Stage::new(2);
    let got = LONGEST_INTRODUCTION + 1;
    stage.tell(0, Input::Introduction(vec![1; got]));
    let said = Output::Event(Event::IntroductionTooLong { got });
    assert_eq!(stage.said[0].last(), Some(&said));
    for node in 0..2 {
        stage.tell(node, Input::Introduction(vec![1; got - 1]));
    }
    stage.open(0, LINK, 1);
    stage.run(SECOND);
    assert!(stage.is_up(0, LINK) && stage.is_up(1, THEIRS));
    assert!(stage.sent.iter().flatten().all(|bytes| bytes.len() <= LONGEST));
}

#[test]
fn every_octet_on_the_wire_varies() {
    let mut stage = Stage::new(2);
    stage.fate = alloc::boxed::Box::new(|_| vec![]);
    for link in 0..4 {
        stage.open(0, LinkId::ours(link), 1);
    }
    stage.run(11 * SECOND);
    let sent = &stage.sent[0];
    assert!(sent.len() >= 28);
    for place in 0..64 {
        let values: BTreeSet<_> = sent.iter().map(|bytes| bytes[place]).collect();
        assert!(values.len() > sent.len() / 2, "octet {place} has {} values", values.len());
    }
    let lengths: BTreeSet<_> = sent.iter().map(Vec::len).collect();
    assert!(lengths.len() > sent.len() / 2, "{lengths:?}");
}

#[test]
fn the_same_seed_says_the_same_octets() {
    let run = || {
        let mut stage = Stage::new(2);
        stage.open(0, LINK, 1);
        stage.run(130 * SECOND);
        (stage.sent, stage.said)
    };
    assert_eq!(run(), run());
}
