//! How a node begins: what it shows of itself, and whom it is told to begin with.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses what it needs")]
mod common;

use common::home::{Home, authority, grant, years};
use common::machine::Machine;
use common::{patiently, re6st};
use crypto::SigningKey;
use gossip::{Contact, Introduction};
use linux::{Destination, Netlink};

#[test]
fn a_node_shows_where_it_is_and_another_begins_with_it() {
    let Some(machine) = Machine::private() else { return };
    let address: std::net::IpAddr = "203.0.113.5".parse().unwrap();
    machine.does(|| {
        let mut netlink = Netlink::open().unwrap();
        let device = netlink.index("lo").unwrap();
        netlink.set_up(device).unwrap();
        netlink.add_address(device, Destination::only(address)).unwrap();
    });
    let ca = authority("fd00:42::/48", SigningKey::generate().unwrap());
    let member = |prefix: &str| {
        Home::of(&ca, |key| ca.issue(&key.public(), &grant(prefix, years(1))).unwrap())
    };

    let first = member("fd00:42:0:7::/64");
    first.write("re6st.toml", "port = 0");
    let node = machine.lives(&first);
    let shown = re6st(&["introduction", "--state", first.path()]).well();
    assert_eq!(first.status()["standing"], "member");
    drop(node);
    let line = format!("bootstrap = [\"{}\"]", shown.trim());
    let octets = daemon::Config::parse(&line).unwrap().bootstrap.remove(0);
    let contact = Introduction::decode(&octets).unwrap().contact;
    let contact = Contact::decode(&contact).unwrap();
    let [endpoint] = contact.endpoints[..] else { panic!("{:?}", contact.endpoints) };
    assert_eq!(endpoint.address.ip(), address);
    // The port that the kernel chose, not the one in the configuration.
    assert_ne!(endpoint.address.port(), 0);

    let second = member("fd00:42:0:8::/64");
    second.write("re6st.toml", &line);
    let _node = machine.lives(&second);
    // Nobody else could have told it: the registry is away.
    assert!(patiently(|| second.status()["arrows"]["by_cause"]["drawn:bootstrap"] == 1));
    assert_eq!(second.status()["contacts"], 1);
}
