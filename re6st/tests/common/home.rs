//! State directories of nodes, made without a registry.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crypto::{Grant, Issuer, NodeCertificate, SigningKey, StaticKey, Validity};
use serde_json::Value;
use tempfile::TempDir;
use words::{NodeId, Wall};

use super::re6st;

/// The state directory of a node; gone when dropped.
pub(crate) struct Home {
    folder: TempDir,
    pub(crate) state: PathBuf,
}

impl Home {
    /// A node of a network whose registry is away.
    pub(crate) fn new() -> Self {
        let ca = authority("fd00:42::/48", SigningKey::generate().unwrap());
        Self::of(&ca, |key| ca.issue(&key.public(), &grant("fd00:42:0:7::/64", years(1))).unwrap())
    }

    /// A node of `ca`'s network, with the certificate that `issue` gives to its key.
    pub(crate) fn of(ca: &Issuer, issue: impl FnOnce(&SigningKey) -> NodeCertificate) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        std::fs::create_dir(&state).unwrap();
        let home = Self { folder, state };
        let key = SigningKey::generate().unwrap();
        key.save(&home.file("key.pem")).unwrap();
        StaticKey::generate().unwrap().save(&home.file("noise.key")).unwrap();
        home.write("ca.pem", ca.certificate().pem());
        home.write("certificate.pem", issue(&key).pem());
        home.write("registry.txt", "127.0.0.1:9\n");
        home
    }

    /// A directory that holds nothing yet.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        Self { folder, state }
    }

    /// Puts the state directory somewhere else.
    pub(crate) fn at(self, state: &Path) -> Self {
        if self.state.exists() {
            std::fs::create_dir_all(state).unwrap();
            for file in std::fs::read_dir(&self.state).unwrap().map(Result::unwrap) {
                std::fs::copy(file.path(), state.join(file.file_name())).unwrap();
            }
        }
        Self { state: state.to_owned(), ..self }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.state.join(name)
    }

    pub(crate) fn write(&self, name: &str, octets: impl AsRef<[u8]>) {
        std::fs::write(self.file(name), octets).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.file(name)).unwrap()
    }

    pub(crate) fn path(&self) -> &str {
        self.state.to_str().unwrap()
    }

    /// What the running node says of itself; nothing while it does not answer.
    pub(crate) fn status(&self) -> Value {
        let said = re6st(&["status", "--json", "--state", self.path()]);
        serde_json::from_str(&said.out).unwrap_or_default()
    }
}

/// Makes the authority of a network.
pub(crate) fn authority(network: &str, key: SigningKey) -> Issuer {
    Issuer::create(network.parse().unwrap(), "a network", key, years(30)).unwrap()
}

/// A certificate's contents, for the node of this prefix.
pub(crate) fn grant(node: &str, validity: Validity) -> Grant {
    Grant { node: NodeId(node.parse().unwrap()), index: 1, serial: 1, validity }
}

/// From a day ago for so many years; from two years ago until a year ago for none.
pub(crate) fn years(count: u64) -> Validity {
    let now = linux::Clock::wall();
    let year = 365 * 86_400;
    match count {
        0 => Validity { from: Wall(now.0 - 2 * year), until: Wall(now.0 - year) },
        _ => Validity {
            from: Wall(now.0 - 86_400),
            until: now.plus(Duration::from_secs(year * count)),
        },
    }
}

/// Returns the certificate that a registry gave.
pub(crate) fn enrolled(home: &Home) -> NodeCertificate {
    let text = |name| String::from_utf8(home.read(name)).unwrap();
    let ca = crypto::AuthorityCertificate::from_pem(&text("ca.pem")).unwrap();
    NodeCertificate::from_pem(ca.network(), &text("certificate.pem")).unwrap()
}
