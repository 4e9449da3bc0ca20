//! Debian packages that tests want, installed when that is possible.

mod quiet;

use std::process::Command;
use std::time::Duration;

use crate::command::{self, Running};
use crate::test::{Bench, Outcome};

use quiet::Quiet;

/// One package that tests want.
struct Package {
    name: &'static str,
    /// A program of it, by name or by path.
    program: &'static str,
    /// The unit that systemd would start from now on, if it has one.
    unit: Option<&'static str>,
}

const WANTED: [Package; 8] = [
    Package { name: "tcpdump", program: "tcpdump", unit: None },
    Package { name: "babeld", program: "babeld", unit: Some("babeld") },
    Package { name: "bird2", program: "bird", unit: Some("bird") },
    Package { name: "iproute2", program: "ip", unit: None },
    Package { name: "nftables", program: "nft", unit: Some("nftables") },
    Package { name: "miniupnpd-nftables", program: "miniupnpd", unit: None },
    Package { name: "faketime", program: "faketime", unit: None },
    Package { name: "frr", program: "/usr/lib/frr/babeld", unit: Some("frr") },
];

/// Where Debian keeps programs that ordinary users have not on their path.
const SYSTEM: &str = "/usr/sbin:/sbin";

/// How long apt-get may take.
const LIMIT: Duration = Duration::from_mins(3);

/// Installs what is missing, and lets none of it run as a service.
///
/// Nothing here fails the whole: without root or network it says what is not there,
/// and the steps that want it say so again.
pub(crate) fn install(bench: &Bench) -> Outcome {
    Quiet::repair();
    let missing: Vec<&Package> = WANTED.iter().filter(|wanted| !has(wanted.program)).collect();
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    let said = names.join(" ");
    if missing.is_empty() {
        return Outcome::passed("all were");
    }
    if !bench.root {
        return Outcome::skipped(format!("not root; by hand: apt-get install {said}"));
    }
    if !command::succeeds("apt-get", &["--version"]) {
        return Outcome::skipped(format!("no apt-get here; these are missing: {said}"));
    }
    match install_quietly(bench, &names) {
        Ok(()) => {
            keep_off(&missing);
            Outcome::passed(format!("installed {said}"))
        }
        Err(why) => Outcome::skipped(format!("could not install {said}: {why}")),
    }
}

/// Tells whether a program is where Debian puts programs.
pub(crate) fn has(program: &str) -> bool {
    command::succeeds("sh", &["-c", &format!("PATH=$PATH:{SYSTEM} command -v {program}")])
}

/// Installs `packages` while no service may start.
fn install_quietly(bench: &Bench, packages: &[&str]) -> Result<(), String> {
    let _quiet = Quiet::begin()?;
    apt_get(bench, packages)
        .or_else(|_| apt_get(bench, &[]).and_then(|()| apt_get(bench, packages)))
}

/// Takes from the services we brought what would start them with the machine.
fn keep_off(installed: &[&Package]) {
    for unit in installed.iter().filter_map(|package| package.unit) {
        // Fails where there is no systemd, and then nothing starts them.
        command::succeeds("systemctl", &["disable", unit]);
    }
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
