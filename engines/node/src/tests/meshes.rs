//! Stories of a network of two meshes: even nodes are at home in the one, odd nodes in the other.

use std::collections::BTreeSet;
use std::vec::Vec;

use gossip::{Meshes, Parameters};
use order::{Chain, Change, Member, MeshMap, Plan, Roster};
use words::{NodeId, Prefix, Wall};

use super::mesh::{Mesh, NETWORK, name};
use super::*;

const NODES: usize = 16;

/// Returns a network of two meshes with all nodes, in which two of each mesh are elected.
pub(super) fn divided(chain: &Chain) -> Meshes {
    let map = MeshMap::even(NETWORK, &[1]).unwrap();
    let mut meshes = Meshes::of(map, Wall(2_000), chain.part(0).unwrap());
    let member = |n| Member { node: name(n), since: 0, declared: 100, attested: Vec::new() };
    meshes.roster = Roster::of((0..NODES).map(member));
    meshes.rules.least = 2;
    meshes.rules.tenure = 1;
    meshes
}

pub(super) fn chain() -> Chain {
    Chain::new([7; 32], 100)
}

/// Returns the nodes that are elected, winners only.
fn elected(meshes: &Meshes) -> BTreeSet<NodeId> {
    let election = meshes.election();
    let slots = meshes.map.meshes().iter().flat_map(|mesh| election.slots(*mesh));
    slots.filter_map(|slot| slot.winner()).collect()
}

fn settled() -> (Mesh, Meshes) {
    let hasty = Parameters { period: 20 * SECOND, ..Parameters::default() };
    let mut mesh = Mesh::with(NODES, 31, &hasty);
    let meshes = divided(&chain());
    mesh.divide_in(&meshes);
    mesh.run(40 * SECOND);
    (mesh, meshes)
}

#[test]
fn tables_are_as_small_as_promised_and_everybody_is_reached() {
    let (mesh, meshes) = settled();
    assert_eq!(mesh.unreachable_pairs(), 0);
    let border = elected(&meshes);
    for n in 0..NODES {
        let table = mesh.node(n).routing().routes().count();
        // A plain node knows its mesh and one range; a border node both meshes, and no range.
        let formula = if border.contains(&name(n)) { NODES - 1 } else { NODES / 2 };
        assert_eq!(table, formula, "table of {n}");
    }
}

#[test]
fn a_border_node_keeps_its_arrows_in_each_of_its_meshes() {
    let (mesh, meshes) = settled();
    let n = (0..NODES).find(|n| elected(&meshes).contains(&name(*n))).unwrap();
    let services: Vec<_> = mesh.node(n).services().collect();
    assert_eq!(services.len(), 2);
    for service in services {
        let links: Vec<_> = service.arrows.arrows().collect();
        assert!(links.len() >= NODES / 2 - 1, "{service:?}");
        let ours = links.iter().filter(|link| link.ours);
        let serves = |node| meshes.election().verify(node, service.mesh).is_ok();
        let is_member = |node: NodeId| service.mesh.covers(node.0) || serves(node);
        assert!(ours.into_iter().all(|arrow| is_member(arrow.node)));
    }
}

#[test]
fn border_nodes_are_elected_anew_and_nobody_is_cut_off() {
    let (mut mesh, mut meshes) = settled();
    let (mut cut, mut served) = (0, elected(&meshes));
    for index in 1..6 {
        meshes.epoch = meshes.epoch.next(chain().part(index).unwrap(), &[]).unwrap();
        served.extend(elected(&meshes));
        mesh.divide_in(&meshes);
        for _ in 0..60 {
            mesh.run(SECOND / 2);
            cut += mesh.unreachable_pairs();
        }
    }
    assert_eq!(cut, 0, "pairs and half seconds without a path");
    assert!(served.len() > 6, "only {} served", served.len());
    let serve = |n: &usize| mesh.node(*n).services().count() > 1;
    assert_eq!((0..NODES).filter(serve).count(), elected(&meshes).len());
}

#[test]
fn the_next_in_line_serves_once_the_elected_are_silent() {
    let (mut mesh, meshes) = settled();
    let dead = elected(&meshes);
    (0..NODES).filter(|n| dead.contains(&name(*n))).for_each(|n| mesh.kill(n));
    // The minute of silence, what it takes to notice it, and to connect.
    mesh.run(67 * SECOND);
    assert_eq!(mesh.unreachable_pairs(), 0);
}

#[test]
fn elections_go_on_while_the_registry_is_away() {
    let (mut mesh, mut meshes) = settled();
    meshes.epoch.length = Duration::from_mins(1);
    mesh.divide_in(&meshes);
    mesh.run(SECOND);
    mesh.lose_the_registry();
    let before = elected(&meshes);
    // A whole epoch is missed before nodes go on by themselves.
    let mut cut = 0;
    for _ in 0..2 * 119 {
        mesh.run(SECOND / 2);
        cut += mesh.unreachable_pairs();
    }
    assert_eq!(cut, 0, "pairs and half seconds without a path");
    meshes.epoch = meshes.epoch.at(Wall(2_000).plus(meshes.epoch.length));
    let now = elected(&meshes);
    assert_ne!(now, before);
    let serve = |n: &usize| mesh.node(*n).services().count() > 1;
    let serving: BTreeSet<NodeId> = (0..NODES).filter(serve).map(name).collect();
    assert_eq!(serving, now);
}

#[test]
fn who_was_not_elected_gets_no_link_into_a_foreign_mesh() {
    let (mut mesh, meshes) = settled();
    let border: BTreeSet<NodeId> = (meshes.map.meshes().iter())
        .flat_map(|home| meshes.election().slots(*home))
        .flat_map(|slot| slot.holders)
        .collect();
    let liar = (0..NODES).find(|n| !border.contains(&name(*n))).unwrap();
    let before = mesh.strangers;
    let asked = mesh.ask_for_a_link(liar, liar + 1);
    assert_eq!((asked, mesh.strangers), (Some(7), before + 1));
    let neighbour = (liar + 2) % NODES;
    assert_ne!(mesh.ask_for_a_link(liar, neighbour), Some(7), "at home it may ask");
}

#[test]
fn an_epoch_that_goes_back_or_does_not_follow_is_refused_and_the_old_one_stays() {
    let (mut mesh, meshes) = settled();
    let mut next = meshes.clone();
    next.epoch = meshes.epoch.next(chain().part(1).unwrap(), &[]).unwrap();
    mesh.divide_in(&next);
    mesh.run(5 * SECOND);
    let mut forged = next.clone();
    forged.epoch.number += 1;
    let refused = |mesh: &Mesh, why: &str| {
        mesh.node(0).gossip().counters().refused.get(why).copied().unwrap_or(0)
    };
    mesh.divide_in(&meshes);
    mesh.divide_in(&forged);
    assert_eq!((refused(&mesh, "epoch-back"), refused(&mesh, "beacon")), (1, 1));
    assert_eq!(mesh.node(0).meshes().unwrap().epoch, next.epoch);
    mesh.run(20 * SECOND);
    assert_eq!(mesh.unreachable_pairs(), 0);
}

#[test]
fn foreign_border_nodes_stay_in_a_mesh_that_was_split_until_others_serve_in_its_halves() {
    let (mut mesh, mut meshes) = settled();
    let half = meshes.map.meshes()[0];
    meshes.plan = Some(Plan { change: Change::Split(half), epoch: meshes.epoch.number });
    for index in 1..3 {
        mesh.divide_in(&meshes);
        mesh.run(30 * SECOND);
        meshes.epoch = meshes.epoch.next(chain().part(index).unwrap(), &[]).unwrap();
    }
    let serves = |mesh: &Mesh, n: usize| {
        let mut services = mesh.node(n).services();
        services.any(|it| it.mesh == half && it.phase != "home" && it.quorum && it.reached > 0)
    };
    let foreign: Vec<usize> = (0..NODES).filter(|n| serves(&mesh, *n)).collect();
    assert!(!foreign.is_empty());
    mesh.divide_in(&meshes);
    for second in 0..9 {
        mesh.run(SECOND);
        assert!(!mesh.node(0).map().unwrap().is_mesh(half), "the map is the new one");
        for n in &foreign {
            assert!(serves(&mesh, *n), "{n} after {second} s");
            assert!(mesh.node(*n).ranges().any(|(range, far)| range == half && !far));
        }
    }
    mesh.run(40 * SECOND);
    assert!((0..NODES).all(|n| mesh.node(n).services().all(|service| service.mesh != half)));
    assert_eq!(mesh.unreachable_pairs(), 0);
}

#[test]
fn a_mesh_is_split_while_nobody_is_cut_off() {
    let (mut mesh, mut meshes) = settled();
    let half = meshes.map.meshes()[0];
    let change = Change::Split(half);
    meshes.plan = Some(Plan { change, epoch: meshes.epoch.number });
    let mut cut = 0;
    for index in 1..4 {
        mesh.divide_in(&meshes);
        for _ in 0..60 {
            mesh.run(SECOND / 2);
            cut += mesh.unreachable_pairs();
        }
        meshes.epoch = meshes.epoch.next(chain().part(index).unwrap(), &[]).unwrap();
    }
    assert_eq!(cut, 0, "pairs and half seconds without a path");
    mesh.run(10 * SECOND);
    let homes: BTreeSet<_> = (0..NODES).map(|n| mesh.node(n).home()).collect();
    assert!(!homes.contains(&half));
    let astray = |n: usize| {
        let node = mesh.node(n);
        let ours = node.services().flat_map(|it| it.arrows.arrows().map(move |one| (it.mesh, one)));
        let ours = ours.filter(|(mesh, one)| one.ours && !mesh.covers(one.node.0));
        let serves = |(at, one): &(Prefix, arrows::View)| {
            let other = (0..NODES).find(|n| name(*n) == one.node).unwrap();
            mesh.node(other).services().any(|it| it.mesh == *at)
        };
        let ours = ours.filter(|one| !serves(one));
        ours.map(|(mesh, one)| (n, mesh, one.node, one.state, one.since)).collect::<Vec<_>>()
    };
    let astray: Vec<_> = (0..NODES).flat_map(astray).collect();
    assert!(astray.is_empty(), "arrows between meshes: {astray:?}");
}
