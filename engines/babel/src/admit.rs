//! What is let in and out, changed while the speaker speaks.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use words::routing::{Admission, Scope};
use words::{Names, Prefix, Time};

use crate::candidates::{Candidates, Slot};
use crate::few::Few;
use crate::rows::RowId;
use crate::{Key, Metric, Place, Policy, RouterId, Speaker};

/// Most ranges that a change names; of a larger one everything is asked for.
const MOST: usize = 64;

/// What a policy lets in, or no longer, in comparison with the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Ranges that it lets in from others or more than before, and where.
    pub opened: Vec<(Scope, Key)>,
    /// Ranges that it lets in from others or fewer than before, and where.
    pub closed: Vec<(Scope, Key)>,
}

/// A policy that lets in what any of some [`Admission`]s does; and out, on interfaces that have a
/// scope.
#[derive(Clone, Debug, Default)]
pub struct Admissions {
    everywhere: Box<[Admission]>,
    /// By scope.
    scopes: Few<Scope, Rules>,
}

/// What may be told in one scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rules {
    /// Ranges that may be announced, exactly so, for everybody, and by whom: `None` is anybody. In
    /// order; one that is there twice may be announced by all of both.
    exact: Box<[(Prefix, Option<Names>)]>,
    others: Box<[Admission]>,
}

impl Rules {
    /// Tells whether a range may be announced, exactly so, by who calls itself this.
    fn names(&self, range: Prefix, router: RouterId) -> bool {
        let mut its = self.of(range);
        its.any(|(_, by)| by.as_ref().is_none_or(|names| names.contains(router.0)))
    }

    /// Returns the rules about exactly this range.
    fn of(&self, range: Prefix) -> impl Iterator<Item = &(Prefix, Option<Names>)> {
        let at = self.exact.partition_point(|(other, _)| *other < range);
        let rest = self.exact.get(at..).unwrap_or_default();
        rest.iter().take_while(move |(other, _)| *other == range)
    }

    /// Returns the ranges about which there is a rule here that is not among those of `other`.
    fn besides(&self, other: &Self) -> Vec<Prefix> {
        let is_new = |rule: &&(Prefix, Option<Names>)| other.of(rule.0).all(|it| it != *rule);
        let mut ranges: Vec<Prefix> = self.exact.iter().filter(is_new).map(|it| it.0).collect();
        ranges.dedup();
        ranges
    }
}

impl Admissions {
    /// Returns what this one lets in, or no longer, in comparison with the one `before`; `None` if that
    /// is more than some ranges, each by itself.
    pub(crate) fn change_from(&self, before: &Self) -> Option<Change> {
        if self.everywhere != before.everywhere {
            return None;
        }
        let (mut change, none) = (Change::default(), Rules::default());
        for scope in self.scopes.keys().chain(before.scopes.keys()) {
            let old = before.scopes.get(scope).unwrap_or(&none);
            let new = self.scopes.get(scope).unwrap_or(&none);
            if old.others != new.others {
                return None;
            }
            let key = |range| (*scope, Key { prefix: range, source: Prefix::ALL });
            change.opened.extend(new.besides(old).into_iter().map(key));
            change.closed.extend(old.besides(new).into_iter().map(key));
        }
        for all in [&mut change.opened, &mut change.closed] {
            all.sort_unstable();
            all.dedup();
        }
        (change.opened.len() + change.closed.len() <= MOST).then_some(change)
    }

    /// Returns the policy that lets in what any of these does.
    pub fn new(admissions: &[Admission]) -> Self {
        let mut everywhere = Vec::new();
        let mut scopes: BTreeMap<Scope, (Vec<_>, Vec<_>)> = BTreeMap::new();
        for it in admissions {
            let is_plain = it.from.is_none() && it.farther == 0;
            let is_exact = is_plain && it.inside.length() == it.length;
            if it.on == Scope::EVERYWHERE {
                everywhere.push(it.clone());
            } else if is_exact {
                scopes.entry(it.on).or_default().0.push((it.inside, it.by.clone()));
            } else {
                scopes.entry(it.on).or_default().1.push(it.clone());
            }
        }
        let rules = |(scope, (mut exact, others)): (_, (Vec<(Prefix, _)>, Vec<Admission>))| {
            exact.sort_by_key(|(range, _)| *range);
            (scope, Rules { exact: exact.into(), others: others.into() })
        };
        Self { everywhere: everywhere.into(), scopes: scopes.into_iter().map(rules).collect() }
    }

    /// Returns how much farther a range is taken to be in a scope, by the first admission that lets
    /// it in; `None` if none does.
    fn admits(&self, scope: Scope, key: Key, router: RouterId) -> Option<Metric> {
        let first = |all: &[Admission]| {
            let found = all.iter().find(|it| it.admits(key.into(), router.0));
            found.map(|it| Metric(it.farther))
        };
        let everywhere = first(&self.everywhere);
        if everywhere.is_some() || scope == Scope::EVERYWHERE {
            return everywhere;
        }
        let rules = self.scopes.get(&scope)?;
        let is_exact = || key.source == Prefix::ALL && rules.names(key.prefix, router);
        first(&rules.others).or_else(|| is_exact().then_some(Metric::ZERO))
    }
}

impl Policy for Admissions {
    fn import(&self, at: Place, key: Key, router: RouterId) -> Option<Metric> {
        self.admits(at.scope, key, router)
    }

    fn export(&self, at: Place, key: Key, router: RouterId) -> Option<Metric> {
        let passes = at.scope == Scope::EVERYWHERE || self.admits(at.scope, key, router).is_some();
        passes.then_some(Metric::ZERO)
    }
}

impl<C: Candidates> Speaker<C> {
    /// Judges by another policy from now on: drops what it keeps out, takes back what it does not
    /// let out, and asks for all routes again, since what was kept out before was not kept; or only for
    /// those to which the `change` opens.
    pub(crate) fn judge_by(&mut self, policy: Arc<dyn Policy>, change: Option<&Change>, now: Time) {
        self.settings.policy = policy;
        let slots: Vec<Slot> = self.neighbours.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            match change {
                Some(change) => self.judge_changed(slot, change, now),
                None => self.judge(slot, now),
            }
        }
    }

    /// Judges what changes for a neighbour again.
    fn judge_changed(&mut self, slot: Slot, change: &Change, now: Time) {
        let Some(scope) = self.neighbours.get(slot).map(|neighbour| neighbour.scope) else {
            return;
        };
        let Change { opened, closed } = change;
        let here = opened.iter().chain(closed).filter(|(on, _)| *on == scope);
        let rows: Vec<RowId> = here.filter_map(|(_, key)| self.rows.find(*key, RowId(0))).collect();
        self.judge_rows(slot, &rows, now);
        let opened = opened.iter().filter(|(on, _)| *on == scope);
        if let Some(neighbour) = self.neighbours.get_mut(slot) {
            neighbour.out.wanted.routes.extend(opened.map(|(_, key)| Some(*key)));
        }
        self.is_ready(slot);
    }

    /// Judges a neighbour by the rules of another scope from now on.
    pub(crate) fn move_to(&mut self, slot: Slot, scope: Scope, now: Time) {
        if let Some(neighbour) = self.neighbours.get_mut(slot) {
            neighbour.scope = scope;
        }
        self.judge(slot, now);
    }

    /// Judges all that a neighbour told, and was told, again.
    fn judge(&mut self, slot: Slot, now: Time) {
        let rows: Vec<RowId> = self.rows.ids().collect();
        self.judge_rows(slot, &rows, now);
        if let Some(neighbour) = self.neighbours.get_mut(slot) {
            neighbour.out.wanted.routes.insert(None);
        }
        self.is_ready(slot);
    }

    fn judge_rows(&mut self, slot: Slot, rows: &[RowId], now: Time) {
        for row in rows {
            if self.is_kept_out(*row, slot) {
                self.drop_route(*row, slot);
                self.candidate_changed(*row, slot, now);
            }
        }
        for row in rows {
            self.revise(*row, slot);
        }
    }

    /// Tells whether a neighbour told a route to the range that may not be believed.
    fn is_kept_out(&self, row: RowId, slot: Slot) -> bool {
        let Some(neighbour) = self.neighbours.get(slot) else { return false };
        let (key, at, policy) = (self.rows.key(row), neighbour.place(), &self.settings.policy);
        self.candidates.get(row, slot).is_some_and(|candidate| {
            policy.import(at, key, self.routers.name(candidate.router())).is_none()
        })
    }

    /// Owes the neighbour a word about a range that it was told and may not hear any more, or may
    /// hear from now on.
    fn revise(&mut self, row: RowId, slot: Slot) {
        let told = self.neighbours.get(slot).is_some_and(|it| it.said(row).is_route());
        if told != self.offer(row, slot, false).is_some() {
            self.reconsider(row, slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use words::NodeId;

    use super::*;
    use crate::Interface;

    const HOME: Scope = Scope(1);
    const FOREIGN: Scope = Scope(2);

    fn admission(on: Scope, inside: &str, length: u8) -> Admission {
        let inside = inside.parse().unwrap();
        Admission { on, inside, length, from: None, by: None, farther: 0 }
    }

    fn passes(policy: &Admissions, scope: Scope, key: &str) -> [bool; 2] {
        let (at, key) = (Place { interface: Interface(7), scope }, key.parse().unwrap());
        let name = RouterId([7; 8]);
        [policy.import(at, key, name).is_some(), policy.export(at, key, name).is_some()]
    }

    #[test]
    fn what_is_told_and_believed_depends_on_the_scope() {
        let policy = Admissions::new(&[
            admission(HOME, "fd00:0:0:8000::/49", 64),
            admission(HOME, "fd00::/49", 49),
            admission(FOREIGN, "fd00::/49", 64),
            admission(FOREIGN, "fd00:0:0:8000::/49", 49),
            admission(Scope::EVERYWHERE, "10.42.0.0/16", 120),
        ]);
        let (yes, no) = ([true; 2], [false; 2]);
        let rows = [
            ("fd00:0:0:8001::/64", yes, no),
            ("fd00:0:0:8000::/49", no, yes),
            ("fd00:0:0:1::/64", no, yes),
            ("fd00::/49", yes, no),
            ("fd00::/48", no, no),
            ("10.42.7.0/24", yes, yes),
            ("fd00::/49 from fd00::/48", no, no),
        ];
        for (key, home, foreign) in rows {
            assert_eq!(passes(&policy, HOME, key), home, "{key}");
            assert_eq!(passes(&policy, FOREIGN, key), foreign, "{key}");
        }
        assert_eq!(passes(&policy, Scope(3), "fd00::/49"), no, "a scope that has no rules");
    }

    #[test]
    fn what_changes_by_ranges_is_named_and_everything_else_is_everything() {
        let [one, other] = [1, 2].map(|n| Names::of([NodeId(Prefix::new(n << 64, 64))]));
        let of = |by: &Names| Admission {
            by: Some(by.clone()),
            ..admission(HOME, "fd00:0:0:8000::/49", 49)
        };
        let inside = || admission(HOME, "fd00::/49", 64);
        let escaped = |on, n: u8| admission(on, &alloc::format!("fd00:0:0:800{n}::/64"), 64);
        let change = |before: &[Admission], now: &[Admission]| {
            Admissions::new(now).change_from(&Admissions::new(before))
        };
        let key = |text: &str| text.parse::<Key>().unwrap();
        let base = [inside(), of(&one), escaped(HOME, 1)];
        assert_eq!(change(&base, &base), Some(Change::default()));
        let more = [base.to_vec(), alloc::vec![escaped(FOREIGN, 2)]].concat();
        let it = (FOREIGN, key("fd00:0:0:8002::/64"));
        let opened = Change { opened: alloc::vec![it], closed: Vec::new() };
        assert_eq!(change(&base, &more), Some(opened));
        let closed = Change { opened: Vec::new(), closed: alloc::vec![it] };
        assert_eq!(change(&more, &base), Some(closed));
        // Another one may tell of the range.
        let both = alloc::vec![(HOME, key("fd00:0:0:8000::/49"))];
        let told = change(&base, &[inside(), of(&other), escaped(HOME, 1)]);
        assert_eq!(told, Some(Change { opened: both.clone(), closed: both }));
        assert_eq!(change(&base, &base[1..]), None, "what is inside of a range is not named");
        let everywhere = [&base[..], &[admission(Scope::EVERYWHERE, "10.42.0.0/16", 120)]].concat();
        assert_eq!(change(&base, &everywhere), None);
        let many: Vec<Admission> = (0..65)
            .map(|n| admission(HOME, &alloc::format!("fd00:0:0:9{n:03}::/64"), 64))
            .chain(base.clone())
            .collect();
        assert_eq!(change(&base, &many), None, "so many that everything is asked for");
    }

    #[test]
    fn without_scopes_everything_is_told_and_what_is_of_the_kind_is_believed() {
        let policy = Admissions::new(&[admission(Scope::EVERYWHERE, "fd00::/48", 64)]);
        assert_eq!(passes(&policy, Scope::EVERYWHERE, "fd00::/64"), [true, true]);
        assert_eq!(passes(&policy, Scope::EVERYWHERE, "fd00::/48"), [false, true]);
    }

    #[test]
    fn the_first_admission_says_how_much_farther() {
        let far = Admission { farther: 20_000, ..admission(HOME, "fd00::/48", 64) };
        let policy = Admissions::new(&[admission(HOME, "fd00::/49", 64), far]);
        let at = Place { interface: Interface(1), scope: HOME };
        let added = |key: &str| policy.import(at, key.parse().unwrap(), RouterId([7; 8]));
        assert_eq!(added("fd00:0:0:1::/64"), Some(Metric::ZERO));
        assert_eq!(added("fd00:0:0:8001::/64"), Some(Metric(20_000)));
        assert_eq!(added("fd01::/64"), None);
    }

    #[test]
    fn what_only_some_may_announce_is_let_in_from_them() {
        let exit = NodeId("fd00:0:0:7::/64".parse().unwrap());
        let by = Some(Names::of([exit]));
        let default = Admission { by, ..admission(HOME, "::/0", 0) };
        let policy = Admissions::new(&[default]);
        let at = Place { interface: Interface(1), scope: HOME };
        let key = "::/0".parse().unwrap();
        assert!(policy.import(at, key, RouterId(exit.routing_name())).is_some());
        assert!(policy.import(at, key, RouterId([7; 8])).is_none());
    }

    #[test]
    fn a_range_is_believed_of_those_who_may_tell_of_it_by_any_of_two_rules() {
        let [one, other, liar] = [1, 2, 3].map(|n| NodeId(Prefix::new(n << 64, 64)));
        let told = |by| {
            let by = Some(Names::of([by]));
            Admission { by, ..admission(HOME, "fd00:0:0:8000::/49", 49) }
        };
        let policy = Admissions::new(&[told(one), admission(HOME, "fd00::/49", 64), told(other)]);
        let at = |scope| Place { interface: Interface(1), scope };
        let passes = |scope, node: NodeId| {
            let (key, name) = ("fd00:0:0:8000::/49".parse().unwrap(), node.routing_name());
            let both = [policy.import(at(scope), key, RouterId(name)).is_some()];
            assert_eq!(both, [policy.export(at(scope), key, RouterId(name)).is_some()]);
            both == [true]
        };
        assert!(passes(HOME, one) && passes(HOME, other) && !passes(HOME, liar));
        assert!(!passes(FOREIGN, one), "there it is not told at all");
    }
}
