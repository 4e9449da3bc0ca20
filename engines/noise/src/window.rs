//! Which packets of a session came already.
//!
//! ```text
//!   too old │ 8128 at least: one bit each │ newest │ never seen: admitted
//! ```
//!
//! A ring of words, of which one is always being reused, so nothing is shifted.
//!
//! Source: RFC 6479; its sizes grown for batches spread over several threads.

/// 64-bit words in the ring.
const WORDS: usize = 128;

/// How far behind the newest a counter is still told from a replay.
const WIDTH: u64 = (WORDS as u64 - 1) * 64;

/// The packets of one session that came already, by their counters.
///
/// Any counter is admitted once at most; one in order, or late by no more than
/// 8128, is admitted once exactly. `u64::MAX` is never admitted.
#[derive(Clone, Debug)]
pub struct Window {
    /// One more than the highest counter admitted; 0 before the first.
    next: u64,
    words: [u64; WORDS],
}

impl Default for Window {
    fn default() -> Self {
        Self::new()
    }
}

impl Window {
    /// Returns the window of a session that has heard nothing.
    pub const fn new() -> Self {
        Self { next: 0, words: [0; WORDS] }
    }

    /// Returns one more than the highest counter admitted; 0 before the first.
    pub const fn reached(&self) -> u64 {
        self.next
    }

    /// Tells whether `admit` would admit `counter`.
    pub fn may_admit(&self, counter: u64) -> bool {
        if counter >= self.next {
            return counter != u64::MAX;
        }
        counter >= self.floor() && self.word(counter) & bit(counter) == 0
    }

    /// Admits `counter`, unless it came already or is too old to tell.
    ///
    /// Call it once the packet is authenticated, and believe the packet only if
    /// this says so.
    pub fn admit(&mut self, counter: u64) -> bool {
        if !self.may_admit(counter) {
            return false;
        }
        if counter >= self.next {
            self.advance(counter);
        }
        if let Some(word) = self.words.get_mut(place(counter)) {
            *word |= bit(counter);
        }
        true
    }

    /// Returns the lowest counter that may still be admitted.
    pub const fn floor(&self) -> u64 {
        self.next.saturating_sub(WIDTH)
    }

    /// Makes `counter` the newest, and empties the words that come into use.
    fn advance(&mut self, counter: u64) {
        let (from, to) = (self.next.div_ceil(64), counter / 64);
        let fresh = (to + 1).saturating_sub(from).min(WORDS as u64);
        for word in (to + 1 - fresh)..=to {
            if let Some(word) = self.words.get_mut(place(word * 64)) {
                *word = 0;
            }
        }
        self.next = counter + 1;
    }

    fn word(&self, counter: u64) -> u64 {
        self.words.get(place(counter)).copied().unwrap_or(u64::MAX)
    }
}

const fn bit(counter: u64) -> u64 {
    1 << (counter % 64)
}

fn place(counter: u64) -> usize {
    usize::try_from(counter / 64 % WORDS as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::{WIDTH, Window};

    #[test]
    fn in_order_each_is_admitted_once() {
        let mut window = Window::new();
        assert!((0..100_000).all(|counter| window.admit(counter) && !window.admit(counter)));
    }

    #[test]
    fn the_last_possible_one_is_admitted_and_the_one_before_is_not() {
        let mut window = Window::new();
        assert!(window.admit(1_000_000));
        let floor = 1_000_001 - WIDTH;
        assert!(!window.admit(floor - 1));
        assert!(window.admit(floor) && !window.admit(floor));
    }

    #[test]
    fn the_end_of_all_counters_is_refused_without_a_panic() {
        let mut window = Window::new();
        assert!(!window.admit(u64::MAX));
        assert!(window.admit(u64::MAX - 1) && !window.admit(u64::MAX - 1));
        assert!(!window.admit(u64::MAX) && window.admit(u64::MAX - 2));
    }

    /// Counters as a network brings them: near the newest, sometimes far.
    fn counters() -> impl Strategy<Value = Vec<u64>> {
        let step = prop_oneof![
            8 => 0..70_u64,
            4 => 0..10_000_u64,
            2 => 0..40_000_u64,
            1 => any::<u64>(),
        ];
        prop::collection::vec((step, any::<bool>()), 1..600).prop_map(|steps| {
            let mut newest = 0_u64;
            let mut all = Vec::new();
            for (step, ahead) in steps {
                let counter =
                    if ahead { newest.saturating_add(step) } else { newest.saturating_sub(step) };
                newest = if step < 50_000 { newest.max(counter) } else { newest };
                all.push(counter);
            }
            all
        })
    }

    proptest! {
        #[test]
        fn it_admits_what_a_list_of_all_counters_would(counters in counters()) {
            let mut window = Window::new();
            let (mut came, mut next) = (BTreeSet::new(), 0_u64);
            for counter in counters {
                let old = counter < next.saturating_sub(WIDTH);
                let expected = !old && counter != u64::MAX && !came.contains(&counter);
                prop_assert_eq!(window.may_admit(counter), expected);
                prop_assert_eq!(window.admit(counter), expected);
                if expected {
                    came.insert(counter);
                    next = next.max(counter + 1);
                }
            }
        }
    }
}
