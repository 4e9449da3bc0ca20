//! What time does to routes: they expire, their sources are forgotten, and what is a little
//! better for a while is taken (RFC 8966 §3.5.3, §3.5.1).

use alloc::vec::Vec;
use core::time::Duration;

use words::Time;

use crate::agenda::Timer;
use crate::candidates::{Candidates, Slot};
use crate::feasibility::Source;
use crate::learn::retract;
use crate::links::held;
use crate::rows::{Best, Row, RowId};
use crate::select::Look;
use crate::speaker::GARBAGE;
use crate::{Metric, Speaker};

impl<C: Candidates> Speaker<C> {
    /// Looks at all routes of a neighbour: asks about selected ones that become old, ends those
    /// that are too old, forgets those that ended long ago (rules T3, S4).
    pub(crate) fn expire(&mut self, slot: Slot, now: Time) {
        let stamp = self.stamp;
        let mut next: Option<u16> = None;
        for row in (0..self.rows.end()).map(RowId) {
            let Some(candidate) = self.candidates.get_mut(row, slot) else { continue };
            let (age, believed) = (candidate.stamp.age(stamp), candidate.hold());
            let hold = believed.seconds();
            let last_call = u16::try_from(u32::from(hold) * 5 / 7).unwrap_or(hold);
            let calls = !candidate.is_nudged() && candidate.refmetric.is_finite();
            let mut left =
                if calls { last_call } else { hold }.saturating_sub(age).saturating_add(1);
            if age > hold && candidate.refmetric.is_finite() {
                retract(candidate, believed, stamp);
                left = hold.saturating_add(1);
                self.ended(row, slot, now);
            } else if age > hold {
                self.drop_route(row, slot);
                continue;
            } else if calls && age > last_call {
                candidate.nudge();
                left = (hold - age).saturating_add(1);
                if self.rows.get(row).best() == Best::Through(slot) {
                    self.ask_for_route(row, slot);
                }
            }
            // Not looked at for every route that is due by itself: sixteen times in its life.
            let left = left.max(hold / 16).max(1);
            next = Some(next.map_or(left, |next| next.min(left)));
        }
        if let Some(next) = next {
            let at = now + Duration::from_secs(u64::from(next));
            self.agenda.no_later(Timer::Expiry(slot), at);
        }
    }

    /// Draws the consequences of a route's end.
    fn ended(&mut self, row: RowId, slot: Slot, now: Time) {
        if self.rows.get(row).best() == Best::Through(slot) {
            self.reselect(row, now);
        }
        self.reconsider(row, slot);
    }

    /// Lets a range be looked at again soon.
    pub(crate) fn is_restless(&mut self, row: RowId, now: Time) {
        let Some(it) = self.rows.get_mut(row) else { return };
        if it.set(Row::RESTLESS, true) {
            return;
        }
        self.restless.push(row);
        if self.restless.len() == 1 {
            self.agenda.set(Timer::Restless, now + AGAIN);
        }
    }

    /// Looks again at ranges whose route is not the best, or not what was announced.
    ///
    /// A better route that was there at the last look too is taken; a metric that had left the
    /// one announced then too is announced. So jitter moves nothing, and nothing stays a little
    /// worse for long.
    pub(crate) fn look_again(&mut self, now: Time) {
        for row in core::mem::take(&mut self.restless) {
            let Some(it) = self.rows.get_mut(row) else { continue };
            it.set(Row::RESTLESS, false);
            let was_tempted = it.set(Row::TEMPTED, false);
            let had_drifted = it.set(Row::DRIFTED, false);
            self.tempt(row, was_tempted, now);
            self.drift(row, had_drifted, now);
            let it = self.rows.get(row);
            if it.is(Row::TEMPTED | Row::DRIFTED) {
                self.is_restless(row, now);
            }
        }
    }

    fn tempt(&mut self, row: RowId, was_tempted: bool, now: Time) {
        let Look { best: Some(best), current: Some(current), unfeasible } = self.look(row) else {
            return;
        };
        let mut chosen = current;
        if is_a_little_better(best.metric, current.metric) {
            if was_tempted {
                self.choose(row, Some(best), now);
                chosen = best;
            } else if let Some(it) = self.rows.get_mut(row) {
                it.set(Row::TEMPTED, true);
            }
        }
        // The ratchet: delays fell for a moment, and since then nothing else is feasible.
        if let Some(other) = unfeasible
            && is_a_little_better(other.metric, chosen.metric)
        {
            if let Some(it) = self.rows.get_mut(row) {
                it.set(Row::TEMPTED, true);
            }
            let name = self.routers.name(other.router);
            if was_tempted && !self.requests.asked_lately(row, name, now) {
                self.ask(row, name, Some(other.slot), now);
            }
        }
    }

    fn drift(&mut self, row: RowId, had_drifted: bool, now: Time) {
        let it = *self.rows.get(row);
        let (low, high) =
            if it.metric < it.out { (it.metric, it.out) } else { (it.out, it.metric) };
        if !it.metric.is_finite() || !is_a_little_better(low, high) {
            return;
        }
        if had_drifted {
            self.publish(row, it.router, it.metric, now);
        } else if let Some(it) = self.rows.get_mut(row) {
            it.set(Row::DRIFTED, true);
        }
    }

    /// Forgets sources that nobody can believe any more (rule F3), and ranges that nobody told.
    pub(crate) fn collect_garbage(&mut self, now: Time) {
        self.agenda.set(Timer::Garbage, now + GARBAGE);
        let stamp = self.stamp;
        let longest = self.interfaces.values().map(|port| held(port.profile.long_update)).max();
        // Neighbours look at what they believe sixteen times in its life.
        let longest = longest.map_or(SOURCE_LIFE, |held| held + held / 16);
        let age = longest.max(SOURCE_LIFE).as_secs() + 1;
        let age = u16::try_from(age).unwrap_or(u16::MAX / 2);
        let mut freed = self.sources.forget(age, stamp);
        for row in (0..self.rows.end()).map(RowId) {
            let old = |(_, source): (_, Source)| source.announced.age(stamp) > age;
            let lost = |(_, source): (_, Source)| {
                let minutes = source.announced.age(stamp) / 60;
                minutes > 1 && minutes.is_power_of_two()
            };
            let Some(it) = self.rows.get_mut(row) else { continue };
            if it.source().is_some_and(old) {
                it.put_source(None);
                freed.push(row);
            } else if it.best() == Best::None && it.source().is_some_and(lost) {
                // Its requests may all have been lost, and nobody tells a route again for long:
                // after 2, 4, 8, 16 and 32 minutes.
                freed.push(row);
            }
        }
        for row in freed {
            if self.rows.get(row).best() == Best::None {
                self.reselect(row, now);
            }
        }
        self.requests.forget(now);
        self.part_from_absent(now);
        self.free_rows();
        self.drop_routers();
    }

    fn free_rows(&mut self) {
        let idle = |row: &RowId| {
            let it = self.rows.get(*row);
            let busy = it.is(Row::HELD | Row::TOUCHED | Row::RESTLESS);
            it.best() == Best::None && !busy && it.source().is_none()
        };
        let idle: Vec<RowId> = self.rows.ids().filter(idle).collect();
        for row in idle {
            let mut told = false;
            self.candidates.each(row, |_, _| told = true);
            let said = |it: &crate::neighbour::Neighbour| {
                it.said(row).is_route()
                    || it.said(row).is_doubtful()
                    || it.out.owed.contains_key(&row)
            };
            let used = told
                || self.requests.are_about(row)
                || self.sources.of_row(row) > 0
                || self.neighbours.iter().any(|(_, it)| said(it));
            if !used {
                self.forget_row(row);
            }
        }
    }

    fn forget_row(&mut self, row: RowId) {
        for (_, neighbour) in self.neighbours.iter_mut() {
            let Some(flight) = neighbour.flight.there() else { continue };
            flight.forget(row);
            neighbour.flight.tidy();
        }
        let bringer = self.rows.get(row).brought_by();
        if let Some(neighbour) = bringer.and_then(|slot| self.neighbours.get_mut(slot)) {
            neighbour.brought = neighbour.brought.saturating_sub(1);
        }
        self.rows.free(row);
    }

    /// Forgets router-ids that nothing names any more, if there are many.
    pub(crate) fn drop_routers(&mut self) {
        if !self.routers.are_many() {
            return;
        }
        let mut used = alloc::vec![false; self.routers.len()];
        self.rows.mark(&mut used);
        self.sources.mark(&mut used);
        self.candidates.all(|it| {
            if let Some(used) = used.get_mut(it.router().0 as usize) {
                *used = true;
            }
        });
        if let Some(used) = used.get_mut(self.us.0 as usize) {
            *used = true;
        }
        let numbers = self.routers.keep(&used);
        let new = |router: crate::intern::Router| {
            numbers.get(router.0 as usize).copied().unwrap_or(router)
        };
        self.rows.renumber(new);
        self.sources.renumber(new);
        self.candidates.all(|it| it.renumber(new(it.router())));
        self.us = new(self.us);
    }
}

/// Tells whether a metric is better by more than what is measured anyway: a fiftieth, or 8.
fn is_a_little_better(metric: Metric, than: Metric) -> bool {
    metric.0 < than.0 && than.0 - metric.0 > (than.0 / 50).max(8)
}

/// How soon a range is looked at again.
const AGAIN: Duration = Duration::from_secs(5);
/// Source: RFC 8966 App. B, three minutes; at least 3.5 of our longest update interval.
const SOURCE_LIFE: Duration = Duration::from_mins(3);
