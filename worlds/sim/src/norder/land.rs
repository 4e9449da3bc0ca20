//! Where the nodes are: each in a city, with an access line of its own.
//!
//! A few hundred measured places stand for a million nodes: each node is in one of them, drawn, and
//! has an access line that adds to each of its round trips. Most lines are homes', 5 ms in the
//! median and lognormal; a tenth are those of datacenters, 0.5 ms. So what is far from metric
//! between cities stays so.

use std::f64::consts::TAU;
use std::time::Duration;

use babel::{Cost, Ramp};
use words::Dice;

use crate::number::small;
use crate::places::{Places, Rtt};
use crate::terrain::TUNNEL;

/// One in so many nodes is in a datacenter, and well known.
const DATACENTERS: usize = 10;
/// What a datacenter's line adds, in microseconds.
const DATACENTER: u32 = 500;
/// What a home's line adds in the median, in microseconds.
const HOME: f64 = 5_000.0;
/// How far lines differ: the standard deviation of their logarithm.
const SPREAD: f64 = 0.5;
/// Round trip inside a city, in microseconds, where the matrix has none.
const IN_TOWN: u32 = 1_000;

/// The places of all nodes.
#[derive(Debug)]
pub(super) struct Land {
    cities: usize,
    /// Round trips between cities, in microseconds.
    far: Vec<u32>,
    groups: Vec<String>,
    /// The country of each city.
    of: Vec<usize>,
    city: Vec<u16>,
    /// What each node's line adds, in microseconds.
    line: Vec<u32>,
    known: Vec<bool>,
}

impl Land {
    pub(super) fn new(rtt: &Rtt, nodes: usize, seed: [u8; 32]) -> anyhow::Result<Self> {
        let few = matches!(rtt, Rtt::Cities).then_some(earth::CITIES.len());
        let places = Places::new(rtt, few, seed)?;
        let cities = places.matrix.places();
        let far = (0..cities * cities)
            .map(|pair| trip(places.matrix.round_trip(pair / cities, pair % cities)))
            .collect();
        let mut dice = Dice::of(seed, "land");
        let mut land = Self {
            cities,
            far,
            groups: places.groups,
            of: places.of,
            city: Vec::with_capacity(nodes),
            line: Vec::with_capacity(nodes),
            known: Vec::with_capacity(nodes),
        };
        for _ in 0..nodes {
            land.city.push(u16::try_from(dice.below(cities)).unwrap_or(0));
            let known = dice.below(DATACENTERS) == 0;
            land.known.push(known);
            land.line.push(if known { DATACENTER } else { home(&mut dice) });
        }
        Ok(land)
    }

    /// Returns the round trip between two nodes, in microseconds.
    pub(super) fn round_trip(&self, a: usize, b: usize) -> u32 {
        let city = |node: usize| self.city.get(node).copied().map_or(0, usize::from);
        let line = |node: usize| self.line.get(node).copied().unwrap_or(0);
        let far = self.far.get(city(a) * self.cities + city(b)).copied().unwrap_or(IN_TOWN);
        far + line(a) + line(b)
    }

    /// Returns the round trip over a tunnel between two nodes, in microseconds.
    pub(super) fn tunnel(&self, a: usize, b: usize) -> u32 {
        self.round_trip(a, b) + small(TUNNEL.as_micros() as usize)
    }

    /// Returns what Babel has a link between two nodes cost.
    pub(super) fn cost(&self, a: usize, b: usize) -> u16 {
        let trip = Duration::from_micros(self.tunnel(a, b).into());
        Cost::NOMINAL.plus(Ramp::PLANET.cost(trip)).0
    }

    /// Tells whether a node is well known.
    pub(super) fn is_known(&self, node: usize) -> bool {
        self.known.get(node) == Some(&true)
    }

    /// Returns the names of the countries.
    pub(super) fn countries(&self) -> &[String] {
        &self.groups
    }

    /// Returns the country of a node; `None` if that is not known.
    pub(super) fn country(&self, node: usize) -> Option<usize> {
        let city = self.city.get(node).copied().map(usize::from)?;
        self.of.get(city).copied()
    }
}

fn trip(between: Option<Duration>) -> u32 {
    let us = between.map(|trip| u32::try_from(trip.as_micros()).unwrap_or(u32::MAX / 4));
    us.unwrap_or(IN_TOWN).max(IN_TOWN)
}

/// Draws what a home's line adds.
fn home(dice: &mut Dice) -> u32 {
    let mut unit =
        || (f64::from(u32::try_from(dice.bits() >> 32).unwrap_or(0)) + 1.0) / 4_294_967_297.0;
    let (radius, angle) = ((-2.0 * unit().ln()).sqrt(), TAU * unit());
    let us = HOME * (SPREAD * radius * angle.cos()).exp();
    micros(us)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "held between nothing and a second"
)]
fn micros(us: f64) -> u32 {
    us.clamp(0.0, 1e6) as u32
}
