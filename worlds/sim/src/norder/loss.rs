//! Border nodes that die all at once: who is cut off, before anybody is elected anew.

use words::{Dice, Share};

use super::Scene;
use super::graph::Graph;
use super::report::Loss;
use super::ways::{Routing, some, walk};
use crate::number::{rounded, share, small};

/// Destinations that are looked at.
const DESTINATIONS: usize = 200;

/// Kills a share of the border nodes, drawn, and looks at the pairs of survivors.
pub(super) fn look(scene: &Scene<'_>, dying: Share) -> Loss {
    let web = scene.web;
    let mut dice = Dice::of(scene.seed, "loss");
    let mut border: Vec<u32> = web.border().keys().copied().collect();
    let count = dying.at_least(border.len());
    let mut dead = vec![false; web.nodes()];
    for node in dice.draw(&mut border, count) {
        if let Some(dead) = dead.get_mut(node as usize) {
            *dead = true;
        }
    }
    let dies = |node: u32| dead.get(node as usize) == Some(&true);
    let nodes = (0..web.nodes()).filter(|node| !dies(small(*node))).collect::<Vec<_>>();
    let links = links_of(scene).filter(|(a, b, _)| !dies(*a) && !dies(*b)).collect::<Vec<_>>();
    let graph = Graph::of(web.nodes(), links.into_iter(), scene.land);
    let origins = web.without(|node| dead.get(node) == Some(&true));
    let routing = Routing { web, graph: &graph, origins: &origins, charge: &[] };
    let (mut lost, mut looked) = (0, 0);
    for to in some(DESTINATIONS.min(nodes.len()), nodes.len(), &mut dice) {
        let Some(to) = nodes.get(to).copied() else { continue };
        let steps = routing.steps(to);
        for from in some(scene.options.sampled().1, nodes.len(), &mut dice) {
            let Some(from) = nodes.get(from).copied().filter(|from| *from != to) else { continue };
            looked += 1;
            lost += usize::from(walk(&steps, from, to).is_none());
        }
    }
    Loss {
        border_nodes: web.border_nodes(),
        died: count,
        pairs: looked,
        lost_share: rounded(share(lost, looked)),
    }
}

/// Returns the links of the graph, each once.
fn links_of<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = (u32, u32, u32)> + 'a {
    let nodes = 0..scene.web.nodes();
    nodes.flat_map(move |node| {
        let node = small(node);
        let ends = scene.graph.of_node(node).iter();
        ends.filter(move |end| end.to > node).map(move |end| (node, end.to, end.mesh))
    })
}
