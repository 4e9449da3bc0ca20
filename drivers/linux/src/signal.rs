//! Being asked to stop.

use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, Signal as Number};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::Error;

/// What a process is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C in the terminal (SIGINT).
    Interrupt,
    /// The polite request to end (SIGTERM).
    Terminate,
    /// The terminal is gone, or the request to read the configuration anew (SIGHUP).
    HangUp,
}

/// The signals of this process, as something that can be read and waited for.
#[derive(Debug)]
pub struct Signals(SignalFd);

impl Signals {
    /// Takes the signals of [`Signal`] away from their default action, which is to die.
    ///
    /// Call it first thing in `main`: threads that exist already would still die of them.
    /// Children inherit it unless they are started by
    /// [`Namespace::spawn`](crate::Namespace::spawn).
    ///
    /// # Errors
    ///
    /// If the process has too many open files.
    pub fn take() -> Result<Self, Error> {
        let failed = |errno| Error::new("listen for signals", errno);
        let mut wanted = SigSet::empty();
        for number in [Number::SIGINT, Number::SIGTERM, Number::SIGHUP] {
            wanted.add(number);
        }
        wanted.thread_block().map_err(failed)?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        SignalFd::with_flags(&wanted, flags).map(Self).map_err(failed)
    }

    /// Returns the next signal that has come, if any; never waits.
    pub fn next(&self) -> Option<Signal> {
        let told = self.0.read_signal().ok()??;
        match i32::try_from(told.ssi_signo).ok()? {
            libc::SIGINT => Some(Signal::Interrupt),
            libc::SIGTERM => Some(Signal::Terminate),
            libc::SIGHUP => Some(Signal::HangUp),
            _ => None,
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_read_instead_of_died_of() {
        let signals = Signals::take().unwrap();
        assert_eq!(signals.next(), None);
        nix::sys::signal::raise(Number::SIGTERM).unwrap();
        assert_eq!(signals.next(), Some(Signal::Terminate));
        assert_eq!(signals.next(), None);
    }
}
