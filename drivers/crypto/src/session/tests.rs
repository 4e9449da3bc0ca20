//! What a session does with packets, true and false.

mod renewal;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// The two ends of one session.
fn pair(aes: bool) -> (Session, Session) {
    let ours = Keys {
        local: 0x0102_0304,
        remote: 0x0506_0708,
        send: [1; 32],
        receive: [2; 32],
        aes,
        mask_out: [3; 32],
        mask_in: [4; 32],
        initiator: true,
    };
    let theirs = Keys {
        local: ours.remote,
        remote: ours.local,
        send: ours.receive,
        receive: ours.send,
        aes,
        mask_out: ours.mask_in,
        mask_in: ours.mask_out,
        initiator: false,
    };
    (Session::new(&ours), Session::new(&theirs))
}

fn sealed(session: &Session, frame: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    session.seal(frame, &mut packet).unwrap();
    packet
}

#[test]
fn what_one_end_seals_the_other_opens() {
    for aes in [false, true] {
        let (ours, theirs) = pair(aes);
        for length in [0, 1, 15, 16, 17, 1392, 9000] {
            let frame = vec![0x60; length];
            let mut packet = sealed(&ours, &frame);
            assert_eq!(packet.len(), length + OVERHEAD);
            assert_eq!(theirs.open(&mut packet).unwrap(), frame);
            let mut packet = sealed(&theirs, &frame);
            assert_eq!(ours.open(&mut packet).unwrap(), frame);
        }
    }
}

#[test]
fn packets_are_appended_to_what_is_there() {
    let (ours, theirs) = pair(true);
    let mut batch = Vec::new();
    for frame in [b"one", b"two"] {
        ours.seal(frame, &mut batch).unwrap();
    }
    let (first, second) = batch.split_at_mut(3 + OVERHEAD);
    assert_eq!(theirs.open(second).unwrap(), b"two");
    assert_eq!(theirs.open(first).unwrap(), b"one");
}

#[test]
fn the_mask_of_a_node_finds_the_session() {
    let (ours, theirs) = pair(true);
    let mask = Mask::new(&[3; 32]);
    for length in [0, 100] {
        let packet = sealed(&ours, &vec![0; length]);
        assert_eq!(mask.index(&packet), Some(theirs.local()));
        assert_ne!(Mask::new(&[9; 32]).index(&packet), Some(theirs.local()));
        assert_eq!(mask.index(&packet[..OVERHEAD - 1]), None);
    }
}

#[test]
fn a_packet_opens_once() {
    for aes in [false, true] {
        let (ours, theirs) = pair(aes);
        let packet = sealed(&ours, b"frame");
        assert!(theirs.open(&mut packet.clone()).is_ok());
        assert_eq!(theirs.open(&mut packet.clone()), Err(Rejected::Replayed));
        for _ in 0..20_000 {
            theirs.open(&mut sealed(&ours, b"")).unwrap();
        }
        assert_eq!(theirs.open(&mut packet.clone()), Err(Rejected::Replayed));
    }
}

#[test]
fn a_changed_packet_opens_never_and_does_not_use_up_the_true_one() {
    for aes in [false, true] {
        let (ours, theirs) = pair(aes);
        let packet = sealed(&ours, b"some frame");
        for place in 0..packet.len() {
            let mut changed = packet.clone();
            changed[place] ^= 1;
            assert!(theirs.open(&mut changed).is_err());
        }
        for length in 0..packet.len() {
            assert!(theirs.open(&mut packet.clone()[..length]).is_err());
        }
        assert!(!theirs.heard());
        assert!(theirs.open(&mut packet.clone()).is_ok());
    }
}

#[test]
fn who_was_asked_sends_after_it_heard() {
    let (ours, theirs) = pair(true);
    assert!(ours.may_send() && !theirs.may_send());
    theirs.open(&mut sealed(&ours, b"")).unwrap();
    assert!(theirs.may_send() && theirs.heard() && !ours.heard());
}

#[test]
fn a_session_that_sealed_all_it_may_seals_no_more() {
    let (ours, theirs) = pair(true);
    ours.next.store(MOST - 1, Ordering::Relaxed);
    let mut last = sealed(&ours, b"last");
    assert!(theirs.open(&mut last).is_ok());
    let mut out = vec![7];
    assert_eq!(ours.seal(b"one more", &mut out), Err(Exhausted));
    assert_eq!(ours.seal(b"one more", &mut out), Err(Exhausted));
    assert_eq!(out, [7]);
}

#[test]
fn every_octet_of_a_session_varies() {
    let (ours, _) = pair(true);
    let packets: Vec<_> = (0..256).map(|_| sealed(&ours, &[0; 40])).collect();
    for place in 0..40 + OVERHEAD {
        let values: BTreeSet<_> = packets.iter().map(|packet| packet[place]).collect();
        assert!(values.len() > 120, "octet {place} has {} values", values.len());
    }
}

#[test]
fn threads_share_a_session_and_no_packet_is_lost_or_opened_twice() {
    let (ours, theirs) = pair(true);
    let packets: Vec<_> = std::thread::scope(|scope| {
        let seal = || (0..1000).map(|_| sealed(&ours, b"frame")).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(seal)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let opened: usize = std::thread::scope(|scope| {
        let open = || packets.iter().filter(|p| theirs.open(&mut (*p).clone()).is_ok()).count();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(opened, 4000);
}

proptest! {
    #[test]
    fn no_octets_make_it_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let (ours, _) = pair(true);
        prop_assert!(ours.open(&mut octets.clone()).is_err());
        let _ = Mask::new(&[4; 32]).index(&octets);
    }
}
