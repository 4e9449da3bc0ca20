//! What the nodes send out of the mesh, through exits.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use linux::Clock;
use words::{Prefix, Time};

use crate::hosts::{Hosts, name};
use crate::internet::{HostId, OUTSIDE, OUTSIDE_SIX, Underlay};
use crate::options::Options;
use crate::ping::{Ip, Pinger};
use crate::report::{self, Leaver, LeftBy, Outside, Pings};
use crate::status;
use crate::stop::Stop;
use crate::watch::Watch;

/// How often the server outside is pinged when nothing is said.
const INTERVAL: Duration = Duration::from_millis(100);
/// How often users are asked by which exit they leave.
const LOOK: Duration = Duration::from_millis(500);

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
    clock: Clock,
    started: Time,
    /// When users were last asked by which exit they leave, and what they said, each time that it
    /// was something else.
    looked: Time,
    left_by: BTreeMap<HostId, Vec<LeftBy>>,
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
        let started = clock.now();
        Ok(Some(Self {
            pinger,
            server,
            exits,
            users,
            is_named: false,
            is_pinging: false,
            clock,
            started,
            looked: started,
            left_by: BTreeMap::new(),
        }))
    }

    /// Names the exits once they are known, and begins once everybody goes out through them.
    pub(crate) fn look(&mut self, watch: &Watch, hosts: &Hosts, stop: &Stop) -> anyhow::Result<()> {
        if self.clock.now().since(self.looked) >= LOOK {
            self.looked = self.clock.now();
            self.ask(watch, hosts);
        }
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

    /// Asks users by which exit they leave.
    fn ask(&mut self, watch: &Watch, hosts: &Hosts) {
        let prefix = |node: &HostId| watch.seen().get(node)?.status.prefix;
        let exits: Vec<_> = self.exits.iter().map(|exit| (*exit, prefix(exit))).collect();
        let at_s = report::rounded(self.looked.since(self.started).as_secs_f64());
        for user in &self.users {
            // Who does not answer says nothing new.
            let Ok(owner) = status::owner(&hosts.state(*user), self.server) else { continue };
            let its = |(_, prefix): &&(HostId, Option<Prefix>)| owner.is_some() && *prefix == owner;
            let exit = exits.iter().find(its).map(|(exit, _)| exit.0);
            let before = self.left_by.entry(*user).or_default();
            if before.last().map(|it| it.exit) != Some(exit) {
                before.push(LeftBy { at_s, exit });
            }
        }
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

    /// Returns how it went, reached `since` then, with what the server heard of whom, and by
    /// which exits users left; `medians` are the round trips between nodes.
    pub(crate) fn report(
        &self,
        since: Time,
        heard: &BTreeMap<HostId, u64>,
        medians: &BTreeMap<(HostId, HostId), Duration>,
    ) -> Outside {
        let reached: BTreeSet<HostId> =
            self.pinger.book().reachable(since).map(|(from, _)| from).collect();
        Outside {
            pairs: self.users.len(),
            reachable_pairs: self.users.iter().filter(|user| reached.contains(user)).count(),
            pings: Pings::of(&self.pinger.sum()),
            by_host: heard.iter().map(|(host, count)| (name(*host), *count)).collect(),
            users: self.users.iter().map(|user| self.leaver(*user, medians)).collect(),
        }
    }

    fn leaver(&self, user: HostId, medians: &BTreeMap<(HostId, HostId), Duration>) -> Leaver {
        let far = |exit: &HostId| Some((*exit, *medians.get(&(user, *exit))?));
        let ways: Vec<(HostId, Duration)> = self.exits.iter().filter_map(far).collect();
        Leaver {
            node: user.0,
            nearest: ways.iter().min_by_key(|(_, far)| *far).map(|(exit, _)| exit.0),
            rtt_ms: ways.iter().map(|(exit, far)| (name(*exit), report::ms(*far))).collect(),
            left_by: self.left_by.get(&user).cloned().unwrap_or_default(),
        }
    }
}
