//! Who escaped, who hears of it, and who is not believed.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use words::{Engine, LinkId, Time, Wall};

use super::net::*;
use crate::frame::Word;
use crate::{Contact, Gossip, Input, Introduction, Output};

const SECOND: Duration = Duration::from_secs(1);
const LINK: LinkId = LinkId::theirs(3);
const OTHER: LinkId = LinkId::theirs(4);

/// What node `n` says of itself so many seconds after the beginning.
fn escaped(n: usize, seconds: u64, escaped: bool) -> Vec<u8> {
    let contact = Contact { escaped, ..contact(n, Wall(NOW.0 + seconds)) };
    introduction(n, &contact, Wall(u64::MAX))
}

/// Returns a node with two links.
fn linked() -> Gossip<Fake> {
    let mut node = node(0);
    for (link, n) in [(LINK, 7), (OTHER, 8)] {
        node.handle(Input::Judge(link, &myself(n), contact(n, NOW).key), Time::ZERO);
        node.handle(Input::LinkUp(link, name(n)), Time::ZERO);
    }
    said(&mut node);
    node
}

fn hear(node: &mut Gossip<Fake>, octets: &[u8], now: Time) -> Vec<Output> {
    node.handle(Input::Frame(LINK, &Word::Escape(octets).encode()), now);
    said(node)
}

fn after(seconds: u32) -> Time {
    Time::ZERO + seconds * SECOND
}

fn refused(node: &Gossip<Fake>, why: &str) -> u64 {
    node.counters().refused.get(why).copied().unwrap_or(0)
}

#[test]
fn the_whole_network_hears_of_it_though_words_are_lost_and_hears_that_it_is_over() {
    let mut net = Net::new(40, 20, 5);
    net.mesh(4);
    net.run(5 * SECOND);
    for (at, flag) in [(5, true), (65, false)] {
        net.feed(3, Input::Myself(escaped(3, at, flag)));
        net.run(10 * SECOND);
        for n in 0..40 {
            assert_eq!(net.nodes[n].has_escaped(name(3)), flag, "{n}");
            let told = net.outputs(n).filter(|it| **it == Output::Escaped(name(3), flag));
            assert_eq!(told.count(), 1, "{n} says so once");
        }
        net.run(50 * SECOND);
    }
}

#[test]
fn it_is_passed_on_to_all_but_who_told_it_and_twice_at_most() {
    let mut node = linked();
    let octets = escaped(1, 0, true);
    let mut all = hear(&mut node, &octets, after(1));
    for quarter in 1..20 {
        node.handle(Input::Wake, after(1) + quarter * SECOND / 4);
        all.extend(said(&mut node));
    }
    let word = Word::Escape(&octets).encode();
    let to = |link| all.iter().filter(|it| **it == Output::Send(link, word.clone())).count();
    assert_eq!((to(OTHER), to(LINK)), (2, 0));
    assert!(all.contains(&Output::Escaped(name(1), true)));
    let again = hear(&mut node, &octets, after(9));
    assert!(again.iter().all(|it| *it == Output::AskRegistry), "known already: {again:?}");
}

#[test]
fn nobody_else_can_let_a_node_escape() {
    let mut node = linked();
    let mut forged = Introduction::decode(&escaped(1, 0, true)).unwrap();
    forged.contact = Contact { escaped: true, ..contact(1, Wall(NOW.0 + 1)) }.encode().unwrap();
    hear(&mut node, &forged.encode().unwrap(), after(1));
    let other = introduction(2, &Contact { escaped: true, ..contact(1, NOW) }, Wall(u64::MAX));
    hear(&mut node, &other, after(1));
    hear(&mut node, b"?", after(1));
    let counted = ["signature", "wrong-node", "malformed"].map(|why| refused(&node, why));
    assert_eq!(counted, [1, 1, 1]);
    assert!(!node.has_escaped(name(1)));
    assert_eq!(hear(&mut node, &escaped(0, 0, true), after(1)), [], "nor us");
}

#[test]
fn an_older_word_changes_nothing_and_an_old_one_is_refused() {
    let mut node = linked();
    hear(&mut node, &escaped(1, 100, true), after(100));
    hear(&mut node, &escaped(1, 200, false), after(200));
    assert!(!node.has_escaped(name(1)));
    hear(&mut node, &escaped(1, 100, true), after(201));
    assert!(!node.has_escaped(name(1)), "a recording of the first");
    hear(&mut node, &escaped(2, 100, true), after(2000));
    assert_eq!((node.has_escaped(name(2)), refused(&node, "stale")), (false, 1));
}

#[test]
fn who_says_nothing_for_half_an_hour_is_forgotten_and_who_is_put_out_at_once() {
    let mut node = linked();
    hear(&mut node, &escaped(1, 0, true), after(1));
    hear(&mut node, &escaped(2, 0, true), after(1));
    let document = signed(&document(9, vec![serial(2)]));
    node.handle(Input::Document(&document), after(10));
    assert!(said(&mut node).contains(&Output::Escaped(name(2), false)));
    node.handle(Input::Wake, after(1799));
    assert!(node.has_escaped(name(1)));
    node.handle(Input::Wake, after(1801));
    assert!(said(&mut node).contains(&Output::Escaped(name(1), false)));
}

#[test]
fn a_new_neighbour_is_told_of_all_a_few_at_a_time() {
    let mut node = linked();
    for n in 10..30 {
        hear(&mut node, &escaped(n, 0, true), after(1));
    }
    node.handle(Input::Wake, after(20));
    said(&mut node);
    let link = LinkId::theirs(9);
    node.handle(Input::LinkUp(link, name(9)), after(30));
    let words = |said: &[Output]| {
        let is_word =
            |it: &&Output| matches!(it, Output::Send(to, word) if *to == link && word[0] == 4);
        said.iter().filter(is_word).count()
    };
    assert_eq!(words(&said(&mut node)), 8);
    let mut all = 8;
    for quarter in 1..40 {
        node.handle(Input::Wake, after(30) + quarter * SECOND / 4);
        all += words(&said(&mut node));
    }
    assert_eq!(all, 40);
}

#[test]
fn so_many_are_known_and_no_more() {
    let mut node = linked();
    for n in 0..4100_u32 {
        // As many a second as a neighbour may tell.
        let now = after(1) + (n / 50) * SECOND;
        hear(&mut node, &escaped(20 + n as usize, 0, true), now);
    }
    assert_eq!(refused(&node, "busy"), 4);
    assert!(node.has_escaped(name(20)) && !node.has_escaped(name(20 + 4099)));
}
