//! The calendar of single nodes, which may jump.
//!
//! All nodes run in one kernel, which has one calendar. A node whose calendar is to jump is started
//! with libfaketime before it, which reads from a file how far it is off, each time that it is asked;
//! clocks that count from some moment on are left alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

/// Where Debian has the library, for one processor or another.
const LIBRARIES: &str = "/usr/lib";
/// Its folder and name below that.
const LIBRARY: &str = "faketime/libfaketime.so.1";

/// The file, in the state directory of a node, of how far its calendar is off.
fn file(state: &Path) -> PathBuf {
    state.join("calendar")
}

/// Lets `command` start a node whose calendar can be set.
///
/// # Errors
///
/// The library is not there, with the remedy.
pub(crate) fn prepare(command: &mut Command, state: &Path) -> anyhow::Result<()> {
    let library = library().context("--calendar wants libfaketime: apt-get install faketime")?;
    set(state, 0)?;
    command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", file(state));
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command.env("DONT_FAKE_MONOTONIC", "1");
    Ok(())
}

/// Sets the calendar of a node so many seconds off.
///
/// # Errors
///
/// The file cannot be written.
pub(crate) fn set(state: &Path, seconds: i64) -> anyhow::Result<()> {
    // A reader never sees half of it.
    let (new, file) = (state.join("calendar.new"), file(state));
    let written = fs::write(&new, format!("{seconds:+}\n")).and_then(|()| fs::rename(new, file));
    written.context("a calendar cannot be set")
}

fn library() -> Option<PathBuf> {
    let folders = fs::read_dir(LIBRARIES).ok()?.flatten().map(|entry| entry.path());
    folders.map(|folder| folder.join(LIBRARY)).find(|library| library.exists())
}
