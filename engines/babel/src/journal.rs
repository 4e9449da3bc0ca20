//! The order in which routes changed, for all neighbours at once.
//!
//! A change moves its range to the end. Each neighbour has a place up to which it was told:
//! what changed five times since then is told once, as it is now, and a slow neighbour costs
//! nothing but its place.

use alloc::collections::VecDeque;

use crate::rows::{RowId, Rows};

/// The ranges that changed, each at its last change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal {
    /// Places whose row is somewhere later by now are passed over.
    lines: VecDeque<RowId>,
    /// The place of the first line.
    first: u32,
}

impl Journal {
    /// Returns the place of the next change.
    pub(crate) fn end(&self) -> u32 {
        self.first.wrapping_add(u32::try_from(self.lines.len()).unwrap_or(0))
    }

    /// Writes that a range changed.
    pub(crate) fn write(&mut self, row: RowId, rows: &mut Rows) {
        let end = self.end();
        if let Some(it) = rows.get_mut(row) {
            it.place = end;
            self.lines.push_back(row);
        }
    }

    /// Returns the range that changed at `place`, unless it changed again since.
    pub(crate) fn at(&self, place: u32, rows: &Rows) -> Option<RowId> {
        let row = *self.lines.get(place.wrapping_sub(self.first) as usize)?;
        (rows.get(row).place == place).then_some(row)
    }

    /// Returns how many changes there were since `place`, each counted.
    pub(crate) fn since(&self, place: u32) -> usize {
        self.end().wrapping_sub(place) as usize
    }

    /// Forgets what every neighbour was told: all before the earliest of their places.
    pub(crate) fn trim(&mut self, places: impl Iterator<Item = u32>) {
        let left = places.map(|place| self.since(place)).max().unwrap_or(0);
        let told = self.lines.len().saturating_sub(left);
        self.lines.drain(..told);
        self.first = self.first.wrapping_add(u32::try_from(told).unwrap_or(0));
        if self.lines.capacity() > ROOM && self.lines.len() < self.lines.capacity() / 8 {
            self.lines.shrink_to(self.lines.len() * 2);
        }
    }

    /// Tells whether most lines say nothing any more.
    pub(crate) fn is_long(&self, rows: &Rows) -> bool {
        self.lines.len() > rows.len() * 2 + 1024
    }

    /// Drops the lines that say nothing, and moves the `places` along.
    pub(crate) fn shorten<'a>(
        &mut self,
        rows: &mut Rows,
        places: impl Iterator<Item = &'a mut u32>,
    ) {
        let (first, end) = (self.first, self.end());
        let mut kept = VecDeque::with_capacity(rows.len());
        // How many lines were kept of those before each line.
        let mut before = alloc::vec::Vec::with_capacity(self.lines.len() + 1);
        for (offset, row) in (0..).zip(&self.lines) {
            before.push(u32::try_from(kept.len()).unwrap_or(0));
            let place = first.wrapping_add(offset);
            if rows.get(*row).place == place {
                kept.push_back(*row);
            }
        }
        before.push(u32::try_from(kept.len()).unwrap_or(0));
        for place in places {
            let offset = place.wrapping_sub(first) as usize;
            *place = end.wrapping_add(before.get(offset).copied().unwrap_or(0));
        }
        for (offset, row) in (0..).zip(&kept) {
            if let Some(row) = rows.get_mut(*row) {
                row.place = end.wrapping_add(offset);
            }
        }
        (self.lines, self.first) = (kept, end);
    }
}

/// So many lines are never too much room.
const ROOM: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;
    use words::Prefix;

    fn rows(count: u32) -> (Rows, alloc::vec::Vec<RowId>) {
        let mut rows = Rows::new(1);
        let key = |n: u32| Key::to(Prefix::new(u128::from(n) << 64, 64));
        let ids = (0..count).map(|n| rows.intern(key(n + 1)).unwrap()).collect();
        (rows, ids)
    }

    fn read(journal: &Journal, rows: &Rows, from: u32) -> alloc::vec::Vec<RowId> {
        let places = (0u32..).take(journal.since(from)).map(|n| from.wrapping_add(n));
        places.filter_map(|place| journal.at(place, rows)).collect()
    }

    #[test]
    fn what_changed_often_is_read_once_and_last() {
        let (mut rows, ids) = rows(3);
        let mut journal = Journal::default();
        for n in [0, 1, 0, 2, 0] {
            journal.write(ids[n], &mut rows);
        }
        assert_eq!(read(&journal, &rows, 0), [ids[1], ids[2], ids[0]]);
        assert_eq!(read(&journal, &rows, 4), [ids[0]]);
        journal.trim([3].into_iter());
        assert_eq!(read(&journal, &rows, 3), [ids[2], ids[0]]);
    }

    #[test]
    fn shortening_changes_nothing_that_is_read() {
        let (mut rows, ids) = rows(5);
        let mut journal = Journal::default();
        let mut place = 0;
        for n in 0..5000 {
            journal.write(ids[n % 4], &mut rows);
            if n == 4998 {
                place = journal.end();
            }
        }
        assert!(journal.is_long(&rows));
        let (all, last) = (read(&journal, &rows, 0), read(&journal, &rows, place));
        let mut places = [0, place];
        journal.shorten(&mut rows, places.iter_mut());
        assert!(!journal.is_long(&rows));
        assert_eq!(read(&journal, &rows, places[0]), all);
        assert_eq!(read(&journal, &rows, places[1]), last);
    }
}
