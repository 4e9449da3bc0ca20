//! The laboratory as a test: the built command, real processes, real namespaces.

mod capture;
mod checks;
mod exits;
mod load;
mod meshes;
mod processes;
mod report;
mod running;
mod wire;
mod wishes;

use std::fs::File;

use crate::command;
use crate::test::{Bench, Outcome, Step, Wants};

/// What is checked with it, each with a name of its own.
pub(crate) const STEPS: [Step; 30] = [
    step("lab-mesh", "6 nodes all reach each other within 15 s, by both families", checks::mesh),
    step("lab-renewal", "arrows are renewed and no ping is lost to it", checks::renewal),
    step("lab-failover", "what fails is walked around, and healed", checks::failover),
    step("lab-clean", "no process or interface is left, whatever ends it", checks::clean),
    light("lab-calendar", "calendars that jump cost no link", wishes::calendar),
    light("lab-kill", "survivors reach each other again after nodes die", checks::kill),
    light(
        "lab-exit",
        "members leave by the nearest exit, by another while it is dead",
        exits::nearest,
    ),
    light(
        "lab-exit6",
        "the same by IPv6, and by the exit that is named while it lives",
        exits::named,
    ),
    light("lab-cut", "two nodes cut from each other meet through others", checks::cut),
    light("lab-revoke", "a revoked node is out within 10 s and stays out", checks::revoke),
    light("lab-replay", "a recorded run of each node replays word for word", checks::replay),
    light(
        "lab-lan",
        "a LAN without Internet stays a mesh, and strangers on it get nowhere",
        checks::lan,
    ),
    light("lab-nat", "nodes behind different NATs have direct links", checks::nat),
    light("lab-roam", "a node whose address changes keeps its TCP connections", checks::roam),
    light("lab-suspend", "a node that slept is a neighbour again", checks::suspend),
    light("lab-udp-only", "a node that reaches two others only stays connected", checks::udp_only),
    light("lab-underlay", "IPv6 carries the mesh, alone and beside IPv4", checks::underlay),
    light(
        "lab-full",
        "lines that are full of payload cost no link, and no probe waits",
        wishes::full,
    ),
    light("lab-ensure", "an arrow that a rule ensures is there, within its bound", wishes::ensure),
    wire_step(),
    light(
        "lab-capacities",
        "of members that lie about their lines what others saw is believed",
        load::capacities,
    ),
    step("lab-load", "who carries more than it says is charged, nobody else", load::charged),
    step("lab-order", "24 nodes in 3 meshes reach each other, with small tables", meshes::order),
    step("lab-order3", "27 nodes in 9 meshes of 3 groups reach each other", meshes::order_3),
    step("lab-rotate", "border nodes change every few seconds, no ping is lost", meshes::rotate),
    step("lab-border", "all border nodes between two meshes die, others serve", meshes::border),
    step("lab-divide", "one mesh becomes two while pings run, none is lost", meshes::divide),
    step("lab-escape", "a part of a mesh is reached by way of other meshes", meshes::escape),
    step("lab-split", "a mesh is split while pings run, none is lost", meshes::split),
    step("lab-merge", "two meshes become one while pings run, none is lost", meshes::merge),
];

const fn step(name: &'static str, shows: &'static str, run: fn(&Bench) -> Outcome) -> Step {
    Step { name, shows, after: &["build"], wants: Wants::Machine, run }
}

/// A laboratory of a few nodes, which leaves a machine idle.
const fn light(name: &'static str, shows: &'static str, run: fn(&Bench) -> Outcome) -> Step {
    Step { wants: Wants::Little, ..step(name, shows, run) }
}

const fn wire_step() -> Step {
    let shows = "who listens to the emulated Internet reads nothing";
    Step { after: &["debian", "build"], ..light("lab-wire", shows, wire::wire) }
}

/// Tells why no laboratory can run here, if so.
fn impossible(bench: &Bench) -> Option<String> {
    if let Err(error) = File::options().read(true).write(true).open("/dev/net/tun") {
        return Some(format!("/dev/net/tun: {error}; as root: modprobe tun, and let us open it"));
    }
    let user_namespaces = ["--user", "--net", "--map-root-user", "true"];
    let allowed = if bench.root {
        command::succeeds("unshare", &["--net", "true"])
    } else {
        command::succeeds("unshare", &user_namespaces)
    };
    (!allowed).then(|| "neither root nor user namespaces here; run it as root".into())
}
