//! Whole packets: the rules of reading, what the builder writes, there and back, and packets of
//! other speakers.

use alloc::vec::Vec;
use core::time::Duration;

use super::{Malformed, Packet, RouterId, Tlv, Update};
use crate::{Metric, Seqno};

mod builder;
mod captures;
mod packets;
mod round_trip;
mod sources;
mod updates;

/// Returns a packet of these TLVs.
fn packet(tlvs: &[&[u8]]) -> Vec<u8> {
    let body = tlvs.concat();
    let length = u16::try_from(body.len()).unwrap();
    [&[42, 2][..], &length.to_be_bytes(), &body].concat()
}

fn read(octets: &[u8]) -> Vec<Result<Tlv, Malformed>> {
    Packet::decode(octets).unwrap().tlvs().collect()
}

/// Returns what is read of these TLVs in one packet.
fn tlvs(tlvs: &[&[u8]]) -> Vec<Result<Tlv, Malformed>> {
    read(&packet(tlvs))
}

/// Returns the octets of an update: sequence number 5, 16 seconds.
///
/// `fixed` are the encoding, the flags, the length and how many octets are omitted.
fn said(fixed: [u8; 4], metric: u16, octets: &[u8]) -> Vec<u8> {
    let length = u8::try_from(10 + octets.len()).unwrap();
    let mut tlv = Vec::from([8, length]);
    tlv.extend(fixed);
    tlv.extend([0x06, 0x40, 0, 5]);
    tlv.extend(metric.to_be_bytes());
    tlv.extend(octets);
    tlv
}

/// Returns an update with the numbers of [`said`]; its router-id is [`ROUTER`] if it is finite.
fn update(key: &str, metric: u16) -> Update {
    Update {
        key: Some(key.parse().unwrap()),
        router: Some(RouterId([7; 8])).filter(|_| metric != 0xffff),
        seqno: Seqno(5),
        metric: Metric(metric),
        next: Duration::from_secs(16),
        hop: None,
    }
}

/// A Router-Id TLV.
const ROUTER: &[u8] = &[6, 10, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7];
/// A Next Hop TLV: 192.0.2.1.
const HOP4: &[u8] = &[7, 6, 1, 0, 192, 0, 2, 1];
