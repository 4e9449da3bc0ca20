//! A speaker among neighbours, in a time of its own.

use std::time::{Duration, Instant};

use babel::wire::{Packet, Tlv};
use babel::{Input, Interface, Output, Profile, Seqno, Settings, Speaker};
use stats_alloc::{INSTRUMENTED_SYSTEM, Stats};
use words::{Engine, Time};

use crate::packets;

/// Time between two greetings of everybody's.
const HELLO: Duration = Duration::from_secs(4);

/// What some inputs cost the speaker, with what it then said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cost {
    /// The time of each input.
    times: Vec<Duration>,
    /// How often memory was taken from the allocator.
    pub(crate) allocations: usize,
}

impl Cost {
    /// Returns the time of all inputs.
    pub(crate) fn time(&self) -> Duration {
        self.times.iter().sum()
    }

    /// Returns the time of the longest input.
    pub(crate) fn longest(&self) -> Duration {
        self.times.iter().copied().max().unwrap_or_default()
    }

    /// Returns how many inputs there were.
    pub(crate) fn inputs(&self) -> usize {
        self.times.len()
    }

    /// Returns the cost if nobody had disturbed either of two rounds of the same inputs: of
    /// each input, the shorter time.
    pub(crate) fn undisturbed(mut self, other: &Self) -> Self {
        for (time, also) in self.times.iter_mut().zip(&other.times) {
            *time = also.min(time).to_owned();
        }
        self.allocations = self.allocations.min(other.allocations);
        self
    }
}

/// A speaker and its neighbours, one on each interface.
pub(crate) struct Scene {
    pub(crate) speaker: Speaker,
    now: Time,
    greeting: Time,
    seqno: Seqno,
    here: Vec<bool>,
    said: Vec<Output>,
}

impl Scene {
    /// Returns a speaker that has known its neighbours for a minute, and no routes.
    pub(crate) fn new(neighbours: u32) -> Self {
        let now = Time::from_micros(1);
        let mut scene = Self {
            speaker: Speaker::new(Settings::default(), [7; 32], now),
            now,
            greeting: now,
            seqno: Seqno(0),
            here: (0..neighbours).map(|_| true).collect(),
            said: Vec::with_capacity(1 << 17),
        };
        for number in 0..neighbours {
            let profile = Profile { address: packets::address(1000), ..Profile::LAN };
            scene.tell(Input::Up(Interface(number), profile), &mut Cost::default());
        }
        scene.live(Duration::from_mins(1));
        scene
    }

    /// Lets the neighbour `number` tell what is in `told`.
    pub(crate) fn hear(&mut self, number: u32, told: &[Vec<u8>], cost: &mut Cost) {
        for octets in told {
            let (interface, from) = (Interface(number), packets::address(number));
            self.tell(Input::Packet { interface, from, octets }, cost);
        }
    }

    /// Lets the neighbour `number` say nothing any more.
    pub(crate) fn silence(&mut self, number: usize) {
        if let Some(here) = self.here.get_mut(number) {
            *here = false;
        }
    }

    /// Lets time pass, everybody greeting as promised; returns what that cost.
    pub(crate) fn live(&mut self, time: Duration) -> Cost {
        let end = self.now + time;
        let mut cost = Cost::default();
        loop {
            let due = self.speaker.deadline().map_or(self.greeting, |deadline| deadline.at);
            let next = due.or_earlier(self.greeting);
            if next > end {
                self.now = end;
                return cost;
            }
            self.now = if next > self.now { next } else { self.now };
            if self.greeting <= self.now {
                self.greet(&mut cost);
            } else {
                self.tell(Input::Wake, &mut cost);
            }
        }
    }

    /// Tells the speaker one thing, and lets the neighbours answer what they must.
    pub(crate) fn tell(&mut self, input: Input<'_>, cost: &mut Cost) {
        let before = INSTRUMENTED_SYSTEM.stats();
        let start = Instant::now();
        self.speaker.handle(input, self.now);
        while let Some(output) = self.speaker.poll() {
            self.said.push(output);
        }
        let time = start.elapsed();
        cost.allocations += taken(INSTRUMENTED_SYSTEM.stats() - before);
        cost.times.push(time);
        self.acknowledge();
    }

    fn greet(&mut self, cost: &mut Cost) {
        self.greeting = self.now + HELLO;
        self.seqno = self.seqno.plus(1);
        let greeting = [packets::greeting(self.seqno, HELLO)];
        for number in 0..u32::try_from(self.here.len()).unwrap_or(0) {
            if self.is_here(number) {
                self.hear(number, &greeting, cost);
            }
        }
    }

    /// Answers requests for acknowledgment, and forgets the rest of what was said.
    fn acknowledge(&mut self) {
        let mut said = std::mem::take(&mut self.said);
        for output in &said {
            let Output::Packet { interface, octets, .. } = output else { continue };
            let Ok(packet) = Packet::decode(octets) else { continue };
            for tlv in packet.tlvs().flatten() {
                if let (Tlv::AckRequest(ask), true) = (tlv, self.is_here(interface.0)) {
                    let (interface, from) = (*interface, packets::address(interface.0));
                    let octets = &packets::ack(ask.opaque);
                    self.speaker.handle(Input::Packet { interface, from, octets }, self.now);
                }
            }
        }
        said.clear();
        self.said = said;
    }

    fn is_here(&self, number: u32) -> bool {
        let place = usize::try_from(number).ok();
        place.and_then(|place| self.here.get(place)).is_some_and(|here| *here)
    }
}

fn taken(stats: Stats) -> usize {
    stats.allocations + stats.reallocations
}
