//! A node that finds no arrows at home looks for them in the whole network.

use core::time::Duration;

use principles::exceptions::Refuge as Exception;
use words::Time;

/// When a node with too few arrows at home may open some to anybody.
///
/// Behind a filter that blocks nearly all, the few nodes that could still be reached may not be of
/// one's own mesh. After a whole period with fewer than [`Exception::ENOUGH`] links at home, or in
/// which it had escaped and reached some mesh by no way, since those whom it has links with are cut off with it,
/// the node is a refugee: in each period it draws some nodes among all of the network, uniformly, and
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

    /// Takes in how many of our `seats` at home have a live arrow, and whether each mesh is
    /// `reached` by some way, true as well for who did not escape. Returns how many nodes of the whole
    /// network to try now: 0 nearly always, and at most once in a period not.
    pub fn look(&mut self, (live, seats): (usize, usize), reached: bool, now: Time) -> usize {
        if Exception::is_home(live, seats, reached) {
            (self.poor, self.next) = (None, None);
            return 0;
        }
        let poor = *self.poor.get_or_insert(now);
        let next = *self.next.get_or_insert(poor + self.period);
        if now < next {
            return 0;
        }
        self.next = Some(now + self.period);
        Exception::tries(live, seats, reached)
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
        assert_eq!(refuge.look((2, 10), true, at(0)), 0);
        assert_eq!(refuge.look((2, 10), true, at(299)), 0);
        assert_eq!(
            (refuge.look((2, 10), true, at(300)), refuge.look((2, 10), true, at(301))),
            (40, 0)
        );
        assert!(refuge.is_refugee(at(301)));
        assert_eq!(refuge.look((0, 10), true, at(600)), 50);
        assert_eq!(refuge.look((3, 10), true, at(900)), 0);
        assert!(!refuge.is_refugee(at(900)));
    }

    #[test]
    fn who_was_poor_for_a_moment_only_tries_nobody() {
        let mut refuge = Refuge::new(Duration::from_mins(5));
        refuge.look((0, 10), true, at(0));
        refuge.look((5, 10), true, at(100));
        assert_eq!(refuge.look((0, 10), true, at(200)), 0);
        assert_eq!(
            (refuge.look((0, 10), true, at(499)), refuge.look((0, 10), true, at(500))),
            (0, 50)
        );
        assert_eq!(refuge.deadline(), Some(at(800)));
    }

    #[test]
    fn who_has_links_and_reaches_nobody_else_is_poor_as_well() {
        let mut refuge = Refuge::new(Duration::from_mins(5));
        assert_eq!(refuge.look((6, 10), false, at(0)), 0);
        assert_eq!(refuge.look((6, 10), false, at(300)), 20);
        assert_eq!((refuge.look((6, 10), true, at(301)), refuge.deadline()), (0, None));
    }

    #[test]
    fn a_mesh_with_fewer_seats_is_enough_sooner() {
        let mut refuge = Refuge::new(Duration::from_mins(5));
        assert_eq!((refuge.look((2, 2), true, at(0)), refuge.deadline()), (0, None));
    }
}
