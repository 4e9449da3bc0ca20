//! How long changes gather before they leave together (RFC 8966 §3.1).

use core::time::Duration;

use words::Time;

/// The pause before changes leave: short after quiet, longer the more often something pressed of late.
///
/// One change, and what answers it, spreads at once. In a storm, as where a whole network begins, each
/// pause lets more of it go by: neighbours hear where it ends instead of each step, and so do theirs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gather {
    /// When the last pause ended after which something left that pressed.
    last: Option<Time>,
    /// How many times it has doubled.
    doubled: u8,
}

impl Gather {
    /// Returns the pause that begins now; it may last up to twice as long.
    pub(crate) fn pause(self, now: Time) -> Duration {
        let is_quiet = self.last.is_none_or(|last| now.since(last) > QUIET);
        LEAST * (1 << if is_quiet { 0 } else { self.doubled })
    }

    /// A pause is over, and something leaves that presses. Small changes alone are no storm: for them
    /// none that presses has to wait.
    pub(crate) fn over(&mut self, now: Time) {
        let is_quiet = self.last.is_none_or(|last| now.since(last) > QUIET);
        self.doubled = if is_quiet { 0 } else { (self.doubled + 1).min(DOUBLED) };
        self.last = Some(now);
    }
}

/// The pause after quiet.
pub(crate) const LEAST: Duration = Duration::from_millis(25);
/// So often it doubles at most: what is urgent leaves within 0.2 s. Source: RFC 8966 App. B.
const DOUBLED: u8 = 2;
/// After so long without a pause, it is short again.
const QUIET: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_micros(ms * 1000)
    }

    #[test]
    fn it_is_short_after_quiet_longer_in_a_storm_and_never_too_long() {
        let (mut gather, mut now) = (Gather::default(), 7_000);
        let mut pauses = Vec::new();
        for _ in 0..6 {
            let pause = gather.pause(at(now));
            pauses.push(pause.as_millis());
            now += 2 * u64::try_from(pause.as_millis()).unwrap();
            gather.over(at(now));
        }
        assert_eq!(pauses, [25, 25, 50, 100, 100, 100]);
        assert_eq!(gather.pause(at(now + 501)).as_millis(), 25);
        gather.over(at(now + 600));
        assert_eq!(gather.pause(at(now + 700)).as_millis(), 25);
    }
}
