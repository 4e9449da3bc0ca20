//! A laboratory: a private Internet on this machine, with a real registry and real nodes.
//!
//! ```text
//!   registry   node 1    node 2     …       processes: the very `re6st registry serve`, `re6st up`
//!   ┌──────┐  ┌──────┐  ┌──────┐
//!   │ wan0 │  │ wan0 │  │ wan0 │            each in a network namespace without a name
//!   └──┬───┘  └──┬───┘  └──┬───┘
//!      └─────────┴─────────┴───────         the lab holds the other sides (TUN):
//!        cities · delays · NAT · faults     one thread is the Internet
//! ```
//!
//! Nothing needs to be installed or configured, and nothing is left: interfaces live as
//! long as the lab's descriptors, processes as long as its main thread, files as long as
//! its mount namespace. Killing the lab in any way ends them all.

mod calendar;
mod capture;
mod emulator;
mod ensured;
mod faults;
mod flood;
mod hosts;
pub mod internet;
mod lan;
mod load;
mod meshes;
mod options;
mod outward;
mod ping;
mod report;
mod run;
mod screen;
mod status;
mod stop;
mod tcp;
#[cfg(test)]
mod tests;
mod uplink;
mod watch;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

pub use ensured::{Ensure, Ensured, NoEnsure};
pub use faults::{Fault, NoFault, Storm, What};
pub use flood::{Flooded, Middle};
pub use internet::{Homes, Loss, NoLoss, NoUnderlay, Underlay};
pub use lan::Lan;
pub use load::{Load, Minute};
pub use meshes::{Capacity, Divided, Lines};
pub use options::{Family, Options};
pub use report::{
    Arrows, Gaps, Leaver, LeftBy, Nat, Outside, Pings, Report, Revoked, Spread, Stretch,
};
pub use tcp::Tcp;
pub use uplink::{NoUplink, Uplink};

/// How a lab ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What was measured.
    pub report: Report,
    /// All pairs of nodes that were not killed or put out reach each other.
    pub complete: bool,
}

impl From<Outcome> for ExitCode {
    /// Success only if the mesh was whole at the end.
    fn from(outcome: Outcome) -> Self {
        if outcome.complete { Self::SUCCESS } else { Self::FAILURE }
    }
}

/// Runs a lab to its end, and prints what `options` ask for.
///
/// To be called on the main thread, before any other is started: processes die with the
/// thread that started them, and without root the kernel gives a user namespace only to a
/// process of one thread.
///
/// # Errors
///
/// What the machine does not allow, with the remedy; a registry that does not start; a node
/// that cannot join.
pub fn run(options: Options) -> anyhow::Result<Outcome> {
    options.check()?;
    linux::acquire_rights()?;
    let stop = stop::Stop::listen()?;
    let directory = hidden_directory(&options)?;
    linux::private_directory(&directory)?;
    let json = options.report;
    let mut lab = run::Lab::start(options, directory, stop)?;
    lab.watch()?;
    let report = lab.finish();
    let complete = report.complete();
    say(&in_words(&report));
    if json {
        let line = serde_json::to_string(&report).context("the report cannot be written")?;
        writeln!(std::io::stdout(), "{line}").context("the report cannot be printed")?;
    }
    Ok(Outcome { report, complete })
}

/// Says something to people. If nobody listens any more, that is no reason to stop.
fn say(what: &str) {
    let _ = writeln!(std::io::stderr(), "{what}");
}

/// Directories that we can do without, the first one that is free is taken. The last two
/// are the kernel's, so they are on every Linux, and no file of anybody can be in them.
const DISPENSABLE: [&str; 6] = ["/mnt", "/media", "/srv", "/opt", "/proc/driver", "/proc/fs"];

/// Chooses the directory that only we will see our files in. What it holds for others is
/// hidden from us meanwhile, so nothing that we need may be in it.
///
/// A directory made for the purpose would be left behind if we are killed.
fn hidden_directory(options: &Options) -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    let program = std::env::current_exe().unwrap_or_default();
    let asked = [&options.keep_logs, &options.capture, &options.record, &options.executable];
    let asked = asked.into_iter().flatten().map(|path| here.join(path));
    let needed: Vec<PathBuf> = [here.clone(), program].into_iter().chain(asked).collect();
    let found = free_directory(&needed, Path::is_dir);
    let found = found.with_context(|| {
        format!("one of {} must be there, and not in use", DISPENSABLE.join(", "))
    })?;
    Ok(found.to_owned())
}

/// Returns the first dispensable directory that `is_there` and holds nothing of `needed`.
fn free_directory(needed: &[PathBuf], is_there: impl Fn(&Path) -> bool) -> Option<&'static Path> {
    let free =
        |path: &&Path| is_there(path) && !needed.iter().any(|needed| needed.starts_with(path));
    DISPENSABLE.into_iter().map(Path::new).find(free)
}

/// The report in a few words, for people.
fn in_words(report: &Report) -> String {
    let full = report.first_full_mesh_s;
    let full = full.map_or("never full".to_owned(), |full| format!("full after {full} s"));
    format!(
        "re6st lab: {} of {} pairs reachable, {full}; {} of {} pings lost, longest gap {} ms; \
         stretch {}, {} MB and {} % of a processor per node",
        report.reachable_pairs,
        report.pairs,
        report.pings.lost,
        report.pings.sent,
        report.pings.longest_gap_ms,
        report.stretch.mean,
        report.rss_mb.mean,
        report::rounded(report.cpu_share.mean * 100.0),
    )
}
