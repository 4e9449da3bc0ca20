//! A speaker among speakers of its own kind, each of which learns its routes elsewhere too.

use std::net::Ipv6Addr;
use std::time::Duration;

use babel::wire::{Packet, Tlv};
use babel::{Input, Interface, Output, Profile, RouterId, Seqno, Settings, Speaker};
use words::{Engine, Time};

use crate::packets::{self, Metrics};

/// The interface of an outer speaker that leads to the middle one.
const WIRE: Interface = Interface(0);
/// The one that leads elsewhere.
const ELSEWHERE: Interface = Interface(1);
/// Time between two greetings of those elsewhere.
const HELLO: Duration = Duration::from_secs(4);

/// One speaker in the middle, the others around it, and behind each of those somebody who says
/// what was prepared.
pub(crate) struct Traffic {
    middle: Speaker,
    outer: Vec<Speaker>,
    now: Time,
    greeting: Time,
    seqno: Seqno,
    /// Octets from the middle, and to it.
    crossed: (usize, usize),
}

impl Traffic {
    /// Returns speakers that know each other, and no routes.
    pub(crate) fn new(neighbours: u32) -> Self {
        let now = Time::from_micros(1);
        let mut middle = speaker(0, now);
        let mut outer = Vec::new();
        for number in 0..neighbours {
            middle.handle(Input::Up(Interface(number), Profile::LAN), now);
            let mut one = speaker(number + 1, now);
            for interface in [WIRE, ELSEWHERE] {
                one.handle(Input::Up(interface, Profile::LAN), now);
            }
            outer.push(one);
        }
        let mut traffic =
            Self { middle, outer, now, greeting: now, seqno: Seqno(0), crossed: (0, 0) };
        traffic.live(Duration::from_mins(1));
        traffic
    }

    /// Lets each outer speaker learn the routes that are prepared for it.
    pub(crate) fn learn(&mut self, dumps: &[Vec<Vec<u8>>]) {
        for (number, dump) in dumps.iter().enumerate() {
            for octets in dump {
                self.hear_elsewhere(number, octets);
            }
            self.settle();
        }
    }

    /// Lets time pass; returns how many octets left the middle, and came to it.
    pub(crate) fn live(&mut self, time: Duration) -> (usize, usize) {
        self.crossed = (0, 0);
        let end = self.now + time;
        self.settle();
        loop {
            let due = self.outer.iter().chain([&self.middle]).filter_map(Engine::deadline);
            let next = due.map(|due| due.at).fold(self.greeting, Time::or_earlier);
            if next > end {
                self.now = end;
                return self.crossed;
            }
            self.now = self.now.max(next);
            if self.greeting <= self.now {
                self.greet();
            }
            for speaker in self.outer.iter_mut().chain([&mut self.middle]) {
                if speaker.deadline().is_some_and(|due| due.at <= self.now) {
                    speaker.handle(Input::Wake, self.now);
                }
            }
            self.settle();
        }
    }

    /// Returns how many routes the middle has heard of.
    pub(crate) fn known(&self) -> usize {
        self.middle.routes().count()
    }

    fn greet(&mut self) {
        self.greeting = self.now + HELLO;
        self.seqno = self.seqno.plus(1);
        let greeting = packets::greeting(self.seqno, HELLO);
        for number in 0..self.outer.len() {
            self.hear_elsewhere(number, &greeting);
        }
    }

    fn hear_elsewhere(&mut self, number: usize, octets: &[u8]) {
        if let Some(outer) = self.outer.get_mut(number) {
            let (interface, from) = (ELSEWHERE, packets::address(number_of(number)));
            outer.handle(Input::Packet { interface, from, octets }, self.now);
        }
    }

    /// Carries packets until nobody says anything.
    fn settle(&mut self) {
        let mut quiet = false;
        while !quiet {
            quiet = true;
            while let Some(output) = self.middle.poll() {
                quiet = false;
                let Output::Packet { interface, octets, .. } = output else { continue };
                self.crossed.0 += octets.len();
                let outer = usize::try_from(interface.0).ok();
                if let Some(outer) = outer.and_then(|number| self.outer.get_mut(number)) {
                    let (interface, from) = (WIRE, MIDDLE);
                    outer.handle(Input::Packet { interface, from, octets: &octets }, self.now);
                }
            }
            for number in 0..self.outer.len() {
                quiet &= self.say(number);
            }
        }
    }

    /// Carries what an outer speaker says; true if it says nothing.
    fn say(&mut self, number: usize) -> bool {
        let mut quiet = true;
        while let Some(output) = self.outer.get_mut(number).and_then(Speaker::poll) {
            quiet = false;
            match output {
                Output::Packet { interface: WIRE, octets, .. } => {
                    self.crossed.1 += octets.len();
                    let interface = Interface(number_of(number));
                    let from = packets::address(interface.0);
                    let packet = Input::Packet { interface, from, octets: &octets };
                    self.middle.handle(packet, self.now);
                }
                Output::Packet { octets, .. } => self.acknowledge(number, &octets),
                Output::Route(..) | Output::Usage(..) => {}
            }
        }
        quiet
    }

    fn acknowledge(&mut self, number: usize, octets: &[u8]) {
        let tlvs = Packet::decode(octets).into_iter().flat_map(Packet::tlvs).flatten();
        for tlv in tlvs {
            if let Tlv::AckRequest(ask) = tlv {
                self.hear_elsewhere(number, &packets::ack(ask.opaque));
            }
        }
    }
}

/// Returns the packets of all neighbours, as those elsewhere say them.
pub(crate) fn elsewhere(neighbours: u32, routes: u32) -> Vec<Vec<Vec<u8>>> {
    let dump = |number| packets::dump(neighbours, number, routes, Metrics::Shares);
    (0..neighbours).map(dump).collect()
}

fn speaker(number: u32, now: Time) -> Speaker {
    let octet = number.to_le_bytes()[0];
    let router_id = RouterId([0xee, 0, 0, 0, 0, 0, 0, octet + 1]);
    Speaker::new(Settings { router_id, ..Settings::default() }, [octet; 32], now)
}

fn number_of(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

const MIDDLE: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x1000);
