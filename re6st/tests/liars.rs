//! A member that lies to a running node: what it does is bounded, shown, and survived.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses what it needs")]
mod common;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use common::home::{Home, authority, grant, years};
use common::liar::{Habit, Liar};
use common::machine::Machine;
use common::patiently;
use crypto::{SigningKey, StaticKey};
use linux::{Destination, Netlink};
use serde_json::Value;

/// A node and a liar, alone in a network of their own, until `shown` sees in its status what is told.
#[cfg(test)]
fn lied_to(habit: Habit, shown: impl Fn(&Value) -> bool) {
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
        Liar::of(&ca, its, habit)
    });
    let begins = daemon::config::to_text(&introduction.encode().unwrap());
    let arrows = "[arrows]\ncount = 1\nround = \"2s\"\nshare = \"100%\"\nlimit = \"5s\"\n";
    home.write("re6st.toml", format!("port = 7001\nbootstrap = [\"{begins}\"]\n{arrows}"));
    let _node = machine.lives(&home);
    let key = StaticKey::load(&home.file("noise.key")).unwrap().public();

    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| liar.lie(key, to, &over));
        let seen = patiently(|| shown(&home.status()));
        let status = home.status();
        over.store(true, Ordering::Relaxed);
        assert!(seen, "{status}");
        assert_eq!(status["standing"], "member");
        // One node, one link; another may be draining.
        assert!(status["links"].as_u64().unwrap() <= 2, "{status}");
    });
}

#[cfg(test)]
fn count(status: &Value, path: &str) -> u64 {
    status.pointer(path).and_then(Value::as_u64).unwrap_or(0)
}

#[test]
fn a_member_that_says_what_it_may_not_is_bounded_and_shown() {
    lied_to(Habit::Babbles, |status| {
        let refused = ["word:misplaced", "word:unknown", "word:flood"];
        let all = refused.iter().all(|why| count(status, &format!("/refused/{why}")) > 0);
        // That it is linked already, and that it asks too often.
        let dials = count(status, "/refused/dial:often") + count(status, "/refused/dial:linked");
        all && dials > 0
    });
}

#[test]
fn a_member_that_agrees_to_a_drain_and_never_leaves_is_cut_and_shown() {
    lied_to(Habit::Stays, |status| {
        count(status, "/refused/drain:never-left") > 0
            && count(status, "/arrows/by_cause/died:overdue") > 0
    });
}
