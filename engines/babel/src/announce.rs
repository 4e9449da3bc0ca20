//! What neighbours must hear of our routes, and whether they did (RFC 8966 §3.7).
//!
//! A change is told at once, or nearly: changes within a moment go together. What is told so
//! is told reliably: it is repeated, in its latest state, until acknowledged or three times.
//! Besides, everything is told again at every update interval.

use core::time::Duration;

use words::{LinkId, Prefix, Time};

use crate::agenda::Timer;
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
                due.tries = 0;
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
        if neighbour.window.remove(&opaque).is_some() {
            self.agenda.cancel(Timer::Resend(link, opaque));
        }
    }

    /// Tells again what was not acknowledged, as it is now.
    pub(crate) fn resend(&mut self, link: LinkId, opaque: u16) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        let Some(carried) = neighbour.window.remove(&opaque) else { return };
        for (prefix, due) in carried {
            if due.tries < COPIES && neighbour.is_usable() {
                let again = Due { tries: due.tries + 1, ..due };
                neighbour.out.updates.entry(prefix).or_insert(again);
                self.ready.insert(link);
            }
        }
        self.counters.resent += 1;
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
/// How often an unacknowledged route is repeated. Source: RFC 8966 §3.7.2, five copies at most.
const COPIES: u8 = 3;
const DUMP_PAUSE: Duration = Duration::from_secs(1);
