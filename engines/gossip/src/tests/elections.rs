//! Epochs that documents tell: what is refused, and what is said.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use order::{Beacon, Chain, Epoch, MeshMap, Refused as NotInOrder};
use words::{Engine, Time};

use super::net::*;
use crate::{Document, Event, Input, Meshes, Output, Refused};

/// Returns a signed document of this version and epoch.
fn told(version: u64, epoch: &Epoch) -> Vec<u8> {
    let map = MeshMap::even(NETWORK, &[1]).unwrap();
    let mut meshes = Meshes::of(map, NOW, [0; 32]);
    meshes.epoch = epoch.clone();
    signed(&Document { meshes: Some(meshes), ..document(version, Vec::new()) })
}

#[test]
fn a_document_without_meshes_after_one_with_them_is_refused() {
    let mut node = node(0);
    let epoch = Epoch::first(NOW, Duration::from_hours(1), [3; 32]);
    node.handle(Input::Document(&signed(&document(1, Vec::new()))), Time::ZERO);
    node.handle(Input::Document(&told(2, &epoch)), Time::ZERO);
    said(&mut node);
    node.handle(Input::Document(&signed(&document(3, Vec::new()))), Time::ZERO);
    let why = Refused::Undivided { epoch: 1 };
    assert_eq!(said(&mut node), [Output::Event(Event::DocumentRefused { from: None, why })]);
    assert_eq!((node.version(), node.counters().refused.get("undivided")), (2, Some(&1)));
}

#[test]
fn another_chain_is_said_and_a_beacon_that_does_not_follow_refused() {
    let chain = |seed| Chain::new([seed; 32], 10);
    let part = |seed, index| chain(seed).part(index).unwrap();
    let one = Epoch::first(NOW, Duration::from_hours(1), part(1, 0));
    let two = one.next(part(1, 1), &[]).unwrap();
    let other = two.anchored(part(2, 0), &[]);
    let mut node = node(0);
    let mut tell = |version, epoch: &Epoch| {
        node.handle(Input::Document(&told(version, epoch)), Time::ZERO);
        let events = said(&mut node).into_iter();
        let of_note = |said| {
            let Output::Event(event) = said else { return None };
            let is_of_note =
                matches!(event, Event::AnotherChain { .. } | Event::DocumentRefused { .. });
            is_of_note.then_some(event)
        };
        (events.filter_map(of_note).collect::<Vec<_>>(), node.version())
    };
    let refused = |why: NotInOrder| vec![Event::DocumentRefused { from: None, why: why.into() }];
    assert_eq!((tell(1, &one), tell(2, &two)), ((vec![], 1), (vec![], 2)));
    // The registry may begin anew, and that is said.
    assert_eq!(tell(3, &other), (vec![Event::AnotherChain { epoch: 3 }], 3));
    assert_eq!(tell(4, &two), (refused(NotInOrder::EpochBack { got: 2, have: 3 }), 3));
    // It may not choose the beacon itself.
    let mut chosen = other.next(part(2, 1), &[]).unwrap();
    Arc::make_mut(&mut chosen.beacons)[0] = Beacon([7; 32]);
    let why = NotInOrder::Beacon { epoch: 4 };
    assert_eq!(tell(5, &chosen), (refused(why), 3));
    let counted = node.counters().refused.get(Refused::from(why).name());
    assert_eq!(counted, Some(&1));
}
