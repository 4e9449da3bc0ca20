//! A simulator: a mesh of thousands of nodes in one process, under virtual time.
//!
//! ```text
//!   agenda ─► node ─► what it says ─► terrain: delay, loss, rate, NAT, cuts ─► agenda
//!               ▲                        │
//!               └── paths: Babel's own packets, or an oracle that sees the chart
//! ```
//!
//! The nodes are the very engines that the product runs: arrows, principles, gossip, and
//! Babel. Where Babel would take too long, an oracle tells the shortest paths in the same words.
//! The carrier is not simulated: a handshake is a round trip. Nor is payload, but for the
//! questions of gossip.
//!
//! The same options and the same seed are the same run, but for what the run itself cost.

mod agenda;
mod book;
mod chart;
mod control;
mod fault;
mod flows;
mod islands;
mod known;
mod matrix;
pub mod norder;
mod number;
mod options;
mod oracle;
mod places;
mod progress;
mod report;
mod rule;
mod run;
mod setting;
mod strike;
mod survey;
mod svg;
mod terrain;
mod ways;
mod world;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

pub use fault::{Fault, NoFault, What};
pub use known::{Known, NoKnown};
pub use matrix::{Matrix, NotRtt16};
pub use options::{NoRouting, Options, Routing};
pub use places::Rtt;
pub use report::{
    Arrows, Blow, Draining, Flows, Hops, Load, Reach, Report, Run as Cost, Stretch, Trials,
};
pub use rule::{NoRule, Rule};
pub use terrain::Quality;

use chart::Chart;
use control::{Control, Habits};
use oracle::{Oracle, name};
use places::Places;
use run::Run;
use setting::Setting;
use terrain::Terrain;
use ways::{Tables, Ways};
use world::{Born, Citizen, Making, World};

/// After how long the world tells a node that the other end of a link is silent, where nodes
/// need not find out: what their probes take by default.
const PULSE: Duration = Duration::from_millis(3_500);

/// Simulates what `options` ask for.
///
/// # Errors
///
/// Options out of their bounds, files that cannot be read or written, with the remedy.
pub fn run(options: &Options) -> anyhow::Result<Report> {
    options.check()?;
    let luck = options.luck();
    let places = Places::new(&options.rtt, options.nodes, luck)?;
    options.check_places(&places)?;
    let routing = options.routing_for(places.matrix.places());
    match (options.rule.is_ours(), routing) {
        (true, Routing::Oracle) => {
            let chart = chart_of(&places);
            let born = chart.clone();
            let born: Born<_> = Box::new(move |set, n, now| set.with_oracle(n, &born, now));
            simulate(options, routing, Ways::Chart(chart), places, born)
        }
        (true, Routing::Babel) => {
            let ways = Ways::Tables(Tables::new(places.matrix.places()));
            let born: Born<_> = Box::new(Setting::with_babel);
            simulate(options, routing, ways, places, born)
        }
        (false, Routing::Oracle) => {
            let (chart, habits) = (chart_of(&places), habits(options, &places));
            let born = chart.clone();
            let born: Born<_> = Box::new(move |set, n, now| {
                let oracle = Oracle::new(n, born.clone());
                Control::new(n, habits.clone(), oracle, set.luck(n), now)
            });
            simulate(options, routing, Ways::Chart(chart), places, born)
        }
        (false, Routing::Babel) => {
            let habits = habits(options, &places);
            let ways = Ways::Tables(Tables::new(places.matrix.places()));
            let born: Born<_> = Box::new(move |set, n, now| {
                Control::new(n, habits.clone(), set.babel(n, now), set.luck(n), now)
            });
            simulate(options, routing, ways, places, born)
        }
    }
}

fn chart_of(places: &Places) -> Rc<RefCell<Chart>> {
    let names = (0..places.matrix.places()).map(|n| name(n).0).collect();
    Rc::new(RefCell::new(Chart::new(names)))
}

fn habits(options: &Options, places: &Places) -> Habits {
    Habits {
        rule: options.rule,
        seats: usize::from(options.arrows),
        period: options.round,
        places: Rc::new(places.clone()),
    }
}

/// Makes the world, and lets all of it happen.
fn simulate<E: Citizen>(
    options: &Options,
    routing: Routing,
    ways: Ways,
    places: Places,
    born: Born<E>,
) -> anyhow::Result<Report> {
    let seed = options.luck();
    let told = routing == Routing::Oracle || !options.rule.is_ours();
    let setting = Setting::new(options, &places.matrix, told)?;
    let terrain = Terrain::new(places, options.quality, seed);
    let pulse = told.then_some(PULSE);
    let world = World::new(Making { terrain, ways, setting, born, pulse, seed });
    let (world, report) = Run::new(options, routing, world).finish();
    if let Some(path) = &options.svg {
        svg::draw(&world, path)?;
    }
    Ok(report)
}
