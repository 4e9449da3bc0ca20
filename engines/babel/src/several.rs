//! A map of a few entries as a rule, and of very many at times.

use alloc::collections::BTreeMap;

use crate::few::Few;

/// A map in the order of its keys: without room to spare while there are few entries, and a tree
/// once there are many.
#[derive(Clone, Debug)]
pub(crate) enum Several<K, V> {
    /// Less than [`MANY`].
    Few(Few<K, V>),
    /// More than [`LEAST`].
    Many(BTreeMap<K, V>),
}

impl<K, V> Default for Several<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Several<K, V> {
    /// Returns a map without entries.
    pub(crate) const fn new() -> Self {
        Self::Few(Few::new())
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Few(few) => few.len(),
            Self::Many(many) => many.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells whether it is a tree.
    pub(crate) const fn is_many(&self) -> bool {
        matches!(self, Self::Many(_))
    }

    /// Returns the entries, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let (few, many) = match self {
            Self::Few(few) => (Some(few), None),
            Self::Many(many) => (None, Some(many)),
        };
        let few = few.into_iter().flat_map(Few::iter);
        few.chain(many.into_iter().flatten())
    }
}

impl<K: Ord + Copy, V> Several<K, V> {
    #[inline]
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        match self {
            Self::Few(few) => few.get(key),
            Self::Many(many) => many.get(key),
        }
    }

    /// Adds or replaces an entry; returns the value that it had.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self {
            Self::Few(few) if few.len() < MANY => few.insert(key, value),
            Self::Few(few) => {
                let mut many: BTreeMap<K, V> = core::mem::take(few).into_iter().collect();
                let before = many.insert(key, value);
                *self = Self::Many(many);
                before
            }
            Self::Many(many) => many.insert(key, value),
        }
    }

    /// Removes an entry; returns its value.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let many = match self {
            Self::Few(few) => return few.remove(key),
            Self::Many(many) => many,
        };
        let value = many.remove(key);
        if many.len() <= LEAST {
            *self = Self::Few(core::mem::take(many).into_iter().collect());
        }
        value
    }
}

/// From so many entries on, to move those behind a new one takes longer than to go down a tree.
const MANY: usize = 512;
/// A tree has more entries than this.
const LEAST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_a_tree_says_while_it_grows_and_while_it_shrinks() {
        let (mut several, mut tree) = (Several::new(), BTreeMap::new());
        let mut was = [false; 2];
        for n in 0..20_000_u32 {
            let grows = n / 4_000 % 2 == 0;
            let key = n * 7_919 % 997;
            if grows == (n % 3 == 0) {
                assert_eq!(several.remove(&key), tree.remove(&key));
            } else {
                assert_eq!(several.insert(key, n), tree.insert(key, n));
            }
            assert_eq!(several.get(&key), tree.get(&key));
            assert!(several.iter().eq(tree.iter()));
            assert_eq!((several.len(), several.is_empty()), (tree.len(), tree.is_empty()));
            was[usize::from(several.is_many())] = true;
        }
        assert_eq!(was, [true; 2]);
        for key in tree.keys() {
            assert!(several.remove(key).is_some());
        }
        assert!(several.is_empty() && !several.is_many());
    }
}
