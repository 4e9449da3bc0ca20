//! Contacts: how nodes say that they are reached.

use sqlx::{Row, SqliteExecutor};
use words::{NodeId, Prefix, Wall};

use crate::allocation::ends;
use crate::{Error, Store, number, octets, seconds};

/// A node's introduction, checked by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact<'a> {
    /// The node.
    pub node: NodeId,
    /// The certificate inside the introduction.
    pub serial: u64,
    /// When the node said it.
    pub issued: Wall,
    /// The introduction, encoded.
    pub introduction: &'a [u8],
}

/// What became of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// It is kept.
    Kept,
    /// One as new or newer is kept already.
    Older,
}

impl Store {
    /// Keeps a node's contact, if it is newer than the one that is kept, or as new and with a
    /// newer certificate.
    ///
    /// Anything else is no change: whoever says again what was said, as anybody can who has
    /// heard it, costs nothing but reading. There is one contact of each node, and no line in
    /// the audit log.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCertificate`] or [`Error::Revoked`]; otherwise as the file says.
    pub async fn publish(&self, contact: &Contact<'_>, now: Wall) -> Result<Published, Error> {
        if !is_news(&self.pool, contact).await? {
            return Ok(Published::Older);
        }
        let mut change = self.change().await?;
        // Asked again, because others may have written meanwhile.
        if !is_news(&mut *change, contact).await? {
            return Ok(Published::Older);
        }
        let Contact { node, serial, issued, introduction } = *contact;
        let row = sqlx::query(
            "INSERT OR REPLACE INTO contacts (prefix, serial, introduction, issued, seen)
             VALUES ($1, $2, $3, $4, $5)",
        );
        let row = row.bind(octets(node.0)).bind(number(serial)).bind(introduction);
        row.bind(seconds(issued)).bind(seconds(now)).execute(&mut *change).await?;
        change.commit().await?;
        Ok(Published::Kept)
    }

    /// Returns introductions of up to `count` random nodes inside a range, or of the whole network,
    /// except of one.
    ///
    /// Their certificates are neither revoked nor expired.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be read.
    pub async fn bootstrap(
        &self,
        count: u32,
        (inside, except): (Option<Prefix>, NodeId),
        now: Wall,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let rows = sqlx::query(
            "SELECT contacts.introduction FROM contacts JOIN certificates USING (serial)
             WHERE certificates.revoked IS NULL AND certificates.expires >= $1
               AND contacts.prefix <> $2 AND contacts.prefix BETWEEN $3 AND $4
             ORDER BY random() LIMIT $5",
        );
        let (first, last) = ends(inside.unwrap_or(Prefix::ALL));
        let rows = rows.bind(seconds(now)).bind(octets(except.0));
        let rows = rows.bind(first).bind(last).bind(count);
        let rows = rows.fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(row.try_get("introduction")?)).collect()
    }

    /// Returns how many [`introductions`](Self::introductions) there are, without reading them.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be read.
    pub async fn told(&self, since: Wall, now: Wall) -> Result<u32, Error> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS told FROM contacts JOIN certificates USING (serial)
             WHERE certificates.revoked IS NULL AND certificates.expires >= $1
               AND contacts.seen >= $2",
        );
        let row = row.bind(seconds(now)).bind(seconds(since)).fetch_one(&self.pool).await?;
        Ok(row.try_get("told")?)
    }

    /// Returns when any node told last how it is reached; `None` if none ever did.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be read.
    pub async fn heard_last(&self) -> Result<Option<Wall>, Error> {
        let row = sqlx::query("SELECT MAX(seen) AS heard FROM contacts");
        let heard: Option<i64> = row.fetch_one(&self.pool).await?.try_get("heard")?;
        Ok(heard.map(|at| Wall(u64::try_from(at).unwrap_or(0))))
    }

    /// Returns the introductions of all nodes whose certificates are neither revoked nor expired,
    /// and who told `since` then how they are reached, in the order of their prefixes.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be read.
    pub async fn introductions(&self, since: Wall, now: Wall) -> Result<Vec<Vec<u8>>, Error> {
        let rows = sqlx::query(
            "SELECT contacts.introduction FROM contacts JOIN certificates USING (serial)
             WHERE certificates.revoked IS NULL AND certificates.expires >= $1
               AND contacts.seen >= $2
             ORDER BY contacts.prefix",
        );
        let rows = rows.bind(seconds(now)).bind(seconds(since)).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(row.try_get("introduction")?)).collect()
    }
}

/// Tells whether a contact is newer than the one that is kept.
///
/// # Errors
///
/// [`Error::UnknownCertificate`] or [`Error::Revoked`].
async fn is_news(rows: impl SqliteExecutor<'_>, contact: &Contact<'_>) -> Result<bool, Error> {
    let serial = contact.serial;
    let row = sqlx::query(
        "SELECT certificates.revoked, contacts.prefix IS NULL
           OR (contacts.issued, contacts.serial) < ($1, $2) AS news
         FROM certificates LEFT JOIN contacts ON contacts.prefix = certificates.prefix
         WHERE certificates.serial = $2 AND certificates.prefix = $3",
    );
    let row = row.bind(seconds(contact.issued)).bind(number(serial)).bind(octets(contact.node.0));
    let row = row.fetch_optional(rows).await?.ok_or(Error::UnknownCertificate { serial })?;
    if row.try_get::<Option<i64>, _>("revoked")?.is_some() {
        return Err(Error::Revoked { serial });
    }
    Ok(row.try_get("news")?)
}
