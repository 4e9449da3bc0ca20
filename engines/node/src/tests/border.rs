//! What the product lets pass is what the pure rule of the border says, for all ranges of random maps.

use std::vec::Vec;

use order::border::{Passage, admit, originate, passage};
use order::{Change, Memberships, MeshMap, Refused};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use words::Prefix;

use super::*;
use crate::division::Division;

/// Returns a map of order 2 or 3 whose ranges differ in length: even ones, of which drawn meshes were
/// split, group by group.
fn map() -> impl Strategy<Value = MeshMap> {
    (vec(1..=2_u8, 1..=2), vec(any::<Index>(), 0..6)).prop_map(|(bits, splits)| {
        let even = MeshMap::even("fd42::/16".parse().unwrap(), &bits).unwrap();
        splits
            .iter()
            .fold(even, |map, at| map.changed(Change::Split(*at.get(map.meshes()))).unwrap())
    })
}

/// Returns all that may be told of: ranges, two nodes of each mesh, the network, and what is none of these.
fn everything(map: &MeshMap) -> Vec<Prefix> {
    let node = |mesh: &Prefix, n: u128| Prefix::new(mesh.bits() | n << 64, 64);
    let nodes = map.meshes().iter().flat_map(|mesh| [node(mesh, 1), node(mesh, 2)]);
    map.cuts().iter().flatten().copied().chain(nodes).chain([map.network()]).collect()
}

proptest! {
    #[test]
    fn what_the_product_lets_pass_is_what_the_rule_of_the_border_says(
        map in map(), home: Index, stays in vec(any::<Index>(), 0..3)
    ) {
        let home = *home.get(map.meshes());
        let me = words::NodeId(Prefix::new(home.bits() | 1 << 64, 64));
        let stays = stays.iter().map(|at| *at.get(map.meshes())).filter(|mesh| *mesh != home);
        let ours = Memberships::border(&map, me, stays).unwrap();
        let mut division = Division::new(map.network(), [1; 32]);
        division.map = Some(map.clone());
        for link in ours.meshes() {
            let (nodes, ranges) = division.passing(link);
            prop_assert_eq!(nodes, link);
            let told = originate(&map, &ours, link, |_| true);
            for prefix in everything(&map) {
                let is_node = prefix.length() == 64 && nodes.covers(prefix);
                let passes = is_node || ranges.contains(&prefix);
                let said = passage(&map, &ours, (prefix, false), link);
                prop_assert_eq!(passes, said == Passage::AsItIs, "{} told on {}", prefix, link);
                // A range of our own that we hear is refused by the rule, and loses to ours, which we tell
                // there ourselves, in the product.
                match admit(&map, &ours, (prefix, false), link) {
                    Err(Refused::OwnRange { .. }) if passes => prop_assert!(told.contains(&prefix)),
                    heard => prop_assert_eq!(passes, heard.is_ok(), "{} heard on {}", prefix, link),
                }
            }
            for range in told {
                prop_assert!(ranges.contains(&range), "{} is told on {}, and would not pass", range, link);
            }
        }
    }
}
