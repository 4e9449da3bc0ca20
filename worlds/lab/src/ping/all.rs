//! The pingers of all families that are pinged, as one.

use std::net::IpAddr;
use std::time::Duration;

use linux::{Clock, Namespace};
use words::Time;

use super::book::FIRST;
use super::{Ip, Pinger, Sum, interval};
use crate::internet::HostId;
use crate::options::Family;

/// A pinger for each family.
#[derive(Debug)]
pub(crate) struct Pingers(Vec<Pinger>);

impl Pingers {
    /// Starts them, between these `pairs` of `nodes`; each pair is pinged as often as is
    /// `asked`, if it is.
    pub(crate) fn start(
        nodes: &[(HostId, &Namespace)],
        pairs: &[(HostId, HostId)],
        (family, asked, clock): (Family, Option<Duration>, Clock),
    ) -> anyhow::Result<Self> {
        let all: &[Ip] = match family {
            Family::Ipv6 => &[Ip::V6],
            Family::Ipv4 => &[Ip::V4],
            Family::Both => &[Ip::V6, Ip::V4],
        };
        let interval = interval(pairs.len() * all.len(), asked);
        let start = |ip: &Ip| Pinger::between(nodes, pairs.to_vec(), (interval, clock, *ip));
        Ok(Self(all.iter().map(start).collect::<Result<_, _>>()?))
    }

    /// Tells an address of a node in the mesh.
    pub(crate) fn address(&self, host: HostId, address: IpAddr) {
        self.0.iter().for_each(|it| it.address(host, address));
    }

    /// Closes all pairs of a node that is gone.
    pub(crate) fn close(&self, host: HostId) {
        self.0.iter().for_each(|it| it.close(host));
    }

    /// Opens the pairs of a node that is there again, with others that `is_there`.
    pub(crate) fn open(&self, host: HostId, is_there: impl Fn(HostId) -> bool) {
        self.0.iter().for_each(|it| it.open(host, &is_there));
    }

    /// Notes a great fault: from now on it is awaited that all pairs are answered again.
    pub(crate) fn broken(&self, now: Time) {
        self.0.iter().for_each(|it| it.book().broken(now));
    }

    /// Returns how long it took after the last great fault until every pair of every family had
    /// been answered again, if they have.
    pub(crate) fn full_again(&self) -> Option<Duration> {
        let longest = |most: Duration, it: &Pinger| Some(most.max(it.book().full_again()?));
        self.0.iter().try_fold(Duration::ZERO, longest)
    }

    /// Returns how long pairs were without an answer, each time that pings were lost.
    pub(crate) fn gaps(&self) -> Vec<Duration> {
        let lengths = |it: &Pinger| -> Vec<Duration> {
            it.book().gaps().iter().map(|gap| gap.to.since(gap.from)).collect()
        };
        self.0.iter().flat_map(lengths).collect()
    }

    /// Sends no more pings.
    pub(crate) fn quiet(&self) {
        self.0.iter().for_each(Pinger::quiet);
    }

    /// Tells whether nothing is being waited for.
    pub(crate) fn settled(&self) -> bool {
        self.0.iter().all(Pinger::settled)
    }

    /// Returns the sums over all pairs of all families.
    pub(crate) fn sum(&self) -> Sum {
        let add = |all: Sum, it: Sum| Sum { pairs: all.pairs + it.pairs, ..all.and(it) };
        self.0.iter().map(Pinger::sum).fold(Sum::default(), add)
    }

    /// Returns when every pair of every family had had an answer, if it has.
    pub(crate) fn full(&self) -> Option<Time> {
        self.0.iter().try_fold(Time::ZERO, |last, it| Some(last.max(it.book().full()?)))
    }

    /// Returns the pairs that answered a ping sent at `since` or later, once for each family.
    pub(crate) fn reachable(&self, since: Time) -> Vec<(HostId, HostId)> {
        self.0.iter().flat_map(|it| it.book().reachable(since).collect::<Vec<_>>()).collect()
    }

    /// Returns the first pings that were lost: from, to, and when they were sent.
    pub(crate) fn first_lost(&self) -> Vec<(HostId, HostId, Time)> {
        let mut all: Vec<_> =
            self.0.iter().flat_map(|it| it.book().first_lost().to_vec()).collect();
        all.sort_by_key(|(_, _, sent)| *sent);
        all.truncate(FIRST);
        all
    }

    /// Returns the longest gap of the pairs of `node`.
    pub(crate) fn longest_gap(&self, node: HostId) -> Duration {
        self.0.iter().map(|it| it.book().longest_gap(node)).max().unwrap_or_default()
    }

    /// Returns the longest gap of the pairs of two of `nodes`.
    pub(crate) fn longest_gap_among(&self, nodes: &[HostId]) -> Duration {
        self.0.iter().map(|it| it.book().longest_gap_among(nodes)).max().unwrap_or_default()
    }

    /// Returns all pairs that are there, once for each family.
    pub(crate) fn pairs(&self) -> Vec<(HostId, HostId)> {
        self.0.iter().flat_map(|it| it.book().pairs().collect::<Vec<_>>()).collect()
    }

    /// Returns the median round trip of each pair that had a success.
    pub(crate) fn medians(&self) -> Vec<((HostId, HostId), Duration)> {
        self.0.iter().flat_map(|it| it.book().medians().collect::<Vec<_>>()).collect()
    }

    /// Returns the time between two pings of a pair.
    pub(crate) fn interval(&self) -> Duration {
        self.0.first().map(Pinger::interval).unwrap_or_default()
    }

    /// Returns how long a pair may be without an answered ping and still be called reachable.
    pub(crate) fn lately(&self) -> Duration {
        self.0.first().map(Pinger::lately).unwrap_or_default()
    }
}
