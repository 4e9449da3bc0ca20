//! A document that comes in chunks.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use words::{LinkId, Time};

use crate::SignedDocument;
use crate::frame::CHUNK;

/// Chunks asked for at once.
pub(crate) const BATCH: u8 = 8;
/// Silence after which chunks are asked for again.
const SILENCE: Duration = Duration::from_secs(1);
/// How often in a row chunks are asked for.
const TRIES: u8 = 4;

/// A document on its way to us.
#[derive(Debug)]
pub(crate) struct Transfer {
    pub(crate) link: LinkId,
    /// The version it is said to be.
    pub(crate) version: u64,
    /// Chunks by index; links may lose some and swap others.
    chunks: BTreeMap<u16, Vec<u8>>,
    /// Octets in all, once the first chunk has told.
    total: Option<u32>,
    /// The first chunk not asked for yet.
    until: u16,
    tries: u8,
    retry: Time,
}

impl Transfer {
    pub(crate) const fn new(link: LinkId, version: u64, now: Time) -> Self {
        let chunks = BTreeMap::new();
        Self { link, version, chunks, total: None, until: 0, tries: 0, retry: now }
    }

    /// Notes that chunks are asked for, and returns the index of the first of them.
    pub(crate) fn request(&mut self, now: Time) -> u16 {
        let first = self.next();
        self.retry = now + SILENCE;
        self.until = first.saturating_add(BATCH.into());
        first
    }

    /// Counts an unanswered request; `false` if there were too many in a row.
    pub(crate) const fn may_try_again(&mut self) -> bool {
        self.tries += 1;
        self.tries < TRIES
    }

    /// Returns when to ask again.
    pub(crate) const fn retry(&self) -> Time {
        self.retry
    }

    /// Returns the octets of all chunks, in order.
    pub(crate) fn into_octets(self) -> Vec<u8> {
        self.chunks.into_values().flatten().collect()
    }

    /// Returns the index of the first chunk that is missing.
    fn next(&self) -> u16 {
        let missing = (0..).zip(self.chunks.keys()).find(|(index, have)| index != *have);
        missing.map_or(self.chunks.len().try_into().unwrap_or(u16::MAX), |(index, _)| index)
    }

    /// Adds a chunk, and returns what is now to be done.
    pub(crate) fn add(&mut self, index: u16, total: u32, octets: &[u8], now: Time) -> Added {
        let size = usize::try_from(total).unwrap_or(usize::MAX);
        let rest = size.saturating_sub(usize::from(index) * CHUNK);
        let fits = size <= SignedDocument::LIMIT && octets.len() == rest.min(CHUNK);
        if *self.total.get_or_insert(total) != total || !fits {
            return Added::Broken;
        }
        if self.chunks.contains_key(&index) {
            return Added::Wait;
        }
        self.chunks.insert(index, octets.to_vec());
        (self.tries, self.retry) = (0, now + SILENCE);
        if self.chunks.len() == size.div_ceil(CHUNK) {
            Added::Whole
        } else if octets.len() == rest || self.until <= index.saturating_add(1) {
            Added::Next
        } else {
            Added::Wait
        }
    }
}

/// What a chunk leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It cannot be a part of the document.
    Broken,
    /// More were asked for, and may come.
    Wait,
    /// It was the last one asked for.
    Next,
    /// The document is whole.
    Whole,
}
