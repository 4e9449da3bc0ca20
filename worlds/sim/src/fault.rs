//! Faults that are ordered: what is to go wrong, and when.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use words::{read_span, write_span};

/// Something that is to go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub what: What,
    /// When, since the beginning.
    pub at: Duration,
}

/// What is to go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// These hundredths of the nodes, drawn by chance, are killed.
    Kill(u8),
    /// These hundredths of the nodes, those with the most links first, are killed.
    KillBest(u8),
    /// These hundredths of the pairs of nodes, drawn by chance, are cut from each other.
    CutPairs(u8),
    /// These hundredths of the pairs of a node in this country and one outside are cut.
    Filter(String, u8),
    /// All nodes of this country are killed.
    KillCountry(String),
    /// The registry answers no more.
    KillRegistry,
    /// All cuts end.
    Heal,
}

/// Text that is no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no fault; write kill PERCENT@TIME, kill-best PERCENT@TIME, cut-pairs PERCENT@TIME, \
     filter COUNTRY PERCENT@TIME, kill-country COUNTRY@TIME, kill-registry@TIME or heal@TIME, \
     as `kill 50%@1h`"
)]
pub struct NoFault(String);

impl FromStr for Fault {
    type Err = NoFault;

    /// Reads what and when, as `filter FR 99%@90m`.
    ///
    /// # Errors
    ///
    /// [`NoFault`], with the forms that there are.
    fn from_str(text: &str) -> Result<Self, NoFault> {
        read(text).ok_or_else(|| NoFault(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Fault> {
    let (what, at) = text.split_once('@')?;
    let at = read_span(at.trim())?;
    let words: Vec<&str> = what.split_whitespace().collect();
    let what = match words.as_slice() {
        ["kill", share] => What::Kill(percent(share)?),
        ["kill-best", share] => What::KillBest(percent(share)?),
        ["cut-pairs", share] => What::CutPairs(percent(share)?),
        ["filter", country, share] => What::Filter((*country).to_owned(), percent(share)?),
        ["kill-country", country] => What::KillCountry((*country).to_owned()),
        ["kill-registry"] => What::KillRegistry,
        ["heal"] => What::Heal,
        _ => return None,
    };
    Some(Fault { what, at })
}

fn percent(text: &str) -> Option<u8> {
    text.strip_suffix('%')?.parse().ok().filter(|percent| *percent <= 100)
}

impl What {
    /// Returns the country that it names.
    pub(crate) fn country(&self) -> Option<&str> {
        match self {
            Self::Filter(country, _) | Self::KillCountry(country) => Some(country),
            Self::Kill(_)
            | Self::KillBest(_)
            | Self::CutPairs(_)
            | Self::KillRegistry
            | Self::Heal => None,
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(share) => write!(f, "kill {share}%"),
            Self::KillBest(share) => write!(f, "kill-best {share}%"),
            Self::CutPairs(share) => write!(f, "cut-pairs {share}%"),
            Self::Filter(country, share) => write!(f, "filter {country} {share}%"),
            Self::KillCountry(country) => write!(f, "kill-country {country}"),
            Self::KillRegistry => f.write_str("kill-registry"),
            Self::Heal => f.write_str("heal"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@", self.what)?;
        write_span(self.at, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_both_ways() {
        for text in [
            "kill 50%@1h",
            "kill-best 5%@90m",
            "cut-pairs 80%@10s",
            "filter CN 99%@2h",
            "kill-country 6@1h",
            "kill-registry@30m",
            "heal@3h",
        ] {
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_fault_is_told_with_the_forms() {
        for text in [
            "",
            "kill",
            "kill@1h",
            "kill 50@1h",
            "kill 101%@1h",
            "kill -1%@1h",
            "kill 50%",
            "kill 50%@",
            "kill 50%@soon",
            "filter 99%@1h",
            "heal 5%@1h",
            "explode 5%@1h",
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains("kill PERCENT@TIME"), "{text}: {error}");
        }
    }
}
