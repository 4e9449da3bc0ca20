//! The two clocks: time since our world began, and the calendar.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};
use words::{Time, Wall};

/// A clock that starts at zero, never goes back, and goes on while the machine sleeps.
///
/// A node that was suspended must know that its neighbours have long given it up, so
/// the time asleep counts (`CLOCK_BOOTTIME`).
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Duration,
}

impl Clock {
    /// Starts a clock: now is [`Time::ZERO`].
    pub fn start() -> Self {
        Self { start: since_boot() }
    }

    /// Returns the time since the start.
    pub fn now(&self) -> Time {
        Time::ZERO + since_boot().saturating_sub(self.start)
    }

    /// Returns the calendar time, which may jump.
    pub fn wall() -> Wall {
        Wall(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }
}

fn since_boot() -> Duration {
    let monotonic = || clock_gettime(ClockId::CLOCK_MONOTONIC);
    clock_gettime(ClockId::CLOCK_BOOTTIME)
        .or_else(|_| monotonic())
        .map_or(Duration::ZERO, Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_starts_at_zero_and_never_goes_back() {
        let clock = Clock::start();
        let (first, second) = (clock.now(), clock.now());
        assert!(first <= second);
        assert!(first.since(Time::ZERO) < Duration::from_secs(1));
    }

    #[test]
    fn the_calendar_is_past_the_year_2024() {
        assert!(Clock::wall() > Wall(1_704_067_200));
    }
}
