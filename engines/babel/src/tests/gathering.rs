//! What gathers before it leaves (rule X17).

use super::additions::{heard_by_the_other, two};
use super::floods::stand::{Probe, Stand, greeting, probe, reception};
use super::model::net::Net;
use super::*;
use crate::candidates::Columns;
use crate::wire::{AckRequest, Builder, Packet, Tlv};
use crate::{Input, Interface, Metric, Output, Settings, Speaker};

#[test]
fn x17_a_storm_leaves_in_few_packets_and_a_change_after_quiet_at_once() {
    let (mut net, its) = two(Metric(60_000));
    let heard = |net: &Net<Columns>| heard_by_the_other(net, its);
    let packets = |net: &Net<Columns>| net.nodes[0].speaker.counters().packets_out;
    let before = packets(&net);
    // Every 20 ms it is gone, or there again: all of it presses.
    for step in 0..250 {
        let metric = if step % 2 == 0 { Metric::INFINITE } else { Metric(10 + step) };
        net.announce(0, its, metric);
        net.run(ms(20));
    }
    net.run(ms(300));
    assert_eq!(heard(&net), Metric(259), "the last word arrives");
    // Two greetings, and of the storm one packet in 100 to 200 ms; in 25 to 50 ms each, it were 130.
    let storm = packets(&net) - before;
    assert!((25..60).contains(&storm), "{storm}");
    net.run(ms(3_000));
    net.announce(0, its, Metric(30_000));
    net.run(ms(80));
    assert_eq!(heard(&net), Metric(30_000), "the pause, and half a round trip");
}

#[test]
fn x17_acknowledgments_of_our_own_kind_go_together() {
    let mut stand = Stand::among(&[Probe { frugal: true, ..probe() }]);
    let ask = |opaque| Tlv::AckRequest(AckRequest { opaque, within: ms(100) });
    let acks = |stand: &Stand| {
        let acks = stand.said.iter().filter(|(_, _, tlv)| matches!(tlv, Tlv::Ack(_)));
        acks.map(|(at, ..)| *at).collect::<Vec<_>>()
    };
    stand.forget();
    let began = stand.now;
    for opaque in 1..=3 {
        stand.say(0, &[ask(opaque)]);
    }
    stand.pass(ms(51));
    let at = acks(&stand);
    assert!(at.len() == 3 && at.iter().all(|it| *it == at[0] && *it >= began + ms(25)), "{at:?}");
    // Many at once: who sends so much is not held up.
    stand.forget();
    let many: Vec<Tlv> = (10..26).map(ask).collect();
    stand.say(0, &many);
    assert_eq!(acks(&stand), alloc::vec![stand.now; 16]);
}

#[test]
fn x17_what_waits_for_a_greeting_is_not_hurried_by_another_neighbour() {
    let mut now = Time::from_micros(7_000_000);
    let mut speaker = <Speaker>::new(Settings::default(), [3; 32], now);
    let links = [Interface(1), Interface(2)];
    let hear = |speaker: &mut Speaker, interface, now, tlvs: &[Tlv]| {
        let mut builder = Builder::new(1_200);
        assert!(tlvs.iter().all(|tlv| builder.push(tlv, 0)));
        let from = core::net::Ipv6Addr::from_bits(0xfe80 << 112 | 9);
        speaker.handle(Input::Packet { interface, from, octets: &builder.finish() }, now);
    };
    for link in links {
        speaker.handle(Input::Up(link, Profile::TUNNEL), now);
        hear(&mut speaker, link, now, &[greeting(1, true), reception(96)]);
    }
    while speaker.poll().is_some() {}
    let ask = |within| Tlv::AckRequest(AckRequest { opaque: 7, within });
    hear(&mut speaker, links[0], now, &[ask(ms(5_000))]);
    hear(&mut speaker, links[1], now, &[ask(ms(100))]);
    now = now + ms(50);
    speaker.handle(Input::Wake, now);
    let is_ack = |tlv: &Result<Tlv, _>| matches!(tlv, Ok(Tlv::Ack(_)));
    let mut acknowledged = Vec::new();
    while let Some(said) = speaker.poll() {
        if let Output::Packet { interface, octets, .. } = said
            && Packet::decode(&octets).unwrap().tlvs().any(|tlv| is_ack(&tlv))
        {
            acknowledged.push(interface);
        }
    }
    assert_eq!(acknowledged, [links[1]]);
}
