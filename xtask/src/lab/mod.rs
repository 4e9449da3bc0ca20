//! The laboratory as a test: the built command, real processes, real namespaces.

mod capture;
mod checks;
mod live;
mod processes;
mod report;
mod running;

use crate::test::{Bench, Outcome, Step};
use crate::{command, debian};

/// What is checked with it, each with a name of its own.
pub(crate) const STEPS: [Step; 7] = [
    step("lab-mesh", "6 nodes all reach each other within 15 s", checks::mesh),
    step("lab-renewal", "arrows are renewed and no ping is lost to it", checks::renewal),
    step("lab-kill", "survivors reach each other again after nodes die", checks::kill),
    step("lab-cut", "two nodes cut from each other meet through others", checks::cut),
    step("lab-clean", "no process or interface is left, whatever ends it", checks::clean),
    step("lab-revoke", "a revoked node is out within 10 s and stays out", live::revoke),
    wire(),
];

const fn step(name: &'static str, shows: &'static str, run: fn(&Bench) -> Outcome) -> Step {
    Step { name, shows, after: &["build"], run }
}

const fn wire() -> Step {
    let shows = "tcpdump on the emulated Internet reads nothing";
    Step { name: "lab-wire", shows, after: &["debian", "build"], run: live::wire }
}

/// Tells why no laboratory can run here, if so.
fn impossible(bench: &Bench) -> Option<String> {
    if !std::fs::exists("/dev/net/tun").unwrap_or(false) {
        return Some("no /dev/net/tun here; as root: modprobe tun".into());
    }
    let user_namespaces = ["--user", "--net", "--map-root-user", "true"];
    let allowed = if bench.root {
        command::succeeds("unshare", &["--net", "true"])
    } else {
        command::succeeds("unshare", &user_namespaces)
    };
    (!allowed).then(|| "neither root nor user namespaces here; run it as root".into())
}

/// Tells why no live laboratory can be looked into from outside, if so.
fn closed(bench: &Bench, program: &str) -> Option<String> {
    if !bench.root {
        Some("only root can look into the namespaces of others".into())
    } else if !debian::has(program) {
        Some(format!("{program} is not installed"))
    } else {
        impossible(bench)
    }
}
