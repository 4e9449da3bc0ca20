//! Other programs: run them, keep what they say, and stop them in time.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often a running program is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Runs a program and returns its standard output.
///
/// # Errors
///
/// When it cannot be started or does not succeed: what it said on standard error.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Result<String, String> {
    let ran = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| unstarted(program, &error))?;
    if ran.status.success() {
        Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
    } else {
        Err(format!("{program}: {}", String::from_utf8_lossy(&ran.stderr).trim()))
    }
}

/// Tells whether a program runs and succeeds; what it says is thrown away.
pub(crate) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A running program whose words go to two files.
///
/// Killed when dropped, so that no check leaves one behind.
pub(crate) struct Running {
    child: Child,
    program: String,
}

impl Running {
    /// Starts `command`, with standard output to `out` and standard error to `err`.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(crate) fn start(mut command: Command, out: &Path, err: &Path) -> Result<Self, String> {
        let program = command.get_program().to_string_lossy().into_owned();
        let open = |path| File::create(path).map_err(|error| format!("{error}"));
        command.stdin(Stdio::null()).stdout(open(out)?).stderr(open(err)?);
        let child = command.spawn().map_err(|error| unstarted(&program, &error))?;
        Ok(Self { child, program })
    }

    /// Returns its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// When it has not ended within `limit`: it is killed then.
    pub(crate) fn wait(&mut self, limit: Duration) -> Result<ExitStatus, String> {
        let started = Instant::now();
        while started.elapsed() < limit {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) => sleep(LOOK),
                Err(error) => return Err(format!("{}: {error}", self.program)),
            }
        }
        self.kill();
        Err(format!("{} has not ended after {} s", self.program, limit.as_secs()))
    }

    /// Sends it a signal: `INT`, `TERM`, `KILL`.
    pub(crate) fn signal(&self, signal: &str) {
        succeeds("sh", &["-c", &format!("kill -{signal} {}", self.id())]);
    }

    /// Ends it without asking.
    pub(crate) fn kill(&mut self) {
        // Both fail only when it has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
        }
    }
}

/// Returns the last lines of a file, at most `lines` of them.
pub(crate) fn tail(path: &Path, lines: usize) -> String {
    let all = fs::read_to_string(path).unwrap_or_default();
    let all: Vec<&str> = all.lines().collect();
    all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n")
}

fn unstarted(program: &str, error: &io::Error) -> String {
    format!("{program} cannot be started: {error}")
}
