//! What happens is told, and what is there is listed.

use std::net::IpAddr;
use std::os::fd::AsFd;
use std::time::Duration;

use linux::{
    Destination, InterfaceAddress, Netlink, Notice, RouteTables, Watch, addresses, links, readable,
};

use crate::{Fact, Pair, apply, four, hop, put, remove, route, six, soon};

pub(crate) const FACTS: &[Fact] = &[
    ("links_addresses_and_routes_are_watched", everything),
    ("our_own_changes_can_be_left_out", ours_left_out),
    ("who_reads_too_late_is_told_to_read_everything", overrun),
    ("links_and_addresses_are_listed", lists),
];

/// A watch, and all that it told.
struct Ears(Watch, Vec<Notice>);

impl Ears {
    fn open() -> Self {
        Self(Watch::open().unwrap(), Vec::new())
    }

    /// Reads until something was told that `wanted` accepts, which it must be soon.
    fn told(&mut self, wanted: impl Fn(&Notice) -> bool) {
        soon(|| {
            let said = self.1.iter().position(&wanted);
            if said.is_none() {
                readable([self.0.as_fd()], Some(Duration::from_millis(100))).unwrap();
                self.1.extend(self.0.read().unwrap());
            }
            said
        });
    }
}

fn everything() {
    let pair = Pair::new();
    let [a, _] = pair.devices;
    let fact = || {
        let mut ears = Ears::open();
        let mut tables = RouteTables::open().unwrap();
        let mut netlink = Netlink::open().unwrap();
        for range in [six("fd42::/48"), four([10, 0, 0, 0], 8)] {
            let mut way = route(range, hop(a, "fe80::1"));
            apply(&mut tables, &[put(&way)]);
            ears.told(|notice| *notice == Notice::Route(way.clone(), false));
            way.via = hop(a, "fe80::2");
            apply(&mut tables, &[put(&way)]);
            ears.told(|notice| *notice == Notice::Route(way.clone(), false));
            apply(&mut tables, &[remove(&way)]);
            ears.told(|notice| *notice == Notice::Route(way.clone(), true));
        }
        netlink.set_mtu(a, 1300).unwrap();
        ears.told(
            |notice| matches!(notice, Notice::Link(link) if link.index == a && link.mtu == 1300),
        );
        for own in ["fd01::1", "192.0.2.1"] {
            let address: IpAddr = own.parse().unwrap();
            netlink.add_address(a, Destination { address, length: 24 }).unwrap();
            ears.told(|notice| *notice == Notice::Address(a, address, 24, false));
        }
    };
    pair.here.run(fact).unwrap();
    let mut ears = pair.here.run(Ears::open).unwrap();
    let there = pair.there.run(|| Netlink::open().unwrap().remove_interface(pair.far[0]));
    there.unwrap().unwrap();
    let own: IpAddr = "192.0.2.1".parse().unwrap();
    ears.told(|notice| *notice == Notice::Address(a, own, 24, true));
    ears.told(|notice| *notice == Notice::LinkGone(a));
}

fn ours_left_out() {
    let pair = Pair::new();
    let [a, _] = pair.devices;
    let fact = || {
        let mut ears = Ears::open();
        let [mut ours, mut aside, mut theirs] = [(); 3].map(|()| RouteTables::open().unwrap());
        ears.0.ignore([&ours, &aside]).unwrap();
        let [quiet, silent, loud] = ["fd42::/48", "fd43::/48", "fd44::/48"]
            .map(|range| route(six(range), hop(a, "fe80::1")));
        apply(&mut ours, &[put(&quiet)]);
        apply(&mut aside, &[put(&silent)]);
        apply(&mut theirs, &[put(&loud)]);
        ears.told(|notice| *notice == Notice::Route(loud.clone(), false));
        for ours in [quiet, silent] {
            assert!(!ears.1.contains(&Notice::Route(ours, false)));
        }
    };
    pair.here.run(fact).unwrap();
}

fn overrun() {
    let pair = Pair::new();
    let [a, _] = pair.devices;
    let fact = || {
        let mut ears = Ears::open();
        let mut tables = RouteTables::open().unwrap();
        let ways = [hop(a, "fe80::1"), hop(a, "fe80::2")].map(|via| route(six("fd42::/48"), via));
        let changes: Vec<_> = ways.iter().cycle().take(40_000).map(put).collect();
        apply(&mut tables, &changes);
        ears.told(|notice| *notice == Notice::Overrun);
        // It goes on from there.
        soon(|| ears.0.read().unwrap().is_empty().then_some(()));
        apply(&mut tables, &[remove(&ways[1])]);
        ears.told(|notice| *notice == Notice::Route(ways[1].clone(), true));
    };
    pair.here.run(fact).unwrap();
}

fn lists() {
    let pair = Pair::new();
    let [a, b] = pair.devices;
    pair.address("fd01::1", 64);
    pair.address("192.0.2.1", 24);
    let fact = || {
        let all = soon(|| {
            let all = links().unwrap();
            all.iter().all(|link| link.up).then_some(all)
        });
        let names: Vec<_> = all.iter().map(|link| (link.index, link.name.as_str())).collect();
        assert_eq!(names, [(1, "lo"), (a, "a0"), (b, "b0")]);
        let flags: Vec<_> =
            all.iter().map(|link| (link.loopback, link.point_to_point, link.wireless)).collect();
        assert_eq!(flags, [(true, false, false), (false, false, false), (false, false, false)]);
        assert_eq!(all[1].mtu, 1500);
        let own = |address: &str, length, link_local| InterfaceAddress {
            index: a,
            address: address.parse().unwrap(),
            length,
            tentative: false,
            link_local,
        };
        soon(|| {
            let all = addresses().unwrap();
            let local = all.iter().find(|own| own.index == a && own.link_local)?;
            assert_eq!(local.length, 64);
            let there = [own("fd01::1", 64, false), own("192.0.2.1", 24, false)];
            (!local.tentative && there.iter().all(|own| all.contains(own))).then_some(())
        });
        Netlink::open().unwrap().set_down(b).unwrap();
        let all = links().unwrap();
        assert!(all[1].up && !all[2].up);
    };
    pair.here.run(fact).unwrap();
}
