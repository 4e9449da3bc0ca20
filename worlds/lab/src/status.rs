//! What a node says of itself, as far as the lab wants to know.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Write};
use std::net::IpAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use words::Prefix;

use crate::meshes::Member;

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// How a node is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Status {
    /// Its addresses in the mesh.
    pub(crate) addresses: Vec<IpAddr>,
    /// Its own prefix, by which the registry knows it.
    pub(crate) prefix: Option<Prefix>,
    /// What it sends out of the mesh by IPv4 leaves through an exit.
    pub(crate) leaves: bool,
    /// Its part in a divided network.
    pub(crate) member: Option<Member>,
    /// Links to neighbours, whoever opened them.
    pub(crate) links: u64,
    /// Routes in use.
    pub(crate) routes: u64,
    /// Its arrows.
    pub(crate) arrows: Arrows,
    /// Packets that it lost itself, by reason.
    pub(crate) lost: BTreeMap<String, u64>,
    /// Packets and octets of control that it sent.
    pub(crate) control: (u64, u64),
    /// Octets that it carried for others, and what its links are charged for it.
    pub(crate) load: (u64, u64),
    /// How often a link of its was silent for so long that routing left it.
    pub(crate) suspected: u64,
    /// How often it noticed that its calendar was set.
    pub(crate) jumps: u64,
}

/// Arrows of a node, since it started.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Arrows {
    /// Arrows that are there now.
    pub(crate) live: u64,
    /// Arrows that came to life.
    pub(crate) born: u64,
    /// Arrows that died.
    pub(crate) died: u64,
    /// Age of the oldest one, dead or alive, in seconds.
    pub(crate) oldest_s: f64,
    /// How many, by cause.
    pub(crate) by_cause: BTreeMap<String, u64>,
}

impl Status {
    /// Asks the node whose state directory is `directory`.
    pub(crate) fn ask(directory: &Path) -> io::Result<Self> {
        ask(directory, "status").map(|answer| Self::of(&answer))
    }

    /// Takes what is wanted out of an answer; what is not there is zero.
    fn of(answer: &Value) -> Self {
        let arrows = answer.get("arrows").unwrap_or(&Value::Null);
        let text_at = |path| answer.pointer(path).and_then(Value::as_str);
        let control = answer.get("control_sent").unwrap_or(&Value::Null);
        let text = |key| answer.get(key).and_then(Value::as_str);
        Self {
            addresses: [text("address"), text_at("/ipv4/address")]
                .into_iter()
                .flatten()
                .filter_map(|address| address.parse().ok())
                .collect(),
            prefix: text("prefix").and_then(|prefix| prefix.parse().ok()),
            leaves: answer
                .pointer("/exit/uses")
                .and_then(Value::as_array)
                .is_some_and(|uses| !uses.is_empty()),
            member: answer.get("mesh").and_then(Member::of),
            links: count(answer.get("links")),
            routes: count(answer.get("routes")),
            arrows: Arrows {
                live: count(arrows.get("live")),
                born: count(arrows.get("born")),
                died: count(arrows.get("died")),
                oldest_s: arrows.get("oldest_s").and_then(Value::as_f64).unwrap_or(0.0),
                by_cause: counts(arrows.get("by_cause")),
            },
            lost: counts(answer.get("lost_packets")),
            control: (count(control.get("packets")), count(control.get("octets"))),
            load: (
                count(answer.pointer("/load/carried_octets")),
                count(answer.pointer("/load/charge")),
            ),
            jumps: count(answer.pointer("/events/calendar-jumped")),
            suspected: count(answer.pointer("/events/suspected")),
        }
    }
}

/// Takes the numbers out of an object, by their names; those of zero are left out.
fn counts(object: Option<&Value>) -> BTreeMap<String, u64> {
    let fields = object.and_then(Value::as_object).into_iter().flatten();
    let numbers = fields.filter_map(|(name, count)| Some((name.clone(), count.as_u64()?)));
    numbers.filter(|(_, count)| *count > 0).collect()
}

/// Returns the nodes to which the node in `directory` has a link that carries traffic.
pub(crate) fn linked(directory: &Path) -> io::Result<BTreeSet<Prefix>> {
    Ok(neighbours(&ask(directory, "arrows")?))
}

/// Returns the nodes to which the node in `directory` has live arrows of its own, and to what each is
/// owed.
pub(crate) fn own_arrows(directory: &Path) -> io::Result<BTreeMap<Prefix, String>> {
    let Value::Array(rows) = ask(directory, "arrows")? else { return Ok(BTreeMap::new()) };
    let own = |row: &Value| {
        let text = |key| row.get(key).and_then(Value::as_str);
        let live = row.get("ours")?.as_bool()? && text("state") == Some("live");
        let cause = text("cause").unwrap_or_default().to_owned();
        Some((text("node")?.parse().ok().filter(|_| live)?, cause))
    };
    Ok(rows.iter().filter_map(own).collect())
}

/// Returns the nodes to which the node in `directory` has a link by a LAN.
pub(crate) fn linked_by_lan(directory: &Path) -> io::Result<BTreeSet<Prefix>> {
    let Value::Array(mut rows) = ask(directory, "arrows")? else { return Ok(BTreeSet::new()) };
    let endpoint = |row: &Value| row.get("endpoint")?.as_str().map(|at| at.starts_with("[fe80:"));
    rows.retain(|row| endpoint(row).unwrap_or(false));
    Ok(neighbours(&Value::Array(rows)))
}

/// Returns what the node in `directory` refused of what it heard on a LAN, by reason.
pub(crate) fn refused_on_lan(directory: &Path) -> io::Result<BTreeMap<String, u64>> {
    let mut refused = counts(ask(directory, "status")?.get("refused"));
    refused.retain(|why, _| why.starts_with("lan:"));
    Ok(refused)
}

/// Tells whether a row of arrows is about a link that carries traffic.
fn is_up(row: &Value) -> bool {
    matches!(row.get("state").and_then(Value::as_str), Some("live" | "draining"))
}

fn neighbours(rows: &Value) -> BTreeSet<Prefix> {
    let rows = rows.as_array().into_iter().flatten();
    rows.filter(|row| is_up(row))
        .filter_map(|row| row.get("node")?.as_str()?.parse().ok())
        .collect()
}

/// Returns the latest round trips of probes over the links of the node in `directory` that carry
/// traffic, in milliseconds.
pub(crate) fn round_trips(directory: &Path) -> io::Result<Vec<f64>> {
    let Value::Array(rows) = ask(directory, "arrows")? else { return Ok(Vec::new()) };
    Ok(rows.iter().filter(|row| is_up(row)).filter_map(|row| row.get("rtt_ms")?.as_f64()).collect())
}

/// Returns to whom the node in `directory` has live links that carry routes.
pub(crate) fn used_links(directory: &Path) -> io::Result<Vec<Prefix>> {
    Ok(in_use(&ask(directory, "arrows")?))
}

fn in_use(rows: &Value) -> Vec<Prefix> {
    let used = |row: &Value| {
        let carries = count(row.get("routes")) > 0 && row.get("state")?.as_str()? == "live";
        row.get("node")?.as_str()?.parse().ok().filter(|_| carries)
    };
    rows.as_array().into_iter().flatten().filter_map(used).collect()
}

/// Tells whether the node in `directory` has a link or a route to the node `other`.
pub(crate) fn knows(directory: &Path, other: Prefix) -> io::Result<bool> {
    Ok(mentions(&ask(directory, "arrows")?, other) || mentions(&ask(directory, "routes")?, other))
}

/// Tells whether the node in `directory` can say why packets to the node `to` go the way they go:
/// by which neighbour, at what metric, by which link, and, of an arrow of its own, why there is one.
pub(crate) fn explains(directory: &Path, to: Prefix) -> io::Result<bool> {
    put(directory, &json!({"ask": "why", "about": to.to_string()})).map(|answer| is_whole(&answer))
}

/// Returns whose announcement the packets of the node in `directory` to the address `to` follow:
/// of an address outside of the network, the exit's. `None` if they go nowhere.
pub(crate) fn owner(directory: &Path, to: IpAddr) -> io::Result<Option<Prefix>> {
    let answer = put(directory, &json!({"ask": "why", "about": to.to_string()}))?;
    Ok(answer.get("owner").and_then(Value::as_str).and_then(|owner| owner.parse().ok()))
}

fn is_whole(answer: &Value) -> bool {
    let says = |path| answer.pointer(path).is_some_and(|value| !value.is_null());
    let way = ["/owner", "/metric", "/path/node", "/link/state", "/link/cost", "/if_lost/then"];
    let ours = answer.pointer("/link/ours") == Some(&Value::Bool(true));
    let born = !ours || (says("/link/cause/name") && says("/link/carrier_cause/name"));
    way.into_iter().all(says) && born
}

/// Tells whether a row of arrows or routes is about the node `other`.
fn mentions(rows: &Value, other: Prefix) -> bool {
    let other = other.to_string();
    let about = |row: &Value| {
        let says = |key: &str| row.get(key).and_then(Value::as_str);
        // Somebody may well try to open an arrow to who is out: that is no link yet.
        let is_tried = matches!(says("state"), Some("seeking" | "opening"));
        !is_tried && (says("node") == Some(&other) || says("prefix") == Some(&other))
    };
    rows.as_array().is_some_and(|rows| rows.iter().any(about))
}

/// A number, or how many there are in a list.
fn count(value: Option<&Value>) -> u64 {
    match value {
        Some(Value::Array(items)) => items.len() as u64,
        Some(value) => value.as_u64().unwrap_or(0),
        None => 0,
    }
}

/// Puts one question to the node whose state directory is `directory`.
fn ask(directory: &Path, question: &str) -> io::Result<Value> {
    put(directory, &json!({"ask": question}))
}

fn put(directory: &Path, question: &Value) -> io::Result<Value> {
    let mut stream = UnixStream::connect(directory.join("control.sock"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    writeln!(stream, "{question}")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_explained_with_its_link_and_an_arrow_with_its_cause() {
        let way = |link: Value| {
            is_whole(&json!({"owner": "fd00:7::/64", "metric": 300, "if_lost": {"then": "asked"},
                             "path": {"node": "fd00:2::/64"}, "link": link}))
        };
        let theirs = json!({"ours": false, "state": "live", "cost": 96, "cause": null});
        let ours = json!({"ours": true, "state": "live", "cost": 96, "cause": {"name": "chance"},
                          "carrier_cause": {"name": "chance"}});
        assert!(way(theirs) && way(ours));
        assert!(!way(json!({"ours": true, "state": "live", "cost": 96, "cause": null})));
        assert!(!is_whole(&json!({"reachable": false, "why_not": "no link is up"})));
    }

    #[test]
    fn what_is_wanted_is_taken_and_the_rest_left() {
        let status = Status::of(&json!({
            "address": "fd00::1", "ipv4": {"address": "10.42.1.1"}, "prefix": "fd00::/64", "links": 12, "routes": [1, 2, 3], "mood": "good",
            "arrows": {"live": 10, "born": 31, "died": 21, "oldest_s": 66.5,
                       "by_cause": {"born:chance": 30, "born:bootstrap": 1}},
            "load": {"carried_octets": 12_000, "charge": 60},
        }));
        let addresses: [IpAddr; 2] = ["fd00::1".parse().unwrap(), [10, 42, 1, 1].into()];
        assert_eq!(status.addresses, addresses);
        assert_eq!(status.prefix, Some("fd00::/64".parse().unwrap()));
        assert_eq!((status.links, status.routes, status.arrows.died), (12, 3, 21));
        assert_eq!(status.load, (12_000, 60));
        assert_eq!(status.arrows.by_cause.get("born:chance"), Some(&30));
        assert_eq!(Status::of(&Value::Null), Status::default());
    }

    #[test]
    fn only_links_that_carry_traffic_are_links() {
        let rows = json!([
            {"node": "fd00:1:2:7::/64", "state": "live"}, {"node": "fd00:1:2:8::/64", "state": "opening"},
            {"node": "fd00:1:2:9::/64", "state": "draining"}, {"state": "live"}, 7,
        ]);
        let found = neighbours(&rows);
        let expected = ["fd00:1:2:7::/64", "fd00:1:2:9::/64"].map(|text| text.parse().unwrap());
        assert_eq!(found, BTreeSet::from(expected));
    }

    #[test]
    fn only_live_links_with_routes_are_in_use() {
        let row = |node, state, routes| json!({"node": node, "state": state, "routes": routes});
        let rows = json!([
            row("fd00:1::/64", "live", 3),
            row("fd00:2::/64", "live", 0),
            row("fd00:3::/64", "draining", 3),
            row("nonsense", "live", 3),
        ]);
        assert_eq!(in_use(&rows), ["fd00:1::/64".parse().unwrap()]);
    }

    #[test]
    fn a_route_or_a_link_to_a_node_is_found_among_others() {
        let other = "fd00:1:2:7::/64".parse().unwrap();
        let row = |key: &str| json!([{"prefix": "fd00:1:2:8::/64"}, {key: "fd00:1:2:7::/64"}]);
        assert!(mentions(&row("prefix"), other) && mentions(&row("node"), other));
        assert!(!mentions(&row("mood"), other));
        let arrow = |state| json!([{"node": "fd00:1:2:7::/64", "state": state}]);
        assert!(mentions(&arrow("draining"), other) && !mentions(&arrow("opening"), other));
    }
}
