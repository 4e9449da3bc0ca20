//! Packets of other speakers, captured: where they are, and what a speaker makes of them.

extern crate std;

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv6Addr;
use std::fs;

use words::{Engine, Time};

use crate::{Input, Interface, Profile, Settings, Speaker};

/// A captured packet.
pub(crate) struct Captured {
    pub(crate) from: Ipv6Addr,
    pub(crate) to: Ipv6Addr,
    pub(crate) octets: Vec<u8>,
}

/// Returns the packets from or to Babel's port of all captures whose name fits, in order.
pub(crate) fn captures(fits: impl Fn(&str) -> bool) -> Vec<(String, Vec<Captured>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures");
    let mut captures = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.extension().is_some_and(|it| it == "pcap") && fits(&name) {
            captures.push((name, packets(&fs::read(&path).unwrap())));
        }
    }
    captures.sort_by(|(one, _), (other, _)| one.cmp(other));
    captures
}

/// Returns the Babel packets of a capture: Ethernet, IPv6, UDP.
fn packets(file: &[u8]) -> Vec<Captured> {
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
            let address =
                |at: usize| Ipv6Addr::from(<[u8; 16]>::try_from(&frame[at..at + 16]).unwrap());
            let udp = usize::from(u16::from_be_bytes([frame[58], frame[59]]));
            let octets = frame[62..54 + udp].to_vec();
            found.push(Captured { from: address(22), to: address(38), octets });
        }
    }
    found
}

#[test]
fn a_speaker_that_hears_what_was_captured_learns_routes_of_every_daemon() {
    for (name, packets) in captures(|_| true) {
        let senders: BTreeSet<Ipv6Addr> = packets.iter().map(|packet| packet.from).collect();
        let mut most = 0;
        for sender in senders {
            let mut speaker: Speaker = Speaker::new(Settings::default(), [1; 32], Time::ZERO);
            let profile = Profile { address4: Some([192, 0, 2, 9].into()), ..Profile::LAN };
            let interface = Interface(1);
            speaker.handle(Input::Up(interface, profile), Time::ZERO);
            let heard = packets.iter().filter(|packet| packet.from == sender);
            for (moment, packet) in (1..).zip(heard) {
                let now = Time::from_micros(moment * 50_000);
                let octets = &packet.octets;
                speaker.handle(Input::Packet { interface, from: sender, octets }, now);
                let selected: Vec<_> = speaker.selected().collect();
                assert!(selected.iter().all(|it| it.feasible && it.metric.is_finite()), "{name}");
                most = most.max(speaker.routes().filter(|it| it.refmetric.is_finite()).count());
            }
        }
        assert!(most > 0, "{name}: no route was learnt");
    }
}
