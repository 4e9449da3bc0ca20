//! Rules: which routes are let through, and at what metric. The first that fits decides.

use babel::{Family, Key, Metric};
use words::Prefix;

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject<'a> {
    /// The destinations of the route, and its senders.
    pub(crate) key: Key,
    /// The interface where it leads, or where it is heard or told.
    pub(crate) interface: Option<&'a str>,
    /// Who made it, as the kernel numbers them (`/etc/iproute2/rt_protos`).
    pub(crate) protocol: Option<u8>,
}

/// A rule: what it fits, and what then holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Fits routes inside this range, of its family only.
    pub prefix: Option<Prefix>,
    /// Fits prefixes at least so long, in the bits of their family.
    pub ge: Option<u8>,
    /// Fits prefixes at most so long.
    pub le: Option<u8>,
    /// Fits routes of this interface.
    pub interface: Option<String>,
    /// Fits routes of this maker.
    pub protocol: Option<u8>,
    /// Fits routes for senders inside this range.
    pub source: Option<Prefix>,
    /// What becomes of the route.
    pub verdict: Verdict,
}

/// What becomes of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It passes. The metric is added where routes are heard or told, and replaces the usual
    /// one where they are announced or installed.
    Allow(Option<u32>),
    /// It does not pass.
    Deny,
}

impl Default for Verdict {
    fn default() -> Self {
        Self::Allow(None)
    }
}

impl Rule {
    /// Tells whether the rule is about `subject`.
    pub(crate) fn fits(&self, subject: Subject<'_>) -> bool {
        let Subject { key, interface, protocol } = subject;
        let length = length(key.prefix);
        self.prefix.is_none_or(|range| inside(range, key.prefix))
            && self.source.is_none_or(|range| inside(range, key.source))
            && self.ge.is_none_or(|least| length >= least)
            && self.le.is_none_or(|most| length <= most)
            && self.interface.as_deref().is_none_or(|name| interface == Some(name))
            && self.protocol.is_none_or(|number| protocol == Some(number))
    }
}

/// Returns what the first rule that fits says; `None` if none does.
pub(crate) fn first(rules: &[Rule], subject: Subject<'_>) -> Option<Verdict> {
    rules.iter().find(|rule| rule.fits(subject)).map(|rule| rule.verdict)
}

/// Returns the metric that a verdict adds; `None` if the route does not pass.
///
/// More than a metric can hold is infinite, and does not pass either.
pub(crate) fn added(verdict: Option<Verdict>) -> Option<Metric> {
    match verdict {
        None | Some(Verdict::Allow(None)) => Some(Metric::ZERO),
        Some(Verdict::Allow(Some(metric))) => {
            u16::try_from(metric).ok().map(Metric).filter(|metric| metric.is_finite())
        }
        Some(Verdict::Deny) => None,
    }
}

/// Tells whether `part` is of the family of `range`, and inside.
///
/// IPv4 is a corner of the IPv6 space here, and `::/0` must not mean it.
fn inside(range: Prefix, part: Prefix) -> bool {
    family(range) == family(part) && range.covers(part)
}

fn family(prefix: Prefix) -> Family {
    Key::to(prefix).family()
}

/// Returns the length in the bits of its own family: 0 to 32 for IPv4.
fn length(prefix: Prefix) -> u8 {
    prefix.as_ipv4().map_or(prefix.length(), |(_, length)| length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use babel::range;

    fn about(key: &str) -> Subject<'static> {
        Subject { key: key.parse().unwrap(), interface: Some("eth0"), protocol: Some(4) }
    }

    fn within(prefix: &str) -> Rule {
        Rule { prefix: Some(range(prefix).unwrap()), ..Rule::default() }
    }

    #[test]
    fn a_range_of_one_family_says_nothing_of_the_other() {
        assert!(within("::/0").fits(about("2001:db8::/32")));
        assert!(!within("::/0").fits(about("10.0.0.0/8")));
        assert!(within("0.0.0.0/0").fits(about("10.0.0.0/8")));
        assert!(!within("0.0.0.0/0").fits(about("2001:db8::/32")));
    }

    #[test]
    fn lengths_are_those_of_the_family() {
        let rule = Rule { ge: Some(24), le: Some(28), ..within("10.0.0.0/8") };
        assert!(!rule.fits(about("10.0.0.0/8")));
        assert!(rule.fits(about("10.1.2.0/24")));
        assert!(!rule.fits(about("10.1.2.0/29")));
    }

    #[test]
    fn every_part_of_a_rule_must_fit() {
        let rule = Rule { interface: Some("eth1".into()), ..Rule::default() };
        assert!(!rule.fits(about("::/0")));
        let rule = Rule { protocol: Some(3), ..Rule::default() };
        assert!(!rule.fits(about("::/0")));
        let rule = Rule { source: Some(range("fd00::/8").unwrap()), ..Rule::default() };
        assert!(!rule.fits(about("::/0")));
        assert!(rule.fits(about("::/0 from fd00:42::/48")));
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let deny = Rule { verdict: Verdict::Deny, ..within("10.0.0.0/8") };
        let allow = Rule { verdict: Verdict::Allow(Some(7)), ..Rule::default() };
        let rules = [deny, allow];
        assert_eq!(first(&rules, about("10.0.0.0/24")), Some(Verdict::Deny));
        assert_eq!(first(&rules, about("::/0")), Some(Verdict::Allow(Some(7))));
        assert_eq!(first(&rules[..1], about("::/0")), None);
    }

    #[test]
    fn an_infinite_metric_does_not_pass() {
        assert_eq!(added(Some(Verdict::Allow(Some(96)))), Some(Metric(96)));
        assert_eq!(added(Some(Verdict::Allow(Some(0xffff)))), None);
        assert_eq!(added(Some(Verdict::Allow(Some(1 << 20)))), None);
        assert_eq!(added(None), Some(Metric::ZERO));
    }
}
