//! What gathers before it leaves (rule X17).

use super::floods::stand::{Probe, Stand, probe};
use super::model::net::Net;
use super::model::weather::Weather;
use super::model::{keys, settings_of};
use super::*;
use crate::Metric;
use crate::candidates::Columns;
use crate::wire::{AckRequest, Tlv};

#[test]
fn x17_a_storm_leaves_in_few_packets_and_a_change_after_quiet_at_once() {
    let mut net = Net::<Columns>::new(1);
    for n in 0..2 {
        net.add(settings_of(n, true));
    }
    net.join(&[0, 1], Profile::TUNNEL, Weather::fair(ms(40)));
    let its = keys(0)[0];
    net.announce(0, its, Metric(60_000));
    net.run(ms(20_000));
    let heard = |net: &Net<Columns>| {
        net.nodes[1].speaker.routes().find(|view| view.key == its).unwrap().refmetric
    };
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
