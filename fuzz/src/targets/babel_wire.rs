//! Babel's packets and the body of each of its TLVs: what is read can be written, and reads the
//! same again.

use babel::wire::{Builder, Packet, Tlv};

/// The longest packet there is: the header and 64 KiB.
const LONGEST: usize = 65_539;

/// A Router-Id and an IPv4 next hop, without which updates mean nothing.
const IN_FORCE: [&[u8]; 2] = [&[6, 10, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2], &[7, 6, 1, 0, 192, 0, 2, 1]];

/// A whole packet.
pub(super) fn packet(octets: &[u8]) {
    let Ok(packet) = Packet::decode(octets) else { return };
    let whole = packet.body().len() + packet.trailer().len() + 4;
    assert_eq!(whole, octets.len(), "octets are lost");
    let mut tlvs = packet.tlvs();
    let mut read = Vec::new();
    while let Some(tlv) = tlvs.next() {
        assert!(tlv.is_ok() || tlvs.extras().is_empty(), "an ignored TLV has sub-TLVs");
        read.extend(tlv);
    }
    reads_the_same_again(&read);
}

/// Asserts that all of `tlvs` can be written, in as many packets as it takes, and read again.
fn reads_the_same_again(tlvs: &[Tlv]) {
    let mut again = Vec::new();
    let mut builder = Builder::new(LONGEST);
    for tlv in tlvs {
        if builder.push(tlv, 0) {
            continue;
        }
        again.extend(all_of(&builder.finish()));
        builder = Builder::new(LONGEST);
        assert!(builder.push(tlv, 0), "no packet has room for {tlv:?}");
    }
    again.extend(all_of(&builder.finish()));
    assert_eq!(again, tlvs, "writing loses something");
}

/// Returns the TLVs of a packet of our own.
fn all_of(octets: &[u8]) -> Vec<Tlv> {
    let packet = Packet::decode(octets);
    assert!(packet.is_ok(), "what was written is no packet: {packet:?}");
    let tlvs = packet.into_iter().flat_map(Packet::tlvs);
    let read: Result<Vec<Tlv>, _> = tlvs.collect();
    assert!(read.is_ok(), "what was written is refused: {read:?}");
    read.unwrap_or_default()
}

/// The body of a TLV of type `kind`; longer ones are cut.
fn body(kind: u8, octets: &[u8]) {
    let length = u8::try_from(octets.len()).unwrap_or(u8::MAX);
    let body = octets.get(..usize::from(length)).unwrap_or(octets);
    let alone = [&[kind, length], body].concat();
    // The same TLV twice: the second one finds in force what the first one set.
    let [router, hop] = IN_FORCE;
    for tlvs in [&[&alone[..]][..], &[router, hop, &alone], &[router, hop, &alone, &alone]] {
        packet(&framed(&tlvs.concat()));
    }
}

/// Returns a packet with this body.
pub(super) fn framed(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap_or_default().to_be_bytes();
    [&[42, 2], &length[..], body].concat()
}

pub(super) fn ack_request(octets: &[u8]) {
    body(2, octets);
}

pub(super) fn ack(octets: &[u8]) {
    body(3, octets);
}

pub(super) fn hello(octets: &[u8]) {
    body(4, octets);
}

pub(super) fn ihu(octets: &[u8]) {
    body(5, octets);
}

pub(super) fn router_id(octets: &[u8]) {
    body(6, octets);
}

pub(super) fn next_hop(octets: &[u8]) {
    body(7, octets);
}

pub(super) fn update(octets: &[u8]) {
    body(8, octets);
}

pub(super) fn route_request(octets: &[u8]) {
    body(9, octets);
}

pub(super) fn seqno_request(octets: &[u8]) {
    body(10, octets);
}
