//! How much payload may go, on a line of which it is known what it carries.
//!
//! Whatever sends more than its line carries has the rest wait in the next router, and what keeps
//! links alive waits behind it there, or is lost with it. So nine tenths of the line are for payload,
//! what is beyond them is dropped here, and the last tenth is left to control, which is not counted:
//! a node says some dozen kilobits a second. What a node says in bulk (network documents, and the
//! trains by which others see what it carries) is never dropped here, and payload makes room for it
//! afterwards: together they keep to the nine tenths.
//!
//! A datagram takes more of a line than its octets. What is below IP is not known, and counted as on
//! Ethernet: preamble, addresses, checksum and gap, 38 octets (IEEE 802.3), as CAKE does by its word
//! `ethernet`. A line of `PPPoE` on VDSL takes 30, one of a cable 18, so that these are counted too high by
//! some tenth of small packets, and by a hundredth of large ones. Only on ATM, as ADSL was, it is more.

use std::time::Duration;

use words::Time;

/// What a datagram has besides its octets at most: UDP and IPv6.
const HEADERS: u64 = 48;

/// What a packet has besides its octets on Ethernet: 8 of preamble, 14 of addresses and type, 4 of
/// checksum, 12 of gap.
const BELOW: u64 = 38;

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
    /// What went though there was no room.
    owed: u64,
    filled: Time,
}

/// Returns how many octets of a line a datagram of so many takes.
pub(super) fn on_line(octets: usize) -> u64 {
    u64::try_from(octets).unwrap_or(u64::MAX).saturating_add(HEADERS + BELOW)
}

impl Pace {
    /// The pace of a line that sends so many Mbit/s, 1 to 100 000.
    pub(super) fn of(mbit: u32, now: Time) -> Self {
        let rate = u64::from(mbit) * 1_000_000 / 8 * 9 / 10;
        let burst = rate * u64::try_from(BURST.as_micros()).unwrap_or(0);
        let most = burst.max(LEAST * PARTS);
        Self { rate, most, left: most, owed: 0, filled: now }
    }

    /// Takes the room for a datagram of so many octets, if there is any.
    pub(super) fn admits(&mut self, octets: usize, now: Time) -> bool {
        self.fill(now);
        let left = self.left.checked_sub(on_line(octets).saturating_mul(PARTS));
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }

    /// Takes the room for what goes all the same, so many octets of the line; payload waits until it
    /// is paid off. Tells whether that is less than what the line sends in a second.
    pub(super) fn owe(&mut self, octets: u64, now: Time) -> bool {
        self.fill(now);
        let owed = self.owed.saturating_add(octets.saturating_mul(PARTS));
        let paid = owed.min(self.left);
        self.left -= paid;
        let most = self.rate * PARTS;
        self.owed = (owed - paid).min(most);
        self.owed < most
    }

    fn fill(&mut self, now: Time) {
        let since = now.since(self.filled).min(Duration::from_secs(1));
        let earned = self.rate * u64::try_from(since.as_micros()).unwrap_or(0);
        let paid = earned.min(self.owed);
        self.owed -= paid;
        self.left = (self.left + earned - paid).min(self.most);
        self.filled = now.max(self.filled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_tenths_of_the_line_go_and_little_at_once() {
        let start = Time::ZERO + Duration::from_secs(9);
        let mut pace = Pace::of(8, start);
        // 8 Mbit/s are a million octets a second, and 914 with what is around them a thousand.
        let at_once = (0..1_000).filter(|_| pace.admits(914, start)).count();
        assert_eq!(at_once, 36);
        let within = |pace: &mut Pace, ms: u64| {
            let now = start + Duration::from_millis(ms);
            (0..10).filter(|_| pace.admits(914, now)).count()
        };
        let second: usize = (1..=1_000).map(|ms| within(&mut pace, ms)).sum();
        assert_eq!(second, 900);
        assert_eq!(within(&mut pace, 60_000), 10, "and again after a rest");
    }

    #[test]
    fn a_slow_line_takes_whole_packets_and_time_that_is_too_short_is_not_lost() {
        let mut pace = Pace::of(1, Time::ZERO);
        assert_eq!((0..100).filter(|_| pace.admits(1_410, Time::ZERO)).count(), 4);
        let each = |us| Time::ZERO + Duration::from_micros(us);
        let passed = (1..=1_000_000).step_by(3).filter(|us| pace.admits(1_410, each(*us))).count();
        assert_eq!(passed, 75);
    }

    #[test]
    fn small_packets_take_no_more_of_the_line_than_large_ones() {
        // What Ethernet has to send in a second, with all that is around a packet of IPv6 and UDP.
        for octets in [40_usize, 400, 1_448] {
            let mut pace = Pace::of(8, Time::ZERO);
            while pace.admits(octets, Time::ZERO) {}
            let each = |us| Time::ZERO + Duration::from_micros(us);
            let sent = (1..=1_000_000).filter(|us| pace.admits(octets, each(*us))).count();
            let on_ethernet = sent * (octets + 8 + 40 + 8 + 14 + 4 + 12);
            assert!((898_000..=902_000).contains(&on_ethernet), "{octets}: {on_ethernet}");
        }
    }

    #[test]
    fn payload_makes_room_for_what_goes_all_the_same() {
        let mut pace = Pace::of(8, Time::ZERO);
        // A train of 48 words: 36 fit at once, the rest is owed.
        assert!((0..48).all(|_| pace.owe(on_line(914), Time::ZERO)));
        let each = |ms| Time::ZERO + Duration::from_millis(ms);
        let first = (0..100).find(|ms| pace.admits(914, each(*ms)));
        assert_eq!(first, Some(15), "twelve are paid off in 13.3 ms, and one more in 14.4");
        assert!(!(0..2_000).all(|_| pace.owe(on_line(914), each(15))), "so much, and no more");
        assert!(!pace.admits(914, each(1_014)));
        assert!(pace.admits(914, each(1_017)), "after a second it is paid off");
    }

    #[test]
    fn what_goes_all_the_same_while_nothing_else_does_is_paid_off_meanwhile() {
        let mut pace = Pace::of(1, Time::ZERO);
        let each = |s| Time::ZERO + Duration::from_secs(s);
        assert!((1..=60).all(|second| pace.owe(on_line(1_000), each(second))));
        assert!(pace.admits(1_000, each(60)));
    }
}
