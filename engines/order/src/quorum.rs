//! Whether we reach most of a range: else we must not tell others that we lead there.

use words::Share;

/// Whether we reach most of the members of a range.
///
/// A range in front of a mesh that fell apart is a black hole: who is nearest need not lead to
/// whom it is asked for. So a border node tells of a range only while it reaches more than half of
/// those listed in it: of a mesh its nodes, of a group its meshes. With a share between the two
/// bounds nothing changes, so that a range does not come and go with single nodes; after an even
/// split both halves may go on telling, and those who are in the other one
/// [escape](crate::Escape).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quorum {
    holds: bool,
}

impl Quorum {
    /// More than this share must be reached to begin.
    pub const BEGIN: Share = Share::percent(60);
    /// Less than this share ends it.
    pub const END: Share = Share::percent(40);

    /// Takes in how many of the `listed` members we reach, ourselves among both, and tells
    /// whether the quorum holds. Where nobody is listed, it does not.
    pub fn look(&mut self, reached: usize, listed: usize) -> bool {
        let reached = reached.min(listed);
        if reached > Self::BEGIN.at_most(listed) {
            self.holds = true;
        } else if reached < Self::END.at_least(listed) || listed == 0 {
            self.holds = false;
        }
        self.holds
    }

    /// Tells whether the quorum held when we last looked.
    pub const fn holds(self) -> bool {
        self.holds
    }
}

#[cfg(test)]
mod tests {
    use super::Quorum;

    #[test]
    fn it_begins_above_sixty_and_ends_below_forty() {
        let mut quorum = Quorum::default();
        assert!(!quorum.look(60, 100));
        assert!(quorum.look(61, 100));
        assert!(quorum.look(40, 100));
        assert!(!quorum.look(39, 100));
        assert!(!quorum.look(60, 100));
    }

    #[test]
    fn a_mesh_of_one_is_whole_and_one_of_nobody_is_not() {
        assert!(Quorum::default().look(1, 1));
        assert!(!Quorum::default().look(1, 2));
        assert!(!Quorum::default().look(3, 0));
    }
}
