//! Stories of whole nodes: a small mesh of real engines under virtual time.

extern crate std;

mod mesh;

use core::time::Duration;
use std::vec::Vec;

use gossip::Parameters;
use mesh::{Mesh, name};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_mesh_grows_from_one_introduction_each() {
    let mut mesh = Mesh::new(12, 1);
    mesh.run(30 * SECOND);
    assert_eq!(mesh.unreachable_pairs(), 0);
    assert!(mesh.links_of(3) >= 5, "node 3 has {} links", mesh.links_of(3));
}

#[test]
fn renewal_never_cuts_anybody_off() {
    let hasty = Parameters { period: 10 * SECOND, ..Parameters::default() };
    let mut mesh = Mesh::with(12, 2, &hasty);
    mesh.run(60 * SECOND);
    let mut cut = 0;
    for _ in 0..120 {
        mesh.run(SECOND);
        cut += mesh.unreachable_pairs();
    }
    assert_eq!(cut, 0, "pairs and seconds without a path");
    assert!(mesh.deaths() > 100, "only {} arrows died", mesh.deaths());
}

#[test]
fn renewal_never_cuts_two_nodes_that_know_only_each_other() {
    let hasty = Parameters { period: 10 * SECOND, limit: 30 * SECOND, ..Parameters::default() };
    for (nodes, seed) in [(2, 9), (2, 10), (2, 11), (3, 12)] {
        let mut mesh = Mesh::with(nodes, seed, &hasty);
        mesh.run(30 * SECOND);
        let mut cut = 0;
        for _ in 0..1_200 {
            mesh.run(SECOND / 4);
            cut += mesh.unreachable_pairs();
        }
        assert_eq!(cut, 0, "of {nodes}, quarters of a second without a path");
        assert!(mesh.deaths() > 25, "only {} arrows died", mesh.deaths());
    }
}

#[test]
fn survivors_find_each_other_again() {
    let mut mesh = Mesh::new(20, 3);
    mesh.run(60 * SECOND);
    (0..6).for_each(|n| mesh.kill(n));
    mesh.run(60 * SECOND);
    assert_eq!(mesh.unreachable_pairs(), 0);
}

#[test]
fn well_known_nodes_are_owed_some_arrows_as_soon_as_the_document_names_them() {
    let hasty = Parameters { period: 10 * SECOND, arrows: 4, ..Parameters::default() };
    let named = Parameters { well_known: [name(0)].into(), ..hasty.clone() };
    let mut mesh = Mesh::with(20, 5, &hasty);
    mesh.run(60 * SECOND);
    assert_eq!(mesh.drawn("well-known"), 0);
    mesh.retune(&named);
    mesh.run(60 * SECOND);
    let owed = mesh.drawn("well-known");
    assert!(owed > 10, "only {owed} arrows are owed to the well-known nodes");
    let mut mesh = Mesh::with(20, 6, &named);
    mesh.run(60 * SECOND);
    assert!(mesh.drawn("well-known") > 0);
}

#[test]
fn a_node_that_leaves_cuts_nobody_off_and_is_gone_at_once() {
    let mut mesh = Mesh::new(12, 8);
    mesh.run(60 * SECOND);
    assert_eq!(mesh.unreachable_pairs(), 0);
    mesh.leave(3);
    let mut cut = 0;
    for _ in 0..50 {
        mesh.run(SECOND / 40);
        cut += mesh.unreachable_pairs_but(3);
    }
    assert_eq!((cut, mesh.links_of(3)), (0, 0), "1.25 s later");
    mesh.run(SECOND / 2);
    assert_eq!(mesh.who_routes_to(3), Vec::<usize>::new(), "nobody waits for its silence");
    for _ in 0..50 {
        mesh.run(SECOND / 10);
        cut += mesh.unreachable_pairs_but(3);
    }
    assert_eq!((cut, mesh.links_of(3)), (0, 0));
}

#[test]
fn a_revoked_node_is_out_and_stays_out() {
    let mut mesh = Mesh::new(12, 4);
    mesh.run(40 * SECOND);
    mesh.revoke(5);
    mesh.run(10 * SECOND);
    assert_eq!(mesh.links_of(5), 0);
    assert_eq!(mesh.who_routes_to(5), Vec::<usize>::new());
    mesh.run(120 * SECOND);
    assert_eq!(mesh.links_of(5), 0);
    assert_eq!(mesh.unreachable_pairs_but(5), 0);
}

#[test]
fn the_same_seed_is_the_same_run() {
    let run = |seed| {
        let mut mesh = Mesh::new(8, seed);
        mesh.run(60 * SECOND);
        mesh.digest()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}
