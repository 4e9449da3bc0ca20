//! The driver against the real kernel, in namespaces made here.
//!
//! Runs as root, or as anybody where user namespaces are allowed; else says it was skipped.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test, though it has a main of its own"
)]

use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use linux::{Destination, Namespace, Netlink, Queues, Tun, acquire_rights, readable};

const FACTS: [(&str, fn()); 6] = [
    ("a_packet_goes_out_by_the_tun_and_an_answer_comes_in", a_packet_goes_out_and_in),
    ("addresses_and_routes_are_listed_replaced_and_removed", routes_are_listed),
    ("a_taken_name_is_told_with_its_remedy", a_taken_name_is_told),
    ("a_private_directory_is_seen_by_nobody_else", a_private_directory),
    ("a_child_lives_inside_and_dies_with_its_parent", a_child_lives_inside),
    ("a_missing_interface_is_told", a_missing_interface_is_told),
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
