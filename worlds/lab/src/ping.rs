//! Every node pings every other over the mesh, from one thread.
//!
//! The pings are spread evenly over the interval, so that a gap of any pair is seen at
//! once and the machine is not asked for everything at the same moment.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use linux::{Clock, Epoll, Namespace};
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use words::Time;

use crate::internet::HostId;

mod all;
mod book;
mod echo;

pub(crate) use all::Pingers;
pub(crate) use book::{Book, PATIENCE, Sum};
use echo::Echo;

/// The interval asked for when nothing is said.
const INTERVAL: Duration = Duration::from_millis(100);
/// Most pings in a second, when nothing is said.
const RATE: usize = 4_000;
/// How long the thread sleeps at most: pings that fall due meanwhile are sent together.
const NAP: Duration = Duration::from_millis(2);
/// How often the pings that had no answer are given up.
const SWEEP: Duration = Duration::from_millis(100);
/// Answers read from one socket before the others have their turn.
const TURN: usize = 64;

/// Returns the interval at which `pairs` pairs are pinged, unless it is `asked` otherwise.
pub(crate) fn interval(pairs: usize, asked: Option<Duration>) -> Duration {
    let least = Duration::from_micros((pairs * 1_000_000 / RATE) as u64);
    asked.unwrap_or_else(|| INTERVAL.max(least)).max(Duration::from_millis(1))
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ip {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Returns all ordered pairs of `hosts`, one from each in turn, so that none has to send many
/// pings at once.
pub(crate) fn all_pairs(hosts: &[HostId]) -> Vec<(HostId, HostId)> {
    let turned = |by: usize| hosts.iter().cycle().skip(by);
    (1..hosts.len()).flat_map(|by| hosts.iter().copied().zip(turned(by).copied())).collect()
}

/// Where one node pings from and how it is reached.
#[derive(Debug)]
struct Post {
    host: HostId,
    socket: UdpSocket,
    /// Its address in the mesh, once known.
    address: Option<IpAddr>,
}

/// What the thread and its owner share.
#[derive(Debug)]
struct Shared {
    ip: Ip,
    book: Mutex<Book>,
    gone: Mutex<Sum>,
    posts: Mutex<Vec<Post>>,
    pairs: Vec<(HostId, HostId)>,
    /// No more pings are sent.
    quiet: AtomicBool,
    /// The thread ends.
    over: AtomicBool,
}

/// The thread that pings.
#[derive(Debug)]
pub(crate) struct Pinger {
    shared: Arc<Shared>,
    clock: Clock,
    interval: Duration,
    thread: Option<JoinHandle<()>>,
}

impl Pinger {
    /// Starts the thread, with a socket in the namespace of each node, for these `pairs`.
    ///
    /// Nodes are pinged once their addresses are told: see [`address`](Self::address).
    pub(crate) fn between(
        nodes: &[(HostId, &Namespace)],
        pairs: Vec<(HostId, HostId)>,
        (interval, clock, ip): (Duration, Clock, Ip),
    ) -> anyhow::Result<Self> {
        let mut posts = Vec::new();
        for (host, namespace) in nodes {
            let socket =
                namespace.run(move || raw_socket(ip))?.context("cannot make a raw socket")?;
            posts.push(Post { host: *host, socket, address: None });
        }
        let shared = Arc::new(Shared {
            ip,
            book: Mutex::new(Book::of(&pairs)),
            gone: Mutex::default(),
            posts: Mutex::new(posts),
            pairs,
            quiet: AtomicBool::new(false),
            over: AtomicBool::new(false),
        });
        let mut rounds = Rounds::of(interval, clock, Arc::clone(&shared));
        let body = move || {
            if let Err(error) = rounds.run() {
                crate::say(&format!("re6st lab: pinging stopped: {error:#}"));
            }
        };
        let builder = std::thread::Builder::new().name("ping".to_owned());
        let thread = Some(builder.spawn(body).context("cannot start a thread")?);
        Ok(Self { shared, clock, interval, thread })
    }

    /// Tells an address of a node in the mesh; one of the other family is of no use.
    pub(crate) fn address(&self, host: HostId, address: IpAddr) {
        if address.is_ipv4() != (self.shared.ip == Ip::V4) {
            return;
        }
        let mut posts = lock(&self.shared.posts);
        if let Some(post) = posts.iter_mut().find(|post| post.host == host) {
            post.address = Some(address);
        }
    }

    /// Closes all pairs of a node that is gone.
    pub(crate) fn close(&self, host: HostId) {
        let mut gone = lock(&self.shared.gone);
        self.book().close(host, &mut gone, self.clock.now());
    }

    /// Opens the pairs of a node that is there again, with others that `is_there`.
    pub(crate) fn open(&self, host: HostId, is_there: impl Fn(HostId) -> bool) {
        let its = |(from, to): &&(HostId, HostId)| {
            (*from == host && is_there(*to)) || (*to == host && is_there(*from))
        };
        self.book().open(self.shared.pairs.iter().filter(its).copied());
    }

    /// Sends no more pings.
    pub(crate) fn quiet(&self) {
        self.shared.quiet.store(true, Ordering::Relaxed);
    }

    /// Tells whether nothing is being waited for.
    pub(crate) fn settled(&self) -> bool {
        self.book().settled()
    }

    /// Returns the book.
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.shared.book)
    }

    /// Returns the sums over all pairs, with what pairs counted before they were closed.
    pub(crate) fn sum(&self) -> Sum {
        let gone = *lock(&self.shared.gone);
        self.book().sum().and(gone)
    }

    /// Returns the time between two pings of a pair.
    pub(crate) const fn interval(&self) -> Duration {
        self.interval
    }

    /// Returns how long a pair may be without an answered ping and still be called reachable.
    pub(crate) fn lately(&self) -> Duration {
        (3 * self.interval).max(Duration::from_millis(1_500))
    }
}

impl Drop for Pinger {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        // Its panic, if any, has been printed.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// What the thread owns.
struct Rounds {
    pairs: Vec<(HostId, HostId)>,
    interval: Duration,
    clock: Clock,
    shared: Arc<Shared>,
    /// How many pings have fallen due since the start.
    due: u64,
    start: Time,
}

impl Rounds {
    fn of(interval: Duration, clock: Clock, shared: Arc<Shared>) -> Self {
        let (pairs, start) = (shared.pairs.clone(), clock.now());
        Self { pairs, interval, clock, shared, due: 0, start }
    }

    fn run(&mut self) -> anyhow::Result<()> {
        let mut epoll = Epoll::new()?;
        for (key, post) in (0..).zip(lock(&self.shared.posts).iter()) {
            epoll.add(&post.socket, key)?;
        }
        let mut swept = self.start;
        while !self.shared.over.load(Ordering::Relaxed) {
            let ready: Vec<u64> = epoll.wait(Some(NAP))?.collect();
            for key in ready {
                self.hear(key);
            }
            if !self.shared.quiet.load(Ordering::Relaxed) {
                self.send_due();
            }
            let now = self.clock.now();
            if now.since(swept) >= SWEEP {
                swept = now;
                lock(&self.shared.book).expire(now);
            }
        }
        Ok(())
    }

    fn hear(&self, key: u64) {
        let posts = lock(&self.shared.posts);
        let post = usize::try_from(key).ok().and_then(|key| posts.get(key));
        let Some(post) = post else { return };
        let mut octets = [0; 256];
        for _ in 0..TURN {
            let Ok(length) = post.socket.recv(&mut octets) else { break };
            let echo = octets.get(..length).and_then(|it| Echo::answer(it, self.shared.ip));
            let Some(echo) = echo.filter(|echo| echo.from == post.host) else { continue };
            let now = self.clock.now();
            lock(&self.shared.book).answer(echo.from, echo.to, echo.number, now);
        }
    }

    /// Sends what has fallen due; if we were held up for long, what was missed is skipped.
    fn send_due(&mut self) {
        let count = self.pairs.len() as u128;
        let elapsed = self.clock.now().since(self.start).as_micros();
        let due = elapsed * count / self.interval.as_micros().max(1);
        let due = u64::try_from(due).unwrap_or(u64::MAX);
        let first = self.due.max(due.saturating_sub(self.pairs.len() as u64));
        for ping in first..due {
            let at = usize::try_from(ping % self.pairs.len().max(1) as u64).unwrap_or(0);
            if let Some((from, to)) = self.pairs.get(at) {
                self.send(*from, *to);
            }
        }
        self.due = due;
    }

    fn send(&self, from: HostId, to: HostId) {
        let posts = lock(&self.shared.posts);
        let post = |host: HostId| posts.iter().find(|post| post.host == host);
        let (Some(sender), Some(address)) = (post(from), post(to).and_then(|post| post.address))
        else {
            return;
        };
        if sender.address.is_none() {
            return;
        }
        let now = self.clock.now();
        let Some(number) = lock(&self.shared.book).send(from, to, now) else { return };
        let to_address = SocketAddr::new(address, 0);
        // A ping that cannot even be sent (no route) is lost like any other.
        let _ =
            sender.socket.send_to(&Echo { from, to, number }.request(self.shared.ip), to_address);
    }
}

/// Makes a raw socket for ICMP in the namespace of the calling thread.
fn raw_socket(ip: Ip) -> io::Result<UdpSocket> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let (family, protocol) = match ip {
        Ip::V4 => (AddressFamily::Inet, SockProtocol::Icmp),
        Ip::V6 => (AddressFamily::Inet6, SockProtocol::IcmpV6),
    };
    Ok(socket(family, SockType::Raw, flags, protocol)?.into())
}

/// A thread that panicked has printed why; what it left is still the best there is.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_pairs_are_pinged_less_often_unless_it_is_asked_for() {
        assert_eq!(interval(132, None), Duration::from_millis(100));
        assert_eq!(interval(400, None), Duration::from_millis(100));
        assert_eq!(interval(1560, None), Duration::from_millis(390));
        let asked = Duration::from_secs(1);
        assert_eq!(interval(1560, Some(asked)), asked);
    }

    #[test]
    fn a_node_that_asks_itself_is_answered() {
        let Ok(namespace) = Namespace::new() else {
            eprintln!("skipped: no right to make a network namespace");
            return;
        };
        let hosts = [(HostId(1), &namespace), (HostId(2), &namespace)];
        let pairs = all_pairs(&[HostId(1), HostId(2)]);
        assert_eq!(pairs.len(), 2);
        for (ip, own) in [(Ip::V6, "::1"), (Ip::V4, "127.0.0.1")] {
            let how = (Duration::from_millis(5), Clock::start(), ip);
            let pinger = Pinger::between(&hosts, pairs.clone(), how).unwrap();
            pinger.address(HostId(1), own.parse().unwrap());
            pinger.address(HostId(2), own.parse().unwrap());
            while pinger.sum().sent < 20 {
                std::thread::sleep(Duration::from_millis(1));
            }
            pinger.quiet();
            assert_eq!((pinger.sum().pairs, pinger.sum().lost), (2, 0));
            assert!(pinger.book().full().is_some());
        }
    }
}
