//! Waiting: until something can be read, somebody wakes us, or time is up.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::epoll::{EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;

use crate::Error;

/// Waits until one of `sources` can be read or `patience` is over, and tells which can.
///
/// No `patience` waits for ever. A source with an error or hung up counts as readable:
/// reading it tells. A signal ends the wait early, with nothing readable.
///
/// # Errors
///
/// Only those of a process out of memory or with a closed descriptor.
pub fn readable<const N: usize>(
    sources: [BorrowedFd<'_>; N],
    patience: Option<Duration>,
) -> io::Result<[bool; N]> {
    let mut waited = sources.map(|source| PollFd::new(source, PollFlags::POLLIN));
    match ppoll(&mut waited, patience.map(TimeSpec::from_duration), None) {
        Ok(_) => Ok(waited.map(|source| source.any().unwrap_or(true))),
        Err(Errno::EINTR) => Ok([false; N]),
        Err(errno) => Err(errno.into()),
    }
}

/// Wakes a thread that waits: any thread may call [`wake`](Self::wake), one waits for it
/// to become readable.
#[derive(Debug)]
pub struct Waker(EventFd);

impl Waker {
    /// Makes a waker.
    ///
    /// # Errors
    ///
    /// If the process has too many open files.
    pub fn new() -> Result<Self, Error> {
        EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)
            .map(Self)
            .map_err(|errno| Error::new("make a waker", errno).advised(too_many_files))
    }

    /// Makes it readable, until it is cleared.
    pub fn wake(&self) {
        // The one thing that can go wrong is a counter that is full: it is readable then.
        let _ = self.0.write(1);
    }

    /// Makes it wait again; to be called before looking for work, not after.
    pub fn clear(&self) {
        // The one thing that can go wrong is that there was nothing to clear.
        let _ = self.0.read();
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Waits for many sources at once, each with a key of the caller's.
#[derive(Debug)]
pub struct Epoll {
    epoll: nix::sys::epoll::Epoll,
    events: Vec<EpollEvent>,
}

const EVENTS: usize = 64;

impl Epoll {
    /// Makes an empty set.
    ///
    /// # Errors
    ///
    /// If the process has too many open files.
    pub fn new() -> Result<Self, Error> {
        let epoll = nix::sys::epoll::Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)
            .map_err(|errno| Error::new("make a poll set", errno).advised(too_many_files))?;
        Ok(Self { epoll, events: vec![EpollEvent::empty(); EVENTS] })
    }

    /// Adds a source; `key` tells it apart from the others.
    ///
    /// A source that is closed leaves the set by itself.
    ///
    /// # Errors
    ///
    /// If it is in the set already, or cannot be waited for (a plain file).
    pub fn add(&self, source: impl AsFd, key: u64) -> Result<(), Error> {
        self.epoll
            .add(source, EpollEvent::new(EpollFlags::EPOLLIN, key))
            .map_err(|errno| Error::new("add a source to a poll set", errno))
    }

    /// Takes a source out.
    ///
    /// # Errors
    ///
    /// If it is not in the set.
    pub fn remove(&self, source: impl AsFd) -> Result<(), Error> {
        self.epoll
            .delete(source)
            .map_err(|errno| Error::new("take a source out of a poll set", errno))
    }

    /// Waits until some source can be read or `patience` is over, and returns the keys of
    /// those that can, at most 64; the others come at the next call.
    ///
    /// `patience` is kept to the nanosecond as far as the kernel does; none waits for ever.
    ///
    /// # Errors
    ///
    /// Only those of a process out of memory.
    pub fn wait(&mut self, patience: Option<Duration>) -> io::Result<impl Iterator<Item = u64>> {
        // epoll_wait counts in milliseconds, ppoll in nanoseconds: wait for the set itself.
        let [any] = readable([self.epoll.0.as_fd()], patience)?;
        let ready = if any {
            match self.epoll.wait(&mut self.events, EpollTimeout::ZERO) {
                Ok(ready) => ready,
                Err(Errno::EINTR) => 0,
                Err(errno) => return Err(errno.into()),
            }
        } else {
            0
        };
        Ok(self.events.iter().take(ready).map(EpollEvent::data))
    }
}

pub(crate) fn too_many_files(errno: i32) -> &'static str {
    match errno {
        libc::EMFILE => "raise the limit of open files (ulimit -n, or LimitNOFILE= in systemd)",
        libc::ENFILE => "the machine has too many open files: raise fs.file-max",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_waker_wakes_until_it_is_cleared() {
        let waker = Waker::new().unwrap();
        let ready = || readable([waker.as_fd()], Some(Duration::ZERO)).unwrap();
        assert_eq!(ready(), [false]);
        waker.wake();
        waker.wake();
        assert_eq!(ready(), [true]);
        waker.clear();
        assert_eq!(ready(), [false]);
    }

    #[test]
    fn waiting_ends_when_patience_does() {
        let waker = Waker::new().unwrap();
        let before = Instant::now();
        readable([waker.as_fd()], Some(Duration::from_millis(5))).unwrap();
        assert!(before.elapsed() >= Duration::from_millis(5));
    }

    #[test]
    fn a_set_tells_the_keys_of_what_is_ready() {
        let (a, b) = (Waker::new().unwrap(), Waker::new().unwrap());
        let mut set = Epoll::new().unwrap();
        set.add(&a, 7).unwrap();
        set.add(&b, 8).unwrap();
        let ready = |set: &mut Epoll| {
            set.wait(Some(Duration::from_micros(100))).unwrap().collect::<Vec<_>>()
        };
        assert_eq!(ready(&mut set), []);
        b.wake();
        assert_eq!(ready(&mut set), [8]);
        a.wake();
        set.remove(&b).unwrap();
        assert_eq!(ready(&mut set), [7]);
    }
}
