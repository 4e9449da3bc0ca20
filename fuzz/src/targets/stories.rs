//! The first stories that engines are told.

use std::time::Duration;

use babel::Babel;
use gossip::{Document, Introduction, SignedDocument};
use node::babel_settings;
use words::{LinkId, Time, routing};

use super::documents::{ISSUED, NETWORK, whole};
use super::engines::{SEED, peer};
use crate::script::put;
use crate::told::{rested, told};

/// An arrow that opens, is used, and drains; and a link that somebody else opens.
pub(super) fn arrows() -> Vec<Vec<u8>> {
    let mut owner = vec![0, 0, 1, 13, 0, 1, 2, 0, 2, 0, 1, 5, 0, 1, 8, 0, 1, 3];
    let mut acceptor = vec![4, 8, 1, 5, 8, 1];
    for kind in 1..=8_u8 {
        for (story, at) in [(&mut owner, 0), (&mut acceptor, 8)] {
            story.extend([12, at, 1]);
            put(story, &[kind, 0, 0, 0, 0, 0, 0, 0, 1]);
        }
    }
    for (story, at) in [(&mut owner, 0), (&mut acceptor, 8)] {
        story.extend([13, at, 1, 0xea, 0x00, 8, at, 1, 0, 13, at, 1, 0xea, 0x00]);
    }
    vec![owner, acceptor, long_life()]
}

/// An arrow whose other end answers for five minutes, until a round condemns it.
fn long_life() -> Vec<u8> {
    let mut story = vec![0, 0, 1, 13, 0, 1, 2, 0, 2, 0, 1, 5, 0, 1];
    for _ in 0..110 {
        story.extend([12, 0, 1]);
        put(&mut story, &[1, 0, 0, 0, 0, 0, 0, 0, 1]);
        story.extend([13, 0, 1, 0x0b, 0x00]);
    }
    for word in [&[4, 0, 0, 0, 1][..], &[5], &[7]] {
        story.extend([12, 0, 1]);
        put(&mut story, word);
        story.extend([13, 0, 1, 0x05, 0x00]);
    }
    story
}

/// A neighbour that says hello, hears us, and has routes; and one that is made by ourselves.
pub(super) fn babel() -> Vec<Vec<u8>> {
    let mut story = vec![0, 0];
    for packet in spoken_by_babel() {
        story.extend([3, 0]);
        put(&mut story, &packet);
        story.extend([7, 0, 0x10, 0]);
    }
    let packet = written_by_hand();
    let mut other = vec![0, 0];
    for _ in 0..3 {
        other.extend([3, 0]);
        put(&mut other, &packet);
        other.extend([7, 0, 0x0f, 0xa0]);
    }
    other.extend([2, 0, 7, 0, 0xea, 0x00, 1, 0]);
    vec![story, other]
}

/// Hello, IHU, Router-Id, Next Hop, Update of a range, Route Request, Seqno Request.
fn written_by_hand() -> Vec<u8> {
    let by_hand = [
        &[4, 6, 0, 0, 0, 1, 1, 0x90][..],
        &[5, 6, 0, 0, 0, 96, 1, 0x90],
        &[6, 10, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2],
        &[8, 14, 2, 0, 0, 0, 0xfd, 0x12, 0x34, 0x56, 0x78, 0x9a, 0, 2, 0, 1][..2 + 14],
        &[8, 18, 2, 0, 64, 0, 6, 64, 0, 5, 0, 96, 0xfd, 0x12, 0x34, 0x56, 0x78, 0x9a, 0, 2],
        &[9, 2, 0, 0],
        &[
            10, 22, 2, 64, 0, 6, 64, 0, 2, 2, 2, 2, 2, 2, 2, 2, 0xfd, 0x12, 0x34, 0x56, 0x78, 0x9a,
            0, 0,
        ],
    ];
    let body = by_hand.concat();
    let length = u16::try_from(body.len()).unwrap_or_default().to_be_bytes();
    [&[42, 2], &length[..], &body].concat()
}

/// What a Babel of another node sends in its first minute.
fn spoken_by_babel() -> Vec<Vec<u8>> {
    let mut engine = Babel::new(babel_settings(NETWORK, 64, [2; 8]), SEED, Time::ZERO);
    let mut said = told(&mut engine, routing::Input::Announce(peer(2).0.into()), Time::ZERO);
    said.extend(told(
        &mut engine,
        routing::Input::Up(LinkId::ours(0), routing::Scope(0)),
        Time::ZERO,
    ));
    for second in 0..60 {
        let now = Time::ZERO + Duration::from_secs(second);
        said.extend(rested(&mut engine, || routing::Input::Wake, now));
    }
    let packet = |output| match output {
        routing::Output::Send(_, packet) => Some(packet),
        routing::Output::Route(..) | routing::Output::Usage(..) => None,
    };
    said.into_iter().filter_map(packet).collect()
}

/// Returns the introduction of a peer, as the credulous believe it.
fn introduction(number: u8) -> Vec<u8> {
    introduction_of(number, false)
}

fn introduction_of(number: u8, escaped: bool) -> Vec<u8> {
    let contact = gossip::Contact { node: peer(number), escaped, ..whole() };
    let contact = contact.encode().unwrap_or_default();
    let certificate = vec![number, 200 + number % 16];
    let introduction = Introduction { certificate, contact, signature: vec![1] };
    introduction.encode().unwrap_or_default()
}

/// Returns a signed document, as the credulous believe it.
fn signed_document(version: u64, revoked: Vec<u64>) -> Vec<u8> {
    let parameters = gossip::Parameters::default();
    let document =
        Document { network: NETWORK, version, issued: ISSUED, parameters, revoked, meshes: None };
    let bytes = document.encode().unwrap_or_default();
    SignedDocument { bytes, signature: vec![1] }.encode().unwrap_or_default()
}

/// Nodes that meet, find each other, and learn of a document that revokes one of them.
pub(super) fn gossip() -> Vec<Vec<u8>> {
    let mut story = Vec::new();
    story.extend([9, 0, 0]);
    put(&mut story, &introduction(0));
    story.extend([5, 8, 1]);
    put(&mut story, &introduction(1));
    story.extend([0, 8, 1, 4, 0, 2, 3, 0, 2]);
    put(&mut story, &[&[2], &introduction(2)[..]].concat());
    story.extend([0, 0, 2, 6, 0, 0]);
    put(&mut story, &signed_document(3, vec![]));
    let newer = signed_document(9, vec![201]);
    story.extend([2, 0, 2]);
    put(&mut story, &[&[1], &9_u64.to_be_bytes()[..], &3_u64.to_be_bytes()].concat());
    story.extend([2, 0, 2]);
    put(&mut story, &[&[4], &introduction_of(3, true)[..]].concat());
    story.extend([2, 0, 2]);
    let total = u32::try_from(newer.len()).unwrap_or_default().to_be_bytes();
    put(&mut story, &[&[3], &9_u64.to_be_bytes()[..], &total, &[0, 0], &newer].concat());
    story.extend([11, 0, 0, 0xea, 0x00, 10, 0, 0, 0xff, 0xff, 1, 0, 2]);
    vec![story]
}

/// A link that opens and is rekeyed, with a datagram spoilt on the way.
pub(super) fn noise() -> Vec<Vec<u8>> {
    let calm = [
        0, 0, 1, 0, 1, 1, 7, 0, 0x10, 0, 6, 1, 8, 7, 0, 0xea, 0, 7, 0, 0xea, 0, 7, 0, 0xea, 0, 1,
        0, 1, 1, 5, 0, 1,
    ];
    let mut rough = vec![0, 0, 3, 0, 0, 0, 40, 1, 1, 0, 7, 0, 0x10, 0, 1, 0, 1, 1, 4, 1];
    put(&mut rough, &[9; 200]);
    vec![calm.to_vec(), rough]
}

/// A node that is called, hears of others, gets a document, and calls.
pub(super) fn node() -> Vec<Vec<u8>> {
    let mut story = vec![8, 0, 0];
    put(&mut story, &signed_document(3, vec![]));
    story.extend([9, 0, 0]);
    put(&mut story, &introduction(2));
    story.extend([10, 0, 0, 0x10, 0, 1, 0, 2, 0, 8, 1]);
    put(&mut story, &introduction(1));
    story.extend([1, 8, 1]);
    for packet in [written_by_hand()].iter().chain(&spoken_by_babel()).take(6) {
        for at in [0, 8] {
            story.extend([4, at, 0]);
            put(&mut story, &[&[1], packet.as_slice()].concat());
        }
        story.extend([10, 0, 0, 0x10, 0]);
    }
    story.extend([4, 8, 0]);
    put(&mut story, &[2, 3]);
    story.extend([6, 0, 1]);
    put(&mut story, &[&[1], &introduction(1)[..]].concat());
    story.extend([8, 0, 0]);
    put(&mut story, &signed_document(4, vec![201]));
    story.extend([10, 0, 0, 0xea, 0x00, 2, 0, 0]);
    vec![story]
}
