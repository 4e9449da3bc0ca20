//! Interfaces, and the greetings on them (RFC 8966 §3.4.1).

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::Ipv6Addr;

use words::Time;

use crate::agenda::Timer;
use crate::candidates::{Candidates, Slot};
use crate::few::Few;
use crate::neighbour::Neighbour;
use crate::speaker::anywhere;
use crate::{Cost, Ignored, Interface, Place, Profile, Seqno, Speaker};

/// An interface on which Babel is spoken.
#[derive(Clone, Debug)]
pub(crate) struct Port {
    /// Shared with the interfaces of the same kind.
    pub(crate) profile: Arc<Profile>,
    /// What the world adds to the cost of all its links.
    pub(crate) charge: Cost,
    /// The number of our next Hello.
    pub(crate) hello: Seqno,
    pub(crate) neighbours: Few<Ipv6Addr, Slot>,
    /// How often it is still greeted sooner than promised.
    pub(crate) courting: u8,
    /// Everybody must be told that we begin: what they know of us is of a former life.
    pub(crate) begins: bool,
    /// How many selected routes lead through it, as the world knows.
    pub(crate) usage: u32,
}

impl Port {
    /// Tells whether so many neighbours are on it that each hears seldom how it is heard.
    pub(crate) fn is_crowded(&self) -> bool {
        self.neighbours.len() > CROWD
    }
}

impl<C: Candidates> Speaker<C> {
    /// Begins to speak on an interface, or goes on in another way.
    pub(crate) fn up(&mut self, interface: Interface, profile: Profile, now: Time) {
        let profile = self.shared(profile.clamped());
        if let Some(port) = self.interfaces.get_mut(&interface) {
            let before = core::mem::replace(&mut port.profile, Arc::clone(&profile));
            let slots: Vec<Slot> = port.neighbours.values().copied().collect();
            self.greet_all(interface, now);
            for slot in slots {
                if before.scope != profile.scope {
                    self.move_to(slot, profile.scope, now);
                }
                self.review(slot, now);
            }
            return;
        }
        let port = Port {
            profile: Arc::clone(&profile),
            charge: Cost(0),
            hello: Seqno(anywhere(&mut self.dice)),
            neighbours: Few::new(),
            courting: COURTING,
            begins: true,
            usage: 0,
        };
        self.interfaces.insert(interface, port);
        if profile.lone {
            self.meet(interface, Ipv6Addr::UNSPECIFIED);
        }
        let hello = self.shortened(profile.hello);
        self.agenda.set(Timer::Hello(interface), now + hello);
        self.agenda.set(Timer::Court(interface), now);
    }

    /// Returns the profile in one place with the interfaces that have it already.
    fn shared(&self, profile: Profile) -> Arc<Profile> {
        let mut all = self.interfaces.values().map(|port| &port.profile);
        all.find(|it| ***it == profile).map_or_else(|| Arc::new(profile), Arc::clone)
    }

    /// Ends all that goes through an interface, at once. What has another way takes it.
    pub(crate) fn down(&mut self, interface: Interface, now: Time) {
        let Some(port) = self.interfaces.get(&interface) else { return };
        let slots: Vec<Slot> = port.neighbours.values().copied().collect();
        // All at once: none is a way out for what the others told.
        for slot in &slots {
            if let Some(neighbour) = self.neighbours.get_mut(*slot) {
                neighbour.cost = Cost::INFINITE;
            }
        }
        for slot in slots {
            self.part(slot, now);
        }
        self.release_known();
        self.settle();
        self.interfaces.remove(&interface);
        self.greet.remove(&interface);
        self.agenda.cancel(Timer::Hello(interface));
        self.agenda.cancel(Timer::Court(interface));
    }

    /// Lets the links through an interface cost more, or not any longer.
    pub(crate) fn charge(&mut self, interface: Interface, charge: Cost, now: Time) {
        let Some(port) = self.interfaces.get_mut(&interface) else { return };
        if core::mem::replace(&mut port.charge, charge) == charge {
            return;
        }
        let slots: Vec<Slot> = port.neighbours.values().copied().collect();
        for slot in slots {
            self.review(slot, now);
            // Also if the other end was charged first, and the cost is what it was.
            self.reselect_column(slot, now);
        }
    }

    /// Greets everybody on an interface, and on those whose turn comes soon: many interfaces,
    /// few wake-ups. To greet early breaks no promise.
    pub(crate) fn greet_due(&mut self, interface: Interface, now: Time) {
        let Some(port) = self.interfaces.get(&interface) else { return };
        let (soon, hello) = (now + port.profile.hello / 4, port.profile.hello);
        let due = |other: &Interface| {
            self.agenda.moment(Timer::Hello(*other)).is_some_and(|at| at <= soon)
        };
        let together: Vec<Interface> = self.interfaces.keys().copied().filter(due).collect();
        let next = self.shortened(hello);
        for other in together.into_iter().chain([interface]) {
            let Some(port) = self.interfaces.get(&other) else { continue };
            let next = next.min(port.profile.hello);
            self.greet.insert(other);
            self.agenda.set(Timer::Hello(other), now + next);
        }
    }

    /// Greets everybody on an interface.
    pub(crate) fn greet_all(&mut self, interface: Interface, now: Time) {
        let Some(port) = self.interfaces.get(&interface) else { return };
        let hello = port.profile.hello;
        self.greet.insert(interface);
        let next = self.shortened(hello);
        self.agenda.set(Timer::Hello(interface), now + next);
    }

    /// Greets sooner, while somebody there is not usable yet.
    pub(crate) fn court(&mut self, interface: Interface, now: Time) {
        let Some(port) = self.interfaces.get_mut(&interface) else { return };
        let usable = |slot: &Slot| self.neighbours.get(*slot).is_some_and(Neighbour::is_usable);
        let all = !port.neighbours.is_empty() && port.neighbours.values().all(usable);
        if all || port.courting == 0 {
            return;
        }
        port.courting -= 1;
        let again = port.profile.hello / 4;
        self.greet.insert(interface);
        let again = self.shortened(again);
        self.agenda.set(Timer::Court(interface), now + again);
    }

    /// Courts again, for somebody is new or came back.
    pub(crate) fn court_again(&mut self, interface: Interface, now: Time) {
        let Some(port) = self.interfaces.get_mut(&interface) else { return };
        port.courting = COURTING;
        let wait = self.dice.within(port.profile.hello / 16);
        self.agenda.no_later(Timer::Court(interface), now + wait);
    }

    /// Returns the neighbour of this address; a new one if it greets, and there is room.
    pub(crate) fn neighbour_at(
        &mut self,
        interface: Interface,
        from: Ipv6Addr,
        greets: bool,
    ) -> Result<Slot, Ignored> {
        let port = self.interfaces.get(&interface).ok_or(Ignored::NoInterface)?;
        let from = if port.profile.lone { Ipv6Addr::UNSPECIFIED } else { from };
        let is_absent = |slot: &Slot| !self.neighbours.get(*slot).is_some_and(Neighbour::is_known);
        if let Some(slot) = port.neighbours.get(&from)
            && (greets || port.profile.lone || !is_absent(slot))
        {
            return Ok(*slot);
        }
        if !greets {
            return Err(Ignored::Stranger);
        }
        if port.neighbours.len() >= port.profile.max_neighbours {
            let absent = port.neighbours.values().copied().find(is_absent);
            self.part(absent.ok_or(Ignored::Crowd)?, self.heard_at);
        }
        self.meet(interface, from).ok_or(Ignored::Crowd)
    }

    /// Adds a neighbour.
    fn meet(&mut self, interface: Interface, address: Ipv6Addr) -> Option<Slot> {
        let opaque = anywhere(&mut self.dice);
        let scope = self.interfaces.get(&interface)?.profile.scope;
        let new = Neighbour::new(Place { interface, scope }, address, opaque);
        let slot = self.neighbours.add(new)?;
        if let Some(port) = self.interfaces.get_mut(&interface) {
            port.neighbours.insert(address, slot);
        }
        Some(slot)
    }

    /// Tells everybody that none of our routes is left, and falls silent.
    pub(crate) fn say_farewell(&mut self) {
        let interfaces: Vec<Interface> = self.interfaces.keys().copied().collect();
        for interface in interfaces {
            self.write_farewell(interface);
        }
        self.agenda.clear();
        self.is_over = true;
    }
}

/// How often a new interface or neighbour is greeted sooner than promised.
const COURTING: u8 = 16;
/// So many neighbours on one interface hear seldom how they are heard.
const CROWD: usize = 20;
