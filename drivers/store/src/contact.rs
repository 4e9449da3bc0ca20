//! Contacts: how nodes say that they are reached.

use sqlx::Row;
use words::{NodeId, Wall};

use crate::{Error, Store, note, number, octets, seconds};

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
    /// A newer one is kept already.
    Older,
}

impl Store {
    /// Keeps a node's contact, if it is not older than the one that is kept.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCertificate`] or [`Error::Revoked`]; otherwise as the file says.
    pub async fn publish(&self, contact: &Contact<'_>, now: Wall) -> Result<Published, Error> {
        let Contact { node, serial, issued, introduction } = *contact;
        let mut change = self.change().await?;
        let row = sqlx::query("SELECT revoked FROM certificates WHERE serial = $1 AND prefix = $2");
        let row = row.bind(number(serial)).bind(octets(node.0));
        let row = row.fetch_optional(&mut *change).await?;
        let row = row.ok_or(Error::UnknownCertificate { serial })?;
        if row.try_get::<Option<i64>, _>("revoked")?.is_some() {
            return Err(Error::Revoked { serial });
        }
        let row = sqlx::query(
            "INSERT INTO contacts (prefix, serial, introduction, issued, seen)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (prefix) DO UPDATE SET serial = excluded.serial,
               introduction = excluded.introduction, issued = excluded.issued,
               seen = excluded.seen
             WHERE excluded.issued >= contacts.issued",
        );
        let row = row.bind(octets(node.0)).bind(number(serial)).bind(introduction);
        let written = row.bind(seconds(issued)).bind(seconds(now)).execute(&mut *change).await?;
        if written.rows_affected() == 0 {
            return Ok(Published::Older);
        }
        note(&mut change, now, "contact", &node.to_string()).await?;
        change.commit().await?;
        Ok(Published::Kept)
    }

    /// Returns introductions of up to `count` random nodes, except of one.
    ///
    /// Their certificates are neither revoked nor expired.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be read.
    pub async fn bootstrap(
        &self,
        count: u32,
        except: NodeId,
        now: Wall,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let rows = sqlx::query(
            "SELECT contacts.introduction FROM contacts JOIN certificates USING (serial)
             WHERE certificates.revoked IS NULL AND certificates.expires >= $1
               AND contacts.prefix <> $2
             ORDER BY random() LIMIT $3",
        );
        let rows = rows.bind(seconds(now)).bind(octets(except.0)).bind(count);
        let rows = rows.fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(row.try_get("introduction")?)).collect()
    }
}
