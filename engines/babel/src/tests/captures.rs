//! Packets of other speakers, captured: where they are, and what a speaker makes of them.

extern crate std;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;
use std::fmt::Write as _;
use std::fs;

use words::{Engine, Time};

use super::transitions::compare;
use crate::wire::{Packet, Tlv};
use crate::{Input, Interface, Key, Metric, Profile, Seqno, Settings, Speaker};

/// A captured packet.
pub(crate) struct Captured {
    /// When, microseconds by the clock of who captured.
    at: u64,
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
    let in_nanoseconds = matches!(file[..4], [0xa1, 0xb2, 0x3c, 0x4d] | [0x4d, 0x3c, 0xb2, 0xa1]);
    let mut rest = &file[24..];
    let mut found = Vec::new();
    while rest.len() >= 16 {
        let number = |at: usize| {
            let octets: [u8; 4] = rest[at..at + 4].try_into().unwrap();
            if big { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
        };
        let (second, part, length) = (number(0), number(4), number(8));
        let part = if in_nanoseconds { part / 1000 } else { part };
        let at = u64::from(second) * 1_000_000 + u64::from(part);
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
            found.push(Captured { at, from: address(22), to: address(38), octets });
        }
    }
    found
}

const LINK: Interface = Interface(1);

/// What was heard of a range.
struct Told {
    seqno: Seqno,
    refmetric: Metric,
    metric: Metric,
    selected: bool,
}

/// A speaker in the place of one that was captured, and what it hears of another.
struct Replay {
    speaker: Speaker,
    told: BTreeMap<Key, Told>,
    rtt: Option<Duration>,
}

impl Replay {
    /// Hears what `sender` said to all, and to the speaker in whose place this is, when it
    /// was said.
    fn of(packets: &[Captured], sender: Ipv6Addr, place: Option<Ipv6Addr>, delays: bool) -> Self {
        let address = place.unwrap_or(Profile::LAN.address);
        // The clock is the one of whose place this is, so that what echoes it is understood.
        let ahead = place.and_then(|place| clock_of(packets, place)).unwrap_or(0);
        let now = |packet: &Captured| Time::from_micros(packet.at - packets[0].at + ahead);
        let kind = if delays { Profile::TUNNEL } else { Profile::LAN };
        let profile =
            Profile { address, address4: Some([192, 0, 2, 9].into()), lone: false, ..kind };
        let speaker = Speaker::new(Settings::default(), [1; 32], now(&packets[0]));
        let mut replay = Self { speaker, told: BTreeMap::new(), rtt: None };
        replay.speaker.handle(Input::Up(LINK, profile), now(&packets[0]));
        let is_ours = |to: Ipv6Addr| to.is_multicast() || to == address;
        for packet in packets.iter().filter(|it| it.from == sender && is_ours(it.to)) {
            replay.wake_until(now(packet));
            let octets = &packet.octets;
            let heard = Input::Packet { interface: LINK, from: sender, octets };
            replay.speaker.handle(heard, now(packet));
            replay.look();
        }
        replay
    }

    fn wake_until(&mut self, now: Time) {
        while self.speaker.poll().is_some() {}
        while let Some(due) = self.speaker.deadline().filter(|due| due.at <= now) {
            self.speaker.handle(Input::Wake, due.at);
            while self.speaker.poll().is_some() {}
        }
    }

    fn look(&mut self) {
        for view in self.speaker.routes().filter(|view| view.refmetric.is_finite()) {
            assert!(!view.selected || view.feasible && view.metric.is_finite(), "{view:?}");
            let before = self.told.get(&view.key).is_some_and(|told| told.selected);
            let told = Told {
                seqno: view.seqno,
                refmetric: view.refmetric,
                metric: view.metric,
                selected: before || view.selected,
            };
            self.told.insert(view.key, told);
        }
        self.rtt = self.speaker.neighbours().find_map(|view| view.rtt).or(self.rtt);
    }

    /// Writes what was heard last of each range, and whether that lasts.
    fn table(&self) -> String {
        let mut table = String::new();
        if let Some(rtt) = self.rtt {
            writeln!(table, "    round trip {:.1} ms", rtt.as_secs_f64() * 1000.0).unwrap();
        }
        for (key, Told { seqno, refmetric, metric, selected }) in &self.told {
            let views = self.speaker.routes().filter(|view| view.refmetric.is_finite());
            let end = if views.into_iter().any(|view| view.key == *key) { "" } else { ", gone" };
            let selected = if *selected { ", selected" } else { "" };
            let seqno = seqno.0;
            writeln!(table, "    {key}: {seqno} {refmetric} → {metric}{selected}{end}").unwrap();
        }
        table
    }
}

/// Returns what the clock of `place`, microseconds, showed when the capture began.
fn clock_of(packets: &[Captured], place: Ipv6Addr) -> Option<u64> {
    packets.iter().filter(|packet| packet.from == place).find_map(|packet| {
        let tlvs = Packet::decode(&packet.octets).ok()?;
        let sent = tlvs.tlvs().find_map(|tlv| match tlv {
            Ok(Tlv::Hello(hello)) => hello.sent,
            _ => None,
        })?;
        // A clock of 32 bits goes round: any time that shows the same will do.
        Some((u64::from(sent) + (1 << 32)).saturating_sub(packet.at - packets[0].at))
    })
}

/// Each sender is heard by a speaker that has the address of the other end, if somebody is
/// there, at the times of the capture.
#[test]
fn a_speaker_that_hears_what_was_captured_learns_what_the_table_says() {
    let mut table = String::new();
    for (name, packets) in captures(|_| true) {
        let senders: BTreeSet<Ipv6Addr> = packets.iter().map(|packet| packet.from).collect();
        let delays = name.starts_with("t3-") || name.starts_with("t9-");
        writeln!(table, "{name}").unwrap();
        let mut learnt = false;
        for sender in &senders {
            let others = senders.iter().filter(|other| *other != sender);
            let place = others.copied().find(Ipv6Addr::is_unicast_link_local);
            let replay = Replay::of(&packets, *sender, place, delays);
            let hears = place.map_or(String::new(), |place| format!(", heard by {place}"));
            writeln!(table, "  {sender}{hears}").unwrap();
            table += &replay.table();
            learnt |= !replay.told.is_empty();
        }
        assert!(learnt, "{name}: no route was learnt");
    }
    compare("captured-routes.txt", &table);
}
