//! What can be asked of the laboratory.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use daemon::config::Span;
use lab::{Fault, Storm, Uplink};

#[derive(Debug, Args)]
pub(crate) struct LabOptions {
    /// How many nodes
    #[arg(long, default_value_t = 12)]
    nodes: u16,
    /// Time between two rounds of renewal
    #[arg(long, default_value = "5m")]
    round: Span,
    /// Where all luck of the emulated Internet and of the faults comes from [default: drawn]
    #[arg(long)]
    seed: Option<u64>,
    /// How many seconds the nodes run [default: until Ctrl-C]
    #[arg(long)]
    seconds: Option<u64>,
    /// One line a second on standard error, instead of the live table
    #[arg(long)]
    headless: bool,
    /// Print what was measured as the last line of standard output
    #[arg(long)]
    report: Option<Format>,
    /// How often each pair is pinged [default: 100ms, less often with many pairs]
    #[arg(long)]
    ping: Option<Span>,
    /// What each pair is pinged with
    #[arg(long, default_value = "v6")]
    family: Family,
    /// Let the first N nodes be exits, and the others ping a server outside through them
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    exits: u16,
    /// Let the others leave by this one of the exits while it is there
    #[arg(long, value_name = "NODE")]
    prefer_exit: Option<u16>,
    /// Depth of the network: 1 is one mesh, 2 a mesh of meshes, 3 a mesh of meshes of meshes
    #[arg(long, value_name = "1|2|3", default_value_t = 1)]
    order: u8,
    /// Parts in which the network is divided at each level; with --order 2 or 3
    #[arg(long, value_name = "N", default_value_t = 3)]
    meshes: u16,
    /// Time between two elections of border nodes [default: 20s]
    #[arg(long)]
    epoch: Option<Span>,
    /// Elections for which a border node stays
    #[arg(long, value_name = "N", default_value_t = 12)]
    tenure: u16,
    /// Border nodes of each mesh at least [default: a quarter of it, and two]
    #[arg(long, value_name = "N")]
    border: Option<u16>,
    /// What nodes send at most and say that they can, in Mbit/s, in turn; 20:100000 is a liar
    /// [default: that of --uplink, and say nothing]
    #[arg(long, value_name = "MBIT[:SAID],…", value_delimiter = ',')]
    capacities: Vec<Uplink>,
    /// Put the first N nodes on one LAN besides
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    lan: u16,
    /// Cut the LAN off from the Internet
    #[arg(long, value_name = "T", value_parser = Fault::cut_lan)]
    cut_lan: Vec<Fault>,
    /// How many pairs, drawn by chance, ping each other [default: all]
    #[arg(long, value_name = "N")]
    pairs: Option<u16>,
    /// How many pairs, drawn by chance, keep a TCP connection
    #[arg(long, value_name = "PAIRS", default_value_t = 0)]
    tcp: u16,
    /// Kill K random nodes T seconds after the nodes' start
    #[arg(long, value_name = "K@T", value_parser = Fault::kill)]
    kill: Vec<Fault>,
    /// Kill one node, for good or for FOR seconds
    #[arg(long, value_name = "NODE@T[/FOR]", value_parser = Fault::kill_node)]
    kill_node: Vec<Fault>,
    /// Split the mesh with the most nodes in two; with --order 1 the whole network
    #[arg(long, value_name = "T", value_parser = Fault::split)]
    split: Vec<Fault>,
    /// Let two meshes become one that are halves of one range, with --order 2 or 3
    #[arg(long, value_name = "T", value_parser = Fault::merge)]
    merge: Vec<Fault>,
    /// Kill all border nodes between two meshes, of the pair that has the most
    #[arg(long, value_name = "T", value_parser = Fault::kill_border)]
    kill_border: Vec<Fault>,
    /// Cut K nodes of the mesh with the most nodes from the others of it, and from who serves in it
    #[arg(long, value_name = "K@T", value_parser = Fault::fragment)]
    fragment: Vec<Fault>,
    /// Cut two nodes from each other (0 is the registry)
    #[arg(long, value_name = "A-B@T", value_parser = Fault::cut)]
    cut: Vec<Fault>,
    /// Cut a link in use, drawn by chance, N times, heal it after three quarters of EVERY seconds
    #[arg(long, value_name = "N@T/EVERY", value_parser = Storm::read)]
    cut_storm: Vec<Storm>,
    /// Kill a node, drawn by chance, N times, start it again after three quarters of EVERY seconds
    #[arg(long, value_name = "N@T/EVERY", value_parser = Storm::read)]
    kill_storm: Vec<Storm>,
    /// Kill all nodes and start them again at once
    #[arg(long, value_name = "T", value_parser = Fault::restart_all)]
    restart_all: Vec<Fault>,
    /// Block all UDP of a node
    #[arg(long, value_name = "NODE@T", value_parser = Fault::block_udp)]
    block_udp: Vec<Fault>,
    /// Block all UDP of node A but to and from the nodes B and C
    #[arg(long, value_name = "A:B,C@T", value_parser = Fault::udp_only)]
    udp_only: Vec<Fault>,
    /// Put a node behind another NAT, with other addresses, all at once
    #[arg(long, value_name = "NODE@T", value_parser = Fault::roam)]
    roam: Vec<Fault>,
    /// Let a node stand still for FOR seconds, as a machine that sleeps
    #[arg(long, value_name = "NODE@T/FOR", value_parser = Fault::suspend)]
    suspend: Vec<Fault>,
    /// Let every node send MBIT Mbit/s to the others for FOR seconds
    #[arg(long, value_name = "MBIT@T/FOR", value_parser = Fault::flood)]
    flood: Vec<Fault>,
    /// Let the calendar of a node be off by BY (400d, -2h), with the library libfaketime
    #[arg(long, value_name = "NODE@T/BY", value_parser = Fault::calendar)]
    calendar: Vec<Fault>,
    /// Revoke the certificate of a node, and measure how long until it is out
    #[arg(long, value_name = "NODE@T", value_parser = Fault::revoke)]
    revoke: Vec<Fault>,
    /// Kill the registry
    #[arg(long, value_name = "T", value_parser = Fault::kill_registry)]
    kill_registry: Vec<Fault>,
    /// What the emulated Internet loses: none, what the model has for each pair, or a
    /// percentage for all
    #[arg(long, value_name = "none|model|PERCENT", default_value = "none")]
    loss: String,
    /// The addresses that hosts have: 4, 6 or both
    #[arg(long, value_name = "4|6|both", default_value = "4")]
    underlay: String,
    /// What the line of each node sends, in Mbit/s
    #[arg(long, value_name = "MBIT", default_value_t = 100)]
    uplink: u16,
    /// Let nodes know what their lines send
    #[arg(long)]
    tell_uplink: bool,
    /// How many arrows each node keeps [default: 10]
    #[arg(long, value_name = "N")]
    arrows: Option<u16>,
    /// Let a node ensure an arrow to nodes of a country
    #[arg(long, value_name = "NODE:COUNTRY")]
    ensure: Vec<lab::Ensure>,
    /// How many nodes are behind NAT [default: one in five, at least two]
    #[arg(long, value_name = "N")]
    nat: Option<u16>,
    /// How many of these have a NAT with another outside port for each far end
    #[arg(long, value_name = "N", default_value_t = 0)]
    symmetric: u16,
    /// Copy the logs of the registry and of the nodes to this directory at the end
    #[arg(long, value_name = "DIRECTORY")]
    keep_logs: Option<PathBuf>,
    /// Write every packet of the emulated Internet to this file, for tcpdump -r
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// Let every node record what it is told and says, in this directory, for re6st replay
    #[arg(long, value_name = "DIRECTORY")]
    record: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Family {
    /// IPv6
    V6,
    /// IPv4, of which the network then has 10.42.0.0/16
    V4,
    /// Both, each pair twice
    Both,
}

impl From<Family> for lab::Family {
    fn from(family: Family) -> Self {
        match family {
            Family::V6 => Self::Ipv6,
            Family::V4 => Self::Ipv4,
            Family::Both => Self::Both,
        }
    }
}

impl LabOptions {
    pub(crate) fn into_options(self) -> anyhow::Result<lab::Options> {
        let loss = self.loss.parse().context("--loss")?;
        let underlay = self.underlay.parse().context("--underlay")?;
        let Self { kill, kill_node, cut, block_udp, udp_only, roam, revoke, kill_registry, .. } =
            self;
        let single = [kill, kill_node, cut, block_udp, udp_only, roam, revoke, kill_registry];
        let single = single.into_iter().flatten().chain(self.restart_all).chain(self.kill_border);
        let single = single
            .chain(self.split)
            .chain(self.merge)
            .chain(self.fragment)
            .chain(self.cut_lan)
            .chain(self.suspend)
            .chain(self.flood)
            .chain(self.calendar);
        let cuts = self.cut_storm.into_iter().flat_map(Storm::of_cuts);
        let kills = self.kill_storm.into_iter().flat_map(Storm::of_kills);
        Ok(lab::Options {
            nodes: self.nodes,
            round: self.round.0,
            seed: self.seed,
            seconds: self.seconds.map(std::time::Duration::from_secs),
            headless: self.headless,
            report: self.report == Some(Format::Json),
            ping: self.ping.map(|span| span.0),
            family: self.family.into(),
            exits: self.exits,
            prefer_exit: self.prefer_exit,
            order: self.order,
            meshes: self.meshes,
            epoch: self.epoch.map(|span| span.0),
            tenure: self.tenure,
            border: self.border,
            capacities: self.capacities,
            lan: self.lan,
            pairs: self.pairs,
            tcp: self.tcp,
            faults: single.chain(cuts).chain(kills).collect(),
            loss,
            underlay,
            uplink: self.uplink,
            tell_uplink: self.tell_uplink,
            arrows: self.arrows,
            ensure: self.ensure,
            homes: lab::Homes { nat: self.nat, symmetric: self.symmetric },
            keep_logs: self.keep_logs,
            capture: self.capture,
            record: self.record,
            executable: None,
        })
    }
}
