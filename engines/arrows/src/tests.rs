//! Stories: what happens to links, told in inputs and outputs.

extern crate std;

use core::time::Duration;
use std::vec;
use std::vec::Vec;

use principles::exceptions::InUse;
use words::{Carrier, Carriers, Engine, LinkId, NodeId, Prefix, Share, Time};

use super::*;
use crate::wire::Frame;

mod anything;
mod doors;
mod draining;
mod jumps;
mod lan;
mod leaving;
mod liars;
mod model;
mod rebirth;
mod seats;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const UDP: [Carrier; 1] = [Carrier::Udp];

pub(crate) fn node(n: u128) -> NodeId {
    NodeId(Prefix::new(n << 64, 64))
}

pub(crate) fn at(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

pub(crate) fn seats(seats: usize) -> Settings {
    Settings { seats, ..Settings::default() }
}

/// Node 50, which knows nobody.
fn newcomer(settings: Settings) -> Arrows {
    Arrows::new(settings, node(50), [1; 32], Time::ZERO)
}

pub(crate) fn said(arrows: &mut Arrows) -> Vec<Output> {
    core::iter::from_fn(|| arrows.poll()).collect()
}

fn events(said: &[Output]) -> Vec<Event> {
    let event = |output: &Output| {
        let Output::Event(event) = output else { return None };
        Some(*event)
    };
    said.iter().filter_map(event).collect()
}

fn deaths(said: &[Output]) -> Vec<Death> {
    let death = |event| {
        let (Event::Died { of, .. } | Event::Parted { of, .. }) = event else { return None };
        Some(of)
    };
    events(said).into_iter().filter_map(death).collect()
}

fn sought(said: &[Output]) -> Vec<(LinkId, NodeId)> {
    let seek = |output: &Output| {
        let Output::Seek(link, to) = output else { return None };
        Some((*link, *to))
    };
    said.iter().filter_map(seek).collect()
}

fn told(link: LinkId, frame: Frame) -> Output {
    Output::Send(link, frame.encode())
}

fn hear(arrows: &mut Arrows, link: LinkId, frame: Frame, now: Time) {
    arrows.handle(Input::Frame(link, &frame.encode()), now);
}

/// Answers whatever `arrows` wants until `now`: nodes are found, links come up, probes echo.
fn live_until(arrows: &mut Arrows, now: Time) -> Vec<Output> {
    let mut all = Vec::new();
    loop {
        let outputs = said(arrows);
        for output in &outputs {
            answer(arrows, output);
        }
        if outputs.is_empty() {
            let next = arrows.deadline().unwrap().at;
            arrows.handle(Input::Wake, next.or_earlier(now));
            if next > now {
                return all;
            }
        }
        all.extend(outputs);
    }
}

/// Wakes `arrows` whenever it asks for it until `now`, and answers nothing.
fn alone_until(arrows: &mut Arrows, now: Time) {
    while let Some(next) = arrows.deadline().filter(|next| next.at <= now) {
        arrows.handle(Input::Wake, next.at);
    }
}

pub(crate) fn answer(arrows: &mut Arrows, output: &Output) {
    let clock = arrows.last;
    if let Output::Seek(link, _) = output {
        arrows.handle(Input::Found(*link, Carriers::of(UDP)), clock);
    }
    if let Output::Open(link, to, _) = output {
        arrows.handle(Input::Up(*link, *to), clock);
    }
    if let Output::Send(link, octets) = output
        && let Ok(Frame::Probe(token)) = Frame::decode(octets)
    {
        hear(arrows, *link, Frame::Echo(token), clock);
    }
}

/// A node with `count` live arrows, after a second.
pub(crate) fn settled(count: u128, settings: Settings) -> Arrows {
    let mut arrows = newcomer(settings);
    for n in 1..=count {
        arrows.handle(Input::Reachable(node(n)), Time::ZERO);
    }
    live_until(&mut arrows, at(1));
    said(&mut arrows);
    arrows
}

fn count(arrows: &Arrows, state: State) -> usize {
    arrows.arrows().filter(|view| view.state == state).count()
}

#[test]
fn the_deadline_says_why() {
    let mut arrows = newcomer(seats(1));
    let round = arrows.deadline().unwrap();
    assert_eq!(round.why, Why::Round);
    assert!(at(150) <= round.at && round.at <= at(300), "{round:?}");

    arrows.handle(Input::Reachable(node(1)), Time::ZERO);
    assert_eq!(arrows.deadline().map(|d| d.why), Some(Why::Draw));
    arrows.handle(Input::Wake, at(1));
    assert_eq!(arrows.deadline().map(|d| d.why), Some(Why::Patience(LinkId(0))));
    arrows.handle(Input::Found(LinkId(0), Carriers::of(UDP)), at(1));
    arrows.handle(Input::Up(LinkId(0), node(1)), at(1));
    assert_eq!(arrows.deadline().map(|d| d.why), Some(Why::Nudge(LinkId(0))));
}

#[test]
fn same_seed_same_inputs_same_outputs() {
    let run = |seed| {
        let mut arrows = Arrows::new(Settings::default(), node(50), [seed; 32], Time::ZERO);
        for n in 1..40 {
            arrows.handle(Input::Reachable(node(n)), Time::ZERO);
        }
        live_until(&mut arrows, at(3_600))
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn a_day_leaves_no_arrow_older_than_the_law_allows() {
    let mut arrows = newcomer(Settings::default());
    for n in 1..40 {
        arrows.handle(Input::Reachable(node(n)), Time::ZERO);
    }
    let all = live_until(&mut arrows, at(86_400));
    let oldest = events(&all).into_iter().filter_map(|event| {
        let Event::Died { age, .. } = event else { return None };
        Some(age)
    });
    assert!(oldest.max().unwrap() < 100 * MINUTE);
    assert!(arrows.arrows().all(|view| at(86_400).since(view.since) < 100 * MINUTE));
    assert_eq!(count(&arrows, State::Live), 10);
    assert!(deaths(&all).len() > 700, "{}", deaths(&all).len());
}
