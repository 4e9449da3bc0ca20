//! What is said again, too late, elsewhere, or by somebody else.

use super::*;

#[test]
fn a_packet_is_let_in_once_and_its_repetition_makes_nobody_talk() {
    let (mut a, mut b) = acquainted(&common());
    for to in [ALL, B] {
        let packet = a.seal(to);
        assert_eq!(b.open(A, to, &packet, ms(1000)), Ok(()));
        for again in 1..100 {
            assert_eq!(b.open(A, to, &packet, ms(1000 + again * 300)), Err(Refused::Replayed));
            assert!(b.said().is_empty());
        }
    }
    assert_eq!(b.refused(Refused::Replayed), 198);
}

#[test]
fn packets_that_overtake_each_other_within_the_window_are_let_in() {
    let (mut a, mut b) = acquainted(&common());
    let packets: Vec<_> = (0..64).map(|_| a.seal(ALL)).collect();
    for packet in packets.iter().rev() {
        assert_eq!(b.open(A, ALL, packet, ms(1)), Ok(()));
    }
    let held = a.seal(ALL);
    for _ in 0..64 {
        assert_eq!(greet(&mut a, &mut b, ms(1)), Ok(()));
    }
    assert_eq!(b.open(A, ALL, &held, ms(1)), Err(Refused::Late));
}

#[test]
fn multicast_held_back_by_an_access_point_is_let_in_however_much_unicast_came() {
    let (mut a, mut b) = acquainted(&common());
    let held = a.seal(ALL);
    for _ in 0..1000 {
        let packet = a.seal(B);
        assert_eq!(b.open(A, B, &packet, ms(1)), Ok(()));
    }
    assert_eq!(b.open(A, ALL, &held, ms(1)), Ok(()));
    assert_eq!(b.open(A, ALL, &held, ms(1)), Err(Refused::Replayed));
}

#[test]
fn nothing_recorded_is_believed_by_who_starts_again() {
    let (mut a, mut b) = acquainted(&common());
    let recorded: Vec<_> = (0..10).map(|_| a.seal(ALL)).collect();
    for packet in &recorded {
        assert_eq!(b.open(A, ALL, packet, ms(1)), Ok(()));
    }
    let mut b = Side::born(B, common(), 2);
    for packet in &recorded {
        assert_eq!(b.open(A, ALL, packet, ms(1000)), Err(Refused::Unproven));
    }
    // Challenged once, `a` replies; what came before the reply remains unbelieved.
    settle(&mut a, &mut b, ms(1000));
    for packet in &recorded {
        assert_eq!(b.open(A, ALL, packet, ms(1000)), Err(Refused::Replayed));
    }
    assert_eq!(greet(&mut a, &mut b, ms(1000)), Ok(()));
}

#[test]
fn an_old_reply_does_not_answer_a_new_challenge() {
    let (mut a, mut b) = (Side::new(A, common()), Side::new(B, common()));
    let greeting = a.seal(ALL);
    let _ = b.open(A, ALL, &greeting, ms(0));
    let (_, challenge) = b.said().remove(0);
    let _ = a.open(B, A, &challenge, ms(0));
    let (_, reply) = a.said().remove(0);
    assert_eq!(b.open(A, B, &reply, ms(0)), Ok(()));
    b.said();
    let mut b = Side::born(B, common(), 2);
    assert_eq!(b.open(A, ALL, &greeting, ms(0)), Err(Refused::Unproven));
    assert_eq!(b.open(A, B, &reply, ms(1)), Err(Refused::Unproven));
    assert_eq!(b.guard.counters().answered, 0);
}

#[test]
fn a_reply_counts_for_thirty_seconds() {
    for (after, opened) in [(29_999, Ok(())), (30_000, Err(Refused::Unproven))] {
        let (mut a, mut b) = (Side::new(A, common()), Side::new(B, common()));
        let greeting = a.seal(ALL);
        let _ = b.open(A, ALL, &greeting, ms(0));
        let (_, challenge) = b.said().remove(0);
        let _ = a.open(B, A, &challenge, ms(0));
        let (_, reply) = a.said().remove(0);
        assert_eq!(b.open(A, B, &reply, ms(after)), opened);
    }
}

#[test]
fn a_packet_is_refused_at_any_other_address() {
    let (mut a, mut b) = acquainted(&common());
    let packet = a.seal(B);
    assert_eq!(b.open(A, ALL, &packet, ms(0)), Err(Refused::WrongMac));
    assert_eq!(b.open(A, link_local(0xc), &packet, ms(0)), Err(Refused::WrongMac));
    assert_eq!(b.open(link_local(0xc), B, &packet, ms(0)), Err(Refused::WrongMac));
    assert_eq!(b.open(A, B, &packet, ms(0)), Ok(()));
}

#[test]
fn our_own_packets_are_refused_even_where_nothing_is_required() {
    let mut a = Side::new(A, Settings { require: false, ..common() });
    let packet = a.seal(ALL);
    assert_eq!(a.open(A, ALL, &packet, ms(0)), Err(Refused::Echo));
    assert!(a.said().is_empty() && a.guard.neighbours().next().is_none());
}

#[test]
fn an_old_packet_of_a_neighbour_that_started_again_does_not_unsettle_it() {
    let (mut old, mut b) = acquainted(&common());
    let recorded = old.seal(ALL);
    assert_eq!(b.open(A, ALL, &recorded, ms(0)), Ok(()));
    let mut a = Side::born(A, common(), 2);
    let _ = greet(&mut a, &mut b, ms(1000));
    for step in 0..20 {
        let now = ms(2000 + step * 100);
        assert_eq!(b.open(A, ALL, &recorded, now), Err(Refused::Unproven));
        assert_eq!(greet(&mut a, &mut b, now), Ok(()));
    }
}
