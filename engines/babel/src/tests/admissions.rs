//! What is asked and dropped when other ranges are let in.

use alloc::sync::Arc;
use alloc::vec::Vec;

use words::routing::{Admission, Scope};

use super::floods::stand::{Stand, key, probe, profile, route};
use super::*;
use crate::wire::{RouteRequest, Tlv};
use crate::{Admissions, Change, Input, Key};

const P: &str = "2001:db8:1::/64";
const Q: &str = "2001:db8:2::/64";
const HERE: Scope = Scope(1);

/// Lets these ranges in, and tells the speaker what changes with that.
fn admit(stand: &mut Stand, ranges: &[&str], change: Option<Change>) {
    let admission = |range: &&str| {
        let inside = key(range).prefix;
        let length = inside.length();
        Admission { on: HERE, inside, length, from: None, by: None, farther: 0 }
    };
    let all: Vec<Admission> = ranges.iter().map(admission).collect();
    stand.tell(Input::Policy(Arc::new(Admissions::new(&all)), change));
    stand.pass(ms(500));
}

/// Returns what a neighbour was asked for.
fn asked(stand: &Stand) -> Vec<Option<Key>> {
    let all = stand.heard(0).into_iter().filter_map(|(_, tlv)| {
        let Tlv::RouteRequest(RouteRequest { key }) = tlv else { return None };
        Some(key)
    });
    all.collect()
}

#[test]
fn x11_what_a_change_opens_is_asked_for_and_what_it_closes_is_dropped_and_nothing_else() {
    let mut stand = Stand::with(Profile { scope: HERE, ..profile() }, &[probe(), probe()]);
    admit(&mut stand, &[P], None);
    assert!(asked(&stand).contains(&None), "everything, if it is not known what changes");
    stand.say(0, &[route(P, 5, 100), route(Q, 5, 100)]);
    stand.pass(ms(500));
    assert!(stand.selected(P).is_some() && stand.selected(Q).is_none());
    let only = |range| alloc::vec![(HERE, key(range))];

    stand.forget();
    admit(&mut stand, &[P, Q], Some(Change { opened: only(Q), closed: Vec::new() }));
    assert_eq!(asked(&stand), [Some(key(Q))]);
    stand.say(0, &[route(Q, 5, 100)]);
    stand.pass(ms(500));
    assert!(stand.selected(P).is_some() && stand.selected(Q).is_some());
    assert_eq!(stand.updates(1, Q).len(), 1);

    stand.forget();
    admit(&mut stand, &[P], Some(Change { opened: Vec::new(), closed: only(Q) }));
    assert_eq!(asked(&stand), []);
    assert!(stand.selected(P).is_some() && stand.selected(Q).is_none());
    assert_eq!(stand.updates(1, P), [], "what stays is not told again");
    let elsewhere = alloc::vec![(Scope(2), key(Q))];
    admit(&mut stand, &[P], Some(Change { opened: elsewhere, closed: Vec::new() }));
    assert_eq!(asked(&stand), [], "that is for links of another scope");
}
