//! What can keep an operator from running a registry.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use words::Prefix;

/// A registry that cannot be made, changed or served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is one already, or the rest of one.
    #[error("{} exists already: this directory holds a registry; use another directory", file.display())]
    Exists {
        /// What is there.
        file: PathBuf,
    },
    /// There is none.
    #[error("{} holds no registry; make one with `re6st registry init`", directory.display())]
    Missing {
        /// The directory.
        directory: PathBuf,
    },
    /// The directory cannot be made.
    #[error("cannot make {}: {why}; check rights and free space", directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// The network cannot be one.
    #[error(
        "{network} cannot be a network of nodes; use a /16 to a /60 inside fd00::/8 or 2000::/3"
    )]
    Network {
        /// What was asked for.
        network: Prefix,
    },
    /// The settings are wrong.
    #[error("{}: {what}", file.display())]
    Settings {
        /// The file.
        file: PathBuf,
        /// What is wrong, and the remedy.
        what: String,
    },
    /// A public address is wrong.
    #[error("{0}")]
    Public(String),
    /// Numbers would break the network: each with its name and its bounds.
    #[error("out of bounds: {}", .0.join("; "))]
    Bounds(Vec<String>),
    /// The network is not divided.
    #[error("the network is one mesh; divide it with `re6st registry meshes split`")]
    OneMesh,
    /// Text that names no node.
    #[error(
        "{text:?} names no node; give its prefix or its certificate's number, as `re6st registry nodes` lists them"
    )]
    Nobody {
        /// The text.
        text: String,
    },
    /// The parts of the directory do not belong together.
    #[error("ca.pem is of {certificate}, registry.db of {rows}; restore both from one backup")]
    Mixed {
        /// The network of the authority's certificate.
        certificate: Prefix,
        /// The network of the rows.
        rows: Prefix,
    },
    /// A file with a network document that cannot be read.
    #[error("cannot read {}: {why}; name a copy of document.cbor that you may read", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// Something else than a network document.
    #[error(
        "{} is no network document: {why}; copy document.cbor from the state directory of a node",
        file.display()
    )]
    NoDocument {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: gossip::Malformed,
    },
    /// A network document that was signed by somebody else.
    #[error(
        "{} is not signed by this registry's authority for {network}; take it from a node of \
         this network, or restore ca.key and ca.pem of the same registry",
        file.display()
    )]
    Foreign {
        /// The file.
        file: PathBuf,
        /// The network of the registry.
        network: Prefix,
    },
    /// A network document from which there is nothing to adopt.
    #[error(
        "it has version {theirs}, this registry {ours}, and who has it accepts what this \
         registry signs: nothing is kept back, and there is nothing to restore; if nodes refuse it, \
         take document.cbor of a node whose `re6st status` tells a higher version; if anybody may \
         have joined since the backup, add --keep-back"
    )]
    Known {
        /// Version of the document.
        theirs: u64,
        /// Version of the registry's own.
        ours: u64,
    },
    /// The server cannot listen.
    #[error("cannot listen on {address}: {why}; {}", listening(why))]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        why: io::Error,
    },
    /// The server stopped by itself, or could not start.
    #[error("the server failed: {0}; check memory, and the limit of open files")]
    Server(io::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}; check ca.pem and ca.key")]
    Tls(String),
    /// No random numbers.
    #[error(transparent)]
    System(#[from] linux::Error),
    /// The rows.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A file.
    #[error(transparent)]
    File(#[from] crypto::file::FileError),
    /// A key.
    #[error(transparent)]
    Key(#[from] crypto::KeyError),
    /// A certificate.
    #[error(transparent)]
    Certificate(#[from] crypto::CertificateError),
    /// The authority does not sign.
    #[error(transparent)]
    Issue(#[from] crypto::IssueError),
    /// The network document cannot be read or written.
    #[error("the network document is wrong: {0}; restore registry.db from a backup")]
    Document(#[from] gossip::Malformed),
}

/// Tells what an operator can do about a port that cannot be had.
fn listening(error: &io::Error) -> &'static str {
    let remedies = [
        (
            io::ErrorKind::AddrInUse,
            "another program has this port: stop it, or change `listen` in registry.toml",
        ),
        (
            io::ErrorKind::PermissionDenied,
            "ports below 1024 need rights: run as root, or change `listen` in registry.toml",
        ),
        (
            io::ErrorKind::AddrNotAvailable,
            "this machine has no such address: change `listen` in registry.toml",
        ),
    ];
    let known = remedies.into_iter().find(|(kind, _)| *kind == error.kind());
    known.map_or("check `listen` in registry.toml", |(_, remedy)| remedy)
}
