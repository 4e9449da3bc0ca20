//! A bound on what waits for the control thread.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Octets on their way to the control thread. There is room for so many only; dropping
/// them makes room for others.
#[derive(Debug)]
pub struct Held {
    octets: Vec<u8>,
    used: Arc<AtomicUsize>,
}

impl Deref for Held {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.octets
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.used.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Room for so many.
#[derive(Debug)]
pub(super) struct Room {
    used: Arc<AtomicUsize>,
    most: usize,
}

impl Room {
    pub(super) fn for_(most: usize) -> Self {
        Self { used: Arc::default(), most }
    }

    /// Copies `octets`, if there is room.
    pub(super) fn hold(&self, octets: &[u8]) -> Option<Held> {
        // One thread takes room, so nobody takes it between the two lines.
        if self.used.load(Ordering::Relaxed) >= self.most {
            return None;
        }
        self.used.fetch_add(1, Ordering::Relaxed);
        Some(Held { octets: octets.to_vec(), used: Arc::clone(&self.used) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_makes_room() {
        let room = Room::for_(2);
        let (first, second) = (room.hold(b"a").unwrap(), room.hold(b"b").unwrap());
        assert!(room.hold(b"c").is_none());
        assert_eq!((&first[..], &second[..]), (&b"a"[..], &b"b"[..]));
        drop(first);
        assert!(room.hold(b"c").is_some());
    }
}
