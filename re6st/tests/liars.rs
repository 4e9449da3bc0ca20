//! A member that lies to a running node: what it does is bounded, shown, and survived.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses what it needs")]
mod common;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use common::home::{Home, authority, grant, years};
use common::liar::Liar;
use common::machine::Machine;
use common::patiently;
use crypto::{SigningKey, StaticKey};
use linux::{Destination, Netlink};
use serde_json::Value;

#[test]
fn a_member_that_says_what_it_may_not_is_bounded_and_shown() {
    let Some(machine) = Machine::private() else { return };
    let to: SocketAddr = "203.0.113.5:7001".parse().unwrap();
    let its: SocketAddr = "203.0.113.6:7002".parse().unwrap();
    let ca = authority("fd00:42::/48", SigningKey::generate().unwrap());
    let home =
        Home::of(&ca, |key| ca.issue(&key.public(), &grant("fd00:42:0:7::/64", years(1))).unwrap());
    let (liar, introduction) = machine.does(|| {
        let mut netlink = Netlink::open().unwrap();
        let device = netlink.index("lo").unwrap();
        netlink.set_up(device).unwrap();
        netlink.add_address(device, Destination::only(to.ip())).unwrap();
        netlink.add_address(device, Destination::only(its.ip())).unwrap();
        Liar::of(&ca, its)
    });
    let begins = daemon::config::to_text(&introduction.encode().unwrap());
    let arrows = "[arrows]\ncount = 1\nround = \"2s\"\nshare = \"100%\"\nlimit = \"2s\"\n";
    home.write("re6st.toml", format!("port = 7001\nbootstrap = [\"{begins}\"]\n{arrows}"));
    let _node = machine.lives(&home);
    let key = StaticKey::load(&home.file("noise.key")).unwrap().public();

    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| liar.lie(key, to, &over));
        let count = |path: &str| home.status().pointer(path).and_then(Value::as_u64).unwrap_or(0);
        let shown = patiently(|| {
            let refused = ["word:misplaced", "word:unknown", "word:flood"];
            let all = refused.iter().all(|why| count(&format!("/refused/{why}")) > 0);
            // That it is linked already, and that it asks too often.
            let dials = count("/refused/dial:often") + count("/refused/dial:linked");
            all && dials > 0
        });
        let status = home.status();
        over.store(true, Ordering::Relaxed);
        assert!(shown, "{status}");
        assert_eq!(status["standing"], "member");
        // One node, one link; another may be draining.
        assert!(status["links"].as_u64().unwrap() <= 2, "{status}");
    });
}
