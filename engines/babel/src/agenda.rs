//! What is due, and when.

use alloc::collections::BTreeSet;

use words::{Deadline, Time};

use crate::candidates::Slot;
use crate::rows::RowId;
use crate::several::Several;
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
    /// Acknowledge what arrived.
    Acks,
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
            Self::Flush | Self::Acks | Self::Pace(_) => Why::Triggered,
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
    moments: Several<Timer, Time>,
    /// The same by moments, while there are many.
    order: BTreeSet<(Time, Timer)>,
    /// The first one. To look all through for the next takes less than to keep a few in order.
    first: Option<(Time, Timer)>,
}

impl Agenda {
    /// Sets `timer` to `at`, wherever it was.
    pub(crate) fn set(&mut self, timer: Timer, at: Time) {
        let was_many = self.moments.is_many();
        let before = self.moments.insert(timer, at);
        if was_many {
            if let Some(before) = before {
                self.order.remove(&(before, timer));
            }
            self.order.insert((at, timer));
        } else if self.moments.is_many() {
            self.order = self.moments.iter().map(|(timer, at)| (*at, *timer)).collect();
        }
        if self.first.is_none_or(|first| (at, timer) <= first) {
            self.first = Some((at, timer));
        } else if self.first.is_some_and(|(_, first)| first == timer) {
            self.look();
        }
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
        let Some(at) = self.moments.remove(&timer) else { return };
        if self.moments.is_many() {
            self.order.remove(&(at, timer));
        } else {
            self.order.clear();
        }
        if self.first.is_some_and(|(_, first)| first == timer) {
            self.look();
        }
    }

    /// Unsets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes out the first timer, if it is due.
    pub(crate) fn due(&mut self, now: Time) -> Option<Timer> {
        let (_, timer) = self.first.filter(|(at, _)| *at <= now)?;
        self.cancel(timer);
        Some(timer)
    }

    /// Returns when the first timer is due.
    pub(crate) fn first(&self) -> Option<Deadline<Why>> {
        self.first.map(|(at, timer)| Deadline { at, why: timer.why() })
    }

    /// Looks for the first timer.
    fn look(&mut self) {
        self.first = if self.moments.is_many() {
            self.order.first().copied()
        } else {
            // Of some at the same moment, the first of them comes first.
            let all = self.moments.iter().map(|(timer, at)| (*at, *timer));
            all.min_by_key(|(at, _)| *at)
        };
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

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

    #[test]
    fn many_come_as_few_do() {
        // Against a plain list.
        let (mut agenda, mut list) = (Agenda::default(), Vec::<(Time, Timer)>::new());
        let mut dice = words::Dice::of([7; 32], "agenda");
        let mut below = |most: u64| dice.bits() % most;
        let mut was = [false; 2];
        for n in 0..20_000_u64 {
            let slot = Slot(u16::try_from(below(60)).unwrap());
            let timer = match below(3) {
                0 => Timer::Update(slot),
                1 => Timer::Resend(slot, u16::try_from(below(40)).unwrap()),
                _ => Timer::Deaf(slot),
            };
            if below(4) == 0 {
                agenda.cancel(timer);
                list.retain(|it| it.1 != timer);
            } else {
                let at = Time::from_micros(n + below(2_000) / 50 * 50);
                agenda.set(timer, at);
                list.retain(|it| it.1 != timer);
                list.push((at, timer));
            }
            list.sort_unstable();
            // At times nothing is done for long.
            let now = Time::from_micros(if n / 3_000 % 2 == 0 { n } else { n / 3_000 * 3_000 });
            while let Some(timer) = agenda.due(now) {
                assert_eq!(Some(timer), list.first().map(|it| it.1));
                list.remove(0);
            }
            let first = list.first().map(|(at, timer)| Deadline { at: *at, why: timer.why() });
            assert_eq!(agenda.first(), first);
            assert_eq!(agenda.order.len(), if agenda.moments.is_many() { list.len() } else { 0 });
            was[usize::from(agenda.moments.is_many())] = true;
        }
        assert_eq!(was, [true; 2]);
    }
}
