//! A filter around a country: which pairs of nodes it blocks, each for good or not at all.

use anyhow::{Context, bail};
use words::Dice;

use super::land::Land;
use crate::number::{share, small};

/// The country that is taken if none is named has about this share of the nodes.
const USUAL: f64 = 0.037;

/// The filter.
#[derive(Clone, Debug)]
pub(super) struct Wall {
    /// Its name.
    pub(super) country: String,
    /// Whether each node is in the country.
    pub(super) inside: Vec<bool>,
    /// How many hundredths of thousandths of the pairs across are blocked.
    pub(super) parts: u32,
    seed: [u8; 32],
}

impl Wall {
    /// Returns the filter around a country; around the one that has about 4 % of the nodes, if none is
    /// named.
    ///
    /// # Errors
    ///
    /// If there are no countries, or none of this name, with the remedy.
    pub(super) fn new(
        (land, nodes): (&Land, usize),
        country: Option<&str>,
        parts: u32,
        seed: [u8; 32],
    ) -> anyhow::Result<Self> {
        let zone = zone(land, nodes, country)?;
        let inside = (0..nodes).map(|node| land.country(node) == Some(zone)).collect();
        let country = land.countries().get(zone).cloned().unwrap_or_default();
        Ok(Self { country, inside, parts, seed })
    }

    /// Returns how many nodes are inside.
    pub(super) fn count(&self) -> usize {
        self.inside.iter().filter(|inside| **inside).count()
    }

    /// Returns the share of the pairs across that are blocked.
    pub(super) fn share(&self) -> f64 {
        f64::from(self.parts) / 100_000.0
    }

    /// Returns the nodes inside, or outside.
    pub(super) fn side(&self, wanted: bool) -> Vec<usize> {
        let all = self.inside.iter().enumerate();
        all.filter(|(_, inside)| **inside == wanted).map(|(node, _)| node).collect()
    }

    /// Returns how many pairs of nodes across are not blocked.
    pub(super) fn open_pairs(&self) -> usize {
        let (inside, outside) = (self.side(true), self.side(false));
        let pairs = inside.iter().flat_map(|a| outside.iter().map(move |b| (small(*a), small(*b))));
        pairs.filter(|(a, b)| !self.is_blocked(*a, *b)).count()
    }

    /// Tells whether nothing passes between two nodes: fixed for each pair, by its luck.
    pub(super) fn is_blocked(&self, a: u32, b: u32) -> bool {
        let inside = |node: u32| self.inside.get(node as usize) == Some(&true);
        if inside(a) == inside(b) {
            return false;
        }
        let mut pair = self.seed;
        let ends = [a.min(b).to_le_bytes(), a.max(b).to_le_bytes()].concat();
        for (octet, own) in pair.iter_mut().rev().zip(ends) {
            *octet ^= own;
        }
        Dice::of(pair, "filter").below(100_000) < self.parts as usize
    }
}

/// Returns the country that is meant.
fn zone(land: &Land, all: usize, country: Option<&str>) -> anyhow::Result<usize> {
    let names = land.countries();
    if names.is_empty() {
        bail!(
            "the file of --rtt has no countries; put a .groups.csv beside it, or use --rtt cities"
        );
    }
    if let Some(name) = country {
        let known = || format!("nobody is in {name}; name one of {}", names.join(", "));
        return names.iter().position(|other| other == name).with_context(known);
    }
    let mut nodes = vec![0; names.len()];
    for node in 0..all {
        if let Some(count) = land.country(node).and_then(|country| nodes.get_mut(country)) {
            *count += 1;
        }
    }
    let off = |count: usize| (share(count, all) - USUAL).abs();
    let nearest = nodes.iter().enumerate().min_by(|a, b| off(*a.1).total_cmp(&off(*b.1)));
    Ok(nearest.map_or(0, |(zone, _)| zone))
}
