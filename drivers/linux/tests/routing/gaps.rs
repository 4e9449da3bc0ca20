//! A route that takes the place of another leaves no moment without a way.

use std::net::{IpAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use linux::{KernelRoute, RouteTables, Via};

use crate::{Fact, Pair, apply, four, hop, onlink, put, route, six};

pub(crate) const FACTS: &[Fact] = &[
    ("a_hop_that_replaces_another_leaves_no_gap", hops),
    ("unreachable_and_a_hop_replace_each_other_without_a_gap", unreachable),
    ("a_source_specific_route_is_replaced_without_a_gap", source_specific),
];

const CHANGES: usize = 3000;

/// The main table, where packets of ours look.
const MAIN: u32 = 254;

/// Puts each of `ways` in turn, many times, while others look for a way to `to` and list the
/// table; every look-up and every list must find exactly one route. Returns how many look-ups
/// were made.
fn without_a_gap(pair: &Pair, ways: &[KernelRoute], from: Option<&str>, to: &str) -> u32 {
    let over = AtomicBool::new(false);
    let (looked, lists) = (AtomicU32::new(0), AtomicU32::new(0));
    let to: IpAddr = to.parse().unwrap();
    let own: IpAddr = match from {
        Some(from) => from.parse().unwrap(),
        None if to.is_ipv6() => "::".parse().unwrap(),
        None => "0.0.0.0".parse().unwrap(),
    };
    let look = || {
        let socket = UdpSocket::bind((own, 0)).unwrap();
        while !over.load(Relaxed) {
            // Connecting looks for the way; who finds a route that says no is told so.
            let found = socket.connect((to, 9));
            let errno = found.as_ref().err().and_then(std::io::Error::raw_os_error);
            assert!(matches!(errno, None | Some(113)), "{found:?}");
            looked.fetch_add(1, Relaxed);
        }
    };
    let list = || {
        let mut tables = RouteTables::open().unwrap();
        while !over.load(Relaxed) {
            // A list that changed under every attempt is an error, and says nothing.
            let Ok(all) = tables.dump(Some(MAIN)) else { continue };
            let found: Vec<_> = all.iter().filter(|route| route.to == ways[0].to).collect();
            assert_eq!(found.len(), 1, "{found:?}");
            lists.fetch_add(1, Relaxed);
        }
    };
    let change = || {
        let mut tables = RouteTables::open().unwrap();
        apply(&mut tables, &[put(&ways[0])]);
        std::thread::scope(|scope| {
            let inside = || pair.here.run(look).unwrap();
            scope.spawn(inside);
            scope.spawn(|| pair.here.run(list).unwrap());
            for way in ways.iter().cycle().take(CHANGES) {
                apply(&mut tables, &[put(way)]);
            }
            for way in ways {
                apply(&mut tables, &[put(way)]);
                let all = tables.dump(Some(MAIN)).unwrap();
                let found: Vec<_> = all.iter().filter(|route| route.to == way.to).collect();
                if found != [way] {
                    over.store(true, Relaxed);
                }
                assert_eq!(found, [way]);
            }
            over.store(true, Relaxed);
        });
    };
    pair.here.run(change).unwrap();
    assert!(looked.load(Relaxed) > 0);
    eprintln!("  {to}: {} look-ups, {} lists", looked.load(Relaxed), lists.load(Relaxed));
    looked.load(Relaxed)
}

fn main_table(route: KernelRoute) -> KernelRoute {
    KernelRoute { table: MAIN, ..route }
}

fn hops() {
    let pair = Pair::new();
    pair.address("fd01::1", 64);
    pair.address("192.0.2.1", 24);
    let [a, b] = pair.devices;
    let six = six("fd42::/48");
    let ways = [hop(a, "fe80::1"), hop(b, "fe80::2"), hop(a, "fe80::3"), hop(b, "::")];
    without_a_gap(&pair, &ways.map(|via| main_table(route(six, via))), None, "fd42::1");
    let four = four([10, 0, 0, 0], 8);
    let ways = [
        hop(a, "192.0.2.2"),
        onlink(b, [192, 0, 2, 3]),
        hop(b, "fe80::1"),
        hop(a, "fe80::1"),
        hop(b, "0.0.0.0"),
    ];
    without_a_gap(&pair, &ways.map(|via| main_table(route(four, via))), None, "10.1.2.3");
}

fn unreachable() {
    let pair = Pair::new();
    pair.address("fd01::1", 64);
    pair.address("192.0.2.1", 24);
    let [a, b] = pair.devices;
    let six = six("fd42::/48");
    let no = Via::Unreachable;
    let ways = [hop(a, "fe80::1"), no, hop(b, "fe80::2"), no, hop(b, "::"), no];
    without_a_gap(&pair, &ways.map(|via| main_table(route(six, via))), None, "fd42::1");
    let four = four([10, 0, 0, 0], 8);
    let ways = [hop(a, "192.0.2.2"), no, hop(b, "fe80::1"), no, hop(b, "0.0.0.0"), no];
    without_a_gap(&pair, &ways.map(|via| main_table(route(four, via))), None, "10.1.2.3");
}

fn source_specific() {
    let pair = Pair::new();
    pair.address("fd01::1", 64);
    let [a, b] = pair.devices;
    let ways = [hop(a, "fe80::1"), Via::Unreachable, hop(b, "fe80::2"), hop(b, "::")];
    let ways = ways.map(|via| {
        let from = six("fd01::/64");
        main_table(KernelRoute { from, ..route(six("fd42::/48"), via) })
    });
    without_a_gap(&pair, &ways, Some("fd01::1"), "fd42::1");
}
