//! `re6st sim norder`: a mesh of meshes, its figures and its pictures.

use anyhow::Context;
use sim::norder::{
    Besieged, Full, Lied, Lines, Norder, Remapped, Tables, full, simulate, write_pictures,
};

use crate::options::NorderOptions;
use crate::say::say;

/// Simulates a mesh of meshes, prints its figures, and draws it where that was asked for.
pub(crate) fn norder(options: &NorderOptions) -> anyhow::Result<()> {
    let asked = options.to_options();
    if let Some(whole) = options.to_whole() {
        let report = full(&asked, whole)?;
        let json = || serde_json::to_string(&report).context("the figures cannot be written");
        return say(if options.json { json()? } else { whole_in_words(&report).join("\n") });
    }
    let drawn = match &options.svg {
        Some(folder) => write_pictures(&asked, folder)?,
        None => Vec::new(),
    };
    let report = simulate(&asked)?;
    if options.json {
        return say(serde_json::to_string(&report).context("the figures cannot be written")?);
    }
    let mut lines = in_words(&report);
    if let Some(folder) = &options.svg {
        lines.push(format!("{} pictures in {}", drawn.len(), folder.display()));
    }
    say(lines.join("\n"))
}

/// The figures in a few lines, for people.
fn in_words(report: &Norder) -> Vec<String> {
    let Norder { tables, paths, .. } = report;
    let mut lines = vec![format!(
        "order {}, {} meshes of {} nodes, {} nodes in all, {} arrows each, {} border nodes",
        report.order,
        report.meshes,
        report.nodes_per_mesh,
        report.nodes,
        report.arrows_per_node,
        percent(report.border_share)
    )];
    lines.extend(all_tables(tables));
    lines.push(format!(
        "{} walks, {} failed, hops {:.1}, 95 % at most {}, round trips {:.2} of direct ones",
        paths.walks, paths.failed, paths.hops_mean, paths.hops_p95, paths.stretch
    ));
    lines.extend(report.flat.map(|flat| {
        format!(
            "a flat mesh of as many, 10 arrows each: hops {:.1}, round trips {:.2} of direct ones",
            flat.hops_mean, flat.stretch
        )
    }));
    lines.extend(loads(report));
    lines.extend(troubles(report));
    lines.push(format!("{:.1} s", report.seconds));
    lines
}

/// The figures of a whole network in a few lines.
fn whole_in_words(report: &Full) -> Vec<String> {
    let Full { tables, paths, traffic, cost, .. } = report;
    let mut lines = vec![
        format!(
            "order {}, {} meshes of {} nodes, {} nodes in all, {} arrows each, {} border nodes",
            report.order,
            report.meshes,
            report.nodes_per_mesh,
            report.nodes,
            report.arrows_per_node,
            percent(report.border_share)
        ),
        match report.converged_s {
            Some(at) => format!("all is well {at:.0} s after the first start"),
            None => format!("all is not well after {:.0} s", report.virtual_s),
        },
    ];
    lines.push(format!("{} nodes have other tables than the formula says", report.wrong_tables));
    lines.extend(all_tables(tables));
    lines.push(format!(
        "{} walks, {} failed, hops {:.1}, 95 % at most {}, round trips {:.2} of direct ones",
        paths.walks, paths.failed, paths.hops_mean, paths.hops_p95, paths.stretch
    ));
    lines.push(format!(
        "{} links, {} arrows opened, {} died; a node sent {:.0} kbit/s of Babel, {:.0} of probes, \
         {:.0} of gossip",
        report.links,
        traffic.opened,
        traffic.died,
        traffic.routing.kbit_per_s,
        traffic.arrows.kbit_per_s,
        traffic.gossip.kbit_per_s
    ));
    lines.extend(report.besieged.iter().map(besieged_in_words));
    lines.extend(report.lost.iter().map(|lost| {
        format!(
            "{} of {} border nodes died: {} of the walks lost, all arrive again after {}, tables are \
             exact after {}",
            lost.died,
            lost.border_nodes,
            percent(lost.lost_share),
            seconds(lost.whole_s),
            seconds(lost.exact_s)
        )
    }));
    lines.extend(report.divided.iter().map(|it| remapped_in_words("was split", it)));
    lines.extend(report.merged.iter().map(|it| remapped_in_words("became one mesh", it)));
    lines.extend(report.liars.iter().flat_map(lied_in_words));
    lines.push(format!(
        "{:.1} s, {} octets for each node, {} events",
        cost.seconds, cost.bytes_per_node, cost.events
    ));
    lines
}

fn besieged_in_words(it: &Besieged) -> String {
    format!(
        "{} ({} nodes) filtered by {}: {} of the walks across lost, all arrive again after {}; {} nodes \
         escaped, refuge was sought {} times",
        it.country,
        it.inside,
        percent(it.blocked_share),
        percent(it.lost_share),
        seconds(it.whole_s),
        it.escaped,
        it.sought_refuge
    )
}

fn remapped_in_words(happened: &str, it: &Remapped) -> String {
    let [low, high] = it.halves;
    format!(
        "{} ({low} + {high} nodes) {happened}: {} of {} walks lost, a pair for {} ms at most; tables are \
         exact {} after the new map is in force",
        it.range,
        it.lost,
        it.walks,
        it.longest_ms,
        seconds(it.exact_s)
    )
}

fn lied_in_words(it: &Lied) -> Vec<String> {
    let mut lines = vec![
        format!(
            "{} liars carry {} of all and are elected to {} of the slots ({} if they did not lie, {} if all were \
             believed, {} without bounds as well)",
            it.liars,
            percent(it.capacity_share),
            percent(it.elected_share),
            percent(it.due_share),
            percent(it.believed_share),
            percent(it.uncapped_share)
        ),
        format!(
            "{} routes told that were not theirs to tell, {} passed over; {} links asked for, {} refused; {} \
             documents offered, {} refused",
            it.told,
            it.passed_over,
            it.asked,
            it.refused.values().sum::<u64>(),
            it.offered,
            it.documents_refused.values().sum::<u64>()
        ),
        format!(
            "meanwhile {} of {} walks of the others lost, a pair for {} ms at most; other tables than the formula \
             says for {} of {:.0} s",
            it.lost, it.walks, it.longest_ms, it.wrong_s, it.watched_s
        ),
    ];
    lines.extend(it.attracted.iter().map(|them| {
        format!(
            "{} said that all is next to them: {} of the walks led by liars, {} before; {} lost, {} at most; all is \
             well {} after that",
            if them.refugees { "as refugees they" } else { "they" },
            percent(them.drawn_share),
            percent(them.before_share),
            percent(them.lost_share),
            percent(them.most_lost_share),
            seconds(them.whole_s)
        )
    }));
    lines
}

fn all_tables(tables: &Tables) -> Vec<String> {
    let kinds = [
        ("plain nodes", tables.plain),
        ("border nodes", tables.border),
        ("border nodes to another group", tables.border_of_another_group),
        ("nodes of more than two meshes", tables.several),
    ];
    kinds.into_iter().filter_map(|(of, found)| found.map(|found| table(of, found))).collect()
}

fn table(of: &str, found: Lines) -> String {
    let Lines { nodes, least, most } = found;
    format!("tables of {of}: {least} to {most} lines ({nodes} looked at)")
}

fn loads(report: &Norder) -> Vec<String> {
    let both = [("", report.load), (" with the load term", report.load_with_term)];
    let shown = both.into_iter().filter_map(|(with, load)| Some((with, load?)));
    shown
        .map(|(with, load)| {
            format!(
                "transit{with}, in means: border nodes {:.1}, plain {:.2}, busiest {:.1} ({} of all), \
                 round trip {:.0} ms",
                load.border_mean,
                load.plain_mean,
                load.most,
                percent(load.busiest_share),
                load.round_trip_ms
            )
        })
        .collect()
}

fn troubles(report: &Norder) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(report.lost.iter().map(|loss| {
        let (died, of) = (loss.died, loss.border_nodes);
        format!("{died} of {of} border nodes died: {} of the pairs lost", percent(loss.lost_share))
    }));
    lines.extend(report.filtered.iter().map(|filtered| {
        let lost: Vec<_> = filtered.lost_share.iter().map(|share| percent(*share)).collect();
        format!(
            "{} ({} nodes) filtered by {}: pairs lost at once and after each round: {}",
            filtered.country,
            filtered.inside,
            percent(filtered.blocked_share),
            lost.join(", ")
        )
    }));
    lines.extend(report.liars.iter().map(|liars| {
        format!(
            "{} liars won {} of the slots; {} if all were believed, {} without bounds as well",
            percent(liars.share),
            percent(liars.attested_share),
            percent(liars.unattested_share),
            percent(liars.uncapped_share)
        )
    }));
    lines.extend(report.split.iter().map(|split| {
        format!(
            "split of {} nodes: {} and {}, {} of the arrows across after {} rounds, apart {} times, \
             {} astray",
            split.nodes,
            split.halves[0],
            split.halves[1],
            split.across_share.last().map_or("none".into(), |share| percent(*share)),
            split.rounds,
            split.rounds_apart,
            split.astray
        )
    }));
    lines
}

fn seconds(after: Option<f64>) -> String {
    after.map_or("not in time".into(), |s| format!("{s:.0} s"))
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
