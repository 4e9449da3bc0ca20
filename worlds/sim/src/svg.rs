//! A picture of the mesh.

use std::f64::consts::TAU;
use std::fmt::Write;
use std::path::Path;

use anyhow::Context;

use crate::number::{real, share};
use crate::world::{Citizen, World};

/// Half of the picture's width.
const HALF: f64 = 500.0;
/// How far from the middle the nodes are.
const RADIUS: f64 = 450.0;

/// Draws the mesh to a file: nodes on a circle, country by country, and their links.
///
/// # Errors
///
/// The file cannot be written.
pub(crate) fn draw<E: Citizen>(world: &World<E>, path: &Path) -> anyhow::Result<()> {
    let picture = picture(world);
    std::fs::write(path, picture)
        .with_context(|| format!("{} cannot be written; give --svg another file", path.display()))
}

fn picture<E: Citizen>(world: &World<E>) -> String {
    let places = world.terrain.places();
    let group = |node: usize| places.of.get(node).copied().unwrap_or(0);
    let mut nodes: Vec<usize> = (0..world.terrain.count()).collect();
    nodes.sort_by_key(|node| (group(*node), *node));
    let mut at = vec![(0.0, 0.0); nodes.len()];
    for (order, node) in nodes.iter().enumerate() {
        let angle = TAU * share(order, nodes.len());
        if let Some(place) = at.get_mut(*node) {
            *place = (HALF + RADIUS * angle.sin(), HALF - RADIUS * angle.cos());
        }
    }
    let spot = |node: usize| at.get(node).copied().unwrap_or((HALF, HALF));
    let mut out = String::from(HEAD);
    for (a, b) in world.links() {
        let ((x1, y1), (x2, y2)) = (spot(a), spot(b));
        let _ = writeln!(out, "<path d='M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}'/>");
    }
    out.push_str("</g>\n");
    for node in nodes {
        let (x, y) = spot(node);
        let hue = 360.0 * real(group(node)) / real(places.groups.len().max(1));
        let fill = if world.terrain.lives(node) {
            format!("hsl({hue:.0} 70% 45%)")
        } else {
            "#ccc".to_owned()
        };
        let name = places.groups.get(group(node)).map_or("", String::as_str);
        let _ = writeln!(
            out,
            "<circle cx='{x:.1}' cy='{y:.1}' r='4' fill='{fill}'><title>{node} {}</title></circle>",
            escaped(name)
        );
    }
    out.push_str("</svg>\n");
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const HEAD: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1000 1000'>\n\
                    <rect width='1000' height='1000' fill='white'/>\n\
                    <g stroke='#345' stroke-width='.4' stroke-opacity='.35'>\n";
