//! Nodes whose configurations ensure an arrow to a country, and how well that is kept.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;
use words::{Prefix, Time};

use crate::hosts::Hosts;
use crate::internet::{HostId, Model};
use crate::report::rounded;
use crate::status;
use crate::watch::{Seen, Watch};

/// How often arrows are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// This node ensures one arrow to nodes of this country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ensure {
    /// The node's number.
    pub node: u16,
    /// Two letters (ISO 3166).
    pub country: String,
}

/// Text that is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not understood; write NODE:COUNTRY, as 3:JP")]
pub struct NoEnsure(String);

impl FromStr for Ensure {
    type Err = NoEnsure;

    /// Reads `NODE:COUNTRY`.
    ///
    /// # Errors
    ///
    /// [`NoEnsure`], with the form, for other text.
    fn from_str(text: &str) -> Result<Self, NoEnsure> {
        let read = || {
            let (node, country) = text.split_once(':')?;
            let two = country.len() == 2 && country.bytes().all(|it| it.is_ascii_uppercase());
            two.then_some(Self { node: node.parse().ok()?, country: country.to_owned() })
        };
        read().ok_or_else(|| NoEnsure(text.to_owned()))
    }
}

/// How well rules were kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Ensured {
    /// Nodes of the country that the first rule asks for.
    pub nodes: usize,
    /// Looks at the arrows of nodes with a rule, twice a second each.
    pub looks: u32,
    /// Share of them with an arrow of its own to a node that its rule asks for.
    pub met_share: f64,
    /// The same, of nodes without a rule and in other countries, as the first rule asks for.
    pub others_share: f64,
    /// Arrows of the nodes with a rule that came to life.
    pub born: u64,
    /// Those of them that are owed to the rule.
    pub born_by_rule: u64,
    /// Looks at which an arrow to such a node was said to be owed to the rule (`re6st arrows`).
    pub named: u32,
}

/// Looks at what rules do.
#[derive(Debug)]
pub(crate) struct Ensuring {
    /// Who has a rule, and which nodes it asks for.
    rules: Vec<(HostId, Vec<HostId>)>,
    /// Who has none, and is not asked for by the first one.
    others: Vec<HostId>,
    looked: Time,
    own: Tally,
    control: Tally,
    named: u32,
}

/// How often something was looked at, and so.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    looks: u32,
    met: u32,
}

impl Tally {
    fn count(&mut self, met: bool) {
        self.looks += 1;
        self.met += u32::from(met);
    }

    fn share(self) -> f64 {
        rounded(f64::from(self.met) / f64::from(self.looks.max(1)))
    }
}

impl Ensuring {
    /// Prepares to look at what `rules` do among the nodes of `model`; there is nothing to look at
    /// without any.
    pub(crate) fn of(rules: &[Ensure], model: &Model) -> Option<Self> {
        let asked = |rule: &Ensure| -> Vec<HostId> {
            let there = |node: &HostId| {
                model.at(*node).is_some_and(|place| place.city.country == rule.country)
            };
            model.nodes().filter(|node| node.0 != rule.node).filter(there).collect()
        };
        let first = asked(rules.first()?);
        let has_one = |node: &HostId| rules.iter().any(|rule| rule.node == node.0);
        let others = model.nodes().filter(|node| !has_one(node) && !first.contains(node)).collect();
        let rules = rules.iter().map(|rule| (HostId(rule.node), asked(rule))).collect();
        let (own, control) = (Tally::default(), Tally::default());
        Some(Self { rules, others, looked: Time::ZERO, own, control, named: 0 })
    }

    /// Looks at the arrows of all nodes, now and then.
    pub(crate) fn look(&mut self, hosts: &Hosts, watch: &Watch, now: Time) {
        if now.since(self.looked) < LOOK {
            return;
        }
        self.looked = now;
        let prefixes = |nodes: &[HostId]| -> Option<Vec<Prefix>> {
            let seen = watch.seen();
            nodes.iter().map(|node| seen.get(node)?.status.prefix).collect()
        };
        let arrows = |node| status::own_arrows(&hosts.state(node)).ok();
        for (node, asked) in &self.rules {
            let Some((wanted, own)) = prefixes(asked).zip(arrows(*node)) else { continue };
            self.own.count(meets(&own, &wanted));
            let by_rule = |prefix| own.get(prefix).is_some_and(|cause| cause == "small-mesh");
            self.named += u32::from(wanted.iter().any(by_rule));
        }
        let first = self.rules.first().and_then(|(_, asked)| prefixes(asked));
        for other in &self.others {
            let Some((wanted, arrows)) = first.as_ref().zip(arrows(*other)) else { continue };
            self.control.count(meets(&arrows, wanted));
        }
    }

    /// Returns how well the rules were kept.
    pub(crate) fn report(&self, seen: &BTreeMap<HostId, Seen>) -> Ensured {
        let own = self.rules.iter().filter_map(|(node, _)| seen.get(node));
        let arrows: Vec<_> = own.map(|seen| &seen.status.arrows).collect();
        let by_rule = arrows.iter().filter_map(|it| it.by_cause.get("born:small-mesh"));
        Ensured {
            nodes: self.rules.first().map_or(0, |(_, asked)| asked.len()),
            looks: self.own.looks,
            met_share: self.own.share(),
            others_share: self.control.share(),
            born: arrows.iter().map(|it| it.born).sum(),
            born_by_rule: by_rule.sum(),
            named: self.named,
        }
    }
}

/// Tells whether any of the nodes `wanted` is at the end of one of these arrows.
fn meets(arrows: &BTreeMap<Prefix, String>, wanted: &[Prefix]) -> bool {
    wanted.iter().any(|prefix| arrows.contains_key(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_as_it_is_written() {
        assert_eq!("3:JP".parse(), Ok(Ensure { node: 3, country: "JP".to_owned() }));
        for text in ["", "3", ":JP", "3:", "3:jp", "3:JPN", "x:JP"] {
            let error = text.parse::<Ensure>().unwrap_err().to_string();
            assert!(error.contains("3:JP"), "{text}: {error}");
        }
    }
}
