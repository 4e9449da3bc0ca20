//! The load of each node, if all pairs of nodes send alike.

use order::Load as Term;
use words::Prefix;

use super::Scene;
use super::graph::Forest;
use super::report::Load;
use super::ways::{Routing, sample_by};
use crate::number::{great, mean, percentile, rounded};

/// How often the feedback is asked; with a dozen, 10 000 nodes have settled.
const TURNS: usize = 16;

/// Looks at the transit of all nodes; with the load term, after it has settled.
pub(super) fn look(scene: &Scene<'_>, gain: Option<u32>) -> Load {
    let nodes = scene.web.nodes();
    let mut charge = Vec::new();
    let mut transit = transit_of(scene, &charge);
    if let Some(gain) = gain {
        let mut terms = vec![Term::new(gain); nodes];
        for _ in 0..TURNS {
            let usual = transit.iter().sum::<u64>() / nodes as u64;
            charge = (terms.iter_mut().zip(&transit))
                .map(|(term, carried)| term.step(*carried, usual))
                .collect();
            transit = transit_of(scene, &charge);
        }
    }
    let web = scene.web;
    let routing = Routing { web, graph: scene.graph, origins: web.origins(), charge: &charge };
    report(scene, &transit, sample_by(scene, &routing).round_trip_ms)
}

fn report(scene: &Scene<'_>, transit: &[u64], round_trip_ms: f64) -> Load {
    let web = scene.web;
    let all: Vec<f64> = transit.iter().map(|carried| great(*carried)).collect();
    let usual = mean(&all).max(1.0);
    let mut sorted: Vec<f64> = all.iter().map(|carried| carried / usual).collect();
    sorted.sort_by(f64::total_cmp);
    let kind = |wanted: &dyn Fn(usize) -> bool| {
        let of: Vec<f64> = (all.iter().enumerate())
            .filter(|(node, _)| wanted(*node))
            .map(|(_, carried)| carried / usual)
            .collect();
        rounded(mean(&of))
    };
    let is_border = |node: usize| web.border().contains_key(&crate::number::small(node));
    let outside = |node: usize| {
        let group = web.map.parent(web.mesh(web.home(node))).unwrap_or(web.map.network());
        let ours = web.memberships(node);
        ours.foreign().iter().any(|mesh| !group.covers(*mesh))
    };
    let most = sorted.last().copied().unwrap_or(0.0);
    let carried: f64 = all.iter().sum();
    Load {
        border_mean: kind(&|node| is_border(node) && !outside(node)),
        border_of_another_group_mean: kind(&outside),
        plain_mean: kind(&|node| !is_border(node)),
        p99: rounded(percentile(&sorted, 99)),
        most: rounded(most),
        busiest_share: rounded(most * usual / carried.max(1.0)),
        round_trip_ms,
    }
}

/// Counts what each node forwards for others, if each sends one packet to each other.
fn transit_of(scene: &Scene<'_>, charge: &[u32]) -> Vec<u64> {
    let web = scene.web;
    let routing = Routing { web, graph: scene.graph, origins: web.origins(), charge };
    let mut sent = vec![0_u64; web.nodes()];
    descend(&routing, web.map.network(), &vec![1; web.nodes()], &mut sent);
    let own = web.nodes() as u64 - 1;
    sent.iter().map(|sent| sent.saturating_sub(own)).collect()
}

/// Sends what waits at the nodes inside `range` on to each destination in it. `waits` is how many
/// packets for each destination have come to each node.
fn descend(routing: &Routing<'_>, range: Prefix, waits: &[u64], sent: &mut [u64]) {
    let web = routing.web;
    if web.map.is_mesh(range) {
        let first = web.mesh_number(range) as usize * web.each();
        for node in first..first + web.each() {
            flow(&routing.to_node(node), waits, 1, sent);
        }
        return;
    }
    for child in web.map.children(range) {
        let destinations = web.map.meshes().iter().filter(|mesh| child.covers(**mesh)).count();
        let destinations = (destinations * web.each()) as u64;
        let arrived = flow(&routing.to_range(child), waits, destinations, sent);
        descend(routing, child, &arrived, sent);
    }
}

/// Lets what waits flow along the paths, and returns what waits at their origins.
fn flow(forest: &Forest, waits: &[u64], destinations: u64, sent: &mut [u64]) -> Vec<u64> {
    let mut here = waits.to_vec();
    for node in forest.near.iter().rev() {
        let Some(next) = forest.next(*node) else { continue };
        let carried = here.get_mut(*node as usize).map_or(0, std::mem::take);
        if let Some(sent) = sent.get_mut(*node as usize) {
            *sent += carried * destinations;
        }
        if let Some(there) = here.get_mut(next as usize) {
            *there += carried;
        }
    }
    here
}
