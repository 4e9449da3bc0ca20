//! What is due, and when.

use alloc::collections::{BTreeMap, BTreeSet};

use words::{Deadline, Time};

use crate::candidates::Slot;
use crate::rows::RowId;
use crate::{Interface, RouterId, Why};

/// Everything that time alone brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// Greet everybody on the interface.
    Hello(Interface),
    /// Greet sooner than that, for somebody is new.
    Court(Interface),
    /// A greeting is missing in this stream.
    Silence(Slot, Stream),
    /// What the neighbour told of its reception is too old.
    Deaf(Slot),
    /// Tell the neighbour all routes again.
    Update(Slot),
    /// Tell what has changed.
    Flush,
    /// Go on telling the neighbour what did not fit into one breath.
    Pace(Slot),
    /// Tell the neighbour once more what overtook something older.
    Again(Slot),
    /// The neighbour did not acknowledge this packet.
    Resend(Slot, u16),
    /// Some of the neighbour's routes may be too old.
    Expiry(Slot),
    /// Nobody answered this request.
    Request(RowId, RouterId),
    /// A range need not be held any longer.
    Hold,
    /// Look again at routes that may be better elsewhere.
    Restless,
    /// Forget old sources and ranges.
    Garbage,
}

/// The two streams of greetings, each counted by itself (RFC 8966 §3.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stream {
    /// To everybody.
    Multicast,
    /// To us alone.
    Unicast,
}

impl Timer {
    /// Returns the reason as the world is told.
    pub(crate) const fn why(self) -> Why {
        match self {
            Self::Hello(_) | Self::Court(_) => Why::Hello,
            Self::Silence(..) | Self::Deaf(_) => Why::Neighbour,
            Self::Update(_) => Why::Update,
            Self::Flush | Self::Pace(_) => Why::Triggered,
            Self::Resend(..) | Self::Again(_) => Why::Resend,
            Self::Expiry(_) | Self::Hold => Why::Expiry,
            Self::Request(..) => Why::Request,
            Self::Restless => Why::Restless,
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

    /// Returns when `timer` is due, if it is set.
    pub(crate) fn moment(&self, timer: Timer) -> Option<Time> {
        self.moments.get(&timer).copied()
    }

    /// Unsets `timer`.
    pub(crate) fn cancel(&mut self, timer: Timer) {
        if let Some(at) = self.moments.remove(&timer) {
            self.order.remove(&(at, timer));
        }
    }

    /// Unsets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
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
        let (hello, hold) = (Timer::Hello(Interface(1)), Timer::Hold);
        let mut agenda = Agenda::default();
        agenda.set(hello, Time::from_micros(3));
        agenda.set(hold, Time::from_micros(2));
        agenda.set(hello, Time::from_micros(1));
        agenda.no_later(hold, Time::from_micros(9));
        assert_eq!(agenda.first().map(|first| first.why), Some(Why::Hello));
        assert_eq!(agenda.due(Time::ZERO), None);
        assert_eq!(agenda.due(Time::from_micros(2)), Some(hello));
        assert_eq!(agenda.due(Time::from_micros(2)), Some(hold));
        assert!(agenda.first().is_none());
    }
}
