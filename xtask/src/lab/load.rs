//! Checks of what nodes carry for others, and of what they say that they are able to.

use super::checks::run;
use super::report::Report;
use crate::test::{Bench, Outcome};

/// What a node is charged at its first look, if it carries far too much.
const CHARGED: f64 = 60.0;

/// In Mbit/s: from three tenths of what it says on a node may be charged, and its own minute is in two of ours.
const LITTLE: f64 = 0.15;

/// Twelve nodes of two meshes, each of which sends 1 Mbit/s to the others and says that it carries no
/// more than that. Few of them carry nearly all between the two meshes.
const FLOOD: [&str; 16] = [
    "--nodes",
    "12",
    "--order",
    "2",
    "--meshes",
    "2",
    "--border",
    "3",
    "--epoch",
    "10m",
    "--tenure",
    "48",
    "--flood",
    "1@15/105",
    "--capacities",
    "20:1",
];

/// Few pairs are pinged, so that the machine is left to what is measured.
const PINGS: [&str; 4] = ["--pairs", "12", "--ping", "500ms"];

/// Pings of which more than this share are lost tell that somebody was not reached.
const LOST: f64 = 0.005;

/// Of eighteen lines three have 60 Mbit/s, the others 20; three of these say that they have 100 000.
const LIARS: [&str; 8] =
    ["--nodes", "18", "--order", "2", "--meshes", "2", "--capacities", "20,60,20,20,20:100000,20"];

/// No node whose line has 20 Mbit/s is believed to have more than this, whatever it says. What a busy
/// machine holds back comes at once, and looks faster than the line that it came by.
const BELIEVED: f64 = 60.0;

/// Who carries more than it says is charged for it, and nobody else; nobody is lost meanwhile.
///
/// That others carry it then is shown by the model in `engines/order/tests/load.rs`: here a few flows decide,
/// and two minutes are one step or two.
pub(super) fn charged(bench: &Bench) -> Outcome {
    run(bench, "lab-load", 125, &[&FLOOD[..], &PINGS].concat(), |report| {
        report.all_reachable()?;
        let pings = lost_few(report)?;
        let all = Carrier::all(report);
        let charged: Vec<&Carrier> = all.iter().filter(|node| node.charge > 0.0).collect();
        let most = charged.iter().map(|node| node.charge).fold(0.0, f64::max);
        let found = format!(
            "{} of {} nodes were charged, up to {most} where {:.2} Mbit/s were carried; {pings}",
            charged.len(),
            all.len(),
            all.iter().map(|node| node.most).fold(0.0, f64::max),
        );
        let deserved = charged.iter().all(|node| node.most > LITTLE);
        if most >= CHARGED && deserved { Ok(found) } else { Err(found) }
    })
}

fn lost_few(report: &Report) -> Result<String, String> {
    let lost = report.number("/pings/lost") - report.number("/pings/lost_at_first");
    let sent = report.number("/pings/sent");
    let found = format!("{lost} of {sent} pings lost");
    if lost <= sent * LOST { Ok(found) } else { Err(found) }
}

/// A node, and what it carried for others.
struct Carrier {
    /// The most that it carried in a minute, in Mbit/s.
    most: f64,
    /// The most that it was charged at the end of a minute, in the unit of Babel.
    charge: f64,
}

impl Carrier {
    fn all(report: &Report) -> Vec<Self> {
        let nodes = report.object("/load/by_node").unwrap_or_default();
        nodes.iter().map(|node| Self::read(report, node)).collect()
    }

    fn read(report: &Report, node: &str) -> Self {
        let most = |what: &str| {
            let at =
                |minute: usize| report.number(&format!("/load/by_node/{node}/{minute}/{what}"));
            let minutes = (0..).map(at);
            minutes.take_while(|number| !number.is_nan()).fold(0.0, f64::max)
        };
        Self { most: most("mbit"), charge: most("charge") }
    }
}

/// Members say what they are able to carry, some of them five thousand times as much as they are: what
/// others saw is believed.
pub(super) fn capacities(bench: &Bench) -> Outcome {
    let options = [&LIARS[..], &PINGS, &["--epoch", "30s"]].concat();
    run(bench, "lab-capacities", 118, &options, |report| {
        report.all_reachable()?;
        let pings = lost_few(report)?;
        let nodes = report.object("/divided/capacities").unwrap_or_default();
        let of = |node: &String, what: &str| {
            report.number(&format!("/divided/capacities/{node}/{what}"))
        };
        let believed = |lies: bool| -> Vec<f64> {
            let those = nodes.iter().filter(|node| (of(node, "declared") > 1000.0) == lies);
            those.map(|node| of(node, "believed")).filter(|seen| !seen.is_nan()).collect()
        };
        let (lie, others) = (believed(true), believed(false));
        let found = format!(
            "believed of those that say 100 000 Mbit/s: {lie:?}, of the others: {others:?}; {pings}"
        );
        let bounded = lie.iter().all(|seen| *seen <= BELIEVED);
        let seen = lie.len() >= 2 && others.iter().filter(|seen| **seen > 0.0).count() >= 8;
        if bounded && seen { Ok(found) } else { Err(found) }
    })
}
