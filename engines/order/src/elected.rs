//! Who was elected, as everybody computes it from the network document.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use words::{Names, NodeId, Prefix};

use crate::{Election, Epoch, MeshMap, Outcome, Roster, Rules};

/// What an election follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The map in force.
    pub map: MeshMap,
    /// The members.
    pub roster: Roster,
    /// The epoch in force.
    pub epoch: Epoch,
    /// How it is held.
    pub rules: Rules,
}

impl Source {
    fn election<'a>(&'a self, epoch: &'a Epoch) -> Election<'a> {
        Election::new(&self.map, &self.roster, epoch, self.rules)
    }

    /// Returns for each group the parts of it that have members.
    fn inhabited(&self) -> BTreeMap<Prefix, Vec<Prefix>> {
        let groups = self.map.cuts().split_last().map_or(&[][..], |(_, groups)| groups);
        let is_inhabited = |part: &Prefix| self.roster.count(*part) > 0;
        let parts = |group: &Prefix| self.map.children(*group).filter(is_inhabited).collect();
        groups.iter().flatten().map(|group| (*group, parts(group))).collect()
    }
}

/// Who was elected by a [`Source`]: who holds which slot, and whom that makes a guest or a teller. All
/// nodes of one network compute the same.
#[derive(Debug)]
pub struct Elected {
    source: Source,
    outcome: Outcome,
    guests: BTreeMap<Prefix, BTreeSet<NodeId>>,
    tellers: BTreeMap<Prefix, Names>,
    inhabited: BTreeMap<Prefix, Vec<Prefix>>,
}

impl Elected {
    /// Holds the election.
    ///
    /// `last` is the outcome of what was the source until now: mostly the epoch before, so that
    /// nearly all of both follows from it.
    ///
    /// Takes the time of [`Outcome::of`], twice.
    pub fn of(source: Source, last: Option<&Outcome>) -> Self {
        let outcome = Outcome::of(source.election(&source.epoch), last);
        let mut tellers = outcome.tellers();
        if let Some(before) = source.epoch.before() {
            let known = last.or(Some(&outcome));
            for (range, nodes) in Outcome::of(source.election(&before), known).tellers() {
                tellers.entry(range).or_default().extend(nodes);
            }
        }
        let tellers = tellers.into_iter().map(|(range, nodes)| (range, Names::of(nodes)));
        let (tellers, guests) = (tellers.collect(), outcome.guests());
        let inhabited = source.inhabited();
        Self { source, outcome, guests, tellers, inhabited }
    }

    /// Returns what it follows from.
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// Returns who holds which slot.
    pub const fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Returns the nodes that serve in `mesh` and are at home elsewhere; see [`Outcome::guests`].
    pub fn guests(&self, mesh: Prefix) -> BTreeSet<NodeId> {
        self.guests.get(&mesh).cloned().unwrap_or_default()
    }

    /// Returns the meshes, or the groups, of a group of the map that have members; `None` if it is no group.
    pub fn inhabited(&self, group: Prefix) -> Option<&[Prefix]> {
        self.inhabited.get(&group).map(Vec::as_slice)
    }

    /// Returns for each range who may tell of it, by the election of this epoch or of the one before: who
    /// missed the change goes on, and who has just come does not know who was.
    pub const fn tellers(&self) -> &BTreeMap<Prefix, Names> {
        &self.tellers
    }
}
