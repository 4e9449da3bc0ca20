//! Requests for routes and for newer numbers, ours and those of others (RFC 8966 §3.8).
//!
//! A request for a number lives until it is answered, or was said three times in vain to everybody
//! who might know. While it lives, nobody's repetition of it goes any further than here.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use words::Time;

use crate::agenda::Timer;
use crate::candidates::{Candidates, Slot};
use crate::outbox::Due;
use crate::rows::{Best, RowId};
use crate::wire::SeqnoRequest;
use crate::{Ignored, Key, RouterId, Seqno, Speaker};

/// The requests that wait for an answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests {
    pending: BTreeMap<(RowId, RouterId), Pending>,
    asked: BTreeMap<(RowId, RouterId), Time>,
}

#[derive(Clone, Debug)]
struct Pending {
    seqno: Seqno,
    hops: u8,
    left: u8,
    wait: Duration,
    /// We need it ourselves.
    ours: bool,
    /// Whom to ask first; everybody who might know if `None`.
    toward: Option<Slot>,
    /// Who waits for the answer.
    waiting: BTreeSet<Slot>,
    /// Who was asked.
    asked: BTreeSet<Slot>,
}

impl Requests {
    /// Tells whether this source was asked for in the last minute.
    pub(crate) fn asked_lately(&self, row: RowId, router: RouterId, now: Time) -> bool {
        self.asked.get(&(row, router)).is_some_and(|at| now.since(*at) < LATELY)
    }

    /// Forgets when old requests were made.
    pub(crate) fn forget(&mut self, now: Time) {
        self.asked.retain(|_, at| now.since(*at) < LATELY);
    }

    /// Forgets that the neighbour waits for anything, and that it was asked.
    pub(crate) fn drop_neighbour(&mut self, slot: Slot) {
        for pending in self.pending.values_mut() {
            pending.waiting.remove(&slot);
            // The number is free for another one.
            pending.asked.remove(&slot);
        }
        self.pending.retain(|_, pending| pending.ours || !pending.waiting.is_empty());
    }

    /// Tells whether anything waits for an answer about this range.
    pub(crate) fn are_about(&self, row: RowId) -> bool {
        self.pending.range(span(row)).next().is_some()
    }

    /// Tells whether only one neighbour of several was asked up to now.
    fn is_narrow(&self, key: (RowId, RouterId)) -> bool {
        self.pending.get(&key).is_some_and(|it| it.toward.is_some())
    }

    /// Tells whether a request this new waits already; adds who waits for it.
    fn joined(&mut self, key: (RowId, RouterId), seqno: Seqno, by: Option<Slot>) -> bool {
        let Some(pending) = self.pending.get_mut(&key) else { return false };
        if seqno.newer_than(pending.seqno) {
            return false;
        }
        match by {
            Some(slot) => pending.waiting.insert(slot),
            None => !core::mem::replace(&mut pending.ours, true),
        };
        true
    }
}

impl<C: Candidates> Speaker<C> {
    /// Asks for a route newer than any that we announced of this router.
    ///
    /// Of the neighbour at `toward`, or of all that have a route.
    pub(crate) fn ask(&mut self, row: RowId, name: RouterId, toward: Option<Slot>, now: Time) {
        let router = self.routers.find(name);
        let Some(distance) = router.and_then(|router| self.distance(row, router)) else { return };
        let seqno = distance.seqno.plus(1);
        self.requests.asked.insert((row, name), now);
        let widens = toward.is_none()
            && (self.requests.is_narrow((row, name)) || self.is_somebody_new((row, name)));
        if !widens && self.requests.joined((row, name), seqno, None) {
            return;
        }
        let before = self.requests.pending.remove(&(row, name));
        let waiting = before.map_or_else(BTreeSet::new, |it| it.waiting);
        let (hops, left, wait, asked) = (HOPS, TRIES, FIRST_WAIT, BTreeSet::new());
        let pending = Pending { seqno, hops, left, wait, ours: true, toward, waiting, asked };
        self.pursue(row, name, pending, now);
    }

    /// Tells whether somebody might know who was not asked: a request of ours may live on while
    /// nobody is left to ask, and the next link must not wait for its end.
    fn is_somebody_new(&self, (row, name): (RowId, RouterId)) -> bool {
        let pending = self.requests.pending.get(&(row, name)).filter(|it| it.ours);
        pending.is_some_and(|it| {
            self.targets(row, name, it).iter().any(|slot| !it.asked.contains(slot))
        })
    }

    /// Takes in a neighbour's request for a newer number. Source: RFC 8966 §3.8.1.2 (rule Q3).
    pub(crate) fn seqno_requested(&mut self, slot: Slot, ask: &SeqnoRequest, now: Time) {
        if !self.allows_request(slot, now) {
            return;
        }
        let name = self.routers.name(self.us);
        let Some(row) = self.rows.find(ask.key, RowId(0)) else {
            return self.ignore(Ignored::DeadEnd);
        };
        let selected = match self.rows.get(row).best() {
            Best::Ours => {
                if ask.router == name {
                    self.renew(ask.seqno, now);
                }
                return self.answer(slot, row);
            }
            Best::None => None,
            Best::Through(best) => self.candidates.get(row, best).copied(),
        };
        let serves = selected.is_some_and(|it| {
            self.routers.name(it.router()) != ask.router || !ask.seqno.newer_than(it.seqno)
        });
        if serves {
            return self.answer(slot, row);
        }
        if ask.hops < 2 || ask.router == name {
            return self.ignore(Ignored::DeadEnd);
        }
        let key = (row, ask.router);
        if self.requests.joined(key, ask.seqno, Some(slot)) {
            return;
        }
        let before = self.requests.pending.remove(&key);
        if before.is_none() && self.requests.pending.len() >= MOST {
            return self.ignore(Ignored::Throttled);
        }
        let mut waiting = before.as_ref().map_or_else(BTreeSet::new, |it| it.waiting.clone());
        waiting.insert(slot);
        let pending = Pending {
            seqno: ask.seqno,
            hops: ask.hops - 1,
            left: TRIES,
            wait: FIRST_WAIT,
            ours: before.is_some_and(|it| it.ours),
            toward: None,
            waiting,
            asked: BTreeSet::new(),
        };
        self.pursue(row, ask.router, pending, now);
    }

    /// Takes in a neighbour's request for a route, or for all. Source: RFC 8966 §3.8.1.1
    /// (rules Q1, Q2).
    pub(crate) fn route_requested(&mut self, slot: Slot, key: Option<Key>, now: Time) {
        if !self.allows_request(slot, now) {
            return;
        }
        let Some(key) = key else { return self.dump_if_due(slot, now) };
        if let Some(row) = self.rows.find(key, RowId(0)) {
            return self.answer(slot, row);
        }
        if let Some(neighbour) = self.neighbours.get_mut(slot) {
            neighbour.out.unknown.insert(key);
            self.is_ready(slot);
        }
    }

    /// Says a request again that nobody answered, or gives it up.
    pub(crate) fn repeat_request(&mut self, row: RowId, router: RouterId, now: Time) {
        let is_new = self.is_somebody_new((row, router));
        let Some(mut pending) = self.requests.pending.remove(&(row, router)) else { return };
        if is_new {
            (pending.left, pending.wait) = (TRIES, FIRST_WAIT / 2);
        } else if pending.left == 0 {
            return;
        }
        pending.wait *= 2;
        pending.toward = None;
        self.pursue(row, router, pending, now);
    }

    /// Answers those who wait for what we now have; ends requests that are fulfilled.
    pub(crate) fn settle_requests(&mut self, row: RowId) {
        if self.requests.pending.is_empty() {
            return;
        }
        let keys: Vec<_> = self.requests.pending.range(span(row)).map(|(key, _)| *key).collect();
        for key in keys {
            let Some(mut pending) = self.requests.pending.remove(&key) else { continue };
            let selected = match self.rows.get(row).best() {
                Best::Through(best) => self.candidates.get(row, best).copied(),
                Best::None | Best::Ours => None,
            };
            let answers = selected.is_some_and(|it| {
                self.routers.name(it.router()) != key.1 || !pending.seqno.newer_than(it.seqno)
            });
            if answers {
                for slot in core::mem::take(&mut pending.waiting) {
                    self.answer(slot, row);
                }
            }
            pending.ours = pending.ours && !self.has_newer(row, key.1, pending.seqno);
            if pending.ours || !pending.waiting.is_empty() {
                self.requests.pending.insert(key, pending);
            } else {
                self.agenda.cancel(Timer::Request(key.0, key.1));
            }
        }
    }

    /// Asks the neighbour to tell its route again.
    pub(crate) fn ask_for_route(&mut self, row: RowId, slot: Slot) {
        let key = self.rows.key(row);
        if let Some(neighbour) = self.neighbours.get_mut(slot) {
            neighbour.out.routes.insert(Some(key));
            self.ready.insert(slot);
        }
    }

    /// Asks everybody for a route.
    pub(crate) fn ask_everybody(&mut self, row: RowId) {
        let usable = self.neighbours.iter().filter(|(_, it)| it.is_usable());
        let slots: Vec<Slot> = usable.map(|(slot, _)| slot).collect();
        let key = self.rows.key(row);
        for slot in slots {
            if let Some(neighbour) = self.neighbours.get_mut(slot)
                && !neighbour.flight.asks().any(|asked| asked.routes.contains(&Some(key)))
            {
                neighbour.out.wanted.routes.insert(Some(key));
                self.ready.insert(slot);
            }
        }
    }

    /// Says a request, and waits for its answer.
    fn pursue(&mut self, row: RowId, router: RouterId, mut pending: Pending, now: Time) {
        let targets = self.targets(row, router, &pending);
        if targets.is_empty() && !pending.ours {
            return self.ignore(Ignored::DeadEnd);
        }
        let key = self.rows.key(row);
        for slot in targets {
            let Some(neighbour) = self.neighbours.get_mut(slot) else { continue };
            pending.asked.insert(slot);
            neighbour.out.seqnos.insert((key, router), (pending.seqno, pending.hops));
            self.ready.insert(slot);
            if pending.ours {
                self.counters.requests_out += 1;
            } else {
                self.counters.requests_forwarded += 1;
            }
        }
        pending.left -= 1;
        self.agenda.set(Timer::Request(row, router), now + pending.wait);
        self.requests.pending.insert((row, router), pending);
    }

    /// Returns whom to ask: the neighbour meant; else, for ourselves, all that have a route of
    /// this router; for others, the best feasible next hop, or the best there is (rule Q3).
    fn targets(&self, row: RowId, router: RouterId, pending: &Pending) -> Vec<Slot> {
        let best = self.rows.get(row).best();
        let mut known = Vec::new();
        self.candidates.each(row, |slot, it| {
            let metric = it.refmetric.through(self.cost(slot));
            let same = self.routers.name(it.router()) == router;
            if same && metric.is_finite() && !pending.waiting.contains(&slot) {
                let unfeasible = !self.admits(row, it.router(), it.distance());
                known.push((best != Best::Through(slot), unfeasible, metric, slot));
            }
        });
        known.sort_unstable();
        let mut slots = known.into_iter().map(|(_, _, _, slot)| slot);
        match pending.toward {
            Some(toward) if slots.clone().any(|slot| slot == toward) => [toward].into(),
            Some(_) | None if pending.ours => slots.collect(),
            Some(_) | None => slots.next().into_iter().collect(),
        }
    }

    /// Raises our own number, if `wanted` is newer (rule S6).
    ///
    /// By one, as the RFC has it. In our first minutes to `wanted` itself: it is then the
    /// number of our former life, which neighbours remember and we do not.
    fn renew(&mut self, wanted: Seqno, now: Time) {
        let reborn = self.settings.seqno.is_none() && now.since(self.born) < MEMORY;
        // The number before it may be the opposite of ours: neither is newer.
        let opposite = reborn && wanted.ahead_of(self.seqno.plus(1)) == i16::MIN;
        if wanted.newer_than(self.seqno) || opposite {
            self.seqno = if reborn { wanted } else { self.seqno.plus(1) };
        }
    }

    /// Tells the neighbour our route at once, whatever it is.
    fn answer(&mut self, slot: Slot, row: RowId) {
        let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
        neighbour.out.owed.insert(row, Due { asked: true, ..Due::default() });
        self.is_ready(slot);
    }

    /// Tells whether a neighbour has a feasible route of this router that is as new as `seqno`.
    fn has_newer(&self, row: RowId, router: RouterId, seqno: Seqno) -> bool {
        let mut has = false;
        self.candidates.each(row, |_, it| {
            has = has
                || (self.routers.name(it.router()) == router
                    && it.refmetric.is_finite()
                    && !seqno.newer_than(it.seqno)
                    && self.admits(row, it.router(), it.distance()));
        });
        has
    }

    fn allows_request(&mut self, slot: Slot, now: Time) -> bool {
        let rate = self.settings.max_requests_per_second;
        let neighbour = self.neighbours.get_mut(slot);
        let allowed = neighbour.is_some_and(|neighbour| neighbour.allowance.take(rate, now));
        if !allowed {
            self.ignore(Ignored::Throttled);
        }
        allowed
    }
}

/// Returns where the requests about a range are.
fn span(row: RowId) -> core::ops::RangeInclusive<(RowId, RouterId)> {
    (row, RouterId([0; 8]))..=(row, RouterId([0xff; 8]))
}

/// Source: RFC 8966 App. B.
const HOPS: u8 = 64;
/// A request is said three times, after 0, 2 and 6 seconds. Source: RFC 8966 App. B.
const TRIES: u8 = 3;
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LATELY: Duration = Duration::from_mins(1);
/// Requests that wait for an answer at the same time.
const MOST: usize = 4096;
/// As long as neighbours may remember our former life: longer than any source table.
const MEMORY: Duration = Duration::from_mins(40);
