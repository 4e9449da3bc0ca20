//! A route that takes the place of another leaves no moment without a way.
//!
//! Programs look for a way without pause while routes replace each other without pause, on
//! another processor. Even so the kernel tells one look-up in some 200 000 that there is no
//! way, of either family; the facts allow one in a thousand. Removing and adding is done
//! beside it, and misses often, to show that the ruler sees a gap where there is one.

use std::net::{IpAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use linux::{Change, KernelRoute, RouteTables, Via};
use words::Prefix;

use crate::{Fact, Pair, apply, four, hop, onlink, put, remove, route, six};

pub(crate) const FACTS: &[Fact] = &[
    ("a_hop_that_replaces_another_leaves_no_gap", hops),
    ("unreachable_and_a_hop_replace_each_other_without_a_gap", unreachable),
    ("a_source_specific_route_is_replaced_almost_without_a_gap", source_specific),
    ("removing_first_and_adding_then_leaves_gaps", refused),
];

const CHANGES: usize = 3000;

/// The main table, where packets of ours look.
const MAIN: u32 = 254;

/// What others saw while routes changed.
#[derive(Default)]
struct Seen {
    looked: AtomicU32,
    missed: AtomicU32,
    over: AtomicBool,
}

impl Seen {
    /// Looks for a way from `own` to `to` until it is over.
    fn look(&self, own: IpAddr, to: IpAddr) {
        let socket = UdpSocket::bind((own, 0)).unwrap();
        while !self.over.load(Relaxed) {
            // Connecting looks for the way; a route that says no is another error.
            let found = socket.connect((to, 9));
            let errno = found.as_ref().err().and_then(std::io::Error::raw_os_error);
            assert!(matches!(errno, None | Some(libc::ENETUNREACH | libc::EHOSTUNREACH)));
            self.missed.fetch_add(u32::from(errno == Some(libc::ENETUNREACH)), Relaxed);
            self.looked.fetch_add(1, Relaxed);
        }
    }

    /// Lists the table until it is over: the range of `way` is there, once.
    fn list(&self, way: &KernelRoute) {
        let mut tables = RouteTables::open().unwrap();
        while !self.over.load(Relaxed) {
            // A list that changed under every attempt is an error, and says nothing.
            let Ok(all) = tables.dump(Some(MAIN)) else { continue };
            let found: Vec<_> = all.iter().filter(|route| same(route, way)).collect();
            assert_eq!(found.len(), 1, "{found:?}");
        }
    }

    /// Tells whether at most one look-up in `many` found no way, give or take three.
    fn missed_at_most_one_in(&self, many: u32) -> bool {
        let (missed, looked) = (self.missed.load(Relaxed), self.looked.load(Relaxed));
        eprintln!("  missed {missed} of {looked} look-ups");
        looked > 0 && missed.saturating_sub(3) <= looked / many
    }
}

fn same(one: &KernelRoute, other: &KernelRoute) -> bool {
    (one.to, one.from, one.metric) == (other.to, other.from, other.metric)
}

/// Puts each of `ways` in turn, many times, while others look for a way from `own` to `to`
/// and list the table: each list has exactly one. Tells what they saw.
fn replaced(pair: &Pair, ways: &[KernelRoute], own: &str, to: &str) -> Seen {
    let seen = Seen::default();
    let (own, to) = (own.parse().unwrap(), to.parse().unwrap());
    let change = || {
        let mut tables = RouteTables::open().unwrap();
        apply(&mut tables, &[put(&ways[0])]);
        std::thread::scope(|scope| {
            scope.spawn(|| pair.here.run(|| seen.look(own, to)).unwrap());
            scope.spawn(|| pair.here.run(|| seen.list(&ways[0])).unwrap());
            // Where they share a processor, others may begin to look late.
            let end = Instant::now() + Duration::from_secs(10);
            let unseen = || seen.looked.load(Relaxed) == 0 && Instant::now() < end;
            for (n, way) in ways.iter().cycle().enumerate() {
                if n >= CHANGES && !unseen() {
                    break;
                }
                let failures = tables.apply(&[put(way)]);
                seen.over.store(!failures.is_empty(), Relaxed);
                assert!(failures.is_empty(), "{failures:?}");
            }
            seen.over.store(true, Relaxed);
        });
        for way in ways {
            apply(&mut tables, &[put(way)]);
            let all = tables.dump(Some(MAIN)).unwrap();
            let found: Vec<_> = all.iter().filter(|route| same(route, way)).collect();
            assert_eq!(found, [way]);
        }
    };
    pair.here.run(change).unwrap();
    seen
}

fn pair() -> Pair {
    let pair = Pair::new();
    pair.address("fd01::1", 64);
    pair.address("192.0.2.1", 24);
    pair
}

fn main_table(to: Prefix, via: Via) -> KernelRoute {
    KernelRoute { table: MAIN, ..route(to, via) }
}

fn without_a_gap(pair: &Pair, six_ways: &[Via], four_ways: &[Via]) {
    let ways: Vec<_> = six_ways.iter().map(|&via| main_table(six("fd42::/48"), via)).collect();
    assert!(replaced(pair, &ways, "::", "fd42::1").missed_at_most_one_in(1000));
    let range = four([10, 0, 0, 0], 8);
    let ways: Vec<_> = four_ways.iter().map(|&via| main_table(range, via)).collect();
    assert!(replaced(pair, &ways, "0.0.0.0", "10.1.2.3").missed_at_most_one_in(1000));
}

fn hops() {
    let pair = pair();
    let [a, b] = pair.devices;
    let six = [hop(a, "fe80::1"), hop(b, "fe80::2"), hop(a, "fe80::3"), hop(b, "::")];
    let four = [
        hop(a, "192.0.2.2"),
        onlink(b, [192, 0, 2, 3]),
        hop(b, "fe80::1"),
        hop(a, "fe80::1"),
        hop(b, "0.0.0.0"),
    ];
    without_a_gap(&pair, &six, &four);
}

fn unreachable() {
    let pair = pair();
    let [a, b] = pair.devices;
    let no = Via::Unreachable;
    let six = [hop(a, "fe80::1"), no, hop(b, "fe80::2"), no, hop(b, "::"), no];
    let four = [hop(a, "192.0.2.2"), no, hop(b, "fe80::1"), no, hop(b, "0.0.0.0"), no];
    without_a_gap(&pair, &six, &four);
}

fn source_specific() {
    let pair = pair();
    let [a, b] = pair.devices;
    let specific =
        |via| KernelRoute { from: six("fd01::/64"), ..main_table(six("fd42::/48"), via) };
    let ways = [hop(a, "fe80::1"), Via::Unreachable, hop(b, "fe80::2"), hop(b, "::")].map(specific);
    // The kernel is less careful here, unless there is a route from anywhere as well.
    assert!(replaced(&pair, &ways, "fd01::1", "fd42::1").missed_at_most_one_in(20));
    let other = KernelRoute { metric: 5000, ..main_table(six("fd42::/48"), Via::Unreachable) };
    pair.here.run(|| apply(&mut RouteTables::open().unwrap(), &[put(&other)])).unwrap();
    assert!(replaced(&pair, &ways, "fd01::1", "fd42::1").missed_at_most_one_in(1000));
}

fn refused() {
    let pair = pair();
    let [a, b] = pair.devices;
    let (seen, to) = (Seen::default(), "fd42::1".parse().unwrap());
    let [one, two] =
        [hop(a, "fe80::1"), hop(b, "fe80::2")].map(|via| main_table(six("fd42::/48"), via));
    let changes: Vec<Change> = [remove(&one), put(&two), remove(&two), put(&one)].into();
    let change = || {
        let mut tables = RouteTables::open().unwrap();
        apply(&mut tables, &[put(&one)]);
        std::thread::scope(|scope| {
            scope.spawn(|| pair.here.run(|| seen.look("::".parse().unwrap(), to)).unwrap());
            // Where both share a processor, the one that looks seldom runs at the right moment.
            let end = Instant::now() + Duration::from_mins(1);
            while seen.missed.load(Relaxed) < 20 && Instant::now() < end {
                apply(&mut tables, &changes);
            }
            seen.over.store(true, Relaxed);
        });
    };
    pair.here.run(change).unwrap();
    assert!(seen.missed.load(Relaxed) >= 20);
}
