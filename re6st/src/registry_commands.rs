//! The registry's subcommands: founding a network and looking after it.

use anyhow::Context;
use serde_json::json;

use crate::look::table;
use crate::options::{
    Change, Init, Invite, Parameters, Registry, RegistryNodes, Restore, Revoke, Serve,
};
use crate::say::{say, warn};

/// Does what was typed after `re6st registry`.
pub(crate) fn run(command: Registry) -> anyhow::Result<()> {
    match command {
        Registry::Init(options) => init(&options),
        Registry::Serve(options) => serve(&options),
        Registry::Invite(options) => invite(&options),
        Registry::Revoke(options) => revoke(&options),
        Registry::Nodes(options) => nodes(&options),
        Registry::Parameters(options) => parameters(&options),
        Registry::Restore(options) => restore(&options),
        Registry::Meshes(command) => crate::mesh_commands::run(&command),
    }
}

fn init(options: &Init) -> anyhow::Result<()> {
    let mut parameters = gossip::Parameters::default();
    let held = apply(&options.change, &mut parameters);
    let (network, listen, public) = (options.network, options.listen, options.public.clone());
    let founded = registry::Options {
        network,
        listen,
        public,
        parameters,
        division: options.divided.division(),
    };
    let founded = registry::init(&options.directory, &founded)?;
    held.iter().for_each(warn);
    let directory = options.directory.display();
    say(format_args!("the network {} is made; serve it with:", founded.network))?;
    say(format_args!("  re6st registry serve --directory {directory}"))?;
    let invitation = registry::invite(&options.directory, options.lifetime.0, options.uses)
        .with_context(|| format!("re6st registry invite --directory {directory}"))?;
    say(format_args!("join it, within {} and {} times, with:", options.lifetime, options.uses))?;
    say(format_args!("  re6st join {invitation}"))
}

fn serve(options: &Serve) -> anyhow::Result<()> {
    let ready = |address| tracing::info!(%address, "the registry is served");
    Ok(registry::serve(&options.directory, ready, registry::signalled())?)
}

fn invite(options: &Invite) -> anyhow::Result<()> {
    say(registry::invite(&options.directory, options.lifetime.0, options.uses)?)
}

fn revoke(options: &Revoke) -> anyhow::Result<()> {
    let revocation = registry::revoke(&options.directory, &options.node)?;
    say(format_args!("{} is out of the network, for ever", revocation.node))?;
    let version = revocation.version;
    say(format_args!("all nodes learn it with version {version} of the network document"))
}

fn nodes(options: &RegistryNodes) -> anyhow::Result<()> {
    let row = |node: &registry::Node| {
        json!({
            "node": node.seat.node.to_string(),
            "address": node.seat.node.address().to_string(),
            "serial": node.seat.serial,
            "index": node.seat.index,
            "expires": node.seat.until.0,
            "revoked": node.revoked.map(|wall| wall.0),
            "seen": node.seen.map(|wall| wall.0),
            "note": node.note,
        })
    };
    let rows = registry::nodes(&options.directory)?.iter().map(row).collect::<serde_json::Value>();
    if options.json {
        say(serde_json::to_string(&rows).context("the list cannot be printed")?)
    } else {
        table(&rows, &["node", "address", "serial", "expires", "revoked", "seen", "note"])
    }
}

fn parameters(options: &Parameters) -> anyhow::Result<()> {
    let mut held = Vec::new();
    let change = |parameters: &mut gossip::Parameters| held = apply(&options.change, parameters);
    let (directory, at_least) = (&options.directory, options.at_least_version);
    let version = registry::raise_version(directory, at_least, change)?;
    held.iter().for_each(warn);
    say(format_args!("all nodes learn it with version {version} of the network document"))
}

fn restore(options: &Restore) -> anyhow::Result<()> {
    let (directory, document) = (&options.directory, &options.document);
    let registry::Adopted { restored, ipv4 } =
        registry::restore(directory, document, options.keep_back)?;
    let (again, lost) = (restored.revoked.len(), restored.lost.len());
    say(format_args!(
        "certificates that are revoked again: {again}, and {lost} without a row here"
    ))?;
    if ipv4 {
        let indexes = restored.indexes;
        warn(format_args!(
            "{indexes} parts of the IPv4 range are kept back for who joined since the backup; if that may \
             be more, use no invitation until they have joined anew: two nodes would have one IPv4 address"
        ));
    }
    let version = restored.version;
    say(format_args!("all nodes learn it with version {version} of the network document"))
}

/// Sets what was typed, holds it at its bounds, and returns a sentence for each bound met.
fn apply(change: &Change, parameters: &mut gossip::Parameters) -> Vec<String> {
    change.apply(parameters);
    if parameters.objection("ipv4").is_some() {
        // No number that could be held: the registry refuses it, and says why.
        return Vec::new();
    }
    let objections = parameters.objections();
    *parameters = parameters.clone().clamped().0;
    objections.into_iter().map(|bound| format!("{bound}, and is held there")).collect()
}
