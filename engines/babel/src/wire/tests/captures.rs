//! Packets of other speakers, captured.
//!
//! Reads every `*.pcap` of the folder that `RE6ST_PCAPS` names: Ethernet, IPv6, UDP 6696.

extern crate std;

use alloc::collections::BTreeMap;
use alloc::string::String;
use std::{env, fs, println};

use super::*;
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
    assert!(counts.is_empty() || all.into_iter().all(most));
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
    let Some(folder) = env::var_os("RE6ST_PCAPS") else {
        println!("skipped: RE6ST_PCAPS names no folder of captures");
        return Vec::new();
    };
    let mut found = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|it| it == "pcap") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let file = fs::read(&path).unwrap();
            found.extend(payloads(&file).into_iter().map(|it| (name.clone(), it.to_vec())));
        }
    }
    assert!(found.len() > 1000, "RE6ST_PCAPS names a folder without captures");
    found
}

/// Returns the UDP payloads of a capture, from or to the Babel port.
fn payloads(file: &[u8]) -> Vec<&[u8]> {
    let big = matches!(file[..4], [0xa1, 0xb2, 0xc3, 0xd4] | [0xa1, 0xb2, 0x3c, 0x4d]);
    let mut rest = &file[24..];
    let mut found = Vec::new();
    while rest.len() >= 16 {
        let length: [u8; 4] = rest[8..12].try_into().unwrap();
        let length = if big { u32::from_be_bytes(length) } else { u32::from_le_bytes(length) };
        let frame = &rest[16..16 + length as usize];
        rest = &rest[16 + length as usize..];
        let is_babel = frame.len() > 62
            && frame[12..14] == [0x86, 0xdd]
            && frame[20] == 17
            && (frame[54..56] == [0x1a, 0x28] || frame[56..58] == [0x1a, 0x28]);
        if is_babel {
            let udp = usize::from(u16::from_be_bytes([frame[58], frame[59]]));
            found.push(&frame[62..54 + udp]);
        }
    }
    found
}
