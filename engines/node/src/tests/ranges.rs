//! Stories of ranges: who tells of them, and who is believed. Four meshes of four nodes, two and two
//! of them a group.

use std::vec::Vec;

use gossip::{Meshes, Parameters};
use order::{Member, MeshMap, Roster};
use words::routing::{self, Admission, Scope};
use words::{Engine, Prefix, Wall};

use super::mesh::{Mesh, NETWORK, name};
use super::meshes::{chain, divided};
use super::*;

const NODES: usize = 16;

/// Returns a network of two groups of two meshes each, in which two of each mesh are elected into
/// the other mesh of the group, and two into the other group.
fn grouped(is_listed: impl Fn(usize) -> bool) -> Meshes {
    let map = MeshMap::even(NETWORK, &[1, 1]).unwrap();
    let mut meshes = Meshes::of(map, Wall(2_000), chain().part(0).unwrap());
    let member = |n| Member { node: name(n), since: 0, declared: 100, attested: Vec::new() };
    meshes.roster = Roster::of((0..NODES).filter(|n| is_listed(*n)).map(member));
    meshes.rules.least = 2;
    meshes.rules.tenure = 1;
    meshes
}

fn hasty() -> Mesh {
    Mesh::with(NODES, 33, &Parameters { period: 20 * SECOND, ..Parameters::default() })
}

/// Returns the group that the even nodes are in.
fn even(meshes: &Meshes) -> Prefix {
    meshes.map.cuts()[0][0]
}

#[test]
fn groups_reach_each_other_by_their_ranges() {
    let (mut mesh, meshes) = (hasty(), grouped(|_| true));
    mesh.divide_in(&meshes);
    mesh.run(60 * SECOND);
    assert_eq!(mesh.unreachable_pairs(), 0);
    assert!(!mesh.who_has(even(&meshes).into()).is_empty());
    let reached =
        |n: usize| mesh.node(n).groups().all(|group| (group.quorum, group.reached) == (true, 2));
    assert!((0..NODES).filter(|n| mesh.node(*n).services().count() > 1).all(reached));
}

#[test]
fn a_group_of_which_one_mesh_is_dead_is_told_by_nobody_until_that_is_listed_no_more() {
    let (mut mesh, meshes) = (hasty(), grouped(|_| true));
    let is_dead = |n: usize| n % 4 == 2;
    (0..NODES).filter(|n| is_dead(*n)).for_each(|n| mesh.kill(n));
    mesh.divide_in(&meshes);
    mesh.run(60 * SECOND);
    let alive = || (0..NODES).filter(|n| !is_dead(*n));
    let group = even(&meshes);
    assert!(alive().all(|n| mesh.node(n).ranges().all(|(range, _)| range != group)));
    assert!(mesh.who_has(group.into()).is_empty());
    let other = meshes.map.cuts()[0][1];
    assert!(!mesh.who_has(other.into()).is_empty(), "the whole one is told");

    let mut next = grouped(|n| !is_dead(n));
    next.epoch = meshes.epoch.next(chain().part(1).unwrap(), &[]).unwrap();
    mesh.divide_in(&next);
    mesh.run(60 * SECOND);
    assert!(!mesh.who_has(group.into()).is_empty());
    assert_eq!(mesh.unreachable_pairs(), 0);
}

/// Has a node tell everybody of a range, whatever the rules say.
fn lie(mesh: &mut Mesh, n: usize, range: Prefix) {
    let (on, length) = (Scope::EVERYWHERE, range.length());
    let everything = Admission { on, inside: range, length, from: None, by: None, farther: 0 };
    let (now, node) = (mesh.now, mesh.nodes[n].as_mut().unwrap());
    let admissions: Vec<_> = node.admissions.iter().cloned().chain([everything]).collect();
    node.routing.handle(routing::Input::Admit(&admissions), now);
    node.routing.handle(routing::Input::Announce(range.into()), now);
    mesh.tell(n, Input::Wake);
}

/// Lets a node that may not tell of a range tell of it, and checks that nobody believes it.
fn nobody_believes_a_liar(mesh: &mut Mesh, meshes: &Meshes, range: Prefix) {
    let tellers = meshes.election().tellers().remove(&range).unwrap();
    let is_liar = |n: &usize| !range.covers(name(*n).0) && !tellers.contains(&name(*n));
    let liar = (0..NODES).find(is_liar).unwrap();
    lie(mesh, liar, range);
    mesh.run(30 * SECOND);
    let honest = || (0..NODES).filter(|n| *n != liar);
    let knows = |n: usize| mesh.node(n).routing().routes().filter(move |it| it.range.to == range);
    let sources: Vec<_> = honest().flat_map(knows).map(|route| route.router_id.0).collect();
    assert!(!sources.is_empty(), "the range is known");
    let told = |name: &[u8; 8]| tellers.iter().any(|it| it.routing_name() == *name);
    assert!(sources.iter().all(told), "{liar} is believed of {range}");
    assert!(honest().any(|n| mesh.passed_over(n, "policy") > 0), "and counted");
    assert_eq!(mesh.unreachable_pairs_but(liar), 0);
}

#[test]
fn a_range_is_not_believed_of_who_was_not_elected_to_tell_of_it() {
    let (mut mesh, mut meshes) = (hasty(), divided(&chain()));
    meshes.rules.least = 1;
    mesh.divide_in(&meshes);
    mesh.run(40 * SECOND);
    let range = meshes.map.meshes()[1];
    nobody_believes_a_liar(&mut mesh, &meshes, range);
}

#[test]
fn the_range_of_a_group_is_not_believed_of_who_serves_inside_the_group_only() {
    let (mut mesh, mut meshes) = (hasty(), grouped(|_| true));
    meshes.rules.least = 1;
    mesh.divide_in(&meshes);
    mesh.run(60 * SECOND);
    let range = even(&meshes);
    nobody_believes_a_liar(&mut mesh, &meshes, range);
}
