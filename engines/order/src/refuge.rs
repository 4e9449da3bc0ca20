//! A node that finds no arrows at home looks for them in the whole network.

use core::time::Duration;

use principles::exceptions::Refuge as Exception;
use words::Time;

/// When a node with too few arrows at home may open some to anybody.
///
/// Behind a filter that blocks nearly all, the few nodes that could still be reached may not be of
/// one's own mesh. After a whole period with fewer than [`Exception::ENOUGH`] links at home, the
/// node is a refugee: in each period it draws some nodes among all of the network, uniformly, and
/// tries an arrow to each. There is no other use of the whole network's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refuge {
    period: Duration,
    /// Since when it has too few.
    poor: Option<Time>,
    /// When it may try next.
    next: Option<Time>,
}

impl Refuge {
    /// Returns the refuge of a node that renews its arrows each `period`.
    pub const fn new(period: Duration) -> Self {
        Self { period, poor: None, next: None }
    }

    /// Sets how often arrows are renewed.
    pub const fn set_period(&mut self, period: Duration) {
        self.period = period;
    }

    /// Takes in how many of our `seats` at home have a live arrow, and returns how many nodes of
    /// the whole network to try now: 0 nearly always, and at most once in a period not.
    pub fn look(&mut self, live: usize, seats: usize, now: Time) -> usize {
        if Exception::is_home(live, seats) {
            (self.poor, self.next) = (None, None);
            return 0;
        }
        let poor = *self.poor.get_or_insert(now);
        let next = *self.next.get_or_insert(poor + self.period);
        if now < next {
            return 0;
        }
        self.next = Some(now + self.period);
        Exception::tries(live, seats)
    }

    /// Tells whether the node has been poor for a period.
    pub fn is_refugee(&self, now: Time) -> bool {
        self.poor.is_some_and(|since| now >= since + self.period)
    }

    /// Returns when to look again, if time alone changes anything.
    pub const fn deadline(&self) -> Option<Time> {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn five_tries_for_each_missing_arrow_in_each_period_after_the_first() {
        let mut refuge = Refuge::new(Duration::from_mins(5));
        assert_eq!(refuge.look(2, 10, at(0)), 0);
        assert_eq!(refuge.look(2, 10, at(299)), 0);
        assert_eq!((refuge.look(2, 10, at(300)), refuge.look(2, 10, at(301))), (40, 0));
        assert!(refuge.is_refugee(at(301)));
        assert_eq!(refuge.look(0, 10, at(600)), 50);
        assert_eq!(refuge.look(3, 10, at(900)), 0);
        assert!(!refuge.is_refugee(at(900)));
    }

    #[test]
    fn who_was_poor_for_a_moment_only_tries_nobody() {
        let mut refuge = Refuge::new(Duration::from_mins(5));
        refuge.look(0, 10, at(0));
        refuge.look(5, 10, at(100));
        assert_eq!(refuge.look(0, 10, at(200)), 0);
        assert_eq!((refuge.look(0, 10, at(499)), refuge.look(0, 10, at(500))), (0, 50));
        assert_eq!(refuge.deadline(), Some(at(800)));
    }

    #[test]
    fn a_mesh_with_fewer_seats_is_enough_sooner() {
        let mut refuge = Refuge::new(Duration::from_mins(5));
        assert_eq!((refuge.look(2, 2, at(0)), refuge.deadline()), (0, None));
    }
}
