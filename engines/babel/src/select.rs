//! Which neighbour is followed (RFC 8966 §3.6).
//!
//! Never an unfeasible route, never an infinite one, and none is left for a slightly better
//! one: delays jitter, and routes must not. A shunned link is left for whatever is better.

use alloc::collections::BTreeSet;

use words::{LinkId, Prefix, Time};

use crate::agenda::Timer;
use crate::table::Candidate;
use crate::{Babel, Cost, Metric, RouterId};

/// A route as selection sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Choice {
    link: LinkId,
    metric: Metric,
    router: RouterId,
    shunned: bool,
    feasible: bool,
}

impl Choice {
    /// Tells whether it is worth leaving `current` for this.
    const fn beats(&self, current: &Self) -> bool {
        let flees = current.shunned && !self.shunned && self.metric.0 < current.metric.0;
        flees || self.metric.is_worth_leaving(current.metric)
    }

    /// Tells whether `current` must lead through a shunned link, and this need not.
    const fn is_urgent_after(&self, current: &Self) -> bool {
        current.metric.0.saturating_sub(self.metric.0) > Cost::SHUNNED.0 / 2
    }
}

impl Babel {
    /// Selects among the routes to `prefix` again, and draws the consequences.
    pub(crate) fn reselect(&mut self, prefix: Prefix, now: Time) {
        let choices = self.choices(prefix);
        let by_metric = |choice: &&Choice| (choice.metric, choice.link);
        let best = choices.iter().filter(|choice| choice.feasible).min_by_key(by_metric);
        let followed = self.table.entry(prefix).and_then(|entry| entry.selected);
        let current = choices.iter().find(|it| it.feasible && Some(it.link) == followed);
        let chosen = match (current, best) {
            (Some(current), Some(best)) if best.beats(current) => Some(*best),
            (Some(current), _) => Some(*current),
            (None, best) => best.copied(),
        };
        let link = chosen.map(|chosen| chosen.link);
        if link != followed {
            self.table.select(prefix, link);
        }
        self.touched.insert(prefix);
        self.settle_requests(prefix);
        self.announce(prefix, now);
        self.ask_for_better(prefix, chosen, &choices, now);
    }

    /// Selects again among the routes to all that the neighbour told.
    pub(crate) fn reselect_column(&mut self, link: LinkId, now: Time) {
        for prefix in self.table.column(link) {
            self.reselect(prefix, now);
        }
    }

    /// Removes all that the neighbour told.
    pub(crate) fn drop_column(&mut self, link: LinkId, now: Time) {
        for prefix in self.table.column(link) {
            self.drop_route(prefix, link);
            self.reselect(prefix, now);
        }
    }

    /// Announces a range as ours. What neighbours told of it, or of parts of it, is dropped.
    pub(crate) fn announce_own(&mut self, prefix: Prefix, now: Time) {
        if !self.own.insert(prefix) {
            return;
        }
        for inside in self.table.inside(prefix) {
            let links: BTreeSet<LinkId> = self
                .table
                .entry(inside)
                .map_or_else(BTreeSet::new, |entry| entry.candidates.keys().copied().collect());
            for link in links {
                self.drop_route(inside, link);
            }
            self.reselect(inside, now);
        }
        self.announce(prefix, now);
    }

    /// Announces a range no longer.
    pub(crate) fn withdraw_own(&mut self, prefix: Prefix, now: Time) {
        if self.own.remove(&prefix) {
            self.announce(prefix, now);
        }
    }

    /// Returns the cost of a link; infinite if it is not up.
    pub(crate) fn cost(&self, link: LinkId) -> Cost {
        self.neighbours.get(&link).map_or(Cost::INFINITE, |neighbour| neighbour.cost)
    }

    /// Tells whether a neighbour's route may be believed now.
    pub(crate) fn is_feasible(&self, prefix: Prefix, candidate: &Candidate) -> bool {
        self.sources.admit(prefix, candidate.router, candidate.distance())
    }

    fn drop_route(&mut self, prefix: Prefix, link: LinkId) {
        self.agenda.cancel(Timer::Expiry(prefix, link));
        self.table.remove(prefix, link);
    }

    /// Returns the finite routes to `prefix`.
    fn choices(&self, prefix: Prefix) -> alloc::vec::Vec<Choice> {
        let candidates = self.table.entry(prefix).into_iter().flat_map(|entry| &entry.candidates);
        let choice = |(link, candidate): (&LinkId, &Candidate)| Choice {
            link: *link,
            metric: candidate.refmetric.through(self.cost(*link)),
            router: candidate.router,
            shunned: self.neighbours.get(link).is_some_and(|neighbour| neighbour.shunned),
            feasible: self.is_feasible(prefix, candidate),
        };
        candidates.map(choice).filter(|choice| choice.metric.is_finite()).collect()
    }

    /// Asks for a newer number where that would give a route, or a much better one (rule S3).
    fn ask_for_better(
        &mut self,
        prefix: Prefix,
        chosen: Option<Choice>,
        choices: &[Choice],
        now: Time,
    ) {
        let unfeasible = choices.iter().filter(|choice| !choice.feasible);
        let Some(chosen) = chosen else {
            let starved: BTreeSet<RouterId> = unfeasible.map(|choice| choice.router).collect();
            for router in starved {
                self.ask(prefix, router, None, now);
            }
            return;
        };
        let better = unfeasible.min_by_key(|choice| (choice.metric, choice.link));
        if let Some(better) = better.filter(|better| better.beats(&chosen))
            && (better.is_urgent_after(&chosen)
                || !self.requests.asked_lately(prefix, better.router, now))
        {
            self.ask(prefix, better.router, Some(better.link), now);
        }
    }
}
