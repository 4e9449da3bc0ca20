//! One key: what it is called, what it computes, and when it is used.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use blake2::Blake2sMac;
use blake2::digest::consts::U16;
use hmac::digest::{CtOutput, Output, Update};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use words::Wall;

use super::pseudo_header::Covered;

/// How a MAC is computed (RFC 8967 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// HMAC-SHA256 (RFC 6234); every implementation has it. Secrets of 32 octets are best.
    HmacSha256,
    /// BLAKE2s-128 with a key (RFC 7693). Secrets of 16 to 32 octets are best, more do not fit.
    Blake2s128,
}

impl Algorithm {
    /// Returns the octets of a MAC: 32 or 16.
    pub const fn octets(self) -> usize {
        match self {
            Self::HmacSha256 => 32,
            Self::Blake2s128 => 16,
        }
    }
}

/// A time of validity: from one moment up to, and without, another. Without an end where it has
/// none; by default, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub from: Option<Wall>,
    /// The first moment that is too late.
    pub until: Option<Wall>,
}

impl Span {
    /// Always.
    pub const ALWAYS: Self = Self { from: None, until: None };
    /// Never.
    pub const NEVER: Self = Self { from: None, until: Some(Wall(0)) };

    /// Tells whether `wall` is in it.
    pub fn holds(self, wall: Wall) -> bool {
        self.from.is_none_or(|from| from <= wall) && self.until.is_none_or(|until| wall < until)
    }
}

/// A key.
///
/// Signing and accepting have a time of validity each, so that keys can be exchanged without
/// losing a packet: accept the new one everywhere, sign with it everywhere, forget the old one.
///
/// The secret itself is not kept, only the state of the algorithm after it.
#[derive(Clone)]
pub struct Key {
    name: Box<str>,
    keyed: Keyed,
    sign: Span,
    accept: Span,
}

/// An algorithm that has read its secret.
#[derive(Clone)]
enum Keyed {
    HmacSha256(Hmac<Sha256>),
    Blake2s128(Blake2sMac<U16>),
}

impl Key {
    /// Returns a key.
    ///
    /// # Errors
    ///
    /// [`KeyError::Empty`] and [`KeyError::Long`], of the secret.
    pub fn new(
        name: &str,
        algorithm: Algorithm,
        secret: &[u8],
        sign: Span,
        accept: Span,
    ) -> Result<Self, KeyError> {
        if secret.is_empty() {
            return Err(KeyError::Empty { name: name.into() });
        }
        let long = |_| KeyError::Long { name: name.into(), got: secret.len() };
        let keyed = match algorithm {
            Algorithm::HmacSha256 => Keyed::HmacSha256(Mac::new_from_slice(secret).map_err(long)?),
            Algorithm::Blake2s128 => Keyed::Blake2s128(Mac::new_from_slice(secret).map_err(long)?),
        };
        Ok(Self { name: name.into(), keyed, sign, accept })
    }

    /// Returns its name.
    pub const fn name(&self) -> &str {
        &self.name
    }

    /// Returns its algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        match self.keyed {
            Keyed::HmacSha256(_) => Algorithm::HmacSha256,
            Keyed::Blake2s128(_) => Algorithm::Blake2s128,
        }
    }

    /// Returns when packets are signed with it.
    pub const fn sign(&self) -> Span {
        self.sign
    }

    /// Returns when packets signed with it are accepted.
    pub const fn accept(&self) -> Span {
        self.accept
    }

    /// Returns the MAC.
    pub(super) fn mac(&self, covered: Covered<'_>) -> Vec<u8> {
        match &self.keyed {
            Keyed::HmacSha256(keyed) => compute(keyed, covered).into_bytes().to_vec(),
            Keyed::Blake2s128(keyed) => compute(keyed, covered).into_bytes().to_vec(),
        }
    }

    /// Tells whether its MAC is one of `macs`.
    ///
    /// It is computed once, however many there are, and compared in constant time.
    pub(super) fn fits<'a>(
        &self,
        covered: Covered<'_>,
        macs: impl Iterator<Item = &'a [u8]>,
    ) -> bool {
        match &self.keyed {
            Keyed::HmacSha256(keyed) => is_among(keyed, covered, macs),
            Keyed::Blake2s128(keyed) => is_among(keyed, covered, macs),
        }
    }
}

fn compute<M: Mac + Update + Clone>(keyed: &M, covered: Covered<'_>) -> CtOutput<M> {
    let mut mac = keyed.clone();
    covered.put(&mut mac);
    mac.finalize()
}

fn is_among<'a, M: Mac + Update + Clone>(
    keyed: &M,
    covered: Covered<'_>,
    macs: impl Iterator<Item = &'a [u8]>,
) -> bool {
    // A MAC of another length is of another algorithm.
    let mut macs = macs.filter_map(|mac| Output::<M>::from_exact_iter(mac.iter().copied()));
    let Some(first) = macs.next() else { return false };
    let own = compute(keyed, covered);
    own == CtOutput::new(first) || macs.any(|mac| own == CtOutput::new(mac))
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("name", &self.name)
            .field("algorithm", &self.algorithm())
            .field("sign", &self.sign)
            .field("accept", &self.accept)
            .finish_non_exhaustive()
    }
}

/// Keys that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A secret without octets.
    #[error("key {name:?} has no secret: give it 32 random octets")]
    Empty {
        /// Which key.
        name: Box<str>,
    },
    /// A secret that does not fit the algorithm.
    #[error("the secret of key {name:?} has {got} octets: BLAKE2s takes 32 at most")]
    Long {
        /// Which key.
        name: Box<str>,
        /// Octets there are.
        got: usize,
    },
    /// Two keys of one name.
    #[error("two keys are called {name:?}: rename one")]
    Twice {
        /// The name.
        name: Box<str>,
    },
    /// More keys sign, or are accepted, at one moment than may.
    #[error("more than {most} keys are in force at {at}: end some of them earlier")]
    Crowd {
        /// When first.
        at: Wall,
        /// How many may be.
        most: usize,
    },
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn a_span_has_its_beginning_and_not_its_end() {
        let span = Span { from: Some(Wall(10)), until: Some(Wall(20)) };
        assert!([10, 19].into_iter().all(|at| span.holds(Wall(at))));
        assert!(![9, 20].into_iter().any(|at| span.holds(Wall(at))));
        assert!(Span::ALWAYS.holds(Wall(0)) && Span::ALWAYS.holds(Wall(u64::MAX)));
        assert!(!Span::NEVER.holds(Wall(0)) && !Span::NEVER.holds(Wall(1)));
    }

    #[test]
    fn a_secret_must_fit_its_algorithm() {
        let key = |algorithm, secret: &[u8]| {
            Key::new("a", algorithm, secret, Span::ALWAYS, Span::ALWAYS).map(|key| key.algorithm())
        };
        for algorithm in [Algorithm::HmacSha256, Algorithm::Blake2s128] {
            assert_eq!(key(algorithm, b""), Err(KeyError::Empty { name: "a".into() }));
            assert_eq!(key(algorithm, b"x"), Ok(algorithm));
            assert_eq!(key(algorithm, &[1; 32]), Ok(algorithm));
        }
        assert_eq!(key(Algorithm::HmacSha256, &[1; 100]), Ok(Algorithm::HmacSha256));
        let long = KeyError::Long { name: "a".into(), got: 33 };
        assert_eq!(key(Algorithm::Blake2s128, &[1; 33]), Err(long));
    }

    #[test]
    fn the_secret_is_not_shown() {
        let secret = b"0123456789abcdef";
        let key = Key::new("a", Algorithm::HmacSha256, secret, Span::ALWAYS, Span::ALWAYS);
        let shown = format!("{key:?}");
        assert!(shown.contains("HmacSha256") && !shown.contains("012345"), "{shown}");
    }
}
