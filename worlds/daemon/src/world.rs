//! The real world of one node: one thread, one loop, one order of events.
//!
//! Everything that happens reaches the loop as one [`Happened`]; the engines are told,
//! asked what they want, and it is done. The packet plane works beside it on threads
//! of its own and shares only snapshots with it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use node::Input;
use noise::Noise;
use registry::client::Company;
use words::frame::Kind;
use words::{Engine, LinkId, Time, Wall};

use crate::birth::RealNode;
use crate::control::Pending;
use crate::identity::Identity;
use crate::interface::Device;
use crate::keeper::Keeper;
use crate::lan::Lan;
use crate::mapper::{Found, Mapper};
use crate::overlay::{Heard, Overlay};
use crate::places::Places;
use crate::plane::{self, FromPlane};
use crate::record::Recorder;
use crate::registrar::{News, Registrar};
use crate::state::{State, Unusable};
use crate::tally::Tally;
use crate::uplink::Uplink;

mod exit;
mod load;
mod meshes;
mod own;
mod payload;
mod perform;
mod report;
mod roam;
mod share;
mod way_out;
mod why;

pub(crate) use exit::Exit;
pub(crate) use way_out::{MARK, WayOut};

/// How often a watched link is looked at for payload.
const GLANCE: Duration = Duration::from_millis(200);
/// How long the loop waits at most: so late, besides, is it after the machine slept.
const LOOK_UP: Duration = Duration::from_secs(2);
/// How often the engines are told the calendar, and this machine's addresses are read.
const CALENDAR: Duration = Duration::from_mins(1);
/// How many events are taken in before the plane is told what they changed.
const TURN: usize = 256;

/// Something that happened outside the engines.
#[derive(Debug)]
pub(crate) enum Happened {
    /// In the packet plane.
    Plane(FromPlane),
    /// A node told us something over the overlay, which was read then.
    Overlay(Ipv6Addr, Heard, Time),
    /// A member announced itself on a LAN, from there.
    OnLan(SocketAddr, Heard),
    /// Somebody asks on the control socket.
    Asked(Pending),
    /// The registry answered.
    Registry(News),
    /// Whether the machine has a way to the Internet was looked at, and changed.
    Uplink(Uplink),
    /// The registry answers at these addresses.
    RegistryAt(Vec<IpAddr>),
    /// A file could not be written.
    NotKept(Unusable),
    /// This machine may have other addresses, or leave by another.
    Network,
    /// The router was asked to forward our port.
    Mapped(Found),
    /// We are to stop.
    Stop,
}

/// One running node: its engines, and everything outside that they work on.
pub(crate) struct World {
    pub(crate) clock: linux::Clock,
    pub(crate) node: RealNode,
    pub(crate) noise: Noise,
    pub(crate) plane: plane::Handle,
    pub(crate) device: Device,
    pub(crate) overlay: Overlay,
    /// Our LANs, unless they do not concern us.
    pub(crate) lan: Option<Lan>,
    pub(crate) registrar: Registrar,
    pub(crate) state: State,
    pub(crate) identity: Identity,
    /// Our IPv4 addresses, if the network has any for us.
    pub(crate) ipv4: Option<node::Ipv4>,
    pub(crate) exit: Exit,
    pub(crate) way_out: WayOut,
    pub(crate) places: Places,
    /// Introductions to begin with that the configuration names.
    pub(crate) named: Vec<Vec<u8>>,
    /// What we show of ourselves.
    pub(crate) shown: Vec<u8>,
    /// Whether we say in it that we escaped.
    pub(crate) escaped: bool,
    pub(crate) recorder: Recorder,
    pub(crate) keeper: Keeper,
    /// Asks the router for our port, unless it is not to be asked.
    pub(crate) mapper: Option<Mapper>,
    /// By which protocol the router forwards our port.
    pub(crate) mapped_by: Option<&'static str>,
    pub(crate) tally: Tally,
    pub(crate) times: Times,
}

/// What the loop itself has to remember between two events.
pub(crate) struct Times {
    started: Time,
    next_glance: Time,
    next_calendar: Time,
    next_renewal: Time,
    /// When we look again where we are reached, if that may have changed.
    next_look: Option<Time>,
    /// Since we roamed: when, and when those not heard since are reminded.
    roamed: Option<roam::Roamed>,
    /// What the calendar said when we showed ourselves last.
    shown: Wall,
    /// When the node was told last what we carry for others, and how much we had carried.
    load: (Time, u64),
    /// The epoch in which we looked last at our share in beacons.
    shared: u64,
    /// The epoch in which the registry said last that it has what we revealed.
    revealed: Option<u64>,
    /// When we stop, once we were told to.
    end: Option<Time>,
    /// Links whose payload the node wants to hear of, and how many packets they had carried.
    watched: BTreeMap<LinkId, u64>,
}

impl Times {
    /// Returns the times of a world that starts `now`.
    pub(crate) const fn starting(now: Time) -> Self {
        let watched = BTreeMap::new();
        Self {
            started: now,
            next_glance: now,
            next_calendar: now,
            next_renewal: now,
            next_look: None,
            roamed: None,
            shown: Wall(0),
            load: (now, 0),
            shared: 0,
            revealed: None,
            end: None,
            watched,
        }
    }
}

impl World {
    /// Runs until told to stop, and then until routes have left us.
    pub(crate) fn run(&mut self, events: &Receiver<Happened>) {
        self.perform_all();
        loop {
            self.plane.commit();
            self.recorder.flush();
            if self.times.end.is_some_and(|end| self.clock.now() >= end) {
                return;
            }
            let first = self.wait(events);
            for happened in first.into_iter().chain(events.try_iter()).take(TURN) {
                self.take_in(happened);
                self.perform_all();
            }
            // Last, so that nobody is called silent whose words waited for us.
            if self.next_deadline() <= self.clock.now() {
                self.wake();
            }
        }
    }

    /// Waits for the next event, until the time of the engines has come.
    fn wait(&self, events: &Receiver<Happened>) -> Option<Happened> {
        let patience = self.next_deadline().since(self.clock.now());
        match events.recv_timeout(patience) {
            Ok(happened) => Some(happened),
            Err(RecvTimeoutError::Disconnected) => Some(Happened::Stop),
            Err(RecvTimeoutError::Timeout) => None,
        }
    }

    fn next_deadline(&self) -> Time {
        // Waiting does not count the time asleep, and our clock does: look up now and then.
        let mut due = self.times.next_calendar.or_earlier(self.clock.now() + LOOK_UP);
        let roamed = self.times.roamed.as_ref().map(|roamed| roamed.next);
        let way_out = self.way_out.deadline();
        let ours = [self.times.end, self.times.next_look, roamed, way_out];
        for one in ours.into_iter().flatten() {
            due = due.or_earlier(one);
        }
        if !self.times.watched.is_empty() {
            due = due.or_earlier(self.times.next_glance);
        }
        let node = self.node.deadline().map(|deadline| deadline.at);
        let noise = self.noise.deadline().map(|deadline| deadline.at);
        node.into_iter().chain(noise).fold(due, Time::or_earlier)
    }

    /// Lets the engines do what time alone asks for.
    fn wake(&mut self) {
        let now = self.clock.now();
        if now >= self.times.next_calendar {
            self.times.next_calendar = now + CALENDAR;
            let wall = linux::Clock::wall();
            self.tell(&Input::Calendar(wall));
            self.noise.handle(noise::Input::Calendar(wall), now);
            self.renew_if_due(now);
            self.introduce_if_due(now);
        }
        self.remind_if_roamed(now);
        self.tell_load_if_due(now);
        if self.times.next_look.take_if(|at| *at <= now).is_some() {
            self.introduce_if_due(now);
        }
        if self.way_out.deadline().is_some_and(|at| now >= at) {
            self.review_way_out();
        }
        if now >= self.times.next_glance && !self.times.watched.is_empty() {
            self.times.next_glance = now + GLANCE;
            self.glance();
        }
        if self.node.deadline().is_some_and(|deadline| deadline.at <= now) {
            self.look();
            self.tell(&Input::Wake);
        }
        if self.noise.deadline().is_some_and(|deadline| deadline.at <= now) {
            self.noise.handle(noise::Input::Wake, now);
        }
        self.perform_all();
    }

    /// Tells the node which watched links carried payload since the last glance.
    fn glance(&mut self) {
        let seen: Vec<_> = (self.times.watched.iter())
            .map(|(link, before)| (*link, *before, self.plane.payload_packets(*link)))
            .collect();
        for (link, before, packets) in seen {
            match packets {
                None => _ = self.times.watched.remove(&link),
                Some(packets) if packets != before => {
                    self.times.watched.insert(link, packets);
                    self.tell(&Input::Carried(link));
                }
                Some(_) => {}
            }
        }
    }

    /// Tells the node what crossed its links since the last look.
    fn look(&mut self) {
        let traffic = self.plane.traffic();
        if !traffic.is_empty() {
            self.tell(&Input::Traffic(&traffic));
        }
    }

    /// Tells the node something, and notes it.
    pub(crate) fn tell(&mut self, input: &Input<'_>) {
        let now = self.clock.now();
        self.recorder.told(input, now);
        self.node.handle(input.clone(), now);
    }

    fn take_in(&mut self, happened: Happened) {
        match happened {
            Happened::Plane(FromPlane::Control { link, frame, read }) => {
                if let Some((Kind::Gossip, _)) = Kind::of(&frame) {
                    self.tell(&Input::Read(read));
                }
                self.tell(&Input::Frame(link, &frame));
            }
            Happened::Plane(FromPlane::Handshake { from, bytes }) => {
                let now = self.clock.now();
                self.noise.handle(noise::Input::Datagram { from, bytes: &bytes }, now);
            }
            Happened::Plane(FromPlane::Heard { link, receiver }) => {
                let now = self.clock.now();
                self.noise.handle(noise::Input::Heard { link, receiver }, now);
            }
            Happened::Plane(FromPlane::Stirred { .. }) => self.look(),
            Happened::Plane(FromPlane::Moved { link, from, .. }) => {
                let now = self.clock.now();
                self.noise.handle(noise::Input::Moved(link, from), now);
            }
            Happened::Overlay(from, words, read) => {
                self.tell(&Input::Read(read));
                self.tell(&Input::Overlay(from, &words));
            }
            Happened::OnLan(at, introduction) => {
                self.tell(&Input::OnLan { at, introduction: &introduction });
            }
            Happened::Asked(pending) => self.answer(&pending),
            Happened::Registry(news) => self.learn(news),
            Happened::Uplink(uplink) => self.has_uplink(uplink),
            Happened::RegistryAt(addresses) => self.spare(&addresses),
            Happened::NotKept(error) => {
                self.tally.note("state-not-written");
                tracing::warn!(%error, "the node goes on without it");
            }
            Happened::Network => {
                self.roam_if_elsewhere();
                self.lan.iter().for_each(Lan::changed);
            }
            Happened::Mapped(found) => self.mapped(found),
            Happened::Stop => self.leave(),
        }
    }

    fn learn(&mut self, news: News) {
        match news {
            News::Document(octets) => self.tell(&Input::Document(&octets)),
            News::Bootstrap(Company { mut introductions, lan_key }) => {
                self.take_lan_key(lan_key);
                introductions.extend_from_slice(&self.named);
                self.tell(&Input::Bootstrap(&introductions));
            }
            News::Certificate(pem) => self.adopt(&pem),
            News::Revealed(epoch) => self.times.revealed = Some(epoch),
        }
    }
}
