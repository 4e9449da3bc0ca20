//! What members were seen to carry.

use std::collections::BTreeSet;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use words::NodeId;

use crate::{Error, Store, number, octets, prefix};

impl Store {
    /// Keeps what `attester` saw members carry in an epoch, in Mbit/s; instead of what it saw of them
    /// before. The caller has checked that it was drawn to. No line in the audit log.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be written.
    pub async fn attest(
        &self,
        epoch: u64,
        attester: NodeId,
        seen: &[(NodeId, u32)],
    ) -> Result<(), Error> {
        let mut change = self.change().await?;
        for (node, mbits) in seen {
            let row = sqlx::query(
                "INSERT OR REPLACE INTO attestations (node, attester, epoch, mbits)
                 VALUES ($1, $2, $3, $4)",
            );
            let row = row.bind(octets(node.0)).bind(octets(attester.0));
            row.bind(number(epoch)).bind(i64::from(*mbits)).execute(&mut *change).await?;
        }
        change.commit().await?;
        Ok(())
    }

    /// Returns what was seen in an epoch: each member, and what one attester saw of it, in the order
    /// of the members. What was seen before that epoch is forgotten.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be read or written.
    pub async fn attested(&self, epoch: u64) -> Result<Vec<(NodeId, u32)>, Error> {
        let old = sqlx::query("DELETE FROM attestations WHERE epoch < $1");
        old.bind(number(epoch)).execute(&self.pool).await?;
        let rows = "SELECT node, mbits FROM attestations WHERE epoch = $1 ORDER BY node, mbits";
        let rows = sqlx::query(rows).bind(number(epoch)).fetch_all(&self.pool).await?;
        let length = self.network().await?.node_length;
        let one = |row: &SqliteRow| -> Result<(NodeId, u32), Error> {
            let node = prefix(row.try_get("node")?, length);
            let mbits: i64 = row.try_get("mbits")?;
            Ok((NodeId(node), u32::try_from(mbits).unwrap_or(0)))
        };
        rows.iter().map(one).collect()
    }

    /// Notes that what these members were seen to carry was believed in this epoch. No line in the
    /// audit log.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be written.
    pub async fn note_believed(&self, epoch: u64, nodes: &[NodeId]) -> Result<(), Error> {
        let mut change = self.change().await?;
        for node in nodes {
            let row = sqlx::query("INSERT OR REPLACE INTO believed (node, epoch) VALUES ($1, $2)");
            row.bind(octets(node.0)).bind(number(epoch)).execute(&mut *change).await?;
        }
        change.commit().await?;
        Ok(())
    }

    /// Returns the members of whom anything was believed in this epoch or later. The others are
    /// forgotten.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be read or written.
    pub async fn believed_since(&self, epoch: u64) -> Result<BTreeSet<NodeId>, Error> {
        let old = sqlx::query("DELETE FROM believed WHERE epoch < $1");
        old.bind(number(epoch)).execute(&self.pool).await?;
        let rows = sqlx::query("SELECT node FROM believed").fetch_all(&self.pool).await?;
        let length = self.network().await?.node_length;
        let one = |row: &SqliteRow| Ok(NodeId(prefix(row.try_get("node")?, length)));
        rows.iter().map(one).collect()
    }
}
