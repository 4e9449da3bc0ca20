//! Whom to believe: questions of cryptography, answered by a driver.

use alloc::sync::Arc;
use alloc::vec::Vec;

use order::{Elected, Outcome, Source};
use words::{NodeId, Wall};

use crate::{Checked, Document, Malformed, Refused};

/// The network's certification authority, as a node sees it.
///
/// The driver `crypto` answers for real; tests answer as they like.
pub trait Authority {
    /// Reads a certificate, and returns whom it names.
    ///
    /// Shape: `der` is one X.509 certificate, octets of a stranger.
    ///
    /// # Errors
    ///
    /// The reason to refuse it: unreadable, of another authority, not valid at
    /// `now`, key too weak, prefix outside of the network. Revocation is not
    /// checked here.
    fn certificate(&self, der: &[u8], now: Wall) -> Result<Identity, Refused>;

    /// Tells whether the owner of `key` signed `message`.
    fn signature(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool;

    /// Tells whether the authority itself signed `message`.
    fn document(&self, message: &[u8], signature: &[u8]) -> bool;

    /// Returns the small index in a certificate of ours that is valid at `now`, if there is one:
    /// which part of the IPv4 range its node has.
    fn index(&self, _der: &[u8], _now: Wall) -> Option<u32> {
        None
    }

    /// Reads the octets of a document, which the authority signed.
    ///
    /// Where many nodes run in one process, copies of one document may be given to all of them: they
    /// share what is large.
    ///
    /// # Errors
    ///
    /// As [`Document::decode`].
    fn read(&self, octets: &[u8]) -> Result<Document, Malformed> {
        Document::decode(octets)
    }

    /// Returns the octets of a signed document, to be kept and passed on: those of another node in
    /// this process, if it keeps the same.
    fn keep(&self, octets: &[u8]) -> Arc<[u8]> {
        octets.into()
    }

    /// Returns an introduction that was checked, to be remembered: that of another node in this
    /// process, if it remembers the same.
    fn share(&self, checked: Checked) -> Arc<Checked> {
        Arc::new(checked)
    }

    /// Holds the election that follows from a network document, with the `last` outcome known: that of
    /// another node in this process, if it holds the same.
    fn elected(&self, source: Source, last: Option<&Outcome>) -> Arc<Elected> {
        Arc::new(Elected::of(source, last))
    }
}

/// Whom a valid certificate names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The node, by its prefix.
    pub node: NodeId,
    /// Number of the certificate, by which it is revoked.
    pub serial: u64,
    /// The key that the node signs with.
    pub key: PublicKey,
    /// Last second of the certificate.
    pub expires: Wall,
}

/// A public key, as the DER of its `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(pub Vec<u8>);
