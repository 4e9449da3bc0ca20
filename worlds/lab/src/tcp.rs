//! TCP connections through the mesh, which live as long as both their ends.
//!
//! Each pair has a thread that sends a little all the time, and looks what arrives. A
//! connection that breaks while both nodes are there is counted, and made anew.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::Context;
use linux::Namespace;
use serde::Serialize;

use crate::internet::HostId;
use crate::report::{ms, rounded};

/// The port of the first pair; the others have those after it.
const PORT: u16 = 7000;
/// How often something is sent, and how many octets: half a megabit per second.
const PACE: Duration = Duration::from_millis(20);
const CHUNK: usize = 1_250;
/// So long without an octet is a stall.
const STALL: Duration = Duration::from_secs(1);
/// How long a connection may take to be made, and how long to wait after one was not.
const PATIENCE: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_millis(500);

/// How TCP connections through the mesh went.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tcp {
    /// Pairs that kept a connection.
    pub pairs: usize,
    /// Connections that were made.
    pub connections: u64,
    /// Connections that broke although both nodes were there.
    pub resets: u64,
    /// Times that nothing arrived for a second although both nodes were there.
    pub stalls: u64,
    /// The longest time that nothing arrived, in milliseconds.
    pub longest_stall_ms: f64,
    /// Megabytes that arrived.
    pub mb: f64,
}

/// What the threads and their owner share.
#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    addresses: Mutex<BTreeMap<HostId, Ipv6Addr>>,
    gone: Mutex<BTreeSet<HostId>>,
    tally: Mutex<Tcp>,
}

/// The connections, and the threads that keep them.
#[derive(Debug)]
pub(crate) struct Transfers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Transfers {
    /// Starts a thread for each of these `pairs` of `nodes`.
    pub(crate) fn start(
        nodes: &[(HostId, &Namespace)],
        pairs: &[(HostId, HostId)],
    ) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared::default());
        lock(&shared.tally).pairs = pairs.len();
        let mut threads = Vec::new();
        for (port, ends) in (PORT..).zip(pairs) {
            let of = |host| {
                let found = nodes.iter().find(|(node, _)| *node == host);
                found.map(|(_, namespace)| *namespace).context("no such node")
            };
            let listen = || TcpListener::bind((Ipv6Addr::UNSPECIFIED, port));
            let listener = of(ends.1)?.run(listen)?.context("cannot listen in a node")?;
            listener.set_nonblocking(true).context("cannot listen in a node")?;
            let from = of(ends.0)?.try_clone()?;
            let pair = Pair { ends: *ends, port, from, listener, shared: Arc::clone(&shared) };
            let builder = std::thread::Builder::new().name("tcp".to_owned());
            threads.push(builder.spawn(move || pair.run()).context("cannot start a thread")?);
        }
        Ok(Self { shared, threads })
    }

    /// Tells the address of a node in the mesh.
    pub(crate) fn address(&self, host: HostId, address: IpAddr) {
        if let IpAddr::V6(address) = address {
            lock(&self.shared.addresses).insert(host, address);
        }
    }

    /// Ends the connections of a node that is about to go: that they break is no wonder.
    pub(crate) fn close(&self, host: HostId) {
        lock(&self.shared.gone).insert(host);
    }

    /// Makes connections with a node again.
    pub(crate) fn open(&self, host: HostId) {
        lock(&self.shared.gone).remove(&host);
    }

    /// Ends all threads, and returns how it went.
    pub(crate) fn stop(&mut self) -> Tcp {
        self.shared.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // Its panic, if any, has been printed.
            let _ = thread.join();
        }
        let tally = lock(&self.shared.tally).clone();
        Tcp { mb: rounded(tally.mb), ..tally }
    }
}

impl Drop for Transfers {
    fn drop(&mut self) {
        self.stop();
    }
}

/// One pair, in its thread.
struct Pair {
    ends: (HostId, HostId),
    port: u16,
    from: Namespace,
    listener: TcpListener,
    shared: Arc<Shared>,
}

impl Pair {
    fn run(&self) {
        while !self.is_over() {
            match self.connect() {
                Some((sender, receiver)) => {
                    lock(&self.shared.tally).connections += 1;
                    let broke = self.transfer(sender, receiver).is_err();
                    if broke && self.is_there() && !self.is_over() {
                        lock(&self.shared.tally).resets += 1;
                    }
                }
                None => sleep(AGAIN),
            }
        }
    }

    fn is_over(&self) -> bool {
        self.shared.over.load(Ordering::Relaxed)
    }

    fn is_there(&self) -> bool {
        let gone = lock(&self.shared.gone);
        !gone.contains(&self.ends.0) && !gone.contains(&self.ends.1)
    }

    /// Makes a connection, if both nodes are there; returns both its ends.
    fn connect(&self) -> Option<(TcpStream, TcpStream)> {
        let known = |host| lock(&self.shared.addresses).get(&host).copied();
        let (_, address) = known(self.ends.0).zip(known(self.ends.1))?;
        if !self.is_there() {
            return None;
        }
        // Whoever still waits belongs to a connection that failed.
        while self.listener.accept().is_ok() {}
        let to = SocketAddr::from((address, self.port));
        let sender = self.from.run(|| TcpStream::connect_timeout(&to, PATIENCE)).ok()?.ok()?;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && !self.is_over() {
            if let Ok((receiver, _)) = self.listener.accept() {
                return Some((sender, receiver));
            }
            sleep(PACE);
        }
        None
    }

    /// Sends and receives until an end is gone.
    ///
    /// # Errors
    ///
    /// The connection broke.
    fn transfer(&self, mut sender: TcpStream, mut receiver: TcpStream) -> io::Result<()> {
        sender.set_nonblocking(true)?;
        receiver.set_nonblocking(true)?;
        let chunk = [0x5a; CHUNK];
        let mut progress = Instant::now();
        while self.is_there() && !self.is_over() {
            sleep(PACE);
            passed(sender.write(&chunk))?;
            let came = drain(&mut receiver)?;
            let still = progress.elapsed();
            if came > 0 {
                self.note(came, still);
                progress = Instant::now();
            }
        }
        Ok(())
    }

    fn note(&self, octets: u32, still: Duration) {
        let mut tally = lock(&self.shared.tally);
        tally.mb += f64::from(octets) / 1e6;
        tally.stalls += u64::from(still >= STALL);
        tally.longest_stall_ms = tally.longest_stall_ms.max(ms(still));
    }
}

/// Reads what has arrived.
fn drain(receiver: &mut TcpStream) -> io::Result<u32> {
    let (mut buffer, mut all) = ([0; 16_384], 0);
    loop {
        match passed(receiver.read(&mut buffer))? {
            None => return Ok(all),
            Some(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Some(some) => all += u32::try_from(some).unwrap_or(0),
        }
    }
}

/// Returns `None` if there is nothing to be done just now.
fn passed(done: io::Result<usize>) -> io::Result<Option<usize>> {
    match done {
        Ok(octets) => Ok(Some(octets)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A thread that panicked has printed why; what it left is still the best there is.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_arrive_and_an_end_that_goes_is_no_reset() {
        let Ok(namespace) = Namespace::new() else {
            eprintln!("skipped: no right to make a network namespace");
            return;
        };
        let hosts = [(HostId(1), &namespace), (HostId(2), &namespace)];
        let mut transfers = Transfers::start(&hosts, &[(HostId(1), HostId(2))]).unwrap();
        for host in [HostId(1), HostId(2)] {
            transfers.address(host, Ipv6Addr::LOCALHOST.into());
        }
        let begun = Instant::now();
        while lock(&transfers.shared.tally).mb < 0.01 && begun.elapsed() < PATIENCE {
            sleep(PACE);
        }
        transfers.close(HostId(2));
        sleep(2 * PACE);
        let tcp = transfers.stop();
        assert!(tcp.connections > 0 && tcp.mb >= 0.01, "{tcp:?}");
        assert_eq!((tcp.pairs, tcp.resets), (1, 0));
    }
}
