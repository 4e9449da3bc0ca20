//! The driver against the real kernel, in namespaces made here.
//!
//! Runs as root, or as anybody where user namespaces are allowed; else says it was skipped.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test, though it has a main of its own"
)]

use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use linux::{
    Change, Destination, Detour, KernelRoute, Masquerade, Namespace, Netlink, Queues, RouteTables,
    Tun, Udp, Via, acquire_rights, firewall, readable, sysctl,
};
use words::Prefix;

const FACTS: [(&str, fn()); 10] = [
    ("a_packet_goes_out_by_the_tun_and_an_answer_comes_in", a_packet_goes_out_and_in),
    ("addresses_and_routes_are_listed_replaced_and_removed", routes_are_listed),
    ("a_taken_name_is_told_with_its_remedy", a_taken_name_is_told),
    ("a_private_directory_is_seen_by_nobody_else", a_private_directory),
    ("a_child_lives_inside_and_dies_with_its_parent", a_child_lives_inside),
    ("a_missing_interface_is_told", a_missing_interface_is_told),
    ("an_address_is_taken_away", an_address_is_taken_away),
    ("what_leaves_for_others_bears_our_own_address", what_leaves_is_masqueraded),
    ("what_is_marked_or_spared_makes_no_detour", what_makes_no_detour),
    ("a_firewall_that_drops_what_is_forwarded_is_named", a_dropping_firewall_is_named),
];

fn main() {
    let tried = || {
        let rights = acquire_rights()?;
        // The device itself may be closed to ordinary users.
        Namespace::new()?.run(|| Tun::open("t0", Queues::One))??;
        Ok::<_, linux::Error>(rights)
    };
    match tried() {
        Ok(rights) => eprintln!("running {} facts as {rights:?}", FACTS.len()),
        Err(error) => return eprintln!("skipped: {error}"),
    }
    for (name, fact) in FACTS {
        fact();
        eprintln!("{name} ... ok");
    }
}

/// A namespace with an interface `t0`, up, with `own` as its addresses.
fn island(own: &[Destination]) -> (Namespace, Tun) {
    let island = Namespace::new().unwrap();
    let tun = island
        .run(|| {
            let tun = Tun::open("t0", Queues::One).unwrap();
            let mut netlink = Netlink::open().unwrap();
            let device = netlink.index(tun.name()).unwrap();
            netlink.set_quiet(device).unwrap();
            netlink.set_mtu(device, 1420).unwrap();
            netlink.set_up(device).unwrap();
            for own in own {
                netlink.add_address(device, *own).unwrap();
                netlink.add_address(device, *own).unwrap();
            }
            tun
        })
        .unwrap();
    (island, tun)
}

fn range(text: &str, length: u8) -> Destination {
    Destination { address: text.parse().unwrap(), length }
}

fn a_packet_goes_out_and_in() {
    let (island, tun) = island(&[range("fd00::1", 64), range("10.9.0.1", 24)]);
    let (own, peer): (Ipv6Addr, Ipv6Addr) =
        ("fd00::1".parse().unwrap(), "fd00::2".parse().unwrap());
    let socket = island.run(|| UdpSocket::bind((own, 5000)).unwrap()).unwrap();
    socket.send_to(b"ping", (peer, 6000)).unwrap();
    assert_eq!(readable([tun.as_fd()], Some(Duration::from_secs(5))).unwrap(), [true]);

    let mut packet = [0; 2048];
    let packet = loop {
        let length = tun.read(&mut packet).unwrap().expect("the datagram");
        // Groups are joined by multicast; we want the datagram.
        if packet[6] == 17 {
            break &mut packet[..length];
        }
    };
    assert_eq!((packet[0] >> 4, packet.len()), (6, 40 + 8 + 4));
    assert_eq!(packet[24..40], peer.octets());
    assert_eq!(tun.read(&mut [0; 64]).unwrap(), None);

    // Turned around, it is its own answer: the checksum does not mind the order.
    let mut back = packet.to_vec();
    back[8..24].copy_from_slice(&packet[24..40]);
    back[24..40].copy_from_slice(&packet[8..24]);
    back[40..42].copy_from_slice(&packet[42..44]);
    back[42..44].copy_from_slice(&packet[40..42]);
    // The kernel takes in packets for a new address a moment after it lets us send from it.
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut answer = [0; 16];
    let received = (0..50).find_map(|_| {
        tun.write(&back).unwrap();
        socket.recv_from(&mut answer).ok()
    });
    let (length, from) = received.expect("the answer, within five seconds");
    assert_eq!((&answer[..length], from), (&b"ping"[..], SocketAddr::from((peer, 6000))));
}

fn routes_are_listed() {
    let (island, _tun) = island(&[range("fd00::1", 128), range("10.9.0.1", 32)]);
    island
        .run(|| {
            let mut netlink = Netlink::open().unwrap();
            let device = netlink.index("t0").unwrap();
            let own: IpAddr = "fd00::1".parse().unwrap();
            let wanted = [
                (range("fd00::", 48), Some(own)),
                (range("10.9.0.0", 16), None),
                (Destination::ALL_IPV6, None),
                (Destination::ALL_IPV4, None),
            ];
            for (to, source) in wanted {
                netlink.set_route(to, device, source).unwrap();
                netlink.set_route(to, device, source).unwrap();
                let routes = netlink.routes().unwrap();
                let found = routes.iter().filter(|route| route.destination == to).count();
                assert_eq!(found, 1, "{to} in {routes:?}");
            }
            for (to, _) in wanted {
                netlink.delete_route(to, device).unwrap();
                assert!(netlink.delete_route(to, device).is_err());
            }
            assert!(netlink.routes().unwrap().iter().all(|route| route.destination.length > 16));
        })
        .unwrap();
}

fn a_taken_name_is_told() {
    let (island, _tun) = island(&[]);
    let told = |name: &str| {
        let opened = island.run(|| Tun::open(name, Queues::One)).unwrap();
        opened.unwrap_err().to_string()
    };
    assert!(told("t0").contains("the name is taken"), "{}", told("t0"));
    assert!(told("lo").contains("choose another"), "{}", told("lo"));
    assert!(told("a-name-of-many-letters").contains("1 to 15 characters"));
}

fn a_private_directory() {
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().to_owned();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // A thread shares its root with the others until it makes a mount namespace.
            linux::private_directory(&path).unwrap();
            std::fs::write(path.join("inside"), "x").unwrap();
            assert!(path.join("inside").exists());
        });
    });
    assert!(!path.join("inside").exists());
}

fn a_child_lives_inside() {
    let (island, _tun) = island(&[]);
    let mut list = Command::new("cat");
    list.arg("/proc/self/net/dev").stdout(Stdio::piped());
    let output = island.spawn(&mut list).unwrap().wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("t0:"));

    let (send, receive) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let child = island.spawn(Command::new("sleep").arg("1000")).unwrap();
            send.send(child).unwrap();
        });
    });
    let status = receive.recv().unwrap().wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
}

fn a_missing_interface_is_told() {
    let island = Namespace::new().unwrap();
    let error = island.run(|| Netlink::open().unwrap().index("none0")).unwrap().unwrap_err();
    assert!(error.to_string().contains("cannot find the interface none0"), "{error}");
}

fn an_address_is_taken_away() {
    let own = range("10.9.0.1", 32);
    let (island, _tun) = island(&[own]);
    let bind = || UdpSocket::bind((own.address, 0)).is_ok();
    let taken = || {
        let mut netlink = Netlink::open().unwrap();
        let device = netlink.index("t0").unwrap();
        let before = bind();
        netlink.remove_address(device, own).unwrap();
        let again = netlink.remove_address(device, own).is_err();
        (before, bind(), again)
    };
    assert_eq!(island.run(taken).unwrap(), (true, false, true));
}

fn what_leaves_is_masqueraded() {
    let (island, out) = island(&[range("192.0.2.9", 32), range("2001:db8::9", 128)]);
    let (mesh, device) = island
        .run(|| {
            let mesh = Tun::open("t1", Queues::One).unwrap();
            let mut netlink = Netlink::open().unwrap();
            let (inside, outside) = (netlink.index("t1").unwrap(), netlink.index("t0").unwrap());
            netlink.set_quiet(inside).unwrap();
            netlink.set_up(inside).unwrap();
            for (to, by) in [("10.42.0.0/16", inside), ("fd42::/48", inside)] {
                netlink.set_route(to.parse::<Prefix>().unwrap().into(), by, None).unwrap();
            }
            netlink.set_route(Destination::ALL_IPV4, outside, None).unwrap();
            netlink.set_route(Destination::ALL_IPV6, outside, None).unwrap();
            sysctl::forward(true).unwrap();
            sysctl::forward(false).unwrap();
            (mesh, inside)
        })
        .unwrap();
    let start = |range: &str| {
        let range = range.parse().unwrap();
        island.run(move || Masquerade::start(range, device, "t1").unwrap()).unwrap()
    };
    let mut sent = 0;
    let mut source = |from: &str, to: &str| -> IpAddr {
        sent += 1;
        let packet = nameless(from.parse().unwrap(), to.parse().unwrap(), sent);
        mesh.write(&packet).unwrap();
        source_of(&out, sent)
    };
    let (four, six) = (start("10.42.0.0/16"), start("fd42::/48"));
    assert_eq!(source("10.42.3.1", "198.51.100.7").to_string(), "192.0.2.9");
    assert_eq!(source("fd42:0:0:3::1", "2001:db8:7::1").to_string(), "2001:db8::9");
    drop((four, six));
    assert_eq!(source("10.42.3.2", "198.51.100.8").to_string(), "10.42.3.2");
    assert_eq!(source("fd42:0:0:3::2", "2001:db8:7::2").to_string(), "fd42:0:0:3::2");
}

/// A packet of a protocol without name, with one octet in it.
fn nameless(from: IpAddr, to: IpAddr, octet: u8) -> Vec<u8> {
    const NAMELESS: u8 = 253;
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let mut packet = vec![0x45, 0, 0, 21, 0, 0, 0, 0, 64, NAMELESS, 0, 0];
            packet.extend(from.octets());
            packet.extend(to.octets());
            let words =
                packet.chunks_exact(2).map(|it| u32::from(u16::from_be_bytes([it[0], it[1]])));
            let sum = words.sum::<u32>();
            let sum = !u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap();
            packet[10..12].copy_from_slice(&sum.to_be_bytes());
            packet.push(octet);
            packet
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let mut packet = vec![0x60, 0, 0, 0, 0, 1, NAMELESS, 64];
            packet.extend(from.octets());
            packet.extend(to.octets());
            packet.push(octet);
            packet
        }
        _ => panic!("two families"),
    }
}

/// The source of the packet that ends with that octet, among all that comes out.
fn source_of(out: &Tun, octet: u8) -> IpAddr {
    let mut packet = [0; 2048];
    loop {
        let ready = readable([out.as_fd()], Some(Duration::from_secs(5))).unwrap();
        assert_eq!(ready, [true], "nothing comes out");
        let Some(length) = out.read(&mut packet).unwrap() else { continue };
        match (packet[0] >> 4, length) {
            (4, 21) if packet[20] == octet => {
                return <[u8; 4]>::try_from(&packet[12..16]).unwrap().into();
            }
            (6, 41) if packet[40] == octet => {
                return <[u8; 16]>::try_from(&packet[8..24]).unwrap().into();
            }
            _ => {}
        }
    }
}

fn what_makes_no_detour() {
    let (island, _tun) = island(&[range("10.9.0.1", 32), range("192.0.2.9", 24)]);
    let facts = || {
        let mut netlink = Netlink::open().unwrap();
        let device = netlink.index("t0").unwrap();
        netlink.set_route(Destination::ALL_IPV4, device, Some([192, 0, 2, 9].into())).unwrap();
        let away = KernelRoute {
            to: Prefix::ALL_IPV4,
            from: Prefix::ALL,
            via: Via::Hop { device, address: [0, 0, 0, 0].into(), onlink: false },
            table: 77,
            metric: 0,
            protocol: 4,
            preferred_source: Some([10, 9, 0, 1].into()),
        };
        let mut detour = Detour::start(true, 77, 7).unwrap();
        // Those of a process that died are taken over.
        std::mem::forget(std::mem::replace(&mut detour, Detour::start(true, 77, 7).unwrap()));
        let empty = leaves_by(None, [198, 51, 100, 7]);
        let failed = RouteTables::open().unwrap().apply(&[Change::Put(away)]);
        assert!(failed.is_empty(), "{failed:?}");
        detour.spare(&[[198, 51, 100, 8].into(), "2001:db8::8".parse().unwrap()]).unwrap();
        let all = [
            empty,
            leaves_by(None, [198, 51, 100, 7]),
            leaves_by(Some(7), [198, 51, 100, 7]),
            leaves_by(None, [198, 51, 100, 8]),
            leaves_by(None, [192, 0, 2, 20]),
        ];
        detour.spare(&[]).unwrap();
        let no_more = leaves_by(None, [198, 51, 100, 8]);
        drop(detour);
        (all, no_more, leaves_by(None, [198, 51, 100, 7]))
    };
    let (own, away) = (IpAddr::from([192, 0, 2, 9]), IpAddr::from([10, 9, 0, 1]));
    let expected = ([own, away, own, own, own], away, own);
    assert_eq!(island.run(facts).unwrap(), expected);
}

/// The source that the kernel gives a packet to that address.
fn leaves_by(mark: Option<u32>, to: [u8; 4]) -> IpAddr {
    let udp = Udp::bind_to(([0, 0, 0, 0], 0).into()).unwrap();
    if let Some(mark) = mark {
        udp.mark(mark).unwrap();
    }
    let socket = UdpSocket::from(udp.as_fd().try_clone_to_owned().unwrap());
    socket.connect((IpAddr::from(to), 9)).unwrap();
    socket.local_addr().unwrap().ip()
}

fn a_dropping_firewall_is_named() {
    let island = Namespace::new().unwrap();
    let named = |four| island.run(|| firewall::forward_drops(four).unwrap()).unwrap();
    assert!(named(true).is_empty() && named(false).is_empty());
    let rules = "add table ip6 guard; add table inet filter;
        add chain ip6 guard out { type filter hook forward priority 0; policy drop; };
        add chain inet filter forward { type filter hook forward priority 0; policy accept; };";
    let mut nft = Command::new("nft");
    let Ok(mut child) = island.spawn(nft.arg(rules)) else {
        return eprintln!("nft is not installed: only the empty firewall was looked at");
    };
    assert!(child.wait().unwrap().success());
    assert_eq!(named(false), ["ip6 guard out"]);
    assert!(named(true).is_empty());
}
