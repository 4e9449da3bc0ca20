//! How two sides come to believe each other, and how they do again.

use super::*;

#[test]
fn a_greeting_is_believed_after_one_challenge_and_one_reply() {
    let (mut a, mut b) = (Side::new(A, common()), Side::new(B, common()));
    let greeting = a.seal(ALL);
    assert_eq!(b.open(A, ALL, &greeting, ms(0)), Err(Refused::Unproven));
    let challenge = b.said();
    assert_eq!((challenge.len(), challenge[0].0), (1, A));
    // The challenger is not known either: reply and challenge travel together.
    assert_eq!(a.open(B, A, &challenge[0].1, ms(1)), Err(Refused::Unproven));
    let both = a.said();
    assert_eq!((both.len(), both[0].0), (1, B));
    assert_eq!(b.open(A, B, &both[0].1, ms(2)), Ok(()));
    let reply = b.said();
    assert_eq!(a.open(B, A, &reply[0].1, ms(3)), Ok(()));
    assert!(a.said().is_empty() && b.said().is_empty());
    for (from, to) in [(&mut a, &mut b)] {
        assert_eq!(greet(from, to, ms(4)), Ok(()));
        assert_eq!(greet(to, from, ms(4)), Ok(()));
        for side in [&*from, &*to] {
            let counters = side.guard.counters();
            assert_eq!((counters.challenges, counters.answered, counters.replies), (1, 1, 1));
            assert_eq!(side.refused(Refused::Unproven), 1);
        }
    }
}

#[test]
fn a_neighbour_that_starts_again_is_challenged_again_and_then_believed() {
    let (_, mut b) = acquainted(&common());
    let mut a = Side::born(A, common(), 2);
    assert_eq!(greet(&mut a, &mut b, ms(1000)), Err(Refused::Unproven));
    assert_eq!(greet(&mut a, &mut b, ms(1000)), Ok(()));
    assert_eq!(greet(&mut b, &mut a, ms(1000)), Ok(()));
}

#[test]
fn who_starts_again_challenges_and_then_believes_the_others() {
    let (mut a, _) = acquainted(&common());
    let mut b = Side::born(B, common(), 2);
    assert_eq!(greet(&mut a, &mut b, ms(1000)), Err(Refused::Unproven));
    assert_eq!(greet(&mut a, &mut b, ms(1000)), Ok(()));
    assert_eq!(greet(&mut b, &mut a, ms(1000)), Ok(()));
}

#[test]
fn after_five_minutes_of_silence_a_challenge_is_needed_again() {
    let (mut a, mut b) = acquainted(&common());
    assert_eq!(greet(&mut a, &mut b, ms(299_999)), Ok(()));
    assert_eq!(greet(&mut a, &mut b, ms(599_998)), Ok(()));
    assert_eq!(greet(&mut a, &mut b, ms(899_998)), Err(Refused::Unproven));
    assert_eq!(greet(&mut a, &mut b, ms(899_998)), Ok(()));
}

#[test]
fn what_is_said_in_vain_keeps_nobody_known() {
    let (mut a, mut b) = acquainted(&common());
    let old = a.seal(ALL);
    assert_eq!(b.open(A, ALL, &old, ms(0)), Ok(()));
    for minute in 1..5 {
        assert_eq!(b.open(A, ALL, &old, ms(minute * 60_000)), Err(Refused::Replayed));
    }
    assert_eq!(b.open(A, ALL, &old, ms(300_000)), Err(Refused::Unproven));
    assert_eq!(b.guard.neighbours().next().unwrap().index, None);
}

#[test]
fn a_round_trip_of_two_seconds_under_steady_traffic_still_ends_in_belief() {
    let (mut a, mut b) = (Side::new(A, common()), Side::new(B, common()));
    let mut under_way: Vec<(Time, bool, Ipv6Addr, Vec<u8>)> = Vec::new();
    let mut believed = None;
    for now in (0..10_000).step_by(50) {
        under_way.push((ms(now + 1000), true, ALL, a.seal(ALL)));
        let (due, rest) = under_way.into_iter().partition(|(at, ..)| *at <= ms(now));
        under_way = rest;
        for (_, to_b, to, octets) in due {
            let opened = if to_b {
                b.open(A, to, &octets, ms(now))
            } else {
                a.open(B, to, &octets, ms(now))
            };
            if to_b && to == ALL && opened.is_ok() {
                believed = believed.or(Some(now));
            }
            for (side, to_b) in [(&mut a, true), (&mut b, false)] {
                for (to, octets) in side.said() {
                    under_way.push((ms(now + 1000), to_b, to, octets));
                }
            }
        }
    }
    assert!(believed.is_some_and(|at| at < 4000), "{believed:?}");
}

#[test]
fn when_the_counter_ends_a_new_index_begins_and_nothing_is_believed_twice() {
    let (mut a, mut b) = acquainted(&common());
    let before = b.guard.neighbours().next().unwrap();
    a.guard.counter = u32::MAX - 1;
    assert_eq!(greet(&mut a, &mut b, ms(1000)), Ok(()));
    let last = a.seal(ALL);
    assert_eq!(b.open(A, ALL, &last, ms(1000)), Ok(()));
    assert_eq!(greet(&mut a, &mut b, ms(1000)), Err(Refused::Unproven));
    assert_eq!(greet(&mut a, &mut b, ms(1000)), Ok(()));
    let after = b.guard.neighbours().next().unwrap();
    assert_ne!(before.index, after.index);
    assert_eq!(after.multicast, Some(2));
    assert_eq!(b.open(A, ALL, &last, ms(2000)), Err(Refused::Unproven));
}

#[test]
fn neighbours_are_shown_with_their_counters_and_their_key() {
    let (mut a, mut b) = acquainted(&common());
    let a_view = || a.guard.neighbours().next().unwrap();
    assert_eq!((a_view().address, a_view().key.as_deref()), (B, Some("common")));
    assert_eq!(a_view().index.map(|index| index.len()), Some(8));
    let b_view = b.guard.neighbours().next().unwrap();
    let unicast = a.seal(B);
    assert_eq!(b.open(A, B, &unicast, ms(7)), Ok(()));
    let then = b.guard.neighbours().next().unwrap();
    assert!(then.unicast > b_view.unicast && then.multicast == b_view.multicast);
    assert_eq!(then.heard, ms(7));
}
