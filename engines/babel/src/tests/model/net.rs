//! Speakers on segments with any number of ends: losses, delays, copies, and an eye on loops.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use words::{Dice, Engine, Time};

use super::weather::Weather;
use crate::candidates::Candidates;
use crate::feasibility::Distance;
use crate::rows::RowId;
use crate::wire::{Packet, Tlv};
use crate::{Cost, Input, Interface, Key, Metric, Output, Profile, Settings, Speaker, Way};

/// The network.
pub(in crate::tests) struct Net<C> {
    pub(in crate::tests) now: Time,
    pub(in crate::tests) nodes: Vec<Node<C>>,
    pub(in crate::tests) segments: Vec<Segment>,
    /// Ranges that several nodes announce: transient loops are allowed (BABEL D.2).
    pub(in crate::tests) anycast: BTreeSet<Key>,
    pub(in crate::tests) dice: Dice,
    mail: BTreeMap<(Time, u64), Letter>,
    count: u64,
}

/// A node, and what its speaker told the world.
pub(in crate::tests) struct Node<C> {
    pub(in crate::tests) speaker: Speaker<C>,
    settings: Settings,
    pub(in crate::tests) own: BTreeMap<Key, Metric>,
    pub(in crate::tests) ways: BTreeMap<Key, Way>,
    pub(in crate::tests) usage: BTreeMap<Interface, u32>,
    pub(in crate::tests) is_dead: bool,
    /// Changes told to the world.
    pub(in crate::tests) changes: u64,
}

/// What joins nodes: two of them by a link, or any number by a LAN.
#[derive(Clone)]
pub(in crate::tests) struct Segment {
    pub(in crate::tests) ends: Vec<usize>,
    pub(in crate::tests) profile: Profile,
    pub(in crate::tests) weather: Weather,
}

struct Letter {
    node: usize,
    segment: usize,
    from: usize,
    octets: Vec<u8>,
}

/// Returns the address of a node on a segment.
pub(in crate::tests) fn address(n: usize, segment: usize) -> Ipv6Addr {
    let word = |it: usize| u16::try_from(it + 1).unwrap();
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, word(segment), word(n))
}

pub(in crate::tests) fn interface(segment: usize) -> Interface {
    Interface(u32::try_from(segment).unwrap())
}

impl<C: Candidates> Net<C> {
    pub(in crate::tests) fn new(seed: u8) -> Self {
        Self {
            now: Time::from_micros(5_000_000),
            nodes: Vec::new(),
            segments: Vec::new(),
            anycast: BTreeSet::new(),
            dice: Dice::of([seed; 32], "net"),
            mail: BTreeMap::new(),
            count: 0,
        }
    }

    /// Adds a node that announces nothing yet.
    pub(in crate::tests) fn add(&mut self, settings: Settings) -> usize {
        let speaker = self.speaker(settings.clone());
        self.nodes.push(Node {
            speaker,
            settings,
            own: BTreeMap::new(),
            ways: BTreeMap::new(),
            usage: BTreeMap::new(),
            is_dead: false,
            changes: 0,
        });
        self.nodes.len() - 1
    }

    fn speaker(&mut self, settings: Settings) -> Speaker<C> {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.dice.bits().to_be_bytes());
        Speaker::new(settings, seed, self.now)
    }

    /// Joins nodes by a new segment; returns its number.
    pub(in crate::tests) fn join(
        &mut self,
        ends: &[usize],
        profile: Profile,
        weather: Weather,
    ) -> usize {
        let number = self.segments.len();
        self.segments.push(Segment { ends: ends.to_vec(), profile, weather });
        for n in ends {
            self.raise(*n, number);
        }
        number
    }

    fn raise(&mut self, n: usize, segment: usize) {
        let profile = self.segments[segment].profile;
        let profile = Profile { address: address(n, segment), ..profile };
        self.tell(n, Input::Up(interface(segment), profile));
    }

    /// Takes a node off a segment; it knows.
    pub(in crate::tests) fn leave(&mut self, n: usize, segment: usize) {
        self.segments[segment].ends.retain(|end| *end != n);
        if !self.nodes[n].is_dead {
            self.tell(n, Input::Down(interface(segment)));
        }
    }

    /// Ends a segment; everybody knows.
    pub(in crate::tests) fn cut(&mut self, segment: usize) {
        for n in self.segments[segment].ends.clone() {
            self.leave(n, segment);
        }
    }

    pub(in crate::tests) fn announce(&mut self, n: usize, key: Key, metric: Metric) {
        self.nodes[n].own.insert(key, metric);
        if !self.nodes[n].is_dead {
            self.tell(n, Input::Announce(key, metric));
        }
    }

    pub(in crate::tests) fn withdraw(&mut self, n: usize, key: Key) {
        self.nodes[n].own.remove(&key);
        if !self.nodes[n].is_dead {
            self.tell(n, Input::Withdraw(key));
        }
    }

    /// A node dies without a word. The other ends of its links notice, those of LANs do not.
    pub(in crate::tests) fn crash(&mut self, n: usize) {
        let node = &mut self.nodes[n];
        node.is_dead = true;
        node.ways.clear();
        node.usage.clear();
        for segment in 0..self.segments.len() {
            let Segment { ends, profile, .. } = &self.segments[segment];
            if profile.lone && ends.contains(&n) {
                self.cut(segment);
            }
        }
    }

    /// A dead node begins again; `remembers` its number or not.
    pub(in crate::tests) fn revive(&mut self, n: usize, remembers: bool) {
        let seqno = remembers.then(|| self.nodes[n].speaker.seqno().plus(1));
        let settings = Settings { seqno, ..self.nodes[n].settings.clone() };
        self.nodes[n].speaker = self.speaker(settings);
        self.nodes[n].is_dead = false;
        for (key, metric) in self.nodes[n].own.clone() {
            self.tell(n, Input::Announce(key, metric));
        }
        for segment in 0..self.segments.len() {
            if self.segments[segment].ends.contains(&n) {
                self.raise(n, segment);
            }
        }
    }

    pub(in crate::tests) fn tell(&mut self, n: usize, input: Input<'_>) {
        let now = self.now;
        self.nodes[n].speaker.handle(input, now);
        let mut changed = Vec::new();
        while let Some(said) = self.nodes[n].speaker.poll() {
            match said {
                Output::Packet { interface, to, octets } => {
                    self.check_distances(n, &octets);
                    self.post(n, interface, to, &octets);
                }
                Output::Route(key, way) => {
                    let node = &mut self.nodes[n];
                    let before = node.ways.insert(key, way).unwrap_or(Way::Gone);
                    assert_ne!(before, way, "told twice: {key} at {n}");
                    assert!(way == Way::Gone || !node.own.contains_key(&key), "own: {key} at {n}");
                    node.changes += 1;
                    changed.push(key);
                }
                Output::Usage(interface, count) => {
                    let before = self.nodes[n].usage.insert(interface, count);
                    assert_ne!(before.unwrap_or(0), count);
                }
            }
        }
        for key in changed {
            assert!(self.anycast.contains(&key) || self.follow(n, key).is_some());
        }
        self.count += 1;
        if self.count.is_multiple_of(64) {
            self.check(n);
        }
    }

    /// Checks what leaves: nothing lower than what is remembered (rules F3, F4).
    fn check_distances(&self, n: usize, octets: &[u8]) {
        let speaker = &self.nodes[n].speaker;
        for tlv in Packet::decode(octets).unwrap().tlvs() {
            let Ok(Tlv::Update(update)) = tlv else { continue };
            let (Some(key), Some(name)) = (update.key, update.router) else { continue };
            let row = speaker.rows.find(key, RowId(0)).unwrap();
            let noted = speaker.distance(row, speaker.routers.find(name).unwrap()).unwrap();
            let said = Distance { seqno: update.seqno, metric: update.metric };
            assert!(!noted.admits(said), "{noted:?} is noted, {said:?} is said");
        }
    }

    /// Checks, at one node, what holds at every instant.
    pub(in crate::tests) fn check(&self, n: usize) {
        let node = &self.nodes[n];
        let mut usage = BTreeMap::<Interface, u32>::new();
        for view in node.speaker.selected() {
            assert_eq!(node.ways.get(&view.key), Some(&Way::Through(view.hop)));
            assert!(view.metric.is_finite() && view.feasible, "{view:?}");
            *usage.entry(view.hop.interface).or_default() += 1;
        }
        let told = node.usage.iter().filter(|(_, count)| **count > 0);
        assert!(told.eq(usage.iter()), "usage at {n}: {:?}, {usage:?}", node.usage);
    }

    fn post(&mut self, n: usize, on: Interface, to: Option<Ipv6Addr>, octets: &[u8]) {
        let number = on.0 as usize;
        let Segment { ends, profile, weather } = self.segments[number].clone();
        assert!(octets.len() <= profile.max_packet);
        if !ends.contains(&n) {
            return;
        }
        for node in ends.into_iter().filter(|end| *end != n) {
            if to.is_some_and(|to| to != address(node, number)) || weather.mute == Some(n) {
                continue;
            }
            for _ in 0..weather.copies(&mut self.dice) {
                let at = self.now + weather.delay + self.dice.within(weather.jitter);
                self.count += 1;
                let letter = Letter { node, segment: number, from: n, octets: octets.to_vec() };
                self.mail.insert((at, self.count), letter);
            }
        }
    }

    /// Returns the next node on the way from `n`, if it leads to one.
    pub(in crate::tests) fn next(&self, n: usize, key: Key) -> Option<usize> {
        let node = &self.nodes[n];
        if node.is_dead || node.own.contains_key(&key) {
            return None;
        }
        let Some(Way::Through(hop)) = node.ways.get(&key) else { return None };
        let number = hop.interface.0 as usize;
        let Segment { ends, profile, .. } = &self.segments[number];
        let is_it = |end: &usize| profile.lone || hop.address == IpAddr::V6(address(*end, number));
        ends.iter().copied().find(|end| *end != n && is_it(end))
    }

    /// Follows a packet from node `n`; returns where it ends up, `None` in a loop.
    pub(in crate::tests) fn follow(&self, n: usize, key: Key) -> Option<usize> {
        let (mut at, mut left) = (n, self.nodes.len());
        while let Some(next) = self.next(at, key) {
            if left == 0 {
                return None;
            }
            (at, left) = (next, left - 1);
        }
        Some(at)
    }

    /// Lets time pass.
    pub(in crate::tests) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let letter = self.mail.keys().next().map(|(at, _)| *at);
            let alive = self.nodes.iter().enumerate().filter(|(_, it)| !it.is_dead);
            let wakes = alive.filter_map(|(n, it)| Some((it.speaker.deadline()?.at, n)));
            let wake = wakes.min();
            let next = [letter, wake.map(|(at, _)| at)].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            if letter == Some(next) {
                self.deliver();
            } else if let Some((_, n)) = wake {
                self.tell(n, Input::Wake);
            }
        }
        self.now = end;
    }

    fn deliver(&mut self) {
        let Some((_, letter)) = self.mail.pop_first() else { return };
        let Letter { node, segment, from, octets } = letter;
        let ends = &self.segments[segment].ends;
        if !self.nodes[node].is_dead && ends.contains(&node) && ends.contains(&from) {
            let from = address(from, segment);
            let packet = Input::Packet { interface: interface(segment), from, octets: &octets };
            self.tell(node, packet);
        }
    }

    /// Returns who can be reached from a node.
    pub(in crate::tests) fn island(&self, from: usize) -> BTreeSet<usize> {
        let mut island = BTreeSet::from([from]);
        loop {
            let before = island.len();
            for segment in &self.segments {
                let there = |n: &&usize| !self.nodes[**n].is_dead;
                if segment.ends.iter().filter(there).any(|n| island.contains(n)) {
                    island.extend(segment.ends.iter().filter(there));
                }
            }
            if island.len() == before {
                return island;
            }
        }
    }

    /// Returns the cost of each way from one node to a neighbour, as both ends now agree.
    fn costs(&self) -> BTreeMap<(usize, usize), u32> {
        let mut costs = BTreeMap::new();
        for (n, node) in self.nodes.iter().enumerate().filter(|(_, node)| !node.is_dead) {
            for view in node.speaker.neighbours().filter(|view| view.cost != Cost::INFINITE) {
                let segment = view.interface.0 as usize;
                let lone = self.segments[segment].profile.lone;
                let ends = self.segments[segment].ends.iter();
                let is_it = |end: &&usize| lone || view.address == address(**end, segment);
                for end in ends.filter(|end| **end != n).filter(is_it) {
                    let cost = u32::from(view.cost.0);
                    let least = costs.entry((n, *end)).or_insert(cost);
                    *least = cost.min(*least);
                }
            }
        }
        costs
    }

    /// Returns why the network has not converged on a range; `None` if it has, in `short` ways.
    pub(in crate::tests) fn unsettled(&self, key: Key, short: bool) -> Option<String> {
        let costs = self.costs();
        let best = self.distances(key, &costs);
        for (n, node) in self.nodes.iter().enumerate().filter(|(_, node)| !node.is_dead) {
            let island = self.island(n);
            let owned = |at: &usize| self.nodes[*at].own.contains_key(&key);
            let Some(end) = self.follow(n, key) else {
                return Some(alloc::format!("{key} loops from {n}"));
            };
            if !island.iter().any(owned) {
                if matches!(node.ways.get(&key), Some(Way::Through(_))) {
                    return Some(alloc::format!("{key} is a ghost at {n}"));
                }
                continue;
            }
            if !owned(&end) {
                return Some(alloc::format!("{key} ends at {end} from {n}"));
            }
            let (true_one, least) = (self.length(n, key, &costs), best[n]);
            if short && least < 20_000 && true_one > least * 5 / 4 + 100 {
                return Some(alloc::format!("{key} from {n} costs {true_one}, not {least}"));
            }
        }
        None
    }

    /// Returns what the way in use costs, link by link.
    fn length(&self, n: usize, key: Key, costs: &BTreeMap<(usize, usize), u32>) -> u32 {
        let (mut at, mut sum) = (n, 0);
        while let Some(next) = self.next(at, key) {
            sum += costs.get(&(at, next)).copied().unwrap_or(1_000_000);
            at = next;
        }
        sum + self.nodes[at].own.get(&key).map_or(0, |metric| u32::from(metric.0))
    }

    /// Returns each node's distance from the nearest that announces a range.
    fn distances(&self, key: Key, costs: &BTreeMap<(usize, usize), u32>) -> Vec<u32> {
        let own = |node: &Node<C>| match node.own.get(&key) {
            Some(metric) if !node.is_dead => u32::from(metric.0),
            Some(_) | None => u32::MAX / 2,
        };
        let mut best: Vec<u32> = self.nodes.iter().map(own).collect();
        for _ in 0..self.nodes.len() {
            for ((from, to), cost) in costs {
                best[*from] = best[*from].min(best[*to] + cost);
            }
        }
        best
    }
}
