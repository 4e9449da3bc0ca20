//! The speaker's subcommand: Babel alone, and how it is.

use anyhow::Context;
use serde_json::Value;
use speaker::Config;
use speaker::config::Typed;

use crate::look::table;
use crate::options::{BabelOptions, BabelQuestion, BabelStatus};
use crate::say::say;

/// Does what was typed after `re6st babel`.
pub(crate) fn run(mut options: BabelOptions) -> anyhow::Result<()> {
    match options.question.take() {
        None => speaker::run(&Config::read(&options.into_typed())?),
        Some(BabelQuestion::Status(which)) => status(&which),
        Some(BabelQuestion::Check(check)) => {
            let typed = Typed { config: Some(check.file.clone()), ..Typed::default() };
            Config::read(&typed)?.check_secrets().map_err(anyhow::Error::msg)?;
            say(format_args!("{}: nothing is wrong", check.file.display()))
        }
    }
}

fn status(which: &BabelStatus) -> anyhow::Result<()> {
    let answer = speaker::control::status(&which.control)?;
    if which.json {
        return say(serde_json::to_string(&answer).context("the answer cannot be printed")?);
    }
    let part = |name: &str| answer.get(name).cloned().unwrap_or_default();
    let (id, seqno) = (part("router_id"), part("seqno"));
    let id = id.as_str().unwrap_or("-");
    say(format_args!("router-id {id}, seqno {seqno}, up {} s", part("up_s")))?;
    let kernel = part("kernel");
    let count = |name: &str| kernel.get(name).cloned().unwrap_or_default();
    say(format_args!(
        "kernel    table {}: {} routes, {} left of a former life, {} waiting, {} failed",
        count("table"),
        count("installed"),
        count("former"),
        count("queue"),
        count("failed"),
    ))?;
    for failure in kernel.get("failures").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| failure.get(name).and_then(Value::as_str).unwrap_or("-");
        say(format_args!("          {}: {}", text("route"), text("error")))?;
    }
    let tables: [(&str, &[&str]); 4] = [
        ("interfaces", &["name", "up", "ipv6", "ipv4", "routes", "obstacle"]),
        ("neighbours", &["interface", "address", "reach", "rxcost", "txcost", "rtt_ms", "cost"]),
        ("routes", &["route", "via", "interface", "metric", "installed", "alternates"]),
        ("announced", &["route", "metric"]),
    ];
    for (name, columns) in tables {
        let rows = part(name);
        if rows.as_array().is_some_and(|rows| !rows.is_empty()) {
            say(format_args!("\n{name}"))?;
            table(&rows, columns)?;
        }
    }
    Ok(())
}
