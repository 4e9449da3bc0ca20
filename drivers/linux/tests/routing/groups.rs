//! The socket for groups: who sent what, by which interface, how far away.

use std::net::{IpAddr, Ipv6Addr, SocketAddrV6};
use std::os::fd::AsFd;
use std::time::Duration;

use linux::{Group, Namespace, Received, addresses, readable};

use crate::{Fact, Pair, soon};

pub(crate) const FACTS: &[Fact] = &[
    ("neighbours_hear_each_other_by_the_right_interface", neighbours),
    ("what_is_too_long_is_dropped_and_the_next_is_read", too_long),
    ("a_port_that_is_taken_is_told_with_its_remedy", taken),
    ("joining_twice_and_leaving_twice_do_no_harm", twice),
    ("sending_by_an_interface_that_is_not_there_is_told", no_interface),
];

const BABEL: u16 = 6696;
const ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 6);

/// The link-local address of an interface, when it can be used.
fn own(namespace: &Namespace, interface: u32) -> Ipv6Addr {
    let found = || {
        let all = namespace.run(addresses).unwrap().unwrap();
        let usable = all.into_iter().find(|own| {
            own.index == interface && own.link_local && !own.tentative && own.address.is_ipv6()
        });
        usable.map(|own| match own.address {
            IpAddr::V6(six) => six,
            IpAddr::V4(_) => unreachable!(),
        })
    };
    soon(found)
}

fn open(namespace: &Namespace, interfaces: [u32; 2]) -> Group {
    let group = namespace.run(|| Group::open(BABEL)).unwrap().unwrap();
    for interface in interfaces {
        group.join(interface, ROUTERS).unwrap();
    }
    group
}

fn next(group: &mut Group, buffer: &mut [u8]) -> Received {
    soon(|| {
        readable([group.as_fd()], Some(Duration::from_millis(100))).unwrap();
        group.receive(buffer)
    })
}

fn to(address: Ipv6Addr) -> SocketAddrV6 {
    SocketAddrV6::new(address, BABEL, 0, 0)
}

fn neighbours() {
    let pair = Pair::new();
    let mut buffer = [0; 100];
    let (mut here, mut there) = (open(&pair.here, pair.devices), open(&pair.there, pair.far));
    for wire in [1, 0] {
        let (near, far) = (pair.devices[wire], pair.far[wire]);
        let (us, them) = (own(&pair.here, near), own(&pair.there, far));
        for source in [Some(us), None] {
            here.send(near, source, to(ROUTERS), b"hello").unwrap();
            let got = next(&mut there, &mut buffer);
            let from = SocketAddrV6::new(us, BABEL, 0, far);
            let wanted = Received { interface: far, from, to: ROUTERS, hop_limit: 1, length: 5 };
            assert_eq!((got, &buffer[..got.length]), (wanted, &b"hello"[..]));
        }
        there.send(far, Some(them), to(us), b"heard").unwrap();
        let got = next(&mut here, &mut buffer);
        let from = SocketAddrV6::new(them, BABEL, 0, near);
        let wanted = Received { interface: near, from, to: us, hop_limit: 1, length: 5 };
        assert_eq!((got, &buffer[..got.length]), (wanted, &b"heard"[..]));
    }
    // Nothing of it came back, and who left hears nothing.
    assert_eq!((here.receive(&mut buffer), there.receive(&mut buffer)), (None, None));
    there.leave(pair.far[0], ROUTERS).unwrap();
    here.send(pair.devices[0], None, to(ROUTERS), b"lost").unwrap();
    here.send(pair.devices[1], None, to(ROUTERS), b"found").unwrap();
    let got = next(&mut there, &mut buffer);
    assert_eq!((got.interface, &buffer[..got.length]), (pair.far[1], &b"found"[..]));
}

fn too_long() {
    let pair = Pair::new();
    let (here, mut there) = (open(&pair.here, pair.devices), open(&pair.there, pair.far));
    own(&pair.here, pair.devices[0]);
    here.send(pair.devices[0], None, to(ROUTERS), &[1; 101]).unwrap();
    here.send(pair.devices[0], None, to(ROUTERS), &[2; 100]).unwrap();
    let mut buffer = [0; 100];
    let got = next(&mut there, &mut buffer);
    assert_eq!((got.length, buffer), (100, [2; 100]));
}

fn taken() {
    let namespace = Namespace::new().unwrap();
    let open = || namespace.run(|| Group::open(BABEL)).unwrap();
    let first = open().unwrap();
    assert_eq!(first.port().unwrap(), BABEL);
    let error = open().unwrap_err().to_string();
    assert!(error.contains("6696") && error.contains("perhaps another Babel daemon"), "{error}");
    drop(first);
    open().unwrap();
}

fn twice() {
    let pair = Pair::new();
    let group = open(&pair.here, pair.devices);
    group.join(pair.devices[0], ROUTERS).unwrap();
    group.leave(pair.devices[0], ROUTERS).unwrap();
    group.leave(pair.devices[0], ROUTERS).unwrap();
    group.leave(999, ROUTERS).unwrap();
    let error = group.join(999, ROUTERS).unwrap_err().to_string();
    assert!(error.ends_with("has another program deleted it?"), "{error}");
}

fn no_interface() {
    let pair = Pair::new();
    let group = open(&pair.here, pair.devices);
    assert!(group.send(999, None, to(ROUTERS), b"x").is_err());
    let stranger = "fe80::dead".parse().unwrap();
    let error = group.send(pair.devices[0], Some(stranger), to(ROUTERS), b"x").unwrap_err();
    assert!(error.to_string().starts_with("cannot send to [ff02::1:6"), "{error}");
}
