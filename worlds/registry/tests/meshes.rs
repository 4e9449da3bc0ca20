//! A network of one mesh that is divided while its registry is served, or stopped in between.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses what it needs")]
mod common;

use std::time::{Duration, Instant};

use common::{HASTY, Town};
use gossip::Meshes;
use registry::{Error, set_elections, show_meshes, split_mesh};
use words::{Prefix, Wall};

/// Lets nodes in that tell how they are reached.
#[cfg(test)]
fn fill(town: &Town, count: usize) {
    (0..count).for_each(|_| drop(town.newcomer()));
}

/// Waits until the network is divided as it should be.
#[cfg(test)]
fn until(town: &Town, is_so: impl Fn(&Meshes) -> bool) -> Meshes {
    let began = Instant::now();
    loop {
        let meshes = show_meshes(town.directory()).unwrap().map(|(meshes, _)| meshes);
        if let Some(meshes) = meshes.filter(&is_so) {
            return meshes;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "it never is");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_network_of_one_mesh_is_split_by_hand_and_the_registry_may_restart_meanwhile() {
    let town = Town::new();
    fill(&town, 4);
    let network: Prefix = "fd00:42::/48".parse().unwrap();
    let refused = set_elections(town.directory(), HASTY).unwrap_err();
    assert!(refused.to_string().contains("re6st registry meshes split"), "{refused}");
    let nobody: Prefix = "fd00:42::/49".parse().unwrap();
    assert!(split_mesh(town.directory(), Some(nobody), HASTY).is_err(), "it is no mesh");
    assert_eq!(show_meshes(town.directory()).unwrap(), None, "nothing was changed");
    let (split, version) = split_mesh(town.directory(), None, HASTY).unwrap();
    assert_eq!((split, version), (network, 2));
    let (announced, room) = show_meshes(town.directory()).unwrap().unwrap();
    assert!(room > 29_000, "room for {room}");
    assert_eq!((announced.map.order(), announced.roster.members().len()), (1, 4));
    let again = split_mesh(town.directory(), None, HASTY);
    assert!(matches!(again, Err(Error::Bounds(_))), "one change at a time");
    let town = town.restart();
    let moving = until(&town, |meshes| meshes.epoch.number == 2);
    assert_eq!(moving.plan, announced.plan);
    let town = town.restart();
    let done = until(&town, |meshes| meshes.plan.is_none());
    let halves: Vec<String> = done.map.meshes().iter().map(ToString::to_string).collect();
    assert_eq!(halves, ["fd00:42::/49", "fd00:42:0:8000::/49"]);
    assert!(done.roster.members().len() == 4 && done.rules.least == 2);
}

#[test]
fn a_network_of_one_mesh_that_outgrew_its_size_is_split_by_itself() {
    let town = Town::with("mesh_size = 8\n");
    fill(&town, 12);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(
        show_meshes(town.directory()).unwrap(),
        None,
        "twelve are not more than a half too many"
    );
    fill(&town, 1);
    let announced = until(&town, |_| true);
    assert_eq!((announced.map.order(), announced.roster.members().len()), (1, 13));
    assert!(announced.plan.is_some() && announced.epoch.began > Wall(0));
}
