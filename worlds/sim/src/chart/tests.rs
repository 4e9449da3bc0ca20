//! The chart against paths that are computed from nothing, and what it tells nodes.

use std::collections::BTreeSet;
use std::time::Duration;

use words::Dice;

use super::*;
use crate::oracle::name;

const NODES: usize = 24;

fn chart() -> Chart {
    Chart::new((0..NODES).map(|n| name(n).0).collect())
}

/// Returns the distances from all nodes to `to`, computed from nothing.
fn from_nothing(chart: &Chart, to: usize) -> Vec<u32> {
    let mut distances = vec![FAR; NODES];
    distances[to] = 0;
    for _ in 0..NODES {
        for node in 0..NODES {
            for hop in &chart.near[node] {
                let through = distances[hop.to as usize].saturating_add(hop.cost);
                distances[node] = distances[node].min(through);
            }
        }
    }
    distances
}

fn check(chart: &Chart) {
    let mut uses = vec![[0_u32; 2]; chart.edges.len()];
    for to in 0..NODES {
        let truth = from_nothing(chart, to);
        for node in 0..NODES {
            let cell = chart.cell(node, to);
            assert_eq!(cell.distance, truth[node], "from {node} to {to}");
            assert_eq!(cell.via == NONE, node == to || truth[node] == FAR);
            if cell.via != NONE {
                let edge = &chart.edges[cell.via as usize];
                let next = edge.other(node);
                assert_eq!(cell.distance, truth[next] + edge.cost());
                let side = usize::from(edge.ends[1].node as usize == node);
                uses[cell.via as usize][side] += 1;
            }
        }
    }
    for (edge, uses) in chart.edges.iter().zip(uses).filter(|(edge, _)| edge.usable) {
        assert_eq!(edge.ends.map(|end| end.uses), uses);
    }
}

#[test]
fn what_was_mended_is_what_would_be_computed_from_nothing() {
    for seed in 0..8 {
        let mut dice = Dice::of([seed; 32], "chart");
        let mut chart = chart();
        let mut links: Vec<[(usize, LinkId); 2]> = Vec::new();
        let mut shunned = BTreeSet::new();
        for step in 0..400_u32 {
            match dice.below(6) {
                0..=2 if links.len() < 60 => {
                    let (a, b) = (dice.below(NODES), dice.below(NODES));
                    if a == b {
                        continue;
                    }
                    let ends = [(a, LinkId::ours(step)), (b, LinkId::theirs(step))];
                    chart.tie(ends, dice.within(Duration::from_millis(400)));
                    for (node, link) in ends {
                        chart.up(node, link);
                    }
                    links.push(ends);
                }
                3 if !links.is_empty() => {
                    let [(node, link), _] = links[dice.below(links.len())];
                    chart.shun(node, link);
                    shunned.insert(link);
                }
                4 if !links.is_empty() => {
                    let ends = links[dice.below(links.len())];
                    let (node, link) = ends[dice.below(2)];
                    chart.charge(node, link, dice.within(Duration::from_millis(900)));
                }
                _ if !links.is_empty() => {
                    let at = dice.below(links.len());
                    for (node, link) in links.swap_remove(at) {
                        chart.down(node, link);
                    }
                }
                _ => {}
            }
            check(&chart);
        }
        assert!(shunned.len() > 20);
    }
}

#[test]
fn a_node_hears_each_change_once() {
    let mut chart = chart();
    let ends = [(0, LinkId::ours(0)), (1, LinkId::theirs(0))];
    chart.tie(ends, Duration::from_millis(100));
    chart.up(0, LinkId::ours(0));
    assert_eq!(chart.news(0), [], "the other end is not up");
    chart.up(1, LinkId::theirs(0));
    assert_eq!(chart.urgent().into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([0, 1]));
    let link = LinkId::ours(0);
    assert_eq!(chart.news(0), [News::Way(name(1).0, Some(link)), News::Uses(link, 1)]);
    assert_eq!((chart.news(0), chart.next(0, 1)), (vec![], Some(1)));
    chart.down(1, LinkId::theirs(0));
    assert_eq!(chart.news(0), [News::Way(name(1).0, None), News::Uses(link, 0)]);
    assert_eq!((chart.next(0, 1), chart.cuts()), (None, 0));
}

#[test]
fn a_draining_link_that_is_taken_away_in_use_is_a_cut() {
    let mut chart = chart();
    let ends = [(0, LinkId::ours(0)), (1, LinkId::theirs(0))];
    chart.tie(ends, Duration::from_millis(100));
    for (node, link) in ends {
        chart.up(node, link);
    }
    chart.shun(0, LinkId::ours(0));
    assert_eq!(chart.next(0, 1), Some(1), "there is no other way");
    chart.down(0, LinkId::ours(0));
    assert_eq!(chart.cuts(), 1);
}

#[test]
fn a_charge_passes_and_shunning_does_not() {
    let mut chart = chart();
    let pairs = [(0, 1, 40), (0, 2, 100), (2, 1, 100)];
    let ties = (0..).zip(pairs).map(|(n, (a, b, millis))| {
        let ends = [(a, LinkId::ours(n)), (b, LinkId::theirs(n))];
        chart.tie(ends, Duration::from_millis(millis));
        for (node, link) in ends {
            chart.up(node, link);
        }
        ends
    });
    let [(near, link), (far, other)] = ties.collect::<Vec<_>>()[0];
    assert_eq!(chart.next(0, 1), Some(1));
    chart.charge(far, other, Duration::from_millis(850));
    assert_eq!(chart.next(0, 1), Some(2), "in both directions");
    chart.charge(near, link, Duration::from_millis(10));
    assert_eq!(chart.next(0, 1), Some(2), "the end that asks for less does not prevail");
    chart.charge(far, other, Duration::ZERO);
    assert_eq!(chart.next(0, 1), Some(1));
    chart.shun(near, link);
    chart.charge(near, link, Duration::ZERO);
    assert_eq!(chart.next(0, 1), Some(2));
}
