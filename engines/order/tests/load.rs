//! A few equal border nodes under heavy flows: paths leave the busiest, and do not swing.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
//!
//! Flows go by the border node that makes the shortest way, all of a flow and at once. Each node looks
//! at its own moment of a minute at what it carried since its last look.

use order::Load;
use words::Dice;

/// A minute, in the model's steps.
const MINUTE: usize = 12;
/// How many steps paths lag behind what nodes tell.
const LAG: usize = 2;
const MINUTES: usize = 60;
/// From this minute on all is judged.
const SETTLED: usize = 20;

/// What turns load into cost.
trait Term {
    fn look(&mut self, carried: u64, usual: u64) -> u32;
}

impl Term for Load {
    fn look(&mut self, carried: u64, usual: u64) -> u32 {
        self.step(carried, usual)
    }
}

/// Nobody adds anything.
#[derive(Clone)]
struct Nothing;

impl Term for Nothing {
    fn look(&mut self, _: u64, _: u64) -> u32 {
        0
    }
}

/// Half of the way each minute, up and down: the rule that swings.
#[derive(Clone)]
struct Half {
    gain: u64,
    damped: u64,
    told: u64,
}

impl Term for Half {
    fn look(&mut self, carried: u64, usual: u64) -> u32 {
        let wanted = (self.gain * carried.saturating_sub(3 * usual) / usual).min(4000);
        self.damped = u64::midpoint(self.damped, wanted);
        if self.damped.abs_diff(self.told) * 5 > self.told {
            self.told = self.damped;
        }
        u32::try_from(self.told).unwrap()
    }
}

#[derive(Clone, Copy, Debug)]
struct Setting {
    nodes: usize,
    flows: usize,
    /// Within what the ways by different nodes differ, in the unit of cost (0.1 ms); the first is
    /// nearer by half of that.
    spread: usize,
    /// If all carried alike, it would be so many times the usual.
    times: u64,
    /// How often a way pays for a node that it passes.
    passes: u32,
    gain: u32,
    seed: u8,
}

struct Flow {
    octets: u64,
    costs: Vec<u32>,
}

/// What the busiest node carried in each minute, and what part of all octets changed its way in a
/// minute, in thousandths.
struct Seen {
    busiest: Vec<u64>,
    moved: u64,
}

impl Seen {
    fn mean(&self) -> u64 {
        let settled = &self.busiest[SETTLED..];
        settled.iter().sum::<u64>() / settled.len() as u64
    }

    /// In how many minutes the busiest carried more than it ever does without the term. Flows waver:
    /// two hundredths more are the same.
    fn worse_than(&self, without: &Self) -> usize {
        let most = without.busiest.iter().max().unwrap() * 102 / 100;
        self.busiest[SETTLED..].iter().filter(|busiest| **busiest > most).count()
    }
}

fn draw(setting: &Setting, dice: &mut Dice) -> Vec<Flow> {
    let Setting { nodes, spread, .. } = *setting;
    let mut cost = |node| {
        let nearer = if node == 0 { spread / 2 } else { 0 };
        u32::try_from(spread + dice.below(spread) - nearer).unwrap()
    };
    let mut costs: Vec<Vec<u32>> =
        (0..setting.flows).map(|_| (0..nodes).map(&mut cost).collect()).collect();
    costs.drain(..).map(|costs| Flow { octets: 5000 + dice.below(10_000) as u64, costs }).collect()
}

/// Lets flows find their ways for an hour.
fn run<T: Term + Clone>(setting: &Setting, term: &T) -> Seen {
    let nodes = setting.nodes;
    let mut dice = Dice::of([setting.seed; 32], "flows");
    let flows = draw(setting, &mut dice);
    let looks: Vec<usize> = (0..nodes).map(|_| dice.below(MINUTE)).collect();
    let all = flows.iter().map(|flow| flow.octets).sum::<u64>();
    let usual = all * MINUTE as u64 / nodes as u64 / setting.times;
    let mut terms = vec![term.clone(); nodes];
    let mut told = vec![vec![0; nodes]; LAG];
    let mut ways = vec![None; flows.len()];
    let (mut since_look, mut since_minute) = (vec![0; nodes], vec![0; nodes]);
    let (mut busiest, mut moved) = (Vec::new(), 0);
    for step in 0..MINUTES * MINUTE {
        let charged = told.remove(0);
        let mut now = told.last().unwrap_or(&charged).clone();
        for (flow, way) in flows.iter().zip(&mut ways) {
            let cost = |node: &usize| flow.costs[*node] + setting.passes * charged[*node];
            let node = (0..nodes).min_by_key(cost).unwrap();
            if way.replace(node) != Some(node) && step >= SETTLED * MINUTE {
                moved += flow.octets;
            }
            let octets = flow.octets * (80 + dice.below(41) as u64) / 100;
            since_look[node] += octets;
            since_minute[node] += octets;
        }
        for node in 0..nodes {
            if step >= MINUTE && step % MINUTE == looks[node] {
                now[node] = terms[node].look(std::mem::take(&mut since_look[node]), usual);
            }
        }
        told.push(now);
        if step % MINUTE == MINUTE - 1 {
            busiest.push(since_minute.iter().copied().max().unwrap());
            since_minute.fill(0);
        }
    }
    Seen { busiest, moved: moved * 1000 / all / (MINUTES - SETTLED) as u64 }
}

fn settings(spreads: &[usize], flows: usize, seeds: u8) -> Vec<Setting> {
    let mut all = Vec::new();
    for nodes in [2, 3, 10] {
        for spread in spreads {
            for (times, passes) in [(5, 1), (5, 2), (15, 1), (15, 2)] {
                for (gain, seed) in
                    (0..seeds).flat_map(|seed| [30, 60, 120].map(|gain| (gain, seed)))
                {
                    let (flows, spread) = (flows * nodes, *spread);
                    all.push(Setting { nodes, flows, spread, times, passes, gain, seed });
                }
            }
        }
    }
    all
}

/// Runs a setting without a term, by the rule that swings, and by ours.
fn compare(setting: &Setting) -> [Seen; 3] {
    let half = Half { gain: u64::from(setting.gain), damped: 0, told: 0 };
    [run(setting, &Nothing), run(setting, &half), run(setting, &Load::new(setting.gain))]
}

#[test]
fn the_busiest_is_relieved_in_each_single_minute() {
    let (mut swung, mut halves, mut ours) = (0, 0, 0);
    for setting in settings(&[300, 500, 1000], 20, 2) {
        let [without, half, with] = compare(&setting);
        assert_eq!(with.worse_than(&without), 0, "{setting:?}");
        assert!(with.mean() < without.mean(), "{setting:?}");
        swung += half.worse_than(&without);
        halves += half.moved;
        ours += with.moved;
    }
    assert!(swung > 100, "{swung}: with half of the way each minute all swings, in this model too");
    assert!(ours * 10 < halves, "{ours} and {halves} thousandths change their way in a minute");
}

#[test]
fn where_a_few_great_flows_or_small_delays_decide_it_swings_much_less() {
    let few = settings(&[200, 300], 3, 4);
    for near in [settings(&[100], 20, 4), few] {
        let (mut swung, mut swings, mut halves, mut ours, mut more) = (0, 0, 0, 0, 0);
        for setting in &near {
            let [without, half, with] = compare(setting);
            swung += half.worse_than(&without);
            swings += with.worse_than(&without);
            halves += half.moved;
            ours += with.moved;
            more += u32::from(with.mean() > without.mean());
        }
        assert!(swings * 50 < swung, "{swings} minutes are worse than without, {swung} before");
        assert!(ours * 4 < halves, "{ours} and {halves} thousandths change their way in a minute");
        assert_eq!(more, 0, "the mean is never worse");
    }
}
