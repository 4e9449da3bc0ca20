//! What the engine alone costs: time, memory and allocations, with real packets.
//!
//! ```text
//! cargo run --release -p babel --example cost
//! cargo run --release -p babel --example cost -- --bounds
//! ```
//!
//! Twenty neighbours tell ten thousand ranges each, from packets prepared beforehand. Of each
//! input the shortest time of many rounds counts: others use the machine too, and can only
//! add. No time is judged; what is wanted stands beside what is. With `--bounds` only that is
//! looked at which is the same on every machine, and the end is 1 if anything is beyond what is
//! wanted.

mod packets;
mod scene;
mod traffic;

use std::alloc::System;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use babel::wire::{Packet, Tlv};
use babel::{Input, Interface};
use packets::Metrics;
use scene::{Cost, Scene};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use traffic::Traffic;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const NEIGHBOURS: u32 = 20;
const ROUTES: u32 = 10_000;
/// How many routes there are when two neighbours are lost.
const MANY: u32 = 40_000;
const ROUNDS: u32 = 40;

/// The packets of all neighbours.
type Dumps = Vec<Vec<Vec<u8>>>;

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--bounds") {
        return bounds();
    }
    println!("{NEIGHBOURS} neighbours, {ROUTES} ranges each; best of {ROUNDS} rounds");
    println!("{:<46} {:>12}   wanted", "what", "figure");
    let shares = dumps(ROUTES, Metrics::Shares);
    codec(&shares);
    let mut scene = fill(&shares);
    refresh(&mut scene, &shares);
    changes(&mut scene, &shares);
    charges(&mut scene, &shares);
    request(&mut scene, &shares);
    drop(scene);
    loss();
    talk();
    ExitCode::SUCCESS
}

/// Judges what does not depend on how quick the machine is.
fn bounds() -> ExitCode {
    let shares = dumps(ROUTES, Metrics::Shares);
    let (mut scene, octets, _) = filled(&shares);
    let refresh = tell(&mut scene, &shares).allocations;
    drop(scene);
    let steady = Steady::measure();
    let mut all_met = true;
    for (what, figure, wanted) in [
        ("octets per route on the wire", ratio(on_wire(&shares), NEIGHBOURS * ROUTES), "26"),
        ("octets per candidate, everything in", ratio(octets, NEIGHBOURS * ROUTES), "20"),
        ("allocations of a refresh", refresh.to_string(), "0"),
        ("kbit/s that we say to all, steady", rate(steady.said), "70"),
        ("kbit/s that all say to us, steady", rate(steady.heard), "70"),
    ] {
        show(what, &figure, wanted);
        let number = |text: &str| text.parse::<f64>().unwrap_or(f64::INFINITY);
        all_met &= number(&figure) <= number(wanted);
    }
    if all_met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Parsing and writing, without an engine.
fn codec(dumps: &Dumps) {
    let mut updates = 0_u32;
    let read = best(|| {
        updates = 0;
        let start = Instant::now();
        for octets in dumps.iter().flatten() {
            let tlvs = Packet::decode(octets).into_iter().flat_map(Packet::tlvs).flatten();
            for tlv in tlvs {
                updates += u32::from(matches!(black_box(tlv), Tlv::Update(_)));
            }
        }
        start.elapsed()
    });
    show("codec: ns per update read", per(read, updates), "21");
    let write = best(|| {
        let start = Instant::now();
        black_box(packets::dump(NEIGHBOURS, 0, ROUTES, Metrics::Shares));
        start.elapsed()
    });
    show("codec: ns per update written", per(write, ROUTES), "13");
    show("codec: octets per route", ratio(on_wire(dumps), updates), "26");
}

fn on_wire(dumps: &Dumps) -> usize {
    dumps.iter().flatten().map(Vec::len).sum()
}

/// The first time that the routes are told.
fn fill(dumps: &Dumps) -> Scene {
    let mut times = Vec::new();
    loop {
        let (scene, octets, cost) = filled(dumps);
        times.push(cost);
        if times.len() < 3 {
            continue;
        }
        let candidates = NEIGHBOURS * ROUTES;
        let cost = undisturbed(times).time();
        show("ns per update, first fill", per(cost, candidates), "81");
        show("octets per candidate, everything in", ratio(octets, candidates), "20");
        show("candidates held", scene.speaker.routes().count().to_string(), "200000");
        return scene;
    }
}

/// Returns a speaker that was told all, the octets that it holds, and what telling cost.
fn filled(dumps: &Dumps) -> (Scene, usize, Cost) {
    let mut scene = Scene::new(NEIGHBOURS);
    let before = INSTRUMENTED_SYSTEM.stats();
    let cost = tell(&mut scene, dumps);
    scene.live(Duration::from_secs(30));
    let now = INSTRUMENTED_SYSTEM.stats();
    let live = |taken: usize, given: usize| taken.saturating_sub(given);
    let octets = live(now.bytes_allocated, now.bytes_deallocated)
        .saturating_sub(live(before.bytes_allocated, before.bytes_deallocated));
    (scene, octets, cost)
}

/// The same routes again.
fn refresh(scene: &mut Scene, dumps: &Dumps) {
    let cost = best_cost(|| tell(scene, dumps));
    show("ns per unchanged update", per(cost.time(), NEIGHBOURS * ROUTES), "50");
    let allocations = cost.allocations;
    show("allocations per unchanged update", ratio(allocations, NEIGHBOURS * ROUTES), "0");
    show("allocations per packet of them", ratio(allocations, number_of(cost.inputs())), "0");
}

/// The same ranges, at other metrics.
fn changes(scene: &mut Scene, shares: &Dumps) {
    for (what, metrics) in [
        ("ns per update, others' metrics change", Metrics::Stirred),
        ("ns per update, the best neighbour changes", Metrics::Moved),
    ] {
        let other = dumps(ROUTES, metrics);
        let cost = best_cost(|| {
            let cost = tell(scene, &other);
            scene.live(Duration::from_mins(1));
            tell(scene, shares);
            scene.live(Duration::from_mins(1));
            cost
        });
        show(what, per(cost.time(), NEIGHBOURS * ROUTES), "150");
        show("  allocations per update", ratio(cost.allocations, NEIGHBOURS * ROUTES), "");
    }
}

/// A link's cost.
fn charges(scene: &mut Scene, shares: &Dumps) {
    for (what, charge) in [
        ("µs per small change of a link's cost", 10),
        ("µs per change that its routes leave for", 5_000),
    ] {
        let cost = best_cost(|| {
            // Many rounds are longer than routes live.
            tell(scene, shares);
            let mut cost = Cost::default();
            for charge in [babel::Cost(charge), babel::Cost(0)] {
                scene.tell(Input::Charge(Interface(3), charge), &mut cost);
                scene.live(Duration::from_mins(1));
            }
            cost
        });
        show(what, format!("{:.1}", cost.time().as_secs_f64() * 1e6 / 2.0), "71");
    }
}

/// A neighbour wants to be told everything.
fn request(scene: &mut Scene, shares: &Dumps) {
    let mut each = f64::MAX;
    for _ in 0..ROUNDS {
        tell(scene, shares);
        let before = scene.speaker.counters().updates_out;
        let mut cost = Cost::default();
        scene.hear(5, &[packets::wildcard()], &mut cost);
        let time = cost.time() + scene.live(Duration::from_secs(10)).time();
        let said = u32::try_from(scene.speaker.counters().updates_out - before).unwrap_or(0);
        if said > 0 {
            each = each.min(time.as_secs_f64() * 1e9 / f64::from(said));
        }
        scene.live(Duration::from_mins(1));
    }
    show("ns per route told in a dump, hellos included", format!("{each:.1}"), "13");
}

/// Two neighbours are lost, with many routes.
fn loss() {
    let many = dumps(MANY, Metrics::Shares);
    let mut scene = Scene::new(NEIGHBOURS);
    tell(&mut scene, &many);
    scene.live(Duration::from_mins(1));
    let rest = scene.live(Duration::from_secs(30));
    let before = scene.speaker.counters().route_changes;
    scene.silence(0);
    scene.silence(1);
    let silent = scene.live(Duration::from_secs(30));
    let moved = scene.speaker.counters().route_changes - before;
    show("2 silent of 20, 40 000 ranges: routes moved", moved.to_string(), "4000");
    show("  ms until told to everybody", millis(silent.time().saturating_sub(rest.time())), "50");
    show("  ms, longest step", millis(silent.longest()), "");
    let mut cost = Cost::default();
    for interface in [2, 3].map(Interface) {
        scene.tell(Input::Down(interface), &mut cost);
    }
    show("2 more interfaces gone: ms to select anew", millis(cost.time()), "50");
    cost = scene.live(Duration::from_secs(30));
    show("  ms until told to everybody", millis(cost.time().saturating_sub(rest.time())), "");
}

/// What crosses the wires between speakers of our own kind when nothing changes. Those behind
/// them promise their routes for ten minutes, so they say them again in time.
struct Steady {
    known: usize,
    said: usize,
    heard: usize,
}

impl Steady {
    /// Minutes that are looked at.
    const MINUTES: u32 = 20;

    fn measure() -> Self {
        let mut traffic = Traffic::new(NEIGHBOURS);
        let told = traffic::elsewhere(NEIGHBOURS, ROUTES);
        let (mut said, mut heard) = (0, 0);
        for minute in 0..Self::MINUTES + 5 {
            if minute % 5 == 0 {
                traffic.learn(&told);
            }
            let crossed = traffic.live(Duration::from_mins(1));
            if minute >= 5 {
                (said, heard) = (said + crossed.0, heard + crossed.1);
            }
        }
        Self { known: traffic.known(), said, heard }
    }
}

/// Returns the kbit/s of so many octets in the minutes that are looked at.
fn rate(octets: usize) -> String {
    ratio(octets * 8 / 1000, Steady::MINUTES * 60)
}

fn talk() {
    let steady = Steady::measure();
    show("own neighbours: routes that they tell us", steady.known.to_string(), "");
    show("  kbit/s that we say to all, steady", rate(steady.said), "70");
    show("  kbit/s that all say to us, steady", rate(steady.heard), "70");
}

fn dumps(routes: u32, metrics: Metrics) -> Dumps {
    (0..NEIGHBOURS).map(|number| packets::dump(NEIGHBOURS, number, routes, metrics)).collect()
}

/// Lets all neighbours tell, one after the other.
fn tell(scene: &mut Scene, dumps: &Dumps) -> Cost {
    let mut cost = Cost::default();
    for (number, told) in (0..).zip(dumps) {
        scene.hear(number, told, &mut cost);
    }
    cost
}

fn best(mut round: impl FnMut() -> Duration) -> Duration {
    (0..ROUNDS).map(|_| round()).min().unwrap_or_default()
}

fn best_cost(mut round: impl FnMut() -> Cost) -> Cost {
    undisturbed((0..ROUNDS).map(|_| round()).collect())
}

fn undisturbed(rounds: Vec<Cost>) -> Cost {
    rounds.into_iter().reduce(|one, other| one.undisturbed(&other)).unwrap_or_default()
}

fn number_of(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Nanoseconds of each of `count`.
fn per(time: Duration, count: u32) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e9 / f64::from(count.max(1)))
}

fn ratio(number: usize, count: u32) -> String {
    format!("{:.2}", f64::from(number_of(number)) / f64::from(count.max(1)))
}

fn millis(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1e3)
}

fn show(what: &str, figure: impl AsRef<str>, wanted: &str) {
    println!("{what:<46} {:>12}   {wanted}", figure.as_ref());
}
