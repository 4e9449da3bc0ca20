//! Certificates: enrolment, renewal, and who has one.

use std::time::Duration;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};
use words::{Dice, NodeId, Prefix, Wall};

use crate::wall;
use crate::{Error, Signing, Store, allocation, invitation, note, number, octets, prefix, seconds};

/// Who asks for a certificate.
#[derive(Clone, Copy, Debug)]
pub struct Applicant<'a> {
    /// SHA-256 of the invitation's token; `None` if the network takes anybody.
    pub token: Option<[u8; 32]>,
    /// The key, DER of its `SubjectPublicKeyInfo`; its owner has proven to own it.
    pub key: &'a [u8],
    /// For people.
    pub note: &'a str,
    /// The meshes of the network, one of which it comes into; none: the network is one.
    pub meshes: &'a [Prefix],
}

/// What a certificate must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The node.
    pub node: NodeId,
    /// Its small index.
    pub index: u32,
    /// Number of the certificate.
    pub serial: u64,
    /// First second.
    pub from: Wall,
    /// Last second.
    pub until: Wall,
}

/// A certificate that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// What it says.
    pub seat: Seat,
    /// The node's key, DER of its `SubjectPublicKeyInfo`.
    pub key: Vec<u8>,
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// Since when it is worth nothing.
    pub revoked: Option<Wall>,
}

/// A node, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What its newest certificate says.
    pub seat: Seat,
    /// Since when it is out of the network.
    pub revoked: Option<Wall>,
    /// When it last told how it is reached.
    pub seen: Option<Wall>,
    /// What its invitation or its request said, for people.
    pub note: String,
}

/// Part of a certificate's life, as a divisor, that is left when it is renewed: each node then
/// has few valid ones, and a list of revoked ones has room for all.
const LAST_PART: u32 = 3;
/// How long before its issue a certificate is already valid: some clocks are slow.
const EARLY: u64 = 3600;

impl Store {
    /// Gives a new node its prefix, index and certificate.
    ///
    /// `issue` makes the certificate, DER, within the change: if it fails, the invitation
    /// is not used. Asking again with the same key and invitation returns the same
    /// certificate, so that an answer that was lost can be had again.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownInvitation`], [`Error::ExpiredInvitation`],
    /// [`Error::UsedInvitation`], [`Error::NoRoom`], [`Error::Signing`]; otherwise as the
    /// file says.
    pub async fn enrol(
        &self,
        applicant: &Applicant<'_>,
        (now, lifetime): (Wall, Duration),
        dice: &mut Dice,
        issue: impl FnOnce(&Seat) -> Result<Vec<u8>, Signing> + Send,
    ) -> Result<Certificate, Error> {
        let mut change = self.change().await?;
        let invited = match &applicant.token {
            Some(token) => Some(invitation::find(&mut change, token).await?),
            None => None,
        };
        if let Some(had) = had(&mut change, applicant.key, invited, now).await? {
            return Ok(had);
        }
        if let Some(id) = invited {
            invitation::take(&mut change, id, now).await?;
        }
        let node = allocation::node(&mut change, applicant.meshes, dice, now).await?;
        let index = allocation::index(&mut change, now).await?;
        let place = Place { node, index, invited, note: applicant.note.to_owned() };
        let certificate =
            insert(&mut change, &place, applicant.key, (now, lifetime), issue).await?;
        let serial = certificate.seat.serial;
        note(&mut change, now, "enrol", &format!("{node} certificate {serial}")).await?;
        change.commit().await?;
        Ok(certificate)
    }

    /// Gives a node a new certificate for the same key, prefix and index.
    ///
    /// `serial` is one of its certificates; it may have expired. While more than a third of
    /// the life of its newest one is left, that one is returned again instead.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCertificate`], [`Error::Revoked`], [`Error::Replaced`],
    /// [`Error::Signing`]; otherwise as the file says.
    pub async fn renew(
        &self,
        serial: u64,
        (now, lifetime): (Wall, Duration),
        issue: impl FnOnce(&Seat) -> Result<Vec<u8>, Signing> + Send,
    ) -> Result<Certificate, Error> {
        let mut change = self.change().await?;
        let row = sqlx::query("SELECT * FROM certificates WHERE serial = $1").bind(number(serial));
        let row = row.fetch_optional(&mut *change).await?;
        let row = row.ok_or(Error::UnknownCertificate { serial })?;
        let old = certificate(&row)?;
        let newest = newest(&mut change, old.seat.node).await?;
        if old.revoked.is_some() || (newest.key == old.key && newest.revoked.is_some()) {
            return Err(Error::Revoked { serial });
        }
        if newest.key != old.key {
            return Err(Error::Replaced { serial });
        }
        if !is_due(&newest.seat, now) {
            return Ok(newest);
        }
        let index = own_index(&mut change, &old, now).await?;
        let (node, invited) = (old.seat.node, row.try_get("invitation")?);
        let place = Place { node, index, invited, note: row.try_get("note")? };
        let new = insert(&mut change, &place, &old.key, (now, lifetime), issue).await?;
        let renewed = new.seat.serial;
        note(&mut change, now, "renew", &format!("{node} certificate {renewed}")).await?;
        change.commit().await?;
        Ok(new)
    }

    /// Returns the certificate with this number.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCertificate`]; otherwise as the file says.
    pub async fn certificate(&self, serial: u64) -> Result<Certificate, Error> {
        let row = sqlx::query("SELECT * FROM certificates WHERE serial = $1").bind(number(serial));
        let row = row.fetch_optional(&self.pool).await?;
        certificate(&row.ok_or(Error::UnknownCertificate { serial })?)
    }

    /// Returns nodes with their newest certificates, ascending by its number, from the one
    /// after `after`, at most `count`.
    ///
    /// # Errors
    ///
    /// [`Error`], if the rows cannot be read.
    pub async fn nodes(&self, after: u64, count: u32) -> Result<Vec<Node>, Error> {
        let rows = sqlx::query(
            "SELECT certificates.*, contacts.seen FROM certificates
             LEFT JOIN contacts ON contacts.prefix = certificates.prefix
               AND certificates.revoked IS NULL
             WHERE certificates.serial > $1 AND NOT EXISTS (
               SELECT 1 FROM certificates AS newer WHERE newer.prefix = certificates.prefix
                 AND newer.key = certificates.key AND newer.serial > certificates.serial)
             ORDER BY certificates.serial LIMIT $2",
        );
        let rows = rows.bind(number(after)).bind(count).fetch_all(&self.pool).await?;
        rows.iter().map(node).collect()
    }
}

/// Tells whether a certificate comes to its end.
fn is_due(seat: &Seat, now: Wall) -> bool {
    seat.until.since(now) <= seat.until.since(seat.from) / LAST_PART
}

/// Where and for whom a certificate is.
struct Place {
    node: NodeId,
    index: u32,
    invited: Option<i64>,
    note: String,
}

/// Writes a certificate's row: its number comes first, then what is signed.
async fn insert(
    change: &mut Transaction<'static, Sqlite>,
    place: &Place,
    key: &[u8],
    (now, lifetime): (Wall, Duration),
    issue: impl FnOnce(&Seat) -> Result<Vec<u8>, Signing> + Send,
) -> Result<Certificate, Error> {
    let (from, until) = (Wall(now.0.saturating_sub(EARLY)), now.plus(lifetime));
    let row = sqlx::query(
        "INSERT INTO certificates
           (prefix, length, number, key, der, issued, expires, invitation, note)
         VALUES ($1, $2, $3, $4, x'', $5, $6, $7, $8)",
    );
    let row = row.bind(octets(place.node.0)).bind(place.node.0.length()).bind(place.index);
    let row = row.bind(key).bind(seconds(from)).bind(seconds(until));
    let row = row.bind(place.invited).bind(&place.note).execute(&mut **change).await?;
    let serial = row.last_insert_rowid().unsigned_abs();
    let seat = Seat { node: place.node, index: place.index, serial, from, until };
    let der = issue(&seat).map_err(Error::Signing)?;
    let row = sqlx::query("UPDATE certificates SET der = $1 WHERE serial = $2");
    row.bind(&der).bind(number(serial)).execute(&mut **change).await?;
    Ok(Certificate { seat, key: key.to_vec(), der, revoked: None })
}

/// Returns the certificate that this very applicant was given already.
async fn had(
    change: &mut Transaction<'static, Sqlite>,
    key: &[u8],
    invited: Option<i64>,
    now: Wall,
) -> Result<Option<Certificate>, Error> {
    let row = sqlx::query(
        "SELECT * FROM certificates
         WHERE key = $1 AND invitation IS $2 AND revoked IS NULL AND expires >= $3
         ORDER BY serial DESC LIMIT 1",
    );
    let row = row.bind(key).bind(invited).bind(seconds(now));
    row.fetch_optional(&mut **change).await?.as_ref().map(certificate).transpose()
}

/// Returns the newest certificate of a prefix that has one.
async fn newest(
    change: &mut Transaction<'static, Sqlite>,
    node: NodeId,
) -> Result<Certificate, Error> {
    let row =
        sqlx::query("SELECT * FROM certificates WHERE prefix = $1 ORDER BY serial DESC LIMIT 1");
    certificate(&row.bind(octets(node.0)).fetch_one(&mut **change).await?)
}

/// Returns the index of a node that renews: its old one, unless that was given away after
/// its certificate had expired.
async fn own_index(
    change: &mut Transaction<'static, Sqlite>,
    old: &Certificate,
    now: Wall,
) -> Result<u32, Error> {
    let taken =
        sqlx::query("SELECT 1 FROM certificates WHERE number = $1 AND expires >= $2 AND key <> $3");
    let taken = taken.bind(old.seat.index).bind(seconds(now)).bind(&old.key);
    if taken.fetch_optional(&mut **change).await?.is_some() {
        allocation::index(change, now).await
    } else {
        Ok(old.seat.index)
    }
}

fn seat(row: &SqliteRow) -> Result<Seat, Error> {
    Ok(Seat {
        node: NodeId(prefix(row.try_get("prefix")?, row.try_get("length")?)),
        index: row.try_get("number")?,
        serial: row.try_get::<i64, _>("serial")?.unsigned_abs(),
        from: wall(row.try_get("issued")?),
        until: wall(row.try_get("expires")?),
    })
}

fn certificate(row: &SqliteRow) -> Result<Certificate, Error> {
    let (key, der) = (row.try_get("key")?, row.try_get("der")?);
    Ok(Certificate { seat: seat(row)?, key, der, revoked: moment(row, "revoked")? })
}

fn node(row: &SqliteRow) -> Result<Node, Error> {
    let (revoked, seen) = (moment(row, "revoked")?, moment(row, "seen")?);
    Ok(Node { seat: seat(row)?, revoked, seen, note: row.try_get("note")? })
}

fn moment(row: &SqliteRow, column: &'static str) -> Result<Option<Wall>, Error> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(wall))
}
