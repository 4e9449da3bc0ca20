//! How fast the kernel takes routes from us: `cargo run --release -p linux --example routes`.
//!
//! Puts, replaces, lists and removes 100 000 IPv6 routes, in a namespace of its own.

use std::error::Error;
use std::os::fd::AsFd;
use std::time::Instant;

use linux::{Change, KernelRoute, Namespace, Netlink, RouteTables, Usage, Via, acquire_rights};
use words::Prefix;

const MANY: u32 = 100_000;

fn main() -> Result<(), Box<dyn Error>> {
    acquire_rights()?;
    let (here, there) = (Namespace::new()?, Namespace::new()?);
    here.run(|| {
        let mut netlink = Netlink::open()?;
        netlink.add_wire("a0", "a1", there.as_fd())?;
        let device = netlink.index("a0")?;
        netlink.set_up(device)?;
        measure_all(&mut RouteTables::open()?, device)
    })??;
    Ok(())
}

fn measure_all(tables: &mut RouteTables, device: u32) -> Result<(), linux::Error> {
    let routes = |hop: u128| {
        (0..MANY).map(move |n| KernelRoute {
            to: Prefix::new((0xfd42 << 112) | (u128::from(n) << 64), 64),
            from: Prefix::ALL,
            via: Via::Hop {
                device,
                address: std::net::Ipv6Addr::from_bits((0xfe80 << 112) | hop).into(),
                onlink: false,
            },
            table: 254,
            metric: 100,
            protocol: 42,
            preferred_source: None,
        })
    };
    let told = |tables: &mut RouteTables, doing: &str, changes: &[Change]| {
        measure(doing, || tables.apply(changes).into_iter().next())
            .map_or(Ok(()), |first| Err(first.1))
    };
    told(tables, "put", &routes(1).map(Change::Put).collect::<Vec<_>>())?;
    told(tables, "replaced", &routes(2).map(Change::Put).collect::<Vec<_>>())?;
    let listed = measure("listed", || tables.dump(Some(254)))?;
    println!("{} routes in the table", listed.len());
    told(tables, "removed", &routes(2).map(Change::Remove).collect::<Vec<_>>())
}

/// Does it, and tells how long that took and what it cost, ours and the kernel's share alike.
fn measure<T>(doing: &str, deed: impl FnOnce() -> T) -> T {
    let spent = || Usage::of(std::process::id()).map_or(0.0, |usage| usage.processor.as_secs_f64());
    let (before, spent_before) = (Instant::now(), spent());
    let done = deed();
    let (seconds, processor) = (before.elapsed().as_secs_f64(), spent() - spent_before);
    let rate = f64::from(MANY) / seconds;
    println!("{doing:>9}: {rate:>7.0} routes/s, {seconds:.2} s, {processor:.2} s of a processor");
    done
}
