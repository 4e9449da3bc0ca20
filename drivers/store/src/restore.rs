//! What a file restored from a backup has forgotten, taken from a document that was signed since.

use sqlx::{Sqlite, Transaction};
use words::Wall;

use crate::document::replace;
use crate::{Draft, Error, Signing, Store, note, number, seconds};

/// What a document says that the rows may not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten<'a> {
    /// Its version: the next document is above it.
    pub version: u64,
    /// Numbers of the certificates that it revokes.
    pub revoked: &'a [u64],
    /// When the last of these has expired for sure, for those that have no row.
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
}

impl Store {
    /// Takes in what a newer document says, and replaces the present one: the revocations that the
    /// rows do not know, and a higher version.
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
        if let Some(last) = lost.last() {
            reserve(&mut change, *last).await?;
        }
        let above = forgotten.version.saturating_add(1);
        let version = replace(&mut change, above, now, &all, sign).await?;
        let subject = format!("document {version}, revoked {revoked:?}, without a row {lost:?}");
        note(&mut change, now, "restore", &subject).await?;
        change.commit().await?;
        Ok(Restored { version, revoked, lost })
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
/// would be out at once.
async fn reserve(change: &mut Transaction<'static, Sqlite>, serial: u64) -> Result<(), Error> {
    // The table in which SQLite keeps the last number given (https://www.sqlite.org/autoinc.html).
    let first = sqlx::query(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'certificates', 0
         WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'certificates')",
    );
    first.execute(&mut **change).await?;
    let row =
        sqlx::query("UPDATE sqlite_sequence SET seq = MAX(seq, $1) WHERE name = 'certificates'");
    row.bind(number(serial)).execute(&mut **change).await?;
    Ok(())
}
