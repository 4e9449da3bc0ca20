//! Namespaces: private networks and directories that die with us.
#![expect(unsafe_code, reason = "what a child does between fork and exec is unsafe by type")]

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Pid, getegid, geteuid, getpid, getppid};

use crate::{Error, Netlink};

const OWN_NETWORK: &str = "/proc/thread-self/ns/net";

/// How long the kernel may take to forget a thread that has ended.
const JOINING: Duration = Duration::from_millis(200);

/// By what right we make namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// We are root.
    Root,
    /// We are root in a user namespace of our own, and nobody outside.
    UserNamespace,
}

/// Gets the right to make namespaces: nothing if we are root, a user namespace else.
///
/// In the user namespace we appear as root and own every namespace made from it. Call it
/// while the process has one thread: the kernel refuses it to a process with several.
///
/// # Errors
///
/// The machine allows ordinary users no user namespaces, or there are threads already.
pub fn acquire_rights() -> Result<Rights, Error> {
    // Root in a container may be root by name only, so the deed decides.
    if geteuid().is_root() && thread_may_make_network() {
        return Ok(Rights::Root);
    }
    let (user, group) = (geteuid(), getegid());
    make_user_namespace().map_err(|errno| {
        Error::new("make a user namespace", errno).advised(|errno| match errno {
            libc::EPERM | libc::ENOSPC | libc::EACCES => {
                "run as root, or allow user namespaces: sysctl user.max_user_namespaces=10000, \
                 and where they exist kernel.unprivileged_userns_clone=1 and \
                 kernel.apparmor_restrict_unprivileged_userns=0"
            }
            libc::EINVAL => "the process has several threads already, or the kernel lacks them",
            _ => "",
        })
    })?;
    let map = |file: &str, text: String| {
        fs::write(format!("/proc/self/{file}"), text)
            .map_err(|error| Error::new(format!("write {file} of the user namespace"), error))
    };
    map("uid_map", format!("0 {user} 1"))?;
    map("setgroups", "deny".into())?;
    map("gid_map", format!("0 {group} 1"))?;
    Ok(Rights::UserNamespace)
}

/// Puts an empty file system of our own, in memory, over `directory`.
///
/// Nobody outside sees it, and it is gone with the last process that does: after a crash
/// nothing is left behind. Holds for the calling thread, for threads and children it starts
/// afterwards, and for nobody else: call it early in `main`.
///
/// # Errors
///
/// The directory is not there, or rights are missing: see [`acquire_rights`].
pub fn private_directory(directory: &Path) -> Result<(), Error> {
    const NONE: Option<&str> = None;
    let failed =
        |errno| Error::new(format!("make {} private", directory.display()), errno).advised(rights);
    unshare(CloneFlags::CLONE_NEWNS).map_err(failed)?;
    let everything = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(NONE, "/", NONE, everything, NONE).map_err(failed)?;
    let careful = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), directory, Some("tmpfs"), careful, Some("mode=0700")).map_err(failed)
}

/// A network namespace without a name, which is gone when the last descriptor and the last
/// process in it are.
#[derive(Debug)]
pub struct Namespace(OwnedFd);

impl Namespace {
    /// Makes an empty network; its `lo` is up.
    ///
    /// # Errors
    ///
    /// Rights are missing: see [`acquire_rights`].
    pub fn new() -> Result<Self, Error> {
        let make = || {
            let failed = |errno| Error::new("make a network namespace", errno).advised(rights);
            unshare(CloneFlags::CLONE_NEWNET).map_err(failed)?;
            let mut netlink = Netlink::open()?;
            let lo = netlink.index("lo")?;
            netlink.set_up(lo)?;
            Self::current()
        };
        on_a_thread(make)?
    }

    /// Returns the network namespace of the calling thread.
    ///
    /// # Errors
    ///
    /// If `/proc` is not there.
    pub fn current() -> Result<Self, Error> {
        let file = File::open(OWN_NETWORK);
        file.map(|file| Self(file.into())).map_err(|error| {
            Error::new(format!("open {OWN_NETWORK}"), error)
                .advised(|_| "is /proc mounted, and for this process?")
        })
    }

    /// Returns the same namespace once more; it lives as long as either.
    ///
    /// # Errors
    ///
    /// The process has too many files.
    pub fn try_clone(&self) -> Result<Self, Error> {
        let again = self.0.try_clone();
        again.map(Self).map_err(|error| Error::new("share a network namespace", error))
    }

    /// Does `deed` inside, on a thread of its own, and returns what it returned.
    ///
    /// Sockets and interfaces made inside stay inside, and can be used from anywhere.
    ///
    /// # Errors
    ///
    /// The thread cannot be started or cannot enter.
    ///
    /// # Panics
    ///
    /// If `deed` does.
    pub fn run<T: Send>(&self, deed: impl FnOnce() -> T + Send) -> Result<T, Error> {
        on_a_thread(|| {
            setns(self.as_fd(), CloneFlags::CLONE_NEWNET).map_err(enter)?;
            Ok(deed())
        })?
    }

    /// Starts `command` inside. It dies with the calling *thread*: start it from one that
    /// lives as long as the child should.
    ///
    /// The signals that [`Signals`](crate::Signals) took are given back to it.
    ///
    /// # Errors
    ///
    /// The program is not there, or cannot enter.
    pub fn spawn(&self, command: &mut Command) -> Result<Child, Error> {
        let inside = self.0.try_clone().map_err(|error| Error::new("copy a descriptor", error))?;
        let enter = move || Ok(setns(&inside, CloneFlags::CLONE_NEWNET)?);
        // SAFETY: `enter` is one system call on a descriptor it owns; it takes no lock and
        // no memory, so it may run between fork and exec.
        unsafe { command.pre_exec(enter) };
        tie_to_parent(command);
        let name = command.get_program().to_string_lossy().into_owned();
        command.spawn().map_err(|error| Error::new(format!("start {name}"), error))
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Makes the child of `command` be killed when the thread that starts it ends, however it
/// ends; and gives it back the signals that [`Signals`](crate::Signals) took.
pub fn tie_to_parent(command: &mut Command) {
    let parent = getpid();
    // SAFETY: `obey` makes system calls only, and takes neither lock nor memory, so it may
    // run between fork and exec.
    unsafe { command.pre_exec(move || obey(parent)) };
}

fn obey(parent: Pid) -> io::Result<()> {
    SigSet::empty().thread_set_mask()?;
    set_pdeathsig(Signal::SIGKILL)?;
    // The parent may have died before we asked.
    if getppid() == parent { Ok(()) } else { Err(Errno::ESRCH.into()) }
}

/// Makes a user namespace; waits a little for threads that have ended.
///
/// The kernel lets us go on from joining a thread a moment before it has taken it from the
/// process, and until then the process has several.
fn make_user_namespace() -> nix::Result<()> {
    let end = Instant::now() + JOINING;
    loop {
        let made = unshare(CloneFlags::CLONE_NEWUSER);
        if made != Err(Errno::EINVAL) || Instant::now() >= end {
            return made;
        }
        thread::sleep(JOINING / 100);
    }
}

fn thread_may_make_network() -> bool {
    on_a_thread(|| unshare(CloneFlags::CLONE_NEWNET)).is_ok_and(|made| made.is_ok())
}

/// Runs `deed` on a thread of its own and waits: what a thread does to its namespaces dies
/// with it.
fn on_a_thread<T: Send>(deed: impl FnOnce() -> T + Send) -> Result<T, Error> {
    thread::scope(|scope| {
        let started = thread::Builder::new().name("namespace".into()).spawn_scoped(scope, deed);
        let thread = started.map_err(|error| Error::new("start a thread", error))?;
        thread.join().map_or_else(|panic| std::panic::resume_unwind(panic), Ok)
    })
}

fn enter(errno: Errno) -> Error {
    Error::new("enter a network namespace", errno).advised(rights)
}

fn rights(errno: i32) -> &'static str {
    match errno {
        libc::EPERM | libc::EACCES => {
            "this needs the right CAP_SYS_ADMIN: run as root, or where user namespaces are allowed"
        }
        libc::ENOENT => "the directory must be there: make it first",
        libc::ENOSPC => "too many namespaces: raise user.max_net_namespaces",
        errno => crate::poll::too_many_files(errno),
    }
}
