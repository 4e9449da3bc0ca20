//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, value_parser};
use daemon::config::{Percent, Span};
use words::{Ipv4Plan, NodeId, Prefix, Share};

mod babel_options;
mod lab_options;
mod mesh_options;
mod norder_options;
mod sim_options;

pub(crate) use babel_options::{BabelOptions, Question as BabelQuestion, Status as BabelStatus};
pub(crate) use lab_options::LabOptions;
pub(crate) use mesh_options::{
    Changed as MeshChanged, Merge as MeshMerge, Meshes, Show as MeshShow, Split as MeshSplit,
};
pub(crate) use norder_options::NorderOptions;
pub(crate) use sim_options::{FlatOptions, Simulation};

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
    /// Tell why packets to a destination go the way they go, or go nowhere
    Why(Why),
    /// Print what the running node shows of itself, for `bootstrap` in another's configuration
    Introduction(Which),
    /// Check a configuration file
    Check(Check),
    /// Run a recorded node again, and compare every word it says
    Replay(Replay),
    /// Speak Babel on real interfaces, as a routing daemon of its own
    Babel(Box<BabelOptions>),
    /// Make and run the registry of a network
    #[command(subcommand)]
    Registry(Box<Registry>),
    /// Run a private Internet on this machine, with a registry and nodes, and watch them
    Lab(Box<LabOptions>),
    /// Simulate a mesh of thousands of nodes under virtual time, and measure it
    #[command(subcommand)]
    Sim(Simulation),
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
    // One garbled so that it begins with a dash is told of as garbled.
    #[arg(allow_hyphen_values = true)]
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
pub(crate) struct Why {
    /// An address, IPv6 or IPv4, or the range of a node as `re6st nodes` lists it
    pub(crate) destination: String,
    #[command(flatten)]
    pub(crate) which: Which,
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
    /// After registry.db was restored from a backup: learn from a node's network document what it
    /// does not know, while it is served or not
    Restore(Restore),
    /// Look at the meshes of a divided network, and change its elections
    #[command(subcommand)]
    Meshes(Meshes),
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Directory of the registry; must not hold one yet
    #[arg(long, default_value = DIRECTORY)]
    pub(crate) directory: PathBuf,
    /// Addresses of the network, a /16 to a /60 [default: a private /48, drawn]
    #[arg(long)]
    pub(crate) network: Option<Prefix>,
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
    #[command(flatten)]
    pub(crate) divided: mesh_options::Divided,
}

/// How the network behaves, where it should differ from what it is.
#[derive(Clone, Debug, Args)]
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
    /// Share of the arrows sheltered as the most used [seed: 20%]
    #[arg(long)]
    most_used: Option<Percent>,
    /// Prefixes of the well-known nodes, instead of those before; nothing: none [seed: none]
    #[arg(long, value_name = "PREFIX", num_args = 0.., value_parser = node)]
    well_known: Option<Vec<NodeId>>,
    /// Share of the urn held by the well-known nodes [seed: 30%]
    #[arg(long)]
    well_known_share: Option<Percent>,
    /// Share of the arrows drawn among near nodes [seed: 0%]
    #[arg(long)]
    neighbourhood: Option<Percent>,
    /// IPv4 addresses of the network, such as 10.42.0.0/16; `none` for none [default: none]
    #[arg(long, value_name = "RANGE|none", value_parser = ipv4)]
    ipv4: Option<Ipv4>,
    /// Length of each node's part of them [default: 24]
    #[arg(long, value_name = "BITS", value_parser = value_parser!(u8).range(1..=32))]
    ipv4_length: Option<u8>,
    /// Prefixes of the nodes that may be exits, instead of those before; nothing: nobody
    #[arg(long, value_name = "PREFIX", num_args = 0.., value_parser = node)]
    exits: Option<Vec<NodeId>>,
}

/// The IPv4 range of a network, or none.
#[derive(Clone, Copy, Debug)]
struct Ipv4(Option<Prefix>);

impl Change {
    /// Sets what was typed; the rest stays as it is.
    pub(crate) fn apply(&self, parameters: &mut gossip::Parameters) {
        let set_span = |given: Option<Span>, it: &mut Duration| {
            *it = given.map_or(*it, |Span(span)| span);
        };
        let set_share = |given: Option<Percent>, it: &mut Share| {
            *it = given.map_or(*it, |Percent(percent)| Share::percent(percent.into()));
        };
        parameters.arrows = self.arrows.unwrap_or(parameters.arrows);
        set_span(self.round, &mut parameters.period);
        set_share(self.share, &mut parameters.share);
        set_span(self.limit, &mut parameters.limit);
        set_share(self.most_used, &mut parameters.most_used);
        if let Some(nodes) = &self.well_known {
            parameters.well_known.clone_from(nodes);
        }
        set_share(self.well_known_share, &mut parameters.well_known_share);
        set_share(self.neighbourhood, &mut parameters.neighbourhood);
        if let Some(Ipv4(range)) = self.ipv4 {
            let plan = |network| Ipv4Plan { network, node_length: Ipv4Plan::NODE_LENGTH };
            parameters.ipv4 = range.map(plan);
        }
        if let (Some(length), Some(plan)) = (self.ipv4_length, &mut parameters.ipv4) {
            plan.node_length = length;
        }
        if let Some(nodes) = &self.exits {
            parameters.exits.clone_from(nodes);
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Parameters {
    /// Directory of the registry
    #[arg(long, default_value = DIRECTORY)]
    pub(crate) directory: PathBuf,
    #[command(flatten)]
    pub(crate) change: Change,
    /// Lowest version of the new network document; after a backup was restored, `re6st registry
    /// restore` does more
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) at_least_version: u64,
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
pub(crate) struct Restore {
    /// Directory of the registry
    #[arg(long, default_value = DIRECTORY)]
    pub(crate) directory: PathBuf,
    /// The newest `document.cbor` that is in the state directory of any node, or a copy of it
    pub(crate) document: PathBuf,
    /// Somebody may have joined since the backup: keep back what may be theirs, also if the document tells
    /// nothing new
    #[arg(long)]
    pub(crate) keep_back: bool,
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

/// Reads the prefix of a node.
fn node(text: &str) -> Result<NodeId, String> {
    let prefix = text.parse().ok().filter(|prefix: &Prefix| prefix.length() == NODE);
    prefix.map(NodeId).ok_or_else(|| {
        format!("`{text}` is no prefix of a node; use one that `re6st registry nodes` lists")
    })
}

/// Reads an IPv4 range, or that there is none.
fn ipv4(text: &str) -> Result<Ipv4, String> {
    if text == "none" {
        return Ok(Ipv4(None));
    }
    let wrong = || format!("`{text}` is no IPv4 range; write one as 10.42.0.0/16, or none");
    let range = text.parse().ok().filter(|range: &Prefix| range.as_ipv4().is_some());
    Ok(Ipv4(Some(range.ok_or_else(wrong)?)))
}

/// Length of the prefix that a registry gives to a node.
const NODE: u8 = 64;

/// Reads the life of an invitation.
fn lifetime(text: &str) -> Result<Span, String> {
    let span: Span = text.parse()?;
    let bounds = Span(Duration::from_secs(1))..=Span(Duration::from_hours(24 * 3650));
    let wrong = || format!("{span} is out of bounds; use {} to {}", bounds.start(), bounds.end());
    if bounds.contains(&span) { Ok(span) } else { Err(wrong()) }
}
