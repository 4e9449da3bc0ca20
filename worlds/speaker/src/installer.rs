//! A thread that makes many changes of routes, while the speaker goes on listening.
//!
//! The kernel takes two microseconds a route, in the time of who asks; an update is read in a
//! quarter of one. What is read meanwhile spares the kernel the routes that would not have
//! lasted.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;

use linux::{Change, Error, RouteTables, Waker};

/// Which changes failed, by position, and why.
pub(crate) type Failures = Vec<(usize, Error)>;

/// Makes changes aside, one batch at a time. The thread ends with this.
#[derive(Debug)]
pub(crate) struct Installer {
    orders: Sender<Arc<Vec<Change>>>,
    outcomes: Receiver<Failures>,
    waker: Arc<Waker>,
}

/// How far a batch is.
#[derive(Debug)]
pub(crate) enum Progress {
    /// Not yet made.
    UnderWay,
    /// Made, but for these.
    Made(Failures),
    /// Nobody makes it: there is no thread.
    Nobody,
}

impl Installer {
    /// Starts the thread, which talks with the kernel through `tables`.
    ///
    /// # Errors
    ///
    /// Too many open files, or no room for a thread.
    pub(crate) fn start(mut tables: RouteTables) -> anyhow::Result<Self> {
        let (orders, ordered) = channel::<Arc<Vec<Change>>>();
        let (tell, outcomes) = channel();
        let waker = Arc::new(Waker::new()?);
        let woken = Arc::clone(&waker);
        thread::Builder::new().name("installer".into()).spawn(move || {
            while let Ok(changes) = ordered.recv() {
                let told = tell.send(tables.apply(&changes));
                woken.wake();
                if told.is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { orders, outcomes, waker })
    }

    /// Lets a batch be made. It is readable when that is done.
    pub(crate) fn begin(&self, changes: &Arc<Vec<Change>>) {
        self.waker.clear();
        // If there is no thread, `progress` says so.
        let _ = self.orders.send(Arc::clone(changes));
    }

    /// Tells how far the batch is.
    pub(crate) fn progress(&self) -> Progress {
        match self.outcomes.try_recv() {
            Ok(failures) => Progress::Made(failures),
            Err(TryRecvError::Empty) => Progress::UnderWay,
            Err(TryRecvError::Disconnected) => Progress::Nobody,
        }
    }
}

impl AsFd for Installer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.waker.as_fd()
    }
}
