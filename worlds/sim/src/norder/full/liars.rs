//! Members that lie in a whole network that was well: about what they carry, about what they may, and about
//! what they know.
//!
//! Their engines are those of everybody, and go on. What they say besides:
//!
//! ```text
//! some minutes, watched: ranges and nodes that they have no right to tell of ─► passed over
//!                        calls into meshes that they were not elected to     ─► refused
//!                        documents that are not in force                     ─► refused
//! then, a minute each:   all that they know is next to them ─► believed: how much is drawn to them
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context;
use babel::Ignored;
use words::{Dice, NodeId, Prefix, Time};

use super::forge::{self, False, Plea, Tale};
use super::report::Lied;
use super::watch::{STEP, Watch};
use super::world::Outlet;
use super::{LOOK, Run};
use crate::norder::liars::{LIE, Won, lucks};
use crate::norder::web::NETWORK;
use crate::number::{great, rounded, small};
use crate::progress::Progress;

/// Nodes that are watched, of larger networks than this.
const WATCHED: usize = 1000;
/// How long is watched what is refused.
const WATCH: Duration = Duration::from_mins(5);
/// How often each liar tells of routes, asks for a link, and offers a document.
const TELLS: Duration = Duration::from_secs(5);
const ASKS: Duration = Duration::from_secs(5);
const OFFERS: Duration = Duration::from_secs(20);
/// Most ranges, and nodes of other meshes, of which a liar tells at a time on each link.
const RANGES: usize = 20;
const STRANGERS: usize = 3;

/// What liars go by while they are watched.
struct Plot {
    dice: Dice,
    /// Who ever had the right to tell of each range.
    rights: BTreeMap<Prefix, BTreeSet<NodeId>>,
    /// Of the epoch in which that was looked up last.
    epoch: u64,
    /// A document that was in force.
    old: Vec<u8>,
    /// How often they told of routes.
    turn: u16,
}

impl Run<'_> {
    /// Lets some members lie.
    pub(super) fn lie(&mut self) -> anyhow::Result<Lied> {
        let web = self.world.web.clone();
        let mut report = self.elected()?;
        let crowd = web.crowd().context("nobody lies")?;
        let liars = crowd.liars().map(|node| web.number_of(node)).collect();
        let mut plot = Plot {
            dice: Dice::of(self.seed, "lies"),
            rights: web.tellers(),
            epoch: web.epoch.number,
            old: self.world.setting.document().to_vec(),
            turn: 0,
        };
        self.world.go_on(self.whole.epoch)?;
        self.world.lies.begin(liars);
        let before = self.passed_over();
        self.watch_lies(&mut plot, &mut report)?;
        report.passed_over = self.passed_over() - before;
        let lies = &self.world.lies;
        (report.asked, report.let_in) = (lies.asked.into(), lies.let_in);
        (report.refused, report.documents_refused) = (lies.refused.clone(), lies.documents.clone());
        report.other_documents = self.other_documents();
        for besides in [true, false] {
            report.attracted.push(self.attract(besides, &mut plot.dice)?);
        }
        self.world.lies.begin(BTreeSet::new());
        Ok(report)
    }

    /// Says what the lies about capacity won.
    fn elected(&self) -> anyhow::Result<Lied> {
        let web = &self.world.web;
        let crowd = web.crowd().context("nobody lies")?;
        let mut won = Won::default();
        for luck in lucks(self.options.seed) {
            won += crowd.elect(&web.map, web.rules(), luck)?;
        }
        Ok(Lied {
            liars: crowd.liars().count(),
            declared: LIE,
            capacity_share: crowd.carried_share(),
            slots: web.slots().len(),
            won: crowd.won(web.slots()),
            elected_share: won.share(won.attested),
            due_share: won.share(won.truthful),
            believed_share: won.share(won.unattested),
            uncapped_share: won.share(won.uncapped),
            ..Lied::default()
        })
    }

    /// Watches the walks of those who do not lie while the others say what is refused.
    fn watch_lies(&mut self, plot: &mut Plot, report: &mut Lied) -> anyhow::Result<()> {
        let web = self.world.web.clone();
        let count = self.options.sampled.unwrap_or(WATCHED).min(web.nodes());
        let mut watch = Watch::new(&mut self.world, count, &mut plot.dice);
        let began = self.world.now;
        let end = began + WATCH.min(self.whole.within);
        let (mut look, mut due) = (began + LOOK, [began; 3]);
        let mut progress = Progress::new(self.whole.progress);
        while self.world.now < end {
            self.say_lies(plot, report, &mut due)?;
            self.pass((self.world.now + STEP).or_earlier(end))?;
            watch.look(&mut self.world);
            let now = self.world.now;
            if now >= look {
                look = now + LOOK;
                report.wrong_s += u64::from(self.wrong() > 0);
                progress.tell(now.since(began), end.since(began));
            }
        }
        progress.end();
        self.world.tables.forget_news();
        report.wrong_tables = self.wrong();
        report.watched_s = rounded(end.since(began).as_secs_f64());
        let honest = web.nodes() - report.liars;
        report.pairs = watch.watched() * honest.saturating_sub(1);
        report.walks = watch.looks * report.pairs as u64;
        (report.lost_pairs, report.lost) = (watch.lost_pairs(), watch.lost_until(watch.looks));
        report.lost_share = great(report.lost) / great(report.walks.max(1));
        report.longest_ms = u64::try_from(watch.longest().as_millis()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Lets each liar say what is due.
    fn say_lies(
        &mut self,
        plot: &mut Plot,
        report: &mut Lied,
        due: &mut [Time; 3],
    ) -> anyhow::Result<()> {
        let now = self.world.now;
        if plot.epoch != self.world.web.epoch.number {
            plot.epoch = self.world.web.epoch.number;
            for (range, nodes) in self.world.web.tellers() {
                plot.rights.entry(range).or_default().extend(nodes);
            }
        }
        let is_due = due.map(|due| due <= now);
        for ((due, is_due), often) in due.iter_mut().zip(is_due).zip([TELLS, ASKS, OFFERS]) {
            *due = if is_due { now + often } else { *due };
        }
        let [tells, asks, offers] = is_due;
        plot.turn += u16::from(tells);
        for liar in self.world.lies.liars().clone() {
            if tells {
                report.told += self.tell_lies(plot, liar);
            }
            if asks {
                self.ask_entry(plot, liar)?;
            }
            if offers {
                report.offered += self.offer(plot, liar)?;
            }
        }
        Ok(())
    }

    /// A liar tells of routes that are not its to tell of; returns of how many.
    fn tell_lies(&mut self, plot: &mut Plot, liar: u32) -> u64 {
        let mut told = 0;
        for outlet in self.world.outlets(liar) {
            let tales = self.tales(plot, outlet);
            told += tales.len() as u64;
            let greeting = outlet.besides.then_some(plot.turn);
            for frame in forge::routes(&tales, greeting) {
                self.world.lie(outlet, frame);
            }
        }
        told
    }

    /// Returns routes that may not be believed of a liar on a link.
    fn tales(&self, plot: &mut Plot, outlet: Outlet) -> Vec<Tale> {
        let web = &self.world.web;
        let liar = web.name(outlet.liar as usize);
        let may_tell =
            |range: &Prefix| plot.rights.get(range).is_some_and(|nodes| nodes.contains(&liar));
        let ranges = web.map.cuts().iter().flatten().filter(|range| !may_tell(range));
        let mut ranges: Vec<Prefix> = ranges.copied().collect();
        let mut ranges = plot.dice.draw(&mut ranges, RANGES);
        let node = |dice: &mut Dice| web.name(dice.below(web.nodes())).0;
        let strangers: Vec<Prefix> = (0..STRANGERS).map(|_| node(&mut plot.dice)).collect();
        ranges.extend(strangers.into_iter().filter(|node| !outlet.mesh.covers(*node)));
        let part = Prefix::new(node(&mut plot.dice).bits(), 80);
        ranges.extend([NETWORK, Prefix::new(0, 0), part]);
        let metric = |dice: &mut Dice| u16::try_from(dice.below(2)).unwrap_or(0);
        let tale = |range| Tale::of(range, liar, metric(&mut plot.dice));
        ranges.into_iter().map(tale).collect()
    }

    /// A liar asks for a link in a mesh that it was not elected to.
    fn ask_entry(&mut self, plot: &mut Plot, liar: u32) -> anyhow::Result<()> {
        let Some(plea) = plot.dice.draw(&mut Plea::ALL.to_vec(), 1).pop() else { return Ok(()) };
        self.plead(plea, liar, &mut plot.dice)
    }

    /// A liar asks for a link with a node that is drawn in a mesh where it has no business.
    pub(super) fn plead(&mut self, plea: Plea, liar: u32, dice: &mut Dice) -> anyhow::Result<()> {
        let web = self.world.web.clone();
        let ours = web.memberships(liar as usize).home();
        let offices: BTreeSet<Prefix> = web.offices(liar).chain([ours]).collect();
        let to = dice.below(web.nodes());
        let theirs = web.memberships(to);
        let is_near = theirs.meshes().any(|mesh| offices.contains(&mesh));
        if is_near || !self.world.lives(to) || self.world.lies.lies(small(to)) {
            return Ok(());
        }
        let in_force = (self.world.setting.version(), web.epoch.number);
        let introduction = self.world.introduction(liar);
        let shown = plea.attach(&introduction, [ours, theirs.home()], in_force)?;
        self.world.ask(liar, small(to), shown);
        Ok(())
    }

    /// A liar offers a document to a neighbour that is drawn; returns to how many.
    fn offer(&mut self, plot: &mut Plot, liar: u32) -> anyhow::Result<u64> {
        let mut outlets = self.world.outlets(liar);
        let drawn = plot.dice.draw(&mut outlets, 1).pop();
        let kind = plot.dice.draw(&mut False::ALL.to_vec(), 1).pop();
        let (Some(outlet), Some(kind)) = (drawn, kind) else { return Ok(0) };
        let (version, octets) = kind.document(self.world.setting.document(), &plot.old)?;
        for frame in forge::document(version, &octets) {
            self.world.lie(outlet, frame);
        }
        Ok(1)
    }

    /// Returns how much those who do not lie passed over, since it may not be told to them.
    fn passed_over(&self) -> u64 {
        let name = Ignored::Policy.reason();
        let of = |node| self.world.citizen(node).map(|it| it.routing().counters());
        let passed = |node| of(node).and_then(|it| it.passed_over.get(name)).copied();
        self.honest().filter_map(passed).sum()
    }

    /// Returns how many of those who do not lie go by another document than the one in force, or the one
    /// before, while that spreads.
    fn other_documents(&self) -> usize {
        let ours = self.world.setting.version();
        let version = |node| self.world.citizen(node).map(|it| it.gossip().version());
        let is_other = |theirs: &u64| *theirs > ours || *theirs + 1 < ours;
        self.honest().filter_map(version).filter(is_other).count()
    }

    /// Returns those who live and do not lie.
    pub(super) fn honest(&self) -> impl Iterator<Item = usize> {
        let world = &self.world;
        (0..world.web.nodes()).filter(|node| world.lives(*node) && !world.lies.lies(small(*node)))
    }
}
