//! Random networks under random trouble: never a loop, and all is reached once it is quiet.

extern crate std;

use core::net::Ipv4Addr;

use words::{Dice, Prefix};

use self::net::Net;
use self::weather::Weather;
use crate::candidates::{Candidates, Columns, TopK};
use crate::{Cost, Input, Key, Kind, Metric, Profile, RouterId, Settings};

use super::*;

mod meshes;
pub(in crate::tests) mod net;
pub(in crate::tests) mod weather;

/// A network in trouble.
struct Ordeal<C> {
    net: Net<C>,
    dice: Dice,
    /// Packets overtake each other: only speakers of our kind notice that.
    reorders: bool,
    /// Segments that are there.
    whole: Vec<usize>,
    /// Nodes that are dead, and from when on they may live again: a LAN notices by silence.
    dead: Vec<(usize, Time)>,
}

/// Returns settings of node `n`: its name, and whether it says more than it need.
pub(in crate::tests) fn settings_of(n: usize, frugal: bool) -> Settings {
    let mut router_id = [7; 8];
    router_id[7] = u8::try_from(n).unwrap();
    Settings { router_id: RouterId(router_id), frugal, ..Settings::default() }
}

/// The range that everybody might announce.
pub(in crate::tests) fn shared() -> Key {
    Key::to("2001:db8:a::/48".parse().unwrap())
}

/// Tells whether node `n` knows its number when it begins again. One that forgets it once must
/// not remember a wrong one later.
const fn remembers(n: usize) -> bool {
    n.is_multiple_of(2)
}

/// The ranges that node `n` alone announces: of both families, and for some senders.
pub(in crate::tests) fn keys(n: usize) -> [Key; 3] {
    let source = Prefix::new((0xfd00 << 112) | (0xa << 104), 16);
    let v4 = Ipv4Addr::new(10, u8::try_from(n).unwrap(), 0, 0);
    [Key::to(prefix(n)), Key::to_v4(v4, 16), Key::from_to(source, prefix(n))]
}

impl<C: Candidates> Ordeal<C> {
    fn new(seed: u8) -> Self {
        let mut dice = Dice::of([seed; 32], "ordeal");
        let mut net = Net::new(seed);
        net.anycast.insert(shared());
        let (count, reorders) = (3 + dice.below(6), seed.is_multiple_of(2));
        for n in 0..count {
            net.add(settings_of(n, reorders || dice.below(3) > 0));
            for key in keys(n) {
                net.announce(n, key, Metric(0));
            }
        }
        net.announce(0, shared(), Metric(0));
        net.announce(count - 1, shared(), Metric(50));
        let mut ordeal = Self { net, dice, reorders, whole: Vec::new(), dead: Vec::new() };
        for n in 1..count {
            let to = ordeal.dice.below(n);
            ordeal.link(n, to);
        }
        ordeal.lan();
        ordeal
    }

    fn weather(&mut self) -> Weather {
        let dice = &mut self.dice;
        let delay = ms(dice.below(120) as u64);
        let jitter = ms(if self.reorders { [0, 20, 100, 1_000][dice.below(4)] } else { 0 });
        Weather { delay, jitter, loss: dice.below(30), twice: dice.below(10), mute: None }
    }

    fn link(&mut self, a: usize, b: usize) {
        let weather = self.weather();
        let profile = Profile { hello: ms(2_000), ..Profile::TUNNEL };
        let number = self.net.join(&[a, b], profile, weather);
        self.whole.push(number);
    }

    /// Joins three nodes by a network of their own.
    fn lan(&mut self) {
        let count = self.net.nodes.len();
        let first = self.dice.below(count);
        let ends: BTreeSet<usize> = [0, 1, 1 + self.dice.below(3)]
            .iter()
            .map(|more| (first + more) % count)
            .filter(|n| !self.net.nodes[*n].is_dead)
            .collect();
        let weather = self.weather();
        let kind = [Kind::Wired, Kind::Wireless][self.dice.below(2)];
        let split_horizon = kind == Kind::Wired;
        let profile = Profile { hello: ms(2_000), kind, split_horizon, ..Profile::LAN };
        let ends: Vec<usize> = ends.into_iter().collect();
        let number = self.net.join(&ends, profile, weather);
        self.whole.push(number);
    }

    fn alive(&mut self) -> usize {
        loop {
            let n = self.dice.below(self.net.nodes.len());
            if !self.net.nodes[n].is_dead {
                return n;
            }
        }
    }

    fn segment(&mut self) -> Option<usize> {
        self.whole.retain(|number| self.net.segments[*number].ends.len() > 1);
        let place = self.dice.below(self.whole.len().max(1));
        self.whole.get(place).copied()
    }

    fn trouble(&mut self) {
        let what = self.dice.below(20);
        match what {
            0..4 => {
                let (a, b) = (self.alive(), self.alive());
                if a != b {
                    self.link(a, b);
                }
            }
            4 => self.lan(),
            5..16 => {
                if let Some(number) = self.segment() {
                    self.spoil(number, what);
                }
            }
            16 | 17 => {
                let n = self.alive();
                let key = keys(n)[self.dice.below(3)];
                if self.net.nodes[n].own.contains_key(&key) {
                    self.net.withdraw(n, key);
                } else {
                    self.net.announce(n, key, Metric(0));
                }
            }
            _ => self.restart(),
        }
    }

    /// Something happens to a segment.
    fn spoil(&mut self, number: usize, what: usize) {
        let ends = self.net.segments[number].ends.clone();
        let end = ends[self.dice.below(ends.len())];
        match what {
            5 | 6 => self.net.cut(number),
            // One end goes away; the others notice by themselves.
            7 => self.net.leave(end, number),
            8..11 if !self.net.nodes[end].is_dead => {
                let cost = Cost([0, 0, 300, 4_000, Cost::SHUNNED.0][self.dice.below(5)]);
                self.net.tell(end, Input::Charge(net::interface(number), cost));
            }
            11 => self.net.segments[number].weather.loss = self.dice.below(101),
            12 => self.net.segments[number].weather.mute = Some(end),
            _ => self.net.segments[number].weather = self.weather(),
        }
    }

    /// A node dies, or a dead one begins again.
    fn restart(&mut self) {
        let now = self.net.now;
        if let Some(place) = self.dead.iter().position(|(_, at)| *at <= now) {
            let (n, _) = self.dead.swap_remove(place);
            self.net.revive(n, remembers(n));
            let other = self.alive();
            if other != n {
                self.link(n, other);
            }
        } else if self.dead.len() < 2 {
            let n = self.alive();
            self.net.crash(n);
            self.dead.push((n, now + ms(20_000)));
        }
    }

    /// Ends the trouble; returns why it was not all well some time later.
    fn quiet(&mut self, short: bool) -> Option<String> {
        for n in 0..self.net.nodes.len() {
            if self.net.nodes[n].is_dead {
                self.net.run(ms(20_000));
                self.net.revive(n, remembers(n));
            }
        }
        for number in 0..self.net.segments.len() {
            let segment = &mut self.net.segments[number];
            segment.weather = Weather::fair(segment.weather.delay);
            if segment.profile.lone && segment.ends.len() == 1 {
                self.net.cut(number);
            }
        }
        for n in 0..self.net.nodes.len() {
            self.net.announce(n, keys(n)[0], Metric(0));
        }
        self.net.run(Duration::from_mins(4));
        (0..self.net.nodes.len()).for_each(|n| self.net.check(n));
        let all = (0..self.net.nodes.len()).flat_map(keys).chain([shared()]);
        let all: Vec<Key> = all.collect();
        all.into_iter().find_map(|key| self.net.unsettled(key, short))
    }
}

/// Everybody is reached in the end; in `short` ways, if all routes are kept.
fn ordeal<C: Candidates>(seed: u8, short: bool) -> String {
    let mut ordeal = Ordeal::<C>::new(seed);
    for _ in 0..50 {
        let pause = ms(ordeal.dice.below(5_000) as u64);
        ordeal.net.run(pause);
        ordeal.trouble();
    }
    assert_eq!(ordeal.quiet(short), None, "seed {seed}");
    let told =
        |node: &net::Node<C>| alloc::format!("{:?} {:?}", node.ways, node.speaker.counters());
    ordeal.net.nodes.iter().map(told).collect()
}

/// Returns how many seeds are tried: more if `RE6ST_SEEDS` says so.
fn seeds(usual: u8) -> core::ops::Range<u8> {
    let more = std::env::var("RE6ST_SEEDS").ok().and_then(|it| it.parse().ok());
    0..more.unwrap_or(usual)
}

#[test]
fn l1_trouble_makes_no_loop_and_l2_quiet_brings_everybody_together() {
    for seed in seeds(24) {
        ordeal::<Columns>(seed, true);
    }
}

#[test]
fn l1_nor_does_it_where_only_the_best_few_routes_are_kept() {
    for seed in seeds(8) {
        ordeal::<TopK<3>>(seed, false);
    }
}

#[test]
fn i2_the_same_seed_ends_in_the_same_routes_and_counters() {
    assert_eq!(ordeal::<Columns>(77, true), ordeal::<Columns>(77, true));
}
