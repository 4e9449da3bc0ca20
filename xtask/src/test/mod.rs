//! Everything that must hold, step by step.

mod outcome;
mod steps;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::workspace::Workspace;

pub(crate) use outcome::{Outcome, Tally};

/// One step of the whole test.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// How it is asked for: `cargo xtask test NAME`.
    pub(crate) name: &'static str,
    /// What holds when it passes.
    pub(crate) shows: &'static str,
    /// Steps that must come before it when it is asked for alone.
    pub(crate) after: &'static [&'static str],
    /// Does it.
    pub(crate) run: fn(&Bench) -> Outcome,
}

/// Where steps work.
pub(crate) struct Bench {
    /// The workspace.
    pub(crate) workspace: Workspace,
    /// Where steps leave what they heard.
    pub(crate) logs: PathBuf,
    /// Whether this runs as root.
    pub(crate) root: bool,
}

impl Bench {
    fn new(workspace: &Workspace) -> Result<Self, String> {
        let workspace = workspace.clone();
        let logs = workspace.target.join("xtask");
        fs::create_dir_all(&logs).map_err(|error| format!("{}: {error}", logs.display()))?;
        let root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
        Ok(Self { workspace, logs, root })
    }

    /// The command itself, as users build it.
    pub(crate) fn re6st(&self) -> PathBuf {
        self.workspace.target.join("release/re6st")
    }

    /// A file for what a step heard.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.logs.join(name)
    }
}

/// Prints the names of all steps.
pub(crate) fn list() {
    for step in steps::all() {
        println!("{:<14} {}", step.name, step.shows);
    }
}

/// Runs all steps, or those named with what they need; tells whether none failed.
///
/// # Errors
///
/// When a name is unknown, or there is no room for logs.
pub(crate) fn run(workspace: &Workspace, names: &[&str]) -> Result<bool, String> {
    let chosen = choose(&steps::all(), names)?;
    let bench = Bench::new(workspace)?;
    let mut tally = Tally::default();
    for step in chosen {
        let outcome = take(&step, &bench);
        tally.count(&outcome);
        if let Outcome::Failed { why, repeat } = outcome {
            println!("\n{why}\n\nto repeat: {repeat}\n");
            break;
        }
    }
    println!("{tally}");
    Ok(tally.failed == 0)
}

/// Runs one step and prints its line.
fn take(step: &Step, bench: &Bench) -> Outcome {
    print!("{:<14} ", step.name);
    io::stdout().flush().ok();
    let started = Instant::now();
    let outcome = (step.run)(bench);
    println!("{:>8}  {}", seconds(started.elapsed()), outcome.line(step.shows));
    outcome
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Returns the steps named and those they need, in the order of `all`.
fn choose(all: &[Step], names: &[&str]) -> Result<Vec<Step>, String> {
    let mut wanted: Vec<&str> = names.to_vec();
    for name in names {
        let step = all.iter().find(|step| step.name == *name);
        let step = step.ok_or_else(|| {
            format!("`{name}` is not a step; `cargo xtask test --list` names them")
        })?;
        wanted.extend(step.after);
    }
    let chosen = all.iter().filter(|step| names.is_empty() || wanted.contains(&step.name));
    Ok(chosen.copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_steps_share_a_name_and_what_one_needs_comes_before_it() {
        let all = steps::all();
        for (index, step) in all.iter().enumerate() {
            let before: Vec<&str> = all[..index].iter().map(|step| step.name).collect();
            assert!(!before.contains(&step.name), "{} twice", step.name);
            assert!(step.after.iter().all(|need| before.contains(need)), "{}", step.name);
        }
    }

    #[test]
    fn a_step_brings_what_it_needs_and_nothing_else() {
        let chosen = choose(&steps::all(), &["lab-mesh"]).unwrap();
        let names: Vec<&str> = chosen.iter().map(|step| step.name).collect();
        assert_eq!(names, ["build", "lab-mesh"]);
    }

    #[test]
    fn an_unknown_name_is_refused() {
        assert!(choose(&steps::all(), &["nonsense"]).is_err());
    }
}
