//! How much payload may go, on a line of which it is known what it carries.
//!
//! Whatever sends more than its line carries has the rest wait in the next router, and what keeps
//! links alive waits behind it there, or is lost with it. So nine tenths of the line are for payload,
//! what is beyond them is dropped here, and the last tenth is left to control, which is not counted:
//! a node says some dozen kilobits a second. What is below IP is not known and not counted, so payload
//! of small packets can fill the tenth; who sees that says less of the line than it carries.

use std::time::Duration;

use words::Time;

/// What a datagram has besides its octets at most: UDP and IPv6.
const HEADERS: u64 = 48;

/// How long a line that was idle may be sent to at once: what control then waits for at most.
const BURST: Duration = Duration::from_millis(40);

/// The least that may go at once: a few packets.
const LEAST: u64 = 6_000;

/// The parts of an octet that are counted: one octet a second earns one each microsecond.
const PARTS: u64 = 1_000_000;

/// A budget of octets, in millionths, which fills with time.
#[derive(Debug)]
pub(super) struct Pace {
    /// Octets per second.
    rate: u64,
    most: u64,
    left: u64,
    filled: Time,
}

impl Pace {
    /// The pace of a line that sends so many Mbit/s, 1 to 100 000.
    pub(super) fn of(mbit: u32, now: Time) -> Self {
        let rate = u64::from(mbit) * 1_000_000 / 8 * 9 / 10;
        let burst = rate * u64::try_from(BURST.as_micros()).unwrap_or(0);
        let most = burst.max(LEAST * PARTS);
        Self { rate, most, left: most, filled: now }
    }

    /// Takes the room for a datagram of so many octets, if there is any.
    pub(super) fn admits(&mut self, octets: usize, now: Time) -> bool {
        let since = now.since(self.filled).min(Duration::from_secs(1));
        let earned = self.rate * u64::try_from(since.as_micros()).unwrap_or(0);
        (self.left, self.filled) = ((self.left + earned).min(self.most), now.max(self.filled));
        let wants = u64::try_from(octets).unwrap_or(u64::MAX).saturating_add(HEADERS);
        let left = self.left.checked_sub(wants.saturating_mul(PARTS));
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_tenths_of_the_line_go_and_little_at_once() {
        let start = Time::ZERO + Duration::from_secs(9);
        let mut pace = Pace::of(8, start);
        // 8 Mbit/s are a million octets a second.
        let at_once = (0..1_000).filter(|_| pace.admits(952, start)).count();
        assert_eq!(at_once, 36);
        let within = |pace: &mut Pace, ms: u64| {
            let now = start + Duration::from_millis(ms);
            (0..10).filter(|_| pace.admits(952, now)).count()
        };
        let second: usize = (1..=1_000).map(|ms| within(&mut pace, ms)).sum();
        assert_eq!(second, 900);
        assert_eq!(within(&mut pace, 60_000), 10, "and again after a rest");
    }

    #[test]
    fn a_slow_line_takes_whole_packets_and_time_that_is_too_short_is_not_lost() {
        let mut pace = Pace::of(1, Time::ZERO);
        assert_eq!((0..100).filter(|_| pace.admits(1_448, Time::ZERO)).count(), 4);
        let each = |us| Time::ZERO + Duration::from_micros(us);
        let passed = (1..=1_000_000).step_by(3).filter(|us| pace.admits(1_448, each(*us))).count();
        assert_eq!(passed, 75);
    }
}
