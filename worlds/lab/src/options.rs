//! What can be asked of the lab.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use crate::ensured::Ensure;
use crate::faults::{Fault, What};
use crate::internet::{Homes, Loss, MOST_NODES, Underlay};
use crate::uplink::Uplink;

/// Time between two rounds; nodes would take no other.
const ROUND: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(1);
/// How long the nodes run.
const RUN: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(365 * 24);
/// How often each pair is pinged.
const PING: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_mins(1);

/// Time between two elections.
const EPOCH: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(1);

/// Most pairs that keep a TCP connection.
const MOST_TCP: u16 = 100;

/// With which addresses the nodes ping each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// Those of IPv6.
    #[default]
    Ipv6,
    /// Those of IPv4.
    Ipv4,
    /// Both: each pair is pinged twice as often, and counts twice.
    Both,
}

/// What can be asked of the lab.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many nodes, 2 to [`MOST_NODES`]; default 12.
    pub nodes: u16,
    /// Time between two rounds, told to the registry, 1 second to 1 hour; default 5 minutes.
    pub round: Duration,
    /// Where all luck of the emulated Internet and of the faults comes from; drawn if not given.
    pub seed: Option<u64>,
    /// How long the nodes run, 1 second to 1 year; until somebody stops the lab if not given.
    pub seconds: Option<Duration>,
    /// One line a second on standard error instead of the live table.
    pub headless: bool,
    /// Print the report as one line of JSON, the last of standard output.
    pub report: bool,
    /// How often each pair is pinged, every 1 ms to every minute; 100 ms if not given, less
    /// often with many pairs.
    pub ping: Option<Duration>,
    /// What is pinged with; where IPv4 is, the network has 10.42.0.0/16.
    pub family: Family,
    /// So many nodes, the first ones, let the others out to the Internet; fewer than there are
    /// nodes. The network then has IPv4, and the others ping a server outside of the mesh.
    pub exits: u16,
    /// The exit, by its number, that the others leave by while it is there; the nearest if not given.
    pub prefer_exit: Option<u16>,
    /// Depth of the network, 1 to 3: 1 is one mesh, 2 a mesh of meshes; default 1.
    pub order: u8,
    /// Parts in which it is divided at each level, 2 to 16; default 3.
    pub meshes: u16,
    /// Time between two elections of border nodes; 20 s if not given.
    pub epoch: Option<Duration>,
    /// Elections for which a border node stays, 1 to 48; default 12.
    pub tenure: u16,
    /// Border nodes of each mesh at least, 1 to 100; a quarter of it, and two at least, if not given.
    pub border: Option<u16>,
    /// What nodes send at most and say that they can, in turn; `uplink`, and nothing, if not given.
    pub capacities: Vec<Uplink>,
    /// So many nodes, the first ones, are on one LAN besides; default 0.
    pub lan: u16,
    /// How many ordered pairs of nodes, drawn by chance, ping each other; all if not given.
    pub pairs: Option<u16>,
    /// How many pairs of nodes, drawn by chance, keep a TCP connection; default 0, at most 100.
    pub tcp: u16,
    /// What is to go wrong, in any order.
    pub faults: Vec<Fault>,
    /// What the emulated Internet loses; nothing by default.
    pub loss: Loss,
    /// The families of addresses that hosts have; IPv4 by default.
    pub underlay: Underlay,
    /// What the line of each node sends, in Mbit/s, 1 to 1000; default 100.
    pub uplink: u16,
    /// Nodes know what their lines send: `uplink` in their configurations.
    pub tell_uplink: bool,
    /// How many arrows each node keeps, told to the registry, 1 to 100; the seed's 10 if not given.
    pub arrows: Option<u16>,
    /// Nodes that ensure an arrow to a country.
    pub ensure: Vec<Ensure>,
    /// How many nodes are behind NAT, and of which kind.
    pub homes: Homes,
    /// Where to copy the logs of registry and nodes at the end.
    pub keep_logs: Option<PathBuf>,
    /// Where to write every packet of the emulated Internet, for `tcpdump -r`.
    pub capture: Option<PathBuf>,
    /// Where every node records what it is told and says, for `re6st replay`.
    pub record: Option<PathBuf>,
    /// The program to run as registry and nodes; this one if not given.
    pub executable: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodes: 12,
            round: Duration::from_mins(5),
            seed: None,
            seconds: None,
            headless: false,
            report: false,
            ping: None,
            family: Family::Ipv6,
            exits: 0,
            prefer_exit: None,
            order: 1,
            meshes: 3,
            epoch: None,
            tenure: 12,
            border: None,
            capacities: Vec::new(),
            lan: 0,
            pairs: None,
            tcp: 0,
            faults: Vec::new(),
            loss: Loss::None,
            underlay: Underlay::Four,
            uplink: 100,
            tell_uplink: false,
            arrows: None,
            ensure: Vec::new(),
            homes: Homes::default(),
            keep_logs: None,
            capture: None,
            record: None,
            executable: None,
        }
    }
}

impl Options {
    /// Tells whether the network has IPv4 addresses.
    pub(crate) fn has_ipv4(&self) -> bool {
        self.family != Family::Ipv6 || self.exits > 0
    }

    /// Returns how a network is made that is divided as asked: options of `re6st registry init`.
    pub(crate) fn division(&self) -> Vec<String> {
        if self.order < 2 {
            return Vec::new();
        }
        let meshes = u32::from(self.meshes).pow(u32::from(self.order) - 1);
        let form = [("--order", u16::from(self.order)), ("--meshes", self.meshes)];
        let form = form.into_iter().flat_map(|(name, n)| [name.to_owned(), n.to_string()]);
        form.chain(self.elections(meshes)).collect()
    }

    /// Returns how border nodes are elected where a network of one mesh is split: options of `re6st
    /// registry meshes split`. In one that is divided already it stays as it is.
    pub(crate) fn first_elections(&self) -> Vec<String> {
        if self.order < 2 { self.elections(2) } else { Vec::new() }
    }

    /// Returns how border nodes of so many meshes are elected.
    fn elections(&self, meshes: u32) -> Vec<String> {
        let epoch = self.epoch.unwrap_or(Duration::from_secs(20)).as_secs();
        // A quarter of a mesh: small meshes are connected by few.
        let least = (u32::from(self.nodes) / meshes.max(1) / 4).max(2);
        let least = self.border.map_or(least, u32::from);
        let numbers = [("--least-border", u64::from(least)), ("--tenure", u64::from(self.tenure))];
        let mut all: Vec<String> = Vec::new();
        for (name, number) in numbers {
            all.extend([name.to_owned(), number.to_string()]);
        }
        all.extend(["--epoch".to_owned(), format!("{epoch}s")]);
        all
    }

    /// Refuses what cannot be done, before anything is started.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if !(2..=MOST_NODES).contains(&self.nodes) {
            anyhow::bail!("--nodes {}: 2 to {MOST_NODES}", self.nodes);
        }
        if !ROUND.contains(&self.round) {
            anyhow::bail!("--round {:?}: 1s to 1h", self.round);
        }
        if let Some(seconds) = self.seconds.filter(|seconds| !RUN.contains(seconds)) {
            anyhow::bail!("--seconds {}: 1 to {}", seconds.as_secs(), RUN.end().as_secs());
        }
        if let Some(ping) = self.ping.filter(|ping| !PING.contains(ping)) {
            anyhow::bail!("--ping {}ms: 1ms to 1m", ping.as_millis());
        }
        if let Some(nat) = self.homes.nat.filter(|nat| *nat >= self.nodes) {
            anyhow::bail!("--nat {nat}: one node at least is not behind NAT");
        }
        if let Some(node) = self.prefer_exit.filter(|node| !(1..=self.exits).contains(node)) {
            anyhow::bail!("--prefer-exit {node}: one of the {} exits", self.exits);
        }
        if !(1..=1_000).contains(&self.uplink) {
            anyhow::bail!("--uplink {}: 1 to 1000", self.uplink);
        }
        if let Some(arrows) = self.arrows.filter(|arrows| !(1..=100).contains(arrows)) {
            anyhow::bail!("--arrows {arrows}: 1 to 100");
        }
        if let Some(rule) = self.ensure.iter().find(|it| !(1..=self.nodes).contains(&it.node)) {
            anyhow::bail!("--ensure {}: nodes have the numbers 1 to {}", rule.node, self.nodes);
        }
        if self.lan > self.nodes || self.lan == 1 {
            anyhow::bail!("--lan {}: 2 to the {} nodes", self.lan, self.nodes);
        }
        let cuts = self.faults.iter().any(|fault| fault.what == What::CutLan);
        if cuts && self.lan == 0 {
            anyhow::bail!("--cut-lan: there is no LAN; say --lan N");
        }
        if self.exits >= self.nodes {
            anyhow::bail!("--exits {}: fewer than the {} nodes", self.exits, self.nodes);
        }
        if !(1..=3).contains(&self.order) || !(2..=16).contains(&self.meshes) {
            anyhow::bail!("--order {} --meshes {}: 1 to 3, and 2 to 16", self.order, self.meshes);
        }
        if let Some(epoch) = self.epoch.filter(|epoch| !EPOCH.contains(epoch)) {
            anyhow::bail!("--epoch {epoch:?}: 1s to 1h");
        }
        if !(1..=48).contains(&self.tenure) {
            anyhow::bail!("--tenure {}: 1 to 48", self.tenure);
        }
        if let Some(border) = self.border.filter(|border| !(1..=100).contains(border)) {
            anyhow::bail!("--border {border}: 1 to 100");
        }
        if self.pairs == Some(0) {
            anyhow::bail!("--pairs 0: 1 at least");
        }
        if self.tcp > MOST_TCP {
            anyhow::bail!("--tcp {}: {MOST_TCP} at most", self.tcp);
        }
        if let Some(misfit) = self.faults.iter().find_map(|fault| fault.misfit(self.nodes)) {
            anyhow::bail!("{misfit}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_done_is_refused_at_once() {
        assert!(Options::default().check().is_ok());
        assert!(Options { nodes: 1, ..Options::default() }.check().is_err());
        assert!(Options { pairs: Some(0), ..Options::default() }.check().is_err());
        assert!(Options { uplink: 0, ..Options::default() }.check().is_err());
        assert!(Options { tcp: 101, ..Options::default() }.check().is_err());
        let faults = vec![Fault::kill("12@3").unwrap()];
        assert!(Options { faults, ..Options::default() }.check().is_err());
    }

    #[test]
    fn times_out_of_bounds_are_refused_with_the_flag_and_the_bounds() {
        let told = |options: Options| options.check().unwrap_err().to_string();
        let seconds =
            |seconds| Options { seconds: Some(Duration::from_secs(seconds)), ..Options::default() };
        let ping = |ping| Options { ping: Some(ping), ..Options::default() };
        let round = |round| Options { round, ..Options::default() };
        assert_eq!(told(seconds(0)), "--seconds 0: 1 to 31536000");
        assert!(told(seconds(u64::MAX)).ends_with(": 1 to 31536000"));
        assert_eq!(told(ping(Duration::ZERO)), "--ping 0ms: 1ms to 1m");
        assert_eq!(told(ping(Duration::from_secs(61))), "--ping 61000ms: 1ms to 1m");
        assert_eq!(told(round(Duration::from_millis(999))), "--round 999ms: 1s to 1h");
        assert_eq!(told(round(Duration::from_secs(3_601))), "--round 3601s: 1s to 1h");
        for fine in [seconds(1), ping(Duration::from_millis(1)), round(Duration::from_hours(1))] {
            assert!(fine.check().is_ok(), "{fine:?}");
        }
    }
}
