//! Packets of other speakers, out of the captures that the engine replays.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Where they are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../engines/babel/tests/captures");

/// Octets before those of a pcap's first packet, and before those of each.
const PREFACES: (usize, usize) = (24, 16);

/// Octets of Ethernet, IPv6 and UDP before those of Babel.
const HEADERS: usize = 62;

/// Returns the first packet of each make: each set of types of its TLVs.
pub(super) fn captured() -> Vec<Vec<u8>> {
    let folder = fs::read_dir(Path::new(FOLDER)).into_iter().flatten();
    let mut paths: Vec<_> = folder.flatten().map(|file| file.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "pcap"));
    paths.sort();
    let mut seen = BTreeSet::new();
    let all = paths.iter().filter_map(|path| fs::read(path).ok()).flat_map(|file| packets(&file));
    all.filter(|packet| seen.insert(types(packet))).collect()
}

/// Returns the Babel packets of a capture by a machine of little endian.
fn packets(file: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = file.get(PREFACES.0..).unwrap_or_default();
    while let Some((preface, after)) = rest.split_at_checked(PREFACES.1) {
        let length = preface.get(8..12).and_then(|it| it.first_chunk()).copied();
        let length = usize::try_from(u32::from_le_bytes(length.unwrap_or_default()));
        let Some((frame, next)) = length.ok().and_then(|it| after.split_at_checked(it)) else {
            break;
        };
        found
            .extend(frame.get(HEADERS..).filter(|it| it.starts_with(&[42, 2])).map(<[u8]>::to_vec));
        rest = next;
    }
    found
}

/// Returns the types of the TLVs, of body and trailer.
fn types(packet: &[u8]) -> BTreeSet<u8> {
    let mut types = BTreeSet::new();
    let mut rest = packet.get(4..).unwrap_or_default();
    while let [kind, after @ ..] = rest {
        types.insert(*kind);
        rest = match after {
            [length, after @ ..] if *kind != 0 => after.get(usize::from(*length)..),
            _ => Some(after),
        }
        .unwrap_or_default();
    }
    types
}
