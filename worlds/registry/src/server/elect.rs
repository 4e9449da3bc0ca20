//! Elections in time: an epoch after the other, and who may be elected.

mod dates;

use std::sync::Arc;
use std::time::Duration;

use gossip::{Document, Meshes};
use linux::Clock;
use order::Epoch;
use store::Draft;
use words::{NodeId, Time, Wall};

use self::dates::Dates;
use super::Shared;
use crate::error::Error;
use crate::govern::{next_division, next_meshes};
use crate::meshes::{
    Attested, LASTS, LISTED, Part, check_room, divide, go_on, is_ahead, is_over, next_epoch,
    outgrows, read, roster, unaware,
};
use crate::room::{is_short, room};

/// How often it is looked whether anything is due.
const LOOK: Duration = Duration::from_millis(500);
/// Least time between two documents because of newcomers.
const GATHER: Duration = Duration::from_secs(2);

/// Members up to which the election is held again for each newcomer: the document is small, and who is
/// not listed is neither elected nor counted. Of more a tenth is gathered.
const FEW: usize = 100;

/// Who heard nobody at all for longer than this is deaf: of many nodes each tells once a day.
const DEAF: Duration = Duration::from_hours(30);

/// How long the registry heard nobody, because it did not run or was cut off: that is nobody's
/// silence.
#[derive(Clone, Copy, Debug, Default)]
struct Deafness {
    lasted: Duration,
    /// When that was seen last.
    seen: Wall,
}

impl Deafness {
    /// Takes in when anybody was heard last. What was counted is forgotten once all have had the time
    /// in which members are listed to tell again.
    fn look(&mut self, heard: Option<Wall>, now: Wall) {
        let silent = heard.map_or(Duration::ZERO, |at| now.since(at));
        if silent >= DEAF {
            *self = Self { lasted: silent, seen: now };
        } else if now.since(self.seen) >= LISTED {
            self.lasted = Duration::ZERO;
        }
    }

    /// Returns since when a member must have been heard to be listed `now`.
    const fn listed_since(self, now: Wall) -> Wall {
        Wall(now.0.saturating_sub(LISTED.as_secs()).saturating_sub(self.lasted.as_secs()))
    }
}

/// What was complained of last. What is tried again at each look fails again at each look: that is
/// said once, until it is otherwise.
#[derive(Debug, Default)]
struct Complaint(Option<String>);

impl Complaint {
    /// Takes in how it went; returns what is to be said.
    fn look<T>(&mut self, went: Result<T, impl ToString>) -> Option<String> {
        let what = went.err().map(|error| error.to_string());
        let is_news = what != self.0;
        self.0.clone_from(&what);
        what.filter(|_| is_news)
    }
}

/// The present document, read once for each version.
#[derive(Debug)]
struct Present {
    version: u64,
    document: Option<Document>,
    /// For how many members it has room, if the network is divided.
    room: Option<usize>,
}

impl Present {
    fn of(version: u64, signed: &[u8]) -> Result<Self, Error> {
        let document = read(signed);
        let room = document.as_ref().map(room).transpose()?.flatten();
        Ok(Self { version, document, room })
    }

    /// Returns how the network is divided, and when that was written.
    fn meshes(&self) -> Option<(&Meshes, Wall)> {
        let document = self.document.as_ref()?;
        Some((document.meshes.as_ref()?, document.issued))
    }

    /// Looks whether there is room for more members.
    ///
    /// # Errors
    ///
    /// A sentence with the remedy, if there is none, or soon will be none.
    fn look_for_room(&self) -> Result<(), String> {
        let listed = self.meshes().map_or(0, |(meshes, _)| meshes.roster.members().len());
        self.room.map_or(Ok(()), |room| is_short(listed, room))
    }
}

/// What is known from one look to the next.
#[derive(Debug)]
struct Looks {
    dates: Dates,
    deafness: Deafness,
    /// When anybody was heard last, as it was at the last look.
    heard: Option<Wall>,
    present: Option<Arc<Present>>,
}

impl Looks {
    fn new(now: Time) -> Self {
        let (dates, deafness) = (Dates::new(now), Deafness::default());
        Self { dates, deafness, heard: None, present: None }
    }

    /// Reads the document, if it is another one.
    async fn read(&mut self, shared: &Shared) -> Result<Arc<Present>, Error> {
        let version = shared.store.version().await?;
        if let Some(present) = self.present.as_ref().filter(|it| it.version == version) {
            return Ok(Arc::clone(present));
        }
        let (version, signed) = shared.store.document().await?;
        let present = Arc::new(Present::of(version, &signed)?);
        self.present = Some(Arc::clone(&present));
        Ok(present)
    }

    /// Takes in what the clock says; returns the date.
    fn date(&mut self, (wall, now): (Wall, Time)) -> Wall {
        let meshes = self.present.as_ref().and_then(|present| present.meshes());
        let date = self.dates.tell(wall, meshes.map(|(meshes, _)| &meshes.epoch), now);
        // Whoever tells in the moment in which the clock is set hides no silence.
        self.deafness.look(self.heard, date);
        date
    }

    /// Looks when anybody was heard last.
    async fn hear(&mut self, shared: &Shared, said: (Wall, Time)) -> Result<(), Error> {
        let heard = shared.store.heard_last().await?;
        let date = self.date(said);
        self.heard = heard;
        self.deafness.look(heard, date);
        Ok(())
    }

    /// Holds the election that is due by what the clock says, if any is.
    async fn hold(&mut self, shared: &Shared, said: (Wall, Time)) -> Result<(), Error> {
        let present = self.read(shared).await?;
        let date = self.date(said);
        let Some((meshes, _)) = present.meshes() else {
            return divide_if_due(shared, self.deafness.listed_since(date), date).await;
        };
        // There was no registry before its certificate: such a clock was never set.
        let (founded, _) = shared.issuer.certificate().validity();
        if self.dates.is_doubtful(&meshes.epoch, said.1) || date < founded {
            return Ok(());
        }
        hold_if_due(shared, &present, self.deafness, date).await
    }
}

/// Holds the elections of the network, if it has several meshes; never ends.
pub(super) async fn hold_elections(shared: &Shared) {
    let clock = Clock::start();
    let said = || (Clock::wall(), clock.now());
    let mut looks = Looks::new(clock.now());
    let (mut reading, mut holding) = (Complaint::default(), Complaint::default());
    let mut shortage = Complaint::default();
    loop {
        // At once: as soon as the first node is heard, nothing tells how long nobody was.
        if let Some(error) = reading.look(looks.hear(shared, said()).await) {
            tracing::error!(error, "the rows cannot be read");
        }
        tokio::time::sleep(LOOK).await;
        if let Some(error) = holding.look(looks.hold(shared, said()).await) {
            tracing::error!(error, "the election of border nodes is put off");
        }
        let room = looks.present.as_ref().map_or(Ok(()), |present| present.look_for_room());
        if let Some(warning) = shortage.look(room) {
            tracing::warn!(warning, "the network document is nearly full");
        }
    }
}

async fn hold_if_due(
    shared: &Shared,
    present: &Present,
    deafness: Deafness,
    now: Wall,
) -> Result<(), Error> {
    let Some((meshes, issued)) = present.meshes() else { return Ok(()) };
    let is_ahead = is_ahead(&meshes.epoch, now);
    let is_over = is_ahead || is_over(&meshes.epoch, now);
    if !is_over && issued <= now && now.since(issued) < GATHER {
        return Ok(());
    }
    let since = deafness.listed_since(now);
    let told = shared.store.told(since, now).await?;
    let room = present.room.unwrap_or(usize::MAX);
    let told = usize::try_from(told).unwrap_or(usize::MAX);
    // Who finds no room would be waited for at each look.
    if !is_over && !has_grown(meshes.roster.members().len(), told.min(room)) {
        return Ok(());
    }
    let introductions = shared.store.introductions(since, now).await?;
    let attestations = attested(shared, meshes, is_over).await?;
    let new = roster(&introductions, meshes, &attestations);
    // Nobody at all would part all meshes: those of before are nearer to the truth.
    let new = if new.members().is_empty() { meshes.roster.clone() } else { new };
    // One that cannot be read is of nobody.
    if !is_over && !has_grown(meshes.roster.members().len(), new.members().len().min(room)) {
        return Ok(());
    }
    let part = if is_over { Some(next_part(shared, &meshes.epoch).await?) } else { None };
    let revealed =
        if is_over { shared.store.shares(meshes.epoch.number).await? } else { Vec::new() };
    let size = shared.settings.mesh_size;
    let unaware = unaware(&introductions, &new);
    let change = move |meshes: &mut Meshes| {
        meshes.roster = new;
        let next = part.and_then(|part| next_epoch(&meshes.epoch, (part, &revealed), now));
        if let Some(next) = next {
            meshes.epoch = next;
            go_on(meshes, size, &unaware);
        }
        Ok(())
    };
    let sign = |draft: &Draft| next_meshes(&shared.issuer, draft, now, change);
    let version = shared.store.renew_document(now, sign).await?;
    if is_ahead {
        let Epoch { number, began, .. } = meshes.epoch;
        tracing::warn!(
            epoch = number,
            %began,
            date = %now,
            "the clock was ahead when the epoch was signed, or is behind for a quarter of an hour: \
             the next one begins now"
        );
    }
    tracing::debug!(version, "border nodes are elected");
    Ok(())
}

/// Returns what the registry tells next of its chain; the anchor of another one, of a fresh secret, if all
/// of the old one was told.
async fn next_part(shared: &Shared, epoch: &Epoch) -> Result<Part, Error> {
    let (fresh, store) = (linux::seed()?, &shared.store);
    let seed = store.beacon_seed(fresh).await?;
    if let Some(part) = Part::after(epoch, seed) {
        return Ok(part);
    }
    store.renew_beacon_seed(fresh).await?;
    tracing::info!("all of the old chain of numbers for elections was told: another one begins");
    Ok(Part::first(fresh))
}

/// Begins to divide a network of one mesh, once it has outgrown the size that a mesh should have.
async fn divide_if_due(shared: &Shared, since: Wall, now: Wall) -> Result<(), Error> {
    let told = usize::try_from(shared.store.told(since, now).await?).unwrap_or(usize::MAX);
    if !outgrows(told, shared.settings.mesh_size) {
        return Ok(());
    }
    check_room(shared.store.network().await?.prefix)?;
    let known = shared.store.introductions(since, now).await?;
    let seed = shared.store.beacon_seed(linux::seed()?).await?;
    let change = |network, meshes: Option<Meshes>| match meshes {
        // Somebody was faster, by hand.
        Some(meshes) => Ok(meshes),
        None => divide(network, (None, &known), (seed, now)),
    };
    let sign = |draft: &Draft| next_division(&shared.issuer, draft, now, change);
    let version = shared.store.renew_document(now, sign).await?;
    tracing::info!(version, nodes = known.len(), "the network is one mesh no longer: it is split");
    Ok(())
}

/// Returns what members were seen to carry, in the present epoch if it is over: in the middle of it not
/// all attesters have told what they saw, and what was believed stays.
async fn attested(shared: &Shared, meshes: &Meshes, is_over: bool) -> Result<Attested, Error> {
    let epoch = meshes.epoch.number;
    if !is_over {
        let lasting = meshes.roster.members().iter().map(|member| member.node).collect();
        return Ok(Attested { lasting, ..Attested::default() });
    }
    let members = meshes.roster.members().iter();
    let standing = members.filter(|it| !it.attested.is_empty()).map(|it| it.node).collect();
    let oldest = epoch.saturating_sub(LASTS);
    let lasting = shared.store.believed_since(oldest, (epoch, &standing)).await?;
    let mut all = Attested { lasting, ..Attested::default() };
    for (node, mbits) in shared.store.attested(epoch).await? {
        all.seen.entry(node).or_default().push(mbits);
    }
    let believed: Vec<NodeId> = all.believed(meshes).into_keys().collect();
    shared.store.note_believed(epoch, &believed).await?;
    Ok(all)
}

/// Tells whether so many have come that the election is held again, in the same epoch: anybody where
/// there are few, else a tenth more. Otherwise newcomers wait for the next.
const fn has_grown(before: usize, now: usize) -> bool {
    now > before && (before < FEW || now.saturating_mul(10) >= before.saturating_mul(11))
}

#[cfg(test)]
mod tests;
