//! A bound on what waits for the control thread.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Octets on their way to the control thread. There is room for so many only; dropping
/// them makes room for others.
#[derive(Debug)]
pub struct Held {
    octets: Vec<u8>,
    _place: Place,
    _share: Option<Place>,
}

impl Deref for Held {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.octets
    }
}

/// A place in a room; dropping it makes room for others.
#[derive(Debug)]
pub struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
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

    /// Takes a place, if there is one.
    pub(super) fn take(&self) -> Option<Place> {
        // One thread takes room, so nobody takes it between the two lines.
        if self.used.load(Ordering::Relaxed) >= self.most {
            return None;
        }
        self.used.fetch_add(1, Ordering::Relaxed);
        Some(Place(Arc::clone(&self.used)))
    }

    /// Copies `octets`, if there is room.
    pub(super) fn hold(&self, octets: &[u8]) -> Option<Held> {
        let place = self.take()?;
        Some(Held { octets: octets.to_vec(), _place: place, _share: None })
    }

    /// Copies `octets`, if there is room both here and in the `share` of who sent them.
    pub(super) fn hold_of(&self, share: &Self, octets: &[u8]) -> Option<Held> {
        let share = share.take()?;
        Some(Held { _share: Some(share), ..self.hold(octets)? })
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

    #[test]
    fn nobody_has_more_than_a_share() {
        let (room, one, other) = (Room::for_(3), Room::for_(2), Room::for_(2));
        let held = [room.hold_of(&one, b"a").unwrap(), room.hold_of(&one, b"b").unwrap()];
        assert!(room.hold_of(&one, b"c").is_none());
        let third = room.hold_of(&other, b"c").unwrap();
        assert!(room.hold_of(&other, b"d").is_none(), "the room is full");
        drop(held);
        assert!(room.hold_of(&other, b"d").is_some(), "what was not held takes no place");
        assert_eq!(&third[..], b"c");
    }
}
