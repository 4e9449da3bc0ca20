//! Everything that must hold, step by step.

mod outcome;
mod steps;

use std::fs;
use std::io::{self, Write};
use std::iter;
use std::num::NonZero;
use std::os::unix::fs::MetadataExt;
use std::panic;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;
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
    /// How much of the machine it wants, and so what may run beside it.
    pub(crate) wants: Wants,
    /// Does it.
    pub(crate) run: fn(&Bench) -> Outcome,
}

/// How much of the machine a step wants; only steps that want the same run at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    /// All of it: it builds on all processors, or judges what a busy machine would spoil.
    Machine,
    /// One processor, which it keeps busy.
    Processor,
    /// Little: it mostly waits.
    Little,
}

impl Wants {
    /// How many steps that want this run at once, at most.
    fn at_once(self) -> usize {
        match self {
            Self::Machine => 1,
            Self::Processor => thread::available_parallelism().map_or(1, NonZero::get),
            Self::Little => 4,
        }
    }
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
    let shared = |step: &Step| step.wants != Wants::Machine;
    steps.chunk_by(move |one, other| shared(one) && one.wants == other.wants)
}

/// Runs steps that may run at the same time: as many as the machine bears, the next one whenever
/// one has ended. Prints a line for each.
fn take(steps: &[Step], bench: &Bench) -> Vec<Outcome> {
    let hands = steps.first().map_or(0, |step| step.wants.at_once().min(steps.len()));
    let queue = Mutex::new(steps.iter());
    let next = || queue.lock().ok().and_then(|mut queue| queue.next());
    let work = || iter::from_fn(next).map(|step| one(step, bench)).collect::<Vec<Outcome>>();
    thread::scope(|scope| {
        let working: Vec<_> = (0..hands).map(|_| scope.spawn(work)).collect();
        working.into_iter().flat_map(|hand| hand.join().unwrap_or_default()).collect()
    })
}

/// Runs one step and prints its line.
fn one(step: &Step, bench: &Bench) -> Outcome {
    if step.wants == Wants::Machine {
        print!("{:<14} ", step.name);
        io::stdout().flush().ok();
    }
    let started = Instant::now();
    let run = panic::catch_unwind(|| (step.run)(bench));
    let outcome = run.unwrap_or_else(|_| panicked(step));
    let name =
        if step.wants == Wants::Machine { String::new() } else { format!("{:<14} ", step.name) };
    println!("{name}{:>8}  {}", seconds(started.elapsed()), outcome.line(step.shows));
    outcome
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
    use std::path::Path;

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

    fn step(name: &'static str, wants: Wants) -> Step {
        Step { name, shows: "", after: &[], wants, run: |_| Outcome::passed("") }
    }

    #[test]
    fn steps_that_want_a_part_of_the_machine_run_beside_their_like_and_no_others() {
        use Wants::{Little, Machine, Processor};
        let steps = [Machine, Machine, Processor, Processor, Little, Little, Little, Machine];
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let steps: Vec<Step> = names.into_iter().zip(steps).map(|(n, w)| step(n, w)).collect();
        let names = |steps: &[Step]| steps.iter().map(|step| step.name).collect::<String>();
        let together: Vec<String> = together(&steps).map(names).collect();
        assert_eq!(together, ["a", "b", "cd", "efg", "h"]);
    }

    #[test]
    fn each_of_the_steps_that_run_beside_each_other_is_run_once_and_counted() {
        let mut steps: Vec<Step> = (0..9).map(|_| step("one of many", Wants::Little)).collect();
        steps[5].run = |_| panic!("on purpose");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let workspace =
            Workspace { root: root.into(), target: root.join("target"), crates: Vec::new() };
        let bench = Bench { workspace, logs: root.into(), root: false };
        let mut tally = Tally::default();
        for outcome in &take(&steps, &bench) {
            tally.count(outcome);
        }
        assert_eq!(tally.to_string(), "8 passed, 1 failed, 0 skipped");
    }

    #[test]
    fn an_unknown_name_is_refused() {
        assert!(choose(&steps::all(), &["nonsense"]).is_err());
    }
}
