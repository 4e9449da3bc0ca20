//! The Internet that is emulated: who is where, at which address, how far from whom.
//!
//! A round trip takes the light in the fibre along the great circle, times a detour,
//! plus the access lines of both ends. The detour is drawn for each pair, with a mean
//! of 1.6, so that a way through a third host is often shorter than the direct one, as
//! on the real Internet (where 72 % of the pairs have such a way). Each way has a jitter
//! and a loss of its own besides; [`Loss`] says whether the latter holds.
//!
//! The same seed gives the same Internet; more nodes do not move the first ones.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::time::Duration;

use earth::{CITIES, City, exponential};
use words::Dice;

use super::way::{Loss, Way};

/// A host of the emulated Internet: 0 is the registry, nodes count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub u16);

impl HostId {
    /// The host of the registry.
    pub const REGISTRY: Self = Self(0);

    /// Returns the host as an index into a list of all hosts.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An address on the Internet that nobody of the mesh has: that of somebody else's server, which
/// stands beside the registry.
pub const OUTSIDE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// The same in IPv6.
pub const OUTSIDE_SIX: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, 1);

/// Most nodes a model holds.
pub const MOST_NODES: u16 = 250;

/// Where a host is, and how it is connected.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The city.
    pub city: &'static City,
    /// Its address on the Internet; behind NAT, that of its router.
    pub public: Ipv4Addr,
    /// Its IPv6 address; behind NAT, a firewall is in front of it.
    pub six: Ipv6Addr,
    /// Its own address if it is behind NAT, in 192.168.0.0/16.
    pub private: Option<Ipv4Addr>,
    /// Its NAT has another outside port for each far end.
    pub symmetric: bool,
    /// What its access line adds to each packet, one way.
    pub access: Duration,
    /// What it sends at most, in bits per second.
    pub uplink: u64,
}

impl Place {
    /// Returns the address that the host itself has.
    pub fn own(&self) -> Ipv4Addr {
        self.private.unwrap_or(self.public)
    }
}

/// The families of addresses that hosts have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Underlay {
    /// IPv4 alone.
    #[default]
    Four,
    /// IPv6 alone.
    Six,
    /// Both.
    Both,
}

/// Text that is no underlay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not understood; write 4, 6 or both")]
pub struct NoUnderlay(String);

impl Underlay {
    /// Returns the own addresses of a host at `place`.
    pub fn own(self, place: &Place) -> Vec<IpAddr> {
        let (four, six) = (IpAddr::from(place.own()), IpAddr::from(place.six));
        match self {
            Self::Four => vec![four],
            Self::Six => vec![six],
            Self::Both => vec![four, six],
        }
    }
}

impl FromStr for Underlay {
    type Err = NoUnderlay;

    fn from_str(text: &str) -> Result<Self, NoUnderlay> {
        match text {
            "4" => Ok(Self::Four),
            "6" => Ok(Self::Six),
            "both" => Ok(Self::Both),
            _ => Err(NoUnderlay(text.to_owned())),
        }
    }
}

/// How many nodes are behind NAT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Homes {
    /// How many; one in five, and at least two, if not given.
    pub nat: Option<u16>,
    /// How many of them have another outside port for each far end.
    pub symmetric: u16,
}

/// The whole of it.
#[derive(Clone, Debug)]
pub struct Model {
    places: Vec<Place>,
    /// The way of each pair of hosts in both directions, row by row.
    ways: Vec<Way>,
    /// What is lost; nothing by default.
    pub loss: Loss,
    /// The families of addresses that hosts have; IPv4 by default.
    pub underlay: Underlay,
}

/// What a home sends at most.
const HOME_UPLINK: u64 = 100_000_000;
/// What the registry's data centre sends at most.
const SERVER_UPLINK: u64 = 1_000_000_000;
/// Median of the sum of two exponential variables, in means (Gamma, shape 2).
const MEDIAN_OF_TWO: f64 = 1.678;

impl Model {
    /// Draws an Internet with a registry and `nodes` nodes, 2 to [`MOST_NODES`].
    ///
    /// One node in five, and at least two, are behind NAT; one at least is not.
    pub fn draw(nodes: u16, seed: [u8; 32]) -> Self {
        Self::with(nodes, Homes::default(), seed)
    }

    /// Draws an Internet with these `homes` instead; one node at least has none.
    pub fn with(nodes: u16, homes: Homes, seed: [u8; 32]) -> Self {
        let nodes = nodes.clamp(2, MOST_NODES);
        let mut dice = Dice::of(seed, "places");
        let mut atlas = Vec::new();
        let hosts = (0..=nodes).map(HostId);
        let mut places: Vec<Place> =
            hosts.map(|host| Self::place(host, &mut atlas, &mut dice)).collect();
        Self::hide(&mut places, homes, seed);
        let ways = Self::ways(&places, seed);
        Self { places, ways, loss: Loss::None, underlay: Underlay::Four }
    }

    fn place(host: HostId, atlas: &mut Vec<&'static City>, dice: &mut Dice) -> Place {
        if atlas.is_empty() {
            atlas.extend(&CITIES);
        }
        let drawn = dice.draw(atlas, 1).pop();
        let home = Duration::from_micros(500) + dice.within(Duration::from_micros(5_500));
        let [_, low] = host.0.to_be_bytes();
        let (public, access, uplink) = match host {
            HostId::REGISTRY => {
                (Ipv4Addr::new(198, 51, 100, 1), Duration::from_micros(200), SERVER_UPLINK)
            }
            HostId(_) => (Ipv4Addr::new(203, 0, 113, low), home, HOME_UPLINK),
        };
        let [anywhere, ..] = &CITIES;
        Place {
            city: drawn.unwrap_or(anywhere),
            public,
            six: six(0, host),
            private: None,
            symmetric: false,
            access,
            uplink,
        }
    }

    /// Puts some nodes behind NAT; different homes may use the same private addresses.
    fn hide(places: &mut [Place], homes: Homes, seed: [u8; 32]) {
        let mut dice = Dice::of(seed, "nat");
        let mut nodes: Vec<&mut Place> = places.iter_mut().skip(1).collect();
        let most = nodes.len().saturating_sub(1);
        let count = homes.nat.map_or((nodes.len() / 5).max(2), usize::from).min(most);
        for (n, place) in dice.draw(&mut nodes, count).into_iter().enumerate() {
            place.symmetric = n < usize::from(homes.symmetric);
            let nets = [0, 1, 1, 2, 8, 178];
            let net = nets.get(dice.below(nets.len())).copied().unwrap_or(1);
            place.private = Some(Ipv4Addr::new(192, 168, net, 2));
        }
    }

    fn ways(places: &[Place], seed: [u8; 32]) -> Vec<Way> {
        let mut dice = Dice::of(seed, "detours");
        let mut quality = Dice::of(seed, "quality");
        let mut ways = vec![Way::default(); places.len() * places.len()];
        for (b, there) in places.iter().enumerate() {
            for (a, here) in places.iter().enumerate().take(b) {
                let light = earth::fibre(here.city, there.city, &mut dice);
                let delay = light + here.access + there.access;
                let way = Way::draw(delay, &mut quality);
                for cell in [a * places.len() + b, b * places.len() + a] {
                    if let Some(cell) = ways.get_mut(cell) {
                        *cell = way;
                    }
                }
            }
        }
        ways
    }

    /// Lets the line of each node send so many Mbit/s.
    pub fn set_uplinks(&mut self, mbit: u16) {
        for place in self.places.iter_mut().skip(1) {
            place.uplink = u64::from(mbit) * 1_000_000;
        }
    }

    /// Has a host send so many bits per second at most.
    pub(crate) fn set_uplink(&mut self, host: HostId, uplink: u64) {
        if let Some(place) = self.places.get_mut(host.index()) {
            place.uplink = uplink;
        }
    }

    /// Returns every host's place; the registry's first.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Returns the place of `host`, if there is such a host.
    pub fn at(&self, host: HostId) -> Option<&Place> {
        self.places.get(host.index())
    }

    /// Returns every node, without the registry.
    pub fn nodes(&self) -> impl Iterator<Item = HostId> + use<> {
        (1..u16::try_from(self.places.len()).unwrap_or(u16::MAX)).map(HostId)
    }

    /// Puts `host` behind another NAT, with other addresses, and returns its new place: the
    /// same each time from the same one.
    pub fn roam(&mut self, host: HostId) -> Option<&Place> {
        let place = self.places.get_mut(host.index())?;
        let [a, b, far, _] = place.public.octets();
        let [_, low] = host.0.to_be_bytes();
        // Benchmarking addresses (RFC 2544) are of nobody else here.
        let times = if (a, b) == (198, 18) { far.wrapping_add(1) } else { 0 };
        place.public = Ipv4Addr::new(198, 18, times, low);
        place.six = six(u16::from(times) + 1, host);
        place.private = Some(Ipv4Addr::new(192, 168, 64 | (times & 0x3f), 2));
        Some(place)
    }

    /// Returns the way from `a` to `b`.
    pub fn way(&self, a: HostId, b: HostId) -> Way {
        let cell = a.index() * self.places.len() + b.index();
        self.ways.get(cell).copied().unwrap_or_default()
    }

    /// Returns the shortest time a packet takes from `a` to `b`, jitter left out.
    pub fn one_way(&self, a: HostId, b: HostId) -> Duration {
        self.way(a, b).delay
    }

    /// Returns the median time of a round trip between `a` and `b` on the Internet itself.
    pub fn round_trip(&self, a: HostId, b: HostId) -> Duration {
        let way = self.way(a, b);
        2 * way.delay + way.jitter.mul_f64(MEDIAN_OF_TWO)
    }

    /// Draws the time that one packet takes from `a` to `b`; `None` if it gets lost.
    pub fn trip(&self, a: HostId, b: HostId, dice: &mut Dice) -> Option<Duration> {
        let way = self.way(a, b);
        if self.loss.strikes(way, dice) {
            return None;
        }
        let jitter = exponential(way.jitter.as_secs_f64(), dice);
        Some(way.delay + Duration::from_secs_f64(jitter))
    }
}

/// Returns the IPv6 address of `host`, which has roamed so many times.
const fn six(times: u16, host: HostId) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, times, host.0, 0, 0, 0, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_internet() {
        let (a, b) = (Model::draw(12, [3; 32]), Model::draw(12, [3; 32]));
        assert_eq!((a.places(), &a.ways), (b.places(), &b.ways));
        assert_ne!(Model::draw(12, [4; 32]).ways, a.ways);
    }

    #[test]
    fn more_nodes_do_not_move_the_first_ones() {
        let (few, many) = (Model::draw(12, [3; 32]), Model::draw(40, [3; 32]));
        for a in few.nodes() {
            assert_eq!(few.at(a).unwrap().city, many.at(a).unwrap().city);
            for b in few.nodes() {
                assert_eq!(few.way(a, b), many.way(a, b));
                assert_eq!(few.way(a, b), few.way(b, a));
            }
        }
    }

    #[test]
    fn one_in_five_is_behind_nat_two_at_least_and_never_all() {
        for (nodes, hidden) in [(2, 1), (3, 2), (5, 2), (12, 2), (20, 4), (40, 8), (250, 50)] {
            let model = Model::draw(nodes, [9; 32]);
            let count = model.places().iter().filter(|place| place.private.is_some()).count();
            assert_eq!(count, hidden, "{nodes} nodes");
            assert_eq!(model.at(HostId::REGISTRY).unwrap().private, None);
        }
    }

    #[test]
    fn public_addresses_are_unique() {
        let model = Model::draw(MOST_NODES, [1; 32]);
        let mut all: Vec<_> = model.places().iter().map(|place| place.public).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), usize::from(MOST_NODES) + 1);
    }

    #[test]
    fn round_trips_look_like_the_real_ones() {
        let model = Model::draw(60, [5; 32]);
        let mut all = Vec::new();
        let mut shortcuts = 0;
        for a in model.nodes() {
            for b in model.nodes().filter(|b| *b > a) {
                let direct = model.round_trip(a, b);
                all.push(direct);
                let by = |c: HostId| model.round_trip(a, c) + model.round_trip(c, b);
                shortcuts += usize::from(model.nodes().any(|c| c != a && c != b && by(c) < direct));
            }
        }
        all.sort();
        let median = all[all.len() / 2];
        assert!((Duration::from_millis(80)..Duration::from_millis(200)).contains(&median));
        let share = 100 * shortcuts / all.len();
        assert!((30..90).contains(&share), "{share} % of the pairs have a shorter way round");
    }
}
