//! Stories of the emulated Internet.

use std::net::Ipv4Addr;

use super::packet::samples::{sound, tcp, udp};
use super::packet::{Content, End, Reading};
use super::*;

const SEED: [u8; 32] = [5; 32];

/// An Internet of four nodes, and one node behind NAT and two that are not.
struct Story {
    internet: Internet,
    hidden: HostId,
    a: HostId,
    b: HostId,
}

impl Story {
    fn new() -> Self {
        Self::of(Model::draw(4, SEED))
    }

    fn of(model: Model) -> Self {
        let behind = |host: &HostId| model.at(*host).unwrap().private.is_some();
        let hidden = model.nodes().find(behind).unwrap();
        let mut open = model.nodes().filter(|host| !behind(host));
        let (a, b) = (open.next().unwrap(), open.next().unwrap());
        Self { internet: Internet::new(model, SEED), hidden, a, b }
    }

    fn end(&self, host: HostId) -> End {
        (self.internet.model.at(host).unwrap().own(), 6326)
    }

    fn public(&self, host: HostId, port: u16) -> End {
        (self.internet.model.at(host).unwrap().public, port)
    }

    fn send(&mut self, from: HostId, packet: &[u8], now: Time) {
        self.internet.handle(Input::Sent(from, packet), now);
    }

    /// Runs until nothing travels; returns what arrived, and when.
    fn run(&mut self) -> Vec<(Time, HostId, Vec<u8>)> {
        let mut arrived = Vec::new();
        while let Some(deadline) = self.internet.deadline() {
            self.internet.handle(Input::Wake, deadline.at);
            while let Some(Output::Deliver(to, packet)) = self.internet.poll() {
                arrived.push((deadline.at, to, packet));
            }
        }
        arrived
    }

    fn dropped(&self, why: Dropped) -> u64 {
        self.internet.drops().get(&why).copied().unwrap_or(0)
    }
}

const SOON: Time = Time::from_micros(1_000_000);

#[test]
fn a_packet_takes_the_time_of_its_way_and_arrives_as_it_was() {
    let mut story = Story::new();
    let (a, b) = (story.a, story.b);
    let packet = udp(story.end(a), story.end(b), b"hello");
    story.send(a, &packet, SOON);
    let [(at, to, got)] = &story.run()[..] else { panic!() };
    assert_eq!((*to, got), (b, &packet));
    let took = at.since(SOON);
    let way = story.internet.model.one_way(a, b);
    assert!(way < took && took < 2 * way + Duration::from_millis(5), "{took:?}, way {way:?}");
}

#[test]
fn packets_of_one_way_stay_in_order_and_share_the_line() {
    let mut story = Story::new();
    let (a, b) = (story.a, story.b);
    for n in 0..100_u8 {
        let packet = udp(story.end(a), story.end(b), &[n; 1222]);
        story.send(a, &packet, SOON);
    }
    let arrived = story.run();
    assert!(arrived.iter().map(|(_, _, packet)| packet[28]).eq(0..100));
    let took = arrived[99].0.since(SOON);
    let least = story.internet.model.one_way(a, b) + Duration::from_millis(10);
    assert!(took >= least, "100 × 1250 octets at 100 Mbit/s: {took:?}, {least:?}");
}

#[test]
fn a_full_line_drops() {
    let mut story = Story::new();
    let (a, b) = (story.a, story.b);
    let packet = udp(story.end(a), story.end(b), &[0; 1222]);
    for _ in 0..1_500 {
        story.send(a, &packet, SOON);
    }
    let arrived = story.run().len();
    assert!((1_000..1_010).contains(&arrived), "100 ms of 10 packets each: {arrived}");
    assert_eq!(story.dropped(Dropped::Congested), 1_500 - arrived as u64);
}

#[test]
fn loss_is_as_ordered() {
    let mut model = Model::draw(4, SEED);
    model.loss = Loss::Everywhere(100_000);
    let mut story = Story::of(model);
    let (a, b) = (story.a, story.b);
    let packet = udp(story.end(a), story.end(b), b".");
    for n in 0..10_000_u32 {
        story.send(a, &packet, SOON + Duration::from_millis(1) * n);
    }
    let lost = story.dropped(Dropped::Lost);
    assert!((900..1_100).contains(&lost), "{lost} of 10 000 at 10 %");
}

#[test]
fn each_pair_loses_what_the_model_drew_for_it() {
    let mut model = Model::draw(12, SEED);
    model.loss = Loss::Model;
    let mut story = Story::of(model);
    let model = story.internet.model.clone();
    let open: Vec<HostId> =
        model.nodes().filter(|node| model.at(*node).unwrap().private.is_none()).collect();
    let pairs = || open.iter().flat_map(|a| open.iter().map(|b| (*a, *b))).filter(|(a, b)| a < b);
    let loss = |pair: &(HostId, HostId)| model.way(pair.0, pair.1).loss;
    let (worst, best) = (pairs().max_by_key(loss).unwrap(), pairs().min_by_key(loss).unwrap());
    assert!(loss(&worst) >= 5_000 && loss(&best) <= 200);
    for pair @ (a, b) in [worst, best] {
        let before = story.dropped(Dropped::Lost);
        let packet = udp(story.end(a), story.end(b), b".");
        for n in 0..20_000_u32 {
            story.send(a, &packet, SOON + Duration::from_millis(1) * n);
        }
        let count = story.dropped(Dropped::Lost) - before;
        let expected = u64::from(loss(&pair)) * 20_000 / 1_000_000;
        assert!(count.abs_diff(expected) < 40, "{count} instead of {expected}");
    }
}

#[test]
fn who_is_behind_nat_reaches_out_and_is_answered() {
    let mut story = Story::new();
    let (a, b, hidden) = (story.a, story.b, story.hidden);
    let asked = udp(story.end(hidden), story.end(a), b"hello");
    story.send(hidden, &asked, SOON);
    let [(_, to, got)] = &story.run()[..] else { panic!() };
    assert_eq!(*to, a);
    assert!(sound(got));
    let seen = Reading::of(got).unwrap();
    let Content::Flow { from: port, .. } = seen.content else { panic!() };
    assert_eq!(seen.source, story.public(hidden, port).0);

    let answer = udp(story.end(a), story.public(hidden, port), b"yes");
    story.send(a, &answer, SOON);
    let stranger = udp(story.end(b), story.public(hidden, port), b"me too");
    story.send(b, &stranger, SOON);
    let [(_, to, got)] = &story.run()[..] else { panic!() };
    assert_eq!((*to, sound(got)), (hidden, true));
    assert_eq!(&got[28..], b"yes");
    assert_eq!(story.dropped(Dropped::Filtered), 1);
}

#[test]
fn a_cut_stops_both_directions_and_what_is_on_its_way() {
    let mut story = Story::new();
    let (a, b) = (story.a, story.b);
    let (there, back) = (story.end(b), story.end(a));
    story.send(a, &udp(back, there, b"."), SOON);
    story.internet.handle(Input::Cut(a, b), SOON);
    story.send(b, &udp(there, back, b"."), SOON);
    story.send(a, &tcp(back, story.public(HostId::REGISTRY, 8443), 2), SOON);
    let arrived: Vec<_> = story.run().into_iter().map(|(_, to, _)| to).collect();
    assert_eq!(arrived, [HostId::REGISTRY], "others are still reached");
    assert_eq!(story.dropped(Dropped::Fault), 2);
}

#[test]
fn a_blocked_node_still_has_tcp() {
    let mut story = Story::new();
    let (a, b) = (story.a, story.b);
    story.internet.handle(Input::BlockUdp(a), SOON);
    let (here, there) = (story.end(a), story.end(b));
    story.send(a, &udp(here, there, b"."), SOON);
    story.send(b, &udp(there, here, b"."), SOON);
    story.send(a, &tcp(here, there, 2), SOON);
    assert_eq!(story.run().len(), 1);
    assert_eq!(story.dropped(Dropped::Fault), 2);
}

#[test]
fn a_silenced_host_is_gone() {
    let mut story = Story::new();
    let (a, b) = (story.a, story.b);
    story.internet.handle(Input::Silence(b), SOON);
    story.send(a, &tcp(story.end(a), story.end(b), 2), SOON);
    story.send(b, &tcp(story.end(b), story.end(a), 2), SOON);
    assert_eq!(story.run(), []);
}

#[test]
fn what_was_cut_or_silenced_can_be_healed() {
    let mut story = Story::new();
    let (a, b) = (story.a, story.b);
    story.internet.handle(Input::Silence(b), SOON);
    story.internet.handle(Input::Cut(a, b), SOON);
    story.internet.handle(Input::Restore(b), SOON);
    story.send(a, &tcp(story.end(a), story.end(b), 2), SOON);
    assert_eq!(story.run(), [], "still cut");
    story.internet.handle(Input::Heal(b, a), SOON);
    story.send(a, &tcp(story.end(a), story.end(b), 2), SOON);
    story.send(b, &tcp(story.end(b), story.end(a), 2), SOON);
    assert_eq!(story.run().len(), 2);
}

#[test]
fn false_addresses_go_nowhere() {
    let mut story = Story::new();
    let (a, b) = (story.a, story.b);
    story.send(a, &udp(story.end(b), story.end(a), b"."), SOON);
    story.send(a, &udp(story.end(a), (Ipv4Addr::new(8, 8, 8, 8), 53), b"."), SOON);
    story.send(a, &[0x50; 40], SOON);
    assert_eq!(story.run(), []);
    let counts = [Dropped::Spoofed, Dropped::Nowhere, Dropped::Malformed];
    assert_eq!(counts.map(|why| story.dropped(why)), [1, 1, 1]);
}

#[test]
fn the_same_seed_and_the_same_packets_give_the_same_run() {
    let run = || {
        let mut story = Story::new();
        let (a, b, hidden) = (story.a, story.b, story.hidden);
        for n in 0..50_u32 {
            let now = SOON + Duration::from_millis(3) * n;
            let there = story.end(b);
            story.send(a, &udp(story.end(a), there, b"x"), now);
            story.send(hidden, &udp(story.end(hidden), there, b"y"), now);
        }
        story.run()
    };
    assert_eq!(run(), run());
}

#[test]
fn who_roams_sends_from_elsewhere_and_hears_nothing_where_it_was() {
    let mut story = Story::new();
    let (a, b) = (story.a, story.b);
    let (before, far) = (story.end(a), story.end(b));
    story.internet.handle(Input::Roam(a), SOON);
    let now = story.end(a);
    assert_ne!(now, before);

    story.send(a, &udp(before, far, b"from where I was"), SOON);
    story.send(b, &udp(far, before, b"to where it was"), SOON);
    assert!(story.run().is_empty());
    assert_eq!((story.dropped(Dropped::Spoofed), story.dropped(Dropped::Nowhere)), (1, 1));

    story.send(a, &udp(now, far, b"here I am"), SOON);
    let [(_, to, packet)] = &story.run()[..] else { panic!() };
    let reading = Reading::of(packet).unwrap();
    assert_eq!((*to, reading.source), (b, story.public(a, 0).0));
    let Content::Flow { from, .. } = reading.content else { panic!() };
    story.send(b, &udp(far, (reading.source, from), b"I see"), SOON);
    assert_eq!(story.run().len(), 1);
}

#[test]
fn udp_to_some_passes_to_them_alone() {
    let mut story = Story::new();
    let (a, b, hidden) = (story.a, story.b, story.hidden);
    story.internet.handle(Input::UdpOnly(a, b), SOON);
    let (end, other) = (story.end(a), story.end(b));
    story.send(a, &udp(end, other, b"yes"), SOON);
    story.send(b, &udp(other, end, b"yes"), SOON);
    story.send(hidden, &udp(story.end(hidden), end, b"no"), SOON);
    story.send(hidden, &udp(story.end(hidden), other, b"yes"), SOON);
    assert_eq!(story.run().len(), 3);
    assert_eq!(story.dropped(Dropped::Fault), 1);
}

#[test]
fn the_server_outside_answers_and_its_callers_are_counted() {
    let mut story = Story::new();
    let (a, server) = (story.a, HostId::REGISTRY);
    let asked = udp(story.end(a), (OUTSIDE, 53), b"?");
    story.send(a, &asked, SOON);
    let answer = udp((OUTSIDE, 53), story.end(a), b"!");
    story.send(server, &answer, SOON);
    // Nobody else may send from there.
    story.send(story.b, &answer, SOON);
    let arrived: Vec<HostId> = story.run().into_iter().map(|(_, to, _)| to).collect();
    assert_eq!((arrived.contains(&server), arrived.contains(&a), arrived.len()), (true, true, 2));
    assert_eq!(story.dropped(Dropped::Spoofed), 1);
    assert_eq!(story.internet.outside(), &BTreeMap::from([(a, 1)]));
}
