//! Secret chance: ephemeral keys, nonces, indexes, jitter, lengths.
//!
//! ```text
//!  state ──BLAKE2s "draw"──► 32 octets for the caller
//!    └────BLAKE2s "next"──► state
//! ```
//!
//! The state only goes forward: who reads it from memory learns nothing about
//! the keys drawn before, so recorded traffic stays closed. That is why
//! [`words::Dice`], which keep their seed, are not used here.

use core::time::Duration;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::hash::hash;

/// A source of octets that nobody can foresee or look back upon.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Secrets([u8; 32]);

impl Secrets {
    /// Returns the source that grows from `seed`, 256 bits of true entropy.
    pub(crate) const fn new(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// Returns 32 octets.
    pub(crate) fn draw(&mut self) -> [u8; 32] {
        let drawn = hash("re6st draw", &[&self.0]);
        self.0 = hash("re6st next", &[&self.0]);
        drawn
    }

    /// Returns another source, whose octets say nothing about this one's.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.draw())
    }

    /// Fills `room` with secret octets.
    pub(crate) fn fill(&mut self, room: &mut [u8]) {
        for chunk in room.chunks_mut(32) {
            let mut drawn = self.draw();
            for (octet, secret) in chunk.iter_mut().zip(drawn) {
                *octet = secret;
            }
            drawn.zeroize();
        }
    }

    /// Returns 64 secret bits.
    pub(crate) fn bits(&mut self) -> u64 {
        let mut octets = [0; 8];
        self.fill(&mut octets);
        u64::from_le_bytes(octets)
    }

    /// Returns a number from 0 to `most`, each about equally likely.
    pub(crate) fn up_to(&mut self, most: usize) -> usize {
        let bound = (most as u64).saturating_add(1);
        usize::try_from(self.bits() % bound).unwrap_or(0)
    }

    /// Returns a time from zero to `most`, in whole microseconds.
    pub(crate) fn within(&mut self, most: Duration) -> Duration {
        let most = usize::try_from(most.as_micros()).unwrap_or(usize::MAX - 1);
        Duration::from_micros(self.up_to(most) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::Secrets;

    #[test]
    fn the_same_seed_draws_the_same_and_never_twice() {
        let (mut one, mut other) = (Secrets::new([5; 32]), Secrets::new([5; 32]));
        let (first, second) = (one.draw(), one.draw());
        assert_eq!((first, second), (other.draw(), other.draw()));
        assert_ne!(first, second);
    }

    #[test]
    fn a_number_stays_below_its_bound() {
        let mut secrets = Secrets::new([6; 32]);
        let drawn: alloc::vec::Vec<_> = (0..200).map(|_| secrets.up_to(3)).collect();
        assert!((0..4).all(|face| drawn.contains(&face)) && drawn.iter().all(|face| *face < 4));
    }
}
