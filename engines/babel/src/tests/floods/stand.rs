//! One speaker on a network with a few neighbours that are told what to say; it can be copied,
//! so that one state meets many events.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use words::{Engine, Time};

use crate::tests::ms;
use crate::wire::{Ack, Builder, Hello, Ihu, Packet, Tlv, Update};
use crate::{
    Cost, Input, Interface, Key, Metric, Output, Profile, RouteView, RouterId, Seqno, Settings,
    Speaker, Way,
};

pub(in crate::tests) const LAN: Interface = Interface(1);
/// The router that most routes begin with.
pub(in crate::tests) const FAR: RouterId = RouterId([5; 8]);

/// The address of a neighbour.
pub(in crate::tests) fn at(probe: u32) -> Ipv6Addr {
    Ipv6Addr::from_bits((0xfe80 << 112) | 0x50_0000 | u128::from(probe))
}

/// A neighbour.
#[derive(Clone)]
pub(in crate::tests) struct Probe {
    pub(in crate::tests) greets: bool,
    pub(in crate::tests) acks: bool,
    pub(in crate::tests) frugal: bool,
    /// What it says that hearing us costs.
    pub(in crate::tests) rxcost: u16,
    pub(in crate::tests) hello: u16,
}

/// The speaker, its neighbours, and what it said since that was last forgotten.
#[derive(Clone)]
pub(in crate::tests) struct Stand {
    pub(in crate::tests) speaker: Speaker,
    pub(in crate::tests) now: Time,
    pub(in crate::tests) probes: Vec<Probe>,
    /// To whom (all if `None`), and what.
    pub(in crate::tests) said: Vec<(Time, Option<Ipv6Addr>, Tlv)>,
    pub(in crate::tests) ways: Vec<(Key, Way)>,
    beat: Time,
}

impl Stand {
    /// Returns a speaker that nobody has greeted.
    pub(in crate::tests) fn alone(profile: Profile, settings: Settings) -> Self {
        let now = Time::from_micros(7_000_000);
        let settings = Settings { seqno: Some(Seqno(100)), ..settings };
        let speaker = Speaker::new(settings, [5; 32], now);
        let (probes, said, ways) = (Vec::new(), Vec::new(), Vec::new());
        let mut stand = Self { speaker, now, probes, said, ways, beat: now };
        stand.tell(Input::Announce("2001:db8:d::1/128".parse().unwrap(), Metric::ZERO));
        stand.tell(Input::Up(LAN, profile));
        stand
    }

    /// Returns a speaker whose neighbours are all usable at cost 96, if they greet.
    pub(in crate::tests) fn among(probes: &[Probe]) -> Self {
        Self::with(profile(), probes)
    }

    /// The same on a network of this kind.
    pub(in crate::tests) fn with(profile: Profile, probes: &[Probe]) -> Self {
        let settings = Settings { router_id: RouterId([1; 8]), ..Settings::default() };
        let mut stand = Self::alone(profile, settings);
        stand.probes = probes.to_vec();
        stand.pass(ms(4_000));
        stand.forget();
        stand
    }

    pub(in crate::tests) fn forget(&mut self) {
        self.said.clear();
        self.ways.clear();
    }

    pub(in crate::tests) fn tell(&mut self, input: Input<'_>) {
        self.speaker.handle(input, self.now);
        let mut acks = Vec::new();
        while let Some(output) = self.speaker.poll() {
            match output {
                Output::Packet { to, octets, .. } => {
                    for tlv in Packet::decode(&octets).unwrap().tlvs() {
                        let tlv = tlv.unwrap();
                        if let (Tlv::AckRequest(ask), Some(to)) = (tlv, to) {
                            acks.push((to, ask.opaque));
                        }
                        self.said.push((self.now, to, tlv));
                    }
                }
                Output::Route(key, way) => self.ways.push((key, way)),
                Output::Usage(..) => {}
            }
        }
        for (to, opaque) in acks {
            let probe = (0..).zip(&self.probes).find(|(n, it)| it.acks && at(*n) == to);
            if let Some((n, _)) = probe {
                self.say(n, &[Tlv::Ack(Ack { opaque })]);
            }
        }
    }

    pub(in crate::tests) fn say(&mut self, probe: u32, tlvs: &[Tlv]) {
        let mut builder = Builder::new(60_000);
        for tlv in tlvs {
            assert!(builder.push(tlv, 0));
        }
        self.octets(probe, &builder.finish());
    }

    pub(in crate::tests) fn octets(&mut self, probe: u32, octets: &[u8]) {
        self.tell(Input::Packet { interface: LAN, from: at(probe), octets });
    }

    /// Lets a neighbour greet, and say that it hears us.
    pub(in crate::tests) fn greet(&mut self, probe: u32) {
        let it = &mut self.probes[probe as usize];
        let words = [greeting(it.hello, it.frugal), reception(it.rxcost)];
        it.hello = it.hello.wrapping_add(1);
        self.say(probe, &words);
    }

    /// Lets time pass; who greets does so once a second.
    pub(in crate::tests) fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let wake = self.speaker.deadline().map_or(end, |it| it.at.max(self.now));
            let next = wake.min(self.beat);
            if next > end || (next == end && wake >= end && self.beat > end) {
                break;
            }
            self.now = next;
            if self.beat <= self.now {
                self.beat = self.now + ms(1_000);
                for n in (0..).take(self.probes.len()) {
                    if self.probes[n as usize].greets {
                        self.greet(n);
                    }
                }
            } else {
                self.tell(Input::Wake);
            }
        }
        self.now = end;
        self.tell(Input::Wake);
    }

    /// Returns what was said to a neighbour alone.
    pub(in crate::tests) fn heard(&self, probe: u32) -> Vec<(Time, Tlv)> {
        let to_it = self.said.iter().filter(|(_, to, _)| *to == Some(at(probe)));
        to_it.map(|(at, _, tlv)| (*at, *tlv)).collect()
    }

    /// Returns the updates of a range that a neighbour was told.
    pub(in crate::tests) fn updates(&self, probe: u32, of: &str) -> Vec<Update> {
        let of = Some(key(of));
        let all = self.heard(probe).into_iter();
        let updates = all
            .filter_map(|(_, tlv)| if let Tlv::Update(update) = tlv { Some(update) } else { None });
        updates.filter(|update| update.key == of).collect()
    }

    pub(in crate::tests) fn route(&self, probe: u32, of: &str) -> Option<RouteView> {
        let mut routes = self.speaker.routes();
        routes.find(|view| view.key == key(of) && view.neighbour == at(probe))
    }

    pub(in crate::tests) fn selected(&self, of: &str) -> Option<RouteView> {
        self.speaker.selected().find(|view| view.key == key(of))
    }

    pub(in crate::tests) fn passed_over(&self, reason: &str) -> u64 {
        self.speaker.counters().passed_over.get(reason).copied().unwrap_or(0)
    }
}

/// A network of short intervals.
pub(in crate::tests) fn profile() -> Profile {
    Profile {
        hello: ms(1_000),
        update: ms(4_000),
        long_update: Duration::from_mins(10),
        address: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0xd),
        max_neighbours: 64,
        ..Profile::LAN
    }
}

/// A neighbour that greets and acknowledges, and is not of our kind.
pub(in crate::tests) fn probe() -> Probe {
    Probe { greets: true, acks: true, frugal: false, rxcost: 96, hello: 1000 }
}

pub(in crate::tests) fn key(text: &str) -> Key {
    text.parse().unwrap()
}

pub(in crate::tests) fn greeting(seqno: u16, frugal: bool) -> Tlv {
    let next = Some(ms(1_000));
    Tlv::Hello(Hello { seqno: Seqno(seqno), next, unicast: false, sent: None, frugal })
}

pub(in crate::tests) fn reception(rxcost: u16) -> Tlv {
    let to = Some(IpAddr::V6(profile().address));
    Tlv::Ihu(Ihu { to, rxcost: Cost(rxcost), next: ms(3_000), echo: None })
}

/// A route of an interval of ten minutes, or its end.
pub(in crate::tests) fn update(of: &str, seqno: u16, metric: u16) -> Update {
    let metric = Metric(metric);
    let router = metric.is_finite().then_some(FAR);
    let (key, next) = (Some(key(of)), Duration::from_mins(10));
    Update { key, router, seqno: Seqno(seqno), metric, next, hop: None }
}

pub(in crate::tests) fn route(of: &str, seqno: u16, metric: u16) -> Tlv {
    Tlv::Update(update(of, seqno, metric))
}
