//! Links and the neighbours at their ends: greeted, heard, lost, shunned (RFC 8966 §3.4).

use core::time::Duration;

use words::{LinkId, Time};

use crate::agenda::{Stream, Timer};
use crate::neighbour::{Greeting, Neighbour};
use crate::wire::{Echo, Hello, Ihu};
use crate::{Babel, Cost, Seqno, anywhere};

impl Babel {
    /// Begins to court the neighbour at the other end of a new link.
    pub(crate) fn up(&mut self, link: LinkId, now: Time) {
        if self.neighbours.contains_key(&link) {
            return;
        }
        let hello = Seqno(anywhere(&mut self.dice));
        let mut neighbour = Neighbour::new(hello, anywhere(&mut self.dice));
        neighbour.out.routes.insert(None);
        self.neighbours.insert(link, neighbour);
        if self.neighbours.len() == 1 {
            let (hello, update) = (self.settings.hello, self.settings.update);
            let (hello, update) = (self.shortened(hello), self.shortened(update));
            self.agenda.set(Timer::Hello, now + hello);
            self.agenda.set(Timer::Update, now + update);
        }
        self.agenda.set(Timer::Court(link), now);
    }

    /// Ends a link at once. What has another way takes it, without a gap.
    pub(crate) fn down(&mut self, link: LinkId, now: Time) {
        if self.neighbours.remove(&link).is_none() {
            return;
        }
        for timer in [
            Timer::Court(link),
            Timer::Silence(link, Stream::Multicast),
            Timer::Silence(link, Stream::Unicast),
            Timer::Deaf(link),
        ] {
            self.agenda.cancel(timer);
        }
        self.ready.remove(&link);
        self.requests.drop_link(link);
        self.drop_column(link, now);
        if self.neighbours.is_empty() {
            self.agenda.cancel(Timer::Hello);
            self.agenda.cancel(Timer::Update);
        }
    }

    /// Makes a link look bad in both directions, for ever.
    pub(crate) fn shun(&mut self, link: LinkId, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        if neighbour.shunned {
            return;
        }
        neighbour.shunned = true;
        self.review(link, now);
        // Also if the other end shunned first, and the cost is what it was.
        self.reselect_column(link, now);
    }

    /// Greets every neighbour.
    pub(crate) fn greet_all(&mut self, now: Time) {
        for (link, neighbour) in &mut self.neighbours {
            neighbour.out.hello = true;
            self.ready.insert(*link);
        }
        let next = self.shortened(self.settings.hello);
        self.agenda.set(Timer::Hello, now + next);
    }

    /// Greets a neighbour that is not usable yet, and soon again.
    pub(crate) fn court(&mut self, link: LinkId, now: Time) {
        let again = self.shortened(self.settings.hello / 4);
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        if neighbour.is_usable() || neighbour.courting == 0 {
            return;
        }
        neighbour.courting -= 1;
        neighbour.out.hello = true;
        self.ready.insert(link);
        self.agenda.set(Timer::Court(link), now + again);
    }

    /// Takes in a greeting; [`review`](Self::review) follows, as for all that comes in a packet.
    pub(crate) fn greeted(&mut self, link: LinkId, hello: &Hello, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        let mut greeting = neighbour.hear(hello, now);
        if greeting == Greeting::Restarted {
            self.forget(link, now);
            let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
            greeting = neighbour.hear(hello, now);
        }
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        if greeting == Greeting::First {
            neighbour.out.routes.insert(None);
        }
        if let Some(next) = hello.next {
            let stream = if hello.unicast { Stream::Unicast } else { Stream::Multicast };
            // Half as long again as promised, then one miss per interval. Rule N3: a greeting
            // that promises nothing touches no timer.
            self.agenda.set(Timer::Silence(link, stream), now + next + next / 2);
        }
    }

    /// Notes a greeting that did not come.
    pub(crate) fn missed(&mut self, link: LinkId, stream: Stream, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        let next = neighbour.miss(stream);
        if neighbour.is_silent() {
            self.forget(link, now);
        } else if let Some(next) = next {
            self.agenda.set(Timer::Silence(link, stream), now + next);
        }
        self.review(link, now);
    }

    /// Takes in what the neighbour says of its reception.
    pub(crate) fn heard_by(&mut self, link: LinkId, ihu: &Ihu, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        neighbour.txcost = ihu.rxcost;
        self.agenda.set(Timer::Deaf(link), now + held(ihu.next));
    }

    /// Ends the belief that the neighbour hears us.
    pub(crate) fn deaf(&mut self, link: LinkId, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        neighbour.txcost = Cost::INFINITE;
        self.review(link, now);
    }

    /// Takes in one round trip, if the packet told one: the echo, and when that was sent.
    pub(crate) fn timed(&mut self, link: LinkId, trip: Option<(Echo, u32)>, now: Time) {
        if let (Some(neighbour), Some((echo, sent))) = (self.neighbours.get_mut(&link), trip) {
            neighbour.time(echo, sent, now);
        }
    }

    /// Draws the consequences of whatever changed about a neighbour.
    ///
    /// What we tell of our reception changed: it is told at once. The link's cost has left
    /// the one in use: its routes are looked at again (rule N7). The link became usable: the
    /// neighbour is told everything.
    pub(crate) fn review(&mut self, link: LinkId, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        if neighbour.rxcost() != neighbour.told {
            neighbour.out.hello = true;
            self.ready.insert(link);
        }
        let measured = neighbour.measured(now);
        if !measured.has_left(neighbour.cost) {
            return;
        }
        let was_usable = neighbour.is_usable();
        neighbour.cost = measured;
        self.reselect_column(link, now);
        if !was_usable {
            self.dump(link, now);
        }
    }

    /// Treats the neighbour as never heard of.
    fn forget(&mut self, link: LinkId, now: Time) {
        let Some(neighbour) = self.neighbours.get_mut(&link) else { return };
        neighbour.forget();
        self.agenda.cancel(Timer::Deaf(link));
        self.agenda.cancel(Timer::Silence(link, Stream::Multicast));
        self.agenda.cancel(Timer::Silence(link, Stream::Unicast));
        self.agenda.set(Timer::Court(link), now);
        self.drop_column(link, now);
    }
}

/// Returns how long something is believed whose repetition was promised after `next`.
///
/// Source: RFC 8966 App. B, 3.5 times the interval.
pub(crate) fn held(next: Duration) -> Duration {
    next * 7 / 2
}
