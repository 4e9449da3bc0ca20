//! Who this node is: its keys, its certificate, and what it shows others of itself.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crypto::file::FileError;
use crypto::{
    AuthorityCertificate, KeyError, NetworkAuthority, NodeCertificate, SigningKey, StaticKey,
};
use gossip::{Contact, Endpoint, Refused};
use words::{Carrier, Carriers, NodeId, Prefix, Wall};

use crate::config::{CARRIERS, Config, country_code};
use crate::state::{State, Unusable};

/// The identity of a node, loaded from its state directory.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) key: SigningKey,
    pub(crate) certificate: NodeCertificate,
    pub(crate) noise: StaticKey,
    pub(crate) ca: AuthorityCertificate,
    pub(crate) country: Option<[u8; 2]>,
    /// In Mbit/s.
    pub(crate) capacity: Option<u32>,
}

/// Domain of the signatures that our secrets for beacons are made of.
const SECRET: &[u8] = b"re6st beacon secret 1";

/// An identity that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Unfit {
    /// A file of the state directory.
    #[error(transparent)]
    State(#[from] Unusable),
    /// A key.
    #[error("{}: {error}", file.display())]
    Key {
        /// Its file.
        file: PathBuf,
        /// What is wrong with it.
        error: KeyError,
    },
    /// A key that is not even text.
    #[error("{}: this is no text, so no private key; restore the file, or join anew", file.display())]
    NoText {
        /// Its file.
        file: PathBuf,
    },
    /// A certificate.
    #[error("{}: {error}", file.display())]
    Certificate {
        /// Its file.
        file: PathBuf,
        /// What is wrong with it.
        error: crypto::CertificateError,
    },
    /// The certificate is one that nobody would believe.
    #[error("{}: {why}; restore it and ca.pem together, or join anew", file.display())]
    Unbelievable {
        /// Its file.
        file: PathBuf,
        /// Why others would refuse it.
        why: Refused,
    },
    /// The certificate is another key's.
    #[error(
        "{} is not of the key beside it; restore the right pair, or join anew", file.display()
    )]
    Mismatch {
        /// The certificate's file.
        file: PathBuf,
    },
    /// Nothing can be shown to others.
    #[error("this node cannot introduce itself: {0}")]
    Introduction(#[from] crypto::IssueError),
}

impl Identity {
    /// Loads the identity of the node in `state`, told to others as `config` says.
    ///
    /// Dates are not checked: a node whose certificate has expired may still renew it.
    ///
    /// # Errors
    ///
    /// [`Unfit`], with its remedy.
    pub(crate) fn load(state: &State, config: &Config) -> Result<Self, Unfit> {
        let (ca, certificate) = certificates(state)?;
        let file = state.key();
        let key = SigningKey::load(&file).map_err(|error| unfit(file, error))?;
        if key.public() != certificate.key {
            return Err(Unfit::Mismatch { file: state.certificate() });
        }
        let file = state.noise_key();
        let noise = StaticKey::load(&file).map_err(|error| unfit(file, error))?;
        let country = config.country.as_deref().and_then(|text| country_code(text).ok());
        let capacity = config.capacity.and_then(|number| u32::try_from(number).ok());
        Ok(Self { key, certificate, noise, ca, country, capacity })
    }

    /// Tells, in words, what keeps others from believing us at `now`, if only for the dates.
    pub(crate) fn out_of_date(&self, now: Wall) -> Option<Refused> {
        self.authority().check(&self.certificate.der, now).err()
    }

    /// Returns who we are.
    pub(crate) const fn me(&self) -> NodeId {
        self.certificate.node
    }

    /// Returns the addresses of the whole network.
    pub(crate) const fn network(&self) -> Prefix {
        self.ca.network()
    }

    /// Returns whom the node believes.
    pub(crate) fn authority(&self) -> NetworkAuthority {
        NetworkAuthority::new(self.ca.clone())
    }

    /// Returns our secret for the beacon of an epoch: 32 octets that nobody without our key can tell.
    pub(crate) fn secret(&self, epoch: u64) -> Option<[u8; 32]> {
        let statement = [SECRET, &epoch.to_be_bytes()].concat();
        let signature = self.key.sign(&statement).ok()?;
        let mut secret = [0; 32];
        for part in signature.chunks(32) {
            secret.iter_mut().zip(part).for_each(|(octet, of)| *octet ^= of);
        }
        Some(secret)
    }

    /// Returns what we show of ourselves, issued `now`: reached at `endpoints`, of which
    /// the first [`Contact::ENDPOINTS`] are told, and whether we `escaped`.
    ///
    /// # Errors
    ///
    /// [`Unfit::Introduction`].
    pub(crate) fn introduction(
        &self,
        now: Wall,
        endpoints: &[SocketAddr],
        escaped: bool,
    ) -> Result<Vec<u8>, Unfit> {
        let endpoint = |address: &SocketAddr| Endpoint { carrier: Carrier::Udp, address: *address };
        let contact = Contact {
            node: self.me(),
            issued: now,
            key: self.noise.public(),
            endpoints: endpoints.iter().map(endpoint).take(Contact::ENDPOINTS).collect(),
            carriers: Carriers::of(CARRIERS),
            country: self.country,
            capacity: self.capacity,
            escaped,
            merges: true,
        };
        let introduction = crypto::introduce(&self.certificate, &contact, &self.key)?;
        introduction.encode().map_err(|error| Unfit::Introduction(error.into()))
    }
}

/// Reads the certificates of the network and of the node, and checks that they belong
/// together; dates do not matter.
fn certificates(state: &State) -> Result<(AuthorityCertificate, NodeCertificate), Unfit> {
    let file = state.ca();
    let text = text(&file)?;
    let ca = AuthorityCertificate::from_pem(&text)
        .map_err(|error| Unfit::Certificate { file, error })?;
    let file = state.certificate();
    let text = self::text(&file)?;
    let certificate = match NodeCertificate::from_pem(ca.network(), &text) {
        Ok(certificate) => certificate,
        Err(error) => return Err(Unfit::Certificate { file, error }),
    };
    let authority = NetworkAuthority::new(ca.clone());
    match authority.check(&certificate.der, certificate.until) {
        Ok(_) | Err(Refused::NotYetValid { .. } | Refused::Expired { .. }) => Ok((ca, certificate)),
        Err(why) => Err(Unfit::Unbelievable { file, why }),
    }
}

/// Names the file of a key, unless the error does.
pub(crate) fn unfit(file: PathBuf, error: KeyError) -> Unfit {
    let KeyError::File(error) = error else { return Unfit::Key { file, error } };
    if let FileError::Read { source, .. } = &error
        && source.kind() == ErrorKind::InvalidData
    {
        return Unfit::NoText { file };
    }
    Unfit::State(error.into())
}

fn text(file: &Path) -> Result<String, Unfit> {
    Ok(String::from_utf8_lossy(&State::read(file)?).into_owned())
}
