//! What can be asked of the speaker on its own.

use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};
use speaker::Config;
use speaker::config::{Name, Redistribute, Socket, Typed};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BabelOptions {
    #[command(subcommand)]
    pub(crate) question: Option<Question>,
    #[command(flatten)]
    speak: Speak,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Question {
    /// Tell how the running speaker is
    Status(Status),
    /// Check a configuration file
    Check(Check),
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Control socket of the running speaker
    #[arg(long, default_value = Config::CONTROL)]
    pub(crate) control: PathBuf,
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
struct Speak {
    /// Interface on which to speak; may be given several times
    #[arg(short, long = "interface", value_name = "NAME")]
    interfaces: Vec<String>,
    /// Configuration file
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Name of this router, eight octets or an IPv4 address [default: as before, else drawn]
    #[arg(long, value_name = "ID")]
    router_id: Option<Name>,
    /// UDP port [default: 6696]
    #[arg(long)]
    port: Option<u16>,
    /// Control socket [default: /run/re6st-babel.sock]
    #[arg(long, value_name = "PATH")]
    control: Option<PathBuf>,
    /// Where to speak babeld's text protocol: a path, or a local TCP port [default: nowhere]
    #[arg(long, value_name = "PATH|PORT")]
    babeld_socket: Option<Socket>,
    /// What a restart must know [default: /var/lib/re6st-babel.state]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Routing table of the kernel for our routes [default: 254]
    #[arg(long, value_parser = value_parser!(u32).range(1..))]
    table: Option<u32>,
    /// The kernel's metric of our routes [default: 4242]
    #[arg(long, value_parser = value_parser!(u32).range(1..))]
    metric: Option<u32>,
    /// What of this machine to announce, such as `local`, `10.0.0.0/8 le 24` or
    /// `protocol static`; may be given several times, the first that fits decides
    #[arg(long, value_name = "RULE")]
    redistribute: Vec<Redistribute>,
    /// Leave our routes in the kernel at the end, for a new version to take over
    #[arg(long)]
    keep_routes: bool,
}

impl BabelOptions {
    /// Returns what was typed for the speaker itself.
    pub(crate) fn into_typed(self) -> Typed {
        let Speak { interfaces, config, router_id, port, control, .. } = self.speak;
        let Speak { babeld_socket, state, table, metric, redistribute, keep_routes, .. } =
            self.speak;
        Typed {
            config,
            interfaces,
            router_id,
            port,
            control,
            babeld_socket,
            state,
            table,
            metric,
            redistribute,
            keep_routes,
        }
    }
}
