//! The others among themselves: shows that the stage is right when a test of ours is not.

use super::{Fact, PATIENCE, seconds};
use crate::speakers::Make::{Babeld, Bird, Frr};
use crate::stage::Stage;

pub(super) fn facts() -> Vec<Fact> {
    vec![
        Fact::new("others_babeld_and_bird", &[Babeld, Bird], |stage| pair(stage, [Babeld, Bird])),
        Fact::new("others_bird_and_frr", &[Bird, Frr], |stage| pair(stage, [Bird, Frr])),
        Fact::new("others_frr_and_babeld", &[Frr, Babeld], |stage| pair(stage, [Frr, Babeld])),
        Fact::new("others_over_a_long_wire", &[Babeld, Bird], |stage| {
            let [a, b] = stage.machines([Babeld, Bird]);
            stage.wire(a, b);
            stage.start_all();
            seconds(stage.converge(PATIENCE))
        }),
    ]
}

fn pair(stage: &mut Stage, makes: [crate::speakers::Make; 2]) -> String {
    let [a, b] = stage.machines(makes);
    stage.cable(a, b);
    stage.start_all();
    let took = stage.converge(PATIENCE);
    format!("routes of both families after {}", seconds(took))
}
