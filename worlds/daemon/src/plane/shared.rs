//! What the worker and the control thread share: a snapshot, and counters.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use crypto::session::Session;
use forward::{Own, Table};
use linux::{Clock, Udp, Waker};
use words::routing::Range;
use words::{LinkId, Time};

use super::loss::Losses;
use super::room::{Place, Room};

/// How many control frames of one link may wait for the control thread.
const SHARE: usize = 64;

/// How often the control thread is told at most that one link moved.
const STEADY: Duration = Duration::from_secs(1);

/// Payload after a rest as long as this is news for the control thread.
const REST: Duration = Duration::from_millis(250);

/// What both sides have.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) udp: Udp,
    pub(super) clock: Clock,
    pub(super) losses: Losses,
    /// Octets of packets that came by a link and left by one, and of those that we let out of the
    /// network, or in.
    pub(super) relayed: AtomicU64,
    /// Octets of the line that gossip took, for which payload has not yet made room.
    pub(super) owed: AtomicU64,
    pub(super) snapshot: ArcSwap<Snapshot>,
    pub(super) stop: AtomicBool,
    /// Wakes the worker to stop; nothing else needs it awake.
    pub(super) waker: Waker,
}

impl Shared {
    pub(super) fn new(udp: Udp, clock: Clock, own: Own) -> Result<Self, linux::Error> {
        Ok(Self {
            udp,
            clock,
            losses: Losses::new(),
            relayed: AtomicU64::new(0),
            owed: AtomicU64::new(0),
            snapshot: ArcSwap::from_pointee(Snapshot::empty(own)),
            stop: AtomicBool::new(false),
            waker: Waker::new()?,
        })
    }
}

/// All that the worker needs to know, at one moment.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) table: Arc<Table>,
    pub(super) links: BTreeMap<LinkId, Arc<Link>>,
    /// By the index that the other end writes into its packets.
    pub(super) inlets: BTreeMap<u32, Arc<Inlet>>,
}

impl Snapshot {
    pub(super) fn empty(own: Own) -> Self {
        let table = Arc::new(Table::new::<Range>(own, []));
        Self { table, links: BTreeMap::new(), inlets: BTreeMap::new() }
    }
}

/// One link: how to send by it, and what it carried. Outlives its sessions.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) id: LinkId,
    pub(super) outlet: ArcSwap<Outlet>,
    pub(super) counters: Counters,
    /// Its share of the room for control frames.
    pub(super) frames: Room,
    /// One move waits for the control thread at a time.
    moves: Room,
    told: Mutex<Told>,
}

/// What was told of where the other end is.
#[derive(Debug, Default)]
struct Told {
    /// The new address that was told last: each is told once.
    address: Option<SocketAddr>,
    /// When the next may be told.
    next: Time,
}

impl Link {
    pub(super) fn new(id: LinkId, outlet: Outlet, now: Time) -> Self {
        let counters = Counters::default();
        counters.heard.store(now.as_micros(), Ordering::Relaxed);
        let (frames, moves) = (Room::for_(SHARE), Room::for_(1));
        Self {
            id,
            outlet: ArcSwap::from_pointee(outlet),
            counters,
            frames,
            moves,
            told: Mutex::default(),
        }
    }

    /// Sends to another address from now on.
    pub(super) fn redirect(&self, to: SocketAddr) {
        self.outlet.rcu(|outlet| Outlet { to, ..Outlet::clone(outlet) });
        self.told().address = None;
    }

    /// Returns leave to tell that an authenticated packet came from elsewhere, if it is to
    /// be told. One of keys that are no longer used may be late, and from where the other
    /// end no longer is.
    fn has_moved(&self, inlet: &Inlet, from: SocketAddr, now: Time) -> Option<Place> {
        let outlet = self.outlet.load();
        if outlet.to == from || !Arc::ptr_eq(&outlet.session, &inlet.session) {
            return None;
        }
        let mut told = self.told();
        if told.address == Some(from) || now < told.next {
            return None;
        }
        let leave = self.moves.take()?;
        *told = Told { address: Some(from), next: now + STEADY };
        Some(leave)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The session that seals what a link sends, and where it is sent.
#[derive(Clone, Debug)]
pub(super) struct Outlet {
    pub(super) session: Arc<Session>,
    /// Later sessions have greater numbers.
    pub(super) serial: u64,
    pub(super) to: SocketAddr,
}

/// A session that opens what comes in.
#[derive(Debug)]
pub(super) struct Inlet {
    pub(super) link: Arc<Link>,
    pub(super) session: Arc<Session>,
    pub(super) serial: u64,
    /// The other end asked for it, and has not shown yet that it has the keys.
    pub(super) unproven: AtomicBool,
}

/// What a packet shows besides what it carries.
#[derive(Debug)]
pub(super) struct News {
    /// It is the first of a session that the other end asked for.
    pub(super) first: bool,
    /// The other end is somewhere else: leave to tell it.
    pub(super) moved: Option<Place>,
}

impl Inlet {
    /// Notes an authenticated packet of `octets` from `from`.
    pub(super) fn heard(&self, from: SocketAddr, octets: usize, now: Time) -> News {
        let unproven = &self.unproven;
        let first = unproven.load(Ordering::Relaxed) && unproven.swap(false, Ordering::Relaxed);
        if first {
            self.link.outlet.rcu(|outlet| self.or_newer(outlet));
        }
        let counters = &self.link.counters;
        counters.packets_in.fetch_add(1, Ordering::Relaxed);
        add(&counters.octets_in, octets);
        counters.heard.store(now.as_micros(), Ordering::Relaxed);
        News { first, moved: self.link.has_moved(self, from, now) }
    }

    /// This session, to seal with, unless `outlet` has a newer one.
    fn or_newer(&self, outlet: &Outlet) -> Outlet {
        let (session, serial) = if outlet.serial > self.serial {
            (&outlet.session, outlet.serial)
        } else {
            (&self.session, self.serial)
        };
        Outlet { session: Arc::clone(session), serial, to: outlet.to }
    }
}

/// What a link carried since it came up.
#[derive(Debug, Default)]
pub(super) struct Counters {
    packets_in: AtomicU64,
    packets_out: AtomicU64,
    octets_in: AtomicU64,
    octets_out: AtomicU64,
    payload: AtomicU64,
    heard: AtomicU64,
    last_payload: AtomicU64,
    stirred: AtomicBool,
}

impl Counters {
    /// Notes one datagram sent.
    pub(super) fn sent(&self, octets: usize) {
        self.packets_out.fetch_add(1, Ordering::Relaxed);
        add(&self.octets_out, octets);
    }

    /// Notes one packet of payload, in or out. Tells whether the control thread should hear of
    /// it: it is the first for a while, and no such news waits for it already.
    pub(super) fn carried(&self, now: Time) -> bool {
        self.payload.fetch_add(1, Ordering::Relaxed);
        let before = self.last_payload.swap(now.as_micros(), Ordering::Relaxed);
        now.since(Time::from_micros(before)) > REST && !self.stirred.swap(true, Ordering::Relaxed)
    }

    /// Notes that the control thread has heard that payload crosses.
    pub(super) fn settled(&self) {
        self.stirred.store(false, Ordering::Relaxed);
    }

    /// Returns when anything authentic came in last.
    pub(super) fn heard(&self) -> Time {
        Time::from_micros(self.heard.load(Ordering::Relaxed))
    }

    /// Returns when payload last crossed; the beginning of time, if never.
    pub(super) fn last_payload(&self) -> Time {
        Time::from_micros(self.last_payload.load(Ordering::Relaxed))
    }

    pub(super) fn payload_packets(&self) -> u64 {
        self.payload.load(Ordering::Relaxed)
    }

    pub(super) fn read(&self) -> Carried {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let payload_packets = read(&self.payload);
        let last_payload = Time::from_micros(read(&self.last_payload));
        Carried {
            packets_in: read(&self.packets_in),
            packets_out: read(&self.packets_out),
            octets_in: read(&self.octets_in),
            octets_out: read(&self.octets_out),
            payload_packets,
            heard: Time::from_micros(read(&self.heard)),
            last_payload: (payload_packets > 0).then_some(last_payload),
        }
    }
}

fn add(counter: &AtomicU64, octets: usize) {
    counter.fetch_add(u64::try_from(octets).unwrap_or(0), Ordering::Relaxed);
}

/// What a link carried since it came up, all datagrams of its sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Datagrams that came in and were authentic.
    pub packets_in: u64,
    /// Datagrams that were sent.
    pub packets_out: u64,
    /// Octets of the datagrams that came in, without IP and UDP headers.
    pub octets_in: u64,
    /// Octets of the datagrams that were sent, without IP and UDP headers.
    pub octets_out: u64,
    /// Packets of payload, both ways.
    pub payload_packets: u64,
    /// When the last authentic datagram came in; when the link came up, before the first.
    pub heard: Time,
    /// When the last payload crossed, either way.
    pub last_payload: Option<Time>,
}
