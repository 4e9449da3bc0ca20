//! babeld's text protocol: its lines, and what changed between two moments.
//!
//! ```text
//!   BABEL 1.0 … ok        dump, dump-route … ok        monitor … ok, then changes
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use babel::{Family, Interface, Key, Metric, NeighbourView, RouteView, RouterId};

use crate::config::Name;

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// An interface on which we speak.
    Interface,
    /// A neighbour.
    Neighbour,
    /// A range that we announce.
    Xroute,
    /// A route that a neighbour told.
    Route,
}

impl Kind {
    /// All of them, in the order of a dump.
    pub(crate) const ALL: [Self; 4] = [Self::Interface, Self::Neighbour, Self::Xroute, Self::Route];

    /// Its word.
    const fn word(self) -> &'static str {
        match self {
            Self::Interface => "interface",
            Self::Neighbour => "neighbour",
            Self::Xroute => "xroute",
            Self::Route => "route",
        }
    }

    fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What tells a thing apart from others, as long as it lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Id {
    Interface(String),
    Neighbour(Interface, Ipv6Addr),
    Xroute(Key),
    Route(Key, Interface, Ipv6Addr),
}

impl Id {
    const fn kind(&self) -> Kind {
        match self {
            Self::Interface(_) => Kind::Interface,
            Self::Neighbour(..) => Kind::Neighbour,
            Self::Xroute(_) => Kind::Xroute,
            Self::Route(..) => Kind::Route,
        }
    }
}

/// Everything at one moment, each as the end of its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot(BTreeMap<Id, String>);

impl Snapshot {
    /// Adds an interface; `addresses` if it is up.
    pub(crate) fn interface(&mut self, name: &str, up: Option<(Ipv6Addr, Option<Ipv4Addr>)>) {
        let mut line = format!("{name} up {}", up.is_some());
        if let Some((six, four)) = up {
            let _ = write!(line, " ipv6 {six}");
            if let Some(four) = four {
                let _ = write!(line, " ipv4 {four}");
            }
        }
        self.0.insert(Id::Interface(name.to_owned()), line);
    }

    /// Adds a neighbour, which is on the interface called `name`.
    pub(crate) fn neighbour(&mut self, name: &str, view: &NeighbourView) {
        let NeighbourView { interface, address, reach, unicast_reach, rxcost, txcost, .. } = view;
        let id = Id::Neighbour(*interface, *address);
        let mut line = format!(
            "{:x} address {address} if {name} reach {reach:04x} ureach {unicast_reach:04x} \
             rxcost {} txcost {}",
            number(&(interface.0, address)),
            rxcost.0,
            txcost.0,
        );
        if let Some(rtt) = view.rtt {
            let delay = view.cost.0.saturating_sub(rxcost.0.max(txcost.0));
            let _ = write!(line, " rtt {} rttcost {delay}", milliseconds(rtt));
        }
        let _ = write!(line, " cost {}", view.cost.0);
        self.0.insert(id, line);
    }

    /// Adds a range that we announce.
    pub(crate) fn xroute(&mut self, key: Key, metric: Metric) {
        let (prefix, source) = ranges(key);
        let line = format!("{prefix}-{source} prefix {prefix} from {source} metric {}", metric.0);
        self.0.insert(Id::Xroute(key), line);
    }

    /// Adds a route by the interface called `name`; `installed` if packets follow it.
    pub(crate) fn route(&mut self, name: &str, view: &RouteView, installed: bool) {
        let (prefix, source) = ranges(view.key);
        let id = Id::Route(view.key, view.hop.interface, view.neighbour);
        let line = format!(
            "{:x} prefix {prefix} from {source} installed {} id {} metric {} refmetric {} \
             via {} if {name}",
            number(&(view.key, view.hop.interface.0, view.neighbour)),
            if installed { "yes" } else { "no" },
            Name(view.router_id),
            view.metric.0,
            view.refmetric.0,
            view.neighbour,
        );
        self.0.insert(id, line);
    }

    /// Returns the lines that tell of all that is of `kinds`.
    pub(crate) fn dump(&self, kinds: &BTreeSet<Kind>) -> String {
        Self::default().changes(self, kinds)
    }

    /// Returns the lines that tell what became of it by the moment `now`, of `kinds` only.
    pub(crate) fn changes(&self, now: &Self, kinds: &BTreeSet<Kind>) -> String {
        let mut lines = String::new();
        let mut say = |verb: &str, id: &Id, end: &str| {
            if kinds.contains(&id.kind()) {
                let _ = writeln!(lines, "{verb} {} {end}", id.kind().word());
            }
        };
        for (id, line) in self.0.iter().filter(|(id, _)| !now.0.contains_key(*id)) {
            say("flush", id, line);
        }
        for (id, line) in &now.0 {
            match self.0.get(id) {
                None => say("add", id, line),
                Some(before) if before != line => say("change", id, line),
                Some(_) => {}
            }
        }
        lines
    }
}

/// Returns what is said to whoever connects.
pub(crate) fn greeting(host: &str, id: RouterId) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!("BABEL 1.0\nversion re6st-{version}\nhost {host}\nmy-id {}\nok\n", Name(id))
}

/// Returns the name of this machine.
pub(crate) fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.split_whitespace().next().unwrap_or("localhost").to_owned()
}

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To be told of all that is of these kinds.
    Dump(BTreeSet<Kind>),
    /// The same, and from then on of all that changes.
    Monitor(BTreeSet<Kind>),
    /// No longer.
    Unmonitor(BTreeSet<Kind>),
    /// To go.
    Quit,
    /// Nothing.
    Nothing,
    /// To change how we speak, which is what the configuration is for.
    Configure,
    /// Something that nobody understands.
    Unknown,
}

/// Reads a line of a client.
pub(crate) fn wish(line: &str) -> Wish {
    /// Words with which lines of babeld's configuration begin.
    const CONFIGURATION: [&str; 9] = [
        "interface",
        "default",
        "redistribute",
        "in",
        "out",
        "install",
        "flush",
        "reopen-logfile",
        "key",
    ];
    let line = line.trim();
    let (verb, kinds) = match line.split_once('-') {
        Some((verb, kind)) => match Kind::named(kind) {
            Some(kind) => (verb, BTreeSet::from([kind])),
            None => (line, BTreeSet::new()),
        },
        None => (line, BTreeSet::from(Kind::ALL)),
    };
    match verb {
        "dump" => Wish::Dump(kinds),
        "monitor" => Wish::Monitor(kinds),
        "unmonitor" => Wish::Unmonitor(kinds),
        "quit" => Wish::Quit,
        "" => Wish::Nothing,
        _ if line.starts_with('#') => Wish::Nothing,
        _ => {
            let first = line.split_whitespace().next().unwrap_or_default();
            if CONFIGURATION.contains(&first) { Wish::Configure } else { Wish::Unknown }
        }
    }
}

/// Returns the two ranges of a key, as babeld writes them: a source always, of its family.
fn ranges(key: Key) -> (String, String) {
    let everybody = match key.family() {
        Family::V4 => "0.0.0.0/0",
        Family::V6 => "::/0",
    };
    let source = if key.is_source_specific() {
        Key::to(key.source).to_string()
    } else {
        everybody.to_owned()
    };
    (Key::to(key.prefix).to_string(), source)
}

fn milliseconds(rtt: Duration) -> String {
    let us = rtt.as_micros();
    format!("{}.{:03}", us / 1000, us % 1000)
}

/// Returns a number that stands for a thing, the same at all times.
fn number(thing: &impl std::fmt::Debug) -> u64 {
    // FNV-1a: it need not be hard to guess, only hard to hit twice.
    let text = format!("{thing:?}");
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, octet| {
        (sum ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use babel::{Cost, Hop, Seqno};

    const PEER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);

    fn neighbour() -> NeighbourView {
        NeighbourView {
            interface: Interface(0),
            address: PEER,
            reach: 0xffff,
            unicast_reach: 0,
            rxcost: Cost(96),
            txcost: Cost(96),
            cost: Cost(96),
            rtt: None,
            charge: Cost(0),
            routes: 1,
            selected: 1,
            acknowledges: false,
        }
    }

    fn route(key: &str) -> RouteView {
        RouteView {
            key: key.parse().unwrap(),
            hop: Hop { interface: Interface(0), address: PEER.into() },
            neighbour: PEER,
            metric: Metric(96),
            refmetric: Metric(0),
            seqno: Seqno(7),
            router_id: RouterId([2, 0x11, 0x22, 0xff, 0xfe, 0x33, 0x44, 0x55]),
            age: Duration::ZERO,
            feasible: true,
            selected: true,
            alternates: Vec::new(),
        }
    }

    fn all() -> BTreeSet<Kind> {
        BTreeSet::from(Kind::ALL)
    }

    /// Leaves out the number that stands for a thing.
    fn without_id(line: &str) -> String {
        let words = line.split(' ').enumerate().filter(|(n, _)| *n != 2);
        words.map(|(_, word)| word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn lines_have_the_fields_that_tools_read() {
        let mut now = Snapshot::default();
        now.interface("eth0", Some(("fe80::1".parse().unwrap(), Some(Ipv4Addr::LOCALHOST))));
        now.interface("wg0", None);
        now.neighbour("eth0", &neighbour());
        now.xroute("10.0.0.0/8".parse().unwrap(), Metric(3));
        now.route("eth0", &route("2001:db8::/32"), true);
        let said = now.dump(&all());
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[0], "add interface eth0 up true ipv6 fe80::1 ipv4 127.0.0.1");
        assert_eq!(lines[1], "add interface wg0 up false");
        let neighbour = "add neighbour address fe80::2 if eth0 reach ffff ureach 0000 rxcost 96 \
                         txcost 96 cost 96";
        assert_eq!(without_id(lines[2]), neighbour);
        let xroute = "add xroute 10.0.0.0/8-0.0.0.0/0 prefix 10.0.0.0/8 from 0.0.0.0/0 metric 3";
        assert_eq!(lines[3], xroute);
        let route = "add route prefix 2001:db8::/32 from ::/0 installed yes id \
                     02:11:22:ff:fe:33:44:55 metric 96 refmetric 0 via fe80::2 if eth0";
        assert_eq!(without_id(lines[4]), route);
    }

    #[test]
    fn a_measured_delay_is_told_in_milliseconds() {
        let mut now = Snapshot::default();
        let rtt = Some(Duration::from_micros(12_034));
        now.neighbour("eth0", &NeighbourView { rtt, cost: Cost(100), ..neighbour() });
        assert!(now.dump(&all()).contains("txcost 96 rtt 12.034 rttcost 4 cost 100\n"));
    }

    #[test]
    fn changes_are_told_once_each() {
        let mut before = Snapshot::default();
        before.route("eth0", &route("2001:db8:1::/48"), true);
        before.route("eth0", &route("2001:db8:2::/48"), true);
        let mut now = Snapshot::default();
        now.route("eth0", &route("2001:db8:2::/48"), false);
        now.route("eth0", &route("2001:db8:3::/48"), true);
        let changes = before.changes(&now, &all());
        let verbs: Vec<_> = changes.lines().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(verbs, ["flush", "change", "add"]);
        assert_eq!(now.changes(&now, &all()), "");
        assert_eq!(before.changes(&now, &BTreeSet::from([Kind::Neighbour])), "");
    }

    #[test]
    fn the_age_of_a_route_is_no_change() {
        let (mut before, mut now) = (Snapshot::default(), Snapshot::default());
        before.route("eth0", &route("::/0"), true);
        now.route("eth0", &RouteView { age: Duration::from_secs(9), ..route("::/0") }, true);
        assert_eq!(before.changes(&now, &all()), "");
    }

    #[test]
    fn wishes_are_those_of_babeld() {
        assert_eq!(wish("dump"), Wish::Dump(all()));
        assert_eq!(wish("dump-route\r"), Wish::Dump(BTreeSet::from([Kind::Route])));
        assert_eq!(wish("monitor-neighbour"), Wish::Monitor(BTreeSet::from([Kind::Neighbour])));
        assert_eq!(wish("unmonitor"), Wish::Unmonitor(all()));
        assert_eq!(
            (wish("quit"), wish(""), wish("# x")),
            (Wish::Quit, Wish::Nothing, Wish::Nothing)
        );
        assert_eq!(wish("interface eth0"), Wish::Configure);
        for unknown in ["dump-everything", "frobnicate", "dump route", "\u{0}"] {
            assert_eq!(wish(unknown), Wish::Unknown, "{unknown:?}");
        }
    }

    #[test]
    fn whoever_connects_is_greeted() {
        let said = greeting("host", RouterId([2, 0, 0, 0, 0, 0, 0, 1]));
        assert!(said.starts_with("BABEL 1.0\nversion re6st-"));
        assert!(said.ends_with("\nhost host\nmy-id 02:00:00:00:00:00:00:01\nok\n"));
    }
}
