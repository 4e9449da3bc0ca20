//! A daemon that ends with its test.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::island::{Island, LOOK};

/// How long a daemon may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running daemon; killed when dropped.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` on a machine; what it says is added to `log`.
    pub(crate) fn start(island: &Island, command: &mut Command, log: &Path) -> Self {
        let file = || -> File {
            OpenOptions::new().create(true).append(true).open(log).expect("a place for logs")
        };
        command.stdin(Stdio::null()).stdout(file()).stderr(file());
        let child = island.namespace.spawn(command).expect("it is installed");
        Self { child, log: log.to_path_buf() }
    }

    /// Tells whether it still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_none())
    }

    /// Sends a signal to the daemon itself, not to who keeps it.
    pub(crate) fn signal(&self, signal: Signal) {
        let own = i32::try_from(self.child.id()).expect("process numbers are small");
        // Fails only if it has ended already.
        kill(Pid::from_raw(last_child(own)), signal).ok();
    }

    /// Asks it to end and waits; tells whether it obeyed.
    pub(crate) fn end(&mut self) -> bool {
        self.signal(Signal::SIGTERM);
        let asked = Instant::now();
        while self.runs() && asked.elapsed() < PATIENCE {
            thread::sleep(LOOK);
        }
        !self.runs()
    }

    /// Ends it without asking.
    pub(crate) fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Returns the last lines that it said.
    pub(crate) fn last_words(&self) -> String {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        let last = &lines[lines.len().saturating_sub(40)..];
        format!("--- {}\n{}\n", self.log.display(), last.join("\n"))
    }
}

/// Returns the child of the child and so on, or the process itself if it has none.
fn last_child(process: i32) -> i32 {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let first = children.ok().and_then(|all| all.split(' ').next()?.parse().ok());
    first.map_or(process, last_child)
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
