//! Keys: a node's own, and a session's.

use core::fmt;

use curve25519_dalek::montgomery::MontgomeryPoint;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::hash::hash;

/// Returns the X25519 public key of a private one.
///
/// Source: RFC 7748 §6.1; any 32 octets are a private key.
pub fn public_key(private: &[u8; 32]) -> [u8; 32] {
    MontgomeryPoint::mul_base_clamped(*private).to_bytes()
}

/// Returns the key that masks the headers of packets *to* the node of this public key.
///
/// Whoever knows the node can compute it: it hides headers from who watches a
/// wire without knowing the nodes at its ends, and protects nothing else.
pub fn mask_key(public: &[u8; 32]) -> [u8; 32] {
    hash("re6st mask", &[public])
}

/// What two ends share for one session, seen from one of them.
///
/// Wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Keys {
    /// Our index: in the header of the packets that come. Never 0.
    pub local: u32,
    /// Their index: in the header of the packets that go.
    pub remote: u32,
    /// The AEAD key of what we send.
    pub send: [u8; 32],
    /// The AEAD key of what we receive.
    pub receive: [u8; 32],
    /// AES-256-GCM if set, ChaCha20-Poly1305 if not.
    pub aes: bool,
    /// The AES-256 key that masks the headers we send: of their public key.
    pub mask_out: [u8; 32],
    /// The AES-256 key that masks the headers we receive: of our public key.
    pub mask_in: [u8; 32],
    /// Whether we asked for the session, and so may send first.
    ///
    /// Who was asked sends through it only after it has opened one packet of it:
    /// until then the other end may not have the keys.
    pub initiator: bool,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { local, remote, aes, initiator, .. } = self;
        write!(f, "Keys {{ {local:08x} from {remote:08x}, aes: {aes}, initiator: {initiator} }}")
    }
}

/// The node's own static key.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Identity {
    pub(crate) private: [u8; 32],
    pub(crate) public: [u8; 32],
}

impl Identity {
    pub(crate) fn new(private: [u8; 32]) -> Self {
        Self { public: public_key(&private), private }
    }
}

#[cfg(test)]
mod tests {
    use super::{Keys, public_key};

    /// Source: RFC 7748 §6.1, Bob's keys.
    #[test]
    fn a_public_key_is_what_the_rfc_says() {
        let private = octets("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
        let public = octets("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
        assert_eq!(public_key(&private), public);
    }

    fn octets(hex: &str) -> [u8; 32] {
        core::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
    }

    #[test]
    fn keys_are_not_told_by_debug() {
        let keys = Keys {
            local: 1,
            remote: 2,
            send: [0xab; 32],
            receive: [0xab; 32],
            aes: true,
            mask_out: [0xab; 32],
            mask_in: [0xab; 32],
            initiator: true,
        };
        let said = alloc::format!("{keys:?}");
        assert!(!said.contains("ab") && !said.contains("171"), "{said}");
    }
}
