//! How nodes that dial in vain have others beckon, and how little that can be abused.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use words::{Engine, LinkId, Time, Wall};

use super::net::*;
use crate::frame::Remote;
use crate::{Input, Output};

const SECOND: Duration = Duration::from_secs(1);
const LINK: LinkId = LinkId::ours(9);
const TOKEN: u32 = 0x0102_0304;

fn beckons(said: &[Output]) -> usize {
    said.iter().filter(|said| matches!(said, Output::Beckon(..))).count()
}

#[test]
fn a_node_that_is_dialled_in_vain_beckons_to_the_dialler_and_says_where_it_is() {
    let mut net = Net::new(4, 0, 1);
    net.join(0, 1);
    net.feed(0, Input::Knock(LINK, name(3), TOKEN));
    net.run(SECOND);
    assert!(net.outputs(3).any(|said| *said == Output::Beckon(contact(0, NOW), TOKEN)));
    assert!(net.outputs(0).any(|said| *said == Output::Heard(LINK, contact(3, NOW))));
    let (dials, beckons) = (net.nodes[0].counters(), net.nodes[3].counters());
    assert_eq!((dials.knocked, beckons.beckoned, beckons.answered), (1, 1, 1));
}

#[test]
fn it_says_where_it_is_now_and_not_what_was_believed_of_it() {
    let mut net = Net::new(3, 0, 1);
    net.join(0, 1);
    net.feed(0, Input::Bootstrap(&[myself(2)]));
    let mut moved = contact(2, Wall(NOW.0 + 1));
    moved.endpoints[0].address = ([198, 51, 100, 7], 4_711).into();
    net.feed(2, Input::Myself(introduction(2, &moved, Wall(u64::MAX))));
    net.feed(0, Input::Knock(LINK, name(2), TOKEN));
    net.run(SECOND);
    assert!(net.outputs(0).any(|said| *said == Output::Heard(LINK, moved.clone())));
}

#[test]
fn who_has_no_neighbour_knocks_at_nobody_and_nobody_knocks_at_itself() {
    let mut node = node(0);
    node.handle(Input::Knock(LINK, name(2), TOKEN), Time::ZERO);
    assert!(said(&mut node).is_empty());
    node.handle(Input::LinkUp(LinkId::ours(0), name(1)), Time::ZERO);
    said(&mut node);
    node.handle(Input::Knock(LINK, name(0), TOKEN), Time::ZERO);
    assert!(said(&mut node).is_empty());
}

#[test]
fn nobody_knocks_in_the_name_of_another_or_without_a_signature() {
    let mut node = node(0);
    let word = Remote::Knock(TOKEN, &myself(1)).encode();
    node.handle(Input::Overlay(name(2).address(), &word), Time::ZERO);
    let mut forged = word.clone();
    *forged.last_mut().unwrap() ^= 1;
    node.handle(Input::Overlay(name(1).address(), &forged), Time::ZERO);
    node.handle(Input::Overlay(name(1).address(), &word[..4]), Time::ZERO);
    assert!(said(&mut node).is_empty());
    let refused = &node.counters().refused;
    assert_eq!(["spoofed", "signature", "malformed"].map(|why| refused[why]), [1, 1, 1]);
}

#[test]
fn a_member_has_us_beckon_seldom_and_all_members_together_too() {
    let mut node = node(0);
    let mut at = Time::ZERO;
    let mut heard = Vec::new();
    for _ in 0..100 {
        let word = Remote::Knock(TOKEN, &myself(1)).encode();
        node.handle(Input::Overlay(name(1).address(), &word), at);
        heard.extend(said(&mut node));
        at = at + SECOND / 100;
    }
    assert_eq!(beckons(&heard), 4);
    for n in 2..100 {
        let word = Remote::Knock(TOKEN, &myself(n)).encode();
        node.handle(Input::Overlay(name(n).address(), &word), at);
    }
    let beckoned = beckons(&said(&mut node));
    assert!((40..=50).contains(&beckoned), "{beckoned}");
}

#[test]
fn an_answer_after_the_dial_has_ended_leads_nowhere() {
    let mut node = node(0);
    node.handle(Input::LinkUp(LinkId::ours(0), name(1)), Time::ZERO);
    node.handle(Input::Knock(LINK, name(2), TOKEN), Time::ZERO);
    node.handle(Input::LinkDown(LINK), Time::ZERO);
    said(&mut node);
    let word = Remote::Answer(&myself(2)).encode();
    node.handle(Input::Overlay(name(2).address(), &word), Time::ZERO);
    assert!(said(&mut node).is_empty());
    assert_eq!(node.counters().refused["unasked"], 1);
}

#[test]
fn where_two_nodes_see_us_is_said_once_and_forgotten_when_we_roam() {
    let mut node = node(0);
    let here: SocketAddr = ([203, 0, 113, 5], 4_711).into();
    node.handle(Input::Observed(name(1), here), Time::ZERO);
    assert!(said(&mut node).is_empty());
    node.handle(Input::Observed(name(2), here), Time::ZERO);
    node.handle(Input::Observed(name(3), here), Time::ZERO);
    assert_eq!(said(&mut node), [Output::Seen([here].into())]);
    node.handle(Input::Roamed, Time::ZERO);
    assert_eq!(said(&mut node), [Output::Seen([].into())]);
}
