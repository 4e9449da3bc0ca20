//! Packets of other speakers, captured.
//!
//! Those of authentication, with the keys that their README names.

use std::println;

use super::*;
use crate::tests::captures::{Captured, captures as all};

const ASCII: &[u8] = b"0123456789abcdef0123456789abcdef";
const OLD: &[u8] = b"oldoldoldoldoldoldoldoldoldoldol";
const RE6ST: &[u8] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

impl Captured {
    fn datagram(&self) -> Datagram<'_> {
        Datagram { from: self.from, to: self.to, octets: &self.octets }
    }
}

/// Returns the keys of a capture.
fn keys_of(name: &str) -> Vec<Key> {
    let hmac = || key("hmac", Algorithm::HmacSha256, ASCII);
    let blake = || key("blake", Algorithm::Blake2s128, ASCII);
    if name.starts_with("t9-") {
        vec![key("re6st", Algorithm::Blake2s128, RE6ST)]
    } else if name.contains("2keys") {
        vec![hmac(), key("old", Algorithm::HmacSha256, OLD)]
    } else if name.contains("mismatch") {
        vec![hmac(), blake()]
    } else if name.contains("blake2s128") {
        vec![blake()]
    } else {
        vec![hmac()]
    }
}

/// Returns what a guard that knows nobody says of a packet.
fn judged(settings: &Settings, packet: &Captured, octets: &[u8]) -> Refused {
    let mut guard = Guard::new(settings.clone(), link_local(1), [1; 32], Time::ZERO);
    guard.open(Datagram { octets, ..packet.datagram() }, Time::ZERO, Wall(0)).unwrap_err()
}

#[test]
fn every_captured_mac_fits_its_key_and_none_fits_with_a_bit_changed() {
    let captures = captures();
    let (mut signed, mut changed) = (0, 0);
    for (name, packets) in &captures {
        let settings = with(keys_of(name));
        for packet in packets {
            assert_eq!(judged(&settings, packet, &packet.octets), Refused::Unproven, "{name}");
            signed += 1;
            let covered = tlv::Cut::of(&packet.octets).unwrap().covered.len();
            for place in 0..covered {
                let mut octets = packet.octets.clone();
                octets[place] ^= 1 << (place % 8);
                // In the header: the magic, the version, or where the trailer begins.
                assert_ne!(judged(&settings, packet, &octets), Refused::Unproven, "{name}");
                changed += 1;
            }
        }
    }
    println!("{signed} packets in {} captures fit, {changed} changed ones do not", captures.len());
    assert!(captures.len() == 6 && signed == 160 && changed > 8000, "{signed}, {changed}");
}

#[test]
fn a_captured_packet_of_two_macs_fits_either_key() {
    let captures = captures();
    let mut two = 0;
    for packet in captures.iter().filter(|(name, _)| name.contains("2keys")).flat_map(|it| &it.1) {
        let cut = tlv::Cut::of(&packet.octets).unwrap();
        let only = |secret| with([key("only", Algorithm::HmacSha256, secret)]);
        assert_eq!(judged(&only(ASCII), packet, &packet.octets), Refused::Unproven);
        if cut.macs().count() == 2 {
            assert_eq!(judged(&only(OLD), packet, &packet.octets), Refused::Unproven);
            two += 1;
        }
    }
    assert!(two > 3, "{two}");
}

#[test]
fn where_algorithms_differ_only_the_packets_of_one_side_fit() {
    let captures = captures();
    let mismatch = captures.iter().find(|(name, _)| name.contains("mismatch")).unwrap();
    let [hmac, blake] = keys_of(&mismatch.0).try_into().unwrap();
    for packet in &mismatch.1 {
        let fits = [&hmac, &blake]
            .map(|key| judged(&with([key.clone()]), packet, &packet.octets) == Refused::Unproven);
        assert!(fits == [true, false] || fits == [false, true], "{fits:?}");
    }
}

/// Returns the captures of authentication and their names.
fn captures() -> Vec<(std::string::String, Vec<Captured>)> {
    all(|name| name.starts_with("t2-") || name.starts_with("t9-"))
}
