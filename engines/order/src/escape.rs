//! A node in a small part of its mesh is told of by its own prefix, everywhere.

use core::time::Duration;

use words::Time;

/// Whether a node's own prefix passes the filter, because its mesh fell apart.
///
/// ```text
/// Home ──no quorum for an update interval──► Escaped ──quorum──► Returning ──two intervals──► Home
///                                               ▲                    │
///                                               └────no quorum───────┘
/// ```
///
/// Who is in the smaller part of its mesh is not reached by the range, which leads to the larger
/// one. Then its exact prefix, signed, is announced on all links, through all meshes: one line in
/// each table of the network, for each such node. It is withdrawn late, so that what replaces it is
/// known before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Escape {
    update: Duration,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// At home; without quorum since then, if at all.
    Home(Option<Time>),
    Escaped,
    /// The quorum is back since then.
    Returning(Time),
}

impl Escape {
    /// Returns the escape of a node at home, whose routing refreshes each `update`.
    pub const fn new(update: Duration) -> Self {
        Self { update, phase: Phase::Home(None) }
    }

    /// Sets how often routing refreshes.
    pub const fn set_update(&mut self, update: Duration) {
        self.update = update;
    }

    /// Takes in whether the quorum at home holds, and tells whether our prefix passes everywhere.
    ///
    /// Who has not been at home for an update interval does not know its mesh yet, and waits.
    pub fn look(&mut self, quorum: bool, now: Time) -> bool {
        self.phase = match (self.phase, quorum) {
            (Phase::Home(_), true) => Phase::Home(None),
            (Phase::Home(None), false) => Phase::Home(Some(now)),
            (Phase::Home(Some(since)), false) if now >= since + self.update => Phase::Escaped,
            (Phase::Returning(since), true) if now >= since + 2 * self.update => Phase::Home(None),
            (Phase::Escaped, true) => Phase::Returning(now),
            (Phase::Returning(_), false) => Phase::Escaped,
            (same, _) => same,
        };
        self.is_escaped()
    }

    /// Tells whether our prefix passes everywhere.
    pub const fn is_escaped(&self) -> bool {
        matches!(self.phase, Phase::Escaped | Phase::Returning(_))
    }

    /// Returns when to look again, if time alone changes anything.
    pub fn deadline(&self) -> Option<Time> {
        match self.phase {
            Phase::Home(since) => Some(since? + self.update),
            Phase::Returning(since) => Some(since + 2 * self.update),
            Phase::Escaped => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_fragment_escapes_and_comes_back_late() {
        let mut escape = Escape::new(Duration::from_mins(1));
        assert!(!escape.look(true, at(0)) && !escape.look(false, at(10)));
        assert_eq!(escape.deadline(), Some(at(70)));
        assert!(!escape.look(false, at(69)) && escape.look(false, at(70)));
        assert!(escape.look(true, at(100)) && escape.look(true, at(219)));
        assert!(!escape.look(true, at(220)));
        assert_eq!(escape.deadline(), None);
    }

    #[test]
    fn a_quorum_that_flickers_withdraws_nothing() {
        let mut escape = Escape::new(Duration::from_mins(1));
        escape.look(false, at(0));
        assert!(escape.look(false, at(60)) && escape.look(true, at(100)));
        assert!(escape.look(false, at(200)) && escape.look(true, at(230)));
        assert!(escape.look(true, at(300)));
        assert!(!escape.look(true, at(350)));
    }

    #[test]
    fn who_joins_has_time_to_learn_its_mesh() {
        let mut escape = Escape::new(Duration::from_mins(1));
        assert!(!escape.look(false, at(0)) && !escape.look(false, at(59)));
        assert!(!escape.look(true, at(59)));
        assert!(!escape.look(false, at(60)) && !escape.look(false, at(100)));
    }
}
