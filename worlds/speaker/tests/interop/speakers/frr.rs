//! FRR: its babeld, which leaves the kernel to zebra.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::Place;
use crate::island::LOOK;
use crate::process::Process;

/// Where Debian puts its daemons.
const DAEMONS: &str = "/usr/lib/frr";

/// Who becomes another user is no longer killed with the thread that started it. So the
/// daemon runs under a first process of its own, whose death ends it, whatever it became.
const KEEPER: [&str; 7] =
    ["--pid", "--fork", "--kill-child=KILL", "sh", "-c", "\"$@\"; exit $?", "sh"];

/// How long a daemon may take until it answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts zebra and babeld, and works round a fault of 8.4.
pub(super) fn start(place: &Place<'_>) -> Vec<Process> {
    place.write("zebra.conf", "");
    place.write("frr.conf", &config(place));
    let folder = place.folder.to_string_lossy().into_owned();
    // They become another user, who must be able to write here.
    place.island.run("chown", &["-R", "frr:frr", &folder]);
    // Those of daemons that were killed would seem to answer.
    for socket in ["zebra.vty", "babeld.vty", "zserv.api"] {
        fs::remove_file(place.file(socket)).ok();
    }
    let zebra = launch(place, "zebra", "zebra.conf");
    answers(place.folder, "zebra.vty");
    let babeld = launch(place, "babeld", "frr.conf");
    answers(place.folder, "babeld.vty");
    rejoin(place);
    vec![babeld, zebra]
}

fn launch(place: &Place<'_>, daemon: &str, config: &str) -> Process {
    let mut command = Command::new("unshare");
    command
        .args(KEEPER)
        .arg(Path::new(DAEMONS).join(daemon))
        .arg("-f")
        .arg(place.file(config))
        .arg("-z")
        .arg(place.file("zserv.api"));
    command.arg("--vty_socket").arg(place.folder);
    command.arg("-i").arg(place.file(&format!("{daemon}.pid")));
    command.args(["-P", "0", "-u", "frr", "-g", "frr", "--log", "stdout"]);
    place.start(&format!("frr-{daemon}"), &mut command)
}

/// Waits until a daemon can be asked.
fn answers(folder: &Path, socket: &str) {
    let began = Instant::now();
    while !folder.join(socket).exists() {
        assert!(began.elapsed() < PATIENCE, "frr: no {socket} after {PATIENCE:?}");
        std::thread::sleep(LOOK);
    }
}

/// Joins every interface anew.
///
/// The second join of the group fails in 8.4 with `EADDRINUSE` and takes the interface
/// down; leaving and joining by hand mends it.
fn rejoin(place: &Place<'_>) {
    let folder = place.folder.to_string_lossy();
    let lines: Vec<String> = place
        .neighbours
        .iter()
        .map(|neighbour| place.interface(*neighbour))
        .flat_map(|name| [format!("no network {name}"), format!("network {name}")])
        .collect();
    let mut words = vec!["--vty_socket", &folder, "-d", "babeld", "-c", "conf t"];
    words.extend(["-c", "router babel"]);
    words.extend(lines.iter().flat_map(|line| ["-c", line]));
    let (done, said) = place.island.run("vtysh", &words);
    assert!(done, "vtysh: {said}");
}

/// Asks what is known.
pub(super) fn confess(place: &Place<'_>) -> String {
    let folder = place.folder.to_string_lossy();
    let words = ["--vty_socket", &folder, "-c", "show babel neighbor", "-c", "show babel route"];
    let said = place.island.run("vtysh", &words).1;
    said + &fs::read_to_string(place.file("frr.conf")).unwrap_or_default()
}

fn config(place: &Place<'_>) -> String {
    let setting = place.setting;
    let mut text = String::from("log stdout\nrouter babel\n");
    for neighbour in place.neighbours {
        writeln!(text, " network {}", place.interface(*neighbour)).ok();
    }
    text.push_str(" babel smoothing-half-life 0\n redistribute ipv6 connected\n redistribute ipv4 connected\n");
    for neighbour in place.neighbours {
        let (hello, update) = (setting.hello.as_millis(), setting.update.as_millis());
        writeln!(text, "interface {}\n babel wired", place.interface(*neighbour)).ok();
        writeln!(text, " babel hello-interval {hello}\n babel update-interval {update}").ok();
        if let Some(cost) = setting.costs.get(neighbour) {
            writeln!(text, " babel rxcost {cost}").ok();
        }
    }
    text
}
