//! `re6st registry meshes`: how a network is divided, and its elections.

use anyhow::Context;
use order::{Change, Phase, Plan};
use serde_json::{Value, json};

use crate::look::table;
use crate::options::{MeshChanged, MeshMerge, MeshShow, MeshSplit, Meshes};
use crate::say::say;

/// Does what was typed after `re6st registry meshes`.
pub(crate) fn run(command: &Meshes) -> anyhow::Result<()> {
    match command {
        Meshes::Show(options) => show(options),
        Meshes::Elections(options) => elections(options),
        Meshes::Split(options) => split(options),
        Meshes::Merge(options) => merge(options),
    }
}

fn show(options: &MeshShow) -> anyhow::Result<()> {
    let Some((meshes, room)) = registry::show_meshes(&options.directory)? else {
        if options.json {
            return say("null");
        }
        return say("the network is one mesh: order 1");
    };
    let election = meshes.election();
    let row = |mesh: &words::Prefix| {
        let slots = election.slots(*mesh);
        let served = |slot: &order::Slot| match slot.winner() {
            Some(node) => format!("{node}>{}", slot.target),
            None => format!("nobody>{}", slot.target),
        };
        json!({
            "mesh": mesh.to_string(),
            "nodes": meshes.roster.count(*mesh),
            "border_nodes": slots.iter().map(served).collect::<Vec<_>>(),
        })
    };
    let rows: Value = meshes.map.meshes().iter().map(row).collect();
    let (order, epoch, length) = (meshes.map.order(), meshes.epoch.number, meshes.epoch.length);
    let members = meshes.roster.members().len();
    if options.json {
        let all = json!({
            "order": order,
            "epoch": epoch,
            "epoch_s": length.as_secs(),
            "border_percent": meshes.rules.share.as_percent(),
            "least_border": meshes.rules.least,
            "tenure": meshes.rules.tenure,
            "members": members,
            "room": room,
            "plan": meshes.plan.map(|plan| plan_in_fields(plan, epoch)),
            "meshes": rows,
        });
        return say(serde_json::to_string(&all).context("the meshes cannot be printed")?);
    }
    say(format_args!("order {order}, epoch {epoch} of {} s", length.as_secs()))?;
    say(format_args!("{members} members, room for {room}"))?;
    if let Some(plan) = meshes.plan {
        say(plan_in_words(plan, epoch))?;
    }
    table(&rows, &["mesh", "nodes", "border_nodes"])
}

/// Tells for programs what changes in the map, and how far that is in this epoch.
fn plan_in_fields(plan: Plan, epoch: u64) -> Value {
    let (change, range) = match plan.change {
        Change::Split(mesh) => ("split", json!(mesh.to_string())),
        Change::Merge(range) => ("merge", json!(range.to_string())),
        Change::Raise(_) => ("raise", Value::Null),
    };
    let phase = match plan.phase(epoch) {
        Phase::Announced => "announced",
        Phase::Moving => "moving",
        Phase::Done => "done",
    };
    let length = match plan.change {
        Change::Raise(length) => Some(length),
        Change::Split(_) | Change::Merge(_) => None,
    };
    json!({
        "change": change, "range": range, "groups_of_bits": length, "announced_in": plan.epoch,
        "phase": phase,
    })
}

/// Tells people what changes in the map, and how far that is in this epoch.
fn plan_in_words(plan: Plan, epoch: u64) -> String {
    let what = match plan.change {
        Change::Split(mesh) => format!("{mesh} is split in its halves"),
        Change::Merge(range) => format!("the halves of {range} become one mesh"),
        Change::Raise(length) => format!("meshes are grouped by their first {length} bits"),
    };
    let done = plan.epoch.saturating_add(2);
    let how_far = match plan.phase(epoch) {
        Phase::Announced => format!("announced, in force from epoch {done} on"),
        Phase::Moving => format!("arrows move, in force from epoch {done} on"),
        Phase::Done => "in force".to_owned(),
    };
    format!("{what}: {how_far}")
}

fn split(options: &MeshSplit) -> anyhow::Result<()> {
    let (mesh, version) =
        registry::split_mesh(&options.directory, options.mesh, options.elections.change())?;
    say(format_args!("{mesh} is split in its halves: all nodes learn it with version {version}"))?;
    say(
        "from the next epoch on arrows stay inside each half; one epoch later the halves are meshes",
    )
}

fn merge(options: &MeshMerge) -> anyhow::Result<()> {
    let (range, version) = registry::merge_meshes(&options.directory, options.range)?;
    say(format_args!("{range} becomes one mesh: all nodes learn it with version {version}"))?;
    say("from the next epoch on arrows lead into both halves; one epoch later they are one mesh")
}

fn elections(options: &MeshChanged) -> anyhow::Result<()> {
    let version = registry::set_elections(&options.directory, options.elections.change())?;
    say(format_args!("all nodes learn it with version {version} of the network document"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_told_by_what_changes_and_how_far_it_is() {
        let range = "fd00::/49".parse().unwrap();
        let of = |change| Plan { change, epoch: 4 };
        let rows = [
            (
                of(Change::Split(range)),
                4,
                "fd00::/49 is split in its halves: announced, in force from epoch 6 on",
            ),
            (
                of(Change::Merge(range)),
                5,
                "the halves of fd00::/49 become one mesh: arrows move, in force from epoch 6 on",
            ),
            (of(Change::Raise(52)), 6, "meshes are grouped by their first 52 bits: in force"),
        ];
        for (plan, epoch, words) in rows {
            assert_eq!(plan_in_words(plan, epoch), words);
        }
        let fields = json!({
            "change": "merge", "range": "fd00::/49", "groups_of_bits": null, "announced_in": 4,
            "phase": "moving",
        });
        assert_eq!(plan_in_fields(of(Change::Merge(range)), 5), fields);
        let raised = plan_in_fields(of(Change::Raise(52)), 4);
        assert_eq!((&raised["change"], &raised["groups_of_bits"]), (&json!("raise"), &json!(52)));
    }
}
