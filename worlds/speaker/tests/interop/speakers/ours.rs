//! The speaker of this workspace, as the command `re6st babel` runs it.

use std::env;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use super::{Place, babeld};
use crate::process::Process;
use crate::setting::{Algorithm, Extra, Key, SENDERS};

/// Returns the command: the one named by `RE6ST`, else what cargo has built beside us.
pub(crate) fn program() -> PathBuf {
    let beside = || {
        let own = env::current_exe().ok()?;
        Some(own.parent()?.parent()?.join("re6st"))
    };
    env::var_os("RE6ST").map(PathBuf::from).or_else(beside).unwrap_or_default()
}

/// Starts it; it answers babeld's text protocol at `babeld.sock`.
pub(super) fn start(place: &Place<'_>) -> Vec<Process> {
    let config = place.write("ours.toml", &config(place));
    let mut command = Command::new(program());
    command.args(["babel", "--config"]).arg(config);
    vec![place.start("ours", &mut command)]
}

/// Asks what is known.
pub(super) fn confess(place: &Place<'_>) -> String {
    babeld::dump(&place.file("babeld.sock")).unwrap_or_default()
}

fn config(place: &Place<'_>) -> String {
    let setting = place.setting;
    let file = |name| place.file(name).to_string_lossy().into_owned();
    let mut text = format!(
        "control = '{}'\nstate = '{}'\nbabeld-socket = '{}'\n{}\n",
        file("ours.ctl"),
        file("ours.state"),
        file("babeld.sock"),
        setting.lines[0],
    );
    let (hello, update) = (setting.hello.as_millis(), setting.update.as_millis());
    write!(text, "[default]\nhello = '{hello}ms'\nupdate = '{update}ms'\n").ok();
    writeln!(text, "v4-via-v6 = {}", setting.has(Extra::FourBySix)).ok();
    writeln!(text, "accept-unsigned = {}", setting.has(Extra::AcceptUnsigned)).ok();
    if setting.has(Extra::Delays) {
        text.push_str("kind = 'tunnel'\n");
        text.push_str("rtt = { min = '10ms', max = '500ms', penalty = 5000, decay = 125 }\n");
    }
    let names: Vec<String> = (0..setting.keys.len()).map(|n| format!("'k{n}'")).collect();
    writeln!(text, "keys = [{}]", names.join(", ")).ok();
    for neighbour in place.neighbours {
        writeln!(text, "[interface.{}]", place.interface(*neighbour)).ok();
        if let Some(cost) = setting.costs.get(neighbour) {
            writeln!(text, "cost = {cost}").ok();
        }
    }
    for (n, key) in setting.keys.iter().enumerate() {
        text.push_str(&key_table(n, key));
    }
    for prefix in ["2001:db8::/32", "10.1.0.0/16"] {
        write!(text, "[[redistribute]]\nlocal = true\nprefix = '{prefix}'\n").ok();
    }
    if setting.has(Extra::ForSenders) {
        write!(text, "[[redistribute]]\nprefix = '::/0'\nle = 0\nsource = '{SENDERS}'\n").ok();
    }
    text + setting.lines[1]
}

fn key_table(n: usize, key: &Key) -> String {
    let algorithm = match key.algorithm {
        Algorithm::HmacSha256 => "hmac-sha256",
        Algorithm::Blake2s128 => "blake2s128",
    };
    let mut text =
        format!("[[key]]\nid = 'k{n}'\nalgorithm = '{algorithm}'\nsecret = '{}'\n", key.hex());
    let times = [("sign", &key.sign), ("accept", &key.accept)];
    for (what, [from, until]) in times {
        for (end, moment) in [("from", from), ("until", until)] {
            if let Some(moment) = moment {
                writeln!(text, "{what}-{end} = {moment}").ok();
            }
        }
    }
    text
}
