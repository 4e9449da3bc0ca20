//! What members are seen to carry.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use order::{Member, MeshMap, Roster};
use words::{Engine, NodeId, Time};

use super::net::*;
use crate::frame::{Remote, Train, Word};
use crate::{Document, Input, Meshes, Output};

/// Nodes, all in one mesh; of the other nobody is known.
const COUNT: usize = 12;
/// The one with the slow line.
const SLOW: usize = 4;

/// A network whose members all say that they carry a thousand Mbit/s, but the last: it says nothing.
fn divided() -> Document {
    let map = MeshMap::even(NETWORK, &[1]).unwrap();
    let mut meshes = Meshes::of(map, NOW, [5; 32]);
    let member = |n| {
        let declared = if n == COUNT - 1 { 0 } else { 1000 };
        Member { node: name(n), since: 0, declared, attested: Vec::new() }
    };
    meshes.roster = Roster::of((0..COUNT).map(member));
    Document { meshes: Some(meshes), ..document(1, Vec::new()) }
}

/// Returns a network of which all know that document.
fn network(linked: bool, loss: usize) -> Net {
    let mut net = Net::new(COUNT, loss, 3);
    for n in 0..COUNT {
        let words = if n == SLOW { 1000 } else { 100 };
        net.lay(n, Duration::from_micros(words));
        for to in (n + 1..COUNT).filter(|_| linked) {
            net.join(n, to);
        }
    }
    let document = signed(&divided());
    (0..COUNT).for_each(|n| net.feed(n, Input::Document(&document)));
    net
}

fn attested(net: &Net) -> BTreeMap<NodeId, Vec<u32>> {
    let mut all: BTreeMap<NodeId, Vec<u32>> = BTreeMap::new();
    for (_, _, said) in &net.said {
        if let Output::Attested { epoch, seen } = said {
            assert_eq!((*epoch, seen.len() <= Member::ATTESTERS), (1, true));
            for (node, mbits) in seen {
                all.entry(*node).or_default().push(*mbits);
            }
        }
    }
    all
}

#[test]
fn seven_others_see_what_a_line_carries_by_links_or_without() {
    for linked in [false, true] {
        let mut net = network(linked, 0);
        net.run(Duration::from_hours(1));
        let seen = attested(&net);
        assert_eq!(seen.len(), COUNT - 1, "who says nothing is not looked at");
        for (node, mbits) in seen {
            // 1212 octets with their headers in a millisecond, or a tenth of that, rounded down.
            let carries = if node == name(SLOW) { 8..=8 } else { 80..=96 };
            assert_eq!(mbits.len(), Member::ATTESTERS);
            assert!(mbits.iter().all(|seen| carries.contains(seen)), "{linked} {mbits:?}");
        }
        let trains = |n: usize| net.nodes[n].counters().trains;
        assert_eq!((trains(0), trains(COUNT - 1)), (21, 0));
    }
}

#[test]
fn what_is_lost_is_not_carried() {
    let mut net = network(false, 50);
    net.run(Duration::from_hours(1));
    let seen = attested(&net);
    let fast = seen.iter().filter(|(node, _)| **node != name(SLOW)).flat_map(|(_, mbits)| mbits);
    assert!(fast.clone().count() > 0 && fast.clone().all(|seen| *seen < 40), "{seen:?}");
}

#[test]
fn a_train_that_nobody_drew_is_refused_and_counted() {
    let mut net = network(false, 0);
    let document = divided();
    let meshes = document.meshes.unwrap();
    let (home, beacon) = (meshes.map.meshes()[0], meshes.epoch.beacon());
    let ours = meshes.roster.attested_by(home, name(0), &beacon).unwrap();
    let other = (1..COUNT).find(|n| !ours.contains(&name(*n))).unwrap();
    let one = (1..COUNT - 1).find(|n| ours.contains(&name(*n))).unwrap();
    let word = |epoch, number| Remote::Train(Train { epoch, number, token: 0 }).encode();
    for (from, word) in [(other, word(1, 0)), (one, word(2, 0)), (one, word(1, 200))] {
        let before = net.nodes[0].counters().refused.get("unasked").copied().unwrap_or(0);
        net.feed(0, Input::Overlay(name(from).address(), &word));
        assert_eq!(net.nodes[0].counters().refused["unasked"], before + 1);
    }
    assert_eq!(net.now, Time::ZERO);
}

/// Returns the members that a node attests, by number.
fn attested_by(n: usize) -> Vec<usize> {
    let meshes = divided().meshes.unwrap();
    let (home, beacon) = (meshes.map.meshes()[0], meshes.epoch.beacon());
    let all = meshes.roster.attested_by(home, name(n), &beacon).unwrap();
    (0..COUNT - 1).filter(|n| all.contains(&name(*n))).collect()
}

fn train(token: u64) -> Vec<u8> {
    Remote::Train(Train { epoch: 1, number: 0, token }).encode()
}

fn refused(net: &Net, n: usize, why: &str) -> u64 {
    net.nodes[n].counters().refused.get(why).copied().unwrap_or(0)
}

#[test]
fn words_in_the_name_of_a_rival_neither_begin_its_train_nor_spoil_it() {
    let mut net = network(false, 0);
    let mut forged = 0;
    for attester in 0..COUNT {
        for member in attested_by(attester) {
            let from = name(member).address();
            for number in 0..3 {
                let offer = Remote::Offer { epoch: 1, number, nonce: 7 }.encode();
                net.feed(attester, Input::Overlay(from, &train(0)));
                net.feed(attester, Input::Overlay(from, &offer));
                net.feed(attester, Input::Overlay(from, &train(7)));
                forged += 1;
            }
        }
    }
    net.run(Duration::from_hours(1));
    let seen = attested(&net);
    assert_eq!(seen.len(), COUNT - 1);
    for (node, mbits) in seen.into_iter().filter(|(node, _)| *node != name(SLOW)) {
        assert_eq!(mbits.len(), Member::ATTESTERS);
        assert!(mbits.iter().all(|seen| (80..=96).contains(seen)), "{node} {mbits:?}");
    }
    let all = |why| (0..COUNT).map(|n| refused(&net, n, why)).sum::<u64>();
    // Of three words of a train each the first has no token that was given, the others a wrong one; and
    // tokens that nobody asked for are refused by those to whom they went.
    assert_eq!(all("spoofed") + all("unasked"), 3 * forged);
}

/// Offers the first train of a member to node 0, and returns the token that it gives for it, if any.
fn token(net: &mut Net, member: usize) -> Option<u64> {
    let offer = Remote::Offer { epoch: 1, number: 0, nonce: 9 }.encode();
    net.nodes[0].handle(Input::Overlay(name(member).address(), &offer), net.now);
    said(&mut net.nodes[0]).into_iter().find_map(|it| {
        let Output::Overlay(to, word) = it else { return None };
        let Ok(Remote::Begin { nonce: 9, token }) = Remote::decode(&word) else { return None };
        (to == name(member)).then_some(token)
    })
}

#[test]
fn a_train_has_the_token_that_its_attester_gave_or_is_refused() {
    let mut net = network(false, 0);
    let member = attested_by(0)[0];
    let from = name(member).address();
    let given = token(&mut net, member).unwrap();
    net.feed(0, Input::Overlay(from, &train(given ^ 1)));
    assert_eq!((refused(&net, 0, "spoofed"), refused(&net, 0, "unasked")), (1, 0));
    net.feed(0, Input::Overlay(from, &train(given)));
    assert_eq!((refused(&net, 0, "spoofed"), refused(&net, 0, "unasked")), (1, 0));
    // Once they have a link, that is the way.
    net.join(0, member);
    net.feed(0, Input::Overlay(from, &train(given)));
    assert_eq!(token(&mut net, member), None);
    assert_eq!((refused(&net, 0, "spoofed"), refused(&net, 0, "unasked")), (1, 2));
}

#[test]
fn a_train_is_as_fast_as_it_was_read_however_late_it_is_told() {
    for is_linked in [false, true] {
        let mut net = network(false, 0);
        let member = attested_by(0)[0];
        let link = is_linked.then(|| net.join(member, 0).1);
        let token = token(&mut net, member).unwrap_or_default();
        let told = Time::ZERO + Duration::from_millis(50);
        for n in 0..48 {
            let read = Time::ZERO + n * Duration::from_micros(500);
            net.nodes[0].handle(Input::Read(read), told);
            let (by_link, over) =
                (Word::Train(Train { epoch: 1, number: 0, token: 0 }).encode(), train(token));
            let from = name(member).address();
            let word =
                link.map_or(Input::Overlay(from, &over), |link| Input::Frame(link, &by_link));
            net.nodes[0].handle(word, told);
        }
        net.nodes[0].handle(Input::Wake, Time::ZERO + Duration::from_mins(50));
        let seen = said(&mut net.nodes[0]).into_iter().find_map(|it| {
            let Output::Attested { seen, .. } = it else { return None };
            Some(seen)
        });
        // 1212 octets in half a millisecond, rounded down.
        assert_eq!(seen, Some(alloc::vec![(name(member), 16)]));
    }
}
