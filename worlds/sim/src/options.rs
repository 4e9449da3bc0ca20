//! What can be asked of the simulator.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::fault::Fault;
use crate::known::Known;
use crate::places::{Places, Rtt};
use crate::rule::Rule;
use crate::terrain::Quality;

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many nodes; `None` is all places of a file, or 100 in the cities.
    pub nodes: Option<usize>,
    /// Arrows of each node, 1 to 100.
    pub arrows: u16,
    /// By which rule arrows live and die.
    pub rule: Rule,
    /// Where round trips come from.
    pub rtt: Rtt,
    /// How long, in virtual time.
    pub span: Duration,
    /// Time between two rounds of renewal, 1 s to 1 h.
    pub round: Duration,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// Where all luck comes from.
    pub seed: u64,
    /// How paths are found; `None` is the oracle where Babel would take long.
    pub routing: Option<Routing>,
    /// Which tenth of the nodes is well known.
    pub known: Known,
    /// Links that well-known nodes accept for each arrow, 1 to 10; all others accept two.
    pub hubs: u16,
    /// How good the Internet is.
    pub quality: Quality,
    /// Where the mesh is drawn at the end.
    pub svg: Option<PathBuf>,
    /// Whether to show on standard error how far it is.
    pub progress: bool,
}

/// How paths are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// Every node has a Babel speaker; the real packets are exchanged.
    Babel,
    /// Shortest paths, which everybody knows at once.
    Oracle,
}

/// Text that is no routing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no routing; write babel or oracle")]
pub struct NoRouting(String);

/// Babel is simulated by default up to so many node-hours: about a minute of work.
const BABEL: f64 = 100.0;
/// Most nodes: tables grow with the square.
const MOST_NODES: usize = 20_000;
/// Longest run: no route lives longer in Babel's tables.
const LONGEST: Duration = Duration::from_hours(24 * 30);

impl Default for Options {
    /// A hundred nodes in the cities, for an hour, as the seed asks.
    fn default() -> Self {
        Self {
            nodes: None,
            arrows: 10,
            rule: Rule::Seed,
            rtt: Rtt::Cities,
            span: Duration::from_hours(1),
            round: Duration::from_mins(5),
            faults: Vec::new(),
            seed: 1,
            routing: None,
            known: Known::Central,
            hubs: 2,
            quality: Quality::default(),
            svg: None,
            progress: false,
        }
    }
}

impl Options {
    /// Checks what can be checked before anything is read.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let nodes = self.nodes.unwrap_or(2);
        ensure!(
            (2..=MOST_NODES).contains(&nodes),
            "{nodes} nodes cannot be simulated; ask for --nodes 2 to {MOST_NODES}"
        );
        ensure!(
            (1..=100).contains(&self.arrows),
            "{} arrows are out of bounds; ask for --arrows 1 to 100",
            self.arrows
        );
        ensure!(
            (1..=10).contains(&self.hubs),
            "{} links for each arrow are out of bounds; ask for --well-known-accept 1 to 10",
            self.hubs
        );
        let rounds = Duration::from_secs(1)..=Duration::from_hours(1);
        ensure!(
            rounds.contains(&self.round),
            "the round is out of bounds; ask for --round 1s to 1h"
        );
        ensure!(
            self.span >= self.round && self.span <= LONGEST,
            "the time is out of bounds; ask for --hours of one round at least, and 720 at most"
        );
        let late = self.faults.iter().find(|fault| fault.at > self.span);
        ensure!(
            late.is_none(),
            "a fault comes after the end; ask for more --hours, or for an earlier fault"
        );
        Ok(())
    }

    /// Checks what the places must have.
    pub(crate) fn check_places(&self, places: &Places) -> anyhow::Result<()> {
        let found = places.matrix.places();
        ensure!(found <= MOST_NODES, "the file has {found} places; ask for --nodes {MOST_NODES}");
        let unknown = "nobody knows who is in which country; write a file of the same name that \
                       ends in .groups.csv beside that of --rtt, or take --rtt cities";
        let wants = self.rule == Rule::Regions;
        ensure!(!wants || !places.of.is_empty(), "--rule regions: {unknown}");
        for fault in &self.faults {
            let Some(country) = fault.what.country() else { continue };
            let named = || format!("--fault `{fault}`");
            ensure!(!places.of.is_empty(), "{}: {unknown}", named());
            places.group(country).with_context(|| {
                let all = places.groups.join(", ");
                format!("{}: nobody is in {country}; name one of {all}", named())
            })?;
        }
        Ok(())
    }

    /// Returns how paths are found among so many nodes.
    pub(crate) fn routing_for(&self, nodes: usize) -> Routing {
        let hours = self.span.as_secs_f64() / 3600.0;
        let small = crate::number::real(nodes) * hours <= BABEL;
        self.routing.unwrap_or(if small { Routing::Babel } else { Routing::Oracle })
    }

    /// Returns the luck of the part of that name.
    pub(crate) fn luck(&self) -> [u8; 32] {
        let mut luck = [0; 32];
        for (octet, seed) in luck.iter_mut().zip(self.seed.to_le_bytes()) {
            *octet = seed;
        }
        luck
    }
}

impl Routing {
    /// Returns its name, as on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Babel => "babel",
            Self::Oracle => "oracle",
        }
    }
}

impl FromStr for Routing {
    type Err = NoRouting;

    /// Reads `babel` or `oracle`.
    ///
    /// # Errors
    ///
    /// [`NoRouting`] for other text.
    fn from_str(text: &str) -> Result<Self, NoRouting> {
        let routing = [Self::Babel, Self::Oracle].into_iter().find(|one| one.name() == text);
        routing.ok_or_else(|| NoRouting(text.to_owned()))
    }
}

impl fmt::Display for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(options: &Options) -> String {
        options.check().unwrap_err().to_string()
    }

    #[test]
    fn what_is_out_of_bounds_is_told_with_its_bounds() {
        let good = Options::default();
        good.check().unwrap();
        for (bad, remedy) in [
            (Options { nodes: Some(1), ..good.clone() }, "--nodes 2 to 20000"),
            (Options { nodes: Some(1_000_000), ..good.clone() }, "--nodes 2 to 20000"),
            (Options { arrows: 0, ..good.clone() }, "--arrows 1 to 100"),
            (Options { hubs: 11, ..good.clone() }, "--well-known-accept 1 to 10"),
            (Options { round: Duration::ZERO, ..good.clone() }, "--round 1s to 1h"),
            (Options { span: Duration::ZERO, ..good.clone() }, "--hours"),
            (Options { faults: vec!["heal@2h".parse().unwrap()], ..good.clone() }, "earlier fault"),
        ] {
            assert!(refusal(&bad).contains(remedy), "{}", refusal(&bad));
        }
    }

    #[test]
    fn countries_must_be_known() {
        let places = Places::new(&Rtt::Cities, Some(10), [1; 32]).unwrap();
        let with = |fault: &str, rule| {
            let faults = vec![fault.parse().unwrap()];
            Options { rule, faults, ..Options::default() }
        };
        let unknown = with("filter XX 99%@1h", Rule::Seed).check_places(&places).unwrap_err();
        assert!(unknown.to_string().contains("nobody is in XX; name one of"), "{unknown}");
        let nowhere = Places { of: Vec::new(), groups: Vec::new(), ..places };
        for options in [with("filter FR 9%@1h", Rule::Seed), with("heal@1h", Rule::Regions)] {
            let error = options.check_places(&nowhere).unwrap_err().to_string();
            assert!(error.contains(".groups.csv"), "{error}");
        }
    }

    #[test]
    fn babel_is_for_what_takes_a_minute() {
        let options = Options::default();
        assert_eq!(options.routing_for(100), Routing::Babel);
        assert_eq!(options.routing_for(490), Routing::Oracle);
        let asked = Options { routing: Some(Routing::Babel), ..options };
        assert_eq!(asked.routing_for(490), Routing::Babel);
        assert!("ospf".parse::<Routing>().unwrap_err().to_string().contains("babel or oracle"));
    }
}
