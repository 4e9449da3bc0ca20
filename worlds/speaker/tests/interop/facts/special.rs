//! Extensions: routes for some senders, IPv4 by IPv6, and the text protocol of babeld.

use std::collections::BTreeSet;

use super::{Fact, PATIENCE, seconds};
use crate::island::{Hop, Link};
use crate::setting::{Extra, SENDERS};
use crate::speakers::Make::{self, Babeld, Bird, Ours};
use crate::stage::Stage;

pub(super) fn facts() -> Vec<Fact> {
    let mut all = vec![
        Fact::new("ipv4_by_ipv6_next_hops_with_babeld", &[Ours, Babeld], |stage| {
            four_by_six(stage, Babeld)
        }),
        Fact::new("ipv4_by_ipv6_next_hops_with_bird", &[Ours, Bird], |stage| {
            four_by_six(stage, Bird)
        })
        .if_it_knows(Bird, Extra::FourBySix),
        Fact::new("babelds_text_protocol_says_the_same", &[Ours, Babeld], text),
    ];
    // FRR does not know of them.
    let peers = [Babeld, Bird];
    all.extend(Fact::each("routes_for_some_senders_to", &peers, |stage, peer| {
        for_senders(stage, peer, true)
    }));
    all.extend(Fact::each("routes_for_some_senders_from", &peers, |stage, peer| {
        for_senders(stage, peer, false)
    }));
    all
}

fn for_senders(stage: &mut Stage, peer: Make, from_ours: bool) -> String {
    let [a, b] = stage.machines([Ours, peer]);
    stage.cable(a, b);
    let (origin, other) = if from_ours { (a, b) } else { (b, a) };
    let route = format!("-6 route add default from {SENDERS} dev lo proto static");
    stage.island(origin).ip(&route);
    stage.all_settings(|setting| {
        setting.extras.insert(Extra::ForSenders);
    });
    stage.start_all();
    let wanted = format!("default from {SENDERS} via {}", origin.link_local());
    let took = stage.until(PATIENCE, &wanted, |stage| {
        stage.island(other).ip("-6 -o route show table all").contains(&wanted)
    });
    let all = stage.island(other).ip("-6 -o route show table all");
    let open = all.lines().any(|line| line.starts_with("default via"));
    assert!(!open, "it is for these senders only: {all}");
    format!("after {}", seconds(took))
}

fn four_by_six(stage: &mut Stage, peer: Make) -> String {
    let [a, b] = stage.machines([Ours, peer]);
    stage.links(Link { four: false, ..Link::USUAL });
    stage.cable(a, b);
    stage.all_settings(|setting| {
        setting.extras.insert(Extra::FourBySix);
    });
    stage.start_all();
    let took = stage.converge(PATIENCE);
    for (from, to) in [(a, b), (b, a)] {
        let (gateway, device) = (to.link_local(), from.towards(to));
        assert_eq!(stage.island(from).hop(&to.own4()), Some(Hop::Via { gateway, device }));
    }
    format!("after {}", seconds(took))
}

fn text(stage: &mut Stage) -> String {
    let [a, b] = stage.machines([Ours, Babeld]);
    stage.cable(a, b);
    stage.start_all();
    stage.converge(PATIENCE);
    let (ours, theirs) = (stage.dump(a).unwrap(), stage.dump(b).unwrap());
    let first = |said: &str| said.lines().next().unwrap_or_default().to_owned();
    assert_eq!(first(&ours), first(&theirs), "the version of the protocol");
    let (ours, theirs) = (shapes(&ours), shapes(&theirs));
    let missing: Vec<_> = theirs.difference(&ours).collect();
    assert!(missing.is_empty(), "babeld says {missing:?}; ours says {ours:?}");
    format!("{} kinds of lines with the same words", theirs.len())
}

/// Returns the words of each kind of line, without their values.
fn shapes(said: &str) -> BTreeSet<String> {
    let lines = said.lines().filter(|line| line.starts_with("add "));
    let names = |line: &str| {
        let mut words = line.split_whitespace();
        let kind = words.by_ref().nth(1).unwrap_or_default().to_owned();
        let names = words.skip(1).step_by(2);
        // These come and go with what is known of a link.
        let names = names.filter(|name| !["rtt", "rttcost", "ipv4"].contains(name));
        kind + ": " + &names.collect::<Vec<_>>().join(" ")
    };
    lines.map(names).collect()
}
