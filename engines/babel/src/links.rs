//! Links to neighbours: greeted, heard, lost (RFC 8966 §3.4).

use core::time::Duration;

use alloc::vec::Vec;
use words::Time;
use words::routing::Scope;

use crate::agenda::{Stream, Timer};
use crate::candidates::{Candidates, Slot};
use crate::neighbour::{Greeting, Neighbour};
use crate::wire::{Echo, Hello, Ihu};
use crate::{Cost, Speaker};

impl<C: Candidates> Speaker<C> {
    /// Takes in a greeting; [`review`](Self::review) follows, as for all that comes in a packet.
    pub(crate) fn greeted(&mut self, slot: Slot, hello: &Hello, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
        let interface = neighbour.interface;
        let Some(port) = self.interfaces.get(&interface) else { return };
        let (trusted, timed) = (port.profile.lone, port.profile.delay.is_some());
        let mut greeting = neighbour.hear(hello, trusted, now);
        if greeting == Greeting::Restarted {
            self.forget(slot, now);
            let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
            greeting = neighbour.hear(hello, trusted, now);
        }
        let stream = if hello.unicast { Stream::Unicast } else { Stream::Multicast };
        let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
        let promises = neighbour.promises(stream);
        if greeting == Greeting::First {
            neighbour.met = Some(now);
            // One of our kind that is new at the end of a new link tells everything by itself,
            // and repeats it until we have it.
            let whole = neighbour.scope == Scope::EVERYWHERE && neighbour.forgotten.is_none();
            if !(trusted && neighbour.frugal && whole) {
                neighbour.out.wanted.routes.insert(None);
            }
            if !timed {
                neighbour.out.ihu = true;
            }
            self.is_ready(slot);
            self.court_again(interface, now);
        }
        // Half as long again as promised, then one miss per interval. Rule N3: a greeting that
        // promises nothing touches no promise, and keeps a silent neighbour for a while only.
        let wait = match hello.next {
            Some(next) => next + next / 2,
            None if promises => return,
            None => UNPROMISED,
        };
        self.agenda.set(Timer::Silence(slot, stream), now + wait);
    }

    /// Notes a greeting that did not come.
    pub(crate) fn missed(&mut self, slot: Slot, stream: Stream, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
        let next = neighbour.miss(stream);
        let Some(port) = self.interfaces.get(&neighbour.interface) else { return };
        if neighbour.is_silent(port.profile.kind) {
            return self.lose(slot, now);
        }
        if let Some(next) = next {
            self.agenda.set(Timer::Silence(slot, stream), now + next);
        }
        self.review(slot, now);
    }

    /// Takes in what the neighbour says of its reception, if it means ours.
    pub(crate) fn heard_by(&mut self, slot: Slot, ihu: &Ihu, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
        neighbour.txcost = ihu.rxcost;
        self.agenda.set(Timer::Deaf(slot), now + held(ihu.next));
    }

    /// Ends the belief that the neighbour hears us.
    pub(crate) fn deaf(&mut self, slot: Slot, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
        neighbour.txcost = Cost::INFINITE;
        self.review(slot, now);
    }

    /// Takes in one round trip, if the packet told one: the echo, and when that was sent.
    pub(crate) fn timed(&mut self, slot: Slot, trip: Option<(Echo, u32)>, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
        let port = self.interfaces.get(&neighbour.interface);
        let ramp = port.and_then(|port| port.profile.delay);
        if let (Some((echo, sent)), Some(ramp)) = (trip, ramp) {
            neighbour.time(echo, sent, ramp, now);
        }
    }

    /// Draws the consequences of whatever changed about a neighbour.
    ///
    /// What we tell of our reception changed: it is told at once. The link's cost has left
    /// the one in use: its routes are looked at again (rule N7). The link became usable: the
    /// neighbour is told everything.
    pub(crate) fn review(&mut self, slot: Slot, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
        let Some(port) = self.interfaces.get(&neighbour.interface) else { return };
        if neighbour.rxcost(&port.profile, port.charge) != neighbour.told_rxcost {
            // The first report goes with a greeting, so that the link has a delay from the start:
            // one that seems short for a moment makes all other routes unfeasible (rule K1).
            let first = !neighbour.told_rxcost.is_finite() && port.profile.delay.is_some();
            if first && !port.is_crowded() {
                self.greet.insert(neighbour.interface);
            } else {
                neighbour.out.ihu = true;
                self.ready.insert(slot);
            }
        }
        let measured = neighbour.measured(&port.profile, port.charge, now);
        if !measured.has_left(neighbour.cost) {
            return;
        }
        let (was_usable, before) = (neighbour.is_usable(), neighbour.cost);
        neighbour.cost = measured;
        let is_usable = neighbour.is_usable();
        let interval = neighbour.interval(&port.profile);
        self.cost_changed(slot, before, now);
        if was_usable && !is_usable {
            self.release_known();
        }
        if !was_usable && is_usable {
            let next = self.shortened(interval);
            self.agenda.set(Timer::Update(slot), now + next);
            self.dump(slot, true, now);
        }
    }

    /// Gives up a silent neighbour.
    ///
    /// It may hear us all the same, and come back with what it was told long ago: what that was
    /// is kept for as long as it may be believed, so that it is told what is no longer true.
    fn lose(&mut self, slot: Slot, now: Time) {
        let Some(neighbour) = self.neighbours.get(slot) else { return };
        let interface = neighbour.interface;
        let lone = self.interfaces.get(&interface).is_some_and(|port| port.profile.lone);
        if lone || neighbour.may_believe() {
            self.forget(slot, now);
            self.court_again(interface, now);
        } else {
            self.part(slot, now);
        }
    }

    /// Ends what was kept of neighbours that did not come back, once they believe nothing more.
    pub(crate) fn part_from_absent(&mut self, now: Time) {
        let is_over = |it: &Neighbour| {
            let port = self.interfaces.get(&it.interface).filter(|port| !port.profile.lone);
            let life = port.map(|port| held(port.profile.long_update));
            let absent = it.forgotten.map(|at| now.since(at)).filter(|_| !it.is_known());
            life.zip(absent).is_some_and(|(life, absent)| absent > life)
        };
        let over = self.neighbours.iter().filter(|(_, it)| is_over(it));
        let over: Vec<Slot> = over.map(|(slot, _)| slot).collect();
        for slot in over {
            self.part(slot, now);
        }
    }

    /// Treats the neighbour as never heard of. What it was told, it may still believe.
    fn forget(&mut self, slot: Slot, now: Time) {
        self.cancel_timers(slot);
        if let Some(neighbour) = self.neighbours.get_mut(slot) {
            neighbour.forget(now);
        }
        self.drop_column(slot, now);
    }

    /// Ends all that has to do with a neighbour.
    pub(crate) fn part(&mut self, slot: Slot, now: Time) {
        self.cancel_timers(slot);
        self.ready.remove(&slot);
        if let Some(neighbour) = self.neighbours.get_mut(slot) {
            neighbour.cost = Cost::INFINITE;
            neighbour.said = Vec::new();
            if let Some(port) = self.interfaces.get_mut(&neighbour.interface) {
                port.neighbours.remove(&neighbour.address);
            }
        }
        self.requests.drop_neighbour(slot);
        self.drop_column(slot, now);
        // The world is told of the routes that are left while their neighbour still has a name.
        self.settle();
        self.rows.part_from(slot);
        self.neighbours.remove(slot);
    }

    fn cancel_timers(&mut self, slot: Slot) {
        let names = self.neighbours.get(slot).map(|it| it.flight.names()).unwrap_or_default();
        for opaque in names {
            self.agenda.cancel(Timer::Resend(slot, opaque));
        }
        for timer in [
            Timer::Silence(slot, Stream::Multicast),
            Timer::Silence(slot, Stream::Unicast),
            Timer::Deaf(slot),
            Timer::Update(slot),
            Timer::Pace(slot),
            Timer::Again(slot),
            Timer::Expiry(slot),
        ] {
            self.agenda.cancel(timer);
        }
    }
}

/// Returns how long something is believed whose repetition was promised after `next`.
///
/// Source: RFC 8966 App. B, 3.5 times the interval.
pub(crate) fn held(next: Duration) -> Duration {
    next * 7 / 2
}

/// How long a neighbour is kept that greets and never says when it will again.
const UNPROMISED: Duration = Duration::from_mins(3);
