//! Who carries much for others is spared, and comes back when it carries little.

use gossip::Parameters;

use super::SECOND;
use super::mesh::{Mesh, name};
use crate::Input;

/// Returns how many routes of other nodes lead to or through the node of that number.
fn routes_through(mesh: &Mesh, n: usize) -> u32 {
    let others = (0..mesh.nodes.len()).filter(|other| *other != n);
    let links = others.flat_map(|other| mesh.node(other).arrows().arrows());
    links.filter(|link| link.node == name(n)).map(|link| link.used_by).sum()
}

/// Has the node of that number carry so much, with 100 being usual, for some minutes.
fn carry(mesh: &mut Mesh, n: usize, carried: u64) {
    for _ in 0..6 {
        mesh.tell(n, Input::Relayed { carried, usual: 100 });
        mesh.run(61 * SECOND);
    }
}

#[test]
fn paths_find_other_ways_than_through_who_carries_much() {
    let few = Parameters { arrows: 4, period: 3600 * SECOND, ..Parameters::default() };
    let mut mesh = Mesh::with(24, 3, &few);
    mesh.run(60 * SECOND);
    let busiest = (0..24).max_by_key(|n| routes_through(&mesh, *n)).unwrap();
    let before = routes_through(&mesh, busiest);
    carry(&mut mesh, busiest, 290);
    assert_eq!(mesh.node(busiest).load(), 0, "three times the usual is free");
    carry(&mut mesh, busiest, 1_000);
    let spared = routes_through(&mesh, busiest);
    assert!(spared * 2 < before + 23, "{before} routes before, {spared} of the loaded node");
    assert_eq!(mesh.unreachable_pairs(), 0);
    carry(&mut mesh, busiest, 0);
    carry(&mut mesh, busiest, 0);
    assert_eq!(mesh.node(busiest).load(), 0);
    assert!(routes_through(&mesh, busiest) > spared);
}
