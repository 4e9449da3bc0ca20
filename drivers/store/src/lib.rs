//! The rows of a registry, in an SQLite file.
//!
//! ```text
//! network ──── document (version strictly rises)
//! invitations ─1:n─ certificates ─1:1─ contacts
//! beacon       the secret of elections
//! shares       what members promise and reveal for beacons, of the last epoch
//! attestations what members were seen to carry, of the last epoch
//! believed     the epoch in which that was believed last of each
//! lost         revoked certificates whose rows a restored backup did not have
//! kept_*       prefixes and small indexes that members without rows may have
//! audit        one line for each change but of contacts, which nodes make; the newest lines
//! ```
//!
//! Each change is one transaction, its line in the audit log included: after a crash all
//! of it is there, or nothing. Server and command line may use the same file at once; a
//! writer waits for the other at most [`PATIENCE`].
//!
//! Commits are synced to the disk (`synchronous = FULL`): a certificate that was handed
//! out must not be forgotten after a power cut, or its number and prefix would be given
//! twice, and it could not be revoked. Enrolments are rare enough to afford it.

mod allocation;
mod attestation;
mod certificate;
mod contact;
mod document;
mod error;
mod invitation;
mod restore;
mod share;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Row, SqlSafeStr, Sqlite, Transaction};
use words::{Prefix, Wall};

pub use certificate::{Applicant, Certificate, Node, Seat};
pub use contact::{Contact, Published};
pub use document::{Draft, LISTED, Revocation, Target};
pub use error::Error;
pub use invitation::Invitation;
pub use restore::{Forgotten, Restored};
pub use share::Share;

/// How long a writer waits for another process.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What a caller's signing may fail with.
pub type Signing = Box<dyn std::error::Error + Send + Sync>;

/// A registry's rows.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
    file: PathBuf,
}

/// What is known of a network from its first day on, and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The network.
    pub prefix: Prefix,
    /// Bits of a node's prefix: more than the network's by 1 to 63.
    pub node_length: u8,
}

/// A line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Wall,
    /// What was done: `init`, `invite`, `enrol`, `renew`, `revoke`,
    /// `parameters`, `restore`, and `unlist` for revoked certificates that a document has no
    /// place for.
    pub action: String,
    /// To whom.
    pub subject: String,
}

impl Store {
    /// Makes the rows of a new network, with its first document.
    ///
    /// Shape: `document` is the signed document of version 1.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`] if the file is there; [`Error::NoRoom`] for a network without
    /// room for nodes; otherwise as [`open`](Self::open).
    pub async fn create(
        file: &Path,
        network: Network,
        document: &[u8],
        now: Wall,
    ) -> Result<Self, Error> {
        let room = network.node_length.saturating_sub(network.prefix.length());
        if !(1..64).contains(&room) || network.node_length > 128 {
            return Err(Error::NoRoom { network: network.prefix });
        }
        if file.exists() {
            return Err(Error::Exists { file: file.to_owned() });
        }
        let store = Self::connect(file, true).await?;
        match store.begin(network, document, now).await {
            Ok(()) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    async fn begin(&self, network: Network, document: &[u8], now: Wall) -> Result<(), Error> {
        let mut change = self.change().await?;
        let row = sqlx::query("INSERT INTO network VALUES (1, $1, $2, $3, 1, $4)");
        row.bind(octets(network.prefix))
            .bind(network.prefix.length())
            .bind(network.node_length)
            .bind(document)
            .execute(&mut *change)
            .await?;
        note(&mut change, now, "init", &network.prefix.to_string()).await?;
        change.commit().await?;
        Ok(())
    }

    /// Opens the rows of a network.
    ///
    /// Rows of an older version of the program are brought up to date.
    ///
    /// # Errors
    ///
    /// [`Error`]: missing, not readable or writable, damaged, or of a newer version.
    pub async fn open(file: &Path) -> Result<Self, Error> {
        if !file.exists() {
            return Err(Error::Missing { file: file.to_owned() });
        }
        Self::connect(file, false).await
    }

    /// Closes the file: all that was written is in it.
    pub async fn close(self) {
        self.pool.close().await;
    }

    /// Returns the file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Returns what never changes.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be read.
    pub async fn network(&self) -> Result<Network, Error> {
        let row = sqlx::query("SELECT prefix, length, node_length FROM network")
            .fetch_one(&self.pool)
            .await?;
        let prefix = prefix(row.try_get("prefix")?, row.try_get("length")?);
        Ok(Network { prefix, node_length: row.try_get("node_length")? })
    }

    /// Returns the newest changes, newest first, at most `count`.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be read.
    pub async fn changes(&self, count: u32) -> Result<Vec<Change>, Error> {
        let rows = sqlx::query("SELECT at, action, subject FROM audit ORDER BY id DESC LIMIT $1");
        let rows = rows.bind(count).fetch_all(&self.pool).await?;
        let change = |row: &sqlx::sqlite::SqliteRow| {
            let (action, subject) = (row.try_get("action")?, row.try_get("subject")?);
            Ok(Change { at: wall(row.try_get("at")?), action, subject })
        };
        rows.iter().map(change).collect()
    }

    async fn connect(file: &Path, create: bool) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(create)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(PATIENCE);
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        if let Err(error) = migrations().run(&pool).await {
            pool.close().await;
            return Err(error.into());
        }
        Ok(Self { pool, file: file.to_owned() })
    }

    /// Begins a change. It holds the one right to write from its start, so that what it
    /// reads is still true when it writes.
    async fn change(&self) -> Result<Transaction<'static, Sqlite>, Error> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// Enough to read while one writes.
const CONNECTIONS: u32 = 4;

fn migrations() -> Migrator {
    let begin = include_str!("../migrations/0001_begin.sql").into_sql_str();
    let begin = Migration::new(1, "begin".into(), MigrationType::Simple, begin, false);
    let indexes = include_str!("../migrations/0002_indexes.sql").into_sql_str();
    let indexes = Migration::new(2, "indexes".into(), MigrationType::Simple, indexes, false);
    let beacon = include_str!("../migrations/0003_beacon.sql").into_sql_str();
    let beacon = Migration::new(3, "beacon".into(), MigrationType::Simple, beacon, false);
    let seen = include_str!("../migrations/0004_attestations.sql").into_sql_str();
    let seen = Migration::new(4, "attestations".into(), MigrationType::Simple, seen, false);
    let shares = include_str!("../migrations/0005_shares.sql").into_sql_str();
    let shares = Migration::new(5, "shares".into(), MigrationType::Simple, shares, false);
    let believed = include_str!("../migrations/0006_believed.sql").into_sql_str();
    let believed = Migration::new(6, "believed".into(), MigrationType::Simple, believed, false);
    let lost = include_str!("../migrations/0007_lost.sql").into_sql_str();
    let lost = Migration::new(7, "lost".into(), MigrationType::Simple, lost, false);
    let kept = include_str!("../migrations/0008_kept_back.sql").into_sql_str();
    let kept = Migration::new(8, "kept back".into(), MigrationType::Simple, kept, false);
    Migrator::with_migrations(vec![begin, indexes, beacon, seen, shares, believed, lost, kept])
}

/// Most lines of the audit log.
const LINES: i64 = 100_000;

/// Writes a line of the audit log; one too old makes room for it.
async fn note(
    change: &mut Transaction<'static, Sqlite>,
    at: Wall,
    action: &str,
    subject: &str,
) -> Result<(), Error> {
    let line = sqlx::query("INSERT INTO audit (at, action, subject) VALUES ($1, $2, $3)");
    let line = line.bind(seconds(at)).bind(action).bind(subject).execute(&mut **change).await?;
    let old = sqlx::query("DELETE FROM audit WHERE id <= $1");
    old.bind(line.last_insert_rowid().saturating_sub(LINES)).execute(&mut **change).await?;
    Ok(())
}

/// Returns a time as SQLite has it; a time after its end of days is that end.
fn seconds(at: Wall) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

fn wall(seconds: i64) -> Wall {
    Wall(u64::try_from(seconds).unwrap_or(0))
}

/// Returns a number as SQLite has it; numbers of certificates never come near the end.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn octets(prefix: Prefix) -> Vec<u8> {
    prefix.bits().to_be_bytes().to_vec()
}

/// Reads a prefix; the table makes sure that it has 16 octets.
fn prefix(octets: Vec<u8>, length: u8) -> Prefix {
    let bits = <[u8; 16]>::try_from(octets).unwrap_or_default();
    Prefix::new(u128::from_be_bytes(bits), length)
}
