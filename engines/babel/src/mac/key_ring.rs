//! The keys of one interface.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use words::Wall;

use super::key::{Key, KeyError};
use super::pseudo_header::Covered;
use super::tlv::PREFACE;

/// Keys in force at one moment, at most: each costs a MAC for every packet that is signed or
/// fits none.
const MOST: usize = 8;

/// The keys of one interface, with different names.
#[derive(Clone, Debug, Default)]
pub struct KeyRing(Vec<Key>);

impl KeyRing {
    /// Returns the keys as a ring.
    ///
    /// # Errors
    ///
    /// [`KeyError::Twice`], and [`KeyError::Crowd`] if more than 8 ever sign, or are accepted,
    /// at one moment.
    pub fn new(keys: Vec<Key>) -> Result<Self, KeyError> {
        let mut names = BTreeSet::new();
        if let Some(key) = keys.iter().find(|key| !names.insert(key.name())) {
            return Err(KeyError::Twice { name: key.name().into() });
        }
        // The most are in force at some beginning.
        let begin = |key: &Key| [key.sign().from, key.accept().from];
        let beginnings: BTreeSet<Wall> =
            keys.iter().flat_map(begin).map(Option::unwrap_or_default).collect();
        for at in beginnings {
            let signing = keys.iter().filter(|key| key.sign().holds(at)).count();
            let accepted = keys.iter().filter(|key| key.accept().holds(at)).count();
            if signing.max(accepted) > MOST {
                return Err(KeyError::Crowd { at, most: MOST });
            }
        }
        Ok(Self(keys))
    }

    /// Returns the keys.
    pub fn keys(&self) -> &[Key] {
        &self.0
    }

    /// Returns those that sign at this moment.
    pub(super) fn signing(&self, wall: Wall) -> impl Iterator<Item = &Key> {
        self.0.iter().filter(move |key| key.sign().holds(wall))
    }

    /// Returns the most octets that MACs will take at any moment from this one on.
    pub(super) fn room(&self, wall: Wall) -> usize {
        let later = self.0.iter().filter_map(|key| key.sign().from).filter(|from| wall < *from);
        let at = |at| self.signing(at).map(|key| PREFACE + key.algorithm().octets()).sum();
        core::iter::once(wall).chain(later).map(at).max().unwrap_or(0)
    }

    /// Returns the number of a key that fits, the one numbered `first` before the others.
    pub(super) fn fits<'a>(
        &self,
        covered: Covered<'_>,
        macs: &(impl Iterator<Item = &'a [u8]> + Clone),
        first: Option<usize>,
        wall: Wall,
    ) -> Option<usize> {
        let others = (0..self.0.len()).filter(|number| Some(*number) != first);
        first.into_iter().chain(others).find(|number| {
            let key = self.0.get(*number).filter(|key| key.accept().holds(wall));
            key.is_some_and(|key| key.fits(covered, macs.clone()))
        })
    }

    /// Returns the number of the key of this name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|key| key.name() == name)
    }

    /// Returns the key of this number.
    pub(super) fn get(&self, number: usize) -> Option<&Key> {
        self.0.get(number)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::super::key::{Algorithm, Span};
    use super::*;

    fn key(name: &str, algorithm: Algorithm, span: Span) -> Key {
        Key::new(name, algorithm, b"secret", span, span).unwrap()
    }

    fn from(at: u64, until: u64) -> Span {
        Span { from: Some(Wall(at)), until: Some(Wall(until)) }
    }

    #[test]
    fn eight_keys_may_be_in_force_and_not_nine_even_for_a_second() {
        let begun = |last| {
            let hours = (0..8).map(|n| (n * 100, 1000 + n)).chain([last]).enumerate();
            let keys = hours.map(|(n, (begin, end))| {
                key(&format!("{n}"), Algorithm::HmacSha256, from(begin, end))
            });
            KeyRing::new(keys.collect()).map(|ring| ring.keys().len())
        };
        assert_eq!(begun((1000, 2000)), Ok(9));
        assert_eq!(begun((999, 2000)), Err(KeyError::Crowd { at: Wall(999), most: 8 }));
        assert_eq!(begun((0, 700)), Ok(9));
        assert_eq!(begun((0, 701)), Err(KeyError::Crowd { at: Wall(700), most: 8 }));
    }

    #[test]
    fn two_keys_have_two_names() {
        let keys = ["a", "b", "a"].map(|name| key(name, Algorithm::HmacSha256, Span::ALWAYS));
        let twice = KeyError::Twice { name: "a".into() };
        assert_eq!(KeyRing::new(keys.into()).unwrap_err(), twice);
    }

    #[test]
    fn room_is_kept_for_keys_that_begin_later_and_not_for_those_that_have_ended() {
        let ring = KeyRing::new(Vec::from([
            key("old", Algorithm::HmacSha256, from(0, 100)),
            key("new", Algorithm::Blake2s128, from(50, 200)),
        ]));
        let ring = ring.unwrap();
        let room = |at| ring.room(Wall(at));
        assert_eq!((room(0), room(99), room(100), room(200)), (52, 52, 18, 0));
    }
}
