//! Who is believed when it tells of a range: whoever was elected to.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use order::{Election, Epoch, MeshMap, Outcome, Roster, Rules};
use words::{Names, Prefix, Time};

/// How long those are believed who were elected until now. They serve on for 20 s after they heard
/// of it, and who is in the way of a plan, when a map is replaced, for 25 s; the rest is for news
/// that are late.
const FORMER: Duration = Duration::from_mins(1);

/// What an election follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) map: MeshMap,
    pub(crate) roster: Roster,
    pub(crate) epoch: Epoch,
    pub(crate) rules: Rules,
}

impl Source {
    fn election<'a>(&'a self, epoch: &'a Epoch) -> Election<'a> {
        Election::new(&self.map, &self.roster, epoch, self.rules)
    }

    /// Returns the outcome, and who is elected by it, or was in the epoch before: who missed the
    /// change goes on, and who has just come does not know who was.
    ///
    /// `last` is the outcome of what was the source until now: mostly the epoch before, so that
    /// nearly all of both follows from it.
    fn elected(&self, last: Option<&Outcome>) -> (Outcome, BTreeMap<Prefix, Names>) {
        let outcome = Outcome::of(self.election(&self.epoch), last);
        let mut elected = outcome.tellers();
        if let Some(before) = self.epoch.before() {
            let known = last.or(Some(&outcome));
            for (range, nodes) in Outcome::of(self.election(&before), known).tellers() {
                elected.entry(range).or_default().extend(nodes);
            }
        }
        let named = elected.into_iter().map(|(range, nodes)| (range, Names::of(nodes)));
        (outcome, named.collect())
    }
}

/// Who may tell of which range.
#[derive(Debug, Default)]
pub(crate) struct Tellers {
    source: Option<Source>,
    /// Who holds which slot by it.
    outcome: Option<Outcome>,
    /// Those elected in this epoch or the one before.
    elected: BTreeMap<Prefix, Names>,
    /// Those who were a moment ago, until when.
    former: BTreeMap<(Prefix, [u8; 8]), Time>,
    /// Both.
    believed: BTreeMap<Prefix, Names>,
}

impl Tellers {
    /// Takes in what the election follows from; tells whether others are believed than before.
    pub(crate) fn look(&mut self, source: Option<Source>, now: Time) -> bool {
        if source == self.source {
            return self.expire(now);
        }
        let held = source.as_ref().map(|source| source.elected(self.outcome.as_ref()));
        let (outcome, elected) = held.unzip();
        self.outcome = outcome;
        let before = core::mem::replace(&mut self.elected, elected.unwrap_or_default());
        self.source = source;
        let over = before.iter().flat_map(|(range, its)| its.iter().map(|name| (*range, name)));
        self.former.extend(over.map(|one| (one, now + FORMER)));
        let elected = &self.elected;
        self.former.retain(|(range, name), until| {
            *until > now && !elected.get(range).is_some_and(|names| names.contains(*name))
        });
        self.gather()
    }

    /// Forgets those who were elected long ago; tells whether others are believed than before.
    pub(crate) fn expire(&mut self, now: Time) -> bool {
        let before = self.former.len();
        self.former.retain(|_, until| *until > now);
        self.former.len() != before && self.gather()
    }

    /// Returns when somebody is believed no longer.
    pub(crate) fn deadline(&self) -> Option<Time> {
        self.former.values().min().copied()
    }

    /// Returns who holds which slot; `None` while the network is one mesh.
    pub(crate) const fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Returns who may tell of a range: nobody of one that nobody was elected for.
    pub(crate) fn of(&self, range: Prefix) -> Names {
        self.believed.get(&range).cloned().unwrap_or_default()
    }

    fn gather(&mut self) -> bool {
        let mut believed = self.elected.clone();
        let mut former: BTreeMap<Prefix, Vec<[u8; 8]>> = BTreeMap::new();
        for (range, name) in self.former.keys() {
            former.entry(*range).or_default().push(*name);
        }
        for (range, names) in former {
            let all = believed.entry(range).or_default();
            *all = all.iter().chain(names).collect();
        }
        let news = believed != self.believed;
        self.believed = believed;
        news
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use order::{Chain, Member};
    use words::{NodeId, Wall};

    use super::*;

    const NETWORK: Prefix = Prefix::new(0xfd42 << 112, 48);

    fn source(number: u32) -> Source {
        let map = MeshMap::even(NETWORK, &[2]).unwrap();
        let node = |mesh: &Prefix, n: u128| NodeId(Prefix::new(mesh.bits() | n << 64, 64));
        let member = |node| Member { node, since: 0, declared: 100, attested: Vec::new() };
        let nodes = map.meshes().iter().flat_map(|mesh| (0..40).map(|n| member(node(mesh, n))));
        let roster = Roster::of(nodes);
        let chain = Chain::new([3; 32], 20);
        let mut epoch = Epoch::first(Wall(0), Epoch::LENGTH, chain.part(0).unwrap());
        for index in 1..number {
            epoch = epoch.next(chain.part(index).unwrap(), &[]).unwrap();
        }
        Source { map, roster, epoch, rules: Rules { least: 2, tenure: 1, ..Rules::default() } }
    }

    const fn at(seconds: u64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    fn believed(tellers: &Tellers) -> BTreeSet<(Prefix, [u8; 8])> {
        let names = tellers.believed.iter();
        names.flat_map(|(range, names)| names.iter().map(move |name| (*range, name))).collect()
    }

    #[test]
    fn who_was_elected_goes_on_being_believed_until_its_service_is_certainly_over() {
        let mut tellers = Tellers::default();
        assert!(tellers.look(Some(source(1)), at(0)));
        let first = believed(&tellers);
        assert!(!first.is_empty() && tellers.deadline().is_none());
        assert!(!tellers.look(Some(source(1)), at(9)), "nothing new");
        // In the next epoch they are those of the one before; in the third, former ones.
        assert!(tellers.look(Some(source(2)), at(10)));
        assert!(believed(&tellers).is_superset(&first) && believed(&tellers) != first);
        assert!(tellers.look(Some(source(3)), at(20)));
        assert!(believed(&tellers).is_superset(&first));
        assert_eq!(tellers.deadline(), Some(at(80)));
        assert!(!tellers.expire(at(79)) && tellers.expire(at(80)));
        let later = believed(&tellers);
        assert!(!later.is_superset(&first) && tellers.deadline().is_none());
        // Who has just come believes the same.
        let mut fresh = Tellers::default();
        fresh.look(Some(source(3)), at(90));
        assert_eq!(believed(&fresh), later);
    }

    #[test]
    fn who_is_elected_again_is_no_former_one() {
        let mut tellers = Tellers::default();
        tellers.look(Some(source(1)), at(0));
        tellers.look(None, at(1));
        assert!(tellers.deadline().is_some());
        tellers.look(Some(source(1)), at(2));
        assert!(tellers.deadline().is_none());
        assert_eq!(tellers.of(NETWORK), Names::default());
    }
}
