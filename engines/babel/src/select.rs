//! Which neighbour is followed (RFC 8966 §3.6).
//!
//! Never an unfeasible route, never an infinite one, and none is left at once for a slightly
//! better one: delays jitter, and routes must not. What stays a little better for a while is
//! taken later, see `age`. A link that was made expensive on purpose is left for whatever is
//! better.

use alloc::collections::BTreeSet;

use words::Time;

use crate::candidates::{Candidate, Candidates, Slot};
use crate::feasibility::{Distance, Source};
use crate::intern::Router;
use crate::rows::{Best, Row, RowId};
use crate::{Cost, Key, Metric, Speaker};

/// A route as selection sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) slot: Slot,
    pub(crate) metric: Metric,
    pub(crate) router: Router,
    pub(crate) charged: bool,
}

impl Choice {
    /// Tells whether it is worth leaving `current` for this, at once.
    const fn beats(&self, current: &Self) -> bool {
        let flees = current.charged && !self.charged && self.metric.0 < current.metric.0;
        flees || self.metric.is_worth_leaving(current.metric)
    }

    /// Tells whether `current` must lead through an expensive link, and this need not.
    const fn is_urgent_after(&self, current: &Self) -> bool {
        current.metric.0.saturating_sub(self.metric.0) > Cost::SHUNNED.0 / 2
    }
}

/// The routes to one range, at a glance.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    /// The best that may be selected.
    pub(crate) best: Option<Choice>,
    /// The one in use, if it may still be.
    pub(crate) current: Option<Choice>,
    /// The best that may not be selected.
    pub(crate) unfeasible: Option<Choice>,
}

impl<C: Candidates> Speaker<C> {
    /// Selects among the routes to a range again, and draws the consequences.
    pub(crate) fn reselect(&mut self, row: RowId, now: Time) {
        let look = self.look(row);
        let chosen = match (look.current, look.best) {
            (Some(current), Some(best)) if best.beats(&current) => Some(best),
            (Some(current), best) => {
                if best.is_some_and(|best| best.metric < current.metric) {
                    self.is_restless(row, now);
                }
                Some(current)
            }
            (None, best) => best,
        };
        self.choose(row, chosen, now);
        self.ask_for_better(row, chosen, &look, now);
    }

    /// Selects this route, or none.
    pub(crate) fn choose(&mut self, row: RowId, chosen: Option<Choice>, now: Time) {
        let Some(it) = self.rows.get_mut(row) else { return };
        if it.best() == Best::Ours {
            return;
        }
        let best = chosen.map_or(Best::None, |it| Best::Through(it.slot));
        let before = it.best();
        it.select(best, chosen.map_or(Metric::INFINITE, |it| it.metric));
        if before != best {
            self.touch(row);
            for slot in [before, best] {
                if let Best::Through(slot) = slot {
                    self.reconsider(row, slot);
                }
            }
        }
        self.settle_requests(row);
        self.announce(row, now);
        if best == Best::None && self.candidates.has_forgotten(row) {
            self.ask_everybody(row);
        }
    }

    /// Notes the metric of the route in use, which is no worse than before.
    pub(crate) fn set_metric(&mut self, row: RowId, metric: Metric, now: Time) {
        let Some(it) = self.rows.get_mut(row) else { return };
        let best = it.best();
        it.select(best, metric);
        self.settle_requests(row);
        self.announce(row, now);
    }

    /// Returns the routes to a range, at a glance.
    pub(crate) fn look(&self, row: RowId) -> Look {
        let best = self.rows.get(row).best();
        let mut look = Look::default();
        self.candidates.each(row, |slot, candidate| {
            let Some(choice) = self.choice(slot, candidate) else { return };
            let better = |than: Option<Choice>| than.is_none_or(|it| choice.metric < it.metric);
            if !self.admits(row, candidate.router(), candidate.distance()) {
                if better(look.unfeasible) {
                    look.unfeasible = Some(choice);
                }
                return;
            }
            if best == Best::Through(slot) {
                look.current = Some(choice);
            }
            if better(look.best) {
                look.best = Some(choice);
            }
        });
        look
    }

    /// Returns a finite route as selection sees it.
    fn choice(&self, slot: Slot, candidate: &Candidate) -> Option<Choice> {
        let neighbour = self.neighbours.get(slot)?;
        let metric = candidate.refmetric.through(neighbour.cost);
        let charged = || {
            let port = self.interfaces.get(&neighbour.interface);
            port.is_some_and(|port| port.charge.0 >= Cost::SHUNNED.0 / 2)
        };
        let choice = || Choice { slot, metric, router: candidate.router(), charged: charged() };
        metric.is_finite().then(choice)
    }

    /// Draws the consequences of a new cost of a link (rule N7): one pass over its column.
    pub(crate) fn cost_changed(&mut self, slot: Slot, before: Cost, now: Time) {
        let cost = self.cost(slot);
        let worse = before < cost;
        for row in (0..self.rows.end()).map(RowId) {
            let Some(candidate) = self.candidates.get(row, slot) else { continue };
            let metric = candidate.refmetric.through(cost);
            let it = self.rows.get(row);
            if it.best() == Best::Through(slot) {
                if worse {
                    self.reselect(row, now);
                } else {
                    self.set_metric(row, metric, now);
                }
            } else if metric < it.metric {
                self.reselect(row, now);
            }
        }
    }

    /// Selects again among the routes to all that the neighbour told.
    pub(crate) fn reselect_column(&mut self, slot: Slot, now: Time) {
        for row in (0..self.rows.end()).map(RowId) {
            if self.candidates.get(row, slot).is_some() {
                self.reselect(row, now);
            }
        }
    }

    /// Removes all that the neighbour told.
    pub(crate) fn drop_column(&mut self, slot: Slot, now: Time) {
        self.candidates.clear(slot);
        if !self.hops.is_empty() {
            self.hops.retain(|(_, it), _| *it != slot);
        }
        for row in (0..self.rows.end()).map(RowId) {
            if self.rows.get(row).best() == Best::Through(slot) {
                self.reselect(row, now);
            }
        }
    }

    /// Removes one route.
    pub(crate) fn drop_route(&mut self, row: RowId, slot: Slot) {
        self.candidates.remove(row, slot);
        self.hops.remove(&(row, slot));
    }

    /// Announces a range as ours. What neighbours told of it is dropped.
    pub(crate) fn announce_own(&mut self, key: Key, metric: Metric, now: Time) {
        let Some(row) = self.rows.intern(key) else { return };
        self.own.insert(key, row);
        if !self.settings.parts_of_ours {
            for inside in self.rows.inside(key) {
                self.drop_routes(inside, now);
            }
        }
        self.drop_routes(row, now);
        if let Some(it) = self.rows.get_mut(row) {
            it.select(Best::Ours, metric);
        }
        self.touch(row);
        self.announce(row, now);
    }

    /// Announces a range no longer.
    pub(crate) fn withdraw_own(&mut self, key: Key, now: Time) {
        let Some(row) = self.own.remove(&key) else { return };
        if let Some(it) = self.rows.get_mut(row) {
            it.select(Best::None, Metric::INFINITE);
        }
        self.touch(row);
        self.announce(row, now);
        // Whoever has a route to it is asked: we never listened while it was ours.
        self.ask_everybody(row);
    }

    fn drop_routes(&mut self, row: RowId, now: Time) {
        let mut told = alloc::vec::Vec::new();
        self.candidates.each(row, |slot, _| told.push(slot));
        for slot in &told {
            self.drop_route(row, *slot);
        }
        if !told.is_empty() {
            self.reselect(row, now);
        }
    }

    /// Returns the cost of a link; infinite if it is not usable.
    pub(crate) fn cost(&self, slot: Slot) -> Cost {
        self.neighbours.get(slot).map_or(Cost::INFINITE, |neighbour| neighbour.cost)
    }

    /// Returns the best that we ever announced for a source, unless that was long ago.
    pub(crate) fn distance(&self, row: RowId, router: Router) -> Option<Distance> {
        match self.rows.get(row).source() {
            Some((it, source)) if it == router => Some(source.distance),
            _ if self.sources.len() == 0 => None,
            Some(_) | None => self.sources.get(row, router).map(|source| source.distance),
        }
    }

    /// Tells whether what a neighbour says about a source may be believed (rule F2).
    pub(crate) fn admits(&self, row: RowId, router: Router, said: Distance) -> bool {
        self.distance(row, router).is_none_or(|ours| ours.admits(said))
    }

    /// Notes that a finite route is about to be announced (rule F3).
    pub(crate) fn note(&mut self, row: RowId, router: Router, said: Distance) {
        let stamp = self.stamp;
        let Some(it) = self.rows.get_mut(row) else { return };
        let fresh = Source { distance: said, announced: stamp };
        match it.source() {
            Some((known, source)) if known == router => {
                it.put_source(Some((router, source.after(said, stamp))));
            }
            Some(_) | None => {
                let known = self.sources.take(row, router);
                let source = known.map_or(fresh, |known| known.after(said, stamp));
                if let Some((before, source)) = it.put_source(Some((router, source))) {
                    self.sources.put(row, before, source);
                }
            }
        }
    }

    /// Asks for a newer number where that would give a route, or a much better one (rule S3).
    fn ask_for_better(&mut self, row: RowId, chosen: Option<Choice>, look: &Look, now: Time) {
        let Some(unfeasible) = look.unfeasible else { return };
        let Some(chosen) = chosen else { return self.ask_all_unfeasible(row, now) };
        let name = self.routers.name(unfeasible.router);
        if unfeasible.beats(&chosen) {
            let urgent = unfeasible.is_urgent_after(&chosen);
            if urgent || !self.requests.asked_lately(row, name, now) {
                self.ask(row, name, Some(unfeasible.slot), now);
            }
        }
        if unfeasible.metric < chosen.metric {
            self.is_restless(row, now);
        }
    }

    fn ask_all_unfeasible(&mut self, row: RowId, now: Time) {
        if self.rows.get(row).best() == Best::Ours {
            return;
        }
        let mut starved = BTreeSet::new();
        self.candidates.each(row, |_, candidate| {
            if candidate.refmetric.is_finite() {
                starved.insert(self.routers.name(candidate.router()));
            }
        });
        for name in starved {
            self.ask(row, name, None, now);
        }
    }

    /// Lets the world be told of a range, if anything is new.
    pub(crate) fn touch(&mut self, row: RowId) {
        if self.rows.get_mut(row).is_some_and(|it| !it.set(Row::TOUCHED, true)) {
            self.touched.push(row);
        }
    }
}
