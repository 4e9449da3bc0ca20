//! A limit on how many ICMP messages we send.

use std::time::Duration;

use words::Time;

/// How many at once after a silence, and in each second.
///
/// Source: RFC 4443 §2.4 (f) asks for a token bucket and leaves the size to us.
const SIZE: u32 = 100;

/// A bucket of tokens, one for each message; it fills with time.
#[derive(Debug)]
pub(super) struct Bucket {
    tokens: u32,
    filled: Time,
}

impl Bucket {
    /// A full bucket.
    pub(super) const fn full(now: Time) -> Self {
        Self { tokens: SIZE, filled: now }
    }

    /// Takes a token, if one is left.
    pub(super) fn take(&mut self, now: Time) -> bool {
        let each = Duration::from_secs(1) / SIZE;
        let earned = now.since(self.filled).as_nanos() / each.as_nanos();
        let earned = u32::try_from(earned).unwrap_or(u32::MAX);
        if earned > 0 {
            self.tokens = self.tokens.saturating_add(earned).min(SIZE);
            self.filled = now;
        }
        let left = self.tokens.checked_sub(1);
        self.tokens = left.unwrap_or(0);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_and_so_many_a_second() {
        let mut bucket = Bucket::full(Time::ZERO);
        let mut taken = |now: Time| (0..1000).filter(|_| bucket.take(now)).count();
        assert_eq!(taken(Time::ZERO), 100);
        assert_eq!(taken(Time::ZERO + Duration::from_millis(50)), 5);
        assert_eq!(taken(Time::ZERO + Duration::from_secs(9)), 100);
    }
}
