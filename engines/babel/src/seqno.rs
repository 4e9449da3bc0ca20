//! Sequence numbers, which wrap (RFC 8966 §3.2.1).

/// The age of a route, as its source counts.
///
/// Compare with [`newer_than`](Self::newer_than). There is no `Ord`, on purpose:
/// the relation is a circle, and a circle cannot be sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seqno(pub u16);

impl Seqno {
    /// Tells whether `self` is strictly newer than `other`, modulo 2^16.
    pub const fn newer_than(self, other: Self) -> bool {
        let ahead = self.0.wrapping_sub(other.0);
        0 < ahead && ahead < 0x8000
    }

    /// Returns the number that comes `steps` after this one.
    #[must_use]
    pub const fn plus(self, steps: u16) -> Self {
        Self(self.0.wrapping_add(steps))
    }

    /// Returns how many steps `self` is ahead of `other`; negative if behind.
    pub const fn ahead_of(self, other: Self) -> i16 {
        self.0.wrapping_sub(other.0).cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::Seqno;

    #[test]
    fn wraps_around() {
        assert!(Seqno(1).newer_than(Seqno(0)));
        assert!(Seqno(0).newer_than(Seqno(0xffff)));
        assert!(!Seqno(5).newer_than(Seqno(5)));
        assert_eq!(Seqno(0xffff).plus(2), Seqno(1));
        assert_eq!(Seqno(1).ahead_of(Seqno(0xffff)), 2);
        assert_eq!(Seqno(0xffff).ahead_of(Seqno(1)), -2);
    }

    #[test]
    fn opposite_points_are_not_ordered() {
        let (a, b) = (Seqno(0), Seqno(0x8000));
        assert!(!a.newer_than(b) && !b.newer_than(a));
    }
}
