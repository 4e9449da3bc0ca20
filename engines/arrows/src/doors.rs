//! Who may open a link to us.

use core::time::Duration;

use words::{LinkId, NodeId, Time};

use crate::health::Health;
use crate::life::{Life, Link};
use crate::pulse::Pulse;
use crate::{Arrows, Death, Event, Output, Refusal};

/// What becomes of a present link with a node that asks to open another.
enum Standoff {
    /// The new one is refused.
    Refuse(Refusal),
    /// The present one makes room.
    GiveWay(Death),
    /// The present one is on its way out: both may be, for a while.
    Beside,
}

impl Arrows {
    /// Somebody asks to open a link to us.
    pub(crate) fn requested(&mut self, id: LinkId, from: NodeId, now: Time) {
        if self.links.contains_key(&id) {
            return;
        }
        let often = !self.callers.may_ask(from, now);
        let admitted = if often { Err(Refusal::Often) } else { self.admit(from, now) };
        if let Err(of) = admitted {
            self.say(Output::Refuse(id, of));
            return self.say(Output::Event(Event::TurnedAway { link: id, from, of }));
        }
        self.let_in(id, from, now);
        self.say(Output::Accept(id));
    }

    /// A link that was let in is others' to look after.
    pub(crate) fn hand_over(&mut self, id: LinkId, now: Time) {
        if !id.is_ours() {
            self.bury(id, Death::Moved, now);
        }
    }

    /// A link that was let in already is ours to look after.
    pub(crate) fn take_over(&mut self, id: LinkId, from: NodeId, now: Time) {
        if self.links.contains_key(&id) {
            return;
        }
        match self.admit(from, now) {
            Ok(()) => self.let_in(id, from, now),
            Err(of) => {
                self.say(Output::Close(id));
                self.say(Output::Event(Event::TurnedAway { link: id, from, of }));
            }
        }
    }

    fn let_in(&mut self, id: LinkId, from: NodeId, now: Time) {
        let link = Link {
            peer: from,
            born: now,
            used_by: 0,
            uses: 0,
            told: now,
            life: Life::Opening { give_up: now + self.settings.patience },
            pulse: Pulse::new(now),
            health: Health::default(),
            words: Link::words(),
            owned: None,
        };
        self.links.insert(id, link);
    }

    /// Makes room for a link with `from`, or says why not.
    fn admit(&mut self, from: NodeId, now: Time) -> Result<(), Refusal> {
        if from == self.me {
            return Err(Refusal::Identity);
        }
        if self.leaving.is_some() {
            return Err(Refusal::Leaving);
        }
        let with_it = || self.links.iter().filter(|(_, link)| link.peer == from);
        let present = with_it().min_by_key(|(_, link)| link.is_draining());
        let standoff = present.map(|(id, link)| (*id, self.standoff(link, now)));
        match standoff {
            Some((_, Standoff::Refuse(refusal))) => Err(refusal),
            Some((id, Standoff::GiveWay(of))) => {
                self.has_room(Some(id))?;
                self.close(id, of, now);
                Ok(())
            }
            Some((_, Standoff::Beside)) if with_it().count() > 1 => Err(Refusal::Linked),
            Some((_, Standoff::Beside)) | None => self.has_room(None),
        }
    }

    /// Decides between a `present` link and a new dial of the node at its other end.
    ///
    /// If both dial at once, the dial of the smaller name wins, so that both ends decide
    /// alike; but one that has dialled in vain for a while does not insist: the other may
    /// be out of its reach, and not it out of the other's. A node that dials although we hold a link with it has lost that link: if
    /// it is also silent there, the new one takes its place.
    fn standoff(&self, present: &Link, now: Time) -> Standoff {
        match (present.life, present.owned) {
            (Life::Seeking { .. }, _) => Standoff::GiveWay(Death::Crossed),
            (Life::Opening { give_up }, Some(_))
                if present.peer < self.me || self.was_in_vain(give_up, now) =>
            {
                Standoff::GiveWay(Death::Crossed)
            }
            (Life::Opening { .. }, Some(_)) => Standoff::Refuse(Refusal::Crossed),
            (Life::Opening { .. }, None) => Standoff::GiveWay(Death::Unborn),
            (Life::Live | Life::Draining(_), _) => {
                if present.pulse.is_doubtful(now, &self.settings) {
                    Standoff::GiveWay(Death::Lost)
                } else if present.owned.is_none() && present.is_draining() {
                    Standoff::Beside
                } else {
                    Standoff::Refuse(Refusal::Linked)
                }
            }
        }
    }

    /// Tells whether a dial that ends at `give_up` has long been without an answer.
    fn was_in_vain(&self, give_up: Time, now: Time) -> bool {
        give_up.since(now) + IN_VAIN < self.settings.patience
    }

    /// Tells whether one more link of somebody else fits, not counting `but`.
    fn has_room(&self, but: Option<LinkId>) -> Result<(), Refusal> {
        let theirs = || {
            let others = self.links.iter().filter(move |(id, _)| Some(**id) != but);
            others.map(|(_, link)| link).filter(|link| link.owned.is_none())
        };
        let limit = self.settings.acceptance;
        let settled = theirs().filter(|link| !link.is_draining()).count();
        let room = settled < limit && theirs().count() < limit.saturating_mul(2);
        if room { Ok(()) } else { Err(Refusal::Full) }
    }
}

/// An answer to a dial comes sooner than this, if it comes.
const IN_VAIN: Duration = Duration::from_secs(3);
