//! Stories of a mesh that falls apart: who is in the smaller part is reached by way of another mesh.
//!
//! Even nodes are at home in the one mesh, odd nodes in the other.

use std::collections::BTreeSet;
use std::vec::Vec;

use gossip::{Claim, Meshes, Parameters, Standing};
use order::Memberships;
use order::border::{admit, rescue};
use words::NodeId;
use words::routing::{Admission, Scope};

use super::mesh::{Mesh, name};
use super::meshes::{chain, divided};
use super::*;
use crate::escape::LINGER;

const NODES: usize = 16;

/// Returns a network with three elected of each mesh, and a small part of the lower mesh, in which one
/// serves in the other mesh.
fn settled() -> (Mesh, Meshes, BTreeSet<usize>) {
    let hasty = Parameters { period: 20 * SECOND, ..Parameters::default() };
    let mut mesh = Mesh::with(NODES, 31, &hasty);
    let meshes = divided(&chain());
    mesh.divide_in(&meshes);
    mesh.run(40 * SECOND);
    assert_eq!(mesh.unreachable_pairs(), 0);
    let border = (0..NODES).step_by(2).find(|n| serves(&mesh, *n)).unwrap();
    let plain = (0..NODES).step_by(2).filter(|n| !serves(&mesh, *n)).take(2);
    let few = plain.chain([border]).collect();
    (mesh, meshes, few)
}

fn serves(mesh: &Mesh, n: usize) -> bool {
    mesh.node(n).services().count() > 1
}

/// Cuts the few from the others of their mesh, and from the guests of it.
fn cut(mesh: &mut Mesh, few: &BTreeSet<usize>) {
    let home = mesh.node(0).home();
    let guests = (1..NODES).step_by(2).filter(|n| {
        let mut services = mesh.node(*n).services();
        services.any(|it| it.mesh == home)
    });
    let others: Vec<usize> =
        guests.chain((0..NODES).step_by(2)).filter(|n| !few.contains(n)).collect();
    for n in few {
        mesh.cut(*n, &others);
    }
}

#[test]
fn the_smaller_part_of_a_mesh_is_reached_by_way_of_another_one() {
    let (mut mesh, _, few) = settled();
    cut(&mut mesh, &few);
    mesh.run(5 * SECOND);
    assert!(mesh.unreachable_pairs() > 0, "it is cut off at first");
    // A minute without quorum, and some seconds to tell.
    mesh.run(80 * SECOND);
    let escaped: BTreeSet<usize> = (0..NODES).filter(|n| mesh.node(*n).has_escaped()).collect();
    assert_eq!(escaped, few);
    let known: BTreeSet<NodeId> = mesh.node(1).escaped().collect();
    assert_eq!(known, few.iter().map(|n| name(*n)).collect());
    assert_eq!(mesh.unreachable_pairs(), 0);
    // One line in each table, for each of them.
    for n in (1..NODES).step_by(2).filter(|n| !serves(&mesh, *n)) {
        assert_eq!(mesh.node(n).routing().routes().count(), 7 + 1 + few.len(), "table of {n}");
    }
}

#[test]
fn when_the_mesh_is_whole_again_they_come_back_and_tables_are_as_before() {
    let (mut mesh, meshes, few) = settled();
    cut(&mut mesh, &few);
    mesh.run(90 * SECOND);
    mesh.heal();
    let mut cut = 0;
    for _ in 0..400 {
        mesh.run(SECOND / 2);
        cut += mesh.unreachable_pairs();
    }
    assert!((0..NODES).all(|n| !mesh.node(n).has_escaped() && mesh.node(n).escaped().count() == 0));
    // Their prefixes still pass for a while.
    for _ in 0..LINGER.as_secs() {
        mesh.run(SECOND);
        cut += mesh.unreachable_pairs();
    }
    assert_eq!(cut, 0, "pairs and half seconds without a path");
    let slots = meshes.map.meshes().iter().flat_map(|home| meshes.election().slots(*home));
    let winners: BTreeSet<NodeId> = slots.filter_map(|slot| slot.winner()).collect();
    for n in (0..NODES).filter(|n| !winners.contains(&name(*n)) && !serves(&mesh, *n)) {
        assert_eq!(mesh.node(n).routing().routes().count(), 8, "table of {n}");
    }
}

#[test]
fn who_escapes_and_comes_back_without_end_changes_what_passes_once_in_five_minutes() {
    let (mut mesh, _, few) = settled();
    let flipper = *few.first().unwrap();
    let home = Scope(1);
    let passing = |mesh: &Mesh| -> Vec<Admission> {
        let all = mesh.node(1).admissions.iter();
        all.filter(|it| it.on == home && it.inside == name(flipper).0).cloned().collect()
    };
    assert_eq!(passing(&mesh), []);
    mesh.hear_escape(1, flipper, true);
    mesh.run(2 * SECOND);
    let once = passing(&mesh);
    assert_eq!(once.len(), 1);
    for n in 0..20 {
        mesh.hear_escape(1, flipper, n % 2 == 1);
        mesh.run(5 * SECOND);
        assert_eq!(passing(&mesh), once, "word {n}");
    }
    mesh.hear_escape(1, flipper, false);
    assert_eq!(mesh.node(1).escaped().count(), 0);
    mesh.run(LINGER.saturating_sub(SECOND));
    assert_eq!(passing(&mesh), once);
    mesh.run(2 * SECOND);
    assert_eq!(passing(&mesh), []);
}

#[test]
fn nobody_escapes_who_is_not_listed_and_nobody_else_is_let_pass() {
    let (mut mesh, mut meshes, few) = settled();
    let stranger = *few.first().unwrap();
    let listed = meshes.roster.members().iter().filter(|it| it.node != name(stranger)).cloned();
    meshes.roster = order::Roster::of(listed.collect::<Vec<_>>());
    mesh.divide_in(&meshes);
    mesh.run(10 * SECOND);
    cut(&mut mesh, &few);
    mesh.run(90 * SECOND);
    assert!(!mesh.node(stranger).has_escaped());
    let far = (1..NODES).step_by(2).find(|n| !serves(&mesh, *n)).unwrap();
    assert!(!mesh.who_routes_to(stranger).contains(&far));
}

#[test]
fn who_finds_nobody_at_home_has_refuge_elsewhere_until_it_does() {
    let (mut mesh, _, few) = settled();
    let alone: BTreeSet<usize> = few.into_iter().filter(|n| !serves(&mesh, *n)).take(1).collect();
    let n = *alone.first().unwrap();
    cut(&mut mesh, &alone);
    mesh.run(10 * SECOND);
    assert_eq!(mesh.node(n).refuge().count(), 0, "not before it was poor for a whole period");
    // Later it may be elected in place of one who is silent, and then has links abroad anyway.
    mesh.run(60 * SECOND);
    let node = mesh.node(n);
    let (home, links): (Prefix, Vec<_>) = (node.home(), node.refuge().collect());
    assert!(node.has_escaped() && !links.is_empty());
    assert!(links.iter().all(|link| link.ours && !home.covers(link.node.0)));
    assert!(links.len() <= 7, "no more than are missing at home");
    assert_eq!(mesh.unreachable_pairs(), 0);
    mesh.heal();
    mesh.run(200 * SECOND);
    assert_eq!(mesh.node(n).refuge().count(), 0);
    assert!(!mesh.node(n).has_escaped());
    assert_eq!(mesh.unreachable_pairs(), 0);
}

#[test]
fn a_node_takes_four_refugees_and_those_only_who_are_listed() {
    let (mut mesh, meshes, _) = settled();
    let elected: BTreeSet<NodeId> = (meshes.map.meshes().iter())
        .flat_map(|home| meshes.election().slots(*home))
        .flat_map(|slot| slot.holders)
        .collect();
    let plain: Vec<usize> =
        (0..NODES).step_by(2).filter(|n| !elected.contains(&name(*n))).collect();
    let version = mesh.node(0).gossip().version();
    let claim = Claim { mesh: mesh.node(1).home(), version, epoch: 1, standing: Standing::Refugee };
    let refused: Vec<u8> = plain.iter().filter_map(|n| mesh.claim_a_link(*n, 1, claim)).collect();
    let full = u8::from(arrows::Refusal::Full);
    assert_eq!(refused, [full].repeat(plain.len().saturating_sub(4)), "of {}", plain.len());
    let elsewhere = Claim { mesh: mesh.node(0).home(), ..claim };
    let asked = mesh.claim_a_link(plain[0], 1, elsewhere);
    assert_eq!(asked, Some(u8::from(arrows::Refusal::Elsewhere)));
}

#[test]
fn what_passes_at_home_is_what_the_filter_says() {
    let (mut mesh, _, few) = settled();
    cut(&mut mesh, &few);
    mesh.run(85 * SECOND);
    for n in 0..NODES {
        let node = mesh.node(n);
        let (map, home) = (node.map().unwrap(), node.home());
        let foreign = node.services().skip(1).map(|service| service.mesh);
        let ours = Memberships::border(map, name(n), foreign).unwrap();
        let passes = |range: Prefix, by: [u8; 8]| {
            let at_home = node.admissions.iter().filter(|it| it.on == Scope(1));
            at_home.into_iter().any(|it| it.admits(range.into(), by))
        };
        let escaped: BTreeSet<NodeId> = node.escaped().collect();
        for other in (0..NODES).map(name) {
            let may = admit(map, &ours, (other.0, escaped.contains(&other)), home).is_ok();
            assert_eq!(passes(other.0, other.routing_name()), may, "{other} at {n}");
            let liar = name(0).routing_name();
            let is_ours = home.covers(other.0) || other == name(0) && may;
            assert_eq!(passes(other.0, liar), is_ours, "{other} by another one at {n}");
        }
        let teller = node.division.tellers.of(home).iter().next().unwrap();
        let lost = rescue(map, &ours, home, home, |_| !few.contains(&n));
        assert_eq!(passes(home, teller), lost, "the own range at {n}");
    }
}
