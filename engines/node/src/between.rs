//! The duties of a border node: when it begins and ends to serve in a foreign mesh.
//!
//! ```text
//!  document, calendar ─► elect ─► duties ─┐
//!  silence of who comes before ───────────┴─► review ─► stays begin and end
//!                                                └────► ranges are told (`ranges.rs`)
//! ```
//!
//! Who does what, and whether ranges may be told at all, is [`order`]'s to say.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use arrows::Arrows;
use gossip::{Authority, Meshes};
use order::{Epoch, MeshMap, Slot, Source, Stage};
use words::routing::{self, Routing};
use words::{Engine, LinkId, NodeId, Prefix, Time, Wall};

use crate::claims::Waiting;
use crate::division::STAYS;
use crate::overlap::Overlap;
use crate::reach::Reach;
use crate::refuge::Haven;
use crate::stay::{APART, NOTICE, Phase, Stay};
use crate::{Event, Node, Output};

/// How long a successor has to connect and to learn the mesh; and then neighbours to take another
/// way.
pub(crate) const OVERLAP: Duration = Duration::from_secs(10);
/// How long routes have to leave an arrow between two halves.
const PARTING: Duration = Duration::from_secs(3);
/// How long a node that is no member of our mesh keeps its links into it.
pub(crate) const GRACE: Duration = Duration::from_mins(1);
/// Foreign nodes whose election is remembered; beyond, it is looked up again.
const VERIFIED: usize = 1024;
/// How long what changed by little words, as by routes of a node that serves nowhere, may wait to be looked
/// at: the quorums and what follows from them.
const LOOK: Duration = Duration::from_millis(500);
/// What the date is told in.
const TICK: Duration = Duration::from_secs(1);
/// The shortest silence after which the next one in line serves.
const SHORTEST: Duration = Duration::from_secs(5);

/// Returns how long the home of an elected node does not reach it before the next one takes its
/// place: a minute, less where elections are quick.
fn patience(meshes: Option<&Meshes>) -> Duration {
    let length = meshes.map_or(Slot::SILENCE, |meshes| meshes.epoch.length / 2);
    length.clamp(SHORTEST, Slot::SILENCE)
}

/// Returns the epoch in force: the document's, or one that follows it in silence, once the
/// registry has missed a whole one.
fn in_force(meshes: &Meshes, date: Wall) -> Epoch {
    let length = meshes.epoch.length.as_secs();
    meshes.epoch.at(Wall(date.0.saturating_sub(length)))
}

impl<R: Routing, A: Authority> Node<R, A> {
    /// Looks at the date, by which epochs go on where the registry is silent.
    pub(crate) fn dated(&mut self, now: Time) {
        if self.division.meshes.is_some() {
            self.elect(now);
            self.review(now);
        }
    }

    /// Looks up what we were elected to.
    pub(crate) fn elect(&mut self, now: Time) {
        let date = self.gossip.date(now);
        let epoch = self.division.meshes.as_ref().map(|meshes| in_force(meshes, date));
        self.division.next_epoch = epoch.as_ref().map(|epoch| {
            let due = epoch.began.plus(2 * epoch.length);
            now + due.since(date).max(TICK)
        });
        self.redraw(epoch.as_ref(), now);
        self.tell_guests(now);
        let home = self.division.home;
        let mut duties = Vec::new();
        if let Some(outcome) = self.division.tellers.outcome() {
            duties.extend(outcome.slots(home).into_iter().filter_map(|slot| {
                let rank = slot.holders.iter().position(|holder| *holder == self.me)?;
                Some((slot.target, slot.holders.get(..rank)?.to_vec()))
            }));
        }
        if epoch != self.division.epoch {
            self.division.verified.clear();
        }
        self.division.epoch = epoch;
        if duties != self.division.duties {
            self.division.duties = duties;
            self.division.silent.clear();
        }
    }

    /// Tells whether the epoch in force is one that follows the document's in silence: then each node goes by
    /// it from its own date on, instead of hearing of it.
    fn is_dated(&self) -> bool {
        let told = self.division.meshes.as_ref().map(|meshes| meshes.epoch.number);
        self.division.epoch.as_ref().map(|epoch| epoch.number) != told
    }

    /// Puts the map of an epoch in force, with the plan to change it as far as that has come.
    fn redraw(&mut self, epoch: Option<&Epoch>, now: Time) {
        let plan = self.division.meshes.as_ref().and_then(|meshes| meshes.plan);
        let number = epoch.map_or(0, |epoch| epoch.number);
        let map = self.division.meshes.as_ref().map(|meshes| {
            let planned = plan.and_then(|plan| plan.map(&meshes.map, number).ok());
            planned.unwrap_or_else(|| meshes.map.clone())
        });
        let home = map.as_ref().and_then(|map| map.home(self.me));
        let home = home.unwrap_or(self.gossip.network());
        let territory = plan.map_or(home, |plan| plan.territory(home, self.me, number));
        let merging = plan.and_then(|plan| plan.merging(number));
        let is_new = map != self.division.map;
        let believes = self.believe(map.as_ref().zip(epoch), now);
        if !is_new && territory == self.division.territory && merging == self.division.merging {
            if believes {
                self.admit(now);
            }
            return;
        }
        let before = core::mem::replace(&mut self.division.map, map);
        let was_home = core::mem::replace(&mut self.division.home, home);
        (self.division.territory, self.division.merging) = (territory, merging);
        if is_new {
            self.division.verified.clear();
            let both = before.filter(|_| self.division.map.is_some());
            let settings = self.local.arrows_settings(&self.parameters);
            let was = self.division.follow_merges(was_home, &settings, now);
            self.division.overlap = both.map(|map| Overlap::begin(map, was, now));
        }
        self.place_anew(now);
        self.meet_sibling(now);
    }

    /// Looks up who may tell of ranges, by the election on this map in this epoch; tells whether
    /// others may than before.
    fn believe(&mut self, held: Option<(&MeshMap, &Epoch)>, now: Time) -> bool {
        let division = &mut self.division;
        let source = division.meshes.as_ref().zip(held).map(|(meshes, (map, epoch))| Source {
            map: map.clone(),
            roster: meshes.roster.clone(),
            epoch: epoch.clone(),
            rules: meshes.rules,
        });
        let gossip = &self.gossip;
        division.tellers.look(source, |source, last| gossip.elected(source, last), now)
    }

    /// Lets the map before pass no longer, once all had time to learn the new one.
    fn end_overlap(&mut self, now: Time) {
        if self.division.overlap.as_mut().is_some_and(|overlap| overlap.fade(now)) {
            self.admit(now);
            // What they tell of the other half ends with the old map: so nobody takes it for near.
            for link in self.astray() {
                self.routing.handle(routing::Input::Shun(link), now);
            }
        }
        if self.division.overlap.take_if(|overlap| overlap.is_over(now)).is_none() {
            return;
        }
        self.admit(now);
        for link in self.astray() {
            self.routing.handle(routing::Input::Shun(link), now);
            self.division.overdue.insert(link, now);
        }
    }

    /// Returns our arrows at home that point to nodes which are at home elsewhere by now, and do not
    /// serve here.
    fn astray(&self) -> Vec<LinkId> {
        let common = self.division.common();
        let views = self.arrows.arrows().filter(|it| it.ours && !common.covers(it.node.0));
        let views = views.filter(|it| !self.division.is_guest(it.node));
        views.map(|view| view.link).collect()
    }

    /// Tells whether a node that asks for a link may be in our home mesh: it is at home there as
    /// well, or in the one that ours merges with, or was elected.
    pub(crate) fn may_enter(&mut self, node: NodeId) -> bool {
        let home = self.division.home;
        if self.map().is_none() || self.division.common().covers(node.0) {
            return true;
        }
        if let Some(known) = self.division.verified.get(&node) {
            return *known;
        }
        let outcome = self.division.tellers.outcome();
        let elected = outcome.is_some_and(|outcome| outcome.verify(node, home).is_ok());
        if self.division.verified.len() >= VERIFIED {
            self.division.verified.clear();
        }
        self.division.verified.insert(node, elected);
        elected
    }

    /// Draws the consequences of what changed, now that we are awake: if something is due, or we have not
    /// looked for long. Not each word that may change something looks at once.
    pub(crate) fn review_if_due(&mut self, now: Time) {
        if self.meshes_due.is_some_and(|due| due <= now) || now >= self.looked_at + LOOK {
            self.review(now);
        }
    }

    /// Draws the consequences of whatever changed: begins and ends stays, and tells each mesh the
    /// ranges of the others.
    pub(crate) fn review(&mut self, now: Time) {
        self.looked_at = now;
        self.division.former.retain(|_, until| *until > now);
        if self.division.meshes.is_none() && self.division.stays.is_empty() {
            self.division.overdue.clear();
            self.division.groups.clear();
            self.settle_waiting(now);
            if self.division.tellers.expire(now) {
                self.admit(now);
            }
            if !self.division.closed.is_empty() {
                self.tell_ranges(now);
            }
            return;
        }
        if self.division.next_epoch.is_some_and(|at| at <= now) {
            self.elect(now);
        }
        self.end_overlap(now);
        if self.division.tellers.expire(now) {
            self.admit(now);
        }
        if self.division.invites.take_if(|at| *at <= now).is_some() {
            self.tell_guests(now);
        }
        self.look_at_quorums(now);
        self.look_at_escape(now);
        self.seek_refuge(now);
        let on_duty = self.on_duty(now);
        let stays = &self.division.stays;
        let quorum = |mesh: Prefix| {
            stays.values().any(|it| it.mesh == mesh && it.is_serving() && it.is_settled(now))
        };
        self.division.service.look(&on_duty, quorum, now);
        self.serve(now);
        let numbers: Vec<u32> = self.division.stays.keys().copied().collect();
        for number in numbers {
            self.review_stay(number, now);
        }
        self.tell_ranges(now);
        self.settle_waiting(now);
        self.expel(now);
    }

    /// Returns the meshes that we have to serve in.
    fn on_duty(&mut self, now: Time) -> Vec<Prefix> {
        let patience = patience(self.division.meshes.as_ref());
        let duties = core::mem::take(&mut self.division.duties);
        let mut on_duty = BTreeSet::new();
        for (mesh, before) in &duties {
            // All are asked, so that each one's silence is timed from now on.
            let silent = before.iter().filter(|node| self.is_silent(**node, patience, now));
            if silent.count() == before.len() {
                on_duty.insert(*mesh);
            }
        }
        self.division.duties = duties;
        on_duty.into_iter().collect()
    }

    /// Tells whether a node of our home that has a duty before us has been out of reach for long.
    fn is_silent(&mut self, node: NodeId, patience: Duration, now: Time) -> bool {
        // While a mesh moves apart, its other half is reached and not drawn from.
        if self.arrows.reaches(node) || self.division.elsewhere.contains(&node) {
            self.division.silent.remove(&node);
            return false;
        }
        now >= *self.division.silent.entry(node).or_insert(now) + patience
    }

    /// Begins the stays that the service asks for.
    fn serve(&mut self, now: Time) {
        let meshes: Vec<Prefix> = self.division.service.meshes().map(|(mesh, _)| mesh).collect();
        for mesh in meshes {
            // Who comes back waits until the stay before is over: its links would be in the way.
            if self.division.stays.values().any(|stay| stay.mesh == mesh) {
                continue;
            }
            let free = (0..STAYS).find(|number| !self.division.stays.contains_key(number));
            let Some(number) = free else { return };
            self.enter(mesh, number, now);
        }
    }

    fn enter(&mut self, mesh: Prefix, number: u32, now: Time) {
        let mut seed = [0; 32];
        for part in seed.chunks_mut(8) {
            part.copy_from_slice(&self.division.dice.bits().to_be_bytes());
        }
        let settings = self.local.arrows_settings(&self.parameters);
        let first = usize::try_from(number).ok().and_then(|at| self.division.numbers.get(at));
        let first = first.copied().unwrap_or(number);
        let mut arrows = Arrows::new(settings, self.me, seed, now).numbered(first, STAYS);
        arrows.handle(arrows::Input::Load(self.load_delay()), now);
        let notice = if self.is_dated() { APART } else { NOTICE };
        self.division.stays.insert(number, Stay::begin(mesh, arrows, now + notice));
        self.outputs.push_back(Output::Event(Event::Entered { mesh }));
        self.admit(now);
        self.describe_all(now);
        let there = |contact: &&gossip::Contact| mesh.covers(contact.node.0);
        let named: Vec<NodeId> =
            self.gossip.contacts().filter(there).map(|contact| contact.node).collect();
        if let Some(stay) = self.division.stays.get_mut(&number) {
            stay.arrows.handle(arrows::Input::Bootstrap(&named), now);
        }
        self.tell_guests(now);
        let elsewhere = core::mem::take(&mut self.division.elsewhere);
        let yielded = self.take_over(mesh, number, now);
        for node in elsewhere.into_iter().chain(yielded) {
            self.place(node, now);
        }
        self.outputs.push_back(Output::AskRegistry);
    }

    /// Lets the stays in a mesh around this one, of before a split, give up their arrows into it:
    /// a node takes one link from us, so that the new stay would have none until they are over.
    /// Returns the nodes that these stays reached in it.
    fn take_over(&mut self, mesh: Prefix, number: u32, now: Time) -> BTreeSet<NodeId> {
        let mut all = BTreeSet::new();
        let others = self.division.stays.iter_mut().filter(|(other, _)| **other != number);
        for (_, stay) in others {
            let reached = stay.arrows.reachable().filter(|node| mesh.covers(node.0));
            let reached: BTreeSet<NodeId> = reached.collect();
            let linked = stay.arrows.arrows().map(|view| view.node);
            let linked: BTreeSet<NodeId> = linked.filter(|node| mesh.covers(node.0)).collect();
            for node in linked.union(&reached) {
                stay.arrows.handle(arrows::Input::Yield(*node), now);
            }
            all.extend(reached);
        }
        all
    }

    fn review_stay(&mut self, number: u32, now: Time) {
        let Some(stay) = self.division.stays.get_mut(&number) else { return };
        let stage = self.division.service.stage(stay.mesh);
        if !stay.review(stage, now) {
            return;
        }
        let (phase, mesh) = (stay.phase, stay.mesh);
        if phase == Phase::Leaving && self.division.is_known_besides(mesh, number) {
            let settings = self.local.arrows_settings(&self.parameters);
            let stay = self.division.stays.get_mut(&number);
            return stay.into_iter().for_each(|stay| stay.dissolve(&settings, now));
        }
        let Some(stay) = self.division.stays.get_mut(&number) else { return };
        let opens = matches!(phase, Phase::Serving(stage) if stage.opens());
        stay.arrows.handle(arrows::Input::Hold(!opens), now);
        match phase {
            Phase::Serving(Stage::Draining) => {
                let links: Vec<LinkId> = stay.arrows.arrows().map(|view| view.link).collect();
                for link in links {
                    self.routing.handle(routing::Input::Shun(link), now);
                }
            }
            Phase::Leaving => stay.arrows.handle(arrows::Input::Leave, now),
            Phase::Serving(_) | Phase::Withdrawn(_) | Phase::Merged => {}
        }
    }

    /// Closes the links of nodes that are no members of our mesh any more, and our own arrows to
    /// those.
    fn expel(&mut self, now: Time) {
        let astray = if self.division.overlap.is_none() { self.astray() } else { Vec::new() };
        for link in &astray {
            if now >= *self.division.overdue.entry(*link).or_insert(now) + PARTING {
                self.arrows.handle(arrows::Input::Dismiss(*link), now);
            }
        }
        let theirs = self.up.iter().filter(|link| !link.is_ours());
        let theirs = theirs.filter_map(|link| Some((*link, *self.peers.get(link)?)));
        let theirs: Vec<(LinkId, NodeId)> = theirs.collect();
        let foreign = theirs.into_iter().filter(|(link, node)| {
            let no_member = match self.division.visits.get(link) {
                Some(_) => !self.may_visit(*node, self.mesh_of(*link)),
                None => !self.division.waiting.contains_key(link) && !self.may_enter(*node),
            };
            let has_refuge = self.division.refugees.contains(link) && self.is_listed(*node);
            no_member && !has_refuge
        });
        let strangers: BTreeSet<LinkId> = foreign.map(|(link, _)| link).collect();
        let stays = |link: &LinkId| strangers.contains(link) || astray.contains(link);
        self.division
            .overdue
            .retain(|link, since| stays(link) && !(link.is_ours() && now >= *since + PARTING));
        for link in strangers {
            let since = *self.division.overdue.entry(link).or_insert(now);
            if now >= since + GRACE {
                self.division.overdue.remove(&link);
                self.tell_arrows(link, arrows::Input::Banish(link), now);
                self.outputs.push_back(Output::Event(Event::Expelled { link }));
            }
        }
    }

    /// Returns when the meshes want us to look again, if time alone changes anything.
    pub(crate) fn division_deadline(&self) -> Option<Time> {
        let division = &self.division;
        let patience = patience(division.meshes.as_ref());
        let silent = division.silent.values().map(|since| *since + patience);
        let silent = silent.filter(|at| *at > self.looked_at);
        let wait = |link: &LinkId| if link.is_ours() { PARTING } else { GRACE };
        let overdue = division.overdue.iter().map(|(link, since)| *since + wait(link));
        let overlap = division.overlap.as_ref().map(Overlap::deadline);
        let waiting = division.waiting.values().map(Waiting::until);
        let waiting = waiting.chain(division.former.values().copied());
        let waiting = waiting.chain(division.invites);
        let overdue = overdue.chain(overlap).chain(waiting);
        let stays = division.stays.values().filter_map(Stay::deadline);
        let groups = division.groups.values().filter_map(Reach::deadline);
        let groups = groups.filter(|_| !division.stays.is_empty());
        let epochs = division.next_epoch.into_iter().chain(division.service.deadline());
        let epochs = epochs.chain(division.tellers.deadline());
        let refuge = division.haven.as_ref().and_then(Haven::deadline);
        let refuge = refuge.into_iter().chain(division.refuge.deadline());
        let escape = division
            .escape
            .deadline()
            .into_iter()
            .chain(division.plead)
            .chain(division.gathers)
            .chain(division.back.values().copied().min())
            .chain(refuge);
        let epochs = epochs.chain(escape.filter(|_| division.meshes.is_some()));
        silent.chain(overdue).chain(stays).chain(groups).chain(epochs).min()
    }
}
