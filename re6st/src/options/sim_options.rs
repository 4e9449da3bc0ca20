//! What can be asked of the simulator.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use daemon::config::{Percent, Span};
use sim::{Fault, Known, Quality, Routing, Rtt, Rule};

use super::NorderOptions;

#[derive(Debug, Subcommand)]
pub(crate) enum Simulation {
    /// One mesh, in which every node knows every other
    Flat(Box<FlatOptions>),
    /// Meshes of meshes: paths, tables, load and faults of up to a million nodes
    Norder(Box<NorderOptions>),
}

#[derive(Debug, Args)]
pub(crate) struct FlatOptions {
    /// How many nodes [default: all places of the file, or 100 in the cities]
    #[arg(long)]
    nodes: Option<usize>,
    /// How many arrows each node keeps
    #[arg(long, default_value_t = 10)]
    arrows: u16,
    /// How arrows are chosen and destroyed: seed and random are the product's own engines, the
    /// others show what they cost
    #[arg(long, value_name = "seed|random|keep-used|best|nearest|regions", default_value = "seed")]
    rule: Rule,
    /// Round trips between the nodes: a file in the format rtt16, or the model of cities
    #[arg(long, value_name = "FILE|cities", default_value = "cities", value_parser = round_trips)]
    rtt: Rtt,
    /// Virtual time, in hours
    #[arg(long, value_name = "H", default_value = "1", value_parser = hours)]
    hours: Duration,
    /// Time between two rounds of renewal
    #[arg(long, default_value = "5m")]
    round: Span,
    /// What goes wrong, and when, as "kill 50%@1h"; docs/sim.md has all kinds
    #[arg(long, value_name = "WHAT@TIME")]
    fault: Vec<Fault>,
    /// Where all luck comes from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How paths are found [default: babel up to 100 node-hours, then oracle]
    #[arg(long, value_name = "babel|oracle")]
    routing: Option<Routing>,
    /// Which tenth of the nodes is well known: those near to most others, as datacenters are, or
    /// any
    #[arg(long, value_name = "central|drawn", default_value = "central")]
    well_known: Known,
    /// Links that the well-known nodes accept for each arrow; all others accept two
    #[arg(long, value_name = "N", default_value_t = 2)]
    well_known_accept: u16,
    /// What the Internet loses, as 0.5%
    #[arg(long, value_name = "PERCENT", default_value = "0%", value_parser = millionths)]
    loss: u32,
    /// Mean of what a packet is late
    #[arg(long, value_name = "TIME", default_value = "0ms")]
    jitter: Span,
    /// What a node sends at most, in Mbit/s [default: no limit]
    #[arg(long, value_name = "MBIT", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    uplink: Option<u64>,
    /// Share of the nodes that are behind NAT, and accept no arrow
    #[arg(long, value_name = "PERCENT", default_value = "0%")]
    nat: Percent,
    /// Draw the mesh at the end to this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print the figures as one line of JSON, the last of standard output
    #[arg(long)]
    pub(crate) json: bool,
}

impl FlatOptions {
    pub(crate) fn into_options(self) -> sim::Options {
        let quality = Quality {
            loss: self.loss,
            jitter: self.jitter.0,
            rate: self.uplink.map(|mbit| mbit * 1_000_000),
            nat: self.nat.0.into(),
        };
        sim::Options {
            nodes: self.nodes,
            arrows: self.arrows,
            rule: self.rule,
            rtt: self.rtt,
            span: self.hours,
            round: self.round.0,
            faults: self.fault,
            seed: self.seed,
            routing: self.routing,
            known: self.well_known,
            hubs: self.well_known_accept,
            quality,
            svg: self.svg,
            progress: std::io::stderr().is_terminal(),
        }
    }
}

/// Reads where round trips come from.
#[expect(clippy::unnecessary_wraps, reason = "the shape that clap wants")]
pub(super) fn round_trips(text: &str) -> Result<Rtt, String> {
    Ok(if text == "cities" { Rtt::Cities } else { Rtt::File(text.into()) })
}

/// Reads a number of hours, whole or not.
fn hours(text: &str) -> Result<Duration, String> {
    let hours = text.parse().ok().filter(|hours| (0.001..=720.0).contains(hours));
    let span = hours.map(|hours: f64| Duration::from_secs_f64(hours * 3600.0));
    span.ok_or_else(|| format!("`{text}` is no time; use 0.001 to 720 hours, as 1.5"))
}

/// Reads a share in hundredths, whole or not, and returns it in millionths.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "0 to 100 hundredths are 0 to a million"
)]
fn millionths(text: &str) -> Result<u32, String> {
    let percent = text.strip_suffix('%').and_then(|number| number.parse().ok());
    let percent = percent.filter(|percent: &f64| (0.0..=100.0).contains(percent));
    let wrong = || format!("`{text}` is no share; use 0% to 100%, as 0.5%");
    percent.map(|percent| (percent * 10_000.0).round() as u32).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_none_are_told_with_their_form() {
        assert_eq!(hours("1.5"), Ok(Duration::from_mins(90)));
        assert_eq!((millionths("0.5%"), millionths("100%")), (Ok(5_000), Ok(1_000_000)));
        for text in ["", "-1", "0", "1e9", "nan", "many"] {
            assert!(hours(text).unwrap_err().contains("hours, as 1.5"), "{text}");
        }
        for text in ["", "5", "-1%", "101%", "nan%"] {
            assert!(millionths(text).unwrap_err().contains("as 0.5%"), "{text}");
        }
    }
}
