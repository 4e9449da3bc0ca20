//! By which rule arrows are chosen and destroyed: the seed's, and those that it refuses.

use std::fmt;
use std::str::FromStr;

/// By which rule arrows are chosen and destroyed.
///
/// The first two are the product's own engines. The others exist here only, to show what they
/// cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// At random, with the exceptions of the principles; a tenth of the nodes is well known ([`Known`](crate::Known)).
    Seed,
    /// At random, without the exceptions `most-used` and `well-known`.
    Random,
    /// The least used of the arrows die, the others never; the new ones are drawn.
    KeepUsed,
    /// Only the arrows with the shortest round trips stay.
    Best,
    /// An arrow to each of the nearest nodes, for ever.
    Nearest,
    /// Arrows inside one's country only, but for three gateways of each.
    Regions,
}

/// Text that is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no rule; write seed, random, keep-used, best, nearest or regions")]
pub struct NoRule(String);

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 6] =
        [Self::Seed, Self::Random, Self::KeepUsed, Self::Best, Self::Nearest, Self::Regions];

    /// Returns its name, as on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seed => "seed",
            Self::Random => "random",
            Self::KeepUsed => "keep-used",
            Self::Best => "best",
            Self::Nearest => "nearest",
            Self::Regions => "regions",
        }
    }

    /// Tells whether the product's own engines follow it.
    pub const fn is_ours(self) -> bool {
        match self {
            Self::Seed | Self::Random => true,
            Self::KeepUsed | Self::Best | Self::Nearest | Self::Regions => false,
        }
    }
}

impl FromStr for Rule {
    type Err = NoRule;

    /// Reads the name of a rule.
    ///
    /// # Errors
    ///
    /// [`NoRule`], with the names that there are.
    fn from_str(text: &str) -> Result<Self, NoRule> {
        let rule = Self::ALL.into_iter().find(|rule| rule.name() == text);
        rule.ok_or_else(|| NoRule(text.to_owned()))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for rule in Rule::ALL {
            assert_eq!(rule.name().parse(), Ok(rule));
        }
        let error = "fastest".parse::<Rule>().unwrap_err().to_string();
        assert!(error.contains("`fastest`") && error.contains("keep-used"), "{error}");
    }
}
