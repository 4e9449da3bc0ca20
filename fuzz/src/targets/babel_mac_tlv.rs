//! The TLVs of Babel's authentication, each with a body that anybody wrote, in packets that are
//! signed: so what is wrong is wrong behind the MAC.

use std::net::Ipv6Addr;
use std::time::Duration;

use babel::mac::{Datagram, Guard};
use words::{Time, Wall};

use super::babel_mac::{ALL, HERE, THERE, settings};
use super::babel_wire::framed;

const MAC: u8 = 16;
const COUNTER: u8 = 17;
const CHALLENGE: u8 = 18;
const REPLY: u8 = 19;

/// The longest nonce that is taken, octets.
const LONGEST_NONCE: usize = 192;

const HELLO: [u8; 8] = [4, 6, 0, 0, 0, 1, 1, 144];

/// Two guards with the same keys.
struct Pair {
    here: Guard,
    there: Guard,
    now: Time,
}

impl Pair {
    fn new() -> Self {
        let born = |own, life| Guard::new(settings(0), own, [life; 32], Time::ZERO);
        Self { here: born(HERE, 1), there: born(THERE, 2), now: Time::ZERO }
    }

    /// Two that have come to believe each other.
    fn acquainted() -> Self {
        let mut pair = Self::new();
        let mut believed = false;
        for _ in 0..4 {
            let packet = pair.signed(&HELLO);
            believed = pair.hears(&packet);
            while let Some((_, challenge)) = pair.here.poll(Wall(0)) {
                let datagram = Datagram { from: HERE, to: THERE, octets: &challenge };
                // Believed or not, it is answered.
                let _ = pair.there.open(datagram, Time::ZERO, Wall(0));
            }
            while let Some((to, reply)) = pair.there.poll(Wall(0)) {
                let datagram = Datagram { from: THERE, to, octets: &reply };
                let _ = pair.here.open(datagram, Time::ZERO, Wall(0));
            }
        }
        assert!(believed, "who has the keys is believed");
        while pair.here.poll(Wall(0)).is_some() {}
        // So much later that whatever is done seldom may be done again.
        pair.now = Time::ZERO + Duration::from_secs(10);
        pair
    }

    /// Returns a packet to all with this body, signed by the other.
    fn signed(&mut self, body: &[u8]) -> Vec<u8> {
        self.there.seal(ALL, framed(body), Wall(0))
    }

    /// Tells whether ours lets a packet to all in.
    fn hears(&mut self, octets: &[u8]) -> bool {
        self.hears_as(ALL, octets)
    }

    /// Tells whether ours lets a packet to `to` in.
    fn hears_as(&mut self, to: Ipv6Addr, octets: &[u8]) -> bool {
        let datagram = Datagram { from: THERE, to, octets };
        self.here.open(datagram, self.now, Wall(0)).is_ok()
    }
}

/// Returns a TLV; a longer body is cut.
fn item(kind: u8, octets: &[u8]) -> Vec<u8> {
    let length = u8::try_from(octets.len()).unwrap_or(u8::MAX);
    let body = octets.get(..usize::from(length)).unwrap_or(octets);
    [&[kind, length], body].concat()
}

/// Returns the bodies of the TLVs of one type in a packet of ours.
fn bodies(kind: u8, packet: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut rest = packet.get(4..).unwrap_or_default();
    while let [this, length, after @ ..] = rest {
        let (body, after) = after.split_at_checked(usize::from(*length)).unwrap_or_default();
        found.extend((*this == kind).then_some(body));
        rest = after;
    }
    found
}

/// A MAC that nobody computed is none, and does no harm beside one that fits.
pub(super) fn mac(octets: &[u8]) {
    let invented = item(MAC, octets);
    let mut pair = Pair::acquainted();
    let alone = [framed(&HELLO), invented.clone()].concat();
    assert!(!pair.hears(&alone), "an invented MAC fits");
    let both = [pair.signed(&HELLO), invented].concat();
    assert!(pair.hears(&both), "a MAC that fits does not count beside another");
}

/// A counter that anybody chose is no proof of being alive, and is good once at most.
pub(super) fn counter(octets: &[u8]) {
    let body = [item(COUNTER, octets), HELLO.to_vec()].concat();
    let mut stranger = Pair::new();
    let packet = stranger.signed(&body);
    assert!(!stranger.hears(&packet), "nobody has proven to be alive");
    let mut pair = Pair::acquainted();
    let packet = pair.signed(&body);
    pair.hears(&packet);
    assert!(!pair.hears(&packet), "a packet was let in twice");
    assert!(pair.here.neighbours().count() == 1, "somebody was invented, or forgotten");
}

/// A challenge to us alone is answered with its nonce, unless that is too long; one to all is not.
pub(super) fn challenge(octets: &[u8]) {
    let mut pair = Pair::acquainted();
    let asked = item(CHALLENGE, octets);
    let nonce = asked.get(2..).unwrap_or_default();
    let packet = pair.signed(&asked);
    pair.hears(&packet);
    assert!(pair.here.poll(Wall(0)).is_none(), "a challenge to all is answered");
    let packet = pair.there.seal(HERE, framed(&asked), Wall(0));
    pair.hears_as(HERE, &packet);
    let answer = pair.here.poll(Wall(0)).map(|(_, answer)| answer).unwrap_or_default();
    assert!(pair.here.poll(Wall(0)).is_none(), "one packet has two answers");
    let wanted = if nonce.len() <= LONGEST_NONCE { vec![nonce] } else { Vec::new() };
    assert_eq!(bodies(REPLY, &answer), wanted, "the answer to a challenge");
}

/// A reply that nobody asked for proves nothing, and changes nothing for who is known.
pub(super) fn reply(octets: &[u8]) {
    let body = [item(REPLY, octets), HELLO.to_vec()].concat();
    let mut stranger = Pair::new();
    let greeting = stranger.signed(&HELLO);
    assert!(!stranger.hears(&greeting), "it is challenged first");
    let packet = stranger.signed(&body);
    assert!(!stranger.hears(&packet), "another nonce is believed");
    assert!(stranger.here.neighbours().all(|peer| peer.index.is_none()), "a proof of nothing");
    let mut pair = Pair::acquainted();
    let packet = pair.signed(&body);
    assert!(pair.hears(&packet), "who is known is believed whatever it replies");
}

pub(super) fn macs() -> Vec<Vec<u8>> {
    vec![vec![7; 16], vec![7; 32], Vec::new(), vec![7; 20]]
}

pub(super) fn counters() -> Vec<Vec<u8>> {
    let with = |counter: u32, index: usize| [&counter.to_be_bytes()[..], &vec![9; index]].concat();
    vec![with(1, 8), with(u32::MAX, 0), with(0, 32), with(1, 33), vec![0, 0, 1]]
}

pub(super) fn nonces() -> Vec<Vec<u8>> {
    [10, 0, 1, 192, 193, 255].map(|length| vec![5; length]).to_vec()
}
