//! The loop: one thread, one poll set, one order of events around the engine.
//!
//! ```text
//!   signals, notices, packets, questions, time ─► inputs ─► speaker ─► packets, routes
//!                                                              │
//!              text clients ◄─ snapshots ◄─────────────────────┴─► kernel, state file
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use babel::mac::{self, Guard};
use babel::{Input, Interface, Output};
use linux::{Clock, Epoll, Group, RouteTables, Signal, Signals, Watch};
use words::{Engine, Time};

use crate::config::{Config, Speak};
use crate::doors::Doors;
use crate::faces::{Faces, Standing};
use crate::installer::Installer;
use crate::kernel::Kernel;
use crate::memory::Keeper;
use crate::offers::Offers;
use crate::policy::Filters;
use crate::text::{Kind, Snapshot};

mod network;
mod packets;
mod questions;
mod status;

/// The keys of the poll set.
pub(crate) const SIGNALS: u64 = 0;
pub(crate) const WATCH: u64 = 1;
pub(crate) const PACKETS: u64 = 2;
pub(crate) const DOORS: u64 = 3;

/// How often what time alone brings is looked at: failures, and whether the mesh has settled.
const TICK: Duration = Duration::from_secs(1);
/// How soon clients that left something are asked again.
const OWING: Duration = Duration::from_millis(20);
/// How many changes the kernel is told of in one turn, and how many are worth a thread.
const CHANGES: usize = 2048;
const MANY: usize = 128;
/// How long packets gather at most; a wake-up in a machine gone cold costs as much as ten packets.
const REST: Duration = Duration::from_millis(100);
/// How often packets could gather between two greetings, at least: what is new in them waits for
/// less than one part in so many of the time in which silence is noticed.
const RESTS: u32 = 40;
/// For so long after a route changed, what comes may well be news, and nobody rests.
const NEWS: Duration = Duration::from_secs(1);
/// So many packets at once are a flood, in which nobody rests.
const FLOOD: usize = 64;
/// The mesh has settled when, with a neighbour, no route changed for so long.
const QUIET: Duration = Duration::from_secs(15);
/// The mesh has settled, whatever it looks like, after so long.
const LONGEST_UNREST: Duration = Duration::from_mins(2);

/// An interface on which we are to speak.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) speak: Speak,
    /// Its keys, if it has any.
    pub(crate) guarded: Option<mac::Settings>,
    pub(crate) standing: Standing,
    pub(crate) guard: Option<Guard>,
    /// The obstacle that was last logged.
    pub(crate) told: Option<&'static str>,
}

/// What is counted here, besides what the engine counts.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Datagrams that were ignored, by reason.
    pub(crate) ignored: BTreeMap<&'static str, u64>,
    /// Packets that the kernel did not take.
    pub(crate) unsent: u64,
    /// Changes of routes that the kernel made, and refused.
    pub(crate) changes: u64,
    pub(crate) refused: u64,
}

/// Who wants to hear of changes.
#[derive(Debug, Default)]
pub(crate) struct Monitors {
    clients: BTreeMap<u64, BTreeSet<Kind>>,
    last: Snapshot,
    /// When clients are told next; not before the last time has paid off.
    next: Time,
    /// Something may have changed.
    due: bool,
}

/// What the loop remembers between two turns.
#[derive(Debug)]
pub(crate) struct Times {
    started: Time,
    tick: Time,
    changed: Time,
    settled: bool,
    /// Memory was given back since routes last changed.
    trimmed: bool,
    /// Everything is to be listed anew.
    relist: bool,
    /// How many packets were read in this turn, and when.
    packets: (usize, Time),
    /// When packets were read before.
    woken: Time,
}

impl Times {
    /// Returns the times of a world that starts `now`.
    pub(crate) const fn starting(now: Time) -> Self {
        let (settled, trimmed, relist, packets) = (false, false, false, (0, now));
        Self {
            started: now,
            tick: now,
            changed: now,
            settled,
            trimmed,
            relist,
            packets,
            woken: Time::ZERO,
        }
    }
}

/// One running speaker, and everything outside that it works on.
pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) epoll: Epoll,
    pub(crate) signals: Signals,
    pub(crate) group: Group,
    pub(crate) watch: Watch,
    pub(crate) tables: RouteTables,
    pub(crate) installer: Installer,
    pub(crate) speaker: babel::Speaker,
    pub(crate) filters: Arc<Filters>,
    pub(crate) faces: Faces,
    pub(crate) ports: Vec<Port>,
    pub(crate) kernel: Kernel,
    pub(crate) offers: Offers,
    pub(crate) doors: Doors,
    pub(crate) monitors: Monitors,
    pub(crate) keeper: Keeper,
    pub(crate) tally: Tally,
    pub(crate) times: Times,
    /// Where datagrams are read into.
    pub(crate) buffer: Vec<u8>,
}

impl World {
    /// Looks around for the first time.
    ///
    /// # Errors
    ///
    /// If the kernel does not tell of its interfaces, addresses and routes.
    pub(crate) fn begin(&mut self) -> anyhow::Result<()> {
        self.relist(true)?;
        self.turn();
        Ok(())
    }

    /// Runs until told to stop, takes leave, and cleans up.
    ///
    /// # Errors
    ///
    /// Those of a process out of memory.
    pub(crate) fn run(mut self) -> anyhow::Result<()> {
        loop {
            self.rest();
            let patience = self.next_deadline().since(self.clock.now());
            let ready: Vec<u64> = self.epoll.wait(Some(patience))?.collect();
            for key in ready {
                match key {
                    SIGNALS => {
                        if self.is_told_to_stop() {
                            self.end();
                            return Ok(());
                        }
                    }
                    WATCH => self.read_notices(),
                    PACKETS => self.read_packets(),
                    client => self.converse(client),
                }
            }
            self.turn();
        }
    }

    /// Waits a moment when packets come one by one and often, so that they are taken in
    /// together: to be woken costs more than to read them.
    ///
    /// Not where delays are measured, which it would add to; not when there is anything to do;
    /// not while routes change.
    fn rest(&mut self) {
        let (now, due) = (self.clock.now(), self.next_deadline());
        let (count, at) = std::mem::take(&mut self.times.packets);
        let rest = self.ports.iter().map(|port| port.speak.hello() / RESTS).fold(REST, Ord::min);
        let often = count > 0 && at.since(self.times.woken) < rest * 2;
        if count > 0 {
            self.times.woken = at;
        }
        let measured = self.ports.iter().any(|port| port.speak.measures_delay());
        let calm = now.since(self.times.changed) >= NEWS;
        if often && calm && count < FLOOD && !measured {
            std::thread::sleep(rest.min(due.since(now)));
        }
    }

    fn is_told_to_stop(&self) -> bool {
        while let Some(signal) = self.signals.next() {
            match signal {
                Signal::Interrupt | Signal::Terminate => return true,
                Signal::HangUp => {
                    tracing::info!(
                        "the configuration is read at the start only; restart to change"
                    );
                }
            }
        }
        false
    }

    fn next_deadline(&self) -> Time {
        let now = self.clock.now();
        if self.kernel.queue() > 0 {
            return now;
        }
        let mut due = self.times.tick;
        if self.doors.is_owing() {
            due = due.or_earlier(now + OWING);
        }
        if self.monitors.due && !self.monitors.clients.is_empty() {
            due = due.or_earlier(self.monitors.next);
        }
        self.speaker.deadline().map_or(due, |deadline| due.or_earlier(deadline.at))
    }

    /// Does all that follows from what came in.
    fn turn(&mut self) {
        let now = self.clock.now();
        if self.times.relist {
            self.times.relist = false;
            if let Err(error) = self.relist(false) {
                tracing::warn!(%error, "interfaces and routes cannot be listed; trying again");
                self.times.relist = true;
            }
        }
        if self.speaker.deadline().is_some_and(|deadline| deadline.at <= now) {
            self.tell(Input::Wake);
        }
        self.announce();
        self.perform();
        if now >= self.times.tick {
            self.times.tick = now + TICK;
            self.kernel.retry();
            self.look_at_ports();
            self.settle(now);
        }
        self.change_routes();
        self.inform_monitors();
        self.doors.flush(now);
        self.keeper.used(self.speaker.seqno());
    }

    /// Tells the engine, now.
    fn tell(&mut self, input: Input<'_>) {
        self.monitors.due = true;
        self.speaker.handle(input, self.clock.now());
    }

    /// Tells the engine what of this machine is announced, as far as that changed.
    fn announce(&mut self) {
        for (key, metric) in self.offers.changes() {
            self.tell(match metric {
                Some(metric) => Input::Announce(key, metric),
                None => Input::Withdraw(key),
            });
        }
    }

    /// Does what the engine says.
    fn perform(&mut self) {
        let now = self.clock.now();
        while let Some(said) = self.speaker.poll() {
            match said {
                Output::Packet { interface, to, octets } => self.send(interface, to, octets),
                Output::Route(key, way) => {
                    self.times.changed = now;
                    self.times.trimmed = false;
                    let route = self.kernel_route(key, way);
                    self.kernel.want(key, route.as_ref());
                }
                Output::Usage(..) => {}
            }
        }
    }

    /// Lets go of what a former life left, once the mesh has settled.
    fn settle(&mut self, now: Time) {
        if !self.times.trimmed && now.since(self.times.changed) >= QUIET {
            self.times.trimmed = true;
            linux::give_memory_back();
        }
        if self.times.settled {
            return;
        }
        let quiet = now.since(self.times.changed) >= QUIET
            && self.speaker.neighbours().any(|neighbour| neighbour.cost.is_finite());
        if quiet || now.since(self.times.started) >= LONGEST_UNREST {
            self.times.settled = true;
            self.kernel.settle();
        }
    }

    /// Takes leave of the neighbours, and takes our routes with us.
    fn end(mut self) {
        self.tell(Input::Farewell);
        self.perform();
        if self.config.keep_routes {
            tracing::info!(routes = self.kernel.installed(), "our routes stay in the kernel");
        } else {
            self.kernel.clear();
            while self.kernel.queue() > 0 {
                self.change_routes();
            }
        }
        self.keeper.end(self.speaker.seqno());
    }

    /// Returns the port of an interface of the engine.
    fn port(&self, Interface(number): Interface) -> Option<&Port> {
        self.ports.get(usize::try_from(number).ok()?)
    }

    /// Returns the name of an interface of the engine.
    fn name(&self, interface: Interface) -> &str {
        self.port(interface).map_or("?", |port| &port.name)
    }
}
