//! Where others see us: only what two of them say alike, and most of them.
//!
//! Behind a NAT that has one outside port for one inside port, whoever it talks to, all say the
//! same, and that is where we can be met. Behind one that has a port for each, no two do.
//!
//! One liar, however often it speaks, is one witness.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use words::{NodeId, Time};

use crate::{Authority, Gossip, Output};

/// How long what a node said counts; whom we have an arrow to says it every two minutes.
const LIFE: Duration = Duration::from_mins(5);
/// How many must agree.
const AGREE: usize = 2;
/// How many nodes are listened to.
const MOST: usize = 128;

/// What each node said last of where it sees us.
#[derive(Debug, Default)]
pub(crate) struct Witnesses {
    said: BTreeMap<NodeId, (SocketAddr, Time)>,
    /// What was told last.
    told: Vec<SocketAddr>,
}

impl Witnesses {
    /// Notes what `node` says; who spoke longest ago makes room. One on our LAN does not see us
    /// from outside.
    pub(crate) fn note(&mut self, node: NodeId, at: SocketAddr, now: Time) {
        if matches!(at.ip(), IpAddr::V6(ip) if ip.is_unicast_link_local()) {
            return;
        }
        self.said.insert(node, (at, now));
        if self.said.len() > MOST
            && let Some(oldest) = self.said.iter().min_by_key(|(_, (_, when))| *when)
        {
            let oldest = *oldest.0;
            self.said.remove(&oldest);
        }
    }

    /// Forgets what was said: we are elsewhere.
    pub(crate) fn forget(&mut self) {
        self.said.clear();
    }

    /// Returns where we are seen, if it is not what was told last.
    fn news(&mut self, now: Time) -> Option<Vec<SocketAddr>> {
        self.said.retain(|_, (_, when)| now.since(*when) < LIFE);
        let seen: Vec<_> = [true, false].into_iter().filter_map(|six| self.agreed(six)).collect();
        (seen != self.told).then(|| {
            self.told.clone_from(&seen);
            seen
        })
    }

    /// Returns the address on which most witnesses of one family agree.
    fn agreed(&self, six: bool) -> Option<SocketAddr> {
        let mut votes = BTreeMap::<SocketAddr, usize>::new();
        for (at, _) in self.said.values().filter(|(at, _)| at.is_ipv6() == six) {
            *votes.entry(*at).or_default() += 1;
        }
        let all: usize = votes.values().sum();
        let wins = |votes: usize| votes >= AGREE && votes * 2 > all;
        votes.into_iter().find(|(_, votes)| wins(*votes)).map(|(at, _)| at)
    }
}

impl<A: Authority> Gossip<A> {
    /// Says where others see us, if that changed.
    pub(crate) fn tell_seen(&mut self, now: Time) {
        if let Some(seen) = self.witnesses.news(now) {
            self.say(Output::Seen(seen));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use words::Prefix;

    fn node(n: u16) -> NodeId {
        NodeId(Prefix::new(u128::from(n) << 64, 64))
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn after(seconds: u64) -> Time {
        Time::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn what_one_node_says_is_nothing_and_what_two_say_alike_is_told_once() {
        let mut witnesses = Witnesses::default();
        let here = at("203.0.113.5:4711");
        for second in 0..10 {
            witnesses.note(node(1), here, after(second));
            assert_eq!(witnesses.news(after(second)), None);
        }
        witnesses.note(node(2), here, after(10));
        assert_eq!(witnesses.news(after(10)), Some(vec![here]));
        assert_eq!(witnesses.news(after(11)), None);
    }

    #[test]
    fn two_liars_among_four_convince_nobody() {
        let mut witnesses = Witnesses::default();
        let (here, lie) = (at("203.0.113.5:4711"), at("198.51.100.9:53"));
        for (n, said) in [(1, lie), (2, lie), (3, here), (4, here)] {
            witnesses.note(node(n), said, after(1));
        }
        assert_eq!(witnesses.news(after(1)), None);
        witnesses.note(node(5), here, after(2));
        assert_eq!(witnesses.news(after(2)), Some(vec![here]));
    }

    #[test]
    fn a_port_for_each_far_end_is_no_address() {
        let mut witnesses = Witnesses::default();
        for n in 0..10 {
            witnesses.note(node(n), SocketAddr::from(([203, 0, 113, 5], 1_000 + n)), after(1));
        }
        assert_eq!(witnesses.news(after(1)), None);
    }

    #[test]
    fn each_family_has_its_own_majority() {
        let mut witnesses = Witnesses::default();
        let (four, six) = (at("203.0.113.5:4711"), at("[2001:db8::5]:6326"));
        for (n, said) in [(1, four), (2, four), (3, six), (4, six), (5, six)] {
            witnesses.note(node(n), said, after(1));
        }
        assert_eq!(witnesses.news(after(1)), Some(vec![six, four]));
    }

    #[test]
    fn who_is_elsewhere_is_no_longer_seen_where_it_was() {
        let mut witnesses = Witnesses::default();
        let (here, there) = (at("203.0.113.5:4711"), at("192.0.2.8:6326"));
        for n in [1, 2] {
            witnesses.note(node(n), here, after(0));
        }
        assert_eq!(witnesses.news(after(0)), Some(vec![here]));
        witnesses.forget();
        for n in [1, 2] {
            witnesses.note(node(n), there, after(1));
        }
        assert_eq!(witnesses.news(after(1)), Some(vec![there]));
        assert_eq!(witnesses.news(after(301)), Some(vec![]), "nobody has said so for 5 minutes");
    }

    #[test]
    fn so_many_are_listened_to_and_no_more() {
        let mut witnesses = Witnesses::default();
        for n in 0..1_000 {
            witnesses.note(node(n), at("203.0.113.5:1"), after(n.into()));
        }
        assert_eq!(witnesses.said.len(), MOST);
    }
}
