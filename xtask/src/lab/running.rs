//! One laboratory, running.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::report::Report;
use crate::command::{self, Running};
use crate::test::{Bench, Outcome};

/// What a laboratory takes besides the seconds it was asked to run: making namespaces, keys
/// and certificates, and taking all away.
const AROUND: Duration = Duration::from_mins(1);

/// A laboratory, started with the options of one check.
pub(super) struct Lab {
    running: Running,
    seconds: u64,
    out: PathBuf,
    err: PathBuf,
    repeat: String,
}

impl Lab {
    /// Starts one with `options`, for `seconds`.
    ///
    /// # Errors
    ///
    /// How it failed.
    pub(super) fn start(
        bench: &Bench,
        name: &str,
        seconds: u64,
        options: &[&str],
    ) -> Result<Self, Outcome> {
        let (out, err) = (bench.log(&format!("{name}.out")), bench.log(&format!("{name}.err")));
        let seconds_text = seconds.to_string();
        let around = ["--seconds", &seconds_text, "--headless", "--report", "json"];
        let arguments = [&["lab"], options, &around].concat();
        let repeat = format!("cargo run --release -- {}", arguments.join(" "));
        let mut command = Command::new(bench.re6st());
        command.current_dir(&bench.workspace.root).args(arguments);
        match Running::start(command, &out, &err) {
            Ok(running) => Ok(Self { running, seconds, out, err, repeat }),
            Err(why) => Err(Outcome::Failed { why, repeat }),
        }
    }

    /// Returns the process id of the laboratory itself.
    pub(super) fn id(&self) -> u32 {
        self.running.id()
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, signal: &str) {
        self.running.signal(signal);
    }

    /// Waits for its end, and tells whether it calls itself a success.
    ///
    /// # Errors
    ///
    /// When it does not end in time; it is killed then.
    pub(super) fn end(&mut self) -> Result<bool, String> {
        let limit = Duration::from_secs(self.seconds) + AROUND;
        self.running.wait(limit).map(|status| status.success())
    }

    /// Waits for its end, and returns its report.
    ///
    /// # Errors
    ///
    /// When there is none in time, or it is not whole.
    pub(super) fn report(&mut self) -> Result<Report, String> {
        let success = self.end()?;
        let report = Report::read(&fs::read_to_string(&self.out).unwrap_or_default())?;
        match report.all_reachable() {
            Ok(()) if !success => Err("all pairs are reachable, but it exits with an error".into()),
            Err(why) if success => Err(format!("{why}, but it exits with success")),
            Ok(()) | Err(_) => Ok(report),
        }
    }

    /// Turns what a check found into its outcome.
    pub(super) fn outcome(&self, found: Result<String, String>) -> Outcome {
        match found {
            Ok(note) => Outcome::passed(note),
            Err(why) => {
                // The report names the pings that were lost, and what nodes dropped.
                let (heard, report) = (command::tail(&self.err, 30), command::tail(&self.out, 1));
                let why = format!("{heard}\n{report}\n{why}");
                Outcome::Failed { why, repeat: self.repeat.clone() }
            }
        }
    }
}
