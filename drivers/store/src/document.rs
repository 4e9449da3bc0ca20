//! The network document: kept as it was signed, its version strictly rising.

use sqlx::{Row, Sqlite, Transaction};
use words::{NodeId, Wall};

use crate::{Error, Signing, Store, note, number, octets, prefix, seconds};

/// What the next document must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its version: above the present one's.
    pub version: u64,
    /// Numbers of the revoked certificates that have not expired, ascending; at most [`LISTED`].
    pub revoked: Vec<u64>,
    /// Numbers of those that have not expired either, and find no place in it, ascending.
    pub unlisted: Vec<u64>,
    /// The greatest small index of a node that is in the network; 0 without nodes.
    pub highest: u32,
    /// The present document, as signed.
    pub present: Vec<u8>,
}

/// Whom to revoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// This node.
    Node(NodeId),
    /// The node that has this certificate.
    Serial(u64),
}

/// What was revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The node.
    pub node: NodeId,
    /// Its certificates, ascending.
    pub serials: Vec<u64>,
    /// Version of the document that says so.
    pub version: u64,
}

/// Most revoked certificates that a document names. Beyond that, those that expire soonest are
/// left out: a revocation must never fail because of earlier ones.
pub const LISTED: usize = 5000;

/// How long after its end a certificate is still named as revoked: some clocks are slow.
const MARGIN: u64 = 86_400;

impl Store {
    /// Returns the version of the document; it rises whoever changes the file.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be read.
    pub async fn version(&self) -> Result<u64, Error> {
        let row = sqlx::query("SELECT version FROM network").fetch_one(&self.pool).await?;
        Ok(row.try_get::<i64, _>("version")?.unsigned_abs())
    }

    /// Returns the document as it was signed, and its version.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be read.
    pub async fn document(&self) -> Result<(u64, Vec<u8>), Error> {
        let row = sqlx::query("SELECT version, document FROM network");
        let row = row.fetch_one(&self.pool).await?;
        let version = row.try_get::<i64, _>("version")?.unsigned_abs();
        Ok((version, row.try_get("document")?))
    }

    /// Replaces the document, because parameters change; returns its version.
    ///
    /// The version is the next one, or `at_least` if that is higher: nodes refuse versions
    /// that they had, so a file restored from a backup must leap over those it has lost.
    /// `sign` is asked within the change: what it is given cannot be outdated.
    ///
    /// # Errors
    ///
    /// [`Error::Signing`], or [`Error`] if it cannot be written; nothing is then changed.
    pub async fn replace_document(
        &self,
        at_least: u64,
        now: Wall,
        sign: impl FnOnce(&Draft) -> Result<Vec<u8>, Signing> + Send,
    ) -> Result<u64, Error> {
        let mut change = self.change().await?;
        let version = replace(&mut change, at_least, now, &[], sign).await?;
        note(&mut change, now, "parameters", &format!("document {version}")).await?;
        change.commit().await?;
        Ok(version)
    }

    /// Replaces the document by one that says what time brought, such as the next epoch; returns its
    /// version. No line in the audit log: nobody did it.
    ///
    /// # Errors
    ///
    /// As [`replace_document`](Self::replace_document).
    pub async fn renew_document(
        &self,
        now: Wall,
        sign: impl FnOnce(&Draft) -> Result<Vec<u8>, Signing> + Send,
    ) -> Result<u64, Error> {
        let mut change = self.change().await?;
        let version = replace(&mut change, 0, now, &[], sign).await?;
        change.commit().await?;
        Ok(version)
    }

    /// Returns the secret that the registry's parts of beacons are made from; draws it when it is
    /// asked for the first time.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be read or written.
    pub async fn beacon_seed(&self, fresh: [u8; 32]) -> Result<[u8; 32], Error> {
        let mut change = self.change().await?;
        let row = sqlx::query("INSERT OR IGNORE INTO beacon (id, seed) VALUES (1, $1)");
        row.bind(&fresh[..]).execute(&mut *change).await?;
        let row = sqlx::query("SELECT seed FROM beacon").fetch_one(&mut *change).await?;
        change.commit().await?;
        let seed: Vec<u8> = row.try_get("seed")?;
        Ok(seed.try_into().unwrap_or(fresh))
    }

    /// Replaces that secret by a fresh one: all of the old one was told.
    ///
    /// # Errors
    ///
    /// [`Error`], if the row cannot be written.
    pub async fn renew_beacon_seed(&self, fresh: [u8; 32]) -> Result<(), Error> {
        let row = sqlx::query("INSERT OR REPLACE INTO beacon (id, seed) VALUES (1, $1)");
        row.bind(&fresh[..]).execute(&self.pool).await?;
        Ok(())
    }

    /// Returns how many certificates were ever revoked, those included that have expired since.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be read.
    pub async fn revocations(&self) -> Result<u64, Error> {
        let all = "SELECT (SELECT COUNT(*) FROM certificates WHERE revoked IS NOT NULL)
                   + (SELECT COUNT(*) FROM lost) AS revoked";
        let row = sqlx::query(all).fetch_one(&self.pool).await?;
        Ok(row.try_get::<i64, _>("revoked")?.unsigned_abs())
    }

    /// Revokes all certificates of a node, and says so in the next document.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownNode`] or [`Error::UnknownCertificate`] if there is nothing valid,
    /// [`Error::Revoked`] if all is revoked already, [`Error::Signing`], or [`Error`] if
    /// it cannot be written; nothing is then changed.
    pub async fn revoke(
        &self,
        target: Target,
        now: Wall,
        sign: impl FnOnce(&Draft) -> Result<Vec<u8>, Signing> + Send,
    ) -> Result<Revocation, Error> {
        let mut change = self.change().await?;
        let (node, key) = find(&mut change, target, now).await?;
        let rows = sqlx::query(
            "UPDATE certificates SET revoked = $1
             WHERE prefix = $2 AND key = $3 AND revoked IS NULL AND expires >= $1
             RETURNING serial",
        );
        let rows = rows.bind(seconds(now)).bind(octets(node.0)).bind(&key);
        let mut serials = serials(&rows.fetch_all(&mut *change).await?)?;
        serials.sort_unstable();
        if serials.is_empty() {
            return Err(already(&mut change, node, &key).await?);
        }
        let contact = sqlx::query("DELETE FROM contacts WHERE prefix = $1");
        contact.bind(octets(node.0)).execute(&mut *change).await?;
        let version = replace(&mut change, 0, now, &serials, sign).await?;
        note(&mut change, now, "revoke", &format!("{node} {serials:?}, document {version}"))
            .await?;
        change.commit().await?;
        Ok(Revocation { node, serials, version })
    }
}

/// Returns the node that is meant, and its key: a prefix may have had another owner before.
async fn find(
    change: &mut Transaction<'static, Sqlite>,
    target: Target,
    now: Wall,
) -> Result<(NodeId, Vec<u8>), Error> {
    let (row, unknown) = match target {
        Target::Serial(serial) => {
            let row = sqlx::query("SELECT * FROM certificates WHERE serial = $1");
            (row.bind(number(serial)), Error::UnknownCertificate { serial })
        }
        Target::Node(node) => {
            let row = sqlx::query(
                "SELECT * FROM certificates
                 WHERE prefix = $1 AND length = $2 AND expires >= $3
                 ORDER BY serial DESC LIMIT 1",
            );
            let row = row.bind(octets(node.0)).bind(node.0.length()).bind(seconds(now));
            (row, Error::UnknownNode { node })
        }
    };
    let row = row.fetch_optional(&mut **change).await?.ok_or(unknown)?;
    let node = NodeId(prefix(row.try_get("prefix")?, row.try_get("length")?));
    Ok((node, row.try_get("key")?))
}

/// Returns why nothing of a known node is left to revoke.
async fn already(
    change: &mut Transaction<'static, Sqlite>,
    node: NodeId,
    key: &[u8],
) -> Result<Error, Error> {
    let newest = sqlx::query(
        "SELECT serial, revoked FROM certificates WHERE prefix = $1 AND key = $2
         ORDER BY serial DESC LIMIT 1",
    );
    let newest = newest.bind(octets(node.0)).bind(key).fetch_one(&mut **change).await?;
    Ok(match newest.try_get::<Option<i64>, _>("revoked")? {
        Some(_) => Error::Revoked { serial: newest.try_get::<i64, _>("serial")?.unsigned_abs() },
        None => Error::UnknownNode { node },
    })
}

/// Writes the next document; `fresh` are the numbers just revoked, ascending.
pub(crate) async fn replace(
    change: &mut Transaction<'static, Sqlite>,
    at_least: u64,
    now: Wall,
    fresh: &[u64],
    sign: impl FnOnce(&Draft) -> Result<Vec<u8>, Signing> + Send,
) -> Result<u64, Error> {
    let row = sqlx::query("SELECT version, document FROM network").fetch_one(&mut **change).await?;
    let (revoked, unlisted) = revoked(change, now, fresh).await?;
    let version = row.try_get::<i64, _>("version")?.unsigned_abs() + 1;
    let version = version.max(at_least);
    let highest = highest(change, now).await?;
    let draft = Draft { version, revoked, unlisted, highest, present: row.try_get("document")? };
    let document = sign(&draft).map_err(Error::Signing)?;
    if !draft.unlisted.is_empty() {
        let subject = format!("document {version} has no place for {:?}", draft.unlisted);
        note(change, now, "unlist", &subject).await?;
    }
    let row = sqlx::query("UPDATE network SET version = $1, document = $2");
    row.bind(number(version)).bind(document).execute(&mut **change).await?;
    Ok(version)
}

/// Returns the greatest small index of a node that is in the network; 0 without nodes.
async fn highest(change: &mut Transaction<'static, Sqlite>, now: Wall) -> Result<u32, Error> {
    let row = sqlx::query(
        "SELECT COALESCE(MAX(number), 0) AS highest FROM certificates
         WHERE revoked IS NULL AND expires >= $1",
    );
    let row = row.bind(seconds(now)).fetch_one(&mut **change).await?;
    Ok(u32::try_from(row.try_get::<i64, _>("highest")?).unwrap_or(u32::MAX))
}

/// Returns the numbers of revoked certificates: those that a document names, and those that
/// find no place, which expire soonest. What was just revoked is the last to be left out.
async fn revoked(
    change: &mut Transaction<'static, Sqlite>,
    now: Wall,
    fresh: &[u64],
) -> Result<(Vec<u64>, Vec<u64>), Error> {
    let rows = sqlx::query(
        "SELECT serial, expires FROM certificates WHERE revoked IS NOT NULL AND expires >= $1
         UNION ALL SELECT serial, until AS expires FROM lost WHERE until >= $1
         ORDER BY expires DESC, serial DESC",
    );
    let since = Wall(now.0.saturating_sub(MARGIN));
    let rows = rows.bind(seconds(since)).fetch_all(&mut **change).await?;
    let mut listed = serials(&rows)?;
    // Stable: within each half, those that expire last stay first.
    listed.sort_by_key(|serial| fresh.binary_search(serial).is_err());
    let mut unlisted = listed.split_off(listed.len().min(LISTED));
    listed.sort_unstable();
    unlisted.sort_unstable();
    Ok((listed, unlisted))
}

fn serials(rows: &[sqlx::sqlite::SqliteRow]) -> Result<Vec<u64>, Error> {
    rows.iter().map(|row| Ok(row.try_get::<i64, _>("serial")?.unsigned_abs())).collect()
}
