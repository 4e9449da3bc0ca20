//! A daemon under test: how it is configured, started and stopped.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;
use std::{env, thread};

use anyhow::{Context, Result, anyhow, bail};
use clap::ValueEnum;
use linux::Usage;
use tempfile::TempDir;

use crate::told::Told;
use crate::wires::Wires;

/// Whose daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Program {
    /// Debian's package babeld.
    Babeld,
    /// Debian's package bird2.
    Bird,
    /// `re6st babel`.
    Ours,
}

impl Program {
    /// Its name in figures.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Babeld => "babeld",
            Self::Bird => "bird",
            Self::Ours => "ours",
        }
    }

    /// Finds the program.
    ///
    /// # Errors
    ///
    /// It is not there; says how to get it.
    pub(crate) fn find(self) -> Result<PathBuf> {
        let (name, remedy) = match self {
            Self::Babeld => ("babeld", "apt-get install --no-install-recommends babeld"),
            Self::Bird => ("bird", "apt-get install --no-install-recommends bird2"),
            Self::Ours => ("re6st", "cargo build --release -p re6st"),
        };
        let beside = env::current_exe()?.parent().map(Path::to_path_buf);
        let path = env::var_os("PATH").unwrap_or_default();
        let system = env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
        let mut places = beside.into_iter().filter(|_| self == Self::Ours).chain(system);
        places
            .find_map(|place| Some(place.join(name)).filter(|program| program.is_file()))
            .ok_or_else(|| anyhow!("{name} is not here: {remedy}"))
    }
}

/// A daemon that runs, and is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
    directory: TempDir,
}

impl Daemon {
    /// Starts it on the daemon's ends of all `wires`. It dies with the calling thread.
    ///
    /// # Errors
    ///
    /// It is not there, or ends at once: then with what it said.
    pub(crate) fn start(program: Program, wires: &Wires, told: Told) -> Result<Self> {
        let directory = tempfile::tempdir().context("make a directory")?;
        let mut command = Command::new(program.find()?);
        match program {
            Program::Babeld => babeld(&mut command, directory.path(), wires, told)?,
            Program::Bird => bird(&mut command, directory.path(), told)?,
            Program::Ours => ours(&mut command, directory.path(), wires, told)?,
        }
        let log = File::create(directory.path().join("log"))?;
        command.stdout(log.try_clone()?).stderr(log).current_dir(directory.path());
        let child = wires.daemon.spawn(&mut command)?;
        let mut daemon = Self { child, directory };
        thread::sleep(Duration::from_millis(500));
        daemon.check()?;
        Ok(daemon)
    }

    /// Returns its number.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Returns what it uses.
    ///
    /// # Errors
    ///
    /// It has ended.
    pub(crate) fn usage(&mut self) -> Result<Usage> {
        self.check()?;
        Ok(Usage::of(self.child.id())?)
    }

    /// Fails if it has ended.
    fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let log = fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            let mut last: Vec<&str> = log.lines().rev().take(5).collect();
            last.reverse();
            bail!("the daemon ended ({status}): {}", last.join(" | "));
        }
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn babeld(command: &mut Command, directory: &Path, wires: &Wires, told: Told) -> Result<()> {
    let (hello, update) = (seconds(told.hello), seconds(told.update));
    let mut text = String::from("redistribute local deny\n");
    for name in wires.interfaces() {
        writeln!(
            text,
            "interface {name} type wired hello-interval {hello} update-interval {update}"
        )?;
    }
    fs::write(directory.join("conf"), text)?;
    command.args(["-I", "", "-S", "state", "-d", "0", "-c", "conf"]);
    Ok(())
}

fn bird(command: &mut Command, directory: &Path, told: Told) -> Result<()> {
    let (hello, update) = (seconds(told.hello), seconds(told.update));
    let text = format!(
        "router id 10.0.0.2;
         protocol device {{}}
         protocol kernel {{ ipv6 {{ export all; import none; }}; }}
         protocol babel {{
           ipv6 {{ import all; export all; }};
           interface \"d*\" {{
             type wired; hello interval {hello} s; update interval {update} s;
           }};
         }}\n"
    );
    fs::write(directory.join("conf"), text)?;
    command.args(["-f", "-c", "conf", "-s", "control", "-P", "pid"]);
    Ok(())
}

fn ours(command: &mut Command, directory: &Path, wires: &Wires, told: Told) -> Result<()> {
    let place = directory.display();
    let (hello, update) = (told.hello.as_millis(), told.update.as_millis());
    let mut text = format!(
        "control = \"{place}/control\"
         state = \"{place}/state\"
         [default]
         hello = \"{hello}ms\"
         update = \"{update}ms\"\n"
    );
    for name in wires.interfaces() {
        writeln!(text, "[interface.{name}]")?;
    }
    fs::write(directory.join("conf"), text)?;
    command.args(["babel", "--config", "conf"]);
    Ok(())
}

/// Whole seconds, as the others' configurations want them.
fn seconds(time: Duration) -> u64 {
    time.as_secs().max(1)
}
