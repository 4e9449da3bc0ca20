//! The steps, in the order a reader would run them.
//!
//! All that is heavy is built in one profile, `release`, and with the features that all crates
//! together ask for (`--workspace`), so that nothing is built twice. The one exception is the
//! command itself, which is built as users build it.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::outcome::tests_in;
use super::{Bench, Outcome, Step, Wants};
use crate::command::{self, Running};
use crate::{debian, interop, lab, tidy};

/// No single command is given longer.
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
        single("sim-norder", "simulated meshes of meshes meet their goals", sim_norder),
        single("sim", "a simulated mesh of 490 hosts meets its goals", sim),
        single("fuzz", "no octets make a parser panic", fuzz),
        single("cost", "what Babel holds and says stays within its bounds", cost),
        step("debian", "the Debian packages that tests want are there", debian::install),
        step("build", "the command builds as the README says", build),
    ];
    steps.push(interop::STEP);
    steps.extend(lab::STEPS);
    steps
}

fn step(name: &'static str, shows: &'static str, run: fn(&Bench) -> Outcome) -> Step {
    Step { name, shows, after: &[], wants: Wants::Machine, run }
}

/// A step that has one thread.
fn single(name: &'static str, shows: &'static str, run: fn(&Bench) -> Outcome) -> Step {
    Step { wants: Wants::Processor, ..step(name, shows, run) }
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
    cargo(bench, "fuzz", &longer, "test --release --workspace --test corpus --test mutation")
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
    example(bench, "cost", "cost", "--bounds")
}

fn goals(bench: &Bench, name: &str, example: &str) -> Outcome {
    let met = self::example(bench, name, example, "--short");
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

/// Builds an example, unless the tests have done so, and runs it with one argument.
fn example(bench: &Bench, name: &str, example: &str, argument: &str) -> Outcome {
    let build = format!("build --release --workspace --example {example}");
    match cargo(bench, &format!("{name}-build"), &[], &build) {
        Outcome::Passed { .. } => {}
        other @ (Outcome::Skipped { .. } | Outcome::Failed { .. }) => return other,
    }
    let mut command = Command::new(bench.workspace.target.join("release/examples").join(example));
    command.current_dir(&bench.workspace.root).arg(argument);
    let repeat = format!("cargo {build} && target/release/examples/{example} {argument}");
    judge(bench, name, command, repeat)
}

/// Runs cargo with `arguments`, which have no blanks inside.
fn cargo(bench: &Bench, name: &str, environment: &[(&str, &str)], arguments: &str) -> Outcome {
    let mut command = Command::new("cargo");
    command.current_dir(&bench.workspace.root).args(arguments.split(' '));
    command.envs(environment.iter().copied());
    let settings = environment.iter().map(|(name, value)| format!("{name}='{value}' "));
    let repeat = format!("{}cargo {arguments}", settings.collect::<String>());
    judge(bench, name, command, repeat)
}

/// Runs a command, and tells whether it succeeded and how many tests it ran.
fn judge(bench: &Bench, name: &str, command: Command, repeat: String) -> Outcome {
    let (out, err) = (bench.log(&format!("{name}.out")), bench.log(&format!("{name}.err")));
    let ended = Running::start(command, &out, &err).and_then(|mut running| running.wait(LIMIT));
    match ended {
        Ok(status) if status.success() => {
            let tests = tests_in(&fs::read_to_string(&out).unwrap_or_default());
            let note = if tests > 0 { format!("{tests} tests") } else { String::new() };
            Outcome::Passed { tests: tests.max(1), skipped: 0, note }
        }
        Ok(_) => {
            let why = format!("{}\n{}", command::tail(&err, 60), command::tail(&out, 60));
            Outcome::Failed { why, repeat }
        }
        Err(why) => Outcome::Failed { why, repeat },
    }
}
