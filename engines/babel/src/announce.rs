//! What neighbours must hear of our routes, and whether they did (RFC 8966 §3.7).
//!
//! A change is written into the journal, and told soon: changes within a moment go together.
//! What is told so is told reliably: it is repeated, in its latest state, until acknowledged.
//! Besides, all routes are told again at every update interval, which is long for those who
//! acknowledge.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use words::Time;

use crate::agenda::Timer;
use crate::candidates::{Candidate, Candidates, Slot};
use crate::gather::LEAST;
use crate::intern::Router;
use crate::neighbour::Neighbour;
use crate::outbox::{Dump, Haste};
use crate::packets::WINDOW;
use crate::rows::{Best, Row, RowId};
use crate::wire::AckRequest;
use crate::{Family, Metric, Ramp, Seqno, Speaker};

/// A finite route as a neighbour is to hear it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) router: Router,
    pub(crate) seqno: Seqno,
    pub(crate) metric: Metric,
}

impl<C: Candidates> Speaker<C> {
    /// Has the neighbours told of a route, if it is news (rule S2).
    ///
    /// A new number alone is none, nor is a metric not much different from the one announced;
    /// that is told later if it stays, see `age`.
    pub(crate) fn announce(&mut self, row: RowId, now: Time) {
        let it = *self.rows.get(row);
        let (router, metric) = match it.best() {
            Best::None => (Router::NONE, Metric::INFINITE),
            Best::Ours => (self.us, it.metric),
            Best::Through(slot) => {
                let candidate = self.candidates.get(row, slot);
                (candidate.map_or(Router::NONE, Candidate::router), it.metric)
            }
        };
        if router != it.router || metric.is_news_after(it.out) {
            if metric.is_finite() {
                self.release(row);
            } else if it.router != self.us {
                self.hold(row, now);
            }
            self.publish(row, router, metric, now);
        } else if metric != it.out {
            self.is_restless(row, now);
        }
    }

    /// Writes into the journal what is announced of a range from now on.
    ///
    /// It presses if a route comes or goes, or is much worse. Whoever knows us only as a little
    /// worse, or as not as good as we are, goes on well with that until our next greeting.
    pub(crate) fn publish(&mut self, row: RowId, router: Router, metric: Metric, now: Time) {
        let Some(it) = self.rows.get_mut(row) else { return };
        let begins = !it.out.is_finite() && metric.is_finite();
        let begins_elsewhere = router != it.router;
        let presses = begins_elsewhere || metric.is_much_worse_than(it.out) || begins;
        (it.router, it.out) = (router, metric);
        self.journal.write(row, &mut self.rows);
        let mut hurries = presses;
        for (_, neighbour) in self.neighbours.iter_mut() {
            if presses && neighbour.is_usable() {
                neighbour.haste = Haste::Presses;
            }
            if begins_elsewhere && neighbour.is_usable() && neighbour.said(row).is_route() {
                // What it was told is no longer comparable, so nothing can rest.
                neighbour.out.owed.entry(row).or_default();
            }
            hurries |= !neighbour.is_patient();
        }
        if hurries {
            self.flush_soon(now);
        }
    }

    fn flush_soon(&mut self, now: Time) {
        if self.agenda.moment(Timer::Flush).is_none() {
            let pause = self.gather.pause(now);
            let wait = pause + self.dice.within(pause);
            self.agenda.set(Timer::Flush, now + wait);
        }
    }

    /// Returns our route as the neighbour is to hear it; `None` if it is to hear of none.
    ///
    /// Unless it `asked`: not a route through itself (split horizon, rule S5); and none to begin
    /// with that it cannot use because it told us as good a route to the same source (see
    /// [`frugal`](crate::wire::Hello::frugal)). What it was told before does not end for that: it
    /// may have taken that route before its own word arrived here, and would have none if that
    /// ended (rule T2). See [`rests`](Self::rests).
    pub(crate) fn offer(&self, row: RowId, slot: Slot, asked: bool) -> Option<Offer> {
        let it = self.rows.get(row);
        let offer = match it.best() {
            Best::None => return None,
            Best::Ours => Offer { router: self.us, seqno: self.seqno, metric: it.metric },
            Best::Through(best) => {
                let candidate = self.candidates.get(row, best)?;
                let (router, seqno) = (candidate.router(), candidate.seqno);
                // What was announced holds until it is news: what falls a little now and
                // rises again would only have made other routes unfeasible.
                let same = it.router == router && it.out.is_finite();
                let metric = if same { it.metric.max(it.out) } else { it.metric };
                Offer { router, seqno, metric }
            }
        };
        let neighbour = self.neighbours.get(slot)?;
        let profile = &self.interfaces.get(&neighbour.interface)?.profile;
        let turned = profile.split_horizon && it.best() == Best::Through(slot);
        let told = neighbour.said(row).is_route();
        if !asked && (turned || !told && self.is_useless(row, slot, offer)) {
            return None;
        }
        let key = self.rows.key(row);
        let sayable = match key.family() {
            Family::V4 => profile.address4.is_some() || profile.v4_via_v6,
            Family::V6 => true,
        };
        let name = self.routers.name(offer.router);
        let added = self.settings.policy.export(neighbour.place(), key, name)?;
        let metric = Metric(offer.metric.0.saturating_add(added.0));
        (sayable && metric.is_finite()).then_some(Offer { metric, ..offer })
    }

    /// Owes the neighbour a word about a range if what it is to hear is no longer whether it
    /// was told a route: the route turned to it or away from it, or is of use to it now; or if it
    /// needs to hear how a resting one is now.
    pub(crate) fn reconsider(&mut self, row: RowId, slot: Slot) {
        let Some(neighbour) = self.neighbours.get(slot).filter(|it| it.is_usable()) else { return };
        let (told, offer) = (neighbour.said(row).is_route(), self.offer(row, slot, false));
        let owes = match offer {
            Some(offer) => !told || self.is_roused(row, slot, offer),
            None => told,
        };
        if owes {
            // Who tells no route of its own, or one that no delay of a link explains, may have lost
            // what it had: its links are shunned, or suspect.
            let has_one = |it: &Candidate| {
                let least = offer.map_or(Metric::INFINITE, |offer| offer.metric);
                it.refmetric.is_finite() && it.refmetric.0 <= least.0.saturating_add(WORST)
            };
            let presses = !self.candidates.get(row, slot).is_some_and(has_one);
            let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
            neighbour.out.owed.entry(row).or_default();
            if presses {
                neighbour.haste = Haste::Presses;
            }
            if presses || !neighbour.is_patient() {
                self.flush_soon(self.heard_at);
            }
        }
    }

    /// Begins to tell the neighbour all our routes, and that those which it still believes and
    /// we have not are gone.
    pub(crate) fn dump(&mut self, slot: Slot, reliable: bool, now: Time) {
        let end = self.journal.end();
        let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
        // Who asked for everything may have forgotten what it was told. And what rests is told every
        // second time, well before it would be forgotten there.
        let again = !reliable && neighbour.lacks.is_none();
        neighbour.lacks = again.then_some(now);
        let reliable = reliable || neighbour.acknowledges;
        neighbour.dump = Some(Box::new(Dump { after: None, reliable, again }));
        neighbour.place = end;
        neighbour.dumped = Some(now);
        self.is_ready(slot);
    }

    /// Answers a request for everything, once a second at most (rule Q2).
    ///
    /// A neighbour that is not usable yet is told everything once it is.
    pub(crate) fn dump_if_due(&mut self, slot: Slot, now: Time) {
        let Some(neighbour) = self.neighbours.get(slot) else { return };
        let ago = neighbour.dumped.map(|at| now.since(at));
        let pause = ago.map_or(Duration::ZERO, |ago| DUMP_PAUSE.saturating_sub(ago));
        if !neighbour.is_usable() {
            return;
        }
        if pause.is_zero() {
            self.dump(slot, true, now);
        } else {
            if let Some(neighbour) = self.neighbours.get_mut(slot) {
                neighbour.lacks = Some(now);
            }
            self.agenda.no_later(Timer::Update(slot), now + pause);
        }
    }

    /// Tells the neighbour everything again.
    pub(crate) fn refresh(&mut self, slot: Slot, now: Time) {
        let Some(neighbour) = self.neighbours.get(slot) else { return };
        let Some(port) = self.interfaces.get(&neighbour.interface) else { return };
        let interval = neighbour.interval(&port.profile);
        if neighbour.is_usable() {
            self.dump(slot, false, now);
        }
        // A little jitter is enough here: it is long, and a full telling takes its time.
        let next = interval.saturating_sub(self.dice.within(interval / 8));
        self.agenda.set(Timer::Update(slot), now + next);
    }

    /// Lets what has gathered leave.
    pub(crate) fn flush(&mut self, now: Time) {
        let presses = |it: &Neighbour| it.is_usable() && it.haste == Haste::Presses;
        if self.neighbours.iter().any(|(_, it)| presses(it)) {
            self.gather.over(now);
        }
        let end = self.journal.end();
        let owed = |it: &Neighbour| it.place != end || !it.out.owed.is_empty();
        let waits = |it: &Neighbour| it.haste == Haste::Presses || !it.is_patient() && owed(it);
        let waiting = self.neighbours.iter().filter(|(_, it)| it.is_usable() && waits(it));
        self.ready.extend(waiting.map(|(slot, _)| slot));
    }

    /// Forgets those changes that every neighbour was told.
    pub(crate) fn trim_journal(&mut self) {
        let end = self.journal.end();
        for (_, neighbour) in self.neighbours.iter_mut() {
            // Once it is usable, it is told everything anyway.
            if !neighbour.is_usable() {
                neighbour.place = end;
            }
        }
        self.journal.trim(self.neighbours.iter().map(|(_, it)| it.place));
        if self.journal.is_long(&self.rows) {
            let places = self.neighbours.iter_mut().map(|(_, it)| &mut it.place);
            self.journal.shorten(&mut self.rows, places);
        }
    }

    /// Owes the neighbour an acknowledgment; it goes with our next greeting if that is soon
    /// enough.
    pub(crate) fn owe_ack(&mut self, slot: Slot, AckRequest { opaque, within }: AckRequest) {
        let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
        neighbour.out.acks.push(opaque);
        let port = self.interfaces.get(&neighbour.interface);
        let soon = port.is_some_and(|port| port.profile.hello <= within);
        let waiting = neighbour.out.acks.len();
        if neighbour.alone && soon && waiting < ACKS {
            return;
        }
        // Of our own kind a few go together, unless that is late for the neighbour, or holds it up.
        if !neighbour.frugal || within < LEAST * 4 || waiting >= FEW_ACKS {
            return self.is_ready(slot);
        }
        neighbour.out.acks_soon = true;
        if self.agenda.moment(Timer::Acks).is_none() {
            let wait = LEAST + self.dice.within(LEAST);
            self.agenda.set(Timer::Acks, self.heard_at + wait);
        }
    }

    /// Takes in that a packet arrived.
    pub(crate) fn acknowledged(&mut self, slot: Slot, opaque: u16) {
        let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
        let Some(flight) = neighbour.flight.there() else { return };
        let was_full = flight.packets() >= WINDOW;
        let Some(landed) = flight.land(opaque) else { return };
        neighbour.acknowledges = true;
        let mut ended = Vec::new();
        let again = self.heard_at + STRAGGLERS;
        for it in landed.told {
            if it.overtakes {
                neighbour.flight.repeat(it.row, again);
                self.agenda.no_later(Timer::Again(slot), again);
            }
            if neighbour.said(it.row) == crate::outbox::Said::end(opaque) {
                neighbour.say(it.row, crate::outbox::Said::NOTHING);
                ended.push(it.row);
            }
        }
        neighbour.flight.tidy();
        let presses = neighbour.haste == Haste::Presses || neighbour.dump.is_some();
        let waits = presses || !neighbour.is_patient() && neighbour.place != self.journal.end();
        if was_full && waits {
            self.ready.insert(slot);
        }
        self.agenda.cancel(Timer::Resend(slot, opaque));
        for row in ended {
            self.release_if_known(row);
        }
    }

    /// Tells again what was not acknowledged, as it is now, unless a newer packet tells it.
    ///
    /// One that never acknowledged anything is told three times; one that did, eight times, and
    /// then it counts as one that does not. That a route is gone, it is told besides with the
    /// next full update.
    pub(crate) fn resend(&mut self, slot: Slot, opaque: u16) {
        let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
        let Some(flight) = neighbour.flight.there() else { return };
        let Some(landed) = flight.land(opaque) else { return };
        if let Some(asked) = landed.asked {
            let tries = asked.tries.saturating_add(1);
            // Who acknowledges nothing, but tells something, has heard it.
            let most = match (neighbour.acknowledges, self.candidates.told_by(slot)) {
                (true, _) => INSISTENCE,
                (false, 0) => COPIES,
                (false, _) => 0,
            };
            if tries < most {
                neighbour.out.wanted.routes.extend(asked.routes);
                neighbour.out.wanted.tries = tries;
                self.ready.insert(slot);
            }
        }
        let (mut resent, mut given_up) = (false, false);
        for it in landed.told {
            let tries = it.tries.saturating_add(1);
            given_up |= neighbour.acknowledges && tries >= INSISTENCE;
            if tries < if neighbour.acknowledges { INSISTENCE } else { COPIES } {
                let due = neighbour.out.owed.entry(it.row).or_default();
                due.tries = due.tries.max(tries);
                resent = true;
            }
        }
        neighbour.flight.tidy();
        if given_up {
            // It does not acknowledge any more: it hears everything often from now on.
            neighbour.acknowledges = false;
            self.agenda.no_later(Timer::Update(slot), self.heard_at);
        }
        if resent && neighbour.is_usable() {
            self.ready.insert(slot);
            self.counters.resent += 1;
        }
    }

    /// Tells once more what overtook an older word: that may have arrived since, and nothing else
    /// would put it right before the next full update.
    pub(crate) fn tell_again(&mut self, slot: Slot, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(slot) else { return };
        if let Some(flight) = neighbour.flight.there() {
            for row in flight.repeated(now) {
                neighbour.out.owed.entry(row).or_default().again = true;
            }
        }
        if let Some(next) = neighbour.flight.repeats_at() {
            self.agenda.set(Timer::Again(slot), next);
        }
        neighbour.flight.tidy();
        if !neighbour.is_patient() {
            self.is_ready(slot);
        }
    }

    /// Keeps a range from shorter ones, while neighbours may believe that we have a route
    /// (rule T4).
    fn hold(&mut self, row: RowId, now: Time) {
        let believed = |it: &Neighbour| it.is_usable() && it.said(row).is_route();
        let mut last = None;
        for (_, neighbour) in self.neighbours.iter().filter(|(_, it)| believed(it)) {
            let port = self.interfaces.get(&neighbour.interface);
            let interval = port.map(|port| neighbour.interval(&port.profile));
            last = last.max(interval);
        }
        if let (Some(interval), Some(it)) = (last, self.rows.get_mut(row)) {
            it.set(Row::HELD, true);
            let until = now + crate::links::held(interval);
            self.holds.insert(row, until);
            self.agenda.no_later(Timer::Hold, until);
            self.touch(row);
        }
    }

    /// Ends the holds of which all neighbours know, now that one is not usable any more.
    pub(crate) fn release_known(&mut self) {
        let held: Vec<RowId> = self.holds.keys().copied().collect();
        for row in held {
            self.release_if_known(row);
        }
    }

    /// Ends the hold of a range once all neighbours know that we have no route.
    fn release_if_known(&mut self, row: RowId) {
        let waits = |it: &Neighbour| {
            let said = it.said(row);
            it.is_usable() && (said.is_route() || said.is_doubtful())
        };
        if self.holds.contains_key(&row) && !self.neighbours.iter().any(|(_, it)| waits(it)) {
            self.release(row);
        }
    }

    /// Ends the hold of a range.
    fn release(&mut self, row: RowId) {
        if self.holds.remove(&row).is_some() {
            if let Some(it) = self.rows.get_mut(row) {
                it.set(Row::HELD, false);
            }
            self.touch(row);
        }
    }

    /// Ends the holds that have lasted long enough.
    pub(crate) fn release_holds(&mut self, now: Time) {
        let over = self.holds.iter().filter(|(_, until)| **until <= now);
        let over: Vec<RowId> = over.map(|(row, _)| *row).collect();
        for row in over {
            self.release(row);
        }
        if let Some(next) = self.holds.values().min() {
            self.agenda.set(Timer::Hold, *next);
        }
    }
}

/// How often a route is told to who never acknowledged anything. Source: RFC 8966 §3.7.2
/// allows five.
const COPIES: u8 = 3;
/// How much later than its successor a packet may arrive.
const STRAGGLERS: Duration = Duration::from_millis(1500);
/// How often something is told or asked to who acknowledges otherwise.
const INSISTENCE: u8 = 8;
const DUMP_PAUSE: Duration = Duration::from_secs(1);
/// More than the delay of any link costs.
const WORST: u16 = Ramp::PLANET.penalty;
/// So many acknowledgments wait for a greeting at most.
const ACKS: usize = 64;
/// So many wait for each other at most.
const FEW_ACKS: usize = 16;
