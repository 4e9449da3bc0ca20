//! Octets that were never used before: indices and nonces (RFC 8967 §3, §4.3.1.1).
//!
//! ```text
//!  nth draw = BLAKE2s-128 under the seed (n)
//! ```
//!
//! They must be new and not foreseeable; they need not stay secret once used. So a seed from the
//! operating system and a counter are enough: two draws of one seed are as good as never equal,
//! and who does not know the seed foresees none of them.

use core::fmt;

use blake2::Blake2sMac;
use blake2::digest::consts::{U16, U32};
use hmac::Mac;

/// A source of octets that are new and cannot be foreseen.
pub(super) struct Fresh {
    keyed: Blake2sMac<U16>,
    drawn: u64,
}

impl Fresh {
    /// Returns the source that grows from `seed`, which no other source ever had.
    pub(super) fn new(seed: [u8; 32]) -> Self {
        use blake2::digest::KeyInit;
        use blake2::digest::generic_array::GenericArray;
        let seed: GenericArray<u8, U32> = seed.into();
        Self { keyed: KeyInit::new(&seed), drawn: 0 }
    }

    /// Returns the next octets.
    pub(super) fn draw(&mut self) -> [u8; 16] {
        self.drawn += 1;
        self.keyed.clone().chain_update(self.drawn.to_be_bytes()).finalize().into_bytes().into()
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fresh")
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_draws_nothing_twice_and_another_draws_otherwise() {
        let draws = |seed| {
            let mut fresh = Fresh::new([seed; 32]);
            (0..1000).map(|_| fresh.draw()).collect::<BTreeSet<_>>()
        };
        assert_eq!(draws(1).len(), 1000);
        assert_eq!(draws(1), draws(1));
        assert!(draws(1).is_disjoint(&draws(2)));
    }
}
