//! Nodes that named an exit, at both ends.

use core::time::Duration;

use words::{Engine, LinkId, Time};

use super::net::*;
use crate::frame::Remote;
use crate::guests::GUESTS;
use crate::{Input, Output};

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

#[test]
fn a_guest_is_one_while_it_says_so() {
    let mut exit = node(3);
    let word = Remote::Out(&myself(0)).encode();
    exit.handle(Input::Overlay(name(0).address(), &word), Time::ZERO);
    assert!(said(&mut exit).contains(&Output::Guest(name(0), None)));
    exit.handle(Input::Overlay(name(0).address(), &word), Time::ZERO + 40 * SECOND);
    assert!(!said(&mut exit).contains(&Output::Guest(name(0), None)), "that is no news");
    exit.handle(Input::Wake, Time::ZERO + 104 * SECOND);
    assert!(!said(&mut exit).contains(&Output::GuestLeft(name(0))));
    exit.handle(Input::Wake, Time::ZERO + 105 * SECOND);
    assert!(said(&mut exit).contains(&Output::GuestLeft(name(0))));
}

#[test]
fn nobody_is_made_a_guest_by_another_and_there_are_so_many() {
    let mut exit = node(3);
    let word = Remote::Out(&myself(0)).encode();
    exit.handle(Input::Overlay(name(1).address(), &word), Time::ZERO);
    assert!(!said(&mut exit).iter().any(|said| matches!(said, Output::Guest(..))));
    assert_eq!(exit.counters().refused.get("spoofed"), Some(&1));

    let mut guests = 0;
    for n in (10..=255).take(GUESTS + 9) {
        let word = Remote::Out(&myself(n)).encode();
        exit.handle(Input::Overlay(name(n).address(), &word), Time::ZERO);
        guests += said(&mut exit).iter().filter(|it| matches!(it, Output::Guest(..))).count();
    }
    assert_eq!((guests, exit.counters().refused.get("busy")), (GUESTS, Some(&9)));
}
