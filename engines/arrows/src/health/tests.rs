//! What is told of loss and of coming and going, and when.

extern crate std;

use std::vec::Vec;

use words::{Engine, Prefix};

use super::*;
use crate::tests::{answer, at, node, said, seats, settled};
use crate::{Input, State};

const LINK: LinkId = LinkId(0);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn charges(outputs: &[Output]) -> Vec<Duration> {
    let charge = |output: &Output| {
        let Output::Charge(_, charge) = output else { return None };
        Some(*charge)
    };
    outputs.iter().filter_map(charge).collect()
}

/// Packets of the other end until now, of which so many of a thousand are lost.
fn traffic(lost: u32, now: Time) -> Traffic {
    Traffic { link: LINK, heard: now, carried: Some(now), sent: 1_000, came: 1_000 - lost }
}

/// Lives for so many seconds with payload every 20 ms, of which so many of a thousand are lost.
fn carry(arrows: &mut Arrows, from: u64, seconds: u64, lost: u32) -> Vec<Output> {
    let mut all = Vec::new();
    for n in 0..seconds * 50 {
        let now = at(from) + ms(20 * n);
        let sent =
            if n % 50 == 0 { traffic(lost, now) } else { Traffic { sent: 0, ..traffic(0, now) } };
        arrows.handle(Input::Traffic(&[Traffic { came: sent.came.min(sent.sent), ..sent }]), now);
        for output in said(arrows) {
            answer(arrows, &output);
            all.push(output);
        }
    }
    all
}

#[test]
fn payload_that_comes_is_a_sign_of_life_and_needs_few_probes() {
    let mut arrows = settled(1, seats(1));
    let all = carry(&mut arrows, 1, 60, 0);
    let probes = all.iter().filter(|said| matches!(said, Output::Send(..))).count();
    // One a second to measure, and some more until the way is known.
    assert!(probes < 100, "{probes} probes in 60 s");
    assert_eq!(charges(&all), []);
    assert!(arrows.arrows().all(|view| view.state == State::Live && !view.suspect));
}

#[test]
fn a_link_that_carries_payload_and_falls_silent_is_charged_and_then_lost() {
    let mut arrows = settled(1, seats(1));
    carry(&mut arrows, 1, 9, 0);
    let mut all = Vec::new();
    while arrows.arrows().count() > 0 {
        let clock = arrows.deadline().unwrap().at;
        let sends = Traffic { heard: at(10), sent: 0, came: 0, ..traffic(0, clock) };
        arrows.handle(Input::Traffic(&[sends]), clock);
        all.extend(said(&mut arrows));
    }
    assert_eq!(charges(&all), [SUSPECT], "before it is closed, and once");
    let suspected = Output::Event(Event::Suspected { link: LINK, node: node(1) });
    assert!(all.contains(&suspected) && all.contains(&Output::Close(LINK)));
}

#[test]
fn what_is_lost_is_charged_once_it_is_sure_and_forgotten_when_it_ends() {
    let mut arrows = settled(1, seats(1));
    let all = carry(&mut arrows, 1, 60, 50);
    let told = charges(&all);
    let last = *told.last().unwrap();
    assert!(ms(150) < last && last < ms(250), "{told:?}");
    assert!(told.len() <= 8 && told.is_sorted(), "rises in few steps: {told:?}");
    let all = carry(&mut arrows, 61, 120, 0);
    assert_eq!(charges(&all).last(), Some(&Duration::ZERO));
    let all = carry(&mut arrows, 181, 60, 1);
    assert_eq!(charges(&all), [], "one in a thousand is usual");
}

#[test]
fn loss_that_wavers_does_not_make_the_charge_waver() {
    let mut arrows = settled(1, seats(1));
    carry(&mut arrows, 1, 60, 40);
    let mut told = Vec::new();
    for n in 0..60 {
        told.extend(charges(&carry(&mut arrows, 61 + 2 * n, 1, 25)));
        told.extend(charges(&carry(&mut arrows, 62 + 2 * n, 1, 55)));
    }
    assert!(told.len() <= 1, "{told:?}");
}

#[test]
fn losing_nearly_everything_costs_no_more_than_the_bound() {
    let mut arrows = settled(1, seats(1));
    let all = carry(&mut arrows, 1, 60, 900);
    assert!(charges(&all).iter().all(|charge| *charge <= MOST));
    let lost = arrows.arrows().next().unwrap().lost_ppm;
    assert!((890_000..=910_000).contains(&lost), "{lost}");
}

#[test]
fn what_a_node_carries_costs_on_all_its_links_within_a_bound() {
    let mut arrows = settled(3, seats(3));
    let mut bear = |costs, second| {
        arrows.handle(Input::Load(costs), at(second));
        charges(&said(&mut arrows))
    };
    assert_eq!(bear(ms(40), 1), [ms(40); 3]);
    assert_eq!(bear(ms(40), 2), [], "that is no news");
    assert_eq!(bear(ms(5_000), 3), [MOST_LOAD; 3]);
    assert!(MOST + MOST_LOAD < ms(1_954), "it leaves no link as far as a shunned one");
    assert_eq!(bear(Duration::ZERO, 4), [Duration::ZERO; 3]);
}

#[test]
fn coming_and_going_costs_more_each_time_within_a_bound_and_is_forgotten() {
    let (mut flaps, someone) = (Flaps::default(), node(7));
    let mut costs = Vec::new();
    for n in 0..20 {
        flaps.note(someone, at(n * 5));
        costs.push(flaps.cost(someone, at(n * 5)));
    }
    assert_eq!(costs[0], Duration::ZERO, "once is nothing");
    assert!(costs[1] > ms(80) && costs.is_sorted(), "{costs:?}");
    assert_eq!(*costs.last().unwrap(), MOST_FLAPS);
    assert_eq!(flaps.cost(node(8), at(95)), Duration::ZERO, "each for itself");
    let later: Vec<_> = (1..5).map(|n| flaps.cost(someone, at(95 + n * 60))).collect();
    assert_eq!(later, [ms(250), ms(75), Duration::ZERO, Duration::ZERO]);
    assert_eq!(flaps.cost(someone, at(100_000_000)), Duration::ZERO);
}

#[test]
fn who_comes_and_goes_is_remembered_within_a_bound() {
    let mut flaps = Flaps::default();
    for n in 0..3_000 {
        flaps.note(NodeId(Prefix::new(n << 64, 64)), at(1));
    }
    assert_eq!(flaps.0.len(), REMEMBERED);
    flaps.note(node(5_000), at(1_000));
    assert_eq!(flaps.0.len(), 1, "the others are forgotten");
}
