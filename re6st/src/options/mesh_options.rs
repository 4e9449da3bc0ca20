//! What can be asked about the meshes of a network.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, value_parser};
use daemon::config::{Percent, Span};
use words::{Prefix, Share};

use super::DIRECTORY;

/// How a new network is divided.
#[derive(Debug, Args)]
pub(crate) struct Divided {
    /// Depth of the network: 1 is one mesh, 2 a mesh of meshes, 3 a mesh of meshes of meshes
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u8).range(1..=8))]
    order: u8,
    /// Parts in which the network is divided at each level; with --order 2 or more
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = value_parser!(u16).range(2..=256))]
    meshes: u16,
    #[command(flatten)]
    elections: Elections,
}

impl Divided {
    pub(crate) fn division(&self) -> Option<registry::Division> {
        let cuts = self.order.checked_sub(1).filter(|cuts| *cuts > 0)?;
        Some(registry::Division { cuts, parts: self.meshes, rules: self.elections.change() })
    }
}

/// How border nodes are elected, where it should differ from what it is.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Elections {
    /// Time between two elections of border nodes [default: 1h]
    #[arg(long)]
    epoch: Option<Span>,
    /// Share of the nodes of a mesh that are border nodes [seed: 10%]
    #[arg(long)]
    border: Option<Percent>,
    /// Border nodes of a mesh at least, at each level [default: 10]
    #[arg(long, value_name = "N")]
    least_border: Option<u16>,
    /// Elections for which a border node stays [default: 12]
    #[arg(long, value_name = "N")]
    tenure: Option<u16>,
}

impl Elections {
    pub(crate) fn change(self) -> registry::Change {
        registry::Change {
            epoch: self.epoch.map(|Span(span)| span.max(Duration::from_secs(1))),
            border: self.border.map(|Percent(percent)| Share::percent(percent.into())),
            least: self.least_border,
            tenure: self.tenure,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Meshes {
    /// Show the meshes, how many nodes each has, and the latest election
    Show(Show),
    /// Change how border nodes are elected, while the network runs
    Elections(Changed),
    /// Split a mesh in its two halves, while the network runs: nobody gets another address. A network
    /// of one mesh becomes one of two
    Split(Split),
    /// Let the two halves of a range become one mesh, while the network runs; the last two are the whole
    /// network
    Merge(Merge),
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Directory of the registry
    #[arg(long, default_value = DIRECTORY)]
    pub(crate) directory: PathBuf,
    /// Print one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Split {
    /// The mesh, as `re6st registry meshes show` lists it [default: the one with the most nodes]
    pub(crate) mesh: Option<Prefix>,
    /// Directory of the registry
    #[arg(long, default_value = DIRECTORY)]
    pub(crate) directory: PathBuf,
    #[command(flatten)]
    pub(crate) elections: Elections,
}

#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// The range that both are halves of [default: that of those with the fewest nodes]
    pub(crate) range: Option<Prefix>,
    /// Directory of the registry
    #[arg(long, default_value = DIRECTORY)]
    pub(crate) directory: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Changed {
    /// Directory of the registry
    #[arg(long, default_value = DIRECTORY)]
    pub(crate) directory: PathBuf,
    #[command(flatten)]
    pub(crate) elections: Elections,
}
