//! A map of few entries, in the order of their keys and without room to spare.

use alloc::vec::Vec;

/// A map for tens of entries: as large as these are, and nothing once it is empty.
///
/// A tree's smallest node has room for eleven entries, and stays when they go: too much where
/// there are thousands of maps and most have an entry or two. To add or remove one moves those
/// behind it.
#[derive(Clone, Debug)]
pub(crate) struct Few<K, V>(Vec<(K, V)>);

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> IntoIterator for Few<K, V> {
    type Item = (K, V);
    type IntoIter = alloc::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Few<K, V> {
    /// Takes entries that are in order.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut entries: Vec<(K, V)> = entries.into_iter().collect();
        entries.shrink_to_fit();
        Self(entries)
    }
}

impl<K, V> Few<K, V> {
    /// Returns a map without entries.
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns how many entries there are.
    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the entries, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// Returns the keys, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    /// Returns the values, in the order of their keys.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }
}

impl<K: Ord, V> Few<K, V> {
    #[inline]
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        let at = self.place(key).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let at = self.place(key).ok()?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    /// Adds or replaces an entry; returns the value that it had.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(at) => self.0.get_mut(at).map(|(_, place)| core::mem::replace(place, value)),
            Err(at) => {
                if self.0.len() == self.0.capacity() {
                    self.0.reserve_exact(1 + self.0.len() / 8);
                }
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// Removes an entry; returns its value.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let at = self.place(key).ok()?;
        let (_, value) = self.0.remove(at);
        if self.0.len() <= self.0.capacity() / 2 {
            self.0.shrink_to_fit();
        }
        Some(value)
    }

    #[inline]
    fn place(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_a_tree_says_and_is_nothing_once_empty() {
        let (mut few, mut tree) = (Few::new(), alloc::collections::BTreeMap::new());
        for n in 0..1_000_u32 {
            let key = n * 7_919 % 61;
            if n % 3 == 0 {
                assert_eq!(few.remove(&key), tree.remove(&key));
            } else {
                assert_eq!(few.insert(key, n), tree.insert(key, n));
            }
            assert_eq!(few.get(&key), tree.get(&key));
            assert_eq!(few.get_mut(&key), tree.get_mut(&key));
            assert!(few.keys().eq(tree.keys()) && few.iter().eq(tree.iter()));
            assert!(few.values().eq(tree.values()));
            assert_eq!((few.len(), few.is_empty()), (tree.len(), tree.is_empty()));
        }
        for key in 0..61 {
            few.remove(&key);
        }
        assert_eq!((few.len(), few.0.capacity()), (0, 0));
    }
}
