//! What a node says of itself, as far as the lab wants to know.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::Ipv6Addr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use words::Prefix;

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// How a node is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Status {
    /// Its address in the mesh.
    pub(crate) address: Option<Ipv6Addr>,
    /// Links to neighbours, whoever opened them.
    pub(crate) links: u64,
    /// Routes in use.
    pub(crate) routes: u64,
    /// Its arrows.
    pub(crate) arrows: Arrows,
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
        let causes = arrows.get("by_cause").and_then(Value::as_object);
        let cause = |(name, count): (&String, &Value)| Some((name.clone(), count.as_u64()?));
        Self {
            address: (answer.get("address").and_then(Value::as_str))
                .and_then(|address| address.parse().ok()),
            links: count(answer.get("links")),
            routes: count(answer.get("routes")),
            arrows: Arrows {
                live: count(arrows.get("live")),
                born: count(arrows.get("born")),
                died: count(arrows.get("died")),
                oldest_s: arrows.get("oldest_s").and_then(Value::as_f64).unwrap_or(0.0),
                by_cause: causes.into_iter().flatten().filter_map(cause).collect(),
            },
        }
    }
}

/// Tells whether the node in `directory` has a link or a route to the node at `address`.
pub(crate) fn knows(directory: &Path, address: Ipv6Addr) -> io::Result<bool> {
    Ok(mentions(&ask(directory, "arrows")?, address)
        || mentions(&ask(directory, "routes")?, address))
}

/// A row is about a node if its `node` or `prefix` is a prefix of that node's own.
fn mentions(rows: &Value, address: Ipv6Addr) -> bool {
    let is_its = |text: &Value| {
        let prefix = text.as_str().and_then(|text| text.parse::<Prefix>().ok());
        prefix.is_some_and(|prefix| prefix.length() >= NODE && prefix.contains(address))
    };
    let about = |row: &Value| ["node", "prefix"].iter().filter_map(|key| row.get(key)).any(is_its);
    rows.as_array().is_some_and(|rows| rows.iter().any(about))
}

/// A prefix shorter than this is of the whole network, not of a node.
const NODE: u8 = 56;

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
    let mut stream = UnixStream::connect(directory.join("control.sock"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    writeln!(stream, "{{\"ask\":\"{question}\"}}")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_wanted_is_taken_and_the_rest_left() {
        let status = Status::of(&json!({
            "address": "fd00::1", "links": 12, "routes": [1, 2, 3], "mood": "good",
            "arrows": {"live": 10, "born": 31, "died": 21, "oldest_s": 66.5,
                       "by_cause": {"born:chance": 30, "born:bootstrap": 1}},
        }));
        assert_eq!(status.address, Some("fd00::1".parse().unwrap()));
        assert_eq!((status.links, status.routes, status.arrows.died), (12, 3, 21));
        assert_eq!(status.arrows.by_cause.get("born:chance"), Some(&30));
        assert_eq!(Status::of(&Value::Null), Status::default());
    }

    #[test]
    fn a_route_or_a_link_to_a_node_is_found_among_others() {
        let address = "fd00:1:2:7::1".parse().unwrap();
        let mut rows = json!([{"prefix": "fd00:1:2:8::/64"}, {"prefix": "fd00:1:2::/48"}]);
        assert!(!mentions(&rows, address));
        rows[0] = json!({"node": "fd00:1:2:7::/64", "link": "in3"});
        assert!(mentions(&rows, address));
    }
}
