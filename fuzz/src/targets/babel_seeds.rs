//! The first packets and TLVs of Babel.

use std::net::IpAddr;
use std::time::Duration;

use babel::wire::{
    Ack, AckRequest, Builder, Echo, Hello, Ihu, RouteRequest, SeqnoRequest, Tlv, Update,
};
use babel::{Cost, Key, Metric, RouterId, Seqno};

use super::babel_captured::captured;

/// Some time: 4 s.
const SOON: Duration = Duration::from_secs(4);

/// Packets: one of each kind of TLV, one of updates that are compressed, one with a trailer, and
/// those of other speakers.
pub(super) fn packets() -> Vec<Vec<u8>> {
    let mixed: Vec<Tlv> = [greetings(), updates(), requests()]
        .iter()
        .filter_map(|some| some.first().copied())
        .collect();
    let mut signed = written(&greetings());
    signed.extend([16, 4, 1, 2, 3, 4]);
    let own = [written(&mixed), written(&updates()), written(&requests()), signed];
    own.into_iter().chain(captured()).collect()
}

/// Returns the octets of one packet.
fn written(tlvs: &[Tlv]) -> Vec<u8> {
    let mut builder = Builder::new(1400);
    let all = tlvs.iter().all(|tlv| builder.push(tlv, 0));
    assert!(all, "the seeds are too many for one packet");
    builder.finish()
}

/// Returns the bodies of the TLVs of type `kind` that writing each of `tlvs` alone makes.
fn bodies(kind: u8, tlvs: &[Tlv]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for tlv in tlvs {
        let packet = written(&[*tlv]);
        let mut rest = packet.get(4..).unwrap_or_default();
        while let [this, length, after @ ..] = rest {
            let (body, after) = after.split_at_checked(usize::from(*length)).unwrap_or_default();
            if *this == kind && !found.iter().any(|old| old == body) {
                found.push(body.to_vec());
            }
            rest = after;
        }
    }
    found
}

fn greetings() -> Vec<Tlv> {
    let hello =
        Hello { seqno: Seqno(9), next: Some(SOON), unicast: false, sent: None, frugal: false };
    let to = |to: &str| to.parse::<IpAddr>().ok();
    let ihu = |to, echo| Tlv::Ihu(Ihu { to, rxcost: Cost(96), next: SOON, echo });
    vec![
        Tlv::Hello(hello),
        Tlv::Hello(Hello { next: None, unicast: true, sent: Some(7), frugal: true, ..hello }),
        ihu(None, None),
        ihu(to("fe80::7"), Some(Echo { origin: 7, received: 8 })),
        ihu(to("192.0.2.1"), None),
        ihu(to("2001:db8::1"), None),
    ]
}

/// Returns a few keys of all kinds.
fn keys() -> Vec<Key> {
    let keys = [
        "fd12:3456:789a:2::/64",
        "fd12:3456:789a:2:202:202:202:202/128",
        "::/0 from fd12:3456:789a::/48",
        "10.1.0.0/16",
        "0.0.0.0/0 from 10.1.0.0/16",
    ];
    keys.iter().filter_map(|key| key.parse().ok()).collect()
}

fn updates() -> Vec<Tlv> {
    let with = |key, metric, hop: Option<&str>| {
        let hop = hop.and_then(|hop| hop.parse().ok());
        let router = Some(RouterId([2; 8]));
        Tlv::Update(Update {
            key,
            router,
            seqno: Seqno(5),
            metric: Metric(metric),
            next: SOON,
            hop,
        })
    };
    let mut all: Vec<Tlv> = keys().into_iter().map(|key| with(Some(key), 96, None)).collect();
    let v4 = "10.2.0.0/16".parse().ok();
    let v6 = "fd12:3456:789a:3::/64".parse().ok();
    all.extend([
        with(v4, 96, Some("192.0.2.1")),
        with(v4, 96, Some("fe80::9")),
        with(v6, 96, Some("2001:db8::9")),
        with(v6, 0xffff, None),
        with(v4, 0xffff, None),
        with(None, 0xffff, None),
    ]);
    all
}

fn requests() -> Vec<Tlv> {
    let mut all = vec![
        Tlv::AckRequest(AckRequest { opaque: 7, within: SOON }),
        Tlv::Ack(Ack { opaque: 7 }),
        Tlv::RouteRequest(RouteRequest { key: None }),
    ];
    for key in keys() {
        let router = RouterId([2; 8]);
        all.push(Tlv::RouteRequest(RouteRequest { key: Some(key) }));
        all.push(Tlv::SeqnoRequest(SeqnoRequest { key, seqno: Seqno(5), hops: 64, router }));
    }
    all
}

pub(super) fn ack_requests() -> Vec<Vec<u8>> {
    bodies(2, &requests())
}

pub(super) fn acks() -> Vec<Vec<u8>> {
    bodies(3, &requests())
}

pub(super) fn hellos() -> Vec<Vec<u8>> {
    bodies(4, &greetings())
}

pub(super) fn ihus() -> Vec<Vec<u8>> {
    bodies(5, &greetings())
}

pub(super) fn router_ids() -> Vec<Vec<u8>> {
    bodies(6, &updates())
}

pub(super) fn next_hops() -> Vec<Vec<u8>> {
    bodies(7, &updates())
}

/// With extras, too, that are for others: an optional sub-TLV, a mandatory one, two sources.
pub(super) fn all_updates() -> Vec<Vec<u8>> {
    let mut all = bodies(8, &updates());
    let first = all.first().cloned().unwrap_or_default();
    for subs in [&[112, 2, 5, 6, 0, 1, 1, 0][..], &[240, 0], &[128, 2, 8, 0xfd, 128, 2, 8, 0xfd]] {
        all.push([&first, subs].concat());
    }
    all
}

pub(super) fn route_requests() -> Vec<Vec<u8>> {
    bodies(9, &requests())
}

pub(super) fn seqno_requests() -> Vec<Vec<u8>> {
    bodies(10, &requests())
}
