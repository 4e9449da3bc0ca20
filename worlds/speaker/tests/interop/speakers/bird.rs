//! BIRD 2.

use std::fmt::Write as _;
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
    for neighbour in place.neighbours {
        let (hello, update) = (setting.hello.as_millis(), setting.update.as_millis());
        writeln!(text, "  interface \"{}\" {{\n    type wired;", place.interface(*neighbour)).ok();
        writeln!(text, "    hello interval {hello} ms;\n    update interval {update} ms;").ok();
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
