//! How little a flood achieves.

use super::*;

#[test]
fn floods_of_wrong_macs_leave_nothing_behind() {
    let mut b = Side::new(B, common());
    let mut stranger = Side::new(A, with([key("x", Algorithm::HmacSha256, b"wrong")]));
    let packet = stranger.seal(ALL);
    for host in 0..5000 {
        assert_eq!(
            b.open(link_local(host), ALL, &packet, ms(0)),
            Err(Refused::WrongMac).or_own(host)
        );
    }
    assert_eq!(b.guard.neighbours().count(), 0);
    assert!(b.said().is_empty());
}

trait OrOwn {
    fn or_own(self, host: u16) -> Self;
}

impl OrOwn for Result<(), Refused> {
    /// Our own address says it is an echo.
    fn or_own(self, host: u16) -> Self {
        if link_local(host) == B { Err(Refused::Echo) } else { self }
    }
}

#[test]
fn a_thousand_neighbours_are_remembered_and_who_proved_itself_stays() {
    let mut b = Side::new(B, common());
    let mut first = Side::new(A, common());
    let _ = greet(&mut first, &mut b, ms(0));
    for host in 0x1000..0x1000 + 3000 {
        let greeting = Side::new(link_local(host), common()).seal(ALL);
        let now = ms(u64::from(host));
        assert_eq!(b.open(link_local(host), ALL, &greeting, now), Err(Refused::Unproven));
    }
    assert_eq!(b.guard.neighbours().count(), 1024);
    assert!(b.said().len() <= 1024);
    assert_eq!(greet(&mut first, &mut b, ms(10_000)), Ok(()));
}

#[test]
fn neighbours_that_all_proved_themselves_are_kept_and_further_ones_refused_until_they_go() {
    let mut b = Side::new(B, common());
    for host in 0x1000..0x1000 + 1024 {
        let mut neighbour = Side::new(link_local(host), common());
        let _ = greet(&mut neighbour, &mut b, ms(0));
        assert_eq!(greet(&mut neighbour, &mut b, ms(0)), Ok(()));
    }
    let mut late = Side::new(A, common());
    assert_eq!(greet(&mut late, &mut b, ms(1000)), Err(Refused::Crowd));
    assert_eq!(greet(&mut late, &mut b, ms(300_000)), Err(Refused::Unproven));
    assert_eq!(greet(&mut late, &mut b, ms(300_000)), Ok(()));
    assert_eq!(b.guard.neighbours().count(), 1);
}

#[test]
fn a_neighbour_is_challenged_once_in_three_hundred_milliseconds_never_with_the_same_nonce() {
    let (mut a, mut b) = (Side::new(A, common()), Side::new(B, common()));
    let mut challenges = Vec::new();
    for now in 0..900 {
        let greeting = a.seal(ALL);
        assert_eq!(b.open(A, ALL, &greeting, ms(now)), Err(Refused::Unproven));
        challenges.extend(b.said().into_iter().map(|(_, octets)| (now, octets)));
    }
    let at: Vec<_> = challenges.iter().map(|(now, _)| *now).collect();
    assert_eq!(at, [0, 300, 600]);
    let nonces: Vec<_> = challenges.iter().map(|(_, octets)| &octets[4..22]).collect();
    assert_eq!(nonces[0][..2], [18, 16]);
    assert!(nonces[0] != nonces[1] && nonces[1] != nonces[2] && nonces[0] != nonces[2]);
}

#[test]
fn a_challenge_is_answered_once_in_three_hundred_milliseconds_and_never_to_many() {
    let (mut a, mut b) = acquainted(&common());
    let ask = |b: &mut Side, to| {
        let octets = [&[MAGIC, VERSION, 0, 5, 18, 3][..], b"abc"].concat();
        b.guard.seal(to, octets, b.wall)
    };
    let mut answered = Vec::new();
    for now in 1000..1900 {
        let challenge = ask(&mut b, A);
        assert_eq!(a.open(B, A, &challenge, ms(now)), Ok(()));
        for (to, octets) in a.said() {
            assert_eq!((to, &octets[4..9]), (B, &[19, 3, b'a', b'b', b'c'][..]));
            answered.push(now);
        }
    }
    assert_eq!(answered, [1000, 1300, 1600]);
    let challenge = ask(&mut b, ALL);
    assert_eq!(a.open(B, ALL, &challenge, ms(5000)), Ok(()));
    assert!(a.said().is_empty());
}

#[test]
fn room_is_what_sealing_adds() {
    for settings in [
        with([]),
        common(),
        with([key("a", Algorithm::Blake2s128, b"a"), key("b", Algorithm::HmacSha256, b"b")]),
    ] {
        let mut side = Side::new(A, settings);
        let room = side.guard.room(side.wall);
        assert_eq!(side.seal(ALL).len(), hello().len() + room);
        let all = [&[MAGIC, VERSION, 0, 0][..], &vec![0; 65_535 - 14]].concat();
        let sealed = side.guard.seal(ALL, all.clone(), side.wall);
        assert_eq!((sealed.len(), &sealed[2..4]), (all.len() + room, &[255, 255][..]));
        let too_long = [&all[..], &[0]].concat();
        assert_eq!(side.guard.seal(ALL, too_long.clone(), side.wall), too_long);
        assert_eq!(side.guard.seal(ALL, vec![42, 2], side.wall), [42, 2]);
    }
}

#[test]
fn a_packet_without_a_counter_is_refused_though_its_mac_fits() {
    let mut b = Side::new(B, common());
    let mut packet = hello();
    let covered = pseudo_header::Covered { from: A, to: ALL, octets: &packet };
    let mac = common().keys.keys()[0].mac(covered);
    tlv::put_mac(&mut packet, &mac);
    assert_eq!(b.open(A, ALL, &packet, ms(0)), Err(Refused::NoCounter));
    assert!(b.said().is_empty());
}
