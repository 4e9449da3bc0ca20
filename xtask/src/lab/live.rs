//! Checks that reach into a running laboratory: its namespaces, its registry, its nodes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::capture::{all_look_random, datagram, packets};
use super::checks::await_nodes;
use super::closed;
use super::processes::{self, Process};
use super::running::Lab;
use crate::command::{self, Running};
use crate::test::{Bench, Outcome};

/// How long a revoked node may still be seen.
const OUT: Duration = Duration::from_secs(10);

/// How long it is then watched trying to come back.
const WATCH: Duration = Duration::from_secs(10);

/// How often nodes are asked.
const LOOK: Duration = Duration::from_millis(200);

/// How long tcpdump listens.
const LISTEN: Duration = Duration::from_secs(15);

/// A laboratory to look into.
struct Scene {
    name: &'static str,
    /// A program that is needed besides.
    program: &'static str,
    seconds: u64,
    options: &'static str,
}

/// Revokes a node while the mesh runs.
pub(super) fn revoke(bench: &Bench) -> Outcome {
    let scene = Scene {
        name: "lab-revoke",
        program: "nsenter",
        seconds: 90,
        options: "--nodes 8 --round 30s",
    };
    live(bench, &scene, |lab, _| {
        let nodes = nodes(lab, 8)?;
        let (victim, others) = nodes.split_last().ok_or("no node runs")?;
        let prefix = prefix(victim)?;
        let started = Instant::now();
        while !others.iter().all(|other| knows(other, &prefix)) {
            pause(started, Duration::from_secs(40), "not all nodes ever knew the victim")?;
        }
        let took = put_out(lab, others, &prefix)?;
        let watched = Instant::now();
        while watched.elapsed() < WATCH {
            if others.iter().any(|other| knows(other, &prefix)) {
                return Err(format!("{prefix} came back"));
            }
            sleep(LOOK);
        }
        Ok(format!("gone from 7 nodes after {:.1} s", took.as_secs_f64()))
    })
}

/// Revokes `prefix`, and returns how long it took until nobody knew it any more.
fn put_out(lab: &Lab, others: &[Process], prefix: &str) -> Result<Duration, String> {
    let family = processes::started_by(lab.id());
    let registry = family.iter().find(|process| process.does(&["registry", "serve"]));
    let registry = registry.ok_or("no process is the registry")?;
    let directory = registry.option("--directory").ok_or("the registry has no --directory")?;
    ask(registry, &["registry", "revoke", "--directory", directory, prefix])?;
    let revoked = Instant::now();
    while others.iter().any(|other| knows(other, prefix)) {
        pause(revoked, OUT, "10 s after its revocation a node is still known")?;
    }
    Ok(revoked.elapsed())
}

/// Listens on the access line of every node.
pub(super) fn wire(bench: &Bench) -> Outcome {
    let scene = Scene {
        name: "lab-wire",
        program: "tcpdump",
        seconds: 60,
        options: "--nodes 6 --round 10s",
    };
    live(bench, &scene, |lab, bench| {
        let nodes = nodes(lab, 6)?;
        let prefixes: Vec<String> = nodes.iter().map(prefix).collect::<Result<_, _>>()?;
        let mut listening = Vec::new();
        for node in &nodes {
            for interface in lines_of(node)? {
                listening.push(listen(bench, node, &interface)?);
            }
        }
        sleep(LISTEN);
        let mut captures = Vec::new();
        for (mut tcpdump, file) in listening {
            tcpdump.signal("INT");
            tcpdump.wait(Duration::from_secs(10))?;
            captures.push(fs::read(&file).map_err(|error| error.to_string())?);
        }
        unreadable(&captures, &prefixes)
    })
}

/// Checks that nothing in the captures can be read.
fn unreadable(captures: &[Vec<u8>], prefixes: &[String]) -> Result<String, String> {
    let mut all = Vec::new();
    for capture in captures {
        all.extend(packets(capture)?);
    }
    let secrets: Vec<Vec<u8>> = prefixes.iter().filter_map(|prefix| octets(prefix)).collect();
    let words = [&b"re6st"[..], b"BEGIN ", b"\"ask\""];
    for packet in &all {
        let body = packet.get(20..).unwrap_or_default();
        let secret = secrets
            .iter()
            .map(Vec::as_slice)
            .chain(words)
            .find(|secret| body.windows(secret.len()).any(|window| window == *secret));
        if let Some(secret) = secret {
            return Err(format!("{secret:02x?} can be read in a packet: {packet:02x?}"));
        }
    }
    let datagrams: Vec<&[u8]> = all.iter().filter_map(|packet| datagram(packet)).collect();
    all_look_random(&datagrams)?;
    Ok(format!("{} datagrams, no octet of which can be foretold", datagrams.len()))
}

/// Returns the octets of a node's prefix, without the zeros at its end.
fn octets(prefix: &str) -> Option<Vec<u8>> {
    let (address, length) = prefix.split_once('/')?;
    let address: std::net::Ipv6Addr = address.parse().ok()?;
    let length: usize = length.parse().ok()?;
    address.octets().get(..length / 8).map(<[u8]>::to_vec)
}

/// Starts tcpdump on one interface of a node.
fn listen(bench: &Bench, node: &Process, interface: &str) -> Result<(Running, PathBuf), String> {
    let file = bench.log(&format!("lab-wire.{}.{interface}.pcap", node.id));
    let mut command = Command::new("nsenter");
    command.args(["--target", &node.id.to_string(), "--net", "--", "tcpdump", "-U", "-w"]);
    command.arg(&file).args(["-Z", "root", "-i", interface]);
    let (out, err) = (bench.log("tcpdump.out"), bench.log("tcpdump.err"));
    Ok((Running::start(command, &out, &err)?, file))
}

/// Returns the interfaces by which a node is on the emulated Internet.
fn lines_of(node: &Process) -> Result<Vec<String>, String> {
    let devices = fs::read_to_string(format!("/proc/{}/net/dev", node.id));
    let devices = devices.map_err(|error| format!("a node has ended: {error}"))?;
    let names = devices.lines().skip(2).filter_map(|line| line.split_once(':'));
    let names = names.map(|(name, _)| name.trim().to_owned());
    Ok(names.filter(|name| name != "lo" && !name.starts_with("re6st")).collect())
}

/// Runs a laboratory, does `deed` meanwhile, and ends it.
fn live(bench: &Bench, scene: &Scene, deed: fn(&Lab, &Bench) -> Result<String, String>) -> Outcome {
    if let Some(why) = closed(bench, scene.program) {
        return Outcome::skipped(why);
    }
    match Lab::start(bench, scene.name, scene.seconds, scene.options) {
        Ok(mut lab) => {
            let found = deed(&lab, bench);
            lab.signal("INT");
            let ended = lab.end();
            lab.outcome(found.and_then(|note| ended.map(|_| note)))
        }
        Err(failed) => failed,
    }
}

/// Returns the processes of `count` nodes that run and answer.
fn nodes(lab: &Lab, count: usize) -> Result<Vec<Process>, String> {
    await_nodes(lab, count)?;
    let mut nodes = processes::started_by(lab.id());
    nodes.retain(|process| process.does(&["up"]));
    let started = Instant::now();
    while !nodes.iter().all(|node| prefix(node).is_ok()) {
        pause(started, Duration::from_secs(20), "not all nodes answer on their control socket")?;
    }
    Ok(nodes)
}

/// Returns the prefix of a node, as it says itself.
fn prefix(node: &Process) -> Result<String, String> {
    let said = question(node, "status")?;
    let status: Value = serde_json::from_str(&said).map_err(|error| error.to_string())?;
    status
        .get("node")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| format!("no `node` in {said}"))
}

/// Tells whether a node has a route to `prefix` or a link with it.
fn knows(node: &Process, prefix: &str) -> bool {
    let quoted = format!("\"{prefix}\"");
    ["routes", "arrows"]
        .iter()
        .any(|what| question(node, what).is_ok_and(|said| said.contains(&quoted)))
}

/// Asks a node on its control socket.
fn question(node: &Process, what: &str) -> Result<String, String> {
    let state = node.option("--state").ok_or("a node has no --state")?;
    ask(node, &[what, "--state", state, "--json"])
}

/// Runs the command where `process` lives.
fn ask(process: &Process, words: &[&str]) -> Result<String, String> {
    let (id, program) = (process.id.to_string(), format!("/proc/{}/exe", process.id));
    let mut arguments = vec!["--target", &id, "--mount", "--net", "--", &program];
    arguments.extend(words);
    command::output("nsenter", &arguments)
}

/// Waits a little; after `limit` since `started`, `why` is the end.
fn pause(started: Instant, limit: Duration, why: &str) -> Result<(), String> {
    if started.elapsed() > limit {
        return Err(why.to_owned());
    }
    sleep(LOOK);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_on_the_wire_is_read() {
        assert_eq!(
            octets("fd12:3456:789a:b::/64"),
            Some(vec![0xfd, 0x12, 0x34, 0x56, 0x78, 0x9a, 0, 0x0b])
        );
        assert_eq!(octets("nothing"), None);
    }
}
