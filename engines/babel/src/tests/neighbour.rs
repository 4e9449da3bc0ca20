//! Facts about one neighbour.

use core::net::Ipv6Addr;

use super::*;
use crate::agenda::Stream;
use crate::neighbour::{Allowance, Greeting, Neighbour};
use crate::wire::{Echo, Hello};
use crate::{Cost, Interface, Place, Ramp, Seqno};

const NONE: Cost = Cost(0);

fn anybody() -> Neighbour {
    let at = Place { interface: Interface(1), scope: Scope::EVERYWHERE };
    Neighbour::new(at, Ipv6Addr::UNSPECIFIED, 0)
}

fn hello(seqno: u16) -> Hello {
    let next = Some(Duration::from_secs(4));
    Hello { seqno: Seqno(seqno), next, unicast: false, sent: None, frugal: false }
}

fn at(us: u64) -> Time {
    Time::from_micros(us)
}

#[test]
fn one_greeting_is_enough_to_hear_it() {
    let mut neighbour = anybody();
    assert_eq!(neighbour.rxcost(&Profile::TUNNEL, NONE), Cost::INFINITE);
    assert_eq!(neighbour.hear(&hello(5), true, Time::ZERO), Greeting::First);
    assert_eq!(neighbour.rxcost(&Profile::TUNNEL, NONE), Cost::NOMINAL);
    assert_eq!(neighbour.hear(&hello(6), true, Time::ZERO), Greeting::Next);
    assert_eq!(neighbour.hear(&hello(600), true, Time::ZERO), Greeting::Restarted);
}

#[test]
fn the_streams_are_counted_apart() {
    let mut neighbour = anybody();
    neighbour.hear(&hello(5), true, Time::ZERO);
    let other = Hello { unicast: true, next: None, ..hello(40_000) };
    assert_eq!(neighbour.hear(&other, true, Time::ZERO), Greeting::Next);
    assert_eq!(neighbour.miss(Stream::Unicast), None);
    assert_eq!(neighbour.miss(Stream::Multicast), Some(Duration::from_secs(4)));
}

#[test]
fn it_is_usable_once_both_ends_hear() {
    let mut neighbour = anybody();
    neighbour.hear(&hello(5), true, Time::ZERO);
    assert_eq!(neighbour.measured(&Profile::TUNNEL, NONE, Time::ZERO), Cost::INFINITE);
    neighbour.txcost = Cost::NOMINAL;
    assert_eq!(neighbour.measured(&Profile::TUNNEL, NONE, Time::ZERO), Cost::NOMINAL);
    let shunned = neighbour.measured(&Profile::TUNNEL, Cost::SHUNNED, Time::ZERO);
    assert_eq!(shunned, Cost(20_096));
}

#[test]
fn a_round_trip_leaves_out_the_neighbours_pause() {
    let mut neighbour = anybody();
    // Sent at 1000, received at 50 000 of the other's clock, answered 700 later, back at 3700.
    let echo = Echo { origin: 1_000, received: 50_000 };
    neighbour.time(echo, 50_700, Ramp::PLANET, at(3_700));
    assert_eq!(neighbour.rtt(at(3_700)), Some(Duration::from_millis(2)));
    assert_eq!(neighbour.rtt(at(3_700) + Duration::from_mins(3)), None);
}

#[test]
fn clocks_may_wrap_and_nonsense_is_passed_over() {
    let mut neighbour = anybody();
    let echo = Echo { origin: u32::MAX - 99, received: u32::MAX };
    neighbour.time(echo, 0, Ramp::PLANET, at((1 << 32) + 901));
    assert_eq!(neighbour.rtt(at(1 << 32)), Some(Duration::from_millis(1)));
    let late = Echo { origin: 0, received: 0 };
    let mut neighbour = anybody();
    neighbour.time(late, 2_000, Ramp::PLANET, at(1_000));
    neighbour.time(late, 0, Ramp::PLANET, at(700_000_000));
    assert_eq!(neighbour.rtt(at(0)), None);
}

#[test]
fn requests_are_paid_from_an_allowance() {
    let mut allowance = Allowance::default();
    let granted = (0..100).filter(|_| allowance.take(10, at(0))).count();
    assert_eq!(granted, 20);
    let granted = (0..100).filter(|_| allowance.take(10, at(1_000_000))).count();
    assert_eq!(granted, 10);
}

#[test]
fn a_neighbour_that_is_owed_nothing_is_small() {
    assert!(size_of::<Neighbour>() <= 240, "{}", size_of::<Neighbour>());
}
