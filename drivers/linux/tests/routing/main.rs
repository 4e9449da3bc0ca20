//! What a routing daemon asks of the real kernel, in namespaces made here.
//!
//! Runs as root, or as anybody where user namespaces are allowed; else says it was skipped.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test, though it has a main of its own"
)]

mod gaps;
mod groups;
mod tables;
mod watching;

use std::net::IpAddr;
use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use linux::{
    Change, Destination, KernelRoute, Namespace, Netlink, RouteTables, Via, acquire_rights,
};
use words::Prefix;

type Fact = (&'static str, fn());

fn main() {
    let tried = || {
        let rights = acquire_rights()?;
        let far = Namespace::new()?;
        Namespace::new()?.run(|| Netlink::open()?.add_wire("w0", "w1", far.as_fd()))??;
        Ok::<_, linux::Error>(rights)
    };
    let facts: Vec<Fact> = [tables::FACTS, gaps::FACTS, watching::FACTS, groups::FACTS].concat();
    match tried() {
        Ok(rights) => eprintln!("running {} facts as {rights:?}", facts.len()),
        Err(error) => return eprintln!("skipped: {error}"),
    }
    let named: Vec<_> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    for (name, fact) in facts {
        if !named.is_empty() && !named.iter().any(|part| name.contains(part)) {
            continue;
        }
        let before = Instant::now();
        fact();
        eprintln!("{name} ... ok, {} ms", before.elapsed().as_millis());
    }
}

/// The table the facts use: nobody else's.
const TABLE: u32 = 4242;

/// Babel.
const PROTOCOL: u8 = 42;

/// Two namespaces and two wires between them.
struct Pair {
    here: Namespace,
    there: Namespace,
    /// The numbers of the wires' ends here.
    devices: [u32; 2],
    /// The numbers of the wires' ends there.
    far: [u32; 2],
}

impl Pair {
    fn new() -> Self {
        let (here, there) = (Namespace::new().unwrap(), Namespace::new().unwrap());
        let up = |names: [&str; 2]| {
            let mut netlink = Netlink::open().unwrap();
            names.map(|name| {
                let device = netlink.index(name).unwrap();
                netlink.set_up(device).unwrap();
                device
            })
        };
        let make = || {
            let mut netlink = Netlink::open().unwrap();
            netlink.add_wire("a0", "a1", there.as_fd()).unwrap();
            netlink.add_wire("b0", "b1", there.as_fd()).unwrap();
        };
        here.run(make).unwrap();
        let far = there.run(|| up(["a1", "b1"])).unwrap();
        let devices = here.run(|| up(["a0", "b0"])).unwrap();
        Self { here, there, devices, far }
    }

    /// Gives the first wire's end here an address, whose network is on the link then.
    fn address(&self, address: &str, length: u8) {
        let own = Destination { address: address.parse().unwrap(), length };
        self.here
            .run(|| Netlink::open().unwrap().add_address(self.devices[0], own).unwrap())
            .unwrap();
    }
}

fn six(text: &str) -> Prefix {
    text.parse().unwrap()
}

/// A range of IPv4, as routes write it.
fn four(address: [u8; 4], length: u8) -> Prefix {
    Prefix::new(Prefix::ALL_IPV4.bits() | u128::from(u32::from_be_bytes(address)), 96 + length)
}

fn hop(device: u32, address: &str) -> Via {
    Via::Hop { device, address: address.parse().unwrap(), onlink: false }
}

fn onlink(device: u32, address: impl Into<IpAddr>) -> Via {
    Via::Hop { device, address: address.into(), onlink: true }
}

fn route(to: Prefix, via: Via) -> KernelRoute {
    KernelRoute {
        to,
        from: Prefix::ALL,
        via,
        table: TABLE,
        metric: 100,
        protocol: PROTOCOL,
        preferred_source: None,
    }
}

fn put(route: &KernelRoute) -> Change {
    Change::Put(route.clone())
}

fn remove(route: &KernelRoute) -> Change {
    Change::Remove(route.clone())
}

/// Makes changes that must succeed.
fn apply(tables: &mut RouteTables, changes: &[Change]) {
    let failures = tables.apply(changes);
    assert!(failures.is_empty(), "{} failures, first {:?}", failures.len(), failures.first());
}

/// What is in the table now.
fn listed(tables: &mut RouteTables) -> Vec<KernelRoute> {
    tables.dump(Some(TABLE)).unwrap()
}

/// Tries until `so` or five seconds are over.
fn soon<T>(mut so: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        if let Some(found) = so() {
            return found;
        }
        assert!(Instant::now() < end, "not within five seconds");
        thread::sleep(Duration::from_millis(5));
    }
}
