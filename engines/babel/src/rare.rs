//! What is seldom there, and takes no room while it is not.

use alloc::boxed::Box;
use core::ops::{Deref, DerefMut};

/// Something that is mostly void: a word then, and a box while anything is in it.
///
/// Read, it is as if it were always there. Whoever writes to it makes it be there, so who may
/// change nothing looks first, with [`there`](Self::there); and who took something out lets it go
/// if that was all, with [`tidy`](Self::tidy).
#[derive(Clone, Debug)]
pub(crate) struct Rare<T>(Option<Box<T>>);

/// What may be void.
pub(crate) trait Void: Default + 'static {
    /// The void one.
    const VOID: &'static Self;

    /// Tells whether nothing is in it.
    fn is_void(&self) -> bool;
}

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Rare<T> {
    /// Returns a void one.
    pub(crate) const fn new() -> Self {
        Self(None)
    }
}

impl<T: Void> Rare<T> {
    /// Returns it if it is there, to change it.
    pub(crate) fn there(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }

    /// Takes out all that is in it.
    pub(crate) fn take(&mut self) -> T {
        self.0.take().map_or_else(T::default, |it| *it)
    }

    /// Frees its room if nothing is in it any more.
    pub(crate) fn tidy(&mut self) {
        if self.0.as_ref().is_some_and(|it| it.is_void()) {
            self.0 = None;
        }
    }
}

impl<T: Void> Deref for Rare<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::VOID)
    }
}

impl<T: Void> DerefMut for Rare<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Void for u8 {
        const VOID: &'static Self = &0;

        fn is_void(&self) -> bool {
            *self == 0
        }
    }

    #[test]
    fn it_is_there_from_the_first_write_until_it_is_void() {
        let mut it = Rare::<u8>::default();
        assert_eq!((*it, it.there()), (0, None));
        *it = 7;
        it.tidy();
        assert_eq!((*it, it.there()), (7, Some(&mut 7)));
        *it = 0;
        it.tidy();
        assert_eq!((*it, it.there()), (0, None));
        *it = 3;
        assert_eq!((it.take(), it.there()), (3, None));
    }
}
