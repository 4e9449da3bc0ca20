//! The thread that writes files which come back by themselves: documents and contacts.
//!
//! A slow disk may take seconds to sync; the loop must not wait that long, or every
//! neighbour would take us for dead. Of each file only the newest content is written.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use crate::state::{State, Unusable};

/// A file, and what is to be in it.
type Content = (PathBuf, Vec<u8>);

/// The loop's end: what is given here is on disk soon, at the latest when this is dropped.
#[derive(Debug)]
pub(crate) struct Keeper {
    files: Option<Sender<Content>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread; `failed` is called on it for each file that could not be written.
    ///
    /// # Errors
    ///
    /// The system's, if the thread cannot be started.
    pub(crate) fn start(failed: impl Fn(Unusable) + Send + 'static) -> std::io::Result<Self> {
        let (files, given) = channel();
        let thread = std::thread::Builder::new().name("keeper".to_owned()).stack_size(128 * 1024);
        let thread = thread.spawn(move || write_all(&given, failed))?;
        Ok(Self { files: Some(files), thread: Some(thread) })
    }

    /// Has `octets` written to `file`, whole, instead of what was given for it before.
    pub(crate) fn keep(&self, file: PathBuf, octets: Vec<u8>) {
        if let Some(files) = &self.files {
            // The thread ends only after this end is gone.
            let _ = files.send((file, octets));
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.files = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

fn write_all(given: &Receiver<Content>, failed: impl Fn(Unusable)) {
    while let Ok(first) = given.recv() {
        let newest: BTreeMap<_, _> = std::iter::once(first).chain(given.try_iter()).collect();
        for (file, octets) in newest {
            if let Err(error) = State::replace(&file, &octets) {
                failed(error);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_on_disk_when_the_keeper_goes() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("document.cbor");
        let keeper = Keeper::start(|error| panic!("{error}")).unwrap();
        for n in 0..100_u8 {
            keeper.keep(file.clone(), vec![n]);
        }
        drop(keeper);
        assert_eq!(std::fs::read(file).unwrap(), [99]);
    }

    #[test]
    fn what_cannot_be_written_is_told() {
        let (tell, told) = channel();
        let keeper = Keeper::start(move |error| tell.send(error.to_string()).unwrap()).unwrap();
        keeper.keep("/proc/re6st-nowhere/contacts.cbor".into(), vec![1]);
        drop(keeper);
        assert!(told.recv().unwrap().contains("contacts.cbor"));
    }
}
