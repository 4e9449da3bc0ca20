//! The thread that has the router forward our port, where it does that for who asks.
//!
//! It is quiet: most routers do not, and a node needs it not. Nothing waits for it but the end,
//! and that for a moment.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use linux::{Destination, Netlink};
use portmap::{Doors, Mapping, Wish};

use crate::interface;

/// How long a mapping is asked for; it is asked for again at half of what it gets.
const LIFETIME: Duration = Duration::from_hours(1);
/// When a router that did not answer is asked again.
const AGAIN: Duration = Duration::from_mins(15);
/// The least time between two questions, whatever a router says of lifetimes.
const LEAST: Duration = Duration::from_secs(30);

/// What is said to the thread.
#[derive(Clone, Copy, Debug)]
enum Word {
    /// We may be behind another router.
    Look,
    /// We end.
    End,
}

/// What the thread found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where the router forwards to us from; none if it does not.
    pub(crate) outside: Option<SocketAddr>,
    /// By which protocol it was asked.
    pub(crate) by: Option<&'static str>,
}

/// The loop's end of it; dropping it has the mapping taken away.
#[derive(Debug)]
pub(crate) struct Mapper {
    words: Sender<Word>,
    thread: Option<JoinHandle<()>>,
}

impl Mapper {
    /// Starts the thread for UDP `port`; what it finds goes to `node` each time that it
    /// asked. `nonce` is drawn anew for each run of the node.
    ///
    /// # Errors
    ///
    /// The system's, if the thread cannot be started.
    pub(crate) fn start<M: Send + 'static>(
        port: u16,
        nonce: [u8; 12],
        node: Sender<M>,
        wrap: fn(Found) -> M,
    ) -> std::io::Result<Self> {
        let (words, told) = channel();
        let thread = std::thread::Builder::new().name("mapper".to_owned());
        let body = move || keep(port, nonce, &told, &|found| node.send(wrap(found)).is_ok());
        let thread = Some(thread.stack_size(512 * 1024).spawn(body)?);
        Ok(Self { words, thread })
    }

    /// Has it look again: this machine is elsewhere.
    pub(crate) fn look(&self) {
        // The thread ends only after this end is gone.
        let _ = self.words.send(Word::Look);
    }
}

impl Drop for Mapper {
    fn drop(&mut self) {
        let _ = self.words.send(Word::End);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

/// Asks, and asks again in time, until the end.
fn keep(port: u16, nonce: [u8; 12], told: &Receiver<Word>, tell: &dyn Fn(Found) -> bool) {
    let held = loop {
        let held = ask(port, nonce);
        let mapping = held.as_ref().map(|(_, mapping)| mapping);
        let found = Found {
            outside: mapping.map(|mapping| mapping.outside.into()),
            by: mapping.map(|mapping| mapping.by.name()),
        };
        let wait = mapping.map_or(AGAIN, |mapping| (mapping.lifetime / 2).max(LEAST));
        if !tell(found) || ends(told, wait) {
            break held;
        }
    };
    if let Some((wish, mapping)) = held {
        portmap::unmap(&wish, &mapping);
    }
}

/// Asks once.
fn ask(port: u16, nonce: [u8; 12]) -> Option<(Wish, Mapping)> {
    let wish = wish(port, nonce)?;
    match portmap::map(&wish) {
        Ok(mapping) => Some((wish, mapping)),
        Err(error) => {
            tracing::debug!(%error, "no port is mapped");
            None
        }
    }
}

/// Waits, and tells whether we end.
fn ends(told: &Receiver<Word>, wait: Duration) -> bool {
    match told.recv_timeout(wait) {
        Ok(Word::Look) | Err(RecvTimeoutError::Timeout) => false,
        Ok(Word::End) | Err(RecvTimeoutError::Disconnected) => true,
    }
}

/// Returns what to ask of which router; `None` where there is none, or it could not help.
fn wish(port: u16, nonce: [u8; 12]) -> Option<Wish> {
    let [_, own] = interface::sources();
    let IpAddr::V4(own) = own? else { return None };
    let gateway = gateway()?;
    // Who has an address of the Internet itself needs no port of somebody else's.
    let inside = own.is_private() || is_shared(own);
    let doors = Doors::default();
    inside.then_some(Wish { gateway, own, port, lifetime: LIFETIME, nonce, doors })
}

/// Addresses between a provider and its customers. Source: RFC 6598.
const fn is_shared(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    a == 100 && b >= 64 && b < 128
}

/// Returns the router of the default route.
fn gateway() -> Option<Ipv4Addr> {
    let routes = Netlink::open().and_then(|mut netlink| netlink.routes()).ok()?;
    let default = |destination| destination == Destination::ALL_IPV4;
    routes.into_iter().filter(|route| default(route.destination)).find_map(|route| {
        match route.gateway? {
            IpAddr::V4(gateway) => Some(gateway),
            IpAddr::V6(_) => None,
        }
    })
}
