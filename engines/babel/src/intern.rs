//! Names become numbers: a range or a router-id is stored once, and meant by 32 bits.

use alloc::vec::Vec;
use core::hash::Hasher;

use hashbrown::HashTable;

use crate::RouterId;
use crate::candidates::grow;

/// A router-id, by its number in [`Routers`]. Zero means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Router(pub(crate) u32);

impl Router {
    /// No router.
    pub(crate) const NONE: Self = Self(0);
}

/// The router-ids in use.
#[derive(Clone, Debug)]
pub(crate) struct Routers {
    names: Vec<RouterId>,
    index: HashTable<u32>,
    key: u64,
    /// How many there may be before those out of use are looked for.
    enough: usize,
}

impl Routers {
    /// Returns an empty set, whose index nobody can foresee who does not know `key`.
    pub(crate) fn new(key: u64) -> Self {
        let names = [RouterId([0; 8])].into();
        Self { names, index: HashTable::new(), key, enough: SLACK }
    }

    /// Returns the number of a router-id, if it has one.
    pub(crate) fn find(&self, name: RouterId) -> Option<Router> {
        let hash = hash(self.key, &name.0);
        let same = |number: &u32| self.names.get(*number as usize) == Some(&name);
        self.index.find(hash, same).copied().map(Router)
    }

    /// Returns the number of a router-id, which it gets if it has none.
    pub(crate) fn intern(&mut self, name: RouterId) -> Router {
        if let Some(router) = self.find(name) {
            return router;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        if number > MOST {
            return Router::NONE;
        }
        let at = self.names.len();
        grow(&mut self.names, at, name);
        let Self { names, index, key, .. } = self;
        let again = |number: &u32| hash(*key, &name_of(names, *number).0);
        index.insert_unique(hash(*key, &name.0), number, again);
        Router(number)
    }

    /// Returns the router-id of this number.
    #[inline]
    pub(crate) fn name(&self, router: Router) -> RouterId {
        name_of(&self.names, router.0)
    }

    /// Tells whether it is time to [`keep`](Self::keep) only those in use.
    pub(crate) fn are_many(&self) -> bool {
        self.names.len() > self.enough
    }

    /// Forgets all router-ids but those in `used`; returns the new numbers, by the old ones.
    pub(crate) fn keep(&mut self, used: &[bool]) -> Vec<Router> {
        let before = core::mem::replace(self, Self::new(self.key));
        let renumber = |(name, used): (&RouterId, &bool)| {
            if *used { self.intern(*name) } else { Router::NONE }
        };
        let mut numbers: Vec<Router> = before.names.iter().zip(used).map(renumber).collect();
        if let Some(none) = numbers.first_mut() {
            *none = Router::NONE;
        }
        self.enough = self.names.len() * 2 + SLACK;
        numbers
    }

    /// Returns how many numbers there are, the one for none included.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}

#[inline]
fn name_of(names: &[RouterId], number: u32) -> RouterId {
    names.get(number as usize).copied().unwrap_or(RouterId([0; 8]))
}

/// Returns the hash of `octets` under a key: nobody outside can make many collide.
pub(crate) fn hash(key: u64, octets: &[u8]) -> u64 {
    let mut hasher = Mixer(key);
    hasher.write(octets);
    hasher.finish()
}

/// Multiplies and folds, eight octets at a time, from a secret start.
struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, octets: &[u8]) {
        for chunk in octets.chunks(8) {
            let mut word = [0; 8];
            word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            let mixed = u128::from(self.0 ^ u64::from_le_bytes(word)) * MULTIPLIER;
            let (low, high) = (mixed & u128::from(u64::MAX), mixed >> 64);
            self.0 = u64::try_from(low ^ high).unwrap_or(0).rotate_left(23);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// An odd number without pattern: the golden ratio, and the square root of three.
const MULTIPLIER: u128 = 0x9e37_79b9_7f4a_7c15;
const SLACK: usize = 4096;
/// A candidate has 24 bits for a number.
const MOST: u32 = 0x00ff_ffff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number_until_it_is_out_of_use() {
        let mut routers = Routers::new(7);
        let numbers: Vec<Router> = (1..100).map(|n| routers.intern(RouterId([n; 8]))).collect();
        assert_eq!(routers.intern(RouterId([5; 8])), numbers[4]);
        assert_eq!(routers.name(numbers[4]), RouterId([5; 8]));
        let mut used = alloc::vec![false; routers.len()];
        used[numbers[4].0 as usize] = true;
        let renumbered = routers.keep(&used);
        assert_eq!(routers.name(renumbered[numbers[4].0 as usize]), RouterId([5; 8]));
        assert_eq!(routers.len(), 2);
        assert_eq!(routers.find(RouterId([6; 8])), None);
    }
}
