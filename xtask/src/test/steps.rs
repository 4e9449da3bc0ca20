//! The steps, in the order a reader would run them.
//!
//! All that is heavy is built in one profile, `release`, so that no C library is
//! built twice.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::outcome::tests_in;
use super::{Bench, Outcome, Step};
use crate::command::{self, Running};
use crate::{debian, interop, lab, tidy};

/// No single cargo command is given longer.
const LIMIT: Duration = Duration::from_mins(25);

/// How long the mutations of the step `fuzz` last, for all targets together, in seconds.
const FUZZ_SECONDS: &str = "20";

/// The target that has no operating system.
const BARE: &str = "x86_64-unknown-none";

/// Returns all steps.
pub(super) fn all() -> Vec<Step> {
    let mut steps = vec![
        step("fmt", "the code is formatted", fmt),
        step("clippy", "no lint warns", clippy),
        step("purity", "the engines need no operating system", purity),
        step("tests", "the tests of all crates pass", tests),
        step("docs", "the documentation builds without a warning", docs),
        step("tidy", "rings, sizes and documents are as the rules ask", tidy),
        step("fuzz", "no octets make a parser panic", fuzz),
        step("sim", "a simulated mesh of 490 hosts meets its goals", sim),
        step("sim-norder", "simulated meshes of meshes meet their goals", sim_norder),
        step("cost", "what Babel holds and says stays within its bounds", cost),
        step("debian", "the Debian packages that tests want are there", debian::install),
        step("build", "the command builds as the README says", build),
    ];
    steps.push(interop::STEP);
    steps.extend(lab::STEPS);
    steps
}

fn step(name: &'static str, shows: &'static str, run: fn(&Bench) -> Outcome) -> Step {
    Step { name, shows, after: &[], light: false, run }
}

fn fmt(bench: &Bench) -> Outcome {
    cargo(bench, "fmt", &[], "fmt --all --check -- --color never")
}

fn clippy(bench: &Bench) -> Outcome {
    cargo(bench, "clippy", &[], "clippy --release --workspace --all-targets -- -D warnings")
}

fn tests(bench: &Bench) -> Outcome {
    cargo(bench, "tests", &[], "test --release --workspace")
}

fn docs(bench: &Bench) -> Outcome {
    let deny = [("RUSTDOCFLAGS", "-D warnings")];
    cargo(bench, "docs", &deny, "doc --release --no-deps --workspace")
}

fn fuzz(bench: &Bench) -> Outcome {
    let longer = [("RE6ST_FUZZ_SECONDS", FUZZ_SECONDS)];
    cargo(bench, "fuzz", &longer, "test --release --package fuzz")
}

/// The goals that take half a minute each at most; the example names those that it misses.
fn sim(bench: &Bench) -> Outcome {
    goals(bench, "sim", "goals")
}

/// The same of meshes of meshes.
fn sim_norder(bench: &Bench) -> Outcome {
    goals(bench, "sim-norder", "norder_goals")
}

/// What is the same on every machine; times are never judged.
fn cost(bench: &Bench) -> Outcome {
    cargo(bench, "cost", &[], "run --release --package babel --example cost -- --bounds")
}

fn goals(bench: &Bench, name: &str, example: &str) -> Outcome {
    let arguments = format!("run --release --package sim --example {example} -- --short");
    let met = cargo(bench, name, &[], &arguments);
    let said = fs::read_to_string(bench.log(&format!("{name}.out"))).unwrap_or_default();
    let skips = format!("{example}: skipped, ");
    let skipped = said.lines().find_map(|line| line.strip_prefix(&skips));
    match (met, skipped) {
        (Outcome::Passed { .. }, Some(why)) => Outcome::skipped(why),
        (Outcome::Passed { .. }, None) => {
            let goals = said.lines().filter(|line| line.ends_with("  met")).count();
            Outcome::passed(format!("{goals} figures within their bounds"))
        }
        (other @ (Outcome::Skipped { .. } | Outcome::Failed { .. }), _) => other,
    }
}

fn build(bench: &Bench) -> Outcome {
    cargo(bench, "build", &[], "build --release")
}

/// The proof that is always possible, and the one for a bare machine where rustup has it.
fn purity(bench: &Bench) -> Outcome {
    let proven = cargo(bench, "purity", &[], "build --package purity --profile purity");
    if matches!(proven, Outcome::Failed { .. }) {
        return proven;
    }
    let Ok(sysroot) = command::output("rustc", &["--print", "sysroot"]) else { return proven };
    if !fs::exists(format!("{}/lib/rustlib/{BARE}", sysroot.trim())).unwrap_or(false) {
        return proven;
    }
    let names = bench.workspace.engines().map(|engine| format!(" --package {}", engine.name));
    let arguments = format!("check --target {BARE}{}", names.collect::<String>());
    match cargo(bench, "purity-bare", &[], &arguments) {
        Outcome::Passed { .. } => Outcome::passed(format!("also for {BARE}")),
        other @ (Outcome::Skipped { .. } | Outcome::Failed { .. }) => other,
    }
}

fn tidy(bench: &Bench) -> Outcome {
    let repeat = "cargo xtask tidy".to_owned();
    match tidy::look(&bench.workspace) {
        Ok(found) if found.is_empty() => Outcome::passed(""),
        Ok(found) => Outcome::Failed { why: found.join("\n"), repeat },
        Err(why) => Outcome::Failed { why, repeat },
    }
}

/// Runs cargo with `arguments`, which have no blanks inside.
fn cargo(bench: &Bench, name: &str, environment: &[(&str, &str)], arguments: &str) -> Outcome {
    let (out, err) = (bench.log(&format!("{name}.out")), bench.log(&format!("{name}.err")));
    let mut command = Command::new("cargo");
    command.current_dir(&bench.workspace.root).args(arguments.split(' '));
    command.envs(environment.iter().copied());
    let ended = Running::start(command, &out, &err).and_then(|mut cargo| cargo.wait(LIMIT));
    let repeat = || {
        let settings = environment.iter().map(|(name, value)| format!("{name}='{value}' "));
        format!("{}cargo {arguments}", settings.collect::<String>())
    };
    match ended {
        Ok(status) if status.success() => {
            let tests = tests_in(&fs::read_to_string(&out).unwrap_or_default());
            let note = if tests > 0 { format!("{tests} tests") } else { String::new() };
            Outcome::Passed { tests: tests.max(1), skipped: 0, note }
        }
        Ok(_) => {
            let why = format!("{}\n{}", command::tail(&err, 60), command::tail(&out, 60));
            Outcome::Failed { why, repeat: repeat() }
        }
        Err(why) => Outcome::Failed { why, repeat: repeat() },
    }
}
