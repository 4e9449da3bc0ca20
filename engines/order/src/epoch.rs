//! Epochs, and the beacon of each: a number that nobody could know before.
//!
//! ```text
//! registry    seed ─H─► … ─H─► part e ─H─► part e-1 ─H─► … ─H─► anchor     told one by one, backward
//! member      commitment, told in epoch e-1 ─► secret, told in epoch e
//!
//! beacon e  =  H(beacon e-1, registry's part e, XOR of the members' secrets)
//! beacon e  =  H(beacon e-1)                        while the registry is silent
//! ```
//!
//! The registry's parts are a chain of preimages: who knows the last one can check the next with
//! one hash, nobody but the registry knows it before, and the registry cannot choose it. The
//! members' secrets are committed to before that part is told, so that neither the registry alone
//! nor any members without it know a beacon in advance. Who commits and does not tell is left out.
//!
//! While the registry is silent, every node goes on by itself, by the date that neighbours share: those
//! beacons can be predicted, but elections go on.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use words::{NodeId, Wall};

use crate::Refused;
use crate::hash::{hash, octets, of_member};

/// The luck of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beacon(pub [u8; 32]);

impl Beacon {
    /// Returns the beacon that follows while the registry is silent.
    #[must_use]
    pub fn silent(&self) -> Self {
        Self(hash(*b"silence ", &[&self.0]))
    }

    /// Returns the beacon that follows with the registry's part and the members' secrets.
    #[must_use]
    pub fn next(&self, part: &[u8; 32], secrets: &[Reveal]) -> Self {
        let mut sum = [0; 32];
        for reveal in secrets {
            sum.iter_mut().zip(reveal.secret).for_each(|(sum, octet)| *sum ^= octet);
        }
        Self(hash(*b"beacon  ", &[&self.0, part, &sum]))
    }
}

/// What a member promised to reveal in the next epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Commitment {
    /// The member.
    pub node: NodeId,
    /// [`Reveal::commitment`] of what it will reveal.
    pub hash: [u8; 32],
}

/// What a member reveals, as it promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reveal {
    /// The member.
    pub node: NodeId,
    /// A secret of its own, used once.
    pub secret: [u8; 32],
}

impl Reveal {
    /// Returns the promise to reveal this in epoch `epoch`.
    pub fn commitment(&self, epoch: u64) -> Commitment {
        let parts: &[&[u8]] = &[&epoch.to_be_bytes(), &octets(self.node.0), &self.secret];
        Commitment { node: self.node, hash: hash(*b"commit  ", parts) }
    }
}

/// The registry's own chain of preimages.
#[derive(Clone)]
pub struct Chain {
    seed: [u8; 32],
    length: u32,
}

impl Chain {
    /// Returns the chain of a secret `seed` that lasts for `length` epochs.
    pub const fn new(seed: [u8; 32], length: u32) -> Self {
        Self { seed, length }
    }

    /// Returns the part number `index`; 0 is the anchor, told first. `None` past the end: then
    /// begin another chain, with [`Epoch::anchored`].
    ///
    /// Takes time linear in how far `index` is from the end.
    pub fn part(&self, index: u32) -> Option<[u8; 32]> {
        let steps = self.length.checked_sub(index)?;
        Some((0..steps).fold(self.seed, |part, _| preimage(&part)))
    }

    /// Returns the part that is told after this one; `None` for what is no part of the chain, and
    /// after the last.
    ///
    /// Takes time linear in the length of the chain.
    pub fn after(&self, told: &[u8; 32]) -> Option<[u8; 32]> {
        let mut part = self.seed;
        for _ in 0..self.length {
            let before = preimage(&part);
            if before == *told {
                return Some(part);
            }
            part = before;
        }
        None
    }
}

/// Returns what the registry told before it told `part`.
fn preimage(part: &[u8; 32]) -> [u8; 32] {
    hash(*b"chain   ", &[part])
}

/// One epoch, as the network document tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Strictly rising.
    pub number: u64,
    /// When it began.
    pub began: Wall,
    /// How long it lasts, whole seconds, 1 s to a day.
    pub length: Duration,
    /// What the registry told last of its chain: the anchor at first.
    pub part: [u8; 32],
    /// What members revealed in this epoch.
    pub reveals: Vec<Reveal>,
    /// What members promise to reveal in the next.
    pub commitments: Vec<Commitment>,
    /// The beacons, this epoch's first, then the ones before, at most [`Epoch::MEMORY`].
    pub beacons: Arc<[Beacon]>,
}

impl Epoch {
    /// Beacons that are kept: a slot is held for as many epochs at most.
    pub const MEMORY: usize = 48;
    /// Epochs that follow one by one in silence: more than a year of hours, some milliseconds to compute.
    pub const SILENT: u64 = 9000;
    /// Epochs for which a chain is followed back: a month of hours.
    pub const REACH: u64 = 744;
    /// Members that share in one beacon, at most.
    pub const SHARING: usize = 32;
    /// The usual length.
    pub const LENGTH: Duration = Duration::from_hours(1);

    /// Returns the first epoch, whose luck is the registry's `anchor`.
    pub fn first(began: Wall, length: Duration, anchor: [u8; 32]) -> Self {
        Self {
            number: 1,
            began,
            length: length.clamp(Duration::from_secs(1), Duration::from_hours(24)),
            part: anchor,
            reveals: Vec::new(),
            commitments: Vec::new(),
            beacons: [Beacon(hash(*b"anchor  ", &[&anchor]))].into(),
        }
    }

    /// Returns the beacon of this epoch.
    pub fn beacon(&self) -> Beacon {
        self.beacons.first().copied().unwrap_or(Beacon([0; 32]))
    }

    /// Returns the beacon of an epoch up to this one; of those that are forgotten, or never were,
    /// the oldest that is known.
    pub fn beacon_of(&self, epoch: u64) -> Beacon {
        let back = usize::try_from(self.number.saturating_sub(epoch)).unwrap_or(usize::MAX);
        let oldest = self.beacons.last().copied().unwrap_or(Beacon([0; 32]));
        self.beacons.get(back).copied().unwrap_or(oldest)
    }

    /// Returns the epoch before this one, as far as elections ask: its number and its beacons.
    /// `None` if its beacon is forgotten, or there was none.
    #[must_use]
    pub fn before(&self) -> Option<Self> {
        let (_, beacons) = self.beacons.split_first().filter(|(_, before)| !before.is_empty())?;
        let began = Wall(self.began.0.saturating_sub(self.length.as_secs()));
        let (number, beacons) = (self.number.saturating_sub(1), beacons.into());
        let (reveals, commitments) = (Vec::new(), Vec::new());
        Some(Self { number, began, reveals, commitments, beacons, ..*self })
    }

    /// Returns the epoch of `now`, if the registry tells nothing more: this one, or one that
    /// follows in silence. Up to [`Epoch::SILENT`] are computed one by one, so that each remembers those
    /// before it, and a slot is drawn anew once in its tenure; who slept longer skips half as many at a
    /// time, and all slots are drawn anew once in those.
    #[must_use]
    pub fn at(&self, now: Wall) -> Self {
        let mut epoch = self.clone();
        let passed = now.since(self.began).as_secs() / self.length.as_secs().max(1);
        // In whole parts, so that the epochs inside of one remember the same.
        let part = Self::SILENT / 2;
        let skipped = (passed / part).saturating_sub(1) * part;
        if skipped > 0 {
            epoch.skip(skipped);
        }
        (skipped..passed).for_each(|_| epoch.silence());
        epoch
    }

    /// Goes on for `epochs` in silence whose beacons nobody needs any more.
    fn skip(&mut self, epochs: u64) {
        let last = self.beacon();
        let parts: &[&[u8]] = &[&last.0, &epochs.to_be_bytes()];
        let beacon = Beacon(hash(*b"skip    ", parts));
        self.advance(epochs, beacon);
        self.beacons = [beacon].into();
    }

    /// Goes on without the registry.
    fn silence(&mut self) {
        let beacon = self.beacon().silent();
        self.advance(1, beacon);
    }

    fn advance(&mut self, epochs: u64, beacon: Beacon) {
        self.number = self.number.saturating_add(epochs);
        self.began =
            self.began.plus(Duration::from_secs(self.length.as_secs().saturating_mul(epochs)));
        self.reveals.clear();
        self.commitments.clear();
        let all = core::iter::once(beacon).chain(self.beacons.iter().copied());
        self.beacons = all.take(Self::MEMORY).collect();
    }

    /// Returns the next epoch: the registry's next `part`, and what members revealed. What nobody
    /// promised is left out, with what comes after the first [`Epoch::SHARING`].
    ///
    /// # Errors
    ///
    /// [`Refused::Part`] if `part` is not the next of the chain.
    pub fn next(&self, part: [u8; 32], reveals: &[Reveal]) -> Result<Self, Refused> {
        if preimage(&part) != self.part {
            return Err(Refused::Part);
        }
        Ok(self.with(part, reveals))
    }

    /// Returns the next epoch, with which another chain begins, because the old one has ended.
    /// Whoever checks it must believe the document's signature, once.
    #[must_use]
    pub fn anchored(&self, anchor: [u8; 32], reveals: &[Reveal]) -> Self {
        self.with(anchor, reveals)
    }

    fn with(&self, part: [u8; 32], reveals: &[Reveal]) -> Self {
        let mut epoch = self.clone();
        let promised = |reveal: &&Reveal| self.promised(reveal).is_ok();
        let mut kept: Vec<_> = reveals.iter().filter(promised).copied().collect();
        kept.sort_unstable();
        kept.dedup_by_key(|reveal| reveal.node);
        kept.truncate(Self::SHARING);
        epoch.advance(1, self.beacon().next(&part, &kept));
        (epoch.part, epoch.reveals) = (part, kept);
        epoch
    }

    /// Adds what a member promises for the next epoch; what it promised before stays.
    ///
    /// # Errors
    ///
    /// [`Refused::Crowded`] when enough members share already.
    pub fn promise(&mut self, commitment: Commitment) -> Result<(), Refused> {
        if self.commitments.iter().any(|made| made.node == commitment.node) {
            return Ok(());
        }
        if self.commitments.len() >= Self::SHARING {
            return Err(Refused::Crowded { most: Self::SHARING });
        }
        self.commitments.push(commitment);
        self.commitments.sort_unstable();
        Ok(())
    }

    /// Takes in what members promise for the next epoch; of more than may share, those whom this
    /// epoch's beacon draws: nobody knew it when it promised.
    pub fn promise_all(&mut self, offered: impl IntoIterator<Item = Commitment>) {
        let key = hash(*b"sharing ", &[&self.beacon().0]);
        let mut race: Vec<_> =
            offered.into_iter().map(|made| (of_member(&key, made.node), made)).collect();
        race.sort_unstable();
        for (_, made) in race {
            if self.promise(made).is_err() {
                return;
            }
        }
    }

    /// Checks that a reveal was promised in this epoch.
    ///
    /// # Errors
    ///
    /// [`Refused::Unpromised`] if it was not.
    pub fn promised(&self, reveal: &Reveal) -> Result<(), Refused> {
        let made = reveal.commitment(self.number.saturating_add(1));
        let found = self.commitments.binary_search(&made).is_ok();
        if found { Ok(()) } else { Err(Refused::Unpromised { node: reveal.node }) }
    }

    /// Checks that this epoch, which a newer document tells, may follow `old`, which is in force.
    ///
    /// The same epoch may be told again. A later one must remember what `old` remembers of beacons,
    /// and its own beacon must follow from the one before, the registry's part and what members
    /// revealed. If it is the next one, they promised that in the old one.
    ///
    /// Whether the part is of the chain is another question: see [`joins`](Self::joins).
    ///
    /// # Errors
    ///
    /// [`Refused::EpochBack`] for an earlier epoch, [`Refused::Beacon`] for another history or a
    /// beacon that does not follow, [`Refused::Unpromised`] for a secret that nobody promised.
    pub fn follows(&self, old: &Self) -> Result<(), Refused> {
        let (got, have) = (self.number, old.number);
        if got < have {
            return Err(Refused::EpochBack { got, have });
        }
        let back = usize::try_from(got - have).unwrap_or(usize::MAX);
        let history = self.beacons.get(back..).unwrap_or_default();
        let other = history.iter().zip(&*old.beacons).any(|(new, old)| new != old);
        if other || got > have && !self.is_drawn() {
            return Err(Refused::Beacon { epoch: got });
        }
        if got == have.saturating_add(1) {
            // All promises are made when an epoch begins.
            return self.reveals.iter().try_for_each(|reveal| old.promised(reveal));
        }
        Ok(())
    }

    /// Tells whether the beacon follows from the one before, with the registry's part. Not in its
    /// silence: it has signed this, and would choose between the two.
    fn is_drawn(&self) -> bool {
        let before = self.beacons.get(1);
        before.is_some_and(|it| self.beacon() == it.next(&self.part, &self.reveals))
    }

    /// Tells whether the registry's part is of the chain of `old`: the same, or one of those that
    /// were told since, one an epoch at most. If not, another chain began, of which the registry
    /// could choose the anchor.
    ///
    /// Of an epoch more than [`Epoch::REACH`] later that is not known: true.
    pub fn joins(&self, old: &Self) -> bool {
        let passed = self.number.saturating_sub(old.number);
        if passed > Self::REACH {
            return true;
        }
        let mut part = self.part;
        for _ in 0..passed {
            if part == old.part {
                return true;
            }
            part = preimage(&part);
        }
        part == old.part
    }
}
