//! The packet thread: reads, judges, seals, sends.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crypto::session::{Mask, OVERHEAD};
use forward::{Own, Verdict, Where, judge};
use linux::{BATCH, Batch, Burst, LARGEST, Tun};
use words::frame::Kind;
use words::{LinkId, Time};

use crate::overlay::is_word;

use super::bucket::Bucket;
use super::pace::{Pace, on_line};
use super::room::Room;
use super::shared::{Inlet, Link, Shared, Snapshot};
use super::{FromPlane, Loss};

/// How many batches of datagrams, or packets of the interface, are taken before the other
/// source has its turn.
const BATCHES: usize = 4;
const PACKETS: usize = BATCHES * BATCH;

/// How much may wait for the control thread.
const FRAMES: usize = 1024;
const HANDSHAKES: usize = 256;

/// How long a broken source is left alone before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// The thread's own things.
pub(super) struct Worker {
    shared: Arc<Shared>,
    tun: Tun,
    mask: Mask,
    tell: Box<dyn Fn(FromPlane) + Send>,
    frames: Room,
    handshakes: Room,
    burst: Burst,
    answers: Bucket,
    pace: Option<Pace>,
}

impl Worker {
    pub(super) fn new(
        shared: Arc<Shared>,
        tun: Tun,
        mask: Mask,
        tell: Box<dyn Fn(FromPlane) + Send>,
    ) -> Self {
        let answers = Bucket::full(shared.clock.now());
        let (frames, handshakes) = (Room::for_(FRAMES), Room::for_(HANDSHAKES));
        let (burst, pace) = (Burst::new(), None);
        Self { shared, tun, mask, tell, frames, handshakes, burst, answers, pace }
    }

    /// Keeps payload below what the line of this machine sends, in Mbit/s, if that is known.
    pub(super) fn keep_to(&mut self, uplink: Option<u32>) {
        let now = self.shared.clock.now();
        self.pace = uplink.map(|mbit| Pace::of(mbit, now));
    }

    /// Works until it is told to stop.
    pub(super) fn run(mut self) {
        let mut batch = Batch::new();
        while !self.shared.stop.load(Ordering::Relaxed) {
            if let Err(error) = self.turn(&mut batch) {
                tracing::warn!(%error, "the packet thread cannot read; it tries again in 1 s");
                // Only to be told to stop is worth waking for.
                let _ = linux::readable([self.shared.waker.as_fd()], Some(PAUSE));
            }
        }
    }

    /// Waits until there is something to do, and does it.
    fn turn(&mut self, batch: &mut Batch) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        let sources = [shared.udp.as_fd(), self.tun.as_fd(), shared.waker.as_fd()];
        let [udp, tun, _] = linux::readable(sources, None)?;
        let snapshot = shared.snapshot.load_full();
        self.pay_off();
        if udp {
            self.read_udp(batch, &snapshot)?;
        }
        if tun {
            self.read_tun(&snapshot)?;
        }
        Ok(())
    }

    fn read_udp(&mut self, batch: &mut Batch, snapshot: &Snapshot) -> io::Result<()> {
        for _ in 0..BATCHES {
            let filled = self.shared.udp.receive(batch)?;
            let now = self.shared.clock.now();
            for (from, datagram) in batch.datagrams() {
                self.take_datagram(snapshot, from, datagram, now);
            }
            self.flush();
            if filled < BATCH {
                break;
            }
        }
        Ok(())
    }

    fn read_tun(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let now = self.shared.clock.now();
        let mut buffer = [0; LARGEST];
        for _ in 0..PACKETS {
            let Some(length) = self.tun.read(&mut buffer)? else { break };
            if let Some(packet) = buffer.get_mut(..length) {
                self.take_packet(snapshot, packet, Where::Kernel, now);
            }
        }
        self.flush();
        Ok(())
    }

    fn take_datagram(
        &mut self,
        snapshot: &Snapshot,
        from: SocketAddr,
        datagram: &mut [u8],
        now: Time,
    ) {
        let index = self.mask.index(datagram);
        let fresh;
        let mut snapshot = snapshot;
        if !index.is_some_and(|index| snapshot.inlets.contains_key(&index)) {
            // Its keys may have come since this turn began.
            fresh = self.shared.snapshot.load_full();
            snapshot = &fresh;
        }
        let Some(inlet) = index.and_then(|index| snapshot.inlets.get(&index)) else {
            let bytes = self.handshakes.hold(datagram);
            return self.tell(bytes.map(|bytes| FromPlane::Handshake { from, bytes }));
        };
        let octets = datagram.len();
        match inlet.session.open(datagram) {
            Ok(frame) => {
                let (link, news) = (inlet.link.id, inlet.heard(from, octets, now));
                if news.first {
                    let receiver = inlet.session.local();
                    (self.tell)(FromPlane::Heard { link, receiver });
                }
                if let Some(told) = news.moved {
                    (self.tell)(FromPlane::Moved { link, from, told });
                }
                self.take_frame(snapshot, inlet, frame, now);
            }
            Err(_) => self.lose(Loss::Rejected),
        }
    }

    fn take_frame(&mut self, snapshot: &Snapshot, inlet: &Inlet, frame: &mut [u8], now: Time) {
        let link = inlet.link.id;
        match Kind::of(frame) {
            Some((Kind::Ipv4 | Kind::Ipv6, _)) => {
                self.carried(&inlet.link, now);
                self.take_packet(snapshot, frame, Where::Link(link), now);
            }
            None if frame.is_empty() => {}
            Some(_) | None if !snapshot.links.contains_key(&link) => self.lose(Loss::LateControl),
            Some((Kind::Routing | Kind::Arrows | Kind::Gossip, _)) | None => {
                let frame = self.frames.hold_of(&inlet.link.frames, frame);
                self.tell(frame.map(|frame| FromPlane::Control { link, frame, read: now }));
            }
        }
    }

    /// Does with a packet what the forwarder says.
    fn take_packet(&mut self, snapshot: &Snapshot, packet: &mut [u8], from: Where, now: Time) {
        match judge(packet, &snapshot.table, from) {
            Verdict::Deliver => self.deliver(packet),
            Verdict::LetOut => {
                self.deliver(packet);
                self.bore(packet);
            }
            Verdict::Send(_) | Verdict::LetIn(_)
                if !self.has_room(packet, (from, snapshot.table.own()), now) =>
            {
                self.lose(Loss::OverUplink);
            }
            Verdict::LetIn(link) => {
                self.bore(packet);
                self.send(snapshot, link, packet, now);
            }
            Verdict::Send(link) => {
                if matches!(from, Where::Link(_)) {
                    self.bore(packet);
                }
                self.send(snapshot, link, packet, now);
            }
            Verdict::Drop(why) => self.lose(Loss::Forward(why)),
            Verdict::Answer(why, mut answer) => {
                self.lose(Loss::Forward(why));
                if self.answers.take(now) {
                    // An answer is never answered, so this goes no deeper.
                    self.take_packet(snapshot, &mut answer, Where::Here, now);
                } else {
                    self.lose(Loss::Unanswered);
                }
            }
        }
    }

    /// Counts a packet that is carried for others.
    fn bore(&self, packet: &[u8]) {
        let octets = u64::try_from(packet.len()).unwrap_or(0);
        self.shared.relayed.fetch_add(octets, Ordering::Relaxed);
    }

    /// Counts what was said in bulk since the last turn. Hellos make a turn every few seconds, so that what
    /// is owed is paid off by time without payload as well.
    fn pay_off(&mut self) {
        let Some(pace) = &mut self.pace else { return };
        let owed = self.shared.owed.swap(0, Ordering::Relaxed);
        if owed > 0 {
            pace.owe(owed, self.shared.clock.now());
        }
    }

    /// Tells whether the line of this machine has room for a packet. What we say to other nodes over
    /// the overlay is no payload: it goes, and payload makes room for it.
    fn has_room(&mut self, packet: &[u8], (from, own): (Where, &Own), now: Time) -> bool {
        let Some(pace) = &mut self.pace else { return true };
        let octets = packet.len() + OVERHEAD;
        if matches!(from, Where::Kernel) && is_word(packet, own.ipv6) {
            return pace.owe(on_line(octets), now);
        }
        pace.admits(octets, now)
    }

    fn deliver(&self, packet: &[u8]) {
        if self.tun.write(packet).is_err() {
            self.lose(Loss::Undelivered);
        }
    }

    fn send(&mut self, snapshot: &Snapshot, link: LinkId, packet: &[u8], now: Time) {
        let Some(link) = snapshot.links.get(&link) else { return self.lose(Loss::NoLink) };
        if self.burst.is_full() {
            self.flush();
        }
        if !push(&mut self.burst, link, packet) {
            return self.lose(Loss::NoLink);
        }
        self.carried(link, now);
    }

    fn carried(&self, link: &Link, now: Time) {
        if link.counters.carried(now) {
            (self.tell)(FromPlane::Stirred { link: link.id });
        }
    }

    fn flush(&mut self) {
        let lost = self.shared.udp.send(&mut self.burst);
        if lost > 0 {
            self.shared.losses.add(Loss::Unsent, u64::try_from(lost).unwrap_or(0));
        }
    }

    fn tell(&self, word: Option<FromPlane>) {
        match word {
            Some(word) => (self.tell)(word),
            None => self.lose(Loss::NoRoom),
        }
    }

    fn lose(&self, loss: Loss) {
        self.shared.losses.add(loss, 1);
    }
}

/// Seals one packet into the burst, unless the session has sealed all it may.
fn push(burst: &mut Burst, link: &Link, packet: &[u8]) -> bool {
    let outlet = link.outlet.load();
    burst.push(outlet.to, |out| {
        outlet.session.seal(packet, out).ok()?;
        link.counters.sent(out.len());
        Some(())
    })
}
