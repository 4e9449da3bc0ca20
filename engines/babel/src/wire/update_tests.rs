//! The rules U1 to U7, and parser state across updates.

use super::*;
use alloc::vec;

const ROUTER_ID: RouterId = RouterId([7; 8]);

fn state() -> State {
    State { router: Some(ROUTER_ID), ..State::default() }
}

fn body(fixed: [u8; 4], metric: u16, octets: &[u8]) -> Vec<u8> {
    let mut body = fixed.to_vec();
    body.extend([0x06, 0x40, 0, 5]);
    body.extend(metric.to_be_bytes());
    body.extend(octets);
    body
}

#[test]
fn what_is_written_is_read_back() {
    let update = Update {
        range: Range::V6("fd00:1:2:3::/64".parse().unwrap()),
        router: Some(ROUTER_ID),
        seqno: Seqno(5),
        metric: Metric(96),
        next: Duration::from_secs(16),
        hop: None,
    };
    let mut state = state();
    assert_eq!(Update::decode(&update.encode(0), &mut state), Ok(update));
    let range = Range::V6("fd00:1:2:4::/64".parse().unwrap());
    let next = Update { range, ..update };
    assert_eq!(next.encode(7).len(), 11);
    assert_eq!(Update::decode(&next.encode(7), &mut state), Ok(next));
}

#[test]
fn u1_a_finite_update_needs_a_router_id() {
    let bytes = body([2, 0, 8, 0], 96, &[0xfd]);
    assert_eq!(Update::decode(&bytes, &mut State::default()), Err(Malformed::NoRouterId));
    let bytes = body([2, 0, 8, 0], 0xffff, &[0xfd]);
    assert!(Update::decode(&bytes, &mut State::default()).is_ok());
}

#[test]
fn u2_nothing_is_left_out_before_a_default() {
    let bytes = body([2, 0, 16, 1], 96, &[1]);
    assert_eq!(Update::decode(&bytes, &mut state()), Err(Malformed::NoDefault));
    let bytes = body([2, 0, 8, 2], 96, &[]);
    assert_eq!(Update::decode(&bytes, &mut state()), Err(Malformed::Length { what: WHAT }));
}

#[test]
fn u3_an_interval_of_zero_is_refused() {
    let mut bytes = body([2, 0, 8, 0], 96, &[0xfd]);
    bytes[4] = 0;
    bytes[5] = 0;
    assert_eq!(Update::decode(&bytes, &mut state()), Err(Malformed::NoInterval { what: WHAT }));
}

#[test]
fn u4_a_wildcard_only_retracts() {
    let finite = body([0, 0, 0, 0], 96, &[]);
    assert_eq!(Update::decode(&finite, &mut state()), Err(Malformed::Wildcard { what: WHAT }));
    let gone = Update::decode(&body([0, 0, 0, 0], 0xffff, &[]), &mut state()).unwrap();
    assert_eq!(gone.range, Range::All);
    let long = body([0, 0, 8, 0], 0xffff, &[1]);
    assert_eq!(Update::decode(&long, &mut state()), Err(Malformed::Length { what: WHAT }));
}

#[test]
fn u5_ipv4_needs_an_ipv4_next_hop() {
    let bytes = body([1, 0, 8, 0], 96, &[10]);
    assert_eq!(Update::decode(&bytes, &mut state()), Err(Malformed::NoNextHop));
    let mut state = State { hop4: Some("192.0.2.1".parse().unwrap()), ..state() };
    assert!(Update::decode(&bytes, &mut state).is_ok());
}

#[test]
fn u6_an_address_can_be_the_router_id() {
    let mut octets = vec![0; 16];
    octets[0] = 0xfd;
    octets[15] = 9;
    let mut state = State::default();
    let update = Update::decode(&body([2, 0xc0, 128, 0], 96, &octets), &mut state).unwrap();
    assert_eq!(update.router, Some(RouterId([0, 0, 0, 0, 0, 0, 0, 9])));
    assert_eq!(state.router, update.router);
    // Compressed: all but the last octet from the default; it names the following updates.
    let next = Update::decode(&body([2, 0x40, 128, 15], 96, &[8]), &mut state).unwrap();
    assert_eq!(next.router, Some(RouterId([0, 0, 0, 0, 0, 0, 0, 8])));
    // Too short a range would be named by zeros.
    let zeros = body([2, 0x40, 8, 0], 96, &[0xfd]);
    assert_eq!(Update::decode(&zeros, &mut state), Err(Malformed::NoRouterId));
}

#[test]
fn u7_the_longest_interval_is_eleven_minutes() {
    let mut bytes = body([2, 0, 8, 0], 96, &[0xfd]);
    bytes[4] = 0xff;
    bytes[5] = 0xff;
    let update = Update::decode(&bytes, &mut state()).unwrap();
    assert_eq!(update.next, Duration::from_millis(655_350));
}

#[test]
fn p5_a_refused_update_still_sets_the_default() {
    let mut state = state();
    let mut bytes = body([2, 0x80, 16, 0], 96, &[0xfd, 0x01]);
    bytes.extend([0xf0, 0]);
    assert_eq!(Update::decode(&bytes, &mut state), Err(Malformed::Mandatory { what: WHAT }));
    let next = Update::decode(&body([2, 0, 24, 2], 96, &[9]), &mut state).unwrap();
    assert_eq!(next.range, Range::V6("fd01:900::/24".parse().unwrap()));
}

#[test]
fn p7_an_unknown_encoding_is_passed_over() {
    let bytes = body([9, 0, 16, 0], 96, &[0xfd, 0x01]);
    assert_eq!(Update::decode(&bytes, &mut state()), Err(Malformed::Encoding { what: WHAT }));
}
