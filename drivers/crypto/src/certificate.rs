//! Reading certificates: of the authority, and of nodes.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gossip::PublicKey;
use words::{NodeId, Prefix, Wall};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use crate::{algorithm, profile};

/// Largest certificate that is read, in octets of DER; more than any honest one.
const LIMIT: usize = 8192;

/// A certificate that is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Not PEM, or not X.509.
    #[error("this is not an X.509 certificate; fetch it again")]
    Form,
    /// Not a certificate that signs others, or not self-signed.
    #[error("this is not the certificate of an authority; fetch ca.pem from the registry")]
    NotAuthority,
    /// The serial number does not name a network.
    #[error("the authority's serial number names no network; make it with `re6st registry init`")]
    NoNetwork,
    /// The key, or the hash of the signature, is of a kind that we do not trust.
    #[error("the key or hash is too weak; use Ed25519, P-256, or RSA of 2048 bits with SHA-256")]
    Weak,
    /// The common name or the serial number is not of the profile of nodes.
    #[error("this is not the certificate of a node; enrol with `re6st join`")]
    NotNode,
    /// The common name does not fit the network.
    #[error("the certificate's prefix is outside of the network; enrol with `re6st join`")]
    Outside,
}

/// The certificate of a network's authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityCertificate {
    der: Vec<u8>,
    network: Prefix,
    name: String,
    from: Wall,
    until: Wall,
    key: PublicKey,
}

impl AuthorityCertificate {
    /// Reads PEM text.
    ///
    /// # Errors
    ///
    /// As [`from_der`](Self::from_der).
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        Self::from_der(&der_of(text)?)
    }

    /// Reads DER; dates are not checked.
    ///
    /// # Errors
    ///
    /// [`CertificateError`]: unreadable, not self-signed, serial that names no
    /// network, or weak.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let read = parse(der)?;
        let key = read.public_key();
        if !algorithm::is_strong(key) || algorithm::is_forgeable(&read.signature_algorithm) {
            return Err(CertificateError::Weak);
        }
        let limited = read.basic_constraints().map_err(|_| CertificateError::Form)?;
        if limited.is_some_and(|limits| !limits.value.ca) || read.verify_signature(None).is_err() {
            return Err(CertificateError::NotAuthority);
        }
        let network = profile::network_of(read.raw_serial()).ok_or(CertificateError::NoNetwork)?;
        let (from, until) = dates(&read);
        let name = common_name(read.subject()).unwrap_or_default().to_owned();
        let key = PublicKey(key.raw.to_vec());
        Ok(Self { der: der.to_vec(), network, name, from, until, key })
    }

    /// Returns the network, as the serial number names it.
    pub const fn network(&self) -> Prefix {
        self.network
    }

    /// Returns the common name; empty if there is none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the first and the last second of its life.
    pub const fn validity(&self) -> (Wall, Wall) {
        (self.from, self.until)
    }

    /// Returns the key that signs certificates and documents.
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Returns what invitations pin.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.der)
    }

    /// Returns the certificate as DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Returns the certificate as PEM.
    pub fn pem(&self) -> String {
        pem_of(&self.der)
    }
}

/// The certificate of a node.
///
/// Reading it proves nothing: [`NetworkAuthority`](crate::NetworkAuthority) checks
/// signature and dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeCertificate {
    /// The node.
    pub node: NodeId,
    /// Its small index in the network, for IPv4; classic: subject serialNumber.
    pub index: Option<u32>,
    /// Number of the certificate, by which it is revoked.
    pub serial: u64,
    /// First second.
    pub from: Wall,
    /// Last second.
    pub until: Wall,
    /// The node's key.
    pub key: PublicKey,
    /// The certificate, DER.
    pub der: Vec<u8>,
}

impl NodeCertificate {
    /// Reads PEM text, of a node of `network`.
    ///
    /// # Errors
    ///
    /// As [`from_der`](Self::from_der).
    pub fn from_pem(network: Prefix, text: &str) -> Result<Self, CertificateError> {
        Self::from_der(network, &der_of(text)?)
    }

    /// Reads DER, of a node of `network`; neither signature nor dates are checked.
    ///
    /// # Errors
    ///
    /// [`CertificateError`]: unreadable, not of the profile of nodes, outside of the
    /// network, or weak.
    pub fn from_der(network: Prefix, der: &[u8]) -> Result<Self, CertificateError> {
        Self::of(network, &parse(der)?)
    }

    pub(crate) fn of(
        network: Prefix,
        read: &X509Certificate<'_>,
    ) -> Result<Self, CertificateError> {
        if !algorithm::is_strong(read.public_key()) {
            return Err(CertificateError::Weak);
        }
        if read.is_ca() {
            return Err(CertificateError::NotNode);
        }
        let name = common_name(read.subject()).ok_or(CertificateError::NotNode)?;
        let node = profile::node_of(network, name).map_err(|why| match why {
            profile::Name::Form => CertificateError::NotNode,
            profile::Name::Outside => CertificateError::Outside,
        })?;
        let (from, until) = dates(read);
        Ok(Self {
            node,
            index: index(read.subject()),
            serial: serial(read.raw_serial()).ok_or(CertificateError::NotNode)?,
            from,
            until,
            key: PublicKey(read.public_key().raw.to_vec()),
            der: read.as_raw().to_vec(),
        })
    }

    /// Returns the certificate as PEM.
    pub fn pem(&self) -> String {
        pem_of(&self.der)
    }
}

/// SHA-256 of a certificate's DER; written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// Returns the fingerprint of this DER.
    pub fn of(der: &[u8]) -> Self {
        let mut octets = [0; 32];
        for (octet, hashed) in octets.iter_mut().zip(digest(&SHA256, der).as_ref()) {
            *octet = *hashed;
        }
        Self(octets)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is not a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 64 hexadecimal digits; copy it whole")]
pub struct FingerprintError;

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(FingerprintError);
        }
        let mut octets = [0; 32];
        for (octet, digits) in octets.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| FingerprintError)?;
            *octet = u8::from_str_radix(digits, 16).map_err(|_| FingerprintError)?;
        }
        Ok(Self(octets))
    }
}

/// Reads exactly one certificate.
pub(crate) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, CertificateError> {
    if der.len() > LIMIT {
        return Err(CertificateError::Form);
    }
    match X509Certificate::from_der(der) {
        Ok(([], read)) => Ok(read),
        Ok(_) | Err(_) => Err(CertificateError::Form),
    }
}

/// Returns the first and the last second of a certificate; the time before 1970 is 0.
pub(crate) fn dates(read: &X509Certificate<'_>) -> (Wall, Wall) {
    let wall = |seconds: i64| Wall(u64::try_from(seconds).unwrap_or(0));
    let validity = read.validity();
    (wall(validity.not_before.timestamp()), wall(validity.not_after.timestamp()))
}

/// Writes a certificate as PEM.
pub(crate) fn pem_of(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    let base64 = STANDARD.encode(der);
    let mut rest = base64.as_str();
    while let Some((line, after)) = rest.split_at_checked(64) {
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    if !rest.is_empty() {
        text.push_str(rest);
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

fn der_of(text: &str) -> Result<Vec<u8>, CertificateError> {
    match x509_parser::pem::parse_x509_pem(text.as_bytes()) {
        Ok((_, pem)) if pem.label == "CERTIFICATE" => Ok(pem.contents),
        Ok(_) | Err(_) => Err(CertificateError::Form),
    }
}

/// Returns the one common name; `None` if there is none, or another besides.
fn common_name<'a>(subject: &'a X509Name<'a>) -> Option<&'a str> {
    let mut names = subject.iter_common_name();
    let name = names.next()?.as_str().ok()?;
    if names.next().is_some() { None } else { Some(name) }
}

fn index(subject: &X509Name<'_>) -> Option<u32> {
    let serial_number = x509_parser::oid_registry::OID_X509_SERIALNUMBER;
    subject.iter_by_oid(&serial_number).next()?.as_str().ok()?.parse().ok()
}

/// Reads a number of at most 64 bits, big endian.
fn serial(octets: &[u8]) -> Option<u64> {
    let start = octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len());
    let digits = octets.get(start..)?;
    if digits.len() > 8 {
        return None;
    }
    Some(digits.iter().fold(0, |number, digit| (number << 8) | u64::from(*digit)))
}
