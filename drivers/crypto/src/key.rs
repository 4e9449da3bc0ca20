//! Keys and their files.
//!
//! A node has two: one that signs (Ed25519) and is named by its certificate, and a
//! static one for handshakes (X25519) which its contact names. Each has its own
//! file, PKCS#8 in PEM, readable by its owner only.

use std::fmt;
use std::path::Path;

use aws_lc_rs::agreement::{self, X25519};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gossip::PublicKey;
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData, SigningKey as _,
};
use zeroize::Zeroizing;

use crate::algorithm;
use crate::file::{self, FileError};

/// A key that cannot be made, read, kept or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The text is not a private key.
    #[error("this is not a {kind} private key in PEM (PKCS#8); restore the file or enrol again")]
    Form {
        /// The kind of key expected.
        kind: &'static str,
    },
    /// The key is of a kind or size that nobody would accept.
    #[error("the key is too weak or of an unknown kind; make an Ed25519 one")]
    Weak,
    /// The library refused; the system has no chance or no memory left.
    #[error("the system could not make or use a key; check its memory and random source")]
    System,
}

/// A key that signs: of a node, an authority, or a server.
#[derive(Debug)]
pub struct SigningKey {
    pair: KeyPair,
}

impl SigningKey {
    /// Makes a new Ed25519 key.
    ///
    /// # Errors
    ///
    /// [`KeyError::System`].
    pub fn generate() -> Result<Self, KeyError> {
        // Not the library's own form, PKCS#8 version 2: OpenSSL 3.0 cannot read it.
        let text = pem_of(ED25519_PKCS8, &*seed()?);
        let pair = KeyPair::from_pem_and_sign_algo(&text, &PKCS_ED25519);
        Ok(Self { pair: pair.map_err(|_| KeyError::System)? })
    }

    /// Reads a key: Ed25519, P-256, or RSA of 2048 to 8192 bits, as PEM.
    ///
    /// # Errors
    ///
    /// [`KeyError::Form`] or [`KeyError::Weak`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        // RSA keys sign contacts and certificates over SHA-256.
        let kinds = [&PKCS_ED25519, &PKCS_ECDSA_P256_SHA256, &PKCS_RSA_SHA256];
        let read = |kind| KeyPair::from_pem_and_sign_algo(text, kind).ok();
        let pair = kinds.into_iter().find_map(read).ok_or(KeyError::Form { kind: "signing" })?;
        let key = Self { pair };
        // A key is worth what it signs: this refuses all that `algorithm` does not accept.
        let proof = key.sign(b"proof")?;
        if algorithm::signed_by(&key.public().0, b"proof", &proof) {
            Ok(key)
        } else {
            Err(KeyError::Weak)
        }
    }

    /// Reads a key file.
    ///
    /// # Errors
    ///
    /// [`KeyError::File`], or as [`from_pem`](Self::from_pem).
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        Self::from_pem(&Zeroizing::new(file::read(path)?))
    }

    /// Writes the key file, whole or not at all, for its owner only.
    ///
    /// # Errors
    ///
    /// [`KeyError::File`].
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        Ok(file::write(path, self.pem().as_bytes(), file::PRIVATE)?)
    }

    /// Returns the private key as PEM.
    pub fn pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.pair.serialize_pem())
    }

    /// Returns the private key as DER, as TLS libraries want it.
    pub fn der(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.pair.serialize_der())
    }

    /// Returns the public key.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.pair.subject_public_key_info())
    }

    /// Signs a message.
    ///
    /// # Errors
    ///
    /// [`KeyError::System`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.pair.sign(message).map_err(|_| KeyError::System)
    }

    pub(crate) const fn pair(&self) -> &KeyPair {
        &self.pair
    }
}

/// What comes before the 32 octets of an Ed25519 key in PKCS#8 (RFC 8410 §7).
const ED25519_PKCS8: [u8; 16] =
    [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// The same, for X25519.
const X25519_PKCS8: [u8; 16] =
    [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20];

/// The static X25519 key of a node's handshakes.
pub struct StaticKey {
    private: Zeroizing<[u8; 32]>,
    public: [u8; 32],
}

impl fmt::Debug for StaticKey {
    /// Shows the public half only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl StaticKey {
    /// Makes a new key.
    ///
    /// # Errors
    ///
    /// [`KeyError::System`].
    pub fn generate() -> Result<Self, KeyError> {
        Self::of(&*seed()?)
    }

    /// Reads a key, PEM of PKCS#8.
    ///
    /// # Errors
    ///
    /// [`KeyError::Form`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let form = KeyError::Form { kind: "X25519" };
        let Ok((_, pem)) = x509_parser::pem::parse_x509_pem(text.as_bytes()) else {
            return Err(form);
        };
        let der = Zeroizing::new(pem.contents);
        let Some(private) = der.strip_prefix(&X25519_PKCS8) else { return Err(form) };
        Self::of(private)
    }

    /// Reads a key file.
    ///
    /// # Errors
    ///
    /// [`KeyError::File`], or as [`from_pem`](Self::from_pem).
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        Self::from_pem(&Zeroizing::new(file::read(path)?))
    }

    /// Writes the key file, whole or not at all, for its owner only.
    ///
    /// # Errors
    ///
    /// [`KeyError::File`].
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        Ok(file::write(path, self.pem().as_bytes(), file::PRIVATE)?)
    }

    /// Returns the private key as PEM.
    pub fn pem(&self) -> Zeroizing<String> {
        pem_of(X25519_PKCS8, &self.private)
    }

    /// Returns the private half.
    pub fn private(&self) -> &[u8; 32] {
        &self.private
    }

    /// Returns the public half, which contacts name.
    pub const fn public(&self) -> [u8; 32] {
        self.public
    }

    fn of(private: &[u8]) -> Result<Self, KeyError> {
        let form = |_| KeyError::Form { kind: "X25519" };
        let private = Zeroizing::new(<[u8; 32]>::try_from(private).map_err(form)?);
        let key = agreement::PrivateKey::from_private_key(&X25519, private.as_slice())
            .map_err(|_| KeyError::Form { kind: "X25519" })?;
        let public = key.compute_public_key().map_err(|_| KeyError::System)?;
        let public = public.as_ref().try_into().map_err(|_| KeyError::System)?;
        Ok(Self { private, public })
    }
}

/// Draws 32 octets that nobody can guess.
fn seed() -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let mut seed = Zeroizing::new([0; 32]);
    aws_lc_rs::rand::fill(seed.as_mut_slice()).map_err(|_| KeyError::System)?;
    Ok(seed)
}

/// Writes a private key as PEM of PKCS#8.
fn pem_of(prefix: [u8; 16], private: &[u8; 32]) -> Zeroizing<String> {
    let mut der = Zeroizing::new([0; 48]);
    for (octet, written) in der.iter_mut().zip(prefix.iter().chain(private)) {
        *octet = *written;
    }
    let base64 = Zeroizing::new(STANDARD.encode(der.as_slice()));
    let text = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", *base64);
    Zeroizing::new(text)
}
