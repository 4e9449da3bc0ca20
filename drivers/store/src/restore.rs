//! What a file restored from a backup has forgotten, taken from a document that was signed since.

use sqlx::{Row, Sqlite, Transaction};
use words::{NodeId, Wall};

use crate::document::replace;
use crate::{Draft, Error, Signing, Store, note, number, octets, seconds};

/// Certificates that may have been issued since a backup: so many numbers are left out.
const SERIALS: u64 = 100_000;
/// Small indexes that may have been given since: so many are left out, if there is room.
const INDEXES: u32 = 1000;

/// What a document says that the rows may not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten<'a> {
    /// Its version: the next document is above it.
    pub version: u64,
    /// Numbers of the certificates that it revokes.
    pub revoked: &'a [u64],
    /// The nodes that it lists as members; none where it lists nobody.
    pub members: &'a [NodeId],
    /// How many small indexes there are, the registry's included: parts of its IPv4 range, or
    /// [`u32::MAX`] without one.
    pub room: u32,
    /// When all that was issued up to it has expired for sure, for what has no row.
    pub until: Wall,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Version of the new document.
    pub version: u64,
    /// Numbers of the certificates that are revoked again, ascending.
    pub revoked: Vec<u64>,
    /// Numbers of those that are revoked and have no row, ascending: from now on each document names
    /// them, and nobody is given one of these numbers.
    pub lost: Vec<u64>,
    /// How many small indexes are kept back.
    pub indexes: u32,
}

impl Store {
    /// Takes in what a newer document says, and replaces the present one: the revocations that the
    /// rows do not know, and a higher version.
    ///
    /// Who joined since the backup has no row, and remains: numbers, small indexes and listed prefixes
    /// that may be theirs are given to nobody else.
    ///
    /// `sign` is asked within the change, after the revocations: its draft names them.
    ///
    /// # Errors
    ///
    /// [`Error::Signing`], or [`Error`] if it cannot be written; nothing is then changed.
    pub async fn restore(
        &self,
        forgotten: &Forgotten<'_>,
        now: Wall,
        sign: impl FnOnce(&Draft) -> Result<Vec<u8>, Signing> + Send,
    ) -> Result<Restored, Error> {
        let mut change = self.change().await?;
        let mut all = forgotten.revoked.to_vec();
        all.sort_unstable();
        all.dedup();
        let (mut revoked, mut lost) = (Vec::new(), Vec::new());
        for serial in &all {
            match revoke_again(&mut change, *serial, (now, forgotten.until)).await? {
                Found::Known => {}
                Found::Valid => revoked.push(*serial),
                Found::Lost => lost.push(*serial),
            }
        }
        reserve(&mut change, lost.last().copied().unwrap_or(0)).await?;
        let unknown = keep_prefixes(&mut change, forgotten, now).await?;
        let indexes = keep_indexes(&mut change, forgotten, unknown).await?;
        let above = forgotten.version.saturating_add(1);
        let version = replace(&mut change, above, now, &all, sign).await?;
        let subject = format!("document {version}, revoked {revoked:?}, without a row {lost:?}");
        note(&mut change, now, "restore", &subject).await?;
        change.commit().await?;
        Ok(Restored { version, revoked, lost, indexes })
    }
}

/// What the rows said of a revoked certificate.
enum Found {
    /// That it is revoked.
    Known,
    /// That it is not.
    Valid,
    /// Nothing.
    Lost,
}

async fn revoke_again(
    change: &mut Transaction<'static, Sqlite>,
    serial: u64,
    (now, until): (Wall, Wall),
) -> Result<Found, Error> {
    let row = sqlx::query("SELECT 1 FROM certificates WHERE serial = $1");
    if row.bind(number(serial)).fetch_optional(&mut **change).await?.is_none() {
        let row = sqlx::query("INSERT OR IGNORE INTO lost (serial, until) VALUES ($1, $2)");
        let row = row.bind(number(serial)).bind(seconds(until)).execute(&mut **change).await?;
        return Ok(if row.rows_affected() > 0 { Found::Lost } else { Found::Known });
    }
    let row =
        sqlx::query("UPDATE certificates SET revoked = $1 WHERE serial = $2 AND revoked IS NULL");
    let row = row.bind(seconds(now)).bind(number(serial)).execute(&mut **change).await?;
    if row.rows_affected() == 0 {
        return Ok(Found::Known);
    }
    let contact = sqlx::query("DELETE FROM contacts WHERE serial = $1");
    contact.bind(number(serial)).execute(&mut **change).await?;
    Ok(Found::Valid)
}

/// Sees to it that the numbers up to `serial` are given to nobody: a newcomer with one that is revoked
/// would be out at once. Neither are those that may have been issued since the backup: whoever revoked
/// one of two with the same number would put both out.
async fn reserve(change: &mut Transaction<'static, Sqlite>, serial: u64) -> Result<(), Error> {
    // The table in which SQLite keeps the last number given (https://www.sqlite.org/autoinc.html).
    let first = sqlx::query(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'certificates', 0
         WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'certificates')",
    );
    first.execute(&mut **change).await?;
    let row = sqlx::query(
        "UPDATE sqlite_sequence SET seq = MAX(seq, $1) + $2 WHERE name = 'certificates'",
    );
    row.bind(number(serial)).bind(number(SERIALS)).execute(&mut **change).await?;
    Ok(())
}

/// Keeps the prefixes of members back that no valid certificate names; returns how many there are.
async fn keep_prefixes(
    change: &mut Transaction<'static, Sqlite>,
    forgotten: &Forgotten<'_>,
    now: Wall,
) -> Result<u32, Error> {
    let mut unknown: u32 = 0;
    for NodeId(member) in forgotten.members {
        let row = sqlx::query(
            "INSERT OR REPLACE INTO kept_prefixes (prefix, length, until) SELECT $1, $2, $3
             WHERE NOT EXISTS (SELECT 1 FROM certificates WHERE prefix = $1 AND expires >= $4)",
        );
        let row = row.bind(octets(*member)).bind(member.length());
        let row = row.bind(seconds(forgotten.until)).bind(seconds(now));
        let kept = row.execute(&mut **change).await?.rows_affected();
        unknown = unknown.saturating_add(u32::from(kept > 0));
    }
    Ok(unknown)
}

/// Keeps the small indexes back that may be given to members without a row: each was the smallest
/// free one, so all are among as many above the greatest as there are such members.
///
/// Returns how many are.
///
/// Who is in no roster is not counted: [`INDEXES`] are for them, but not more than half of what is
/// left, so that newcomers have IPv4 as well.
async fn keep_indexes(
    change: &mut Transaction<'static, Sqlite>,
    forgotten: &Forgotten<'_>,
    unknown: u32,
) -> Result<u32, Error> {
    let row = sqlx::query("SELECT COALESCE(MAX(number), 0) AS greatest FROM certificates");
    let greatest: u32 = row.fetch_one(&mut **change).await?.try_get("greatest")?;
    let left = forgotten.room.saturating_sub(1).saturating_sub(greatest);
    let kept = unknown.max(INDEXES.min(left / 2));
    let last = greatest.saturating_add(kept);
    let row = sqlx::query("INSERT OR REPLACE INTO kept_numbers (last, until) VALUES ($1, $2)");
    row.bind(last).bind(seconds(forgotten.until)).execute(&mut **change).await?;
    Ok(kept)
}
