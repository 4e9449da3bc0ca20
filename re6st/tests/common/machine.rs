//! Networks and disks of the test's own, where the machine allows it.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use linux::{Namespace, Queues, Tun};
use nix::mount::{MsFlags, mount, umount};

use super::home::Home;
use super::{Running, Said, command};

/// A network: the machine's own, or a private one.
pub(crate) struct Machine(Option<Namespace>);

impl Machine {
    /// The network of this machine, for what needs loopback only.
    pub(crate) const fn ours() -> Self {
        Self(None)
    }

    /// An empty network where nodes can run; none, and a word why, if that may not be.
    pub(crate) fn private() -> Option<Self> {
        let made = Namespace::new().and_then(|inside| {
            inside.run(|| Tun::open("probe", Queues::One).map(drop))??;
            Ok(inside)
        });
        made.map(|inside| Self(Some(inside))).inspect_err(|why| eprintln!("skipped: {why}")).ok()
    }

    /// Starts a command here; it ends with the calling thread.
    pub(crate) fn start(&self, command: &mut Command) -> Running {
        Running::start(command, |command| {
            let Some(inside) = &self.0 else {
                linux::tie_to_parent(command);
                return Ok(command.spawn()?);
            };
            Ok(inside.spawn(command)?)
        })
    }

    /// Runs the command here, to its end.
    pub(crate) fn re6st(&self, arguments: &[&str]) -> Said {
        self.start(&mut command(arguments)).end()
    }

    /// Tries to run a node here that cannot run.
    pub(crate) fn up(&self, home: &Home) -> Said {
        self.re6st(&["up", "--state", home.path()])
    }

    /// Runs a node here, and waits until it is up.
    pub(crate) fn lives(&self, home: &Home) -> Running {
        let mut node = self.start(&mut command(&["up", "--state", home.path()]));
        node.logs("the node is up");
        node
    }

    /// Does something in this network, which is a private one.
    pub(crate) fn does<T: Send>(&self, deed: impl FnOnce() -> T + Send) -> T {
        self.0.as_ref().unwrap().run(deed).unwrap()
    }
}

/// Does `deed` on a thread of its own, so that its mounts are nobody else's.
pub(crate) fn on_a_thread(deed: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        if let Err(panic) = scope.spawn(deed).join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Puts a private file system over `directory`, on a thread of its own; false, and a word
/// why, if that may not be.
pub(crate) fn may_mount(directory: &Path) -> bool {
    let made = linux::private_directory(directory);
    made.inspect_err(|why| eprintln!("skipped: {why}")).is_ok()
}

/// Makes a private disk of 1 MiB in `directory`; false, and a word why, if that may not be.
pub(crate) fn disk(directory: &Path) -> bool {
    let made = may_mount(directory);
    if made {
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        mount(NONE, directory, NONE, flags, Some("size=1m")).unwrap();
    }
    made
}

/// Makes the private disk read-only, as it does by itself when it fails: whoever writes a
/// file keeps it open.
pub(crate) fn read_only(directory: &Path) {
    mount(Some(directory), directory, NONE, MsFlags::MS_BIND, NONE).unwrap();
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    mount(NONE, directory, NONE, flags, NONE).unwrap();
}

/// Makes it what it was before.
pub(crate) fn writable(directory: &Path) {
    umount(directory).unwrap();
}

const NONE: Option<&str> = None;

/// Fills the private disk to its last octet but `spare` KiB.
pub(crate) fn fill(directory: &Path, spare: u64) {
    let path = directory.join("ballast");
    let mut file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
    while file.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
    let length = file.metadata().unwrap().len();
    file.set_len(length.saturating_sub(spare * 1024)).unwrap();
}
