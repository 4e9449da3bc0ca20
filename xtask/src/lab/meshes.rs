//! Checks of networks that are divided in meshes.

use super::checks::run;
use super::report::Report;
use crate::test::{Bench, Outcome};

/// An epoch that lasts as long as the laboratory: who is about to leave a mesh knows what it did
/// not before, and its table is as no formula says.
const STILL: &str = "60s";

/// All nodes of three meshes reach each other; each knows its mesh, and two ranges.
pub(super) fn order(bench: &Bench) -> Outcome {
    let options = ["--nodes", "24", "--order", "2", "--meshes", "3", "--epoch", STILL];
    run(bench, "lab-order", 30, &options, |report| exact(report, 24.0, 2.0))
}

/// The same one level deeper.
pub(super) fn order_3(bench: &Bench) -> Outcome {
    let options = ["--nodes", "27", "--order", "3", "--meshes", "3", "--epoch", STILL];
    run(bench, "lab-order3", 35, &options, |report| exact(report, 27.0, 3.0))
}

fn exact(report: &Report, nodes: f64, order: f64) -> Result<String, String> {
    report.all_reachable()?;
    let (found, exact) = (report.number("/divided/order"), report.number("/divided/exact_tables"));
    if found < order || exact < nodes {
        let others = report.json("/divided/other_tables");
        return Err(format!(
            "order {found}, {exact} of {nodes} tables are as the formula says; others: {others}"
        ));
    }
    let (plain, border) =
        (report.number("/divided/table_plain/mean"), report.number("/divided/table_border/mean"));
    let full = report.number("/first_full_mesh_s");
    Ok(format!("full after {full} s, tables of {plain} lines, of border nodes {border}"))
}

/// Every few seconds other nodes are elected. Half as many nodes as elsewhere: 24 of them keep
/// two processors busy, and what is late for want of time is lost for that reason.
pub(super) fn rotate(bench: &Bench) -> Outcome {
    let options = ["--nodes", "12", "--order", "2", "--meshes", "3"];
    let often = ["--epoch", "5s", "--tenure", "1", "--round", "15s"];
    let options: Vec<&str> = options.into_iter().chain(often).collect();
    run(bench, "lab-rotate", 48, &options, |report| {
        report.all_reachable()?;
        let (lost, sent) = lost_of_a_whole_mesh(report)?;
        let epochs = report.number("/divided/epoch");
        if lost > 0.0 || epochs < 8.0 {
            return Err(format!("{lost} of {sent} pings were lost in {epochs} elections"));
        }
        Ok(format!("0 of {sent} pings lost in {epochs} elections"))
    })
}

/// Returns how many pings were lost since the mesh was whole, and how many were sent in all.
///
/// While nodes come one after the other, each changes who is elected, and a pair may meet for a
/// moment before it meets for good.
fn lost_of_a_whole_mesh(report: &Report) -> Result<(f64, f64), String> {
    let full = report.number("/first_full_mesh_s");
    if full.is_nan() || full > 8.0 {
        return Err(format!("the mesh was whole after {full} s only"));
    }
    let lost = report.number("/pings/lost") - report.number("/pings/lost_at_first");
    Ok((lost, report.number("/pings/sent")))
}

/// All border nodes between the only two meshes die, and the registry with them: those next in line
/// serve, and pings across resume.
pub(super) fn border(bench: &Bench) -> Outcome {
    let options = ["--nodes", "16", "--order", "2", "--meshes", "2", "--epoch", "10s"];
    let kill = ["--kill-border", "14", "--kill-registry", "14"];
    let options: Vec<&str> = options.into_iter().chain(kill).collect();
    run(bench, "lab-border", 50, &options, |report| {
        let (again, lost) = whole_again(report)?;
        Ok(format!("whole again after {again} s, {lost} pings lost meanwhile"))
    })
}

/// Returns when the mesh was whole again after a blow, in seconds, and how many pings were lost by it.
fn whole_again(report: &Report) -> Result<(f64, f64), String> {
    report.all_reachable()?;
    let (lost, again) = (report.number("/pings/lost"), report.number("/full_again_s"));
    if again.is_nan() || lost < 1.0 {
        return Err(format!("whole again after {again} s, {lost} pings lost meanwhile"));
    }
    Ok((again, lost))
}

/// A network of one mesh becomes one of two. Half as many nodes, see [`rotate`].
pub(super) fn divide(bench: &Bench) -> Outcome {
    let options = ["--round", "7s", "--split", "8"];
    change(bench, "lab-divide", &options, ("/divided/order", 2.0))
}

/// Three of eight nodes of a mesh lose the way to the others of it, and to who serves in it: their own
/// prefixes pass all meshes, and pings between the parts come back.
pub(super) fn escape(bench: &Bench) -> Outcome {
    let options = ["--nodes", "24", "--order", "2", "--meshes", "3", "--epoch", "40s"];
    let cut = ["--tenure", "48", "--fragment", "3@12"];
    let options: Vec<&str> = options.into_iter().chain(cut).collect();
    run(bench, "lab-escape", 55, &options, |report| {
        let (again, lost) = whole_again(report)?;
        let escaped = report.number("/divided/escaped");
        if escaped < 3.0 {
            return Err(format!("{escaped} nodes escaped, with {lost} pings lost meanwhile"));
        }
        Ok(format!("{escaped} nodes escaped, whole again after {again} s"))
    })
}

/// The largest of three meshes becomes two. Half as many nodes, see [`rotate`].
pub(super) fn split(bench: &Bench) -> Outcome {
    let options = ["--order", "2", "--meshes", "3", "--round", "5s", "--split", "8"];
    change(bench, "lab-split", &options, ("/divided/meshes", 4.0))
}

/// Two of three meshes become one. Half as many nodes, see [`rotate`].
pub(super) fn merge(bench: &Bench) -> Outcome {
    let options = ["--order", "2", "--meshes", "3", "--round", "7s", "--merge", "8"];
    change(bench, "lab-merge", &options, ("/divided/meshes", 2.0))
}

/// The map changes while pings run: none is lost, and in the end there are so many of `what`.
fn change(bench: &Bench, name: &'static str, how: &[&str], (what, many): (&str, f64)) -> Outcome {
    let options = ["--nodes", "12", "--epoch", "5s"];
    let options: Vec<&str> = options.into_iter().chain(how.iter().copied()).collect();
    run(bench, name, 58, &options, |report| {
        report.all_reachable()?;
        let (lost, sent) = lost_of_a_whole_mesh(report)?;
        let (order, meshes) = (report.number("/divided/order"), report.number("/divided/meshes"));
        let exact = report.number("/divided/exact_tables");
        let is_changed = (report.number(what) - many).abs() < 0.5;
        if lost > 0.0 || !is_changed {
            return Err(format!(
                "order {order}, {meshes} meshes, {lost} of {sent} pings were lost"
            ));
        }
        Ok(format!("{meshes} meshes, {exact} tables as the formula says, 0 of {sent} pings lost"))
    })
}
