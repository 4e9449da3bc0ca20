//! BLAKE2s with a label, so that no two uses share an input.

use blake2::{Blake2s256, Digest};

/// Returns BLAKE2s-256 of `label` and `parts`, one after the other.
///
/// Shape: callers give each label parts of fixed lengths, all but the last.
pub(crate) fn hash(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut state = Blake2s256::new();
    state.update(label.as_bytes());
    for part in parts {
        state.update(part);
    }
    state.finalize().into()
}

/// Tells whether two tags are the same, in a time that does not tell where they differ.
pub(crate) fn same(a: &[u8; 16], b: &[u8; 16]) -> bool {
    a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}
