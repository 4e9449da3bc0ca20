//! `re6st sim`: a mesh under virtual time, and its figures.

use anyhow::Context;
use sim::Report;

use crate::options::FlatOptions;
use crate::say::say;

/// Simulates one mesh, and prints its figures.
pub(crate) fn flat(options: FlatOptions) -> anyhow::Result<()> {
    let json = options.json;
    let report = sim::run(&options.into_options())?;
    if json {
        say(serde_json::to_string(&report).context("the figures cannot be written")?)
    } else {
        say(in_words(&report))
    }
}

/// The figures in a few lines, for people.
fn in_words(report: &Report) -> String {
    let Report { stretch, hops, reach, arrows, draining, flows, load, run, .. } = report;
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let mut lines = vec![
        format!(
            "{} nodes, {} arrows each, rule {}, paths by {}, {} h",
            report.nodes, report.arrows_per_node, report.rule, report.routing, report.hours
        ),
        format!(
            "round trips {:.2} of direct ones on average, {} of the pairs faster than directly",
            stretch.mean,
            percent(stretch.faster_than_direct_share)
        ),
        format!("hops {:.1}, 95 % at most {}, longest {}", hops.mean, hops.p95, hops.max),
        format!(
            "pairs without a path: {} before any fault, {} at the end",
            percent(reach.disconnected_share),
            percent(reach.disconnected_at_end_share)
        ),
        format!(
            "arrows drawn {}, opened {}, died {}; owed to chance {}; oldest {:.0} s",
            arrows.drawn,
            arrows.opened,
            arrows.died,
            percent(arrows.chance_share),
            arrows.oldest_s
        ),
        format!(
            "drains {}, cut {}, forced {}, {:.1} s on average, longest {:.1} s",
            draining.condemned,
            draining.cuts.map_or("unknown".into(), |cuts| cuts.to_string()),
            draining.forced,
            draining.mean_s,
            draining.longest_s
        ),
        format!(
            "of {} pairs watched: cut {} times, paths unchanged after a round {}, exposed {}",
            flows.pairs,
            flows.cuts,
            percent(flows.unchanged_share),
            percent(flows.exposed_share)
        ),
        format!("the busiest 5 % carry {} of the transit", percent(load.busiest_5_percent_share)),
    ];
    lines.extend(report.faults.iter().map(|blow| {
        let later = |share: Option<f64>| share.map_or("unknown".into(), percent);
        format!(
            "{}: pairs without a path {} at once, {} a round later, {} two rounds later",
            blow.fault,
            percent(blow.disconnected_share),
            later(blow.one_round_later_share),
            later(blow.two_rounds_later_share)
        )
    }));
    lines.push(format!(
        "{:.0} times faster than real time, {:.0} events/s, {} octets per node",
        run.speed, run.events_per_s, run.bytes_per_node
    ));
    lines.join("\n")
}
