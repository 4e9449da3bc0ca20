//! Stories of whole nodes: a small mesh of real engines under virtual time.

extern crate std;

mod able;
mod border;
mod calendars;
mod changes;
mod claims;
mod disaster;
mod escape;
mod load;
mod merges;
mod mesh;
mod meshes;
mod ranges;
mod splits;
mod visits;

use core::time::Duration;
use std::vec::Vec;

use gossip::Parameters;
use mesh::{Mesh, NETWORK, name};
use words::routing::Range;
use words::{Dice, Engine, Ipv4Plan, Prefix, Time};

use crate::{Input, Ipv4};

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
    for _ in 0..60 {
        mesh.run(SECOND / 40);
        cut += mesh.unreachable_pairs_but(3);
    }
    assert_eq!((cut, mesh.links_of(3)), (0, 0), "1.5 s later");
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

fn with_ipv4(network: &str) -> Parameters {
    let ipv4 = Some(Ipv4Plan { network: network.parse().unwrap(), node_length: 24 });
    Parameters { ipv4, ..Parameters::default() }
}

fn part(n: usize) -> Prefix {
    with_ipv4("10.42.0.0/16").ipv4.unwrap().part(u32::try_from(n).unwrap() + 1).unwrap()
}

#[test]
fn a_document_gives_every_node_its_ipv4_and_takes_it_away() {
    let mut mesh = Mesh::new(6, 13);
    mesh.run(30 * SECOND);
    assert_eq!(mesh.ipv4, [None; 6]);
    mesh.retune(&with_ipv4("10.42.0.0/16"));
    mesh.run(10 * SECOND);
    for n in 0..6 {
        let others: Vec<usize> = (0..6).filter(|other| *other != n).collect();
        assert_eq!(mesh.who_has(part(n).into()), others, "10 s after the document");
        assert!(others.iter().all(|other| mesh.follow(*other, part(n).into()) == n));
        let network = "10.42.0.0/16".parse().unwrap();
        assert_eq!(mesh.ipv4[n], Some(Ipv4 { network, own: part(n) }));
    }
    mesh.retune(&Parameters::default());
    mesh.run(10 * SECOND);
    let left = (0..6).flat_map(|n| mesh.who_has(part(n).into())).count();
    assert_eq!((left, mesh.ipv4.as_slice()), (0, &[None; 6][..]));
    assert_eq!(mesh.unreachable_pairs(), 0);
}

#[test]
fn who_has_no_part_of_a_small_ipv4_range_goes_without() {
    let mut mesh = Mesh::new(6, 14);
    mesh.run(30 * SECOND);
    // Room for the indexes 0 to 3.
    mesh.retune(&with_ipv4("10.42.4.0/22"));
    mesh.run(10 * SECOND);
    let has: Vec<bool> = mesh.ipv4.iter().map(Option::is_some).collect();
    assert_eq!(has, [true, true, true, false, false, false]);
}

#[test]
fn a_way_out_is_believed_of_those_who_may_be_exits_only() {
    let out = Range { to: Prefix::ALL, from: NETWORK };
    let mut mesh = Mesh::new(8, 15);
    mesh.run(30 * SECOND);
    mesh.tell(3, Input::Announce(out));
    mesh.run(10 * SECOND);
    assert_eq!(mesh.who_has(out), Vec::<usize>::new());
    assert!((0..8).map(|n| mesh.passed_over(n, "policy")).sum::<u64>() > 0);

    let named = Parameters { exits: [name(3), name(5)].into(), ..Parameters::default() };
    mesh.retune(&named);
    mesh.run(10 * SECOND);
    let users: Vec<usize> = (0..8).filter(|n| *n != 3).collect();
    assert_eq!(mesh.who_has(out), users);
    mesh.tell(5, Input::Announce(out));
    mesh.run(10 * SECOND);
    let reached = |mesh: &Mesh| -> Vec<usize> { (0..8).map(|n| mesh.follow(n, out)).collect() };
    assert!(reached(&mesh).iter().all(|exit| [3, 5].contains(exit)));

    mesh.kill(3);
    mesh.run(15 * SECOND);
    let rest = (0..8).filter(|n| *n != 3);
    assert!(rest.clone().all(|n| mesh.follow(n, out) == 5), "the other one is taken");
    mesh.retune(&Parameters::default());
    mesh.run(10 * SECOND);
    assert!(rest.clone().all(|n| mesh.follow(n, out) == n), "nobody may any more");
    assert_eq!(mesh.unreachable_pairs(), 0);
}

#[test]
fn who_names_an_exit_leaves_by_it_while_it_is_there() {
    let out = Range { to: Prefix::ALL, from: NETWORK };
    let own = Range { to: Prefix::ALL, from: name(0).0 };
    let exits = [name(3), name(5)].into();
    let mut mesh = Mesh::with(8, 15, &Parameters { exits, ..Parameters::default() });
    mesh.run(30 * SECOND);
    mesh.tell(3, Input::Announce(out));
    mesh.tell(5, Input::Announce(out));
    for named in [3, 5] {
        let (node, now) = (mesh.nodes[0].as_mut().unwrap(), mesh.now);
        node.local.host = Some(name(named));
        node.gossip.handle(gossip::Input::Host(Some(name(named))), now);
        // Whom it named before lets it go meanwhile.
        mesh.run(80 * SECOND);
        assert_eq!(mesh.follow(0, own), named);
        let guests = |mesh: &Mesh, n: usize| mesh.nodes[n].as_ref().unwrap().guests().count();
        assert_eq!((guests(&mesh, named), guests(&mesh, 8 - named)), (1, 0));
    }
    mesh.tell(5, Input::Withdraw(out));
    mesh.run(10 * SECOND);
    assert_eq!(
        (mesh.who_has(own), mesh.follow(0, out)),
        (Vec::new(), 3),
        "it offers no way any more"
    );
    mesh.tell(5, Input::Announce(out));
    mesh.run(10 * SECOND);
    assert_eq!(mesh.follow(0, own), 5);
    mesh.kill(5);
    mesh.run(15 * SECOND);
    assert_eq!(
        (mesh.who_has(own), mesh.follow(0, out)),
        (Vec::new(), 3),
        "the nearest one is taken"
    );
}
