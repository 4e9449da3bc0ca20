//! Stories of bad days: most nodes die, a mesh is torn in two, machines sleep, clocks jump.

use alloc::vec::Vec;
use core::time::Duration;

use gossip::Parameters;
use words::Wall;

use super::SECOND;
use super::mesh::Mesh;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const ROUND: Duration = Duration::from_secs(10);

fn hasty() -> Parameters {
    Parameters { period: ROUND, ..Parameters::default() }
}

#[test]
fn where_three_of_five_nodes_die_at_once_the_others_are_one_mesh_within_two_rounds() {
    let mut mesh = Mesh::with(30, 20, &hasty());
    mesh.run(30 * SECOND);
    assert_eq!(mesh.unreachable_pairs(), 0);
    mesh.lose_the_registry();
    let survives = |n: &usize| n % 5 >= 3;
    (0..30).filter(|n| !survives(n)).for_each(|n| mesh.kill(n));
    mesh.run(2 * ROUND);
    assert_eq!(mesh.unreachable_pairs(), 0);
    let fewest = (0..30).filter(survives).map(|n| mesh.links_of(n)).min();
    assert!(fewest >= Some(5), "{fewest:?} links");
}

#[test]
fn two_islands_meet_again_by_the_random_peer_that_the_registry_names() {
    let mut mesh = Mesh::new(10, 24);
    mesh.run(20 * SECOND);
    mesh.divide(5);
    mesh.run(40 * SECOND);
    let apart = mesh.unreachable_pairs();
    assert_eq!(apart, 2 * 5 * 5, "each island is whole, and knows nothing of the other");
    let before = mesh.drawn("bootstrap");
    mesh.divide(0);
    mesh.run(4 * MINUTE);
    assert_eq!(mesh.unreachable_pairs(), 0);
    assert!(mesh.drawn("bootstrap") > before);
}

#[test]
fn a_node_that_slept_is_back_in_a_moment_and_makes_no_storm() {
    for asleep in [MINUTE, HOUR, 10 * HOUR] {
        let mut mesh = Mesh::with(12, 25, &hasty());
        mesh.run(30 * SECOND);
        mesh.sleep([3], asleep);
        // Ten hours of a whole mesh are long; the others need not live through all of them.
        mesh.sleep((0..3).chain(4..12), asleep.saturating_sub(30 * SECOND));
        mesh.run(asleep);
        let (sent, dialled) = (mesh.sent(3), mesh.dialled(3));
        mesh.run(5 * SECOND);
        let (sent, dialled) = (mesh.sent(3) - sent, mesh.dialled(3) - dialled);
        assert!(dialled <= 22, "{dialled} dials after {asleep:?}");
        assert!(sent < 12 * 5 * 40, "{sent} frames in five seconds after {asleep:?}");
        mesh.run(25 * SECOND);
        assert_eq!(mesh.unreachable_pairs(), 0, "after {asleep:?}");
    }
}

/// A machine of virtual machines is paused: all clocks jump, and nobody was silent.
#[test]
fn a_mesh_that_slept_as_a_whole_wakes_up_whole() {
    let mut mesh = Mesh::with(12, 26, &hasty());
    mesh.run(30 * SECOND);
    let deaths = mesh.deaths();
    mesh.sleep(0..12, 3 * HOUR);
    mesh.run(3 * HOUR + 4 * SECOND);
    let died = mesh.deaths() - deaths;
    assert!(died <= 12 * 4, "{died} arrows died: a thousand rounds were missed, one is held");
    mesh.run(16 * SECOND);
    assert_eq!(mesh.unreachable_pairs(), 0);
}

#[test]
fn no_jump_of_calendars_cuts_anybody_off() {
    let right = |minutes: u64| Wall(2_000 + 60 * minutes);
    for (wrong, all) in
        [(Wall(100), false), (Wall(4_000_000_000), false), (Wall(4_000_000_000), true)]
    {
        let mut mesh = Mesh::with(8, 27, &hasty());
        mesh.run(20 * SECOND);
        let mut cut = 0;
        for minute in 1..5 {
            for n in 0..8 {
                let off = minute < 3 && (all || n < 4);
                mesh.date(n, if off { wrong } else { right(minute) });
            }
            mesh.run(MINUTE);
            cut += mesh.unreachable_pairs();
        }
        assert_eq!(cut, 0, "{wrong:?} of all: {all}");
        let links: Vec<_> = (0..8).map(|n| mesh.links_of(n)).collect();
        assert!(links.iter().all(|links| *links >= 5), "{wrong:?} of all: {all}: {links:?}");
    }
}
