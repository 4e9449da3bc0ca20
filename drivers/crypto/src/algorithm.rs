//! The kinds of keys that we accept.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_PKCS1_RSAENCRYPTION, OID_PKCS1_SHA1WITHRSA,
    OID_SHA1_WITH_RSA, OID_SIG_ED25519,
};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// Returns how signatures of a key are checked; `None` for a key too weak or unknown.
///
/// Ed25519 in new networks; RSA of 2048 to 8192 bits and P-256 besides.
fn verification(key: &SubjectPublicKeyInfo<'_>) -> Option<&'static dyn VerificationAlgorithm> {
    let kind = &key.algorithm.algorithm;
    if *kind == OID_SIG_ED25519 {
        return Some(&ED25519);
    }
    if *kind == OID_KEY_TYPE_EC_PUBLIC_KEY {
        let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
        return (curve == OID_EC_P256).then_some(&ECDSA_P256_SHA256_ASN1);
    }
    if *kind == OID_PKCS1_RSAENCRYPTION
        && let Ok(PublicKey::RSA(rsa)) = key.parsed()
        && (2048..=8192).contains(&rsa.key_size())
    {
        return Some(&RSA_PKCS1_2048_8192_SHA256);
    }
    None
}

/// Tells whether a key is of a kind and size that we accept.
pub(crate) fn is_strong(key: &SubjectPublicKeyInfo<'_>) -> bool {
    verification(key).is_some()
}

/// Tells whether a certificate or request is signed over a hash that can be forged.
pub(crate) fn is_forgeable(signature: &AlgorithmIdentifier<'_>) -> bool {
    signature.algorithm == OID_PKCS1_SHA1WITHRSA || signature.algorithm == OID_SHA1_WITH_RSA
}

/// Tells whether the owner of `key` (DER of a `SubjectPublicKeyInfo`) signed `message`.
pub(crate) fn signed_by(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Ok(([], key)) = SubjectPublicKeyInfo::from_der(key) else { return false };
    verification(&key).is_some_and(|algorithm| {
        let key = UnparsedPublicKey::new(algorithm, &key.subject_public_key.data);
        key.verify(message, signature).is_ok()
    })
}
