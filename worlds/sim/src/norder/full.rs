//! The whole protocol: every node runs the very engines of the product, wired as the daemon wires
//! them, under virtual time.
//!
//! ```text
//!  web     ─► names, meshes, and who must win the election
//!  setting ─► one network document for all ─► node: arrows, Babel, gossip, order
//!                                                │ frames, calls, questions
//!  land ─► delays ─► world: agenda, links ◄──────┘
//!                      │ routes
//!                      └─► tables ─► compared with the formula; walks by longest match
//! ```
//!
//! A run is a cold start: nobody knows anybody but whom the registry names. It ends once all tables
//! are exactly what the filter of [`order`] lets come to members of the meshes that the election
//! says, and all walks between drawn nodes arrive, and it stayed so for a while. Faults come after that.

mod attract;
mod forge;
mod formula;
mod liars;
mod loss;
mod remap;
mod report;
mod setting;
mod siege;
mod tables;
mod watch;
mod world;

use std::time::{Duration, Instant};

use order::Epoch;
use words::{Dice, Time};

pub use report::{Attracted, Besieged, Cost, Full, Lied, Lost, Remapped, Traffic, Words};

use super::land::Land;
use super::options::{NorderOptions, Trouble};
use super::report::{Paths, Tables as Counted};
use super::ways::{Tally, some};
use super::web::Web;
use crate::number::{great, real, rounded, share, small};
use crate::progress::Progress;
use crate::run::clock::Clock;
use crate::run::figures::most_resident;
use formula::Formula;
use setting::Setting;
use world::{Sent, World};

/// What is asked of a whole network, besides what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    /// How long it may take until all is well, virtual: 10 s to a day.
    pub within: Duration,
    /// How long an epoch lasts, from when on the map is changed: 30 s to a day, whole seconds.
    pub epoch: Duration,
    /// How often nodes renew their arrows: 1 s to an hour.
    pub round: Duration,
    /// Show how far it is on standard error.
    pub progress: bool,
}

impl Default for Whole {
    fn default() -> Self {
        let (within, round) = (Duration::from_mins(10), Duration::from_mins(5));
        Self { within, epoch: Epoch::LENGTH, round, progress: false }
    }
}

/// How often it is looked whether all is well.
const LOOK: Duration = Duration::from_secs(1);
/// How long all must stay well.
const STAYS: Duration = Duration::from_secs(10);

/// Simulates the cold start of a whole network.
///
/// # Errors
///
/// Options out of their bounds or not of this form, files that cannot be read, with the remedy.
pub fn full(options: &NorderOptions, whole: Whole) -> anyhow::Result<Full> {
    options.check()?;
    options.check_whole(whole)?;
    let seed = options.luck();
    let land = Land::new(&options.rtt, options.nodes(), seed)?;
    let web = Web::whole(options, seed)?;
    let setting = Setting::new((options, whole), &web, seed)?;
    let mut world = World::new((web, &land), setting, seed)?;
    world.silent = (options.no_quorum, options.no_refuge);
    let formula = Formula::new(&world.web, world.web.border(), &world.tables);
    Run { options, whole, land: &land, formula, world, well: None, seed }.finish()
}

/// A run under way.
struct Run<'a> {
    options: &'a NorderOptions,
    whole: Whole,
    land: &'a Land,
    formula: Formula,
    world: World<'a>,
    /// Since when all is well.
    well: Option<Time>,
    seed: [u8; 32],
}

impl Run<'_> {
    /// Lets all of it happen, and reports.
    fn finish(mut self) -> anyhow::Result<Full> {
        let (clock, began) = (Clock::new(), Instant::now());
        let mut progress = Progress::new(self.whole.progress);
        let end = Time::ZERO + self.whole.within;
        let mut paths = Paths::default();
        while self.world.now < end {
            let next = (self.world.now + LOOK).or_earlier(end);
            self.world.run(next);
            progress.tell(next.since(Time::ZERO), self.whole.within);
            if self.wrong() > 0 {
                self.well = None;
                continue;
            }
            let since = *self.well.get_or_insert(next);
            if next >= since + STAYS {
                paths = self.walks();
                if paths.failed == 0 {
                    break;
                }
                self.well = None;
            }
        }
        progress.end();
        if paths.walks == 0 {
            paths = self.walks();
        }
        let mut report = self.report(paths);
        for trouble in &self.options.troubles {
            match trouble {
                Trouble::LoseBorder(share) if report.converged => {
                    report.lost.push(self.lose_border(*share)?);
                }
                Trouble::Filter(country, parts) if report.converged => {
                    report.besieged.push(self.besiege(country.as_deref(), *parts)?);
                }
                Trouble::Split if report.converged => report.divided.push(self.split()?),
                Trouble::Merge if report.converged => report.merged.push(self.merge()?),
                Trouble::Liars(_) if report.converged => report.liars.push(self.lie()?),
                Trouble::LoseBorder(_)
                | Trouble::Filter(..)
                | Trouble::Liars(_)
                | Trouble::Split
                | Trouble::Merge => {}
            }
        }
        report.cost = self.cost(&clock, began);
        Ok(report)
    }

    /// Lets everything happen until a moment, the registry's epochs among it.
    fn pass(&mut self, end: Time) -> anyhow::Result<()> {
        while let Some(due) = self.world.epoch_ends.filter(|due| *due <= end) {
            self.world.run(due);
            self.world.next_epoch()?;
            let serving = self.world.web.serving(|node| !self.world.lives(node))?;
            self.formula = Formula::new(&self.world.web, &serving, &self.world.tables);
        }
        self.world.run(end);
        Ok(())
    }

    /// Returns how many nodes have a table that is not as it must be; liars do not count.
    fn wrong(&self) -> usize {
        let world = &self.world;
        let lives = |node| world.lives(node);
        let is_wrong = |node: &usize| !self.formula.is_met(*node, world.tables.lines(*node), lives);
        self.honest().filter(is_wrong).count()
    }

    /// Walks from drawn sources to drawn destinations.
    fn walks(&self) -> Paths {
        self.some_walks(self.options.sampled())
    }

    /// Walks to so many destinations, from so many sources each; the dead are left out.
    fn some_walks(&self, (to, from): (usize, usize)) -> Paths {
        let nodes = self.world.web.nodes();
        let is_alive = |node: &usize| self.world.lives(*node);
        let mut dice = Dice::of(self.seed, "walks");
        let mut tally = Tally::default();
        for to in some(to, nodes, &mut dice).into_iter().filter(is_alive) {
            let sources = some(from, nodes, &mut dice).into_iter().filter(is_alive);
            for from in sources.filter(|from| *from != to) {
                tally.add(self.world.walk(small(from), small(to)), self.land);
            }
        }
        tally.paths()
    }

    /// Counts the lines of all tables, a node's own among them.
    fn tables(&self) -> Counted {
        let web = &self.world.web;
        let mut tables = Counted { looked_at: web.nodes(), ..Counted::default() };
        for node in 0..web.nodes() {
            let ours = web.memberships(node);
            tables.add(&web.map, &ours, self.world.tables.lines(node).count() + 1);
        }
        tables
    }

    fn report(&self, paths: Paths) -> Full {
        let (world, options) = (&self.world, self.options);
        let wrong = self.wrong();
        let well = self.well.filter(|_| wrong == 0 && paths.failed == 0);
        Full {
            nodes: options.nodes(),
            order: options.order,
            meshes: world.web.meshes().len(),
            nodes_per_mesh: options.each,
            arrows_per_node: options.arrows,
            border_share: rounded(share(world.web.border_nodes(), options.nodes())),
            seed: options.seed,
            converged: well.is_some(),
            converged_s: well.map(|at| rounded(at.since(Time::ZERO).as_secs_f64())),
            virtual_s: rounded(world.now.since(Time::ZERO).as_secs_f64()),
            wrong_tables: wrong,
            tables: self.tables(),
            paths,
            links: world.links(),
            traffic: self.traffic(),
            cost: Cost::default(),
            lost: Vec::new(),
            besieged: Vec::new(),
            divided: Vec::new(),
            merged: Vec::new(),
            liars: Vec::new(),
        }
    }

    fn cost(&self, clock: &Clock, began: Instant) -> Cost {
        let events = self.world.counts.events;
        let resident = most_resident().unwrap_or_default();
        let processor = clock.spent().as_secs_f64();
        Cost {
            seconds: rounded(began.elapsed().as_secs_f64()),
            processor_s: rounded(processor),
            events,
            events_per_processor_s: rounded(great(events) / processor.max(1e-6)),
            bytes_per_node: resident / (self.options.nodes().max(1) as u64),
            resident_mb: resident / 1_000_000,
        }
    }

    fn traffic(&self) -> Traffic {
        let (counts, nodes) = (self.world.counts, self.world.web.nodes().max(1));
        let seconds = self.world.now.since(Time::ZERO).as_secs_f64().max(1e-6);
        let words = |sent: Sent| Words {
            frames: sent.frames,
            kbit_per_s: rounded(great(sent.octets) * 8.0 / 1000.0 / seconds / real(nodes)),
        };
        Traffic {
            opened: counts.opened,
            died: counts.died,
            lost: counts.lost,
            entered: counts.entered,
            left: counts.left,
            not_elected: counts.not_elected,
            expelled: counts.expelled,
            routing: words(counts.routing),
            arrows: words(counts.arrows),
            gossip: words(counts.gossip),
            astray: counts.astray,
            strange: self.world.tables.strange(),
        }
    }
}
