//! Elections in time: an epoch after the other, and who may be elected.

use std::time::Duration;

use gossip::Meshes;
use linux::Clock;
use store::Draft;
use words::Wall;

use super::Shared;
use crate::error::Error;
use crate::govern::next_meshes;
use crate::meshes::{go_on, next_epoch, of, roster};

/// How often it is looked whether anything is due.
const LOOK: Duration = Duration::from_millis(500);
/// Least time between two documents because of newcomers.
const GATHER: Duration = Duration::from_secs(2);

/// How long a member is listed after it last told how it is reached. Nodes tell that each day,
/// and each minute again until the registry knows: who was not heard for so long missed three
/// days. Whoever left and stayed on the list would be counted by every quorum, until none can be
/// reached any more.
const LISTED: Duration = Duration::from_hours(72);

/// Holds the elections of the network, if it has several meshes; never ends.
pub(super) async fn hold_elections(shared: &Shared) {
    let deafness = loop {
        match shared.store.heard_last().await {
            Ok(heard) => break heard.map_or(Duration::ZERO, |at| Clock::wall().since(at)),
            Err(error) => tracing::error!(%error, "the rows cannot be read"),
        }
        tokio::time::sleep(LOOK).await;
    };
    loop {
        tokio::time::sleep(LOOK).await;
        if let Err(error) = hold_if_due(shared, deafness).await {
            tracing::error!(%error, "the election of border nodes is put off");
        }
    }
}

/// Returns since when a member must have been heard to be listed `now`. The `deafness` of the
/// registry, which heard nobody at all for so long before it began to serve, is nobody's silence.
const fn listed_since(now: Wall, deafness: Duration) -> Wall {
    Wall(now.0.saturating_sub(LISTED.as_secs()).saturating_sub(deafness.as_secs()))
}

async fn hold_if_due(shared: &Shared, deafness: Duration) -> Result<(), Error> {
    let (_, document) = shared.store.document().await?;
    let Some((meshes, issued)) = of(&document) else { return Ok(()) };
    let now = Clock::wall();
    let is_over = meshes.epoch.began.plus(meshes.epoch.length) <= now;
    if !is_over && now.since(issued) < GATHER {
        return Ok(());
    }
    let since = listed_since(now, deafness);
    let told = usize::try_from(shared.store.told(since).await?).unwrap_or(usize::MAX);
    if !is_over && !has_grown(meshes.roster.members().len(), told) {
        return Ok(());
    }
    let introductions = shared.store.introductions(since, now).await?;
    let new = roster(&introductions, &meshes.roster, meshes.epoch.number);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_not_heard_for_three_days_is_listed_no_longer() {
        let now = Wall(1_800_000_000);
        let day = 24 * 3600;
        assert_eq!(listed_since(now, Duration::ZERO), Wall(now.0 - 3 * day));
    }

    #[test]
    fn the_days_in_which_the_registry_itself_was_away_count_for_nobody() {
        let now = Wall(1_800_000_000);
        let since = listed_since(now, Duration::from_hours(24 * 5));
        // Told an hour before the registry went away.
        assert!(Wall(now.0 - 5 * 24 * 3600 - 3600) >= since);
    }
}
