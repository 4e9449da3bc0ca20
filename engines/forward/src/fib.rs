//! The forwarding table: one immutable snapshot of what routing decided.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

use words::routing::Range;
use words::{LinkId, Prefix};

/// Where packets for a range go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// To the other end of a link.
    Link(LinkId),
    /// To our own kernel.
    Local,
    /// To our own kernel, to be sent on: we are the way out of the network.
    Exit,
    /// Nowhere, although a larger range might have a way.
    Unreachable,
}

/// What the forwarder knows of its own node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    /// The source of our ICMP messages about IPv6.
    pub ipv6: Ipv6Addr,
    /// The source of our ICMP messages about IPv4; a node without IPv4 address uses 192.0.0.8.
    ///
    /// Source: RFC 7600 §4.8.
    pub ipv4: Option<Ipv4Addr>,
    /// The longest packet a link carries, octets; below 1280 means 1280.
    ///
    /// Source: RFC 8200 §5.
    pub mtu: u16,
}

/// Ranges and where they go. The longest range that holds the destination decides; of those
/// for some senders only, the longest that holds the sender (RFC 9079 §4).
///
/// IPv4 ranges are in it as `::ffff:a.b.c.d/96+n`; ranges shorter than 96 bits say
/// nothing about IPv4, so an IPv6 default route does not attract it.
#[derive(Clone, Debug)]
pub struct Table {
    own: Own,
    /// Longest first.
    levels: Vec<Level>,
    lets_out: bool,
}

/// All ranges of one length, for senders in ranges of one length.
#[derive(Clone, Debug)]
struct Level {
    /// Bits of the destinations, and of the senders.
    lengths: (u8, u8),
    /// In order of their first addresses: of the destinations, of the senders.
    ranges: Vec<((u128, u128), Target)>,
}

impl Table {
    /// Builds a table; of two equal ranges, the later one counts.
    pub fn new<R: Into<Range>>(own: Own, ranges: impl IntoIterator<Item = (R, Target)>) -> Self {
        let mut levels = BTreeMap::<(u8, u8), BTreeMap<(u128, u128), Target>>::new();
        for (range, target) in ranges {
            let Range { to, from } = range.into();
            let level = levels.entry((to.length(), from.length())).or_default();
            level.insert((to.bits(), from.bits()), target);
        }
        let lets_out = levels.values().any(|ranges| ranges.values().any(|to| *to == Target::Exit));
        let level = |(lengths, ranges)| Level { lengths, ranges: Vec::from_iter(ranges) };
        let own = Own { mtu: own.mtu.max(1280), ..own };
        Self { own, levels: levels.into_iter().rev().map(level).collect(), lets_out }
    }

    /// Tells whether we are a way out of the network for anybody.
    pub const fn lets_out(&self) -> bool {
        self.lets_out
    }

    /// Returns where packets for `address` go, whoever sends them; `None` if no range holds it.
    pub fn lookup(&self, address: Ipv6Addr) -> Option<Target> {
        let anybody = self.levels_for(address).filter(|level| level.lengths.1 == 0);
        anybody.into_iter().find_map(|level| level.get(Ipv6Addr::UNSPECIFIED, address))
    }

    /// Returns where packets from `source` to `destination` go; `None` if no range holds them.
    pub fn route(&self, source: Ipv6Addr, destination: Ipv6Addr) -> Option<Target> {
        self.levels_for(destination).find_map(|level| level.get(source, destination))
    }

    /// Returns the levels that say anything about `address`, longest destinations first.
    fn levels_for(&self, address: Ipv6Addr) -> impl Iterator<Item = &Level> {
        let shortest = if address.to_ipv4_mapped().is_some() { MAPPED } else { 0 };
        self.levels.iter().take_while(move |level| level.lengths.0 >= shortest)
    }

    /// Returns what it knows of its own node.
    pub const fn own(&self) -> &Own {
        &self.own
    }

    /// Returns how many ranges it holds.
    pub fn len(&self) -> usize {
        self.levels.iter().map(|level| level.ranges.len()).sum()
    }

    /// Tells whether it holds no range.
    pub const fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }
}

impl Level {
    fn get(&self, source: Ipv6Addr, destination: Ipv6Addr) -> Option<Target> {
        let (to, from) = self.lengths;
        let first = (
            Prefix::new(destination.to_bits(), to).bits(),
            Prefix::new(source.to_bits(), from).bits(),
        );
        let found = self.ranges.binary_search_by_key(&first, |range| range.0).ok()?;
        self.ranges.get(found).map(|range| range.1)
    }
}

const MAPPED: u8 = 96;

/// Returns an IPv4 address as the table knows it: `::ffff:a.b.c.d`.
pub const fn mapped(address: Ipv4Addr) -> Ipv6Addr {
    address.to_ipv6_mapped()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn table(ranges: Vec<(Prefix, Target)>) -> Table {
        Table::new(Own { ipv6: Ipv6Addr::LOCALHOST, ipv4: None, mtu: 1420 }, ranges)
    }

    #[test]
    fn the_longest_range_decides_and_an_exclusion_excludes() {
        let link = |n| Target::Link(LinkId::ours(n));
        let table = table(vec![
            ("fd00::/16".parse().unwrap(), link(1)),
            ("fd00:1::/32".parse().unwrap(), Target::Unreachable),
            ("fd00:1:2::/48".parse().unwrap(), link(2)),
        ]);
        let lookup = |text: &str| table.lookup(text.parse().unwrap());
        assert_eq!(lookup("fd00:9::1"), Some(link(1)));
        assert_eq!(lookup("fd00:1:9::1"), Some(Target::Unreachable));
        assert_eq!(lookup("fd00:1:2:3::1"), Some(link(2)));
        assert_eq!(lookup("2001:db8::1"), None);
        assert_eq!((table.len(), table.is_empty()), (3, false));
    }

    #[test]
    fn a_range_for_some_senders_is_for_no_other() {
        let range =
            |to: &str, from: &str| Range { to: to.parse().unwrap(), from: from.parse().unwrap() };
        let own = Own { ipv6: Ipv6Addr::LOCALHOST, ipv4: None, mtu: 1420 };
        let table = Table::new(
            own,
            [
                (range("::/0", "fd00::/48"), Target::Link(LinkId::ours(1))),
                (range("::/0", "fd00:0:0:7::/64"), Target::Exit),
                (range("fd00::/48", "::/0"), Target::Unreachable),
                (range("0.0.0.0/0", "10.42.0.0/16"), Target::Link(LinkId::ours(2))),
            ],
        );
        let route = |from: &str, to: &str| table.route(from.parse().unwrap(), to.parse().unwrap());
        assert_eq!(route("fd00::1", "2001:db8::1"), Some(Target::Link(LinkId::ours(1))));
        assert_eq!(route("fd00:0:0:7::1", "2001:db8::1"), Some(Target::Exit));
        assert_eq!(route("2001:db8::2", "2001:db8::1"), None);
        // The longest destination decides, whoever the sender is.
        assert_eq!(route("fd00::1", "fd00::9"), Some(Target::Unreachable));
        let four = |from: [u8; 4], to: [u8; 4]| table.route(mapped(from.into()), mapped(to.into()));
        let inside = four([10, 42, 3, 1], [192, 0, 2, 1]);
        assert_eq!(inside, Some(Target::Link(LinkId::ours(2))));
        assert_eq!(four([10, 43, 3, 1], [192, 0, 2, 1]), None);
        assert_eq!(table.lookup("2001:db8::1".parse().unwrap()), None);
    }

    #[test]
    fn a_default_route_of_ipv6_does_not_attract_ipv4() {
        let four = mapped(Ipv4Addr::new(10, 1, 2, 3));
        let mut ranges = vec![(Prefix::ALL, Target::Local)];
        assert_eq!(table(ranges.clone()).lookup(four), None);
        ranges.push((Prefix::new(four.to_bits(), 96 + 8), Target::Unreachable));
        assert_eq!(table(ranges).lookup(four), Some(Target::Unreachable));
    }

    proptest! {
        #[test]
        fn the_longest_match_is_that_of_a_naive_model(
            ranges in prop::collection::vec((0_u8..16, 0_u8..=8, 0_u32..9), 0..40),
            address in any::<u8>(),
        ) {
            // Few bits, so that ranges nest and repeat.
            let ranges: Vec<_> = ranges
                .into_iter()
                .map(|(bits, length, n)| {
                    (Prefix::new(u128::from(bits) << 124, length), Target::Link(LinkId(n)))
                })
                .collect();
            let address = Ipv6Addr::from_bits(u128::from(address) << 120);
            let mut best: Option<(Prefix, Target)> = None;
            for (range, target) in &ranges {
                let longer = best.is_none_or(|best| range.length() >= best.0.length());
                if range.contains(address) && longer {
                    best = Some((*range, *target));
                }
            }
            prop_assert_eq!(table(ranges).lookup(address), best.map(|best| best.1));
        }
    }
}
