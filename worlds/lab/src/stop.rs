//! Being asked to stop, and waiting meanwhile.

use std::cell::Cell;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use linux::Signals;

/// Whether somebody asked us to stop: Ctrl-C, SIGTERM, or the terminal is gone.
#[derive(Debug)]
pub(crate) struct Stop {
    signals: Signals,
    asked: Cell<bool>,
}

/// How often a condition is looked at.
const GLANCE: Duration = Duration::from_millis(10);

impl Stop {
    /// Listens from now on. To be called before any thread is started.
    pub(crate) fn listen() -> Result<Self, linux::Error> {
        Ok(Self { signals: Signals::take()?, asked: Cell::new(false) })
    }

    /// Tells whether somebody has asked.
    pub(crate) fn asked(&self) -> bool {
        if self.signals.next().is_some() {
            self.asked.set(true);
        }
        self.asked.get()
    }

    /// Waits until `patience` is over or somebody asks; tells whether somebody has.
    pub(crate) fn sleep(&self, patience: Duration) -> bool {
        if !self.asked() {
            // An error only means that the wait was shorter.
            let _ = linux::readable([self.signals.as_fd()], Some(patience));
        }
        self.asked()
    }

    /// Waits until `done` says something, for `patience` at most; `None` if it never did.
    ///
    /// # Errors
    ///
    /// If somebody asks to stop.
    pub(crate) fn wait_for<T>(
        &self,
        patience: Duration,
        mut done: impl FnMut() -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<Option<T>> {
        let end = Instant::now() + patience;
        loop {
            if let Some(done) = done()? {
                return Ok(Some(done));
            }
            if Instant::now() >= end {
                return Ok(None);
            }
            if self.sleep(GLANCE) {
                anyhow::bail!("stopped by request");
            }
        }
    }
}
