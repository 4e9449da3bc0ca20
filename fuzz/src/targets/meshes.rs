//! What the network document says of meshes.

use std::time::Duration;

use order::{Chain, Change, Epoch, Member, MeshMap, Plan, Reveal, Roster};
use words::{NodeId, Prefix, Wall};

fn network() -> Prefix {
    Prefix::new(0xfd42 << 112, 32)
}

/// Reads a mesh map; what is read is written again, octet for octet, and covers the network.
pub(super) fn map(octets: &[u8]) {
    let Ok(map) = MeshMap::decode(network(), octets) else { return };
    assert_eq!(map.encode(), octets);
    assert_eq!(MeshMap::new(network(), map.cuts().to_vec()), Ok(map));
}

pub(super) fn maps() -> Vec<Vec<u8>> {
    let shapes: [&[u8]; 4] = [&[], &[2], &[2, 3], &[0, 1, 1]];
    let even = shapes.iter().filter_map(|bits| MeshMap::even(network(), bits).ok());
    even.map(|map| map.encode()).chain([vec![1, 0b0011_1000]]).collect()
}

/// Reads an epoch and goes on from it, in time that does not depend on what it says.
pub(super) fn epoch(octets: &[u8]) {
    let Ok(epoch) = Epoch::decode(octets) else { return };
    assert_eq!(epoch.encode(), octets);
    assert_eq!(epoch.follows(&epoch), Ok(()));
    let later = epoch.at(Wall(u64::MAX));
    assert!(later.number >= epoch.number);
    let _ = epoch.next(epoch.part, &epoch.reveals);
}

pub(super) fn epochs() -> Vec<Vec<u8>> {
    let chain = Chain::new([3; 32], 9);
    let part = |index| chain.part(index).unwrap_or_default();
    let mut first = Epoch::first(Wall(1_800_000_000), Duration::from_mins(1), part(0));
    let reveal = Reveal { node: node(1), secret: [5; 32] };
    let _ = first.promise(reveal.commitment(2));
    let second = first.next(part(1), &[reveal]);
    second.iter().chain([&first]).map(Epoch::encode).collect()
}

/// Reads a roster and holds an election with it.
pub(super) fn roster(octets: &[u8]) {
    let Ok(roster) = Roster::decode(network(), octets) else { return };
    assert_eq!(roster.encode(network()), octets);
    let Ok(map) = MeshMap::even(network(), &[1]) else { return };
    let epoch = Epoch::first(Wall(0), Epoch::LENGTH, [1; 32]);
    let election = order::Election::new(&map, &roster, &epoch, order::Rules::default());
    for mesh in map.meshes() {
        for slot in election.slots(*mesh) {
            assert!(slot.holders.iter().all(|node| mesh.covers(node.0)));
        }
    }
}

pub(super) fn rosters() -> Vec<Vec<u8>> {
    let member = |n| Member { node: node(n), since: 1, declared: 100, attested: vec![7; 3] };
    let roster = Roster::of([1, 2, 1 << 31].map(member));
    vec![Roster::default().encode(network()), roster.encode(network())]
}

/// Reads a plan; it fits the map or is refused.
pub(super) fn plan(octets: &[u8]) {
    let Ok(plan) = Plan::decode(octets) else { return };
    assert_eq!(plan.encode(), octets);
    if let Ok(map) = MeshMap::even(network(), &[1, 2]) {
        let _ = plan.map(&map, u64::MAX).map(|map| MeshMap::decode(network(), &map.encode()));
    }
    let next = plan.epoch.saturating_add(1);
    let _ = (plan.merging(next), plan.territory(network(), node(1), next));
}

pub(super) fn plans() -> Vec<Vec<u8>> {
    let half = Prefix::new(network().bits(), 35);
    let changes = [Change::Split(half), Change::Merge(half), Change::Raise(34)];
    changes.into_iter().map(|change| Plan { change, epoch: 7 }.encode()).collect()
}

fn node(n: u128) -> NodeId {
    NodeId(Prefix::new(network().bits() | n << 64, 64))
}
