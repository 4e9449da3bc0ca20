//! Whatever octets come in, nothing breaks.

use alloc::vec::Vec;
use core::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use words::{Engine, LinkId, Time};

use super::net::*;
use crate::frame::{Remote, Word};
use crate::{Gossip, Input};

const LINK: LinkId = LinkId::theirs(1);

/// A node in the middle of everything: a link, a document, a search, a transfer.
fn busy() -> Gossip<Fake> {
    let mut node = node(0);
    node.handle(Input::Judge(LINK, &myself(1), [1; 32]), Time::ZERO);
    node.handle(Input::LinkUp(LINK, name(1)), Time::ZERO);
    node.handle(Input::Document(&signed(&document(1, (1000..2000).collect()))), Time::ZERO);
    node.handle(Input::Find(LinkId::ours(2), name(2)), Time::ZERO);
    node.handle(Input::Frame(LINK, &Word::Version { mine: 2, yours: 1 }.encode()), Time::ZERO);
    said(&mut node);
    node
}

/// Real words, for breaking.
fn words() -> Vec<Vec<u8>> {
    let document = signed(&document(2, (1000..1500).collect()));
    let chunk = Word::Chunk { version: 2, total: 1200, index: 0, octets: &document[..1000] };
    [
        Word::Version { mine: 3, yours: 1 }.encode(),
        Word::Fetch { version: 1, first: 0, count: 8 }.encode(),
        chunk.encode(),
        Remote::Ask(&myself(3)).encode(),
        Remote::Answer(&myself(2)).encode(),
        myself(1),
        document,
    ]
    .into()
}

fn feed(node: &mut Gossip<Fake>, octets: &[u8]) {
    let now = Time::ZERO + Duration::from_millis(10);
    node.handle(Input::Frame(LINK, octets), now);
    node.handle(Input::Overlay(name(2).address(), octets), now);
    node.handle(Input::Judge(LinkId::theirs(5), octets, [1; 32]), now);
    node.handle(Input::Document(octets), now);
    node.handle(Input::Contacts(&[octets.to_vec()]), now);
    node.handle(Input::Bootstrap(&[octets.to_vec()]), now);
    node.handle(Input::Myself(octets.to_vec()), now);
    node.handle(Input::Wake, now + Duration::from_mins(1));
    said(node);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn random_octets_are_harmless(all in vec(vec(any::<u8>(), 0..100), 1..4)) {
        let mut node = busy();
        for octets in all {
            feed(&mut node, &octets);
        }
        prop_assert_eq!(node.version(), 1);
    }

    #[test]
    fn broken_words_are_harmless(which in 0..7_usize, at: prop::sample::Index, octet: u8, cut: bool) {
        let mut node = busy();
        let mut octets = words()[which].clone();
        let at = at.index(octets.len());
        octets[at] = octet;
        if cut {
            octets.truncate(at);
        }
        feed(&mut node, &octets);
        prop_assert!(node.version() <= 2);
    }
}
