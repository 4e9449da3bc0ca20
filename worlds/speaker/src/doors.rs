//! The sockets where people and tools ask: the control socket, and babeld's text protocol.
//!
//! Nobody is waited for: what a client does not take is kept for it, up to a bound, and a
//! client that is slower than that is dropped.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use linux::Epoll;
use words::Time;

use crate::config::Socket;

/// The longest line of a client, in octets.
const LONGEST_LINE: usize = 4096;
/// How much may wait for a client before more is said to it, in octets.
const PATIENCE: usize = 4 << 20;
/// How long a client may take nothing of what waits for it.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);
/// How many clients there are at most.
const CLIENTS: usize = 64;

/// Which door a client came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// One question, one answer in JSON.
    Control,
    /// babeld's text protocol.
    Text,
}

/// A socket that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the socket {socket} cannot be made: {error}; {remedy}")]
pub(crate) struct Unmade {
    socket: String,
    error: io::Error,
    remedy: &'static str,
}

#[derive(Debug)]
enum Listener {
    Unix(UnixListener),
    Tcp(TcpListener),
}

/// A listener, and the file to remove at the end.
#[derive(Debug)]
struct Open {
    door: Door,
    listener: Listener,
    file: Option<PathBuf>,
}

#[derive(Debug)]
enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

#[derive(Debug)]
struct Client {
    door: Door,
    stream: Stream,
    heard: Vec<u8>,
    waiting: Vec<u8>,
    /// When it last took something, if something waits.
    since: Time,
    leaving: bool,
}

/// All sockets where somebody may ask.
#[derive(Debug, Default)]
pub(crate) struct Doors {
    open: Vec<Open>,
    clients: BTreeMap<u64, Client>,
    next: u64,
}

impl Doors {
    /// Opens the control socket, and that of the text protocol if there is one. Their keys in
    /// `epoll` are `first` and the numbers after it.
    ///
    /// # Errors
    ///
    /// [`Unmade`], with its remedy.
    pub(crate) fn open(
        control: &Path,
        text: Option<&Socket>,
        epoll: &Epoll,
        first: u64,
    ) -> anyhow::Result<Self> {
        let mut open = vec![at_path(Door::Control, control)?];
        match text {
            Some(Socket::Path(path)) => open.push(at_path(Door::Text, path)?),
            Some(Socket::Port(port)) => open.push(at_port(*port)?),
            None => {}
        }
        for (key, door) in (first..).zip(&open) {
            match &door.listener {
                Listener::Unix(listener) => epoll.add(listener, key)?,
                Listener::Tcp(listener) => epoll.add(listener, key)?,
            }
        }
        let next = first + u64::try_from(open.len()).unwrap_or(0);
        Ok(Self { open, clients: BTreeMap::new(), next })
    }

    /// Lets in who waits at the doors; returns the keys of those who are to be greeted.
    pub(crate) fn admit(&mut self, epoll: &Epoll, now: Time) -> Vec<u64> {
        let mut came = Vec::new();
        for open in &self.open {
            while let Ok(stream) = open.listener.accept() {
                let key = self.next;
                if self.clients.len() >= CLIENTS || epoll.add(&stream, key).is_err() {
                    continue;
                }
                self.next += 1;
                let (heard, waiting) = (Vec::new(), Vec::new());
                let door = open.door;
                let client = Client { door, stream, heard, waiting, since: now, leaving: false };
                self.clients.insert(key, client);
                if door == Door::Text {
                    came.push(key);
                }
            }
        }
        came
    }

    /// Reads what the client `key` says; returns its door and its whole lines.
    pub(crate) fn read(&mut self, key: u64) -> Vec<(Door, String)> {
        let Some(client) = self.clients.get_mut(&key) else { return Vec::new() };
        let Some(lines) = client.read() else {
            self.clients.remove(&key);
            return Vec::new();
        };
        lines.into_iter().map(|line| (client.door, line)).collect()
    }

    /// Says something to a client; one for whom too much waits already is dropped.
    pub(crate) fn say(&mut self, key: u64, text: &str, now: Time) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        if client.waiting.len() > PATIENCE {
            tracing::warn!("a client that does not read is dropped");
            self.clients.remove(&key);
            return;
        }
        if client.waiting.is_empty() {
            client.since = now;
        }
        client.waiting.extend_from_slice(text.as_bytes());
        self.flush_one(key, now);
    }

    /// Lets a client go once it has taken what waits for it.
    pub(crate) fn dismiss(&mut self, key: u64, now: Time) {
        if let Some(client) = self.clients.get_mut(&key) {
            client.leaving = true;
            self.flush_one(key, now);
        }
    }

    /// Hands out what waits, as far as clients take it.
    pub(crate) fn flush(&mut self, now: Time) {
        let waiting = self.clients.iter().filter(|(_, client)| !client.waiting.is_empty());
        let keys: Vec<u64> = waiting.map(|(key, _)| *key).collect();
        for key in keys {
            self.flush_one(key, now);
        }
    }

    /// Tells whether something waits for somebody.
    pub(crate) fn is_owing(&self) -> bool {
        self.clients.values().any(|client| !client.waiting.is_empty())
    }

    /// Tells whether the client is still there.
    pub(crate) fn holds(&self, key: u64) -> bool {
        self.clients.contains_key(&key)
    }

    fn flush_one(&mut self, key: u64, now: Time) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        if !client.flush(now) || (client.leaving && client.waiting.is_empty()) {
            self.clients.remove(&key);
        }
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        for file in self.open.iter().filter_map(|open| open.file.as_ref()) {
            // The next start replaces what cannot be removed.
            let _ = std::fs::remove_file(file);
        }
    }
}

impl Client {
    /// Returns the whole lines that came; `None` when the client is gone or talks too long.
    fn read(&mut self) -> Option<Vec<String>> {
        let mut buffer = [0; LONGEST_LINE];
        let gone = match self.stream.read(&mut buffer) {
            Ok(0) => true,
            Ok(length) => {
                self.heard.extend_from_slice(buffer.get(..length).unwrap_or_default());
                false
            }
            Err(error) if is_later(&error) => false,
            Err(_) => true,
        };
        let mut lines = Vec::new();
        while let Some(end) = self.heard.iter().position(|octet| *octet == b'\n') {
            let line: Vec<u8> = self.heard.drain(..=end).collect();
            lines.push(String::from_utf8_lossy(&line).trim().to_owned());
        }
        (!gone && self.heard.len() <= LONGEST_LINE).then_some(lines)
    }

    /// Hands out what waits; false when the client is gone, or has slept too long.
    fn flush(&mut self, now: Time) -> bool {
        while !self.waiting.is_empty() {
            match self.stream.write(&self.waiting) {
                Ok(0) => return false,
                Ok(taken) => {
                    self.waiting.drain(..taken);
                    self.since = now;
                }
                Err(error) if is_later(&error) => return now.since(self.since) < LONGEST_SILENCE,
                Err(_) => return false,
            }
        }
        true
    }
}

fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

impl Listener {
    fn accept(&self) -> io::Result<Stream> {
        Ok(match self {
            Self::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                Stream::Unix(stream)
            }
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                Stream::Tcp(stream)
            }
        })
    }
}

impl Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.read(buffer),
            Self::Tcp(stream) => stream.read(buffer),
        }
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.write(octets),
            Self::Tcp(stream) => stream.write(octets),
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Unix(stream) => stream.as_fd(),
            Self::Tcp(stream) => stream.as_fd(),
        }
    }
}

/// Makes a Unix socket for its owner alone, in place of one that nobody listens on.
fn at_path(door: Door, path: &Path) -> Result<Open, Unmade> {
    let unmade = |remedy| move |error| Unmade { socket: path.display().to_string(), error, remedy };
    if UnixStream::connect(path).is_ok() {
        let error = ErrorKind::AddrInUse.into();
        return Err(unmade("another speaker answers there: stop it, or use another --control")(
            error,
        ));
    }
    let remedy = "make room and rights in its directory, or name a shorter path elsewhere";
    let is_socket = std::fs::symlink_metadata(path)
        .is_ok_and(|file| std::os::unix::fs::FileTypeExt::is_socket(&file.file_type()));
    if is_socket {
        std::fs::remove_file(path).map_err(unmade(remedy))?;
    }
    let made = UnixListener::bind(path).and_then(|listener| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    let listener = Listener::Unix(made.map_err(unmade(remedy))?);
    Ok(Open { door, listener, file: Some(path.to_owned()) })
}

/// Listens on a port of this machine, for this machine.
fn at_port(port: u16) -> Result<Open, Unmade> {
    let made = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    let listener = made.map_err(|error| Unmade {
        socket: format!("[::1]:{port}"),
        error,
        remedy: "choose another port, or a path, with --babeld-socket",
    })?;
    Ok(Open { door: Door::Text, listener: Listener::Tcp(listener), file: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufRead;

    const FIRST: u64 = 10;

    fn open(path: &Path) -> (Doors, Epoll) {
        let epoll = Epoll::new().unwrap();
        let doors = Doors::open(path, None, &epoll, FIRST).unwrap();
        (doors, epoll)
    }

    #[test]
    fn a_line_comes_in_whole_and_the_answer_goes_out() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control");
        let (mut doors, epoll) = open(&path);
        let mut stream = UnixStream::connect(&path).unwrap();
        assert!(doors.admit(&epoll, Time::ZERO).is_empty(), "nobody is greeted there");
        let key = FIRST + 1;
        stream.write_all(b"du").unwrap();
        assert_eq!(doors.read(key), []);
        stream.write_all(b"mp\r\nquit\n").unwrap();
        let lines = [(Door::Control, "dump".to_owned()), (Door::Control, "quit".to_owned())];
        assert_eq!(doors.read(key), lines);
        doors.say(key, "ok\n", Time::ZERO);
        doors.dismiss(key, Time::ZERO);
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        assert_eq!((said.as_str(), doors.holds(key)), ("ok\n", false));
    }

    #[test]
    fn who_does_not_read_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control");
        let (mut doors, epoll) = open(&path);
        let stream = UnixStream::connect(&path).unwrap();
        doors.admit(&epoll, Time::ZERO);
        let much = "x".repeat(PATIENCE + (1 << 20));
        doors.say(FIRST + 1, &much, Time::ZERO);
        assert!(doors.holds(FIRST + 1) && doors.is_owing());
        doors.say(FIRST + 1, "y", Time::ZERO);
        assert!(!doors.holds(FIRST + 1));
        drop(stream);
        let _asleep = UnixStream::connect(&path).unwrap();
        doors.admit(&epoll, Time::ZERO);
        doors.say(FIRST + 2, &much, Time::ZERO);
        doors.flush(Time::ZERO + LONGEST_SILENCE);
        assert!(!doors.holds(FIRST + 2));
    }

    #[test]
    fn a_line_without_end_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control");
        let (mut doors, epoll) = open(&path);
        let mut stream = UnixStream::connect(&path).unwrap();
        doors.admit(&epoll, Time::ZERO);
        stream.write_all(&[b'x'; 2 * LONGEST_LINE]).unwrap();
        assert_eq!((doors.read(FIRST + 1), doors.read(FIRST + 1)), (vec![], vec![]));
        assert!(!doors.holds(FIRST + 1));
    }

    #[test]
    fn a_socket_somebody_answers_on_is_left_alone_and_a_dead_one_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control");
        let (doors, epoll) = open(&path);
        let error = Doors::open(&path, None, &epoll, 20).unwrap_err().to_string();
        assert!(error.contains("another speaker"), "{error}");
        drop(doors);
        assert!(!path.exists());
        drop(UnixListener::bind(&path).unwrap());
        let (_doors, _epoll) = open(&path);
        let file = directory.path().join("file");
        std::fs::write(&file, "mine").unwrap();
        assert!(Doors::open(&file, None, &epoll, 30).is_err());
        assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    }

    #[test]
    fn whoever_comes_by_tcp_is_greeted() {
        let directory = tempfile::tempdir().unwrap();
        let epoll = Epoll::new().unwrap();
        let free = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let (path, port) = (directory.path().join("c"), free.port());
        let mut doors = Doors::open(&path, Some(&Socket::Port(port)), &epoll, FIRST).unwrap();
        let stream = TcpStream::connect(free).unwrap();
        let key = loop {
            if let [key] = doors.admit(&epoll, Time::ZERO)[..] {
                break key;
            }
        };
        doors.say(key, "BABEL 1.0\n", Time::ZERO);
        let mut line = String::new();
        io::BufReader::new(stream).read_line(&mut line).unwrap();
        assert_eq!(line, "BABEL 1.0\n");
    }
}
