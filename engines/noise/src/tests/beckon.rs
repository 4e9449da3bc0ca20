//! Nodes that nobody can dial first, and nodes that see others elsewhere.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::rc::Rc;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::net::SocketAddr;
use core::time::Duration;

use words::Engine;

use super::stage::{DELAY, SECOND, Stage, address};
use super::{LINK, THEIRS};
use crate::{BECKONED, Event, Input, Output, Reason};

/// Nodes of these numbers hear only from where they sent something before.
fn behind_filters(stage: &mut Stage, filtered: &[usize]) {
    let filtered: Vec<SocketAddr> = filtered.iter().map(|n| address(*n)).collect();
    let mut sent = BTreeSet::new();
    stage.fate = Box::new(move |packet| {
        sent.insert((packet.from, packet.to));
        let passes = !filtered.contains(&packet.to) || sent.contains(&(packet.to, packet.from));
        if passes { vec![DELAY] } else { vec![] }
    });
}

/// Returns the tokens with which node `n` had others asked to beckon.
fn unanswered(stage: &Stage, n: usize) -> Vec<u32> {
    let tokens = stage.said[n].iter().filter_map(|said| {
        let Output::Unanswered { link: LINK, token } = said else { return None };
        Some(*token)
    });
    tokens.collect()
}

/// Node 1 beckons to node 0, as the mesh has told it to.
fn beckon(stage: &mut Stage) {
    let token = *unanswered(stage, 0).last().expect("a dial without an answer");
    let peer = stage.nodes[0].public();
    stage.tell(1, Input::Beckon { peer, token, endpoints: &[address(0)] });
}

#[test]
fn a_dial_without_an_answer_asks_for_a_beckon_after_a_second_and_three_times_at_most() {
    let mut stage = Stage::new(2);
    behind_filters(&mut stage, &[1]);
    stage.open(0, LINK, 1);
    stage.run(Duration::from_millis(999));
    assert!(unanswered(&stage, 0).is_empty());
    stage.run(SECOND);
    let [token] = unanswered(&stage, 0)[..] else { panic!() };
    stage.run(9 * SECOND);
    assert_eq!(unanswered(&stage, 0), [token; 3]);
}

#[test]
fn an_answered_dial_asks_for_nothing() {
    let mut stage = Stage::new(2);
    stage.open(0, LINK, 1);
    stage.run(100 * SECOND);
    assert!(unanswered(&stage, 0).is_empty());
}

#[test]
fn a_beckon_lets_a_dial_in_whoever_of_the_two_is_behind_a_filter() {
    for filtered in [&[1][..], &[0, 1]] {
        let mut stage = Stage::new(2);
        behind_filters(&mut stage, filtered);
        stage.open(0, LINK, 1);
        stage.run(1400 * SECOND / 1000);
        assert!(!stage.is_up(0, LINK));
        beckon(&mut stage);
        stage.run(SECOND / 2);
        assert!(stage.is_up(0, LINK) && stage.is_up(1, THEIRS), "{filtered:?}");
    }
}

#[test]
fn a_beckon_that_comes_from_elsewhere_leads_the_dial_there() {
    let mut stage = Stage::new(2);
    let dialled = Rc::new(RefCell::new(Vec::new()));
    let note = Rc::clone(&dialled);
    stage.fate = Box::new(move |packet| {
        note.borrow_mut().push(packet.to);
        vec![]
    });
    stage.open(0, LINK, 1);
    stage.run(1400 * SECOND / 1000);
    beckon(&mut stage);
    let bytes = stage.sent[1].last().unwrap().clone();
    assert_eq!(dialled.borrow().last(), Some(&address(0)));
    stage.tell(0, Input::Datagram { from: address(7), bytes: &bytes });
    assert_eq!(dialled.borrow().last(), Some(&address(7)));
    assert_eq!(stage.said[0].last(), Some(&Output::Event(Event::Beckoned(LINK))));
}

#[test]
fn beckons_are_few_and_go_to_few_places() {
    let mut stage = Stage::new(2);
    stage.fate = Box::new(|_| vec![]);
    let endpoints: Vec<_> = (2..10).map(address).collect();
    let peer = stage.nodes[0].public();
    stage.tell(1, Input::Beckon { peer, token: 7, endpoints: &endpoints });
    stage.run(20 * SECOND);
    assert_eq!(stage.sent[1].len(), 3 * BECKONED);
    assert!(stage.nodes[1].deadline().is_none());

    let nobody = ["127.0.0.1:1".parse().unwrap(), "224.0.0.1:9".parse().unwrap()];
    stage.tell(1, Input::Beckon { peer, token: 7, endpoints: &nobody });
    stage.run(20 * SECOND);
    assert_eq!(stage.sent[1].len(), 3 * BECKONED);

    for _ in 0..100 {
        stage.tell(1, Input::Beckon { peer, token: 7, endpoints: &[address(0)] });
    }
    assert_eq!(stage.nodes[1].counters().of(Reason::Crowded), 68);
}

#[test]
fn a_beckon_that_no_dial_waits_for_is_nothing_and_many_make_no_flood() {
    let mut stage = Stage::new(2);
    stage.fate = Box::new(|_| vec![]);
    stage.open(0, LINK, 1);
    stage.run(1400 * SECOND / 1000);
    let sent = stage.sent[0].len();
    beckon(&mut stage);
    let bytes = stage.sent[1].last().unwrap().clone();
    for n in 0..20 {
        stage.tell(0, Input::Datagram { from: address(10 + n), bytes: &bytes });
    }
    assert_eq!(stage.sent[0].len() - sent, 4);
    stage.tell(0, Input::Close(LINK));
    stage.tell(0, Input::Datagram { from: address(7), bytes: &bytes });
    assert_eq!(stage.sent[0].len() - sent, 4);
    assert_eq!(stage.nodes[0].counters().of(Reason::Unexpected), 17);
}

#[test]
fn a_node_that_says_anew_where_it_is_is_dialled_there_at_once() {
    let mut stage = Stage::new(2);
    let peer = stage.nodes[1].public();
    let elsewhere = address(9);
    stage.tell(0, Input::Open { link: LINK, peer, endpoints: &[elsewhere], introduction: &[] });
    stage.run(SECOND / 2);
    stage.tell(0, Input::Endpoints { link: LINK, endpoints: &[address(1)] });
    stage.run(SECOND / 4);
    assert!(stage.is_up(0, LINK) && stage.is_up(1, THEIRS));
}

#[test]
fn both_families_have_their_turn_within_half_a_second() {
    let mut stage = Stage::new(2);
    let peer = stage.nodes[1].public();
    let nowhere = |n| SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, n], 1));
    let endpoints = [nowhere(1), nowhere(2), nowhere(3), address(1)];
    stage.tell(0, Input::Open { link: LINK, peer, endpoints: &endpoints, introduction: &[] });
    stage.run(SECOND / 2);
    assert!(stage.is_up(0, LINK) && stage.is_up(1, THEIRS));
}

#[test]
fn who_answers_says_where_it_sees_us_also_when_keys_are_renewed() {
    let mut stage = Stage::new(2);
    stage.open(0, LINK, 1);
    stage.run(135 * SECOND);
    let seen = Output::Observed { link: LINK, at: address(0) };
    assert_eq!(stage.said[0].iter().filter(|said| **said == seen).count(), 2);
    assert!(!stage.said[1].iter().any(|said| matches!(said, Output::Observed { .. })));
}

#[test]
fn who_roamed_asks_for_new_keys_of_its_own_links_at_once() {
    let mut stage = Stage::new(2);
    stage.open(0, LINK, 1);
    stage.run(SECOND);
    for node in 0..2 {
        stage.tell(node, Input::Roamed);
        stage.tell(node, Input::Roamed);
    }
    stage.run(SECOND);
    let seen = Output::Observed { link: LINK, at: address(0) };
    assert_eq!(stage.said[0].iter().filter(|said| **said == seen).count(), 2);
    assert!(stage.is_up(0, LINK) && stage.downs(0).is_empty() && stage.downs(1).is_empty());
}
