//! A change of the map in a whole network that was well: a mesh is split, or two become one.
//!
//! The registry announces it in a network document, epochs go on, and nodes find out from each other:
//!
//! ```text
//! announcement ──► an epoch begins: nodes move ──► the next one: the new map is in force ──► all is exact
//!      └───────────────────── packets between all watched pairs each 20 ms ────────────────────────┘
//! ```

use std::time::Duration;

use anyhow::ensure;
use order::{Change, halves};
use words::{Dice, Prefix, Time};

use super::report::Remapped;
use super::watch::{STEP, Watch};
use super::{LOOK, Run, STAYS};
use crate::number::{great, rounded};
use crate::progress::Progress;

/// Nodes that are watched, of larger networks than this.
const WATCHED: usize = 1000;
/// How long it is watched at least once the new map is in force: links of strangers last for a minute.
const LEAST: Duration = Duration::from_mins(2);

impl Run<'_> {
    /// Splits a mesh that is drawn.
    pub(super) fn split(&mut self) -> anyhow::Result<Remapped> {
        let all = self.world.web.meshes().to_vec();
        self.remap(Change::Split, all)
    }

    /// Lets two meshes become one that are halves of the same range; which, is drawn.
    pub(super) fn merge(&mut self) -> anyhow::Result<Remapped> {
        let meshes = self.world.web.meshes().iter();
        let mut above: Vec<Prefix> = meshes.filter_map(around).collect();
        above.dedup();
        self.remap(Change::Merge, above)
    }

    /// Lets a change of one of these ranges happen.
    fn remap(
        &mut self,
        change: fn(Prefix) -> Change,
        mut ranges: Vec<Prefix>,
    ) -> anyhow::Result<Remapped> {
        let web = self.world.web.clone();
        let sizes = |range: Prefix| halves(range).map(|half| web.inside_of(half).count());
        ranges.retain(|range| {
            web.map.changed(change(*range)).is_ok() && sizes(*range).iter().all(|size| *size > 0)
        });
        let mut dice = Dice::of(self.seed, "change of the map");
        let drawn = dice.draw(&mut ranges, 1).into_iter().next();
        ensure!(drawn.is_some(), "no mesh can be changed so; use more --nodes-per-mesh");
        let range = drawn.unwrap_or(web.map.network());
        let began = self.world.now;
        let mut report = Remapped {
            range: range.to_string(),
            halves: sizes(range),
            epoch_s: rounded(self.whole.epoch.as_secs_f64()),
            round_s: rounded(self.whole.round.as_secs_f64()),
            before: self.tables(),
            ..Remapped::default()
        };
        self.world.announce(change(range), self.whole.epoch)?;
        let count = self.options.sampled.unwrap_or(WATCHED).min(web.nodes());
        let mut watch = Watch::new(&mut self.world, count, &mut dice);
        let rest = self.world.epoch_ends.map_or(Duration::ZERO, |ends| ends.since(began));
        let (in_force, exact) = self.wait(&mut watch)?;
        report.exact_s = exact.map(|at| rounded(at.since(in_force).as_secs_f64()));
        report.watched_s = rounded(self.world.now.since(began).as_secs_f64());
        report.after = self.tables();
        self.world.tables.forget_news();
        let nodes = (0..web.nodes()).filter(|node| self.world.lives(*node)).count();
        report.pairs = watch.watched() * nodes.saturating_sub(1);
        saw(&mut report, &watch, (began, in_force));
        report.lost_at_rest = watch.lost_until(looks(rest));
        Ok(report)
    }

    /// Watches until all is well by the new map; returns since when it is in force, and all tables are
    /// exact, if they are in time.
    fn wait(&mut self, watch: &mut Watch) -> anyhow::Result<(Time, Option<Time>)> {
        let began = self.world.now;
        let mut progress = Progress::new(self.whole.progress);
        let (mut in_force, mut exact): (Option<Time>, Option<Time>) = (None, None);
        // The next election may move border nodes again: what lasted once counts.
        let mut lasted = false;
        let mut look = began + LOOK;
        loop {
            self.pass(self.world.now + STEP)?;
            watch.look(&mut self.world);
            let now = self.world.now;
            if self.world.setting.meshes.plan.is_none() {
                in_force = in_force.or(Some(now));
            }
            if now < look {
                continue;
            }
            look = now + LOOK;
            progress.tell(now.since(began), 2 * self.whole.epoch + self.whole.within);
            let Some(since) = in_force else { continue };
            if !lasted {
                let is_well = watch.all_arrive() && self.wrong() == 0;
                exact = is_well.then(|| exact.unwrap_or(now));
                lasted = exact.is_some_and(|exact| now >= exact + STAYS);
            }
            let is_over = lasted && now >= since + LEAST.min(self.whole.within);
            if is_over || now >= since + self.whole.within {
                progress.end();
                return Ok((since, exact));
            }
        }
    }
}

/// Takes down what was seen from `began` on, where the new map is in force since another moment.
fn saw(report: &mut Remapped, watch: &Watch, (began, in_force): (Time, Time)) {
    report.walks = watch.looks * report.pairs as u64;
    (report.lost_pairs, report.lost) = (watch.lost_pairs(), watch.lost_until(watch.looks));
    report.lost_share = great(report.lost) / great(report.walks.max(1));
    report.longest_ms = u64::try_from(watch.longest().as_millis()).unwrap_or(u64::MAX);
    report.circled = watch.circled;
    let after = |look: u64| {
        let at = began + STEP * u32::try_from(look).unwrap_or(u32::MAX);
        let (early, late) = (in_force.since(at), at.since(in_force));
        rounded(late.as_secs_f64() - early.as_secs_f64())
    };
    let span = watch.span();
    report.first_lost_s = span.map(|(first, _)| after(first));
    report.last_lost_s = span.map(|(_, last)| after(last));
}

/// Returns how often it is looked in this time.
fn looks(span: Duration) -> u64 {
    u64::try_from(span.as_micros() / STEP.as_micros()).unwrap_or(u64::MAX)
}

/// Returns the range of which a mesh is a half.
fn around(mesh: &Prefix) -> Option<Prefix> {
    Some(Prefix::new(mesh.bits(), mesh.length().checked_sub(1)?))
}
