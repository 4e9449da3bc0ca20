//! Walks without end: whether what is sent at any moment arrives.
//!
//! Every [`STEP`] a packet is sent from each node to each watched one. It is lost if no way leads on from
//! some node on its way, as of that moment. Where the ways of that moment are a circle, it goes on from node
//! to node by the ways that there are when it comes to each, and is lost if it makes a dozen hops.

use std::collections::BTreeMap;
use std::time::Duration;

use words::Time;

use super::tables::Name;
use super::world::World;
use crate::norder::ways::some;
use crate::number::small;

/// How often packets are sent.
pub(super) const STEP: Duration = Duration::from_millis(20);
/// No packet that circled makes more hops.
const HOPS: u32 = 12;

/// What became of packets.
#[derive(Debug)]
pub(super) struct Watch {
    /// The nodes that packets are sent to, and the names that hold each.
    to: Vec<(u32, Vec<Name>)>,
    /// From whom packets are lost, or circle, to each of these, as of the last look.
    cut: BTreeMap<u32, Cut>,
    circling: Vec<Packet>,
    /// When packets of a pair were lost: from which look to which.
    lost: BTreeMap<(u32, u32), Vec<(u64, u64)>>,
    /// How often it was looked.
    pub(super) looks: u64,
    /// How many packets circled.
    pub(super) circled: u64,
}

/// Who cannot send to a node.
#[derive(Debug, Default)]
struct Cut {
    /// Their packets come where no way leads on.
    lost: Vec<u32>,
    /// Their packets circle.
    circle: Vec<u32>,
}

/// A packet that was sent while ways were a circle.
#[derive(Clone, Copy, Debug)]
struct Packet {
    pair: (u32, u32),
    /// At which look it was sent.
    sent: u64,
    at: u32,
    due: Time,
    hops: u32,
}

/// Where a packet that a node sends ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Unknown,
    /// On the way that is followed.
    Here,
    Arrives,
    Lost,
    Circles,
}

impl Watch {
    /// Begins to watch so many nodes, drawn among all; nobody looks at what liars are sent, or send.
    pub(super) fn new(world: &mut World<'_>, count: usize, dice: &mut words::Dice) -> Self {
        let mut to = some(count, world.web.nodes(), dice);
        to.retain(|node| world.lives(*node) && !world.lies.lies(small(*node)));
        let named = |node: usize| (small(node), world.tables.names(&world.web, node));
        let to = to.into_iter().map(named).collect();
        world.tables.forget_news();
        Self {
            to,
            cut: BTreeMap::new(),
            circling: Vec::new(),
            lost: BTreeMap::new(),
            looks: 0,
            circled: 0,
        }
    }

    /// Sends a packet of each pair.
    pub(super) fn look(&mut self, world: &mut World<'_>) {
        let news = world.tables.news();
        let is_news = |names: &[Name]| {
            news.as_ref().is_none_or(|news| names.iter().any(|name| news.contains(name)))
        };
        if news.as_ref().is_none_or(|news| !news.is_empty()) {
            for (to, names) in self.to.iter().filter(|(_, names)| is_news(names)) {
                match cut(world, *to, names) {
                    Some(cut) => drop(self.cut.insert(*to, cut)),
                    None => drop(self.cut.remove(to)),
                }
            }
        }
        self.looks += 1;
        let sent = self.looks;
        for (to, Cut { lost, circle }) in &self.cut {
            for from in lost {
                note(&mut self.lost, (*from, *to), sent);
            }
            self.circled += circle.len() as u64;
            self.circling.extend(circle.iter().map(|from| Packet {
                pair: (*from, *to),
                sent,
                at: *from,
                due: world.now,
                hops: 0,
            }));
        }
        self.follow(world);
    }

    /// Lets packets that circled go on to where they are by now.
    fn follow(&mut self, world: &World<'_>) {
        let mut under_way = Vec::new();
        for mut packet in self.circling.drain(..) {
            let (_, to) = packet.pair;
            let names = world.tables.names(&world.web, to as usize);
            while packet.due <= world.now && packet.at != to {
                let next = world.next(packet.at, &names).filter(|_| packet.hops < HOPS);
                let Some(next) = next else {
                    note(&mut self.lost, packet.pair, packet.sent);
                    packet.at = to;
                    continue;
                };
                packet.due = world.arrival(packet.at, next, packet.due);
                (packet.at, packet.hops) = (next, packet.hops + 1);
            }
            if packet.at != to {
                under_way.push(packet);
            }
        }
        self.circling = under_way;
    }

    /// Tells whether, as of the last look, all packets arrive.
    pub(super) fn all_arrive(&self) -> bool {
        self.cut.is_empty()
    }

    /// Returns how many nodes are watched.
    pub(super) const fn watched(&self) -> usize {
        self.to.len()
    }

    /// Returns of how many pairs packets were lost.
    pub(super) fn lost_pairs(&self) -> usize {
        self.lost.len()
    }

    /// Returns how many packets were lost of those that were sent up to a look.
    pub(super) fn lost_until(&self, look: u64) -> u64 {
        let all = self.lost.values().flatten().filter(|(first, _)| *first <= look);
        all.map(|(first, last)| last.min(&look) - first + 1).sum()
    }

    /// Returns the first and the last look at which a packet was sent that was lost.
    pub(super) fn span(&self) -> Option<(u64, u64)> {
        let all = self.lost.values().flatten();
        all.copied().reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
    }

    /// Returns for how long all packets of a pair were lost, at most.
    pub(super) fn longest(&self) -> Duration {
        let of_pair = |spans: &Vec<(u64, u64)>| {
            let mut spans = spans.clone();
            spans.sort_unstable();
            let (mut longest, mut since, mut end) = (0, 0, 0);
            for (first, last) in spans {
                if first > end + 1 {
                    since = first;
                }
                end = last.max(end);
                longest = longest.max(end - since.max(1) + 1);
            }
            longest
        };
        let longest = self.lost.values().map(of_pair).max().unwrap_or(0);
        STEP * u32::try_from(longest).unwrap_or(u32::MAX)
    }
}

/// Takes down that a packet of a pair was lost.
fn note(lost: &mut BTreeMap<(u32, u32), Vec<(u64, u64)>>, pair: (u32, u32), sent: u64) {
    let spans = lost.entry(pair).or_default();
    match spans.iter_mut().find(|(_, until)| *until + 1 == sent) {
        Some((_, until)) => *until = sent,
        None => spans.push((sent, sent)),
    }
}

/// Returns who cannot send to a node; `None` if everybody can.
fn cut(world: &World<'_>, to: u32, names: &[Name]) -> Option<Cut> {
    let nodes = world.web.nodes();
    let mut fates = vec![Fate::Unknown; nodes];
    let mut cut = Cut::default();
    let mut way = Vec::new();
    let counts = |from: &u32| world.lives(*from as usize) && !world.lies.lies(*from);
    for from in (0..small(nodes)).filter(counts) {
        let mut at = Some(from);
        let fate = loop {
            let Some(here) = at else { break Fate::Lost };
            if here == to {
                break Fate::Arrives;
            }
            let Some(known) = fates.get_mut(here as usize) else { break Fate::Lost };
            match *known {
                Fate::Here => break Fate::Circles,
                Fate::Unknown => *known = Fate::Here,
                Fate::Arrives | Fate::Lost | Fate::Circles => break *known,
            }
            way.push(here);
            at = world.next(here, names);
        };
        for node in way.drain(..) {
            if let Some(known) = fates.get_mut(node as usize) {
                *known = fate;
            }
        }
        match fate {
            Fate::Lost => cut.lost.push(from),
            Fate::Circles => cut.circle.push(from),
            Fate::Unknown | Fate::Here | Fate::Arrives => {}
        }
    }
    (!cut.lost.is_empty() || !cut.circle.is_empty()).then_some(cut)
}
