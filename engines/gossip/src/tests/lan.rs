//! Who is heard on the LAN, who is not believed, and for how long.

use alloc::vec;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use words::{Carrier, Engine, LinkId, Time, Wall};

use super::net::*;
use crate::{Gossip, Input, Output};

const SECOND: Duration = Duration::from_secs(1);
const LINK: LinkId = LinkId::ours(9);

fn place(n: u16) -> SocketAddr {
    SocketAddr::from(([0xfe80, 0, 0, 0, 0, 0, 0, n], 6326))
}

fn hear(node: &mut Gossip<Fake>, octets: &[u8], n: u16, now: Time) -> Vec<Output> {
    node.handle(Input::OnLan(place(n), octets), now);
    said(node)
}

#[test]
fn who_is_heard_is_told_each_time_and_reached_there_first() {
    let mut node = node(0);
    for second in [0, 10] {
        let told = hear(&mut node, &myself(1), 7, Time::ZERO + second * SECOND);
        assert!(told.contains(&Output::OnLan(name(1), place(7))), "{told:?}");
    }
    node.handle(Input::Find(LINK, name(1)), Time::ZERO + 11 * SECOND);
    let found = said(&mut node).into_iter().find_map(|said| {
        let Output::Found(LINK, contact) = said else { return None };
        Some(contact.endpoints)
    });
    let first = found.unwrap()[0];
    assert_eq!((first.carrier, first.address), (Carrier::Udp, place(7)));
    let own = node.contact(name(1)).unwrap();
    assert!(own.endpoints.iter().all(|it| it.address != place(7)), "others are not told of it");
}

#[test]
fn who_falls_silent_is_on_the_lan_no_longer() {
    let mut node = node(0);
    hear(&mut node, &myself(1), 7, Time::ZERO);
    hear(&mut node, &myself(2), 8, Time::ZERO + 30 * SECOND);
    let over = Time::ZERO + 35 * SECOND;
    node.handle(Input::Wake, over);
    assert!(said(&mut node).contains(&Output::OffLan(name(1))));
    assert_eq!(node.on_lan().collect::<Vec<_>>(), [(name(2), place(8))]);
    node.handle(Input::Roamed, over);
    assert!(said(&mut node).contains(&Output::OffLan(name(2))), "we are elsewhere");
}

#[test]
fn who_is_not_believed_is_counted_and_on_no_lan() {
    let mut node = node(0);
    let late = introduction(1, &contact(1, NOW), Wall(NOW.0 - 1));
    for octets in [&late[..], b"?", &myself(0)] {
        assert!(hear(&mut node, octets, 7, Time::ZERO).is_empty());
    }
    assert_eq!(node.counters().refused.values().sum::<u64>(), 3);
    node.handle(Input::Document(&signed(&document(1, vec![serial(2)]))), Time::ZERO);
    said(&mut node);
    assert!(hear(&mut node, &myself(2), 7, Time::ZERO).is_empty(), "it is revoked");
    assert_eq!(node.on_lan().count(), 0);
}

#[test]
fn so_much_is_listened_to_and_no_more() {
    let mut node = node(0);
    for _ in 0..1_000 {
        hear(&mut node, &myself(1), 7, Time::ZERO);
    }
    assert_eq!(node.counters().refused.get("busy"), Some(&900));
}

#[test]
fn where_we_are_seen_on_the_lan_is_not_where_others_see_us() {
    let mut node = node(0);
    for n in 1..=3 {
        node.handle(Input::Observed(name(n), place(9)), Time::ZERO);
    }
    assert!(!said(&mut node).iter().any(|said| matches!(said, Output::Seen(_))));
}
