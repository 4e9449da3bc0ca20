//! Stories of guests: who serves in a mesh is drawn there like those who are at home in it.

use std::collections::{BTreeMap, BTreeSet};
use std::vec::Vec;

use gossip::{Meshes, Parameters};
use order::{Member, MeshMap, Roster};
use words::{LinkId, NodeId, Wall};

use super::mesh::{Mesh, NETWORK, name};
use super::meshes::chain;
use super::*;

const NODES: usize = 24;
const GUESTS: u16 = 4;

/// Returns a network of two meshes, of each of which four serve in the other, with few arrows and many
/// rounds.
fn settled() -> (Mesh, Meshes) {
    let map = MeshMap::even(NETWORK, &[1]).unwrap();
    let mut meshes = Meshes::of(map, Wall(2_000), chain().part(0).unwrap());
    let member = |n| Member { node: name(n), since: 0, declared: 100, attested: Vec::new() };
    meshes.roster = Roster::of((0..NODES).map(member));
    (meshes.rules.least, meshes.rules.tenure) = (4, 1);
    let hasty = Parameters { arrows: 4, period: 5 * SECOND, ..Parameters::default() };
    let mut mesh = Mesh::with(NODES, 31, &hasty);
    mesh.divide_in(&meshes);
    mesh.run(60 * SECOND);
    (mesh, meshes)
}

/// Returns who serves in the mesh of a node, and is at home in the other.
fn guests(meshes: &Meshes, n: usize) -> BTreeSet<NodeId> {
    let election = meshes.election();
    let home = meshes.map.home(name(n)).unwrap();
    let slots = meshes.map.meshes().iter().flat_map(|mesh| election.slots(*mesh));
    slots.filter(|slot| slot.target == home).filter_map(|slot| slot.winner()).collect()
}

#[test]
fn who_serves_in_a_mesh_is_called_there_as_often_as_who_is_at_home_in_it() {
    let (mut mesh, meshes) = settled();
    let guests = [0, 1].map(|n| guests(&meshes, n));
    assert!(guests.iter().all(|its| its.len() == usize::from(GUESTS)));
    let (mut foreign, mut all, mut called) = (0_u32, 0_u32, BTreeSet::new());
    for _ in 0..60 {
        mesh.run(5 * SECOND);
        assert_eq!(mesh.unreachable_pairs(), 0);
        for n in 0..NODES {
            let ours = mesh.node(n).arrows().arrows().filter(|link| link.ours);
            for arrow in ours {
                all += 1;
                let home = mesh.node(n).home();
                if !home.covers(arrow.node.0) {
                    assert!(guests[n % 2].contains(&arrow.node), "{} is no guest", arrow.node);
                    called.insert(arrow.node);
                    foreign += 1;
                }
            }
        }
    }
    assert_eq!(called.len(), 2 * usize::from(GUESTS), "each one is called");
    // Of eleven others at home and four guests.
    let share = f64::from(foreign) / f64::from(all);
    let fair = f64::from(GUESTS) / f64::from(11 + GUESTS);
    assert!((share - fair).abs() < 0.04, "{share} of the arrows lead to guests, {fair} are fair");
}

#[test]
fn arrows_to_who_serves_no_longer_are_drained_before_it_leaves() {
    let (mut mesh, mut meshes) = settled();
    let before = [0, 1].map(|n| guests(&meshes, n));
    meshes.epoch = meshes.epoch.next(chain().part(1).unwrap(), &[]).unwrap();
    let after = [0, 1].map(|n| guests(&meshes, n));
    mesh.divide_in(&meshes);
    let mut cut = 0;
    for _ in 0..80 {
        mesh.run(SECOND / 2);
        cut += mesh.unreachable_pairs();
    }
    assert_eq!(cut, 0, "pairs and half seconds without a path");
    for n in 0..NODES {
        let left = before[n % 2].difference(&after[n % 2]);
        let left: BTreeSet<NodeId> = left.copied().collect();
        let node = mesh.node(n);
        let ours = node.arrows().arrows().filter(|link| left.contains(&link.node));
        assert_eq!(ours.count(), 0, "links of {n} with those who left");
    }
}

#[test]
fn who_calls_a_guest_by_a_newer_document_has_a_link_in_the_mesh_where_that_one_serves() {
    let (mut mesh, mut meshes) = settled();
    let before = [0, 1].map(|n| guests(&meshes, n));
    meshes.epoch = meshes.epoch.next(chain().part(1).unwrap(), &[]).unwrap();
    let elected = guests(&meshes, 0);
    let new =
        (0..NODES).find(|n| elected.difference(&before[0]).any(|it| *it == name(*n))).unwrap();
    let version = mesh.node(new).gossip().version() + 1;
    let there = meshes.map.home(name(0)).unwrap();
    let claim =
        gossip::Claim { mesh: there, version, epoch: 2, standing: gossip::Standing::Member };
    let caller = (0..NODES).find(|n| n % 2 == 0 && !elected.contains(&name(*n)));
    let link = mesh.claim_and_come_up(caller.unwrap(), new, claim);
    assert_eq!(mesh.node(new).mesh_of(link), mesh.node(new).home(), "it does not know yet");
    mesh.divide_at(new, &meshes);
    let node = mesh.node(new);
    assert_eq!(node.mesh_of(link), there);
    let its = |it: &crate::Service<'_>| it.arrows.arrows().any(|view| view.link == link);
    let holders: Vec<_> = node.services().filter(its).map(|it| it.mesh).collect();
    assert_eq!((holders, node.division.waiting.len()), (std::vec![there], 0));
}

#[test]
fn who_is_about_to_leave_a_mesh_draws_nobody_there() {
    let (mut mesh, mut meshes) = settled();
    meshes.epoch = meshes.epoch.next(chain().part(1).unwrap(), &[]).unwrap();
    mesh.divide_in(&meshes);
    // A round passes twice while it drains.
    let (mut draining, mut seen) = (BTreeMap::new(), 0);
    for _ in 0..60 {
        mesh.run(SECOND / 2);
        for n in 0..NODES {
            let node = mesh.node(n);
            let leaving = node.services().filter(|it| it.phase == "draining");
            for service in leaving {
                let ours = service.arrows.arrows().filter(|it| it.ours).map(|it| it.link);
                let ours: BTreeSet<LinkId> = ours.collect();
                let before = draining.entry((n, service.mesh)).or_insert_with(|| ours.clone());
                assert!(ours.is_subset(before), "{n} drew in {}", service.mesh);
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "{seen} looks at those who leave");
}

#[test]
fn nobody_is_woken_for_guests_of_before_once_the_network_is_one_mesh() {
    let (mut mesh, mut meshes) = settled();
    let change = order::Change::Merge(NETWORK);
    meshes.plan = Some(order::Plan { change, epoch: meshes.epoch.number });
    for index in 1..4 {
        mesh.divide_in(&meshes);
        mesh.run(40 * SECOND);
        meshes.epoch = meshes.epoch.next(chain().part(index).unwrap(), &[]).unwrap();
    }
    assert_eq!(mesh.node(0).map().map(MeshMap::order), Some(1));
    mesh.run(80 * SECOND);
    assert_eq!(mesh.unreachable_pairs(), 0);
    for n in 0..NODES {
        let node = mesh.node(n);
        assert!(node.division.former.is_empty() && node.division.guests.is_empty(), "{n}");
    }
}

#[test]
fn a_link_of_a_guest_that_ends_is_no_link_of_its_stay_any_more() {
    let (mut mesh, _) = settled();
    let visited = |n: &usize| !mesh.node(*n).division.visits.is_empty();
    let guest = (0..NODES).find(visited).unwrap();
    let (link, stay) = mesh.node(guest).division.visits.first_key_value().unwrap();
    let (link, stay) = (*link, *stay);
    let has_it = |mesh: &Mesh| {
        let stay = &mesh.node(guest).division.stays[&stay];
        stay.arrows.arrows().any(|view| view.link == link)
    };
    assert!(has_it(&mesh));
    mesh.feed(guest, Input::Down(link));
    assert!(!has_it(&mesh), "its place is free at once");
}

#[test]
fn a_link_that_a_stay_does_not_let_in_is_closed_once() {
    let (mut mesh, _) = settled();
    let visited = |n: &usize| !mesh.node(*n).division.visits.is_empty();
    let guest = (0..NODES).find(visited).unwrap();
    let (present, stay) = mesh.node(guest).division.visits.first_key_value().unwrap();
    let (from, stay) = (mesh.node(guest).peers[present], *stay);
    let from = (0..NODES).find(|n| name(*n) == from).unwrap();
    // Who has a link there already has one that waits for a document, of a mesh that is not known yet.
    let version = mesh.node(guest).gossip().version() + 1;
    let (standing, elsewhere) = (gossip::Standing::Member, Prefix::new(0xfd01 << 112, 48));
    let claim = gossip::Claim { mesh: elsewhere, version, epoch: 2, standing };
    let link = mesh.claim_and_come_up(from, guest, claim);
    assert!(mesh.node(guest).up.contains(&link));
    assert_eq!(mesh.hand_over(guest, (link, from), stay), 1, "closed once");
    let node = mesh.node(guest);
    assert!(!node.division.visits.contains_key(&link) && !node.up.contains(&link));
}

#[test]
fn who_was_not_elected_has_no_link_with_a_guest_in_the_name_of_its_mesh() {
    let (mut mesh, meshes) = settled();
    let guest = (0..NODES).find(|n| guests(&meshes, 1 - n % 2).contains(&name(*n))).unwrap();
    let holders = meshes.map.meshes().iter().flat_map(|home| meshes.election().slots(*home));
    let elected: Vec<NodeId> = holders.flat_map(|slot| slot.holders).collect();
    // At home where the guest is, and no member of the mesh that it serves in.
    let liar = (0..NODES).find(|n| n % 2 == guest % 2 && !elected.contains(&name(*n))).unwrap();
    let there = meshes.map.home(name(1 - guest % 2)).unwrap();
    let version = mesh.node(0).gossip().version();
    let standing = gossip::Standing::Member;
    let claim = gossip::Claim { mesh: there, version, epoch: 1, standing };
    let asked = mesh.claim_a_link(liar, guest, claim);
    assert_eq!(asked, Some(u8::from(arrows::Refusal::Elsewhere)));
}
