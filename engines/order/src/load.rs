//! Load in the metric: who carries much more than others looks a little worse.

use core::cmp::Ordering;
use core::time::Duration;

use words::Time;

/// What a node adds to the cost of its own arrows for the load that it carries.
///
/// Border nodes with low delay attract most paths. Above three times the usual load, measured
/// against what the node is able to carry, its cost should grow by `gain` for each time more, so that
/// paths find others as good. What is told goes there in bounded steps, one a minute, and stays where
/// it is while it is within a fifth of what it should be.
///
/// Paths leave all at once, each when another one becomes the shorter one: what a node carries is no
/// smooth function of what it tells. Whoever goes half of the way at once, up and down, sends all of
/// it to and fro between equal nodes. Here each turn of the way halves the step, so that it is small
/// where it matters, and each step on in one direction makes it a quarter longer again, up to the
/// bound.
///
/// Measured in simulation (order 2, 10 000 nodes): gain 60 takes the busiest from 62 to 12 times
/// the mean, for 5 % more delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    gain: u32,
    told: u32,
    /// How far the next step goes at most, and which way the last one went: up, down, or there was none.
    step: u32,
    way: Ordering,
    next: Option<Time>,
}

impl Load {
    /// The usual gain.
    pub const GAIN: u32 = 60;
    /// The most that is added to a cost.
    pub const CAP: u32 = 4000;
    /// How often the cost may change.
    pub const PERIOD: Duration = Duration::from_mins(1);
    /// Load that costs nothing: so many times the usual.
    const FREE: u64 = 3;
    /// How far a step goes: so far at first, which is also the bound as long as it is more than an
    /// eighth of what is told; and never less than this.
    const STEP: u32 = 60;
    const LEAST: u32 = 4;

    /// Returns the load term of a node that carries nothing yet; `gain` is 0 (off) to 1000.
    pub fn new(gain: u32) -> Self {
        let (gain, way) = (gain.min(1000), Ordering::Equal);
        Self { gain, told: 0, step: Self::STEP, way, next: None }
    }

    /// Takes in what we carry for others and what is usual for a node of our capacity, in the same
    /// unit, and returns what to add to the cost of our links. Changes once a minute at most.
    pub fn look(&mut self, carried: u64, usual: u64, now: Time) -> u32 {
        if self.next.is_some_and(|next| now < next) {
            return self.told;
        }
        self.next = Some(now + Self::PERIOD);
        self.step(carried, usual)
    }

    /// Does one step of the feedback, whatever the time: for who iterates until nothing changes.
    pub fn step(&mut self, carried: u64, usual: u64) -> u32 {
        let over = carried.saturating_sub(usual.saturating_mul(Self::FREE));
        let wanted = u64::from(self.gain).saturating_mul(over).checked_div(usual).unwrap_or(0);
        let wanted = u32::try_from(wanted).unwrap_or(Self::CAP).min(Self::CAP);
        if wanted.max(self.told) == 0 {
            // Who carries little at no cost begins anew when it carries much.
            (self.step, self.way) = (Self::STEP, Ordering::Equal);
        }
        let apart = wanted.abs_diff(self.told);
        if apart * 5 <= self.told.min(wanted) {
            return self.told;
        }
        let way = wanted.cmp(&self.told);
        if way == self.way {
            let bound = Self::STEP.max(self.told / 8);
            self.step = (self.step + self.step.div_ceil(4)).min(bound);
        } else if way == self.way.reverse() {
            self.step = (self.step / 2).max(Self::LEAST);
        }
        self.way = way;
        let by = self.step.min(apart);
        self.told = if wanted > self.told { self.told + by } else { self.told - by };
        self.told
    }

    /// Returns what is added to the cost of our links at present.
    pub const fn cost(&self) -> u32 {
        self.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn three_times_the_usual_is_free_and_more_costs() {
        let mut load = Load::new(Load::GAIN);
        assert_eq!(load.look(300, 100, at(0)), 0);
        // Thirteen times: 60 * 10 is wanted, in bounded steps.
        assert_eq!(load.look(1300, 100, at(60)), 60);
        assert_eq!(load.look(1300, 100, at(119)), 60);
        assert_eq!(load.look(1300, 100, at(120)), 120);
    }

    #[test]
    fn it_is_capped_and_comes_back_to_nothing() {
        let mut load = Load::new(1000);
        for minute in 0..40 {
            load.look(u64::MAX, 1, at(60 * minute));
        }
        assert!((Load::CAP * 4 / 5..=Load::CAP).contains(&load.cost()), "{}", load.cost());
        for minute in 40..80 {
            load.look(0, 1, at(60 * minute));
        }
        assert_eq!(load.cost(), 0);
    }

    #[test]
    fn what_is_within_a_fifth_stays() {
        let mut load = Load::new(100);
        for _ in 0..30 {
            load.step(1300, 100);
        }
        let told = load.cost();
        assert!((800..=1000).contains(&told), "{told}");
        assert_eq!(load.step(1200, 100), told);
        assert_eq!(load.step(1290, 100), told);
    }

    #[test]
    fn each_turn_halves_the_step_and_a_way_on_makes_it_longer() {
        let mut load = Load::new(100);
        let mut carries = |carried| {
            let before = load.cost();
            load.step(carried, 100).abs_diff(before)
        };
        let (much, little) = (1300, 300);
        assert_eq!([much, much, much].map(&mut carries), [60; 3]);
        assert_eq!([little, much, little, much].map(&mut carries), [30, 15, 7, 4]);
        assert_eq!([little, much].map(&mut carries), [4; 2], "it never stops to try");
        assert_eq!([much; 4].map(&mut carries), [5, 7, 9, 12]);
    }

    #[test]
    fn nobody_is_charged_where_nothing_is_usual() {
        assert_eq!(Load::new(Load::GAIN).look(5, 0, at(0)), 0);
    }
}
