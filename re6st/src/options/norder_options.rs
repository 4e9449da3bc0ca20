//! What can be asked of a simulated mesh of meshes.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;
use daemon::config::{Percent, Span};
use sim::Rtt;
use sim::norder::{NorderOptions as Asked, Trouble, Whole};
use words::Share;

use super::sim_options::round_trips;

#[derive(Debug, Args)]
pub(crate) struct NorderOptions {
    /// 1 for one mesh, 2 for a mesh of meshes, 3 for groups of those
    #[arg(long, default_value_t = 2)]
    order: usize,
    /// How many groups, at order 3 [default: as many as meshes]
    #[arg(long)]
    groups: Option<usize>,
    /// How many meshes, in each group [default: 100, or 3 with --svg]
    #[arg(long)]
    meshes: Option<usize>,
    /// How many nodes each mesh has [default: 100, or 20 with --svg]
    #[arg(long, value_name = "N")]
    nodes_per_mesh: Option<usize>,
    /// How many arrows each node keeps in each of its meshes [default: 10, or 2 with --svg]
    #[arg(long)]
    arrows: Option<u16>,
    /// Share of the nodes of a mesh that serve in another mesh, and as many in another group
    #[arg(long, value_name = "PERCENT", default_value = "10%")]
    border: Percent,
    /// Share of the candidates owed to well-known nodes, which are a tenth of all
    #[arg(long, value_name = "PERCENT", default_value = "0%")]
    well_known: Percent,
    /// Links that the well-known nodes accept for each arrow; all others accept two
    #[arg(long, value_name = "N", default_value_t = 10)]
    well_known_accept: u16,
    /// How many destinations to walk to, each from a thousand nodes [default: 100, or 8 of more than
    /// 100000 nodes]
    #[arg(long, value_name = "N")]
    sampled: Option<usize>,
    /// Compare with a flat mesh of as many nodes, also of more than 100000
    #[arg(long)]
    flat: bool,
    /// Look at the load once more, with the load term of this gain, as 60
    #[arg(long, value_name = "GAIN")]
    load_gain: Option<u32>,
    /// Round trips between the cities: a file in the format rtt16, or the model of cities
    #[arg(long, value_name = "FILE|cities", default_value = "cities", value_parser = round_trips)]
    rtt: Rtt,
    /// What goes wrong: "lose-border 70%", "filter 99.8%", "filter FR 99%", "liars 10%", "split", or with
    /// --full "merge"
    #[arg(long, value_name = "WHAT")]
    fault: Vec<Trouble>,
    /// Where a country is filtered, leave out the quorum and the escape, or the refugees, to see what
    /// they are for; with --full, the escape or the refugees
    #[arg(long, value_name = "quorum|refuge", value_parser = ["quorum", "refuge"])]
    without: Vec<String>,
    /// Run the whole protocol: every node with the product's own engines, from a cold start, instead
    /// of paths over links that are drawn; of the faults it knows all
    #[arg(long, conflicts_with = "svg")]
    full: bool,
    /// With --full: how long the network may take until all is well, in its own time
    #[arg(long, value_name = "TIME", default_value = "10m", requires = "full")]
    within: Span,
    /// With --full: how long an epoch lasts, from when on a mesh is split or two become one
    #[arg(long, value_name = "TIME", default_value = "1h", requires = "full")]
    epoch: Span,
    /// With --full: how often nodes renew their arrows
    #[arg(long, value_name = "TIME", default_value = "5m", requires = "full")]
    round: Span,
    /// Where all luck comes from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Draw a small network to this folder: nodes, meshes, and how they are connected
    #[arg(long, value_name = "DIR")]
    pub(crate) svg: Option<PathBuf>,
    /// Print the figures as one line of JSON, the last of standard output
    #[arg(long)]
    pub(crate) json: bool,
}

impl NorderOptions {
    /// Returns what is asked of the simulator; what is drawn is small.
    pub(crate) fn to_options(&self) -> Asked {
        let small = self.svg.is_some();
        let without = |rule: &str| self.without.iter().any(|named| named == rule);
        let usual = if small { Asked::small() } else { Asked::default() };
        let meshes = self.meshes.unwrap_or(if self.order == 1 { 1 } else { usual.meshes });
        let groups = self.groups.unwrap_or(if self.order == 3 { meshes } else { 1 });
        Asked {
            order: self.order,
            groups,
            meshes,
            each: self.nodes_per_mesh.unwrap_or(usual.each),
            arrows: self.arrows.unwrap_or(usual.arrows),
            border: Share::percent(self.border.0.into()),
            well_known: Share::percent(self.well_known.0.into()),
            hubs: self.well_known_accept,
            sampled: self.sampled,
            flat: self.flat,
            gain: self.load_gain,
            rtt: self.rtt.clone(),
            troubles: self.fault.clone(),
            no_quorum: without("quorum"),
            no_refuge: without("refuge"),
            seed: self.seed,
        }
    }

    /// Returns what is asked besides of a whole network; `None` if sampled paths are asked for.
    pub(crate) fn to_whole(&self) -> Option<Whole> {
        let progress = std::io::stderr().is_terminal();
        let (within, epoch, round) = (self.within.0, self.epoch.0, self.round.0);
        self.full.then_some(Whole { within, epoch, round, progress })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: NorderOptions,
    }

    fn asked(line: &str) -> Asked {
        let words = ["norder"].into_iter().chain(line.split_whitespace());
        Line::try_parse_from(words).unwrap().options.to_options()
    }

    #[test]
    fn what_is_not_said_is_as_the_simulator_has_it() {
        assert_eq!(asked(""), Asked::default());
        assert_eq!(asked("--svg pictures"), Asked::small());
        let third = asked("--order 3 --meshes 10");
        assert_eq!((third.groups, third.meshes), (10, 10));
        assert_eq!((asked("--order 1").meshes, asked("--order 1").groups), (1, 1));
        let control = asked("--without quorum --without refuge");
        assert!(control.no_quorum && control.no_refuge);
    }

    #[test]
    fn a_whole_network_is_asked_for_by_a_word_and_its_time_without_it_is_refused() {
        let parse = |line: &str| {
            let words = ["norder"].into_iter().chain(line.split_whitespace());
            Line::try_parse_from(words).map(|line| line.options)
        };
        let within = |line| parse(line).unwrap().to_whole().map(|whole| whole.within);
        assert_eq!(within(""), None);
        assert_eq!(within("--full"), Some(Whole::default().within));
        assert_eq!(within("--full --within 90s"), Some(std::time::Duration::from_secs(90)));
        assert!(parse("--within 90s").is_err() && parse("--full --svg here").is_err());
        let times = parse("--full --epoch 2m --round 30s").unwrap().to_whole().unwrap();
        assert_eq!((times.epoch.as_secs(), times.round.as_secs()), (120, 30));
        assert!(parse("--epoch 2m").is_err() && parse("--round 30s").is_err());
    }

    #[test]
    fn a_fault_that_is_none_is_told_with_those_there_are() {
        let words = ["norder", "--fault", "earthquake"];
        let error = Line::try_parse_from(words).unwrap_err().to_string();
        assert!(error.contains("lose-border 70%"), "{error}");
    }
}
