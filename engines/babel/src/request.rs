//! Requests for newer routes, ours and those of others (RFC 8966 §3.8.1, §3.8.2).
//!
//! A request lives until it is answered, or was said three times in vain. While it lives,
//! nobody's repetition of it goes any further than here.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use words::{LinkId, Prefix, Time};

use crate::agenda::Timer;
use crate::outbox::Due;
use crate::wire::{Range, SeqnoRequest};
use crate::{Babel, Ignored, RouterId, Seqno};

/// The requests that wait for an answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Requests {
    pending: BTreeMap<(Prefix, RouterId), Pending>,
    asked: BTreeMap<(Prefix, RouterId), Time>,
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
    toward: Option<LinkId>,
    /// Who waits for the answer.
    waiting: BTreeSet<LinkId>,
}

impl Requests {
    /// Tells whether this source was asked for in the last ten seconds.
    pub(crate) fn asked_lately(&self, prefix: Prefix, router: RouterId, now: Time) -> bool {
        self.asked.get(&(prefix, router)).is_some_and(|at| now.since(*at) < LATELY)
    }

    /// Forgets when old requests were made.
    pub(crate) fn forget(&mut self, now: Time) {
        self.asked.retain(|_, at| now.since(*at) < LATELY);
    }

    /// Forgets that `link` waits for anything.
    pub(crate) fn drop_link(&mut self, link: LinkId) {
        for pending in self.pending.values_mut() {
            pending.waiting.remove(&link);
        }
        self.pending.retain(|_, pending| pending.ours || !pending.waiting.is_empty());
    }

    /// Tells whether a request this new waits already; adds who waits for it.
    fn joined(&mut self, key: (Prefix, RouterId), seqno: Seqno, by: Option<LinkId>) -> bool {
        let Some(pending) = self.pending.get_mut(&key) else { return false };
        if seqno.newer_than(pending.seqno) {
            return false;
        }
        match by {
            Some(link) => pending.waiting.insert(link),
            None => !core::mem::replace(&mut pending.ours, true),
        };
        true
    }
}

impl Babel {
    /// Asks for a route to `prefix` newer than any that we announced of this router.
    ///
    /// Of the neighbour at `toward`, or of all that have a route.
    pub(crate) fn ask(
        &mut self,
        prefix: Prefix,
        router: RouterId,
        toward: Option<LinkId>,
        now: Time,
    ) {
        let Some(distance) = self.sources.distance(prefix, router) else { return };
        let seqno = distance.seqno.plus(1);
        self.requests.asked.insert((prefix, router), now);
        if self.requests.joined((prefix, router), seqno, None) {
            return;
        }
        let waiting = BTreeSet::new();
        let (hops, left, wait) = (HOPS, TRIES, FIRST_WAIT);
        let pending = Pending { seqno, hops, left, wait, ours: true, toward, waiting };
        self.pursue(prefix, router, pending, now);
    }

    /// Takes in a neighbour's request for a newer number. Source: RFC 8966 §3.8.1.2.
    pub(crate) fn seqno_requested(&mut self, link: LinkId, ask: &SeqnoRequest, now: Time) {
        if !self.allows_request(link, now) {
            return;
        }
        let Range::V6(prefix) = ask.range else { return self.ignore(Ignored::Ipv4) };
        if self.own.contains(&prefix) {
            if ask.router == self.router {
                self.renew(ask.seqno, now);
            }
            return self.answer(link, prefix);
        }
        let selected = self.table.selected(prefix).map(|(_, candidate)| candidate);
        if selected.is_some_and(|it| it.router != ask.router || !ask.seqno.newer_than(it.seqno)) {
            return self.answer(link, prefix);
        }
        let key = (prefix, ask.router);
        if ask.hops < 2 || ask.router == self.router {
            return self.ignore(Ignored::DeadEnd);
        }
        if self.requests.joined(key, ask.seqno, Some(link)) {
            return;
        }
        let before = self.requests.pending.remove(&key);
        let mut waiting = before.as_ref().map_or_else(BTreeSet::new, |it| it.waiting.clone());
        waiting.insert(link);
        let pending = Pending {
            seqno: ask.seqno,
            hops: ask.hops - 1,
            left: TRIES,
            wait: FIRST_WAIT,
            ours: before.is_some_and(|it| it.ours),
            toward: None,
            waiting,
        };
        self.pursue(prefix, ask.router, pending, now);
    }

    /// Takes in a neighbour's request for a route, or for all. Source: RFC 8966 §3.8.1.1.
    pub(crate) fn route_requested(&mut self, link: LinkId, range: Range, now: Time) {
        if !self.allows_request(link, now) {
            return;
        }
        match range {
            Range::V6(prefix) => self.answer(link, prefix),
            Range::V4(_) => self.ignore(Ignored::Ipv4),
            Range::All => self.dump_if_due(link, now),
        }
    }

    /// Says a request again that nobody answered, or gives it up.
    pub(crate) fn repeat_request(&mut self, prefix: Prefix, router: RouterId, now: Time) {
        let Some(mut pending) = self.requests.pending.remove(&(prefix, router)) else { return };
        if pending.left == 0 {
            return;
        }
        pending.wait *= 2;
        pending.toward = None;
        self.pursue(prefix, router, pending, now);
    }

    /// Answers those who wait for what we now have; ends requests that are fulfilled.
    pub(crate) fn settle_requests(&mut self, prefix: Prefix) {
        let from = (prefix, RouterId([0; 8]));
        let to = (prefix, RouterId([0xff; 8]));
        let keys: Vec<_> = self.requests.pending.range(from..=to).map(|(key, _)| *key).collect();
        for key in keys {
            let Some(mut pending) = self.requests.pending.remove(&key) else { continue };
            let selected = self.table.selected(prefix).map(|(_, candidate)| *candidate);
            let answers = selected
                .is_some_and(|it| it.router != key.1 || !pending.seqno.newer_than(it.seqno));
            if answers {
                for link in core::mem::take(&mut pending.waiting) {
                    self.answer(link, prefix);
                }
            }
            pending.ours = pending.ours && !self.has_newer(prefix, key.1, pending.seqno);
            if pending.ours || !pending.waiting.is_empty() {
                self.requests.pending.insert(key, pending);
            } else {
                self.agenda.cancel(Timer::Request(key.0, key.1));
            }
        }
    }

    /// Says a request, and waits for its answer.
    fn pursue(&mut self, prefix: Prefix, router: RouterId, mut pending: Pending, now: Time) {
        let targets = self.targets(prefix, router, &pending);
        if targets.is_empty() && !pending.ours {
            return self.ignore(Ignored::DeadEnd);
        }
        for link in targets {
            let Some(neighbour) = self.neighbours.get_mut(&link) else { continue };
            neighbour.out.seqnos.insert((prefix, router), (pending.seqno, pending.hops));
            self.ready.insert(link);
            if pending.ours {
                self.counters.requests_out += 1;
            } else {
                self.counters.requests_forwarded += 1;
            }
        }
        pending.left -= 1;
        self.agenda.set(Timer::Request(prefix, router), now + pending.wait);
        self.requests.pending.insert((prefix, router), pending);
    }

    /// Returns whom to ask: the neighbour meant; else, for ourselves, all that have a route of
    /// this router; for others, the best feasible next hop, or the best there is (rule Q3).
    fn targets(&self, prefix: Prefix, router: RouterId, pending: &Pending) -> Vec<LinkId> {
        let Some(entry) = self.table.entry(prefix) else { return Vec::new() };
        let mut known: Vec<_> = entry
            .candidates
            .iter()
            .filter(|(link, it)| it.router == router && !pending.waiting.contains(link))
            .map(|(link, it)| {
                let metric = it.refmetric.through(self.cost(*link));
                (entry.selected != Some(*link), !self.is_feasible(prefix, it), metric, *link)
            })
            .filter(|(_, _, metric, _)| metric.is_finite())
            .collect();
        known.sort_unstable();
        let mut links = known.into_iter().map(|(_, _, _, link)| link);
        match pending.toward {
            Some(toward) if links.clone().any(|link| link == toward) => [toward].into(),
            Some(_) | None if pending.ours => links.collect(),
            Some(_) | None => links.next().into_iter().collect(),
        }
    }

    /// Raises our own number, if `wanted` is newer.
    ///
    /// By one, as the RFC has it. In our first minutes to `wanted` itself: it is then the
    /// number of our former life, which neighbours remember and we do not.
    fn renew(&mut self, wanted: Seqno, now: Time) {
        if wanted.newer_than(self.seqno) {
            let reborn = now.since(self.born) < MEMORY;
            self.seqno = if reborn { wanted } else { self.seqno.plus(1) };
        }
    }

    /// Tells the neighbour our route to `prefix` at once, whatever it is.
    fn answer(&mut self, link: LinkId, prefix: Prefix) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        neighbour.out.updates.insert(prefix, Due { asked: true, tries: 0 });
        self.ready.insert(link);
    }

    /// Tells whether a neighbour has a feasible route of this router that is as new as `seqno`.
    fn has_newer(&self, prefix: Prefix, router: RouterId, seqno: Seqno) -> bool {
        let candidates = self.table.entry(prefix).into_iter().flat_map(|it| it.candidates.values());
        candidates
            .filter(|it| it.router == router && it.refmetric.is_finite())
            .any(|it| !seqno.newer_than(it.seqno) && self.is_feasible(prefix, it))
    }

    fn allows_request(&mut self, link: LinkId, now: Time) -> bool {
        let rate = self.settings.max_requests_per_second;
        let neighbour = self.neighbours.get_mut(&link);
        let allowed = neighbour.is_some_and(|neighbour| neighbour.allowance.take(rate, now));
        if !allowed {
            self.ignore(Ignored::Throttled);
        }
        allowed
    }
}

/// Source: RFC 8966 App. B.
const HOPS: u8 = 64;
/// A request is said three times, after 0, 2 and 6 seconds. Source: RFC 8966 App. B.
const TRIES: u8 = 3;
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LATELY: Duration = Duration::from_secs(10);
/// As long as neighbours may remember our former life: longer than any source table.
const MEMORY: Duration = Duration::from_mins(10);
