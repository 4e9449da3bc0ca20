//! Checks of exits: by which one members leave, and by which one when it dies.

use super::checks::run;
use super::report::Report;
use crate::test::{Bench, Outcome};

/// A seed of which each of the two exits is clearly the nearest one of somebody.
const SEED: &str = "7";

/// Exits whose round trips differ by less than this, in milliseconds, are as near as each other: what
/// delays measure wavers, and who is little better is not changed to at once.
const CLEAR: f64 = 20.0;

/// When the first exit dies, and when it is there again.
const DIES: f64 = 22.0;
const RETURNS: f64 = 32.0;

/// How long it takes at most until a node that lost its exit leaves by another, and until it has
/// come back to one that returned.
const MOVES: f64 = 4.0;
const COMES_BACK: f64 = 20.0;

/// Members reach a server outside of the mesh through exits, and only so: by the nearest of two,
/// by the other one while that is dead, and by the nearest again.
pub(super) fn nearest(bench: &Bench) -> Outcome {
    let kill = format!("1@{DIES}/{}", RETURNS - DIES);
    let options = ["--nodes", "6", "--exits", "2", "--kill-node", &kill, "--seed", SEED];
    run(bench, "lab-exit", 55, &options, |report| {
        let said = left_by_both(report)?;
        Ok(format!("{said}; {}", by_the_nearest(report)?))
    })
}

/// The same by IPv6, whose exits masquerade as well; one of the two is named by all.
pub(super) fn named(bench: &Bench) -> Outcome {
    let options = ["--nodes", "6", "--exits", "2", "--underlay", "6"];
    let options = [&options[..], &["--prefer-exit", "1", "--kill-node", "1@22"]].concat();
    run(bench, "lab-exit6", 40, &options, left_by_both)
}

/// Tells whether members left by both exits, one after the other, and by nobody else.
fn left_by_both(report: &Report) -> Result<String, String> {
    report.all_reachable()?;
    let (users, reached) =
        (report.number("/outside/pairs"), report.number("/outside/reachable_pairs"));
    if users < 4.0 || reached < users {
        return Err(format!("{reached} of {users} members reach the server outside"));
    }
    let by_host = report.object("/outside/by_host").unwrap_or_default();
    let others: Vec<&String> =
        by_host.iter().filter(|host| !["node1", "node2"].contains(&host.as_str())).collect();
    if by_host.len() < 2 || !others.is_empty() {
        return Err(format!("the server outside was reached from {by_host:?}, not both exits"));
    }
    let (lost, sent) = (report.number("/outside/pings/lost"), report.number("/outside/pings/sent"));
    let gap = report.number("/outside/pings/longest_gap_ms");
    Ok(format!("{lost} of {sent} pings outside lost, longest gap {gap} ms"))
}

/// Tells whether each member to which one of two exits is clearly nearer left by that one while it
/// was there.
fn by_the_nearest(report: &Report) -> Result<String, String> {
    let clear = (0..4).filter_map(|user| Leaver::read(report, user)).collect::<Vec<_>>();
    let of = |exit: f64| clear.iter().filter(|user| same(user.nearest, exit)).count();
    let (first, second) = (of(1.0), of(2.0));
    if first == 0 || second == 0 {
        return Err(format!("{first} and {second} members clearly nearer to one of both exits"));
    }
    for user in &clear {
        user.judge()?;
    }
    Ok(format!(
        "{first} members left by the first exit, the nearest to them, and again when it returned, {second} by the second throughout"
    ))
}

/// A member to which one exit is clearly nearer.
struct Leaver {
    node: f64,
    nearest: f64,
    /// Since when it left by which exit.
    left_by: Vec<(f64, f64)>,
}

impl Leaver {
    fn read(report: &Report, user: usize) -> Option<Self> {
        let number = |path: &str| report.number(&format!("/outside/users/{user}/{path}"));
        let apart = (number("rtt_ms/node1") - number("rtt_ms/node2")).abs();
        let moves = (0..).map(|at| {
            (number(&format!("left_by/{at}/at_s")), number(&format!("left_by/{at}/exit")))
        });
        let left_by = moves.take_while(|(at, _)| !at.is_nan()).collect();
        let (node, nearest) = (number("node"), number("nearest"));
        (apart >= CLEAR).then_some(Self { node, nearest, left_by })
    }

    /// The exit that it left by at a moment, in seconds since the nodes' start.
    fn by(&self, at: f64) -> f64 {
        let before = self.left_by.iter().rfind(|(since, _)| *since <= at);
        before.map_or(f64::NAN, |(_, exit)| *exit)
    }

    fn judge(&self) -> Result<(), String> {
        let spare = if same(self.nearest, 1.0) { 2.0 } else { self.nearest };
        let expected =
            [(DIES, self.nearest), (DIES + MOVES, spare), (RETURNS + COMES_BACK, self.nearest)];
        match expected.into_iter().find(|(at, exit)| !same(self.by(*at), *exit)) {
            None => Ok(()),
            Some((at, exit)) => Err(format!(
                "node {} left by exit {} after {at} s, not by {exit}; in all: {:?}",
                self.node,
                self.by(at),
                self.left_by
            )),
        }
    }
}

/// Tells whether two numbers of nodes are the same.
fn same(one: f64, other: f64) -> bool {
    (one - other).abs() < 0.5
}
