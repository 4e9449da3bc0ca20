//! Meshes that grow, shrink and are grouped, and where newcomers live.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use order::{Change, Memberships, MeshMap, Phase, Plan, Refused, Sizes, mesh_of_link, place};
use words::{Dice, NodeId, Prefix};

fn network() -> Prefix {
    Prefix::new(0xfd42 << 112, 16)
}

fn range(text: &str) -> Prefix {
    text.parse().unwrap()
}

#[test]
fn a_split_goes_through_its_phases_and_renumbers_nobody() {
    let old = MeshMap::even(network(), &[1]).unwrap();
    let mesh = old.meshes()[0];
    let plan = Plan { change: Change::Split(mesh), epoch: 7 };
    let [low, high] = [NodeId(range("fd42:1::/64")), NodeId(range("fd42:4001::/64"))];
    let phases = [7, 8, 9, 99].map(|epoch| plan.phase(epoch));
    assert_eq!(phases, [Phase::Announced, Phase::Moving, Phase::Done, Phase::Done]);
    for epoch in [7, 8] {
        assert_eq!(plan.map(&old, epoch), Ok(old.clone()));
    }
    let new = plan.map(&old, 9).unwrap();
    assert_eq!(new.meshes(), ["fd42::/18", "fd42:4000::/18", "fd42:8000::/17"].map(range));
    assert_eq!(plan.territory(mesh, low, 7), mesh);
    assert_eq!(plan.territory(mesh, low, 8), range("fd42::/18"));
    assert_eq!(plan.territory(mesh, high, 8), range("fd42:4000::/18"));
    assert_eq!(plan.territory(old.meshes()[1], low, 8), old.meshes()[1]);
    assert_eq!(new.home(high), Some(range("fd42:4000::/18")));
}

#[test]
fn halves_merge_by_being_members_of_both_first() {
    let map = MeshMap::even(network(), &[2]).unwrap();
    let [low, high] = [map.meshes()[2], map.meshes()[3]];
    let both = range("fd42:8000::/17");
    let plan = Plan { change: Change::Merge(both), epoch: 3 };
    assert_eq!([3, 4, 5].map(|epoch| plan.merging(epoch)), [None, Some(both), None]);
    let [one, other] = ["fd42:8001::/64", "fd42:c001::/64"].map(|node| NodeId(range(node)));
    assert_eq!((plan.territory(low, one, 3), plan.territory(low, one, 4)), (low, both));
    assert_eq!((plan.territory(high, other, 3), plan.territory(high, other, 4)), (high, both));
    let elsewhere = map.meshes()[0];
    assert_eq!(plan.territory(elsewhere, NodeId(range("fd42:1::/64")), 4), elsewhere);
    assert_eq!(plan.map(&map, 5).unwrap().meshes().len(), 3);
}

#[test]
fn split_and_merge_are_each_others_way_back() {
    let whole = MeshMap::whole(network());
    let two = whole.changed(Change::Split(network())).unwrap();
    assert_eq!(two.order(), 2);
    assert_eq!(two.changed(Change::Merge(network())), Ok(whole));
    let three = MeshMap::even(network(), &[2, 2]).unwrap();
    let mesh = three.meshes()[5];
    let more = three.changed(Change::Split(mesh)).unwrap();
    assert_eq!(more.meshes().len(), 17);
    assert_eq!(more.changed(Change::Merge(mesh)), Ok(three));
}

#[test]
fn an_order_more_groups_the_meshes_there_are() {
    let two = MeshMap::even(network(), &[6]).unwrap();
    let three = two.changed(Change::Raise(19)).unwrap();
    assert_eq!((three.order(), three.cuts()[0].len(), three.meshes().len()), (3, 8, 64));
    assert_eq!(three.abroad(three.meshes()[0]).count(), 7 + 7);
}

#[test]
fn meshes_that_were_grouped_merge_down_to_one() {
    let mut map = MeshMap::even(network(), &[1, 1]).unwrap();
    let sizes = Sizes { target: 10, longest: 58, may_merge: true };
    let mut merged = 0;
    while let Some(change) = sizes.due(&map, |_| 1) {
        assert!(matches!(change, Change::Merge(_)), "{change:?}");
        map = map.changed(change).unwrap();
        merged += 1;
    }
    assert_eq!((merged, map), (3, MeshMap::whole(network())));
    // Two groups of one mesh each, beside others, are one.
    let map = MeshMap::even(network(), &[2, 0]).unwrap();
    let half = range("fd42:8000::/17");
    let map = map.changed(Change::Merge(half)).unwrap();
    let three = ["fd42::/18", "fd42:4000::/18", "fd42:8000::/17"].map(range);
    assert!(map.cuts().iter().all(|cut| *cut == three), "{map:?}");
}

#[test]
fn a_change_that_does_not_fit_is_refused() {
    let map = MeshMap::even(network(), &[2]).unwrap();
    let refused =
        |change, range, why| assert_eq!(map.changed(change), Err(Refused::Change { range, why }));
    let (half, whole) = (range("fd42::/17"), network());
    refused(Change::Split(half), half, "it is no mesh");
    refused(Change::Merge(whole), whole, "its halves are no meshes");
    refused(Change::Raise(16), whole, "groups must be longer than the network");
    refused(Change::Raise(18), whole, "groups of this length would hold one range each");
    // Of halves that are groups of several meshes, those merge first.
    let grouped = MeshMap::even(network(), &[1, 1]).unwrap();
    assert!(grouped.changed(Change::Merge(network())).is_err());
    assert!(MeshMap::whole(network()).changed(Change::Merge(network())).is_err());
    assert!(MeshMap::whole(network()).changed(Change::Raise(20)).is_err());
}

#[test]
fn a_link_belongs_to_the_mesh_that_both_ends_share() {
    let map = MeshMap::even(network(), &[2]).unwrap();
    let [a, b, c, _] = map.meshes() else { panic!("four meshes") };
    let node = |mesh: &Prefix| NodeId(Prefix::new(mesh.bits() | 1 << 64, 64));
    let of = |home, foreign: &[Prefix]| {
        Memberships::border(&map, node(home), foreign.iter().copied()).unwrap()
    };
    assert_eq!(mesh_of_link(&of(a, &[]), &of(a, &[])), Some(*a));
    assert_eq!(mesh_of_link(&of(a, &[*b]), &of(b, &[])), Some(*b));
    assert_eq!(mesh_of_link(&of(b, &[]), &of(a, &[*b])), Some(*b));
    assert_eq!(mesh_of_link(&of(a, &[*c]), &of(b, &[*c])), Some(*c));
    assert_eq!(mesh_of_link(&of(a, &[]), &of(b, &[])), None);
}

#[test]
fn meshes_that_grow_are_split_and_sizes_stay_close() {
    let sizes = Sizes { target: 1000, longest: 58, may_merge: true };
    let mut map = MeshMap::whole(network());
    let mut dice = Dice::of([3; 32], "growth");
    let mut members: Vec<NodeId> = Vec::new();
    let mut count: BTreeMap<Prefix, usize> = BTreeMap::from([(network(), 0)]);
    for _ in 0..40_000 {
        let home = place(&map, |mesh| count[&mesh], &mut dice);
        let free = (u128::from(dice.bits()) << 64) & !(u128::MAX << (128 - home.length()));
        members.push(NodeId(Prefix::new(home.bits() | free, 64)));
        *count.get_mut(&home).unwrap() += 1;
        if let Some(change) = sizes.due(&map, |mesh| count[&mesh]) {
            assert!(matches!(change, Change::Split(_)), "{change:?}");
            map = map.changed(change).unwrap();
            count = map.meshes().iter().map(|mesh| (*mesh, 0)).collect();
            for node in &members {
                *count.get_mut(&map.home(*node).unwrap()).unwrap() += 1;
            }
        }
    }
    let (least, most) = (count.values().min().unwrap(), count.values().max().unwrap());
    assert!((700..=1501).contains(least) && (700..=1501).contains(most), "{least} to {most}");
}

#[test]
fn meshes_that_empty_merge_and_too_many_are_grouped() {
    let sizes = Sizes { target: 10, longest: 58, may_merge: true };
    let map = MeshMap::even(network(), &[2]).unwrap();
    let [a, b, c, d] = [0, 1, 2, 3].map(|n| map.meshes()[n]);
    let with = |a_size, b_size, c_size, d_size| {
        let size = move |mesh| match () {
            () if mesh == a => a_size,
            () if mesh == b => b_size,
            () if mesh == c => c_size,
            () => d_size,
        };
        sizes.due(&map, size)
    };
    assert_eq!(with(10, 10, 15, 10), None);
    assert_eq!(with(10, 10, 16, 10), Some(Change::Split(c)));
    assert_eq!(with(10, 0, 2, 3), None);
    assert_eq!(with(10, 0, 2, 2), Some(Change::Merge(range("fd42:8000::/17"))));
    assert_eq!(with(2, 1, 2, 2), Some(Change::Merge(range("fd42::/17"))));
    assert_eq!((a < b, c < d), (true, true));
    let many = MeshMap::even(network(), &[5]).unwrap();
    assert_eq!(sizes.due(&many, |_| 10), Some(Change::Raise(18)));
}

#[test]
fn a_mesh_without_room_for_two_keeps_no_other_change_waiting() {
    // A half, and two quarters.
    let map = MeshMap::whole(network()).changed(Change::Split(network())).unwrap();
    let map = map.changed(Change::Split(range("fd42:8000::/17"))).unwrap();
    let [wide, low] = [0, 1].map(|n| map.meshes()[n]);
    let due = |longest, sizes: [usize; 3]| {
        let of = |mesh| match () {
            () if mesh == wide => sizes[0],
            () if mesh == low => sizes[1],
            () => sizes[2],
        };
        Sizes { target: 10, longest, may_merge: true }.due(&map, of)
    };
    assert_eq!(due(19, [16, 90, 3]), Some(Change::Split(low)));
    assert_eq!(due(18, [16, 90, 3]), Some(Change::Split(wide)), "the next one");
    assert_eq!(due(18, [15, 90, 3]), None);
    assert_eq!(due(17, [90, 2, 2]), Some(Change::Merge(range("fd42:8000::/17"))));
    assert_eq!(due(17, [90, 2, 3]), None);
    let many = MeshMap::even(network(), &[5]).unwrap();
    let sizes = Sizes { target: 10, longest: 21, may_merge: true };
    assert_eq!(sizes.due(&many, |_| 90), Some(Change::Raise(18)));
}

#[test]
fn meshes_that_may_not_merge_keep_no_other_change_waiting() {
    let sizes = Sizes { target: 10, longest: 58, may_merge: true };
    let waiting = Sizes { may_merge: false, ..sizes };
    let many = MeshMap::even(network(), &[5]).unwrap();
    assert!(matches!(sizes.due(&many, |_| 2), Some(Change::Merge(_))));
    assert_eq!(waiting.due(&many, |_| 2), Some(Change::Raise(18)));
    let few = MeshMap::even(network(), &[1]).unwrap();
    assert_eq!(waiting.due(&few, |_| 2), None);
}
