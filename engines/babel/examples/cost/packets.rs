//! What the neighbours say: the same ranges from each, at metrics of its own.

use std::net::Ipv6Addr;
use std::time::Duration;

use babel::wire::{Ack, Builder, Hello, Ihu, RouteRequest, RouterId, Tlv, Update};
use babel::{Cost, Key, Metric, Seqno};
use words::Prefix;

/// Octets of a packet at most: Ethernet's, less the headers.
const LONGEST: usize = 1400;

/// How the neighbours' metrics are shared out. In all of them every route of every neighbour is
/// feasible at any time, so that nobody has to ask for newer ones.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Metrics {
    /// Each neighbour is the best for its share of the ranges, far ahead of the others.
    Shares,
    /// The same shares, and other metrics among those that are not the best.
    Stirred,
    /// Each share has moved on to the next neighbour.
    Moved,
}

impl Metrics {
    /// Returns what neighbour `number` of `neighbours` says of the range `index`.
    fn of(self, neighbours: u32, number: u32, index: u32) -> Metric {
        let shift = match self {
            Self::Shares => 0,
            Self::Stirred => 1000 * neighbours,
            Self::Moved => 1,
        };
        let place = (index + number + shift) % neighbours;
        let spread = (index + 2 * number + shift / 1000) % 14;
        Metric(if place == 0 { 200 } else { u16::try_from(280 + spread).unwrap_or(280) })
    }
}

/// Returns the packets with which neighbour `number` tells all `routes` ranges.
pub(crate) fn dump(neighbours: u32, number: u32, routes: u32, metrics: Metrics) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    let mut packet = Builder::new(LONGEST);
    for index in 0..routes {
        let update = Tlv::Update(update(index, metrics.of(neighbours, number, index)));
        if !packet.push(&update, 0) {
            packets.push(std::mem::replace(&mut packet, Builder::new(LONGEST)).finish());
            let _first_of_a_packet_fits = packet.push(&update, 0);
        }
    }
    packets.push(packet.finish());
    packets
}

/// Returns a greeting, with the word that we are heard.
pub(crate) fn greeting(seqno: Seqno, hello: Duration) -> Vec<u8> {
    let next = Some(hello);
    packet(&[
        Tlv::Hello(Hello { seqno, next, unicast: false, sent: None, frugal: false }),
        Tlv::Ihu(Ihu { to: None, rxcost: Cost::NOMINAL, next: 3 * hello, echo: None }),
    ])
}

/// Returns an acknowledgment.
pub(crate) fn ack(opaque: u16) -> Vec<u8> {
    packet(&[Tlv::Ack(Ack { opaque })])
}

/// Returns the request to be told everything.
pub(crate) fn wildcard() -> Vec<u8> {
    packet(&[Tlv::RouteRequest(RouteRequest { key: None })])
}

/// Returns the address of neighbour `number`.
pub(crate) fn address(number: u32) -> Ipv6Addr {
    Ipv6Addr::from_bits(0xfe80 << 112 | u128::from(number + 1))
}

fn packet(tlvs: &[Tlv]) -> Vec<u8> {
    let mut packet = Builder::new(LONGEST);
    for tlv in tlvs {
        let _few_small_ones_fit = packet.push(tlv, 0);
    }
    packet.finish()
}

/// One node per range, as in a mesh: each range has a router-id of its own.
fn update(index: u32, metric: Metric) -> Update {
    Update {
        key: Some(Key::to(Prefix::new(0x2001_0db8 << 96 | u128::from(index) << 64, 64))),
        router: Some(RouterId((0x0200_0000_0000_0000 | u64::from(index)).to_be_bytes())),
        seqno: Seqno(7),
        metric,
        next: Duration::from_mins(10),
        hop: None,
    }
}
