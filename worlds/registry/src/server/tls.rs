//! What the server wears: a certificate of the network's authority, for its own hosts.
//!
//! The key is made at the start and never written; the certificate lives a month and is
//! renewed when a third of that is left, or when the clock was set.

use std::sync::Arc;
use std::time::Duration;

use crypto::{Issuer, SigningKey};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use words::Wall;

use crate::error::Error;
use crate::found::EARLY;

/// How long the server's certificate is valid.
const LIFE: Duration = Duration::from_hours(24 * 30);
/// How long before its end it is renewed.
const RENEWAL: Duration = Duration::from_hours(24 * 10);

/// A certificate in use.
#[derive(Debug)]
pub(crate) struct Dress {
    pub(crate) config: Arc<ServerConfig>,
    from: Wall,
    until: Wall,
}

impl Dress {
    /// Makes a key, and a certificate for `hosts`.
    pub(crate) fn make(issuer: &Issuer, hosts: &[String], now: Wall) -> Result<Self, Error> {
        let (from, until) = (Wall(now.0.saturating_sub(EARLY)), now.plus(LIFE));
        let key = SigningKey::generate()?;
        let tls = |error: rustls::Error| Error::Tls(error.to_string());
        let certificate = certificate(issuer, hosts, &key, (from, until))
            .map_err(|error| Error::Tls(error.to_string()))?;
        let private = PrivateKeyDer::Pkcs8(key.der().to_vec().into());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(tls)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], private)
            .map_err(tls)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), from, until })
    }

    /// Tells whether the certificate need not be renewed yet.
    pub(crate) fn is_fresh(&self, now: Wall) -> bool {
        self.from <= now && now.plus(RENEWAL) < self.until
    }
}

fn certificate(
    issuer: &Issuer,
    hosts: &[String],
    key: &SigningKey,
    (from, until): (Wall, Wall),
) -> Result<CertificateDer<'static>, rcgen::Error> {
    let mut params = CertificateParams::new(hosts)?;
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(from.0);
    params.not_after = epoch + Duration::from_secs(until.0);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "re6st registry");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let authority = issuer.certificate().der().into();
    let signer = KeyPair::from_pem(&issuer.key().pem())?;
    let signer = rcgen::Issuer::from_ca_cert_der(&authority, signer)?;
    let public = rcgen::SubjectPublicKeyInfo::from_der(&key.public().0)?;
    Ok(params.signed_by(&public, &signer)?.der().clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::Validity;

    #[test]
    fn a_dress_is_worn_until_a_third_of_its_life_is_left() {
        let now = Wall(1_800_000_000);
        let day = Duration::from_hours(24);
        let validity = Validity { from: now, until: now.plus(1000 * day) };
        let network = "fd00:42::/48".parse().unwrap();
        let key = SigningKey::generate().unwrap();
        let issuer = Issuer::create(network, "test", key, validity).unwrap();
        let hosts = ["203.0.113.5".to_owned(), "registry.example.com".to_owned()];
        let dress = Dress::make(&issuer, &hosts, now).unwrap();
        assert!(dress.is_fresh(now) && dress.is_fresh(now.plus(19 * day)));
        assert!(!dress.is_fresh(now.plus(20 * day)));
        // The clock was set back.
        assert!(!dress.is_fresh(Wall(now.0 - 7200)));
    }
}
