//! Stories of links whose ends agree on a mesh, or do not.

use std::vec::Vec;

use arrows::Refusal;
use babel::wire::{Builder, Hello, Ihu, Tlv, Update};
use babel::{Cost, Key, LinkRoute, Metric, Seqno};
use gossip::{Claim, Meshes, Parameters, Standing};

use super::mesh::{Mesh, name};
use super::meshes::{chain, divided};
use super::*;
use words::frame::Kind;
use words::{NodeId, Prefix};

const NODES: usize = 16;

fn settled() -> (Mesh, Meshes) {
    settled_of(NODES)
}

fn settled_of(count: usize) -> (Mesh, Meshes) {
    let hasty = Parameters { period: 20 * SECOND, ..Parameters::default() };
    let mut mesh = Mesh::with(count, 31, &hasty);
    let meshes = divided(&chain());
    mesh.divide_in(&meshes);
    mesh.run(40 * SECOND);
    (mesh, meshes)
}

/// Returns a node that was elected to nothing.
fn plain(meshes: &Meshes) -> usize {
    let slots = meshes.map.meshes().iter().flat_map(|home| meshes.election().slots(*home));
    let holders: Vec<NodeId> = slots.flat_map(|slot| slot.holders).collect();
    (0..NODES).find(|n| !holders.contains(&name(*n))).unwrap()
}

fn claim(mesh: &Mesh, of: usize, ahead: u64) -> Claim {
    let version = mesh.node(0).gossip().version() + ahead;
    Claim { mesh: mesh.node(of).home(), version, epoch: 1, standing: Standing::Member }
}

#[test]
fn every_link_belongs_to_a_mesh_of_which_both_ends_are_members() {
    let (mesh, meshes) = settled();
    assert_eq!((mesh.unreachable_pairs(), mesh.waits), (0, 0));
    let election = meshes.election();
    let is_member =
        |node: NodeId, of: Prefix| of.covers(node.0) || election.verify(node, of).is_ok();
    for n in 0..NODES {
        let node = mesh.node(n);
        for link in node.services().flat_map(|it| it.arrows.arrows()) {
            let of = node.mesh_of(link.link);
            let both = is_member(link.node, of) && is_member(node.me(), of);
            assert!(both, "{n}: a link of {of} with {}", link.node);
        }
    }
}

#[test]
fn who_names_a_mesh_that_the_other_is_not_in_is_refused_at_once() {
    let (mut mesh, meshes) = settled();
    let (liar, before) = (plain(&meshes), mesh.strangers);
    let ours = claim(&mesh, liar, 0);
    let asked = mesh.claim_a_link(liar, liar + 1, ours);
    assert_eq!(asked, Some(u8::from(Refusal::Elsewhere)));
    let theirs = claim(&mesh, liar + 1, 0);
    let asked = mesh.claim_a_link(liar, liar + 1, theirs);
    assert_eq!(asked, Some(u8::from(Refusal::OtherMesh)), "it was not elected");
    assert_eq!((mesh.strangers, mesh.waits), (before + 2, 0));
}

#[test]
fn who_goes_by_a_later_document_has_a_link_in_which_no_route_is_told_until_it_came() {
    let (mut mesh, meshes) = settled();
    let liar = plain(&meshes);
    let theirs = claim(&mesh, liar + 1, 1);
    for _ in 0..8 {
        assert_eq!(mesh.claim_a_link(liar, liar + 1, theirs), None);
        mesh.run(3 * SECOND);
    }
    assert!(mesh.waits >= 4, "{} waited", mesh.waits);
    mesh.run(25 * SECOND);
    // There is no such document: all of them were closed, and nothing came of it.
    assert!(mesh.node(liar + 1).links().all(|link| link.node != name(liar)));
    assert_eq!(mesh.unreachable_pairs(), 0);
}

#[test]
fn too_many_that_go_by_other_documents_are_refused() {
    let (mut mesh, _) = settled();
    let theirs = claim(&mesh, 1, 1);
    let asked = (0..NODES).step_by(2).chain([0]).map(|n| mesh.claim_a_link(n, 1, theirs));
    let refused: Vec<u8> = asked.flatten().collect();
    assert!(refused.contains(&u8::from(Refusal::Outdated)) || mesh.waits <= 8, "{refused:?}");
}

#[test]
fn those_of_older_documents_keep_nobody_of_a_newer_one_away() {
    let (mut mesh, _) = settled_of(3 * NODES);
    let newer = claim(&mesh, 1, 1);
    let older = Claim { version: newer.version - 2, ..newer };
    // Not listed, so that none of them is elected.
    let (many, one) = ((NODES..3 * NODES - 2).step_by(2), 3 * NODES - 2);
    let refused: Vec<u8> = many.filter_map(|n| mesh.claim_a_link(n, 1, older)).collect();
    assert!(refused.contains(&u8::from(Refusal::Outdated)), "{refused:?}");
    let waits = mesh.waits;
    assert_eq!((mesh.claim_a_link(one, 1, newer), mesh.waits), (None, waits + 1));
}

#[test]
fn a_link_to_an_older_document_ends_as_soon_as_ours_is_there() {
    let (mut mesh, meshes) = settled();
    let (plain, newest) = (plain(&meshes), claim(&mesh, 1, 0).version);
    let theirs = Claim { version: newest - 1, ..claim(&mesh, plain + 1, 0) };
    let link = mesh.claim_and_come_up(plain, plain + 1, theirs);
    assert!(mesh.node(plain + 1).links().any(|it| it.link == link));
    let version = |mine| {
        let mut frame = std::vec![Kind::Gossip.octet().unwrap(), 1];
        frame.extend([mine, 0_u64].map(u64::to_be_bytes).as_flattened());
        frame
    };
    mesh.feed(plain + 1, Input::Frame(link, &version(newest - 1)));
    assert!(mesh.node(plain + 1).links().any(|it| it.link == link), "it has not come yet");
    mesh.feed(plain + 1, Input::Frame(link, &version(newest)));
    mesh.run(2 * SECOND);
    assert!(mesh.node(plain + 1).links().all(|it| it.link != link));
}

#[test]
fn a_node_that_slept_through_a_split_gets_the_document_from_whom_it_calls() {
    let (mut mesh, mut meshes) = settled();
    mesh.lose_the_registry();
    // It keeps its contacts and its document, and loses all its links.
    mesh.sleep([0], 100 * SECOND);
    let half = meshes.map.meshes()[0];
    meshes.plan = Some(order::Plan { change: order::Change::Split(half), epoch: 1 });
    for index in 1..4 {
        mesh.divide_at(2, &meshes);
        mesh.run(25 * SECOND);
        meshes.epoch = meshes.epoch.next(chain().part(index).unwrap(), &[]).unwrap();
    }
    let version = mesh.node(2).gossip().version();
    assert!(mesh.node(0).gossip().version() < version);
    mesh.run(65 * SECOND);
    assert_eq!(mesh.node(0).gossip().version(), version);
    assert_ne!(mesh.node(0).home(), half);
    assert_eq!(mesh.unreachable_pairs(), 0);
}

/// Returns the frame that says that all of these routes are next to who says it.
fn all_is_near(routes: &[LinkRoute]) -> Vec<u8> {
    let mut packet = Builder::new(4_000);
    let next = 60 * SECOND;
    let hello =
        Hello { seqno: Seqno(1), next: Some(next), unicast: false, sent: None, frugal: true };
    let ihu = Ihu { to: None, rxcost: Cost(96), next, echo: None };
    let updates = routes.iter().map(|route| {
        let (key, whose) = (Some(Key::to(route.range.to)), Some(route.router_id));
        let (seqno, metric) = (route.seqno, Metric::ZERO);
        Tlv::Update(Update { key, router: whose, seqno, metric, next, hop: None })
    });
    for word in [Tlv::Hello(hello), Tlv::Ihu(ihu)].into_iter().chain(updates) {
        assert!(packet.push(&word, 0));
    }
    [&[Kind::Routing.octet().unwrap()], &packet.finish()[..]].concat()
}

#[test]
fn a_refugee_that_says_that_all_is_next_to_it_draws_no_way_to_itself() {
    let (mut mesh, meshes) = settled();
    let liar = plain(&meshes);
    let victim = liar + 1;
    let refugee = Claim { standing: Standing::Refugee, ..claim(&mesh, victim, 0) };
    let link = mesh.claim_and_come_up(liar, victim, refugee);
    let routes: Vec<LinkRoute> = mesh.node(victim).routing().routes().collect();
    mesh.feed(victim, Input::Frame(link, &all_is_near(&routes)));
    let routing = mesh.node(victim).routing();
    for route in &routes {
        let mut offers = routing.offers(route.range);
        let its = offers.find(|offer| offer.link == link).map(|offer| offer.metric);
        assert!(its.is_some_and(|metric| metric > Metric(9_000) && metric.is_finite()), "{its:?}");
    }
    assert!(routing.routes().all(|route| route.link != link));
    assert_eq!(mesh.unreachable_pairs(), 0);
}
