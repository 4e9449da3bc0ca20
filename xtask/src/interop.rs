//! Our speaker beside babeld, BIRD and FRR.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::command::{self, Running};
use crate::test::{Bench, Outcome, Step, Wants};

/// The step; it wants the packages, and the command that it runs.
pub(crate) const STEP: Step = Step {
    name: "interop",
    shows: "our speaker and babeld, BIRD and FRR understand each other",
    after: &["debian", "build"],
    wants: Wants::Machine,
    run,
};

/// How long the tests may take to be built.
const BUILDING: Duration = Duration::from_mins(15);

/// How long they may take.
const LIMIT: Duration = Duration::from_mins(4);

const REPEAT: &str = "cargo build --release && cargo test --release --workspace --test interop";

fn run(bench: &Bench) -> Outcome {
    let (out, err) = (bench.log("interop.out"), bench.log("interop.err"));
    let failed = |why| Outcome::Failed { why, repeat: REPEAT.into() };
    match cargo(bench, "--no-run", BUILDING, &out, &err) {
        Ok(true) => {}
        Ok(false) => return failed(command::tail(&err, 60)),
        Err(why) => return failed(why),
    }
    let ended = cargo(bench, "--quiet", LIMIT, &out, &err);
    let said = fs::read_to_string(&out).unwrap_or_default();
    match (ended, counts(&said)) {
        (Ok(true), Some([0, _, _])) => Outcome::skipped(reasons(&said)),
        (Ok(true), Some([tests, _, skipped])) => {
            let why = if skipped > 0 { format!("; {}", reasons(&said)) } else { String::new() };
            Outcome::Passed { tests, skipped, note: format!("{tests} tests{why}") }
        }
        (Ok(_), _) => failed(format!("{}\n{}", failures(&said), command::tail(&err, 20))),
        (Err(why), _) => failed(format!("{why}\n{}", command::tail(&out, 60))),
    }
}

/// Builds or runs the tests; tells whether cargo succeeded.
fn cargo(
    bench: &Bench,
    how: &str,
    limit: Duration,
    out: &Path,
    err: &Path,
) -> Result<bool, String> {
    let mut command = Command::new("cargo");
    command.current_dir(&bench.workspace.root).env("RE6ST", bench.re6st());
    command.args(["test", "--release", "--workspace", "--test", "interop", how]);
    Ok(Running::start(command, out, err)?.wait(limit)?.success())
}

/// Returns how many passed, failed and were skipped.
///
/// Source: the last line, `interop: 30 passed; 0 failed; 2 skipped`.
fn counts(said: &str) -> Option<[u32; 3]> {
    let last = said.lines().find_map(|line| line.strip_prefix("interop: "))?;
    let mut numbers = last.split("; ").map_while(|part| part.split(' ').next()?.parse().ok());
    Some([numbers.next()?, numbers.next()?, numbers.next()?])
}

/// Returns why tests were skipped, each reason once.
fn reasons(said: &str) -> String {
    let skipped = said.lines().filter_map(|line| line.strip_prefix("skipped  "));
    let mut all: Vec<&str> = skipped.filter_map(|line| Some(line.split_once(": ")?.1)).collect();
    all.sort_unstable();
    all.dedup();
    all.join(", ")
}

/// Returns what is said of tests that failed: from their line to the next one.
fn failures(said: &str) -> String {
    let mut inside = false;
    let mut kept = Vec::new();
    for line in said.lines() {
        let begins =
            ["passed  ", "skipped  ", "interop: "].iter().any(|word| line.starts_with(word));
        inside = !begins && (inside || line.starts_with("FAILED  "));
        if inside {
            kept.push(line);
        }
    }
    kept.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "passed   a: 1.20 s (2.0 s)\nFAILED   b: not after 3 s (3.1 s)\n=== a\n\
                        skipped  c: frr is not here: apt-get install frr\n\
                        skipped  d: frr is not here: apt-get install frr\n\
                        interop: 1 passed; 1 failed; 2 skipped\n";

    #[test]
    fn the_last_line_counts() {
        assert_eq!(counts(SAID), Some([1, 1, 2]));
        assert_eq!(counts("passed   a: 1.20 s (2.0 s)\n"), None);
    }

    #[test]
    fn a_reason_is_told_once_and_a_failure_whole() {
        assert_eq!(reasons(SAID), "frr is not here: apt-get install frr");
        assert_eq!(failures(SAID), "FAILED   b: not after 3 s (3.1 s)\n=== a");
    }
}
