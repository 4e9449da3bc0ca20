//! A small world of speakers: virtual time, delays, loss, and an eye on loops.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;
use core::time::Duration;

use words::routing::{Input, Output, Range, Scope};
use words::{Dice, Engine, LinkId, Prefix, Time};

use crate::{Babel, MeshSettings, Profile, RouterId, Settings};

mod additions;
mod admissions;
pub(crate) mod captures;
mod drift;
mod floods;
mod gathering;
mod lan;
mod loss;
mod model;
mod neighbour;
mod protocol;
mod stories;
mod topk;
mod transitions;

/// The speakers, and the links between them.
struct World {
    now: Time,
    nodes: Vec<Node>,
    /// Where a node's link leads: the other node, and its name there.
    ends: BTreeMap<(usize, LinkId), End>,
    mail: BTreeMap<(Time, u64), Letter>,
    count: u64,
    dice: Dice,
    /// Every output, for comparing runs.
    journal: String,
}

struct Node {
    babel: Babel,
    routes: BTreeMap<Prefix, LinkId>,
    usage: BTreeMap<LinkId, u32>,
    /// Every change told, in order.
    told: Vec<(Prefix, Option<LinkId>)>,
}

#[derive(Clone, Copy)]
struct End {
    node: usize,
    link: LinkId,
    delay: Duration,
    jitter: Duration,
    /// Packets lost, in hundredths.
    loss: usize,
}

struct Letter {
    node: usize,
    link: LinkId,
    octets: Vec<u8>,
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The range that node `n` announces.
fn prefix(n: usize) -> Prefix {
    Prefix::new((0xfd00 << 112) | ((n as u128 + 1) << 64), 64)
}

fn settings(n: usize) -> MeshSettings {
    let mut router_id = [9; 8];
    router_id[7] = u8::try_from(n).unwrap();
    let router_id = RouterId(router_id);
    let speaker = Settings { router_id, parts_of_ours: false, ..Settings::default() };
    MeshSettings { speaker, link: Profile::TUNNEL }
}

impl World {
    /// Returns a world of `count` speakers, each announcing its range, without links.
    fn new(count: usize, seed: u8) -> Self {
        let mut world = Self {
            now: Time::from_micros(5_000_000),
            nodes: Vec::new(),
            ends: BTreeMap::new(),
            mail: BTreeMap::new(),
            count: 0,
            dice: Dice::of([seed; 32], "world"),
            journal: String::new(),
        };
        for n in 0..count {
            let babel = world.speaker(n);
            let (routes, usage) = (BTreeMap::new(), BTreeMap::new());
            world.nodes.push(Node { babel, routes, usage, told: Vec::new() });
            world.tell(n, Input::Announce(prefix(n).into()));
        }
        world
    }

    fn speaker(&mut self, n: usize) -> Babel {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.dice.bits().to_be_bytes());
        Babel::new(settings(n), seed, self.now)
    }

    /// Replaces a speaker by a fresh one that remembers nothing. Its links must be down.
    fn restart(&mut self, n: usize) {
        let babel = self.speaker(n);
        let node = &mut self.nodes[n];
        node.babel = babel;
        node.routes.clear();
        node.usage.clear();
        self.tell(n, Input::Announce(prefix(n).into()));
    }

    /// Joins two nodes by a new link; returns its name at `a` and at `b`.
    fn join(&mut self, a: usize, b: usize, delay: Duration) -> (LinkId, LinkId) {
        self.join_badly(a, b, (delay, ms(0), 0))
    }

    fn join_badly(
        &mut self,
        a: usize,
        b: usize,
        (delay, jitter, loss): (Duration, Duration, usize),
    ) -> (LinkId, LinkId) {
        let name = u32::try_from(self.count).unwrap();
        self.count += 1;
        let (at_a, at_b) = (LinkId::ours(name), LinkId::theirs(name));
        self.ends.insert((a, at_a), End { node: b, link: at_b, delay, jitter, loss });
        self.ends.insert((b, at_b), End { node: a, link: at_a, delay, jitter, loss });
        self.tell(a, Input::Up(at_a, Scope::EVERYWHERE));
        self.tell(b, Input::Up(at_b, Scope::EVERYWHERE));
        (at_a, at_b)
    }

    /// Ends a link, at both ends.
    fn cut(&mut self, a: usize, link: LinkId) {
        let end = self.ends.remove(&(a, link)).unwrap();
        self.ends.remove(&(end.node, end.link));
        self.tell(a, Input::Down(link));
        self.tell(end.node, Input::Down(end.link));
    }

    fn tell(&mut self, n: usize, input: Input<'_>) {
        let now = self.now;
        self.nodes[n].babel.handle(input, now);
        while let Some(said) = self.nodes[n].babel.poll() {
            writeln!(self.journal, "{now:?} {n} {said:?}").unwrap();
            self.note(n, said);
        }
        self.check(n);
    }

    fn note(&mut self, n: usize, said: Output) {
        let node = &mut self.nodes[n];
        match said {
            Output::Route(Range { to: prefix, .. }, link) => {
                let before = match link {
                    Some(link) => node.routes.insert(prefix, link),
                    None => node.routes.remove(&prefix),
                };
                assert_ne!(before, link, "told twice: {prefix} at {n}");
                node.told.push((prefix, link));
            }
            Output::Usage(link, count) => {
                assert_ne!(node.usage.insert(link, count).unwrap_or(0), count);
            }
            Output::Send(link, octets) => {
                assert!(octets.len() <= 1200);
                let Some(end) = self.ends.get(&(n, link)).copied() else { return };
                if self.dice.below(100) < end.loss {
                    return;
                }
                let at = self.now + end.delay + self.dice.within(end.jitter);
                self.count += 1;
                let letter = Letter { node: end.node, link: end.link, octets };
                self.mail.insert((at, self.count), letter);
            }
        }
    }

    /// Checks, at one node, all that holds at every instant.
    fn check(&self, n: usize) {
        let node = &self.nodes[n];
        for (link, count) in &node.usage {
            let used = node.routes.values().filter(|it| *it == link).count();
            assert_eq!(*count as usize, used, "usage of {link} at {n}");
        }
        for view in node.babel.routes() {
            assert_eq!(node.routes.get(&view.range.to), Some(&view.link));
            assert!(view.metric.is_finite());
        }
        for prefix in node.routes.keys() {
            self.follow(n, *prefix);
        }
    }

    /// Follows a packet for `prefix` from node `n`; returns where it ends up. Never in a circle.
    fn follow(&self, n: usize, prefix: Prefix) -> usize {
        let (mut at, mut seen) = (n, BTreeSet::new());
        while let Some(link) = self.nodes[at].routes.get(&prefix) {
            assert!(seen.insert(at), "loop for {prefix} from {n} at {:?}", self.now);
            let Some(end) = self.ends.get(&(at, *link)) else { break };
            at = end.node;
        }
        at
    }

    /// Lets time pass.
    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let letter = self.mail.keys().next().map(|(at, _)| *at);
            let wakes = self.nodes.iter().enumerate();
            let wake = wakes.filter_map(|(n, it)| it.babel.deadline().map(|it| (it.at, n))).min();
            let next = [letter, wake.map(|(at, _)| at)].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = if next < self.now { self.now } else { next };
            if letter == Some(next) {
                let (_, letter) = self.mail.pop_first().unwrap();
                if self.ends.contains_key(&(letter.node, letter.link)) {
                    self.tell(letter.node, Input::Frame(letter.link, &letter.octets));
                }
            } else if let Some((_, n)) = wake {
                self.tell(n, Input::Wake);
            }
        }
        self.now = end;
    }

    /// Tells whether everybody reaches everybody whom the links could let them reach.
    fn all_reached(&self) -> bool {
        let count = self.nodes.len();
        (0..count).all(|from| {
            let island = self.island(from);
            (0..count).filter(|to| *to != from).all(|to| {
                let reaches = self.nodes[from].routes.contains_key(&prefix(to))
                    && self.follow(from, prefix(to)) == to;
                reaches == island.contains(&to)
            })
        })
    }

    fn island(&self, from: usize) -> BTreeSet<usize> {
        let mut island = BTreeSet::from([from]);
        loop {
            let reached =
                |((n, _), end): (&(usize, LinkId), &End)| island.contains(n).then_some(end.node);
            let more: Vec<usize> = self.ends.iter().filter_map(reached).collect();
            let before = island.len();
            island.extend(more);
            if island.len() == before {
                return island;
            }
        }
    }

    fn route(&self, n: usize, to: usize) -> Option<LinkId> {
        self.nodes[n].routes.get(&prefix(to)).copied()
    }
}
