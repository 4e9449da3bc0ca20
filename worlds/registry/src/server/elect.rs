//! Elections in time: an epoch after the other, and who may be elected.

use std::time::Duration;

use gossip::Meshes;
use linux::Clock;
use store::Draft;

use super::Shared;
use crate::error::Error;
use crate::govern::next_meshes;
use crate::meshes::{go_on, next_epoch, of, roster};

/// How often it is looked whether anything is due.
const LOOK: Duration = Duration::from_millis(500);
/// Least time between two documents because of newcomers.
const GATHER: Duration = Duration::from_secs(2);

/// Holds the elections of the network, if it has several meshes; never ends.
pub(super) async fn hold_elections(shared: &Shared) {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Err(error) = hold_if_due(shared).await {
            tracing::error!(%error, "the election of border nodes is put off");
        }
    }
}

async fn hold_if_due(shared: &Shared) -> Result<(), Error> {
    let (_, document) = shared.store.document().await?;
    let Some((meshes, issued)) = of(&document) else { return Ok(()) };
    let now = Clock::wall();
    let is_over = meshes.epoch.began.plus(meshes.epoch.length) <= now;
    if !is_over && now.since(issued) < GATHER {
        return Ok(());
    }
    let told = usize::try_from(shared.store.told().await?).unwrap_or(usize::MAX);
    if !is_over && !has_grown(meshes.roster.members().len(), told) {
        return Ok(());
    }
    let new = roster(&shared.store.introductions(now).await?);
    // Those told may have certificates that are over.
    if !is_over && !has_grown(meshes.roster.members().len(), new.members().len()) {
        return Ok(());
    }
    let seed = linux::seed()?;
    let seed = shared.store.beacon_seed(seed).await?;
    let size = shared.settings.mesh_size;
    let change = move |meshes: &mut Meshes| {
        meshes.roster = new;
        if let Some(next) = next_epoch(&meshes.epoch, seed, now) {
            meshes.epoch = next;
            go_on(meshes, size);
        }
        Ok(())
    };
    let sign = |draft: &Draft| next_meshes(&shared.issuer, draft, now, change);
    let version = shared.store.renew_document(now, sign).await?;
    tracing::debug!(version, "border nodes are elected");
    Ok(())
}

/// Tells whether so many have come that the election is held again, in the same epoch: a tenth
/// more. Otherwise newcomers wait for the next.
const fn has_grown(before: usize, now: usize) -> bool {
    now > before && now.saturating_mul(10) >= before.saturating_mul(11)
}
