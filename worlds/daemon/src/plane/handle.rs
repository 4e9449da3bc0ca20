//! The control thread's hands on the plane.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crypto::session::{OVERHEAD, Session};
use forward::{Own, Table, Target};
use noise::Keys;
use words::frame::Kind;
use words::routing::Range;
use words::{LinkId, Prefix, Traffic};

use super::glance::Glances;
use super::pace::on_line;
use super::shared::{Inlet, Link, Outlet, Shared, Snapshot};
use super::{Carried, Loss};

/// Changes what the plane does, and sends what must not wait.
///
/// What is new holds at once; what changes or goes holds at [`commit`](Self::commit), all
/// together: a packet meets either the link that goes or the range that replaces it. The
/// plane stops when the handle is dropped.
#[derive(Debug)]
pub struct Handle {
    shared: Arc<Shared>,
    /// The next snapshot; its table lags behind the ranges until they are committed.
    next: Snapshot,
    own: Own,
    /// What routing decided.
    routes: BTreeMap<Range, LinkId>,
    /// What goes before it.
    fixed: BTreeMap<Range, Target>,
    /// Ranges that lead nowhere where no longer one is routed.
    closed: Vec<Prefix>,
    uncommitted: bool,
    /// Links and sessions that the next snapshot still has, until all is committed.
    going: Going,
    /// How many were installed.
    sessions: u64,
    glances: Glances,
    /// Datagrams and octets that are no payload, and were sent.
    control: Cell<(u64, u64)>,
    thread: Option<JoinHandle<()>>,
}

/// What goes at the next commit.
#[derive(Debug, Default)]
struct Going {
    links: BTreeSet<LinkId>,
    /// Sessions, by our index.
    inlets: BTreeSet<u32>,
}

impl Handle {
    pub(super) fn new(shared: Arc<Shared>, own: Own, thread: JoinHandle<()>) -> Self {
        let (routes, fixed) = (BTreeMap::new(), BTreeMap::new());
        let next = Snapshot::empty(own);
        let thread = Some(thread);
        let uncommitted = true;
        let going = Going::default();
        let (sessions, glances, control) = (0, Glances::default(), Cell::default());
        let mut handle = Self {
            shared,
            next,
            own,
            routes,
            fixed,
            closed: Vec::new(),
            uncommitted,
            going,
            sessions,
            glances,
            control,
            thread,
        };
        handle.commit();
        handle
    }

    /// Gives a link the keys of a session, its first or a new one, and the address of the
    /// other end.
    ///
    /// If we asked for the session, it seals from now on: the other end has the keys. Else
    /// it seals from the first packet it opens; until then the one before does, if there is
    /// one. Both open until [`retire`](Self::retire).
    pub fn install(&mut self, link: LinkId, keys: &Keys, to: SocketAddr) {
        let session = Arc::new(Session::new(keys));
        self.sessions += 1;
        let serial = self.sessions;
        let outlet = Outlet { session: Arc::clone(&session), serial, to };
        let (known, newer) = if let Some(known) = self.next.links.get(&link) {
            (Arc::clone(known), keys.initiator.then_some(outlet))
        } else {
            let known = Arc::new(Link::new(link, outlet, self.shared.clock.now()));
            self.next.links.insert(link, Arc::clone(&known));
            (known, None)
        };
        let unproven = AtomicBool::new(!keys.initiator);
        let inlet = Inlet { link: Arc::clone(&known), session, serial, unproven };
        self.next.inlets.insert(keys.local, Arc::new(inlet));
        self.going.inlets.remove(&keys.local);
        self.publish();
        // What is sealed with new keys may be answered with them at once: by now they open.
        if let Some(outlet) = newer {
            known.outlet.store(Arc::new(outlet));
        }
    }

    /// Forgets the session with this local index: what still comes for it after the next
    /// [`commit`](Self::commit) is a stranger.
    pub fn retire(&mut self, index: u32) {
        self.going.inlets.insert(index);
    }

    /// Sends by `link` to another address from now on.
    pub fn redirect(&mut self, link: LinkId, to: SocketAddr) {
        if let Some(link) = self.next.links.get(&link) {
            link.redirect(to);
        }
    }

    /// Sends nothing more by `link`: control frames from now on, payload from the next
    /// [`commit`](Self::commit). Payload that is still under way to us arrives until the
    /// link's sessions are retired, control frames do not.
    ///
    /// Ranges that still name it then stay, and lose their packets, until they are set anew.
    pub fn drop_link(&mut self, link: LinkId) {
        if self.next.links.contains_key(&link) {
            self.going.links.insert(link);
        }
    }

    /// Sends packets for `range` by `link`, or nowhere; holds from the next
    /// [`commit`](Self::commit).
    pub fn set_route(&mut self, range: Range, link: Option<LinkId>) {
        let before = match link {
            Some(link) => self.routes.insert(range, link),
            None => self.routes.remove(&range),
        };
        self.uncommitted |= before != link;
    }

    /// Does this with packets for `range`, whatever routing says; `None`: what routing says.
    /// Holds from the next [`commit`](Self::commit).
    pub fn set_fixed(&mut self, range: Range, target: Option<Target>) {
        let before = match target {
            Some(target) => self.fixed.insert(range, target),
            None => self.fixed.remove(&range),
        };
        self.uncommitted |= before != target;
    }

    /// Lets packets for these ranges, and no longer for those closed before, lead nowhere where no
    /// longer range is routed; holds from the next [`commit`](Self::commit).
    pub fn close_ranges(&mut self, ranges: Vec<Prefix>) {
        for range in std::mem::replace(&mut self.closed, ranges.clone()) {
            self.set_fixed(range.into(), None);
        }
        for range in ranges {
            self.set_fixed(range.into(), Some(Target::Unreachable));
        }
    }

    /// Sends ICMP messages about IPv4 from this address; holds from the next
    /// [`commit`](Self::commit).
    pub fn set_ipv4(&mut self, own: Option<Ipv4Addr>) {
        self.uncommitted |= self.own.ipv4 != own;
        self.own.ipv4 = own;
    }

    /// Makes the ranges set since the last time hold, all at once, and links and sessions
    /// that go be gone in the same moment.
    pub fn commit(&mut self) {
        let going = std::mem::take(&mut self.going);
        for link in &going.links {
            self.next.links.remove(link);
        }
        for index in &going.inlets {
            self.next.inlets.remove(index);
        }
        if !(going.links.is_empty() && going.inlets.is_empty()) || self.uncommitted {
            self.tabulate();
            self.publish();
        }
    }

    /// Makes the ranges set since the last time hold, and leaves links that go: other
    /// ranges may still need them.
    pub fn commit_ranges(&mut self) {
        if self.uncommitted {
            self.tabulate();
            self.publish();
        }
    }

    /// Brings the table of the next snapshot up to date.
    fn tabulate(&mut self) {
        if self.uncommitted {
            self.uncommitted = false;
            let routes = self.routes.iter().map(|(range, link)| (*range, Target::Link(*link)));
            let fixed = self.fixed.iter().map(|(range, target)| (*range, *target));
            self.next.table = Arc::new(Table::new(self.own, routes.chain(fixed)));
        }
    }

    /// Seals a frame and sends it by `link` at once, past any payload.
    ///
    /// Shape: the whole frame, with its first octet; empty to show that we live. Nothing is
    /// sent by a link that is not there or has used its keys up.
    pub fn send(&self, link: LinkId, frame: &[u8]) {
        let Some(link) = self.link(link) else { return self.lose(Loss::LateControl) };
        let outlet = link.outlet.load();
        let mut datagram = Vec::with_capacity(frame.len() + OVERHEAD);
        if outlet.session.seal(frame, &mut datagram).is_err() {
            return self.lose(Loss::LateControl);
        }
        link.counters.sent(datagram.len());
        if let Some((Kind::Gossip, _)) = Kind::of(frame) {
            self.shared.owed.fetch_add(on_line(datagram.len()), Ordering::Relaxed);
        }
        self.transmit(outlet.to, &datagram);
    }

    /// Sends a datagram as it is, at once: a handshake.
    pub fn transmit(&self, to: SocketAddr, bytes: &[u8]) {
        if self.shared.udp.send_ahead(to, bytes).is_err() {
            return self.lose(Loss::Unsent);
        }
        let (datagrams, octets) = self.control.get();
        let more = u64::try_from(bytes.len()).unwrap_or(0);
        self.control.set((datagrams + 1, octets + more));
    }

    /// Returns how many packets of payload crossed `link`, both ways; `None` if it is not
    /// there.
    pub fn payload_packets(&self, link: LinkId) -> Option<u64> {
        self.link(link).map(|link| link.counters.payload_packets())
    }

    /// Returns how many datagrams that are no payload were sent, and their octets without IP and
    /// UDP headers.
    pub const fn control_sent(&self) -> (u64, u64) {
        self.control.get()
    }

    /// Returns how many octets of payload we carried for others: what came by a link and left by one,
    /// and what we let out of the network, and in, as an exit.
    pub fn relayed(&self) -> u64 {
        self.shared.relayed.load(Ordering::Relaxed)
    }

    /// Returns what crossed links since this was last asked; links that nothing crossed are
    /// left out.
    pub fn traffic(&mut self) -> Vec<Traffic> {
        self.glances.look(&self.next)
    }

    /// Returns what each link carried.
    pub fn link_counters(&self) -> impl Iterator<Item = (LinkId, Carried)> {
        let here = self.next.links.iter().filter(|(id, _)| !self.going.links.contains(id));
        here.map(|(id, link)| (*id, link.counters.read()))
    }

    /// Returns how much was lost, by cause.
    pub fn counters(&self) -> BTreeMap<&'static str, u64> {
        self.shared.losses.read()
    }

    /// Stops the packet thread and waits for it; the interface vanishes with it.
    pub fn stop(self) {}

    /// Returns a link that is there, and does not go.
    fn link(&self, id: LinkId) -> Option<&Arc<Link>> {
        self.next.links.get(&id).filter(|_| !self.going.links.contains(&id))
    }

    fn publish(&self) {
        self.shared.snapshot.store(Arc::new(self.next.clone()));
    }

    fn lose(&self, loss: Loss) {
        self.shared.losses.add(loss, 1);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.waker.wake();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}
