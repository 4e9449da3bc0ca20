//! When each caller was last accepted, so that an old call is not taken for a new one.
//!
//! Only callers that were accepted are noted: whoever may make keys at will would else
//! push the others out.

use alloc::collections::BTreeMap;

/// The newest stamp of each initiator, by static key; the longest silent are forgotten.
pub(crate) struct Stamps {
    room: usize,
    /// Newest stamp, and the turn at which it came.
    newest: BTreeMap<[u8; 32], (u64, u64)>,
    by_turn: BTreeMap<u64, [u8; 32]>,
    turn: u64,
}

impl Stamps {
    /// Returns a memory of `room` callers, 1 at least.
    pub(crate) fn new(room: usize) -> Self {
        Self { room: room.max(1), newest: BTreeMap::new(), by_turn: BTreeMap::new(), turn: 0 }
    }

    /// Returns the newest stamp that was noted of this caller.
    pub(crate) fn newest(&self, caller: &[u8; 32]) -> Option<u64> {
        self.newest.get(caller).map(|(newest, _)| *newest)
    }

    /// Takes note of `stamp`, unless a higher one was noted of this caller that is not above
    /// the `latest` there can be.
    pub(crate) fn note(&mut self, caller: [u8; 32], stamp: u64, latest: u64) {
        let mut stamp = stamp;
        if let Some((newest, turn)) = self.newest.get(&caller) {
            stamp = if *newest <= latest { stamp.max(*newest) } else { stamp };
            self.by_turn.remove(turn);
        } else if self.newest.len() >= self.room
            && let Some((_, forgotten)) = self.by_turn.pop_first()
        {
            self.newest.remove(&forgotten);
        }
        self.newest.insert(caller, (stamp, self.turn));
        self.by_turn.insert(self.turn, caller);
        self.turn += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Stamps;

    #[test]
    fn the_highest_stamp_of_each_caller_is_noted() {
        let mut stamps = Stamps::new(10);
        assert_eq!(stamps.newest(&[1; 32]), None);
        stamps.note([1; 32], 5, 100);
        stamps.note([1; 32], 4, 100);
        assert_eq!((stamps.newest(&[1; 32]), stamps.newest(&[2; 32])), (Some(5), None));
    }

    #[test]
    fn a_stamp_higher_than_there_can_be_gives_way() {
        let mut stamps = Stamps::new(10);
        stamps.note([1; 32], 900, 1_000);
        stamps.note([1; 32], 7, 100);
        assert_eq!(stamps.newest(&[1; 32]), Some(7));
    }

    #[test]
    fn the_longest_silent_is_forgotten_first() {
        let mut stamps = Stamps::new(2);
        for (caller, stamp) in [([1; 32], 5), ([2; 32], 5), ([1; 32], 6), ([3; 32], 5)] {
            stamps.note(caller, stamp, 100);
        }
        assert_eq!(stamps.newest(&[1; 32]), Some(6), "spoke after the second");
        assert_eq!(stamps.newest(&[2; 32]), None, "was forgotten");
        assert_eq!(stamps.newest.len(), stamps.by_turn.len());
    }
}
