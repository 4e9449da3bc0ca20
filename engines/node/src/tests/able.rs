//! Stories of nodes that can carry much: they serve in two foreign meshes. Four meshes of four nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::vec;
use std::vec::Vec;

use gossip::{Meshes, Parameters};
use order::{Chain, Member, MeshMap, Roster};
use words::{NodeId, Prefix, Wall};

use super::mesh::{Mesh, NETWORK, name};
use super::*;

const NODES: usize = 16;

/// Returns a network in which two of each mesh carry four times what is usual, as others attest.
fn meshes(seed: u8) -> Meshes {
    let map = MeshMap::even(NETWORK, &[2]).unwrap();
    let mut meshes = Meshes::of(map, Wall(2_000), Chain::new([seed; 32], 10).part(0).unwrap());
    let member = |n: usize| {
        let able = if n < 8 { 400 } else { 100 };
        Member { node: name(n), since: 0, declared: able, attested: vec![able] }
    };
    meshes.roster = Roster::of((0..NODES).map(member));
    meshes.rules.least = 3;
    meshes.rules.tenure = 1;
    meshes
}

/// Returns where each elected node serves.
fn targets(meshes: &Meshes) -> BTreeMap<NodeId, BTreeSet<Prefix>> {
    let election = meshes.election();
    let mut targets: BTreeMap<NodeId, BTreeSet<Prefix>> = BTreeMap::new();
    for slot in meshes.map.meshes().iter().flat_map(|mesh| election.slots(*mesh)) {
        if let Some(winner) = slot.winner() {
            targets.entry(winner).or_default().insert(slot.target);
        }
    }
    targets
}

/// Returns a network in which somebody serves in two foreign meshes, and who.
fn settled() -> (Mesh, Meshes, Vec<usize>) {
    let in_two = |meshes: &Meshes| -> Vec<usize> {
        let targets = targets(meshes);
        let serves = |n: &usize| targets.get(&name(*n)).is_some_and(|its| its.len() == 2);
        (0..NODES).filter(serves).collect()
    };
    let found = (0..20).map(meshes).find(|meshes| in_two(meshes).len() > 1).unwrap();
    let hasty = Parameters { period: 20 * SECOND, ..Parameters::default() };
    let mut mesh = Mesh::with(NODES, 35, &hasty);
    mesh.divide_in(&found);
    mesh.run(60 * SECOND);
    let able = in_two(&found);
    (mesh, found, able)
}

#[test]
fn tables_follow_from_the_meshes_that_a_node_is_a_member_of() {
    let (mesh, meshes, able) = settled();
    assert_eq!(mesh.unreachable_pairs(), 0);
    assert!(able.iter().all(|n| *n < 8), "who carries no more than others holds one slot");
    let targets = targets(&meshes);
    for n in 0..NODES {
        let foreign = targets.get(&name(n)).map_or(0, BTreeSet::len);
        let serving = mesh.node(n).services().filter(|it| it.phase == "serving");
        assert_eq!(serving.count(), foreign, "services of {n}");
        // The nodes of its meshes but itself, and a range for each other mesh.
        let table = 4 * (1 + foreign) - 1 + 3 - foreign;
        assert_eq!(mesh.node(n).routing().routes().count(), table, "table of {n}");
        let told: BTreeSet<Prefix> = mesh.node(n).ranges().map(|(range, _)| range).collect();
        assert_eq!(told.len(), if foreign == 0 { 0 } else { 1 + foreign }, "told by {n}");
    }
}

#[test]
fn it_keeps_its_arrows_in_each_mesh_and_its_death_costs_no_mesh_its_way_out() {
    let (mut mesh, meshes, able) = settled();
    for n in &able {
        for service in mesh.node(*n).services().skip(1) {
            // Who is at home there may have drawn it first.
            let links = service.arrows.arrows().map(|link| link.node);
            let with: BTreeSet<NodeId> = links.filter(|it| service.mesh.covers(it.0)).collect();
            assert_eq!(with.len(), 4, "links of {n} with the four nodes of {}", service.mesh);
        }
    }
    for n in &able {
        mesh.kill(*n);
    }
    mesh.run(90 * SECOND);
    assert_eq!(mesh.unreachable_pairs(), 0);
    let election = meshes.election();
    let slots = meshes.map.meshes().iter().flat_map(|mesh| election.slots(*mesh));
    for slot in slots {
        let next = slot.serving(|node| able.iter().any(|n| name(*n) == node));
        let Some(next) = next.and_then(|node| (0..NODES).find(|n| name(*n) == node)) else {
            continue;
        };
        let mut services = mesh.node(next).services();
        assert!(services.any(|it| it.mesh == slot.target), "{next} serves in {}", slot.target);
    }
}
