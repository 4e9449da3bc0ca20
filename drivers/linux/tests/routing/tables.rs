//! Routes that are put are listed as they were put, and are gone when they are removed.

use std::collections::BTreeSet;

use linux::{Change, KernelRoute, RouteTables, Via};
use words::Prefix;

use crate::{
    Fact, PROTOCOL, Pair, TABLE, apply, four, hop, listed, onlink, put, remove, route, six, soon,
};

pub(crate) const FACTS: &[Fact] = &[
    ("ten_thousand_routes_of_each_family_come_change_and_go", thousands),
    ("a_route_is_listed_as_it_was_put", as_it_was_put),
    ("a_removal_spares_the_route_that_took_the_place", exact_removals),
    ("removing_what_is_not_there_is_no_failure", nothing_to_remove),
    ("a_failure_is_told_by_position_and_hinders_no_other", failures_by_position),
    ("routes_of_others_are_listed_as_such", routes_of_others),
    ("a_table_that_was_never_used_is_empty", unused_table),
];

const MANY: u32 = 10_000;

fn thousands() {
    let pair = Pair::new();
    let [a, b] = pair.devices;
    let routes = |six_via: Via, four_via: Via| {
        let each = (0..MANY).flat_map(move |n| {
            let to = Prefix::new((0xfd42 << 112) | (u128::from(n) << 64), 64);
            let [_, high, middle, low] = n.to_be_bytes();
            let plain = four([10 + high, middle, low, 0], 32);
            [route(to, six_via), route(plain, four_via)]
        });
        each.collect::<Vec<_>>()
    };
    let first = routes(hop(a, "fe80::1"), onlink(a, [192, 0, 2, 1]));
    let second = routes(hop(b, "fe80::2"), onlink(b, [192, 0, 2, 2]));
    let said = |routes: &[KernelRoute]| {
        routes.iter().map(|route| format!("{route:?}")).collect::<BTreeSet<_>>()
    };
    let fact = || {
        let mut tables = RouteTables::open().unwrap();
        for routes in [&first, &second] {
            apply(&mut tables, &routes.iter().map(put).collect::<Vec<_>>());
            let listed = listed(&mut tables);
            assert_eq!(listed.len(), routes.len());
            assert_eq!(said(&listed), said(routes));
        }
        apply(&mut tables, &first.iter().map(remove).collect::<Vec<_>>());
        assert_eq!(listed(&mut tables).len(), second.len());
        apply(&mut tables, &second.iter().map(remove).collect::<Vec<_>>());
        assert_eq!(listed(&mut tables), []);
    };
    pair.here.run(fact).unwrap();
}

fn as_it_was_put() {
    let pair = Pair::new();
    pair.address("fd01::1", 64);
    pair.address("192.0.2.1", 24);
    let [a, b] = pair.devices;
    let source = |text: &str| Some(text.parse().unwrap());
    let here = six("fd05::/48");
    let samples = [
        route(Prefix::ALL, hop(a, "fe80::1")),
        route(Prefix::ALL_IPV4, hop(a, "192.0.2.9")),
        route(six("fd02::/16"), hop(a, "fd01::9")),
        route(six("fd03::1/128"), hop(b, "::")),
        route(six("fd04::/64"), onlink(b, [0xfd77_u16; 8])),
        route(six("fd05::/48"), Via::Unreachable),
        route(four([10, 1, 0, 0], 16), hop(a, "192.0.2.9")),
        route(four([10, 2, 3, 4], 32), hop(b, "0.0.0.0")),
        route(four([10, 3, 0, 0], 24), onlink(b, [198, 51, 100, 1])),
        route(four([10, 4, 0, 0], 16), Via::Unreachable),
        // RFC 9229: IPv4 by an IPv6 next hop.
        route(four([10, 5, 0, 0], 16), hop(b, "fe80::7")),
        KernelRoute { preferred_source: source("fd01::1"), ..route(here, hop(b, "fe80::1")) },
        KernelRoute {
            preferred_source: source("192.0.2.1"),
            ..route(four([10, 6, 0, 0], 16), hop(b, "fe80::7"))
        },
        // RFC 9079: by where packets come from, beside the one for all others.
        KernelRoute { from: six("fd09::/48"), ..route(Prefix::ALL, hop(b, "fe80::2")) },
        KernelRoute { from: six("fd08::/48"), ..route(Prefix::ALL, Via::Unreachable) },
        KernelRoute { metric: 7, ..route(six("fd02::/16"), hop(b, "fe80::3")) },
        KernelRoute { table: 300, protocol: 99, ..route(six("fd02::/16"), hop(b, "fe80::3")) },
        KernelRoute {
            table: 254,
            metric: 0,
            ..route(four([10, 7, 0, 0], 16), hop(a, "192.0.2.9"))
        },
    ];
    let fact = || {
        let mut tables = RouteTables::open().unwrap();
        for sample in &samples {
            apply(&mut tables, &[put(sample), put(sample)]);
            let listed = tables.dump(Some(sample.table)).unwrap();
            let same = |other: &&KernelRoute| {
                (other.to, other.from, other.metric) == (sample.to, sample.from, sample.metric)
            };
            let found: Vec<_> = listed.iter().filter(same).collect();
            assert_eq!(found, [sample]);
        }
        let all = tables.dump(None).unwrap();
        for sample in &samples {
            // The last of two samples with one range took the place of the first.
            assert!(sample.via == Via::Unreachable || all.contains(sample), "{sample:?}");
            apply(&mut tables, &[remove(sample)]);
        }
        assert_eq!(listed(&mut tables), []);
        assert!(tables.dump(None).unwrap().iter().all(|route| route.protocol != PROTOCOL));
    };
    pair.here.run(fact).unwrap();
}

fn exact_removals() {
    let pair = Pair::new();
    pair.address("192.0.2.1", 24);
    let [a, b] = pair.devices;
    let ways =
        |to: Prefix, ways: &[Via]| ways.iter().map(|&via| route(to, via)).collect::<Vec<_>>();
    let families = [
        ways(
            six("fd42::/48"),
            &[
                hop(a, "fe80::1"),
                hop(a, "fe80::2"),
                hop(b, "fe80::1"),
                hop(a, "::"),
                hop(b, "::"),
                Via::Unreachable,
            ],
        ),
        ways(
            four([10, 0, 0, 0], 8),
            &[
                hop(a, "192.0.2.2"),
                hop(a, "192.0.2.3"),
                hop(a, "fe80::1"),
                hop(b, "fe80::1"),
                hop(a, "0.0.0.0"),
                hop(b, "0.0.0.0"),
                Via::Unreachable,
            ],
        ),
    ];
    let fact = || {
        let mut tables = RouteTables::open().unwrap();
        for routes in &families {
            for new in routes {
                apply(&mut tables, &[put(new)]);
                let others = routes.iter().filter(|old| *old != new);
                apply(&mut tables, &others.map(remove).collect::<Vec<_>>());
                assert_eq!(listed(&mut tables), std::slice::from_ref(new));
                let strange = KernelRoute { protocol: 99, ..new.clone() };
                let other_metric = KernelRoute { metric: 7, ..new.clone() };
                apply(&mut tables, &[remove(&strange), remove(&other_metric)]);
                assert_eq!(listed(&mut tables), std::slice::from_ref(new));
            }
            let any = KernelRoute { via: Via::Other, ..routes[0].clone() };
            apply(&mut tables, &[remove(&any)]);
            assert_eq!(listed(&mut tables), []);
        }
    };
    pair.here.run(fact).unwrap();
}

fn nothing_to_remove() {
    let pair = Pair::new();
    let [a, _] = pair.devices;
    let fact = || {
        let mut tables = RouteTables::open().unwrap();
        for table in [TABLE, 254] {
            for via in [hop(a, "fe80::1"), hop(999, "fe80::1"), Via::Unreachable, Via::Other] {
                for to in [six("fd42::/48"), four([10, 0, 0, 0], 8)] {
                    apply(&mut tables, &[remove(&KernelRoute { table, ..route(to, via) })]);
                }
            }
        }
    };
    pair.here.run(fact).unwrap();
}

fn failures_by_position() {
    let pair = Pair::new();
    let [a, _] = pair.devices;
    let range = |n: u32| Prefix::new((0xfd42 << 112) | (u128::from(n) << 64), 64);
    let changes: Vec<Change> = (0..200)
        .map(|n| match n {
            0 | 199 => put(&route(range(n), Via::Other)),
            63 | 64 => put(&route(range(n), hop(999, "fe80::1"))),
            127 => put(&route(range(n), hop(a, "fd99::1"))),
            n => put(&route(range(n), hop(a, "fe80::1"))),
        })
        .collect();
    let fact = || {
        let mut tables = RouteTables::open().unwrap();
        let failures = tables.apply(&changes);
        let positions: Vec<_> = failures.iter().map(|failure| failure.0).collect();
        assert_eq!(positions, [0, 63, 64, 127, 199]);
        let told: Vec<_> = failures.iter().map(|failure| failure.1.to_string()).collect();
        assert!(told[0].ends_with("only next hops and unreachable routes can be made"), "{told:?}");
        assert!(told[1].contains("via fe80::1 on interface 999 in table 4242"), "{told:?}");
        assert!(told[1].ends_with("has another program deleted it?"), "{told:?}");
        assert!(told[3].contains("the next hop is not on the link"), "{told:?}");
        assert_eq!(listed(&mut tables).len(), 195);
        assert!(tables.apply(&[]).is_empty());
    };
    pair.here.run(fact).unwrap();
}

fn routes_of_others() {
    let pair = Pair::new();
    pair.address("fd01::1", 64);
    pair.address("192.0.2.1", 24);
    let [a, _] = pair.devices;
    let own = six("fd01::1/128");
    // The kernel takes in packets for a new address a moment after it has it.
    let listed = soon(|| {
        let all = pair.here.run(|| RouteTables::open().unwrap().dump(None).unwrap()).unwrap();
        all.iter().any(|route| (route.to, route.table) == (own, 255)).then_some(all)
    });
    let found = |to: Prefix, table: u32| {
        listed.iter().find(|route| route.to == to && route.table == table).unwrap()
    };
    let network = found(six("fd01::/64"), 254);
    assert_eq!((network.via, network.protocol), (hop(a, "::"), 2));
    let network = found(four([192, 0, 2, 0], 24), 254);
    assert_eq!((network.via, network.protocol), (hop(a, "0.0.0.0"), 2));
    assert_eq!(network.preferred_source, Some([192, 0, 2, 1].into()));
    assert_eq!(found(four([192, 0, 2, 1], 32), 255).via, Via::Other);
    assert_eq!(found(own, 255).via, Via::Other);
}

fn unused_table() {
    let pair = Pair::new();
    let empty = pair.here.run(|| RouteTables::open().unwrap().dump(Some(77)).unwrap()).unwrap();
    assert_eq!(empty, []);
}
