//! Who may tell of which range: those that the filter lets originate it, and nobody else.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};

use order::{Chain, Election, Epoch, Member, Memberships, MeshMap, Roster, Rules, border};
use words::{NodeId, Prefix, Wall};

fn network(bits: &[u8], each: u128) -> (MeshMap, Roster) {
    let map = MeshMap::even(Prefix::new(0xfd42 << 112, 16), bits).unwrap();
    let node = |mesh: &Prefix, n: u128| NodeId(Prefix::new(mesh.bits() | n << 64, 64));
    let member = |node| Member { node, since: 0, declared: 100, attested: vec![100; 7] };
    let all = map.meshes().iter().flat_map(|mesh| (0..each).map(|n| member(node(mesh, n))));
    let roster = Roster::of(all);
    (map, roster)
}

/// Returns what each holder of a slot originates on the links of its meshes, by the filter.
fn originated(map: &MeshMap, election: &Election<'_>) -> BTreeMap<Prefix, BTreeSet<NodeId>> {
    let mut targets: BTreeMap<NodeId, Vec<Prefix>> = BTreeMap::new();
    for slot in map.meshes().iter().flat_map(|mesh| election.slots(*mesh)) {
        for holder in slot.holders {
            targets.entry(holder).or_default().push(slot.target);
        }
    }
    let mut all: BTreeMap<Prefix, BTreeSet<NodeId>> = BTreeMap::new();
    for (node, targets) in targets {
        let ours = Memberships::border(map, node, targets).unwrap();
        for link in ours.meshes() {
            for range in border::originate(map, &ours, link, |_| true) {
                all.entry(range).or_default().insert(node);
            }
        }
    }
    all
}

#[test]
fn tellers_are_those_whom_the_filter_lets_originate_a_range() {
    for (bits, each) in [(&[3][..], 30), (&[2, 2][..], 12), (&[1, 1, 1][..], 9)] {
        let (map, roster) = network(bits, each);
        for seed in 0..4 {
            let anchor = Chain::new([seed; 32], 9).part(0).unwrap();
            let epoch = Epoch::first(Wall(0), Epoch::LENGTH, anchor);
            let rules = Rules { least: 3, ..Rules::default() };
            let election = Election::new(&map, &roster, &epoch, rules);
            assert_eq!(election.tellers(), originated(&map, &election), "{bits:?} {seed}");
        }
    }
}

#[test]
fn nobody_tells_of_a_range_where_nobody_is_elected() {
    let (map, _) = network(&[2], 0);
    let epoch = Epoch::first(Wall(0), Epoch::LENGTH, [7; 32]);
    let nobody = Roster::default();
    let election = Election::new(&map, &nobody, &epoch, Rules::default());
    assert!(election.tellers().is_empty());
}

#[test]
fn the_epoch_before_is_known_as_far_back_as_its_beacon() {
    let chain = Chain::new([1; 32], 9);
    let first = Epoch::first(Wall(0), Epoch::LENGTH, chain.part(0).unwrap());
    assert_eq!(first.before(), None);
    let second = first.next(chain.part(1).unwrap(), &[]).unwrap();
    let before = second.before().unwrap();
    assert_eq!((before.number, before.beacon()), (1, first.beacon()));
    let (map, roster) = network(&[3], 20);
    let tellers = |epoch| Election::new(&map, &roster, epoch, Rules::default()).tellers();
    assert_eq!(tellers(&before), tellers(&first));
}
