//! The hand that changes the kernel's table, on a thread of its own: while the kernel works, the
//! loop goes on reading what neighbours say.
//!
//! It holds one batch at a time, so that the kernel is never told of a range in two orders.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

use linux::{Change, RouteTables, Waker};

/// What became of a batch: its changes, and which of them failed, by position, and why.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) changes: Vec<Change>,
    pub(crate) failures: BTreeMap<usize, String>,
}

impl Done {
    /// Makes changes here and now.
    pub(crate) fn by(tables: &mut RouteTables, changes: Vec<Change>) -> Self {
        let failures = tables.apply(&changes).into_iter();
        let failures = failures.map(|(n, error)| (n, error.to_string())).collect();
        Self { changes, failures }
    }

    /// What becomes of changes that nobody is left to make.
    fn nobody(changes: Vec<Change>) -> Self {
        let why = "the thread that changes routes is gone; restart";
        let failures = (0..changes.len()).map(|n| (n, why.to_owned())).collect();
        Self { changes, failures }
    }
}

/// A thread that makes changes of routes. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Hand {
    orders: Sender<Vec<Change>>,
    done: Receiver<Done>,
    /// Readable when a batch is done.
    waker: Arc<Waker>,
    busy: bool,
}

impl Hand {
    /// Starts the thread; it makes its changes by `tables`.
    ///
    /// # Errors
    ///
    /// If the process has too many threads or files.
    pub(crate) fn start(mut tables: RouteTables) -> anyhow::Result<Self> {
        let waker = Arc::new(Waker::new()?);
        let (orders, taken) = channel::<Vec<Change>>();
        let (said, done) = channel();
        let bell = Arc::clone(&waker);
        let work = move || {
            while let Ok(changes) = taken.recv() {
                if said.send(Done::by(&mut tables, changes)).is_err() {
                    return;
                }
                bell.wake();
            }
        };
        std::thread::Builder::new().name("routes".into()).spawn(work)?;
        Ok(Self { orders, done, waker, busy: false })
    }

    /// Tells whether a batch is being made.
    pub(crate) const fn is_busy(&self) -> bool {
        self.busy
    }

    /// Begins a batch, when none is being made; returns what became of it only if the thread is
    /// gone.
    pub(crate) fn begin(&mut self, changes: Vec<Change>) -> Option<Done> {
        match self.orders.send(changes) {
            Ok(()) => {
                self.busy = true;
                None
            }
            Err(refused) => Some(Done::nobody(refused.0)),
        }
    }

    /// Returns what became of the batch, if that is known already.
    pub(crate) fn take(&mut self) -> Option<Done> {
        if !self.busy {
            return None;
        }
        self.waker.clear();
        let done = self.done.try_recv();
        self.busy = matches!(done, Err(TryRecvError::Empty));
        done.ok()
    }

    /// Waits for the batch that is being made, if one is.
    pub(crate) fn wait(&mut self) -> Option<Done> {
        if !std::mem::take(&mut self.busy) {
            return None;
        }
        let done = self.done.recv().ok();
        self.waker.clear();
        done
    }
}

impl AsFd for Hand {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.waker.as_fd()
    }
}
