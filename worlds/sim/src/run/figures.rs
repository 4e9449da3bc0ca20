//! The figures of a run, from what was counted.

use std::collections::BTreeMap;
use std::time::Duration;

use arrows::Death;

use super::Run;
use crate::book::Book;
use crate::number::{percentile, real, rounded, share};
use crate::report::{Arrows, Draining, Flows, Hops, Load, Reach, Report, Stretch};
use crate::survey::{Survey, average};
use crate::world::Citizen;

impl<E: Citizen> Run<'_, E> {
    pub(super) fn report(&mut self) -> Report {
        let last = Survey::of(&self.world);
        if self.surveys.is_empty() {
            self.surveys.push(last.clone());
        }
        let half = self.surveys.len() / 2;
        let late = average(self.surveys.get(half..).unwrap_or_default());
        Report {
            nodes: self.world.terrain.count(),
            arrows_per_node: self.options.arrows,
            rule: self.options.rule.to_string(),
            routing: self.routing.to_string(),
            hours: rounded(self.options.span.as_secs_f64() / 3600.0),
            round_s: self.options.round.as_secs_f64(),
            seed: self.options.seed,
            stretch: Stretch {
                mean: rounded(late.stretch),
                p95: rounded(late.stretch_p95),
                faster_than_direct_share: rounded(late.faster),
            },
            hops: Hops { mean: rounded(late.hops), p95: late.hops_p95, max: late.hops_max },
            reach: self.reach(&last),
            arrows: self.arrows(),
            draining: self.draining(),
            flows: self.flows(),
            load: Load { busiest_5_percent_share: rounded(late.busiest), peak: rounded(late.peak) },
            faults: self.blows.iter().map(|(_, blow)| blow.clone()).collect(),
            run: self.cost(),
        }
    }

    fn reach(&self, last: &Survey) -> Reach {
        let worst = average(&self.surveys);
        Reach {
            disconnected_share: rounded(share(worst.disconnected, worst.pairs)),
            disconnected_at_end_share: rounded(share(last.disconnected, last.pairs)),
            isolated_at_end: last.isolated,
            alive_at_end: self.world.terrain.living().count(),
        }
    }

    fn arrows(&self) -> Arrows {
        let book = &self.world.book;
        let drawn: u64 = book.drawn.values().sum();
        let by_chance = book.drawn.get("chance").copied().unwrap_or(0);
        Arrows {
            drawn,
            opened: book.opened,
            died: book.died.values().sum(),
            alive_at_end: book.living(),
            chance_share: rounded(ratio(by_chance, drawn)),
            oldest_s: rounded(book.oldest(self.world.now).as_secs_f64()),
            by_cause: named(&book.drawn),
            by_death: named(&book.died),
            by_refusal: named(&book.refused),
        }
    }

    fn draining(&self) -> Draining {
        let (book, now) = (&self.world.book, self.world.now);
        let mut drains = book.drains.clone();
        drains.sort_unstable();
        let all: Duration = drains.iter().sum();
        let mean = all.as_secs_f64() / real(drains.len().max(1));
        Draining {
            condemned: book.condemned.values().sum(),
            cuts: self.world.ways.chart().map(|chart| chart.borrow().cuts()),
            forced: book.died_of(Death::Overdue),
            mean_s: rounded(mean),
            p95_s: rounded(percentile(&drains, 95).as_secs_f64()),
            longest_s: rounded(book.longest_drain(now).as_secs_f64()),
        }
    }

    fn flows(&self) -> Flows {
        let seen = self.flows.seen();
        Flows {
            pairs: seen.pairs,
            looks: seen.looks,
            cuts: seen.cuts,
            broken_share: rounded(seen.broken),
            unchanged_share: rounded(seen.unchanged),
            exposed_share: rounded(seen.exposed),
            exposed_late_share: rounded(seen.exposed_late),
        }
    }

    fn cost(&self) -> crate::report::Run {
        let seconds = self.began.elapsed().as_secs_f64();
        let span = self.options.span.as_secs_f64();
        let clock = &self.clock;
        let (worked, late) = (clock.spent().as_secs_f64(), clock.spent_late().as_secs_f64());
        let nodes = self.world.terrain.count().max(1) as u64;
        crate::report::Run {
            seconds: rounded(seconds),
            speed: rounded(span / seconds.max(1e-6)),
            events: self.world.events,
            events_per_s: rounded(float(self.world.events) / seconds.max(1e-6)),
            bytes_per_node: most_resident().unwrap_or(0) / nodes,
            processor_s: rounded(worked),
            processor_speed: rounded(span / worked.max(1e-6)),
            steady_speed: rounded(span / 2.0 / late.max(1e-6)),
            events_per_processor_s: rounded(float(self.world.events) / worked.max(1e-6)),
        }
    }
}

impl Book {
    /// Returns how many died of this.
    fn died_of(&self, death: Death) -> u64 {
        self.died.get(death.name()).copied().unwrap_or(0)
    }
}

fn named(counts: &BTreeMap<&'static str, u64>) -> BTreeMap<String, u64> {
    counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

fn float(count: u64) -> f64 {
    usize::try_from(count).map_or(f64::MAX, real)
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { float(part) / float(whole) }
}

/// Returns the most memory that was ever resident, in octets, as the kernel counts it.
pub(crate) fn most_resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kb| kb * 1024)
}
