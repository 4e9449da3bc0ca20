//! How documents spread, and what they change.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use words::{Engine, LinkId, Share, Time, Wall};

use super::net::*;
use crate::frame::Word;
use crate::{Document, Event, Input, Malformed, Output, Parameters, Refused};

const SECOND: Duration = Duration::from_secs(1);

/// Certificates of nobody here.
fn strangers(count: u64) -> Vec<u64> {
    (0..count).map(|n| 1_000_000 + n).collect()
}

fn line(count: usize, loss: usize, seed: u8) -> Net {
    let mut net = Net::new(count, loss, seed);
    for n in 1..count {
        net.join(n - 1, n);
    }
    net
}

#[test]
fn a_document_reaches_a_line_of_20_nodes_in_a_moment() {
    let mut net = line(20, 0, 1);
    net.feed(0, Input::Document(&signed(&document(1, strangers(1000)))));
    net.run(10 * SECOND);
    assert!(net.everybody_has(1));
    for n in 0..20 {
        let saved = net.outputs(n).filter(|said| matches!(said, Output::SaveDocument(_)));
        assert_eq!(saved.count(), 1);
    }
}

#[test]
fn a_document_reaches_a_line_of_20_nodes_over_links_that_lose_a_third() {
    for seed in 0..10 {
        let mut net = line(20, 33, seed);
        net.feed(0, Input::Document(&signed(&document(1, strangers(3000)))));
        net.run(Duration::from_mins(5));
        assert!(net.everybody_has(1), "seed {seed}");
        net.feed(10, Input::Document(&signed(&document(2, vec![]))));
        net.run(Duration::from_mins(2));
        assert!(net.everybody_has(2), "seed {seed}");
    }
}

#[test]
fn a_document_reaches_99_of_100_nodes_of_1000_in_10_seconds() {
    let mut net = Net::new(1000, 5, 1);
    net.mesh(10);
    net.run(10 * SECOND);
    net.feed(0, Input::Document(&signed(&document(1, strangers(1000)))));
    net.run(10 * SECOND);
    let reached = net.nodes.iter().filter(|node| node.version() == 1).count();
    assert!(reached >= 990, "{reached}");
}

#[test]
fn the_largest_document_spreads_too() {
    let mut net = line(3, 10, 1);
    let revoked = vec![u64::MAX; Document::REVOKED];
    net.feed(0, Input::Document(&signed(&document(1, revoked))));
    net.run(Duration::from_mins(1));
    assert!(net.everybody_has(1));
}

#[test]
fn nothing_is_said_among_equals() {
    let mut net = line(3, 0, 1);
    net.feed(0, Input::Document(&signed(&document(1, vec![]))));
    net.run(10 * SECOND);
    let version = Word::Version { mine: 1, yours: 1 }.encode();
    let (a, b) = net.join(0, 2);
    net.run(10 * SECOND);
    net.feed(0, Input::Frame(a, &version));
    net.feed(2, Input::Frame(b, &version));
    let now = net.now;
    for node in &mut net.nodes {
        assert_eq!(said(node), []);
        node.handle(Input::Wake, now + Duration::from_mins(4));
        assert!(!said(node).iter().any(|said| matches!(said, Output::Send(..))));
    }
}

#[test]
fn a_revoked_nodes_links_are_closed_everywhere() {
    let mut net = Net::new(8, 20, 1);
    for a in 0..8 {
        for b in 0..a {
            net.join(a, b);
        }
    }
    net.run(10 * SECOND);
    net.feed(0, Input::Document(&signed(&document(1, vec![serial(3)]))));
    net.run(10 * SECOND);
    for n in [0, 1, 2, 4, 5, 6, 7] {
        assert_eq!(net.nodes[n].version(), 1);
        let mut banished = Vec::new();
        for said in net.outputs(n) {
            if let Output::Event(Event::Banished { node, why, .. }) = said {
                banished.push((*node, *why));
            }
        }
        let why = Refused::Revoked { serial: serial(3) };
        assert_eq!(banished, [(name(3), why)], "node {n}");
        assert_eq!(net.nodes[n].contact(name(3)), None);

        net.feed(n, Input::Judge(LinkId::theirs(99), &myself(3), [3; 32]));
        let refused = Output::Judged(LinkId::theirs(99), Err(why));
        assert!(net.outputs(n).any(|said| *said == refused));
    }
}

#[test]
fn a_link_that_comes_up_after_the_revocation_is_closed() {
    let mut node = node(0);
    let link = LinkId::theirs(0);
    node.handle(Input::Judge(link, &myself(1), [1; 32]), Time::ZERO);
    node.handle(Input::Document(&signed(&document(1, vec![serial(1)]))), Time::ZERO);
    node.handle(Input::LinkUp(link, name(1)), Time::ZERO);
    assert!(said(&mut node).contains(&Output::Banish(link)));
}

#[test]
fn a_link_to_a_stranger_is_closed_once_it_is_known_and_revoked() {
    let mut node = node(0);
    let link = LinkId::theirs(0);
    node.handle(Input::LinkUp(link, name(1)), Time::ZERO);
    node.handle(Input::Bootstrap(&[myself(1)]), Time::ZERO);
    node.handle(Input::Document(&signed(&document(1, vec![serial(1)]))), Time::ZERO);
    assert!(said(&mut node).contains(&Output::Banish(link)));
}

#[test]
fn we_learn_that_we_are_revoked_once() {
    let mut node = node(4);
    let revoked = Output::Event(Event::WeAreRevoked { serial: serial(4) });
    node.handle(Input::Document(&signed(&document(1, vec![serial(4)]))), Time::ZERO);
    assert!(said(&mut node).contains(&revoked));
    node.handle(Input::Document(&signed(&document(2, vec![serial(4)]))), Time::ZERO);
    node.handle(Input::Myself(myself(4)), Time::ZERO);
    assert!(!said(&mut node).contains(&revoked));
}

#[test]
fn a_version_never_goes_back() {
    let mut node = node(0);
    node.handle(Input::Document(&signed(&document(5, vec![]))), Time::ZERO);
    said(&mut node);
    node.handle(Input::Document(&signed(&document(5, vec![1]))), Time::ZERO);
    assert_eq!(said(&mut node), []);
    node.handle(Input::Document(&signed(&document(4, vec![1]))), Time::ZERO);
    let why = Refused::Rollback { ours: 5, theirs: 4 };
    let refused = Output::Event(Event::DocumentRefused { from: None, why });
    assert_eq!((said(&mut node), node.version()), (vec![refused], 5));
    assert_eq!(node.counters().refused.get("rollback"), Some(&1));
}

#[test]
fn a_document_of_another_network_is_refused() {
    let mut node = node(0);
    let network = "fd00:43::/48".parse().unwrap();
    let other = Document { network, ..document(1, vec![]) };
    node.handle(Input::Document(&signed(&other)), Time::ZERO);
    let why = Refused::OtherNetwork { network };
    let refused = Output::Event(Event::DocumentRefused { from: None, why });
    assert_eq!((said(&mut node), node.version()), (vec![refused], 0));
}

/// Says that it has version 9, and sends `octets` for it.
fn offer(net: &mut Net, link: LinkId, octets: &[u8]) {
    net.feed(0, Input::Frame(link, &Word::Version { mine: 9, yours: 0 }.encode()));
    let total = u32::try_from(octets.len()).unwrap();
    for (index, octets) in (0..).zip(octets.chunks(1000)) {
        let chunk = Word::Chunk { version: 9, total, index, octets };
        net.feed(0, Input::Frame(link, &chunk.encode()));
    }
}

fn refused(net: &Net) -> Vec<(LinkId, Refused)> {
    let mut refused = Vec::new();
    for said in net.outputs(0) {
        if let Output::Event(Event::DocumentRefused { from: Some(link), why }) = said {
            refused.push((*link, *why));
        }
    }
    refused
}

#[test]
fn who_forges_is_not_asked_again_for_a_while_and_others_are() {
    let mut net = Net::new(3, 0, 1);
    let (liar, _) = net.join(0, 1);
    let (honest, _) = net.join(0, 2);
    let mut forged = signed(&document(9, vec![serial(2)]));
    *forged.last_mut().unwrap() ^= 1;
    offer(&mut net, liar, &forged);
    assert_eq!(refused(&net), [(liar, Refused::Signature)]);
    offer(&mut net, liar, &signed(&document(9, vec![])));
    assert_eq!(net.nodes[0].version(), 0);
    offer(&mut net, honest, &signed(&document(9, vec![])));
    assert_eq!(net.nodes[0].version(), 9);
}

#[test]
fn who_lies_about_the_version_is_refused() {
    let mut net = Net::new(2, 0, 1);
    let (liar, _) = net.join(0, 1);
    offer(&mut net, liar, &signed(&document(8, vec![])));
    let why = Malformed::Value { what: "network document", field: "version" };
    assert_eq!(refused(&net), [(liar, why.into())]);
    assert_eq!(net.nodes[0].version(), 0);
    net.run(Duration::from_mins(2));
    offer(&mut net, liar, &signed(&document(9, vec![])));
    assert_eq!(net.nodes[0].version(), 9);
}

#[test]
fn who_keeps_silent_gives_way_to_others() {
    let mut net = Net::new(3, 0, 1);
    let (mute, _) = net.join(0, 1);
    net.join(0, 2);
    net.feed(0, Input::Frame(mute, &Word::Version { mine: u64::MAX, yours: 0 }.encode()));
    net.feed(2, Input::Document(&signed(&document(3, vec![]))));
    net.run(6 * SECOND);
    assert_eq!(net.nodes[0].version(), 3);
}

#[test]
fn parameters_are_brought_inside_their_bounds_and_named() {
    let mut node = node(0);
    let parameters = Parameters { arrows: 0, share: Share::percent(0), ..Parameters::default() };
    let wild = Document { parameters, ..document(2, vec![]) };
    node.handle(Input::Document(&signed(&wild)), Time::ZERO);
    let said = said(&mut node);
    for parameter in ["arrows", "share"] {
        let clamped = Output::Event(Event::Clamped { version: 2, parameter });
        assert!(said.contains(&clamped));
    }
    let parameters = Parameters { arrows: 1, share: Share::percent(1), ..Parameters::default() };
    assert!(said.contains(&Output::Parameters(parameters)));
}

#[test]
fn a_neighbour_that_asks_without_end_is_served_a_bounded_number_of_chunks() {
    let mut net = Net::new(2, 0, 1);
    let (link, _) = net.join(0, 1);
    let revoked = vec![u64::MAX; Document::REVOKED];
    net.nodes[0].handle(Input::Document(&signed(&document(1, revoked))), net.now);
    said(&mut net.nodes[0]);
    let fetch = Word::Fetch { version: 1, first: 0, count: 255 }.encode();
    for _ in 0..1000 {
        net.nodes[0].handle(Input::Frame(link, &fetch), net.now);
    }
    assert!(said(&mut net.nodes[0]).len() < 130);
    assert!(net.nodes[0].counters().refused["busy"] > 800);
}

#[test]
fn a_neighbour_whose_certificate_is_over_is_banished_unless_it_renewed() {
    let hour = Duration::from_hours(1);
    let ends = NOW.plus(hour);
    let soon = |n| introduction(n, &contact(n, NOW), ends);
    let mut node = node(0);
    for n in [1, 2] {
        let link = LinkId::theirs(u32::try_from(n).unwrap());
        let key = contact(n, NOW).key;
        node.handle(Input::Judge(link, &soon(n), key), Time::ZERO);
        node.handle(Input::LinkUp(link, name(n)), Time::ZERO);
    }
    let renewed = introduction(2, &contact(2, Wall(NOW.0 + 1)), NOW.plus(9 * hour));
    node.handle(Input::Bootstrap(&[renewed]), Time::ZERO);
    node.handle(Input::Wake, Time::ZERO + hour);
    assert!(!said(&mut node).iter().any(|said| matches!(said, Output::Banish(_))));
    node.handle(Input::Wake, Time::ZERO + hour + SECOND);
    let banished: Vec<_> =
        said(&mut node).into_iter().filter(|said| matches!(said, Output::Banish(_))).collect();
    assert_eq!(banished, [Output::Banish(LinkId::theirs(1))]);
}

#[test]
fn the_same_run_twice_says_the_same() {
    let run = || {
        let mut net = line(6, 25, 3);
        net.feed(0, Input::Document(&signed(&document(1, strangers(900)))));
        net.feed(2, Input::Find(LinkId::ours(70), name(5)));
        net.run(Duration::from_mins(10));
        net.said
    };
    assert_eq!(run(), run());
}
