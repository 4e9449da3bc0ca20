//! `re6st why`: the way to a destination in words.

use daemon::control::{Question, ask_about};
use serde_json::Value;

use crate::options::Why;
use crate::say::say;

/// Prints why packets to a destination go the way they go.
pub(crate) fn why(options: &Why) -> anyhow::Result<()> {
    let answer = ask_about(&options.which.state, Question::Why, &options.destination)?;
    if let (Some(error), Some(remedy)) = (text(&answer, "/error"), text(&answer, "/remedy")) {
        anyhow::bail!("{error}; {remedy}");
    }
    if options.which.json {
        return say(answer);
    }
    in_words(&answer).into_iter().try_for_each(say)
}

/// Tells it in lines for people.
fn in_words(answer: &Value) -> Vec<String> {
    let destination = text(answer, "/destination").unwrap_or_default();
    if let Some(reason) = text(answer, "/why_not") {
        return vec![format!("{destination} is not reached: {reason}.")];
    }
    if answer.pointer("/ours").and_then(Value::as_bool) == Some(true) {
        let range = text(answer, "/range").unwrap_or_default();
        return vec![format!("{destination} is our own: it is in {range}, which is this node's.")];
    }
    let mut lines = vec![whose(answer, destination)];
    lines.extend(preference(answer));
    lines.extend(across(answer));
    lines.push(path(answer));
    lines.extend(link(answer.pointer("/link").unwrap_or(&Value::Null)));
    lines.push(alternates(answer));
    let others = answer.pointer("/alternates").and_then(Value::as_array);
    lines.extend(others.into_iter().flatten().map(alternate));
    lines.push(if_lost(answer));
    lines
}

fn whose(answer: &Value, destination: &str) -> String {
    let range = text(answer, "/range").unwrap_or_default();
    let owner = text(answer, "/owner").unwrap_or("a node that we do not know by name");
    if let Some(mesh) = text(answer, "/across/mesh") {
        return format!(
            "{destination} is of the node {owner}, which is at home in the mesh {mesh}."
        );
    }
    match text(answer, "/from") {
        Some(_) => {
            format!("{destination} is outside of the network, and reached by the exit {owner}.")
        }
        None if range == owner => format!("{destination} is of the node {owner}."),
        None => format!("{destination} is in {range}, which is of the node {owner}."),
    }
}

/// Tells of the exit that this node would leave by.
fn preference(answer: &Value) -> Option<String> {
    let named = text(answer, "/prefers/node")?;
    let why_not = text(answer, "/prefers/why_not");
    Some(why_not.map_or_else(
        || "That is the exit which this node prefers (prefer_exit).".to_owned(),
        |why_not| format!("This node prefers the exit {named} (prefer_exit): {why_not}."),
    ))
}

/// Tells how packets get from one mesh into another.
fn across(answer: &Value) -> Option<String> {
    let range = text(answer, "/across/by_range")?;
    let home = text(answer, "/across/home").unwrap_or("-");
    let entry = text(answer, "/across/entered_by").unwrap_or("a node not known by name");
    let its = text(answer, "/across/entry_home").unwrap_or("-");
    Some(format!(
        "From here, the mesh {home}, only its range is known: {range}. The nearest border node is \
         {entry}, at home in {its}; past it, the exact prefix is known."
    ))
}

fn path(answer: &Value) -> String {
    let (link, node) = (text(answer, "/path/link"), text(answer, "/path/node"));
    let (link, node) = (link.unwrap_or("-"), node.unwrap_or("a neighbour"));
    let metric = number(answer, "/metric");
    if answer.pointer("/direct").and_then(Value::as_bool) == Some(true) {
        return format!("Packets go by {link}, straight to it; metric {metric}.");
    }
    let rest = number(answer, "/path/refmetric");
    format!(
        "Packets go by {link} to {node}, which sends them on; metric {metric}, {rest} of it from there."
    )
}

fn link(link: &Value) -> Vec<String> {
    let name = text(link, "/link").unwrap_or("-");
    let ours = link.pointer("/ours").and_then(Value::as_bool);
    let what = match ours {
        Some(true) => "an arrow of ours",
        Some(false) => "an arrow that its other end owns",
        None => "a link",
    };
    let state = text(link, "/state").unwrap_or("of unknown state");
    let (age, routes) = (span(number(link, "/age_s")), number(link, "/routes"));
    let many = if routes == 1 { "" } else { "s" };
    let round_trip = link.pointer("/rtt_ms").and_then(Value::as_f64);
    let round_trip = round_trip.map_or(String::new(), |ms| format!(", round trip {ms:.1} ms"));
    let cost = number(link, "/cost");
    let first = format!(
        "  {name} is {what}: {state}, {age} old, used by {routes} route{many}{round_trip}, cost {cost}."
    );
    let mut lines = vec![first];
    lines.push(match (ours, text(link, "/cause/name")) {
        (Some(false), _) => "  Why it exists, its owner knows: it drew us.".to_owned(),
        (_, Some("chance")) => "  It exists because chance drew that node.".to_owned(),
        (_, Some(name)) => {
            let because = text(link, "/cause/because").unwrap_or_default();
            format!("  It exists by the exception `{name}`: {because}.")
        }
        (_, None) => "  Why it exists is not known here.".to_owned(),
    });
    if let Some(carrier) = text(link, "/carrier") {
        lines.push(match text(link, "/carrier_cause/name") {
            Some("chance") | None => format!("  Its carrier is {carrier}, drawn by chance."),
            Some(name) => {
                let because = text(link, "/carrier_cause/because").unwrap_or_default();
                format!("  Its carrier is {carrier}, by the exception `{name}`: {because}.")
            }
        });
    }
    lines
}

fn alternates(answer: &Value) -> String {
    match answer.pointer("/alternates").and_then(Value::as_array).map_or(0, Vec::len) {
        0 => "No other neighbour offers a way.".to_owned(),
        1 => "One other neighbour offers a way:".to_owned(),
        many => format!("{many} other neighbours offer a way:"),
    }
}

fn alternate(offer: &Value) -> String {
    let (link, node) = (text(offer, "/link").unwrap_or("-"), text(offer, "/node").unwrap_or("-"));
    let (metric, told) = (number(offer, "/metric"), span(number(offer, "/told_s")));
    let ready = match offer.pointer("/feasible").and_then(Value::as_bool) {
        Some(true) => "ready",
        Some(false) | None => "not to be used now: it might lead back to us",
    };
    format!("  {link} to {node}, metric {metric}, told {told} ago; {ready}")
}

fn if_lost(answer: &Value) -> String {
    let link = text(answer, "/path/link").unwrap_or("the link");
    match (text(answer, "/if_lost/link"), text(answer, "/if_lost/then")) {
        (Some(next), _) => {
            let metric = number(answer, "/if_lost/metric");
            format!("If {link} died, packets would go by {next} at once, metric {metric}.")
        }
        (None, _) => format!(
            "If {link} died, neighbours would be asked for a new way, and until one answers packets \
             would be lost."
        ),
    }
}

fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    value.pointer(path).and_then(Value::as_str)
}

fn number(value: &Value, path: &str) -> u64 {
    value.pointer(path).and_then(Value::as_u64).unwrap_or(0)
}

/// Writes a time as people do.
fn span(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_way_is_told_with_its_cause_and_what_would_replace_it() {
        let offer = |link: &str, metric: u64, feasible: bool| {
            json!({"link": link, "node": "fd00:0:0:2::/64", "metric": metric, "refmetric": 96,
                   "told_s": 75, "feasible": feasible})
        };
        let answer = json!({
            "destination": "10.42.7.1", "reachable": true, "range": "10.42.7.0/24", "from": null,
            "owner": "fd00:0:0:7::/64", "ours": false, "metric": 300, "direct": false,
            "path": offer("out3", 300, true),
            "link": {"link": "out3", "ours": true, "state": "live", "age_s": 252, "routes": 5,
                     "carrier": "udp", "carrier_cause": {"name": "chance"}, "rtt_ms": 84.04,
                     "cost": 204,
                     "cause": {"name": "bootstrap", "because": "a node that knows nobody"}},
            "alternates": [offer("in1", 340, true), offer("in2", 380, false)],
            "if_lost": {"then": "alternate", "link": "in1", "metric": 340},
        });
        let expected = "\
10.42.7.1 is in 10.42.7.0/24, which is of the node fd00:0:0:7::/64.
Packets go by out3 to fd00:0:0:2::/64, which sends them on; metric 300, 96 of it from there.
  out3 is an arrow of ours: live, 4 min 12 s old, used by 5 routes, round trip 84.0 ms, cost 204.
  It exists by the exception `bootstrap`: a node that knows nobody.
  Its carrier is udp, drawn by chance.
2 other neighbours offer a way:
  in1 to fd00:0:0:2::/64, metric 340, told 1 min 15 s ago; ready
  in2 to fd00:0:0:2::/64, metric 380, told 1 min 15 s ago; not to be used now: it might lead back to us
If out3 died, packets would go by in1 at once, metric 340.";
        assert_eq!(in_words(&answer).join("\n"), expected);
    }

    #[test]
    fn a_way_into_another_mesh_is_told_with_its_range_and_the_node_that_it_enters_by() {
        let answer = json!({
            "destination": "fd00:0:0:8007::1", "range": "fd00:0:0:8000::/49", "from": null,
            "owner": "fd00:0:0:8007::/64", "ours": false, "metric": 300, "direct": false,
            "across": {"home": "fd00::/49", "mesh": "fd00:0:0:8000::/49",
                       "by_range": "fd00:0:0:8000::/49", "entered_by": "fd00:0:0:2::/64",
                       "entry_home": "fd00::/49"},
        });
        let expected = [
            "fd00:0:0:8007::1 is of the node fd00:0:0:8007::/64, which is at home in the mesh \
             fd00:0:0:8000::/49.",
            "From here, the mesh fd00::/49, only its range is known: fd00:0:0:8000::/49. The nearest \
             border node is fd00:0:0:2::/64, at home in fd00::/49; past it, the exact prefix is known.",
        ];
        assert_eq!(in_words(&answer)[..2], expected);
        let unknown = json!({"across": {"by_range": "fd00:0:0:8000::/49", "entered_by": null}});
        let told = across(&unknown).unwrap();
        assert!(told.contains("border node is a node not known by name, at home in -"), "{told}");
    }

    #[test]
    fn what_is_not_reached_and_what_is_ours_is_one_line() {
        let nowhere =
            json!({"destination": "fd00::9", "reachable": false, "why_not": "no link is up"});
        assert_eq!(in_words(&nowhere), ["fd00::9 is not reached: no link is up."]);
        let ours = json!({"destination": "fd00::1", "range": "fd00::/64", "ours": true});
        let line = "fd00::1 is our own: it is in fd00::/64, which is this node's.";
        assert_eq!(in_words(&ours), [line]);
    }
}
