//! What of this machine is announced: its routes and addresses, by rules.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use babel::{Key, Metric};
use linux::KernelRoute;
use words::Prefix;

use crate::config::Redistribute;
use crate::kernel::BABEL;
use crate::rule::{Subject, Verdict};

/// The kernel's main table, the one that is announced from.
const MAIN: u32 = 254;
/// Routes that a router's ICMP message made: nobody's wish.
const REDIRECT: u8 = 1;

/// Where an offer comes from; two may offer one range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// A route of this metric.
    Route(u32),
    /// An address of this interface.
    Address(u32),
}

/// What this machine offers, and what of it is announced.
#[derive(Debug, Default)]
pub(crate) struct Offers {
    rules: Vec<Redistribute>,
    by_range: BTreeMap<Key, BTreeMap<Origin, Metric>>,
    announced: BTreeMap<Key, Metric>,
    dirty: BTreeSet<Key>,
}

impl Offers {
    /// Returns an account that holds nothing yet.
    pub(crate) fn by(rules: Vec<Redistribute>) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Forgets what is offered; what is offered again before the next
    /// [`changes`](Self::changes) is as if it had never gone.
    pub(crate) fn forget(&mut self) {
        self.dirty.extend(std::mem::take(&mut self.by_range).into_keys());
    }

    /// Takes in a route of the kernel, by the name of its interface, or that it is gone.
    pub(crate) fn route(&mut self, route: &KernelRoute, interface: Option<&str>, gone: bool) {
        let ours = matches!(route.protocol, BABEL | REDIRECT) || route.table != MAIN;
        if ours || self.rules.is_empty() || is_martian(route.to) {
            return;
        }
        let key = Key::from_to(route.from, route.to);
        let subject = Subject { key, interface, protocol: Some(route.protocol) };
        let metric = self.judge(false, subject).filter(|_| !gone);
        self.set(key, Origin::Route(route.metric), metric);
    }

    /// Takes in an address of this machine, by its interface, or that it is gone.
    pub(crate) fn address(&mut self, (device, name): (u32, &str), own: IpAddr, gone: bool) {
        let prefix = match own {
            IpAddr::V4(four) => Prefix::ipv4(four, 32),
            IpAddr::V6(six) => Prefix::new(six.to_bits(), 128),
        };
        if self.rules.is_empty() || is_martian(prefix) {
            return;
        }
        let key = Key::to(prefix);
        let subject = Subject { key, interface: Some(name), protocol: None };
        let metric = self.judge(true, subject).filter(|_| !gone);
        self.set(key, Origin::Address(device), metric);
    }

    fn judge(&self, local: bool, subject: Subject<'_>) -> Option<Metric> {
        let rules = self.rules.iter().filter(|rule| rule.local == local).map(|rule| &rule.rule);
        match rules.into_iter().find(|rule| rule.fits(subject))?.verdict {
            Verdict::Allow(metric) => Some(Metric(u16::try_from(metric.unwrap_or(0)).ok()?)),
            Verdict::Deny => None,
        }
    }

    fn set(&mut self, key: Key, origin: Origin, metric: Option<Metric>) {
        let offers = self.by_range.entry(key).or_default();
        match metric {
            Some(metric) => offers.insert(origin, metric),
            None => offers.remove(&origin),
        };
        if offers.is_empty() {
            self.by_range.remove(&key);
        }
        self.dirty.insert(key);
    }

    /// Returns what changed since the last time: the metric of a range, or that it is gone.
    pub(crate) fn changes(&mut self) -> Vec<(Key, Option<Metric>)> {
        let mut changes = Vec::new();
        for key in std::mem::take(&mut self.dirty) {
            let best = self.by_range.get(&key).and_then(|offers| offers.values().min().copied());
            let before = match best {
                Some(metric) => self.announced.insert(key, metric),
                None => self.announced.remove(&key),
            };
            if before != best {
                changes.push((key, best));
            }
        }
        changes
    }
}

/// Tells whether a range is never routed, in all or in part (RFC 8966 §4.6.9 and rule T7).
fn is_martian(prefix: Prefix) -> bool {
    let ranges: [(Ipv6Addr, u8); 6] = [
        ("fe80::".parse().unwrap_or(Ipv6Addr::UNSPECIFIED), 10),
        ("ff00::".parse().unwrap_or(Ipv6Addr::UNSPECIFIED), 8),
        (Ipv6Addr::LOCALHOST, 128),
        (std::net::Ipv4Addr::new(127, 0, 0, 0).to_ipv6_mapped(), 104),
        (std::net::Ipv4Addr::new(169, 254, 0, 0).to_ipv6_mapped(), 112),
        (std::net::Ipv4Addr::new(224, 0, 0, 0).to_ipv6_mapped(), 100),
    ];
    ranges.iter().any(|(first, length)| Prefix::new(first.to_bits(), *length).covers(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use linux::Via;

    fn offers(rules: &[&str]) -> Offers {
        Offers::by(rules.iter().map(|rule| rule.parse().unwrap()).collect())
    }

    fn route(to: &str, protocol: u8) -> KernelRoute {
        let Key { prefix: to, source: from } = to.parse().unwrap();
        let (table, metric, via) = (MAIN, 0, Via::Unreachable);
        KernelRoute { to, from, via, table, metric, protocol, preferred_source: None }
    }

    fn named(key: &str) -> Key {
        key.parse().unwrap()
    }

    #[test]
    fn without_rules_nothing_is_announced() {
        let mut offers = offers(&[]);
        offers.route(&route("10.0.0.0/8", 4), None, false);
        offers.address((1, "lo"), "10.0.0.1".parse().unwrap(), false);
        assert_eq!(offers.changes(), []);
    }

    #[test]
    fn addresses_are_asked_for_by_their_own_rules() {
        let mut routes = offers(&["10.0.0.0/8"]);
        routes.address((1, "lo"), "10.0.0.1".parse().unwrap(), false);
        assert_eq!(routes.changes(), []);
        let mut addresses = offers(&["local interface lo metric 5"]);
        addresses.route(&route("10.0.0.0/8", 4), Some("lo"), false);
        for own in ["fe80::1", "127.0.0.1", "::1", "10.0.0.1", "fd00::1"] {
            addresses.address((1, "lo"), own.parse().unwrap(), false);
        }
        addresses.address((2, "eth0"), "10.0.0.2".parse().unwrap(), false);
        let told =
            [(named("10.0.0.1/32"), Some(Metric(5))), (named("fd00::1/128"), Some(Metric(5)))];
        assert_eq!(addresses.changes(), told);
    }

    #[test]
    fn routes_of_our_own_protocol_are_never_announced() {
        let mut offers = offers(&["0.0.0.0/0"]);
        offers.route(&route("10.0.0.0/8", BABEL), None, false);
        offers.route(&route("10.0.0.0/8", REDIRECT), None, false);
        offers.route(&KernelRoute { table: 7, ..route("10.0.0.0/8", 4) }, None, false);
        assert_eq!(offers.changes(), []);
    }

    #[test]
    fn the_best_of_several_offers_is_announced_until_the_last_is_gone() {
        let mut offers = offers(&["protocol static metric 9", "0.0.0.0/0 metric 20"]);
        let (fixed, boot) = (route("10.0.0.0/8", 4), route("10.0.0.0/8", 3));
        let boot = KernelRoute { metric: 7, ..boot };
        let range = named("10.0.0.0/8");
        offers.route(&boot, None, false);
        assert_eq!(offers.changes(), [(range, Some(Metric(20)))]);
        offers.route(&fixed, None, false);
        assert_eq!(offers.changes(), [(range, Some(Metric(9)))]);
        offers.route(&fixed, None, true);
        assert_eq!(offers.changes(), [(range, Some(Metric(20)))]);
        offers.route(&boot, None, true);
        assert_eq!(offers.changes(), [(range, None)]);
    }

    #[test]
    fn what_is_offered_again_never_left() {
        let mut offers = offers(&["0.0.0.0/0"]);
        offers.route(&route("10.0.0.0/8", 4), None, false);
        offers.changes();
        offers.forget();
        offers.route(&route("10.0.0.0/8", 4), None, false);
        assert_eq!(offers.changes(), []);
        offers.forget();
        assert_eq!(offers.changes(), [(named("10.0.0.0/8"), None)]);
    }
}
