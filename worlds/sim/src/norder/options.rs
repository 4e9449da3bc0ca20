//! What is asked for, and which of it makes sense.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{bail, ensure};
use words::Share;

use super::full::Whole;
use crate::places::Rtt;

/// A mesh of meshes, and what goes wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NorderOptions {
    /// 1 for one mesh, 2 for a mesh of meshes, 3 for groups of those.
    pub order: usize,
    /// Groups, at order 3; 1 below it. 2 to 1000.
    pub groups: usize,
    /// Meshes, of each group: 1 at order 1, else 2 to 1000.
    pub meshes: usize,
    /// Nodes of each mesh: 2 to 10 000.
    pub each: usize,
    /// Arrows of each node in each of its meshes: 1 to 100.
    pub arrows: u16,
    /// Share of the members of a mesh that serve at each level: 1 to 50 %.
    pub border: Share,
    /// Share of the candidates owed to well-known nodes, a tenth of all: 0 to 30 %.
    pub well_known: Share,
    /// Links that well-known nodes accept for each arrow: 1 to 10.
    pub hubs: u16,
    /// Destinations to walk to, and sources for each; by default as many as take some seconds.
    pub sampled: Option<usize>,
    /// Build the flat mesh to compare with whatever the size.
    pub flat: bool,
    /// Look at the load with the load term of this gain as well.
    pub gain: Option<u32>,
    /// Where round trips come from.
    pub rtt: Rtt,
    /// What goes wrong, one after the other, each with the whole network.
    pub troubles: Vec<Trouble>,
    /// Leave the quorum and the escape out where a country is filtered, in a whole network the escape:
    /// a negative control.
    pub no_quorum: bool,
    /// Leave refugees out there as well.
    pub no_refuge: bool,
    /// Where all luck comes from.
    pub seed: u64,
}

impl Default for NorderOptions {
    fn default() -> Self {
        Self {
            order: 2,
            groups: 1,
            meshes: 100,
            each: 100,
            arrows: 10,
            border: Share::percent(10),
            well_known: Share::percent(0),
            hubs: 10,
            sampled: None,
            flat: false,
            gain: None,
            rtt: Rtt::Cities,
            troubles: Vec::new(),
            no_quorum: false,
            no_refuge: false,
            seed: 1,
        }
    }
}

impl NorderOptions {
    /// Returns the options of a network that is small enough to be drawn: the seed's red, green and
    /// blue meshes.
    #[must_use]
    pub fn small() -> Self {
        Self { meshes: 3, each: 20, arrows: 2, ..Self::default() }
    }
}

/// Most nodes of a simulation.
const NODES: usize = 1_200_000;
/// Most nodes of which a country can be filtered.
const FILTERED: usize = 50_000;
/// Most nodes that run the whole protocol.
const WHOLE: usize = 200_000;

impl NorderOptions {
    /// Returns how many nodes there are.
    pub const fn nodes(&self) -> usize {
        self.groups * self.meshes * self.each
    }

    /// Returns the share of the members that lie, if any do.
    pub(super) fn liars(&self) -> Option<Share> {
        self.troubles.iter().find_map(|trouble| match trouble {
            Trouble::Liars(share) => Some(*share),
            Trouble::LoseBorder(_) | Trouble::Filter(..) | Trouble::Split | Trouble::Merge => None,
        })
    }

    /// Returns the destinations to walk to, and the sources for each.
    pub(super) fn sampled(&self) -> (usize, usize) {
        let usual = if self.nodes() > 100_000 { 8 } else { 100 };
        let to = self.sampled.unwrap_or(usual).min(self.nodes());
        (to, 1000.min(self.nodes() - 1))
    }

    pub(super) fn luck(&self) -> [u8; 32] {
        let mut luck = [0; 32];
        for (octet, own) in luck.iter_mut().zip(self.seed.to_le_bytes()) {
            *octet = own;
        }
        luck
    }

    /// Checks that the options make sense.
    ///
    /// # Errors
    ///
    /// The first that does not, with the remedy.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(
            (1..=3).contains(&self.order),
            "--order {} cannot be simulated; use 1, 2 or 3",
            self.order
        );
        match self.order {
            1 if self.meshes > 1 => {
                bail!("--order 1 is one mesh; leave --meshes out, or use --order 2")
            }
            2 | 3 if !(2..=1000).contains(&self.meshes) => {
                bail!("--meshes {} makes no mesh of meshes; use 2 to 1000", self.meshes)
            }
            3 if !(2..=1000).contains(&self.groups) => {
                bail!("--groups {} makes no third order; use 2 to 1000", self.groups)
            }
            1 | 2 if self.groups != 1 => bail!("--groups is for --order 3; leave it out"),
            _ => {}
        }
        ensure!(
            (2..=10_000).contains(&self.each),
            "--nodes-per-mesh {} cannot be simulated; use 2 to 10000",
            self.each
        );
        ensure!(
            self.nodes() <= NODES,
            "{} nodes are too many for one machine; use {NODES} at most",
            self.nodes()
        );
        ensure!((1..=100).contains(&self.arrows), "--arrows {} is out of 1 to 100", self.arrows);
        ensure!(
            (Share::percent(1)..=Share::percent(50)).contains(&self.border),
            "--border {}% is out of 1% to 50%",
            self.border.as_percent()
        );
        ensure!(
            self.well_known <= Share::percent(30),
            "--well-known {}% would break the principle of random selection; use 30% at most",
            self.well_known.as_percent()
        );
        ensure!(
            (1..=10).contains(&self.hubs),
            "--well-known-accept {} is out of 1 to 10",
            self.hubs
        );
        ensure!(self.sampled != Some(0), "--sampled 0 looks at nothing; use 1 at least");
        ensure!(self.gain.is_none_or(|gain| gain <= 1000), "--load-gain is 1000 at most");
        let filters = self.troubles.iter().any(|trouble| matches!(trouble, Trouble::Filter(..)));
        ensure!(
            !filters || self.nodes() <= FILTERED,
            "a filter is simulated round by round; use {FILTERED} nodes at most with it"
        );
        Ok(())
    }

    /// The same where paths are sampled.
    ///
    /// # Errors
    ///
    /// The first that does not, with the remedy.
    pub(super) fn check_sampled(&self) -> anyhow::Result<()> {
        self.check()?;
        let merges = self.troubles.contains(&Trouble::Merge);
        ensure!(!merges, "--fault \"merge\" is for whole networks; use --full with it");
        let filters = self.troubles.iter().any(|trouble| matches!(trouble, Trouble::Filter(..)));
        ensure!(
            !filters || self.order == 2,
            "without --full a filter is simulated at order 2 only; use --order 2 with it"
        );
        Ok(())
    }
}

impl NorderOptions {
    /// Checks that a whole network can be simulated so.
    ///
    /// # Errors
    ///
    /// The first that cannot, with the remedy.
    pub(super) fn check_whole(&self, whole: Whole) -> anyhow::Result<()> {
        let Whole { within, epoch, round, .. } = whole;
        ensure!(
            self.nodes() <= WHOLE,
            "{} whole nodes are too many for one machine; use {WHOLE} at most, or leave --full out",
            self.nodes()
        );
        ensure!(
            (Duration::from_secs(10)..=Duration::from_hours(24)).contains(&within),
            "--within {within:?} is out of 10s to 24h"
        );
        ensure!(
            (Duration::from_secs(30)..=Duration::from_hours(24)).contains(&epoch),
            "--epoch {epoch:?} is out of 30s to 24h"
        );
        ensure!(
            (Duration::from_secs(1)..=Duration::from_hours(1)).contains(&round),
            "--round {round:?} is out of 1s to 1h"
        );
        let first = self.troubles.iter().find(|it| matches!(it, Trouble::Split | Trouble::Merge));
        ensure!(
            self.order > 1 || first != Some(&Trouble::Merge),
            "--order 1 is one mesh and has none to merge; use --order 2 with it"
        );
        self.check_liars()?;
        let others = [
            ("--well-known", self.well_known != Share::percent(0)),
            ("--flat", self.flat),
            ("--load-gain", self.gain.is_some()),
        ];
        match others.iter().find(|(_, is_used)| *is_used) {
            Some((option, _)) => bail!("{option} is for sampled paths; leave it or --full out"),
            None => Ok(()),
        }
    }
}

impl NorderOptions {
    /// Checks that members of a whole network can lie so.
    ///
    /// # Errors
    ///
    /// The first that cannot, with the remedy.
    fn check_liars(&self) -> anyhow::Result<()> {
        let Some(lying) = self.liars() else { return Ok(()) };
        let count = self.troubles.iter().filter(|it| matches!(it, Trouble::Liars(_))).count();
        ensure!(
            count == 1,
            "who lies does so from the beginning; use one --fault \"liars P%\" only"
        );
        ensure!(self.order > 1, "--order 1 holds no election to lie in; use --order 2 with liars");
        let percent = lying.as_percent();
        ensure!(
            lying.at_most(self.each) > 0,
            "{percent}% of {} nodes are none that lie; use more --nodes-per-mesh, or more of them",
            self.each
        );
        let nobody = "leaves nobody who does not lie; use 50% at most";
        ensure!(lying <= Share::percent(50), "--fault \"liars {percent}%\" {nobody}");
        Ok(())
    }
}

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// This share of the border nodes dies at once.
    LoseBorder(Share),
    /// This many hundredths of thousandths of the pairs across the border of a country are
    /// blocked; of the one with about 4 % of the nodes, if none is named.
    Filter(Option<String>, u32),
    /// This share of the members lie in the election.
    Liars(Share),
    /// A mesh is split.
    Split,
    /// Two meshes become one.
    Merge,
}

/// Text that names no trouble.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no fault; use \"lose-border 70%\", \"filter 99.8%\", \"filter FR 99%\", \"liars 10%\", \
     \"split\" or \"merge\""
)]
pub struct NoTrouble(String);

impl FromStr for Trouble {
    type Err = NoTrouble;

    fn from_str(text: &str) -> Result<Self, NoTrouble> {
        let wrong = || NoTrouble(text.to_owned());
        let words: Vec<&str> = text.split_whitespace().collect();
        let whole = |word: &str| {
            let percent = word.strip_suffix('%').and_then(|number| number.parse().ok());
            percent.filter(|percent| *percent <= 100).map(Share::percent).ok_or_else(wrong)
        };
        match *words.as_slice() {
            ["lose-border", share] => Ok(Self::LoseBorder(whole(share)?)),
            ["liars", share] => Ok(Self::Liars(whole(share)?)),
            ["split"] => Ok(Self::Split),
            ["merge"] => Ok(Self::Merge),
            ["filter", share] => Ok(Self::Filter(None, parts(share).ok_or_else(wrong)?)),
            ["filter", country, share] => {
                Ok(Self::Filter(Some(country.to_owned()), parts(share).ok_or_else(wrong)?))
            }
            _ => Err(wrong()),
        }
    }
}

/// Reads a share with up to three digits past the point, in hundredths of thousandths.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "0 to 100 hundredths are 0 to a hundred thousand"
)]
fn parts(text: &str) -> Option<u32> {
    let percent: f64 = text.strip_suffix('%')?.parse().ok()?;
    (0.0..=100.0).contains(&percent).then(|| (percent * 1000.0).round() as u32)
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |parts: &u32| f64::from(*parts) / 1000.0;
        match self {
            Self::LoseBorder(share) => write!(f, "lose-border {}%", share.as_percent()),
            Self::Liars(share) => write!(f, "liars {}%", share.as_percent()),
            Self::Filter(None, parts) => write!(f, "filter {}%", percent(parts)),
            Self::Filter(Some(country), parts) => write!(f, "filter {country} {}%", percent(parts)),
            Self::Split => f.write_str("split"),
            Self::Merge => f.write_str("merge"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_go_both_ways_and_others_are_told_their_form() {
        for text in
            ["lose-border 70%", "filter 99.8%", "filter FR 9%", "liars 10%", "split", "merge"]
        {
            let trouble: Trouble = text.parse().unwrap();
            assert_eq!(trouble.to_string(), text);
        }
        for text in
            ["", "split 3", "liars", "liars 101%", "filter -1%", "lose-border 70", "filter a b c"]
        {
            assert!(text.parse::<Trouble>().unwrap_err().to_string().contains("lose-border 70%"));
        }
    }

    #[test]
    fn what_makes_no_sense_is_told_with_the_remedy() {
        let good = NorderOptions::default();
        assert!(good.check().is_ok());
        let refusal = |bad: NorderOptions| bad.check().unwrap_err().to_string();
        for (bad, remedy) in [
            (NorderOptions { order: 4, ..good.clone() }, "use 1, 2 or 3"),
            (NorderOptions { order: 1, ..good.clone() }, "leave --meshes out"),
            (NorderOptions { meshes: 1, ..good.clone() }, "use 2 to 1000"),
            (NorderOptions { order: 3, ..good.clone() }, "--groups 1 makes no third order"),
            (NorderOptions { groups: 7, ..good.clone() }, "leave it out"),
            (NorderOptions { each: 1, ..good.clone() }, "use 2 to 10000"),
            (NorderOptions { each: 10_000, meshes: 1000, ..good.clone() }, "too many"),
            (NorderOptions { arrows: 0, ..good.clone() }, "1 to 100"),
            (NorderOptions { border: Share::percent(60), ..good.clone() }, "1% to 50%"),
            (NorderOptions { well_known: Share::percent(31), ..good.clone() }, "use 30% at most"),
            (NorderOptions { hubs: 11, ..good.clone() }, "1 to 10"),
            (NorderOptions { sampled: Some(0), ..good.clone() }, "use 1 at least"),
        ] {
            assert!(refusal(bad.clone()).contains(remedy), "{}", refusal(bad));
        }
        let troubles = vec!["filter 99%".parse().unwrap()];
        let deep = NorderOptions { order: 3, groups: 2, troubles, ..good };
        assert!(deep.check().is_ok(), "in full form it is simulated");
        assert!(deep.check_sampled().unwrap_err().to_string().contains("use --order 2"));
    }
}
