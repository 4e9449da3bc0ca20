//! Which prefix and which index a new node gets.
//!
//! A prefix is drawn at random, so that nobody is next to anybody for having come at the
//! same time. It is free again once no certificate that names it is valid: a revoked one
//! stays taken until the certificate has expired, because somebody who has not heard of
//! the revocation would take the new node for the old one.

use sqlx::{Row, Sqlite, Transaction};
use words::{Dice, NodeId, Prefix, Wall};

use crate::{Error, octets, prefix, seconds};

/// How often chance is asked before the smallest free prefix is taken.
const DRAWS: usize = 64;

/// Draws a free prefix: in the smaller of two meshes, both drawn, so that nobody chooses its mesh
/// and sizes stay close to each other. The first one of each mesh, all zeros, is the registry's.
///
/// # Errors
///
/// [`Error::NoRoom`] if none is free.
pub(crate) async fn node(
    change: &mut Transaction<'static, Sqlite>,
    meshes: &[Prefix],
    dice: &mut Dice,
    now: Wall,
) -> Result<NodeId, Error> {
    let row = sqlx::query("SELECT prefix, length, node_length FROM network");
    let row = row.fetch_one(&mut **change).await?;
    let network = prefix(row.try_get("prefix")?, row.try_get("length")?);
    let network = mesh(change, meshes, dice, now).await?.unwrap_or(network);
    let places = Places { network, length: row.try_get("node_length")? };
    for _ in 0..DRAWS {
        let place = dice.bits() % places.count();
        if place != 0 && is_free(change, places.at(place), now).await? {
            return Ok(NodeId(places.at(place)));
        }
    }
    let place = first_free(change, &places, now).await?.ok_or(Error::NoRoom { network })?;
    Ok(NodeId(places.at(place)))
}

/// Returns the smaller of two meshes that are drawn; `None` if there are none.
///
/// Source: principle P3: the meshes of an n-order mesh are filled at random.
async fn mesh(
    change: &mut Transaction<'static, Sqlite>,
    meshes: &[Prefix],
    dice: &mut Dice,
    now: Wall,
) -> Result<Option<Prefix>, Error> {
    let mut smaller: Option<(u32, Prefix)> = None;
    for _ in 0..2 {
        let Some(drawn) = meshes.get(dice.below(meshes.len().max(1))).copied() else { break };
        let taken = sqlx::query(
            "SELECT COUNT(DISTINCT prefix) AS taken FROM certificates
             WHERE prefix BETWEEN $1 AND $2 AND expires >= $3",
        );
        let (first, last) = ends(drawn);
        let taken = taken.bind(first).bind(last).bind(seconds(now));
        let taken = taken.fetch_one(&mut **change).await?.try_get("taken")?;
        if smaller.is_none_or(|(least, _)| taken < least) {
            smaller = Some((taken, drawn));
        }
    }
    Ok(smaller.map(|(_, mesh)| mesh))
}

/// Returns the first and the last prefix inside a range, as rows have them.
pub(crate) fn ends(range: Prefix) -> (Vec<u8>, Vec<u8>) {
    let rest = u128::MAX.checked_shr(range.length().into()).unwrap_or(0);
    let last = Prefix::new(range.bits() | rest, 128);
    (octets(range), octets(last))
}

/// Returns the smallest free index; 0 is the registry's.
///
/// It is 1, or the first one above those that are kept back, or the first one after a taken one:
/// walked along `certificates_by_number` up to the first gap, no row is read.
pub(crate) async fn index(
    change: &mut Transaction<'static, Sqlite>,
    now: Wall,
) -> Result<u32, Error> {
    let kept =
        sqlx::query("SELECT COALESCE(MAX(last), 0) AS last FROM kept_numbers WHERE until >= $1");
    let kept = kept.bind(seconds(now)).fetch_one(&mut **change).await?;
    let least = kept.try_get::<u32, _>("last")?.saturating_add(1);
    let first = sqlx::query("SELECT 1 FROM certificates WHERE number = $2 AND expires >= $1");
    let first = first.bind(seconds(now)).bind(least);
    if first.fetch_optional(&mut **change).await?.is_none() {
        return Ok(least);
    }
    let free = sqlx::query(
        "SELECT number + 1 AS free FROM certificates AS taken INDEXED BY certificates_by_number
         WHERE number >= $2 AND expires >= $1 AND NOT EXISTS (
           SELECT 1 FROM certificates WHERE number = taken.number + 1 AND expires >= $1)
         ORDER BY number LIMIT 1",
    );
    let free = free.bind(seconds(now)).bind(least).fetch_one(&mut **change).await?;
    Ok(free.try_get("free")?)
}

/// Tells whether no valid certificate, revoked or not, names the prefix, and it is not kept back.
async fn is_free(
    change: &mut Transaction<'static, Sqlite>,
    wanted: Prefix,
    now: Wall,
) -> Result<bool, Error> {
    let taken = sqlx::query(
        "SELECT 1 FROM certificates WHERE prefix = $1 AND expires >= $2
         UNION ALL SELECT 1 FROM kept_prefixes WHERE prefix = $1 AND until >= $2",
    );
    let taken = taken.bind(octets(wanted)).bind(seconds(now));
    Ok(taken.fetch_optional(&mut **change).await?.is_none())
}

async fn first_free(
    change: &mut Transaction<'static, Sqlite>,
    places: &Places,
    now: Wall,
) -> Result<Option<u64>, Error> {
    let taken = sqlx::query(
        "SELECT prefix, length FROM certificates
         WHERE prefix BETWEEN $1 AND $2 AND expires >= $3
         UNION SELECT prefix, length FROM kept_prefixes
         WHERE prefix BETWEEN $1 AND $2 AND until >= $3 ORDER BY prefix",
    );
    let (first, last) = ends(places.network);
    let taken = taken.bind(first).bind(last).bind(seconds(now));
    let mut free = 1;
    for row in taken.fetch_all(&mut **change).await? {
        if prefix(row.try_get("prefix")?, row.try_get("length")?) != places.at(free) {
            break;
        }
        free += 1;
    }
    Ok((free < places.count()).then_some(free))
}

/// The places for nodes inside a network, or a mesh of it.
struct Places {
    network: Prefix,
    /// Bits of a node's prefix: more than the network's by 1 to 63.
    length: u8,
}

impl Places {
    /// Returns how many there are.
    const fn count(&self) -> u64 {
        1 << (self.length - self.network.length())
    }

    /// Returns one of them, from 0 up.
    fn at(&self, place: u64) -> Prefix {
        let inside = u128::from(place).checked_shl(128 - u32::from(self.length)).unwrap_or(0);
        Prefix::new(self.network.bits() | inside, self.length)
    }
}
