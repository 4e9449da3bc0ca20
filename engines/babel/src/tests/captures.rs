//! Packets of other speakers, captured.
//!
//! Reads every `*.pcap` of the folder that `RE6ST_PCAPS` names: Ethernet, IPv6, UDP 6696.

extern crate std;

use std::{env, fs, println};

use super::*;
use crate::wire::{Malformed, Packet};

#[test]
fn every_captured_packet_is_understood() {
    let Some(folder) = env::var_os("RE6ST_PCAPS") else {
        return println!("skipped: RE6ST_PCAPS names no folder of captures");
    };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|it| it != "pcap") {
            continue;
        }
        // Captures made by a prober hold deliberate errors; the others are all in order.
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for payload in payloads(&fs::read(&path).unwrap()) {
            let packet = match Packet::decode(payload) {
                Ok(packet) => packet,
                Err(bad) => {
                    assert!(name.starts_with('p'), "{name}: {bad}");
                    *counts.entry(bad.reason()).or_default() += 1;
                    continue;
                }
            };
            for tlv in packet.tlvs() {
                let not_ours = |bad: &Malformed| {
                    matches!(bad, Malformed::Mandatory { .. } | Malformed::Encoding { .. })
                };
                match tlv {
                    Ok(_) => *counts.entry("understood").or_default() += 1,
                    Err(bad) => {
                        assert!(not_ours(&bad) || name.starts_with('p'), "{name}: {bad}");
                        *counts.entry(bad.reason()).or_default() += 1;
                    }
                }
            }
        }
    }
    println!("{counts:?}");
    assert!(counts.get("understood").is_some_and(|count| *count > 1000));
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
