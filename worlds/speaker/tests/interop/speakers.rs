//! The daemons: how each is configured and started.

mod babeld;
mod bird;
mod frr;
mod ours;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) use babeld::{dump, field};
pub(crate) use ours::program as ours;

use crate::island::{Island, Node};
use crate::process::Process;
use crate::setting::{Extra, Setting};

/// A make of daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Make {
    Ours,
    Babeld,
    Bird,
    Frr,
}

/// Where a daemon of some make is to run, and how.
pub(crate) struct Place<'a> {
    pub(crate) island: &'a Island,
    pub(crate) neighbours: &'a [Node],
    pub(crate) setting: &'a Setting,
    /// A folder of its own.
    pub(crate) folder: &'a Path,
}

impl Place<'_> {
    /// Returns the file of this name.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file and returns where.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name);
        std::fs::write(&path, text).expect("a place for files");
        path
    }

    /// Starts a program; what it says goes to `name`.log.
    fn start(&self, name: &str, command: &mut Command) -> Process {
        Process::start(self.island, command, &self.file(&format!("{name}.log")))
    }

    fn interface(&self, neighbour: Node) -> String {
        self.island.node.towards(neighbour)
    }
}

impl Make {
    /// All but ours.
    const OTHERS: [Self; 3] = [Self::Babeld, Self::Bird, Self::Frr];

    /// Returns who plays this part: ours may be played by another, the one that
    /// `INTEROP_STAND_IN` names. So a fault of a test is told from one of ours.
    pub(crate) fn or_stand_in(self) -> Self {
        let name = std::env::var("INTEROP_STAND_IN").unwrap_or_default();
        let stand_in = || Self::OTHERS.into_iter().find(|other| other.to_string() == name);
        if self == Self::Ours { stand_in().unwrap_or(self) } else { self }
    }

    /// Tells why it cannot be run here, if so.
    pub(crate) fn missing(self) -> Option<String> {
        let (program, remedy) = match self.or_stand_in() {
            Self::Ours => (ours::program(), "cargo build --release"),
            Self::Babeld => ("babeld".into(), "apt-get install babeld"),
            Self::Bird => ("bird".into(), "apt-get install bird2"),
            Self::Frr => ("/usr/lib/frr/babeld".into(), "apt-get install frr"),
        };
        let looked = Command::new("sh")
            .args(["-c", "PATH=$PATH:/usr/sbin:/sbin; command -v \"$0\""])
            .arg(&program)
            .stdout(Stdio::null())
            .status();
        let there = looked.is_ok_and(|found| found.success());
        (!there).then(|| format!("{self} is not here: {remedy}"))
    }

    /// Tells that this version of it does not know of `extra`, if so.
    pub(crate) fn lacks(self, extra: Extra) -> Option<String> {
        match self.or_stand_in() {
            Self::Bird => bird::lacks(extra),
            Self::Ours | Self::Babeld | Self::Frr => None,
        }
    }

    /// Starts it, with the processes that it needs.
    pub(crate) fn start(self, place: &Place<'_>) -> Vec<Process> {
        match self {
            Self::Ours => ours::start(place),
            Self::Babeld => babeld::start(place),
            Self::Bird => bird::start(place),
            Self::Frr => frr::start(place),
        }
    }

    /// Makes a running daemon follow a setting that has changed; tells whether it can.
    pub(crate) fn follow(self, place: &Place<'_>) -> bool {
        match self {
            Self::Bird => bird::follow(place),
            Self::Ours | Self::Babeld | Self::Frr => false,
        }
    }

    /// Asks it what it knows, for people who read why a test failed.
    pub(crate) fn confess(self, place: &Place<'_>) -> String {
        match self {
            Self::Ours => ours::confess(place),
            Self::Babeld => dump(&place.file("babeld.sock")).unwrap_or_default(),
            Self::Bird => bird::confess(place),
            Self::Frr => frr::confess(place),
        }
    }
}

impl fmt::Display for Make {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ours => "ours",
            Self::Babeld => "babeld",
            Self::Bird => "bird",
            Self::Frr => "frr",
        })
    }
}
