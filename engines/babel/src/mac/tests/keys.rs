//! Keys that differ, come and go.

use super::*;

const OLD: &[u8] = b"oldoldoldoldoldo";
const NEW: &[u8] = b"newnewnewnewnewn";

#[test]
fn other_secrets_and_other_algorithms_are_strangers_and_are_not_challenged() {
    let ours = [key("ours", Algorithm::HmacSha256, OLD)];
    for theirs in [
        key("ours", Algorithm::HmacSha256, NEW),
        key("ours", Algorithm::Blake2s128, OLD),
        key("ours", Algorithm::Blake2s128, NEW),
    ] {
        let mut a = Side::new(A, with([theirs]));
        let mut b = Side::new(B, with(ours.clone()));
        assert_eq!(greet(&mut a, &mut b, ms(0)), Err(Refused::WrongMac));
        assert_eq!(greet(&mut b, &mut a, ms(0)), Err(Refused::WrongMac));
        assert!(a.guard.neighbours().chain(b.guard.neighbours()).next().is_none());
        assert_eq!((a.guard.counters().challenges, b.guard.counters().challenges), (0, 0));
    }
}

#[test]
fn any_common_key_is_enough() {
    let old = || key("old", Algorithm::Blake2s128, OLD);
    let new = || key("new", Algorithm::HmacSha256, NEW);
    let (mut a, mut b) = (Side::new(A, with([old(), new()])), Side::new(B, with([new()])));
    let packet = a.seal(ALL);
    assert_eq!(packet.len(), hello().len() + 14 + 18 + 34);
    let _ = greet(&mut a, &mut b, ms(0));
    assert_eq!(greet(&mut a, &mut b, ms(0)), Ok(()));
    assert_eq!(greet(&mut b, &mut a, ms(0)), Ok(()));
    assert_eq!(a.guard.neighbours().next().unwrap().key.as_deref(), Some("new"));
}

/// The clocks of the two sides differ by five seconds; traffic goes both ways all the time.
#[test]
fn an_exchange_of_keys_with_overlapping_spans_loses_nothing() {
    let (from, until) = (Some(Wall(1100)), Some(Wall(1200)));
    let accepted_late = Span { from: None, until: Some(Wall(1300)) };
    let signed_early = Span { from: None, until };
    let begins = Span { from, until: None };
    let old = Key::new("old", Algorithm::Blake2s128, OLD, signed_early, accepted_late).unwrap();
    let new = Key::new("new", Algorithm::HmacSha256, NEW, begins, Span::ALWAYS).unwrap();
    let (mut a, mut b) = acquainted(&with([old, new]));
    for second in 0..400 {
        (a.wall, b.wall) = (Wall(1000 + second), Wall(1005 + second));
        let now = ms(second * 1000);
        assert_eq!(greet(&mut a, &mut b, now), Ok(()), "{second}");
        assert_eq!(greet(&mut b, &mut a, now), Ok(()), "{second}");
    }
    assert_eq!(a.guard.neighbours().next().unwrap().key.as_deref(), Some("new"));
    assert_eq!(a.guard.counters().challenges, 1);
}

#[test]
fn keys_are_exchanged_one_side_after_the_other_without_a_new_challenge() {
    let old = || key("old", Algorithm::HmacSha256, OLD);
    let new = || key("new", Algorithm::HmacSha256, NEW);
    let listen = || Key::new("new", Algorithm::HmacSha256, NEW, Span::NEVER, Span::ALWAYS).unwrap();
    let (mut a, mut b) = acquainted(&with([old()]));
    let steps = [
        (vec![listen(), old()], vec![old()]),
        (vec![listen(), old()], vec![old(), listen()]),
        (vec![new(), old()], vec![old(), listen()]),
        (vec![new(), old()], vec![old(), new()]),
        (vec![new()], vec![old(), new()]),
        (vec![new()], vec![new()]),
    ];
    for (step, (at_a, at_b)) in steps.into_iter().enumerate() {
        a.guard.rekey(with(at_a));
        b.guard.rekey(with(at_b));
        for _ in 0..3 {
            assert_eq!(greet(&mut a, &mut b, ms(1000)), Ok(()), "{step}");
            assert_eq!(greet(&mut b, &mut a, ms(1000)), Ok(()), "{step}");
        }
    }
    assert_eq!((a.guard.counters().challenges, b.guard.counters().challenges), (1, 1));
}

#[test]
fn a_key_that_has_ended_opens_nothing() {
    let ends = Span { from: None, until: Some(Wall(2000)) };
    let brief = Key::new("brief", Algorithm::HmacSha256, OLD, Span::ALWAYS, ends).unwrap();
    let (mut a, mut b) = acquainted(&with([brief]));
    b.wall = Wall(1999);
    assert_eq!(greet(&mut a, &mut b, ms(0)), Ok(()));
    b.wall = Wall(2000);
    assert_eq!(greet(&mut a, &mut b, ms(0)), Err(Refused::WrongMac));
}

#[test]
fn without_a_key_that_signs_packets_leave_unsigned_and_are_counted() {
    let mut a = Side::new(A, with([]));
    let mut b = Side::new(B, common());
    assert_eq!(greet(&mut a, &mut b, ms(0)), Err(Refused::Unsigned));
    assert_eq!((a.guard.counters().sealed, a.guard.counters().unsigned), (1, 1));
}

#[test]
fn packets_without_a_mac_that_fits_are_let_in_only_where_nothing_is_required() {
    let strange = with([key("strange", Algorithm::HmacSha256, NEW)]);
    for (require, opened) in [(true, false), (false, true)] {
        let mut b = Side::new(B, Settings { require, ..common() });
        assert_eq!(b.open(A, ALL, &hello(), ms(0)).is_ok(), opened);
        let packet = Side::new(A, strange.clone()).seal(ALL);
        assert_eq!(b.open(A, ALL, &packet, ms(0)).is_ok(), opened);
        let counters = b.guard.counters();
        let counted = if opened { &counters.suffered } else { &counters.refused };
        assert_eq!((counted["unsigned"], counted["wrong-mac"]), (1, 1));
        assert_eq!(counters.opened, if opened { 2 } else { 0 });
        assert_eq!(b.open(A, ALL, &[1, 2, 3], ms(0)), Err(Refused::Unreadable));
    }
}

/// Somebody who requires nothing yet still proves itself to who does, and takes notice of who
/// has: the day something is required, nothing is lost.
#[test]
fn a_network_learns_to_require_without_losing_a_packet() {
    let lenient = || Settings { require: false, ..common() };
    let (mut a, mut b) = (Side::new(A, lenient()), Side::new(B, lenient()));
    assert_eq!(greet(&mut a, &mut b, ms(0)), Ok(()));
    assert_eq!(greet(&mut b, &mut a, ms(0)), Ok(()));
    a.guard.rekey(common());
    assert_eq!(greet(&mut b, &mut a, ms(1)), Ok(()));
    b.guard.rekey(common());
    assert_eq!(greet(&mut a, &mut b, ms(1)), Ok(()));
    let mut c = Side::new(link_local(0xc), lenient());
    assert_eq!(greet(&mut c, &mut a, ms(1)), Err(Refused::Unproven));
    assert_eq!(greet(&mut c, &mut a, ms(1)), Ok(()));
}
