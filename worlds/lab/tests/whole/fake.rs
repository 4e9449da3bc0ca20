//! A `re6st` that only pretends: a mesh without drawing, routing or secrecy.
//!
//! Nodes shout their numbers to the addresses that the lab gives to nodes, learn from
//! whom they hear, and send what is for somebody unknown through anybody they know.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use std::{fs, thread};

use linux::{Destination, Netlink, Queues, Tun};

const PORT: u16 = 6326;
const NETWORK: u16 = 0xfd77;

/// Plays the command `words`.
pub(crate) fn play(words: &[&str]) -> ExitCode {
    let state = after("--state", words).map(PathBuf::from).unwrap_or_default();
    match words {
        ["registry", "serve", ..] => serve(),
        ["registry", "invite", ..] => println!("an explanation\nan-invitation"),
        ["registry", ..] => {}
        ["join", "an-invitation", ..] => fs::create_dir(&state).expect("a new state directory"),
        ["up", ..] => up(&state),
        _ => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}

fn after<'a>(option: &str, words: &[&'a str]) -> Option<&'a str> {
    words.iter().skip_while(|word| **word != option).nth(1).copied()
}

fn serve() {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 8443)).expect("the port is free");
    listener.incoming().for_each(drop);
}

/// The address of node `number` in the mesh.
fn address(number: u16) -> Ipv6Addr {
    Ipv6Addr::new(NETWORK, 0, 0, number, 0, 0, 0, 1)
}

fn up(state: &Path) {
    let name = state.file_name().map(|name| name.to_string_lossy().into_owned());
    let number = name.and_then(|name| name.strip_prefix("node")?.parse().ok()).expect("a number");
    let tun = interface(number).expect("an interface");
    let answer = serde_json::json!({
        "address": address(number), "links": 3, "routes": 3,
        "arrows": {"live": 3, "born": 3, "died": 0, "oldest_s": 1.0, "by_cause": {"born:chance": 3}},
    });
    let listener = UnixListener::bind(state.join("control.sock")).expect("a control socket");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut line = String::new();
            let read =
                stream.try_clone().and_then(|stream| BufReader::new(stream).read_line(&mut line));
            assert!(read.is_ok() && line.contains("ask"), "{line}");
            writeln!(stream, "{answer}").expect("somebody listens");
        }
    });
    forward(number, &tun);
}

fn interface(number: u16) -> Result<Tun, linux::Error> {
    let tun = Tun::open("re6st0", Queues::One)?;
    let mut netlink = Netlink::open()?;
    let device = netlink.index(tun.name())?;
    let own = IpAddr::V6(address(number));
    netlink.set_mtu(device, 1400)?;
    netlink.add_address(device, Destination { address: own, length: 128 })?;
    netlink.set_up(device)?;
    let network = IpAddr::V6(Ipv6Addr::new(NETWORK, 0, 0, 0, 0, 0, 0, 0));
    netlink.set_route(Destination { address: network, length: 16 }, device, Some(own))?;
    Ok(tun)
}

/// Sends and receives for ever. A datagram of two octets is the number of who shouts.
fn forward(number: u16, tun: &Tun) {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).expect("the port is free");
    socket.set_nonblocking(true).expect("it can be");
    let mut known: BTreeMap<u16, SocketAddr> = BTreeMap::new();
    let mut octets = [0; 2000];
    let shout = |to: SocketAddr| drop(socket.send_to(&number.to_be_bytes(), to));
    let mut rounds: u32 = 0;
    loop {
        if rounds.is_multiple_of(64) {
            (1..=4).for_each(|low| shout((Ipv4Addr::new(203, 0, 113, low), PORT).into()));
        }
        rounds = rounds.wrapping_add(1);
        let patience = Some(Duration::from_millis(5));
        let _ = linux::readable([tun.as_fd(), socket.as_fd()], patience).expect("it can wait");
        while let Ok(Some(length)) = tun.read(&mut octets) {
            pass(octets.get(..length).unwrap_or_default(), &known, &socket);
        }
        while let Ok((length, from)) = socket.recv_from(&mut octets) {
            match octets.get(..length).unwrap_or_default() {
                [high, low] => {
                    let other = u16::from_be_bytes([*high, *low]);
                    if other != number && known.insert(other, from).is_none() {
                        shout(from);
                    }
                }
                packet if destination(packet) == number => drop(tun.write(packet)),
                packet => pass(packet, &known, &socket),
            }
        }
    }
}

/// Sends a packet to its node, or to any that may know it.
fn pass(packet: &[u8], known: &BTreeMap<u16, SocketAddr>, socket: &UdpSocket) {
    let direct = known.get(&destination(packet));
    let open = known.values().find(|address| address.port() == PORT);
    if let Some(to) = direct.or(open) {
        let _ = socket.send_to(packet, to);
    }
}

/// The number of the node to which a packet goes; 0 if to none.
fn destination(packet: &[u8]) -> u16 {
    match packet.get(24..32) {
        Some([0xfd, 0x77, .., high, low]) => u16::from_be_bytes([*high, *low]),
        _ => 0,
    }
}
