//! Packets of other speakers, captured.

extern crate std;

use alloc::collections::BTreeMap;
use alloc::string::String;
use std::println;

use super::*;
use crate::tests::captures::captures;
use crate::wire::Builder;

#[test]
fn every_captured_packet_is_understood() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, payload) in captured() {
        // Captures made by a prober hold deliberate errors; the others are all in order.
        let on_purpose = name.starts_with('p');
        let packet = match Packet::decode(&payload) {
            Ok(packet) => packet,
            Err(bad) => {
                assert!(on_purpose, "{name}: {bad}");
                *counts.entry(bad.reason()).or_default() += 1;
                continue;
            }
        };
        for tlv in packet.tlvs() {
            assert!(tlv.is_ok() || on_purpose, "{name}: {tlv:?}");
            let what = tlv.map_or_else(|bad| bad.reason(), |tlv| kind(&tlv));
            *counts.entry(what).or_default() += 1;
        }
    }
    println!("{counts:?}");
    let most = |what| counts.get(what).is_some_and(|count| *count > 10);
    let all = ["update", "source-specific update", "IPv4 update", "IPv4 update over IPv6"];
    assert!(all.into_iter().all(most));
}

#[test]
fn what_was_captured_is_written_and_read_again() {
    for (name, payload) in captured() {
        let Ok(packet) = Packet::decode(&payload) else { continue };
        let tlvs: Vec<Tlv> = packet.tlvs().filter_map(Result::ok).collect();
        let mut builder = Builder::new(65_539);
        for tlv in &tlvs {
            assert!(builder.push(tlv, 0), "{name}: {tlv:?}");
        }
        let octets = builder.finish();
        let again: Vec<Tlv> = read(&octets).into_iter().map(Result::unwrap).collect();
        assert_eq!(again, tlvs, "{name}");
    }
}

fn kind(tlv: &Tlv) -> &'static str {
    let Tlv::Update(Update { key: Some(key), hop, .. }) = tlv else { return "another" };
    match (key.family(), hop) {
        (crate::Family::V6, _) if key.is_source_specific() => "source-specific update",
        (crate::Family::V6, _) => "update",
        (crate::Family::V4, Some(core::net::IpAddr::V4(_))) => "IPv4 update",
        (crate::Family::V4, _) => "IPv4 update over IPv6",
    }
}

/// Returns the packets of all captures, each with the name of its file.
fn captured() -> Vec<(String, Vec<u8>)> {
    let all = captures(|_| true).into_iter();
    all.flat_map(|(name, packets)| packets.into_iter().map(move |it| (name.clone(), it.octets)))
        .collect()
}
