//! What members show each other on a LAN, sealed so that nobody else can read it.
//!
//! ```text
//!  │ nonce 12, drawn │ announcement, sealed │ tag 16 │
//! ```
//!
//! ChaCha20-Poly1305, under a key that the registry tells members only. All octets look random.
//! A network announces some hundred times a second at most, so that the nonces of a year are far
//! from meeting.
//!
//! Source: RFC 8439.

use std::fmt;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::key::KeyError;

/// What is sealed here, and is nothing else.
const DOMAIN: &[u8] = b"re6st lan 1";

/// The key of a network's announcements on LANs.
pub struct LanKey(LessSafeKey);

impl LanKey {
    /// Octets that sealing adds.
    pub const OVERHEAD: usize = NONCE_LEN + 16;

    /// Returns the key of these octets.
    ///
    /// # Panics
    ///
    /// Never: ChaCha20-Poly1305 takes any 32 octets.
    #[expect(clippy::expect_used, reason = "the length is right")]
    pub fn new(octets: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&CHACHA20_POLY1305, octets);
        Self(LessSafeKey::new(key.expect("a ChaCha20 key has 32 octets")))
    }

    /// Returns `words` sealed, as they are shown.
    ///
    /// # Errors
    ///
    /// [`KeyError::System`], if the system has no randomness.
    pub fn seal(&self, words: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| KeyError::System)?;
        let mut sealed = words.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_append_tag(unique, Aad::from(DOMAIN), &mut sealed)
            .map_err(|_| KeyError::System)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Returns the words in `shown`; `None` if they were not sealed with this key.
    pub fn open(&self, shown: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = shown.split_first_chunk()?;
        let (nonce, mut words) = (Nonce::assume_unique_for_key(*nonce), sealed.to_vec());
        let length = self.0.open_in_place(nonce, Aad::from(DOMAIN), &mut words).ok()?.len();
        words.truncate(length);
        Some(words)
    }
}

impl fmt::Debug for LanKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LanKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_the_key_reads_it_and_nobody_else() {
        let (key, other) = (LanKey::new(&[1; 32]), LanKey::new(&[2; 32]));
        let (one, two) = (key.seal(b"here").unwrap(), key.seal(b"here").unwrap());
        assert_eq!(
            (one.len(), key.open(&one).as_deref()),
            (4 + LanKey::OVERHEAD, Some(&b"here"[..]))
        );
        assert_ne!(one, two, "nobody sees that the same is said twice");
        assert_eq!(other.open(&one), None);
        for at in 0..one.len() {
            let mut forged = one.clone();
            forged[at] ^= 1;
            assert_eq!(key.open(&forged), None, "octet {at}");
        }
        for length in 0..one.len() {
            assert_eq!(key.open(&one[..length]), None);
        }
    }
}
