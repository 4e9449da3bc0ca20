//! What the two ends of a link say to each other.

use alloc::vec::Vec;
use core::time::Duration;

use words::{LinkId, Time};

use crate::life::{Drain, Life, Link, Other, Said};
use crate::wire::Frame;
use crate::{Arrows, Death, Event, Malformed, Output};

/// How often the owner of a link hears how much we use it, at least: some times in each of its rounds.
const TOLD_AGAIN: Duration = Duration::from_mins(1);

/// Returns what a link dies of, if the other end is heard no more.
pub(crate) const fn silent_death(link: &Link) -> Death {
    match &link.life {
        Life::Seeking { .. } | Life::Opening { .. } => Death::Unborn,
        Life::Draining(drain) if matches!(drain.said, Said::Goodbye) => agreed_death(drain),
        Life::Live | Life::Draining(_) => Death::Lost,
    }
}

/// Returns what a link dies of, once both ends have left it.
pub(crate) const fn agreed_death(drain: &Drain) -> Death {
    if drain.unused { Death::Condemned } else { Death::Drained }
}

impl Arrows {
    /// Sends a word to the other end.
    pub(crate) fn tell(&mut self, id: LinkId, frame: Frame) {
        self.say(Output::Send(id, frame.encode()));
    }

    /// Takes in a word of the other end.
    pub(crate) fn frame(&mut self, id: LinkId, octets: &[u8], now: Time) {
        let Some(link) = self.links.get_mut(&id).filter(|link| link.is_up()) else { return };
        link.pulse.heard(now);
        if !link.words.take(now) {
            return self.garbled(id, Malformed::Flood);
        }
        let (ours, drains) = (link.owned.is_some(), link.is_draining());
        match Frame::decode(octets) {
            Ok(Frame::Probe(token)) => self.probed(id, token, now),
            Ok(Frame::Echo(token)) => self.echoed(id, token, now),
            Ok(Frame::Drain) if !ours => self.told_to_drain(id, now),
            Ok(Frame::Goodbye) if !ours => self.told_goodbye(id, now),
            Ok(Frame::Farewell) => self.told_farewell(id, now),
            Ok(Frame::Draining(routes)) if ours && drains => {
                self.heard_of_other(id, Other::Using(routes));
            }
            Ok(Frame::Uses(routes)) if ours => link.uses = routes,
            Ok(Frame::Left) if ours && drains => self.heard_of_other(id, Other::Left(now)),
            Ok(Frame::GoodbyeAck) if ours && drains => self.goodbye_answered(id, now),
            Ok(frame @ (Frame::Draining(_) | Frame::Left | Frame::GoodbyeAck)) if ours => {
                self.garbled(id, Malformed::Untimely(frame.kind()));
            }
            Ok(frame) => self.garbled(id, Malformed::Misplaced(frame.kind())),
            Err(of) => self.garbled(id, of),
        }
    }

    fn garbled(&mut self, link: LinkId, of: Malformed) {
        self.say(Output::Event(Event::Garbled { link, of }));
    }

    fn echoed(&mut self, id: LinkId, token: u64, now: Time) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let (round_trip, peer) = (link.pulse.echoed(token, now), link.peer);
        if let Some(delay) = round_trip
            && self.settings.selection.neighbourhood.is_on()
        {
            self.known.measured(peer, delay);
        }
    }

    /// The other end asks whether we are there. Its owner hears besides how much we use the link,
    /// if that is not about what it heard last, and now and then anyway, as a word may be lost: both
    /// ends' use counts in its rounds.
    fn probed(&mut self, id: LinkId, token: u64, now: Time) {
        self.tell(id, Frame::Echo(token));
        let Some(link) = self.links.get_mut(&id) else { return };
        let used_by = link.used_by;
        let is_new = used_by.abs_diff(link.uses) > link.uses / 8;
        if link.owned.is_none() && (is_new || now.since(link.told) >= TOLD_AGAIN) {
            (link.uses, link.told) = (used_by, now);
            self.tell(id, Frame::Uses(used_by));
        }
    }

    /// Acceptor: the owner has condemned the link. Shun it too, and say how it stands.
    fn told_to_drain(&mut self, id: LinkId, now: Time) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let used_by = link.used_by;
        if link.condemned(None, used_by == 0, now) {
            self.say(Output::Shun(id));
            self.say(Output::Watch(id));
        }
        self.tell(id, Frame::Draining(used_by));
    }

    /// Acceptor: the owner has left. Close, if we have left as well and still.
    fn told_goodbye(&mut self, id: LinkId, now: Time) {
        let Some(link) = self.links.get(&id) else { return };
        if link.has_left(now, self.settings.quiet) {
            self.tell(id, Frame::GoodbyeAck);
            self.close(id, Death::Drained, now);
        } else {
            self.told_to_drain(id, now);
        }
    }

    /// The other end closes: its limit is reached, if it owns the link and has condemned it,
    /// or it stops.
    fn told_farewell(&mut self, id: LinkId, now: Time) {
        let Some(link) = self.links.get(&id) else { return };
        let overdue = link.owned.is_none() && link.is_draining();
        let of = if overdue { Death::Overdue } else { Death::Left };
        self.close(id, of, now);
    }

    /// Owner: the other end says how it stands.
    fn heard_of_other(&mut self, id: LinkId, other: Other) {
        if let Some(drain) = self.links.get_mut(&id).and_then(Link::drain) {
            drain.other = other;
        }
    }

    /// Owner: the other end has closed.
    fn goodbye_answered(&mut self, id: LinkId, now: Time) {
        let Some(drain) = self.links.get_mut(&id).and_then(Link::drain) else { return };
        if drain.said == Said::Goodbye {
            let of = agreed_death(drain);
            self.close(id, of, now);
        } else {
            self.garbled(id, Malformed::Untimely(Frame::GoodbyeAck.kind()));
        }
    }

    /// Says what follows from having left, or from not having left any more.
    pub(crate) fn agree(&mut self, now: Time) {
        for id in self.links.draining() {
            self.agree_on(id, now);
        }
    }

    fn agree_on(&mut self, id: LinkId, now: Time) {
        let (quiet, freshness) = (self.settings.quiet, self.settings.freshness());
        let Some(link) = self.links.get_mut(&id) else { return };
        let (left, ours, used_by) = (link.has_left(now, quiet), link.owned.is_some(), link.used_by);
        let Some(drain) = link.drain() else { return };
        let other_left = matches!(drain.other, Other::Left(at) if now.since(at) <= freshness);
        match (drain.said, left) {
            (Said::Draining, true) if ours && other_left => {
                drain.said = Said::Goodbye;
                self.say(Output::Leave(id));
                self.tell(id, Frame::Goodbye);
            }
            (Said::Draining, true) if !ours => {
                drain.said = Said::Left;
                self.tell(id, Frame::Left);
            }
            (Said::Left, false) => {
                drain.said = Said::Draining;
                self.tell(id, Frame::Draining(used_by));
            }
            (Said::Draining | Said::Left | Said::Goodbye, _) => {}
        }
    }

    /// Probes the other ends, and says again what they did not answer.
    pub(crate) fn probe(&mut self, now: Time) {
        if self.next_probe.is_none_or(|at| now < at) {
            return;
        }
        let up: Vec<_> =
            self.links.iter().filter(|(_, link)| link.is_up()).map(|(id, _)| *id).collect();
        self.next_probe = (!up.is_empty()).then(|| now + self.settings.probe);
        for id in up {
            self.remind(id, now);
        }
    }

    /// Probes an end that is silent, out of turn.
    pub(crate) fn nudge(&mut self, id: LinkId, now: Time) {
        if let Some(link) = self.links.get_mut(&id) {
            let token = link.pulse.probe(now);
            self.tell(id, Frame::Probe(token));
        }
    }

    /// The owner probes always; the other end hears that, and probes only if it does not.
    fn remind(&mut self, id: LinkId, now: Time) {
        self.assess(id, now);
        let Some(link) = self.links.get_mut(&id) else { return };
        let ours = link.owned.is_some();
        let again = match &link.life {
            Life::Draining(drain) => again(drain, ours, link.used_by),
            Life::Seeking { .. } | Life::Opening { .. } | Life::Live => None,
        };
        if ours {
            let token = link.pulse.probe(now);
            self.tell(id, Frame::Probe(token));
        }
        if let Some(frame) = again {
            self.tell(id, frame);
        }
    }
}

/// Returns the word of a draining link that is said again at each probe.
const fn again(drain: &Drain, ours: bool, used_by: u32) -> Option<Frame> {
    match (drain.said, drain.other) {
        (Said::Goodbye, _) => Some(Frame::Goodbye),
        (Said::Left, _) => Some(Frame::Left),
        (Said::Draining, _) if !ours => Some(Frame::Draining(used_by)),
        (Said::Draining, Other::Unaware) => Some(Frame::Drain),
        (Said::Draining, Other::Using(_) | Other::Left(_)) => None,
    }
}
