//! Meshes of meshes: sampled paths on graphs, with the selection, the election and the filter of the
//! product.
//!
//! ```text
//!  land ─► places and delays of the nodes
//!  web  ─► mesh map, election (order), memberships
//!  draw ─► arrows (principles), each in one mesh ─► graph
//!  ways ─► for each prefix the shortest paths over the links on which the filter lets it pass
//!           ─► walks by longest match ─► hops, stretch, load, losses
//! ```
//!
//! Routing is taken as converged: each node uses the best of the paths along which the filter
//! ([`order::border`]) lets a prefix pass. The clock moves only where a country is filtered and where
//! a mesh is split, round by round.

mod draw;
mod filter;
mod full;
mod graph;
mod growth;
mod land;
mod liars;
mod load;
mod loss;
mod names;
mod options;
mod pictures;
mod report;
mod rings;
mod split;
mod tables;
mod wall;
mod ways;
mod web;

use std::time::Instant;

pub use full::{
    Attracted, Besieged, Cost, Full, Lied, Lost, Remapped, Traffic, Whole, Words, full,
};
pub use growth::{Sizes, grow};
pub use liars::{Liars, Lie, lie};
pub use options::{NoTrouble, NorderOptions, Trouble};
pub use pictures::{Picture, pictures, write_pictures};
pub use report::{Filtered, Lines, Load as Transit, Loss, Norder, Paths, Split, Tables};
pub use rings::{Rings, rings};
pub use split::split;

use crate::number::{rounded, share};
use graph::Graph;
use land::Land;
use web::Web;

/// What the parts of a simulation look at.
struct Scene<'a> {
    options: &'a NorderOptions,
    land: &'a Land,
    web: &'a Web,
    graph: &'a Graph,
    seed: [u8; 32],
}

/// Most nodes of which all paths are looked at, for the load.
const ALL_PATHS: usize = 20_000;
/// Most nodes for which a flat mesh of as many is built unasked.
const FLAT: usize = 100_000;

/// Simulates what `options` ask for.
///
/// # Errors
///
/// Options out of their bounds, files that cannot be read, with the remedy.
pub fn simulate(options: &NorderOptions) -> anyhow::Result<Norder> {
    options.check_sampled()?;
    let began = Instant::now();
    let seed = options.luck();
    let land = Land::new(&options.rtt, options.nodes(), seed)?;
    let web = Web::new(options, seed)?;
    let arrows = draw::arrows(options, &land, &web, seed);
    let graph = Graph::of(web.nodes(), arrows.iter().map(draw::Arrow::link), &land);
    let scene = Scene { options, land: &land, web: &web, graph: &graph, seed };
    let flat = options.flat || options.nodes() <= FLAT;
    let paths = ways::sample(&scene);
    let mut report = Norder {
        nodes: options.nodes(),
        order: options.order,
        meshes: web.meshes().len(),
        nodes_per_mesh: options.each,
        arrows_per_node: options.arrows,
        border_share: rounded(share(web.border_nodes(), options.nodes())),
        links: graph.links(),
        seed: options.seed,
        tables: tables::look(&scene),
        flat: flat.then(|| ways::flat(&scene)),
        paths,
        ..Norder::default()
    };
    if options.nodes() <= ALL_PATHS {
        report.load = Some(load::look(&scene, None));
        report.load_with_term = options.gain.map(|gain| load::look(&scene, Some(gain)));
    }
    for trouble in &options.troubles {
        match trouble {
            Trouble::LoseBorder(share) => report.lost.push(loss::look(&scene, *share)),
            Trouble::Filter(country, share) => {
                let filtered = filter::look(&scene, arrows.clone(), country.as_deref(), *share)?;
                report.filtered.push(filtered);
            }
            Trouble::Liars(share) => report.liars.push(lie(*share, options.seed)),
            Trouble::Split => report.split.push(split(options.each, options.arrows, options.seed)),
            // Refused above.
            Trouble::Merge => {}
        }
    }
    report.seconds = rounded(began.elapsed().as_secs_f64());
    Ok(report)
}
