//! Real packets through the emulated Internet, between real namespaces.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use linux::{Clock, Namespace};

use crate::emulator::{Emulator, Order, plug_in};
use crate::internet::{HostId, Internet, Model};
use crate::{DISPENSABLE, free_directory};

const SEED: [u8; 32] = [5; 32];

/// Namespaces on an Internet of four nodes.
struct Net {
    model: Model,
    namespaces: Vec<Namespace>,
    emulator: Emulator,
}

impl Net {
    /// Makes it, unless this machine does not let us.
    fn make() -> Option<Self> {
        let model = Model::draw(4, SEED);
        let mut namespaces = Vec::new();
        let mut tuns = Vec::new();
        for host in (0..).map(HostId).zip(model.places()) {
            let plugged = |made| plug_in(&made, host, model.underlay).map(|tun| (made, tun));
            match Namespace::new().and_then(plugged) {
                Ok((namespace, tun)) => {
                    namespaces.push(namespace);
                    tuns.push(tun);
                }
                Err(error) => {
                    eprintln!("skipped: {error}");
                    return None;
                }
            }
        }
        let internet = Internet::new(model.clone(), SEED);
        let emulator = Emulator::start(internet, tuns, Clock::start(), None).unwrap();
        Some(Self { model, namespaces, emulator })
    }

    fn hidden(&self) -> HostId {
        self.model.nodes().find(|node| self.model.at(*node).unwrap().private.is_some()).unwrap()
    }

    fn open(&self) -> [HostId; 2] {
        let open = |node: &HostId| self.model.at(*node).unwrap().private.is_none();
        let mut open = self.model.nodes().filter(open);
        [open.next().unwrap(), open.next().unwrap()]
    }

    fn public(&self, host: HostId) -> Ipv4Addr {
        self.model.at(host).unwrap().public
    }

    fn udp(&self, host: HostId, port: u16) -> UdpSocket {
        let bind = || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap();
        let socket = self.namespaces[host.index()].run(bind).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        socket
    }
}

#[test]
fn a_datagram_takes_its_time_and_is_answered_through_nat() {
    let Some(net) = Net::make() else { return };
    let (hidden, [a, b]) = (net.hidden(), net.open());
    let (inside, outside, stranger) = (net.udp(hidden, 0), net.udp(a, 6326), net.udp(b, 6326));
    let mut octets = [0; 100];
    let start = Instant::now();
    inside.send_to(b"hello", (net.public(a), 6326)).unwrap();
    let (length, seen) = outside.recv_from(&mut octets).unwrap();
    assert_eq!(&octets[..length], b"hello");
    assert_eq!(seen.ip(), net.public(hidden));

    stranger.send_to(b"me too", seen).unwrap();
    outside.send_to(b"yes", seen).unwrap();
    let (length, from) = inside.recv_from(&mut octets).unwrap();
    let took = start.elapsed();
    assert_eq!((&octets[..length], from.ip()), (&b"yes"[..], net.public(a).into()));
    let direct = 2 * net.model.one_way(hidden, a);
    assert!(took >= direct && took < direct + Duration::from_millis(150), "{took:?}, {direct:?}");
    inside.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
    assert!(inside.recv_from(&mut octets).is_err(), "the stranger is filtered");
}

#[test]
fn a_connection_passes_where_udp_is_blocked_and_not_where_all_is_cut() {
    let Some(net) = Net::make() else { return };
    let (hidden, [a, b]) = (net.hidden(), net.open());
    let address = (net.public(a), 8443);
    let listener = net.namespaces[a.index()].run(|| TcpListener::bind(address).unwrap()).unwrap();
    net.emulator.order(Order::BlockUdp(hidden));
    net.emulator.order(Order::Cut(a, b));
    let (inside, outside) = (net.udp(hidden, 0), net.udp(a, 6326));
    outside.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
    inside.send_to(b"hello", (net.public(a), 6326)).unwrap();
    assert!(outside.recv_from(&mut [0; 9]).is_err(), "no UDP");

    let connect = |patience| move || TcpStream::connect_timeout(&address.into(), patience);
    let patient = Duration::from_secs(3);
    let stream = net.namespaces[hidden.index()].run(connect(patient)).unwrap().unwrap();
    let (_, from) = listener.accept().unwrap();
    assert_eq!(from.ip(), net.public(hidden));
    drop(stream);
    let hasty = Duration::from_millis(700);
    let error = net.namespaces[b.index()].run(connect(hasty)).unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);

    let internet = net.emulator.stop().unwrap();
    assert!(internet.carried() > 0 && !internet.drops().is_empty());
}

#[test]
fn our_files_go_where_nobody_has_any() {
    let choose = |needed: &[&str], there: &[&str]| {
        let needed: Vec<PathBuf> = needed.iter().map(PathBuf::from).collect();
        free_directory(&needed, |path| there.iter().any(|there| path == Path::new(there)))
    };
    let all = DISPENSABLE;
    assert_eq!(choose(&["/home/me"], &all), Some(Path::new("/mnt")));
    assert_eq!(choose(&["/mnt/logs", "/media"], &all), Some(Path::new("/srv")));
    let taken = ["/mnt/a", "/media/b", "/srv/c", "/opt/d"];
    assert_eq!(choose(&taken, &all), Some(Path::new("/proc/driver")));
    assert_eq!(choose(&[], &["/proc/fs"]), Some(Path::new("/proc/fs")));
    assert_eq!(choose(&[], &[]), None);
}

#[test]
fn the_directories_of_the_kernel_can_be_hidden() {
    if let Err(error) = Namespace::new() {
        eprintln!("skipped: {error}");
        return;
    }
    let driver = Path::new("/proc/driver");
    // Its mounts are of this thread alone.
    linux::private_directory(driver).unwrap();
    std::fs::write(driver.join("file"), "ours").unwrap();
    assert!(driver.join("file").exists());
}
