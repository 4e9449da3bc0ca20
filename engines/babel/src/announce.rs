//! What neighbours must hear of our routes, and whether they did (RFC 8966 §3.7).
//!
//! A change is told at once, or nearly: changes within a moment go together. What is told so
//! is told reliably: it is repeated, in its latest state, until acknowledged. A neighbour that
//! never acknowledged anything hears it five times. Besides, all routes are told again at
//! every update interval.

use core::time::Duration;

use words::{LinkId, Prefix, Time};

use crate::agenda::Timer;
use crate::links::held;
use crate::outbox::{Due, Said};
use crate::{Babel, Metric};

impl Babel {
    /// Returns our route to `prefix` as neighbours may hear it; `None` if there is none.
    pub(crate) fn route(&self, prefix: Prefix) -> Option<Said> {
        if self.own.contains(&prefix) {
            return Some(Said { router: self.router, seqno: self.seqno, metric: Metric::ZERO });
        }
        let (link, candidate) = self.table.selected(prefix)?;
        let metric = candidate.refmetric.through(self.cost(link));
        let said = Said { router: candidate.router, seqno: candidate.seqno, metric };
        metric.is_finite().then_some(said)
    }

    /// Returns our route to `prefix` as the neighbour at `link` hears it.
    ///
    /// Not the one that leads through itself (split horizon, rule S5), unless it `asked`.
    pub(crate) fn route_for(&self, prefix: Prefix, link: LinkId, asked: bool) -> Option<Said> {
        let through = self.table.selected(prefix).map(|(through, _)| through);
        if !asked && through == Some(link) {
            return None;
        }
        self.route(prefix)
    }

    /// Has the neighbours told of our route to `prefix`, those for whom it is news (rule S2).
    pub(crate) fn announce(&mut self, prefix: Prefix, now: Time) {
        let route = self.route(prefix);
        let through = self.table.selected(prefix).map(|(through, _)| through);
        let mut news = false;
        for (link, neighbour) in &mut self.neighbours {
            let route = route.filter(|_| through != Some(*link));
            if neighbour.is_usable() && is_news(route, neighbour.sent.get(&prefix)) {
                let due = neighbour.out.updates.entry(prefix).or_default();
                // What was told in vain stays owed, even if there is no route again.
                due.tries = due.tries.min(1);
                news = true;
            }
        }
        if news {
            let wait = GATHER + self.dice.within(GATHER);
            self.agenda.no_later(Timer::Flush, now + wait);
        }
    }

    /// Tells the neighbour all our routes, and that those which it still believes are gone.
    pub(crate) fn dump(&mut self, link: LinkId, now: Time) {
        let ours = self.own.iter().copied();
        let known = self.table.entries().filter(|(_, entry)| entry.selected.is_some());
        let told = self.neighbours.get(&link).into_iter().flat_map(|it| it.sent.keys().copied());
        let all = ours.chain(known.map(|(prefix, _)| prefix)).chain(told);
        let all: alloc::vec::Vec<Prefix> = all.collect();
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        for prefix in all {
            neighbour.out.updates.entry(prefix).or_default();
        }
        neighbour.dumped = Some(now);
        self.ready.insert(link);
    }

    /// Answers a request for everything, unless that was just done (rule Q2).
    ///
    /// A neighbour that is not usable yet is told everything once it is.
    pub(crate) fn dump_if_due(&mut self, link: LinkId, now: Time) {
        let Some(neighbour) = self.neighbours.get(&link) else { return };
        let lately = neighbour.dumped.is_some_and(|at| now.since(at) < DUMP_PAUSE);
        if neighbour.is_usable() && !lately {
            self.dump(link, now);
        }
    }

    /// Tells every neighbour everything again.
    pub(crate) fn refresh_all(&mut self, now: Time) {
        for (link, neighbour) in &mut self.neighbours {
            if neighbour.is_usable() {
                neighbour.out.refresh = true;
                self.ready.insert(*link);
            }
        }
        let next = self.shortened(self.settings.update);
        self.agenda.set(Timer::Update, now + next);
    }

    /// Lets what has gathered leave.
    pub(crate) fn flush(&mut self) {
        let waiting = self.neighbours.iter().filter(|(_, it)| !it.out.updates.is_empty());
        self.ready.extend(waiting.map(|(link, _)| *link));
    }

    /// Owes the neighbour an acknowledgment.
    pub(crate) fn owe_ack(&mut self, link: LinkId, opaque: u16) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        neighbour.out.acks.push(opaque);
        self.ready.insert(link);
    }

    /// Takes in that a packet arrived.
    pub(crate) fn acknowledged(&mut self, link: LinkId, opaque: u16) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        neighbour.acknowledges = true;
        if let Some(carried) = neighbour.window.remove(&opaque) {
            for prefix in carried.keys() {
                if neighbour.newest.get(prefix) == Some(&opaque) {
                    neighbour.newest.remove(prefix);
                }
            }
            self.agenda.cancel(Timer::Resend(link, opaque));
        }
    }

    /// Tells again what was not acknowledged, as it is now, unless a newer packet tells it.
    ///
    /// To a neighbour that is not usable, once it is. One that never acknowledged anything
    /// is told for the last time with the fifth copy; that a route is gone, it is told with
    /// every full update until it no longer believes in the route anyway.
    pub(crate) fn resend(&mut self, link: LinkId, opaque: u16, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        let Some(carried) = neighbour.window.remove(&opaque) else { return };
        let until = now + held(self.settings.update);
        let mut resent = false;
        for (prefix, due) in carried {
            if neighbour.newest.get(&prefix) != Some(&opaque) {
                continue;
            }
            neighbour.newest.remove(&prefix);
            let again = Due { tries: due.tries.saturating_add(1), ..due };
            if neighbour.acknowledges || again.tries < COPIES {
                neighbour.out.owe_again(prefix, again);
                resent = neighbour.is_usable();
            } else if !neighbour.sent.contains_key(&prefix) {
                neighbour.lost.insert(prefix, until);
            }
        }
        if resent {
            self.ready.insert(link);
            self.counters.resent += 1;
        }
    }
}

/// Tells whether a neighbour that believes `sent` must hear of `route`.
///
/// A new number alone is no news (rule S2).
fn is_news(route: Option<Said>, sent: Option<&Said>) -> bool {
    match (route, sent) {
        (None, None) => false,
        (None, Some(_)) | (Some(_), None) => true,
        (Some(route), Some(sent)) => {
            route.router != sent.router || route.metric.is_news_after(sent.metric)
        }
    }
}

/// How long changes gather before they leave together: once to twice this.
const GATHER: Duration = Duration::from_millis(25);
/// How often a route is told to who never acknowledged anything. Source: RFC 8966 §3.7.2.
const COPIES: u8 = 5;
const DUMP_PAUSE: Duration = Duration::from_secs(1);
