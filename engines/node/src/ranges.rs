//! The ranges that a border node tells of: those that it reaches most of.
//!
//! ```text
//!  nodes and ranges that routing reaches ─► quorums ─► Announce, Demote, Withdraw ─► routing
//!                                                  └─► Closed ─► world
//! ```
//!
//! Of a mesh we count its nodes, of a group the ranges in it; both only if they are listed: whoever
//! is not on the roster cannot be asked for.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use gossip::Authority;
use order::{Member, MeshMap, Roster};
use words::routing::{self, Range, Routing};
use words::{NodeId, Prefix, Time};

use crate::division::Division;
use crate::reach::Reach;
use crate::stay::Phase;
use crate::{Node, Output};

/// A group around one of our meshes, to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its range.
    pub range: Prefix,
    /// Whether enough of what is in it is reached to tell others of it.
    pub quorum: bool,
    /// How many of the ranges in it are reached, our own among them.
    pub reached: usize,
    /// How many of them have nodes.
    pub listed: usize,
}

impl Division {
    /// Tells whether a range is a mesh, of the map in force or of the one before.
    fn is_mesh(&self, range: Prefix) -> bool {
        let before = self.overlap.iter().map(|overlap| &overlap.map);
        self.map.iter().chain(before).any(|map| map.is_mesh(range))
    }

    /// Returns the map that has a range: the one in force, or the one before.
    fn map_with(&self, range: Prefix) -> Option<&MeshMap> {
        let before = self.overlap.iter().map(|overlap| &overlap.map);
        self.map.iter().chain(before).find(|map| map.is_range(range))
    }

    /// Tells whether we reach most of one of our own ranges.
    pub(crate) fn holds(&self, range: Prefix, groups: &BTreeMap<Prefix, Reach>) -> bool {
        let abroad = || self.stays.values().any(|stay| stay.mesh == range && stay.holds());
        let group = || groups.get(&range).is_some_and(Reach::holds);
        (range == self.home && self.quorum.holds()) || abroad() || group()
    }

    /// Returns how many of the ranges in a group we reach, and how many have nodes.
    fn parts(
        &self,
        group: Prefix,
        roster: &Roster,
        groups: &BTreeMap<Prefix, Reach>,
    ) -> (usize, usize) {
        let is_reached = |part: &Prefix| self.abroad.contains(part) || self.holds(*part, groups);
        if let Some(parts) = self.tellers.elected().and_then(|it| it.inhabited(group)) {
            return (parts.iter().filter(|part| is_reached(part)).count(), parts.len());
        }
        // It is one of the map before.
        let Some(map) = self.map_with(group) else { return (0, 0) };
        let parts = map.children(group).filter(|part| roster.count(*part) > 0);
        parts.fold((0, 0), |(reached, all), part| {
            (reached + usize::from(is_reached(&part)), all + 1)
        })
    }

    /// Tells whether others may be told of a range around one of our meshes, if they may be of the
    /// mesh: it and each group between.
    fn may_tell(&self, range: Prefix, mesh: Prefix) -> bool {
        let between = |it: &(&Prefix, &Reach)| range.covers(*it.0) && it.0.covers(mesh);
        self.groups.iter().filter(between).all(|(_, reach)| reach.tells())
    }
}

impl<R: Routing, A: Authority> Node<R, A> {
    /// Returns the groups around our meshes, in the order of addresses.
    pub fn groups(&self) -> impl Iterator<Item = Group> {
        self.division.groups.iter().map(|(range, reach)| {
            let (reached, listed) = reach.counts();
            Group { range: *range, quorum: reach.holds(), reached, listed }
        })
    }

    /// Returns the ranges that we announce as border node, and whether as far away.
    pub fn ranges(&self) -> impl Iterator<Item = (Prefix, bool)> {
        self.division.told.iter().map(|(range, far)| (*range, *far))
    }

    /// Notes whether routing reaches a range of many nodes.
    pub(crate) fn leads_to(&mut self, range: Range, is_reached: bool, now: Time) {
        let Range { to, from } = range;
        let shorter = to.length() < self.me.0.length() && self.gossip.network().covers(to);
        if self.division.map.is_none() || !shorter || from != Prefix::ALL {
            return;
        }
        let abroad = &mut self.division.abroad;
        let news = if is_reached { abroad.insert(to) } else { abroad.remove(&to) };
        if news && !self.division.stays.is_empty() {
            self.review(now);
        }
    }

    /// Returns the nodes that routing reaches, whichever mesh they are in.
    fn reached(&self) -> impl Iterator<Item = NodeId> {
        let ours = self.services().flat_map(|service| service.arrows.reachable());
        ours.chain(self.division.elsewhere.iter().copied())
    }

    pub(crate) fn look_at_quorums(&mut self, now: Time) {
        let Some(roster) = self.division.meshes.as_ref().map(|meshes| meshes.roster.clone()) else {
            self.division.groups.clear();
            return;
        };
        // Ourselves we reach, though routing does not say so.
        let home = self.division.home;
        let abroad = self.division.elsewhere.iter().copied().filter(|node| home.covers(node.0));
        let reached = self.arrows.reachable().chain(abroad).chain([self.me]);
        let members = roster.inside(home);
        self.division.quorum.look(listed(reached, members), members.len());
        // Of two meshes that were one, a stay in the whole reaches what one in a half does.
        let both = self.division.overlap.is_some();
        let all: BTreeSet<NodeId> = if both { self.reached().collect() } else { BTreeSet::new() };
        for stay in self.division.stays.values_mut() {
            let members = roster.inside(stay.mesh);
            let reached = match (stay.is_linked(), both) {
                (false, _) => 0,
                (true, false) => listed(stay.arrows.reachable(), members),
                (true, true) => listed(all.iter().copied(), members),
            };
            stay.reach.look(reached, members.len(), now);
        }
        self.look_at_groups(&roster, now);
    }

    /// Looks at the groups around our meshes, the narrowest first.
    fn look_at_groups(&mut self, roster: &Roster, now: Time) {
        let meshes: Vec<Prefix> = self.services().map(|service| service.mesh).collect();
        let division = &mut self.division;
        let around = meshes.iter().flat_map(|mesh| division.ranges(*mesh));
        let around: BTreeSet<Prefix> = around.filter(|range| !division.is_mesh(*range)).collect();
        let mut around: Vec<Prefix> = around.into_iter().collect();
        around.sort_by_key(|range| core::cmp::Reverse(range.length()));
        let mut groups = BTreeMap::new();
        for group in around {
            let mut reach = division.groups.get(&group).copied().unwrap_or_default();
            let (reached, listed) = division.parts(group, roster, &groups);
            reach.look(reached, listed, now);
            groups.insert(group, reach);
        }
        division.groups = groups;
    }

    /// Announces the ranges of our meshes, and no others: a plain node none.
    pub(crate) fn tell_ranges(&mut self, now: Time) {
        let wanted = self.wanted_ranges();
        let before = core::mem::take(&mut self.division.told);
        for range in before.keys().filter(|range| !wanted.contains_key(range)) {
            self.routing.handle(routing::Input::Withdraw((*range).into()), now);
        }
        for (range, far) in wanted.iter().filter(|(range, far)| before.get(range) != Some(*far)) {
            let range = (*range).into();
            let told =
                if *far { routing::Input::Demote(range) } else { routing::Input::Announce(range) };
            self.routing.handle(told, now);
        }
        self.division.told = wanted;
        self.close_ranges();
    }

    /// Returns the ranges to announce, and whether as far away. Where each may be told, the scopes
    /// of links say.
    fn wanted_ranges(&self) -> BTreeMap<Prefix, bool> {
        let division = &self.division;
        let mut wanted = BTreeMap::new();
        let abroad = division.stays.values().filter_map(|stay| {
            let tells = matches!(stay.phase, Phase::Serving(stage) if stage.tells());
            Some((stay.mesh, tells.then(|| stay.told()).flatten()?))
        });
        // Who is late goes by the halves of what was merged.
        let is_fresh = division.overlap.as_ref().is_some_and(|overlap| !overlap.is_far());
        let serves = division.stays.values().any(|stay| match stay.phase {
            Phase::Serving(stage) => stage.tells(),
            Phase::Merged => is_fresh,
            Phase::Withdrawn(_) | Phase::Leaving => false,
        });
        let home = (serves && division.quorum.holds()).then_some((division.home, false));
        for (mesh, far) in home.into_iter().chain(abroad) {
            let ranges = division.ranges(mesh).into_iter();
            let ranges = ranges.filter(|range| !division.is_over(*range));
            for range in ranges.filter(|range| division.may_tell(*range, mesh)) {
                let told = wanted.entry(range).or_insert(far);
                *told &= far;
            }
        }
        wanted
    }

    /// Lets packets to our own ranges end here, where no exact prefix is known.
    fn close_ranges(&mut self) {
        let mut home = self.division.ranges(self.division.home);
        // What is not reached inside may be by way of another mesh.
        self.division.rescued().iter().for_each(|range| _ = home.remove(range));
        let told = self.division.told.keys().copied();
        let closed: BTreeSet<Prefix> = home.into_iter().chain(told).collect();
        let closed: Vec<Prefix> = closed.into_iter().collect();
        if closed != self.division.closed {
            self.division.closed.clone_from(&closed);
            self.outputs.push_back(Output::Closed(closed));
        }
    }
}

/// Returns how many of these nodes are among the members, in the order of their prefixes.
fn listed(nodes: impl Iterator<Item = NodeId>, members: &[Member]) -> usize {
    let is_listed = |node: &NodeId| members.binary_search_by_key(node, |it| it.node).is_ok();
    nodes.filter(is_listed).count()
}
