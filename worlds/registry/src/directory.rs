//! The directory of a registry.
//!
//! ```text
//!   ca.key         the authority's key, its owner's only    must not be lost
//!   ca.pem         the authority's certificate              must not be lost
//!   registry.db    who is who                               must not be lost
//!   registry.toml  the settings
//! ```

use std::path::{Path, PathBuf};

use crypto::{AuthorityCertificate, Issuer, SigningKey};
use store::Store;

use crate::error::Error;
use crate::settings::Settings;

/// Where everything is.
#[derive(Clone, Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// Returns the directory at `path`, which need not exist.
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.0.join("ca.key")
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    pub(crate) fn rows(&self) -> PathBuf {
        self.0.join("registry.db")
    }

    pub(crate) fn settings(&self) -> PathBuf {
        self.0.join("registry.toml")
    }

    /// Returns every file of a registry, in the order of their making.
    pub(crate) fn files(&self) -> [PathBuf; 4] {
        [self.key(), self.certificate(), self.rows(), self.settings()]
    }

    /// Returns what SQLite keeps besides the rows while it writes them.
    pub(crate) fn companions(&self) -> [PathBuf; 3] {
        ["registry.db-wal", "registry.db-shm", "registry.db-journal"].map(|name| self.0.join(name))
    }

    /// Opens the registry.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if there is none, [`Error::Mixed`], or what is wrong with a file.
    pub(crate) async fn open(&self) -> Result<Registry, Error> {
        if !self.settings().exists() {
            return Err(Error::Missing { directory: self.0.clone() });
        }
        let settings = Settings::read(&self.settings())?;
        let pem = crypto::file::read(&self.certificate())?;
        let certificate = AuthorityCertificate::from_pem(&pem)?;
        let issuer = Issuer::new(certificate, SigningKey::load(&self.key())?)?;
        let store = Store::open(&self.rows()).await?;
        let (certificate, rows) = (issuer.certificate().network(), store.network().await?.prefix);
        if certificate != rows {
            return Err(Error::Mixed { certificate, rows });
        }
        Ok(Registry { settings, issuer, store })
    }
}

/// An open registry.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) settings: Settings,
    pub(crate) issuer: Issuer,
    pub(crate) store: Store,
}

/// Runs what waits for files, to its end.
///
/// # Errors
///
/// [`Error::Server`] if the system has no means to wait, or as the work itself.
pub(crate) fn wait_for<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Error::Server)?.block_on(work)
}
