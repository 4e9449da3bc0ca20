//! Border nodes are elected at random, and everybody can check it.
//!
//! Nobody draws here: luck is computed from a beacon that none could know in advance, alike on
//! every machine. Each member of a mesh runs a race: its time is exponential, faster on average
//! the more balls it has, and the first wins. So a member wins as often as its balls are of all
//! balls, which is the urn, drawn in public; and when a member goes, only what it held changes
//! hands.
//!
//! Whole numbers only: what depends on the last bit of a logarithm must not depend on a machine's.
//!
//! Source: seed, "similar to a coordinator election in a distributed system, with a calculated
//! value [...] reflecting the capacity of each node [...] with some randomness in this choice".

use core::cmp::Ordering;

/// How many balls a member has, in 256ths: a quarter to four.
///
/// Only [`Capacity`](crate::exceptions::Capacity) makes another one than [`Balls::ONE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Balls(u16);

impl Balls {
    /// The ball that every member has.
    pub const ONE: Self = Self(256);
    /// What the least able have.
    pub const LEAST: Self = Self(64);
    /// What the most able have.
    pub const MOST: Self = Self(1024);

    /// Returns so many 256ths of a ball, held between the bounds.
    pub(crate) fn held(parts: u64) -> Self {
        let parts = u16::try_from(parts).unwrap_or(u16::MAX);
        Self(parts.clamp(Self::LEAST.0, Self::MOST.0))
    }

    /// Returns how many whole balls these are, 0 to 4.
    pub const fn whole(self) -> u16 {
        self.0 / 256
    }
}

/// A member's time in the race; the lowest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finish(u64);

impl Finish {
    /// Returns the time of a member with this `luck`, uniform over all numbers, and these `balls`.
    ///
    /// It is -log2(U) / balls, U being the luck as a part of one, in fixed point.
    pub const fn of(luck: u64, balls: Balls) -> Self {
        Self((minus_log2(luck) << 16) / balls.0 as u64)
    }
}

impl Finish {
    /// Returns a time that is never after [`Finish::of`], and at most a tenth of the time of one halving
    /// of luck before it, without the logarithm: for who has lost already.
    pub const fn soonest(luck: u64, balls: Balls) -> Self {
        // log2(1 + x) is at most x + 0.0861. Of luck + 1 the power is told, and the line above it from
        // the bits that follow; all ones are as good as two to the next power.
        let Some(number) = luck.checked_add(1) else { return Self(0) };
        let whole = number.ilog2();
        let line = (number << (63 - whole) << 1) >> (64 - FRACTION);
        let log = ((whole as u64) << FRACTION) + line;
        Self(((64_u64 << FRACTION).saturating_sub(log + SLACK) << 16) / balls.0 as u64)
    }
}

/// The most by which a logarithm of base two is above the line between two powers, rounded up.
const SLACK: u64 = (1 << FRACTION) / 1000 * 87;

/// Orders what finishes by time, and by itself where times are equal.
pub fn first<T: Ord>(a: &(Finish, T), b: &(Finish, T)) -> Ordering {
    a.cmp(b)
}

/// Bits of a logarithm past the point.
const FRACTION: u32 = 40;

/// Returns -log2((`luck` + 1) / 2^64) in fixed point, 0 to 64.
///
/// The next bit of a logarithm is whether the square of the rest passes two; forty times.
const fn minus_log2(luck: u64) -> u64 {
    let number = luck as u128 + 1;
    let whole = number.ilog2();
    // Between one and two, with 63 bits past the point; only all of 2^64 has one bit more.
    let mut rest = if whole > 63 { number >> 1 } else { number << (63 - whole) };
    let mut log = whole as u64;
    let mut bit = 0;
    while bit < FRACTION {
        rest = (rest * rest) >> 63;
        log <<= 1;
        if rest >> 64 != 0 {
            rest >>= 1;
            log |= 1;
        }
        bit += 1;
    }
    (64 << FRACTION) - log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_right_and_the_same_for_ever() {
        assert_eq!(minus_log2(u64::MAX), 0);
        assert_eq!(minus_log2(u64::MAX >> 1), 1 << FRACTION);
        assert_eq!(minus_log2(0), 64 << FRACTION);
        // -log2(0.75) = 0.415037499278844, 0.1 = 3.321928094887362
        assert_eq!(minus_log2(u64::MAX / 4 * 3), 456_338_556_421);
        // A tenth: 3.32192809488736234787 * 2^40, whose last bits the rounded luck does not reach.
        assert_eq!(minus_log2(u64::MAX / 10), 3_652_498_566_965);
    }

    #[test]
    fn less_luck_is_a_later_finish() {
        let mut dice = words::Dice::of([5; 32], "race");
        for _ in 0..10_000 {
            let (a, b) = (dice.bits(), dice.bits());
            assert_eq!(a.max(b) == a, minus_log2(a) <= minus_log2(b));
        }
    }

    #[test]
    fn nobody_finishes_before_its_soonest_and_few_long_after() {
        let mut dice = words::Dice::of([6; 32], "race");
        let edges = [0, 1, 2, u64::MAX, u64::MAX - 1, u64::MAX >> 1, 1 << 63, (1 << 63) - 1];
        for luck in edges.into_iter().chain((0..10_000).map(|_| dice.bits())) {
            for balls in [Balls::LEAST, Balls::ONE, Balls::held(700), Balls::MOST] {
                let (soonest, finish) = (Finish::soonest(luck, balls), Finish::of(luck, balls));
                assert!(soonest <= finish, "{luck}");
                let tenth = (((1_u64 << FRACTION) / 10) << 16) / u64::from(balls.0);
                assert!(finish.0 - soonest.0 <= tenth, "{luck}");
            }
        }
    }

    #[test]
    fn who_has_four_balls_wins_four_times_as_often() {
        let mut dice = words::Dice::of([5; 32], "race");
        let balls = [Balls::MOST, Balls::ONE, Balls::ONE, Balls::LEAST];
        let mut wins = [0_u32; 4];
        for _ in 0..100_000 {
            let race = (0..4).map(|n| (Finish::of(dice.bits(), balls[n]), n));
            wins[race.min_by(first).unwrap().1] += 1;
        }
        // 4, 1, 1 and a quarter of 6.25 balls.
        for (won, fair) in wins.into_iter().zip([64_000_u32, 16_000, 16_000, 4_000]) {
            assert!(won.abs_diff(fair) < 600, "{wins:?}");
        }
    }
}
