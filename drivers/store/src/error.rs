//! What can be wrong with the rows, and what to do about it.

use std::path::PathBuf;

use words::{NodeId, Prefix, Wall};

use crate::Signing;

/// A question or a change that the rows refuse.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No invitation has this token.
    #[error("the registry knows no such invitation; ask for another (`re6st registry invite`)")]
    UnknownInvitation,
    /// The invitation is too old.
    #[error("the invitation has expired; ask for another (`re6st registry invite`)")]
    ExpiredInvitation {
        /// When it expired.
        since: Wall,
    },
    /// All uses of the invitation are gone.
    #[error("the invitation has been used up; ask for another (`re6st registry invite`)")]
    UsedInvitation,
    /// No certificate has this number.
    #[error("no certificate has the number {serial}; see `re6st registry nodes`")]
    UnknownCertificate {
        /// The number.
        serial: u64,
    },
    /// No valid certificate is of this node.
    #[error("no node {node} has a certificate; see `re6st registry nodes`")]
    UnknownNode {
        /// The node.
        node: NodeId,
    },
    /// The certificate is revoked.
    #[error("certificate {serial} is revoked; only a new invitation lets its owner in again")]
    Revoked {
        /// Its number.
        serial: u64,
    },
    /// The prefix of an expired certificate went to somebody else.
    #[error("certificate {serial} expired and its prefix was given away; join again")]
    Replaced {
        /// Its number.
        serial: u64,
    },
    /// Every prefix is taken.
    #[error("the network {network} has no prefix left for a node; make a larger network")]
    NoRoom {
        /// The network.
        network: Prefix,
    },
    /// The caller could not sign.
    #[error("the authority cannot sign: {0}")]
    Signing(Signing),
    /// There is a file already.
    #[error("{file} exists already; use another directory")]
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// There is no file.
    #[error("{file} does not exist; make a registry with `re6st registry init`")]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// The disk is full.
    #[error("the disk is full; make room, nothing is lost meanwhile")]
    Full,
    /// The file may not be written.
    #[error("the database is read-only; run as the user who owns it, on a writable disk")]
    ReadOnly,
    /// The file cannot be opened.
    #[error(
        "the database cannot be opened; its directory must be there and writable: \
         run as the user who owns it, on a disk that is not read-only"
    )]
    Denied,
    /// The disk failed while reading or writing; a full one may fail so, too.
    #[error("the disk fails ({0}); make room if it is full, otherwise replace it")]
    Disk(String),
    /// Another process has been writing for too long.
    #[error("another process holds the database; try again")]
    Busy,
    /// The file is no database, or a broken one.
    #[error("the database is damaged ({0}); restore it from a backup")]
    Damaged(String),
    /// The file was written by a newer program.
    #[error("the database does not fit this version of re6st ({0}); use a newer one")]
    Version(String),
    /// Anything else that the database says.
    #[error("the database says: {0}; check the disk")]
    Database(sqlx::Error),
}

/// Primary result codes of SQLite (<https://www.sqlite.org/rescode.html>).
mod code {
    pub(super) const PERM: i32 = 3;
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READONLY: i32 = 8;
    pub(super) const IOERR: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const NOTADB: i32 = 26;
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy;
        }
        let Some(said) = error.as_database_error() else { return Self::Database(error) };
        // The low octet of an extended result code is the primary one.
        let primary = said.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
        match primary {
            Some(code::FULL) => Self::Full,
            Some(code::READONLY) => Self::ReadOnly,
            Some(code::CANTOPEN | code::PERM) => Self::Denied,
            Some(code::BUSY | code::LOCKED) => Self::Busy,
            Some(code::IOERR) => Self::Disk(said.message().to_owned()),
            Some(code::CORRUPT | code::NOTADB) => Self::Damaged(said.message().to_owned()),
            Some(_) | None => Self::Database(error),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        if let sqlx::migrate::MigrateError::Execute(error)
        | sqlx::migrate::MigrateError::ExecuteMigration(error, _) = error
        {
            error.into()
        } else {
            Self::Version(error.to_string())
        }
    }
}
