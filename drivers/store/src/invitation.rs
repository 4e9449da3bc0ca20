//! Invitations: who may enrol.

use sqlx::{Row, Sqlite, Transaction};
use words::Wall;

use crate::{Error, Store, note, seconds, wall};

/// An invitation, as the registry keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// SHA-256 of the token.
    pub token: [u8; 32],
    /// Last second of its life.
    pub expires: Wall,
    /// How many nodes may still use it.
    pub uses: u32,
    /// For people.
    pub note: String,
}

impl Store {
    /// Keeps a new invitation.
    ///
    /// # Errors
    ///
    /// [`Error`], if it cannot be written.
    pub async fn invite(&self, invitation: &Invitation, now: Wall) -> Result<(), Error> {
        let mut change = self.change().await?;
        let row = sqlx::query(
            "INSERT INTO invitations (token, created, expires, uses, note)
             VALUES ($1, $2, $3, $4, $5)",
        );
        row.bind(invitation.token.as_slice())
            .bind(seconds(now))
            .bind(seconds(invitation.expires))
            .bind(invitation.uses)
            .bind(&invitation.note)
            .execute(&mut *change)
            .await?;
        let uses = invitation.uses;
        let until = invitation.expires;
        note(&mut change, now, "invite", &format!("{uses} uses until {until:?}")).await?;
        Ok(change.commit().await?)
    }
}

/// Returns the row of the invitation with this token.
///
/// # Errors
///
/// [`Error::UnknownInvitation`].
pub(crate) async fn find(
    change: &mut Transaction<'static, Sqlite>,
    token: &[u8; 32],
) -> Result<i64, Error> {
    let row = sqlx::query("SELECT id FROM invitations WHERE token = $1").bind(token.as_slice());
    let row = row.fetch_optional(&mut **change).await?.ok_or(Error::UnknownInvitation)?;
    Ok(row.try_get("id")?)
}

/// Takes one use of an invitation.
///
/// # Errors
///
/// [`Error::ExpiredInvitation`] or [`Error::UsedInvitation`].
pub(crate) async fn take(
    change: &mut Transaction<'static, Sqlite>,
    id: i64,
    now: Wall,
) -> Result<(), Error> {
    let row = sqlx::query("SELECT expires, uses FROM invitations WHERE id = $1").bind(id);
    let row = row.fetch_one(&mut **change).await?;
    let since = wall(row.try_get("expires")?);
    if since < now {
        return Err(Error::ExpiredInvitation { since });
    }
    if row.try_get::<i64, _>("uses")? == 0 {
        return Err(Error::UsedInvitation);
    }
    let less = sqlx::query("UPDATE invitations SET uses = uses - 1 WHERE id = $1").bind(id);
    less.execute(&mut **change).await?;
    Ok(())
}
