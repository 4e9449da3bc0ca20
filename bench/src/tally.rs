//! What crossed a wire, as the neighbour at its end counts it.

use std::sync::atomic::{AtomicU64, Ordering};

use words::Time;

/// Octets of Babel and packets, both ways. Any thread may read.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    octets_in: AtomicU64,
    octets_out: AtomicU64,
    packets_in: AtomicU64,
    packets_out: AtomicU64,
    greeted: AtomicU64,
    telling: AtomicU64,
}

/// What a tally shows at one moment, as seen from the daemon; or the difference of two.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Crossed {
    /// Octets of Babel that the daemon was told.
    pub(crate) told: u64,
    /// Octets of Babel that the daemon said.
    pub(crate) said: u64,
    /// Packets that the daemon was told.
    pub(crate) packets_told: u64,
    /// Packets that the daemon said.
    pub(crate) packets_said: u64,
}

impl Tally {
    /// Counts a packet that came from the daemon.
    pub(crate) fn heard(&self, octets: usize) {
        self.packets_in.fetch_add(1, Ordering::Relaxed);
        self.octets_in.fetch_add(wide(octets), Ordering::Relaxed);
    }

    /// Counts a packet that went to the daemon.
    pub(crate) fn sent(&self, octets: usize) {
        self.packets_out.fetch_add(1, Ordering::Relaxed);
        self.octets_out.fetch_add(wide(octets), Ordering::Relaxed);
    }

    /// Notes when the neighbour last greeted.
    pub(crate) fn greeted(&self, at: Time) {
        self.greeted.store(at.as_micros(), Ordering::Relaxed);
    }

    /// Returns when the neighbour last greeted.
    pub(crate) fn last_greeting(&self) -> Time {
        Time::from_micros(self.greeted.load(Ordering::Relaxed))
    }

    /// Notes when the neighbour began to tell its ranges.
    pub(crate) fn telling(&self, at: Time) {
        self.telling.store(at.as_micros(), Ordering::Relaxed);
    }

    /// Returns when the neighbour began to tell its ranges, if it did.
    pub(crate) fn begin_of_telling(&self) -> Option<Time> {
        Some(self.telling.load(Ordering::Relaxed)).filter(|at| *at > 0).map(Time::from_micros)
    }

    /// Returns what was counted so far.
    pub(crate) fn read(&self) -> Crossed {
        Crossed {
            told: self.octets_out.load(Ordering::Relaxed),
            said: self.octets_in.load(Ordering::Relaxed),
            packets_told: self.packets_out.load(Ordering::Relaxed),
            packets_said: self.packets_in.load(Ordering::Relaxed),
        }
    }
}

impl std::iter::Sum for Crossed {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            told: sum.told + one.told,
            said: sum.said + one.said,
            packets_told: sum.packets_told + one.packets_told,
            packets_said: sum.packets_said + one.packets_said,
        })
    }
}

impl std::ops::Sub for Crossed {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            told: self.told - before.told,
            said: self.said - before.said,
            packets_told: self.packets_told - before.packets_told,
            packets_said: self.packets_said - before.packets_said,
        }
    }
}

fn wide(octets: usize) -> u64 {
    u64::try_from(octets).unwrap_or(u64::MAX)
}
