//! Asking for a certificate (PKCS#10).

use gossip::PublicKey;
use rcgen::{CertificateParams, DnType};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;

use crate::algorithm;
use crate::key::{KeyError, SigningKey};

/// Largest request that is read, in octets.
const LIMIT: usize = 8192;

/// A request that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Not PEM, or not PKCS#10.
    #[error("this is not a certificate request in PEM (PKCS#10); make it with `re6st join`")]
    Form,
    /// The key is of a kind or size that we do not accept, or signs over SHA-1.
    #[error("the request's key or hash is too weak; make an Ed25519 key")]
    Weak,
    /// The request is not signed by the key it names.
    #[error("the request does not prove that its sender owns the key; make it anew")]
    Proof,
}

/// A request whose sender has proven to own the key.
///
/// Names and extensions that a request asks for are not looked at: the registry
/// decides what a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    key: PublicKey,
}

impl Request {
    /// Writes a request for `key`, as PEM.
    ///
    /// # Errors
    ///
    /// [`KeyError::System`].
    pub fn write(key: &SigningKey) -> Result<String, KeyError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "re6st node");
        let request = params.serialize_request(key.pair()).map_err(|_| KeyError::System)?;
        request.pem().map_err(|_| KeyError::System)
    }

    /// Reads a request, PEM, and checks its proof.
    ///
    /// # Errors
    ///
    /// [`RequestError`].
    pub fn from_pem(text: &str) -> Result<Self, RequestError> {
        if text.len() > LIMIT {
            return Err(RequestError::Form);
        }
        match x509_parser::pem::parse_x509_pem(text.as_bytes()) {
            Ok((_, pem)) => Self::from_der(&pem.contents),
            Err(_) => Err(RequestError::Form),
        }
    }

    /// Reads a request, DER, and checks its proof.
    ///
    /// # Errors
    ///
    /// [`RequestError`].
    pub fn from_der(der: &[u8]) -> Result<Self, RequestError> {
        if der.len() > LIMIT {
            return Err(RequestError::Form);
        }
        let Ok(([], request)) = X509CertificationRequest::from_der(der) else {
            return Err(RequestError::Form);
        };
        let key = &request.certification_request_info.subject_pki;
        if !algorithm::is_strong(key) || algorithm::is_forgeable(&request.signature_algorithm) {
            return Err(RequestError::Weak);
        }
        request.verify_signature().map_err(|_| RequestError::Proof)?;
        Ok(Self { key: PublicKey(key.raw.to_vec()) })
    }

    /// Returns the key.
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }
}
