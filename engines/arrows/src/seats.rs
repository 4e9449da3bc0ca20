//! Our seats: who is drawn, when, and who makes room.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use principles::Drawn;
use principles::destruction::{self, Condemned, Sentence, Standing};
use principles::exceptions::SameLan;
use principles::selection::{Candidate, Held, Prospects, choose, choose_carrier};
use words::{Carriers, LinkId, NodeId, Time};

use crate::health::Health;
use crate::lan::Lan;
use crate::life::{Life, Link, Owned, Verdict};
use crate::pulse::Pulse;
use crate::wire::Frame;
use crate::{Arrows, Death, Event, Output, Settings};

/// A seat that rests after failed dials. It remembers how many, and not whose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resting {
    pub(crate) until: Time,
    tries: u8,
}

impl Arrows {
    /// Something changed: free seats are drawn as soon as the news are gathered.
    pub(crate) fn draw_soon(&mut self, now: Time) {
        self.next_draw = self.next_draw.or(Some(now + self.settings.gather));
    }

    /// A seat came free by our own doing: its successor is drawn at once.
    fn draw_now(&mut self, now: Time) {
        self.next_draw = Some(now);
    }

    /// From now on nobody is drawn, or the free seats are.
    pub(crate) fn hold(&mut self, holds: bool, now: Time) {
        self.holds = holds;
        self.draw_soon(now);
    }

    /// Opens arrows until all seats are taken, or nobody is left to call.
    pub(crate) fn fill_seats(&mut self, now: Time) {
        if self.holds || self.leaving.is_some() {
            self.resting.clear();
            self.lan = Lan::default();
            self.next_draw = None;
            return;
        }
        let rested = self.resting.iter().any(|seat| seat.until <= now) || self.lan.rested(now);
        if !rested && self.next_draw.is_none_or(|at| now < at) {
            return;
        }
        self.next_draw = None;
        self.draw_seats(now);
        self.draw_on_lan(now);
    }

    /// Draws for the seats that are free.
    fn draw_seats(&mut self, now: Time) {
        let mut tries: Vec<_> =
            self.resting.extract_if(.., |seat| seat.until <= now).map(|seat| seat.tries).collect();
        let taken = self.links.values().filter(|link| link.takes_a_seat()).count();
        let free = self.settings.seats.saturating_sub(taken + self.resting.len());
        if free == 0 {
            return;
        }
        for drawn in self.draw(free) {
            self.seek(drawn, tries.pop().unwrap_or(0), now);
        }
    }

    /// Draws up to `count` nodes, one seat after the other.
    fn draw(&mut self, count: usize) -> Vec<Drawn<NodeId>> {
        let mut taken: BTreeSet<_> = self.links.values().map(|link| link.peer).collect();
        taken.insert(self.me);
        let free = |node: &NodeId| !taken.contains(node);
        let mut candidates = self.known.candidates(&taken);
        let mut named: Vec<_> = self.known.named.iter().copied().filter(free).collect();
        let mut introduced = self.known.introduced.filter(free);
        let mut held: Vec<_> = self.held(None);
        let mut parting = self.parting();
        let mut drawn = Vec::new();
        while drawn.len() < count {
            let prospects = Prospects {
                candidates: &candidates,
                alone: self.known.nobody(),
                named: &named,
                introduced,
                held: &held,
                seats: self.settings.seats,
            };
            let Some(next) = choose(&prospects, &self.settings.selection, &mut self.dice) else {
                if parting.is_empty() {
                    break;
                }
                candidates.append(&mut parting);
                continue;
            };
            candidates.retain(|candidate| candidate.node != next.item);
            named.retain(|node| *node != next.item);
            introduced = introduced.filter(|node| *node != next.item);
            let traits = self.known.traits(next.item);
            held.push(Held { traits, carrier: None, cause: next.cause });
            drawn.push(next);
        }
        drawn
    }

    /// Returns the nodes of which a draining arrow is our only link.
    ///
    /// Candidates if nobody else is: where two nodes know only each other, the arrow
    /// would be cut at its limit, because routes have nowhere else to go.
    fn parting(&self) -> Vec<Candidate> {
        let links = |peer: NodeId| self.links.values().filter(move |link| link.peer == peer);
        let ours = |link: &Link| link.owned.is_some() && link.is_draining();
        let mut candidates = self.known.candidates(&BTreeSet::from([self.me]));
        candidates
            .retain(|Candidate { node, .. }| links(*node).count() == 1 && links(*node).all(ours));
        candidates
    }

    /// Returns the arrows that take a seat, as exceptions may see them, `but` one.
    fn held(&self, but: Option<LinkId>) -> Vec<Held> {
        let seated =
            self.links.iter().filter(|(id, link)| Some(**id) != but && link.takes_a_seat());
        seated
            .filter_map(|(_, link)| {
                let (traits, owned) = (self.known.traits(link.peer), link.owned?);
                Some(Held { traits, carrier: owned.carrier.map(|by| by.item), cause: owned.cause })
            })
            .collect()
    }

    /// An arrow is born: first, how is its node reached?
    pub(crate) fn seek(&mut self, drawn: Drawn<NodeId>, tries: u8, now: Time) {
        let (id, to, cause) = (LinkId::ours(self.next_link), drawn.item, drawn.cause);
        self.next_link += self.step;
        let link = Link {
            peer: to,
            born: now,
            used_by: 0,
            uses: 0,
            told: now,
            life: Life::Seeking { give_up: now + self.settings.patience },
            pulse: Pulse::new(now),
            health: Health::default(),
            words: Link::words(),
            owned: Some(Owned { cause, carrier: None, tries }),
        };
        self.links.insert(id, link);
        self.say(Output::Event(Event::Born { link: id, to, of: cause }));
        self.say(Output::Seek(id, to));
    }

    /// Opens an arrow to a node that was drawn elsewhere.
    pub(crate) fn try_one(&mut self, drawn: Drawn<NodeId>, now: Time) {
        let linked = self.links.values().any(|link| link.peer == drawn.item);
        if !linked && drawn.item != self.me && self.leaving.is_none() {
            self.seek(drawn, 0, now);
        }
    }

    /// The node can be reached: the carrier is drawn among those both have.
    pub(crate) fn found(&mut self, id: LinkId, carriers: Carriers, now: Time) {
        let common = self.settings.carriers.common(carriers);
        let held = self.held(Some(id));
        let Some(link) = self.links.get_mut(&id) else { return };
        let (Life::Seeking { .. }, Some(owned)) = (link.life, &mut link.owned) else { return };
        let bends = &self.settings.selection;
        let drawn = choose_carrier(common, &held, &self.failing, bends, &mut self.dice);
        let Some(drawn) = drawn else { return self.close(id, Death::Incompatible, now) };
        owned.carrier = Some(drawn);
        link.life = Life::Opening { give_up: now + self.settings.patience };
        let to = link.peer;
        self.say(Output::Open(id, to, drawn.item));
    }

    pub(crate) fn not_found(&mut self, id: LinkId, now: Time) {
        if self.links.get(&id).is_some_and(|link| matches!(link.life, Life::Seeking { .. })) {
            self.close(id, Death::NotFound, now);
        }
    }

    /// The other end refused: the carrier works, so only the seat rests.
    pub(crate) fn refused(&mut self, id: LinkId, now: Time) {
        let Some(link) = self.links.get(&id) else { return };
        if let (Life::Opening { .. }, Some(owned)) = (link.life, link.owned) {
            if let Some(carrier) = owned.carrier {
                self.failing.worked(carrier.item);
            }
            self.close(id, Death::Refused, now);
        }
    }

    pub(crate) fn arrow_up(&mut self, id: LinkId, to: NodeId, owned: Owned, took: Duration) {
        let Some(Drawn { item: carrier, cause: by }) = owned.carrier else { return };
        self.failing.worked(carrier);
        let of = owned.cause;
        if SameLan::owes(of) {
            self.lan.worked();
        }
        self.say(Output::Event(Event::Opened { link: id, to, of, carrier, by, took }));
    }

    /// An arrow died: its seat is free, at once or after a rest.
    pub(crate) fn free_seat(&mut self, link: &Link, of: Death, now: Time) {
        let Some(owned) = link.owned else { return };
        if let (Death::Unborn, Life::Opening { .. }, Some(carrier)) = (of, link.life, owned.carrier)
        {
            self.failing.failed(carrier.item);
        }
        if of.was_a_failed_dial() {
            let rest = self.settings.rest_after(owned.tries);
            // Nodes that failed together do not dial together again.
            let until = now + rest + self.dice.within(rest / 4);
            if SameLan::owes(owned.cause) {
                return self.lan.rest(until);
            }
            self.resting.push(Resting { until, tries: owned.tries.saturating_add(1) });
            self.known.introduced = self.known.introduced.filter(|peer| *peer != link.peer);
        } else if !link.is_draining() && of != Death::Left {
            // Of one that left, routing must first hear: it is no candidate.
            self.draw_now(now);
        }
    }

    /// Runs the renewal round, when its time has come.
    pub(crate) fn renew(&mut self, now: Time) {
        if now < self.next_round || self.leaving.is_some() {
            return;
        }
        self.next_round = now + self.settings.round();
        let Settings { share, destruction, .. } = &self.settings;
        let standing = self.standing();
        let dice = &mut self.dice;
        for condemned in destruction::condemn(&standing, *share, destruction, now, dice) {
            self.condemn(condemned, now);
        }
    }

    /// Returns our live arrows with their use, and nothing else.
    pub(crate) fn standing(&self) -> Vec<Standing> {
        (self.links.iter())
            .filter(|(_, link)| link.owned.is_some() && matches!(link.life, Life::Live))
            .map(|(id, link)| Standing { link: *id, used_by: self.use_at_both_ends(link) })
            .collect()
    }

    /// Returns how many routes lead over an arrow, either way. What the other end says counts for
    /// no more than one for each node there is.
    fn use_at_both_ends(&self, link: &Link) -> u32 {
        let nodes = u32::try_from(self.known.reach()).unwrap_or(u32::MAX);
        link.used_by.saturating_add(link.uses.min(nodes))
    }

    /// Begins the last days of an arrow; its successor is drawn now.
    ///
    /// One that nobody uses still has two ends, which briefly agree.
    fn condemn(&mut self, condemned: Condemned, now: Time) {
        let id = condemned.link;
        let limit = self.settings.destruction.in_use.limit();
        let (until, unused) = match condemned.sentence {
            Sentence::Now => (now + self.settings.brief.min(limit), true),
            Sentence::Drain { until } => (until, false),
        };
        let Some(link) = self.links.get_mut(&id) else { return };
        let of = condemned.cause;
        if !link.condemned(Some(Verdict { until, of }), unused, now) {
            return;
        }
        let (to, age) = (link.peer, now.since(link.born));
        self.say(Output::Shun(id));
        self.say(Output::Watch(id));
        self.tell(id, Frame::Drain);
        self.say(Output::Event(Event::Draining { link: id, to, of, age }));
        self.draw_now(now);
    }

    /// Gives up our arrows to a node that others of ours draw: what routing uses is drained.
    pub(crate) fn give_up(&mut self, node: NodeId, now: Time) {
        let ours = |link: &Link| link.peer == node && link.owned.is_some();
        let found = self.links.iter().filter(|(_, link)| ours(link) && !link.is_up());
        let unborn: Vec<LinkId> = found.map(|(id, _)| *id).collect();
        for id in unborn {
            self.close(id, Death::Surplus, now);
        }
        let is_with_it = |it: &Standing| self.links.get(&it.link).is_some_and(ours);
        let standing: Vec<_> = self.standing().into_iter().filter(is_with_it).collect();
        let (bends, all) = (&self.settings.destruction, standing.len());
        let condemned = destruction::condemn_some(&standing, all, bends, now, &mut self.dice);
        for one in condemned {
            self.condemn(one, now);
        }
    }

    /// Takes in new parameters, and changes as little as they ask.
    pub(crate) fn retune(&mut self, settings: &Settings, now: Time) {
        self.settings = settings.clone();
        self.links.touch_all();
        if self.leaving.is_some() {
            return;
        }
        self.next_round = self.next_round.or_earlier(now + self.settings.round());
        self.make_room(now);
        self.draw_soon(now);
    }

    /// Gives up the arrows that have no seat any more: those not yet open first, then
    /// others, all by drawing.
    fn make_room(&mut self, now: Time) {
        let unborn = |link: &&Link| link.takes_a_seat() && !link.is_up();
        let mut dialled: Vec<_> =
            self.links.iter().filter(|(_, link)| unborn(link)).map(|(id, _)| *id).collect();
        let seated = |it: &Standing| self.links.get(&it.link).is_some_and(Link::takes_a_seat);
        let standing: Vec<_> = self.standing().into_iter().filter(seated).collect();
        let taken = standing.len() + dialled.len();
        let excess = taken.saturating_sub(self.settings.seats);
        let given_up = self.dice.draw(&mut dialled, excess);
        let rest = excess - given_up.len();
        for id in given_up {
            self.close(id, Death::Surplus, now);
        }
        let bends = &self.settings.destruction;
        let condemned = destruction::condemn_some(&standing, rest, bends, now, &mut self.dice);
        for one in condemned {
            self.condemn(one, now);
        }
    }
}
