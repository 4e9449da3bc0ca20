//! How much work others may cause us.

use core::time::Duration;

use crate::Time;

/// A token bucket: a burst at once, then so many in a second.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    burst: u32,
    /// Time in which one token comes back, in nanoseconds.
    each: u32,
    /// When the bucket is full again, if nothing more is taken.
    full: Time,
}

impl Bucket {
    /// Returns a full bucket of `burst` tokens, `rate` (at least 1) of which come back in a second.
    pub fn new(burst: u32, rate: u32) -> Self {
        Self { burst, each: 1_000_000_000 / rate.max(1), full: Time::ZERO }
    }

    /// Takes a token; `false` if there is none.
    pub fn take(&mut self, now: Time) -> bool {
        let full = if self.full < now { now } else { self.full };
        let each = Duration::from_nanos(self.each.into());
        let after = full + each;
        if after.since(now) > each * self.burst {
            return false;
        }
        self.full = after;
        true
    }

    /// Tells whether nobody has taken anything for long enough to forget it.
    pub fn is_full(&self, now: Time) -> bool {
        self.full <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_the_rate() {
        let mut bucket = Bucket::new(3, 2);
        let taken = |bucket: &mut Bucket, ms| {
            let now = Time::ZERO + Duration::from_millis(ms);
            (0..10).filter(|_| bucket.take(now)).count()
        };
        assert_eq!(taken(&mut bucket, 0), 3);
        assert_eq!(taken(&mut bucket, 499), 0);
        assert_eq!(taken(&mut bucket, 500), 1);
        assert_eq!(taken(&mut bucket, 60_000), 3);
    }
}
