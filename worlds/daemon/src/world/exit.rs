//! This node as a way out of the network for others.
//!
//! ```text
//! member ─► mesh ─► re6st0 ─► kernel: forward, masquerade ─► Internet
//! ```
//!
//! Offered while the machine has a way of its own, the network names this node as an exit, and
//! the kernel does its part; else it is withdrawn, and members take another one.

use std::collections::BTreeMap;

use forward::Target;
use linux::Masquerade;
use node::Input;
use words::Prefix;
use words::routing::Range;

use super::World;
use crate::config;
use crate::interface::Device;
use crate::uplink::Uplink;

/// What this node offers as an exit.
#[derive(Debug, Default)]
pub(crate) struct Exit {
    config: config::Exit,
    uplink: Uplink,
    /// The ways that are open, and what of the kernel is held for them.
    open: BTreeMap<Range, Option<Masquerade>>,
    /// What was told to the operator last.
    said: &'static str,
}

impl Exit {
    pub(crate) fn new(config: config::Exit) -> Self {
        Self { config, ..Self::default() }
    }

    /// Returns the ways that are open, for status.
    pub(super) fn open(&self) -> impl Iterator<Item = &Range> {
        self.open.keys()
    }

    /// Returns what is offered to whom, as far as the configuration and the machine go.
    fn offered(&self, network: Prefix, ipv4: Option<Prefix>) -> Vec<Range> {
        let from = |network: Prefix| {
            let inside = |range: &&Prefix| network.covers(**range);
            self.config.from.iter().find(inside).copied().unwrap_or(network)
        };
        let six = self.uplink.ipv6.then(|| Range { to: Prefix::ALL, from: from(network) });
        let four = ipv4.filter(|_| self.uplink.ipv4);
        let four = four.map(|network| Range { to: Prefix::ALL_IPV4, from: from(network) });
        six.into_iter().chain(four).collect()
    }
}

impl World {
    /// Takes in whether the machine has a way of its own.
    pub(super) fn has_uplink(&mut self, uplink: Uplink) {
        tracing::info!(ipv4 = uplink.ipv4, ipv6 = uplink.ipv6, "the way out of this machine");
        self.exit.uplink = uplink;
        self.review_exit();
    }

    /// Opens and closes ways out, as things are now.
    pub(super) fn review_exit(&mut self) {
        let plan = self.node.parameters().ipv4;
        let mut wanted = self.exit.offered(self.identity.network(), plan.map(|plan| plan.network));
        if !wanted.is_empty() && !self.node.parameters().exits.contains(&self.node.me()) {
            self.say_of_exit(
                "this node offers a way out, and the network does not name it as an exit: \
                 re6st registry parameters --exits",
            );
            wanted.clear();
        }
        let open: Vec<Range> = self.exit.open.keys().copied().collect();
        for range in open.into_iter().filter(|range| !wanted.contains(range)) {
            self.close_exit(range);
        }
        for range in wanted {
            if !self.exit.open.contains_key(&range) {
                self.open_exit(range);
            }
        }
    }

    fn open_exit(&mut self, range: Range) {
        match prepare(&self.exit.config, &self.device, range) {
            Ok(held) => {
                self.exit.open.insert(range, held);
                self.exit.said = "";
                for (to, target) in ways(&self.exit.config, range) {
                    self.plane.set_fixed(to, Some(target));
                }
                self.tell(&Input::Announce(range));
                tracing::info!(%range, "this node is an exit");
                warn_of_firewall(range, self.device.name());
            }
            Err(error) => {
                self.tally.note("exit-failed");
                tracing::warn!(%error, %range, "this node cannot be an exit");
            }
        }
    }

    fn close_exit(&mut self, range: Range) {
        self.tell(&Input::Withdraw(range));
        for (to, _) in ways(&self.exit.config, range) {
            self.plane.set_fixed(to, None);
        }
        self.exit.open.remove(&range);
        tracing::info!(%range, "this node is no exit any more");
    }

    /// Tells the operator once.
    fn say_of_exit(&mut self, what: &'static str) {
        if self.exit.said != what {
            self.exit.said = what;
            tracing::warn!("{what}");
        }
    }
}

/// Has the kernel forward and masquerade; returns what must be held for it.
fn prepare(
    config: &config::Exit,
    device: &Device,
    range: Range,
) -> Result<Option<Masquerade>, linux::Error> {
    let four = range.to.as_ipv4().is_some();
    linux::sysctl::forward(four)?;
    if !config.masquerade {
        return Ok(None);
    }
    Masquerade::start(range.from, device.index(), device.name()).map(Some)
}

/// Names the chains of the operator's firewall that may drop what this exit forwards. They are
/// the operator's: nothing is changed there.
fn warn_of_firewall(range: Range, device: &str) {
    match linux::firewall::forward_drops(range.to.as_ipv4().is_some()) {
        Ok(chains) => {
            for chain in chains {
                tracing::warn!(
                    "the firewall drops what this machine forwards, unless a rule lets it pass: if \
                     there is none yet, `nft add rule {chain} iifname {device} accept` and \
                     `nft add rule {chain} oifname {device} ct state established,related accept`"
                );
            }
        }
        Err(error) => tracing::debug!(%error, "it is not known what the firewall does"),
    }
}

/// Returns what goes where while a way is open: out, but for what is no address of the
/// Internet, unless it is allowed.
fn ways(config: &config::Exit, range: Range) -> Vec<(Range, Target)> {
    let inside = if range.to.as_ipv4().is_some() { &PRIVATE4[..] } else { &PRIVATE6 };
    let closed = inside.iter().filter(|_| !config.private);
    let closed = closed.map(|to| (Range { to: *to, ..range }, Target::Unreachable));
    closed.chain([(range, Target::Exit)]).collect()
}

/// Addresses of somebody's own networks: RFC 1918, RFC 6598.
const PRIVATE4: [Prefix; 4] = [
    Prefix::ipv4(std::net::Ipv4Addr::new(10, 0, 0, 0), 8),
    Prefix::ipv4(std::net::Ipv4Addr::new(172, 16, 0, 0), 12),
    Prefix::ipv4(std::net::Ipv4Addr::new(192, 168, 0, 0), 16),
    Prefix::ipv4(std::net::Ipv4Addr::new(100, 64, 0, 0), 10),
];

/// The same of IPv6: RFC 4193.
const PRIVATE6: [Prefix; 1] = [Prefix::new(0xfc << 120, 7)];

#[cfg(test)]
mod tests {
    use super::*;

    fn range(to: &str, from: &str) -> Range {
        Range { to: to.parse().unwrap(), from: from.parse().unwrap() }
    }

    #[test]
    fn a_way_is_offered_as_far_as_there_is_one() {
        let networks = ("fd00:42::/48".parse().unwrap(), "10.42.0.0/16".parse().unwrap());
        let mut exit = Exit::new(config::Exit {
            from: vec!["10.42.8.0/21".parse().unwrap(), "192.0.2.0/24".parse().unwrap()],
            ..config::Exit::default()
        });
        assert_eq!(exit.offered(networks.0, Some(networks.1)), []);
        exit.uplink = Uplink { ipv4: true, ipv6: true };
        let (six, four) = (range("::/0", "fd00:42::/48"), range("0.0.0.0/0", "10.42.8.0/21"));
        assert_eq!(exit.offered(networks.0, Some(networks.1)), [six, four]);
        assert_eq!(exit.offered(networks.0, None), [six], "the network has no IPv4");
    }

    #[test]
    fn what_is_private_stays_private_unless_it_is_allowed() {
        let out = range("0.0.0.0/0", "10.42.0.0/16");
        let mut config = config::Exit::default();
        let all = ways(&config, out);
        let closed = (range("192.168.0.0/16", "10.42.0.0/16"), Target::Unreachable);
        assert!(all.contains(&closed) && all.contains(&(out, Target::Exit)));
        config.private = true;
        assert_eq!(ways(&config, out), [(out, Target::Exit)]);
    }
}
