//! Exception: the most used arrows die less often.

use alloc::vec::Vec;

use words::{LinkId, Share};

use super::{Exception, Principle};
use crate::Urn;
use crate::destruction::Standing;

/// See [`super::ALL`].
pub(super) static MOST_USED: Exception = Exception {
    name: "most-used",
    bends: Principle::Destruction,
    because: "each cut of a busy arrow is felt by many users",
    does: "adds balls for all arrows but a share of the most used",
    never: "leaves an arrow without its own ball, so every arrow dies some day",
    bound: "20 % of the arrows by default and at most, rounded down; \
            3 more balls for the others by default, at most 9",
    test: "the_others_get_more_balls_within_the_bound",
};

/// The odds of the most used arrows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MostUsed {
    share: Share,
    extra: u32,
}

impl MostUsed {
    /// Returns the exception that shelters this `share` of our arrows, by giving the
    /// others `extra` balls on top of their own.
    ///
    /// Clamped to 20 % and 9 balls. A share or an `extra` of nothing turns it off.
    pub fn new(share: Share, extra: u32) -> Self {
        Self { share: share.min(Share::percent(20)), extra: extra.min(9) }
    }

    pub(crate) fn bend(self, urn: &mut Urn<LinkId>, arrows: &[Standing]) {
        let quota = self.share.at_most(arrows.len());
        let sheltered: Vec<_> = (arrows.iter())
            .filter(|arrow| is_sheltered(**arrow, arrows, quota))
            .map(|arrow| arrow.link)
            .collect();
        urn.shelter(&sheltered, self.extra, &MOST_USED);
    }
}

impl Default for MostUsed {
    /// Seed: 20 %, "with a lower probability"; a quarter of the others' is ours.
    fn default() -> Self {
        Self::new(Share::percent(20), 3)
    }
}

/// Tells whether `arrow` is one of the `quota` most used.
///
/// Equals are sheltered together or not at all, and an unused arrow never is.
fn is_sheltered(arrow: Standing, arrows: &[Standing], quota: usize) -> bool {
    let rank = arrows.iter().filter(|other| other.used_by >= arrow.used_by).count();
    arrow.used_by > 0 && rank <= quota
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(bend: MostUsed, uses: &[u32]) -> usize {
        let standing = |(n, used_by): (usize, &u32)| Standing {
            link: LinkId(u32::try_from(n).unwrap()),
            used_by: *used_by,
        };
        let arrows: Vec<_> = uses.iter().enumerate().map(standing).collect();
        let mut urn = Urn::of(arrows.iter().map(|arrow| arrow.link));
        bend.bend(&mut urn, &arrows);
        urn.total()
    }

    #[test]
    fn the_others_get_more_balls_within_the_bound() {
        let uses = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0];
        assert_eq!(total(MostUsed::default(), &uses), 10 + 8 * 3);
        let greedy = MostUsed::new(Share::percent(100), 1_000);
        assert_eq!(total(greedy, &uses), 10 + 8 * 9);
    }

    #[test]
    fn where_nobody_stands_out_nobody_is_sheltered() {
        assert_eq!(total(MostUsed::default(), &[0; 10]), 10);
        assert_eq!(total(MostUsed::default(), &[4; 10]), 10);
        assert_eq!(total(MostUsed::default(), &[9, 1, 1]), 3);
    }
}
