//! Making a registry.

use std::fs::{DirBuilder, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use crypto::file::{PRIVATE, PUBLIC};
use crypto::{Fingerprint, Issuer, SigningKey, Validity};
use gossip::{Document, Parameters};
use linux::Clock;
use store::{Network, Store};
use words::{Prefix, Wall};

use crate::directory::{Directory, wait_for};
use crate::error::Error;
use crate::meshes::Division;
use crate::settings::{Settings, check_public};

/// What a new network is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its addresses, a /16 to a /60; none: a random `fd…::/48` (RFC 4193).
    pub network: Option<Prefix>,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// Where nodes reach it, `HOST:PORT`, best first; 1 to 16.
    pub public: Vec<String>,
    /// How the network behaves.
    pub parameters: Parameters,
    /// How it is divided in meshes; none: it is one.
    pub division: Option<Division>,
}

/// A network, made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Founded {
    /// Its addresses.
    pub network: Prefix,
    /// What invitations pin.
    pub fingerprint: Fingerprint,
}

/// Bits of a node's prefix.
const NODE: u8 = 64;
/// How long the authority's certificate is valid.
const AUTHORITY: Duration = Duration::from_hours(24 * 365 * 30);
/// How long before now certificates begin: some clocks are slow.
pub(crate) const EARLY: u64 = 3600;

/// Makes a registry in `directory`: authority, rows and settings.
///
/// What was made is taken away again if something fails.
///
/// # Errors
///
/// [`Error::Exists`] if any file of a registry is there; [`Error::Network`],
/// [`Error::Public`], [`Error::Bounds`] for what makes no network; otherwise as the system
/// says.
pub fn init(directory: &Path, options: &Options) -> Result<Founded, Error> {
    check_public(&options.public).map_err(Error::Public)?;
    let objections = options.parameters.objections();
    if !objections.is_empty() {
        return Err(Error::Bounds(objections));
    }
    let network = match options.network {
        Some(network) if is_fit(network) => network,
        Some(network) => return Err(Error::Network { network }),
        None => random_network()?,
    };
    let place = Directory::at(directory);
    if let Some(file) = place.files().into_iter().find(|file| file.exists()) {
        return Err(Error::Exists { file });
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|why| Error::Directory { directory: directory.to_owned(), why })?;
    let founded = wait_for(write(&place, network, options));
    if founded.is_err() {
        for file in place.files().into_iter().chain(place.companions()) {
            // Best effort: the error that matters is the first one.
            let _ = std::fs::remove_file(file);
        }
    }
    founded
}

async fn write(place: &Directory, network: Prefix, options: &Options) -> Result<Founded, Error> {
    let now = Clock::wall();
    let validity = Validity { from: Wall(now.0.saturating_sub(EARLY)), until: now.plus(AUTHORITY) };
    let name = format!("re6st {network}");
    let issuer = Issuer::create(network, &name, SigningKey::generate()?, validity)?;
    issuer.key().save(&place.key())?;
    let certificate = issuer.certificate();
    crypto::file::write(&place.certificate(), certificate.pem().as_bytes(), PUBLIC)?;

    let parameters = options.parameters.clone();
    let revoked = Vec::new();
    let seed = linux::seed()?;
    let divide = |division: &Division| division.found(network, seed, now);
    let meshes = options.division.as_ref().map(divide).transpose()?;
    let is_divided = meshes.is_some();
    let document = Document { network, version: 1, issued: now, parameters, revoked, meshes };
    let document = issuer.sign_document(&document)?.encode()?;
    let rows = place.rows();
    let kind = Network { prefix: network, node_length: NODE };
    let store = Store::create(&rows, kind, &document, now).await?;
    if is_divided {
        store.beacon_seed(seed).await?;
    }
    store.close().await;
    let private = std::fs::set_permissions(&rows, Permissions::from_mode(PRIVATE));
    private.map_err(|why| Error::Directory { directory: rows, why })?;

    // Last, because it says that all is there.
    let settings = Settings::write(options.listen, &options.public);
    crypto::file::write(&place.settings(), settings.as_bytes(), PUBLIC)?;
    Ok(Founded { network, fingerprint: certificate.fingerprint() })
}

/// Tells whether nodes can live in `network`: unicast, neither link-local nor special, with
/// room for at least 15 of them.
fn is_fit(network: Prefix) -> bool {
    let global = Prefix::new(0x2 << 124, 3);
    let local = Prefix::new(0xfd << 120, 8);
    (16..=60).contains(&network.length()) && (global.covers(network) || local.covers(network))
}

/// Draws a network of one's own: fd, then 40 random bits.
///
/// Source: RFC 4193 §3.1.
fn random_network() -> Result<Prefix, Error> {
    let mut chance = [0; 16];
    linux::entropy::fill(&mut chance)?;
    let bits = u128::from_be_bytes(chance) >> 8 | 0xfd << 120;
    Ok(Prefix::new(bits, 48))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_local_or_global_and_have_room() {
        for fit in ["fd00::/48", "fdff:ffff:ffff::/48", "2001:db8::/32", "fd00::/60", "2001::/16"] {
            assert!(is_fit(fit.parse().unwrap()), "{fit}");
        }
        for unfit in ["fe80::/48", "ff00::/48", "::/16", "fd00::/8", "fd00::/64", "fc00::/48"] {
            assert!(!is_fit(unfit.parse().unwrap()), "{unfit}");
        }
    }

    #[test]
    fn a_random_network_is_a_local_one() {
        let (one, other) = (random_network().unwrap(), random_network().unwrap());
        assert!(is_fit(one) && one.length() == 48 && one.bits() >> 120 == 0xfd);
        assert_ne!(one, other);
    }
}
