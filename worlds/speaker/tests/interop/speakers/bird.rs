//! BIRD 2.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;

use super::Place;
use crate::process::Process;
use crate::setting::{Algorithm, Extra};

/// Starts it; it answers at `bird.ctl`.
pub(super) fn start(place: &Place<'_>) -> Vec<Process> {
    let config = place.write("bird.conf", &config(place));
    let mut command = Command::new("bird");
    command.arg("-f").arg("-c").arg(config).arg("-s").arg(place.file("bird.ctl"));
    command.arg("-P").arg(place.file("bird.pid"));
    vec![place.start("bird", &mut command)]
}

/// Writes the configuration again, and lets it be read.
pub(super) fn follow(place: &Place<'_>) -> bool {
    place.write("bird.conf", &config(place));
    ask(place, "configure").contains("Reconfigur")
}

/// Tells that this version does not know of `extra`, if so: it is let read a line of it.
pub(super) fn lacks(extra: Extra) -> Option<String> {
    let line = option(extra);
    let mut file = tempfile::NamedTempFile::new().expect("a place for files");
    let protocol = format!("protocol babel {{ interface \"lo\" {{ {line} }}; }}");
    write!(file, "router id 192.0.2.1;\nprotocol device {{}}\n{protocol}\n").expect("room");
    let bird = |words: &[&str]| Command::new("bird").args(words).output().expect("it was found");
    let read = bird(&["-p", "-c", &file.path().to_string_lossy()]);
    let version = bird(&["--version"]);
    let version = String::from_utf8_lossy(&[version.stdout, version.stderr].concat()).into_owned();
    (!read.status.success()).then(|| format!("{} does not know `{line}`", version.trim()))
}

/// Returns what an interface is told for `extra`, for those that not all versions know.
fn option(extra: Extra) -> &'static str {
    match extra {
        Extra::Delays => "rtt cost 5000; rtt min 10 ms; rtt max 500 ms; rtt decay 125;",
        Extra::FourBySix => "extended next hop yes;",
        Extra::Unicast | Extra::ForSenders | Extra::AcceptUnsigned => "",
    }
}

/// Asks what is known.
pub(super) fn confess(place: &Place<'_>) -> String {
    let questions =
        ["show babel neighbors", "show babel entries", "show babel routes", "show route all"];
    questions.map(|question| ask(place, question)).concat()
}

fn ask(place: &Place<'_>, question: &str) -> String {
    let socket = place.file("bird.ctl");
    let socket = socket.to_string_lossy();
    place.island.run("birdc", &["-s", &socket, question]).1
}

fn config(place: &Place<'_>) -> String {
    let (node, setting) = (place.island.node, place.setting);
    // A table of routes with a source each; it has those for everybody, too.
    let (six, table, learn, import) = if setting.has(Extra::ForSenders) {
        ("ipv6 sadr", "ipv6 sadr table six;\n", "learn; scan time 1; ", "all")
    } else {
        ("ipv6", "", "", "none")
    };
    let mut text = format!(
        "log stderr all;\nrouter id {};\n{table}protocol device {{ scan time 1; }}\n\
         protocol direct {{ ipv4; {six}; interface \"lo\"; }}\n\
         protocol kernel {{ ipv4 {{ export where source = RTS_BABEL; import none; }}; }}\n\
         protocol kernel {{ {learn}{six} {{ export where source = RTS_BABEL; import {import}; }}; }}\n\
         protocol babel {{\n  ipv4 {{ import all; export all; }};\n  \
         {six} {{ import all; export all; }};\n",
        node.own4(),
    );
    let kind = if setting.has(Extra::Delays) { "tunnel" } else { "wired" };
    for neighbour in place.neighbours {
        let (hello, update) = (setting.hello.as_millis(), setting.update.as_millis());
        writeln!(text, "  interface \"{}\" {{\n    type {kind};", place.interface(*neighbour)).ok();
        writeln!(text, "    hello interval {hello} ms;\n    update interval {update} ms;").ok();
        for extra in &setting.extras {
            text.push_str(option(*extra));
        }
        if let Some(cost) = setting.costs.get(neighbour) {
            writeln!(text, "    rxcost {cost};").ok();
        }
        if !setting.keys.is_empty() {
            text.push_str("    authentication mac;\n");
        }
        for key in &setting.keys {
            let algorithm = match key.algorithm {
                Algorithm::HmacSha256 => "hmac sha256",
                Algorithm::Blake2s128 => "blake2s128",
            };
            let secret = key.secret;
            writeln!(text, "    password \"{secret}\" {{ algorithm {algorithm}; }};").ok();
        }
        text.push_str("  };\n");
    }
    text.push_str("}\n");
    text
}
