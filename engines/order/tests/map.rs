//! Mesh maps: what is one, and its octets, there and back.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

use order::{Memberships, MeshMap, Refused};
use proptest::collection::vec;
use proptest::prelude::*;
use words::{NodeId, Prefix};

fn range(text: &str) -> Prefix {
    text.parse().unwrap()
}

fn network() -> Prefix {
    range("fd42::/16")
}

/// Any map: each byte says of the next place how many cuts pass, or that it is split.
fn maps() -> impl Strategy<Value = MeshMap> {
    (0..5_usize, vec(any::<u8>(), 0..200)).prop_map(|(cuts, choices)| {
        let mut choices = choices.into_iter();
        let mut read = vec![Vec::new(); cuts];
        let mut places = vec![(network(), 0)];
        while let Some((place, mut level)) = places.pop() {
            while level < cuts {
                let split = choices.next().is_some_and(|choice| choice % 3 == 0);
                if split && place.length() < 46 {
                    let length = place.length() + 1;
                    let high = place.bits() | 1 << (128 - length);
                    places.push((Prefix::new(high, length), level));
                    places.push((Prefix::new(place.bits(), length), level));
                    break;
                }
                read[level].push(place);
                level += 1;
            }
        }
        MeshMap::new(network(), read).unwrap()
    })
}

proptest! {
    #[test]
    fn a_map_comes_back_from_its_octets(map in maps()) {
        let octets = map.encode();
        prop_assert!(octets.len() <= MeshMap::LIMIT);
        prop_assert_eq!(MeshMap::decode(network(), &octets), Ok(map));
    }

    #[test]
    fn a_map_has_one_form(octets in vec(any::<u8>(), 0..64), cuts in 0..10_u8) {
        let octets = [&[cuts], octets.as_slice()].concat();
        if let Ok(map) = MeshMap::decode(network(), &octets) {
            prop_assert_eq!(map.encode(), octets);
            let again = MeshMap::new(network(), map.cuts().to_vec());
            prop_assert_eq!(again, Ok(map));
        }
    }

    #[test]
    fn any_octets_for_any_network(octets in vec(any::<u8>(), 0..64), bits: u128, length in 0..=128_u8) {
        let _ = MeshMap::decode(Prefix::new(bits, length), &octets);
    }

    #[test]
    fn a_map_cut_short_or_gone_on_is_none(map in maps()) {
        let octets = map.encode();
        let longer = [octets.as_slice(), &[0]].concat();
        prop_assert_eq!(MeshMap::decode(network(), &longer), Err(Refused::Form));
        prop_assert!(MeshMap::decode(network(), &octets[..octets.len() - 1]).is_err());
    }

    #[test]
    fn each_address_has_one_mesh(map in maps(), bits: u128) {
        let node = Prefix::new(network().bits() | bits >> 16, 64);
        let inside: Vec<_> = map.meshes().iter().filter(|mesh| mesh.covers(node)).collect();
        prop_assert_eq!(inside.len(), 1);
        prop_assert_eq!(map.home(NodeId(node)), Some(*inside[0]));
        prop_assert_eq!(map.mesh_of(node.first()), Some(*inside[0]));
        prop_assert_eq!(map.parent(node), Some(*inside[0]));
    }

    #[test]
    fn what_a_mesh_knows_covers_the_network_once(map in maps(), pick: prop::sample::Index) {
        let mesh = *pick.get(map.meshes());
        let mut known: Vec<_> = map.abroad(mesh).chain([mesh]).collect();
        known.sort_unstable();
        prop_assert!(MeshMap::new(network(), vec![known]).is_ok());
    }

    #[test]
    fn children_are_whose_parent_it_is(map in maps()) {
        for range in map.cuts().iter().flatten().copied().chain([map.network()]) {
            for child in map.children(range) {
                prop_assert_eq!(map.parent(child), Some(range));
            }
        }
    }
}

#[test]
fn order_one_is_one_mesh() {
    let map = MeshMap::whole(network());
    assert_eq!((map.order(), map.meshes()), (1, &[network()][..]));
    assert_eq!(map.encode(), [0]);
    assert_eq!(map.chain(range("fd42:0:1::/64")).count(), 0);
    assert_eq!(map.parent(range("fd42:0:1::/64")), Some(network()));
    assert_eq!(map.parent(network()), None);
    assert_eq!(map.abroad(network()).count(), 0);
}

#[test]
fn a_thousand_meshes_are_a_quarter_of_a_kilobyte() {
    let map = MeshMap::even(network(), &[10]).unwrap();
    assert_eq!((map.meshes().len(), map.encode().len()), (1024, 257));
    let third = MeshMap::even(network(), &[7, 7]).unwrap();
    assert_eq!((third.order(), third.meshes().len()), (3, 1 << 14));
    assert!(third.encode().len() < 4200);
    assert_eq!(third.abroad(third.meshes()[5]).count(), 2 * 127);
}

#[test]
fn meshes_of_different_length_are_told_apart() {
    let cut = vec![range("fd42:8000::/17"), range("fd42::/18"), range("fd42:4000::/18")];
    let map = MeshMap::new(network(), vec![cut]).unwrap();
    assert_eq!(map.encode(), [1, 0b0011_1000]);
    assert_eq!(map.home(NodeId(range("fd42:4321::/64"))), Some(range("fd42:4000::/18")));
    assert_eq!(map.home(NodeId(range("fd43::/64"))), None);
    let siblings: Vec<_> = map.siblings(range("fd42::/18")).collect();
    assert_eq!(siblings, [range("fd42:4000::/18"), range("fd42:8000::/17")]);
}

#[test]
fn a_group_of_one_mesh_is_no_step() {
    let half = [range("fd42::/17"), range("fd42:8000::/17")];
    let map = MeshMap::new(network(), vec![half.to_vec(), half.to_vec()]).unwrap();
    assert_eq!(map.order(), 3);
    assert_eq!(map.chain(range("fd42:1::/64")).collect::<Vec<_>>(), [half[0]]);
    assert_eq!(map.parent(half[0]), Some(network()));
    assert_eq!(map.abroad(half[0]).collect::<Vec<_>>(), [half[1]]);
}

#[test]
fn a_map_that_overlaps_leaves_gaps_or_goes_astray_is_refused() {
    let cut = |texts: &[&str]| {
        MeshMap::new(network(), vec![texts.iter().map(|text| range(text)).collect()])
    };
    let (wide, low, high) = ("fd42::/17", "fd42::/18", "fd42:8000::/17");
    let overlap = Refused::Overlap { range: range(low), other: range(wide) };
    assert_eq!(cut(&[wide, low, high]), Err(overlap));
    let twice = Refused::Overlap { range: range(high), other: range(high) };
    assert_eq!(cut(&[wide, high, high]), Err(twice));
    assert_eq!(cut(&[low, high]), Err(Refused::Gap { before: range(high) }));
    assert_eq!(cut(&[wide]), Err(Refused::Gap { before: network() }));
    assert_eq!(cut(&[]), Err(Refused::Gap { before: network() }));
    assert_eq!(cut(&["fd43::/17", high]), Err(Refused::Gap { before: range(high) }));
    assert_eq!(cut(&[wide, high, "fd43::/17"]), Err(Refused::Astray { range: range("fd43::/17") }));
    let across = vec![vec![range(wide), range(high)], vec![network()]];
    assert_eq!(MeshMap::new(network(), across), Err(Refused::Astray { range: network() }));
}

#[test]
fn a_map_too_deep_or_too_wide_is_refused() {
    let order = Err(Refused::Order { order: 9, most: 8 });
    assert_eq!(MeshMap::new(network(), vec![vec![network()]; 8]), order);
    assert_eq!(MeshMap::decode(network(), &[8, 0xff]), order);
    let most = Err(Refused::Meshes { most: MeshMap::MESHES });
    assert_eq!(MeshMap::even(network(), &[16]), most);
    let deep = [&[1], [0; 8].as_slice()].concat();
    assert_eq!(
        MeshMap::decode(network(), &deep),
        Err(Refused::Small { range: range("fd42::/49") })
    );
    assert_eq!(MeshMap::decode(network(), &[]), Err(Refused::Form));
    assert_eq!(MeshMap::decode(network(), &[1]), Err(Refused::Form));
}

#[test]
fn a_node_serves_where_there_is_a_mesh() {
    let map = MeshMap::even(network(), &[2]).unwrap();
    let node = NodeId(range("fd42:0:0:7::/64"));
    let [home, b, c, _] = map.meshes() else { panic!("four meshes") };
    let ours = Memberships::border(&map, node, [*c, *home, *b, *c]).unwrap();
    assert_eq!((ours.home(), ours.foreign()), (*home, &[*b, *c][..]));
    assert!(ours.is_border() && ours.is_member(*home) && ours.is_inside(network()));
    assert!(!Memberships::plain(&map, node).unwrap().is_border());
    let unknown = Memberships::border(&map, node, [range("fd42::/17")]);
    assert_eq!(unknown, Err(Refused::Unknown { range: range("fd42::/17") }));
    let stranger = NodeId(range("fd43::/64"));
    assert_eq!(Memberships::plain(&map, stranger), Err(Refused::Outside { node: stranger }));
}
