//! Only ways are left that may not be taken; the origin is asked through daemons of all makes
//! for a number that frees them.

use super::{Fact, PATIENCE, seconds};
use crate::speakers::Make::{self, Babeld, Bird, Frr, Ours};
use crate::stage::{Path, Stage};

pub(super) fn facts() -> Vec<Fact> {
    vec![
        Fact::new(
            "ours_asks_through_bird_and_frr_and_babeld_answers",
            &[Ours, Bird, Frr, Babeld],
            |s| ring(s, [Ours, Bird, Frr, Babeld]),
        ),
        Fact::new(
            "babeld_asks_through_frr_and_ours_and_bird_answers",
            &[Ours, Frr, Babeld, Bird],
            |s| ring(s, [Babeld, Frr, Ours, Bird]),
        ),
        Fact::new(
            "bird_asks_through_ours_and_babeld_and_frr_answers",
            &[Ours, Frr, Babeld, Bird],
            |s| ring(s, [Bird, Ours, Babeld, Frr]),
        ),
        Fact::new(
            "bird_asks_through_babeld_and_frr_and_ours_answers",
            &[Ours, Bird, Frr, Babeld],
            |s| ring(s, [Bird, Babeld, Frr, Ours]),
        ),
    ]
}

/// A ring of four: the first loses its cable to the last, and the long way round is worse
/// than anything it has ever told.
fn ring(stage: &mut Stage, makes: [Make; 4]) -> String {
    let [asks, second, third, answers] = stage.machines(makes);
    for (one, other) in [(asks, second), (second, third), (third, answers), (answers, asks)] {
        stage.cable(one, other);
    }
    stage.price(third, answers, 250);
    stage.start_all();
    let straight = Path::Arrives(vec![asks, answers]);
    stage.until(PATIENCE, "the straight ways", |stage| {
        stage.path(asks, answers) == straight
            && stage.path(third, answers) == Path::Arrives(vec![third, answers])
    });
    // Two full updates later, no table has a number that another has not seen.
    let settled = 2 * stage.setting(answers).update;
    stage.never(settled, "a straight way is left", |stage| stage.path(asks, answers) != straight);
    stage.unplug(asks, answers);
    let round = Path::Arrives(vec![asks, second, third, answers]);
    let took = stage.until(PATIENCE, "the long way", |stage| stage.path(asks, answers) == round);
    format!("free after {}", seconds(took))
}
