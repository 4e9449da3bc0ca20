//! `re6st babel` as people run it: what it says of itself, its rules, and its end and beginning.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{Read, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::Value;

use super::{Fact, PATIENCE, seconds};
use crate::island::{Hop, Node};
use crate::setting::{Algorithm, Key};
use crate::speakers::Make::{Babeld, Bird, Ours};
use crate::speakers::field;
use crate::stage::Stage;

/// What people read.
const PAGE: &str = include_str!("../../../../../docs/babel.md");

/// A rule each way against the address that ends in 5.
const AGAINST_FIVE: &str = "
[[filter]]
way = 'in'
prefix = '2001:db8:b::5/128'
action = 'deny'
[[filter]]
way = 'out'
prefix = '2001:db8:a::5/128'
action = 'deny'
";

/// Routes that people made, of one range, are announced.
const STATIC: &str = "
[[redistribute]]
prefix = '172.16.0.0/12'
le = 24
protocol = 'static'
metric = 128
";

pub(super) fn facts() -> Vec<Fact> {
    vec![
        Fact::new("status_has_what_its_page_promises", &[Ours, Babeld], status),
        Fact::new("monitor_sees_an_address_come_change_and_go", &[Ours, Bird], monitor),
        Fact::new("a_filter_each_way_keeps_one_address_out", &[Ours, Babeld], filters),
        Fact::new("kept_routes_carry_packets_through_a_restart", &[Ours, Bird], keep),
        Fact::new("an_ipv4_route_of_the_kernel_is_announced", &[Ours, Babeld], redistribute),
    ]
}

fn status(stage: &mut Stage) -> String {
    let [a, b] = stage.machines([Ours, Babeld]);
    stage.cable(a, b);
    stage.all_settings(|setting| {
        setting.keys = vec![Key::new(Algorithm::Blake2s128, "0123456789abcdef")];
    });
    stage.start_all();
    stage.converge(PATIENCE);
    let said = stage.status(a);
    let (mut found, promised) = (BTreeSet::new(), promised());
    keys(&said, &mut found);
    let missing: Vec<_> = promised.iter().filter(|key| !found.contains(**key)).collect();
    assert!(promised.len() > 15 && missing.is_empty(), "{missing:?} are promised: {said}");
    assert_eq!(said["interfaces"][0]["name"], a.towards(b));
    assert_eq!(said["interfaces"][0]["obstacle"], Value::Null);
    assert_eq!(said["neighbours"][0]["address"], b.link_local());
    let named = |list: &str, route: String| {
        let rows = said[list].as_array().into_iter().flatten();
        rows.into_iter().find(|row| row["route"] == route).cloned().unwrap_or_default()
    };
    for (own, theirs) in
        [(a.own6() + "/128", b.own6() + "/128"), (a.own4() + "/32", b.own4() + "/32")]
    {
        assert_eq!(named("announced", own)["metric"], 0);
        let route = named("routes", theirs);
        assert_eq!(route["installed"], true, "{route}");
        assert_eq!((&route["interface"], &route["metric"]), (&a.towards(b).into(), &96.into()));
    }
    let lines = |family: &str| {
        stage.island(a).ip(&format!("{family} route show proto babel")).lines().count()
    };
    assert_eq!(said["kernel"]["installed"], lines("-4") + lines("-6"), "what the kernel shows");
    assert_eq!(said["kernel"]["failed"], 0);
    format!("{} promised keys are there", promised.len())
}

/// Returns the keys that the page promises: the words between its first and last about them.
fn promised() -> BTreeSet<&'static str> {
    let (_, after) = PAGE.split_once("One JSON object:").expect("the page tells of it");
    let (said, _) = after.split_once("Keys stay").expect("and of its future");
    said.split('`').skip(1).step_by(2).filter(|word| *word != "null").collect()
}

/// Adds the names of all fields, at any depth.
fn keys(value: &Value, found: &mut BTreeSet<String>) {
    if let Some(fields) = value.as_object() {
        for (name, inner) in fields {
            found.insert(name.clone());
            keys(inner, found);
        }
    }
    value.as_array().into_iter().flatten().for_each(|inner| keys(inner, found));
}

/// A client that has asked to be told of all that changes.
struct Monitor {
    stream: UnixStream,
    said: RefCell<String>,
}

impl Monitor {
    fn begin(stage: &Stage, node: Node) -> Self {
        let mut stream = UnixStream::connect(stage.file(node, "babeld.sock")).expect("it answers");
        stream.write_all(b"monitor\n").expect("it listens");
        stream.set_nonblocking(true).expect("any socket can");
        Self { stream, said: RefCell::default() }
    }

    /// Tells whether a line that begins with `verb` has told of a route to `prefix`.
    fn saw(&self, verb: &str, prefix: &str) -> bool {
        let mut part = [0; 4096];
        while let Ok(length @ 1..) = (&self.stream).read(&mut part) {
            self.said.borrow_mut().push_str(&String::from_utf8_lossy(&part[..length]));
        }
        let (said, begins) = (self.said.borrow(), format!("{verb} route "));
        let mut lines = said.lines().filter(|line| line.starts_with(&begins));
        lines.any(|line| field(line, "prefix") == Some(prefix))
    }
}

fn monitor(stage: &mut Stage) -> String {
    let [a, b] = stage.machines([Ours, Bird]);
    stage.cable(a, b);
    // What has ended is forgotten after three and a half of these.
    stage.setting(b).update = Duration::from_secs(1);
    stage.start_all();
    stage.converge(PATIENCE);
    let monitor = Monitor::begin(stage, a);
    let prefix = format!("{}/128", b.another(2));
    stage.island(b).add_own(2);
    let came = stage.until(PATIENCE, "it comes", |_| monitor.saw("add", &prefix));
    assert!(!monitor.saw("change", &prefix), "nothing has changed");
    stage.price(a, b, 1000);
    stage.follow(b);
    let changed = stage.until(PATIENCE, "it changes", |_| monitor.saw("change", &prefix));
    assert!(!monitor.saw("flush", &prefix), "it has not gone");
    stage.island(b).remove_own(2);
    let gone = stage.until(PATIENCE, "it goes", |_| monitor.saw("flush", &prefix));
    assert!(!monitor.saw("flush", &format!("{}/128", b.own6())), "another has not gone");
    let [came, changed, gone] = [came, changed, gone].map(seconds);
    format!("came after {came}, changed after {changed}, gone after {gone}")
}

fn filters(stage: &mut Stage) -> String {
    let [a, b] = stage.machines([Ours, Babeld]);
    stage.cable(a, b);
    stage.setting(a).lines = ["", AGAINST_FIVE];
    for node in [a, b] {
        stage.island(node).add_own(5);
        stage.island(node).add_own(6);
    }
    stage.start_all();
    let knows = |stage: &Stage, from, to: Node, last| stage.next(from, &to.another(last)).is_some();
    let took = stage.until(PATIENCE, "the address that no rule fits", |stage| {
        knows(stage, a, b, 6) && knows(stage, b, a, 6) && stage.knows(a, b) && stage.knows(b, a)
    });
    let updates = 2 * stage.setting(b).update;
    stage.never(updates, "the address that a rule fits", |stage| {
        knows(stage, a, b, 5) || knows(stage, b, a, 5)
    });
    format!("the others after {}, the one not in {}", seconds(took), seconds(updates))
}

/// It ends as asked, and starts again; its kernel forwards all the time.
fn keep(stage: &mut Stage) -> String {
    let [a, b] = stage.machines([Ours, Bird]);
    stage.cable(a, b);
    stage.setting(a).lines = ["keep-routes = true", ""];
    stage.start_all();
    stage.converge(PATIENCE);
    let flow = stage.flow(a, b, Duration::from_millis(5));
    stage.end(a);
    assert!(stage.knows(a, b), "its routes stay in the kernel");
    let gone = stage.until(PATIENCE, "who has left is forgotten", |stage| !stage.knows(b, a));
    stage.start(a);
    let took = stage.until(PATIENCE, "it is known again, and knows what is new", |stage| {
        stage.knows(b, a) && stage.status(a)["neighbours"][0]["selected"] == 2
    });
    let kernel = stage.status(a)["kernel"].clone();
    assert_eq!((&kernel["installed"], &kernel["failed"]), (&2.into(), &0.into()), "{kernel}");
    let told = flow.end();
    assert_eq!(told.lost, 0, "{told:?}");
    let (gone, took) = (seconds(gone), seconds(took));
    format!("forgotten after {gone}, back after {took}, 0 of {} packets lost", told.sent)
}

fn redistribute(stage: &mut Stage) -> String {
    let [a, b] = stage.machines([Ours, Babeld]);
    stage.cable(a, b);
    stage.setting(a).lines = ["", STATIC];
    let ranges = ["172.16.5.0/24", "172.16.6.0/24", "172.16.7.0/25", "172.32.0.0/24"];
    for (range, protocol) in ranges.into_iter().zip(["static", "boot", "static", "static"]) {
        stage.island(a).ip(&format!("route add {range} dev lo proto {protocol}"));
    }
    stage.start_all();
    let [fits, others @ ..] = ranges;
    let by = Hop::Via { gateway: "10.77.1.10".into(), device: b.towards(a) };
    let took = stage.until(PATIENCE, "the route that the rule fits", |stage| {
        stage.island(b).hop(fits).as_ref() == Some(&by)
    });
    let said = stage.dump(b).unwrap_or_default();
    let line = said.lines().find(|line| field(line, "prefix") == Some(fits)).unwrap_or_default();
    assert_eq!(field(line, "refmetric"), Some("128"), "{line}");
    stage.converge(PATIENCE);
    let other = others.iter().find(|other| stage.island(b).hop(other).is_some());
    assert_eq!(other, None, "no rule fits it");
    stage.island(a).ip(&format!("route del {fits} dev lo proto static"));
    let gone = stage.until(Duration::from_secs(5), "it is gone", |stage| {
        !matches!(stage.island(b).hop(fits), Some(Hop::Via { .. }))
    });
    format!("after {}, gone after {}", seconds(took), seconds(gone))
}
