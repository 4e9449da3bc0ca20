//! A whole run of the lab, with nodes that only pretend: what it measures, and that
//! nothing is left of it, however it ends.
//!
//! This program is all parts of the play: the test, the lab that the test starts, and
//! the `re6st` that the lab starts.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test of its own"
)]

#[path = "whole/fake.rs"]
mod fake;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use lab::{Fault, Options};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Marks every process of one run, in its environment.
const MARK: &str = "RE6ST_LAB_TEST";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["lab", seconds, fault] => lab(seconds, fault),
        ["registry" | "join" | "up", ..] => fake::play(&words),
        _ => test(),
    }
}

/// The lab, as the command would run it.
fn lab(seconds: &str, fault: &str) -> ExitCode {
    let options = Options {
        nodes: 4,
        seed: Some(7),
        seconds: seconds.parse().ok().map(Duration::from_secs),
        headless: true,
        report: true,
        faults: Fault::kill(fault).into_iter().collect(),
        executable: env::current_exe().ok(),
        ..Options::default()
    };
    match lab::run(options) {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

fn test() -> ExitCode {
    if linux::acquire_rights().and_then(|_| linux::Namespace::new()).is_err() {
        eprintln!("whole: skipped, no right to make namespaces");
        return ExitCode::SUCCESS;
    }
    all_pairs_are_measured();
    a_killed_node_does_not_count();
    for (signal, mark) in
        [(Signal::SIGINT, "int"), (Signal::SIGTERM, "term"), (Signal::SIGKILL, "kill")]
    {
        nothing_is_left_after(signal, mark);
    }
    eprintln!("whole: all well");
    ExitCode::SUCCESS
}

fn start(seconds: &str, fault: &str, mark: &str) -> Child {
    Command::new(env::current_exe().expect("we are somewhere"))
        .args(["lab", seconds, fault])
        .env(MARK, mark)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the lab starts")
}

/// Runs a lab to its end, and returns its report.
fn report(seconds: &str, fault: &str, mark: &str) -> serde_json::Value {
    let output = start(seconds, fault, mark).wait_with_output().expect("the lab ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let printed = String::from_utf8_lossy(&output.stdout);
    let last = printed.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {last}\n{said}"))
}

fn all_pairs_are_measured() {
    let report = report("4", "", "all");
    assert_eq!(report["nodes"], 4, "{report}");
    assert_eq!((&report["pairs"], &report["reachable_pairs"]), (&12.into(), &12.into()));
    assert!(report["first_full_mesh_s"].as_f64().is_some_and(|full| full < 4.0), "{report}");
    assert!(report["pings"]["sent"].as_u64().is_some_and(|sent| sent > 100), "{report}");
    assert_eq!(report["pings"]["lost"], 0, "{report}");
    assert_eq!(report["arrows"]["born"], 4 * 3, "{report}");
    assert_eq!(report["arrows"]["by_cause"]["born:chance"], 4 * 3, "{report}");
    assert!(report["stretch"]["mean"].as_f64().is_some_and(|mean| mean > 0.9), "{report}");
    assert!(report["rss_mb"]["max"].as_f64().is_some_and(|max| max > 0.1), "{report}");
}

fn a_killed_node_does_not_count() {
    let report = report("4", "1@2", "killed");
    assert_eq!((&report["pairs"], &report["killed"]), (&6.into(), &1.into()), "{report}");
    assert_eq!(report["reachable_pairs"], 6, "{report}");
    assert_eq!(report["pings"]["lost"], 0, "{report}");
}

fn nothing_is_left_after(signal: Signal, mark: &str) {
    let before = traces();
    let mut lab = start("", "", mark);
    let said = lab.stderr.take().expect("it is piped");
    let running = |line: &String| line.contains("pairs reachable");
    let seen = BufReader::new(said).lines().map_while(Result::ok).any(|line| running(&line));
    assert!(seen && marked(mark).len() >= 6, "lab, registry and nodes: {:?}", marked(mark));

    let number = i32::try_from(lab.id()).expect("process numbers are small");
    kill(Pid::from_raw(number), signal).expect("it runs");
    let printed = lab.wait_with_output().expect("it ends").stdout;
    let end = Instant::now() + Duration::from_secs(3);
    while !marked(mark).is_empty() && Instant::now() < end {
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(marked(mark), BTreeSet::new(), "{signal}");
    assert_eq!(traces(), before, "{signal}");
    let reported = serde_json::from_slice::<serde_json::Value>(&printed).is_ok();
    assert_eq!(reported, signal != Signal::SIGKILL, "asked politely, it still reports");
}

/// The processes of a run.
fn marked(mark: &str) -> BTreeSet<String> {
    let mark = format!("{MARK}={mark}\0");
    let is_marked = |process: &String| {
        let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        environment.windows(mark.len()).any(|window| window == mark.as_bytes())
    };
    names("/proc").filter(|name| name.parse::<u32>().is_ok()).filter(is_marked).collect()
}

/// What a run could leave: interfaces, mounts, files where it hid its own.
fn traces() -> Vec<String> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mut all: Vec<String> = names("/sys/class/net").chain(names("/mnt")).collect();
    all.extend(mounts.lines().map(str::to_owned));
    all.sort();
    all
}

fn names(directory: &str) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned())
}
