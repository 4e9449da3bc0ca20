//! Routes that neighbours tell (RFC 8966 §3.5.3).
//!
//! Nearly all updates say what was said before. Those cost a glance: the row is the one that
//! followed in the last packet, its candidate is found by number, and only the time of the
//! last word is written.

use core::net::IpAddr;
use core::time::Duration;

use words::{Prefix, Time};

use crate::agenda::Timer;
use crate::candidates::{Candidate, Candidates, Hold, Slot};
use crate::feasibility::Distance;
use crate::intern::Router;
use crate::rows::{Best, Row, RowId};
use crate::wire::Update;
use crate::{Family, Ignored, Key, Metric, RouterId, Seqno, Speaker};

/// A finite route as a neighbour told it.
struct News<'a> {
    update: &'a Update,
    key: &'a Key,
    name: RouterId,
    distance: Distance,
    hop: Option<IpAddr>,
}

impl<C: Candidates> Speaker<C> {
    /// Takes in an update, with the sub-TLVs that are unknown here.
    pub(crate) fn updated(&mut self, slot: Slot, update: &Update, extras: &[u8], now: Time) {
        self.counters.updates_in += 1;
        let Some(key) = &update.key else { return self.retracted_all(slot, now) };
        if !update.metric.is_finite() {
            return self.retracted(slot, *key, update.next, now);
        }
        let Some(name) = update.router else { return };
        let Some(neighbour) = self.neighbours.get(slot) else { return };
        let (at, policy) = (neighbour.place(), &self.settings.policy);
        let added = policy.import(at, *key, name);
        let added = added.filter(|it| it.is_finite());
        let Some(added) =
            added.filter(|_| extras.is_empty() || policy.admits(at, *key, name, extras))
        else {
            self.forget_route(slot, *key, now);
            return self.ignore(Ignored::Policy);
        };
        let metric = Metric(update.metric.0.saturating_add(added.0));
        let hop = update.hop.filter(|hop| *hop != IpAddr::V6(neighbour.address));
        let distance = Distance { seqno: update.seqno, metric };
        self.told(slot, &News { update, key, name, distance, hop }, now);
    }

    /// Takes in a finite route.
    fn told(&mut self, slot: Slot, news: &News<'_>, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
        let (hint, hold) = (neighbour.last_heard, neighbour.believed(news.update.next));
        let row = self.rows.find(*news.key, hint);
        if let Some(row) = row {
            neighbour.last_heard = row;
            self.rows.follow(hint, row);
            if self.is_as_before(slot, row, news, (hold, now)) {
                return;
            }
        }
        if let Some(reason) = self.refused(slot, row, news) {
            // Not so where the range is ours: once it is no more, what others have is wanted.
            if matches!(reason, Ignored::Echo | Ignored::NextHop | Ignored::Sources) {
                // What it told before is so no longer, whatever is thought of what it tells now.
                self.forget_route(slot, *news.key, now);
            }
            return self.ignore(reason);
        }
        let Some(row) = row.or_else(|| self.bring(slot, *news.key)) else {
            return self.ignore(Ignored::Full);
        };
        if let Some(neighbour) = self.neighbours.get_mut(slot) {
            neighbour.last_heard = row;
        }
        self.rows.follow(hint, row);
        self.learn(slot, row, news, (hold, now));
    }

    /// Makes a row for a range of which this neighbour tells first; `None` if there is no room.
    ///
    /// A row lives on while others may remember a route to it, long after its last one ended: who
    /// tells of ranges that come and go must not fill the memory with them.
    fn bring(&mut self, slot: Slot, key: Key) -> Option<RowId> {
        let neighbour = self.neighbours.get_mut(slot)?;
        let own = (neighbour.brought as usize) < self.settings.max_routes_per_neighbour;
        if !own || self.rows.len() >= self.settings.max_ranges {
            return None;
        }
        let row = self.rows.intern(key)?;
        neighbour.brought += 1;
        if let Some(it) = self.rows.get_mut(row) {
            it.bring(Some(slot));
        }
        Some(row)
    }

    /// Tells whether the neighbour only repeated a route; if so, that is noted.
    fn is_as_before(
        &mut self,
        slot: Slot,
        row: RowId,
        news: &News<'_>,
        (hold, now): (Hold, Time),
    ) -> bool {
        let hop = || match news.hop {
            None if self.hops.is_empty() => true,
            hop => self.hops.get(&(row, slot)).copied() == hop,
        };
        let Some(candidate) = self.candidates.get_mut(row, slot) else { return false };
        let same = candidate.distance() == news.distance
            && self.routers.name(candidate.router()) == news.name
            && hop();
        if same {
            let before = candidate.hold();
            candidate.refresh(hold, self.stamp);
            // What is believed as long as before is not looked at sooner than before.
            if hold < before {
                self.expect_expiry(slot, hold, now);
            }
        }
        same
    }

    /// Takes in a route that is new or different.
    fn learn(&mut self, slot: Slot, row: RowId, news: &News<'_>, (hold, now): (Hold, Time)) {
        self.drop_routers();
        let router = self.routers.intern(news.name);
        let before = self.candidates.get(row, slot).copied();
        let selected = self.rows.get(row).best() == Best::Through(slot);
        let feasible = self.admits(row, router, news.distance);
        if selected && !feasible && before.is_some_and(|before| before.router() == router) {
            // Rule T2: the old distance stays, and a newer one is asked for.
            self.ignore(Ignored::Unfeasible);
            return self.ask(row, news.name, Some(slot), now);
        }
        if self.jumps(row, router, news.distance.seqno) {
            self.ignore(Ignored::Jump);
        }
        let candidate = Candidate::new(router, news.distance, hold, self.stamp);
        let gone = self.put(row, slot, candidate);
        self.put_hop(row, slot, news.hop);
        self.expect_expiry(slot, hold, now);
        self.candidate_changed(row, slot, now);
        if let Some(gone) = gone {
            // What it need not hear was seen by its own route, of which nothing is known any more.
            self.hops.remove(&(row, gone));
            self.reconsider(row, gone);
        }
    }

    /// Draws the consequences of a neighbour's word about a route, with no needless work.
    pub(crate) fn candidate_changed(&mut self, row: RowId, slot: Slot, now: Time) {
        let it = *self.rows.get(row);
        let candidate = self.candidates.get(row, slot).copied();
        let metric = candidate.map_or(Metric::INFINITE, |it| it.refmetric.through(self.cost(slot)));
        let feasible = candidate.is_some_and(|it| self.admits(row, it.router(), it.distance()));
        if it.best() == Best::Through(slot) && feasible && metric <= it.metric {
            self.set_metric(row, metric, now);
        } else if it.best() == Best::Through(slot) || metric < it.metric {
            self.reselect(row, now);
        }
        self.reconsider(row, slot);
    }

    /// Takes in that the neighbour has no route any more (rule U4).
    pub(crate) fn retracted_all(&mut self, slot: Slot, now: Time) {
        let stamp = self.stamp;
        for row in (0..self.rows.end()).map(RowId) {
            let Some(candidate) = self.candidates.get_mut(row, slot) else { continue };
            if candidate.refmetric.is_finite() {
                let hold = candidate.hold();
                retract(candidate, hold, stamp);
                self.expect_expiry(slot, hold, now);
                self.candidate_changed(row, slot, now);
            }
        }
    }

    /// Takes in that the neighbour has no route to `key` any more.
    fn retracted(&mut self, slot: Slot, key: Key, next: Duration, now: Time) {
        let hint = self.neighbours.get(slot).map_or(RowId(0), |it| it.last_heard);
        let Some(row) = self.rows.find(key, hint) else { return };
        let (stamp, hold) = (
            self.stamp,
            self.neighbours.get_mut(slot).map_or(Hold::LONGEST, |it| it.believed(next)),
        );
        let Some(candidate) = self.candidates.get_mut(row, slot) else {
            // It may follow ours from now on, whether we remember its own or not.
            return self.reconsider(row, slot);
        };
        let was_finite = candidate.refmetric.is_finite();
        retract(candidate, hold, stamp);
        self.expect_expiry(slot, hold, now);
        if was_finite {
            self.candidate_changed(row, slot, now);
        }
    }

    /// Drops a route that may not be believed any more.
    fn forget_route(&mut self, slot: Slot, key: Key, now: Time) {
        let Some(row) = self.rows.find(key, RowId(0)) else { return };
        if self.candidates.get(row, slot).is_some() {
            self.drop_route(row, slot);
            self.candidate_changed(row, slot, now);
        }
    }

    /// Returns why a route of a neighbour may not be believed, if so.
    fn refused(&self, slot: Slot, row: Option<RowId>, news: &News<'_>) -> Option<Ignored> {
        let key = *news.key;
        let known = row.is_some_and(|row| self.candidates.get(row, slot).is_some());
        if is_martian(key) {
            Some(Ignored::Martian)
        } else if row.is_some_and(|row| self.rows.get(row).best() == Best::Ours) {
            Some(Ignored::Ours)
        } else if self.routers.find(news.name) == Some(self.us) {
            Some(Ignored::Echo)
        } else if self.is_part_of_ours(key) {
            Some(Ignored::Outside)
        } else if !self.can_follow(slot, key.family(), news.hop) {
            Some(Ignored::NextHop)
        } else if !known && self.candidates.told_by(slot) >= self.settings.max_routes_per_neighbour
        {
            Some(Ignored::Full)
        } else if row.is_some_and(|row| self.has_too_many_sources(row, news.name)) {
            Some(Ignored::Sources)
        } else {
            None
        }
    }

    fn is_part_of_ours(&self, key: Key) -> bool {
        !self.settings.parts_of_ours && self.own.keys().any(|own| own.covers(key))
    }

    /// Tells whether packets can be sent to such a next hop.
    fn can_follow(&self, slot: Slot, family: Family, hop: Option<IpAddr>) -> bool {
        let neighbour = self.neighbours.get(slot);
        let port = neighbour.and_then(|it| self.interfaces.get(&it.interface));
        let Some(port) = port else { return false };
        match (family, hop) {
            (Family::V4, Some(IpAddr::V4(_))) => port.profile.address4.is_some(),
            (Family::V4, Some(IpAddr::V6(_)) | None) => port.profile.v4_via_v6,
            (Family::V6, Some(IpAddr::V4(_))) => false,
            (Family::V6, Some(IpAddr::V6(_)) | None) => true,
        }
    }

    /// Tells whether one more router of this range would be one too many.
    fn has_too_many_sources(&self, row: RowId, name: RouterId) -> bool {
        let known = self.routers.find(name).is_some_and(|router| {
            self.rows.get(row).source().is_some_and(|(it, _)| it == router)
                || self.sources.get(row, router).is_some()
        });
        !known && self.sources.of_row(row) >= self.settings.max_sources_per_range
    }

    /// Tells whether a number is so far ahead of the last one that its source restarted, or
    /// somebody lies.
    fn jumps(&self, row: RowId, router: Router, seqno: Seqno) -> bool {
        self.distance(row, router).is_some_and(|ours| seqno.ahead_of(ours.seqno) > JUMP)
    }

    fn put(&mut self, row: RowId, slot: Slot, candidate: Candidate) -> Option<Slot> {
        let Self { candidates, neighbours, rows, sources, .. } = self;
        let best = rows.get(row).best();
        let distance = |router: Router| match rows.get(row).source() {
            Some((it, source)) if it == router => Some(source.distance),
            Some(_) | None => sources.get(row, router).map(|source| source.distance),
        };
        // What may be selected, what only need be asked about, what is gone.
        let weigh = |slot: Slot, it: &Candidate| {
            let cost = neighbours.get(slot).map_or(crate::Cost::INFINITE, |it| it.cost);
            let metric = it.refmetric.through(cost);
            let feasible = distance(it.router()).is_none_or(|ours| ours.admits(it.distance()));
            let class = if metric.is_finite() { 1 + u32::from(!feasible) } else { 3 };
            if best == Best::Through(slot) { 0 } else { class << 16 | u32::from(metric.0) }
        };
        candidates.put(row, slot, candidate, &weigh)
    }

    fn put_hop(&mut self, row: RowId, slot: Slot, hop: Option<IpAddr>) {
        let before = match hop {
            Some(hop) => self.hops.insert((row, slot), hop),
            None if self.hops.is_empty() => None,
            None => self.hops.remove(&(row, slot)),
        };
        if before != hop && self.rows.get(row).best() == Best::Through(slot) {
            if let Some(row) = self.rows.get_mut(row) {
                row.set(Row::MOVED, true);
            }
            self.touch(row);
        }
    }

    /// Looks at the neighbour's routes again when one told now may be too old.
    pub(crate) fn expect_expiry(&mut self, slot: Slot, hold: Hold, now: Time) {
        // Rule S4: it is asked about after five sevenths.
        let wait = Duration::from_secs(u64::from(hold.seconds()) * 5 / 7 + 1);
        self.agenda.no_later(Timer::Expiry(slot), now + wait);
    }
}

/// Makes a route one that was.
pub(crate) const fn retract(candidate: &mut Candidate, hold: Hold, now: crate::candidates::Stamp) {
    let distance = Distance { seqno: candidate.seqno, metric: Metric::INFINITE };
    *candidate = Candidate::new(candidate.router(), distance, hold, now);
    candidate.nudge();
}

/// Tells whether the range is never routed (rule T7). Source: RFC 8966 §3.5.3.
fn is_martian(key: Key) -> bool {
    MARTIANS.iter().any(|martian| martian.covers(key.prefix))
}

/// Link-local, multicast, loopback; of IPv4 loopback, this host, multicast.
const MARTIANS: [Prefix; 6] = [
    Prefix::new(0xfe80 << 112, 10),
    Prefix::new(0xff << 120, 8),
    Prefix::new(1, 128),
    Prefix::new((0xffff << 32) | (127 << 24), 96 + 8),
    Prefix::new(0xffff << 32, 96 + 32),
    Prefix::new((0xffff << 32) | (224 << 24), 96 + 4),
];

/// A number further ahead than this is counted as a jump: no request makes one.
pub(crate) const JUMP: i16 = 100;
