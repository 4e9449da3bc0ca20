//! What the nodes send out of the mesh, through exits.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use linux::Clock;
use words::Time;

use crate::hosts::{Hosts, name};
use crate::internet::{HostId, OUTSIDE, OUTSIDE_SIX, Underlay};
use crate::options::Options;
use crate::ping::{Ip, Pinger};
use crate::report::{Outside, Pings};
use crate::stop::Stop;
use crate::watch::Watch;

/// How often the server outside is pinged when nothing is said.
const INTERVAL: Duration = Duration::from_millis(100);

/// The nodes that go out through exits, and the pings that they send there.
#[derive(Debug)]
pub(crate) struct Outward {
    pinger: Pinger,
    /// Of the server outside.
    server: IpAddr,
    exits: Vec<HostId>,
    users: Vec<HostId>,
    /// The network knows the exits.
    is_named: bool,
    /// All users go out through exits, and ping.
    is_pinging: bool,
}

impl Outward {
    /// Prepares it; `None` if there are no exits.
    pub(crate) fn prepare(
        hosts: &Hosts,
        options: &Options,
        clock: Clock,
    ) -> anyhow::Result<Option<Self>> {
        if options.exits == 0 {
            return Ok(None);
        }
        let nodes = (1..=options.nodes).map(HostId);
        let (exits, users): (Vec<_>, Vec<_>) = nodes.partition(|node| node.0 <= options.exits);
        let pairs = users.iter().map(|user| (*user, HostId::REGISTRY)).collect();
        let interval = options.ping.unwrap_or(INTERVAL);
        let (ip, server) = match options.underlay {
            Underlay::Four | Underlay::Both => (Ip::V4, OUTSIDE.into()),
            Underlay::Six => (Ip::V6, OUTSIDE_SIX.into()),
        };
        let pinger = Pinger::between(&hosts.everybody(), pairs, (interval, clock, ip))?;
        Ok(Some(Self { pinger, server, exits, users, is_named: false, is_pinging: false }))
    }

    /// Names the exits once they are known, and begins once everybody goes out through them.
    pub(crate) fn look(&mut self, watch: &Watch, hosts: &Hosts, stop: &Stop) -> anyhow::Result<()> {
        if self.is_pinging {
            return Ok(());
        }
        let (prefixes, ready) = {
            let seen = watch.seen();
            let prefix = |node: &HostId| seen.get(node)?.status.prefix.map(|it| it.to_string());
            let prefixes: Option<Vec<String>> = self.exits.iter().map(prefix).collect();
            let leaves = |node: &HostId| seen.get(node).is_some_and(|seen| seen.status.leaves);
            (prefixes, self.users.iter().all(leaves))
        };
        if let Some(prefixes) = prefixes.filter(|_| !self.is_named) {
            hosts.name_exits(&prefixes, stop)?;
            self.is_named = true;
        }
        if ready {
            self.begin(watch);
        }
        Ok(())
    }

    fn begin(&mut self, watch: &Watch) {
        self.is_pinging = true;
        self.pinger.address(HostId::REGISTRY, self.server);
        // Of those that are there again, the pings were closed.
        self.users.iter().for_each(|user| self.pinger.open(*user, |_| true));
        let seen = watch.seen();
        let addresses = self.users.iter().filter_map(|user| Some((*user, seen.get(user)?)));
        for (user, seen) in addresses {
            seen.status.addresses.iter().for_each(|address| self.pinger.address(user, *address));
        }
    }

    /// Closes the pings of a node that is gone.
    pub(crate) fn close(&mut self, node: HostId) {
        self.pinger.close(node);
        self.users.retain(|user| *user != node);
    }

    /// A node is there again: if it is no exit, it pings once everybody goes out through exits.
    pub(crate) fn open(&mut self, node: HostId) {
        if self.exits.contains(&node) || self.users.contains(&node) {
            return;
        }
        self.users.push(node);
        self.is_pinging = false;
    }

    /// Sends no more pings.
    pub(crate) fn quiet(&self) {
        self.pinger.quiet();
    }

    /// Tells whether nothing is being waited for.
    pub(crate) fn settled(&self) -> bool {
        self.pinger.settled()
    }

    /// Returns how it went, reached `since` then, with what the server heard of whom.
    pub(crate) fn report(&self, since: Time, heard: &BTreeMap<HostId, u64>) -> Outside {
        let reached: BTreeSet<HostId> =
            self.pinger.book().reachable(since).map(|(from, _)| from).collect();
        Outside {
            pairs: self.users.len(),
            reachable_pairs: self.users.iter().filter(|user| reached.contains(user)).count(),
            pings: Pings::of(&self.pinger.sum()),
            by_host: heard.iter().map(|(host, count)| (name(*host), *count)).collect(),
        }
    }
}
