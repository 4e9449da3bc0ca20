//! Metrics of routes, costs of links, and how they add (RFC 8966 §3.5.2).

use core::fmt;

/// The cost of a route, in Babel's own unit; lower is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metric(pub u16);

impl Metric {
    /// No route: the update retracts it.
    pub const INFINITE: Self = Self(0xffff);
    /// The metric of our own ranges.
    pub const ZERO: Self = Self(0);

    /// Tells whether there is a route.
    pub const fn is_finite(self) -> bool {
        self.0 != Self::INFINITE.0
    }

    /// Returns the metric through a link of this `cost`.
    ///
    /// The plain sum, while there is room: near infinity a link costs at most half of
    /// what is left, so that a path of several shunned links is still a path. Always
    /// more than `self`, never less for a larger `self`; infinite if either is.
    ///
    /// Source: RFC 8966 §3.5.2 (strict monotonicity, isotonicity).
    #[must_use]
    pub const fn through(self, cost: Cost) -> Self {
        let room = Self::INFINITE.0 - self.0;
        if !cost.is_finite() || room < 2 {
            return Self::INFINITE;
        }
        let step = if cost.0 < room / 2 { cost.0 } else { room / 2 };
        Self(self.0 + if step == 0 { 1 } else { step })
    }

    /// Tells whether neighbours should hear that `sent` has become `self`.
    ///
    /// True beyond 64 and an eighth of `sent`, and between finite and infinite.
    pub const fn is_news_after(self, sent: Self) -> bool {
        let margin = if sent.0 / 8 > 64 { sent.0 / 8 } else { 64 };
        self.is_finite() != sent.is_finite() || self.0.abs_diff(sent.0) > margin
    }

    /// Tells whether `self` is more than half as much again as `other`.
    pub(crate) const fn is_much_worse_than(self, other: Self) -> bool {
        self.0 > other.0.saturating_add(other.0 / 2)
    }

    /// Tells whether `self` is so much lower than `current` that a switch is worth it.
    ///
    /// True beyond 64 and a tenth of `current`: jitter of delays must not flap routes.
    pub const fn is_worth_leaving(self, current: Self) -> bool {
        let margin = if current.0 / 10 > 64 { current.0 / 10 } else { 64 };
        self.0 < current.0 && current.0 - self.0 > margin
    }
}

/// The cost of a link, in the unit of metrics; 0xffff if it cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(pub u16);

impl Cost {
    /// A link that cannot be used.
    pub const INFINITE: Self = Self(0xffff);
    /// A link that works, whatever its delay. Source: RFC 8966 App. A.2.1.
    pub const NOMINAL: Self = Self(96);
    /// What shunning adds. Source: the measurement of additive penalties, BABEL A.13.
    pub const SHUNNED: Self = Self(20_000);

    /// Tells whether the link can be used.
    pub const fn is_finite(self) -> bool {
        self.0 != Self::INFINITE.0
    }

    /// Returns the sum, which is below infinity if both are.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        if !self.is_finite() || !other.is_finite() {
            return Self::INFINITE;
        }
        let sum = self.0.saturating_add(other.0);
        Self(if sum == Self::INFINITE.0 { sum - 1 } else { sum })
    }

    /// Tells whether the link's cost has moved far enough from `used` to be used instead.
    pub const fn has_left(self, used: Self) -> bool {
        let margin = if used.0 / 16 > 8 { used.0 / 16 } else { 8 };
        self.is_finite() != used.is_finite() || self.0.abs_diff(used.0) > margin
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self.0, f)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self.0, f)
    }
}

fn show(value: u16, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if value == 0xffff { f.pad("infinite") } else { fmt::Display::fmt(&value, f) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_always_costs_something() {
        for m in 0..=u16::MAX {
            for c in [0, 1, 96, 5_096, 20_096, 40_000, 0xfffe] {
                let through = Metric(m).through(Cost(c));
                assert!(through > Metric(m) || m == 0xffff, "{m} {c}");
            }
        }
    }

    #[test]
    fn more_never_becomes_less() {
        for c in [0, 1, 96, 20_096, 0xfffe, 0xffff] {
            for m in 0..u16::MAX {
                assert!(Metric(m).through(Cost(c)) <= Metric(m + 1).through(Cost(c)));
            }
        }
    }

    #[test]
    fn several_shunned_links_are_still_a_path() {
        let shunned = Cost::NOMINAL.plus(Cost::SHUNNED);
        let four = (0..4).fold(Metric::ZERO, |metric, _| metric.through(shunned));
        assert!(four.is_finite());
        assert_eq!(Metric(96).through(Cost(96)), Metric(192));
    }
}
