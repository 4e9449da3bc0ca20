//! What everybody checks with the authority's certificate.

use gossip::{Authority, Identity, PublicKey, Refused};
use words::{Prefix, Wall};
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::algorithm;
use crate::certificate::{AuthorityCertificate, CertificateError, NodeCertificate, dates, parse};

/// The authority of our network, as its certificate shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkAuthority {
    certificate: AuthorityCertificate,
}

impl NetworkAuthority {
    /// Returns the authority of this certificate.
    pub const fn new(certificate: AuthorityCertificate) -> Self {
        Self { certificate }
    }

    /// Returns its certificate.
    pub const fn own_certificate(&self) -> &AuthorityCertificate {
        &self.certificate
    }

    /// Returns its network.
    pub const fn network(&self) -> Prefix {
        self.certificate.network()
    }

    /// Reads a node's certificate, and checks issuer and dates.
    ///
    /// # Errors
    ///
    /// As [`Authority::certificate`].
    pub fn check(&self, der: &[u8], now: Wall) -> Result<NodeCertificate, Refused> {
        let read = parse(der).map_err(refused)?;
        if algorithm::is_forgeable(&read.signature_algorithm) {
            return Err(Refused::WeakKey);
        }
        let Ok(([], key)) = SubjectPublicKeyInfo::from_der(&self.certificate.key().0) else {
            return Err(Refused::OtherAuthority);
        };
        read.verify_signature(Some(&key)).map_err(|_| Refused::OtherAuthority)?;
        in_date(dates(&read), now)?;
        in_date(self.certificate.validity(), now)?;
        NodeCertificate::of(self.network(), &read).map_err(refused)
    }
}

impl Authority for NetworkAuthority {
    fn certificate(&self, der: &[u8], now: Wall) -> Result<Identity, Refused> {
        let read = self.check(der, now)?;
        Ok(Identity { node: read.node, serial: read.serial, key: read.key, expires: read.until })
    }

    fn index(&self, der: &[u8], now: Wall) -> Option<u32> {
        self.check(der, now).ok()?.index
    }

    fn signature(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        algorithm::signed_by(&key.0, message, signature)
    }

    fn document(&self, message: &[u8], signature: &[u8]) -> bool {
        algorithm::signed_by(&self.certificate.key().0, message, signature)
    }
}

fn in_date((from, until): (Wall, Wall), now: Wall) -> Result<(), Refused> {
    if now < from {
        Err(Refused::NotYetValid { from })
    } else if until < now {
        Err(Refused::Expired { since: until })
    } else {
        Ok(())
    }
}

const fn refused(error: CertificateError) -> Refused {
    match error {
        CertificateError::Weak => Refused::WeakKey,
        CertificateError::Outside => Refused::OutsideNetwork,
        CertificateError::Form
        | CertificateError::NotAuthority
        | CertificateError::NoNetwork
        | CertificateError::NotNode => Refused::Unreadable,
    }
}
