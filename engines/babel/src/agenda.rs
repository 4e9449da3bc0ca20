//! What is due, and when.

use alloc::collections::{BTreeMap, BTreeSet};

use words::{Deadline, LinkId, Prefix, Time};

use crate::{RouterId, Why};

/// Everything that time alone brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// Greet every neighbour.
    Hello,
    /// Greet a neighbour that does not hear us yet, sooner than the others.
    Court(LinkId),
    /// A greeting is missing in this stream.
    Silence(LinkId, Stream),
    /// What the neighbour told of its reception is too old.
    Deaf(LinkId),
    /// Tell every neighbour all routes again.
    Update,
    /// Tell what has changed.
    Flush,
    /// Nobody acknowledged this packet.
    Resend(LinkId, u16),
    /// A neighbour's route is too old.
    Expiry(Prefix, LinkId),
    /// Nobody answered this request.
    Request(Prefix, RouterId),
    /// Forget old sources.
    Garbage,
}

/// The two streams of greetings, each counted by itself (RFC 8966 §3.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stream {
    /// To the whole link.
    Multicast,
    /// To us alone.
    Unicast,
}

impl Timer {
    /// Returns the reason as the world is told.
    pub(crate) const fn why(self) -> Why {
        match self {
            Self::Hello | Self::Court(_) => Why::Hello,
            Self::Silence(..) | Self::Deaf(_) => Why::Neighbour,
            Self::Update => Why::Update,
            Self::Flush => Why::Triggered,
            Self::Resend(..) => Why::Resend,
            Self::Expiry(..) => Why::Expiry,
            Self::Request(..) => Why::Request,
            Self::Garbage => Why::Garbage,
        }
    }
}

/// Timers in the order of their moments, each at most once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agenda {
    moments: BTreeMap<Timer, Time>,
    order: BTreeSet<(Time, Timer)>,
}

impl Agenda {
    /// Sets `timer` to `at`, wherever it was.
    pub(crate) fn set(&mut self, timer: Timer, at: Time) {
        if let Some(before) = self.moments.insert(timer, at) {
            self.order.remove(&(before, timer));
        }
        self.order.insert((at, timer));
    }

    /// Sets `timer` to `at`, unless it is due before anyway.
    pub(crate) fn no_later(&mut self, timer: Timer, at: Time) {
        if self.moments.get(&timer).is_none_or(|before| at < *before) {
            self.set(timer, at);
        }
    }

    /// Unsets `timer`.
    pub(crate) fn cancel(&mut self, timer: Timer) {
        if let Some(at) = self.moments.remove(&timer) {
            self.order.remove(&(at, timer));
        }
    }

    /// Takes out the first timer, if it is due.
    pub(crate) fn due(&mut self, now: Time) -> Option<Timer> {
        let (_, timer) = *self.order.first().filter(|(at, _)| *at <= now)?;
        self.cancel(timer);
        Some(timer)
    }

    /// Returns when the first timer is due.
    pub(crate) fn first(&self) -> Option<Deadline<Why>> {
        self.order.first().map(|(at, timer)| Deadline { at: *at, why: timer.why() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_come_in_order_and_once() {
        let mut agenda = Agenda::default();
        agenda.set(Timer::Hello, Time::from_micros(3));
        agenda.set(Timer::Update, Time::from_micros(2));
        agenda.set(Timer::Hello, Time::from_micros(1));
        agenda.no_later(Timer::Update, Time::from_micros(9));
        assert_eq!(agenda.first().map(|first| first.why), Some(Why::Hello));
        assert_eq!(agenda.due(Time::ZERO), None);
        assert_eq!(agenda.due(Time::from_micros(2)), Some(Timer::Hello));
        assert_eq!(agenda.due(Time::from_micros(2)), Some(Timer::Update));
        assert!(agenda.first().is_none());
    }
}
