//! What the network document says of meshes.

use order::MeshMap;
use words::Prefix;

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
