//! `re6st registry meshes`: how a network is divided, and its elections.

use anyhow::Context;
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
    let Some(meshes) = registry::show_meshes(&options.directory)? else {
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
    if options.json {
        let all = json!({
            "order": order,
            "epoch": epoch,
            "epoch_s": length.as_secs(),
            "border_percent": meshes.rules.share.as_percent(),
            "least_border": meshes.rules.least,
            "tenure": meshes.rules.tenure,
            "splitting": meshes.plan.map(|plan| format!("{:?}", plan.change)),
            "meshes": rows,
        });
        return say(serde_json::to_string(&all).context("the meshes cannot be printed")?);
    }
    say(format_args!("order {order}, epoch {epoch} of {} s", length.as_secs()))?;
    table(&rows, &["mesh", "nodes", "border_nodes"])
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
