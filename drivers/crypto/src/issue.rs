//! What an authority does with its key: certificates and documents.

use std::time::Duration;

use aws_lc_rs::hmac;
use gossip::{Contact, Document, Introduction, Malformed, PublicKey, SignedDocument};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose,
    SanType, SerialNumber, SubjectPublicKeyInfo, date_time_ymd,
};
use words::{NodeId, Prefix, Wall};

use crate::certificate::{AuthorityCertificate, CertificateError, NodeCertificate, pem_of};
use crate::key::{KeyError, SigningKey};
use crate::profile;

/// Something that an authority does not sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// Certificate and key do not belong together.
    #[error("the authority's certificate is of another key; restore ca.pem and ca.key together")]
    OtherKey,
    /// The prefix is not a part of the network.
    #[error("{node} is not inside the network {network}; allocate another prefix")]
    Outside {
        /// The prefix asked for.
        node: NodeId,
        /// The network.
        network: Prefix,
    },
    /// The server's name is neither a host name nor an IP address.
    #[error("{name:?} is neither a host name nor an IP address; correct it")]
    Name {
        /// The name.
        name: String,
    },
    /// The end is not after the beginning, or after the year 9999.
    #[error("the certificate would never be valid; check the clock and the validity")]
    Validity,
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The document or the contact has no form.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// From when to when a certificate is valid; both seconds belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First second.
    pub from: Wall,
    /// Last second.
    pub until: Wall,
}

/// What a node's certificate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The node.
    pub node: NodeId,
    /// Its small index in the network, for IPv4.
    pub index: u32,
    /// Number of the certificate, never given twice.
    pub serial: u64,
    /// Its life.
    pub validity: Validity,
}

/// A certificate for a TLS server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerCertificate {
    /// The certificate, DER.
    pub der: Vec<u8>,
}

impl ServerCertificate {
    /// Returns the certificate as PEM.
    pub fn pem(&self) -> String {
        pem_of(&self.der)
    }
}

/// An authority with its key.
#[derive(Debug)]
pub struct Issuer {
    certificate: AuthorityCertificate,
    key: SigningKey,
}

impl Issuer {
    /// Makes the authority of a new network: a self-signed certificate.
    ///
    /// `name` becomes the common name; people read it.
    ///
    /// # Errors
    ///
    /// [`IssueError::Validity`] or [`IssueError::Key`].
    pub fn create(
        network: Prefix,
        name: &str,
        key: SigningKey,
        validity: Validity,
    ) -> Result<Self, IssueError> {
        let mut params = dated(validity)?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.serial_number = Some(SerialNumber::from(profile::serial_of(network)));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
        ];
        let signed = params.self_signed(key.pair()).map_err(|_| KeyError::System)?;
        let certificate = AuthorityCertificate::from_der(signed.der())?;
        Ok(Self { certificate, key })
    }

    /// Joins an authority's certificate and its key.
    ///
    /// # Errors
    ///
    /// [`IssueError::OtherKey`] if they are not a pair.
    pub fn new(certificate: AuthorityCertificate, key: SigningKey) -> Result<Self, IssueError> {
        if *certificate.key() == key.public() {
            Ok(Self { certificate, key })
        } else {
            Err(IssueError::OtherKey)
        }
    }

    /// Returns the authority's certificate.
    pub const fn certificate(&self) -> &AuthorityCertificate {
        &self.certificate
    }

    /// Returns the authority's key.
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Issues a node's certificate for a key; its owner has proven to own it.
    ///
    /// # Errors
    ///
    /// [`IssueError::Outside`], [`IssueError::Validity`], [`IssueError::Key`].
    pub fn issue(&self, key: &PublicKey, grant: &Grant) -> Result<NodeCertificate, IssueError> {
        let (node, network) = (grant.node, self.certificate.network());
        let name = profile::name_of(network, node).ok_or(IssueError::Outside { node, network })?;
        let mut params = dated(grant.validity)?;
        params.distinguished_name.push(DnType::CommonName, name);
        let serial_number = DnType::CustomDnType(vec![2, 5, 4, 5]);
        params.distinguished_name.push(serial_number, grant.index.to_string());
        params.serial_number = Some(SerialNumber::from(grant.serial));
        params.subject_alt_names = vec![SanType::IpAddress(node.address().into())];
        let der = self.sign(params, key)?;
        Ok(NodeCertificate::from_der(network, &der)?)
    }

    /// Issues a certificate for a TLS server, such as the registry.
    ///
    /// `host` is a host name or an IP address. The number of the certificate is drawn
    /// at random, far from those of nodes.
    ///
    /// # Errors
    ///
    /// [`IssueError::Name`], [`IssueError::Validity`], [`IssueError::Key`].
    pub fn serve(
        &self,
        host: &str,
        key: &PublicKey,
        validity: Validity,
    ) -> Result<ServerCertificate, IssueError> {
        let wrong = || IssueError::Name { name: host.to_owned() };
        if host.parse::<std::net::IpAddr>().is_err() && !is_host_name(host) {
            return Err(wrong());
        }
        let named = CertificateParams::new(vec![host.to_owned()]).map_err(|_| wrong())?;
        let mut params = dated(validity)?;
        params.subject_alt_names = named.subject_alt_names;
        params.distinguished_name.push(DnType::CommonName, host);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let mut serial = [1; 17];
        if let Some(chance) = serial.get_mut(1..) {
            aws_lc_rs::rand::fill(chance).map_err(|_| KeyError::System)?;
        }
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        Ok(ServerCertificate { der: self.sign(params, key)? })
    }

    /// Signs a network document.
    ///
    /// # Errors
    ///
    /// [`IssueError::Malformed`] if it is too large, [`IssueError::Key`].
    pub fn sign_document(&self, document: &Document) -> Result<SignedDocument, IssueError> {
        let bytes = document.encode()?;
        let signature = self.key.sign(&Document::signed(&bytes))?;
        Ok(SignedDocument { bytes, signature })
    }

    /// Returns the key with which members seal what they announce on LANs, once so many
    /// certificates were ever `revoked`: it is another one after each revocation, and never an
    /// older one again, so that who was put out of the network does not read what is announced from
    /// then on.
    ///
    /// It follows from the authority's key, one way: registries that share that share this, and
    /// nothing need be kept.
    pub fn lan_key(&self, revoked: u64) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.key.der());
        let mut mixed = hmac::Context::with_key(&key);
        mixed.update(b"re6st lan key 1");
        mixed.update(&revoked.to_be_bytes());
        mixed.sign().as_ref().try_into().unwrap_or_default()
    }

    /// Signs a certificate that signs no other.
    fn sign(&self, mut params: CertificateParams, key: &PublicKey) -> Result<Vec<u8>, IssueError> {
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyAgreement];
        params.use_authority_key_identifier_extension = true;
        let authority = self.certificate.der().into();
        let issuer = rcgen::Issuer::from_ca_cert_der(&authority, self.key.pair())
            .map_err(|_| CertificateError::Form)?;
        let key = SubjectPublicKeyInfo::from_der(&key.0).map_err(|_| KeyError::Weak)?;
        let signed = params.signed_by(&key, &issuer).map_err(|_| KeyError::System)?;
        Ok(signed.der().to_vec())
    }
}

/// Introduces a node: its certificate, and its contact signed by its key.
///
/// # Errors
///
/// [`IssueError::Malformed`] if the contact has no form, [`IssueError::Key`].
pub fn introduce(
    certificate: &NodeCertificate,
    contact: &Contact,
    key: &SigningKey,
) -> Result<Introduction, IssueError> {
    let contact = contact.encode()?;
    let signature = key.sign(&Contact::signed(&contact))?;
    Ok(Introduction { certificate: certificate.der.clone(), contact, signature })
}

/// Last second of the year 9999: X.509 knows no later one (RFC 5280 §4.1.2.5).
const LAST: Wall = Wall(253_402_300_799);

fn dated(validity: Validity) -> Result<CertificateParams, IssueError> {
    if validity.until <= validity.from || LAST < validity.until {
        return Err(IssueError::Validity);
    }
    let epoch = date_time_ymd(1970, 1, 1);
    let mut params = CertificateParams::default();
    params.not_before = epoch + Duration::from_secs(validity.from.0);
    params.not_after = epoch + Duration::from_secs(validity.until.0);
    params.distinguished_name = rcgen::DistinguishedName::new();
    Ok(params)
}

/// Tells whether a name is one of hosts: labels of letters, digits and hyphens.
///
/// Source: RFC 1123 §2.1.
fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        let plain = label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
        plain && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}
