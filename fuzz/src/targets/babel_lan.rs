//! A Babel speaker on a network with three neighbours, which say what is right, what is wrong,
//! and nothing.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use babel::wire::{Ack, Builder, Hello, Ihu, Packet, Tlv, Update};
use babel::{
    Columns, Cost, Input, Interface, Key, Metric, Output, Profile, RouteView, RouterId, Seqno,
    Settings, Speaker,
};
use words::{Prefix, Time};

use super::engines::SEED;
use crate::Script;
use crate::script::put;
use crate::told::{rested, told};

/// Steps of a story at most: longer ones say nothing new.
const STEPS: usize = 300;
const LAN: Interface = Interface(1);
const US: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
/// Routes of one neighbour at most.
const ROUTES: usize = 40;

/// Routers of one range at most.
const SOURCES: usize = 4;
/// Our own name.
const ROUTER: RouterId = RouterId([1; 8]);

struct Lan {
    speaker: Speaker<Columns>,
    now: Time,
    /// The number of each neighbour's next greeting.
    hellos: [u16; 3],
    /// What was last to be acknowledged.
    opaque: u16,
    /// What each neighbour has said of each range since it last took it back, in order.
    said: BTreeMap<(Ipv6Addr, Key), Vec<Word>>,
}

/// A finite route as somebody said it: router, number, metric.
type Word = (RouterId, Seqno, Metric);

fn profile() -> Profile {
    Profile { address: US, max_neighbours: 3, ..Profile::LAN }
}

fn neighbour(number: u8) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 1, u16::from(number % 3))
}

/// Returns one of a few ranges: of both families, for everybody or for some.
fn key(number: u8) -> Key {
    let range = |bits: u128| Prefix::new(bits << 64 | 0x2001_0db8 << 96, 64);
    let to = range(u128::from(number % 8));
    match number / 8 % 3 {
        0 => Key::to(to),
        1 => Key::from_to(range(u128::from(number / 64)), to),
        _ => Key::to_v4([10, number % 8, 0, 0].into(), 16),
    }
}

impl Lan {
    fn new() -> Self {
        let settings = Settings {
            router_id: ROUTER,
            max_routes_per_neighbour: ROUTES,
            max_sources_per_range: SOURCES,
            ..Settings::default()
        };
        let speaker = Speaker::new(settings, SEED, Time::ZERO);
        let mut lan =
            Self { speaker, now: Time::ZERO, hellos: [0; 3], opaque: 0, said: BTreeMap::new() };
        lan.tell(Input::Up(LAN, profile()));
        lan
    }

    fn tell(&mut self, input: Input<'_>) {
        if let Input::Packet { from, octets, .. } = input {
            self.remember(from, octets);
        }
        let mut said = told(&mut self.speaker, input, self.now);
        said.extend(rested(&mut self.speaker, || Input::Wake, self.now));
        for output in said {
            let Output::Packet { octets, .. } = output else { continue };
            assert!(octets.len() <= profile().max_packet, "{} octets", octets.len());
            let packet = Packet::decode(&octets);
            for tlv in packet.iter().flat_map(|packet| packet.tlvs()) {
                if let Ok(Tlv::AckRequest(ask)) = tlv {
                    self.opaque = ask.opaque;
                }
                assert!(tlv.is_ok(), "it says what it cannot read: {tlv:?}");
            }
            assert!(packet.is_ok(), "it says no packet");
        }
        self.check();
    }

    /// Keeps what a neighbour says of routes, but for what is passed over whoever says it.
    fn remember(&mut self, from: Ipv6Addr, octets: &[u8]) {
        for tlv in Packet::decode(octets).iter().flat_map(|packet| packet.tlvs()).flatten() {
            let Tlv::Update(Update { key, router, seqno, metric, hop, .. }) = tlv else { continue };
            match (key, router) {
                (None, _) => self.said.retain(|(who, _), _| *who != from),
                (Some(key), Some(router)) if metric.is_finite() => {
                    let is_ours = self.speaker.announced().any(|(own, _)| own.covers(key));
                    let is_refused = router == ROUTER || matches!(hop, Some(IpAddr::V4(_)));
                    if is_refused && !is_ours {
                        self.said.remove(&(from, key));
                    } else if !is_ours {
                        self.said.entry((from, key)).or_default().push((router, seqno, metric));
                    }
                }
                (Some(key), _) => {
                    self.said.remove(&(from, key));
                }
            }
        }
    }

    /// Asserts that a neighbour said the route that is selected, and nothing since then but
    /// worse of the same router, which may be passed over for a while.
    fn was_said(&self, view: &RouteView) {
        let told = (view.router_id, view.seqno, view.refmetric);
        let said = self.said.get(&(view.neighbour, view.key)).map_or(&[][..], Vec::as_slice);
        let place = said.iter().rposition(|word| *word == told);
        let after = place.and_then(|place| said.get(place + 1..));
        assert!(after.is_some(), "nobody said {view:?}");
        for (router, seqno, metric) in after.unwrap_or_default() {
            let better =
                seqno.newer_than(view.seqno) || *seqno == view.seqno && *metric < view.refmetric;
            assert!(*router == view.router_id && !better, "{seqno:?} {metric:?} after {view:?}");
        }
    }

    fn say(&mut self, from: u8, tlvs: &[Tlv]) {
        let mut builder = Builder::new(1_400);
        for tlv in tlvs {
            let _ = builder.push(tlv, 0);
        }
        let octets = builder.finish();
        let from = neighbour(from);
        self.tell(Input::Packet { interface: LAN, from, octets: &octets });
    }

    /// A neighbour greets as it promised, and hears us.
    fn greet(&mut self, from: u8, hears: u8) {
        let Some(hello) = self.hellos.get_mut(usize::from(from % 3)) else { return };
        *hello = hello.wrapping_add(1);
        let (seqno, next) = (Seqno(*hello), Duration::from_secs(4));
        let frugal = hears & 1 == 1;
        let hello = Hello { seqno, next: Some(next), unicast: false, sent: None, frugal };
        let rxcost = if hears > 250 { Cost::INFINITE } else { Cost(96 + u16::from(hears)) };
        let ihu = Ihu { to: Some(IpAddr::V6(US)), rxcost, next: next * 3, echo: None };
        self.say(from, &[Tlv::Hello(hello), Tlv::Ihu(ihu)]);
    }

    /// A neighbour tells a route, or its end.
    fn route(&mut self, from: u8, script: &mut Script<'_>) {
        let (number, seqno, router) = (script.octet(), script.octet(), script.octet());
        let metric = match script.octet() {
            255 => Metric::INFINITE,
            metric => Metric(u16::from(metric) * 200),
        };
        let router = Some(RouterId([2 + router % 6; 8])).filter(|_| metric.is_finite());
        let (seqno, next) = (Seqno(u16::from(seqno) << 4), Duration::from_secs(16));
        let key = Some(key(number));
        self.say(from, &[Tlv::Update(Update { key, router, seqno, metric, next, hop: None })]);
    }

    /// The world decides something.
    fn decide(&mut self, what: u8, script: &mut Script<'_>) {
        match what % 5 {
            0 => self.tell(Input::Announce(key(script.octet()), Metric(script.number() / 2))),
            1 => self.tell(Input::Withdraw(key(script.octet()))),
            2 => self.tell(Input::Charge(LAN, Cost(script.number()))),
            3 => self.tell(Input::Down(LAN)),
            _ => self.tell(Input::Up(LAN, profile())),
        }
    }

    /// What holds whatever is said.
    fn check(&self) {
        assert!(self.speaker.neighbours().count() <= 3, "too many neighbours");
        assert!(self.speaker.routes().count() <= 3 * ROUTES, "too many routes");
        let mut count = 0;
        for view in self.speaker.selected() {
            count += 1;
            assert!(view.metric.is_finite() && view.feasible, "selected: {view:?}");
            self.was_said(&view);
            assert!(view.alternates.iter().all(|(_, metric)| metric.is_finite()), "{view:?}");
        }
        assert_eq!(self.speaker.usage(LAN), count, "usage");
    }
}

/// The speaker, and what its neighbours say.
pub(super) fn story(octets: &[u8]) {
    let mut script = Script::new(octets);
    let mut lan = Lan::new();
    for _ in 0..STEPS {
        if script.is_over() {
            break;
        }
        let (what, who) = (script.octet(), script.octet());
        match what % 8 {
            0 | 1 => {
                let octets = script.octets();
                lan.tell(Input::Packet { interface: LAN, from: neighbour(who), octets });
            }
            2 => lan.greet(who, script.octet()),
            3 | 4 => lan.route(who, &mut script),
            5 => {
                let opaque = lan.opaque;
                lan.say(who, &[Tlv::Ack(Ack { opaque })]);
            }
            6 => lan.decide(who, &mut script),
            _ => {
                lan.now = lan.now + Duration::from_millis(u64::from(script.number()));
                lan.tell(Input::Wake);
            }
        }
    }
}

/// Three neighbours that greet and have routes; one changes its mind, one falls silent.
pub(super) fn stories() -> Vec<Vec<u8>> {
    let mut usual = Vec::new();
    for round in 0..12_u8 {
        for who in 0..3 {
            usual.extend([2, who, who]);
            usual.extend([3, who, round % 3, round, who, 1 + who * 2]);
            usual.extend([5, who]);
        }
        usual.extend([7, 0, 0x0f, 0xa0]);
    }
    let mut lost = usual.clone();
    for round in 0..10_u8 {
        lost.extend([2, 0, 0, 4, 0, round % 3, 1, 0, 255, 7, 0, 0x0f, 0xa0, 6, 0, round, 0, 1]);
    }
    let mut spoken = usual.clone();
    let mut builder = Builder::new(1_400);
    let ask = Tlv::RouteRequest(babel::wire::RouteRequest { key: None });
    let _ = builder.push(&ask, 0);
    spoken.extend([0, 1]);
    put(&mut spoken, &builder.finish());
    vec![usual, lost, spoken]
}
