//! The plane between real interfaces, in network namespaces made here, its links over
//! loopback. Skipped, and said so, where namespaces are forbidden.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crypto::session::Mask;
use forward::{Own, Target};
use linux::{Clock, Destination, Namespace, Netlink, Queues, Tun, Udp};
use nix::sys::socket::{setsockopt, sockopt};
use noise::Keys;
use words::routing::Range;
use words::{LinkId, NodeId, Prefix};

use super::{Carried, FromPlane, Handle, MTU, Parts, start};

mod paced;

const PATIENCE: Duration = Duration::from_secs(5);
const NETWORK: &str = "fd42::/48";

/// One node: its plane, what the plane told, and a socket of its own kernel.
struct Site {
    number: u8,
    plane: Handle,
    told: Receiver<FromPlane>,
    underlay: SocketAddr,
    socket: UdpSocket,
    namespace: Namespace,
}

#[test]
fn packets_cross_a_relay_that_counts_and_ages_them() {
    let Some([mut a, mut b, mut c]) = sites() else { return };
    join(&mut a, &mut b, 1);
    join(&mut b, &mut c, 2);
    route(&mut a, &c, LinkId::ours(1));
    route(&mut c, &a, LinkId::theirs(2));

    // Two hops suffice; the same back.
    setsockopt(&a.socket, sockopt::Ipv6Ttl, &2).unwrap();
    a.socket.send_to(b"there", c.address()).unwrap();
    assert_eq!(heard(&c.socket), (b"there".to_vec(), a.address()));
    c.socket.send_to(&[7; 1372], a.address()).unwrap();
    assert_eq!(heard(&a.socket).0, [7; 1372]);

    let traffic = |site: &Site, link| -> Carried {
        site.plane.link_counters().find(|counted| counted.0 == link).unwrap().1
    };
    let relayed = traffic(&b, LinkId::theirs(1));
    assert_eq!((relayed.payload_packets, relayed.packets_in, relayed.packets_out), (2, 1, 1));
    assert_eq!((relayed.octets_in, relayed.octets_out), (40 + 8 + 5 + 28, 1420 + 28));
    assert!(relayed.last_payload.is_some());
    let carried = [&a, &b, &c].map(|site| site.plane.relayed());
    assert_eq!(carried, [0, 40 + 8 + 5 + 1420, 0], "what is one's own is not carried for others");
    assert_eq!(b.plane.payload_packets(LinkId::ours(2)), Some(2));
    assert_eq!(b.plane.payload_packets(LinkId::ours(9)), None);

    // One hop does not: the relay tells.
    setsockopt(&a.socket, sockopt::Ipv6Ttl, &1).unwrap();
    a.socket.connect(c.address()).unwrap();
    a.socket.send(b"too far").unwrap();
    assert_eq!(a.socket.recv(&mut [0; 9]).unwrap_err().raw_os_error(), Some(libc::EHOSTUNREACH));
    assert_eq!(b.plane.counters()["expired"], 1);
}

#[test]
fn what_an_exit_lets_out_and_in_is_carried_for_others() {
    let Some([mut a, mut b, _]) = sites() else { return };
    join(&mut a, &mut b, 1);
    let outside: Ipv6Addr = "2001:db8::9".parse().unwrap();
    let members = Range { to: Prefix::ALL, from: NETWORK.parse().unwrap() };
    // The server outside is in the namespace of the exit.
    let server = b.outside(outside);
    a.outside_by_mesh(outside);
    b.plane.set_fixed(members, Some(Target::Exit));
    b.plane.commit();
    a.plane.set_route(members, Some(LinkId::ours(1)));
    a.plane.commit();
    a.socket.send_to(b"out", (outside, 7001)).unwrap();
    assert_eq!(heard(&server), (b"out".to_vec(), a.address()));
    let one = 40 + 8 + 3;
    until(|| b.plane.relayed() == one);
    server.send_to(b"in", a.address()).unwrap();
    assert_eq!(heard(&a.socket).0, b"in");
    assert_eq!(b.plane.relayed(), one + 40 + 8 + 2);
    b.socket.send_to(b"its own", a.address()).unwrap();
    assert_eq!(heard(&a.socket).0, b"its own");
    assert_eq!([a.plane.relayed(), b.plane.relayed()], [0, one + 40 + 8 + 2]);
}

#[test]
fn a_destination_without_route_is_told_at_once() {
    let Some([a, _, _]) = sites() else { return };
    a.socket.connect("[fd42:0:0:99::1]:7").unwrap();
    a.socket.send(b"?").unwrap();
    let error = a.socket.recv(&mut [0; 9]).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENETUNREACH), "{error}");
    assert_eq!(a.plane.counters()["no-route"], 1);
}

#[test]
fn control_frames_and_strangers_reach_the_control_thread() {
    let Some([mut a, mut b, _]) = sites() else { return };
    join(&mut a, &mut b, 1);
    a.plane.send(LinkId::ours(1), &[1, 2, 3]);
    assert!(matches!(told(&b), FromPlane::Heard { link, .. } if link == LinkId::theirs(1)));
    let FromPlane::Control { link, frame, .. } = told(&b) else { panic!("a frame") };
    assert_eq!((link, &frame[..]), (LinkId::theirs(1), &[1, 2, 3][..]));
    b.plane.send(LinkId::theirs(1), &[3]);
    assert!(matches!(told(&a), FromPlane::Control { link: LinkId(1), frame, .. } if *frame == [3]));

    let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    stranger.send_to(&[9; 200], b.underlay).unwrap();
    let FromPlane::Handshake { from, bytes } = told(&b) else { panic!("a stranger") };
    assert_eq!((from, &bytes[..]), (stranger.local_addr().unwrap(), &[9; 200][..]));
    a.plane.transmit(b.underlay, &[8; 100]);
    assert!(matches!(told(&b), FromPlane::Handshake { from, .. } if from == a.underlay));

    // Only so many wait: these are all held.
    for _ in 0..600 {
        stranger.send_to(&[9; 50], b.underlay).unwrap();
        std::thread::sleep(Duration::from_micros(20));
    }
    until(|| b.plane.counters()["no-room"] > 0);
    drop(bytes);
    a.plane.send(LinkId::ours(1), &[2]);
    let frames = |word: &FromPlane| matches!(word, FromPlane::Control { .. });
    until(|| b.told.try_iter().any(|word| frames(&word)));
}

#[test]
fn new_keys_cost_no_packet() {
    let Some([mut a, mut b, _]) = sites() else { return };
    join(&mut a, &mut b, 1);
    let send = |from: &Site, to: &Site, what: u8| {
        from.socket.send_to(&[what], to.address()).unwrap();
        assert_eq!(heard(&to.socket).0, [what]);
    };
    send(&a, &b, 1);
    // The acceptor has the keys first, and goes on with the old ones until it hears the new.
    let (ours, theirs) = keys(&a, &b, 100);
    b.plane.install(LinkId::theirs(1), &theirs, a.underlay);
    send(&b, &a, 2);
    send(&a, &b, 3);
    a.plane.install(LinkId::ours(1), &ours, b.underlay);
    send(&b, &a, 4);
    send(&a, &b, 5);
    a.plane.retire(a.index(1));
    send(&b, &a, 6);
    b.plane.retire(b.index(1));
    send(&a, &b, 7);

    assert!(b.told.try_iter().all(|word| matches!(word, FromPlane::Heard { .. })));
}

#[test]
fn a_new_address_is_told_once_and_obeyed_when_told() {
    let Some([mut a, mut b, _]) = sites() else { return };
    join(&mut a, &mut b, 1);
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    b.plane.redirect(LinkId::theirs(1), nowhere);
    for _ in 0..3 {
        a.plane.send(LinkId::ours(1), &[]);
    }
    assert!(matches!(told(&b), FromPlane::Heard { link, .. } if link == LinkId::theirs(1)));
    let FromPlane::Moved { link, from, .. } = told(&b) else { panic!("moved") };
    assert_eq!((link, from), (LinkId::theirs(1), a.underlay));
    b.plane.redirect(link, from);
    b.plane.send(link, &[1]);
    assert!(matches!(told(&a), FromPlane::Control { .. }));
    a.plane.send(LinkId::ours(1), &[1]);
    assert!(matches!(told(&b), FromPlane::Control { .. }));
}

#[test]
fn one_move_of_a_link_is_told_at_a_time_and_one_a_second() {
    let Some([mut a, mut b, _]) = sites() else { return };
    join(&mut a, &mut b, 1);
    let link = LinkId::theirs(1);
    let strays = |b: &mut Site| {
        b.plane.redirect(link, SocketAddr::from((Ipv4Addr::LOCALHOST, 9)));
        a.plane.send(LinkId::ours(1), &[2]);
        let moved = told(b);
        if !matches!(moved, FromPlane::Moved { .. }) {
            return None;
        }
        assert!(matches!(told(b), FromPlane::Control { .. }));
        Some(moved)
    };
    assert!(strays(&mut b).is_none(), "it is heard");
    let moved = told(&b);
    assert!(matches!(moved, FromPlane::Moved { .. }));
    assert!(matches!(told(&b), FromPlane::Control { .. }));
    std::thread::sleep(Duration::from_millis(1_100));
    assert!(strays(&mut b).is_none(), "one is told and not done");
    drop(moved);
    assert!(strays(&mut b).is_some());
    assert!(strays(&mut b).is_none(), "less than a second after");
    std::thread::sleep(Duration::from_millis(1_100));
    assert!(strays(&mut b).is_some());
}

#[test]
fn a_link_that_talks_too_much_takes_no_room_of_others() {
    let Some([mut a, mut b, mut c]) = sites() else { return };
    join(&mut a, &mut b, 1);
    join(&mut c, &mut b, 2);
    for _ in 0..100 {
        a.plane.send(LinkId::ours(1), &[1]);
        std::thread::sleep(Duration::from_micros(20));
    }
    until(|| b.plane.counters()["no-room"] == 36);
    c.plane.send(LinkId::ours(2), &[1]);
    let mut held = Vec::new();
    until(|| {
        held.extend(b.told.try_iter());
        let of = |word: &&FromPlane| matches!(word, FromPlane::Control { link, .. } if *link == LinkId::theirs(2));
        held.iter().find(of).is_some()
    });
    assert_eq!(b.plane.counters()["no-room"], 36);
}

#[test]
fn a_dropped_link_still_brings_payload_until_it_is_retired() {
    let Some([mut a, mut b, _]) = sites() else { return };
    join(&mut a, &mut b, 1);
    b.plane.drop_link(LinkId::theirs(1));
    b.plane.commit();
    a.plane.send(LinkId::ours(1), &[1]);
    a.socket.send_to(b"late", b.address()).unwrap();
    assert_eq!(heard(&b.socket).0, b"late");
    b.socket.send_to(b"?", a.address()).unwrap();
    until(|| b.plane.counters()["no-link"] == 1 && b.plane.counters()["late-control"] == 1);
    b.plane.retire(b.index(1));
    b.plane.commit();
    a.plane.send(LinkId::ours(1), &[1]);
    assert!(matches!(told(&b), FromPlane::Heard { .. }));
    assert!(matches!(told(&b), FromPlane::Handshake { .. }));
}

#[test]
fn a_link_goes_in_the_moment_its_ranges_do() {
    let Some([mut a, mut b, _]) = sites() else { return };
    join(&mut a, &mut b, 1);
    join(&mut a, &mut b, 2);
    let crosses = |a: &Site, what: u8| {
        a.socket.send_to(&[what], b.address()).unwrap();
        assert_eq!(heard(&b.socket).0, [what]);
    };
    route(&mut a, &b, LinkId::ours(1));
    a.plane.drop_link(LinkId::ours(1));
    a.plane.retire(a.index(1));
    crosses(&a, 1);
    // Neither other ranges nor a new session make it go before its own ranges do.
    a.plane.set_route("fd42:0:0:99::/64".parse::<Prefix>().unwrap().into(), Some(LinkId::ours(2)));
    a.plane.commit_ranges();
    let (ours, _) = keys(&a, &b, 3);
    a.plane.install(LinkId::ours(3), &ours, b.underlay);
    crosses(&a, 2);
    a.plane.send(LinkId::ours(1), &[1]);
    assert_eq!(a.plane.counters()["late-control"], 1);
    assert_eq!(a.plane.payload_packets(LinkId::ours(1)), None);
    route(&mut a, &b, LinkId::ours(2));
    crosses(&a, 3);
    assert_eq!(a.plane.counters()["no-link"], 0);
}

#[test]
fn what_is_forged_or_replayed_is_counted_and_dropped() {
    let Some([mut a, mut b, _]) = sites() else { return };
    // A middle man sees what a sends, and passes it on twice and broken.
    let middle = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    middle.set_read_timeout(Some(PATIENCE)).unwrap();
    let (ours, theirs) = keys(&a, &b, 1);
    a.plane.install(LinkId::ours(1), &ours, middle.local_addr().unwrap());
    b.plane.install(LinkId::theirs(1), &theirs, a.underlay);
    route(&mut a, &b, LinkId::ours(1));
    a.socket.send_to(b"once", b.address()).unwrap();
    let mut sealed = [0; 2048];
    let length = middle.recv(&mut sealed).unwrap();
    assert!(!sealed.windows(4).any(|seen| seen == b"once"));

    let mut broken = sealed;
    broken[length - 1] ^= 1;
    middle.send_to(&broken[..length], b.underlay).unwrap();
    middle.send_to(&sealed[..length], b.underlay).unwrap();
    middle.send_to(&sealed[..length], b.underlay).unwrap();
    assert_eq!(heard(&b.socket).0, b"once");
    // One is a replay. A broken tag may break the mask as well: then nobody knows whose it is.
    let mut strangers = 0;
    until(|| {
        strangers += b.strangers();
        b.plane.counters()["rejected"] + strangers == 2
    });
    b.socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(b.socket.recv(&mut [0; 9]).is_err());
}

#[test]
fn a_plane_stops_when_told_and_its_interface_goes() {
    let Some(sites) = sites() else { return };
    for site in sites {
        // Returns once its thread has ended.
        site.plane.stop();
        let sent = site.socket.send_to(b"?", "[fd42:0:0:99::1]:7");
        assert_eq!(sent.unwrap_err().raw_os_error(), Some(libc::ENETUNREACH));
    }
}

/// Three nodes, numbered 1 to 3, without links; `None` where that is not allowed.
fn sites() -> Option<[Site; 3]> {
    sites_with(None)
}

/// The same, with lines that send so many Mbit/s.
fn sites_with(uplink: Option<u32>) -> Option<[Site; 3]> {
    let made: Result<Vec<_>, _> = (1..=3).map(|number| site(number, uplink)).collect();
    match made {
        Ok(sites) => sites.try_into().ok(),
        Err(error) => {
            eprintln!("skipped: {error}");
            None
        }
    }
}

fn site(number: u8, uplink: Option<u32>) -> Result<Site, linux::Error> {
    let node = NodeId(Prefix::new((0xfd42 << 112) | (u128::from(number) << 64), 64));
    let own = node.address();
    let namespace = Namespace::new()?;
    let (tun, socket) = namespace.run(|| {
        let tun = Tun::open("re6st0", Queues::One)?;
        let mut netlink = Netlink::open()?;
        let device = netlink.index("re6st0")?;
        netlink.set_mtu(device, MTU)?;
        netlink.set_quiet(device)?;
        netlink.set_up(device)?;
        netlink.add_address(device, Destination::only(own.into()))?;
        let network: Prefix = NETWORK.parse().unwrap();
        netlink.set_route(network.into(), device, Some(own.into()))?;
        Ok((tun, UdpSocket::bind((own, 7000)).unwrap()))
    })??;
    wait_until_reachable(&socket);
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    // Else a socket is told of some ICMP errors only.
    setsockopt(&socket, sockopt::Ipv6RecvErr, &true).unwrap();
    let udp = Udp::bind_to((Ipv4Addr::LOCALHOST, 0).into())?;
    let underlay = udp.local().unwrap();
    let own = Own { ipv6: own, ipv4: None, mtu: MTU };
    let mask = Mask::new(&[number; 32]);
    let parts = Parts { tun, udp, mask, clock: Clock::start(), own, uplink };
    let (tell, told) = channel();
    let mut plane = start(parts, move |word| _ = tell.send(word)).unwrap();
    plane.set_fixed(node.0.into(), Some(Target::Local));
    plane.commit();
    Ok(Site { number, plane, told, underlay, socket, namespace })
}

/// The kernel takes in packets for a new address a moment after it can be bound.
fn wait_until_reachable(socket: &UdpSocket) {
    let own = socket.local_addr().unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let reached = (0..250).any(|_| {
        socket.send_to(b"?", own).unwrap();
        socket.recv(&mut [0; 9]).is_ok()
    });
    assert!(reached, "{own} cannot be reached");
}

impl Site {
    fn address(&self) -> SocketAddr {
        let own = Ipv6Addr::from((0xfd42 << 112) | (u128::from(self.number) << 64) | 1);
        (own, 7000).into()
    }

    fn range(&self) -> Prefix {
        Prefix::new((0xfd42 << 112) | (u128::from(self.number) << 64), 64)
    }

    /// The index this node gave to the session number `n`.
    fn index(&self, n: u32) -> u32 {
        n * 10 + u32::from(self.number)
    }

    /// Gives the namespace an address outside of the network, and opens a socket there.
    fn outside(&self, address: Ipv6Addr) -> UdpSocket {
        let made = self.namespace.run(|| {
            let mut netlink = Netlink::open()?;
            let device = netlink.index("re6st0")?;
            netlink.add_address(device, Destination::only(address.into()))?;
            let socket = UdpSocket::bind((address, 7001)).unwrap();
            wait_until_reachable(&socket);
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            Ok::<_, linux::Error>(socket)
        });
        made.unwrap().unwrap()
    }

    /// Sends what is for an address outside into the mesh.
    fn outside_by_mesh(&self, address: Ipv6Addr) {
        let own = self.address().ip();
        let done = self.namespace.run(|| {
            let mut netlink = Netlink::open()?;
            let device = netlink.index("re6st0")?;
            netlink.set_route(Prefix::new(address.to_bits(), 128).into(), device, Some(own))
        });
        done.unwrap().unwrap();
    }

    fn strangers(&self) -> u64 {
        let told = self.told.try_iter();
        told.filter(|word| matches!(word, FromPlane::Handshake { .. })).count() as u64
    }
}

/// The keys of session number `n`, which `a` asked for.
fn keys(a: &Site, b: &Site, n: u32) -> (Keys, Keys) {
    let secret = |octet: u8| [octet ^ u8::try_from(n).unwrap(); 32];
    let one = |own: &Site, other: &Site, send, receive, initiator| Keys {
        local: own.index(n),
        remote: other.index(n),
        send,
        receive,
        aes: n.is_multiple_of(2),
        mask_out: [other.number; 32],
        mask_in: [own.number; 32],
        initiator,
    };
    let (there, back) = (secret(0x55), secret(0xaa));
    (one(a, b, there, back, true), one(b, a, back, there, false))
}

/// Makes a link, number `n` on both sides, with routes to each other.
fn join(a: &mut Site, b: &mut Site, n: u32) {
    let (ours, theirs) = keys(a, b, n);
    a.plane.install(LinkId::ours(n), &ours, b.underlay);
    b.plane.install(LinkId::theirs(n), &theirs, a.underlay);
    route(a, b, LinkId::ours(n));
    route(b, a, LinkId::theirs(n));
}

fn route(from: &mut Site, to: &Site, link: LinkId) {
    from.plane.set_route(to.range().into(), Some(link));
    from.plane.commit();
}

fn heard(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut octets = [0; 2048];
    let (length, from) = socket.recv_from(&mut octets).unwrap();
    (octets[..length].to_vec(), from)
}

fn told(site: &Site) -> FromPlane {
    site.told.recv_timeout(PATIENCE).unwrap()
}

fn until(mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "it never held");
        std::thread::sleep(Duration::from_millis(5));
    }
}
