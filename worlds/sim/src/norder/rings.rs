//! The graph of the rings: which mesh leads to which, and how well that mixes.

use order::{Election, Member, MeshMap, Roster, Rules};
use serde::Serialize;
use words::{NodeId, Prefix, Share};

use super::web::{NETWORK, epoch};
use crate::number::{real, rounded};

/// What was measured of the rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rings {
    /// Meshes.
    pub meshes: usize,
    /// Rings: slots of each mesh.
    pub rings: usize,
    /// Guests of a mesh, at least.
    pub least_guests: usize,
    /// Guests of a mesh, at most.
    pub most_guests: usize,
    /// The second eigenvalue, by its size, of the graph in which each slot is a link, in degrees.
    pub second: f64,
    /// What it is at least for graphs of this degree, however good: 2 √(d - 1) / d.
    pub ramanujan: f64,
}

/// Steps of the power iteration.
const STEPS: usize = 4_000;

/// Lets 2^`bits` meshes of a hundred members hold an election.
///
/// # Errors
///
/// More meshes than a map may have.
pub fn rings(bits: u8, seed: u64) -> anyhow::Result<Rings> {
    let map = MeshMap::even(NETWORK, &[bits])?;
    let mut luck = [7; 32];
    for (octet, own) in luck.iter_mut().zip(seed.to_le_bytes()) {
        *octet ^= own;
    }
    let epoch = epoch(luck)?;
    let member = |mesh: &Prefix, place: u128| Member {
        node: NodeId(Prefix::new(mesh.bits() | place << 64, 64)),
        since: 0,
        declared: 100,
        attested: vec![100],
    };
    let members = map.meshes().iter().flat_map(|mesh| (1..=100).map(|place| member(mesh, place)));
    let roster = Roster::of(members);
    let rules = Rules { share: Share::percent(10), ..Rules::default() };
    let election = Election::new(&map, &roster, &epoch, rules);
    let number = |mesh: Prefix| map.meshes().binary_search(&mesh).unwrap_or(0);
    let mut links = Vec::new();
    for mesh in map.meshes() {
        let slots = election.slots(*mesh);
        links.extend(slots.into_iter().map(|slot| (number(*mesh), number(slot.target))));
    }
    let meshes = map.meshes().len();
    let mut guests = vec![0; meshes];
    for (_, target) in &links {
        if let Some(guests) = guests.get_mut(*target) {
            *guests += 1;
        }
    }
    let rings = links.len() / meshes;
    let degree = real(2 * rings);
    Ok(Rings {
        meshes,
        rings,
        least_guests: guests.iter().copied().min().unwrap_or(0),
        most_guests: guests.iter().copied().max().unwrap_or(0),
        second: rounded(second(&links, meshes, degree)),
        ramanujan: rounded(2.0 * (degree - 1.0).sqrt() / degree),
    })
}

/// Returns the size of the second largest eigenvalue of a regular graph, in degrees: by power
/// iteration, two steps at a time, with what is alike everywhere taken out.
fn second(links: &[(usize, usize)], nodes: usize, degree: f64) -> f64 {
    let mut own: Vec<f64> = (0..nodes).map(|node| (real(node) * 1.7).sin()).collect();
    let mut squared = 0.0;
    for _ in 0..STEPS {
        let middle = own.iter().sum::<f64>() / real(nodes);
        for part in &mut own {
            *part -= middle;
        }
        let length = own.iter().map(|part| part * part).sum::<f64>().sqrt();
        for part in &mut own {
            *part /= length;
        }
        let next = step(links, &step(links, &own));
        squared = own.iter().zip(&next).map(|(a, b)| a * b).sum();
        own = next;
    }
    squared.sqrt() / degree
}

/// Adds to each node what its neighbours have.
fn step(links: &[(usize, usize)], own: &[f64]) -> Vec<f64> {
    let mut next = vec![0.0; own.len()];
    for (a, b) in links {
        for (here, there) in [(*a, *b), (*b, *a)] {
            let more = own.get(there).copied().unwrap_or(0.0);
            if let Some(part) = next.get_mut(here) {
                *part += more;
            }
        }
    }
    next
}
