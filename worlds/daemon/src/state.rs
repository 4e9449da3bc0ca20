//! The state directory of a node: what it must not lose, and what it may.
//!
//! ```text
//!   key.pem          the Ed25519 key of the certificate            must not be lost
//!   noise.key        the X25519 key of the udp carrier             must not be lost
//!   certificate.pem  who we are, signed by the network's CA        renewed by itself
//!   ca.pem           the network's CA
//!   registry.txt     where the registry answers, a line each
//!   re6st.toml       the configuration
//!   document.cbor    the last network document                     comes back by itself
//!   contacts.cbor    how to reach other nodes                      comes back by itself
//!   control.sock     the control socket of the running node
//!   lock             held by the running node
//! ```
//!
//! Every file is replaced whole: written aside, synced, renamed.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

/// The state directory of one node.
#[derive(Clone, Debug)]
pub(crate) struct State(PathBuf);

/// Held as long as the node runs; a second node with the same state is refused.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "holding it is its use")] Flock<File>);

/// A state directory that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Unusable {
    /// There is none.
    #[error("{0} holds no node; join a network first: re6st join INVITATION --state {0}")]
    Missing(PathBuf),
    /// Another node runs with it.
    #[error("a node already runs with {0}; stop it first, or use another --state")]
    Locked(PathBuf),
    /// It holds a node already.
    #[error("{0} already holds a node; use another --state, or remove it to join anew")]
    Taken(PathBuf),
    /// A file cannot be replaced, or a key not be read.
    #[error(transparent)]
    Replace(#[from] crypto::file::FileError),
    /// A file cannot be read, or the directory cannot be made.
    #[error("{file}: {error}; {remedy}", remedy = remedy(error))]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Tells what an operator can do about `error`.
#[expect(clippy::wildcard_enum_match_arm, reason = "the system's errors are many, and grow")]
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "run as the user who owns the directory, or as root",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full: make room, nothing is lost meanwhile"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "the file system is read-only: remount it, or use another --state"
        }
        io::ErrorKind::NotFound => "the directory is incomplete: join anew with another --state",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "something that is no directory has that name: use another --state"
        }
        io::ErrorKind::IsADirectory => "a file is wanted here, not a directory: name another",
        _ => "check the disk and the directory",
    }
}

impl State {
    /// Returns the state directory at `path`, which need not exist yet.
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes the directory, for its owner alone.
    ///
    /// # Errors
    ///
    /// [`Unusable::Taken`] if a node lives there; [`Unusable::File`] if it cannot be made.
    pub(crate) fn create(&self) -> Result<(), Unusable> {
        if self.holds_a_node()? {
            return Err(Unusable::Taken(self.0.clone()));
        }
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.0);
        made.map_err(|error| file_error(&self.0, error))
    }

    /// Takes the lock of the directory, for as long as the returned value lives.
    ///
    /// # Errors
    ///
    /// [`Unusable::Missing`] without a certificate in it; [`Unusable::Locked`] if a node
    /// runs with it; [`Unusable::File`] if it cannot be written.
    pub(crate) fn lock(&self) -> Result<Lock, Unusable> {
        if !self.holds_a_node()? {
            return Err(Unusable::Missing(self.0.clone()));
        }
        let path = self.0.join("lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        let file = options.open(&path).map_err(|error| file_error(&path, error))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Lock(lock)),
            Err((_, Errno::EWOULDBLOCK)) => Err(Unusable::Locked(self.0.clone())),
            Err((_, errno)) => Err(file_error(&path, errno.into())),
        }
    }

    /// Tells whether a node lives here; a directory that we may not open is an error,
    /// since what is in it may be precious.
    fn holds_a_node(&self) -> Result<bool, Unusable> {
        let certificate = self.certificate();
        match certificate.try_exists() {
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                Err(file_error(&self.0, error))
            }
            exists => exists.map_err(|error| file_error(&certificate, error)),
        }
    }

    /// Returns the directory itself.
    pub(crate) fn directory(&self) -> &Path {
        &self.0
    }

    /// Returns where the node's Ed25519 key is.
    pub(crate) fn key(&self) -> PathBuf {
        self.0.join("key.pem")
    }

    /// Returns where the carrier's X25519 key is.
    pub(crate) fn noise_key(&self) -> PathBuf {
        self.0.join("noise.key")
    }

    /// Returns where the certificate is.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.0.join("certificate.pem")
    }

    /// Returns where the CA certificate is.
    pub(crate) fn ca(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    /// Returns where the addresses of the registry are.
    pub(crate) fn registry(&self) -> PathBuf {
        self.0.join("registry.txt")
    }

    /// Returns where the configuration is, unless another is named.
    pub(crate) fn config(&self) -> PathBuf {
        self.0.join("re6st.toml")
    }

    /// Returns where the last network document is.
    pub(crate) fn document(&self) -> PathBuf {
        self.0.join("document.cbor")
    }

    /// Returns where the contacts are.
    pub(crate) fn contacts(&self) -> PathBuf {
        self.0.join("contacts.cbor")
    }

    /// The keys of what members announce on LANs, the one in force first, 32 octets each.
    pub(crate) fn lan_keys(&self) -> PathBuf {
        self.0.join("lan.keys")
    }

    /// Reads a file that must be there.
    ///
    /// # Errors
    ///
    /// [`Unusable::File`], with its remedy.
    pub(crate) fn read(file: &Path) -> Result<Vec<u8>, Unusable> {
        std::fs::read(file).map_err(|error| file_error(file, error))
    }

    /// Reads a file that may be missing: then it is empty.
    ///
    /// # Errors
    ///
    /// [`Unusable::File`] if it is there and cannot be read.
    pub(crate) fn read_or_empty(file: &Path) -> Result<Vec<u8>, Unusable> {
        match std::fs::read(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read.map_err(|error| file_error(file, error)),
        }
    }

    /// Replaces a file whole, readable by its owner alone; survives a crash at any point.
    ///
    /// # Errors
    ///
    /// [`Unusable::Replace`]; what was there before is still there.
    pub(crate) fn replace(file: &Path, octets: &[u8]) -> Result<(), Unusable> {
        Ok(crypto::file::write(file, octets, crypto::file::PRIVATE)?)
    }
}

fn file_error(file: &Path, error: io::Error) -> Unusable {
    Unusable::File { file: file.to_owned(), error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_node() -> (tempfile::TempDir, State) {
        let directory = tempfile::tempdir().unwrap();
        let state = State::at(directory.path());
        State::replace(&state.certificate(), b"certificate").unwrap();
        (directory, state)
    }

    #[test]
    fn one_node_at_a_time() {
        let (_directory, state) = a_node();
        let lock = state.lock().unwrap();
        assert!(matches!(state.lock(), Err(Unusable::Locked(_))));
        drop(lock);
        assert!(state.lock().is_ok());
    }

    #[test]
    fn a_node_is_not_overwritten_and_nothing_is_no_node() {
        let (_directory, state) = a_node();
        assert!(matches!(state.create(), Err(Unusable::Taken(_))));
        let empty = tempfile::tempdir().unwrap();
        let error = State::at(empty.path()).lock().unwrap_err().to_string();
        assert!(error.contains("re6st join"), "{error}");
    }

    #[test]
    fn a_write_cut_short_leaves_the_old_file() {
        let (_directory, state) = a_node();
        State::replace(&state.document(), b"one").unwrap();
        std::fs::write(state.directory().join("document.cbor.new"), b"tw").unwrap();
        assert_eq!(State::read(&state.document()).unwrap(), b"one");
        State::replace(&state.document(), b"two").unwrap();
        assert_eq!(State::read(&state.document()).unwrap(), b"two");
    }

    #[test]
    fn a_file_that_cannot_be_written_is_an_error_with_a_remedy() {
        let state = State::at(Path::new("/proc/re6st-nowhere"));
        let error = State::replace(&state.document(), b"x").unwrap_err().to_string();
        assert!(error.contains("document.cbor") && error.contains("; "), "{error}");
    }
}
