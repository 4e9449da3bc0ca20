//! Luck that everybody computes alike: BLAKE2s-256 (RFC 7693), each use under its own label.

use blake2::{Blake2s256, Digest};
use words::{NodeId, Prefix};

/// Returns the hash of `parts`, one after the other, under a label. Parts of one label always have
/// the same lengths, or the last one alone varies.
pub(crate) fn hash(label: [u8; 8], parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Blake2s256::new_with_prefix(label);
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Returns the first 64 bits of a hash, as luck.
pub(crate) fn luck(hash: [u8; 32]) -> u64 {
    hash.first_chunk().copied().map_or(0, u64::from_be_bytes)
}

/// Returns a range as octets: its first address, and its length.
pub(crate) fn octets(range: Prefix) -> [u8; 17] {
    let mut octets = [0; 17];
    let (address, length) = octets.split_at_mut(16);
    address.copy_from_slice(&range.bits().to_be_bytes());
    length.copy_from_slice(&[range.length()]);
    octets
}

/// Returns the luck of a member in a race whose key is `key`.
pub(crate) fn of_member(key: &[u8; 32], node: NodeId) -> u64 {
    luck(hash(*b"member  ", &[key, &octets(node.0)]))
}
