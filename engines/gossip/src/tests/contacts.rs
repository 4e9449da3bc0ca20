//! How contacts are judged, learnt, kept and found.

use alloc::vec;
use alloc::vec::Vec;
use core::slice;
use core::time::Duration;

use words::{Engine, LinkId, NodeId, Time, Wall};

use super::net::*;
use crate::frame::Remote;
use crate::{Claim, Event, Gossip, Input, Introduction, Output, Refused, Standing};

const SECOND: Duration = Duration::from_secs(1);
const LINK: LinkId = LinkId::ours(9);

fn judge(node: &mut Gossip<Fake>, octets: &[u8], key: u8) -> Result<NodeId, Refused> {
    node.handle(Input::Judge(LINK, octets, [key; 32]), Time::ZERO);
    match said(node).pop() {
        Some(Output::Judged(LINK, judged)) => judged.map(|(node, _)| node),
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_introduces_itself_well_is_believed() {
    let mut node = node(0);
    node.handle(Input::Judge(LINK, &myself(1), [1; 32]), Time::ZERO);
    let described = Output::Described(name(1), contact(1, NOW));
    assert_eq!(said(&mut node), [described, Output::Judged(LINK, Ok((name(1), None)))]);
    assert_eq!(node.contact(name(1)), Some(&contact(1, NOW)));
}

#[test]
fn what_it_says_of_the_link_is_no_part_of_who_it_is() {
    let mut node = node(0);
    let claim = Claim { mesh: name(1).0, version: 7, epoch: 3, standing: Standing::Member };
    let shown = claim.attach(&myself(1)).unwrap();
    node.handle(Input::Judge(LINK, &shown, [1; 32]), Time::ZERO);
    let judged = Output::Judged(LINK, Ok((name(1), Some(claim))));
    assert_eq!(said(&mut node).pop(), Some(judged));
    let kept = &node.contacts.get(name(1)).unwrap().introduction;
    assert_eq!(kept[..], myself(1), "as it was signed");
}

#[test]
fn who_does_not_is_refused_and_counted_by_reason() {
    let mut node = node(0);
    assert_eq!(judge(&mut node, &myself(1), 2), Err(Refused::WrongKey));
    assert_eq!(judge(&mut node, &myself(0), 0), Err(Refused::Ourselves));

    let other = introduction(1, &contact(2, NOW), Wall(u64::MAX));
    let why = Refused::WrongNode { certificate: name(1), contact: name(2) };
    assert_eq!(judge(&mut node, &other, 2), Err(why));

    let since = Wall(NOW.0 - 1);
    let late = introduction(1, &contact(1, NOW), since);
    assert_eq!(judge(&mut node, &late, 1), Err(Refused::Expired { since }));

    let issued = Wall(NOW.0 + 86_401);
    let ahead = introduction(1, &contact(1, issued), Wall(u64::MAX));
    assert_eq!(judge(&mut node, &ahead, 1), Err(Refused::Future { issued }));

    let mut forged = Introduction::decode(&myself(1)).unwrap();
    forged.signature = vec![0; 8];
    assert_eq!(judge(&mut node, &forged.encode().unwrap(), 1), Err(Refused::Signature));
    forged.certificate[0] = 0;
    assert_eq!(judge(&mut node, &forged.encode().unwrap(), 1), Err(Refused::OtherAuthority));
    assert!(matches!(judge(&mut node, b"?", 1), Err(Refused::Malformed(_))));
    let claim = Claim { mesh: name(1).0, version: 1, epoch: 0, standing: Standing::Member };
    let mut shown = claim.attach(&myself(1)).unwrap();
    let broken = shown.len() - 1;
    shown[broken] = 0xff;
    assert!(matches!(judge(&mut node, &shown, 1), Err(Refused::Malformed(_))), "a broken claim");

    assert_eq!(node.contacts().count(), 0);
    assert_eq!(node.counters().refused.values().sum::<u64>(), 9);
}

#[test]
fn a_node_knows_that_others_will_refuse_it() {
    let mut node = node(0);
    node.handle(Input::Myself(introduction(0, &contact(0, NOW), Wall(7))), Time::ZERO);
    let why = Refused::Expired { since: Wall(7) };
    assert_eq!(said(&mut node), [Output::Event(Event::MyselfRefused { why })]);
}

#[test]
fn a_node_that_learns_the_date_late_looks_at_itself_again() {
    let late = introduction(0, &contact(0, Wall(200_000)), Wall(u64::MAX));
    let mut node = Gossip::new(NETWORK, name(0), Fake, [0; 32], Time::ZERO);
    node.handle(Input::Myself(late), Time::ZERO);
    node.handle(Input::Calendar(NOW), Time::ZERO);
    node.handle(Input::Document(&signed(&document(1, vec![serial(0)]))), Time::ZERO);
    let revoked = Output::Event(Event::WeAreRevoked { serial: serial(0) });
    assert!(said(&mut node).contains(&revoked));
}

#[test]
fn a_node_is_found_by_asking_it_over_the_overlay() {
    let mut net = Net::new(4, 0, 1);
    net.join(0, 1);
    net.feed(0, Input::Find(LINK, name(3)));
    net.run(SECOND);
    assert!(net.outputs(0).any(|said| *said == Output::Found(LINK, contact(3, NOW))));
    assert_eq!(net.nodes[3].contact(name(0)), Some(&contact(0, NOW)), "the asked learns the asker");
    assert_eq!(net.nodes[3].counters().answered, 1);
}

#[test]
fn a_question_that_gets_lost_is_asked_again() {
    let mut net = Net::new(4, 40, 1);
    net.join(0, 1);
    for n in 0..20 {
        net.feed(0, Input::Find(LinkId::ours(100 + n), name(2)));
        net.run(10 * SECOND);
    }
    assert!(
        net.outputs(0).any(|said| matches!(said, Output::Found(_, found) if found.node == name(2)))
    );
}

#[test]
fn a_node_that_does_not_answer_is_asked_three_times_and_given_up() {
    let mut node = node(0);
    node.handle(Input::LinkUp(LinkId::ours(0), name(1)), Time::ZERO);
    said(&mut node);
    let begin = Time::ZERO + 10 * SECOND;
    node.handle(Input::Find(LINK, name(2)), begin);
    let mut heard = said(&mut node);
    let mut at = begin;
    while heard.last() != Some(&Output::NotFound(LINK)) {
        at = node.deadline().unwrap().at;
        node.handle(Input::Wake, at);
        heard.extend(said(&mut node));
    }
    assert_eq!(at, begin + 4 * SECOND);
    let asks = heard.iter().filter(|said| matches!(said, Output::Overlay(..)));
    assert_eq!(asks.count(), 3);
}

#[test]
fn a_stale_contact_is_better_than_none() {
    let mut node = node(0);
    let day_old = contact(2, Wall(NOW.0 - 86_400));
    let kept = introduction(2, &day_old, Wall(u64::MAX));
    node.handle(Input::Contacts(&[kept]), Time::ZERO);
    assert!(said(&mut node).contains(&Output::Bootstrap(vec![name(2)])));

    node.handle(Input::Find(LINK, name(2)), Time::ZERO);
    let found = Output::Found(LINK, day_old);
    assert_eq!(
        said(&mut node),
        slice::from_ref(&found),
        "at once: without a link nobody can be asked"
    );

    node.handle(Input::LinkUp(LinkId::ours(0), name(1)), Time::ZERO);
    said(&mut node);
    node.handle(Input::Find(LINK, name(2)), Time::ZERO);
    assert!(!said(&mut node).contains(&found));
    node.handle(Input::Wake, Time::ZERO + 3 * SECOND);
    node.handle(Input::Wake, Time::ZERO + 4 * SECOND);
    assert!(said(&mut node).contains(&found));
}

#[test]
fn a_fresh_contact_needs_no_question() {
    let mut node = node(0);
    node.handle(Input::LinkUp(LinkId::ours(0), name(1)), Time::ZERO);
    judge(&mut node, &introduction(2, &contact(2, Wall(5)), Wall(u64::MAX)), 2).unwrap();
    let minute = Duration::from_mins(1);
    node.handle(Input::Find(LINK, name(2)), Time::ZERO + 59 * minute);
    assert!(said(&mut node).contains(&Output::Found(LINK, contact(2, Wall(5)))));
    node.handle(Input::Find(LINK, name(2)), Time::ZERO + 61 * minute);
    assert!(said(&mut node).iter().any(|said| matches!(said, Output::Overlay(..))));
}

#[test]
fn a_link_that_seeks_no_more_gets_no_answer() {
    let mut net = Net::new(3, 0, 1);
    net.join(0, 1);
    net.feed(0, Input::Find(LINK, name(2)));
    net.feed(0, Input::LinkDown(LINK));
    net.run(10 * SECOND);
    assert!(!net.outputs(0).any(|said| matches!(said, Output::Found(LINK, _))));
    assert!(!net.outputs(0).any(|said| *said == Output::NotFound(LINK)));
}

#[test]
fn a_newer_contact_replaces_an_older_one_and_never_the_reverse() {
    let mut node = node(0);
    let said_at = |at| introduction(1, &contact(1, Wall(at)), Wall(u64::MAX));
    node.handle(Input::Bootstrap(&[said_at(50), said_at(70), said_at(60)]), Time::ZERO);
    assert_eq!(node.contact(name(1)), Some(&contact(1, Wall(70))));
    let described = |said: &Output| matches!(said, Output::Described(..));
    assert_eq!(said(&mut node).into_iter().filter(described).count(), 2);
}

#[test]
fn the_registrys_first_peer_is_one_more_candidate() {
    let mut node = node(0);
    let mut broken = myself(5);
    *broken.last_mut().unwrap() ^= 1;
    node.handle(Input::Bootstrap(&[broken, myself(3), myself(2), myself(0)]), Time::ZERO);
    let said = said(&mut node);
    assert!(said.contains(&Output::Bootstrap(vec![name(3), name(2)])));
    assert_eq!(said.last(), Some(&Output::Introduced(name(3))));
}

#[test]
fn what_comes_over_the_overlay_is_checked() {
    let mut node = node(0);
    let ask = |n: usize| Remote::Ask(&myself(n)).encode();
    node.handle(Input::Overlay(name(2).address(), &ask(1)), Time::ZERO);
    let answer = Remote::Answer(&myself(1)).encode();
    node.handle(Input::Overlay(name(1).address(), &answer), Time::ZERO);
    assert_eq!(said(&mut node), []);
    assert_eq!(node.contacts().count(), 0);
    assert_eq!((node.counters().refused["spoofed"], node.counters().refused["unasked"]), (1, 1));

    for n in 0..1000 {
        let sender = name(3).address().to_bits() + n;
        node.handle(Input::Overlay(sender.into(), &ask(3)), Time::ZERO);
    }
    let answers = said(&mut node).into_iter().filter(|said| matches!(said, Output::Overlay(..)));
    assert_eq!(answers.count(), 10, "whatever address of its own it takes");
}

#[test]
fn a_flood_of_strangers_is_bounded() {
    let mut node = node(0);
    let key = |n: usize| u8::try_from(n % 256).unwrap();
    let met: Vec<_> = (1..=2000).map(|n| judge(&mut node, &myself(n), key(n))).collect();
    let (believed, busy) = met.split_at(500);
    assert!(believed.iter().all(Result::is_ok));
    assert!(busy.iter().all(|judged| *judged == Err(Refused::Busy)));
    // Who is known needs no new judgement, and is not kept away.
    assert_eq!(judge(&mut node, &myself(7), 7), Ok(name(7)));
    let ask = Remote::Ask(&myself(8)).encode();
    node.handle(Input::Overlay(name(8).address(), &ask), Time::ZERO);
    assert!(matches!(said(&mut node)[..], [Output::Overlay(..)]));
}

#[test]
fn strangers_without_certificates_keep_nobody_away_whom_we_know() {
    let mut node = node(0);
    assert_eq!(judge(&mut node, &myself(1), 1), Ok(name(1)));
    let mut forged = Introduction::decode(&myself(2)).unwrap();
    forged.certificate[0] = 0;
    let forged = forged.encode().unwrap();
    let busy = (0..2000).filter(|_| judge(&mut node, &forged, 2) == Err(Refused::Busy));
    assert_eq!(busy.count(), 1501);
    assert_eq!(judge(&mut node, &myself(1), 1), Ok(name(1)));
    assert_eq!(judge(&mut node, &myself(3), 3), Err(Refused::Busy));
    // What is refused without cryptography costs nothing.
    assert_eq!(judge(&mut node, &myself(3), 4), Err(Refused::WrongKey));
}

#[test]
fn contacts_are_bounded_and_the_oldest_makes_room() {
    let mut node = node(0);
    let many: Vec<_> = (1..=2000).map(myself).collect();
    node.handle(Input::Contacts(&many), Time::ZERO);
    node.handle(Input::Bootstrap(&[myself(1), myself(3000)]), Time::ZERO);
    assert_eq!(node.contacts().count(), 2000);
    assert!(node.contact(name(1)).is_some(), "told again");
    assert!(node.contact(name(2)).is_none(), "the oldest");
    assert!(node.contact(name(3000)).is_some());
}

#[test]
fn contacts_are_saved_at_most_twice_a_minute() {
    let mut node = node(0);
    let mut saved = Vec::new();
    for second in 0..120_u32 {
        let now = Time::ZERO + second * SECOND;
        let known = introduction(1, &contact(1, Wall(second.into())), Wall(u64::MAX));
        node.handle(Input::Bootstrap(&[known]), now);
        let is_saving = |said: &Output| matches!(said, Output::SaveContacts(_));
        if said(&mut node).iter().any(is_saving) {
            saved.push(second);
        }
    }
    assert_eq!(saved, [30, 60, 90]);
}

/// When the registry is asked in ten minutes, in seconds.
fn asked(node: &mut Gossip<Fake>) -> Vec<u64> {
    let (begin, mut asked) = (Time::ZERO, Vec::new());
    loop {
        let at = node.deadline().unwrap().at;
        if at.since(begin) > Duration::from_mins(10) {
            return asked;
        }
        node.handle(Input::Wake, at);
        if said(node).contains(&Output::AskRegistry) {
            asked.push(at.since(begin).as_secs());
        }
    }
}

#[test]
fn the_registry_is_asked_often_when_alone_and_ever_less_often_in_company() {
    let alone = asked(&mut node(0));
    assert!((12..20).contains(&alone.len()), "{alone:?}");
    assert!(alone[0] <= 1 && alone[1] <= 4 && alone[2] <= 9, "{alone:?}");
    let in_company_of = |many: u32| {
        let mut social = node(0);
        for n in 0..many {
            social.handle(Input::LinkUp(LinkId::ours(n), name(1 + n as usize)), Time::ZERO);
        }
        asked(&mut social)
    };
    let island = in_company_of(7);
    assert!((12..20).contains(&island.len()), "a few may be an island: {island:?}");
    let seldom = in_company_of(8);
    assert!((9..=11).contains(&seldom.len()) && seldom[seldom.len() - 1] >= 300, "{seldom:?}");
}

#[test]
fn who_loses_all_links_calls_whom_it_remembers() {
    let mut node = node(0);
    node.handle(Input::Bootstrap(&[myself(1), myself(2), myself(3)]), Time::ZERO);
    node.handle(Input::LinkUp(LINK, name(1)), Time::ZERO);
    said(&mut node);
    let end = Time::ZERO + 1000 * SECOND;
    node.handle(Input::LinkDown(LINK), end);
    let remembered = Output::Bootstrap(vec![name(1), name(2), name(3)]);
    assert!(said(&mut node).contains(&remembered));
    // What the registry says besides does not make us forget them.
    node.handle(Input::Bootstrap(&[myself(9)]), end);
    let all = Output::Bootstrap(vec![name(9), name(1), name(2), name(3)]);
    assert!(said(&mut node).contains(&all));
}

#[test]
fn a_few_may_be_an_island_and_hear_of_all_whom_the_registry_names_and_they_remember() {
    let introduced = |links: u32| {
        let mut node = node(0);
        for n in 0..links {
            node.handle(Input::LinkUp(LinkId::ours(n), name(50 + n as usize)), Time::ZERO);
        }
        node.handle(Input::Bootstrap(&[myself(3), myself(1), myself(2)]), Time::ZERO);
        let mut all = said(&mut node);
        while let Some(due) = node.deadline().filter(|due| due.at <= Time::ZERO + 60 * SECOND) {
            node.handle(Input::Wake, due.at);
            all.extend(said(&mut node));
        }
        let who = all.into_iter().filter_map(|said| {
            let Output::Introduced(who) = said else { return None };
            Some(who)
        });
        who.collect::<Vec<_>>()
    };
    let island = introduced(7);
    assert_eq!(island[..3], [name(3), name(1), name(2)], "first in the registry's order");
    let again = |n| island.iter().filter(|who| **who == name(n)).count();
    assert!([1, 2, 3].map(again).into_iter().all(|times| times >= 4), "then who is remembered");
    assert_eq!(introduced(8), [name(3)], "the others are in company");
}
