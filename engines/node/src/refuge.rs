//! Refuge: a node that finds no links at home tries a few nodes of the whole network.
//!
//! ```text
//!  a period with few links at home,
//!  or cut off with those we have links with ─► batch, drawn ─► one arrow after the other ─► arrows of refuge
//!                                                                                      │
//!          (nothing) ◄── all are closed ◄── they leave ◄── enough links at home ◄──────┘
//! ```
//!
//! When and how many, says [`order::Refuge`]; among whom and how, the exception `refuge` of
//! [`principles`]. Each such link belongs to the mesh of the node that it leads to, where we are neither at
//! home nor elected: who is called knows it by our claim, and takes a few at a time.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use arrows::{Arrows, Drawn, State};
use gossip::Authority;
use principles::exceptions::Refuge;
use words::routing::Routing;
use words::{Engine, LinkId, NodeId, Prefix, Time};

use crate::division::Division;
use crate::{Event, Node, Output};

/// The first number of an arrow of refuge; no stay ever draws so many.
const FLIGHT: u32 = 1_000_000_000;
/// How long after one try the next is made, if it was in vain.
const NEXT: Duration = Duration::from_secs(1);
/// How long after one that found as many as there is room for.
const FULL: Duration = Duration::from_secs(10);

/// Where a refugee has arrows.
#[derive(Debug)]
pub(crate) struct Haven {
    pub(crate) arrows: Arrows,
    /// Whom to try yet, in this period.
    batch: Vec<Drawn<NodeId>>,
    next: Time,
    leaving: bool,
}

impl Haven {
    /// Returns when the next node is tried.
    pub(crate) fn deadline(&self) -> Option<Time> {
        (!self.batch.is_empty()).then_some(self.next)
    }

    /// Tells whether nothing is left of it.
    pub(crate) fn is_over(&self) -> bool {
        self.leaving && self.arrows.arrows().next().is_none()
    }
}

impl Division {
    /// Tells whether a link is an arrow of refuge.
    pub(crate) const fn is_flight(link: LinkId) -> bool {
        link.is_ours() && link.0 >= FLIGHT
    }

    /// Returns the meshes of the nodes that our arrows of refuge lead to.
    pub(crate) fn havens(&self) -> BTreeSet<Prefix> {
        let nodes = self.haven.iter().flat_map(|haven| haven.arrows.arrows()).map(|it| it.node);
        nodes.filter_map(|node| self.map.as_ref()?.home(node)).collect()
    }
}

impl<R: Routing, A: Authority> Node<R, A> {
    /// Returns the arrows that we opened to nodes of the whole network, for want of links at home.
    pub fn refuge(&self) -> impl Iterator<Item = arrows::View> {
        self.division.haven.iter().flat_map(|haven| haven.arrows.arrows())
    }

    /// Looks whether we have enough links at home, and if not for long, tries others.
    pub(crate) fn seek_refuge(&mut self, now: Time) {
        let (links, reached) = (self.links_at_home(), !self.is_stranded());
        if reached && links >= Refuge::ENOUGH {
            self.division.refuge.look((links, links), reached, now);
            return self.leave_haven(now);
        }
        let home = self.division.home;
        let Some(meshes) = &self.division.meshes else { return };
        let others = meshes.roster.inside(home).len().saturating_sub(1);
        let settings = self.local.arrows_settings(&self.parameters);
        let seats = settings.seats.min(others);
        self.division.refuge.set_period(settings.period);
        let tries = self.division.refuge.look((links, seats), reached, now);
        if Refuge::is_home(links, seats, reached) {
            return self.leave_haven(now);
        }
        if tries > 0 {
            self.leave_the_lost(now);
            let batch = self.draw_haven(tries);
            // Of whom it names we try some in the next period: of few that can be reached, fewer are known.
            self.say(Output::AskRegistry);
            self.say(Output::Event(Event::SeeksRefuge { tries: batch.len() }));
            let haven = self.haven(settings, now);
            // One that is being left is over long before a period is.
            if !haven.leaving {
                (haven.batch, haven.next) = (batch, now);
            }
        }
        self.try_next(Refuge::room(links, seats, reached), now);
    }

    /// Tells whether we escaped and those whom we reach at home are cut off with us: there is a range,
    /// our own or of another mesh, to which nobody leads.
    fn is_stranded(&self) -> bool {
        let division = &self.division;
        let Some(meshes) = division.meshes.as_ref().filter(|_| division.escape.is_escaped()) else {
            return false;
        };
        let rescued = division.rescued();
        let own = division.ranges(division.home).into_iter().filter(|it| rescued.contains(it));
        let others = division.map.iter().flat_map(|map| map.abroad(division.home));
        let is_lost = |range: &Prefix| {
            let known = division.abroad.contains(range) || division.told.contains_key(range);
            !known && meshes.roster.count(*range) > 0
        };
        own.chain(others).any(|range| is_lost(&range))
    }

    /// Gives up arrows of refuge to nodes that turned out to be cut off as well.
    fn leave_the_lost(&mut self, now: Time) {
        let division = &mut self.division;
        let Some(haven) = &mut division.haven else { return };
        let views = haven.arrows.arrows().filter(|it| division.escaped.contains(&it.node));
        for link in views.map(|it| it.link).collect::<Vec<_>>() {
            haven.arrows.handle(arrows::Input::Dismiss(link), now);
        }
    }

    /// Returns how many live links we have in our mesh, whoever opened them. One of a node that seeks
    /// refuge with us leads nowhere there.
    fn links_at_home(&self) -> usize {
        let division = &self.division;
        let leads_home = |link: &LinkId| {
            !division.refugees.contains(link) && !division.waiting.contains_key(link)
        };
        let links = self.arrows.arrows().filter(|link| link.state == State::Live);
        links.filter(|link| leads_home(&link.link)).count()
    }

    /// Draws among all nodes outside of our mesh that we could call, but for those that are cut off from
    /// theirs.
    fn draw_haven(&mut self, tries: usize) -> Vec<Drawn<NodeId>> {
        let linked: BTreeSet<NodeId> = self.links().map(|link| link.node).collect();
        let home = self.division.home;
        let is_lost = |node: &NodeId| self.division.escaped.contains(node);
        let is_free =
            |node: &NodeId| !home.covers(node.0) && !linked.contains(node) && !is_lost(node);
        let known: Vec<NodeId> =
            self.gossip.contacts().map(|contact| contact.node).filter(is_free).collect();
        Refuge::choose(known, tries, &mut self.division.dice).collect()
    }

    fn haven(&mut self, settings: arrows::Settings, now: Time) -> &mut Haven {
        let mut seed = [0; 32];
        for part in seed.chunks_mut(8) {
            part.copy_from_slice(&self.division.dice.bits().to_be_bytes());
        }
        let (me, load) = (self.me, self.load_delay());
        let first = self.division.flights.max(FLIGHT);
        self.division.haven.get_or_insert_with(|| {
            let mut arrows = Arrows::new(settings, me, seed, now).numbered(first, 1);
            arrows.handle(arrows::Input::Load(load), now);
            Haven { arrows, batch: Vec::new(), next: now, leaving: false }
        })
    }

    /// Tries as many nodes as arrows are missing.
    fn try_next(&mut self, missing: usize, now: Time) {
        let Some(haven) = self.division.haven.as_mut().filter(|it| !it.leaving) else { return };
        if haven.batch.is_empty() || now < haven.next {
            return;
        }
        let open = haven.arrows.arrows().count();
        haven.next = now + if open < missing { NEXT } else { FULL };
        if open >= missing {
            return;
        }
        for _ in open..missing {
            let Some(drawn) = haven.batch.pop() else { break };
            haven.arrows.handle(arrows::Input::Try(drawn), now);
        }
        self.admit(now);
    }

    /// Tries nobody else; lets routes leave the arrows of refuge, and closes them, unless we are escaped
    /// and reach others by what we would lose.
    fn leave_haven(&mut self, now: Time) {
        let stays = self.division.escape.is_escaped();
        let Some(haven) = self.division.haven.as_mut().filter(|haven| !haven.leaving) else {
            return;
        };
        haven.batch.clear();
        if !stays {
            haven.leaving = true;
            haven.arrows.handle(arrows::Input::Leave, now);
        }
    }

    /// Forgets the arrows of refuge once nothing is left of them.
    pub(crate) fn bury_haven(&mut self, now: Time) {
        if let Some(haven) = self.division.haven.take_if(|haven| haven.is_over()) {
            self.division.flights = haven.arrows.next_number();
            self.admit(now);
        }
    }
}
