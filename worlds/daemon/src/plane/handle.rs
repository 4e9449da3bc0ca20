//! The control thread's hands on the plane.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crypto::session::{OVERHEAD, Session};
use forward::{Own, Table, Target};
use noise::Keys;
use words::{LinkId, Prefix};

use super::shared::{Inlet, Link, Outlet, Shared, Snapshot};
use super::{Loss, Traffic};

/// Changes what the plane does, and sends what must not wait.
///
/// Links and sessions change at once, ranges at [`commit`](Self::commit). The plane stops
/// when the handle is dropped.
#[derive(Debug)]
pub struct Handle {
    shared: Arc<Shared>,
    /// The next snapshot; its table lags behind `ranges` until they are committed.
    next: Snapshot,
    own: Own,
    ranges: BTreeMap<Prefix, Target>,
    uncommitted: bool,
    /// How many were installed.
    sessions: u64,
    thread: Option<JoinHandle<()>>,
}

impl Handle {
    pub(super) fn new(
        shared: Arc<Shared>,
        own: Own,
        local: &[Prefix],
        thread: JoinHandle<()>,
    ) -> Self {
        let ranges = local.iter().map(|range| (*range, Target::Local)).collect();
        let next = Snapshot::empty(own);
        let thread = Some(thread);
        let uncommitted = true;
        let mut handle = Self { shared, next, own, ranges, uncommitted, sessions: 0, thread };
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
        self.publish();
        // What is sealed with new keys may be answered with them at once: by now they open.
        if let Some(outlet) = newer {
            known.outlet.store(Arc::new(outlet));
        }
    }

    /// Forgets the session with this local index: what still comes for it is a stranger.
    pub fn retire(&mut self, index: u32) {
        if self.next.inlets.remove(&index).is_some() {
            self.publish();
        }
    }

    /// Sends by `link` to another address from now on.
    pub fn redirect(&mut self, link: LinkId, to: SocketAddr) {
        if let Some(link) = self.next.links.get(&link) {
            link.redirect(to);
        }
    }

    /// Sends nothing more by `link`. Payload that is still under way to us arrives until
    /// the link's sessions are retired, control frames do not.
    ///
    /// Its ranges stay, and lose their packets, until they are set anew.
    pub fn drop_link(&mut self, link: LinkId) {
        if self.next.links.remove(&link).is_some() {
            self.publish();
        }
    }

    /// Sends packets for `range` by `link`, or nowhere; holds from the next
    /// [`commit`](Self::commit).
    ///
    /// A range that is ours stays so.
    pub fn set_route(&mut self, range: Prefix, link: Option<LinkId>) {
        let target = link.map(Target::Link);
        let before = self.ranges.get(&range).copied();
        if before == Some(Target::Local) || before == target {
            return;
        }
        match target {
            Some(target) => _ = self.ranges.insert(range, target),
            None => _ = self.ranges.remove(&range),
        }
        self.uncommitted = true;
    }

    /// Makes the ranges set since the last time hold, all at once.
    pub fn commit(&mut self) {
        if self.uncommitted {
            self.uncommitted = false;
            let ranges = self.ranges.iter().map(|(range, target)| (*range, *target));
            self.next.table = Arc::new(Table::new(self.own, ranges));
            self.publish();
        }
    }

    /// Seals a frame and sends it by `link` at once, past any payload.
    ///
    /// Shape: the whole frame, with its first octet; empty to show that we live. Nothing is
    /// sent by a link that is not there or has used its keys up.
    pub fn send(&self, link: LinkId, frame: &[u8]) {
        let Some(link) = self.next.links.get(&link) else { return self.lose(Loss::NoLink) };
        let outlet = link.outlet.load();
        let mut datagram = Vec::with_capacity(frame.len() + OVERHEAD);
        if outlet.session.seal(frame, &mut datagram).is_err() {
            return self.lose(Loss::NoLink);
        }
        link.counters.sent(datagram.len());
        self.transmit(outlet.to, &datagram);
    }

    /// Sends a datagram as it is, at once: a handshake.
    pub fn transmit(&self, to: SocketAddr, bytes: &[u8]) {
        if self.shared.udp.send_to(to, bytes).is_err() {
            self.lose(Loss::Unsent);
        }
    }

    /// Returns how many packets of payload crossed `link`, both ways; `None` if it is not
    /// there.
    pub fn payload_packets(&self, link: LinkId) -> Option<u64> {
        self.next.links.get(&link).map(|link| link.counters.payload_packets())
    }

    /// Returns what each link carried.
    pub fn link_counters(&self) -> impl Iterator<Item = (LinkId, Traffic)> {
        self.next.links.iter().map(|(id, link)| (*id, link.counters.read()))
    }

    /// Returns how much was lost, by cause.
    pub fn counters(&self) -> BTreeMap<&'static str, u64> {
        self.shared.losses.read()
    }

    /// Stops the packet thread and waits for it; the interface vanishes with it.
    pub fn stop(self) {}

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
