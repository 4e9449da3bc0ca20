//! Debian packages that tests want, installed when that is possible.

use std::process::Command;
use std::time::Duration;

use crate::command::{self, Running};
use crate::test::{Bench, Outcome};

/// Each package with the program that tests run. None starts a service.
const WANTED: [(&str, &str); 1] = [("tcpdump", "tcpdump")];

/// How long apt-get may take.
const LIMIT: Duration = Duration::from_mins(3);

/// Installs what is missing.
///
/// Nothing here fails the whole: without root or network it says what is not there,
/// and the steps that want it say so again.
pub(crate) fn install(bench: &Bench) -> Outcome {
    let missing: Vec<&str> =
        WANTED.iter().filter(|(_, program)| !has(program)).map(|(package, _)| *package).collect();
    let names = missing.join(" ");
    if missing.is_empty() {
        return Outcome::passed("all were");
    }
    if !bench.root {
        return Outcome::skipped(format!("not root; by hand: apt-get install {names}"));
    }
    if !command::succeeds("apt-get", &["--version"]) {
        return Outcome::skipped(format!("no apt-get here; these are missing: {names}"));
    }
    let got = apt_get(bench, &missing)
        .or_else(|_| apt_get(bench, &[]).and_then(|()| apt_get(bench, &missing)));
    match got {
        Ok(()) => Outcome::passed(format!("installed {names}")),
        Err(why) => Outcome::skipped(format!("could not install {names}: {why}")),
    }
}

/// Tells whether a program is on the path.
pub(crate) fn has(program: &str) -> bool {
    command::succeeds("sh", &["-c", &format!("command -v {program}")])
}

/// Installs `packages`; brings the lists of packages up to date if there are none.
fn apt_get(bench: &Bench, packages: &[&str]) -> Result<(), String> {
    let (out, err) = (bench.log("apt-get.out"), bench.log("apt-get.err"));
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command.args(["--quiet", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=15"]);
    if packages.is_empty() {
        command.arg("update");
    } else {
        command.args(["install", "--yes", "--no-install-recommends"]).args(packages);
    }
    let status = Running::start(command, &out, &err)?.wait(LIMIT)?;
    if status.success() { Ok(()) } else { Err(command::tail(&err, 1)) }
}
