//! Routes are learnt, of both families and in both directions, and packets follow them.

use std::time::Duration;

use super::{Fact, PATIENCE, seconds};
use crate::island::{Hop, Link};
use crate::setting::Extra;
use crate::speakers::Make::{self, Babeld, Bird, Frr, Ours};
use crate::stage::Stage;

/// Addresses that do not fit into one packet together.
const MANY: u16 = 300;

pub(super) fn facts() -> Vec<Fact> {
    let mut all: Vec<Fact> =
        Fact::each("routes_of_both_families_with", &[Ours, Babeld, Bird, Frr], both_families)
            .collect();
    all.extend(Fact::each("many_routes_in_packets_of_1280_with", &[Babeld, Bird, Frr], small));
    all.extend(Fact::each("ten_minutes_between_updates_of_ours_with", &[Babeld, Bird], rare));
    all.push(Fact::new("routes_with_babeld_that_speaks_unicast", &[Ours, Babeld], unicast));
    all
}

fn both_families(stage: &mut Stage, peer: Make) -> String {
    let [a, b] = stage.machines([Ours, peer]);
    stage.cable(a, b);
    stage.start_all();
    let took = stage.converge(PATIENCE);
    let via = |gateway: &str, device: &str| {
        Some(Hop::Via { gateway: gateway.to_owned(), device: device.to_owned() })
    };
    assert_eq!(stage.island(a).hop(&b.own6()), via("fe80::b", "a-b"));
    assert_eq!(stage.island(a).hop(&b.own4()), via("10.77.1.11", "a-b"));
    assert_eq!(stage.island(b).hop(&a.own6()), via("fe80::a", "b-a"));
    assert_eq!(stage.island(b).hop(&a.own4()), via("10.77.1.10", "b-a"));
    for (from, to) in [(a, b), (b, a)] {
        let flow = stage.flow(from, to, Duration::from_millis(5));
        std::thread::sleep(Duration::from_millis(200));
        let told = flow.end();
        assert!(told.sent > 10 && told.lost == 0, "from {from} to {to}: {told:?}");
    }
    format!("after {}", seconds(took))
}

fn small(stage: &mut Stage, peer: Make) -> String {
    let [a, b] = stage.machines([Ours, peer]);
    stage.links(Link { mtu: 1280, ..Link::USUAL });
    stage.cable(a, b);
    for node in [a, b] {
        stage.island(node).crowd(MANY);
    }
    stage.start_all();
    let count = |stage: &Stage, at: crate::island::Node, of: crate::island::Node| {
        let words = format!("-6 -o route show table main root {}/48", of.another(0));
        stage.island(at).ip(&words).lines().filter(|line| line.contains(" via ")).count()
    };
    let all = usize::from(MANY);
    let took = stage.until(PATIENCE, "all routes at both", |stage| {
        count(stage, a, b) == all && count(stage, b, a) == all
    });
    format!("{MANY} routes each way after {}", seconds(took))
}

/// Nearly the longest intervals that there are: what is new must not wait for them.
fn rare(stage: &mut Stage, peer: Make) -> String {
    let [a, b] = stage.machines([Ours, peer]);
    stage.cable(a, b);
    stage.setting(a).update = Duration::from_secs(640);
    stage.start_all();
    let took = stage.converge(PATIENCE);
    stage.island(a).add_own(2);
    let news = stage.until(Duration::from_secs(5), "one more address", |stage| {
        stage.next(b, &a.another(2)).is_some()
    });
    format!("after {}, news after {}", seconds(took), seconds(news))
}

fn unicast(stage: &mut Stage) -> String {
    let [a, b] = stage.machines([Ours, Babeld]);
    stage.cable(a, b);
    stage.setting(b).extras.insert(Extra::Unicast);
    stage.start_all();
    format!("after {}", seconds(stage.converge(PATIENCE)))
}
