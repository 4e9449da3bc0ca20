//! Checks of what is asked of single nodes, or of all lines: to be full, to have a wrong calendar, to
//! ensure an arrow.

use std::fs;

use super::checks::run;
use super::report::Report;
use crate::debian;
use crate::test::{Bench, Outcome};

/// A seed of which one node is in Hong Kong, and four nodes elsewhere that want an arrow there.
const ENSURED: &str = "7";
const RULES: [&str; 4] = ["1:HK", "2:HK", "4:HK", "5:HK"];

/// A third more than a line carries is poured into each for a quarter of a minute.
const FLOOD: [&str; 4] = ["--uplink", "6", "--flood", "8@12/15"];

/// Lines that are full of payload cost no link, and where nodes know what lines send, no probe waits.
pub(super) fn full(bench: &Bench) -> Outcome {
    let told = ["--nodes", "6", "--seed", "7", "--tell-uplink"];
    run(bench, "lab-full", 32, &[&told[..], &FLOOD].concat(), |report| {
        report.all_reachable()?;
        let number = |key: &str| report.number(&format!("/flood/{key}"));
        let (died, suspected, links) = (number("died"), number("suspected"), number("links"));
        let (before, during) = (number("rtt_before_ms/p50"), number("rtt_during_ms/p50"));
        let (sent, came) = (number("sent_mb"), number("came_mb"));
        if links < 20.0 || came > sent * 0.9 {
            return Err(format!("{links} links, {came} of {sent} MB came: lines were not full"));
        }
        if died > 0.0 || suspected > 0.0 || during > before * 1.5 {
            return Err(format!(
                "{died} arrows died, {suspected} links were suspect; probes took {before} ms, {during} ms \
                 while lines were full"
            ));
        }
        Ok(format!(
            "{came} of {sent} MB came; probes took {before} ms, and {during} ms meanwhile; 0 of {links} \
             ends of links lost or suspect"
        ))
    })
}

/// The calendars of two nodes jump: one is ten years ahead, one three days behind. They notice within a
/// minute, and say so.
pub(super) fn calendar(bench: &Bench) -> Outcome {
    if !debian::has("faketime") {
        return Outcome::skipped("faketime is not here: apt-get install faketime");
    }
    let logs = bench.log("lab-calendar.logs");
    let keep = logs.to_string_lossy();
    let jumps = ["--calendar", "2@12/4000d", "--calendar", "3@12/-3d"];
    let options = ["--nodes", "6", "--tcp", "10", "--keep-logs", &keep];
    run(bench, "lab-calendar", 80, &[&options[..], &jumps].concat(), |report| {
        report.all_reachable()?;
        for node in 1..=6 {
            let log = fs::read_to_string(logs.join(format!("node{node}.log"))).unwrap_or_default();
            if log.contains("the calendar was set") != [2, 3].contains(&node) {
                return Err(format!(
                    "node {node} says, or says not, that its calendar was set: {log}"
                ));
            }
        }
        let (jumps, lost) = (report.number("/calendar_jumps"), report.number("/pings/lost"));
        let (died, resets) = (report.number("/arrows/died"), report.number("/tcp/resets"));
        let sent = report.number("/pings/sent");
        if jumps < 2.0 {
            return Err(format!("{jumps} of 2 nodes noticed that their calendar was set"));
        }
        if died > 0.0 || resets > 0.0 || lost > 0.0 {
            return Err(format!(
                "{died} arrows died, {resets} TCP connections broke, {lost} of {sent} pings were lost"
            ));
        }
        Ok(format!(
            "{jumps} jumps were noticed; 0 links lost, 0 TCP resets, 0 of {sent} pings lost"
        ))
    })
}

/// Nodes with two arrows each ensure one to a country: as soon as it is condemned they draw, with half of
/// the balls, another, and so have one some half of the time; nodes without the rule seldom.
pub(super) fn ensure(bench: &Bench) -> Outcome {
    let mut options = vec!["--nodes", "16", "--arrows", "2", "--round", "3s", "--seed", ENSURED];
    options.extend(RULES.iter().flat_map(|rule| ["--ensure", rule]));
    run(bench, "lab-ensure", 60, &options, judge_rules)
}

fn judge_rules(report: &Report) -> Result<String, String> {
    report.all_reachable()?;
    let number = |key: &str| report.number(&format!("/ensured/{key}"));
    let (looks, met, others) = (number("looks"), number("met_share"), number("others_share"));
    let (born, by_rule, named) = (number("born"), number("born_by_rule"), number("named"));
    let found = format!(
        "met at {met} of {looks} looks, at {others} by nodes without the rule; {by_rule} of {born} arrows \
         owed to it, said at {named} looks"
    );
    // The rule has half of the balls at most while it is not met, so that most arrows are chance's.
    let bounded = by_rule <= born * 0.6;
    let kept = looks > 200.0 && met > others * 1.5 && by_rule >= 1.0 && named >= 1.0;
    if kept && bounded { Ok(found) } else { Err(found) }
}
