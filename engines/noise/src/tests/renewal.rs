//! New keys for old links.

use super::*;

/// Both ends send a frame every 100 ms for so long; returns how many were lost.
fn talk(stage: &mut Stage, seconds: u32) -> usize {
    for _ in 0..seconds * 10 {
        stage.frame(0, LINK);
        stage.frame(1, THEIRS);
        stage.run(SECOND / 10);
    }
    stage.lost.iter().sum()
}

fn a_link_that_is_up() -> Stage {
    let mut stage = Stage::new(2);
    stage.open(0, LINK, 1);
    stage.run(SECOND);
    assert!(stage.is_up(0, LINK) && stage.is_up(1, THEIRS));
    stage
}

fn rekeys(stage: &Stage, node: usize) -> usize {
    let rekeyed = |said: &&Output| matches!(said, Output::Event(Event::Rekeyed { .. }));
    stage.said[node].iter().filter(rekeyed).count()
}

#[test]
fn keys_are_replaced_every_two_minutes_and_no_packet_is_lost() {
    let mut stage = a_link_that_is_up();
    let first = stage.keys(0, LINK).clone();
    assert_eq!(talk(&mut stage, 600), 0);
    for node in 0..2 {
        assert_eq!(rekeys(&stage, node), 4);
        assert!(stage.plane[node].len() <= 2, "old keys are retired");
        assert_eq!(stage.ups(node), 1, "it is still the same link");
        assert!(stage.downs(node).is_empty());
    }
    assert_eq!(stage.requests(1), 1, "the node is not asked again");
    assert_ne!(stage.keys(0, LINK).send, first.send);
    assert_eq!(stage.keys(0, LINK).send, stage.keys(1, THEIRS).receive);
}

#[test]
fn a_bad_network_does_not_make_the_ends_disagree() {
    for seed in 0..4 {
        let mut stage = a_link_that_is_up();
        let mut dice = words::Dice::of([seed; 32], "network");
        stage.fate = alloc::boxed::Box::new(move |_| match dice.below(10) {
            0..5 => vec![],
            5 => vec![dice.within(SECOND), dice.within(SECOND)],
            _ => vec![dice.within(SECOND / 5)],
        });
        assert_eq!(talk(&mut stage, 400), 0, "seed {seed}");
        assert!(stage.is_up(0, LINK) && stage.is_up(1, THEIRS), "seed {seed}");
        assert!(rekeys(&stage, 0) >= 2);
    }
}

#[test]
fn an_owner_whose_answers_are_lost_keeps_the_keys_both_have() {
    let mut stage = a_link_that_is_up();
    stage.fate = alloc::boxed::Box::new(|packet| match packet.body {
        Body::Hello(_) if packet.from == stage::address(1) => vec![],
        Body::Hello(_) | Body::Frame(_) => vec![stage::DELAY],
    });
    assert_eq!(talk(&mut stage, 165), 0);
    assert!(stage.plane[1].len() <= 2, "keys the owner never got are retired");
    stage.fate = alloc::boxed::Box::new(|_| vec![stage::DELAY]);
    assert_eq!(talk(&mut stage, 60), 0);
    assert!(stage.is_up(0, LINK) && stage.is_up(1, THEIRS));
    assert_eq!(rekeys(&stage, 0), 1);
}

#[test]
fn keys_that_cannot_be_replaced_end_the_link_after_three_minutes() {
    let mut stage = a_link_that_is_up();
    stage.fate = alloc::boxed::Box::new(|_| vec![]);
    stage.run(178 * SECOND);
    assert!(stage.downs(0).is_empty() && stage.downs(1).is_empty());
    stage.run(3 * SECOND);
    assert_eq!(stage.downs(0), [(LINK, Why::Expired)]);
    assert_eq!(stage.downs(1), [(THEIRS, Why::Expired)]);
    assert!(stage.plane[0].is_empty() && stage.plane[1].is_empty());
    assert!(stage.nodes[0].deadline().is_none());
}

#[test]
fn an_acceptor_that_began_anew_says_that_it_forgot() {
    let mut stage = a_link_that_is_up();
    stage.nodes[1] = stage::node(1, Settings::default(), 1_700_000_001, stage.now);
    stage.run(135 * SECOND);
    assert_eq!(stage.downs(0), [(LINK, Why::Forgotten)]);
}

#[test]
fn an_owner_that_began_anew_is_not_taken_for_a_replay() {
    let mut stage = a_link_that_is_up();
    stage.run(30 * SECOND);
    // Its world's time begins again; its calendar does not.
    stage.nodes[0] = stage::node(0, Settings::default(), 1_700_000_000, Time::ZERO);
    stage.plane[0].clear();
    stage.open(0, LinkId::ours(7), 1);
    stage.run(SECOND);
    assert!(stage.is_up(0, LinkId::ours(7)));
}

#[test]
fn a_link_that_moved_is_renewed_at_its_new_place() {
    let mut stage = Stage::new(3);
    stage.open(0, LINK, 1);
    stage.run(SECOND);
    // The acceptor is now where node 2 was.
    let (there, back) = (stage::address(2), stage::address(0));
    stage.tell(0, Input::Moved(LINK, there));
    assert_eq!(stage.said[0].last(), Some(&Output::Redirect { link: LINK, to: there }));
    stage.tell(0, Input::Moved(LINK, there));
    let redirects = stage.said[0].iter().filter(|said| matches!(said, Output::Redirect { .. }));
    assert_eq!(redirects.count(), 1);
    stage.nodes.swap(1, 2);
    stage.plane.swap(1, 2);
    stage.said.swap(1, 2);
    stage.run(135 * SECOND);
    let installed = stage.said[0].iter().filter_map(|said| {
        let Output::Install { to, .. } = said else { return None };
        Some(*to)
    });
    assert_eq!(installed.collect::<Vec<_>>(), [stage::address(1), there]);
    assert!(stage.said[2].iter().any(
        |said| matches!(said, Output::Install { link, to, .. } if *link == THEIRS && *to == back)
    ));
}

/// Where node 1 is besides: on the LAN of node 0.
fn near() -> SocketAddr {
    "[fe80::1%2]:6326".parse().unwrap()
}

fn redirects(stage: &Stage) -> Vec<SocketAddr> {
    let to = |said: &Output| {
        let Output::Redirect { to, .. } = said else { return None };
        Some(*to)
    };
    stage.said[0].iter().filter_map(to).collect()
}

#[test]
fn a_link_goes_where_its_other_end_is_near_once_it_answered_there() {
    let mut stage = a_link_that_is_up();
    stage.also = Some((near(), 1));
    stage.tell(0, Input::Nearer { link: LINK, at: near() });
    assert!(redirects(&stage).is_empty(), "nobody has answered there yet");
    assert_eq!(talk(&mut stage, 10), 0);
    assert_eq!((redirects(&stage), rekeys(&stage, 0)), (vec![near()], 1));

    // Who is on the way back says nothing of where the other end is now.
    stage.tell(0, Input::Nearer { link: LINK, at: near() });
    assert_eq!(talk(&mut stage, 5), 0);
    assert_eq!(rekeys(&stage, 0), 1, "it is there already");
}

#[test]
fn what_was_on_its_way_from_far_does_not_lead_a_link_back() {
    let mut stage = a_link_that_is_up();
    stage.also = Some((near(), 1));
    stage.tell(0, Input::Nearer { link: LINK, at: near() });
    stage.run(SECOND / 10);
    stage.tell(0, Input::Moved(LINK, stage::address(1)));
    assert_eq!(redirects(&stage), [near(), near()]);
    stage.run(3 * SECOND);
    stage.tell(0, Input::Moved(LINK, stage::address(1)));
    assert_eq!(redirects(&stage).last(), Some(&stage::address(1)), "later it may go again");
}

#[test]
fn a_link_stays_where_it_is_if_nobody_answers_nearby() {
    let mut stage = a_link_that_is_up();
    for _ in 0..20 {
        stage.tell(0, Input::Nearer { link: LINK, at: near() });
        assert_eq!(talk(&mut stage, 10), 0);
    }
    assert!(redirects(&stage).is_empty() && stage.is_up(0, LINK) && stage.is_up(1, THEIRS));
    let unanswered = |said: &&Output| matches!(said, Output::Unanswered { .. });
    assert_eq!(stage.said[0].iter().filter(unanswered).count(), 0, "nobody need beckon for it");
    assert!(rekeys(&stage, 0) >= 1, "and it has new keys when it should");
}

#[test]
fn who_passes_handshakes_on_draws_no_link_to_itself() {
    let mut stage = a_link_that_is_up();
    stage.also = Some((near(), 1));
    stage.tell(0, Input::Nearer { link: LINK, at: "192.0.2.77:1".parse().unwrap() });
    let hello = last_initiation(&stage);
    stage.tell(1, Input::Datagram { from: stage::address(0), bytes: &hello });
    assert_eq!(talk(&mut stage, 10), 0);
    assert!(redirects(&stage).is_empty(), "the answer came from elsewhere");
}

#[test]
fn moving_is_being_heard() {
    let mut stage = Stage::new(2);
    stage.fate = alloc::boxed::Box::new(|packet| match packet.body {
        Body::Hello(_) => vec![stage::DELAY],
        Body::Frame(_) => vec![],
    });
    stage.open(0, LINK, 1);
    stage.run(SECOND);
    assert_eq!(stage.ups(1), 0);
    stage.tell(1, Input::Moved(THEIRS, stage::address(9)));
    assert_eq!(stage.ups(1), 1);
    let receiver = stage.keys(1, THEIRS).local;
    stage.tell(1, Input::Heard { link: THEIRS, receiver });
    assert_eq!(stage.ups(1), 1);
}

/// The initiation that the owner sent last.
fn last_initiation(stage: &Stage) -> Vec<u8> {
    stage.sent[0].last().expect("an initiation").clone()
}

fn hear(stage: &mut Stage, bytes: &[u8]) {
    stage.tell(1, Input::Datagram { from: stage::address(7), bytes });
}

#[test]
fn a_rekey_said_again_later_ends_no_session() {
    let mut stage = a_link_that_is_up();
    assert_eq!(talk(&mut stage, 140), 0);
    assert_eq!(rekeys(&stage, 1), 1);
    let replayed = last_initiation(&stage);
    // Many strangers were accepted since: nobody but the link remembers the owner.
    stage.nodes[1].stamps = Stamps::new(1);
    assert_eq!(talk(&mut stage, 30), 0);
    hear(&mut stage, &replayed);
    assert_eq!(stage.nodes[1].counters().of(Reason::Replayed), 1);
    assert_eq!(rekeys(&stage, 1), 1);
    assert_eq!(talk(&mut stage, 300), 0);
    assert!(stage.is_up(0, LINK) && stage.is_up(1, THEIRS));
}

#[test]
fn a_session_that_was_heard_stays_until_the_new_one_is_heard() {
    let mut stage = a_link_that_is_up();
    let first = stage.keys(1, THEIRS).local;
    // Frames of the owner are lost from the moment it has new keys.
    stage.fate = alloc::boxed::Box::new(|packet| match packet.body {
        Body::Hello(_) => vec![stage::DELAY],
        Body::Frame(_) => vec![],
    });
    stage.run(135 * SECOND);
    assert_eq!(rekeys(&stage, 1), 1);
    stage.run(65 * SECOND);
    assert!(stage.plane[1].contains_key(&first));
    stage.fate = alloc::boxed::Box::new(|_| vec![stage::DELAY]);
    stage.frame(0, LINK);
    stage.run(59 * SECOND);
    assert!(stage.plane[1].contains_key(&first), "late packets still open");
    stage.run(3 * SECOND);
    assert!(!stage.plane[1].contains_key(&first));
}

#[test]
fn a_rekey_from_elsewhere_does_not_move_a_link() {
    let mut stage = a_link_that_is_up();
    stage.fate = alloc::boxed::Box::new(|_| vec![]);
    stage.run(135 * SECOND);
    let initiation = last_initiation(&stage);
    hear(&mut stage, &initiation);
    let installed = stage.said[1].iter().rev().find_map(|said| {
        let Output::Install { to, .. } = said else { return None };
        Some(*to)
    });
    assert_eq!((rekeys(&stage, 1), installed), (1, Some(stage::address(0))));
}

#[test]
fn strangers_do_not_push_the_stamps_of_neighbours_out() {
    let mut stage = Stage::of(vec![Settings { callers: 1, ..Settings::default() }; 4]);
    stage.open(0, LINK, 3);
    stage.run(SECOND);
    let replayed = stage.sent[0][0].clone();
    stage.tell(3, Input::Close(THEIRS));
    stage.policy = Policy::Refuse(1);
    stage.open(1, LINK, 3);
    stage.run(20 * SECOND);
    stage.tell(3, Input::Datagram { from: stage::address(7), bytes: &replayed });
    assert_eq!(stage.nodes[3].counters().of(Reason::Replayed), 1);
}
