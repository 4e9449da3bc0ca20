//! Chance, seeded.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A source of chance which the same seed replays for ever.
///
/// Not for secrets: keys and nonces come from the operating system, through
/// the world. The algorithm is named (`ChaCha8`) and the sampling is our own,
/// because libraries reserve the right to change theirs between versions and a
/// recorded run must replay next year.
#[derive(Clone)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// Returns the dice of one `part` of the node seeded with `seed`.
    ///
    /// Each part draws from its own stream: a further draw in one engine does
    /// not shift the luck of another, so runs stay comparable across changes.
    pub fn of(seed: [u8; 32], part: &str) -> Self {
        let mut rng = ChaCha8Rng::from_seed(seed);
        rng.set_stream(fnv1a(part.as_bytes()));
        Self(rng)
    }

    /// Returns a number below `bound`, each equally likely; 0 if `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        if bound == 0 {
            return 0;
        }
        // Refuse the tail that would favour small numbers.
        let tail = (u64::MAX % bound + 1) % bound;
        loop {
            let drawn = self.0.next_u64();
            if drawn <= u64::MAX - tail {
                return usize::try_from(drawn % bound).unwrap_or(0);
            }
        }
    }

    /// Returns 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Returns a time below `bound`, each microsecond equally likely; zero if `bound` is.
    pub fn within(&mut self, bound: Duration) -> Duration {
        let us = usize::try_from(bound.as_micros()).unwrap_or(usize::MAX);
        Duration::from_micros(self.below(us) as u64)
    }

    /// Takes up to `count` items out of `urn`, each equally likely.
    pub fn draw<T>(&mut self, urn: &mut Vec<T>, count: usize) -> Vec<T> {
        let count = count.min(urn.len());
        (0..count).map(|_| urn.swap_remove(self.below(urn.len()))).collect()
    }
}

impl fmt::Debug for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dice")
    }
}

/// FNV-1a, 64 bits: spreads short labels; no security is asked of it.
const fn fnv1a(label: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut rest = label;
    while let [byte, tail @ ..] = rest {
        hash = (hash ^ *byte as u64).wrapping_mul(0x0100_0000_01b3);
        rest = tail;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn same_seed_same_part_same_luck() {
        let throw = |part| {
            let mut dice = Dice::of([7; 32], part);
            [dice.below(1000), dice.below(1000), dice.below(1000)]
        };
        assert_eq!(throw("babel"), throw("babel"));
        assert_ne!(throw("babel"), throw("arrows"));
    }

    #[test]
    fn each_face_is_as_likely() {
        let mut dice = Dice::of([1; 32], "test");
        let mut faces = vec![0_u32; 6];
        for _ in 0..60_000 {
            faces[dice.below(6)] += 1;
        }
        assert!(faces.iter().all(|n| (9_600..10_400).contains(n)), "{faces:?}");
    }
}
