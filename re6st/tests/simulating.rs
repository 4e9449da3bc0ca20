//! What somebody sees who simulates at a terminal.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses what it needs")]
mod common;

use std::process::Command;

use common::Running;

/// A run that is not over before somebody looks. It ends with its terminal, or by itself soon after:
/// whoever started the tests may have had hang-ups ignored.
const LONG: &str = "sim flat --nodes 400 --hours 100 --seed 1";

#[test]
fn a_long_run_shows_how_far_it_is_on_a_terminal() {
    // script(1) runs a command on a terminal of its own.
    if Command::new("script").arg("--version").output().is_err() {
        return eprintln!("skipped: script is not here: apt-get install bsdutils");
    }
    let run = format!("exec timeout --foreground 60 {} {LONG}", env!("CARGO_BIN_EXE_re6st"));
    let mut terminal = Command::new("script");
    terminal.args(["--quiet", "--flush", "--command", &run, "/dev/null"]);
    let mut running = Running::start(&mut terminal, |command| {
        linux::tie_to_parent(command);
        Ok(command.spawn()?)
    });
    for words in ["░░░", " %  ", " s left"] {
        running.prints(words);
    }
}
