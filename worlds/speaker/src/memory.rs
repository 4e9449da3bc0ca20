//! What a restart must know: our name, and a sequence number newer than any we used.
//!
//! The file always holds a number that is ahead of the one in use, so that a crash loses
//! nothing; and it is written by a thread of its own, since a slow disk must not make
//! neighbours take us for dead.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use babel::{RouterId, Seqno};
use serde::Deserialize;

use crate::config::Name;

/// How far ahead the number in the file is, at first. A crash costs so many numbers of 65536.
const AHEAD: u16 = 32;
/// When no more than this is left, the file is written again.
const LOW: u16 = 16;

/// What a former life left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct Memory {
    /// Our name.
    pub(crate) router_id: Option<Name>,
    /// A number that is not older than any that was used.
    pub(crate) seqno: Option<u16>,
}

/// A state file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Unusable {
    /// It cannot be read.
    #[error("{file}: {error}; make it readable, or name another with --state")]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It is something else.
    #[error("{file} is no state file ({what}); remove it, or name another with --state")]
    Strange {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
}

impl Memory {
    /// Reads what a former life left in `file`; nothing if it is not there.
    ///
    /// # Errors
    ///
    /// [`Unusable`], with its remedy.
    pub(crate) fn read(file: &Path) -> Result<Self, Unusable> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(Unusable::Read { file: file.into(), error }),
        };
        toml::from_str(&text).map_err(|error: toml::de::Error| Unusable::Strange {
            file: file.into(),
            what: error.message().to_owned(),
        })
    }

    /// Returns the number to begin with, newer than all before.
    pub(crate) fn next(self) -> Option<Seqno> {
        self.seqno.map(|seqno| Seqno(seqno).plus(1))
    }
}

fn text(id: RouterId, seqno: Seqno) -> String {
    format!(
        "# What re6st babel must know when it starts again. Written by itself.\n\
         router-id = \"{}\"\nseqno = {}\n",
        Name(id),
        seqno.0
    )
}

/// Keeps the file ahead of the number in use.
#[derive(Debug)]
pub(crate) struct Keeper {
    id: RouterId,
    /// The number in the file, or on its way there.
    kept: Seqno,
    file: PathBuf,
    texts: Option<Sender<String>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Writes the file for the first time, and starts the thread that does it later.
    ///
    /// # Errors
    ///
    /// A sentence with its remedy, if the file cannot be written.
    pub(crate) fn start(file: &Path, id: RouterId, seqno: Seqno) -> anyhow::Result<Self> {
        let kept = seqno.plus(AHEAD);
        crypto::file::write(file, text(id, kept).as_bytes(), crypto::file::PUBLIC)?;
        let (texts, given) = channel();
        let path = file.to_owned();
        let thread = std::thread::Builder::new().name("keeper".to_owned()).stack_size(128 * 1024);
        let thread = thread.spawn(move || write_all(&path, &given))?;
        let (texts, thread) = (Some(texts), Some(thread));
        Ok(Self { id, kept, file: file.to_owned(), texts, thread })
    }

    /// Takes in the number in use.
    pub(crate) fn used(&mut self, seqno: Seqno) {
        let left = self.kept.ahead_of(seqno);
        if left > i16::try_from(LOW).unwrap_or(i16::MAX) {
            return;
        }
        self.kept = seqno.plus(AHEAD);
        if let Some(texts) = &self.texts {
            // The thread ends only after this end is gone.
            let _ = texts.send(text(self.id, self.kept));
        }
    }

    /// Writes the number in use itself: nothing comes after it.
    pub(crate) fn end(mut self, seqno: Seqno) {
        self.texts = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
        let written = text(self.id, seqno);
        if let Err(error) =
            crypto::file::write(&self.file, written.as_bytes(), crypto::file::PUBLIC)
        {
            tracing::warn!(%error, "the next start skips some sequence numbers; no harm is done");
        }
    }
}

fn write_all(file: &Path, given: &Receiver<String>) {
    while let Ok(first) = given.recv() {
        let newest = given.try_iter().last().unwrap_or(first);
        if let Err(error) = crypto::file::write(file, newest.as_bytes(), crypto::file::PUBLIC) {
            tracing::warn!(%error, "after a crash, neighbours may wait for our routes a while");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: RouterId = RouterId([2, 0, 0, 0, 0, 0, 0, 1]);

    #[test]
    fn after_a_crash_the_number_is_newer_than_any_that_was_used() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state");
        assert_eq!(Memory::read(&file).unwrap(), Memory::default());
        let mut keeper = Keeper::start(&file, ID, Seqno(65_500)).unwrap();
        for step in 0..200 {
            let used = Seqno(65_500).plus(step);
            keeper.used(used);
        }
        // What the thread was given is written when it ends, as it would be a moment later.
        drop(keeper.texts.take());
        keeper.thread.take().unwrap().join().unwrap();
        let next = Memory::read(&file).unwrap().next().unwrap();
        let last = Seqno(65_500).plus(199);
        assert!(next.newer_than(last) && next.ahead_of(last) <= 40, "{next:?}");
    }

    #[test]
    fn after_an_orderly_end_no_number_is_skipped() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state");
        Keeper::start(&file, ID, Seqno(5)).unwrap().end(Seqno(7));
        let memory = Memory::read(&file).unwrap();
        assert_eq!((memory.next(), memory.router_id), (Some(Seqno(8)), Some(Name(ID))));
    }

    #[test]
    fn a_file_that_is_something_else_is_refused_with_a_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state");
        std::fs::write(&file, "seqno = 70000\n").unwrap();
        assert!(Memory::read(&file).unwrap_err().to_string().contains("--state"));
        let error = Keeper::start(Path::new("/proc/nowhere/state"), ID, Seqno(1)).unwrap_err();
        assert!(error.to_string().contains("/proc/nowhere/state"));
    }
}
