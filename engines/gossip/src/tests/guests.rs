//! Nodes that named an exit, at both ends.

use core::time::Duration;

use words::{Engine, LinkId, Time};

use super::net::*;
use crate::frame::Remote;
use crate::guests::GUESTS;
use crate::{Gossip, Input, Output};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn an_exit_is_told_that_it_is_named_again_and_again() {
    let mut node = node(0);
    node.handle(Input::Myself(myself(0)), Time::ZERO);
    node.handle(Input::LinkUp(LinkId::ours(0), name(1)), Time::ZERO);
    node.handle(Input::Host(Some(name(3))), Time::ZERO);
    let word = Output::Overlay(name(3), Remote::Out(&myself(0)).encode());
    let mut told = 0;
    for second in 0..60 {
        node.handle(Input::Wake, Time::ZERO + second * SECOND);
        told += said(&mut node).iter().filter(|said| **said == word).count();
    }
    assert_eq!(told, 3, "every 20 s");
    node.handle(Input::Host(None), Time::ZERO + 60 * SECOND);
    node.handle(Input::Wake, Time::ZERO + 90 * SECOND);
    assert!(!said(&mut node).contains(&word));
}

/// Returns the token that an exit gives to the node of that number, which asks it.
fn token(exit: &mut Gossip<Fake>, n: usize) -> u64 {
    let word = Remote::Out(&myself(n)).encode();
    exit.handle(Input::Overlay(name(n).address(), &word), Time::ZERO);
    let said = said(exit);
    assert!(!said.iter().any(|it| matches!(it, Output::Guest(..))), "anybody may have said that");
    let given = said.iter().find_map(|it| {
        let Output::Overlay(to, word) = it else { return None };
        let Ok(Remote::Token(token)) = Remote::decode(word) else { return None };
        (*to == name(n)).then_some(token)
    });
    given.unwrap()
}

/// Tells an exit that the node of that number would leave by it.
fn out(exit: &mut Gossip<Fake>, n: usize, token: u64, at: Time) {
    let word = Remote::OutBy(token, &myself(n)).encode();
    exit.handle(Input::Overlay(name(n).address(), &word), at);
}

#[test]
fn a_guest_answers_the_exit_that_it_named_once_each_time() {
    let mut node = node(0);
    node.handle(Input::Myself(myself(0)), Time::ZERO);
    node.handle(Input::LinkUp(LinkId::ours(0), name(1)), Time::ZERO);
    let given = Remote::Token(7).encode();
    node.handle(Input::Overlay(name(3).address(), &given), Time::ZERO);
    node.handle(Input::Host(Some(name(3))), Time::ZERO);
    said(&mut node);
    node.handle(Input::Overlay(name(4).address(), &given), Time::ZERO);
    assert_eq!(node.counters().refused.get("unasked"), Some(&2), "of who was not named");
    node.handle(Input::Host(Some(name(3))), Time::ZERO);
    said(&mut node);
    let answer = Output::Overlay(name(3), Remote::OutBy(7, &myself(0)).encode());
    let mut answers = 0;
    for _ in 0..5 {
        node.handle(Input::Overlay(name(3).address(), &given), Time::ZERO);
        answers += said(&mut node).iter().filter(|said| **said == answer).count();
    }
    assert_eq!(answers, 1);
    node.handle(Input::Wake, Time::ZERO + 20 * SECOND);
    assert!(said(&mut node).contains(&answer), "with the token from then on");
}

#[test]
fn an_exit_that_forgot_its_tokens_gives_new_ones() {
    let mut exit = node(3);
    let given = token(&mut exit, 0);
    out(&mut exit, 0, given ^ 1, Time::ZERO);
    let again = Output::Overlay(name(0), Remote::Token(given).encode());
    assert!(said(&mut exit).contains(&again));
    assert_ne!(given, token(&mut exit, 1), "each has its own");
}

#[test]
fn a_guest_is_one_while_it_says_so() {
    let mut exit = node(3);
    let given = token(&mut exit, 0);
    out(&mut exit, 0, given, Time::ZERO);
    assert!(said(&mut exit).contains(&Output::Guest(name(0), None)));
    out(&mut exit, 0, given, Time::ZERO + 40 * SECOND);
    assert!(!said(&mut exit).contains(&Output::Guest(name(0), None)), "that is no news");
    exit.handle(Input::Wake, Time::ZERO + 104 * SECOND);
    assert!(!said(&mut exit).contains(&Output::GuestLeft(name(0))));
    exit.handle(Input::Wake, Time::ZERO + 105 * SECOND);
    assert!(said(&mut exit).contains(&Output::GuestLeft(name(0))));
}

#[test]
fn nobody_is_made_a_guest_by_another_and_there_are_so_many() {
    let mut exit = node(3);
    let given = token(&mut exit, 0);
    let word = Remote::OutBy(given, &myself(0)).encode();
    exit.handle(Input::Overlay(name(1).address(), &word), Time::ZERO);
    assert!(!said(&mut exit).iter().any(|said| matches!(said, Output::Guest(..))));
    assert_eq!(exit.counters().refused.get("spoofed"), Some(&1));

    let mut guests = 0;
    for n in (10..=255).take(GUESTS + 9) {
        let given = token(&mut exit, n);
        out(&mut exit, n, given, Time::ZERO);
        guests += said(&mut exit).iter().filter(|it| matches!(it, Output::Guest(..))).count();
    }
    assert_eq!((guests, exit.counters().refused.get("busy")), (GUESTS, Some(&9)));
}

#[test]
fn words_in_the_name_of_a_guest_do_not_end_its_stay() {
    let mut exit = node(3);
    let given = token(&mut exit, 0);
    out(&mut exit, 0, given, Time::ZERO);
    said(&mut exit);
    for second in 1..=200 {
        let now = Time::ZERO + second * SECOND;
        // Somebody writes its address, and shows what everybody may see.
        for _ in 0..50 {
            let word = Remote::Out(&myself(0)).encode();
            exit.handle(Input::Overlay(name(0).address(), &word), now);
            out(&mut exit, 0, given ^ 1, now);
        }
        if second % 20 == 0 {
            out(&mut exit, 0, given, now);
        }
        exit.handle(Input::Wake, now);
        assert!(!said(&mut exit).contains(&Output::GuestLeft(name(0))), "after {second} s");
    }
    assert!(exit.counters().refused["busy"] > 15_000);
}
