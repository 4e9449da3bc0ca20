//! Attesters of capacity: members that say what another one was seen to carry.
//!
//! ```text
//!  member: an epoch begins ─► a train to each attester, at times drawn in the first half of it
//!          without a link: Offer, nonce ─► attester: Begin, nonce and token ─► the train, with the token
//!  attester: train ─► how fast it came ─► after five eighths of the epoch: Attested, to the registry
//! ```
//!
//! A *train* is 48 words as long as packets usually are, sent at once: its words come as fast as the
//! slowest line on the way lets them through, which is that of the member, unless it says more than
//! others can carry. It goes by a link if the two have one, over the overlay otherwise. Who attests
//! whom is drawn by the beacon ([`order::Roster::attesters`]), and a train of anybody else is refused.
//!
//! A link proves who sends; over the overlay anybody may write any address as that of the sender. So
//! the attester gives a token for each train, which is sent to the address that is said to ask, and
//! each word of the train carries it: who is not on the way between the two can neither begin a rival's
//! train nor spoil it. The nonce does the same for the token. Offers are answered each time, by as many
//! octets, so that nobody uses up another's share of answers. What has no token, another's, or comes
//! over the overlay though there is a link, is refused and counted.
//!
//! What is not seen so: a line that is fast for the first 50 kilobytes only; where the two have
//! no link, more than those on the way between them carry; and that a member gave its token to
//! an accomplice with a faster line. Those on the way can do what they can do to all they carry.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::time::Duration;

use order::Member;
use words::{Deadline, Dice, LinkId, NodeId, Time};

use crate::frame::{Remote, TRAIN, Train, Word};
use crate::{Authority, Gossip, Meshes, Output, Refused, Why};

/// Words of a train.
const WORDS: u8 = 48;
/// What a word of a train takes on a line besides its own octets: headers of IPv6 and UDP, inside and
/// outside, and the seal.
const HEADERS: u64 = 112;
/// Trains to each attester in an epoch, if it is long; one, if it is shorter than a minute.
const TRAINS: u8 = 3;
/// How long a train may take; a word that comes later belongs to none. And how long an offer waits for
/// its answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a train is offered, until there is an answer.
const OFFERS: u8 = 3;

/// What we owe as a member, and saw as an attester, in one epoch.
#[derive(Debug)]
pub(crate) struct Attest {
    dice: Dice,
    /// The epoch; 0 if there is none.
    epoch: u64,
    /// Trains that we owe, by when, to whom and which of them.
    owed: BTreeMap<(Time, NodeId, u8), Offered>,
    /// The members whom we attest, and the trains that came from them.
    seen: BTreeMap<NodeId, BTreeMap<u8, Arrival>>,
    /// What we gave members for trains over the overlay.
    tokens: BTreeMap<(NodeId, u8), u64>,
    /// When we tell what we saw.
    tell: Option<Time>,
}

/// How often a train was offered, and with which nonce.
#[derive(Clone, Copy, Debug, Default)]
struct Offered {
    times: u8,
    nonce: u64,
}

/// A train as it came.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    first: Time,
    last: Time,
    words: u8,
}

impl Arrival {
    /// Returns how fast it came in Mbit/s, with a part of it lost as much less; `None` if that cannot
    /// be told from one word.
    fn mbits(self) -> Option<u32> {
        let gaps = u64::from(self.words.checked_sub(1).filter(|gaps| *gaps > 0)?);
        let bits = gaps * (TRAIN as u64 + HEADERS) * 8;
        let micros = u64::try_from(self.last.since(self.first).as_micros()).ok()?.max(1);
        // Bits in a microsecond are megabits in a second.
        let came = bits.saturating_mul(u64::from(self.words)) / (micros * u64::from(WORDS));
        Some(u32::try_from(came).unwrap_or(u32::MAX))
    }
}

impl Attest {
    /// Returns those of a node that knows of no epoch.
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        let dice = Dice::of(seed, "attest");
        let (owed, tokens) = (BTreeMap::new(), BTreeMap::new());
        Self { dice, epoch: 0, owed, seen: BTreeMap::new(), tokens, tell: None }
    }

    /// Returns when a train leaves, or what was seen is told.
    pub(crate) fn deadline(&self) -> Option<Deadline<Why>> {
        let owed = self.owed.first_key_value().map(|((at, ..), _)| *at);
        let at = owed.into_iter().chain(self.tell).min()?;
        Some(Deadline { at, why: Why::Attest })
    }

    /// Forgets the epoch: the network is one mesh.
    fn end(&mut self) {
        self.epoch = 0;
        self.owed.clear();
        self.seen.clear();
        self.tokens.clear();
        self.tell = None;
    }

    /// Begins an epoch: who attests us, and whom we attest, is drawn by its beacon.
    fn begin(&mut self, meshes: &Meshes, me: NodeId, now: Time) {
        self.end();
        self.epoch = meshes.epoch.number;
        let (roster, beacon) = (&meshes.roster, meshes.epoch.beacon());
        let Some(home) = meshes.map.home(me) else { return };
        let length = meshes.epoch.length;
        let declares = |node: &NodeId| roster.get(*node).is_some_and(|it| it.declared > 0);
        let ours = roster.attesters(home, me, &beacon).unwrap_or_default();
        let trains = if length < Duration::from_mins(1) { 1 } else { TRAINS };
        for attester in ours.into_iter().filter(|_| declares(&me)) {
            for number in 0..trains {
                let part = length / 2 / u32::from(trains);
                let at = now + part * u32::from(number) + self.dice.within(part);
                self.owed.insert((at, attester, number), Offered::default());
            }
        }
        let theirs = roster.attested_by(home, me, &beacon).unwrap_or_default();
        let theirs = theirs.into_iter().filter(declares);
        self.seen = theirs.map(|node| (node, BTreeMap::new())).collect();
        // Not all attesters at the same moment: the registry hears each.
        let told = now + length * 5 / 8 + self.dice.within(length / 8);
        self.tell = (!self.seen.is_empty()).then_some(told);
    }

    /// Takes in a word of a train.
    fn came(&mut self, from: NodeId, train: Train, now: Time) -> Result<(), Refused> {
        let trains = self.seen.get_mut(&from).filter(|_| train.epoch == self.epoch);
        let trains = trains.ok_or(Refused::Unasked)?;
        if train.number >= TRAINS {
            return Err(Refused::Unasked);
        }
        let fresh = Arrival { first: now, last: now, words: 0 };
        let arrival = trains.entry(train.number).or_insert(fresh);
        if arrival.words >= WORDS || now.since(arrival.first) > PATIENCE {
            return Err(Refused::Busy);
        }
        (arrival.last, arrival.words) = (now, arrival.words + 1);
        Ok(())
    }

    /// Gives a member whom we attest the token for one of its trains: the same, however often it is
    /// asked for.
    fn token(&mut self, member: NodeId, epoch: u64, number: u8) -> Result<u64, Refused> {
        let asked = epoch == self.epoch && number < TRAINS && self.seen.contains_key(&member);
        if !asked {
            return Err(Refused::Unasked);
        }
        Ok(*self.tokens.entry((member, number)).or_insert_with(|| self.dice.bits()))
    }

    /// Checks that a train over the overlay has the token that we gave for it.
    fn proven(&self, member: NodeId, train: Train) -> Result<(), Refused> {
        let token = self.tokens.get(&(member, train.number)).ok_or(Refused::Unasked)?;
        if *token == train.token { Ok(()) } else { Err(Refused::Spoofed) }
    }

    /// Takes the train that we offered this attester with this nonce.
    fn offered(&mut self, attester: NodeId, nonce: u64) -> Result<u8, Refused> {
        let mut owed = self.owed.iter();
        let is_it = |(at, it): &(&(Time, NodeId, u8), &Offered)| {
            at.1 == attester && it.times > 0 && it.nonce == nonce
        };
        let key = owed.find(is_it).map(|(key, _)| *key).ok_or(Refused::Unasked)?;
        self.owed.remove(&key);
        Ok(key.2)
    }

    /// Returns what was seen of each member: the median of its trains, rounded down.
    fn results(&self) -> Vec<(NodeId, u32)> {
        let of = |(node, trains): (&NodeId, &BTreeMap<u8, Arrival>)| {
            let seen = trains.values().filter_map(|arrival| arrival.mbits()).collect();
            Some((*node, Member::rounded(order::median(seen)?)))
        };
        self.seen.iter().filter_map(of).collect()
    }
}

impl<A: Authority> Gossip<A> {
    /// Begins another epoch, if the document tells of one; sends the trains that are due, and tells
    /// the registry what we saw.
    pub(crate) fn attest(&mut self, now: Time) {
        let meshes = self.document.as_ref().and_then(|(document, _)| document.meshes.as_ref());
        let Some(meshes) = meshes else { return self.attest.end() };
        if meshes.epoch.number != self.attest.epoch {
            self.attest.begin(meshes, self.me, now);
        }
        while let Some(((_, attester, number), offered)) = self.due_train(now) {
            match self.link_with(attester) {
                Some(link) => self.send_train(attester, Some(link), (number, 0)),
                None => self.offer_train(attester, number, offered, now),
            }
        }
        if self.attest.tell.take_if(|at| *at <= now).is_some() {
            let (epoch, seen) = (self.attest.epoch, self.attest.results());
            if !seen.is_empty() {
                self.say(Output::Attested { epoch, seen });
            }
        }
    }

    fn due_train(&mut self, now: Time) -> Option<((Time, NodeId, u8), Offered)> {
        let first = self.attest.owed.first_entry()?;
        (first.key().0 <= now).then(|| first.remove_entry())
    }

    /// Returns the link that we have with a node.
    fn link_with(&self, node: NodeId) -> Option<LinkId> {
        let link = self.neighbours.iter().find(|(_, it)| it.node == node && !it.banished);
        link.map(|(link, _)| *link)
    }

    /// Asks an attester for the token of a train, a few times.
    fn offer_train(&mut self, attester: NodeId, number: u8, offered: Offered, now: Time) {
        if offered.times >= OFFERS {
            return;
        }
        let nonce = if offered.times == 0 { self.attest.dice.bits() } else { offered.nonce };
        let again = Offered { times: offered.times + 1, nonce };
        self.attest.owed.insert((now + PATIENCE, attester, number), again);
        let offer = Remote::Offer { epoch: self.attest.epoch, number, nonce };
        self.say(Output::Overlay(attester, offer.encode()));
    }

    fn send_train(&mut self, attester: NodeId, link: Option<LinkId>, (number, token): (u8, u64)) {
        let train = Train { epoch: self.attest.epoch, number, token };
        for _ in 0..WORDS {
            let word = match link {
                Some(link) => Output::Send(link, Word::Train(train).encode()),
                None => Output::Overlay(attester, Remote::Train(train).encode()),
            };
            self.say(word);
        }
        self.counters.trains += 1;
    }

    /// Takes in a word of a train that came through a link.
    pub(crate) fn train_by(&mut self, link: LinkId, train: Train, now: Time) {
        let node = self.neighbours.get(&link).map(|neighbour| neighbour.node);
        let read = self.read_at(now);
        let came = node.map(|node| self.attest.came(node, train, read));
        if let Some(Err(why)) = came {
            self.counters.refuse(&why);
        }
    }

    /// Takes in a datagram that is about trains, of those whom we attest or who attest us; of nobody
    /// else. These come faster than any others and cost nothing, so no sender's share is used up.
    pub(crate) fn heard_of_trains(
        &mut self,
        from: Ipv6Addr,
        datagram: &[u8],
        now: Time,
    ) -> Option<Result<(), Refused>> {
        match Remote::decode(datagram).ok()? {
            Remote::Train(train) => {
                let member = self.attested_at(from)?;
                Some(self.train_from(member, train, now))
            }
            Remote::Offer { epoch, number, nonce } => {
                let member = self.attested_at(from)?;
                Some(self.give_train_token(member, (epoch, number), nonce))
            }
            Remote::Begin { nonce, token } => {
                let owed = self.attest.owed.keys().map(|(_, attester, _)| *attester);
                let attester = owed.into_iter().find(|NodeId(node)| node.contains(from))?;
                Some(self.begin_train(attester, nonce, token))
            }
            Remote::Ask(_)
            | Remote::Answer(_)
            | Remote::Knock(..)
            | Remote::Out(_)
            | Remote::Token(_)
            | Remote::OutBy(..) => None,
        }
    }

    /// Returns when the word that we are told was read: what waits for us comes no faster.
    fn read_at(&self, now: Time) -> Time {
        self.read.map_or(now, |read| read.min(now))
    }

    /// Returns whom we attest that has this address.
    fn attested_at(&self, from: Ipv6Addr) -> Option<NodeId> {
        self.attest.seen.keys().find(|node| node.0.contains(from)).copied()
    }

    fn train_from(&mut self, member: NodeId, train: Train, now: Time) -> Result<(), Refused> {
        if self.link_with(member).is_some() {
            return Err(Refused::Unasked);
        }
        self.attest.proven(member, train)?;
        let read = self.read_at(now);
        self.attest.came(member, train, read)
    }

    fn give_train_token(
        &mut self,
        member: NodeId,
        (epoch, number): (u64, u8),
        nonce: u64,
    ) -> Result<(), Refused> {
        if self.link_with(member).is_some() {
            return Err(Refused::Unasked);
        }
        let token = self.attest.token(member, epoch, number)?;
        self.say(Output::Overlay(member, Remote::Begin { nonce, token }.encode()));
        Ok(())
    }

    fn begin_train(&mut self, attester: NodeId, nonce: u64, token: u64) -> Result<(), Refused> {
        let number = self.attest.offered(attester, nonce)?;
        // A link may have come meanwhile, and then it is the way.
        let link = self.link_with(attester);
        self.send_train(attester, link, (number, if link.is_some() { 0 } else { token }));
        Ok(())
    }
}
