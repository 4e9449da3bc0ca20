//! The real command, run as a user runs it, on networks and disks of the test's own.

pub(crate) mod home;
pub(crate) mod liar;
pub(crate) mod machine;
pub(crate) mod town;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take here.
const PATIENCE: Duration = Duration::from_secs(20);

/// The command, with nothing of the caller's settings.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_re6st"));
    command.args(arguments).env_remove("RE6ST_LOG").env_remove("RE6ST_STATE");
    command
}

/// Runs the command to its end.
pub(crate) fn re6st(arguments: &[&str]) -> Said {
    Running::start(&mut command(arguments), |command| Ok(command.spawn()?)).end()
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    code: Option<i32>,
    out: String,
    pub(crate) err: String,
}

impl Said {
    /// Asserts that the command did what it was asked to, and returns what it printed.
    pub(crate) fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// Asserts that the command refused, and that its message has these words: the cause
    /// and the remedy.
    pub(crate) fn refused(&self, words: &[&str]) {
        assert!(self.code.is_some_and(|code| code != 0), "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "no {word:?} in: {}", self.err);
        }
        // What the system says is a cause; a remedy comes after it.
        let (_, after) = self.err.rsplit_once("(os error ").unwrap_or_default();
        assert!(after.is_empty() || after.len() > 5, "no remedy in: {}", self.err);
    }
}

/// A command that runs; killed when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    out: File,
    log: File,
}

impl Running {
    /// Starts `command` by `spawn`.
    pub(crate) fn start(
        command: &mut Command,
        mut spawn: impl FnMut(&mut Command) -> anyhow::Result<Child>,
    ) -> Self {
        let (out, log) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        command.stdin(Stdio::null());
        command.stdout(out.try_clone().unwrap()).stderr(log.try_clone().unwrap());
        // A program that was just copied is busy while another test forks (ETXTBSY): the child
        // has the copy open for writing until it runs its own program.
        let mut spawned = None;
        patiently(|| {
            spawned = Some(spawn(command));
            let said = spawned.as_ref().and_then(|spawned| spawned.as_ref().err());
            !said.is_some_and(|error| format!("{error:#}").contains("os error 26"))
        });
        Self { child: spawned.unwrap().unwrap(), out, log }
    }

    /// Waits until it ends by itself.
    pub(crate) fn end(mut self) -> Said {
        let mut code = None;
        let ended = patiently(|| {
            let status = self.child.try_wait().unwrap();
            code = status.and_then(|status| status.code());
            status.is_some()
        });
        assert!(ended, "it runs on: {}", self.log());
        Said { code, out: text(&self.out), err: self.log() }
    }

    /// Waits until it has logged these words.
    pub(crate) fn logs(&mut self, words: &str) {
        self.says(words, Self::log);
    }

    /// Waits until it has printed these words.
    pub(crate) fn prints(&mut self, words: &str) {
        self.says(words, |it| text(&it.out));
    }

    fn says(&mut self, words: &str, all: impl Fn(&Self) -> String) {
        let mut ended = None;
        let said = patiently(|| {
            ended = self.child.try_wait().unwrap();
            all(self).contains(words) || ended.is_some()
        });
        assert!(said && ended.is_none(), "no {words:?}, ended {ended:?}: {}", all(self));
    }

    /// Returns what it logged until now.
    pub(crate) fn log(&self) -> String {
        text(&self.log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            assert!(!self.log().contains("panicked"), "{}", self.log());
        }
    }
}

/// Tries until it holds, or patience ends; returns whether it held.
pub(crate) fn patiently(mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

/// Returns what is in a file that another process writes with the same descriptor.
fn text(file: &File) -> String {
    let mut octets = vec![0; 1 << 20];
    let length = file.read_at(&mut octets, 0).unwrap();
    String::from_utf8_lossy(&octets[..length]).into_owned()
}
