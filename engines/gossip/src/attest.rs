//! Attesters of capacity: members that say what another one was seen to carry.
//!
//! ```text
//!  member: an epoch begins ─► a train to each attester, at times drawn in the first half of it
//!  attester: train ─► how fast it came ─► after five eighths of the epoch: Attested, to the registry
//! ```
//!
//! A *train* is 48 words as long as packets usually are, sent at once: its words come as fast as the
//! slowest line on the way lets them through, which is that of the member, unless it says more than
//! others can carry. It goes by a link if the two have one, over the overlay otherwise. Who attests
//! whom is drawn by the beacon ([`order::Roster::attesters`]), and a train of anybody else is refused.
//!
//! What is not seen so: a line that is fast for the first 50 kilobytes only; and, where the two have
//! no link, more than those on the way between them carry.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
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
/// How long a train may take; a word that comes later belongs to none.
const PATIENCE: Duration = Duration::from_secs(2);

/// What we owe as a member, and saw as an attester, in one epoch.
#[derive(Debug)]
pub(crate) struct Attest {
    dice: Dice,
    /// The epoch; 0 if there is none.
    epoch: u64,
    /// Trains that we owe, by when.
    owed: BTreeMap<(Time, NodeId), u8>,
    /// The members whom we attest, and the trains that came from them.
    seen: BTreeMap<NodeId, BTreeMap<u8, Arrival>>,
    /// When we tell what we saw.
    tell: Option<Time>,
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
        Self { dice, epoch: 0, owed: BTreeMap::new(), seen: BTreeMap::new(), tell: None }
    }

    /// Returns when a train leaves, or what was seen is told.
    pub(crate) fn deadline(&self) -> Option<Deadline<Why>> {
        let owed = self.owed.first_key_value().map(|((at, _), _)| *at);
        let at = owed.into_iter().chain(self.tell).min()?;
        Some(Deadline { at, why: Why::Attest })
    }

    /// Forgets the epoch: the network is one mesh.
    fn end(&mut self) {
        self.epoch = 0;
        (self.owed, self.seen, self.tell) = (BTreeMap::new(), BTreeMap::new(), None);
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
                self.owed.insert((at, attester), number);
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
        while let Some(((_, attester), number)) = self.due_train(now) {
            self.send_train(attester, number);
        }
        if self.attest.tell.take_if(|at| *at <= now).is_some() {
            let (epoch, seen) = (self.attest.epoch, self.attest.results());
            if !seen.is_empty() {
                self.say(Output::Attested { epoch, seen });
            }
        }
    }

    fn due_train(&mut self, now: Time) -> Option<((Time, NodeId), u8)> {
        let first = self.attest.owed.first_entry()?;
        (first.key().0 <= now).then(|| first.remove_entry())
    }

    fn send_train(&mut self, attester: NodeId, number: u8) {
        let train = Train { epoch: self.attest.epoch, number };
        let link = self.neighbours.iter().find(|(_, it)| it.node == attester && !it.banished);
        let link = link.map(|(link, _)| *link);
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
        let came = node.map(|node| self.attest.came(node, train, now));
        if let Some(Err(why)) = came {
            self.counters.refuse(&why);
        }
    }

    /// Takes in a datagram, if it is a word of a train of somebody whom we attest: these come faster
    /// than any others, and cost nothing.
    pub(crate) fn train_from(
        &mut self,
        from: core::net::Ipv6Addr,
        datagram: &[u8],
        now: Time,
    ) -> bool {
        let Ok(Remote::Train(train)) = Remote::decode(datagram) else { return false };
        let node = self.attest.seen.keys().find(|node| node.0.contains(from)).copied();
        node.is_some_and(|node| self.attest.came(node, train, now).is_ok())
    }
}
