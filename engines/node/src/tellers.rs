//! Who is believed when it tells of a range: whoever was elected to.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use order::{Elected, Outcome, Source};
use words::{Names, Prefix, Time};

/// How long those are believed who were elected until now. They serve on for 20 s after they heard
/// of it, and who is in the way of a plan, when a map is replaced, for 25 s; the rest is for news
/// that are late.
const FORMER: Duration = Duration::from_mins(1);

/// Who may tell of which range.
#[derive(Debug, Default)]
pub(crate) struct Tellers {
    /// Those elected in this epoch or the one before.
    elected: Option<Arc<Elected>>,
    /// Those who were a moment ago, until when.
    former: BTreeMap<(Prefix, [u8; 8]), Time>,
    /// Both, of ranges of which former ones told.
    both: BTreeMap<Prefix, Names>,
}

impl Tellers {
    /// Takes in what the election follows from, and has it held by `hold` if that is new; tells whether
    /// others may be believed than before.
    ///
    /// `hold` is given the outcome of the election until now.
    pub(crate) fn look(
        &mut self,
        source: Option<Source>,
        hold: impl FnOnce(Source, Option<&Outcome>) -> Arc<Elected>,
        now: Time,
    ) -> bool {
        if source.as_ref() == self.elected.as_deref().map(Elected::source) {
            return self.expire(now);
        }
        let elected = source.map(|source| hold(source, self.outcome()));
        let before = core::mem::replace(&mut self.elected, elected);
        for (range, its) in before.as_deref().map(Elected::tellers).into_iter().flatten() {
            self.former.extend(its.iter().map(|name| ((*range, name), now + FORMER)));
        }
        let elected = tellers(self.elected.as_deref());
        self.former.retain(|(range, name), until| {
            *until > now && !elected.get(range).is_some_and(|names| names.contains(*name))
        });
        let both = core::mem::take(&mut self.both);
        self.gather();
        self.both != both || tellers(before.as_deref()) != tellers(self.elected.as_deref())
    }

    /// Forgets those who were elected long ago; tells whether others are believed than before.
    pub(crate) fn expire(&mut self, now: Time) -> bool {
        let before = self.former.len();
        self.former.retain(|_, until| *until > now);
        let is_less = self.former.len() != before;
        if is_less {
            self.gather();
        }
        is_less
    }

    /// Returns when somebody is believed no longer.
    pub(crate) fn deadline(&self) -> Option<Time> {
        self.former.values().min().copied()
    }

    /// Returns who was elected; `None` while the network is one mesh.
    pub(crate) fn elected(&self) -> Option<&Elected> {
        self.elected.as_deref()
    }

    /// Returns who holds which slot; `None` while the network is one mesh.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        self.elected().map(Elected::outcome)
    }

    /// Returns who may tell of a range: nobody of one that nobody was elected for.
    pub(crate) fn of(&self, range: Prefix) -> Names {
        let of_election = || self.elected()?.tellers().get(&range);
        self.both.get(&range).or_else(of_election).cloned().unwrap_or_default()
    }

    fn gather(&mut self) {
        let mut former: BTreeMap<Prefix, Vec<[u8; 8]>> = BTreeMap::new();
        for (range, name) in self.former.keys() {
            former.entry(*range).or_default().push(*name);
        }
        let elected = tellers(self.elected.as_deref());
        let both = former.into_iter().map(|(range, names)| {
            let of_election = elected.get(&range).into_iter().flat_map(Names::iter);
            (range, of_election.chain(names).collect())
        });
        self.both = both.collect();
    }
}

/// Who may tell by an election: nobody without one.
fn tellers(elected: Option<&Elected>) -> &BTreeMap<Prefix, Names> {
    const NOBODY: &BTreeMap<Prefix, Names> = &BTreeMap::new();
    elected.map_or(NOBODY, Elected::tellers)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use order::{Chain, Epoch, Member, MeshMap, Roster, Rules};
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

    fn hold(source: Source, last: Option<&Outcome>) -> Arc<Elected> {
        Arc::new(Elected::of(source, last))
    }

    fn believed(it: &Tellers) -> BTreeSet<(Prefix, [u8; 8])> {
        let ranges = tellers(it.elected()).keys().chain(it.both.keys());
        let of =
            |range: &Prefix| it.of(*range).iter().map(|name| (*range, name)).collect::<Vec<_>>();
        ranges.flat_map(of).collect()
    }

    #[test]
    fn who_was_elected_goes_on_being_believed_until_its_service_is_certainly_over() {
        let mut tellers = Tellers::default();
        assert!(tellers.look(Some(source(1)), hold, at(0)));
        let first = believed(&tellers);
        assert!(!first.is_empty() && tellers.deadline().is_none());
        assert!(!tellers.look(Some(source(1)), hold, at(9)), "nothing new");
        // In the next epoch they are those of the one before; in the third, former ones.
        assert!(tellers.look(Some(source(2)), hold, at(10)));
        assert!(believed(&tellers).is_superset(&first) && believed(&tellers) != first);
        assert!(tellers.look(Some(source(3)), hold, at(20)));
        assert!(believed(&tellers).is_superset(&first));
        assert_eq!(tellers.deadline(), Some(at(80)));
        assert!(!tellers.expire(at(79)) && tellers.expire(at(80)));
        let later = believed(&tellers);
        assert!(!later.is_superset(&first) && tellers.deadline().is_none());
        // Who has just come believes the same.
        let mut fresh = Tellers::default();
        fresh.look(Some(source(3)), hold, at(90));
        assert_eq!(believed(&fresh), later);
    }

    #[test]
    fn who_is_elected_again_is_no_former_one() {
        let mut tellers = Tellers::default();
        tellers.look(Some(source(1)), hold, at(0));
        tellers.look(None, hold, at(1));
        assert!(tellers.deadline().is_some());
        tellers.look(Some(source(1)), hold, at(2));
        assert!(tellers.deadline().is_none());
        assert_eq!(tellers.of(NETWORK), Names::default());
    }
}
