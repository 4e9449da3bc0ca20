//! Links that delay, lose, double and disorder packets.

use std::time::Duration;

use super::{Fact, PATIENCE, seconds};
use crate::island::Node;
use crate::setting::{Algorithm, Extra, Key};
use crate::speakers::Make::{Babeld, Bird, Frr, Ours};
use crate::speakers::{Make, field};
use crate::stage::Stage;

/// One way.
const DELAY: Duration = Duration::from_millis(20);

pub(super) fn facts() -> Vec<Fact> {
    let mut all = vec![
        // FRR 8.4 hangs once told to measure them.
        Fact::new("delays_are_measured_and_cost_as_with_babeld", &[Ours, Babeld], |stage| {
            delays(stage, Babeld)
        }),
        Fact::new("delays_are_measured_and_cost_with_bird", &[Ours, Bird], |stage| {
            delays(stage, Bird)
        })
        .if_it_knows(Bird, Extra::Delays),
        Fact::new("babeld_with_the_options_of_re6stnet", &[Ours, Babeld], re6stnet),
    ];
    all.extend(Fact::each("losses_doubles_and_disorder_with", &[Babeld, Bird, Frr], storm));
    all
}

/// What a round trip costs: nothing up to 10 ms, 5000 from 500 ms on (RFC 9616).
fn price(milliseconds: f64) -> f64 {
    96.0 + 5000.0 * ((milliseconds - 10.0) / 490.0).clamp(0.0, 1.0)
}

fn delays(stage: &mut Stage, peer: Make) -> String {
    let [a, b] = stage.machines([Ours, peer]);
    stage.wire(a, b);
    stage.weather(a, b).delay(DELAY, Duration::ZERO);
    stage.all_settings(|setting| {
        setting.extras.insert(Extra::Delays);
    });
    stage.start_all();
    stage.converge(PATIENCE);
    // BIRD can only be asked for routes.
    let told = [a, b].into_iter().filter(|node| stage.make(*node) != Bird).collect::<Vec<_>>();
    let told: Vec<String> = told
        .into_iter()
        .map(|node| {
            let what = format!("{node}: a round trip of 40 ms, and its price within 15 %");
            stage.until(PATIENCE, &what, |stage| {
                measured(stage, node).is_some_and(|(rtt, cost)| {
                    (39.0..80.0).contains(&rtt) && (cost / price(rtt) - 1.0).abs() < 0.15
                })
            });
            let (rtt, cost) = measured(stage, node).unwrap_or_default();
            format!("{} {rtt:.1} ms cost {cost} (formula {:.0})", stage.make(node), price(rtt))
        })
        .collect();
    told.join(", ")
}

/// Returns the round trip, milliseconds, and the cost of a machine's only neighbour.
fn measured(stage: &Stage, node: Node) -> Option<(f64, f64)> {
    let said = stage.dump(node)?;
    let line = said.lines().find(|line| line.starts_with("add neighbour "))?;
    Some((field(line, "rtt")?.parse().ok()?, field(line, "cost")?.parse().ok()?))
}

fn re6stnet(stage: &mut Stage) -> String {
    let [a, b] = stage.machines([Ours, Babeld]);
    stage.wire(a, b);
    stage.weather(a, b).delay(DELAY, Duration::ZERO);
    stage.all_settings(|setting| {
        setting.extras.insert(Extra::Delays);
        setting.keys = vec![Key::new(Algorithm::Blake2s128, "0123456789abcdef")];
    });
    stage.setting(b).extras.insert(Extra::Unicast);
    stage.start_all();
    format!("after {}", seconds(stage.converge(PATIENCE)))
}

fn storm(stage: &mut Stage, peer: Make) -> String {
    let [a, b] = stage.machines([Ours, peer]);
    stage.wire(a, b);
    let wire = stage.weather(a, b);
    wire.delay(Duration::from_millis(5), Duration::from_millis(30));
    wire.lose(50);
    wire.double(200);
    stage.start_all();
    let took = stage.converge(PATIENCE);
    // Each new address must make its way through, too.
    let began = std::time::Instant::now();
    for last in 2..6 {
        for (from, to) in [(a, b), (b, a)] {
            stage.island(to).add_own(last);
            stage.until(PATIENCE, "a new route in bad weather", |stage| {
                stage.next(from, &to.another(last)).is_some()
            });
        }
    }
    format!("after {}, 8 more routes in {}", seconds(took), seconds(began.elapsed()))
}
