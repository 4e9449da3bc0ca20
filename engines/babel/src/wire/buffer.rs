//! Octets being written, never more than there may be.

use alloc::vec::Vec;

/// Octets, and how many there may be at most.
///
/// What does not fit is not written, and [`Buffer::is_over`] says so from then on, until
/// [`Buffer::cut`].
#[derive(Clone, Debug)]
pub(super) struct Buffer {
    octets: Vec<u8>,
    most: usize,
    over: bool,
}

impl Buffer {
    /// Returns an empty one with room for `most` octets, allocated once for all.
    pub(super) fn new(most: usize) -> Self {
        Self { octets: Vec::with_capacity(most), most, over: false }
    }

    /// Writes `octets`.
    #[inline]
    pub(super) fn put(&mut self, octets: &[u8]) {
        if self.over || self.most - self.octets.len() < octets.len() {
            self.over = true;
        } else {
            self.octets.extend_from_slice(octets);
        }
    }

    /// Writes a TLV or sub-TLV: type, length and the body that `body` writes, which must be
    /// shorter than 254 octets.
    #[inline]
    pub(super) fn item(&mut self, kind: u8, body: impl FnOnce(&mut Self)) {
        let start = self.octets.len();
        self.put(&[kind, 0]);
        body(self);
        match u8::try_from(self.octets.len() - start) {
            Ok(length) if !self.over => self.set(start + 1, &[length.saturating_sub(2)]),
            _ => self.over = true,
        }
    }

    /// Replaces the octets from the place `at` on, if they are there.
    pub(super) fn set(&mut self, at: usize, octets: &[u8]) {
        let places = self.octets.iter_mut().skip(at);
        places.zip(octets).for_each(|(place, octet)| *place = *octet);
    }

    /// Tells whether `spare` more octets, or something already, found no room.
    pub(super) const fn is_over(&self, spare: usize) -> bool {
        self.over || self.most - self.octets.len() < spare
    }

    /// Returns how many octets were written.
    pub(super) const fn len(&self) -> usize {
        self.octets.len()
    }

    /// Forgets all octets past the first `length`.
    pub(super) fn cut(&mut self, length: usize) {
        self.octets.truncate(length);
        self.over = false;
    }

    /// Returns the octets.
    #[cfg(test)]
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Returns the octets.
    pub(super) fn into_octets(self) -> Vec<u8> {
        self.octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_grows() {
        let mut buffer = Buffer::new(4);
        buffer.put(&[1, 2, 3]);
        assert!(!buffer.is_over(1) && buffer.is_over(2));
        buffer.put(&[4, 5]);
        assert!(buffer.is_over(0));
        buffer.cut(2);
        buffer.item(9, |_| {});
        assert_eq!((buffer.is_over(0), buffer.octets()), (false, &[1, 2, 9, 0][..]));
        buffer.item(9, |buffer| buffer.put(&[7]));
        assert!(buffer.is_over(0));
        buffer.cut(4);
        assert_eq!(buffer.into_octets(), [1, 2, 9, 0]);
    }
}
