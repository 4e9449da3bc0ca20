//! What members were seen to carry.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

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

    /// Returns the members of whom anything was believed in the epoch `since` or later.
    ///
    /// What is believed of those who are `standing` in the document `now`, and these rows do not tell
    /// since when, counts from now on: it is of a version that kept no such rows. The others are
    /// forgotten once they are too old and stand there no longer.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be read or written.
    pub async fn believed_since(
        &self,
        since: u64,
        (now, standing): (u64, &BTreeSet<NodeId>),
    ) -> Result<BTreeSet<NodeId>, Error> {
        let length = self.network().await?.node_length;
        let mut change = self.change().await?;
        let rows = sqlx::query("SELECT node, epoch FROM believed").fetch_all(&mut *change).await?;
        let one = |row: &SqliteRow| -> Result<(NodeId, u64), Error> {
            let epoch: i64 = row.try_get("epoch")?;
            let node = NodeId(prefix(row.try_get("node")?, length));
            Ok((node, u64::try_from(epoch).unwrap_or(0)))
        };
        let mut known: BTreeMap<NodeId, u64> = rows.iter().map(one).collect::<Result<_, _>>()?;
        for node in standing {
            if let Entry::Vacant(vacant) = known.entry(*node) {
                let row = sqlx::query("INSERT INTO believed (node, epoch) VALUES ($1, $2)");
                row.bind(octets(node.0)).bind(number(now)).execute(&mut *change).await?;
                vacant.insert(now);
            }
        }
        for node in known.extract_if(.., |_, epoch| *epoch < since).map(|(node, _)| node) {
            if !standing.contains(&node) {
                let row = sqlx::query("DELETE FROM believed WHERE node = $1");
                row.bind(octets(node.0)).execute(&mut *change).await?;
            }
        }
        change.commit().await?;
        Ok(known.into_keys().collect())
    }
}
