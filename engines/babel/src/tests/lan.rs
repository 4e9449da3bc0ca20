//! A bench: one speaker on networks with several neighbours each, which say what is written
//! here by hand, and a note of all that it says.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use words::{Engine, Time};

use super::ms;
use crate::wire::{Ack, Builder, Hello, Ihu, Packet, RouteRequest, SeqnoRequest, Tlv, Update};
use crate::{
    Cost, Input, Interface, Key, Metric, NeighbourView, Output, Profile, RouteView, RouterId,
    Seqno, Settings, Speaker, Way,
};

mod delays;
mod feasibility;
mod numbers;
mod others;
mod reception;
mod requests;
mod routes;
mod sending;
mod specific;
mod views;

/// The first network, where most probes are.
const WIRE: Interface = Interface(1);
const OTHER: Interface = Interface(2);
/// The first probes.
const A: usize = 0;
const B: usize = 1;
const C: usize = 2;
/// Who originates most of what the probes tell.
const FAR: RouterId = RouterId([0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00, 0x11]);
const ELSE: RouterId = RouterId([0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00, 0x22]);
const NAME: RouterId = RouterId([0xd; 8]);
/// Our own range, and most of those that the probes tell.
const OWN: &str = "2001:db8:d::1/128";
const P1: &str = "2001:db8:1::/64";
const P2: &str = "2001:db8:2::/64";
/// Our address on every network.
const US: Ipv6Addr = link_local(0xd);

const fn link_local(last: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, last)
}

fn key(text: &str) -> Key {
    text.parse().unwrap()
}

/// How a network of one greeting a second is spoken on.
const fn profile() -> Profile {
    Profile {
        hello: Duration::from_secs(1),
        update: Duration::from_secs(4),
        long_update: Duration::from_mins(10),
        address: US,
        ..Profile::LAN
    }
}

fn settings() -> Settings {
    Settings { router_id: NAME, seqno: Some(Seqno(100)), ..Settings::default() }
}

/// One of the speaker's neighbours.
#[derive(Clone, Debug)]
struct Probe {
    interface: Interface,
    address: Ipv6Addr,
    /// It greets once a second, and says that it hears us.
    greets: bool,
    /// What it says that hearing us costs.
    rxcost: u16,
    /// It acknowledges at once.
    acks: bool,
    /// The number of its next greeting.
    hello: Seqno,
}

/// One thing said by the speaker.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Word {
    at: Time,
    interface: Interface,
    /// To one probe, or to all.
    to: Option<Ipv6Addr>,
    /// Which of all packets it was in.
    packet: usize,
    tlv: Tlv,
}

/// The speaker, its neighbours, and what was said.
struct Bench {
    speaker: Speaker,
    now: Time,
    probes: Vec<Probe>,
    /// When the probes greet next.
    beat: Time,
    said: Vec<Word>,
    packets: usize,
    ways: Vec<(Time, Key, Way)>,
}

impl Bench {
    /// Returns a speaker on one network with `count` probes, which it knows already.
    fn lan(count: u16) -> Self {
        let places: Vec<_> = (0..count).map(|n| (WIRE, 0x50 + n)).collect();
        Self::with(profile(), settings(), &places)
    }

    /// Returns a speaker with probes at these places, which it knows already.
    fn with(profile: Profile, settings: Settings, places: &[(Interface, u16)]) -> Self {
        let mut bench = Self::silent(profile, settings, places);
        for probe in &mut bench.probes {
            probe.greets = true;
        }
        bench.pass(ms(4_000));
        bench.clear();
        bench
    }

    /// Returns a speaker with probes at these places that have not said anything yet.
    fn silent(profile: Profile, settings: Settings, places: &[(Interface, u16)]) -> Self {
        let now = Time::from_micros(7_000_000);
        let speaker = Speaker::new(settings, [5; 32], now);
        let (probes, said, ways) = (Vec::new(), Vec::new(), Vec::new());
        let mut bench = Self { speaker, now, probes, beat: now, said, packets: 0, ways };
        for (interface, last) in places {
            bench.add(*interface, link_local(*last));
        }
        let interfaces = bench.probes.iter().map(|probe| probe.interface);
        let interfaces: alloc::collections::BTreeSet<_> = interfaces.collect();
        bench.tell(Input::Announce(key(OWN), Metric::ZERO));
        for interface in interfaces {
            bench.tell(Input::Up(interface, profile));
        }
        bench
    }

    /// Adds a probe that says nothing by itself; returns its number.
    fn add(&mut self, interface: Interface, address: Ipv6Addr) -> usize {
        let (greets, rxcost, acks, hello) = (false, 96, false, Seqno(0xfff0));
        self.probes.push(Probe { interface, address, greets, rxcost, acks, hello });
        self.probes.len() - 1
    }

    /// Tells the speaker something, and notes all that it says; probes acknowledge.
    fn tell(&mut self, input: Input<'_>) {
        self.speaker.handle(input, self.now);
        let mut acks = Vec::new();
        while let Some(output) = self.speaker.poll() {
            match output {
                Output::Packet { interface, to, octets } => {
                    acks.extend(self.note(interface, to, &octets));
                }
                Output::Route(key, way) => self.ways.push((self.now, key, way)),
                Output::Usage(..) => {}
            }
        }
        for (probe, opaque) in acks {
            self.say(probe, &[Tlv::Ack(Ack { opaque })]);
        }
    }

    /// Notes what a packet says; returns the acknowledgments that it wants.
    fn note(
        &mut self,
        interface: Interface,
        to: Option<Ipv6Addr>,
        octets: &[u8],
    ) -> Vec<(usize, u16)> {
        let (at, packet) = (self.now, self.packets);
        self.packets += 1;
        let mut acks = Vec::new();
        for tlv in Packet::decode(octets).unwrap().tlvs() {
            let tlv = tlv.unwrap();
            if let Tlv::AckRequest(ask) = tlv {
                let there = |probe: &Probe| probe.interface == interface;
                let asked = |probe: &Probe| to.is_none_or(|to| to == probe.address);
                let all = self.probes.iter().enumerate();
                let them = all.filter(|(_, it)| it.acks && there(it) && asked(it));
                acks.extend(them.map(|(n, _)| (n, ask.opaque)));
            }
            self.said.push(Word { at, interface, to, packet, tlv });
        }
        acks
    }

    /// Lets a probe say this in one packet.
    fn say(&mut self, probe: usize, tlvs: &[Tlv]) {
        let mut builder = Builder::new(60_000);
        for tlv in tlvs {
            assert!(builder.push(tlv, 0));
        }
        self.packet(probe, &builder.finish());
    }

    /// Lets a probe say these TLVs, written by hand.
    fn octets(&mut self, probe: usize, body: &[u8]) {
        let [l0, l1] = u16::try_from(body.len()).unwrap().to_be_bytes();
        let octets = [&[42, 2, l0, l1], body].concat();
        self.packet(probe, &octets);
    }

    fn packet(&mut self, probe: usize, octets: &[u8]) {
        let Probe { interface, address, .. } = self.probes[probe];
        self.tell(Input::Packet { interface, from: address, octets });
    }

    /// Lets a probe greet, and say that it hears us.
    fn greet(&mut self, probe: usize) {
        let it = &mut self.probes[probe];
        let (hello, rxcost) = (it.hello, Cost(it.rxcost));
        it.hello = hello.plus(1);
        self.say(probe, &[greeting(hello.0, Some(ms(1_000))), hears_us(rxcost, ms(3_000))]);
    }

    /// Lets time pass.
    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let wake = self.speaker.deadline().map(|it| it.at.max(self.now));
            let next = wake.map_or(self.beat, |wake| wake.min(self.beat));
            if next > end {
                break;
            }
            self.now = next;
            if self.beat <= self.now {
                self.beat = self.now + ms(1_000);
                for probe in 0..self.probes.len() {
                    if self.probes[probe].greets {
                        self.greet(probe);
                    }
                }
            } else {
                self.tell(Input::Wake);
            }
        }
        self.now = end;
    }

    /// Forgets what was said and told so far.
    fn clear(&mut self) {
        self.said.clear();
        self.ways.clear();
    }
}

fn greeting(seqno: u16, next: Option<Duration>) -> Tlv {
    Tlv::Hello(Hello { seqno: Seqno(seqno), next, unicast: false, sent: None, frugal: false })
}

fn unicast_greeting(seqno: u16, next: Option<Duration>) -> Tlv {
    Tlv::Hello(Hello { seqno: Seqno(seqno), next, unicast: true, sent: None, frugal: false })
}

fn hears_us(rxcost: Cost, next: Duration) -> Tlv {
    Tlv::Ihu(Ihu { to: Some(IpAddr::V6(US)), rxcost, next, echo: None })
}

/// An update of a long interval.
fn route(text: &str, seqno: u16, metric: u16) -> Update {
    Update {
        key: Some(key(text)),
        router: Some(FAR),
        seqno: Seqno(seqno),
        metric: Metric(metric),
        next: Duration::from_mins(10),
        hop: None,
    }
}

fn offer(text: &str, seqno: u16, metric: u16) -> Tlv {
    Tlv::Update(route(text, seqno, metric))
}

fn retraction(text: &str) -> Tlv {
    let metric = Metric::INFINITE;
    Tlv::Update(Update { metric, router: None, next: Duration::from_secs(4), ..route(text, 0, 0) })
}

fn request(text: &str) -> Tlv {
    Tlv::RouteRequest(RouteRequest { key: Some(key(text)) })
}

fn request_all() -> Tlv {
    Tlv::RouteRequest(RouteRequest { key: None })
}

fn seqno_request(text: &str, router: RouterId, seqno: u16, hops: u8) -> Tlv {
    Tlv::SeqnoRequest(SeqnoRequest { key: key(text), seqno: Seqno(seqno), hops, router })
}
