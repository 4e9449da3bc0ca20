//! What strangers, liars and broken networks send.

use proptest::prelude::*;

use super::*;
use crate::handshake::Handshake;

/// Returns an initiation of node 0 to node 1, which node 1 never got.
fn an_initiation() -> (Stage, Vec<u8>) {
    let mut stage = Stage::new(2);
    stage.fate = alloc::boxed::Box::new(|_| vec![]);
    stage.open(0, LINK, 1);
    let initiation = stage.sent[0][0].clone();
    (stage, initiation)
}

fn hear(stage: &mut Stage, node: usize, from: usize, bytes: &[u8]) {
    stage.tell(node, Input::Datagram { from: stage::address(from), bytes });
}

#[test]
fn an_initiation_replayed_later_is_not_taken_for_a_new_one() {
    let (mut stage, initiation) = an_initiation();
    hear(&mut stage, 1, 0, &initiation);
    assert_eq!(stage.requests(1), 1);
    hear(&mut stage, 1, 7, &initiation);
    assert_eq!(stage.nodes[1].counters().of(Reason::Repeated), 1);
    stage.run(60 * SECOND);
    hear(&mut stage, 1, 7, &initiation);
    assert_eq!(stage.nodes[1].counters().of(Reason::Replayed), 1);
    assert_eq!(stage.requests(1), 1);
}

#[test]
fn an_older_initiation_after_a_newer_one_is_refused() {
    let mut stage = Stage::new(2);
    stage.fate = alloc::boxed::Box::new(|_| vec![]);
    stage.open(0, LINK, 1);
    stage.open(0, LinkId::ours(1), 1);
    let (older, newer) = (stage.sent[0][0].clone(), stage.sent[0][1].clone());
    hear(&mut stage, 1, 0, &newer);
    hear(&mut stage, 1, 0, &older);
    assert_eq!(stage.requests(1), 1);
    assert_eq!(stage.nodes[1].counters().of(Reason::Replayed), 1);
}

#[test]
fn a_node_is_silent_to_who_does_not_know_its_key() {
    let mut stage = Stage::new(3);
    let peer = stage.nodes[2].public();
    stage.tell(
        0,
        Input::Open { link: LINK, peer, endpoints: &[stage::address(1)], introduction: &[] },
    );
    stage.run(12 * SECOND);
    assert!(stage.sent[1].is_empty());
    assert_eq!(stage.downs(0), [(LINK, Why::Silent)]);
    assert!(stage.nodes[1].counters().of(Reason::Strange) >= 7);
}

#[test]
fn a_part_of_an_initiation_or_a_changed_one_is_nothing() {
    let (mut stage, initiation) = an_initiation();
    for length in 0..initiation.len() {
        hear(&mut stage, 1, 0, &initiation[..length]);
    }
    for place in (0..initiation.len()).step_by(3) {
        let mut changed = initiation.clone();
        changed[place] ^= 0x10;
        hear(&mut stage, 1, 0, &changed);
    }
    let mut longer = initiation.clone();
    longer.resize(LONGEST + 1, 0);
    hear(&mut stage, 1, 0, &longer);
    let counters = stage.nodes[1].counters();
    assert_eq!(counters.of(Reason::Oversize), 1);
    assert!(counters.of(Reason::Short) > 0 && counters.of(Reason::Strange) > 0);
    assert_eq!((stage.requests(1), stage.sent[1].len()), (0, 0));
    hear(&mut stage, 1, 0, &initiation);
    assert_eq!(stage.requests(1), 1, "the true one still counts");
}

#[test]
fn a_hello_with_a_false_noise_message_is_forged() {
    let mut stage = Stage::new(2);
    let key = HelloKey::of(&stage.nodes[1].public());
    for message in [&[][..], &[7; 95], &[7; 96], &[7; 400]] {
        for kind in [Kind::Initiation, Kind::Response, Kind::Cookie] {
            let hello = Hello { kind, sender: 1, receiver: 2, cookie: [0; 16], message };
            let bytes = key.seal(&hello, &[], &mut Secrets::new([9; 32])).unwrap();
            hear(&mut stage, 1, 0, &bytes);
        }
    }
    let counters = stage.nodes[1].counters();
    assert_eq!(counters.of(Reason::Forged), 4);
    assert_eq!((counters.of(Reason::Unexpected), counters.of(Reason::Malformed)), (4, 4));
    assert!(stage.said[1].is_empty() && stage.sent[1].is_empty());
}

#[test]
fn a_forged_response_does_not_end_a_call() {
    let mut stage = Stage::new(2);
    stage.open(0, LINK, 1);
    let opened = HelloKey::of(&stage.nodes[1].public()).open(&stage.sent[0][0], &[]).unwrap();
    let index = Hello::decode(&opened).unwrap().sender;
    let ours = HelloKey::of(&stage.nodes[0].public());
    let hello = Hello {
        kind: Kind::Response,
        sender: 1,
        receiver: index,
        cookie: [0; 16],
        message: &[7; 90],
    };
    let bytes = ours.seal(&hello, &[], &mut Secrets::new([9; 32])).unwrap();
    hear(&mut stage, 0, 1, &bytes);
    assert_eq!(stage.nodes[0].counters().of(Reason::Forged), 1);
    stage.run(SECOND);
    assert!(stage.is_up(0, LINK) && stage.is_up(1, THEIRS));
}

#[test]
fn a_node_does_not_answer_itself() {
    let mut stage = Stage::new(1);
    stage.open(0, LINK, 0);
    stage.run(SECOND / 2);
    assert_eq!(stage.nodes[0].counters().of(Reason::Ourselves), 1);
    assert_eq!(stage.requests(0), 0);
}

#[test]
fn somebody_else_cannot_take_a_link_over() {
    let mut stage = Stage::new(3);
    stage.open(0, LINK, 1);
    stage.run(SECOND);
    // Node 2 asks for new keys of the link between 0 and 1.
    let previous = stage.keys(1, THEIRS).local;
    let identity = Identity::new([3; 32]);
    let peer = stage.nodes[1].public();
    let mut handshake = Handshake::initiator(&identity, &peer, Secrets::new([9; 32])).unwrap();
    let initiation = payload::Initiation {
        stamp: 1_700_000_002_000_000,
        aes: true,
        previous,
        introduction: &[],
    };
    let message = handshake.write(&initiation.encode()).unwrap();
    let hello = Hello {
        kind: Kind::Initiation,
        sender: 5,
        receiver: 0,
        cookie: [0; 16],
        message: &message,
    };
    let bytes = HelloKey::of(&peer).seal(&hello, &[], &mut Secrets::new([8; 32])).unwrap();
    let installed = stage.plane[1].len();
    hear(&mut stage, 1, 2, &bytes);
    assert_eq!(stage.plane[1].len(), installed);
    assert!(stage.is_up(1, THEIRS));
    assert_eq!(stage.nodes[1].counters().of(Reason::Ahead), 0, "it was judged by its name");
}

#[test]
fn a_link_is_not_led_to_where_no_node_is() {
    let mut stage = Stage::new(2);
    stage.open(0, LINK, 1);
    stage.run(SECOND);
    for nowhere in ["127.0.0.1:6326", "[ff02::1]:6326", "0.0.0.0:1", "192.0.2.9:0"] {
        stage.tell(0, Input::Moved(LINK, nowhere.parse().unwrap()));
    }
    assert!(!stage.said[0].iter().any(|said| matches!(said, Output::Redirect { .. })));
}

#[test]
fn a_node_is_not_called_inside_the_network_its_links_make() {
    let network = Some("fd42::/48".parse().unwrap());
    let mut stage = Stage::of(vec![Settings { network, ..Settings::default() }; 2]);
    let peer = stage.nodes[1].public();
    let inside = "[fd42:0:0:1::1]:6326".parse().unwrap();
    stage.tell(0, Input::Open { link: LINK, peer, endpoints: &[inside], introduction: &[] });
    assert_eq!(stage.downs(0), [(LINK, Why::Unreachable)]);
    let link = LinkId::ours(1);
    stage.tell(
        0,
        Input::Open { link, peer, endpoints: &[inside, stage::address(1)], introduction: &[] },
    );
    stage.run(SECOND / 2);
    assert!(stage.is_up(0, link), "the other endpoint is tried at once");
}

#[test]
fn a_name_in_use_is_not_given_again() {
    let mut stage = Stage::new(3);
    stage.open(0, LINK, 1);
    stage.run(SECOND);
    stage.policy = Policy::Silence;
    stage.open(2, LINK, 1);
    stage.run(SECOND / 10);
    stage.nodes[1].next_theirs = 0x8000_0000;
    stage.open(2, LinkId::ours(1), 1);
    stage.run(SECOND / 10);
    let asked = stage.said[1].iter().filter_map(|said| {
        let Output::Request { link, .. } = said else { return None };
        Some(*link)
    });
    let names: Vec<_> = asked.collect();
    assert_eq!(names, [THEIRS, LinkId::theirs(1), LinkId::theirs(2)]);
}

#[test]
fn a_caller_from_the_future_is_refused_and_not_noted() {
    let mut stage = Stage::new(2);
    stage.nodes[0] = stage::node(0, Settings::default(), 1_700_000_000 + 90_000, stage.now);
    stage.open(0, LINK, 1);
    stage.run(SECOND / 2);
    assert_eq!(stage.nodes[1].counters().of(Reason::Ahead), 1);
    assert_eq!(stage.requests(1), 0);
    stage.nodes[0] = stage::node(0, Settings::default(), 1_700_000_000, stage.now);
    stage.open(0, LINK, 1);
    stage.run(SECOND);
    assert!(stage.is_up(0, LINK), "its clock is right again");
}

#[test]
fn a_node_whose_clock_was_put_right_is_answered_again() {
    let mut stage = Stage::new(2);
    stage.open(0, LINK, 1);
    stage.run(SECOND);
    stage.nodes[0] = stage::node(0, Settings::default(), 0, stage.now);
    stage.plane[0].clear();
    stage.open(0, LinkId::ours(1), 1);
    stage.run(SECOND);
    assert!(stage.nodes[1].counters().of(Reason::Replayed) > 0);
    stage.tell(0, Input::Calendar(Wall(1_700_000_060)));
    stage.tell(0, Input::Calendar(Wall(0)));
    stage.open(0, LinkId::ours(2), 1);
    stage.run(SECOND);
    assert!(stage.is_up(0, LinkId::ours(2)));
}

/// Two nodes with a link live for so many minutes, `off` for the first of them at `who`, and
/// then try to open links to each other. Returns whether the first link is still up.
fn through_wrong_dates(who: &[usize], off: u64, minutes: (u64, u64)) -> bool {
    let mut stage = Stage::new(2);
    stage.open(0, LINK, 1);
    stage.run(SECOND);
    for minute in 0..minutes.1 {
        let date = if minute < minutes.0 { off } else { 1_700_000_000 };
        for node in who {
            stage.tell(*node, Input::Calendar(Wall(date + 60 * minute)));
        }
        stage.run(60 * SECOND);
    }
    let again = LinkId::ours(7);
    stage.open(0, again, 1);
    stage.open(1, again, 0);
    stage.run(SECOND);
    assert!(stage.is_up(0, again) && stage.is_up(1, again), "{off} at {who:?}: kept out");
    stage.is_up(0, LINK) && stage.is_up(1, THEIRS)
}

/// Keys are renewed by stamps: a calendar that is wrong for a while must not end links.
#[test]
fn a_calendar_that_jumps_and_comes_back_ends_no_link_and_keeps_nobody_out() {
    let (now, year) = (1_700_000_000, 365 * 24 * 3_600);
    for off in [now + year, now - year, 0, now + 3_600, now - 3_600] {
        for who in [&[0][..], &[1], &[0, 1]] {
            assert!(through_wrong_dates(who, off, (4, 15)), "{off} at {who:?}");
        }
    }
}

#[test]
fn a_calendar_that_was_wrong_for_long_keeps_nobody_out_once_it_is_right() {
    let (now, year) = (1_700_000_000, 365 * 24 * 3_600);
    for off in [now + year, now - year] {
        for who in [&[0][..], &[1], &[0, 1]] {
            through_wrong_dates(who, off, (30, 40));
        }
    }
}

/// Returns initiations to a node by so many keys that nobody knows.
fn initiations_of_strangers(to: &Noise, keys: u8) -> Vec<Vec<u8>> {
    let of = |n: u8| {
        let identity = Identity::new([n + 100; 32]);
        let secrets = Secrets::new([n; 32]);
        let mut handshake = Handshake::initiator(&identity, &to.public(), secrets).unwrap();
        let stamp = 1_700_000_000_000_000;
        let said =
            payload::Initiation { stamp, aes: true, previous: 0, introduction: b"let me in" };
        handshake.write(&said.encode()).unwrap()
    };
    (0..keys).map(of).collect()
}

/// Ten thousand good initiations in two seconds, each from another address that hears no
/// answer; a node makes links without end besides, and ten honest ones dial once.
#[test]
fn honest_nodes_get_in_while_ten_thousand_handshakes_are_half_open() {
    let mut stage = Stage::of(vec![Settings::default(); 12]);
    stage.policy = Policy::KnowNodes;
    let (target, greedy) = (11, 10);
    let hello = HelloKey::of(&stage.nodes[target].public());
    let messages = initiations_of_strangers(&stage.nodes[target], 50);
    let mut secrets = Secrets::new([9; 32]);
    for n in 0..10_000_u32 {
        let message = &messages[n as usize % 50];
        let (kind, cookie) = (Kind::Initiation, [0; 16]);
        let half_open = Hello { kind, sender: n + 1, receiver: 0, cookie, message };
        let bytes = hello.seal(&half_open, &[], &mut secrets).unwrap();
        let from = SocketAddr::from((n.to_be_bytes().map(|octet| octet | 1), 7));
        stage.tell(target, Input::Datagram { from, bytes: &bytes });
        if n % 100 == 0 {
            stage.open(greedy, LinkId::ours(n), target);
        }
        if n % 1_000 == 500 {
            stage.open(n as usize / 1_000, LINK, target);
        }
        stage.run(SECOND / 5_000);
        assert!(stage.nodes[target].answers.len() <= Settings::default().pending);
    }
    stage.run(3 * SECOND);
    for honest in 0..10 {
        assert!(stage.is_up(honest, LINK), "node {honest}");
    }
    let counters = stage.nodes[target].counters();
    assert!(counters.of(Reason::CookieAsked) > 9_000, "{counters:?}");
    // Fifty a second are worked for without a cookie, and as many that were let in.
    let requests = stage.requests(target);
    assert!(requests < 3 * 100, "{requests} requests");
    stage.run(40 * SECOND);
    assert!(stage.nodes[target].answers.is_empty(), "nothing of it is remembered");
}

/// Who is let in is no stranger; who is let in, and again, and again, is a flood.
#[test]
fn a_node_that_makes_links_without_end_is_a_flood_like_others() {
    let mut stage = Stage::of(vec![calm(4), calm(4), calm(4)]);
    for link in 0..200 {
        stage.open(0, LinkId::ours(link), 1);
        stage.run(SECOND / 100);
    }
    assert!(stage.requests(1) < 40, "{} of 200 in two seconds", stage.requests(1));
    assert!(stage.nodes[1].counters().of(Reason::CookieAsked) > 0);
    stage.open(2, LINK, 1);
    stage.run(3 * SECOND);
    assert!(stage.is_up(2, LINK), "another gets in meanwhile");
}

fn calm(calm: u32) -> Settings {
    Settings { calm, ..Settings::default() }
}

#[test]
fn under_flood_only_who_shows_a_cookie_is_worked_for() {
    let mut stage = Stage::of(vec![calm(4), calm(4), calm(4)]);
    stage.policy = Policy::Silence;
    for link in 0..12 {
        stage.open(2, LinkId::ours(link), 1);
    }
    stage.run(SECOND / 2);
    let flood = stage.requests(1);
    assert!((4..8).contains(&flood), "{flood} of 12 were worked on");
    assert!(stage.said[1].contains(&Output::Event(Event::Flooded)));

    stage.policy = Policy::Accept;
    stage.open(0, LINK, 1);
    stage.run(3 * SECOND);
    assert!(stage.is_up(0, LINK), "an honest caller shows its cookie and gets through");
    assert!(stage.nodes[1].counters().of(Reason::CookieAsked) > 0);
}

#[test]
fn a_flood_that_hears_no_answer_costs_no_work() {
    let mut stage = Stage::of(vec![calm(4), calm(4)]);
    stage.policy = Policy::Silence;
    let hello = HelloKey::of(&stage.nodes[1].public());
    let mut secrets = Secrets::new([9; 32]);
    for host in 0..200 {
        let bytes = (hello.seal(
            &Hello {
                kind: Kind::Initiation,
                sender: host,
                receiver: 0,
                cookie: [0; 16],
                message: &[1; 120],
            },
            &[],
            &mut secrets,
        ))
        .unwrap();
        hear(&mut stage, 1, 50 + host as usize % 100, &bytes);
    }
    assert_eq!(stage.nodes[1].counters().of(Reason::Forged), 4);
    assert_eq!(stage.nodes[1].counters().of(Reason::CookieAsked), 196);
    let sent: usize = stage.sent[1].iter().map(Vec::len).sum();
    assert!(sent < 196 * 400, "cookies are small");
}

#[test]
fn a_cookie_nobody_asked_for_is_nothing() {
    let (mut stage, _) = an_initiation();
    let key = HelloKey::of(&stage.nodes[1].public());
    let hello = Hello { kind: Kind::Cookie, sender: 0, receiver: 1, cookie: [1; 16], message: &[] };
    let bytes = key.seal(&hello, &[5; 24], &mut Secrets::new([9; 32])).unwrap();
    hear(&mut stage, 0, 1, &bytes);
    assert_eq!(stage.nodes[0].counters().of(Reason::Strange), 1);
    let nonce = wire::nonce(&stage.sent[0][0]);
    let bytes = key.seal(&hello, &nonce, &mut Secrets::new([9; 32])).unwrap();
    hear(&mut stage, 0, 1, &bytes);
    assert_eq!(stage.nodes[0].counters().of(Reason::Unexpected), 1);
    assert_eq!(stage.sent[0].len(), 1);
}

#[test]
fn requests_are_bounded_and_those_answered_make_room() {
    let crowded = Settings { pending: 3, ..Settings::default() };
    let mut stage = Stage::of(vec![Settings::default(), crowded]);
    stage.policy = Policy::Silence;
    for link in 0..4 {
        stage.open(0, LinkId::ours(link), 1);
        stage.run(stage::DELAY);
    }
    assert_eq!(stage.requests(1), 3);
    assert_eq!(stage.nodes[1].counters().of(Reason::Crowded), 1);
    for link in 0..3 {
        stage.tell(1, Input::Accept(LinkId::theirs(link)));
    }
    stage.run(3 * SECOND);
    assert_eq!(stage.requests(1), 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_datagram_makes_it_panic(datagrams in garbage()) {
        let mut stage = Stage::new(2);
        stage.fate = alloc::boxed::Box::new(|_| vec![]);
        stage.open(0, LINK, 1);
        for bytes in datagrams {
            for node in 0..2 {
                hear(&mut stage, node, 1 - node, &bytes);
                let key = HelloKey::of(&stage.nodes[node].public());
                if let Some(sealed) = seal_raw(&key, &bytes) {
                    hear(&mut stage, node, 1 - node, &sealed);
                }
            }
        }
        prop_assert_eq!(stage.requests(0) + stage.requests(1), 0);
    }
}

fn garbage() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..1500), 1..8)
}

/// Seals octets as a noise message of a kind they choose.
fn seal_raw(key: &HelloKey, bytes: &[u8]) -> Option<Vec<u8>> {
    let (kind, message) = bytes.split_first()?;
    let kind = if kind % 2 == 0 { Kind::Initiation } else { Kind::Response };
    let hello = Hello { kind, sender: 1, receiver: 1, cookie: [0; 16], message };
    key.seal(&hello, &[], &mut Secrets::new([9; 32]))
}
