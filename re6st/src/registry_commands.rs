//! The registry's subcommands: founding a network and looking after it.

use anyhow::Context;
use serde_json::json;

use crate::look::table;
use crate::options::{Init, Invite, Parameters, Registry, RegistryNodes, Revoke, Serve};

/// Does what was typed after `re6st registry`.
pub(crate) fn run(command: Registry) -> anyhow::Result<()> {
    match command {
        Registry::Init(options) => init(&options),
        Registry::Serve(options) => serve(&options),
        Registry::Invite(options) => invite(&options),
        Registry::Revoke(options) => revoke(&options),
        Registry::Nodes(options) => nodes(&options),
        Registry::Parameters(options) => parameters(&options),
    }
}

fn init(options: &Init) -> anyhow::Result<()> {
    let mut parameters = gossip::Parameters::default();
    options.change.apply(&mut parameters);
    let (network, listen, public) = (options.network, options.listen, options.public.clone());
    let founded = registry::Options { network, listen, public, parameters };
    let founded = registry::init(&options.directory, &founded)?;
    let invitation = registry::invite(&options.directory, options.lifetime.0, options.uses)?;
    let directory = options.directory.display();
    println!("the network {} is made; serve it with:", founded.network);
    println!("  re6st registry serve --directory {directory}");
    println!("join it, within {} and {} times, with:", options.lifetime, options.uses);
    println!("  re6st join {invitation}");
    Ok(())
}

fn serve(options: &Serve) -> anyhow::Result<()> {
    let ready = |address| tracing::info!(%address, "the registry is served");
    Ok(registry::serve(&options.directory, ready, registry::signalled())?)
}

fn invite(options: &Invite) -> anyhow::Result<()> {
    println!("{}", registry::invite(&options.directory, options.lifetime.0, options.uses)?);
    Ok(())
}

fn revoke(options: &Revoke) -> anyhow::Result<()> {
    let revocation = registry::revoke(&options.directory, &options.node)?;
    println!("{} is out of the network, for ever", revocation.node);
    println!("all nodes learn it with version {} of the network document", revocation.version);
    Ok(())
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
        println!("{}", serde_json::to_string(&rows).context("the list cannot be printed")?);
    } else {
        table(&rows, &["node", "address", "serial", "expires", "revoked", "seen", "note"]);
    }
    Ok(())
}

fn parameters(options: &Parameters) -> anyhow::Result<()> {
    let change = options.change;
    let version =
        registry::set_parameters(&options.directory, |parameters| change.apply(parameters))?;
    println!("all nodes learn it with version {version} of the network document");
    Ok(())
}
