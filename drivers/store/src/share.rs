//! What members promise to reveal for beacons, and reveal.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use words::NodeId;

use crate::{Error, Store, number, octets, prefix};

/// A member's share in beacons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    /// The member.
    pub node: NodeId,
    /// The hash of what it will reveal.
    pub commitment: [u8; 32],
    /// What it reveals of what it promised before.
    pub secret: Option<[u8; 32]>,
}

impl Store {
    /// Keeps a member's share of an epoch, instead of what it said before. The caller has checked
    /// the secret. No line in the audit log.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be written.
    pub async fn share(&self, epoch: u64, share: &Share) -> Result<(), Error> {
        let row = sqlx::query(
            "INSERT OR REPLACE INTO shares (node, epoch, commitment, secret)
             VALUES ($1, $2, $3, $4)",
        );
        let row = row.bind(octets(share.node.0)).bind(number(epoch)).bind(&share.commitment[..]);
        row.bind(share.secret.as_ref().map(|secret| &secret[..])).execute(&self.pool).await?;
        Ok(())
    }

    /// Returns the shares of an epoch, in the order of the members. Those of epochs before it are
    /// forgotten.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be read or written.
    pub async fn shares(&self, epoch: u64) -> Result<Vec<Share>, Error> {
        let old = sqlx::query("DELETE FROM shares WHERE epoch < $1");
        old.bind(number(epoch)).execute(&self.pool).await?;
        let rows = "SELECT node, commitment, secret FROM shares WHERE epoch = $1 ORDER BY node";
        let rows = sqlx::query(rows).bind(number(epoch)).fetch_all(&self.pool).await?;
        let length = self.network().await?.node_length;
        // The table makes sure that both have 32 octets.
        let whole = |octets: Vec<u8>| <[u8; 32]>::try_from(octets).unwrap_or_default();
        let one = |row: &SqliteRow| -> Result<Share, Error> {
            let node = NodeId(prefix(row.try_get("node")?, length));
            let secret: Option<Vec<u8>> = row.try_get("secret")?;
            let commitment = whole(row.try_get("commitment")?);
            Ok(Share { node, commitment, secret: secret.map(whole) })
        };
        rows.iter().map(one).collect()
    }
}
