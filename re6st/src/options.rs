//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, value_parser};
use daemon::config::{Percent, Span};

mod lab_options;

pub(crate) use lab_options::LabOptions;

/// A random mesh of encrypted tunnels, with the fastest path through it always found.
#[derive(Debug, Parser)]
#[command(name = "re6st", version, propagate_version = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run this machine as a node of the mesh
    Up(Up),
    /// Join a network: make keys, get a certificate, write the configuration
    Join(Join),
    /// Tell how the running node is
    Status(Which),
    /// List the arrows and links of the running node
    Arrows(Which),
    /// List the routes of the running node
    Routes(Which),
    /// List the nodes that the running node knows
    Nodes(Which),
    /// Check a configuration file
    Check(Check),
    /// Run a recorded node again, and compare every word it says
    Replay(Replay),
    /// Make and run the registry of a network
    #[command(subcommand)]
    Registry(Registry),
    /// Run a private Internet on this machine, with a registry and nodes, and watch them
    Lab(LabOptions),
}

/// Where a node keeps what it must not lose.
pub(crate) const STATE: &str = "/var/lib/re6st";

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// State directory of the node, as `re6st join` made it
    #[arg(long, env = "RE6ST_STATE", default_value = STATE)]
    state: PathBuf,
    /// Configuration file [default: re6st.toml in the state directory]
    #[arg(long)]
    config: Option<PathBuf>,
    /// Record everything the node is told and says to this file, for `re6st replay`
    #[arg(long)]
    record: Option<PathBuf>,
}

impl Up {
    pub(crate) fn into_settings(self) -> daemon::Up {
        daemon::Up { state: self.state, config: self.config, record: self.record }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Join {
    /// The line that `re6st registry init` or `re6st registry invite` printed
    invitation: String,
    /// State directory to make
    #[arg(long, env = "RE6ST_STATE", default_value = STATE)]
    state: PathBuf,
    /// Where other nodes reach this one, as ADDRESS:PORT [default: this machine's addresses]
    #[arg(long = "endpoint")]
    endpoints: Vec<SocketAddr>,
    /// Country of this node, two capital letters
    #[arg(long)]
    country: Option<String>,
}

impl Join {
    pub(crate) fn into_request(self) -> anyhow::Result<daemon::Join> {
        let Self { invitation, state, endpoints, country } = self;
        if let Some(country) = &country {
            daemon::config::country_code(country).map_err(anyhow::Error::msg)?;
        }
        Ok(daemon::Join { invitation, state, endpoints, country })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// State directory of the running node
    #[arg(long, env = "RE6ST_STATE", default_value = STATE)]
    pub(crate) state: PathBuf,
    /// Print one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The configuration file
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// What `re6st up --record` wrote
    pub(crate) file: PathBuf,
}

/// Where a registry keeps its keys and its rows.
const DIRECTORY: &str = "/var/lib/re6st-registry";

#[derive(Debug, Subcommand)]
pub(crate) enum Registry {
    /// Make a network: its certificate authority, its addresses, and a first invitation
    Init(Init),
    /// Serve the network
    Serve(Serve),
    /// Print an invitation
    Invite(Invite),
    /// Put a node out of the network, for ever
    Revoke(Revoke),
    /// List the nodes that have certificates
    Nodes(RegistryNodes),
    /// Change how the network behaves, while it runs
    Parameters(Parameters),
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Directory of the registry; must not hold one yet
    #[arg(long, default_value = DIRECTORY)]
    pub(crate) directory: PathBuf,
    /// Addresses of the network, a /16 to a /60 [default: a private /48, drawn]
    #[arg(long)]
    pub(crate) network: Option<words::Prefix>,
    /// Where to listen
    #[arg(long, default_value = "[::]:8443")]
    pub(crate) listen: SocketAddr,
    /// Where nodes reach the registry, as HOST:PORT; may be given several times
    #[arg(long, required = true)]
    pub(crate) public: Vec<String>,
    /// How many nodes may use the first invitation
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(1..))]
    pub(crate) uses: u32,
    /// How long the first invitation may be used
    #[arg(long, default_value = "1d", value_parser = lifetime)]
    pub(crate) lifetime: Span,
    #[command(flatten)]
    pub(crate) change: Change,
}

/// How the network behaves, where it should differ from what it is.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Change {
    /// How many arrows each node keeps [seed: 10]
    #[arg(long)]
    arrows: Option<u16>,
    /// Time between two rounds of renewal [seed: 5m]
    #[arg(long)]
    round: Option<Span>,
    /// Share of the arrows condemned at each round [seed: 30%]
    #[arg(long)]
    share: Option<Percent>,
    /// How long an arrow in use may drain [seed: 60m]
    #[arg(long)]
    limit: Option<Span>,
}

impl Change {
    /// Sets what was typed; the rest stays as it is.
    pub(crate) fn apply(self, parameters: &mut gossip::Parameters) {
        let Self { arrows, round, share, limit } = self;
        parameters.arrows = arrows.unwrap_or(parameters.arrows);
        parameters.period = round.map_or(parameters.period, |Span(span)| span);
        let share = share.map(|Percent(percent)| words::Share::percent(percent.into()));
        parameters.share = share.unwrap_or(parameters.share);
        parameters.limit = limit.map_or(parameters.limit, |Span(span)| span);
    }
}

#[derive(Debug, Args)]
pub(crate) struct Parameters {
    /// Directory of the registry
    #[arg(long, default_value = DIRECTORY)]
    pub(crate) directory: PathBuf,
    #[command(flatten)]
    pub(crate) change: Change,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Directory of the registry
    #[arg(long, default_value = DIRECTORY)]
    pub(crate) directory: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Invite {
    /// Directory of the registry
    #[arg(long, default_value = DIRECTORY)]
    pub(crate) directory: PathBuf,
    /// How many nodes may use it
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(1..))]
    pub(crate) uses: u32,
    /// How long it may be used
    #[arg(long, default_value = "1d", value_parser = lifetime)]
    pub(crate) lifetime: Span,
}

#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// Directory of the registry
    #[arg(long, default_value = DIRECTORY)]
    pub(crate) directory: PathBuf,
    /// The node: its prefix, as `re6st registry nodes` lists it, or its certificate's serial
    pub(crate) node: String,
}

#[derive(Debug, Args)]
pub(crate) struct RegistryNodes {
    /// Directory of the registry
    #[arg(long, default_value = DIRECTORY)]
    pub(crate) directory: PathBuf,
    /// Print one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Reads the life of an invitation.
fn lifetime(text: &str) -> Result<Span, String> {
    let span: Span = text.parse()?;
    let bounds = Span(Duration::from_secs(1))..=Span(Duration::from_hours(24 * 3650));
    let wrong = || format!("{span} is out of bounds; use {} to {}", bounds.start(), bounds.end());
    if bounds.contains(&span) { Ok(span) } else { Err(wrong()) }
}
