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

    /// Tells whether `stamp` is higher than all that were noted of this caller.
    pub(crate) fn is_new(&self, caller: &[u8; 32], stamp: u64) -> bool {
        self.newest.get(caller).is_none_or(|(newest, _)| stamp > *newest)
    }

    /// Takes note of `stamp`, unless a higher one was noted of this caller.
    pub(crate) fn note(&mut self, caller: [u8; 32], stamp: u64) {
        let mut stamp = stamp;
        if let Some((newest, turn)) = self.newest.get(&caller) {
            stamp = stamp.max(*newest);
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
    fn only_a_higher_stamp_of_the_same_caller_is_new() {
        let mut stamps = Stamps::new(10);
        assert!(stamps.is_new(&[1; 32], 0));
        stamps.note([1; 32], 5);
        stamps.note([1; 32], 4);
        assert!(!stamps.is_new(&[1; 32], 5) && !stamps.is_new(&[1; 32], 4));
        assert!(stamps.is_new(&[2; 32], 4) && stamps.is_new(&[1; 32], 6));
    }

    #[test]
    fn the_longest_silent_is_forgotten_first() {
        let mut stamps = Stamps::new(2);
        stamps.note([1; 32], 5);
        stamps.note([2; 32], 5);
        stamps.note([1; 32], 6);
        stamps.note([3; 32], 5);
        assert!(!stamps.is_new(&[1; 32], 6), "spoke after the second");
        assert!(stamps.is_new(&[2; 32], 5), "was forgotten");
        assert_eq!(stamps.newest.len(), stamps.by_turn.len());
    }
}
