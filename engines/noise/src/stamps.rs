//! When each caller last called, so that an old call is not taken for a new one.

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

    /// Takes note of `stamp`, unless one as high was noted of this caller.
    pub(crate) fn admit(&mut self, caller: [u8; 32], stamp: u64) -> bool {
        if let Some((newest, turn)) = self.newest.get(&caller) {
            if stamp <= *newest {
                return false;
            }
            self.by_turn.remove(turn);
        } else if self.newest.len() >= self.room
            && let Some((_, forgotten)) = self.by_turn.pop_first()
        {
            self.newest.remove(&forgotten);
        }
        self.newest.insert(caller, (stamp, self.turn));
        self.by_turn.insert(self.turn, caller);
        self.turn += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Stamps;

    #[test]
    fn only_a_higher_stamp_of_the_same_caller_is_admitted() {
        let mut stamps = Stamps::new(10);
        assert!(stamps.admit([1; 32], 5));
        assert!(!stamps.admit([1; 32], 5) && !stamps.admit([1; 32], 4));
        assert!(stamps.admit([2; 32], 4) && stamps.admit([1; 32], 6));
    }

    #[test]
    fn the_longest_silent_is_forgotten_first() {
        let mut stamps = Stamps::new(2);
        assert!(stamps.admit([1; 32], 5) && stamps.admit([2; 32], 5));
        assert!(stamps.admit([1; 32], 6) && stamps.admit([3; 32], 5));
        assert!(!stamps.admit([1; 32], 6), "spoke after the second");
        assert!(stamps.admit([2; 32], 5), "was forgotten");
        assert_eq!(stamps.newest.len(), stamps.by_turn.len());
    }
}
