//! Facts about meshes, elections, and what members say of them.

use words::NodeId;

use super::*;
use crate::duties::{attested, share};
use crate::protocol::{self, Attestations, Seen};

const NETWORK: Prefix = Prefix::new(0xfd42 << 112, 48);
const SEED: [u8; 32] = [7; 32];
const NOW: Wall = Wall(1_800_000_000);

fn division(cuts: u8, parts: u16) -> Division {
    Division { cuts, parts, rules: Change::default() }
}

pub(crate) fn founded_in(network: Prefix) -> Meshes {
    division(1, 2).found(network, SEED, NOW).unwrap()
}

pub(crate) fn founded(cuts: u8, parts: u16) -> Meshes {
    division(cuts, parts).found(NETWORK, SEED, NOW).unwrap()
}

fn with_nodes(mut meshes: Meshes, count: usize) -> Meshes {
    let all = meshes.map.meshes().to_vec();
    let node = |n: usize| {
        let mesh = all[n % all.len()];
        // Spread over both halves of each mesh.
        let inside = ((n / all.len()) as u128).reverse_bits() >> mesh.length();
        NodeId(Prefix::new(mesh.bits() | inside, 64))
    };
    let member = |n| Member { node: node(n), since: 1, declared: 0, attested: Vec::new() };
    meshes.roster = Roster::of((0..count).map(member));
    meshes
}

#[test]
fn any_number_of_meshes_covers_the_network_and_none_twice() {
    for (cuts, parts, meshes) in [(1, 2, 2), (1, 3, 3), (1, 100, 100), (2, 3, 9), (3, 2, 8)] {
        let map = founded(cuts, parts).map;
        assert_eq!((map.order(), map.meshes().len()), (usize::from(cuts) + 1, meshes));
    }
    for (cuts, parts) in [(0, 2), (1, 1), (1, 257), (8, 2), (2, 256)] {
        assert!(division(cuts, parts).found(NETWORK, SEED, NOW).is_err(), "{cuts} {parts}");
    }
}

#[test]
fn a_member_is_listed_since_it_was_first_and_a_newcomer_since_now() {
    let meshes = with_nodes(founded(1, 2), 2);
    let (old, new) = (meshes.roster.members()[1].node, NodeId("fd42:0:0:9::/64".parse().unwrap()));
    let mut meshes = meshes;
    meshes.epoch.number = 7;
    let listed = roster(&[introduced(old, 50), introduced(new, 50)], &meshes, &Attested::default());
    let since = |node| listed.get(node).map(|it| (it.since, it.declared));
    assert_eq!((listed.members().len(), since(old), since(new)), (2, Some((1, 50)), Some((7, 50))));
}

fn signed(meshes: Meshes) -> Vec<u8> {
    let document = Document {
        network: NETWORK,
        version: 1,
        issued: NOW,
        parameters: gossip::Parameters::default(),
        revoked: Vec::new(),
        meshes: Some(meshes),
    };
    let bytes = document.encode().unwrap();
    gossip::SignedDocument { bytes, signature: Vec::new() }.encode().unwrap()
}

pub(crate) fn introduced(node: NodeId, capacity: u32) -> Vec<u8> {
    let contact = gossip::Contact {
        node,
        issued: NOW,
        key: [7; 32],
        endpoints: Vec::new(),
        carriers: words::Carriers::of([words::Carrier::Udp]),
        country: None,
        capacity: Some(capacity),
        escaped: false,
        merges: true,
    };
    let (contact, signature) = (contact.encode().unwrap(), Vec::new());
    let certificate = Vec::new();
    gossip::Introduction { certificate, contact, signature }.encode().unwrap()
}

#[test]
fn what_most_attesters_saw_counts_and_stays_while_fewer_tell() {
    let mut meshes = with_nodes(founded(1, 2), 24);
    let all: Vec<NodeId> = meshes.roster.members().iter().map(|it| it.node).collect();
    let shown: Vec<_> = all.iter().map(|node| introduced(*node, 100_000)).collect();
    let told = |seen: &[u32]| Attested {
        seen: [(all[0], seen.to_vec())].into(),
        lasting: [all[0]].into(),
    };
    let able = |roster: &Roster| roster.get(all[0]).and_then(Member::able);
    meshes.roster = roster(&shown, &meshes, &told(&[20, 24, 20]));
    assert_eq!(able(&meshes.roster), None, "three of seven");
    meshes.roster = roster(&shown, &meshes, &told(&[20, 24, 20, 100_000]));
    assert_eq!(able(&meshes.roster), Some(20), "one friend of a liar");
    meshes.roster = roster(&shown, &meshes, &told(&[1, 1, 1]));
    assert_eq!(able(&meshes.roster), Some(20));
    let old = Attested { seen: told(&[1, 1, 1]).seen, ..Attested::default() };
    let forgotten = roster(&shown, &meshes, &old);
    assert_eq!(able(&forgotten), None, "nobody told of it for too long");
    let anew = Attested { seen: told(&[9; 7]).seen, ..Attested::default() };
    assert_eq!(able(&roster(&shown, &meshes, &anew)), Some(9));
    assert_eq!(meshes.roster.get(all[1]).and_then(Member::able), None);
}

#[test]
fn only_those_drawn_attest_and_only_now() {
    let meshes = with_nodes(founded(1, 2), 40);
    let (home, beacon) = (meshes.map.meshes()[0], meshes.epoch.beacon());
    let attester = meshes.roster.inside(home)[0].node;
    let drawn = meshes.roster.attested_by(home, attester, &beacon).unwrap();
    let rest = meshes.roster.inside(home).iter().map(|member| member.node);
    let other = rest.filter(|node| *node != attester).find(|node| !drawn.contains(node));
    let signed = signed(meshes);
    let said = |epoch, node: NodeId| Attestations {
        epoch,
        seen: vec![Seen { prefix: node.to_string(), mbits: 100 }],
    };
    let told = |said| attested(&signed, attester, &said);
    assert_eq!(told(said(1, drawn[0])), Ok(vec![(drawn[0], 96)]));
    for wrong in [said(2, drawn[0]), said(0, drawn[0]), said(1, other.unwrap())] {
        assert!(told(wrong).unwrap_err().contains("; "), "with its remedy");
    }
    let nobody =
        Attestations { epoch: 1, seen: vec![Seen { prefix: "no prefix".to_owned(), mbits: 1 }] };
    assert!(told(nobody).is_err());
}

/// Returns the next part of the chain of `SEED`.
fn after(epoch: &Epoch) -> Part {
    Part::after(epoch, SEED).unwrap()
}

#[test]
fn an_epoch_follows_in_time_and_from_the_one_before() {
    let first = founded(1, 2).epoch;
    let next_epoch = |epoch: &Epoch, now| next_epoch(epoch, (after(epoch), &[]), now);
    assert_eq!(next_epoch(&first, NOW.plus(Duration::from_mins(59))), None);
    let second = next_epoch(&first, NOW.plus(Duration::from_hours(1))).unwrap();
    assert_eq!((second.number, second.follows(&first)), (2, Ok(())));
    // The registry was away for three epochs; nodes went on alone.
    let later = NOW.plus(Duration::from_hours(5));
    let fifth = next_epoch(&second, later).unwrap();
    assert_eq!((fifth.number, fifth.follows(&second)), (6, Ok(())));
    assert!(fifth.began <= later && later.since(fifth.began) < fifth.length);
}

#[test]
fn of_a_chain_that_was_told_nothing_is_told_again() {
    let mut epoch = founded(1, 2).epoch;
    assert!(Part::after(&epoch, SEED).is_some());
    // Its last part is the seed itself.
    epoch.part = SEED;
    assert_eq!(Part::after(&epoch, SEED), None);
    let fresh = [3; 32];
    let next =
        next_epoch(&epoch, (Part::first(fresh), &[]), NOW.plus(Duration::from_hours(1))).unwrap();
    assert_eq!((next.follows(&epoch), next.joins(&epoch)), (Ok(()), false));
    assert_eq!(Part::after(&next, SEED), None);
    assert!(Part::after(&next, fresh).is_some());
}

#[test]
fn members_promise_in_one_epoch_and_reveal_in_the_next() {
    let mut meshes = with_nodes(founded(1, 2), 10);
    let node = meshes.roster.members()[3].node;
    let secret = |epoch: u64| [u8::try_from(epoch).unwrap(); 32];
    let hour = |n: u64| NOW.plus(Duration::from_hours(n));
    let mut with = Vec::new();
    for n in 1..6 {
        let epoch = meshes.epoch.number;
        let reveal = Reveal { node, secret: secret(epoch + 1) };
        let promised = meshes.epoch.promised(&reveal).is_ok();
        let commitment = Reveal { node, secret: secret(epoch + 2) }.commitment(epoch + 2).hash;
        // In the fourth it keeps silent.
        let told = (promised && epoch != 4).then_some(reveal.secret);
        let share = store::Share { node, commitment, secret: told };
        let next = next_epoch(&meshes.epoch, (after(&meshes.epoch), &[share]), hour(n)).unwrap();
        assert_eq!(next.follows(&meshes.epoch), Ok(()));
        let alone = next_epoch(&meshes.epoch, (after(&meshes.epoch), &[]), hour(n)).unwrap();
        assert_eq!(next.beacon() != alone.beacon(), told.is_some());
        with.push(next.reveals.len());
        meshes.epoch = next;
    }
    assert_eq!(with, [0, 1, 1, 0, 1]);
}

#[test]
fn promises_of_an_epoch_that_was_slept_through_are_forgotten_and_sharing_goes_on() {
    let mut meshes = with_nodes(founded(1, 2), 10);
    let node = meshes.roster.members()[3].node;
    let hour = |n: u64| NOW.plus(Duration::from_hours(n));
    let secret = |epoch: u64| Reveal { node, secret: [u8::try_from(epoch).unwrap(); 32] };
    let mut with = Vec::new();
    // Away from the first hour to the fourth; then an epoch each hour.
    for at in [4, 5, 6, 7] {
        let epoch = &meshes.epoch;
        let due = epoch.number + 2;
        let kept = epoch.promised(&secret(due - 1)).is_ok().then_some(secret(due - 1).secret);
        let commitment = secret(due).commitment(due).hash;
        let share = store::Share { node, commitment, secret: kept };
        let next = next_epoch(epoch, (after(epoch), &[share]), hour(at)).unwrap();
        assert_eq!(next.follows(epoch), Ok(()));
        // Whatever is promised can be kept.
        let promised = next.promised(&secret(next.number + 1)).is_ok();
        assert_eq!(next.commitments.len(), usize::from(promised));
        with.push((next.number, promised, next.reveals.len()));
        meshes.epoch = next;
    }
    assert_eq!(with, [(5, false, 0), (6, true, 0), (7, true, 1), (8, true, 1)]);
}

#[test]
fn a_share_is_of_the_present_epoch_and_a_secret_was_promised() {
    let mut meshes = with_nodes(founded(1, 2), 10);
    let node = meshes.roster.members()[3].node;
    let reveal = Reveal { node, secret: [5; 32] };
    meshes.epoch.promise_all([reveal.commitment(2)]);
    let signed = signed(meshes);
    let said = |epoch, commitment: &[u8], secret: Option<u8>| protocol::Share {
        epoch,
        commitment: protocol::to_text(commitment),
        secret: secret.map(|octet| protocol::to_text(&[octet; 32])),
    };
    let told = |said| share(&signed, node, &said);
    let kept = store::Share { node, commitment: [1; 32], secret: Some([5; 32]) };
    assert_eq!(told(said(1, &[1; 32], Some(5))), Ok(kept));
    assert_eq!(told(said(1, &[1; 32], None)), Ok(store::Share { secret: None, ..kept }));
    for wrong in
        [said(2, &[1; 32], Some(5)), said(1, &[1; 31], Some(5)), said(1, &[1; 32], Some(6))]
    {
        assert!(told(wrong).unwrap_err().contains("; "), "with its remedy");
    }
}

#[test]
fn a_split_goes_on_epoch_by_epoch_and_ends_in_the_new_map() {
    let mut meshes = with_nodes(founded(1, 2), 20);
    let half = meshes.map.meshes()[0];
    assert_eq!(split(&mut meshes, Some(half)).unwrap(), half);
    assert!(split(&mut meshes, None).is_err(), "one at a time");
    let before = meshes.map.clone();
    for _ in 0..2 {
        assert_eq!(meshes.map, before);
        meshes.epoch.number += 1;
        go_on(&mut meshes, 0, &[]);
    }
    assert_eq!((meshes.map.meshes().len(), meshes.plan), (3, None));
    let nobody: Prefix = "fd42:0:0:1::/64".parse().unwrap();
    assert!(split(&mut meshes, Some(nobody)).is_err(), "no mesh");
}

#[test]
fn a_mesh_that_outgrew_its_size_is_split_by_itself() {
    let mut meshes = with_nodes(founded(1, 2), 24);
    go_on(&mut meshes, 8, &[]);
    assert_eq!(meshes.plan, None, "twelve each are not more than a half too many");
    let mut meshes = with_nodes(founded(1, 2), 26);
    go_on(&mut meshes, 0, &[]);
    assert_eq!(meshes.plan, None, "nobody asked for it");
    go_on(&mut meshes, 8, &[]);
    assert!(matches!(meshes.plan, Some(Plan { change: order::Change::Split(_), .. })));
}

#[test]
fn numbers_of_elections_are_held_in_their_bounds() {
    let mut meshes = founded(1, 2);
    let wild = Change {
        epoch: Some(Duration::from_millis(10)),
        border: Some(Share::percent(90)),
        least: Some(0),
        tenure: Some(1000),
    };
    wild.apply(&mut meshes, Wall(5_000));
    let Epoch { length, began, .. } = meshes.epoch;
    assert_eq!((length, began), (Duration::from_secs(1), Wall(5_000)));
    let Rules { share, least, tenure, .. } = meshes.rules;
    assert_eq!((share.as_percent(), least, tenure), (50, 1, 48));
}

#[test]
fn two_meshes_merge_by_hand_or_once_they_are_small_and_the_last_two_are_order_1_again() {
    let mut meshes = with_nodes(founded(1, 3), 30);
    let [low, _, other] = meshes.map.meshes() else { panic!("three") };
    let (low, other) = (*low, *other);
    assert!(merge(&mut meshes, Some(other), &[]).is_err(), "it is no two meshes");
    let range = merge(&mut meshes, None, &[]).unwrap();
    assert!(range.covers(low) && range.length() + 1 == low.length());
    assert!(
        merge(&mut meshes, None, &[]).is_err() && split(&mut meshes, None).is_err(),
        "one at a time"
    );
    let on = |meshes: &mut Meshes, size| {
        meshes.epoch.number += 1;
        go_on(meshes, size, &[]);
    };
    on(&mut meshes, 0);
    assert_eq!(meshes.map.meshes().len(), 3);
    on(&mut meshes, 0);
    assert_eq!((meshes.map.meshes(), meshes.plan), (&[range, other][..], None));
    on(&mut meshes, 50);
    assert_eq!(meshes.plan, None, "thirty are not less than half of fifty");
    on(&mut meshes, 61);
    assert!(matches!(meshes.plan, Some(Plan { change: order::Change::Merge(_), .. })));
    on(&mut meshes, 61);
    on(&mut meshes, 61);
    assert_eq!((meshes.map.order(), meshes.plan), (1, None));
    assert!(merge(&mut meshes, None, &[]).is_err(), "one mesh has no sibling");
    let mut nobody = founded(1, 2);
    go_on(&mut nobody, 61, &[]);
    assert_eq!(nobody.plan, None, "nobody told yet that it is there");
}

#[test]
fn meshes_do_not_merge_while_a_listed_node_does_not_know_how() {
    let mut meshes = with_nodes(founded(1, 2), 20);
    let all: Vec<NodeId> = meshes.roster.members().iter().map(|it| it.node).collect();
    let mut shown: Vec<_> = all.iter().map(|node| introduced(*node, 0)).collect();
    assert_eq!(unaware(&shown, &meshes.roster), []);
    assert_eq!(unaware(&[], &meshes.roster), all, "nobody told: nobody is known to know");
    let introduction = gossip::Introduction::decode(&shown[3]).unwrap();
    let contact = gossip::Contact::decode(&introduction.contact).unwrap();
    let contact = gossip::Contact { merges: false, ..contact }.encode().unwrap();
    shown[3] = gossip::Introduction { contact, ..introduction }.encode().unwrap();
    let old = unaware(&shown, &meshes.roster);
    assert_eq!(old, all[3..4]);
    go_on(&mut meshes, 61, &old);
    assert_eq!(meshes.plan, None);
    let said = merge(&mut meshes, None, &old).unwrap_err().to_string();
    let one = format!("{} does not know how meshes merge; update it, and wait", all[3].0);
    assert!(said.contains(&one), "{said}");
    for (count, who) in [(2, "and another do not know"), (4, "and 3 others do not know")] {
        let said = merge(&mut meshes, None, &all[..count]).unwrap_err().to_string();
        assert!(said.contains(who) && said.contains("update them"), "{said}");
    }
    go_on(&mut meshes, 13, &old);
    assert_eq!(meshes.plan, None, "ten each are neither too many nor too few");
    go_on(&mut meshes, 6, &old);
    assert!(matches!(meshes.plan, Some(Plan { change: order::Change::Split(_), .. })));
}

#[test]
fn the_order_is_raised_when_there_are_many_meshes() {
    let mut meshes = with_nodes(founded(1, 17), 17 * 8);
    go_on(&mut meshes, 8, &[]);
    assert!(matches!(meshes.plan, Some(Plan { change: order::Change::Raise(_), .. })));
    for _ in 0..2 {
        meshes.epoch.number += 1;
        go_on(&mut meshes, 8, &[]);
    }
    assert_eq!((meshes.map.order(), meshes.map.meshes().len(), meshes.plan), (3, 17, None));
}

#[test]
fn the_order_is_raised_while_a_merge_waits() {
    let mut meshes = with_nodes(founded(1, 17), 17);
    let mut other = meshes.clone();
    go_on(&mut other, 8, &[]);
    assert!(matches!(other.plan, Some(Plan { change: order::Change::Merge(_), .. })));
    let old = [meshes.roster.members()[0].node];
    go_on(&mut meshes, 8, &old);
    assert!(matches!(meshes.plan, Some(Plan { change: order::Change::Raise(_), .. })));
}

#[test]
fn who_draws_in_both_halves_begins_with_nodes_of_both() {
    let mut meshes = with_nodes(founded(1, 2), 20);
    let (node, home) = (meshes.roster.members()[0].node, meshes.map.meshes()[0]);
    let own = |meshes: &Meshes| of_node(&signed(meshes.clone()), node)[0];
    let range = merge(&mut meshes, None, &[]).unwrap();
    assert_eq!(own(&meshes), Some(home));
    meshes.epoch.number += 1;
    assert_eq!(own(&meshes), Some(range));
}
