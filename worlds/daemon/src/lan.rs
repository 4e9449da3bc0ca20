//! The node's ear and mouth on its LANs: a thread that announces this node to members there, and
//! hears others.
//!
//! ```text
//!   every 10 s, sooner at first and when somebody comes:
//!   introduction ─► sealed with the network's key ─► [ff12::7265:3673]:6328 on each interface
//!   what is heard ─► opened ─► from where it says? ─► control thread
//! ```
//!
//! What was not sealed by a member is counted, and goes no further than this thread.

use std::collections::BTreeMap;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::AsFd;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crypto::LanKey;
use gossip::Announcement;
use linux::{Clock, Group, Received, Waker};
use words::{Bucket, Time};

use crate::config;
use crate::overlay::{Heard, hold};

/// The UDP port where nodes announce themselves.
pub(crate) const PORT: u16 = 6328;

/// The group of those who listen: of this link only, and assigned by nobody (RFC 4291 §2.7).
const GROUP: Ipv6Addr = Ipv6Addr::new(0xff12, 0, 0, 0, 0, 0, 0x7265, 0x3673);

/// Time between two announcements; up to a quarter is added by chance.
const EVERY: Duration = Duration::from_secs(10);

/// Time between the first ones after something changed, so that one may be lost.
const SOON: Duration = Duration::from_secs(1);

/// How many come soon.
const BURST: u8 = 3;

/// How many keys are tried: the one in force, and the one before.
const KEYS: usize = 2;

/// Most interfaces that are spoken on.
const FACES: usize = 16;

/// Most addresses that are remembered to have been heard.
const SPEAKERS: usize = 256;

/// Datagrams read in one turn.
const TURN: usize = 64;

/// What was heard and went no further, since the node started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Refused {
    /// Not sealed with the network's key.
    pub(crate) strange: u64,
    /// Sealed by a member, and yet no announcement that this version reads.
    pub(crate) malformed: u64,
    /// Not from the address that it names: somebody repeats it.
    pub(crate) repeated: u64,
    /// More than is looked at.
    pub(crate) flood: u64,
}

/// What both threads know.
#[derive(Debug, Default)]
struct Known {
    /// The keys that are tried; the first one seals.
    keys: Vec<[u8; 32]>,
    introduction: Vec<u8>,
    /// Something changed since the thread last announced.
    changed: bool,
    /// The names of the interfaces that are spoken on.
    faces: Vec<String>,
    refused: Refused,
}

/// The control thread's end.
#[derive(Debug)]
pub(crate) struct Lan {
    known: Arc<Mutex<Known>>,
    waker: Arc<Waker>,
}

impl Lan {
    /// Starts the thread, which tells `node` who was heard and where; `port` is that of our carrier.
    ///
    /// # Errors
    ///
    /// The system's: IPv6 is off, or another program has port 6328 for itself alone.
    pub(crate) fn start<M: Send + 'static>(
        config: config::Lan,
        port: u16,
        node: Sender<M>,
        wrap: fn(SocketAddr, Heard) -> M,
    ) -> anyhow::Result<Self> {
        let known = Arc::new(Mutex::new(Known::default()));
        let waker = Arc::new(Waker::new()?);
        let mut thread = Thread {
            config,
            port,
            group: Group::share(PORT)?,
            known: Arc::clone(&known),
            waker: Arc::clone(&waker),
            clock: Clock::start(),
            faces: Vec::new(),
            speakers: BTreeMap::new(),
            pace: Bucket::new(200, 100),
            burst: BURST,
        };
        let place = Arc::new(());
        let tell = move |at, words: &[u8]| match hold(&place, words) {
            Some(heard) => node.send(wrap(at, heard)).is_ok(),
            None => true,
        };
        let builder = std::thread::Builder::new().name("lan".to_owned()).stack_size(256 * 1024);
        builder.spawn(move || thread.run(&tell))?;
        Ok(Self { known, waker })
    }

    /// Sets what is announced from now on.
    pub(crate) fn introduce(&self, introduction: Vec<u8>) {
        lock(&self.known).introduction = introduction;
        self.changed();
    }

    /// Takes in the key of the network, if it is another one than before; returns all that are to
    /// be kept then, the newest first.
    pub(crate) fn key(&self, key: [u8; 32]) -> Option<Vec<u8>> {
        let mut known = lock(&self.known);
        if known.keys.first() == Some(&key) {
            return None;
        }
        known.keys.insert(0, key);
        known.keys.truncate(KEYS);
        let kept = known.keys.concat();
        drop(known);
        self.changed();
        Some(kept)
    }

    /// Begins with the keys that were kept.
    pub(crate) fn remember(&self, kept: &[u8]) {
        let (keys, _) = kept.as_chunks();
        lock(&self.known).keys = keys.iter().take(KEYS).copied().collect();
        self.changed();
    }

    /// Has the interfaces looked at again, and this node announced there.
    pub(crate) fn changed(&self) {
        lock(&self.known).changed = true;
        self.waker.wake();
    }

    /// Returns the names of the interfaces on which this node announces itself, for status.
    pub(crate) fn faces(&self) -> Vec<String> {
        lock(&self.known).faces.clone()
    }

    /// Tells whether there is a key, without which nothing is said or understood.
    pub(crate) fn has_key(&self) -> bool {
        !lock(&self.known).keys.is_empty()
    }

    /// Returns what was heard and went no further.
    pub(crate) fn refused(&self) -> [(&'static str, u64); 4] {
        let Refused { strange, malformed, repeated, flood } = lock(&self.known).refused;
        [
            ("lan:strange", strange),
            ("lan:malformed", malformed),
            ("lan:repeated", repeated),
            ("lan:flood", flood),
        ]
    }
}

/// An interface that is spoken on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Face {
    index: u32,
    name: String,
    own: Ipv6Addr,
}

struct Thread {
    config: config::Lan,
    /// Of our carrier.
    port: u16,
    group: Group,
    known: Arc<Mutex<Known>>,
    waker: Arc<Waker>,
    clock: Clock,
    faces: Vec<Face>,
    /// Who was heard, and when.
    speakers: BTreeMap<SocketAddrV6, Time>,
    pace: Bucket,
    /// How many announcements still come soon.
    burst: u8,
}

impl Thread {
    fn run(&mut self, tell: &impl Fn(SocketAddr, &[u8]) -> bool) {
        let mut next = self.clock.now();
        let mut last = next;
        let mut buffer = [0; 2048];
        loop {
            let now = self.clock.now();
            if std::mem::take(&mut lock(&self.known).changed) {
                self.burst = BURST;
            }
            if self.burst > 0 {
                next = next.or_earlier(last + SOON);
            }
            if now >= next {
                self.announce();
                last = now;
                self.burst = self.burst.saturating_sub(1);
                next = now + EVERY + some(EVERY / 4);
            }
            let patience = Some(next.since(self.clock.now()));
            let waited = linux::readable([self.group.as_fd(), self.waker.as_fd()], patience);
            self.waker.clear();
            if waited.is_err() {
                std::thread::sleep(SOON);
            }
            for _ in 0..TURN {
                let Some(received) = self.group.receive(&mut buffer) else { break };
                let octets = buffer.get(..received.length).unwrap_or_default();
                if let Some((at, introduction)) = self.hear(&received, octets)
                    && !tell(at, &introduction)
                {
                    return;
                }
            }
        }
    }

    /// Shows this node on all interfaces.
    fn announce(&mut self) {
        self.look();
        let (key, introduction) = {
            let known = lock(&self.known);
            (known.keys.first().copied(), known.introduction.clone())
        };
        let Some(key) = key.filter(|_| self.config.announce && !introduction.is_empty()) else {
            return;
        };
        let key = LanKey::new(&key);
        let to = SocketAddrV6::new(GROUP, PORT, 0, 0);
        for face in &self.faces {
            let introduction = introduction.clone();
            let said = Announcement { from: face.own, port: self.port, introduction };
            let shown = said.encode().map_err(anyhow::Error::from);
            let shown = shown.and_then(|words| Ok(key.seal(&words)?));
            let sent = shown
                .and_then(|shown| Ok(self.group.send(face.index, Some(face.own), to, &shown)?));
            if let Err(error) = sent {
                tracing::debug!(interface = face.name, %error, "not announced on a LAN");
            }
        }
    }

    /// Looks which interfaces there are, and listens there.
    fn look(&mut self) {
        let faces = match faces(&self.config.interfaces) {
            Ok(faces) => faces,
            Err(error) => return tracing::debug!(%error, "the interfaces cannot be read"),
        };
        if faces == self.faces {
            return;
        }
        for gone in self.faces.iter().filter(|it| faces.iter().all(|face| face.index != it.index)) {
            // It may be gone altogether; then there is nothing to leave.
            let _ = self.group.leave(gone.index, GROUP);
        }
        let joined = faces.into_iter().filter(|face| match self.group.join(face.index, GROUP) {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(interface = face.name, %error, "not heard on a LAN");
                false
            }
        });
        self.faces = joined.collect();
        let names: Vec<String> = self.faces.iter().map(|face| face.name.clone()).collect();
        tracing::debug!(interfaces = ?names, "LANs of this machine");
        lock(&self.known).faces = names;
    }

    /// Takes in a datagram; returns where a member is, and what it shows of itself.
    fn hear(&mut self, received: &Received, shown: &[u8]) -> Option<(SocketAddr, Vec<u8>)> {
        let from = received.from;
        let ours = self.faces.iter().any(|face| face.index == received.interface);
        if received.to != GROUP || !ours || !from.ip().is_unicast_link_local() {
            return None;
        }
        let now = self.clock.now();
        let keys = lock(&self.known).keys.clone();
        if !self.pace.take(now) {
            lock(&self.known).refused.flood += 1;
            return None;
        }
        let mut opened = keys.iter().map(|key| LanKey::new(key).open(shown));
        let Some(words) = opened.find_map(|it| it) else {
            lock(&self.known).refused.strange += 1;
            return None;
        };
        let Ok(said) = Announcement::decode(&words) else {
            lock(&self.known).refused.malformed += 1;
            return None;
        };
        if said.from != *from.ip() {
            lock(&self.known).refused.repeated += 1;
            return None;
        }
        let at = SocketAddrV6::new(said.from, said.port, 0, received.interface);
        self.meet(at, now);
        Some((at.into(), said.introduction))
    }

    /// Announces us soon to who was not heard of late.
    fn meet(&mut self, at: SocketAddrV6, now: Time) {
        self.speakers.retain(|_, heard| now.since(*heard) < 3 * EVERY);
        if self.speakers.len() < SPEAKERS && self.speakers.insert(at, now).is_none() {
            self.burst = self.burst.max(1);
        }
    }
}

/// Returns the interfaces to be spoken on: those of these names, or of any.
fn faces(named: &[String]) -> Result<Vec<Face>, linux::Error> {
    let (links, addresses) = (linux::links()?, linux::addresses()?);
    let wanted = |link: &&linux::LinkState| {
        let many = link.up && !link.loopback && !link.point_to_point;
        many && (named.is_empty() || named.contains(&link.name))
    };
    let face = |link: &linux::LinkState| {
        let own = addresses.iter().find_map(|it| match it.address {
            std::net::IpAddr::V6(own) if it.index == link.index && !it.tentative => {
                own.is_unicast_link_local().then_some(own)
            }
            std::net::IpAddr::V6(_) | std::net::IpAddr::V4(_) => None,
        });
        Some(Face { index: link.index, name: link.name.clone(), own: own? })
    };
    Ok(links.iter().filter(wanted).filter_map(face).take(FACES).collect())
}

/// Returns up to `most`, by chance; without randomness, nothing.
fn some(most: Duration) -> Duration {
    let drawn = linux::seed().ok().and_then(|seed| seed.first().copied()).unwrap_or(0);
    most * u32::from(drawn) / 256
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(keys: &[[u8; 32]]) -> Lan {
        let known = Known { keys: keys.to_vec(), ..Known::default() };
        Lan { known: Arc::new(Mutex::new(known)), waker: Arc::new(Waker::new().unwrap()) }
    }

    #[test]
    fn the_key_before_is_still_understood_and_the_one_before_that_not() {
        let lan = known(&[]);
        assert!(!lan.has_key());
        assert_eq!(lan.key([1; 32]).unwrap(), [1; 32]);
        assert_eq!(lan.key([1; 32]), None, "nothing new need be kept");
        assert_eq!(lan.key([2; 32]).unwrap(), [[2; 32], [1; 32]].concat());
        let kept = lan.key([3; 32]).unwrap();
        assert_eq!(kept, [[3; 32], [2; 32]].concat());

        let again = known(&[]);
        again.remember(&kept);
        assert_eq!(lock(&again.known).keys, [[3; 32], [2; 32]]);
        again.remember(&kept[..40]);
        assert_eq!(lock(&again.known).keys, [[3; 32]], "half a key is none");
    }
}
