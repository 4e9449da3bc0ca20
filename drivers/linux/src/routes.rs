//! Routes of the kernel's tables, of both families: many changes at once, each without a gap.

use std::io;
use std::net::IpAddr;

use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use words::Prefix;

use crate::Error;
use crate::requests::Requests;
use crate::route_message::{answered, question};
use crate::talk::{Talk, remedy};

/// How many changes are told by one system call.
const AT_ONCE: usize = 256;

/// A route of the kernel.
///
/// Ranges of IPv4 are written inside [`Prefix::ALL_IPV4`]: `10.0.0.0/8` is `::ffff:10.0.0.0/104`. A
/// route is IPv4 if and only if [`to`](Self::to) lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelRoute {
    /// Where packets go that it is for.
    pub to: Prefix,
    /// Where packets come from that it is for (RFC 9079); [`Prefix::ALL`] means from anywhere.
    /// IPv6 only, and only by a kernel with `CONFIG_IPV6_SUBTREES`.
    pub from: Prefix,
    /// The way there.
    pub via: Via,
    /// The table, 1 to `u32::MAX`; 254 is the main one.
    pub table: u32,
    /// The lower, the better. For IPv6, the kernel turns 0 into 1024.
    pub metric: u32,
    /// Who made it: 42 is Babel. It does not tell routes apart: two protocols' routes with one
    /// range, table and metric replace each other.
    pub protocol: u8,
    /// The address our own packets leave with; none lets the kernel choose.
    pub preferred_source: Option<IpAddr>,
}

impl KernelRoute {
    /// Tells whether it is a route of IPv4.
    pub const fn is_ipv4(&self) -> bool {
        Prefix::ALL_IPV4.covers(self.to)
    }
}

/// The way a route leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// To a next hop.
    Hop {
        /// The interface, as the kernel numbers it.
        device: u32,
        /// The next hop; unspecified, of either family, means that all of the range is on the
        /// link itself (the kernel's own is told unspecified of the route's family). For an
        /// IPv4 route it may be an IPv6 address (RFC 9229).
        address: IpAddr,
        /// The next hop is on the link even if no address of ours says so.
        onlink: bool,
    },
    /// Nowhere: who sends there is told that it cannot be reached.
    Unreachable,
    /// Some other way, which others made and we do not: several next hops, our own addresses,
    /// tunnels, silence.
    Other,
}

/// A change of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Let this be the one route to its range, from its range, in its table, with its metric:
    /// it is added, or replaces the one that was there.
    Put(KernelRoute),
    /// Let this route not be there. One that differs in anything but the preferred source (and
    /// `onlink`) stays; with [`Via::Other`], the way does not matter, and with metric 0 the
    /// metric does not.
    Remove(KernelRoute),
}

/// A conversation with the kernel about the routes of the network namespace in which it was
/// opened. It waits for the kernel's answers, which come at once.
#[derive(Debug)]
pub struct RouteTables {
    talk: Talk,
    requests: Requests,
}

impl RouteTables {
    /// Opens the conversation, in the network namespace of the calling thread.
    ///
    /// # Errors
    ///
    /// If the process has too many open files or netlink is forbidden to it.
    pub fn open() -> Result<Self, Error> {
        let requests = Requests::default();
        Talk::open().map(|talk| Self { talk, requests })
    }

    /// Makes `changes`, in this order, and returns those that failed, by position.
    ///
    /// A route that takes the place of another does so in one step, unreachable ones too: a
    /// list has always exactly one of them, and packets go the old way or the new one. Measured
    /// on Linux 6.18 under an unceasing hail of changes and look-ups, one look-up in some
    /// 200 000 finds no way even so. The kernel is less careful with source-specific routes to
    /// a range that has no route from anywhere in the same table: there, of a thousand changes,
    /// 2 (a /48) to 20 (the default route) let a look-up find no way. To remove a route that is
    /// not there is no failure. A failure hinders no other change.
    ///
    /// Removals are exact, so what is put may precede or follow what it replaces: the new
    /// route stays.
    ///
    /// # Errors
    ///
    /// Per change: no right to, no such interface or it is down, a next hop that is not on the
    /// link, or [`Via::Other`], which only the kernel can make.
    pub fn apply(&mut self, changes: &[Change]) -> Vec<(usize, Error)> {
        let mut failures = Vec::new();
        for (batch, changes) in changes.chunks(AT_ONCE).enumerate() {
            let first = batch * AT_ONCE;
            let failed = self.apply_some(changes).into_iter();
            failures.extend(failed.map(|(position, error)| (first + position, error)));
        }
        failures
    }

    fn apply_some(&mut self, changes: &[Change]) -> Vec<(usize, Error)> {
        let mut failures = Vec::new();
        let mut positions = Vec::with_capacity(changes.len());
        self.requests.clear();
        for (position, change) in changes.iter().enumerate() {
            if self.requests.push(change) {
                positions.push(position);
            } else {
                let error = io::Error::from_raw_os_error(libc::EINVAL);
                let only = |_| "only next hops and unreachable routes can be made";
                failures.push((position, Error::new(doing(change), error).advised(only)));
            }
        }
        let failed = |position: usize, error: io::Error| {
            let change = changes.get(position)?;
            let gone = matches!(change, Change::Remove(_))
                && matches!(error.raw_os_error(), Some(libc::ESRCH | libc::ENODEV));
            let error = || Error::new(doing(change), error).advised(remedy);
            (!gone).then(|| (position, error()))
        };
        match self.talk.say(self.requests.octets()) {
            Ok(refused) => failures.extend(
                refused
                    .into_iter()
                    .filter_map(|(said, error)| failed(*positions.get(said)?, error)),
            ),
            Err(error) => failures.extend(positions.iter().filter_map(|&position| {
                let again = io::Error::from_raw_os_error(error.raw_os_error().unwrap_or(libc::EIO));
                failed(position, again)
            })),
        }
        failures.sort_unstable_by_key(|failure| failure.0);
        failures
    }

    /// Returns the routes of both families in `table`, or in all tables, those that others made
    /// included.
    ///
    /// A table that was never used is an empty one.
    ///
    /// # Errors
    ///
    /// The kernel does not answer, or the routes changed at every attempt to list them.
    pub fn dump(&mut self, table: Option<u32>) -> Result<Vec<KernelRoute>, Error> {
        let mut routes = Vec::new();
        for family in [AddressFamily::Inet6, AddressFamily::Inet] {
            let question = RouteNetlinkMessage::GetRoute(question(family, table));
            let listed = self.talk.list(&question, |answer| {
                answered(&answer).filter(|route| table.is_none_or(|table| route.table == table))
            });
            match listed {
                Ok(listed) => routes.extend(listed),
                // The kernel has no such table, or no such family.
                Err(error)
                    if matches!(
                        error.raw_os_error(),
                        Some(libc::ENOENT | libc::EAFNOSUPPORT | libc::EOPNOTSUPP)
                    ) => {}
                Err(error) => return Err(Error::new("list the routes", error).advised(remedy)),
            }
        }
        Ok(routes)
    }

    /// The number by which the kernel tells our changes from those of others.
    pub(crate) const fn port(&self) -> u32 {
        self.talk.port()
    }
}

fn doing(change: &Change) -> String {
    let (verb, route) = match change {
        Change::Put(route) => ("set", route),
        Change::Remove(route) => ("remove", route),
    };
    let KernelRoute { to, from, table, via, .. } = route;
    let from = if *from == Prefix::ALL { String::new() } else { format!(" from {from}") };
    let via = match via {
        Via::Hop { device, address, .. } if address.is_unspecified() => {
            format!(" on interface {device}")
        }
        Via::Hop { device, address, .. } => format!(" via {address} on interface {device}"),
        Via::Unreachable => " as unreachable".into(),
        Via::Other => String::new(),
    };
    format!("{verb} the route to {to}{from}{via} in table {table}")
}
