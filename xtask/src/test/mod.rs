//! Everything that must hold, step by step.

mod outcome;
mod steps;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::thread::{self, ScopedJoinHandle};
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
    /// It mostly waits, so two of its kind may run at the same time.
    pub(crate) light: bool,
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
    for steps in together(&chosen) {
        for outcome in take(steps, &bench) {
            tally.count(&outcome);
            if let Outcome::Failed { why, repeat } = outcome {
                println!("\n{why}\n\nto repeat: {repeat}\n");
            }
        }
        if tally.failed > 0 {
            break;
        }
    }
    println!("{tally}");
    Ok(tally.failed == 0)
}

/// Returns the steps in their order, those that may run at the same time together.
fn together(steps: &[Step]) -> impl Iterator<Item = &[Step]> {
    let alike = steps.chunk_by(|one, other| one.light && other.light);
    alike.flat_map(|alike| alike.chunks(2))
}

/// Runs some steps at the same time and prints a line for each.
fn take(steps: &[Step], bench: &Bench) -> Vec<Outcome> {
    let names: Vec<&str> = steps.iter().map(|step| step.name).collect();
    print!("{:<14} ", names.join(" and "));
    io::stdout().flush().ok();
    let run = |step: &Step| {
        let started = Instant::now();
        ((step.run)(bench), started.elapsed())
    };
    let ended = thread::scope(|scope| {
        let running: Vec<_> = steps.iter().map(|step| scope.spawn(|| run(step))).collect();
        running.into_iter().map(ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    if steps.len() > 1 {
        println!();
    }
    let line = |(step, ended): (&Step, thread::Result<(Outcome, Duration)>)| {
        let (outcome, took) = ended.unwrap_or_else(|_| (panicked(step), Duration::ZERO));
        if steps.len() > 1 {
            print!("{:<14} ", step.name);
        }
        println!("{:>8}  {}", seconds(took), outcome.line(step.shows));
        outcome
    };
    steps.iter().zip(ended).map(line).collect()
}

/// A step that did not come to an end of its own.
fn panicked(step: &Step) -> Outcome {
    let repeat = format!("cargo xtask test {}", step.name);
    Outcome::Failed { why: "the step itself panicked, see above".into(), repeat }
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
    fn two_light_steps_run_at_the_same_time_and_no_others() {
        let step =
            |name, light| Step { name, shows: "", after: &[], light, run: |_| Outcome::passed("") };
        let steps = [("a", false), ("b", true), ("c", true), ("d", true), ("e", false)];
        let steps = steps.map(|(name, light)| step(name, light));
        let names = |steps: &[Step]| steps.iter().map(|step| step.name).collect::<String>();
        let together: Vec<String> = together(&steps).map(names).collect();
        assert_eq!(together, ["a", "bc", "d", "e"]);
    }

    #[test]
    fn an_unknown_name_is_refused() {
        assert!(choose(&steps::all(), &["nonsense"]).is_err());
    }
}
