//! Payload that fills the lines of all nodes, and what becomes of probes and links meanwhile.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::Context;
use linux::Clock;
use serde::Serialize;
use words::Time;

use crate::hosts::Hosts;
use crate::internet::HostId;
use crate::report::{mb, rounded};
use crate::status::{self, Status};
use crate::watch::Watch;

/// The port that it is sent to and from.
const PORT: u16 = 6999;
/// What one datagram carries, octets: with all headers it fits an Ethernet.
const DATAGRAM: usize = 1_200;
/// How often the thread sends what is due.
const PACE: Duration = Duration::from_millis(2);

/// What payload beyond what lines carry did to probes and links.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Flooded {
    /// What each node was made to send, to all others in turn, in Mbit/s.
    pub mbit: u32,
    /// For how long, in seconds.
    pub seconds: f64,
    /// Megabytes that were sent, over all nodes.
    pub sent_mb: f64,
    /// Megabytes of that which arrived.
    pub came_mb: f64,
    /// Links that were up when it began, seen from each of their ends.
    pub links: usize,
    /// The latest round trips of the probes of these links before it began, in milliseconds.
    pub rtt_before_ms: Middle,
    /// The same, once a second while it lasted.
    pub rtt_during_ms: Middle,
    /// Arrows that died meanwhile.
    pub died: u64,
    /// How often a link was silent for so long that routing left it, meanwhile.
    pub suspected: u64,
}

/// Half of some values, and the greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Middle {
    /// What half of them do not exceed.
    pub p50: f64,
    /// The greatest.
    pub max: f64,
}

impl Middle {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let p50 = values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0.0);
        let max = values.last().copied().unwrap_or(0.0);
        Self { p50: rounded(p50), max: rounded(max) }
    }
}

/// A flood that goes on.
#[derive(Debug)]
pub(crate) struct Flood {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Sent>>,
    began: Time,
    looked: Time,
    before: Look,
    during: Vec<f64>,
    mbit: u32,
}

/// The flood that goes on, if there is one, and what the last one did.
#[derive(Debug, Default)]
pub(crate) struct Flooding {
    pub(crate) now: Option<Flood>,
    pub(crate) last: Flooded,
}

/// Octets that were sent, and that came.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    sent: u64,
    came: u64,
}

/// What nodes say of their links.
#[derive(Clone, Debug, Default)]
struct Look {
    trips: Vec<f64>,
    died: u64,
    suspected: u64,
}

impl Look {
    /// Asks these nodes.
    fn at(hosts: &Hosts, nodes: &[HostId]) -> Self {
        let mut look = Self::default();
        for state in nodes.iter().map(|node| hosts.state(*node)) {
            look.trips.extend(status::round_trips(&state).unwrap_or_default());
            let status = Status::ask(&state).unwrap_or_default();
            look.died += status.arrows.died;
            look.suspected += status.suspected;
        }
        look
    }
}

impl Flood {
    /// Lets each of these `nodes` send `mbit` Mbit/s to the others.
    pub(crate) fn begin(
        (hosts, nodes): (&Hosts, &[HostId]),
        watch: &Watch,
        clock: Clock,
        mbit: u32,
    ) -> anyhow::Result<Self> {
        let before = Look::at(hosts, nodes);
        let mut spouts = Vec::new();
        for (node, namespace) in hosts.nodes().iter().filter(|(node, _)| nodes.contains(node)) {
            let bind = || UdpSocket::bind((Ipv6Addr::UNSPECIFIED, PORT));
            let socket = namespace.run(bind)?.context("cannot flood from a node")?;
            socket.set_nonblocking(true).context("cannot flood from a node")?;
            let six = |address: &&IpAddr| address.is_ipv6();
            let seen = watch.seen();
            let address = seen.get(node).and_then(|seen| seen.status.addresses.iter().find(six));
            spouts.extend(address.map(|address| (socket, SocketAddr::new(*address, PORT))));
        }
        let over = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&over);
        let body = move || pour(&spouts, mbit, &done);
        let thread = std::thread::Builder::new().name("flood".to_owned()).spawn(body);
        let thread = Some(thread.context("cannot start a thread")?);
        let began = clock.now();
        Ok(Self { over, thread, began, looked: began, before, during: Vec::new(), mbit })
    }

    /// Looks how long probes take, once a second.
    pub(crate) fn look(&mut self, hosts: &Hosts, nodes: &[HostId], now: Time) {
        if now.since(self.looked) >= Duration::from_secs(1) {
            self.looked = now;
            self.during.extend(Look::at(hosts, nodes).trips);
        }
    }

    /// Ends it, and returns what it did.
    pub(crate) fn end(mut self, hosts: &Hosts, nodes: &[HostId], now: Time) -> Flooded {
        let after = Look::at(hosts, nodes);
        let sent = self.stop();
        Flooded {
            mbit: self.mbit,
            seconds: rounded(now.since(self.began).as_secs_f64()),
            sent_mb: mb(sent.sent),
            came_mb: mb(sent.came),
            links: self.before.trips.len(),
            rtt_before_ms: Middle::of(std::mem::take(&mut self.before.trips)),
            rtt_during_ms: Middle::of(std::mem::take(&mut self.during)),
            died: after.died.saturating_sub(self.before.died),
            suspected: after.suspected.saturating_sub(self.before.suspected),
        }
    }

    fn stop(&mut self) -> Sent {
        self.over.store(true, Ordering::Relaxed);
        // Its panic, if any, has been printed.
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Sends from each node to the others in turn, until it is over.
fn pour(spouts: &[(UdpSocket, SocketAddr)], mbit: u32, over: &AtomicBool) -> Sent {
    let mut sent = Sent::default();
    let octets_per_us = f64::from(mbit) / 8.0;
    let (mut last, mut due, mut turn) = (Instant::now(), 0.0, 0_usize);
    let datagram = [0x5a; DATAGRAM];
    while !over.load(Ordering::Relaxed) {
        sleep(PACE);
        due += last.elapsed().as_secs_f64() * 1e6 * octets_per_us;
        last = Instant::now();
        // Who was late does not make up for it all at once.
        due = due.min(f64::from(mbit) * 1e4);
        while due > 0.0 {
            due -= 1_200.0;
            turn += 1;
            for (n, (socket, _)) in spouts.iter().enumerate() {
                let other = (n + 1 + turn % (spouts.len() - 1).max(1)) % spouts.len();
                let to = spouts.get(other).filter(|_| other != n);
                let went = to.is_some_and(|(_, to)| socket.send_to(&datagram, to).is_ok());
                sent.sent += if went { DATAGRAM as u64 } else { 0 };
            }
        }
        sent.came += spouts.iter().map(|(socket, _)| drain(socket)).sum::<u64>();
    }
    sent
}

/// Reads what has arrived, and returns how many octets that is.
fn drain(socket: &UdpSocket) -> u64 {
    let (mut buffer, mut all) = ([0; 2_048], 0);
    loop {
        match socket.recv(&mut buffer) {
            Ok(octets) => all += octets as u64,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return all,
            // What an earlier datagram met.
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_values_and_the_greatest() {
        assert_eq!(Middle::of(vec![3.0, 1.0, 2.0]), Middle { p50: 2.0, max: 3.0 });
        assert_eq!(Middle::of(Vec::new()), Middle::default());
    }

    #[test]
    fn what_is_poured_out_of_one_comes_to_the_other() {
        let bind = || UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
        let spouts: Vec<(UdpSocket, SocketAddr)> = (0..2)
            .map(|_| {
                let socket = bind();
                socket.set_nonblocking(true).unwrap();
                let address = socket.local_addr().unwrap();
                (socket, address)
            })
            .collect();
        let over = AtomicBool::new(false);
        let sent = std::thread::scope(|scope| {
            let poured = scope.spawn(|| pour(&spouts, 1, &over));
            sleep(Duration::from_millis(100));
            over.store(true, Ordering::Relaxed);
            poured.join().unwrap()
        });
        assert!(sent.came > 0 && sent.came <= sent.sent, "{sent:?}");
    }
}
