//! What members are seen to carry.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use order::{Member, MeshMap, Roster};
use words::{NodeId, Time};

use super::net::*;
use crate::frame::{Remote, Train};
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
    let word = |epoch, number| Remote::Train(Train { epoch, number }).encode();
    for (from, word) in [(other, word(1, 0)), (one, word(2, 0)), (one, word(1, 200))] {
        let before = net.nodes[0].counters().refused.get("unasked").copied().unwrap_or(0);
        net.feed(0, Input::Overlay(name(from).address(), &word));
        assert_eq!(net.nodes[0].counters().refused["unasked"], before + 1);
    }
    assert_eq!(net.now, Time::ZERO);
}
