//! What neighbours say, one arm per TLV (RFC 8966 §3).

use words::{LinkId, Prefix, Time};

use crate::agenda::Timer;
use crate::links::held;
use crate::table::Candidate;
use crate::wire::{Packet, Range, RouterId, Tlv, Update};
use crate::{Babel, Ignored, Metric};

impl Babel {
    /// Takes in a packet.
    pub(crate) fn heard(&mut self, link: LinkId, octets: &[u8], now: Time) {
        self.counters.packets_in += 1;
        if !self.neighbours.contains_key(&link) {
            return self.ignore(Ignored::NoLink);
        }
        let packet = match Packet::decode(octets) {
            Ok(packet) => packet,
            Err(malformed) => return self.counters.pass_over(malformed.reason()),
        };
        let (mut sent, mut echo) = (None, None);
        for tlv in packet.tlvs() {
            match &tlv {
                Ok(Tlv::Hello(hello)) => sent = hello.sent.or(sent),
                Ok(Tlv::Ihu(ihu)) => echo = ihu.echo.or(echo),
                Ok(_) | Err(_) => {}
            }
            match tlv {
                Ok(tlv) => self.heard_tlv(link, &tlv, now),
                Err(malformed) => self.counters.pass_over(malformed.reason()),
            }
        }
        // Once for the whole packet, so that a new link is never taken for one without delay.
        self.timed(link, echo.zip(sent), now);
        self.review(link, now);
    }

    fn heard_tlv(&mut self, link: LinkId, tlv: &Tlv, now: Time) {
        match tlv {
            Tlv::AckRequest(ask) => self.owe_ack(link, ask.opaque),
            Tlv::Ack(ack) => self.acknowledged(link, ack.opaque),
            Tlv::Hello(hello) => self.greeted(link, hello, now),
            Tlv::Ihu(ihu) => self.heard_by(link, ihu, now),
            Tlv::Update(update) => self.updated(link, update, now),
            Tlv::RouteRequest(ask) => self.route_requested(link, ask.range, now),
            Tlv::SeqnoRequest(ask) => self.seqno_requested(link, ask, now),
        }
    }

    fn updated(&mut self, link: LinkId, update: &Update, now: Time) {
        self.counters.updates_in += 1;
        match update.range {
            Range::All => {
                for prefix in self.table.column(link) {
                    self.retracted(prefix, link, update, now);
                }
            }
            Range::V4(_) => self.ignore(Ignored::Ipv4),
            Range::V6(prefix) if !update.metric.is_finite() => {
                self.retracted(prefix, link, update, now);
            }
            Range::V6(prefix) => {
                let Some(router) = update.router else { return };
                match self.refused(prefix, router) {
                    Some(reason) => self.ignore(reason),
                    None => self.learn(prefix, link, told(update, router, now), now),
                }
            }
        }
    }

    /// Takes in that the neighbour has no route to `prefix` any more.
    fn retracted(&mut self, prefix: Prefix, link: LinkId, update: &Update, now: Time) {
        let Some(candidate) = self.table.candidate_mut(prefix, link) else { return };
        candidate.refmetric = Metric::INFINITE;
        candidate.every = update.next;
        candidate.until = now + held(update.next);
        candidate.nudged = true;
        let until = candidate.until;
        self.agenda.no_later(Timer::Expiry(prefix, link), whole_second(until));
        self.reselect(prefix, now);
    }

    /// Takes in a finite update. Source: RFC 8966 §3.5.3.
    fn learn(&mut self, prefix: Prefix, link: LinkId, candidate: Candidate, now: Time) {
        let router = candidate.router;
        let feasible = self.is_feasible(prefix, &candidate);
        let known = self.table.candidate(prefix, link);
        if known.is_none() && self.table.told_by(link) >= self.settings.max_routes_per_neighbour {
            return self.ignore(Ignored::Full);
        }
        let selected = self.table.selected(prefix).is_some_and(|(selected, _)| selected == link);
        if selected && !feasible && known.is_some_and(|known| known.router == router) {
            // Rule T2: the old distance stays, and a newer one is asked for.
            self.ignore(Ignored::Unfeasible);
            return self.ask(prefix, router, Some(link), now);
        }
        let same = known.is_some_and(|known| known.distance() == candidate.distance());
        let same = same && known.is_some_and(|known| known.router == router);
        let settled = same && feasible && self.table.selected(prefix).is_some();
        self.table.put(prefix, link, candidate);
        // Expiries fall on whole seconds, and a refreshed route is looked at only then.
        self.agenda.no_later(Timer::Expiry(prefix, link), whole_second(candidate.last_call()));
        // The usual end: nothing but the time of the last word has changed.
        if !settled {
            self.reselect(prefix, now);
        }
    }

    /// Looks at a route that may have become too old (rules T3, S4).
    pub(crate) fn aged(&mut self, prefix: Prefix, link: LinkId, now: Time) {
        let selected = self.table.selected(prefix).is_some_and(|(selected, _)| selected == link);
        let Some(candidate) = self.table.candidate_mut(prefix, link) else { return };
        if now < candidate.last_call() {
            let at = whole_second(candidate.last_call());
            return self.agenda.set(Timer::Expiry(prefix, link), at);
        }
        if now < candidate.until {
            candidate.nudged = true;
            let at = whole_second(candidate.until);
            self.agenda.set(Timer::Expiry(prefix, link), at);
            if selected && let Some(neighbour) = self.neighbours.get_mut(&link) {
                neighbour.out.routes.insert(Some(prefix));
                self.ready.insert(link);
            }
            return;
        }
        if candidate.refmetric.is_finite() {
            candidate.refmetric = Metric::INFINITE;
            candidate.until = now + held(candidate.every);
            let at = whole_second(candidate.until);
            self.agenda.set(Timer::Expiry(prefix, link), at);
        } else {
            self.table.remove(prefix, link);
        }
        self.reselect(prefix, now);
    }

    /// Returns why a route of a neighbour may not be believed, if so.
    fn refused(&self, prefix: Prefix, router: RouterId) -> Option<Ignored> {
        let ours = |own: &Prefix| own.covers(prefix);
        if is_martian(prefix) {
            Some(Ignored::Martian)
        } else if self.own.iter().any(ours) {
            Some(Ignored::Ours)
        } else if router == self.router {
            Some(Ignored::Echo)
        } else if !self.settings.believes(prefix) {
            Some(Ignored::Outside)
        } else {
            None
        }
    }

    pub(crate) fn ignore(&mut self, reason: Ignored) {
        self.counters.pass_over(reason.reason());
    }
}

/// Returns the route that a finite update tells.
fn told(update: &Update, router: RouterId, now: Time) -> Candidate {
    Candidate {
        router,
        seqno: update.seqno,
        refmetric: update.metric,
        every: update.next,
        until: now + held(update.next),
        nudged: false,
    }
}

impl Candidate {
    /// Returns when the neighbour must be asked to repeat a selected route, or once that is
    /// done, when it becomes too old.
    fn last_call(&self) -> Time {
        let left = if self.nudged { core::time::Duration::ZERO } else { self.every };
        let spare = left.as_micros();
        let spare = u64::try_from(spare).unwrap_or(u64::MAX);
        Time::from_micros(self.until.as_micros().saturating_sub(spare))
    }
}

/// Returns the first whole second from `at` on: many expiries, few wake-ups.
fn whole_second(at: Time) -> Time {
    Time::from_micros(at.as_micros().div_ceil(1_000_000).saturating_mul(1_000_000))
}

/// Tells whether the range is never routed. Source: rule T7, RFC 8966 §3.5.3.
fn is_martian(prefix: Prefix) -> bool {
    let link_local = Prefix::new(0xfe80 << 112, 10);
    let multicast = Prefix::new(0xff << 120, 8);
    let loopback = Prefix::new(1, 128);
    [link_local, multicast, loopback].iter().any(|martian| martian.covers(prefix))
}
