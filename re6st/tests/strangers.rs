//! Strangers at the door of a running node: none gets in, all are counted, the node goes on.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses what it needs")]
mod common;

use std::net::{SocketAddr, UdpSocket};

use common::home::Home;
use common::machine::Machine;
use common::{patiently, re6st};
use gossip::{Contact, Introduction};
use linux::{Clock, Destination, Netlink};
use noise::{Input, Noise, Output, Settings};
use serde_json::Value;
use words::{Engine, LinkId, Time};

/// How many dial, each with a key of its own.
const STRANGERS: u32 = 2_000;

/// Returns the datagrams of a stranger that dials the node `key` at `to`, once.
fn dial(n: u32, key: [u8; 32], to: SocketAddr) -> Vec<Vec<u8>> {
    let mut own = [7; 32];
    own[..4].copy_from_slice(&n.to_be_bytes());
    let mut stranger = Noise::new(own, own, Settings::default(), Clock::wall(), Time::ZERO);
    stranger.handle(Input::Introduction(vec![1; 300]), Time::ZERO);
    let open =
        Input::Open { link: LinkId::ours(0), peer: key, endpoints: &[to], introduction: &[] };
    stranger.handle(open, Time::ZERO);
    let said = std::iter::from_fn(|| stranger.poll());
    let datagram =
        |said| if let Output::Transmit { bytes, .. } = said { Some(bytes) } else { None };
    said.filter_map(datagram).collect()
}

#[test]
fn a_flood_of_handshakes_that_stay_half_open_is_shown_and_the_node_goes_on() {
    let Some(machine) = Machine::private() else { return };
    let to: SocketAddr = "203.0.113.5:7001".parse().unwrap();
    machine.does(|| {
        let mut netlink = Netlink::open().unwrap();
        let device = netlink.index("lo").unwrap();
        netlink.set_up(device).unwrap();
        netlink.add_address(device, Destination::only(to.ip())).unwrap();
    });
    let home = Home::new();
    home.write("re6st.toml", "port = 7001");
    let _node = machine.lives(&home);
    let shown = re6st(&["introduction", "--state", home.path()]).well();
    let line = format!("bootstrap = [\"{}\"]", shown.trim());
    let octets = daemon::Config::parse(&line).unwrap().bootstrap.remove(0);
    let contact = Contact::decode(&Introduction::decode(&octets).unwrap().contact).unwrap();

    let dials: Vec<_> = (0..STRANGERS).flat_map(|n| dial(n, contact.key, to)).collect();
    assert!(dials.len() >= STRANGERS as usize, "{} datagrams", dials.len());
    machine.does(|| {
        let socket = UdpSocket::bind((to.ip(), 0)).unwrap();
        for dial in &dials {
            socket.send_to(dial, to).unwrap();
            socket.send_to(&[9; 300], to).unwrap();
        }
    });
    // One in a while is worked for; the others are asked for a cookie, or find no room.
    let count = |path: &str| home.status().pointer(path).and_then(Value::as_u64).unwrap_or(0);
    assert!(patiently(|| count("/refused/handshake:cookie-asked") > 0));
    assert!(patiently(|| count("/refused/handshake:strange") > 0));
    assert!(patiently(|| count("/events/flooded") > 0), "{}", home.status());
    let worked_for = count("/refused/gossip:malformed");
    assert!((1..=u64::from(STRANGERS / 5)).contains(&worked_for), "{}", home.status());
    assert_eq!(home.status()["standing"], "member");
    assert_eq!(home.status()["links"], 0);
}
