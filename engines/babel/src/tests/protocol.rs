//! One speaker, and what it answers to packets written by hand.

use super::*;
use crate::wire::{
    Ack, AckRequest, Builder, Hello, Ihu, Packet, RouteRequest, SeqnoRequest, Tlv, Update,
};
use crate::{Cost, Key, Metric, RouterId, Seqno};

const LINK: LinkId = LinkId(1);
const OTHER: LinkId = LinkId(2);
const FAR: RouterId = RouterId([5; 8]);

/// A speaker with two usable links.
struct Bench {
    babel: Babel,
    now: Time,
    said: Vec<(LinkId, Tlv)>,
    routes: Vec<(Prefix, Option<LinkId>)>,
}

impl Bench {
    fn new() -> Self {
        let babel = Babel::new(settings(1), [3; 32], Time::ZERO);
        let mut bench = Self { babel, now: Time::ZERO, said: Vec::new(), routes: Vec::new() };
        bench.tell(Input::Announce(prefix(0).into()));
        for link in [LINK, OTHER] {
            bench.tell(Input::Up(link, Scope::EVERYWHERE));
            let next = Duration::from_mins(10);
            let hello = Hello {
                seqno: Seqno(7),
                next: Some(next),
                unicast: false,
                sent: None,
                frugal: false,
            };
            let ihu = Ihu { to: None, rxcost: Cost(96), next, echo: None };
            bench.hear(link, &[Tlv::Hello(hello), Tlv::Ihu(ihu)]);
        }
        bench.pass(ms(10_000));
        bench.said.clear();
        bench
    }

    fn tell(&mut self, input: Input<'_>) {
        self.babel.handle(input, self.now);
        while let Some(said) = self.babel.poll() {
            match said {
                Output::Send(link, octets) => {
                    let tlvs = Packet::decode(&octets).unwrap().tlvs();
                    self.said.extend(tlvs.map(|tlv| (link, tlv.unwrap())));
                }
                Output::Route(range, link) => self.routes.push((range.to, link)),
                Output::Usage(..) => {}
            }
        }
    }

    fn hear(&mut self, link: LinkId, tlvs: &[Tlv]) {
        let mut builder = Builder::new(1200);
        for tlv in tlvs {
            assert!(builder.push(tlv, 0));
        }
        self.tell(Input::Frame(link, &builder.finish()));
    }

    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(deadline) = self.babel.deadline().filter(|it| it.at <= end) {
            self.now = if deadline.at < self.now { self.now } else { deadline.at };
            self.tell(Input::Wake);
        }
        self.now = end;
    }

    /// Returns the updates said so far about node 9's range, and forgets all that was said.
    fn updates(&mut self) -> Vec<(LinkId, Update)> {
        let said = core::mem::take(&mut self.said);
        let about = said.into_iter().filter_map(|(link, tlv)| {
            if let Tlv::Update(update) = tlv { Some((link, update)) } else { None }
        });
        about.filter(|(_, update)| update.key == Some(Key::to(prefix(9)))).collect()
    }

    /// Returns the seqno requests said so far, and forgets all that was said.
    fn asked(&mut self) -> Vec<(LinkId, SeqnoRequest)> {
        let said = core::mem::take(&mut self.said);
        let about = said.into_iter().filter_map(|(link, tlv)| {
            if let Tlv::SeqnoRequest(ask) = tlv { Some((link, ask)) } else { None }
        });
        about.collect()
    }
}

/// An update about node 9's range.
fn update(seqno: u16, metric: u16) -> Tlv {
    Tlv::Update(Update {
        key: Some(Key::to(prefix(9))),
        router: Some(FAR),
        seqno: Seqno(seqno),
        metric: Metric(metric),
        next: Duration::from_mins(10),
        hop: None,
    })
}

fn seqno_request(seqno: u16, hops: u8) -> Tlv {
    let (key, seqno) = (Key::to(prefix(9)), Seqno(seqno));
    Tlv::SeqnoRequest(SeqnoRequest { key, seqno, hops, router: FAR })
}

#[test]
fn what_is_learnt_is_told_to_the_others_and_not_back() {
    let mut bench = Bench::new();
    bench.hear(LINK, &[update(1, 100)]);
    assert_eq!(bench.routes, [(prefix(9), Some(LINK))]);
    bench.pass(ms(100));
    let updates = bench.updates();
    assert_eq!(updates.len(), 1);
    assert_eq!((updates[0].0, updates[0].1.metric), (OTHER, Metric(196)));
    assert_eq!(updates[0].1.router, Some(FAR));
}

#[test]
fn an_exact_request_is_answered_even_to_the_next_hop() {
    let mut bench = Bench::new();
    let ask = Tlv::RouteRequest(RouteRequest { key: Some(Key::to(prefix(9))) });
    bench.hear(LINK, &[ask]);
    let answer = bench.updates();
    assert_eq!((answer[0].0, answer[0].1.metric), (LINK, Metric::INFINITE));
    bench.hear(LINK, &[update(1, 100)]);
    bench.hear(LINK, &[ask]);
    let answer = bench.updates();
    assert_eq!((answer[0].0, answer[0].1.metric), (LINK, Metric(196)));
}

#[test]
fn an_acknowledgment_leaves_at_once() {
    let mut bench = Bench::new();
    bench.hear(LINK, &[Tlv::AckRequest(AckRequest { opaque: 0xbeef, within: ms(500) })]);
    assert_eq!(bench.said, [(LINK, Tlv::Ack(Ack { opaque: 0xbeef }))]);
}

#[test]
fn s2_who_never_acknowledges_is_told_three_times() {
    let mut bench = Bench::new();
    bench.hear(LINK, &[update(1, 100)]);
    bench.pass(ms(8_000));
    let copies = bench.updates().len();
    // One of them may be the full update of the interval.
    assert!((3..=4).contains(&copies), "{copies}");
}

#[test]
fn what_is_acknowledged_is_said_once() {
    let mut bench = Bench::new();
    bench.hear(LINK, &[update(1, 100)]);
    bench.pass(ms(100));
    let name = bench
        .said
        .iter()
        .find_map(|(_, tlv)| if let Tlv::AckRequest(ask) = tlv { Some(ask.opaque) } else { None });
    bench.hear(OTHER, &[Tlv::Ack(Ack { opaque: name.unwrap() })]);
    bench.said.clear();
    bench.pass(ms(1_500));
    assert_eq!(bench.updates(), []);
}

#[test]
fn an_unfeasible_update_of_the_selected_route_is_asked_about() {
    let mut bench = Bench::new();
    bench.hear(LINK, &[update(1, 100)]);
    bench.pass(ms(100));
    bench.said.clear();
    bench.hear(LINK, &[update(1, 900)]);
    // The old route stays, and its next hop is asked for a newer one.
    assert_eq!(bench.routes, [(prefix(9), Some(LINK))]);
    let asked = bench.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].0, asked[0].1.seqno, asked[0].1.hops), (LINK, Seqno(2), 64));
    bench.hear(LINK, &[update(2, 900)]);
    bench.pass(ms(100));
    assert_eq!(bench.updates()[0].1.metric, Metric(996));
}

#[test]
fn an_unfeasible_route_is_never_selected_and_asked_about_three_times() {
    let mut bench = Bench::new();
    bench.hear(LINK, &[update(1, 100)]);
    bench.pass(ms(100));
    bench.hear(OTHER, &[update(1, 196)]);
    bench.said.clear();
    bench.tell(Input::Down(LINK));
    assert_eq!(bench.routes.last(), Some(&(prefix(9), None)));
    bench.pass(ms(30_000));
    let asked = bench.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|(link, ask)| *link == OTHER && ask.seqno == Seqno(2)));
    bench.hear(OTHER, &[update(2, 500)]);
    assert_eq!(bench.routes.last(), Some(&(prefix(9), Some(OTHER))));
}

#[test]
fn a_request_goes_on_to_one_neighbour_and_its_answer_comes_back() {
    let mut bench = Bench::new();
    bench.hear(LINK, &[update(1, 100)]);
    bench.pass(ms(100));
    bench.said.clear();
    bench.hear(OTHER, &[seqno_request(2, 9)]);
    // Said again, it goes no further.
    bench.hear(OTHER, &[seqno_request(2, 9)]);
    let asked = bench.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].0, asked[0].1.seqno, asked[0].1.hops), (LINK, Seqno(2), 8));
    bench.hear(LINK, &[update(2, 100)]);
    let answer = bench.updates();
    assert_eq!((answer[0].0, answer[0].1.seqno), (OTHER, Seqno(2)));
}

#[test]
fn a_request_with_one_hop_left_ends_here() {
    let mut bench = Bench::new();
    bench.hear(LINK, &[update(1, 100)]);
    bench.hear(OTHER, &[seqno_request(2, 1)]);
    assert_eq!(bench.asked(), []);
    bench.hear(OTHER, &[seqno_request(1, 1)]);
    assert_eq!(bench.updates().len(), 1);
}

#[test]
fn our_number_rises_by_one_when_asked() {
    let mut bench = Bench::new();
    bench.pass(Duration::from_mins(41));
    bench.hear(LINK, &[]);
    let before = bench.babel.seqno();
    let (key, router) = (Key::to(prefix(0)), bench.babel.router_id());
    for ahead in [0, 1, 1, 300] {
        let ask = SeqnoRequest { key, seqno: before.plus(ahead), hops: 1, router };
        bench.hear(LINK, &[Tlv::SeqnoRequest(ask)]);
    }
    assert_eq!(bench.babel.seqno(), before.plus(2));
}

#[test]
fn a_wildcard_retraction_takes_everything() {
    let mut bench = Bench::new();
    bench.hear(LINK, &[update(1, 100)]);
    let next = Duration::from_secs(16);
    let (key, metric) = (None, Metric::INFINITE);
    let gone = Update { key, router: None, seqno: Seqno(0), metric, next, hop: None };
    bench.hear(LINK, &[Tlv::Update(gone)]);
    assert_eq!(bench.routes.last(), Some(&(prefix(9), None)));
}

#[test]
fn a_route_that_is_not_repeated_expires_after_a_last_call() {
    let mut bench = Bench::new();
    let Tlv::Update(route) = update(1, 100) else { unreachable!() };
    bench.hear(LINK, &[Tlv::Update(Update { next: Duration::from_secs(10), ..route })]);
    bench.pass(ms(27_000));
    let call = Tlv::RouteRequest(RouteRequest { key: Some(Key::to(prefix(9))) });
    assert_eq!(bench.said.iter().filter(|(link, tlv)| (*link, *tlv) == (LINK, call)).count(), 1);
    bench.pass(ms(7_000));
    assert_eq!(bench.routes.len(), 1);
    bench.pass(ms(3_000));
    assert_eq!(bench.routes.last(), Some(&(prefix(9), None)));
}

#[test]
fn jitter_of_delays_moves_no_route() {
    let mut bench = Bench::new();
    bench.hear(LINK, &[update(1, 500)]);
    for metric in [470, 540, 450, 600] {
        bench.hear(OTHER, &[update(2, metric)]);
    }
    assert_eq!(bench.routes, [(prefix(9), Some(LINK))]);
    bench.hear(OTHER, &[update(2, 400)]);
    assert_eq!(bench.routes.last(), Some(&(prefix(9), Some(OTHER))));
}

#[test]
fn too_many_requests_are_passed_over() {
    let mut bench = Bench::new();
    let ask = Tlv::RouteRequest(RouteRequest { key: Some(Key::to(prefix(9))) });
    for _ in 0..300 {
        bench.hear(LINK, &[ask]);
    }
    assert!(bench.updates().len() <= 201);
    assert!(bench.babel.counters().passed_over["throttled"] >= 99);
}
